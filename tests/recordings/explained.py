"""The one list of differences that are as they should be, each a rule over shapes with its reason.

A rule changes what was recorded into what the gateway makes of it; a difference that no set of rules removes fails.
Nothing here may know a single recording.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from harness import converse
from harness.aws_view import Fault
from harness.compare import Case, Rule
from harness.media import image_format

OUT_OF_SCOPE = {
    "count-tokens": "CountTokens: the gateway has no endpoint that asks for it",
    "invoke": "InvokeModel: the gateway speaks Converse alone",
}
UNKNOWN_OPERATION = "an operation that the gateway does not call"


def _without(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: each for key, each in value.items() if key != name}


def _of_body(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Any, Case], Any]:
    """A rule that looks at nothing but the body of a request."""
    return lambda request, _: {**request, "body": change(request["body"])}


def _turns(body: dict[str, Any], change: Any) -> dict[str, Any]:
    return {**body, "messages": [{**turn, "content": change(turn)} for turn in body.get("messages", [])]}


def _merge_turns(body: dict[str, Any]) -> dict[str, Any]:
    turns: list[dict] = []
    for turn in body.get("messages", []):
        if turns and turns[-1]["role"] == turn["role"]:
            turns[-1] = {**turns[-1], "content": turns[-1]["content"] + turn["content"]}
        else:
            turns.append(turn)
    return {**body, "messages": turns}


def _is_blank(block: dict[str, Any]) -> bool:
    return "text" in block and isinstance(block["text"], str) and not block["text"].strip()


def _without_blank_texts(body: dict[str, Any]) -> dict[str, Any]:
    turns = _turns(body, lambda turn: [block for block in turn["content"] if not _is_blank(block)])
    body = {**body, "messages": [turn for turn in turns["messages"] if turn["content"]]}
    system = [block for block in body.get("system", []) if not _is_blank(block)]
    return {**body, "system": system} if system else _without(body, "system")


def _results_first(body: dict[str, Any]) -> dict[str, Any]:
    def change(turn: dict[str, Any]) -> list[dict]:
        results: list[dict] = []
        others: list[dict] = []
        last = others
        for block in turn["content"]:
            # A cache point stays behind what it stands behind.
            if "cachePoint" not in block:
                last = results if "toolResult" in block else others
            last.append(block)
        return results + others if turn["role"] == "user" else turn["content"]

    return _turns(body, change)


def _true_image_formats(value: Any) -> Any:
    if isinstance(value, list):
        return [_true_image_formats(each) for each in value]
    if not isinstance(value, dict):
        return value
    value = {name: _true_image_formats(each) for name, each in value.items()}
    image = value.get("image")
    data = image.get("source", {}).get("bytes") if isinstance(image, dict) else None
    if isinstance(data, bytes) and (kind := image_format(data)):
        value["image"] = {**image, "format": kind}
    return value


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: _closed(each) for name, each in schema.items()}
    if schema.get("type") == "object" or "properties" in schema:
        schema.setdefault("additionalProperties", False)
    return schema


def _closed_objects(body: dict[str, Any]) -> dict[str, Any]:
    text = body.get("outputConfig", {}).get("textFormat", {})
    structure = text.get("structure", {}).get("jsonSchema", {})
    if not isinstance(structure.get("schema"), dict):
        return body
    closed = {"jsonSchema": {**structure, "schema": _closed(structure["schema"])}}
    return {**body, "outputConfig": {**body["outputConfig"], "textFormat": {**text, "structure": closed}}}


def _texts_of_json(body: dict[str, Any]) -> dict[str, Any]:
    def text(block: dict[str, Any]) -> dict[str, Any]:
        is_list = isinstance(block.get("json"), list)
        return {"text": json.dumps(block["json"], ensure_ascii=False)} if is_list else block

    def change(block: dict[str, Any]) -> dict[str, Any]:
        result = block.get("toolResult")
        return {"toolResult": {**result, "content": [text(each) for each in result.get("content", [])]}} if result else block

    return _turns(body, lambda turn: [change(block) for block in turn["content"]])


def _short_formats(body: dict[str, Any]) -> dict[str, Any]:
    def short(block: dict[str, Any]) -> dict[str, Any]:
        return {
            kind: {**value, "format": value["format"].rsplit("/", 1)[-1]} if isinstance(value, dict) and isinstance(value.get("format"), str) else value
            for kind, value in block.items()
        }

    return _turns(body, lambda turn: [short(block) for block in turn["content"]])


def _whole_when_tools_cannot_stream(request: dict[str, Any], _: Case) -> dict[str, Any]:
    return {**request, "operation": "Converse"} if "toolConfig" in request["body"] else request


REQUESTS = [
    Rule("unknown members", "AWS passes over members that its model does not have, and OpenAI's form has no place for them",
         _of_body(converse.without_unknown)),
    Rule("adjacent turns", "the gateway merges turns of one side, which most families require and none minds",
         _of_body(_merge_turns)),
    Rule("blank texts", "the gateway leaves out text that says nothing, which most families refuse",
         _of_body(_without_blank_texts)),
    Rule("results first", "the gateway puts tool results at the start of their turn, where every family takes them",
         _of_body(_results_first)),
    Rule("true image formats", "the gateway goes by an image's bytes where its label is wrong", _of_body(_true_image_formats)),
    Rule("json lists", "AWS was seen to refuse lists as json of a tool result; they are sent as their text", _of_body(_texts_of_json)),
    Rule("names of formats", "a media type was given as a format; the gateway says what botocore's model has", _of_body(_short_formats)),
    Rule("closed objects", "the gateway says `additionalProperties: false` where an output schema leaves it out, as AWS demands",
         _of_body(_closed_objects)),
    Rule("tools in a stream", "some families do not stream with tools; the gateway asks for the whole answer and streams that",
         _whole_when_tools_cannot_stream),
]


def _blocks(change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Callable[[Any, Case], Any]:
    """A rule that changes blocks of an answer, or leaves them out."""

    def apply(view: dict[str, Any], _: Case) -> dict[str, Any]:
        changed = [change(block) for block in view.get("blocks", [])]
        kept = [block for block in changed if block is not None]
        rest = _without(view, "blocks")
        return {**rest, "blocks": kept} if kept else rest

    return apply


def _calls_without_type(view: dict[str, Any], _: Case) -> dict[str, Any]:
    calls = [_without(call, "type") if call.get("type") == "tool_use" else call for call in view.get("tool_calls", [])]
    return {**view, "tool_calls": calls} if calls else view


def _titles_of_pages(view: dict[str, Any], _: Case) -> dict[str, Any]:
    pages = [each if each.get("title") else {**each, "title": each["url"]} for each in view.get("citations", [])]
    return {**view, "citations": pages} if pages else view


# For whole answers and for streams, in strict mode.
STRICT_ANSWERS = [
    Rule("titles of pages", "OpenAI's annotations have a title; a page without one is called by its address", _titles_of_pages),
]

# The same outside strict mode.
ANSWERS = [
    Rule("kind of call", "newer Claude says `tool_use` of every call of a client's tool; standing in `tool_calls` says the same",
         _calls_without_type),
    Rule("place of calls", "OpenAI's shape has tool calls beside what was said, not in its midst",
         lambda view, _: _without(view, "said_after_calls")),
    Rule("texts of citations", "the texts that share citations are one text", _blocks(lambda block: _without(block, "pieces"))),
    Rule("empty text", "a text block without text says nothing", _blocks(lambda block: None if block == {"text": ""} else block)),
    Rule("blocks of the future", "botocore's own model does not know this kind of block, and reads nothing but its name",
         _blocks(lambda block: None if "SDK_UNKNOWN_MEMBER" in block.get("unread", {}) else block)),
]


# What AWS refused for a reason that does not stand in the request. The emulator need not refuse it.
UNDECIDABLE = [
    (r"UnrecognizedClientException|ExpiredTokenException|security token included in the request", "the token was a bad one"),
    (r"Too many requests|ThrottlingException", "AWS was busy, or a quota used up"),
    (r"AccessDeniedException|don't have access to the model", "the account had no access to the model"),
    (r"reached the end of its life", "the model is gone since"),
    (r"on-demand throughput isn", "which models need an inference profile changes without notice"),
    (r"Input Tokens Exceeded|Input is too long|too many total text bytes", "only the model's own tokenizer counts its tokens"),
    (r"S3Location not found|S3 object", "what lies in a bucket is not in the request"),
]


def undecidable(fault: Fault) -> str | None:
    """Why nobody could know from the request alone that AWS would refuse it; None if one could."""
    said = f"{fault.code} {fault.message}"
    return next((reason for pattern, reason in UNDECIDABLE if re.search(pattern, said)), None)

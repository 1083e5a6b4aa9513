"""What a client reads out of the gateway's answers, in the form of `aws_view`.

Nothing here is lenient: what OpenAI's shape does not allow is a `problem`, and a member that nobody reads is one too.
"""

import base64
import json
from typing import Any

import pydantic
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from .aws_view import COUNTS, PASSED_ON, arguments, as_botocore_reads

FINISH = {
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
TOP = {"id", "object", "created", "model", "choices", "usage", "provider", "service_tier", "system_fingerprint", *PASSED_ON}
MESSAGE = {"role", "content", "refusal", "reasoning_content", "content_blocks", "tool_calls", "annotations"}


def strictly(view: dict[str, Any]) -> dict[str, Any]:
    """What is left of an answer in OpenAI's own words."""
    web = [
        {"title": citation.get("title"), **citation["location"]["web"]}
        for block in view.get("blocks", [])
        for citation in block.get("citations", [])
        if "web" in citation.get("location", {})
    ]
    return _without_nothing({
        "content": view.get("content", ""),
        "tool_calls": view.get("tool_calls"),
        "finish": FINISH.get(view.get("stop"), "stop"),
        "usage": _strict_usage(view["usage"]) if "usage" in view else None,
        "citations": [{"url": each["url"], "title": each["title"] or each["url"]} for each in web if each.get("url")],
        "tier": view.get("tier"),
    })


def _strict_usage(usage: dict[str, int]) -> dict[str, int]:
    """OpenAI counts what came from the cache or went into it as part of the prompt."""
    prompt = usage["inputTokens"] + usage["cacheReadInputTokens"] + usage["cacheWriteInputTokens"]
    return {
        "prompt_tokens": prompt,
        "completion_tokens": usage["outputTokens"],
        "total_tokens": max(usage["totalTokens"], prompt + usage["outputTokens"]),
        "cached_tokens": usage["cacheReadInputTokens"],
    }


def completion(document: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    """A `chat.completion`."""
    problems = _not_openai(ChatCompletion, document) if strict else []
    (choice,) = document["choices"]
    message = choice["message"]
    problems += _unknown(document, TOP, "") + _unknown(message, MESSAGE, "message.")
    calls = [
        {"id": call["id"], "name": call["function"]["name"], "input": arguments(call["function"]["arguments"])}
        for call in message.get("tool_calls") or []
    ]
    blocks = [_whole_block(block, problems) for block in message.get("content_blocks") or []]
    return _view(document, message, choice["finish_reason"], calls, blocks, problems, strict=strict)


def chunks(items: list[Any], *, strict: bool) -> dict[str, Any]:
    """All chunks of a stream, collected as a client does, without `[DONE]`."""
    collected = _Collected(strict)
    for chunk in items:
        collected.take(chunk)
    return collected.view()


class _Collected:
    """The chunks so far."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.problems: list[str] = []
        self.document: dict[str, Any] = {}
        self.message: dict[str, Any] = {"content": "", "reasoning_content": "", "annotations": []}
        self.calls: list[dict[str, Any]] = []
        self.blocks: dict[int, list[dict]] = {}
        self.finish: str | None = None
        self.n_chunks = 0

    def take(self, chunk: dict[str, Any]) -> None:
        self.problems += _not_openai(ChatCompletionChunk, chunk) if self.strict else []
        self.problems += _unknown(chunk, TOP, "")
        for name in ("id", "model", "created", "object"):
            if self.document.get(name, chunk.get(name)) != chunk.get(name):
                self.problems.append(f"{name} changes within the stream")
        self.document.update({name: value for name, value in chunk.items() if value is not None})
        if len(chunk["choices"]) > 1 or (not chunk["choices"] and not chunk.get("usage")):
            self.problems.append("a chunk without a choice that says no usage either, or with two")
        for choice in chunk["choices"]:
            self._take_choice(choice)
            # OpenAI counts in a last chunk of its own, Portkey in the one that says why the model stopped.
            if chunk.get("usage") and (self.strict or not choice.get("finish_reason")):
                self.problems.append("usage in a chunk where it does not belong")
        self.n_chunks += 1

    def _take_choice(self, choice: dict[str, Any]) -> None:
        delta = choice["delta"]
        self.problems += _unknown(delta, MESSAGE, "delta.")
        if choice["index"] != 0:
            self.problems.append("choice.index is not 0")
        if ("role" in delta) != (self.n_chunks == 0):
            self.problems.append("the role stands in the first chunk and nowhere else")
        if self.finish:
            self.problems.append("a choice after the finish reason")
        for name in ("content", "reasoning_content"):
            self.message[name] += delta.get(name) or ""
        self.message["annotations"] += delta.get("annotations") or []
        for call in delta.get("tool_calls") or []:
            self._take_call(call)
        for block in delta.get("content_blocks") or []:
            self.blocks.setdefault(block["index"], []).append(block["delta"])
        self.finish = choice.get("finish_reason") or self.finish

    def _take_call(self, call: dict[str, Any]) -> None:
        function = call["function"]
        if call["index"] == len(self.calls):
            self.calls.append({"id": call.get("id"), "name": function.get("name"), "input": ""})
        elif call["index"] > len(self.calls) or call.get("id") or function.get("name"):
            self.problems.append("tool_calls[].index has a gap, or a call is named twice")
            return
        self.calls[call["index"]]["input"] += function.get("arguments") or ""

    def view(self) -> dict[str, Any]:
        # Clients parse what they have collected: a call without arguments has to say `{}`.
        if any(call["input"] == "" for call in self.calls):
            self.problems.append("a call whose arguments are no JSON")
        calls = [{**call, "input": arguments(call["input"])} for call in self.calls]
        blocks = [_streamed_block(deltas, self.problems) for _, deltas in sorted(self.blocks.items())]
        return _view(self.document, self.message, self.finish, calls, blocks, self.problems, strict=self.strict)


def _view(
    document: dict[str, Any],
    message: dict[str, Any],
    finish: str | None,
    calls: list[dict],
    blocks: list[dict],
    problems: list[str],
    *,
    strict: bool,
) -> dict[str, Any]:
    usage = document.get("usage") or {}
    problems = sorted(set(problems))
    tier = document.get("service_tier")
    if strict:
        return _without_nothing({
            "content": message.get("content") or "",
            "tool_calls": calls,
            "finish": finish,
            "usage": {
                **{name: usage.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")},
                "cached_tokens": (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0),
            }
            if usage
            else None,
            "citations": _web(message, problems),
            "tier": tier,
            "problems": problems,
        })
    read = usage.get("cache_read_input_tokens") or 0
    written = usage.get("cache_creation_input_tokens") or 0
    counts = (usage.get("prompt_tokens", 0) - read - written, usage.get("completion_tokens"), usage.get("total_tokens"), read, written)
    return _without_nothing({
        "content": message.get("content") or "",
        "reasoning": message.get("reasoning_content") or "",
        "blocks": blocks,
        "tool_calls": calls,
        "stop": finish,
        "usage": dict(zip(COUNTS, counts, strict=True)) if usage else None,
        "cache_details": as_botocore_reads("cacheDetails", usage.get("cache_details")),
        "tier": tier,
        **{ours: as_botocore_reads(name, document.get(name)) for name, ours in PASSED_ON.items()},
        "problems": problems,
    })


def _web(message: dict[str, Any], problems: list[str]) -> list[dict]:
    found = []
    for annotation in message.get("annotations") or []:
        cited = annotation.get("url_citation", {})
        if not 0 <= cited.get("start_index", -1) <= cited.get("end_index", -1) <= len(message.get("content") or ""):
            problems.append("a url_citation that lies outside of the content")
        found.append({"url": cited.get("url"), "title": cited.get("title")})
    return found


def _whole_block(block: dict[str, Any], problems: list[str]) -> dict[str, Any]:
    kind = block.get("type")
    readers = {
        "text": ({"text", "citations"}, lambda: _text(block["text"], block.get("citations"))),
        "thinking": ({"thinking", "signature"}, lambda: _some(block, "thinking", "signature")),
        "redacted_thinking": ({"data"}, lambda: {"redacted": base64.b64decode(block["data"])}),
        "server_tool_use": ({"id", "name", "input"}, lambda: {"server_tool_use": _some(block, "id", "name", "input")}),
        "server_tool_result": ({"tool_use_id", "content", "status", "tool_type"}, lambda: _server_result(block, block["content"])),
        "image_url": ({"image_url"}, lambda: {"image": _image(block["image_url"]["url"])}),
    }
    if kind not in readers:
        return {"unread": block}
    known, read = readers[kind]
    problems += _unknown(block, known | {"type"}, f"content_blocks.{kind}.")
    return read()


def _streamed_block(deltas: list[dict], problems: list[str]) -> dict[str, Any]:
    """One block out of its deltas, each of which has one kind of thing to say."""
    collected: dict[str, list] = {}
    for delta in deltas:
        if len(delta) != 1:
            problems.append("a delta of content_blocks with more than one member")
        for name, value in delta.items():
            collected.setdefault(name, []).append(value)
    kinds = frozenset(collected)
    joined = lambda name: "".join(collected.get(name, []))  # noqa: E731
    if kinds <= {"text", "citation"}:
        return _text(joined("text"), collected.get("citation"))
    if kinds <= {"thinking", "signature"}:
        return {"thinking": joined("thinking"), **({"signature": joined("signature")} if "signature" in kinds else {})}
    if kinds == {"data"}:
        return {"redacted": b"".join(base64.b64decode(each) for each in collected["data"])}
    if "server_tool_use" in kinds and kinds <= {"server_tool_use", "input"}:
        return {"server_tool_use": {**collected["server_tool_use"][0], "input": arguments(joined("input"))}}
    if "server_tool_result" in kinds and kinds <= {"server_tool_result", "content"}:
        content = [part for parts in collected.get("content", []) for part in parts]
        return _server_result(collected["server_tool_result"][0], content)
    return {"unread": deltas}


def _text(text: str, citations: list[dict] | None) -> dict[str, Any]:
    return {"text": text, **({"citations": as_botocore_reads("citations", citations)} if citations else {})}


def _server_result(block: dict[str, Any], content: list[dict]) -> dict[str, Any]:
    named = {"id": block["tool_use_id"], "content": as_botocore_reads("content", content), "status": block.get("status"), "type": block.get("tool_type")}
    return {"server_tool_result": {name: value for name, value in named.items() if value is not None}}


def _image(url: str) -> dict[str, Any]:
    if not url.startswith("data:image/"):
        return {"unread": url}
    kind, _, data = url.removeprefix("data:image/").partition(";base64,")
    return {"format": kind, "source": {"bytes": base64.b64decode(data)}}


def _some(block: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: block[name] for name in names if name in block}


def _unknown(value: dict[str, Any], known: set[str], place: str) -> list[str]:
    return [f"{place}{name} is a member that the contract does not know" for name in value if name not in known]


def _not_openai(kind: type[pydantic.BaseModel], document: dict[str, Any]) -> list[str]:
    """What the openai package's own types have against a document: wrong values, and members they do not have."""
    try:
        parsed = kind.model_validate(document)
    except pydantic.ValidationError as problem:
        return [f"openai: {'.'.join(map(str, error['loc']))}: {error['msg']}" for error in problem.errors()]
    return [f"openai: no such member: {path}" for path in _extras(parsed, "") if path != "choices.delta.annotations"]


def _extras(value: Any, path: str) -> list[str]:
    if isinstance(value, list):
        return [found for each in value for found in _extras(each, path)]
    if not isinstance(value, pydantic.BaseModel):
        return []
    below = lambda name: f"{path}.{name}" if path else name  # noqa: E731
    found = [below(name) for name in value.model_extra or {}]
    for name in value.model_fields_set - (value.model_extra or {}).keys():
        found += _extras(getattr(value, name), below(name))
    return found


def _without_nothing(view: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in view.items() if value not in (None, [], {})}

"""What botocore reads out of recorded bytes, in the one form that both sides are compared in.

An answer is a dict with `content`, `reasoning`, `blocks`, `tool_calls`, `said_after_calls`, `stop`, `usage`,
`cache_details`, `tier`, `metrics`, `trace`, `performance`, `additional`; members without a value are left out. What
the parse holds beyond that goes to `unread`, so that nothing can get lost by nobody having thought of it.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import HeadersDict
from botocore.eventstream import ParserError
from botocore.exceptions import EventStreamError
from botocore.parsers import create_parser
from support.service_model import MODEL

from .exchange import Exchange

PARSER = create_parser("rest-json")
SERVER_TOOL = "server_tool_use"

_OUTPUT = MODEL.operation_model("Converse").output_shape
_BLOCK = _OUTPUT.members["output"].members["message"].members["content"].member
_PASSED_ON = {
    **{name: _OUTPUT.members[name] for name in ("metrics", "trace", "performanceConfig", "additionalModelResponseFields")},
    "cacheDetails": _OUTPUT.members["usage"].members["cacheDetails"],
    "citations": _BLOCK.members["citationsContent"].members["citations"],
    "content": _BLOCK.members["toolResult"].members["content"],
}
PASSED_ON = {"metrics": "metrics", "trace": "trace", "performanceConfig": "performance", "additionalModelResponseFields": "additional"}
COUNTS = ("inputTokens", "outputTokens", "totalTokens", "cacheReadInputTokens", "cacheWriteInputTokens")


@dataclass
class Fault:
    """An error as AWS said it. `code` is None where the recorder lost the header that says it, `message` may be empty."""

    status: int | None
    code: str | None
    message: str


@dataclass
class Stream:
    """A stream as botocore reads it."""

    answer: dict[str, Any]
    # Whether the model said why it stopped and no exception came.
    complete: bool
    fault: Fault | None
    # Whether anything came before the fault.
    begun: bool


@dataclass
class _Block:
    """One block of a stream, in the making."""

    start: dict[str, Any] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    citations: list[dict] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    redacted: list[bytes] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    results: list[dict] = field(default_factory=list)
    unread: list[Any] = field(default_factory=list)


def answer(exchange: Exchange) -> dict[str, Any] | None:
    """A recorded Converse answer; None if the body is none."""
    parsed = _parse(exchange, "Converse", exchange.body)
    parsed.pop("ResponseMetadata", None)
    output = parsed.pop("output", None)
    if not output or "message" not in output:
        return None
    message = dict(output["message"])
    blocks = [_whole_block(block) for block in message.pop("content", [])]
    if message.get("role") == "assistant":
        del message["role"]
    return _answer(blocks, parsed, unread=[message] if message else [])


def fault(exchange: Exchange) -> Fault:
    """A recorded error."""
    parsed = _parse(exchange, "Converse", exchange.body)
    error = parsed["Error"]
    body = exchange.response if isinstance(exchange.response, dict) else {}
    said = exchange.header("x-amzn-errortype") or body.get("__type")
    # Of a body that is no JSON botocore makes a text of its own.
    return Fault(exchange.status, error["Code"] if said else None, error.get("Message", "") if body else "")


def refusal(exchange: Exchange) -> Fault | None:
    """What AWS had against the request; None if it took it. A stream can refuse by its first frame, with status 200."""
    if exchange.status >= 400:
        return fault(exchange)
    if exchange.stream is None:
        return None
    read = stream(exchange)
    return read.fault if not read.begun else None


def stream(exchange: Exchange) -> Stream:
    """A recorded stream."""
    parsed = _parse(exchange, "ConverseStream", _Raw(exchange.stream or b""))
    blocks: dict[int, _Block] = {}
    rest: dict[str, Any] = {}
    begun, failed = False, None
    try:
        for event in parsed["stream"]:
            begun = True
            _take(event, blocks, rest)
    except EventStreamError as problem:
        error = problem.response["Error"]
        failed = Fault(None, error["Code"], error["Message"])
    except ParserError:
        failed = Fault(None, None, "")
    done = [_streamed_block(block) for _, block in sorted(blocks.items())]
    return Stream(_answer(done, rest, unread=[]), failed is None and "stopReason" in rest, failed, begun)


def as_botocore_reads(name: str, value: Any) -> Any:
    """AWS's own JSON inside of an answer of the gateway, read as botocore reads it where it comes from."""
    return None if value is None else PARSER._parse_shape(_PASSED_ON[name], value)


class _Raw:
    """A body as botocore's event stream wants it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self):
        yield self._body

    def close(self) -> None:
        """Nothing is open."""


def _parse(exchange: Exchange, operation: str, body: bytes | _Raw) -> dict[str, Any]:
    response = {
        "body": body,
        "headers": HeadersDict(exchange.headers),
        "status_code": exchange.status,
        "context": {"operation_name": operation},
    }
    return PARSER.parse(response, MODEL.operation_model(operation).output_shape)


def _answer(blocks: list[dict], rest: dict[str, Any], *, unread: list[Any]) -> dict[str, Any]:
    """The form of comparison. Calls of the client's tools are kept apart from what the model said."""
    rest = dict(rest)
    usage = rest.pop("usage", None) or {}
    is_call = ["tool_call" in block for block in blocks]
    said = [block for block in blocks if "tool_call" not in block]
    view = {
        "content": "".join(block.get("text", "") for block in said),
        "reasoning": "".join(block.get("thinking", "") for block in said),
        "blocks": said,
        "tool_calls": [block["tool_call"] for block in blocks if "tool_call" in block],
        # Tool calls have no place among the blocks; how many of these follow a call is all that tells it.
        "said_after_calls": is_call[is_call.index(True) :].count(False) or None if any(is_call) else None,
        "stop": rest.pop("stopReason", None),
        # A count that is not sent is none.
        "usage": {name: usage.get(name, 0) for name in COUNTS} if usage else None,
        "cache_details": usage.get("cacheDetails", []),
        "tier": rest.pop("serviceTier", {}).get("type"),
        **{ours: rest.pop(name) for name, ours in PASSED_ON.items() if name in rest},
        "unread": unread + ([rest] if rest else []),
    }
    return {name: value for name, value in view.items() if value not in (None, [], {})}


def _whole_block(block: dict[str, Any]) -> dict[str, Any]:
    if len(block) != 1:
        return {"unread": block}
    ((kind, value),) = block.items()
    if kind == "text":
        return {"text": value}
    if kind == "citationsContent":
        texts = [part.get("text", "") for part in value.get("content", [])]
        pieces = texts if len(texts) > 1 else None
        return {"text": "".join(texts), **_present(citations=value.get("citations"), pieces=pieces)}
    if kind == "reasoningContent" and "reasoningText" in value:
        return {"thinking": value["reasoningText"]["text"], **_present(signature=value["reasoningText"].get("signature"))}
    if kind == "reasoningContent":
        return {"redacted": value["redactedContent"]}
    if kind == "toolUse":
        return _tool_use(value, value.get("input", {}))
    if kind == "toolResult":
        return _tool_result(value, value.get("content", []))
    if kind == "image":
        return {"image": value}
    return {"unread": block}


def _streamed_block(block: _Block) -> dict[str, Any]:
    if block.unread:
        return {"unread": block.unread}
    if tool_use := block.start.get("toolUse"):
        return _tool_use(tool_use, arguments("".join(block.inputs)))
    if tool_result := block.start.get("toolResult"):
        return _tool_result(tool_result, block.results)
    if block.redacted:
        return {"redacted": b"".join(block.redacted)}
    if block.thoughts or block.signatures:
        return {"thinking": "".join(block.thoughts), **_present(signature="".join(block.signatures))}
    return {"text": "".join(block.texts), **_present(citations=block.citations)}


def _tool_use(value: dict[str, Any], given: Any) -> dict[str, Any]:
    use = {"id": value["toolUseId"], "name": value["name"], "input": given}
    kind = value.get("type")
    if kind == SERVER_TOOL:
        return {"server_tool_use": use}
    return {"tool_call": {**use, **_present(type=kind)}}


def _tool_result(value: dict[str, Any], content: list[dict]) -> dict[str, Any]:
    result = {"id": value["toolUseId"], "content": content}
    return {"server_tool_result": {**result, **_present(status=value.get("status"), type=value.get("type"))}}


def arguments(text: str) -> Any:
    """Collected input: a call without any has an empty object, one that was cut off stays text."""
    try:
        return json.loads(text or "{}")
    except json.JSONDecodeError:
        return text


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value}


def _take(event: dict[str, Any], blocks: dict[int, _Block], rest: dict[str, Any]) -> None:
    ((kind, value),) = event.items()
    if kind == "contentBlockStart":
        block = blocks.setdefault(value["contentBlockIndex"], _Block())
        block.start = value.get("start", {})
        if not block.start.keys() <= {"toolUse", "toolResult"}:
            block.unread.append(block.start)
    elif kind == "contentBlockDelta":
        _take_delta(value["delta"], blocks.setdefault(value["contentBlockIndex"], _Block()))
    elif kind in ("messageStop", "metadata"):
        rest.update(value)


def _take_delta(delta: dict[str, Any], block: _Block) -> None:
    for kind, value in delta.items():
        if kind == "text":
            block.texts.append(value)
        elif kind == "citation":
            block.citations.append(value)
        elif kind == "toolUse":
            block.inputs.append(value.get("input", ""))
        elif kind == "toolResult":
            block.results += value
        elif kind == "reasoningContent":
            block.thoughts += [value["text"]] if "text" in value else []
            block.signatures += [value["signature"]] if "signature" in value else []
            block.redacted += [value["redactedContent"]] if "redactedContent" in value else []
        else:
            block.unread.append(delta)

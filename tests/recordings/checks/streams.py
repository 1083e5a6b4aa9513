"""(b) Every recorded stream, whole and in odd pieces, reaches the client as botocore reads it."""

from typing import Any

import explained
from harness import aws_view, openai_stream, openai_view
from harness.bench import Bench
from harness.client import Reply
from harness.compare import Case, settle
from harness.exchange import Exchange
from harness.report import Check, Report
from harness.upstream import in_pieces, pieces_of

from .answers import SAYING_HI
from .scope import foreign, guarded

MODES = {True: "streams, strict", False: "streams, not strict"}
PIECES = {"whole": None, "by 1021": 1021, "by 7": 7, "by 1": 1}
# Larger streams are not cut into single bytes: they would say nothing that the small ones do not.
SMALL = 6000


def run(exchanges: list[Exchange], bench: Bench, report: Report) -> None:
    for pieces, size in PIECES.items():
        for strict, name in MODES.items():
            check = report.check(f"{name}, {pieces}")
            for exchange in exchanges:
                if reason := foreign(exchange):
                    check.skip(reason)
                elif exchange.stream is not None and size == 1 and len(exchange.stream) > SMALL:
                    check.skip(f"more than {SMALL} bytes, judged in larger pieces")
                elif exchange.stream is not None:
                    guarded(check, exchange, lambda: _judge(exchange, bench, check, size, strict=strict))


def _judge(exchange: Exchange, bench: Bench, check: Check, size: int | None, *, strict: bool) -> None:
    stream = exchange.stream or b""
    bench.upstream.answer = in_pieces(200, exchange.headers, pieces_of(stream, size or len(stream) or 1))
    body = {"model": exchange.any_model, "stream": True, "stream_options": {"include_usage": True}, **SAYING_HI}
    reply = bench.gateway.chat(body, strict=strict)
    recorded = aws_view.stream(exchange)
    if not recorded.begun and not recorded.complete:
        _judge_refusal(exchange, check, recorded.fault, reply)
        return
    if reply.status != 200 or not reply.is_stream:
        check.fail(exchange.id, f"a stream became {reply.status} {reply.error.get('code')}", reply.body[:200])
        return
    items = reply.events()
    ending = _ending(items)
    wanted = "done" if recorded.complete else "error"
    if ending != wanted:
        check.fail(exchange.id, f"the stream ends with {ending} and not with {wanted}", str(items[-1:])[:200])
        return
    if recorded.fault and not _tells(items[-1]["error"], recorded.fault):
        check.fail(exchange.id, "an exception lost its code or its text", str(items[-1])[:200])
        return
    actual = openai_stream.chunks(items[:-1], strict=strict)
    expected = openai_view.strictly(recorded.answer) if strict else recorded.answer
    if not recorded.complete:
        # Without an end there are no counts to hold against each other, and no reason why.
        expected, actual = _without_end(expected), _without_end(actual)
    rules = explained.STRICT_ANSWERS if strict else explained.ANSWERS
    check.settled(exchange.id, *settle(expected, Case(exchange.any_model, actual), rules))


def _tells(error: dict[str, Any], fault: aws_view.Fault) -> bool:
    """Whether an error says all that AWS said; of broken frames AWS said nothing."""
    said = {"message": fault.message or error.get("message"), "code": fault.code or error.get("code")}
    return bool(error.get("message")) and all(error.get(name) == value for name, value in said.items())


def _judge_refusal(exchange: Exchange, check: Check, fault: aws_view.Fault | None, reply: Reply) -> None:
    """What fails before anything was said can still be told by a status."""
    if reply.status >= 400 and _tells(reply.error, fault or aws_view.Fault(None, None, "")):
        check.settled(exchange.id, [], [])
    else:
        check.fail(exchange.id, "an exception before the answer lost its status, code or text", f"{reply.status} {reply.body[:200]}")


def _ending(items: list[Any]) -> str:
    if items and items[-1] == "[DONE]":
        return "done"
    return "error" if items and "error" in items[-1] else "neither"


def _without_end(view: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in view.items() if name not in ("usage", "stop", "finish")}

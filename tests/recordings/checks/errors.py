"""(c) Every recorded error keeps its status, its type and its text."""

from harness import aws_view
from harness.bench import Bench
from harness.compare import differences
from harness.exchange import Exchange
from harness.report import Check, Report
from harness.upstream import whole

from .answers import SAYING_HI
from .scope import foreign, guarded


def run(exchanges: list[Exchange], bench: Bench, report: Report) -> None:
    check = report.check("errors")
    for exchange in exchanges:
        if exchange.status < 400:
            continue
        if reason := foreign(exchange):
            check.skip(reason)
        else:
            guarded(check, exchange, lambda: _judge(exchange, bench, check))


def _judge(exchange: Exchange, bench: Bench, check: Check) -> None:
    fault = aws_view.fault(exchange)
    bench.upstream.answer = whole(exchange.status, exchange.headers, exchange.body)
    body = {"model": exchange.any_model, "stream": exchange.is_stream, **SAYING_HI}
    reply = bench.gateway.chat(body, strict=True)
    error = reply.error
    # Where AWS had no text, the gateway has to find one.
    said = error.get("message")
    expected = {"status": fault.status, "message": fault.message or said or "any text"}
    actual = {"status": reply.status, "message": said}
    if fault.code:
        expected["code"], actual["code"] = fault.code, error.get("code")
    check.settled(exchange.id, [], differences(expected, actual))

"""(a) Every recorded answer reaches the client without loss."""

import explained
from harness import aws_view, openai_view
from harness.bench import Bench
from harness.compare import Case, settle
from harness.exchange import Exchange
from harness.report import Check, Report
from harness.upstream import whole

from .scope import foreign, guarded

SAYING_HI = {"messages": [{"role": "user", "content": "hi"}]}
MODES = {True: "answers, strict", False: "answers, not strict"}


def run(exchanges: list[Exchange], bench: Bench, report: Report) -> None:
    for strict, name in MODES.items():
        check = report.check(name)
        for exchange in exchanges:
            if reason := foreign(exchange):
                check.skip(reason)
            elif exchange.status == 200 and exchange.response is None and exchange.stream is None:
                check.skip("the recorder kept the request alone")
            elif exchange.status == 200 and exchange.stream is None:
                guarded(check, exchange, lambda: _judge(exchange, bench, check, strict=strict))


def _judge(exchange: Exchange, bench: Bench, check: Check, *, strict: bool) -> None:
    bench.upstream.answer = whole(200, exchange.headers, exchange.body)
    body = {"model": exchange.any_model, "stream": exchange.is_stream, **SAYING_HI}
    reply = bench.gateway.chat(body, strict=strict)
    expected = aws_view.answer(exchange)
    if expected is None:
        # A success that holds no answer: the client must not take it for one.
        if reply.status >= 400 and reply.error.get("message"):
            check.settled(exchange.id, [], [])
        else:
            check.fail(exchange.id, "a success without an answer is not told as an error", reply.body[:200])
    elif reply.status != 200:
        check.fail(exchange.id, f"an answer became {reply.status} {reply.error.get('code')}", reply.body[:200])
    else:
        actual = openai_view.completion(reply.json(), strict=strict)
        if strict:
            expected = openai_view.strictly(expected)
        rules = explained.STRICT_ANSWERS if strict else explained.ANSWERS
        check.settled(exchange.id, *settle(expected, Case(exchange.any_model, actual), rules))

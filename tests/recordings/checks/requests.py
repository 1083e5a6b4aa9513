"""(d) Every request that can be said in OpenAI's form comes out of the gateway as AWS accepted it."""

import json
import re

import explained
from harness import aws_view, converse, inverse
from harness.bench import Bench
from harness.compare import Case, settle
from harness.exchange import Exchange
from harness.report import Check, Report
from harness.upstream import in_pieces, whole
from support import eventstream, service_model
from support.recorder import ANSWER, Recorded

from .scope import foreign, guarded

JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "application/vnd.amazon.eventstream"}


def run(exchanges: list[Exchange], bench: Bench, report: Report) -> None:
    check, legal = report.check("requests"), report.check("requests, by botocore's model")
    for exchange in exchanges:
        if reason := foreign(exchange):
            check.skip(reason)
        elif aws_view.refusal(exchange):
            check.skip("AWS refused it")
        elif exchange.request is None or exchange.model is None:
            check.skip("the recorder kept the answer alone")
        else:
            guarded(check, exchange, lambda: _judge(exchange, bench, check, legal))


def _judge(exchange: Exchange, bench: Bench, check: Check, legal: Check) -> None:
    try:
        body = inverse.chat(exchange.request, exchange.model, stream=exchange.is_stream)
    except inverse.Unsayable as reason:
        check.skip(f"cannot be said in OpenAI's form: {reason}")
        return
    # An upstream that takes any operation: what it answers is not judged here.
    is_stream = exchange.is_stream
    answer = in_pieces(200, EVENTS, eventstream.answer("a")) if is_stream else whole(200, JSON, json.dumps(ANSWER).encode())
    bench.upstream.answer = answer
    bench.upstream.take()
    reply = bench.gateway.chat(body, strict=True)
    sent = bench.upstream.take()
    if sent is None:
        # Places and quoted values belong to one recording, what was wrong with them does not.
        said = re.sub(r"`[^`]*`|\d+", "#", str(reply.error.get("message")))
        place = re.sub(r"\d+", "", str(reply.error.get("param")))
        check.fail(exchange.id, f"refused by the gateway: {place}: {said}", reply.body[:300])
        return
    _compare(exchange, sent, check)
    violations = service_model.violations(sent.operation, sent.model_id, sent.json())
    if violations:
        legal.fail(exchange.id, re.sub(r"\d+", "#", violations[0])[:200])
    else:
        legal.settled(exchange.id, [], [])


def _compare(exchange: Exchange, sent: Recorded, check: Check) -> None:
    operation = "ConverseStream" if exchange.is_stream else "Converse"
    expected = {"operation": operation, "model": exchange.model, "body": converse.normal(exchange.request)}
    actual = {"operation": sent.operation, "model": sent.model_id, "body": converse.normal(sent.json())}
    check.settled(exchange.id, *settle(expected, Case(exchange.model, actual), explained.REQUESTS))

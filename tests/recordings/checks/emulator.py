"""(e) The emulator accepts what AWS accepted, and refuses what AWS refused, in AWS's words."""

import json
import re
from dataclasses import replace

import explained
from harness import aws_view
from harness.bench import Bench
from harness.compare import differences
from harness.exchange import Exchange
from harness.report import Check, Report
from support.aws import send, signed

from .scope import foreign, guarded


def run(exchanges: list[Exchange], bench: Bench, report: Report) -> None:
    accepted, refused = report.check("emulator, accepted by AWS"), report.check("emulator, refused by AWS")
    for exchange in exchanges:
        if reason := foreign(exchange):
            (accepted if exchange.status == 200 else refused).skip(reason)
            continue
        fault = aws_view.refusal(exchange)
        check = refused if fault else accepted
        if exchange.request is None or exchange.model is None:
            check.skip("the recorder kept the answer alone")
        else:
            guarded(check, exchange, lambda: _judge(exchange, fault, bench, check))


def _judge(exchange: Exchange, fault: aws_view.Fault | None, bench: Bench, check: Check) -> None:
    own = aws_view.refusal(_call(exchange, bench))
    if fault:
        _judge_refused(exchange, fault, own, check)
    elif own:
        # Numbers belong to one recording, the text around them does not.
        check.fail(exchange.id, f"refused: {own.status} {re.sub(r'[0-9]+', '#', own.message)}", f"{exchange.model}: {own.message}")
    else:
        check.settled(exchange.id, [], [])


def _call(exchange: Exchange, bench: Bench) -> Exchange:
    """What the emulator makes of the recorded request."""
    body = json.dumps(exchange.request, ensure_ascii=False).encode()
    status, headers, answer = send(signed(bench.emulator, exchange.op, exchange.model, body))
    if "eventstream" in headers.get("content-type", ""):
        return replace(exchange, status=status, headers=headers, response=None, stream=answer)
    return replace(exchange, status=status, headers=headers, response=json.loads(answer), stream=None)


def _judge_refused(exchange: Exchange, fault: aws_view.Fault, own: aws_view.Fault | None, check: Check) -> None:
    left = differences(_spelled(fault, fault), _spelled(own, fault))
    if left and (reason := explained.undecidable(fault)):
        check.explain(reason)
    elif left:
        told = f"{own.status} {own.code}: {own.message}" if own else "accepted"
        check.fail(exchange.id, f"AWS: {fault.status} {fault.message}", f"{exchange.model}; the emulator: {told}")
    else:
        check.settled(exchange.id, [], [])


def _spelled(said: aws_view.Fault | None, fault: aws_view.Fault) -> dict[str, object]:
    """As much of a refusal as AWS told: a frame has no status, and some recorders kept no code."""
    if said is None:
        return {}
    status = said.status if fault.status else None
    # Frames spell the same names with a small letter.
    code = (said.code or "").lower() if fault.code else None
    return {"status": status, "code": code, "message": said.message}

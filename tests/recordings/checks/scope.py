"""Which exchanges a check looks at, and what becomes of an exchange that breaks it."""

from collections.abc import Callable

import explained
from harness.exchange import Exchange
from harness.report import Check


def foreign(exchange: Exchange) -> str | None:
    """Why an exchange is none of the gateway's business; None if it is."""
    if exchange.is_converse:
        return None
    return explained.OUT_OF_SCOPE.get(exchange.op, explained.UNKNOWN_OPERATION)


def guarded(check: Check, exchange: Exchange, judge: Callable[[], None]) -> None:
    """Judges one exchange; whatever goes wrong on the way is a failure of that one and not the end of the run."""
    try:
        judge()
    except Exception as problem:  # noqa: BLE001
        check.fail(exchange.id, f"cannot be judged: {type(problem).__name__}: {str(problem)[:200]}")

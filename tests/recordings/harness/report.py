"""Counts what the checks found, and prints it."""

import os
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from .compare import Difference, Rule

# How many examples of one kind of failure are printed; RECORDINGS_EXAMPLES asks for more.
EXAMPLES = int(os.environ.get("RECORDINGS_EXAMPLES", "2"))

# How many checks are named beside a reason that many of them met.
PLACES = 4


@dataclass
class Check:
    """One row of the table."""

    name: str
    equal: int = 0
    explained: Counter[str] = field(default_factory=Counter)
    n_explained: int = 0
    out_of_scope: Counter[str] = field(default_factory=Counter)
    failed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    n_failed: int = 0

    def settled(self, exchange_id: str, rules: list[Rule], left: list[Difference]) -> None:
        """Takes what `compare.settle` found for one exchange."""
        if left:
            # One exchange may show several kinds of difference, and counts for each of them once.
            kinds = {difference.kind: difference for difference in reversed(left)}
            self.n_failed += 1
            for kind, difference in kinds.items():
                self.failed[kind].append(f"{exchange_id} {difference}")
        elif rules:
            self.n_explained += 1
            self.explained.update(f"{rule.name}: {rule.reason}" for rule in rules)
        else:
            self.equal += 1

    def skip(self, reason: str) -> None:
        self.out_of_scope[reason] += 1

    def explain(self, rule_and_reason: str) -> None:
        self.n_explained += 1
        self.explained[rule_and_reason] += 1

    def fail(self, exchange_id: str, kind: str, detail: str = "") -> None:
        self.n_failed += 1
        self.failed[kind].append(f"{exchange_id} {detail}")

    @property
    def checked(self) -> int:
        return self.equal + self.n_explained + self.n_failed


class Report:
    def __init__(self) -> None:
        self.checks: dict[str, Check] = {}

    def check(self, name: str) -> Check:
        return self.checks.setdefault(name, Check(name))

    @property
    def failed(self) -> bool:
        return any(check.n_failed for check in self.checks.values())

    def print(self) -> None:
        self._print_reasons("out of scope", lambda check: check.out_of_scope)
        self._print_reasons("explained", lambda check: check.explained)
        seen: set[str] = set()
        for check in self.checks.values():
            if check.failed:
                print(f"\n{check.name}: NOT EXPLAINED")
            for kind, found in sorted(check.failed.items(), key=lambda each: -len(each[1])):
                # A stream that fails whole fails in pieces too.
                print(f"  {len(found)} x {kind}" + (" (as above)" if kind in seen else ""))
                for example in found[:EXAMPLES] if kind not in seen else ():
                    print(f"    {example}")
                seen.add(kind)
        self._print_table()

    def _print_reasons(self, title: str, counts: Callable[[Check], Counter[str]]) -> None:
        """Every reason once, with how often each check met it."""
        reasons: dict[str, list[str]] = {}
        for check in self.checks.values():
            for reason, count in counts(check).items():
                reasons.setdefault(reason, []).append(f"{count} {check.name}")
        if reasons:
            print(f"\n{title}")
        for reason, where in reasons.items():
            places = where if len(where) <= PLACES else [*where[:PLACES], f"and {len(where) - PLACES} more checks"]
            print(f"  {reason}\n      {'; '.join(places)}")

    def _print_table(self) -> None:
        columns = ("checked", "equal", "explained", "out of scope", "FAILED")
        print(f"\n{'':34}" + "".join(f"{column:>14}" for column in columns))
        for check in self.checks.values():
            counts = (check.checked, check.equal, check.n_explained, check.out_of_scope.total(), check.n_failed)
            print(f"{check.name:34}" + "".join(f"{count:14}" for count in counts))

"""Compares two trees, and looks for the fewest rules that make them equal."""

import hashlib
import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

SHOWN = 160
# Of more rules than this, only small sets and all of them are tried.
MANY = 6


@dataclass(frozen=True)
class Case:
    """What a rule may look at besides the tree that it changes."""

    model: str
    actual: Any


@dataclass(frozen=True)
class Rule:
    """A difference that has a reason. `apply` makes of the recorded tree what the gateway makes of it."""

    name: str
    reason: str
    apply: Callable[[Any, Case], Any]


@dataclass(frozen=True)
class Difference:
    """One place where two trees differ; `kind` leaves out what belongs to one recording."""

    path: str
    expected: Any
    actual: Any

    @property
    def kind(self) -> str:
        place = re.sub(r"\[\d+\]", "[]", self.path) or "."
        return f"{place}: {_shape(self.expected)} became {_shape(self.actual)}"

    def __str__(self) -> str:
        return f"{self.path or '.'}\n      recorded {_show(self.expected)}\n      gateway  {_show(self.actual)}"


class _Nothing:
    """The side of a difference that has no such member."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = _Nothing()


def settle(expected: Any, case: Case, rules: list[Rule]) -> tuple[list[Rule], list[Difference]]:
    """The fewest rules, in their order, that leave no difference; or the best there is, and what it leaves."""
    best: tuple[list[Rule], list[Difference]] = ([], differences(expected, case.actual))
    if not best[1]:
        return best
    relevant = _relevant(expected, case, rules)
    sizes = range(1, len(relevant) + 1) if len(relevant) <= MANY else [1, 2, len(relevant)]
    for size in sizes:
        for chosen in itertools.combinations(relevant, size):
            changed = expected
            for rule in chosen:
                changed = rule.apply(changed, case)
            left = differences(changed, case.actual)
            if not left:
                return list(chosen), []
            if len(left) < len(best[1]):
                best = (list(chosen), left)
    return best


def _relevant(expected: Any, case: Case, rules: list[Rule]) -> list[Rule]:
    """The rules that change anything, alone or after the others."""
    found, changed = [], expected
    for rule in rules:
        after = rule.apply(changed, case)
        if differences(changed, after) or differences(expected, rule.apply(expected, case)):
            found.append(rule)
        changed = after
    return found


def differences(expected: Any, actual: Any, path: str = "") -> list[Difference]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        names = [*expected, *(name for name in actual if name not in expected)]
        return [
            found
            for name in names
            for found in differences(expected.get(name, NOTHING), actual.get(name, NOTHING), f"{path}.{name}" if path else name)
        ]
    if isinstance(expected, list) and isinstance(actual, list):
        return _of_lists(expected, actual, path)
    # Python holds True and 1 for equal, JSON does not.
    if expected == actual and isinstance(expected, bool) == isinstance(actual, bool):
        return []
    return [Difference(path, expected, actual)]


def _of_lists(expected: list, actual: list, path: str) -> list[Difference]:
    if len(expected) == len(actual):
        pairs = enumerate(zip(expected, actual, strict=True))
        return [found for index, (left, right) in pairs for found in differences(left, right, f"{path}[{index}]")]
    found = []
    matcher = SequenceMatcher(None, [_key(each) for each in expected], [_key(each) for each in actual], autojunk=False)
    for what, left, left_end, right, right_end in matcher.get_opcodes():
        if what == "equal":
            continue
        pairs = itertools.zip_longest(range(left, left_end), range(right, right_end))
        for at_left, at_right in pairs:
            one = NOTHING if at_left is None else expected[at_left]
            other = NOTHING if at_right is None else actual[at_right]
            found += differences(one, other, f"{path}[{at_left if at_left is not None else at_right}]")
    return found


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=_show)


def _shape(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(sorted(value)) + "}"
    if isinstance(value, list):
        return f"list of {len(value)}"
    if isinstance(value, str | bytes | bool) or value is None:
        return type(value).__name__
    return repr(value) if value is NOTHING else "number"


def _show(value: Any) -> str:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes {hashlib.sha256(value).hexdigest()[:8]}>"
    text = repr(value) if value is NOTHING else json.dumps(value, ensure_ascii=False, default=_show)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)})"

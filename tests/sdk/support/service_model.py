"""Judges Converse bodies, answers and events by botocore's service model.

`ParamValidator` checks member names, types, required members, unions and lower bounds. It passes over upper
bounds, patterns, enumerations and booleans in the place of numbers, so the model is walked a second time.
"""

import base64
import binascii
import re
from typing import Any

import botocore.session
from botocore.model import Shape
from botocore.validate import ParamValidator

MODEL = botocore.session.get_session().get_service_model("bedrock-runtime")


def violations(operation: str, model_id: str, body: dict) -> list[str]:
    """Everything the service model has against this request; empty when it has nothing."""
    return violations_of({"modelId": model_id, **body}, MODEL.operation_model(operation).input_shape)


def _children(value: Any, shape: Shape, path: str) -> list[tuple[Any, Any, Shape, str]]:
    """The (key, child, its shape, its path) tuples below a value that the model knows."""
    if shape.type_name == "structure" and isinstance(value, dict) and not shape.is_document_type:
        return [
            (name, child, shape.members[name], f"{path}.{name}")
            for name, child in value.items()
            if name in shape.members
        ]
    if shape.type_name == "list" and isinstance(value, list):
        return [(index, child, shape.member, f"{path}[{index}]") for index, child in enumerate(value)]
    if shape.type_name == "map" and isinstance(value, dict):
        return [(name, child, shape.value, f"{path}[{name!r}]") for name, child in value.items()]
    return []


def _with_bytes(value: Any, shape: Shape, path: str, found: list[str]) -> Any:
    """The same tree with blobs decoded from base64, as botocore's caller would have given them."""
    if shape.type_name == "blob":
        try:
            return base64.b64decode(value, validate=True)
        except (TypeError, binascii.Error):
            found.append(f"{path}: a blob must be standard base64")
            return value
    children = _children(value, shape, path)
    if not children:
        return value
    copy = dict(value) if isinstance(value, dict) else list(value)
    for key, child, member, below in children:
        copy[key] = _with_bytes(child, member, below, found)
    return copy


def _walk(value: Any, shape: Shape, path: str, found: list[str]) -> None:
    """Checks what `ParamValidator` leaves out."""
    if value is None:
        found.append(f"{path}: null is not a value of the protocol")
        return
    rules = shape.metadata
    if isinstance(value, str):
        if "enum" in rules and value not in rules["enum"]:
            found.append(f"{path}: {value!r} is not one of {rules['enum']}")
        if "pattern" in rules and not re.fullmatch(_python(rules["pattern"]), value):
            found.append(f"{path}: {value!r} does not match {rules['pattern']}")
    if isinstance(value, bool) and shape.type_name in ("integer", "long", "float", "double"):
        found.append(f"{path}: a boolean is no number")
    size = value if shape.type_name in ("integer", "long", "float", "double") else _length(value)
    if size is not None and not rules.get("min", size) <= size <= rules.get("max", size):
        found.append(f"{path}: {size} is outside of {rules.get('min')}..{rules.get('max')}")
    if shape.type_name == "map":
        for key in value:
            _walk(key, shape.key, f"{path} (key {key!r})", found)
    for _, child, member, below in _children(value, shape, path):
        _walk(child, member, below, found)


def _python(pattern: str) -> str:
    """The pattern without the classes of Unicode that Python's own module does not know."""
    return pattern.replace(r"\p{L}\p{Z}\p{N}_", r"\w\s")


def _length(value: Any) -> int | None:
    return len(value) if isinstance(value, str | bytes | list | dict) else None


def answer_violations(operation: str, answer: dict) -> list[str]:
    """What the service model has against a JSON answer of this operation."""
    return violations_of(_modelled(answer), MODEL.operation_model(operation).output_shape)


def event_violations(kind: str, payload: dict) -> list[str]:
    """What the service model has against one event of ConverseStream."""
    shape = MODEL.operation_model("ConverseStream").output_shape.members["stream"].members.get(kind)
    if shape is None:
        return [f"no such event: {kind}"]
    return violations_of(_modelled(payload), shape)


def _modelled(answer: dict) -> dict:
    """An answer without what AWS sends beyond its own model, after a look at what that says."""
    modelled = {name: value for name, value in answer.items() if name != "p"}
    if isinstance(usage := modelled.get("usage"), dict):
        modelled["usage"] = usage = dict(usage)
        assert usage.pop("serverToolUsage", {}) == {}
        for kind in ("Read", "Write"):
            tokens = usage.get(f"cache{kind}InputTokens")
            assert usage.pop(f"cache{kind}InputTokenCount", tokens) == tokens, "the same number under its old name"
    # Newer models say of their calls what the enumeration does not have.
    for block in modelled.get("output", {}).get("message", {}).get("content", []):
        _untype(block.get("toolUse"))
    _untype(modelled.get("start", {}).get("toolUse"))
    return modelled


def _untype(call: dict | None) -> None:
    if call and call.get("type") == "tool_use":
        del call["type"]


def violations_of(value: dict, shape: Shape) -> list[str]:
    """What botocore has against a value of this shape."""
    found: list[str] = []
    params = _with_bytes(value, shape, "", found)
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        found.append(report.generate_report())
    _walk(params, shape, "", found)
    return found

"""The form in which two Converse requests are compared.

Normalised, because AWS does not tell them apart: a member that is null or an empty list or object and one that is
not there (inside of free JSON they stay), the order of members, the spelling of base64, white space in a JSON
schema that is sent as a string.
"""

import base64
import binascii
import json
from typing import Any

from botocore.model import Shape
from support.service_model import MODEL

REQUEST = MODEL.operation_model("ConverseStream").input_shape
IN_PATH = {name for name, shape in REQUEST.members.items() if shape.serialization.get("location") == "uri"}


def normal(body: dict[str, Any]) -> dict[str, Any]:
    return _normal(body, REQUEST)


def without_unknown(body: dict[str, Any]) -> dict[str, Any]:
    """A normal request without the members that the service model does not have in a body."""
    return _known({name: value for name, value in body.items() if name not in IN_PATH}, REQUEST)


def _normal(value: Any, shape: Shape | None) -> Any:
    if shape is None or _is_free(shape):
        return value
    if shape.type_name == "blob":
        return _bytes(value)
    if shape.type_name == "structure" and isinstance(value, dict):
        is_union = getattr(shape, "is_tagged_union", False)
        members = {name: _normal(child, shape.members.get(name)) for name, child in value.items()}
        if isinstance(members.get("schema"), str):
            members["schema"] = _schema(members["schema"])
        # The empty object of a union says which member was chosen, and what is required is said even if empty.
        kept = members if is_union else shape.required_members
        return {name: child for name, child in members.items() if name in kept or not _is_nothing(child)}
    if shape.type_name == "list" and isinstance(value, list):
        return [_normal(child, shape.member) for child in value]
    return value


def _is_free(shape: Shape) -> bool:
    return getattr(shape, "is_document_type", False)


def _is_nothing(value: Any) -> bool:
    return value is None or value == [] or value == {}


def _bytes(value: Any) -> Any:
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, binascii.Error):
        return value


def _schema(text: str) -> Any:
    try:
        return {"json": json.loads(text)}
    except json.JSONDecodeError:
        return text


def _known(value: Any, shape: Shape) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict) and not _is_free(shape):
        return {name: _known(child, shape.members[name]) for name, child in value.items() if name in shape.members}
    if shape.type_name == "list" and isinstance(value, list):
        return [_known(child, shape.member) for child in value]
    return value

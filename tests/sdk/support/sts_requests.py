"""Judges requests to STS and to Bedrock's control plane by botocore: the form by the service model, the signature by the
signer."""

import re
from urllib.parse import unquote

import botocore.session
from botocore.credentials import Credentials
from botocore.model import Shape

from . import service_model, sigv4
from .relay import STS, Exchange

CONTROL_PLANE = botocore.session.get_session().get_service_model("bedrock")
PROFILE = re.compile(r"/inference-profiles/([^/?]+)")


def parameters(form: dict[str, str], operation: str) -> dict:
    """The members of a form by the model's names; a field that the model has not is an error."""
    shape = STS.operation_model(operation).input_shape
    assert form.pop("Action") == operation
    assert form.pop("Version") == STS.api_version
    found = {name: _value(form, name, member) for name, member in shape.members.items()}
    assert not form, f"fields that the model does not know: {form}"
    return {name: value for name, value in found.items() if value is not None}


def _value(form: dict[str, str], name: str, shape: Shape) -> object:
    """Takes what belongs to a member out of the form."""
    if shape.type_name == "list":
        entries = []
        while any(field.startswith(f"{name}.member.{len(entries) + 1}") for field in form):
            entries.append(_value(form, f"{name}.member.{len(entries) + 1}", shape.member))
        return entries or None
    if shape.type_name == "structure":
        members = {inner: _value(form, f"{name}.{inner}", member) for inner, member in shape.members.items()}
        return {inner: value for inner, value in members.items() if value is not None} or None
    text = form.pop(name, None)
    return int(text) if text is not None and shape.type_name == "integer" else text


def judge_assume_role(exchange: Exchange, credentials: Credentials, region: str) -> dict:
    """The parameters of a call of AssumeRole that botocore has nothing against."""
    assert (exchange.request.method, exchange.request.target) == ("POST", "/")
    found = parameters(exchange.form, "AssumeRole")
    shape = STS.operation_model("AssumeRole").input_shape
    assert service_model.violations_of(found, shape) == []
    sigv4.check(exchange.request, credentials, region, "sts")
    return found


def judge_profile(exchange: Exchange, credentials: Credentials, region: str) -> str:
    """The profile that a call of GetInferenceProfile asks for, which botocore has nothing against."""
    assert (exchange.request.method, exchange.request.body) == ("GET", b"")
    path = PROFILE.fullmatch(exchange.request.target)
    assert path, exchange.request.target
    identifier = unquote(path[1])
    shape = CONTROL_PLANE.operation_model("GetInferenceProfile").input_shape
    assert service_model.violations_of({"inferenceProfileIdentifier": identifier}, shape) == []
    sigv4.check(exchange.request, credentials, region)
    return identifier

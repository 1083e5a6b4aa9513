"""The Portkey client for Python: failures are its own error classes, and it never repeats a call by itself."""

import pytest
from portkey_ai._vendor import openai as vendored

from support import identity
from support.conversations import ECHO, MODEL, PROMPT, finish_reasons, joined, user
from support.faults import EXCEPTIONS, FAULTS
from support.portkey_callers import CALLERS
from test_portkey import DIRECT


@pytest.fixture(params=CALLERS)
def portkey(request, gateway):
    def build(**options):
        return CALLERS[request.param](api_key=identity.PORTKEY_API_KEY, base_url=gateway.gateway, **options)

    return build


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_errors_of_bedrock_are_typed(portkey, fault, streamed):
    client = portkey(**DIRECT)
    call = client.chunks if streamed else client.create
    with pytest.raises(getattr(vendored, fault.error_class)) as caught:
        call(model=fault.model, messages=[user(PROMPT)])
    error = caught.value
    assert error.status_code == fault.status
    assert error.body["message"].strip()
    assert error.response.headers["x-portkey-trace-id"]
    if fault.code:
        assert error.code == fault.code
    if fault.type:
        assert error.type == fault.type


@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_an_exception_in_the_middle_raises(portkey, kind):
    seen: list = []
    with pytest.raises(vendored.APIError) as caught:
        portkey(**DIRECT).chunks(seen, model=f"emulator.exception-{kind}-after-2", messages=[user(PROMPT)])
    assert caught.value.code == EXCEPTIONS[kind][0]
    assert joined(seen) and ECHO.startswith(joined(seen))
    assert finish_reasons(seen) == []


def test_an_expired_session_token(portkey):
    session = {
        **DIRECT,
        "aws_access_key_id": identity.SESSION_ACCESS_KEY_ID,
        "aws_secret_access_key": identity.SESSION_SECRET_ACCESS_KEY,
    }
    with pytest.raises(vendored.PermissionDeniedError) as caught:
        portkey(**session, aws_session_token=identity.EXPIRED_TOKEN).create(model=MODEL, messages=[user(PROMPT)])
    assert caught.value.code == "ExpiredTokenException"


def test_keys_that_may_not_use_the_model(portkey):
    denied = {
        **DIRECT,
        "aws_access_key_id": identity.DENIED_ACCESS_KEY_ID,
        "aws_secret_access_key": identity.DENIED_SECRET_ACCESS_KEY,
    }
    with pytest.raises(vendored.PermissionDeniedError) as caught:
        portkey(**denied).create(model=MODEL, messages=[user(PROMPT)])
    assert caught.value.code == "AccessDeniedException"


def test_no_credentials(portkey):
    """The client fills in `Bearer OPENAI_API_KEY` and an API key of Portkey's; neither is a key of AWS."""
    with pytest.raises(vendored.AuthenticationError) as caught:
        portkey(provider="bedrock").create(model=MODEL, messages=[user(PROMPT)])
    assert "x-portkey-aws-access-key-id" in caught.value.body["message"]


@pytest.mark.parametrize("missing", ["aws_access_key_id", "aws_secret_access_key"])
def test_half_a_pair(portkey, missing):
    with pytest.raises(vendored.BadRequestError) as caught:
        portkey(**{**DIRECT, missing: None}).create(model=MODEL, messages=[user(PROMPT)])
    assert caught.value.param == f"x-portkey-{missing.replace('_', '-')}"


def test_a_model_left_out(portkey):
    """The client sends `portkey-default` when no model is named; Bedrock has no such model."""
    with pytest.raises(vendored.BadRequestError) as caught:
        portkey(**DIRECT).create(messages=[user(PROMPT)])
    assert caught.value.param == "model"


def test_a_slug_of_a_saved_config(portkey):
    with pytest.raises(vendored.BadRequestError) as caught:
        portkey(config="pc-saved-elsewhere").create(model=MODEL, messages=[user(PROMPT)])
    assert caught.value.param == "x-portkey-config"

"""Portkey's client with virtual keys, sync and async: every way to name one, every kind of credentials behind it, and
as whom the request then came to Bedrock."""

import pytest

from support import identity
from support.conversations import ECHO, MODEL, PROMPT, joined, user
from support.portkey_callers import CALLERS
from support.vault import EXTERNAL_ID, PAIR, role, session

BODY = {"model": MODEL, "messages": [user(PROMPT)]}
EXTERNAL = f"emulator-external-id-{EXTERNAL_ID}"
STS = {"aws_session_token": identity.SESSION_TOKEN}
INLINE = {"provider": "bedrock", **PAIR}

# How the client is told as whom to call, and as whom the request arrives.
WAYS = {
    "access key": ({"virtual_key": "VIRTUAL_KEY"}, identity.ACCESS_KEY_ID),
    "access key, token empty": ({"virtual_key": "VIRTUAL_KEY", "aws_session_token": ""}, identity.ACCESS_KEY_ID),
    "STS pair and token": ({"virtual_key": "sts-pair", **STS}, identity.SESSION_ACCESS_KEY_ID),
    "assumed role": ({"virtual_key": "role-by-gateway"}, session(EXTERNAL, "caller")),
    "role by its own pair": ({"virtual_key": "role-by-pair"}, session("by-pair", "caller")),
    "chained roles": ({"virtual_key": "chained"}, session("emulator-only-from-hub", "caller")),
    "Bedrock API key": ({"virtual_key": "bedrock-api-key"}, identity.API_KEY),
    "service role": ({"virtual_key": "service-role"}, identity.ACCESS_KEY_ID),
    "provider with @": ({"provider": "@role-by-pair"}, session("by-pair", "caller")),
    "virtual_key in a config": ({"config": {"virtual_key": "role-by-pair"}}, session("by-pair", "caller")),
    "provider with @ in a config": ({"config": {"provider": "@role-by-pair"}}, session("by-pair", "caller")),
    "token beside a config": ({"config": {"virtual_key": "sts-pair"}, **STS}, identity.SESSION_ACCESS_KEY_ID),
    "direct details": (INLINE, identity.ACCESS_KEY_ID),
    "direct details, session": (
        {
            "provider": "bedrock",
            "aws_access_key_id": identity.SESSION_ACCESS_KEY_ID,
            "aws_secret_access_key": identity.SESSION_SECRET_ACCESS_KEY,
            **STS,
        },
        identity.SESSION_ACCESS_KEY_ID,
    ),
    "direct details, role": (
        {**INLINE, "aws_auth_type": "assumedRole", "aws_role_arn": role("inline")},
        session("inline", "caller"),
    ),
    "direct Bedrock API key": ({"provider": "bedrock", "Authorization": f"Bearer {identity.API_KEY}"}, identity.API_KEY),
}


@pytest.fixture(params=CALLERS)
def portkey(request, keeper):
    def build(**options):
        return CALLERS[request.param](api_key=keeper.caller, base_url=keeper.gateway, **options)

    return build


def last_caller(relay, mark: int) -> str | None:
    (exchange,) = relay.since(mark, "Converse", "ConverseStream")
    return relay.who(exchange)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("options", "who"), WAYS.values(), ids=WAYS)
def test_every_way(portkey, relay, options, who, stream):
    mark = relay.mark()
    client = portkey(**options)
    if stream:
        assert joined(client.chunks(**BODY)) == ECHO
    else:
        assert client.create(**BODY).choices[0].message.content == ECHO
    assert last_caller(relay, mark) == who


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_model_names_the_virtual_key(portkey, relay, stream):
    mark = relay.mark()
    body = {**BODY, "model": f"@role-by-pair/{MODEL}"}
    if stream:
        chunks = portkey().chunks(**body)
        assert joined(chunks) == ECHO
        named = {chunk.model for chunk in chunks}
    else:
        answer = portkey().create(**body)
        assert answer.choices[0].message.content == ECHO
        named = {answer.model}
    assert named == {body["model"]}, "the model as the client named it"
    assert last_caller(relay, mark) == session("by-pair", "caller")


def test_a_model_is_stronger_than_a_header(portkey, relay):
    mark = relay.mark()
    portkey(virtual_key="VIRTUAL_KEY").create(**{**BODY, "model": f"@role-by-pair/{MODEL}"})
    assert last_caller(relay, mark) == session("by-pair", "caller")


def test_the_region_of_the_virtual_key(portkey, relay):
    """It holds unless the request says another, in every service that is asked."""
    for options, region in ({}, "eu-west-1"), ({"aws_region": "us-west-2"}, "us-west-2"):
        mark = relay.mark()
        portkey(virtual_key="role-by-gateway", **options).create(**BODY)
        scopes = [exchange.request.header("authorization").split("/")[2] for exchange in relay.since(mark)]
        assert set(scopes) == {region}, scopes


def test_a_virtual_key_needs_its_caller(keeper):
    """Who shows a key that is none of this gateway's is not somebody whom nobody knows, but somebody wrong."""
    for key in ("bgw-wrong", identity.PORTKEY_API_KEY, ""):
        client = CALLERS["sync"](api_key=key, base_url=keeper.gateway, virtual_key="VIRTUAL_KEY")
        with pytest.raises(Exception) as caught:
            client.create(**BODY)
        assert (type(caught.value).__name__, caught.value.status_code) == ("AuthenticationError", 401)


@pytest.mark.parametrize(
    ("options", "error", "code"),
    [
        ({"virtual_key": "no-such-key"}, "NotFoundError", "virtual_key_not_found"),
        ({"virtual_key": "VIRTUAL_KEY", **PAIR}, "BadRequestError", "x-portkey-aws-access-key-id"),
        ({"virtual_key": "role-by-pair", **STS}, "BadRequestError", "x-portkey-aws-session-token"),
        ({"virtual_key": "bedrock-api-key", **STS}, "BadRequestError", "x-portkey-aws-session-token"),
        ({}, "AuthenticationError", "no_credentials"),
        (STS, "BadRequestError", "x-portkey-aws-access-key-id"),
    ],
    ids=["unknown", "with a pair", "token for a role", "token for a bearer key", "nothing", "token alone"],
)
def test_mistakes(portkey, relay, options, error, code):
    """They are told before anything is sent; `code` is the error's code, or the place it points at."""
    mark = relay.mark()
    with pytest.raises(Exception) as caught:
        portkey(**options).create(**BODY)
    assert type(caught.value).__name__ == error
    told = caught.value.response.json()["error"]
    assert code in (told["code"], told["param"]), told
    assert relay.since(mark) == []


def test_models_of_a_virtual_key(keeper, portkey):
    keeper.make_virtual_key("echo-only", **PAIR, models=["emulator.echo", "anthropic.claude-*"])
    client = portkey(virtual_key="echo-only")
    assert client.create(**BODY).choices[0].message.content == ECHO
    assert client.create(**{**BODY, "model": "anthropic.claude-v2:1"}).choices[0].message.content == ECHO
    with pytest.raises(Exception) as caught:
        client.create(**{**BODY, "model": "amazon.titan-text-express-v1"})
    assert caught.value.response.json()["error"]["code"] == "model_not_allowed"
    assert keeper.admin_call("/virtual-keys/echo-only", method="DELETE").status == 200


@pytest.mark.parametrize("slug", ["VIRTUAL_KEY", "role-by-gateway", "bedrock-api-key", "service-role"])
def test_what_is_lent_goes_to_no_host_that_the_caller_names(portkey, relay, slug):
    """Not even to one where the caller's own credentials may go, such as an endpoint of somebody's VPC."""
    mark = relay.mark()
    host = "https://vpce-0a1b2c3d-e4f5.bedrock-runtime.us-east-1.vpce.amazonaws.com"
    with pytest.raises(Exception) as caught:
        portkey(virtual_key=slug, custom_host=host).create(**BODY)
    error = caught.value.response.json()["error"]
    assert (caught.value.status_code, error["param"]) == (400, "x-portkey-custom-host"), error
    assert relay.since(mark) == []

"""The client of OpenAI, sync and async, with a gateway key in each of its places and the virtual key in another."""

import openai
import pytest
from portkey_ai import createHeaders

from support import identity
from support.conversations import ECHO, MODEL, PROMPT, joined, user
from support.openai_callers import CALLERS
from support.vault import PAIR, session

BODY = {"model": MODEL, "messages": [user(PROMPT)]}

SLUG = {"virtual_key": "role-by-pair"}
AS_ROLE = session("by-pair", "caller")


@pytest.fixture(params=CALLERS)
def client(request, keeper):
    """Builds clients. `mine` stands for the gateway key wherever it is written."""

    def build(api_key: str, headers: dict[str, str], **options):
        headers = {name: keeper.caller if value == "mine" else value for name, value in headers.items()}
        return CALLERS[request.param](
            api_key=keeper.caller if api_key == "mine" else api_key,
            base_url=keeper.gateway,
            default_headers=createHeaders(**headers),
            max_retries=0,
        )

    return build


# The client's own key, what `createHeaders` is given, and the caller that Bedrock then sees.
WAYS = {
    "gateway key as the client's": ("mine", SLUG, AS_ROLE),
    "gateway key as Portkey's": ("unused", {"api_key": "mine", **SLUG}, AS_ROLE),
    "provider with @": ("mine", {"provider": "@role-by-pair"}, AS_ROLE),
    "config": ("mine", {"config": {"provider": "@role-by-pair"}}, AS_ROLE),
    "details beside": ("mine", {"provider": "bedrock", **PAIR}, identity.ACCESS_KEY_ID),
    "both kinds of keys": (identity.API_KEY, {"api_key": "mine", "provider": "bedrock"}, identity.API_KEY),
    "Bedrock key of the vault": ("mine", {"virtual_key": "bedrock-api-key"}, identity.API_KEY),
    "STS": ("mine", {"virtual_key": "sts-pair", "aws_session_token": identity.SESSION_TOKEN},
            identity.SESSION_ACCESS_KEY_ID),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("key", "headers", "who"), WAYS.values(), ids=WAYS)
def test_every_way(client, relay, key, headers, who, stream):
    mark = relay.mark()
    caller = client(key, headers)
    if stream:
        assert joined(caller.chunks(**BODY)) == ECHO
    else:
        assert caller.create(**BODY).choices[0].message.content == ECHO
    (exchange,) = relay.since(mark, "Converse", "ConverseStream")
    assert relay.who(exchange) == who


def test_the_client_alone_names_the_virtual_key_by_the_model(client, relay):
    """Two settings of any program that speaks to OpenAI are enough: its key and its model."""
    mark = relay.mark()
    assert client("mine", {}).create(**{**BODY, "model": f"@role-by-pair/{MODEL}"}).choices[0].message.content == ECHO
    (exchange,) = relay.since(mark, "Converse")
    assert relay.who(exchange) == AS_ROLE


@pytest.mark.parametrize(
    ("key", "headers", "kind"),
    [
        ("bgw-wrong", SLUG, openai.AuthenticationError),
        (identity.API_KEY, SLUG, openai.AuthenticationError),
        ("mine", {"virtual_key": "no-such-key"}, openai.NotFoundError),
        ("mine", {**SLUG, **PAIR}, openai.BadRequestError),
        ("mine", {}, openai.AuthenticationError),
    ],
)
def test_mistakes(client, relay, key, headers, kind):
    mark = relay.mark()
    with pytest.raises(kind) as caught:
        client(key, headers).create(**BODY)
    assert caught.value.code or caught.value.param
    assert relay.since(mark) == []

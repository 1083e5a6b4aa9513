"""The Python examples of Portkey's page on AWS Bedrock, with the Portkey client.

Changed are the API key, which is a gateway key here, and the base URL. The virtual key is called `VIRTUAL_KEY`, as on
the page. The page reads a delta by `.get("content_blocks")`, which the objects of today's client do not have; the
attribute is the same.
"""

import pytest
from portkey_ai import Portkey

from support import identity, seed
from support.conversations import content_blocks, joined
from support.images import PNG, data_url
from support.vault import session


TEST = {
    "messages": [{"role": "user", "content": "Say this is a test"}],
    "model": "anthropic.claude-v2:1",
    "max_tokens": 250,  # Required field for Anthropic
}


@pytest.fixture
def portkey(keeper):
    # "Initialize Portkey with the Virtual Key"
    return Portkey(
        api_key=keeper.caller,
        virtual_key="VIRTUAL_KEY",
        base_url=keeper.gateway,
    )


@pytest.fixture
def thinker(keeper):
    return Portkey(
        api_key=keeper.caller,
        virtual_key="VIRTUAL_KEY",
        strict_openai_compliance=False,
        base_url=keeper.gateway,
    )


@pytest.fixture
def recorded(recorded_gateway):
    """The client in front of an upstream that shows what it was sent."""
    return Portkey(
        api_key=identity.PORTKEY_API_KEY,
        provider="bedrock",
        aws_access_key_id=identity.ACCESS_KEY_ID,
        aws_secret_access_key=identity.SECRET_ACCESS_KEY,
        base_url=recorded_gateway.gateway,
    )


def test_chat_completions(portkey):
    completion = portkey.chat.completions.create(**TEST)
    assert completion.choices[0].message.content == "You said: Say this is a test"
    assert completion.model == "anthropic.claude-v2:1"


def test_the_virtual_key_can_be_overridden_in_the_call(portkey, keeper, relay):
    """ "You can also override the virtual key directly in the API call if needed." """
    mark = relay.mark()
    completion = portkey.with_options(virtual_key="role-by-pair").chat.completions.create(**TEST)
    assert completion.choices[0].message.content == "You said: Say this is a test"
    (exchange,) = relay.since(mark, "Converse")
    assert relay.who(exchange) == session("by-pair", "caller")


@pytest.mark.parametrize(
    ("virtual_key", "token"),
    [("sts-pair", identity.SESSION_TOKEN), ("VIRTUAL_KEY", "")],
    ids=["token", "empty, as on the page"],
)
def test_a_virtual_key_with_aws_sts(keeper, virtual_key, token):
    portkey = Portkey(
        api_key=keeper.caller,
        virtual_key=virtual_key,
        aws_session_token=token,
        base_url=keeper.gateway,
    )
    completion = portkey.chat.completions.create(**TEST)
    assert completion.choices[0].message.content == "You said: Say this is a test"


@pytest.mark.parametrize("known", [True, False], ids=["gateway key", "gateway without keys"])
@pytest.mark.parametrize("token", ["token", "no token"])
def test_direct_aws_details(gateway, keeper, known, token):
    """ "Making Requests without Virtual Keys"; the page shows `aws_session_token=""` too."""
    keys = {
        "token": (identity.SESSION_ACCESS_KEY_ID, identity.SESSION_SECRET_ACCESS_KEY, identity.SESSION_TOKEN),
        "no token": (identity.ACCESS_KEY_ID, identity.SECRET_ACCESS_KEY, ""),
    }
    access_key_id, secret_access_key, session_token = keys[token]
    portkey = Portkey(
        api_key=keeper.caller if known else identity.PORTKEY_API_KEY,
        provider="bedrock",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_region="us-east-1",
        aws_session_token=session_token,
        base_url=keeper.gateway if known else gateway.gateway,
    )
    completion = portkey.chat.completions.create(**TEST)
    assert completion.choices[0].message.content == "You said: Say this is a test"


@pytest.mark.parametrize(
    "model", ["anthropic.claude-3-sonnet", "anthropic.claude-3-haiku", "anthropic.claude-3-opus"]
)
def test_vision(portkey, model):
    response = portkey.chat.completions.create(
        model=model,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What's in this image?"},
                    {"type": "image_url", "image_url": {"url": data_url(PNG)}},
                ],
            }
        ],
        max_tokens=300,
    )
    assert "png image of 16x16 pixels" in response.choices[0].message.content


def thoughts_of_the_stream(response) -> dict[int, dict[str, str]]:
    """Reads the array `response_chunk.choices[0].delta.content_blocks`, as the page does."""
    chunks, shown = [], []
    for chunk in response:
        chunks.append(chunk)
        if chunk.choices[0].delta:
            content_blocks_of_chunk = getattr(chunk.choices[0].delta, "content_blocks", None)
            if content_blocks_of_chunk is not None:
                shown.extend(content_blocks_of_chunk)
    assert shown
    blocks = content_blocks(chunks)
    assert joined(chunks) == blocks[1]["text"]
    return blocks


@pytest.mark.parametrize("body", [seed.SINGLE_TURN, seed.MULTI_TURN], ids=["single turn", "multi turn"])
def test_thinking(thinker, body):
    question = seed.SINGLE_QUESTION if body is seed.SINGLE_TURN else seed.MULTI_QUESTION
    blocks = thoughts_of_the_stream(thinker.chat.completions.create(**body))
    assert blocks[0]["thinking"] == f"Let me think about: {question}"
    assert blocks[0]["signature"]
    assert blocks[1]["text"] == f"You said: {question}"


@pytest.mark.parametrize("body", [seed.SINGLE_TURN, seed.MULTI_TURN], ids=["single turn", "multi turn"])
def test_thinking_without_a_stream(thinker, body):
    question = seed.SINGLE_QUESTION if body is seed.SINGLE_TURN else seed.MULTI_QUESTION
    message = thinker.chat.completions.create(**seed.without(body, "stream")).choices[0].message
    assert [block["type"] for block in message.content_blocks] == ["thinking", "text"]
    assert message.content == f"You said: {question}"


@pytest.mark.parametrize("name", ["additionalModelRequestFields", "additional_model_request_fields"])
def test_additional_request_fields(recorded, recorder, name):
    recorded.chat.completions.create(
        model="cohere.command-r-v1:0",
        messages=[{"role": "user", "content": "hi"}],
        **{name: {"frequency_penalty": 0.4}},
    )
    assert recorder.take().json()["additionalModelRequestFields"] == {"frequency_penalty": 0.4}


@pytest.mark.parametrize("name", ["additionalModelResponseFieldPaths", "additional_model_response_field_paths"])
def test_additional_response_field_paths(recorded, recorder, name):
    recorded.chat.completions.create(
        model="anthropic.claude-v2:1",
        messages=[{"role": "user", "content": "hi"}],
        **{name: ["/stop_sequence"]},
    )
    assert recorder.take().json()["additionalModelResponseFieldPaths"] == ["/stop_sequence"]

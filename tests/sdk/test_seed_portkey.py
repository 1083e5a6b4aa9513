"""The Python examples of Portkey's page on AWS Bedrock, with the Portkey client.

Changed are keys and base URL; direct AWS details stand where the page names a virtual key. The page reads a
delta by `.get("content_blocks")`, which the objects of today's client do not have; the attribute is the same.
"""

import pytest
from portkey_ai import Portkey

from support import identity, seed
from support.conversations import content_blocks, joined
from support.images import PNG, data_url


@pytest.fixture
def portkey(gateway):
    # "Making Requests without Virtual Keys"
    return Portkey(
        api_key=identity.PORTKEY_API_KEY,
        provider="bedrock",
        aws_access_key_id=identity.SESSION_ACCESS_KEY_ID,
        aws_secret_access_key=identity.SESSION_SECRET_ACCESS_KEY,
        aws_region="us-east-1",
        aws_session_token=identity.SESSION_TOKEN,
        base_url=gateway.gateway,
    )


@pytest.fixture
def thinker(gateway):
    return Portkey(
        api_key=identity.PORTKEY_API_KEY,
        provider="bedrock",
        aws_access_key_id=identity.ACCESS_KEY_ID,
        aws_secret_access_key=identity.SECRET_ACCESS_KEY,
        aws_region="us-east-1",
        strict_openai_compliance=False,
        base_url=gateway.gateway,
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
    completion = portkey.chat.completions.create(
        messages=[{"role": "user", "content": "Say this is a test"}],
        model="anthropic.claude-v2:1",
        max_tokens=250,  # Required field for Anthropic
    )
    assert completion.choices[0].message.content == "You said: Say this is a test"
    assert completion.model == "anthropic.claude-v2:1"


def test_an_empty_session_token_is_none(gateway):
    """The page shows `aws_session_token=""`."""
    portkey = Portkey(
        api_key=identity.PORTKEY_API_KEY,
        provider="bedrock",
        aws_access_key_id=identity.ACCESS_KEY_ID,
        aws_secret_access_key=identity.SECRET_ACCESS_KEY,
        aws_region="us-east-1",
        aws_session_token="",
        base_url=gateway.gateway,
    )
    completion = portkey.chat.completions.create(
        messages=[{"role": "user", "content": "Say this is a test"}], model="anthropic.claude-v2:1", max_tokens=250
    )
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

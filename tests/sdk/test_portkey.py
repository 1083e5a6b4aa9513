"""The Portkey client for Python, sync and async: direct AWS details and Portkey's shape of answers."""

import json

import pytest

from support import identity
from support.conversations import (
    ECHO,
    MODEL,
    PROMPT,
    TIME,
    WEATHER,
    assert_usage_adds_up,
    content_blocks,
    finish_reasons,
    joined,
    tool_calls,
    tool_result,
    user,
)
from support.images import PNG, data_url
from support.portkey_callers import CALLERS

THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048}
DIRECT = {
    "provider": "bedrock",
    "aws_access_key_id": identity.ACCESS_KEY_ID,
    "aws_secret_access_key": identity.SECRET_ACCESS_KEY,
    "aws_region": identity.REGION,
}


@pytest.fixture(params=CALLERS)
def portkey(request, gateway):
    """Builds clients; without arguments one with direct AWS details."""

    def build(**options):
        chosen = {**DIRECT, **options} if "config" not in options else options
        return CALLERS[request.param](api_key=identity.PORTKEY_API_KEY, base_url=gateway.gateway, **chosen)

    return build


def test_a_plain_answer_has_portkeys_shape(portkey):
    """These clients send `strict: false` by themselves."""
    answer = portkey().create(model=MODEL, messages=[user(PROMPT)])
    assert answer.id.startswith("chatcmpl-")
    assert (answer.object, answer.model, answer.provider) == ("chat.completion", MODEL, "bedrock")
    (choice,) = answer.choices
    assert choice.finish_reason == "end_turn"
    assert choice.message.content == ECHO
    assert choice.message.content_blocks == [{"type": "text", "text": ECHO}]
    assert_usage_adds_up(answer.usage)


def test_a_stream_has_portkeys_shape(portkey):
    chunks = portkey().chunks(model=MODEL, messages=[user(PROMPT)])
    assert joined(chunks) == ECHO
    assert content_blocks(chunks) == {0: {"text": ECHO}}
    assert finish_reasons(chunks) == ["end_turn"]
    last = chunks[-1]
    assert last.choices[0].finish_reason == "end_turn"
    assert_usage_adds_up(last.usage)
    assert {chunk.provider for chunk in chunks} == {"bedrock"}


def test_the_strict_flag_gives_openai_to_the_letter(portkey):
    client = portkey(strict_open_ai_compliance=True)
    answer = client.create(model=MODEL, messages=[user(PROMPT)], **THINKING)
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.content == ECHO
    assert "provider" not in answer.model_extra
    assert "content_blocks" not in answer.choices[0].message.model_extra
    chunks = client.chunks(model=MODEL, messages=[user(PROMPT)], **THINKING)
    assert joined(chunks) == ECHO
    assert content_blocks(chunks) == {}
    assert finish_reasons(chunks) == ["stop"]
    assert all(chunk.usage is None for chunk in chunks)


@pytest.mark.parametrize("strict", [True, False])
def test_the_strict_flag_as_the_page_spells_it(portkey, strict):
    """`strict_openai_compliance` makes a second header, beside the `false` that the client sends by itself."""
    answer = portkey(strict_openai_compliance=strict).create(model=MODEL, messages=[user(PROMPT)])
    assert answer.choices[0].finish_reason == ("stop" if strict else "end_turn")
    assert ("content_blocks" in answer.choices[0].message.model_extra) is not strict


def test_get_headers(portkey):
    answer = portkey(trace_id="trace-of-mine").create(model=MODEL, messages=[user(PROMPT)])
    headers = answer.get_headers()
    assert headers["trace-id"] == "trace-of-mine"
    assert headers["provider"] == "bedrock"
    assert headers["retry-attempt-count"] == "0"
    assert headers["cache-status"] == "DISABLED"
    assert headers["last-used-option-index"] == "config"


def test_a_trace_id_is_made_up_when_none_is_given(portkey):
    ids = {portkey().create(model=MODEL, messages=[user("hi")]).get_headers()["trace-id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(ids)


def test_metadata_and_the_other_options_are_accepted(portkey):
    client = portkey(
        metadata={"_user": "kim", "environment": "tests"},
        cache_force_refresh=False,
        cache_namespace="none",
        debug=False,
        request_timeout=30_000,
    )
    assert client.create(model=MODEL, messages=[user(PROMPT)]).choices[0].message.content == ECHO


def test_a_session_token(portkey):
    session = {
        "aws_access_key_id": identity.SESSION_ACCESS_KEY_ID,
        "aws_secret_access_key": identity.SESSION_SECRET_ACCESS_KEY,
        "aws_session_token": identity.SESSION_TOKEN,
    }
    assert portkey(**session).create(model=MODEL, messages=[user(PROMPT)]).choices[0].message.content == ECHO
    assert joined(portkey(**session).chunks(model=MODEL, messages=[user(PROMPT)])) == ECHO


def test_another_region(portkey):
    answer = portkey(aws_region="eu-central-1").create(model=MODEL, messages=[user(PROMPT)])
    assert answer.choices[0].message.content == ECHO


def test_a_bedrock_api_key_as_authorization(portkey):
    nothing = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key", "aws_region"))
    for options in ({}, {"aws_auth_type": "apiKey"}):
        client = portkey(**nothing, **options, Authorization=f"Bearer {identity.API_KEY}")
        assert client.create(model=MODEL, messages=[user(PROMPT)]).choices[0].message.content == ECHO


@pytest.mark.parametrize("shape", ["bare", "single"])
def test_a_config_carries_the_credentials(portkey, shape):
    config = DIRECT if shape == "bare" else {"strategy": {"mode": "single"}, "targets": [DIRECT]}
    answer = portkey(config=config).create(model=MODEL, messages=[user(PROMPT)])
    assert answer.choices[0].message.content == ECHO
    assert answer.get_headers()["last-used-option-index"] == ("config" if shape == "bare" else "config.targets[0]")


def test_a_config_in_camel_case(portkey):
    config = {
        "provider": "bedrock",
        "awsAccessKeyId": identity.SESSION_ACCESS_KEY_ID,
        "awsSecretAccessKey": identity.SESSION_SECRET_ACCESS_KEY,
        "awsSessionToken": identity.SESSION_TOKEN,
        "awsRegion": "eu-west-1",
    }
    assert portkey(config=config).create(model=MODEL, messages=[user(PROMPT)]).choices[0].message.content == ECHO


def test_a_config_overrides_parameters(portkey):
    config = {**DIRECT, "override_params": {"max_tokens": 2, "model": "amazon.titan-overridden-v1"}}
    answer = portkey(config=config).create(model=MODEL, messages=[user(PROMPT)], max_tokens=500)
    assert answer.choices[0].finish_reason == "max_tokens"
    assert answer.usage.completion_tokens <= 2


def test_a_config_chooses_the_shape(portkey):
    """The client's own header says `false` to every request; a config may say so as well, and nothing breaks."""
    answer = portkey(config={**DIRECT, "strict_open_ai_compliance": False}).create(model=MODEL, messages=[user(PROMPT)])
    assert answer.choices[0].message.content_blocks


def test_a_tool_is_called_and_its_result_is_read(portkey):
    client, ask = portkey(), user("use get_weather and get_time for Lisbon")
    first = client.create(model=MODEL, messages=[ask], tools=[WEATHER, TIME])
    assert first.choices[0].finish_reason == "tool_use"
    message = first.choices[0].message
    assert {call.function.name for call in message.tool_calls} == {"get_weather", "get_time"}
    assert [block["type"] for block in message.content_blocks] == ["text"], "tool use is no content block"
    results = [tool_result(call.id, f"{call.function.name} is fine") for call in message.tool_calls]
    # The whole message goes back as it came, content blocks included.
    turn = json.loads(json.dumps(message.model_dump(exclude_none=True)))
    second = client.create(model=MODEL, messages=[ask, turn, *results], tools=[WEATHER, TIME])
    for name in ("get_weather", "get_time"):
        assert f"The tool {name} answered: {name} is fine" in second.choices[0].message.content


def test_streamed_tool_calls(portkey):
    chunks = portkey().chunks(model=MODEL, messages=[user("use the tool get_weather for Lisbon")], tools=[WEATHER])
    (call,) = tool_calls(chunks)
    assert call["name"] == "get_weather"
    assert json.loads(call["arguments"]) == {"location": "Lisbon", "unit": "celsius"}
    assert finish_reasons(chunks) == ["tool_use"]


def test_thinking_with_tools_goes_all_the_way_round(portkey):
    """Thought, tool call, result: the signed thought has to stand before the tool call on the way back."""
    client, ask = portkey(), user("use the tool get_weather for Lisbon")
    message = client.create(model=MODEL, messages=[ask], tools=[WEATHER], **THINKING).choices[0].message
    assert message.content_blocks[0]["type"] == "thinking"
    turn = {
        "role": "assistant",
        "content": [block for block in message.content_blocks],
        "tool_calls": [call.model_dump(exclude_none=True) for call in message.tool_calls],
    }
    result = tool_result(message.tool_calls[0].id, "18 degrees")
    second = client.create(model=MODEL, messages=[ask, turn, result], tools=[WEATHER], **THINKING)
    assert second.choices[0].message.content == "The tool get_weather answered: 18 degrees"


def test_images_arrive_whole(portkey):
    content = [
        {"type": "text", "text": "what is this?"},
        {"type": "image_url", "image_url": {"url": data_url(PNG)}},
    ]
    answer = portkey().create(model=MODEL, messages=[{"role": "user", "content": content}])
    assert f"I see a png image of 16x16 pixels ({len(PNG)} bytes)." in answer.choices[0].message.content

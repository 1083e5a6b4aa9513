"""The Portkey client for Python, sync and async: thoughts that go a long way round, through calls and results.

The emulator refuses thoughts that come back changed, so each next turn proves that the one before was kept.
"""

import json

import pytest

from support import identity
from support.conversations import WEATHER, content_blocks, finish_reasons, joined, message_of, tool_result, user
from support.models import CLAUDE_4_5, CLAUDE_4_6, CLAUDE_5, DEEPSEEK, GPT, GPT_OSS, KIMI, LLAMA, NOVA_2
from support.portkey_callers import CALLERS

BUDGET = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048}
ADAPTIVE = {"thinking": {"type": "adaptive"}, "max_tokens": 2048}
EFFORT = {"reasoning_effort": "low", "max_tokens": 4096}

# How each family is asked to think, and what comes first in its turns.
FAMILIES = {
    "Claude by budget": (CLAUDE_4_5, BUDGET, "thinking"),
    "Claude by effort": (CLAUDE_4_6, EFFORT, "thinking"),
    "Claude as it likes": (CLAUDE_5, ADAPTIVE, "thinking"),
    "Nova": (NOVA_2, EFFORT, "thinking"),
    "gpt-oss": (GPT_OSS, EFFORT, "thinking"),
    "sealed by OpenAI": (GPT, EFFORT, "redacted_thinking"),
    "DeepSeek": (DEEPSEEK, EFFORT, "thinking"),
    "Kimi": (KIMI, {}, "thinking"),
}


@pytest.fixture(params=CALLERS)
def portkey(request, gateway):
    return CALLERS[request.param](
        api_key=identity.PORTKEY_API_KEY,
        base_url=gateway.gateway,
        provider="bedrock",
        aws_access_key_id=identity.ACCESS_KEY_ID,
        aws_secret_access_key=identity.SECRET_ACCESS_KEY,
        aws_region=identity.REGION,
    )


def turn(client, stream: bool, **body) -> dict:
    """One turn of the assistant, as it goes back."""
    if stream:
        return message_of(client.chunks(**body))
    return client.create(**body).choices[0].message.model_dump(exclude_none=True)


def without_reading(message: dict) -> dict:
    """The turn without the copy of its thoughts that is for people."""
    return {name: value for name, value in message.items() if name != "reasoning_content"}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_loop_of_calls_keeps_its_thoughts(portkey, family, stream):
    model, thinking, first = FAMILIES[family]
    body = {"model": model, "tools": [WEATHER], **thinking}
    messages = []
    for place in ("Lisbon", "Porto", "Faro"):
        messages.append(user(f"use the tool get_weather for {place}"))
        asked = turn(portkey, stream, messages=messages, **body)
        assert asked["content_blocks"][0]["type"] == first
        (call,) = asked["tool_calls"]
        assert json.loads(call["function"]["arguments"])["location"] == place
        messages += [asked, tool_result(call["id"], f"18 degrees in {place}")]
        answered = turn(portkey, stream, messages=messages, **body)
        assert answered["content"] == f"The tool get_weather answered: 18 degrees in {place}"
        messages.append(answered)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("think in two", ["thinking", "thinking"]),
        ("redact this", ["redacted_thinking"]),
        ("plainly", ["thinking"]),
    ],
)
@pytest.mark.parametrize("field", ["content", "content_blocks"])
def test_thoughts_of_every_kind_come_back_before_their_calls(portkey, words, kinds, stream, field):
    ask = user(f"{words}: use the tool get_weather for Lisbon")
    body = {"model": CLAUDE_4_5, "tools": [WEATHER], **BUDGET}
    asked = turn(portkey, stream, messages=[ask], **body)
    assert [block["type"] for block in asked["content_blocks"]] == [*kinds, "text"]
    if field == "content":
        asked = {"role": "assistant", "content": asked["content_blocks"], "tool_calls": asked["tool_calls"]}
    result = tool_result(asked["tool_calls"][0]["id"], "18 degrees")
    said = turn(portkey, stream, messages=[ask, asked, result], **body)
    assert said["content"] == "The tool get_weather answered: 18 degrees"


def test_streamed_and_whole_turns_are_the_same(portkey):
    for words in ("redact this", "think in two", "plainly"):
        body = {"model": CLAUDE_4_5, "messages": [user(words)], **BUDGET}
        whole, streamed = turn(portkey, False, **body), turn(portkey, True, **body)
        assert without_reading(whole) == streamed


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_calls_that_come_back_without_their_thoughts(portkey, stream):
    """Clients that keep OpenAI's members only lose the signature; Claude then goes on without thinking."""
    ask = user("use the tool get_weather for Lisbon")
    body = {"model": CLAUDE_4_5, "tools": [WEATHER], **BUDGET}
    asked = turn(portkey, stream, messages=[ask], **body)
    kept = {name: asked[name] for name in ("role", "content", "tool_calls")}
    result = tool_result(asked["tool_calls"][0]["id"], "18 degrees")
    said = turn(portkey, stream, messages=[ask, kept, result], **body)
    assert said["content"] == "The tool get_weather answered: 18 degrees"
    assert [block["type"] for block in said["content_blocks"]] == ["text"]


@pytest.mark.parametrize("identifier", ["emulatorblock", "emulatormask"])
def test_what_a_guardrail_did_is_told(portkey, identifier):
    config = {"guardrailIdentifier": identifier, "guardrailVersion": "1", "trace": "enabled"}
    body = {"model": CLAUDE_4_5, "messages": [user("write to a@b.example")], "guardrail_config": config}
    answer = portkey.create(**body)
    assert answer.choices[0].finish_reason == "guardrail_intervened"
    trace = answer.trace["guardrail"]
    assert identifier in json.dumps(trace)
    chunks = portkey.chunks(**body)
    assert finish_reasons(chunks) == ["guardrail_intervened"]
    assert chunks[-1].trace["guardrail"].keys() == trace.keys()
    assert joined(chunks) == answer.choices[0].message.content
    assert all("trace" not in chunk.model_extra for chunk in chunks[:-1])


def test_what_bedrock_tells_beside_the_answer(portkey):
    body = {
        "model": CLAUDE_4_5,
        "messages": [user("one two three")],
        "stop": ["two"],
        "performance_config": {"latency": "optimized"},
        # The place in a whole answer, and in the events of a stream.
        "additional_model_response_field_paths": ["/stop_sequence", "/delta/stop_sequence"],
    }
    answer = portkey.create(**body)
    last = portkey.chunks(**body)[-1]
    for told in (answer, last):
        assert told.performanceConfig == {"latency": "optimized"}
        assert told.metrics["latencyMs"] > 0
        assert "two" in json.dumps(told.additionalModelResponseFields)
    assert answer.choices[0].finish_reason == "stop_sequence"


def test_citations_are_whole_in_content_blocks(portkey):
    source = {"type": "text", "media_type": "text/plain", "data": "The sky is blue. The sea is too."}
    document = {"type": "document", "source": source, "title": "Colours", "citations": {"enabled": True}}
    body = {
        "model": CLAUDE_4_5,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "which?"}, document]}],
    }
    message = portkey.create(**body).choices[0].message
    cited = message.content_blocks[-1]
    assert cited["text"] == "The sky is blue."
    ((citation),) = cited["citations"]
    assert citation["title"] == "Colours"
    assert citation["location"]["documentChar"] == {"documentIndex": 0, "start": 0, "end": 16}
    blocks = content_blocks(portkey.chunks(**body))
    streamed = blocks[max(blocks)]
    assert streamed == {"text": cited["text"], "citation": [citation]}
    # The cited turn goes back as it came.
    history = [*body["messages"], message.model_dump(exclude_none=True), user("go on")]
    assert portkey.create(model=CLAUDE_4_5, messages=history).choices[0].message.content == "You said: go on"


def test_tools_in_streams_where_the_family_has_none(portkey):
    """Llama calls tools in whole answers only: such an answer is streamed all the same."""
    ask = user("use the tool get_weather for Lisbon")
    chunks = portkey.chunks(model=LLAMA, messages=[ask], tools=[WEATHER])
    asked = message_of(chunks)
    assert asked["tool_calls"][0]["function"]["name"] == "get_weather"
    assert finish_reasons(chunks) == ["tool_use"]
    assert chunks[-1].usage.total_tokens > 0
    messages = [ask, asked, tool_result(asked["tool_calls"][0]["id"], "18 degrees")]
    said = joined(portkey.chunks(model=LLAMA, messages=messages, tools=[WEATHER]))
    assert said == "The tool get_weather answered: 18 degrees"

"""The OpenAI client for Python, sync and async: tools, there and back."""

import json

import pytest

from support import identity
from support.conversations import (
    MODEL,
    NOTHING,
    TIME,
    WEATHER,
    finish_reasons,
    joined,
    tool_calls,
    tool_result,
    user,
)
from support.models import CLAUDE_4_5, GPT_OSS, LLAMA, NOVA
from support.openai_callers import CALLERS

ASK_ONE = user("use the tool get_weather for Lisbon")
ASK_TWO = user("use get_weather and get_time for Lisbon")


@pytest.fixture(params=CALLERS)
def openai(request, gateway):
    return CALLERS[request.param](api_key=identity.API_KEY, base_url=gateway.gateway, max_retries=0)


def assert_is_weather_of_lisbon(arguments: str) -> None:
    assert json.loads(arguments) == {"location": "Lisbon", "unit": "celsius"}


def test_a_tool_is_called_and_its_result_is_read(openai):
    body = {"model": MODEL, "tools": [WEATHER, TIME]}
    first = openai.create(messages=[ASK_ONE], **body)
    assert first.choices[0].finish_reason == "tool_calls"
    message = first.choices[0].message
    assert message.content == "I will call get_weather."
    (call,) = message.tool_calls
    assert (call.type, call.function.name) == ("function", "get_weather")
    assert_is_weather_of_lisbon(call.function.arguments)

    second = openai.create(messages=[ASK_ONE, message, tool_result(call.id, "18 degrees")], **body)
    assert second.choices[0].finish_reason == "stop"
    assert second.choices[0].message.content == "The tool get_weather answered: 18 degrees"


def test_two_tools_are_called_at_once(openai):
    body = {"model": MODEL, "tools": [WEATHER, TIME]}
    message = openai.create(messages=[ASK_TWO], **body).choices[0].message
    assert {call.function.name for call in message.tool_calls} == {"get_weather", "get_time"}
    assert len({call.id for call in message.tool_calls}) == 2
    answers = {"get_weather": "18 degrees", "get_time": "noon"}
    results = [tool_result(call.id, answers[call.function.name]) for call in message.tool_calls]
    said = openai.create(messages=[ASK_TWO, message, *results], **body).choices[0].message.content
    assert "The tool get_weather answered: 18 degrees" in said
    assert "The tool get_time answered: noon" in said


def test_results_and_the_next_question_share_a_turn(openai):
    body = {"model": MODEL, "tools": [WEATHER]}
    message = openai.create(messages=[ASK_ONE], **body).choices[0].message
    result = tool_result(message.tool_calls[0].id, "18 degrees")
    said = openai.create(messages=[ASK_ONE, message, result, user("and now?")], **body).choices[0].message.content
    assert "The tool get_weather answered: 18 degrees" in said


def test_streamed_arguments_concatenate_to_json(openai):
    chunks = openai.chunks(model=MODEL, messages=[ASK_TWO], tools=[WEATHER, TIME])
    weather, time = sorted(tool_calls(chunks), key=lambda call: call["name"], reverse=True)
    assert weather["name"] == "get_weather"
    assert_is_weather_of_lisbon(weather["arguments"])
    assert time["name"] == "get_time"
    assert json.loads(time["arguments"]) == {"timezone": "Lisbon"}
    assert finish_reasons(chunks) == ["tool_calls"]
    assert "get_weather" in joined(chunks)


def test_the_stream_helper_puts_tool_calls_together(openai):
    strict = {**WEATHER, "function": {**WEATHER["function"], "strict": True}}
    kinds, final = openai.final(model=MODEL, messages=[ASK_ONE], tools=[strict])
    assert "tool_calls.function.arguments.delta" in kinds
    assert "tool_calls.function.arguments.done" in kinds
    (call,) = final.choices[0].message.tool_calls
    assert_is_weather_of_lisbon(call.function.arguments)


def test_a_call_without_input_has_empty_arguments(openai):
    body = {"model": "emulator.tool-no-input", "messages": [user("go")], "tools": [NOTHING]}
    (call,) = tool_calls(openai.chunks(**body))
    assert (call["name"], call["arguments"]) == ("get_nothing", "{}")
    (call,) = openai.create(**body).choices[0].message.tool_calls
    assert call.function.arguments == "{}"


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "get_time"}}])
def test_a_forced_choice_is_obeyed(openai, choice):
    answer = openai.create(model=MODEL, messages=[user("hi")], tools=[WEATHER, TIME], tool_choice=choice)
    names = [call.function.name for call in answer.choices[0].message.tool_calls]
    assert names if choice == "required" else names == ["get_time"]


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_a_free_choice_leaves_a_greeting_alone(openai, choice):
    answer = openai.create(model=MODEL, messages=[user("hi")], tools=[WEATHER], tool_choice=choice)
    assert answer.choices[0].message.content == "You said: hi"
    assert answer.choices[0].message.tool_calls is None
    assert answer.choices[0].finish_reason == "stop"


def test_tools_of_the_past_need_no_declaration(openai):
    """A conversation that used tools goes on without `tools` in the request."""
    message = openai.create(model=MODEL, messages=[ASK_ONE], tools=[WEATHER]).choices[0].message
    result = tool_result(message.tool_calls[0].id, "18 degrees")
    answer = openai.create(model=MODEL, messages=[ASK_ONE, message, result])
    assert answer.choices[0].message.content == "The tool get_weather answered: 18 degrees"


def test_empty_arguments_come_back_from_other_clients(openai):
    calls = [{"id": "call_1", "type": "function", "function": {"name": "get_nothing", "arguments": ""}}]
    turn = {"role": "assistant", "content": None, "tool_calls": calls}
    answer = openai.create(model=MODEL, messages=[user("go"), turn, tool_result("call_1", "")], tools=[NOTHING])
    assert "get_nothing" in answer.choices[0].message.content


# Names that OpenAI's clients of MCP servers and frameworks send, and Bedrock does not take.
ODD_NAMES = ["files/read", "files.read", "get weather", "größe", "a" * 100, "read-file"]


def odd(name: str) -> dict:
    schema = {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}
    return {"type": "function", "function": {"name": name, "parameters": schema}}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("model", [CLAUDE_4_5, NOVA, GPT_OSS])
@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_that_bedrock_does_not_take_go_round(openai, model, name, stream):
    body = {"model": model, "tools": [odd(each) for each in ODD_NAMES]}
    ask, choice = user("go"), {"type": "function", "function": {"name": name}}
    if stream:
        (called,) = tool_calls(openai.chunks(messages=[ask], tool_choice=choice, **body))
    else:
        (call,) = openai.create(messages=[ask], tool_choice=choice, **body).choices[0].message.tool_calls
        called = {"id": call.id, **call.function.model_dump()}
    assert called["name"] == name
    calls = [{"id": called["id"], "type": "function", "function": {"name": name, "arguments": called["arguments"]}}]
    turn = {"role": "assistant", "content": None, "tool_calls": calls}
    said = openai.create(messages=[ask, turn, tool_result(called["id"], "18 degrees")], **body)
    assert said.choices[0].message.content.endswith("answered: 18 degrees")


def test_ids_that_bedrock_does_not_take_go_round(openai):
    """Ids of calls that another provider gave, in a conversation that goes on here."""
    ids = ["call:1/2", "x" * 100, "ünï"]
    calls = [{"id": each, "type": "function", "function": {"name": "get_time", "arguments": "{}"}} for each in ids]
    turn = {"role": "assistant", "content": None, "tool_calls": calls}
    results = [tool_result(each, f"noon {number}") for number, each in enumerate(ids)]
    for model in (CLAUDE_4_5, NOVA, "mistral.mistral-large-2407-v1:0"):
        said = openai.create(model=model, messages=[user("go"), turn, *results], tools=[TIME])
        for number in range(len(ids)):
            assert f"noon {number}" in said.choices[0].message.content


@pytest.mark.parametrize("model", [LLAMA, "us.meta.llama4-scout-17b-instruct-v1:0", "us.writer.palmyra-x5-v1:0"])
def test_families_that_do_not_stream_with_tools(openai, model):
    """The whole answer is asked for and told as a stream."""
    body = {"model": model, "messages": [ASK_ONE], "tools": [WEATHER]}
    *chunks, last = openai.chunks(stream_options={"include_usage": True}, **body)
    (call,) = tool_calls(chunks)
    assert call["name"] == "get_weather"
    assert_is_weather_of_lisbon(call["arguments"])
    assert finish_reasons(chunks) == ["tool_calls"]
    assert last.usage.total_tokens > 0
    assert openai.final(**body)[1].choices[0].message.tool_calls[0].function.name == "get_weather"
    headers, _ = openai.raw(**body, tool_choice="required")
    assert headers["x-portkey-ignored-params"] == "tool_choice", "nor can they be forced"

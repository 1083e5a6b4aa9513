"""The OpenAI client for Python, sync and async: answers in a form."""

import json
from typing import Optional

import pytest
from openai import BadRequestError, OpenAI, pydantic_function_tool
from pydantic import BaseModel, Field

from support import identity
from support.conversations import MODEL, finish_reasons, joined, user
from support.models import CLAUDE_3_7, CLAUDE_4_5, LLAMA, NOVA
from support.openai_callers import CALLERS

ASK = [user("solve it")]


class Step(BaseModel):
    explanation: str
    output: str


class Solution(BaseModel):
    """How it is solved."""

    steps: list[Step]
    final_answer: int = Field(ge=0, le=10)
    note: Optional[str]


class Weather(BaseModel):
    """The weather of a place."""

    location: str


SCHEMA = {"type": "json_schema", "json_schema": {"name": "solution", "schema": Solution.model_json_schema()}}


@pytest.fixture(params=CALLERS)
def openai(request, gateway):
    return CALLERS[request.param](api_key=identity.API_KEY, base_url=gateway.gateway, max_retries=0)


@pytest.fixture
def recorded(recorded_gateway):
    return OpenAI(api_key=identity.API_KEY, base_url=recorded_gateway.gateway, max_retries=0).chat.completions


@pytest.mark.parametrize("model", [CLAUDE_4_5, CLAUDE_3_7, NOVA, MODEL])
def test_parse(openai, model):
    answer = openai.parse(model=model, messages=ASK, response_format=Solution)
    assert answer.choices[0].finish_reason == "stop"
    message = answer.choices[0].message
    assert isinstance(message.parsed, Solution)
    assert message.parsed.final_answer == 1
    assert message.parsed == Solution.model_validate_json(message.content)
    assert not message.tool_calls, "how it was asked for is the gateway's own affair"


@pytest.mark.parametrize("model", [CLAUDE_4_5, NOVA])
def test_the_stream_helper_parses(openai, model):
    kinds, final = openai.final(model=model, messages=ASK, response_format=Solution)
    assert "content.done" in kinds
    assert isinstance(final.choices[0].message.parsed, Solution)
    assert final.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("model", [CLAUDE_4_5, NOVA])
def test_a_plain_schema_streamed(openai, model):
    chunks = openai.chunks(model=model, messages=ASK, response_format=SCHEMA)
    assert Solution.model_validate_json(joined(chunks)).steps
    assert finish_reasons(chunks) == ["stop"]


@pytest.mark.parametrize("model", [CLAUDE_4_5, NOVA])
def test_parse_calls_tools_first(openai, model):
    """Calls come without text that the client would try to parse."""
    tools = [pydantic_function_tool(Weather, name="get_weather")]
    ask = user("use the tool get_weather for Lisbon")
    answer = openai.create(model=model, messages=[ask], tools=tools, response_format=SCHEMA)
    (call,) = answer.choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"location": "Lisbon"}
    assert answer.choices[0].finish_reason == "tool_calls"
    if model == NOVA:
        first = openai.parse(model=model, messages=[ask], tools=tools, response_format=Solution).choices[0].message
        assert first.parsed is None
        assert first.tool_calls[0].function.parsed_arguments == Weather(location="Lisbon")


def test_strict_tools_need_no_closed_schema(openai):
    """OpenAI's own helper closes schemas; people who write them by hand do not."""
    schema = {"type": "object", "properties": {"days": {"type": "integer", "minimum": 1}}, "required": ["days"]}
    tool = {"type": "function", "function": {"name": "forecast", "strict": True, "parameters": schema}}
    for model in (CLAUDE_4_5, NOVA, MODEL):
        answer = openai.create(model=model, messages=[user("use the tool forecast")], tools=[tool])
        assert json.loads(answer.choices[0].message.tool_calls[0].function.arguments) == {"days": 1}


def test_claude_is_held_to_a_schema_by_bedrock(recorded, recorder):
    recorded.parse(model=CLAUDE_4_5, messages=ASK, response_format=SCHEMA)
    body = recorder.take().json()
    form = body["outputConfig"]["textFormat"]
    assert form["type"] == "json_schema"
    schema = json.loads(form["structure"]["jsonSchema"]["schema"])
    assert schema["additionalProperties"] is False
    assert "minimum" not in schema["properties"]["final_answer"]
    assert "toolConfig" not in body


def test_nova_gives_its_answer_to_a_tool(recorded, recorder):
    recorded.create(model=NOVA, messages=ASK, response_format=SCHEMA)
    body = recorder.take().json()
    (tool,) = body["toolConfig"]["tools"]
    assert body["toolConfig"]["toolChoice"] == {"tool": {"name": tool["toolSpec"]["name"]}}
    assert tool["toolSpec"]["inputSchema"]["json"]["properties"].keys() == Solution.model_fields.keys()
    assert "outputConfig" not in body


def test_json_object_is_an_instruction(recorded, recorder):
    for model in (CLAUDE_4_5, NOVA, LLAMA):
        recorded.create(model=model, messages=ASK, response_format={"type": "json_object"})
        body = recorder.take().json()
        assert "JSON object" in body["system"][-1]["text"]
        assert not {"outputConfig", "toolConfig"} & body.keys()


def test_who_cannot_be_held_to_a_schema(openai):
    with pytest.raises(BadRequestError) as refused:
        openai.create(model=LLAMA, messages=ASK, response_format=SCHEMA)
    assert refused.value.param == "response_format"

"""boto3 takes the emulator for Bedrock Runtime: ordinary replies, plain and streamed."""

import json

import pytest
from botocore.exceptions import ClientError

from support import aws, images
from support.aws import stream_text, text_of, user

MODEL = "emulator.echo"
CLAUDE = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
TOOLS = {
    "tools": [
        {
            "toolSpec": {
                "name": "get_weather",
                "description": "The weather of a place",
                "inputSchema": {
                    "json": {
                        "type": "object",
                        "properties": {
                            "location": {"type": "string"},
                            "days": {"type": "integer"},
                            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                        },
                        "required": ["location", "days", "unit"],
                    }
                },
            }
        },
        {"toolSpec": {"name": "get_time", "inputSchema": {"json": {"type": "object"}}}},
    ]
}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
LONG = {"maxTokens": 2048}


@pytest.fixture
def bedrock(emulator):
    return aws.bedrock(emulator.emulator)


def events_of(answer: dict) -> list[dict]:
    return list(answer["stream"])


def kinds(events: list[dict]) -> list[str]:
    """The order of the events, each kind once in a row."""
    names = [next(iter(event)) for event in events]
    return [name for index, name in enumerate(names) if index == 0 or names[index - 1] != name]


def test_converse(bedrock):
    answer = bedrock.converse(modelId=MODEL, system=[{"text": "be brief"}], messages=[user("good morning")])
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["ResponseMetadata"]["RequestId"]
    assert answer["output"]["message"] == {"role": "assistant", "content": [{"text": "You said: good morning"}]}
    assert answer["stopReason"] == "end_turn"
    usage = answer["usage"]
    assert usage["inputTokens"] > 0
    assert usage["outputTokens"] > 0
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert answer["metrics"]["latencyMs"] >= 0


def test_the_same_request_has_the_same_reply(bedrock):
    first, second = (bedrock.converse(modelId=MODEL, messages=[user("again")]) for _ in range(2))
    assert first["output"] == second["output"]
    assert first["usage"] == second["usage"]
    assert first["ResponseMetadata"]["RequestId"] != second["ResponseMetadata"]["RequestId"]


def test_converse_stream(bedrock):
    answer = bedrock.converse_stream(modelId=MODEL, messages=[user("good morning to all of you out there")])
    events = events_of(answer)
    assert kinds(events) == ["messageStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]
    assert events[0]["messageStart"]["role"] == "assistant"
    assert stream_text(events) == "You said: good morning to all of you out there"
    assert sum("contentBlockDelta" in event for event in events) > 1
    assert events[-2]["messageStop"]["stopReason"] == "end_turn"
    usage = events[-1]["metadata"]["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]


@pytest.mark.parametrize(
    "model",
    [
        "anthropic.claude-v2:1",
        CLAUDE,
        "amazon.nova-lite-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
        "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-3-haiku-20240307-v1:0",
        "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/ab12cd34ef56",
    ],
)
def test_every_spelling_of_a_model_is_understood(bedrock, model):
    assert text_of(bedrock.converse(modelId=model, messages=[user("hi")])) == "You said: hi"
    assert stream_text(events_of(bedrock.converse_stream(modelId=model, messages=[user("hi")]))) == "You said: hi"


def test_max_tokens(bedrock):
    answer = bedrock.converse(modelId=MODEL, messages=[user("one two three four")], inferenceConfig={"maxTokens": 3})
    assert answer["stopReason"] == "max_tokens"
    assert len(text_of(answer).split()) == 3


def test_stop_sequences(bedrock):
    answer = bedrock.converse(
        modelId=MODEL,
        messages=[user("one two three four")],
        inferenceConfig={"stopSequences": ["three"]},
        additionalModelResponseFieldPaths=["/stop_sequence"],
    )
    assert answer["stopReason"] == "stop_sequence"
    assert text_of(answer) == "You said: one two "
    assert answer["additionalModelResponseFields"] == {"stop_sequence": "three"}


def test_a_tool_round(bedrock):
    ask = user("use the tool get_weather for Lisbon")
    first = bedrock.converse(modelId=MODEL, messages=[ask], toolConfig=TOOLS)
    assert first["stopReason"] == "tool_use"
    text, call = first["output"]["message"]["content"]
    assert text == {"text": "I will call get_weather."}
    assert call["toolUse"]["name"] == "get_weather"
    assert call["toolUse"]["input"] == {"location": "Lisbon", "days": 1, "unit": "celsius"}
    result = {"toolResult": {"toolUseId": call["toolUse"]["toolUseId"], "content": [{"text": "18 degrees"}]}}
    second = bedrock.converse(
        modelId=MODEL, messages=[ask, first["output"]["message"], user(result)], toolConfig=TOOLS
    )
    assert text_of(second) == "The tool get_weather answered: 18 degrees"
    assert second["stopReason"] == "end_turn"


def test_two_tools_at_once(bedrock):
    answer = bedrock.converse(modelId=MODEL, messages=[user("get_weather and get_time for Oslo")], toolConfig=TOOLS)
    calls = [block["toolUse"] for block in answer["output"]["message"]["content"] if "toolUse" in block]
    assert {call["name"] for call in calls} == {"get_weather", "get_time"}
    assert len({call["toolUseId"] for call in calls}) == 2


def test_tool_input_is_streamed_in_pieces(bedrock):
    ask = user("use the tool get_weather for Lisbon")
    events = events_of(bedrock.converse_stream(modelId=MODEL, messages=[ask], toolConfig=TOOLS))
    starts = [event["contentBlockStart"] for event in events if "contentBlockStart" in event]
    assert [start["start"]["toolUse"]["name"] for start in starts] == ["get_weather"], "only tools have a start"
    pieces = [
        event["contentBlockDelta"]["delta"]["toolUse"]["input"]
        for event in events
        if "toolUse" in event.get("contentBlockDelta", {}).get("delta", {})
    ]
    assert len(pieces) > 1
    assert json.loads("".join(pieces)) == {"location": "Lisbon", "days": 1, "unit": "celsius"}
    assert [event["messageStop"]["stopReason"] for event in events if "messageStop" in event] == ["tool_use"]


@pytest.mark.parametrize(("choice", "names"), [({"any": {}}, None), ({"tool": {"name": "get_time"}}, ["get_time"])])
def test_a_tool_choice_is_obeyed(bedrock, choice, names):
    answer = bedrock.converse(modelId=MODEL, messages=[user("hi")], toolConfig={**TOOLS, "toolChoice": choice})
    called = [block["toolUse"]["name"] for block in answer["output"]["message"]["content"] if "toolUse" in block]
    assert called
    assert names in (None, called)


def think(bedrock, *messages: dict, **body) -> dict:
    return bedrock.converse(
        modelId=CLAUDE, messages=list(messages), inferenceConfig=LONG, additionalModelRequestFields=THINKING, **body
    )


def test_a_thinking_round(bedrock):
    ask = user("what is it")
    first = think(bedrock, ask)["output"]["message"]
    reasoning = first["content"][0]["reasoningContent"]["reasoningText"]
    assert reasoning["text"] == "Let me think about: what is it"
    assert reasoning["signature"]
    assert text_of(think(bedrock, ask, first, user("go on"))) == "You said: go on"


@pytest.mark.parametrize("change", ["text", "signature", "no signature"])
def test_a_changed_thought_is_refused(bedrock, change):
    ask = user("what is it")
    first = think(bedrock, ask)["output"]["message"]
    reasoning = first["content"][0]["reasoningContent"]["reasoningText"]
    if change == "no signature":
        del reasoning["signature"]
    elif change == "text":
        reasoning["text"] += " no"
    else:
        reasoning["signature"] = reasoning["signature"][:-8] + "AAAAAAA="
    with pytest.raises(bedrock.exceptions.ValidationException, match="signature"):
        think(bedrock, ask, first, user("go on"))


def test_redacted_thoughts(bedrock):
    ask = user("redact this")
    first = think(bedrock, ask)["output"]["message"]
    redacted = first["content"][0]["reasoningContent"]["redactedContent"]
    assert isinstance(redacted, bytes) and redacted
    assert text_of(think(bedrock, ask, first, user("go on"))) == "You said: go on"
    first["content"][0]["reasoningContent"]["redactedContent"] = redacted[:-1] + b"?"
    with pytest.raises(ClientError):
        think(bedrock, ask, first, user("go on"))


def test_two_thoughts(bedrock):
    blocks = think(bedrock, user("think in two"))["output"]["message"]["content"]
    assert [next(iter(block)) for block in blocks] == ["reasoningContent", "reasoningContent", "text"]


def test_thoughts_are_streamed_with_a_signature(bedrock):
    body = {"modelId": CLAUDE, "messages": [user("what is it")], "inferenceConfig": LONG}
    events = events_of(bedrock.converse_stream(**body, additionalModelRequestFields=THINKING))
    deltas = [
        event["contentBlockDelta"]["delta"]["reasoningContent"]
        for event in events
        if "reasoningContent" in event.get("contentBlockDelta", {}).get("delta", {})
    ]
    assert "".join(delta.get("text", "") for delta in deltas) == "Let me think about: what is it"
    assert "signature" in deltas[-1]
    assert stream_text(events) == "You said: what is it"


@pytest.mark.parametrize(
    ("kind", "size", "data"),
    [
        ("png", "16x16", images.PNG),
        ("gif", "1x1", images.GIF),
        ("webp", "1x1", images.WEBP),
        ("jpeg", "2x3", images.JPEG),
    ],
)
def test_images_are_looked_at(bedrock, kind, size, data):
    image = {"image": {"format": kind, "source": {"bytes": data}}}
    said = text_of(bedrock.converse(modelId=MODEL, messages=[user("what is this?", image)]))
    assert f"I see a {kind} image of {size} pixels ({len(data)} bytes)." in said


def test_documents_are_looked_at(bedrock):
    data = b"%PDF-1.4 not much of a document"
    document = {"document": {"format": "pdf", "name": "report", "source": {"bytes": data}}}
    said = text_of(bedrock.converse(modelId=MODEL, messages=[user("what is this?", document)]))
    assert f'I read the document "report" (pdf, {len(data)} bytes).' in said


def test_cache_points_are_counted(bedrock):
    system = [{"text": "a preface that nobody else has " * 100}, {"cachePoint": {"type": "default"}}]
    first, second = (
        bedrock.converse(modelId=CLAUDE, system=system, messages=[user("hi")])["usage"] for _ in range(2)
    )
    assert first["cacheWriteInputTokens"] > 0
    assert second["cacheReadInputTokens"] == first["cacheWriteInputTokens"]
    assert first["totalTokens"] == second["totalTokens"]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"messages": [user(" ")]}, "blank"),
        ({"messages": [{"role": "user", "content": []}]}, "is empty"),
        ({"messages": [user("a")], "inferenceConfig": {"temperature": 1.5}}, "temperature"),
        ({"messages": [user("a")], "inferenceConfig": {"stopSequences": [" "]}}, "stop"),
        ({"messages": [user({"toolResult": {"toolUseId": "t1", "content": [{"text": "x"}]}})]}, "tool"),
        ({"messages": [user("a")], "system": [{"text": " "}]}, "blank"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bodies_that_bedrock_refuses_are_refused(bedrock, body, complaint):
    with pytest.raises(bedrock.exceptions.ValidationException) as refused:
        bedrock.converse(modelId=CLAUDE, **body)
    assert complaint in refused.value.response["Error"]["Message"]


@pytest.mark.parametrize("model", ["does-not-exist", "us.does-not-exist-model-v1:0"])
def test_an_unknown_model(bedrock, model):
    with pytest.raises(bedrock.exceptions.ValidationException, match="The provided model identifier is invalid."):
        bedrock.converse(modelId=model, messages=[user("hi")])

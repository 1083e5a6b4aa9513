"""boto3 reads what the emulator adds to a plain answer: citations, traces, tools at AWS, thoughts by family."""

import base64
import json

import pytest

from support import aws
from support.aws import stream_text, text_of, user
from test_emulator_boto3 import MODEL, TOOLS, events_of, kinds

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA_2 = "us.amazon.nova-2-lite-v1:0"
BLOCK = {"guardrailIdentifier": "emulatorblock", "guardrailVersion": "1"}
MASK = {"guardrailIdentifier": "emulatormask", "guardrailVersion": "DRAFT"}
POLICY = "Ask your manager. Then take leave."


@pytest.fixture
def bedrock(emulator):
    return aws.bedrock(emulator.emulator)


def content_of(answer: dict) -> list[dict]:
    return answer["output"]["message"]["content"]


def cited(name: str, **source: object) -> dict:
    shape = {"format": "txt"} if "bytes" in source else {}
    return {"document": {**shape, "name": name, "source": source, "citations": {"enabled": True}}}


def raw_cited(name: str) -> dict:
    """The same as it is on the wire."""
    return cited(name, bytes=base64.b64encode(POLICY.encode()).decode())


@pytest.mark.parametrize(
    ("source", "quote", "location"),
    [
        ({"bytes": POLICY.encode()}, "Ask your manager.", "documentChar"),
        ({"text": POLICY}, "Ask your manager.", "documentChar"),
        ({"content": [{"text": "one"}, {"text": "two"}]}, "one", "documentChunk"),
    ],
    ids=["bytes", "text", "content"],
)
def test_documents_are_cited(bedrock, source, quote, location):
    messages = [user("may I leave?", cited("policy", **source))]
    block = content_of(bedrock.converse(modelId=CLAUDE, messages=messages))[1]["citationsContent"]
    assert block["content"] == [{"text": quote}]
    assert block["citations"][0]["title"] == "policy"
    assert block["citations"][0]["sourceContent"] == [{"text": quote}]
    assert list(block["citations"][0]["location"]) == [location]
    events = events_of(bedrock.converse_stream(modelId=CLAUDE, messages=messages))
    deltas = [
        event["contentBlockDelta"]["delta"]
        for event in events
        if event.get("contentBlockDelta", {}).get("contentBlockIndex") == 1
    ]
    assert list(deltas[0]) == ["citation"], "the citation comes before its text"
    assert "".join(delta["text"] for delta in deltas[1:]) == quote


def test_a_pdf_is_cited_by_page(bedrock):
    document = cited("report", bytes=b"%PDF-1.4")
    document["document"]["format"] = "pdf"
    block = content_of(bedrock.converse(modelId=CLAUDE, messages=[user("read", document)]))[1]
    assert block["citationsContent"]["citations"][0]["location"] == {
        "documentPage": {"documentIndex": 0, "start": 1, "end": 2}
    }


def test_search_results_of_tools_are_cited(bedrock):
    result = {
        "searchResult": {
            "source": "https://example.com/facts",
            "title": "Facts",
            "content": [{"text": "It is so."}],
            "citations": {"enabled": True},
        }
    }
    use = {"toolUse": {"toolUseId": "t1", "name": "get_time", "input": {}}}
    messages = [
        user("go"),
        {"role": "assistant", "content": [use]},
        user({"toolResult": {"toolUseId": "t1", "content": [result]}}),
    ]
    blocks = content_of(bedrock.converse(modelId=CLAUDE, messages=messages, toolConfig=TOOLS))
    citation = blocks[1]["citationsContent"]["citations"][0]
    assert citation["source"] == "https://example.com/facts"
    assert list(citation["location"]) == ["searchResultLocation"]


def test_tools_that_run_at_aws(bedrock):
    config = {"tools": [{"systemTool": {"name": "nova_grounding"}}]}
    answer = bedrock.converse(modelId=NOVA_2, messages=[user("what is new?")], toolConfig=config)
    use, result, text, source, *_ = content_of(answer)
    assert answer["stopReason"] == "end_turn", "nothing is left for the client to do"
    assert (use["toolUse"]["type"], use["toolUse"]["input"]) == ("server_tool_use", {"query": "what is new?"})
    assert result["toolResult"]["type"] == "nova_grounding_result"
    assert result["toolResult"]["toolUseId"] == use["toolUse"]["toolUseId"]
    assert text == {"text": "You said: what is new?"}
    assert source["citationsContent"]["citations"][0]["location"]["web"]["domain"] == "example.com"
    events = events_of(bedrock.converse_stream(modelId=NOVA_2, messages=[user("what is new?")], toolConfig=config))
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    assert [delta["toolResult"] for delta in deltas if "toolResult" in delta] == [[{"text": "[HIDDEN]"}]]
    again = [user("what is new?"), answer["output"]["message"], user("and else?")]
    assert bedrock.converse(modelId=NOVA_2, messages=again, toolConfig=config)["stopReason"] == "end_turn"


def test_a_picture(bedrock):
    picture = content_of(bedrock.converse(modelId=MODEL, messages=[user("draw a dot")]))[1]["image"]
    assert picture["format"] == "png"
    assert picture["source"]["bytes"].startswith(b"\x89PNG")
    events = events_of(bedrock.converse_stream(modelId=MODEL, messages=[user("draw a dot")]))
    [start] = [event["contentBlockStart"]["start"] for event in events if "contentBlockStart" in event]
    [delta] = [
        event["contentBlockDelta"]["delta"]["image"]
        for event in events
        if "image" in event.get("contentBlockDelta", {}).get("delta", {})
    ]
    assert start == {"image": {"format": "png"}}
    assert delta["source"]["bytes"] == picture["source"]["bytes"]


def test_a_guardrail_blocks(bedrock):
    body = {"modelId": MODEL, "messages": [user("hi")], "guardrailConfig": {**BLOCK, "trace": "enabled"}}
    answer = bedrock.converse(**body)
    assert answer["stopReason"] == "guardrail_intervened"
    assert answer["usage"]["totalTokens"] == 0
    assert answer["trace"]["guardrail"]["actionReason"] == "Guardrail blocked."
    events = events_of(bedrock.converse_stream(**body))
    assert stream_text(events) == text_of(answer)
    assert events[-2]["messageStop"]["stopReason"] == "guardrail_intervened"
    assert events[-1]["metadata"]["trace"] == answer["trace"]


def test_a_guardrail_masks(bedrock):
    config = {**MASK, "trace": "enabled_full"}
    answer = bedrock.converse(modelId=MODEL, messages=[user("call 5551234")], guardrailConfig=config)
    assert text_of(answer) == "You said: call {PHONE}"
    assert answer["stopReason"] == "guardrail_intervened"
    assert answer["usage"]["totalTokens"] > 0
    assert answer["trace"]["guardrail"]["modelOutput"] == ["You said: call 5551234"]


def test_a_guardrail_that_is_not_to_be_traced(bedrock):
    answer = bedrock.converse(modelId=MODEL, messages=[user("hi")], guardrailConfig=BLOCK)
    assert answer["stopReason"] == "guardrail_intervened"
    assert "trace" not in answer


def test_a_prompt_router(bedrock):
    router = "arn:aws:bedrock:us-east-1:111122223333:default-prompt-router/anthropic.claude:1"
    answer = bedrock.converse(modelId=router, messages=[user("hi")])
    assert "foundation-model/anthropic.claude" in answer["trace"]["promptRouter"]["invokedModelId"]
    events = events_of(bedrock.converse_stream(modelId=router, messages=[user("hi")]))
    assert events[-1]["metadata"]["trace"] == answer["trace"]


def test_what_is_asked_for_is_echoed(bedrock):
    body = {
        "modelId": MODEL,
        "messages": [user("hi")],
        "serviceTier": {"type": "flex"},
        "performanceConfig": {"latency": "optimized"},
    }
    answer = bedrock.converse(**body)
    metadata = events_of(bedrock.converse_stream(**body))[-1]["metadata"]
    for name in ("serviceTier", "performanceConfig"):
        assert answer[name] == metadata[name] == body[name]


def test_additional_response_fields(bedrock):
    paths = {"additionalModelResponseFieldPaths": ["/stop_sequence", "/delta/stop_sequence"]}
    body = {"modelId": CLAUDE, "messages": [user("one two three")], **paths}
    assert bedrock.converse(**body)["additionalModelResponseFields"] == {"stop_sequence": None}
    stop = {"inferenceConfig": {"stopSequences": ["two"]}}
    events = events_of(bedrock.converse_stream(**body, **stop))
    assert events[-2]["messageStop"]["additionalModelResponseFields"] == {"delta": {"stop_sequence": "two"}}


def test_structured_output(bedrock):
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
        "required": ["city", "people"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "structure": {"jsonSchema": {"name": "city", "schema": json.dumps(schema)}}}
    config = {"textFormat": form, "effort": "low"}
    answer = bedrock.converse(modelId=CLAUDE, messages=[user("a city in Portugal")], outputConfig=config)
    assert json.loads(text_of(answer)) == {"city": "Portugal", "people": 1}


@pytest.mark.parametrize(
    ("model", "fields", "order"),
    [
        (NOVA_2, {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}, "reasoningContent text"),
        ("openai.gpt-oss-120b-1:0", {"reasoning_effort": "low"}, "reasoningContent text"),
        ("qwen.qwen3-32b-v1:0", {"reasoning_config": "high"}, "reasoningContent text"),
        ("us.deepseek.r1-v1:0", {}, "text reasoningContent"),
    ],
)
def test_unsigned_thoughts(bedrock, model, fields, order):
    blocks = content_of(bedrock.converse(modelId=model, messages=[user("hm")], additionalModelRequestFields=fields))
    assert " ".join(next(iter(block)) for block in blocks) == order
    [thought] = [block["reasoningContent"]["reasoningText"] for block in blocks if "reasoningContent" in block]
    assert thought == {"text": "Let me think about: hm"}


@pytest.mark.parametrize("model", ["openai.gpt-5.6-sol", "xai.grok-4.6"])
def test_thoughts_that_are_always_redacted(bedrock, model):
    fields = {"reasoning": {"effort": "low"}}
    ask = {"modelId": model, "toolConfig": TOOLS, "additionalModelRequestFields": fields}
    message = bedrock.converse(messages=[user("get_time")], **ask)["output"]["message"]
    assert list(message["content"][0]["reasoningContent"]) == ["redactedContent"]
    call = message["content"][-1]["toolUse"]
    assert call["toolUseId"].startswith("call_")
    result = user({"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": "noon"}]}})
    again = bedrock.converse(messages=[user("get_time"), message, result], **ask)
    assert text_of(again) == "The tool get_time answered: noon"


def test_kimi_streams_in_its_own_order(bedrock):
    answer = bedrock.converse_stream(
        modelId="moonshot.kimi-k2-thinking", messages=[user("get_time")], toolConfig=TOOLS
    )
    events = events_of(answer)
    blocks: dict[int, str] = {}
    for event in events:
        if "contentBlockDelta" in event:
            delta = event["contentBlockDelta"]
            blocks.setdefault(delta["contentBlockIndex"], next(iter(delta["delta"])))
    assert list(blocks.values()) == ["text", "reasoningContent", "text", "toolUse", "text"]
    [start] = [event["contentBlockStart"]["start"]["toolUse"] for event in events if "contentBlockStart" in event]
    assert start["toolUseId"] == "functions.get_time:0"
    assert kinds(events)[-2:] == ["messageStop", "metadata"]

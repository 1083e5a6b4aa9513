"""The emulator's bytes, read by botocore's event stream parser and judged by its service model."""

import json

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer

from support import aws, service_model
from support.aws import user
from support.faults import EXCEPTIONS
from test_emulator_boto3 import CLAUDE, LONG, THINKING, TOOLS
from test_emulator_replies import BLOCK, MASK, raw_cited

CONVERSATIONS = {
    "text": {"messages": [user("one two three four five six seven")]},
    "tools": {"messages": [user("use get_weather and get_time for Lisbon")], "toolConfig": TOOLS},
    "thinking": {"messages": [user("hm")], "inferenceConfig": LONG, "additionalModelRequestFields": THINKING},
    "redacted": {"messages": [user("redact")], "inferenceConfig": LONG, "additionalModelRequestFields": THINKING},
    "citations": {"messages": [user("read", raw_cited("policy"))]},
    "guardrail": {"messages": [user("call 5551234")], "guardrailConfig": {**MASK, "trace": "enabled_full"}},
    "picture": {"messages": [user("draw")]},
    "blocked": {"messages": [user("hi")], "guardrailConfig": {**BLOCK, "trace": "enabled"}},
    "tools at AWS": {"messages": [user("news")], "toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}},
    "paths": {"messages": [user("hi")], "additionalModelResponseFieldPaths": ["/stop_sequence", "/delta/stop_sequence"]},
    "cache": {"messages": [user("hi")], "system": [{"text": "frames " * 2000}, {"cachePoint": {"type": "default"}}]},
}
# Each family puts its thoughts and calls in another way.
MODELS = [
    CLAUDE,
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "us.amazon.nova-2-lite-v1:0",
    "moonshot.kimi-k2-thinking",
    "openai.gpt-oss-120b-1:0",
    "xai.grok-4.6",
]
conversations = pytest.mark.parametrize("body", CONVERSATIONS.values(), ids=CONVERSATIONS)


def call(emulator, operation: str, model: str, body: dict) -> tuple[dict[str, str], bytes]:
    status, headers, answer = aws.send(aws.signed(emulator.emulator, operation, model, json.dumps(body).encode()))
    assert status == 200, answer
    assert headers["x-amzn-requestid"]
    return headers, answer


@conversations
def test_frames(emulator, body):
    headers, stream = call(emulator, "converse-stream", CLAUDE, body)
    assert headers["content-type"] == "application/vnd.amazon.eventstream"
    buffer = EventStreamBuffer()
    buffer.add_data(stream)
    kinds, read = [], 0
    for message in buffer:
        read += message.prelude.total_length
        payload = json.loads(message.payload)
        kind = message.headers[":event-type"]
        assert message.headers == {
            ":event-type": kind,
            ":content-type": "application/json",
            ":message-type": "event",
        }
        assert payload["p"].isalnum(), "padding as AWS sends it"
        assert service_model.event_violations(kind, payload) == []
        kinds.append(kind)
    assert read == len(stream), "nothing is left over"
    assert kinds[0] == "messageStart"
    assert kinds[-2:] == ["messageStop", "metadata"]


@conversations
def test_answers(emulator, body):
    headers, answer = call(emulator, "converse", CLAUDE, body)
    assert headers["content-type"] == "application/json"
    assert service_model.answer_violations("Converse", json.loads(answer)) == []


@pytest.mark.parametrize("model", MODELS)
def test_calls_and_thoughts_of_families(emulator, model):
    body = CONVERSATIONS["tools"]
    _, answer = call(emulator, "converse", model, body)
    assert service_model.answer_violations("Converse", json.loads(answer)) == []
    _, stream = call(emulator, "converse-stream", model, body)
    buffer = EventStreamBuffer()
    buffer.add_data(stream)
    for message in buffer:
        assert service_model.event_violations(message.headers[":event-type"], json.loads(message.payload)) == []


def test_the_corrupt_frame_is_corrupt_by_its_checksum_alone(emulator):
    _, stream = call(emulator, "converse-stream", "emulator.corrupt-after-1", CONVERSATIONS["text"])
    buffer = EventStreamBuffer()
    buffer.add_data(stream)
    seen = []
    with pytest.raises(ChecksumMismatch):
        seen.extend(message.headers[":event-type"] for message in buffer)


@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_the_names_of_an_exception_frame(emulator, kind, after):
    model = f"emulator.exception-{kind}-after-{after}"
    _, stream = call(emulator, "converse-stream", model, CONVERSATIONS["text"])
    buffer = EventStreamBuffer()
    buffer.add_data(stream)
    *before, last = buffer
    assert last.headers[":message-type"] == "exception"
    assert last.headers[":exception-type"] == EXCEPTIONS[kind][0]
    assert json.loads(last.payload)["message"]
    assert sum(message.headers[":event-type"] == "contentBlockDelta" for message in before) == after

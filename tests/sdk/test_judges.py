"""The judges themselves: they accept what boto3 sends, and they see what is wrong."""

import copy

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer

from support import eventstream, identity, service_model, service_rules, sigv4
from support.recorder import Recorder

MODELS = [
    "anthropic.claude-v2:1",
    "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
    "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/ab12cd34ef56",
]

GOOD = {
    "messages": [
        {"role": "user", "content": [{"text": "hi"}, {"image": {"format": "png", "source": {"bytes": "aGk="}}}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t1", "name": "f", "input": {"x": [1, {}]}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "content": [{"text": "ok"}]}}]},
    ],
    "toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}]},
    "inferenceConfig": {"maxTokens": 5, "temperature": 0.5},
}


@pytest.fixture
def recorder():
    server = Recorder()
    yield server
    server.close()


def client(recorder: Recorder, token: str | None = None):
    return boto3.client(
        "bedrock-runtime",
        endpoint_url=recorder.url,
        region_name="eu-west-1",
        aws_access_key_id=identity.SESSION_ACCESS_KEY_ID,
        aws_secret_access_key=identity.SESSION_SECRET_ACCESS_KEY,
        aws_session_token=token,
        config=Config(retries={"max_attempts": 0}),
    )


@pytest.mark.parametrize("token", [None, identity.SESSION_TOKEN])
@pytest.mark.parametrize("model", MODELS)
def test_what_boto3_sends_is_accepted(recorder, model, token):
    answer = client(recorder, token).converse(modelId=model, messages=[{"role": "user", "content": [{"text": "hé"}]}])
    assert answer["output"]["message"]["content"] == [{"text": "recorded"}]
    record = recorder.take()
    credentials = Credentials(identity.SESSION_ACCESS_KEY_ID, identity.SESSION_SECRET_ACCESS_KEY, token)
    sigv4.check(record, credentials, "eu-west-1")
    assert record.model_id == model
    assert service_model.violations(record.operation, record.model_id, record.json()) == []

    record.body += b" "
    with pytest.raises(AssertionError):
        sigv4.check(record, credentials, "eu-west-1")


def test_another_secret_is_seen(recorder):
    client(recorder).converse(modelId=MODELS[0], messages=[{"role": "user", "content": [{"text": "hi"}]}])
    with pytest.raises(AssertionError, match="botocore signs"):
        sigv4.check(recorder.take(), Credentials(identity.SESSION_ACCESS_KEY_ID, "other"), "eu-west-1")


def test_frames_are_readable_by_boto3(recorder):
    stream = client(recorder).converse_stream(modelId=MODELS[0], messages=[{"role": "user", "content": [{"text": "hi"}]}])
    texts = [event["contentBlockDelta"]["delta"]["text"] for event in stream["stream"] if "contentBlockDelta" in event]
    assert texts == ["rec", "orded"]


def test_frames_carry_valid_checksums():
    buffer = EventStreamBuffer()
    buffer.add_data(b"".join(eventstream.answer("a")))
    kinds = [message.headers[":event-type"] for message in buffer]
    assert kinds == ["messageStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]


def test_the_good_body_is_accepted():
    assert service_model.violations("Converse", MODELS[0], GOOD) == []
    assert service_rules.broken_rules(GOOD) == []


def test_tools_that_ran_at_aws_are_called_and_answered_in_one_turn():
    body = copy.deepcopy(GOOD)
    body["messages"][1]["content"][:0] = [
        {"toolUse": {"toolUseId": "s", "name": "nova_grounding", "input": {}, "type": "server_tool_use"}},
        {"toolResult": {"toolUseId": "s", "content": [{"text": "found"}]}},
    ]
    assert service_rules.broken_rules(body) == []
    del body["messages"][1]["content"][0]
    assert service_rules.broken_rules(body) != []


def test_a_stored_prompt_brings_its_own_messages():
    arn = "arn:aws:bedrock:us-east-1:111122223333:prompt/ABCDEFGHIJ:1"
    body = {"promptVariables": {"name": {"text": "kim"}}}
    assert service_model.violations("Converse", arn, body) == []
    assert service_rules.broken_rules(body, arn) == []
    assert service_rules.broken_rules(body, MODELS[0]) != []


def put(path: str, value):
    """A change of the good body at `a.0.b`."""

    def change(body: dict) -> dict:
        *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        place = body
        for step in way:
            place = place[step]
        place[last] = value
        return body

    return change


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (put("messages.0.role", "tool"), "is not one of"),
        (put("messages.0.content.0", {}), ""),
        (put("messages.0.content.0", {"text": "a", "cachePoint": {"type": "default"}}), ""),
        (put("messages.0.content.0", {"text": 5}), "Invalid type"),
        (put("messages.0.content.0", {"text": None}), "null"),
        (put("messages.0.content.1.image.source.bytes", "data:image/png;base64,aGk="), "base64"),
        (put("messages.0.content.1.image.source.bytes", ""), "outside"),
        (put("messages.1.content.0.toolUse.name", "no spaces"), "does not match"),
        (put("messages.1.content.0.toolUse.name", "n" * 65), "outside"),
        (put("inferenceConfig.maxTokens", 0), ""),
        (put("inferenceConfig.temperature", 1.5), "outside"),
        (put("inferenceConfig.stopSequences", "END"), "Invalid type"),
        (put("toolConfig.tools", []), ""),
        (put("stream", True), "Unknown parameter"),
        (put("requestMetadata", {"a": "é"}), "does not match"),
    ],
)
def test_the_service_model_sees_what_is_wrong(change, complaint):
    found = service_model.violations("Converse", MODELS[0], change(copy.deepcopy(GOOD)))
    assert complaint in "\n".join(found)
    assert found


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (put("messages.1.role", "user"), "in a row"),
        (put("messages.0.content", []), "no content"),
        (put("messages.0.content.0.text", " \n"), "blank text"),
        (put("messages.2.content.0.toolResult.toolUseId", "t2"), "were called"),
        (put("messages.2.content.0", {"text": "no result"}), "were called"),
        (lambda body: {"messages": body["messages"]}, "toolConfig"),
        (put("inferenceConfig.stopSequences", ["\n"]), "blank"),
        (put("messages", []), "at least one"),
    ],
)
def test_the_service_rules_see_what_is_wrong(change, complaint):
    assert complaint in "\n".join(service_rules.broken_rules(change(copy.deepcopy(GOOD))))

"""boto3 meets each fault of the emulator as it would meet the real one."""

import http.client
import json
import time

import botocore.eventstream
import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, EventStreamError, ReadTimeoutError
from urllib3.exceptions import HTTPError

from support import aws
from support.aws import stream_text, text_of, user
from support.faults import EXCEPTIONS, FAULTS

ASK = [user("one two three four five six seven eight nine ten eleven twelve")]
REPLY = "You said: one two three four five six seven eight nine ten eleven twelve"


@pytest.fixture
def bedrock(emulator):
    return aws.bedrock(emulator.emulator)


def read(answer: dict, seen: list[dict]) -> None:
    """Reads a stream to its end or its error, keeping what came."""
    for event in answer["stream"]:
        seen.append(event)


def deltas(events: list[dict]) -> int:
    return sum("contentBlockDelta" in event for event in events)


@pytest.mark.parametrize("operation", ["converse", "converse_stream"])
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.kind != "unknown-operation"], ids=str)
def test_errors_as_http_answers(bedrock, fault, operation):
    with pytest.raises(ClientError) as caught:
        getattr(bedrock, operation)(modelId=fault.model, messages=ASK)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == fault.status
    assert answer["Error"]["Code"] == (fault.code or str(fault.status))
    if fault.code:
        assert answer["Error"]["Message"]
        assert answer["ResponseMetadata"]["RequestId"]
    typed = getattr(bedrock.exceptions, fault.code, None) if fault.code in dir(bedrock.exceptions) else None
    assert typed is None or type(caught.value) is typed


def test_the_answer_to_an_unknown_operation(bedrock):
    """AWS says this with status 200, so boto3 takes it for an answer without content."""
    answer = bedrock.converse(modelId="emulator.error-unknown-operation", messages=ASK)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert "output" not in answer


def test_throttling_always(bedrock):
    for _ in range(3):
        with pytest.raises(bedrock.exceptions.ThrottlingException) as caught:
            bedrock.converse(modelId="emulator.throttle", messages=ASK)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_throttling_a_few_times(emulator, bedrock):
    model, outcomes = "us.emulator.throttle-2", []
    for _ in range(6):
        try:
            outcomes.append(text_of(bedrock.converse(modelId=model, messages=ASK)) == REPLY)
        except bedrock.exceptions.ThrottlingException:
            outcomes.append("throttled")
    assert outcomes == ["throttled", "throttled", True] * 2
    with pytest.raises(ClientError, match="ThrottlingException"):
        aws.bedrock(emulator.emulator, aws.SESSION).converse(modelId=model, messages=ASK)


@pytest.mark.parametrize("region_prefix", ["", "us.", "eu."])
def test_a_region_prefix_changes_nothing(bedrock, region_prefix):
    with pytest.raises(bedrock.exceptions.ModelNotReadyException):
        bedrock.converse(modelId=f"{region_prefix}emulator.error-model-not-ready", messages=ASK)


def test_slow_first(bedrock):
    start = time.monotonic()
    assert text_of(bedrock.converse(modelId="emulator.slow-first-400", messages=ASK)) == REPLY
    assert time.monotonic() - start >= 0.4
    start = time.monotonic()
    events: list[dict] = []
    read(bedrock.converse_stream(modelId="emulator.slow-first-400", messages=ASK), events)
    assert time.monotonic() - start >= 0.4
    assert stream_text(events) == REPLY


@pytest.mark.parametrize("operation", ["converse", "converse_stream"])
def test_a_reset_connection(bedrock, operation):
    """Also one that was in use: botocore keeps the connection of the first call."""
    assert text_of(bedrock.converse(modelId="emulator.echo", messages=ASK)) == REPLY
    # The count is by model id: each operation has one of its own.
    model = f"{'us' if operation == 'converse' else 'eu'}.emulator.reset-before-first-1"
    with pytest.raises(ConnectionClosedError):
        getattr(bedrock, operation)(modelId=model, messages=ASK)
    assert getattr(bedrock, operation)(modelId=model, messages=ASK)["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_silence(bedrock):
    arrivals, events = [], []
    for event in bedrock.converse_stream(modelId="emulator.silent-after-2-400", messages=ASK)["stream"]:
        arrivals.append(time.monotonic())
        events.append(event)
    gaps = [late - early for early, late in zip(arrivals, arrivals[1:])]
    assert stream_text(events) == REPLY
    assert gaps.index(max(gaps)) == 2, "after messageStart and two deltas"
    assert max(gaps) >= 0.35
    assert text_of(bedrock.converse(modelId="emulator.silent-after-2-100", messages=ASK)) == REPLY


def test_slow_each(bedrock):
    arrivals, events = [], []
    for event in bedrock.converse_stream(modelId="emulator.slow-each-60", messages=ASK)["stream"]:
        arrivals.append(time.monotonic())
        events.append(event)
    assert stream_text(events) == REPLY
    assert arrivals[-1] - arrivals[0] >= 0.05 * (len(arrivals) - 1), "each frame comes on its own"


# botocore's model of the stream does not know the frame of a model timeout, so boto3 cannot name it.
NAMED = [kind for kind in EXCEPTIONS if kind != "model-timeout"]


@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize("kind", NAMED)
def test_exception_frames(bedrock, kind, after):
    seen: list[dict] = []
    with pytest.raises(EventStreamError) as caught:
        read(bedrock.converse_stream(modelId=f"emulator.exception-{kind}-after-{after}", messages=ASK), seen)
    assert caught.value.response["Error"]["Code"].lower() == EXCEPTIONS[kind][0].lower()
    assert caught.value.response["Error"]["Message"]
    assert deltas(seen) == after
    assert after or not seen, "it is the first frame"


@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_the_same_exceptions_without_a_stream(bedrock, kind):
    with pytest.raises(ClientError) as caught:
        bedrock.converse(modelId=f"emulator.exception-{kind}-after-1", messages=ASK)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 400


def test_message_errors(bedrock):
    seen: list[dict] = []
    with pytest.raises(EventStreamError) as caught:
        read(bedrock.converse_stream(modelId="emulator.message-error-after-2", messages=ASK), seen)
    assert caught.value.response["Error"]["Code"]
    assert deltas(seen) == 2


def test_a_cut_connection(bedrock):
    seen: list[dict] = []
    with pytest.raises((BotoCoreError, HTTPError)):
        read(bedrock.converse_stream(modelId="emulator.cut-after-2", messages=ASK), seen)
    assert deltas(seen) == 2


def test_a_cut_answer(emulator):
    """boto3 itself does not notice that a JSON body is too short, so it is read without it."""
    body = json.dumps({"messages": ASK}).encode()
    with pytest.raises(http.client.IncompleteRead):
        aws.send(aws.signed(emulator.emulator, "converse", "emulator.cut-after-2", body))


def test_an_early_end(bedrock):
    seen: list[dict] = []
    read(bedrock.converse_stream(modelId="emulator.end-after-2", messages=ASK), seen)
    assert deltas(seen) == 2
    assert not any("messageStop" in event for event in seen)


def test_a_corrupt_frame(bedrock):
    seen: list[dict] = []
    with pytest.raises(botocore.eventstream.ChecksumMismatch):
        read(bedrock.converse_stream(modelId="emulator.corrupt-after-2", messages=ASK), seen)
    assert deltas(seen) == 2


@pytest.mark.parametrize("model", ["emulator.split-1", "emulator.split-13", "emulator.merged"])
def test_other_cuts_of_the_same_bytes(bedrock, model):
    seen: list[dict] = []
    read(bedrock.converse_stream(modelId=model, messages=ASK), seen)
    assert stream_text(seen) == REPLY


def test_a_huge_answer(bedrock):
    seen: list[dict] = []
    read(bedrock.converse_stream(modelId="emulator.huge-200000", messages=ASK), seen)
    assert len(stream_text(seen)) == 200_000
    assert len(text_of(bedrock.converse(modelId="emulator.huge-200000", messages=ASK))) == 200_000


@pytest.mark.parametrize("reason", ["end_turn", "guardrail_intervened", "malformed_tool_use", "a_future_word"])
def test_stop_reasons(bedrock, reason):
    model = f"emulator.stop-{reason}"
    assert bedrock.converse(modelId=model, messages=ASK)["stopReason"] == reason
    seen: list[dict] = []
    read(bedrock.converse_stream(modelId=model, messages=ASK), seen)
    assert [event["messageStop"]["stopReason"] for event in seen if "messageStop" in event] == [reason]


def test_a_stream_without_metadata(bedrock):
    seen: list[dict] = []
    read(bedrock.converse_stream(modelId="emulator.no-metadata", messages=ASK), seen)
    assert next(iter(seen[-1])) == "messageStop"


def test_a_tool_call_without_input(bedrock):
    config = {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}]}
    seen: list[dict] = []
    read(bedrock.converse_stream(modelId="emulator.tool-no-input", messages=ASK, toolConfig=config), seen)
    assert [event["contentBlockStart"]["start"]["toolUse"]["name"] for event in seen if "contentBlockStart" in event] == ["f"]
    assert not any("toolUse" in event.get("contentBlockDelta", {}).get("delta", {}) for event in seen)


def test_no_answer_at_all(emulator):
    with pytest.raises(ReadTimeoutError):
        aws.bedrock(emulator.emulator, read_timeout=1).converse(modelId="emulator.hang", messages=ASK)

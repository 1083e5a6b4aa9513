"""Answers of Bedrock that the emulator does not give, and what becomes of them."""

import struct
import time
import zlib

import pytest

from support import eventstream
from support.conversations import MODEL, user
from support.curl import curl
from support.identity import direct_headers
from support.recorder import ANSWER

LOOSE = {"x-portkey-strict-open-ai-compliance": "false"}


@pytest.fixture
def call(recorded_gateway, recorder):
    def post(stream: bool = False, headers: dict[str, str] | None = None, **body):
        return curl(
            f"{recorded_gateway.gateway}/chat/completions",
            headers={**direct_headers(), **(headers or {})},
            body={"model": MODEL, "messages": [user("hi")], "stream": stream, **body},
        )

    return post


def says(*blocks: dict, stop_reason: str = "end_turn", **more) -> dict:
    message = {"role": "assistant", "content": list(blocks)}
    return {**ANSWER, "output": {"message": message}, "stopReason": stop_reason, **more}


def block(index: int, *deltas: dict, start: dict | None = None) -> list[bytes]:
    frames = [eventstream.event("contentBlockStart", {"contentBlockIndex": index, "start": start})] if start else []
    frames += [eventstream.event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta}) for delta in deltas]
    return [*frames, eventstream.event("contentBlockStop", {"contentBlockIndex": index})]


def test_content_is_null_when_there_are_only_tool_calls(call, recorder):
    recorder.answer = says({"toolUse": {"toolUseId": "t1", "name": "f", "input": {}}}, stop_reason="tool_use")
    message = call().json()["choices"][0]["message"]
    assert message["content"] is None
    assert message["refusal"] is None
    assert message["tool_calls"] == [{"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]


def test_usage_counts_the_cache(call, recorder):
    usage = {"inputTokens": 10, "cacheReadInputTokens": 90, "cacheWriteInputTokens": 5, "outputTokens": 7, "totalTokens": 112}
    recorder.answer = says({"text": "a"}, usage=usage)
    counted = call().json()["usage"]
    assert (counted["prompt_tokens"], counted["completion_tokens"], counted["total_tokens"]) == (105, 7, 112)
    assert counted["prompt_tokens_details"]["cached_tokens"] == 90
    loose = call(headers=LOOSE).json()["usage"]
    assert (loose["cache_read_input_tokens"], loose["cache_creation_input_tokens"]) == (90, 5)


def test_tool_indexes_are_dense(call, recorder):
    """Thought, text, two tools; their indexes count tools, not blocks."""
    recorder.frames = [
        eventstream.event("messageStart", {"role": "assistant"}),
        *block(0, {"reasoningContent": {"text": "hm"}}, {"reasoningContent": {"signature": "c2ln"}}),
        *block(1, {"text": "so"}),
        *block(2, {"toolUse": {"input": '{"c'}}, {"toolUse": {"input": '":1}'}}, start={"toolUse": {"toolUseId": "A", "name": "a"}}),
        *block(3, start={"toolUse": {"toolUseId": "B", "name": "b"}}),
        *eventstream.answer(stop_reason="tool_use")[-2:],
    ]
    *chunks, done = call(stream=True).events()
    assert done == "[DONE]"
    assert {choice["index"] for chunk in chunks for choice in chunk["choices"]} == {0}
    deltas = [tool for chunk in chunks for choice in chunk["choices"] for tool in choice["delta"].get("tool_calls", [])]
    named = [(tool["index"], tool["id"], tool["function"]["name"]) for tool in deltas if "id" in tool]
    assert named == [(0, "A", "a"), (1, "B", "b")]
    together = ["".join(tool["function"].get("arguments", "") for tool in deltas if tool["index"] == index) for index in (0, 1)]
    assert together == ['{"c":1}', "{}"]
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_redacted_thoughts_in_a_stream(call, recorder):
    recorder.frames = [
        eventstream.event("messageStart", {"role": "assistant"}),
        *block(0, {"reasoningContent": {"redactedContent": "aGlkZGVu"}}),
        *block(1, {"text": "so"}),
        *eventstream.answer()[-2:],
    ]
    chunks = call(stream=True, headers=LOOSE).events()[:-1]
    blocks = [block for chunk in chunks for block in chunk["choices"][0]["delta"].get("content_blocks", [])]
    assert blocks == [{"index": 0, "delta": {"data": "aGlkZGVu"}}, {"index": 1, "delta": {"text": "so"}}]


def test_events_of_the_future_are_passed_over(call, recorder):
    first, *rest = eventstream.answer("still ", "fine")
    recorder.frames = [first, eventstream.event("eventOfTheFuture", {"x": 1}), *rest]
    events = call(stream=True).events()
    assert events[-1] == "[DONE]"
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in events[:-1]) == "still fine"


@pytest.mark.parametrize("answer", [{}, {"output": {}}, {"Output": {"__type": "x#UnknownOperationException"}, "Version": "1.0"}])
def test_a_good_status_without_an_answer_is_an_error(call, recorder, answer):
    recorder.answer = answer
    refused = call()
    assert refused.status in (404, 502), refused.body
    assert refused.error["message"]


def test_retry_after_is_passed_on(call, recorder):
    recorder.status, recorder.answer = 429, {"message": "Too many requests, please wait before trying again."}
    recorder.answer_headers = {
        "retry-after": "7",
        "x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/",
    }
    refused = call()
    assert refused.status == 429
    assert refused.headers["retry-after"] == "7"
    assert refused.headers["x-amzn-requestid"] == "11111111-2222-3333-4444-555555555555"
    assert refused.error == {
        "message": "Too many requests, please wait before trying again.",
        "type": "rate_limit_error",
        "param": None,
        "code": "ThrottlingException",
    }


def test_headers_of_bedrock_do_not_leak(call, recorder):
    recorder.answer_headers = {"set-cookie": "a=b", "server": "of-the-upstream", "x-amzn-bedrock-secret": "1"}
    answer = call()
    assert "set-cookie" not in answer.headers
    assert "of-the-upstream" not in answer.headers.values()


def test_a_frame_that_claims_to_be_huge_is_not_waited_for(call, recorder):
    """Its checksum is right and its length absurd; the connection stays open after it."""
    prelude = struct.pack(">II", 2**31, 0)
    recorder.frames = [
        *eventstream.answer("so ", "far")[:3],
        prelude + struct.pack(">I", zlib.crc32(prelude)) + b"x" * 1000,
        b"",
    ]
    recorder.stall_after = 4
    start = time.monotonic()
    *chunks, last = call(stream=True).events()
    assert time.monotonic() - start < 5
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == "so far"
    assert last["error"]["message"]


def test_redirects_are_not_followed(call, recorder):
    recorder.status, recorder.answer = 307, {"message": "over there"}
    recorder.answer_headers = {"location": f"{recorder.url}/elsewhere"}
    refused = call()
    assert refused.status >= 400
    assert recorder.take().target.startswith("/model/")
    assert recorder.is_idle(), "one call, and no other"

"""Whoever hangs up stops the call to Bedrock: nobody pays for tokens that nobody reads."""

import http.client
import json
import time
from urllib.parse import urlsplit

import pytest

from support.conversations import MODEL, user
from support.identity import direct_headers


def open_call(gateway, stream: bool) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(urlsplit(gateway.gateway).netloc, timeout=20)
    body = json.dumps({"model": MODEL, "messages": [user("hi")], "stream": stream})
    headers = {"content-type": "application/json", **direct_headers()}
    connection.request("POST", "/v1/chat/completions", body=body, headers=headers)
    return connection


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_client_that_leaves_before_the_answer(recorded_gateway, recorder, stream):
    recorder.stall_after = 0
    connection = open_call(recorded_gateway, stream)
    record = recorder.take()
    time.sleep(0.3)
    assert not record.left.is_set(), "as long as the client stays, so does the call"
    connection.close()
    assert record.left.wait(3), "the call to Bedrock goes on without a reader"


def test_a_client_that_leaves_in_the_middle_of_a_stream(recorded_gateway, recorder):
    recorder.stall_after = 3
    connection = open_call(recorded_gateway, stream=True)
    record = recorder.take()
    response = connection.getresponse()
    seen = b""
    while b"orded" not in seen:
        seen += response.read1()
    assert not record.left.is_set()
    response.close()
    connection.close()
    assert record.left.wait(3), "the call to Bedrock goes on without a reader"

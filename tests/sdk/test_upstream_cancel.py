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


@pytest.mark.parametrize("frames", [0, 3], ids=["before the first event", "in the middle"])
def test_a_client_that_leaves_cancels_the_call(recorded_gateway, recorder, frames):
    recorder.stall_after = frames
    connection = open_call(recorded_gateway, stream=True)
    record = recorder.take()
    if frames:
        response = connection.getresponse()
        seen = b""
        while b"orded" not in seen:
            seen += response.read1()
        response.close()
    else:
        time.sleep(0.3)
        assert not record.left.is_set(), "as long as the client stays, so does the call"
    connection.close()
    assert record.left.wait(3), "the call to Bedrock goes on without a reader"

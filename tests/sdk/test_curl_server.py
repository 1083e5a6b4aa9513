"""curl: the server itself: paths, methods, bodies, streams on the wire, CORS."""

import json
import subprocess

import pytest

from support.conversations import ECHO, MODEL, PROMPT, user
from support.curl import curl
from support.identity import direct_headers

BODY = {"model": MODEL, "messages": [user(PROMPT)]}
HEADERS = direct_headers()


def post(gateway, path: str = "/chat/completions", body=BODY, **headers: str):
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return curl(gateway.gateway + path, headers={**HEADERS, **changed}, body=body)


def test_health_and_root(gateway):
    root = gateway.urls["gateway"]
    assert curl(f"{root}/health").status == 200
    answer = curl(f"{root}/")
    assert answer.status == 200
    assert answer.json()["name"] == "bedrock-gateway"
    assert answer.json()["version"]


@pytest.mark.parametrize("path", ["/chat/completions", "/chat/completions/", "/chat/completions?pretty=1"])
def test_the_path_is_forgiving(gateway, path):
    assert post(gateway, path).content == ECHO


@pytest.mark.parametrize("path", ["/nowhere", "/chat", "/chat/completions/abc/def", "/../health/x"])
def test_unknown_paths(gateway, path):
    answer = post(gateway, path)
    assert answer.status == 404
    assert answer.error["type"] == "invalid_request_error"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_wrong_methods(gateway, method):
    answer = curl(f"{gateway.gateway}/chat/completions", headers=HEADERS, arguments=("-X", method))
    assert answer.status == 405
    assert answer.error["type"] == "invalid_request_error"
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_wrong_content_types(gateway, content_type):
    answer = post(gateway, content_type=content_type)
    assert answer.status == 415
    assert answer.error["type"] == "invalid_request_error"


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_content_types_that_do(gateway, content_type):
    assert post(gateway, content_type=content_type).content == ECHO


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"text"', '{"model": "a"', b'{"model": "\xff"}'])
def test_bodies_that_are_no_request(gateway, body):
    answer = post(gateway, body=body)
    assert answer.status == 400, answer.body
    assert answer.error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": "", "messages": [user("hi")]}, "model"),
        ({"model": 5, "messages": [user("hi")]}, "model"),
        ({"model": MODEL, "messages": []}, "messages"),
        ({"model": MODEL, "messages": [5]}, "messages[0]"),
        ({"model": MODEL, "messages": [user("a"), {"role": "user", "content": 5}]}, "messages[1].content"),
        ({"model": MODEL, "messages": [user("a")], "stream": "true"}, "stream"),
        ({"model": MODEL, "messages": [user("a")], "top_p": []}, "top_p"),
        ({"model": MODEL, "messages": [user("a")], "stop": 5}, "stop"),
        ({"model": MODEL, "messages": [user("a")], "stop": ["a", 5]}, "stop[1]"),
        (
            {
                "model": MODEL,
                "messages": [
                    user("a"),
                    {"role": "assistant", "content": "b"},
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,!"}}]},
                ],
            },
            "messages[2].content[0].image_url.url",
        ),
        (
            {"model": MODEL, "messages": [{"role": "user", "content": [{"type": "of-the-future"}]}]},
            "messages[0].content[0].type",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_mistakes_name_their_place(gateway, body, param):
    answer = post(gateway, body=body)
    assert answer.status == 400, answer.body
    assert answer.error["param"] == param
    assert answer.error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ({"messages": [user("hi")]}, "model"),
        ({"model": MODEL}, "messages"),
        ({"model": MODEL, "messages": [{"content": "hi"}]}, "messages[0].role"),
        ({"model": MODEL, "messages": [user("a")], "tools": [{"type": "function"}]}, "tools[0].function"),
        ({"model": MODEL, "messages": [user("a")], "tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        (
            {"model": MODEL, "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "messages[0].content[0].image_url.url",
        ),
        ({"model": MODEL, "messages": [{"role": "tool", "content": "a"}]}, "messages[0].tool_call_id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_missing_is_named(gateway, body, missing):
    """The place is the missing member, or what it is missing from."""
    answer = post(gateway, body=body)
    assert answer.status == 400, answer.body
    parent, _, name = missing.rpartition(".")
    assert answer.error["param"] in {missing, parent} - {""}
    assert name in answer.error["message"] or answer.error["param"] == missing


def upload(gateway, megabytes: int) -> tuple[str, int, str]:
    """Sends a body of this size in chunks, so that nothing announces it: the status, what was sent, the answer."""
    headers = {"content-type": "application/json", "expect": "", **HEADERS}
    command = (
        f"head -c {megabytes * 1024 * 1024} /dev/zero | tr '\\0' ' ' | "
        "curl --silent --max-time 60 --write-out '\\n%{http_code} %{size_upload}' -T - -X POST "
        + "".join(f"-H '{name}: {value}' " for name, value in headers.items())
        + f"{gateway.gateway}/chat/completions"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    body, _, written = done.stdout.rpartition("\n")
    status, sent = written.split()
    return status, int(sent), body


def test_a_body_above_the_limit(gateway):
    status, _, body = upload(gateway, 40)
    assert status == "413"
    assert json.loads(body)["error"]["type"] == "invalid_request_error"


def test_a_body_without_end(gateway):
    """Somebody who never stops sending is cut off, which may cost them the answer."""
    status, sent, _ = upload(gateway, 1000)
    assert status in ("413", "000")
    assert sent < 500 * 1024 * 1024
    assert curl(f"{gateway.urls['gateway']}/health").status == 200


def test_a_large_body_is_within_the_limit(gateway):
    text = "a" * 5_000_000
    assert len(post(gateway, body={"model": MODEL, "messages": [user(text)]}).content) == len("You said: ") + len(text)


@pytest.mark.parametrize(
    "body",
    [
        {"model": MODEL, "messages": f"{PROMPT} " * 5000},
        {"model": MODEL, "messages": [{"role": f"{PROMPT} " * 5000, "content": "a"}]},
        {"model": MODEL, "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": f"{PROMPT} " * 5000}]}]},
        {"model": MODEL, "messages": [{"role": "user", "content": [{"type": f"{PROMPT} " * 5000}]}]},
        {"model": MODEL, "messages": [user("a")], "temperature": f"{PROMPT} " * 5000},
        {"model": MODEL, "messages": [user("a")], "tool_choice": f"{PROMPT} " * 5000, "tools": []},
    ],
    ids=["messages", "role", "image_url", "type", "temperature", "tool_choice"],
)
def test_a_mistake_is_not_answered_with_the_whole_of_it(gateway, body):
    """An image at the wrong place would come back as a message of megabytes, and a prompt would be in the logs."""
    answer = post(gateway, body=body)
    assert answer.status == 400
    assert len(answer.error["message"]) < 1000


@pytest.mark.parametrize("field", ["additionalModelRequestFields", "a_field_of_the_future", "tools"])
def test_bottomless_json(gateway, field):
    """Whatever the answer is, the gateway is still there to give the next one."""
    depth = 100_000
    bottomless = "[" * depth + "]" * depth
    if field == "tools":
        bottomless = f'[{{"type": "function", "function": {{"name": "f", "parameters": {{"a": {bottomless}}}}}}}]'
    body = json.dumps(BODY)[:-1] + f', "{field}": {bottomless}}}'
    assert post(gateway, body=body).status in (200, 400)
    assert post(gateway).content == ECHO


def test_unknown_fields_are_tolerated(gateway):
    message = {**user(PROMPT), "a_field": [1]}
    answer = post(gateway, body={"model": MODEL, "messages": [message], "a_field": {"b": None}, "logprobs": None})
    assert answer.content == ECHO


def test_a_plain_stream_on_the_wire(gateway):
    answer = post(gateway, body={**BODY, "stream": True})
    *chunks, last, done = answer.events()
    assert done == "[DONE]"
    assert answer.body.endswith("data: [DONE]\n\n")
    assert chunks[0]["choices"][0] | {"logprobs": None} == {
        "index": 0,
        "delta": {"role": "assistant", "content": ""},
        "finish_reason": None,
        "logprobs": None,
    }
    assert last["choices"][0]["delta"] == {}
    assert last["choices"][0]["finish_reason"] == "stop"
    for chunk in (*chunks, last):
        assert set(chunk) <= {"id", "object", "created", "model", "choices", "system_fingerprint", "service_tier", "usage"}
        assert chunk.get("usage") is None
        assert chunk["object"] == "chat.completion.chunk"


def test_the_usage_chunk_on_the_wire(gateway):
    *chunks, last, done = post(gateway, body={**BODY, "stream": True, "stream_options": {"include_usage": True}}).events()
    assert done == "[DONE]"
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == last["usage"]["prompt_tokens"] + last["usage"]["completion_tokens"]
    assert all(chunk.get("usage") is None for chunk in chunks)


@pytest.mark.parametrize("fault", ["exception-model-stream-error", "message-error", "cut", "end", "corrupt"])
@pytest.mark.parametrize("strict", ["true", "false"])
def test_a_broken_stream_says_so_and_is_not_done(gateway, fault, strict):
    answer = post(
        gateway,
        body={**BODY, "model": f"emulator.{fault}-after-2", "stream": True},
        x_portkey_strict_open_ai_compliance=strict,
    )
    assert answer.status == 200
    *chunks, last = answer.events()
    assert set(last) - ({"provider"} if strict == "false" else set()) == {"error"}
    assert set(last["error"]) == {"message", "type", "param", "code"}
    assert last["error"]["message"]
    assert "[DONE]" not in answer.body
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks)
    assert sum(bool(chunk["choices"][0]["delta"].get("content")) for chunk in chunks) == 2


@pytest.mark.parametrize("frames", ["emulator.slow-each-100"])
def test_chunks_are_not_held_back(gateway, frames):
    """The first words are there long before the last ones."""
    command = ["curl", "-sN", "-w", "%{time_starttransfer} %{time_total}", "-o", "/dev/null", "-d", "@-"]
    headers = {**HEADERS, "content-type": "application/json"}
    command += [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    body = json.dumps({**BODY, "model": frames, "stream": True})
    done = subprocess.run(
        [*command, f"{gateway.gateway}/chat/completions"], input=body, capture_output=True, text=True, check=True
    )
    first, total = map(float, done.stdout.split())
    assert total - first > 0.3


def test_cors_is_off(gateway):
    asked = {"origin": "https://app.example", "access-control-request-method": "POST"}
    preflight = curl(f"{gateway.gateway}/chat/completions", headers=asked, arguments=("-X", "OPTIONS"))
    answer = post(gateway, origin="https://app.example")
    for headers in (preflight.headers, answer.headers):
        assert not [name for name in headers if name.startswith("access-control-")]

"""Settings by environment, flags and files; the gateway's own identity where it is allowed; an orderly end."""

import http.client
import json
import os
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.credentials import Credentials

from support import identity, sigv4
from support.conversations import ECHO, MODEL, PROMPT, user
from support.curl import curl, events
from support.identity import direct_headers
from support.program import clean_environment

BODY = {"model": MODEL, "messages": [user(PROMPT)]}
ORIGIN = "https://app.example"


@pytest.fixture(scope="module")
def configured(launch, emulator, tmp_path_factory):
    """A gateway with a file, an environment and a flag, each stronger than the one before."""
    file = tmp_path_factory.mktemp("settings") / "gateway.toml"
    file.write_text(
        """
        [server]
        listen = "192.0.2.1:1"
        max_body_bytes = 2000
        cors_allowed_origins = ["https://other.example"]
        [models.aliases]
        "fixed-name" = { model = "emulator.echo", region = "eu-west-1" }
        "short-name" = "emulator.echo"
        """
    )
    return launch(
        "serve-configured",
        "serve",
        "--config",
        str(file),
        "--listen",
        "127.0.0.1:0",
        waits_for={"gateway"},
        extra={
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": emulator.emulator,
            "BEDROCK_GATEWAY_SERVER_LISTEN": "192.0.2.2:2",
            "BEDROCK_GATEWAY_SERVER_CORS_ALLOWED_ORIGINS": ORIGIN,
            "BEDROCK_GATEWAY_LOG_FORMAT": "json",
        },
    )


def post(program, body=BODY, headers: dict[str, str] | None = None):
    return curl(f"{program.gateway}/chat/completions", headers={**direct_headers(), **(headers or {})}, body=body)


@pytest.mark.parametrize("alias", ["fixed-name", "short-name"])
def test_aliases(configured, alias):
    answer = post(configured, {**BODY, "model": alias})
    assert answer.content == ECHO
    assert answer.json()["model"] == alias, "the model as the client named it"


def test_the_body_limit(configured):
    answer = post(configured, {**BODY, "padding": "a" * 2000})
    assert (answer.status, answer.error["type"]) == (413, "invalid_request_error")


def test_cors_by_setting(configured):
    assert post(configured, headers={"origin": ORIGIN}).headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-origin" not in post(configured, headers={"origin": "https://other.example"}).headers
    preflight = curl(
        f"{configured.gateway}/chat/completions",
        headers={
            "origin": ORIGIN,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,authorization,x-portkey-provider",
        },
        arguments=("-X", "OPTIONS"),
    )
    assert preflight.status in (200, 204)
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in preflight.headers["access-control-allow-methods"]


def test_the_access_log_is_json_by_setting(configured):
    answer = post(configured, headers={"x-portkey-trace-id": "trace-for-the-log"})
    assert answer.status == 200
    time.sleep(0.5)
    lines = [json.loads(line) for line in configured.printed().splitlines() if line.startswith("{")]
    line = next(str(line) for line in lines if answer.headers["x-amzn-requestid"] in str(line))
    for part in ("200", MODEL, "trace-for-the-log"):
        assert part in line


def test_an_upstream_that_is_not_there(launch):
    """The client learns that it cannot be reached, not where it was looked for."""
    program = launch(
        "serve-alone", "serve", "--listen", "127.0.0.1:0", waits_for={"gateway"},
        extra={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
    )
    for stream in (False, True):
        answer = post(program, {**BODY, "stream": stream})
        assert answer.status in (502, 503)
        assert answer.error["type"] == "server_error"
        assert "127.0.0.1" not in answer.body


def run(*arguments: str, home: Path, **extra: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [os.environ["BEDROCK_GATEWAY_BIN"], *arguments],
        env=clean_environment(home, extra),
        capture_output=True,
        text=True,
        timeout=20,
    )


def test_every_problem_is_reported_at_once(tmp_path):
    file = tmp_path / "gateway.toml"
    file.write_text('[server]\nlisten = "nowhere"\nno_such_setting = 1\n')
    done = run(
        "serve", "--config", str(file), home=tmp_path,
        BEDROCK_GATEWAY_LOG_FORMAT="yaml", BEDROCK_GATEWAY_NO_SUCH_SETTING="1",
    )
    assert done.returncode == 64
    for culprit in ("server.listen", "server.no_such_setting", "log.format", "BEDROCK_GATEWAY_NO_SUCH_SETTING"):
        assert culprit in done.stderr, done.stderr


def test_settings_can_be_checked_without_serving(tmp_path):
    assert run("config", "check", home=tmp_path).returncode == 0
    assert run("config", "check", home=tmp_path, BEDROCK_GATEWAY_LOG_LEVEL="loud").returncode == 64
    assert run("config", "check", "--config", str(tmp_path / "absent.toml"), home=tmp_path).returncode == 64


def own_identity(launch, recorder_server, name: str, **extra: str):
    return launch(
        name,
        "serve",
        "--listen",
        "127.0.0.1:0",
        waits_for={"gateway"},
        extra={
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": recorder_server.url,
            "AWS_REGION": "eu-north-1",
            "BEDROCK_GATEWAY_AWS_ALLOW_GATEWAY_IDENTITY": "true",
            **extra,
        },
    )


def test_the_identity_of_the_gateway_where_it_is_allowed(launch, recorder_server, recorder):
    own = Credentials(identity.BAIT_ACCESS_KEY_ID, identity.BAIT_SECRET_ACCESS_KEY, identity.BAIT_SESSION_TOKEN)
    program = own_identity(
        launch,
        recorder_server,
        "serve-own-keys",
        AWS_ACCESS_KEY_ID=own.access_key,
        AWS_SECRET_ACCESS_KEY=own.secret_key,
        AWS_SESSION_TOKEN=own.token,
    )
    assert curl(f"{program.gateway}/chat/completions", body=BODY).content == "recorded"
    sigv4.check(recorder.take(), own, "eu-north-1")
    assert post(program).content == "recorded"
    sigv4.check(recorder.take(), Credentials(identity.ACCESS_KEY_ID, identity.SECRET_ACCESS_KEY), identity.REGION)
    half = {"x-portkey-aws-access-key-id": identity.ACCESS_KEY_ID}
    answer = curl(f"{program.gateway}/chat/completions", headers=half, body=BODY)
    assert answer.status == 400, "half a pair does not fall back on the gateway's own"
    assert recorder.is_idle()


def test_the_bearer_key_of_the_gateway_where_it_is_allowed(launch, recorder_server, recorder):
    program = own_identity(
        launch, recorder_server, "serve-own-bearer", AWS_BEARER_TOKEN_BEDROCK=identity.BAIT_API_KEY
    )
    assert curl(f"{program.gateway}/chat/completions", body=BODY).content == "recorded"
    assert recorder.take().header("authorization") == f"Bearer {identity.BAIT_API_KEY}"


def is_refused_within(netloc: str, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            http.client.HTTPConnection(netloc, timeout=1).connect()
        except (ConnectionRefusedError, ConnectionResetError):
            return True
        time.sleep(0.05)
    return False


def test_running_streams_end_before_the_gateway_does(launch, emulator):
    program = launch(
        "serve-ending",
        "serve",
        "--listen",
        "127.0.0.1:0",
        waits_for={"gateway"},
        extra={"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": emulator.emulator},
    )
    netloc = urlsplit(program.gateway).netloc
    connection = http.client.HTTPConnection(netloc, timeout=20)
    body = json.dumps({**BODY, "model": "emulator.slow-each-200", "stream": True})
    headers = {"content-type": "application/json", **direct_headers()}
    connection.request("POST", "/v1/chat/completions", body=body, headers=headers)
    response = connection.getresponse()
    first = response.read1(10).decode()
    program.process.terminate()
    assert is_refused_within(netloc, seconds=1.5), "new callers are sent away while the stream runs"
    *chunks, done = events(first + response.read().decode())
    connection.close()
    assert done == "[DONE]"
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == ECHO
    assert program.process.wait(10) == 0

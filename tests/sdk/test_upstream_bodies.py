"""What the gateway sends to Bedrock, judged by botocore's service model and by rules the service applies."""

import json
from typing import Any

import pytest
from botocore.credentials import Credentials

from support import fixtures, identity, service_model, service_rules, sigv4
from support.bodies import CASES, CLAUDE
from support.curl import Answer, curl
from support.identity import direct_headers
from support.recorder import Recorded

FIXTURES = fixtures.load()
SIGNER = Credentials(identity.ACCESS_KEY_ID, identity.SECRET_ACCESS_KEY)


def send(gateway, body: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
    return curl(f"{gateway.gateway}/chat/completions", headers={**direct_headers(), **(headers or {})}, body=body)


def assert_acceptable(record: Recorded) -> None:
    sigv4.check(record, SIGNER, identity.REGION)
    body = record.json()
    assert service_model.violations(record.operation, record.model_id, body) == []
    assert service_rules.broken_rules(body) == []


@pytest.mark.parametrize("stream", [False, True], ids=["Converse", "ConverseStream"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_bodies(recorded_gateway, recorder, case, stream):
    answer = send(recorded_gateway, {**case.openai, "stream": stream})
    assert answer.status == 200, answer.body
    record = recorder.take()
    assert record.operation == ("ConverseStream" if stream else "Converse")
    assert record.model_id == case.openai["model"]
    assert_acceptable(record)
    body = record.json()
    assert {name: body.get(name) for name in case.expect} == case.expect
    assert [name for name in case.absent if name in body] == []


def test_fixtures_are_found_where_the_crate_has_them():
    assert FIXTURES or not fixtures.FOLDER.is_dir(), "no fixture was understood"


ACCEPTED = [each for each in FIXTURES if each.error_param is None]


def send_fixture(gateway, host, fixture, stream: bool) -> tuple[Answer, dict[str, str]]:
    """Sends a fixture as a caller does, and says where its files were moved from."""
    body, moved = fixture.served_by(host)
    if stream or "stream" in body:
        body["stream"] = stream
    return send(gateway, body, fixture.headers), moved


@pytest.mark.parametrize("fixture", ACCEPTED, ids=str)
def test_fixtures(recorded_by_setting, recorder, file_host, fixture):
    answer, moved = send_fixture(
        recorded_by_setting(fixture.unsupported_params), file_host, fixture, fixture.is_stream
    )
    assert answer.status == 200, answer.body
    record = recorder.take()
    assert_acceptable(record)
    assert answer.headers.get("x-portkey-ignored-params", "") == ", ".join(fixture.ignored)
    if fixture.bedrock is not None:
        sent = record.body.decode()
        for here, url in moved.items():
            sent = sent.replace(here, url)
        assert json.loads(sent) == fixture.bedrock


@pytest.mark.parametrize("fixture", ACCEPTED, ids=str)
def test_fixtures_the_other_way_round(recorded_by_setting, recorder, file_host, fixture):
    """What is streamed, in one piece, and what is not, as a stream."""
    stream = not fixture.is_stream
    answer, _ = send_fixture(recorded_by_setting(fixture.unsupported_params), file_host, fixture, stream)
    assert answer.status == 200, answer.body
    record = recorder.take()
    assert record.operation == ("ConverseStream" if stream and not fixture.whole_only else "Converse")
    assert_acceptable(record)
    if stream:
        *chunks, done = answer.events()
        assert done == "[DONE]"
        assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks) == "recorded"


@pytest.mark.parametrize("fixture", [each for each in FIXTURES if each.error_param is not None], ids=str)
def test_fixtures_of_mistakes(recorded_by_setting, recorder, file_host, fixture):
    body, _ = fixture.served_by(file_host)
    answer = send(recorded_by_setting(fixture.unsupported_params), body, fixture.headers)
    assert answer.status == 400, answer.body
    assert answer.error["param"] == fixture.error_param
    assert recorder.is_idle(), "a mistake of the caller does not reach Bedrock"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.png",
        "https://127.0.0.1/a.png",
        "https://localhost/a.png",
        "https://[::ffff:10.0.0.1]/a.png",
        "https://0x7f.1/a.png",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.64.0.1/a.png",
        "data:image/svg+xml;base64,aGk=",
        "ftp://a/b",
    ],
)
def test_images_that_cannot_be_sent_are_refused(recorded_gateway, recorder, url):
    """Nothing is fetched that is not public, however its address is spelled."""
    part = {"type": "image_url", "image_url": {"url": url}}
    answer = send(recorded_gateway, {"model": CLAUDE, "messages": [{"role": "user", "content": [part]}]})
    assert answer.status == 400, answer.body
    assert answer.error["param"] == "messages[0].content[0].image_url.url"
    assert recorder.is_idle()


def test_anthropic_beta_as_a_header(recorded_gateway, recorder):
    for name in ("x-portkey-anthropic-beta", "anthropic-beta"):
        send(recorded_gateway, {"model": CLAUDE, "messages": [{"role": "user", "content": "hi"}]}, {name: "a-1,b-2"})
        assert recorder.take().json()["additionalModelRequestFields"] == {"anthropic_beta": ["a-1", "b-2"]}


def test_override_params_of_a_config(recorded_gateway, recorder):
    config = {
        "provider": "bedrock",
        "aws_access_key_id": "AKIACONFIGCONFIG0001",
        "aws_secret_access_key": "config/secret",
        "override_params": {"model": "amazon.nova-lite-v1:0", "max_tokens": 7, "temperature": 0},
    }
    answer = curl(
        f"{recorded_gateway.gateway}/chat/completions",
        headers={"x-portkey-config": json.dumps(config)},
        body={"model": CLAUDE, "max_tokens": 5, "top_p": 0.5, "messages": [{"role": "user", "content": "hi"}]},
    )
    assert answer.status == 200, answer.body
    record = recorder.take()
    assert record.model_id == "amazon.nova-lite-v1:0"
    assert record.json()["inferenceConfig"] == {"maxTokens": 7, "temperature": 0, "topP": 0.5}

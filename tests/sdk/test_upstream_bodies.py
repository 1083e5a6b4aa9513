"""What the gateway sends to Bedrock, judged by botocore's service model and by rules the service applies."""

import json
from typing import Any

import pytest

from support import fixtures, service_model, service_rules
from support.bodies import CASES, CLAUDE
from support.curl import Answer, curl
from support.identity import direct_headers
from support.recorder import Recorded

FIXTURES = fixtures.load()


def send(gateway, body: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
    return curl(f"{gateway.gateway}/chat/completions", headers={**direct_headers(), **(headers or {})}, body=body)


def assert_acceptable(record: Recorded) -> None:
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


@pytest.mark.parametrize("fixture", [each for each in FIXTURES if each.error_param is None], ids=str)
def test_fixtures(recorded_gateway, recorder, fixture):
    answer = send(recorded_gateway, {"model": CLAUDE, **fixture.openai}, fixture.headers)
    assert answer.status == 200, answer.body
    record = recorder.take()
    assert_acceptable(record)
    if fixture.bedrock is not None:
        assert record.json() == fixture.bedrock


@pytest.mark.parametrize("fixture", [each for each in FIXTURES if each.error_param is not None], ids=str)
def test_fixtures_of_mistakes(recorded_gateway, recorder, fixture):
    answer = send(recorded_gateway, {"model": CLAUDE, **fixture.openai}, fixture.headers)
    assert answer.status == 400, answer.body
    assert answer.error["param"] == fixture.error_param
    assert recorder.is_idle(), "a mistake of the caller does not reach Bedrock"


@pytest.mark.parametrize("url", ["https://example.org/a.png", "http://169.254.169.254/a", "data:image/svg+xml;base64,aGk=", "ftp://a/b"])
def test_images_that_cannot_be_sent_are_refused(recorded_gateway, recorder, url):
    """Fetching images from the net comes later; until then it is refused, and nothing is fetched."""
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

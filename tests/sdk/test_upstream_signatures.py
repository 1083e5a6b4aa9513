"""What the gateway signs, recomputed by botocore's signer; and what of a caller's headers reaches Bedrock: nothing."""

import json
import re

import pytest
from botocore.credentials import Credentials
from openai import OpenAI
from portkey_ai import Portkey

from support import identity, sigv4
from support.conversations import MODEL, user
from support.curl import curl
from support.recorder import Recorded

DEMO = Credentials(identity.ACCESS_KEY_ID, identity.SECRET_ACCESS_KEY)
SESSION = Credentials(identity.SESSION_ACCESS_KEY_ID, identity.SESSION_SECRET_ACCESS_KEY, identity.SESSION_TOKEN)
BODY = {"model": MODEL, "messages": [user("hé 世界 🚀")]}

MODELS = [
    "emulator.echo",
    "anthropic.claude-v2:1",
    "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
    "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-3-haiku-20240307-v1:0",
    "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/ab12cd34ef56",
    "arn:aws:bedrock:us-east-1:111122223333:provisioned-model/ab12cd34ef56",
    "arn:aws:bedrock:us-east-1:111122223333:custom-model/amazon.nova-lite/ab12cd34ef56",
    "arn:aws:bedrock:us-east-1:111122223333:imported-model/ab12cd34ef56",
]

# Everything that the gateway may say to Bedrock on its own behalf.
OWN_HEADERS = {
    "host",
    "content-type",
    "content-length",
    "accept",
    "accept-encoding",
    "user-agent",
    "authorization",
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-security-token",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
}


def keys(credentials: Credentials, region: str | None = identity.REGION) -> dict[str, str]:
    headers = {
        "x-portkey-aws-access-key-id": credentials.access_key,
        "x-portkey-aws-secret-access-key": credentials.secret_key,
        "x-portkey-aws-session-token": credentials.token,
        "x-portkey-aws-region": region,
    }
    return {name: value for name, value in headers.items() if value}


@pytest.fixture
def sent(recorded_gateway, recorder):
    """Sends a request and hands out what reached the upstream."""

    def send(headers: dict[str, str], body: dict = BODY) -> Recorded:
        answer = curl(f"{recorded_gateway.gateway}/chat/completions", headers=headers, body=body)
        assert answer.status == 200, answer.body
        return recorder.take()

    return send


def assert_only_own_headers(record: Recorded) -> None:
    names = [name.lower() for name, _ in record.headers]
    assert sorted(set(names)) == sorted(names), "each header once"
    assert set(names) <= OWN_HEADERS
    for name, value in record.headers:
        assert not re.search(r"openai|portkey|curl|python|node|stainless", value, re.IGNORECASE), (name, value)
    assert record.header("content-type") == "application/json"
    assert int(record.header("content-length")) == len(record.body)


@pytest.mark.parametrize("stream", [False, True], ids=["converse", "converse-stream"])
@pytest.mark.parametrize("credentials", [DEMO, SESSION], ids=["keys", "session"])
@pytest.mark.parametrize("model", MODELS)
def test_signatures(sent, model, credentials, stream):
    record = sent(keys(credentials), {**BODY, "model": model, "stream": stream})
    sigv4.check(record, credentials, identity.REGION)
    assert record.model_id == model, "percent-encoded once"
    assert record.target.count("/") == 3
    assert "%25" not in record.target
    assert_only_own_headers(record)


@pytest.mark.parametrize("model", ["x/../../y", "a%2Fb", "a?b=c#d", "arn:aws:bedrock:us-east-1:111122223333:x/../../y", "a:b@c"])
def test_a_model_cannot_leave_its_place_in_the_path(recorded_gateway, recorder, model):
    """Whatever it is called, it is one segment of the path and signed as such; or it is refused here."""
    answer = curl(f"{recorded_gateway.gateway}/chat/completions", headers=keys(DEMO), body={**BODY, "model": model})
    if answer.status == 400:
        assert answer.error["param"] == "model"
        assert recorder.is_idle()
        return
    record = recorder.take()
    assert record.target.count("/") == 3
    assert record.target.endswith("/converse")
    assert "?" not in record.target
    if "%" not in model:
        assert record.model_id == model
        sigv4.check(record, DEMO, identity.REGION)


@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1", "cn-northwest-1"])
def test_the_region_of_the_header_is_signed(sent, region):
    sigv4.check(sent(keys(DEMO, region)), DEMO, region)


def test_the_region_by_default(sent):
    sigv4.check(sent(keys(DEMO, None)), DEMO, "us-east-1")


def test_the_region_of_a_config(sent):
    config = {
        "provider": "bedrock",
        "aws_access_key_id": DEMO.access_key,
        "aws_secret_access_key": DEMO.secret_key,
        "aws_region": "ap-northeast-1",
    }
    sigv4.check(sent({"x-portkey-config": json.dumps(config)}), DEMO, "ap-northeast-1")


def test_the_region_of_an_arn(sent):
    """An ARN knows its region, when neither header nor config names one."""
    arn = "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/ab12cd34ef56"
    sigv4.check(sent(keys(DEMO, None), {**BODY, "model": arn}), DEMO, "eu-west-1")


@pytest.mark.parametrize("name", ["authorization", "x-api-key"])
def test_a_bearer_key_travels_alone(sent, name):
    value = f"Bearer {identity.API_KEY}" if name == "authorization" else identity.API_KEY
    record = sent({name: value})
    assert record.header("authorization") == f"Bearer {identity.API_KEY}"
    assert record.header("x-amz-security-token") is None
    assert record.header("x-amz-date") is None
    assert_only_own_headers(record)


def test_explicit_keys_never_pick_up_a_token_of_the_environment(sent):
    """This gateway has an AWS identity in its environment, session token and bearer key included."""
    record = sent(keys(DEMO))
    sigv4.check(record, DEMO, identity.REGION)
    assert record.header("x-amz-security-token") is None
    wire = repr(record.headers) + record.body.decode()
    for bait in (identity.BAIT_ACCESS_KEY_ID, identity.BAIT_SESSION_TOKEN, identity.BAIT_API_KEY):
        assert bait not in wire


def test_the_identity_of_the_gateway_is_nobodys_by_default(recorded_gateway, recorder):
    answer = curl(f"{recorded_gateway.gateway}/chat/completions", body=BODY)
    assert (answer.status, answer.error["type"]) == (401, "authentication_error")
    assert recorder.is_idle()


def test_no_header_of_the_caller_arrives(sent):
    record = sent(
        {
            **keys(SESSION),
            "authorization": "Bearer of-the-caller",
            "x-api-key": "of-the-caller",
            "cookie": "session=of-the-caller",
            "user-agent": "agent-of-the-caller",
            "x-amz-security-token": "of-the-caller",
            "x-amz-date": "20200101T000000Z",
            "x-forwarded-for": "192.0.2.1",
            "forwarded": "for=192.0.2.1",
            "x-portkey-trace-id": "trace-of-the-caller",
            "x-portkey-forward-headers": "cookie,x-custom",
            "x-custom": "of-the-caller",
            "accept-language": "tlh",
            "connection": "keep-alive, x-custom",
            "te": "trailers",
        }
    )
    sigv4.check(record, SESSION, identity.REGION)
    assert_only_own_headers(record)
    assert "of-the-caller" not in repr(record.headers)
    assert b"of-the-caller" not in record.body


def test_nothing_of_the_openai_client_arrives(recorded_gateway, recorder):
    client = OpenAI(api_key=identity.API_KEY, base_url=recorded_gateway.gateway, organization="of-the-caller")
    assert client.chat.completions.create(**BODY).choices[0].message.content == "recorded"
    record = recorder.take()
    assert_only_own_headers(record)
    assert "of-the-caller" not in repr(record.headers)


def test_nothing_of_the_portkey_client_arrives(recorded_gateway, recorder):
    client = Portkey(
        api_key=identity.PORTKEY_API_KEY,
        base_url=recorded_gateway.gateway,
        provider="bedrock",
        aws_access_key_id=SESSION.access_key,
        aws_secret_access_key=SESSION.secret_key,
        aws_session_token=SESSION.token,
        aws_region="eu-west-3",
        trace_id="of-the-caller",
        metadata={"a": "of-the-caller"},
    )
    assert client.chat.completions.create(**BODY).choices[0].message.content == "recorded"
    record = recorder.take()
    sigv4.check(record, SESSION, "eu-west-3")
    assert_only_own_headers(record)
    assert "of-the-caller" not in repr(record.headers)
    assert identity.PORTKEY_API_KEY not in repr(record.headers)

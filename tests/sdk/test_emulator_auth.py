"""Who may call the emulator, with AWS's errors for everybody else."""

import datetime
import json

import botocore.auth
import pytest
from botocore.exceptions import ClientError

from support import aws, identity
from support.aws import text_of, user

ASK = [user("hi")]
BODY = json.dumps({"messages": ASK}).encode()


def refusal(emulator, keys) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        aws.bedrock(emulator.emulator, keys).converse(modelId="emulator.echo", messages=ASK)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("keys", [aws.DEMO, aws.SESSION], ids=["keys", "session"])
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "us-gov-west-1"])
def test_good_keys(emulator, keys, region):
    assert text_of(aws.bedrock(emulator.emulator, keys, region).converse(modelId="emulator.echo", messages=ASK)) == "You said: hi"


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (("AKIANOBODYKNOWSTHIS1", "x", None), "UnrecognizedClientException"),
        ((identity.ACCESS_KEY_ID, "wrong/secret", None), "InvalidSignatureException"),
        ((*aws.SESSION[:2], None), "UnrecognizedClientException"),
        ((*aws.SESSION[:2], "another-token"), "UnrecognizedClientException"),
        ((*aws.SESSION[:2], identity.EXPIRED_TOKEN), "ExpiredTokenException"),
        (aws.DENIED, "AccessDeniedException"),
    ],
    ids=["unknown", "wrong secret", "no token", "wrong token", "expired token", "denied"],
)
def test_bad_keys(emulator, keys, code):
    assert refusal(emulator, keys) == (code, 403)


def request(emulator):
    return aws.signed(emulator.emulator, "converse", "emulator.echo", BODY)


def assert_refused(answer: tuple[int, dict[str, str], bytes], code: str) -> None:
    status, headers, body = answer
    assert status == 403
    assert headers["x-amzn-errortype"].split(":")[0] == code
    assert headers["x-amzn-requestid"]
    assert json.loads(body)["message"]


def test_the_untouched_request_is_accepted(emulator):
    status, _, body = aws.send(request(emulator))
    assert status == 200
    assert json.loads(body)["stopReason"] == "end_turn"


def test_a_body_that_was_changed_on_the_way(emulator):
    assert_refused(aws.send(request(emulator), BODY.replace(b"hi", b"ho")), "InvalidSignatureException")


def test_a_header_that_was_changed_on_the_way(emulator):
    changed = request(emulator)
    changed.headers.replace_header("content-type", "application/json; charset=utf-8")
    assert_refused(aws.send(changed), "InvalidSignatureException")


def test_a_signature_of_yesterday(emulator, monkeypatch):
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: then)
    assert_refused(aws.send(request(emulator)), "InvalidSignatureException")


def test_no_authorization_at_all(emulator):
    unsigned = request(emulator)
    del unsigned.headers["Authorization"]
    assert_refused(aws.send(unsigned), "MissingAuthenticationTokenException")


def test_a_signature_for_another_service(emulator):
    other = request(emulator)
    value = other.headers["Authorization"].replace("/bedrock/", "/s3/")
    other.headers.replace_header("Authorization", value)
    assert_refused(aws.send(other), "InvalidSignatureException")


def bearer(emulator, key: str):
    """botocore sends bearer keys by TLS only, so this request is made without its signer."""
    unsigned = request(emulator)
    unsigned.headers.replace_header("Authorization", f"Bearer {key}")
    del unsigned.headers["X-Amz-Date"]
    return unsigned


def test_a_bearer_key(emulator):
    status, _, body = aws.send(bearer(emulator, identity.API_KEY))
    assert status == 200
    assert json.loads(body)["output"]["message"]["content"] == [{"text": "You said: hi"}]


def test_a_wrong_bearer_key(emulator):
    status, headers, body = aws.send(bearer(emulator, "another-key"))
    assert status == 403
    assert headers["x-amzn-errortype"].split(":")[0] == "AccessDeniedException"
    assert json.loads(body)["Message"], "the front of the service writes it with a capital letter"

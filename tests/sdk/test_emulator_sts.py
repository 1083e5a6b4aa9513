"""The emulator as AWS STS: boto3 takes on roles, one after the other, and calls Bedrock with what it gets."""

import base64
import datetime
import json
import re
import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from support import aws, identity
from support.aws import text_of, user

ACCOUNT = "444455556666"
ASK = {"modelId": "emulator.echo", "messages": [user("hi")]}


def arn(role: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:role/{role}"


def sts(emulator, keys=aws.DEMO):
    return aws.client("sts", emulator.emulator, keys)


def assume(emulator, role: str, keys=aws.DEMO, **parameters) -> dict:
    parameters = {"RoleArn": arn(role), "RoleSessionName": "night", **parameters}
    return sts(emulator, keys).assume_role(**parameters)


def keys_of(answer: dict) -> tuple[str, str, str]:
    credentials = answer["Credentials"]
    return credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]


def converse(emulator, keys) -> str:
    return text_of(aws.bedrock(emulator.emulator, keys).converse(**ASK))


def refusal(call, *arguments, **parameters) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **parameters)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def test_a_role_is_taken_on(emulator):
    before = datetime.datetime.now(datetime.UTC)
    answer = assume(emulator, "path/to/reader", DurationSeconds=900)
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/night"
    assert re.fullmatch(r"AROA[A-Z2-7]{17}:night", answer["AssumedRoleUser"]["AssumedRoleId"])
    assert "PackedPolicySize" not in answer
    life = answer["Credentials"]["Expiration"] - before
    assert datetime.timedelta(seconds=898) < life < datetime.timedelta(seconds=910)
    access_key, secret_key, _ = keys_of(answer)
    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", access_key)
    assert len(secret_key) == 40
    assert converse(emulator, keys_of(answer)) == "You said: hi"


@pytest.mark.parametrize(
    ("keys", "ending"),
    [(aws.DEMO, ":user/emulator"), (aws.DENIED, ":user/denied"), (aws.SESSION, ":assumed-role/emulator-temporary/emulator")],
    ids=["demo", "denied", "session"],
)
def test_who_the_fixed_keys_are(emulator, keys, ending):
    answer = sts(emulator, keys).get_caller_identity()
    assert answer["Account"] == "111122223333"
    assert answer["Arn"].endswith(ending)
    assert answer["UserId"].startswith("AROA" if "assumed-role" in ending else "AIDA")


def test_who_a_role_is(emulator):
    taken = assume(emulator, "reader")
    answer = sts(emulator, keys_of(taken)).get_caller_identity()
    assert answer["Account"] == ACCOUNT
    assert answer["Arn"] == taken["AssumedRoleUser"]["Arn"]
    assert answer["UserId"] == taken["AssumedRoleUser"]["AssumedRoleId"]


def test_tags_policies_and_source_identity(emulator):
    tags = [{"Key": "team", "Value": "Blau & Weiß"}, {"Key": "empty", "Value": ""}]
    refused = refusal(assume, emulator, "reader", Tags=tags)
    assert refused[:2] == ("ValidationError", 400), "an ampersand is not allowed in a tag"
    tags[0]["Value"] = "Blau Weiß"
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    answer = assume(
        emulator,
        "reader",
        Tags=tags,
        TransitiveTagKeys=["team"],
        SourceIdentity="alice",
        Policy=policy,
        PolicyArns=[{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}],
    )
    assert 0 < answer["PackedPolicySize"] <= 100
    assert answer["SourceIdentity"] == "alice"
    again = refusal(assume, emulator, "writer", keys_of(answer), Tags=[{"Key": "Team", "Value": "Rot"}])
    assert again[:2] == ("InvalidParameterValue", 400)
    assert assume(emulator, "writer", keys_of(answer))["SourceIdentity"] == "alice"


def test_a_chain_of_roles(emulator):
    hub = assume(emulator, "hub")
    spoke = assume(emulator, "emulator-only-from-hub", keys_of(hub))
    assert converse(emulator, keys_of(spoke)) == "You said: hi"
    code, status, text = refusal(assume, emulator, "emulator-only-from-hub")
    assert (code, status) == ("AccessDenied", 403)
    assert text == (
        "User: arn:aws:iam::111122223333:user/emulator is not authorized to perform: sts:AssumeRole "
        f"on resource: {arn('emulator-only-from-hub')}"
    )
    code, status, text = refusal(assume, emulator, "spoke", keys_of(hub), DurationSeconds=3601)
    assert (code, status) == ("ValidationError", 400)
    assert "1 hour session limit for roles assumed by role chaining" in text


@pytest.mark.parametrize(
    ("role", "parameters", "code"),
    [
        ("emulator-denied", {}, "AccessDenied"),
        ("emulator-external-id-abc", {}, "AccessDenied"),
        ("emulator-external-id-abc", {"ExternalId": "abc"}, None),
        ("emulator-no-tags", {"Tags": [{"Key": "a", "Value": "b"}]}, "AccessDenied"),
        ("emulator-no-tags", {}, None),
        ("emulator-expires-x", {}, "AccessDenied"),
    ],
)
def test_roles_that_not_everybody_may_take_on(emulator, role, parameters, code):
    if code is None:
        assert assume(emulator, role, **parameters)["Credentials"]
    else:
        assert refusal(assume, emulator, role, **parameters)[:2] == (code, 403)


def test_a_role_without_bedrock(emulator):
    taken = assume(emulator, "emulator-no-bedrock")
    code, status, text = refusal(aws.bedrock(emulator.emulator, keys_of(taken)).converse, **ASK)
    assert (code, status) == ("AccessDeniedException", 403)
    assert taken["AssumedRoleUser"]["Arn"] in text


def test_credentials_expire(emulator):
    keys = keys_of(assume(emulator, "emulator-expires-1"))
    assert converse(emulator, keys) == "You said: hi"
    time.sleep(2.1)
    assert refusal(aws.bedrock(emulator.emulator, keys).converse, **ASK)[:2] == ("ExpiredTokenException", 403)
    assert refusal(sts(emulator, keys).get_caller_identity)[:2] == ("ExpiredToken", 403)


def test_tokens_cannot_be_altered_or_swapped(emulator):
    access_key, secret_key, token = keys_of(assume(emulator, "reader"))
    altered = token[:100] + ("A" if token[100] != "A" else "B") + token[101:]
    _, _, other = keys_of(assume(emulator, "reader"))
    for wrong in (altered, other, "token", None):
        keys = (access_key, secret_key, wrong)
        assert refusal(aws.bedrock(emulator.emulator, keys).converse, **ASK)[0] == "UnrecognizedClientException"
        assert refusal(sts(emulator, keys).get_caller_identity)[:2] == ("InvalidClientTokenId", 403)
    wrong_secret = (access_key, "x" * 40, token)
    assert refusal(sts(emulator, wrong_secret).get_caller_identity)[:2] == ("SignatureDoesNotMatch", 403)


def test_the_service_can_fail(emulator):
    role = {"RoleArn": arn("emulator-throttle-2", "000011112222"), "RoleSessionName": "night"}
    for _ in range(2):
        assert refusal(sts(emulator).assume_role, **role) == ("Throttling", 400, "Rate exceeded")
    assert sts(emulator).assume_role(**role)["Credentials"]
    assert refusal(assume, emulator, "emulator-unavailable")[:2] == ("ServiceUnavailable", 503)
    begun = time.monotonic()
    assert assume(emulator, "emulator-slow-300")["Credentials"]
    assert time.monotonic() - begun > 0.3


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"RoleSessionName": "a:b"}, "Member must satisfy regular expression pattern: [\\w+=,.@-]*"),
        ({"RoleSessionName": "s" * 65}, "Member must have length less than or equal to 64"),
        ({"RoleArn": "reader-without-an-arn"}, "reader-without-an-arn is invalid"),
        ({"RoleArn": "arn:aws:iam::444455556666:user/me"}, "Request ARN is invalid"),
        ({"DurationSeconds": 43201}, "Member must have value less than or equal to 43200"),
        ({"ExternalId": "a b"}, "'externalId'"),
    ],
)
def test_requests_are_held_against_the_model(emulator, parameters, text):
    client = aws.client("sts", emulator.emulator, parameter_validation=False)
    code, status, message = refusal(
        client.assume_role, **{"RoleArn": arn("reader"), "RoleSessionName": "night", **parameters}
    )
    assert (code, status) == ("ValidationError", 400)
    assert text in message


def jwt(**claims) -> str:
    def part(value: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.c2lnbmF0dXJl"


def with_token(emulator, token: str, role: str = "pod") -> dict:
    client = boto3.client("sts", endpoint_url=emulator.emulator, region_name=identity.REGION,
                          config=Config(retries={"total_max_attempts": 1}))
    return client.assume_role_with_web_identity(RoleArn=arn(role), RoleSessionName="pod", WebIdentityToken=token)


def test_web_identity(emulator):
    answer = with_token(emulator, jwt(sub="system:serviceaccount:a:b", iss="https://oidc.example.com", aud=["sts"]))
    assert answer["SubjectFromWebIdentityToken"] == "system:serviceaccount:a:b"
    assert (answer["Provider"], answer["Audience"]) == ("https://oidc.example.com", "sts")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/pod/pod"
    assert converse(emulator, keys_of(answer)) == "You said: hi"


@pytest.mark.parametrize(
    ("token", "role", "code", "status"),
    [
        ("garbage", "pod", "InvalidIdentityToken", 400),
        ("emulator-expired-web-identity", "pod", "ExpiredTokenException", 400),
        (jwt(sub="expired-pod"), "pod", "ExpiredTokenException", 400),
        (jwt(sub="pod", exp=1), "pod", "ExpiredTokenException", 400),
        (jwt(sub="pod"), "emulator-denied", "AccessDenied", 403),
    ],
)
def test_bad_web_identity(emulator, token, role, code, status):
    assert refusal(with_token, emulator, token, role)[:2] == (code, status)


@pytest.fixture
def profiles(emulator, tmp_path, monkeypatch):
    """A shared configuration whose profiles take on roles, one from the other."""
    config = tmp_path / "config"
    config.write_text(
        f"""
[profile base]
aws_access_key_id = {identity.ACCESS_KEY_ID}
aws_secret_access_key = {identity.SECRET_ACCESS_KEY}

[profile hub]
role_arn = {arn("hub")}
source_profile = base

[profile spoke]
role_arn = {arn("emulator-only-from-hub")}
source_profile = hub
role_session_name = chained
"""
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", emulator.emulator)
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", emulator.emulator)


def test_profiles_that_take_on_roles(profiles):
    session = boto3.Session(profile_name="spoke", region_name="eu-central-1")
    assert text_of(session.client("bedrock-runtime").converse(**ASK)) == "You said: hi"
    who = session.client("sts").get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/emulator-only-from-hub/chained"


def test_a_token_file(emulator, tmp_path, monkeypatch):
    token = tmp_path / "token"
    token.write_text(jwt(sub="system:serviceaccount:a:b") + "\n")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", arn("pod"))
    monkeypatch.setenv("AWS_ROLE_SESSION_NAME", "file")
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.emulator)
    session = boto3.Session(region_name=identity.REGION)
    assert text_of(session.client("bedrock-runtime").converse(**ASK)) == "You said: hi"
    assert session.client("sts").get_caller_identity()["Arn"].endswith(":assumed-role/pod/file")


def test_a_bearer_key_is_none_for_sts(emulator):
    status, headers, body = aws.send_plain(
        "POST",
        f"{emulator.emulator}/",
        {"authorization": f"Bearer {identity.API_KEY}", "content-type": "application/x-www-form-urlencoded"},
        b"Action=GetCallerIdentity&Version=2011-06-15",
    )
    assert status == 403
    assert headers["content-type"] == "text/xml"
    assert b"<Code>MissingAuthenticationToken</Code>" in body
    assert headers["x-amzn-requestid"].encode() in body

"""What the gateway asks STS and Bedrock's control plane, judged by botocore's service models and its signer."""

import pytest
from botocore.credentials import Credentials
from openai import OpenAI

from support import identity
from support.conversations import user
from support.sts_requests import judge_assume_role, judge_profile
from support.vault import ACCOUNT, role

DEMO = Credentials(identity.ACCESS_KEY_ID, identity.SECRET_ACCESS_KEY)
SESSION = Credentials(identity.SESSION_ACCESS_KEY_ID, identity.SESSION_SECRET_ACCESS_KEY, identity.SESSION_TOKEN)
BODY = {"model": "emulator.echo", "messages": [user("hi")]}


def keys(credentials: Credentials, **more: str) -> dict[str, str]:
    pair = {
        "x_portkey_aws_access_key_id": credentials.access_key,
        "x_portkey_aws_secret_access_key": credentials.secret_key,
        "x_portkey_aws_session_token": credentials.token,
    }
    return {name: value for name, value in {**pair, **more}.items() if value}


def taken(exchange) -> Credentials:
    """What STS gave."""
    found = exchange.parsed()["Credentials"]
    return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
@pytest.mark.parametrize("credentials", [DEMO, SESSION], ids=["pair", "session"])
def test_assume_role(keeper, relay, credentials, region):
    mark = relay.mark()
    arn = role("path/of/judged+=,.@-_role")
    headers = keys(
        credentials,
        x_portkey_aws_region=region,
        x_portkey_aws_role_arn=arn,
        x_portkey_aws_external_id="id+=,.@:/-_0",
        x_portkey_metadata='{"team":"Größe +/=@ 1"}',
    )
    answer = keeper.chat(keeper.caller, BODY, **headers)
    assert answer.status == 200, answer.body
    (asked,) = relay.since(mark, "AssumeRole")
    assert judge_assume_role(asked, credentials, region) == {
        "RoleArn": arn,
        "RoleSessionName": "bedrock-gateway-caller",
        "ExternalId": "id+=,.@:/-_0",
        "Tags": [{"Key": "team", "Value": "Größe +/=@ 1"}],
    }


def test_a_chain(keeper, relay):
    mark = relay.mark()
    headers = keys(
        DEMO,
        x_portkey_aws_region="ap-south-1",
        x_portkey_aws_role_arn=role("judged-spoke"),
        x_portkey_aws_source_role_arn=role("judged-hub"),
        x_portkey_aws_source_external_id="for-the-hub",
    )
    assert keeper.chat(keeper.caller, BODY, **headers).status == 200
    hub, spoke = relay.since(mark, "AssumeRole")
    asked = judge_assume_role(hub, DEMO, "ap-south-1")
    assert (asked["RoleArn"], asked["ExternalId"]) == (role("judged-hub"), "for-the-hub")
    asked = judge_assume_role(spoke, taken(hub), "ap-south-1")
    assert asked["RoleArn"] == role("judged-spoke") and "ExternalId" not in asked


def test_the_name_of_a_session_is_one_that_sts_takes(keeper, relay):
    _, key = keeper.make_api_key("ß" * 40 + " a/b:c" * 10, "inference")
    mark = relay.mark()
    assert keeper.chat(key, BODY, x_portkey_aws_role_arn=role("lent-named")).status == 200
    (asked,) = relay.since(mark, "AssumeRole")
    name = judge_assume_role(asked, DEMO, "us-east-1")["RoleSessionName"]
    assert name.startswith("bedrock-gateway-") and len(name) == 64


@pytest.mark.parametrize("profile", ["novalite0000", "arn"])
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-3"])
def test_get_inference_profile(keeper, relay, profile, region):
    """It is asked for once, as whoever the request is made for."""
    model = f"arn:aws:bedrock:{region}:{ACCOUNT}:application-inference-profile/novalite0000" if profile == "arn" else profile
    mark = relay.mark()
    headers = keys(DEMO, x_portkey_aws_region=region, x_portkey_aws_role_arn=role(f"profiles-{profile}-{region}"))
    for _ in range(2):
        answer = keeper.chat(keeper.caller, {**BODY, "model": model}, **headers)
        assert answer.status == 200, answer.body
    (assumed,) = relay.since(mark, "AssumeRole")
    (asked,) = relay.since(mark, "GetInferenceProfile")
    assert judge_profile(asked, taken(assumed), region) == model
    assert {relay.who(exchange) for exchange in relay.since(mark, "Converse")} == {relay.who(asked)}


def test_the_model_behind_a_profile_decides(keeper, relay):
    """Claude takes a budget of thinking tokens, and what its answer looks like is known."""
    body = {**BODY, "model": "claude37sonn", "max_tokens": 3000, "thinking": {"type": "enabled", "budget_tokens": 2000}}
    answer = keeper.chat(keeper.caller, body, x_portkey_virtual_key="VIRTUAL_KEY", x_portkey_strict_open_ai_compliance="false")
    assert answer.status == 200, answer.body
    blocks = answer.json()["choices"][0]["message"]["content_blocks"]
    assert [block["type"] for block in blocks] == ["thinking", "text"]
    assert relay.since(0, "Converse")[-1].request.json()["additionalModelRequestFields"]["thinking"]


@pytest.mark.parametrize(
    ("profile", "status", "code"),
    [
        ("denied000000", 403, "AccessDeniedException"),
        ("throttled000", 429, "ThrottlingException"),
        ("zzzzzzzzzzzz", 404, "ResourceNotFoundException"),
        ("broken000000", 500, "InternalServerException"),
    ],
)
def test_a_profile_that_cannot_be_looked_up(keeper, relay, profile, status, code):
    mark = relay.mark()
    answer = keeper.chat(keeper.caller, {**BODY, "model": profile}, **keys(DEMO))
    error = answer.json()["error"]
    assert (answer.status, error["code"], error["param"]) == (status, code, "model"), answer.body
    assert "bedrock:GetInferenceProfile" in error["message"]
    assert relay.since(mark, "Converse") == []


def test_a_throttled_lookup_is_made_again(keeper, relay):
    """The client tries again, and the gateway too: it remembers no failure that passes by itself."""
    mark = relay.mark()
    client = OpenAI(
        api_key=keeper.caller, base_url=keeper.gateway, default_headers={"x-portkey-virtual-key": "role-by-pair"}
    )
    answer = client.chat.completions.create(**{**BODY, "model": "throttleonce"})
    assert answer.choices[0].message.content == "You said: hi"
    assert [asked.status for asked in relay.since(mark, "GetInferenceProfile")] == [429, 200]


def test_a_family_that_is_named_needs_no_lookup(keeper, relay):
    mark = relay.mark()
    headers = {**keys(DEMO), "x_portkey_model_family": "amazon.nova-lite"}
    assert keeper.chat(keeper.caller, {**BODY, "model": "novalite0000"}, **headers).status == 200
    assert relay.since(mark, "GetInferenceProfile") == []


def test_a_bedrock_api_key_looks_up_too(keeper, relay):
    mark = relay.mark()
    assert keeper.chat(keeper.caller, {**BODY, "model": "qwen332b0000"}, x_portkey_virtual_key="bedrock-api-key").status == 200
    (asked,) = relay.since(mark, "GetInferenceProfile")
    assert asked.bearer == identity.API_KEY
    assert asked.request.header("x-amz-security-token") is None

"""Inference profiles: boto3 asks which model is behind one, and calls it."""

from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from support import aws, identity
from support.aws import text_of, user

ACCOUNT = "444455556666"
# The id of an application's profile, its model, and how many regions it leads to from us-east-1.
PROFILES = [
    ("claudesonnet", "anthropic.claude-sonnet-4-5-20250929-v1:0", 3),
    ("claudehaiku3", "anthropic.claude-3-haiku-20240307-v1:0", 1),
    ("novapro00000", "amazon.nova-pro-v1:0", 1),
    ("llama4maveri", "meta.llama4-maverick-17b-instruct-v1:0", 3),
    ("mistrallarge", "mistral.mistral-large-2407-v1:0", 1),
    ("deepseekr100", "deepseek.r1-v1:0", 3),
    ("gptoss120b00", "openai.gpt-oss-120b-1:0", 1),
]


def arn(profile: str, region: str = identity.REGION) -> str:
    return f"arn:aws:bedrock:{region}:{ACCOUNT}:application-inference-profile/{profile}"


def ask(emulator, identifier: str, keys=aws.DEMO, region: str = identity.REGION) -> dict:
    return aws.client("bedrock", emulator.emulator, keys, region).get_inference_profile(
        inferenceProfileIdentifier=identifier
    )


def refusal(call, *arguments, **parameters) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **parameters)
    response = caught.value.response
    assert response["Error"]["Message"]
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(("profile", "model", "regions"), PROFILES)
def test_an_applications_profile(emulator, profile, model, regions):
    for identifier in (arn(profile), profile):
        answer = ask(emulator, identifier)
        assert answer["inferenceProfileId"] == profile
        assert (answer["type"], answer["status"]) == ("APPLICATION", "ACTIVE")
        assert len(answer["models"]) == regions
        assert all(entry["modelArn"].endswith(f"::foundation-model/{model}") for entry in answer["models"])
        assert answer["inferenceProfileName"] and answer["description"] and answer["createdAt"].year == 2025
    assert ask(emulator, arn(profile))["inferenceProfileArn"] == arn(profile)


@pytest.mark.parametrize("identifier", ["us.amazon.nova-lite-v1:0", "global.anthropic.claude-sonnet-4-5-20250929-v1:0"])
def test_a_profile_of_the_system(emulator, identifier):
    answer = ask(emulator, identifier)
    assert answer["type"] == "SYSTEM_DEFINED"
    assert answer["inferenceProfileArn"] == f"arn:aws:bedrock:us-east-1:111122223333:inference-profile/{identifier}"
    assert len(answer["models"]) == 3
    assert ask(emulator, answer["inferenceProfileArn"])["models"] == answer["models"]


@pytest.mark.parametrize(
    ("identifier", "code", "status"),
    [
        ("denied000000", "AccessDeniedException", 403),
        ("throttled000", "ThrottlingException", 429),
        ("broken000000", "InternalServerException", 500),
        ("ab12cd34ef56", "ResourceNotFoundException", 404),
        (arn("ab12cd34ef56"), "ResourceNotFoundException", 404),
        ("amazon.nova-lite-v1:0", "ResourceNotFoundException", 404),
        (arn("novapro00000", "eu-west-1"), "ValidationException", 400),
        ("no profile", "ValidationException", 400),
    ],
)
def test_refusals(emulator, identifier, code, status):
    assert refusal(ask, emulator, identifier) == (code, status)


def test_who_may_ask(emulator):
    assert refusal(ask, emulator, "novapro00000", aws.DENIED) == ("AccessDeniedException", 403)
    taken = aws.client("sts", emulator.emulator).assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/reader", RoleSessionName="night"
    )["Credentials"]
    keys = (taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])
    assert f":{ACCOUNT}:" in ask(emulator, "novapro00000", keys)["inferenceProfileArn"]
    headers = {"authorization": f"Bearer {identity.API_KEY}"}
    path = f"{emulator.emulator}/inference-profiles/{quote(arn('novapro00000'), safe='')}"
    status, _, body = aws.send_plain("GET", path, headers)
    assert status == 200 and arn("novapro00000").encode() in body


def test_the_first_question_can_be_throttled(emulator):
    assert refusal(ask, emulator, "throttleonce") == ("ThrottlingException", 429)
    assert ask(emulator, "throttleonce")["models"]


def test_a_call_behaves_like_the_model_behind(emulator):
    """DeepSeek R1 thinks unasked, Titan has no tools, and a profile nobody knows refuses nothing."""
    bedrock = aws.bedrock(emulator.emulator)
    for model in (arn("deepseekr100"), "deepseekr100"):
        content = bedrock.converse(modelId=model, messages=[user("hi")])["output"]["message"]["content"]
        assert any("reasoningContent" in block for block in content)
    tools = {"tools": [{"toolSpec": {"name": "get", "inputSchema": {"json": {"type": "object"}}}}]}
    call = {"messages": [user("hi")], "toolConfig": tools}
    assert refusal(bedrock.converse, modelId=arn("titantext000"), **call) == ("ValidationException", 400)
    assert text_of(bedrock.converse(modelId=arn("ab12cd34ef56"), **call)) == "You said: hi"

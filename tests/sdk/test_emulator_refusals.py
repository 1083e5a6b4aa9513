"""What a family of models refuses at AWS is refused by the emulator, in AWS's words."""

import json

import pytest
from botocore.exceptions import ClientError, EventStreamError

from support import aws, images
from support.aws import text_of, user
from test_emulator_boto3 import TOOLS

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
CLAUDE_3_7 = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
NOVA = "us.amazon.nova-pro-v1:0"
LLAMA = "us.meta.llama4-maverick-17b-instruct-v1:0"
IMAGE = {"image": {"format": "png", "source": {"bytes": images.PNG}}}
AUDIO = {"audio": {"format": "wav", "source": {"bytes": b"RIFF"}}}
VIDEO = {"video": {"format": "mp4", "source": {"bytes": b"mp4"}}}


def document(**members: object) -> dict:
    return {"document": {"format": "md", "name": "d", "source": {"bytes": b"# d"}, **members}}


def schema(value: dict) -> dict:
    structure = {"jsonSchema": {"name": "s", "schema": json.dumps(value)}}
    return {"textFormat": {"type": "json_schema", "structure": structure}}


def answered(*blocks: dict) -> list[dict]:
    use = {"toolUse": {"toolUseId": "tooluse_1", "name": "get_time", "input": {}}}
    return [user("go"), {"role": "assistant", "content": [use]}, user(*blocks)]


def result(*blocks: dict, **members: object) -> dict:
    return {"toolResult": {"toolUseId": "tooluse_1", "content": list(blocks), **members}}


def thought(reasoning: dict) -> list[dict]:
    return [user("a"), {"role": "assistant", "content": [{"reasoningContent": reasoning}, {"text": "b"}]}, user("c")]


CLOSED = {"type": "object", "additionalProperties": False}
UNSIGNED = {"reasoningText": {"text": "t"}}
HI = {"messages": [user("hi")]}
MODEL_SAYS = "The model returned the following errors: "
CASES = {
    "a bare id": ("anthropic.claude-sonnet-4-5-20250929-v1:0", HI, "with on-demand throughput isn\u2019t supported"),
    "a provider nobody knows": ("us.acme.model-v1:0", HI, "The provided model identifier is invalid."),
    "a model the provider has not": ("anthropic.cloude-v2", HI, "The provided model identifier is invalid."),
    "system": ("amazon.titan-text-express-v1", {**HI, "system": [{"text": "s"}]}, "doesn't support system messages"),
    "an image": ("amazon.nova-micro-v1:0", {"messages": [user("see", IMAGE)]}, "the image content block that you"),
    "audio": (CLAUDE, {"messages": [user("hear", AUDIO)]}, "the audio content block that you provided"),
    "video": (CLAUDE, {"messages": [user("see", VIDEO)]}, "the video content block that you provided"),
    "an image of a tool": (
        "us.deepseek.v3-v1:0",
        {"messages": answered(result(IMAGE)), "toolConfig": TOOLS},
        "This model doesn't support the image field for user messages.",
    ),
    "an object in S3 that is not there": (
        NOVA,
        {"messages": [user({"image": {"format": "png", "source": {"s3Location": {"uri": "s3://emulator-missing/a"}}}})]},
        f"{MODEL_SAYS}Provided S3Location not found",
    ),
    "citations": (
        NOVA,
        {"messages": [user("a", document(format="pdf", citations={"enabled": True}))]},
        "This model doesn't support citations.",
    ),
    "citations of markdown": (
        CLAUDE,
        {"messages": [user("a", document(citations={"enabled": True}))]},
        "Only txt and pdf formats are supported",
    ),
    "citations of a tool's document": (
        CLAUDE,
        {"messages": answered(result(document(format="pdf", citations={"enabled": True}))), "toolConfig": TOOLS},
        "Citations are not supported in tool result documents.",
    ),
    "a cache point behind markdown": (
        CLAUDE,
        {"messages": [user("a", document(), {"cachePoint": {"type": "default"}})]},
        f"{MODEL_SAYS}messages.0.content.2.type: Field required",
    ),
    "structured output, too early": (
        CLAUDE_3_7,
        {**HI, "outputConfig": schema(CLOSED)},
        f"{MODEL_SAYS}output_config.format: Extra inputs are not permitted",
    ),
    "structured output, never": (LLAMA, {**HI, "outputConfig": schema(CLOSED)}, "the outputConfig.textFormat field"),
    "an open schema": (
        CLAUDE,
        {**HI, "outputConfig": schema({"type": "object"})},
        "'additionalProperties' must be explicitly set to false",
    ),
    "a result with company": (
        LLAMA,
        {"messages": answered(result({"text": "noon"}), {"text": "and?"}), "toolConfig": TOOLS},
        "Conversation blocks and tool result blocks cannot be provided in the same turn.",
    ),
    "a status": (
        "us.writer.palmyra-x5-v1:0",
        {"messages": answered(result({"text": "noon"}, status="success")), "toolConfig": TOOLS},
        "This model doesn't support the status field.",
    ),
    "a thought of the past": (LLAMA, {"messages": thought(UNSIGNED)}, "User messages cannot contain reasoning content."),
    "a thought without signature": (CLAUDE, {"messages": thought(UNSIGNED)}, "thinking.signature: Field required"),
    "too much": (CLAUDE, {"messages": [user("word " * 400_000)]}, f"{MODEL_SAYS}Input is too long for requested model."),
    "too much for Nova": (NOVA, {"messages": [user("word " * 500_000)]}, f"{MODEL_SAYS}Input Tokens Exceeded: "),
    "a guardrail that does not exist": (
        NOVA,
        {**HI, "guardrailConfig": {"guardrailIdentifier": "emulatorinvalid", "guardrailVersion": "1"}},
        "The provided guardrail identifier is invalid.",
    ),
    "settings beside a prompt": (
        "arn:aws:bedrock:us-east-1:111122223333:prompt/PROMPT1234:1",
        {"inferenceConfig": {"maxTokens": 5}},
        "The inferenceConfig field can't be specified",
    ),
}


@pytest.fixture
def bedrock(emulator):
    return aws.bedrock(emulator.emulator)


@pytest.mark.parametrize(("model", "body", "complaint"), CASES.values(), ids=CASES)
def test_refused(bedrock, model, body, complaint):
    for operation in (bedrock.converse, bedrock.converse_stream):
        if operation == bedrock.converse_stream and "toolConfig" in body and model != CLAUDE:
            continue  # Some of these families refuse tools in streams before anything else.
        with pytest.raises(bedrock.exceptions.ValidationException) as refused:
            operation(modelId=model, **body)
        assert complaint in refused.value.response["Error"]["Message"]


def test_thoughts_that_must_be_redacted_break_the_service(bedrock):
    with pytest.raises(bedrock.exceptions.InternalServerException):
        bedrock.converse(modelId="openai.gpt-5.6-sol", messages=thought(UNSIGNED))


def test_nova_and_hyphens(bedrock):
    config = {"tools": [{"toolSpec": {"name": "get-time", "inputSchema": {"json": {"type": "object"}}}}]}
    assert text_of(bedrock.converse(modelId=NOVA, messages=[user("hi")], toolConfig=config)) == "You said: hi"
    ask = {"modelId": NOVA, "messages": [user("use get-time")], "toolConfig": config}
    with pytest.raises(ClientError, match="ModelErrorException.*invalid sequence"):
        bedrock.converse(**ask)
    with pytest.raises(EventStreamError, match="invalid sequence"):
        list(bedrock.converse_stream(**ask)["stream"])

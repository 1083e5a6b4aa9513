"""The OpenAI Python examples of Portkey's page on AWS Bedrock: `OpenAI` with `createHeaders`.

Changed are the keys and the base URL; Portkey's key is a gateway key, or means nothing to a gateway without keys. The client itself refuses fields that it does not know, so `thinking` goes
through its `extra_body`, which puts it at the same place of the body.
"""

import pytest
from openai import OpenAI
from portkey_ai import createHeaders

from support import identity, seed
from support.conversations import content_blocks, joined


@pytest.fixture(params=["gateway key", "gateway without keys"])
def openai(request, gateway, keeper):
    known = request.param == "gateway key"
    return OpenAI(
        api_key=identity.API_KEY,
        base_url=keeper.gateway if known else gateway.gateway,
        default_headers=createHeaders(
            provider="bedrock",
            api_key=keeper.caller if known else identity.PORTKEY_API_KEY,
            strict_openai_compliance=False,
        ),
    )


@pytest.mark.parametrize("body", [seed.SINGLE_TURN, seed.MULTI_TURN], ids=["single turn", "multi turn"])
def test_thinking(openai, body):
    question = seed.SINGLE_QUESTION if body is seed.SINGLE_TURN else seed.MULTI_QUESTION
    response = openai.chat.completions.create(
        **seed.without(body, "thinking"), extra_body={"thinking": body["thinking"]}
    )
    chunks = list(response)
    blocks = content_blocks(chunks)
    assert blocks[0]["thinking"] == f"Let me think about: {question}"
    assert blocks[0]["signature"]
    assert blocks[1]["text"] == joined(chunks) == f"You said: {question}"

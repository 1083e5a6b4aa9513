"""The cURL examples of Portkey's page on AWS Bedrock, as shell scripts; changed are keys and URL."""

import functools
import json
import os
import subprocess

import pytest

from support import identity, seed
from support.curl import events

KEYS = {
    "PORTKEY_API_KEY": identity.PORTKEY_API_KEY,
    "BEDROCK_API_KEY": identity.API_KEY,
    "AWS_ACCESS_KEY_ID": identity.SESSION_ACCESS_KEY_ID,
    "AWS_SECRET_ACCESS_KEY": identity.SESSION_SECRET_ACCESS_KEY,
    "AWS_REGION": identity.REGION,
    "AWS_TOKEN": identity.SESSION_TOKEN,
}


@pytest.fixture(params=["gateway key", "gateway without keys"])
def run(request, gateway, keeper):
    """Runs a script with a gateway key for Portkey's, or with a key that a gateway without keys passes over."""
    if request.param == "gateway key":
        return functools.partial(run_script, gateway=keeper, PORTKEY_API_KEY=keeper.caller)
    return functools.partial(run_script, gateway=gateway)


def run_script(script: str, gateway, **keys: str) -> str:
    environment = {"PATH": os.environ["PATH"], "GATEWAY_URL": gateway.gateway, **KEYS, **keys}
    done = subprocess.run(
        ["bash", "-eu", str(seed.FOLDER / script)], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("script", "question"),
    [("thinking_single_turn.sh", seed.SINGLE_QUESTION), ("thinking_multi_turn.sh", seed.MULTI_QUESTION)],
    ids=["single turn", "multi turn"],
)
def test_thinking(run, script, question):
    *chunks, done = events(run(script))
    assert done == "[DONE]"
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    blocks = [block for delta in deltas for block in delta.get("content_blocks", [])]
    thought = "".join(block["delta"].get("thinking", "") for block in blocks)
    assert thought == f"Let me think about: {question}"
    assert "".join(block["delta"].get("signature", "") for block in blocks)
    assert "".join(delta.get("content") or "" for delta in deltas) == f"You said: {question}"
    assert chunks[-1]["choices"][0]["finish_reason"] == "end_turn"
    assert chunks[-1]["usage"]["total_tokens"] > 0


@pytest.mark.parametrize("keys", ["session", "no token"])
def test_direct_aws_details(run, keys):
    """The page asks for `gpt-4o`, a name that these gateways were told the meaning of."""
    changed = {}
    if keys == "no token":
        changed = {
            "AWS_ACCESS_KEY_ID": identity.ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": identity.SECRET_ACCESS_KEY,
            "AWS_TOKEN": "",
        }
    answer = json.loads(run("direct_aws_details.sh", **changed))
    assert answer["model"] == "gpt-4o"
    assert answer["choices"][0]["message"]["content"] == "You said: Hello!"
    assert answer["choices"][0]["finish_reason"] == "stop"

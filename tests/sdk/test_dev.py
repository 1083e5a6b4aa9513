"""`dev`, the first thing a newcomer sees: no keys are needed, and what it prints works when pasted."""

import subprocess
import sys
import textwrap

from support import identity
from support.conversations import ECHO, MODEL, PROMPT, user
from support.curl import curl, events

BODY = {"model": MODEL, "messages": [user(PROMPT)]}


def test_dev_serves_whoever_comes(dev):
    """The first request of a newcomer: no credentials at all."""
    for headers in ({}, {"authorization": "Bearer OPENAI_API_KEY"}, {"x-portkey-provider": "bedrock"}):
        answer = curl(f"{dev.gateway}/chat/completions", headers=headers, body=BODY)
        assert answer.status == 200, answer.body
        assert answer.content == ECHO


def test_dev_still_minds_explicit_credentials(dev):
    headers = {
        "x-portkey-aws-access-key-id": identity.DENIED_ACCESS_KEY_ID,
        "x-portkey-aws-secret-access-key": identity.DENIED_SECRET_ACCESS_KEY,
    }
    answer = curl(f"{dev.gateway}/chat/completions", headers=headers, body=BODY)
    assert answer.error["code"] == "AccessDeniedException"


def printed_block(dev, first: str) -> str:
    """What `dev` printed from the line that begins with `first` to the next line without indentation."""
    lines = dev.log.read_text().splitlines()
    start = next(index for index, line in enumerate(lines) if line.strip().startswith(first))
    block = []
    for line in lines[start:]:
        if line and not line.startswith(" "):
            break
        block.append(line)
    return textwrap.dedent("\n".join(block)).strip()


def paste(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_printed_curl_works_when_pasted(dev):
    command = printed_block(dev, "curl ")
    *chunks, done = events(paste("bash", "-c", command.replace("curl -N", "curl -sN")))
    assert done == "[DONE]"
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == "You said: Hello!"


def test_the_printed_python_works_when_pasted(dev):
    script = printed_block(dev, "from openai import")
    assert paste(sys.executable, "-c", script).strip() == "You said: Hello!"

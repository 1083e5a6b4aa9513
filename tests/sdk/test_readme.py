"""The examples of README.md, run as they stand but for keys and addresses."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import identity

README = (Path(__file__).parents[2] / "README.md").read_text()
NODE = Path(__file__).parent / "node"

# What a reader fills in. The session token comes first: it belongs to temporary keys only, which these are not.
KEYS = (
    (re.compile(r'^ *aws_session_token="\.\.\.".*\n', re.MULTILINE), ""),
    (re.compile(r"""((?:aws[_-]?access[_-]?key[_-]?id)["']?[:=]\s*["'])\.\.\.""", re.IGNORECASE), rf"\g<1>{identity.ACCESS_KEY_ID}"),
    (
        re.compile(r"""((?:aws[_-]?secret[_-]?access[_-]?key)["']?[:=]\s*["'])\.\.\.""", re.IGNORECASE),
        rf"\g<1>{identity.SECRET_ACCESS_KEY}",
    ),
    (re.compile("<Bedrock API key>"), identity.API_KEY),
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def filled_in(block: str, gateway, emulator) -> str:
    for pattern, value in KEYS:
        block = pattern.sub(value, block)
    block = block.replace("http://127.0.0.1:8787/v1", gateway.gateway).replace(
        "http://127.0.0.1:8788", emulator.emulator
    )
    assert "..." not in block, block
    return block


def run(*command: str, **options) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


PYTHON = blocks("py")
JAVASCRIPT = blocks("js")


def test_there_are_examples():
    assert len(PYTHON) >= 4 and len(JAVASCRIPT) >= 2


# An example that only makes a client is made to ask with it.
ASK = {
    "py": 'print(client.chat.completions.create(model="amazon.nova-lite-v1:0", '
    'messages=[{"role": "user", "content": "Say this is a test"}]).choices[0].message.content)\n',
    "js": "console.log((await client.chat.completions.create({ model: 'amazon.nova-lite-v1:0', "
    "messages: [{ role: 'user', content: 'Say this is a test' }] })).choices[0].message.content);\n",
}


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
def test_python(block, gateway, emulator):
    script = filled_in(block, gateway, emulator)
    if "boto3" in script:
        script = script.replace("bedrock.converse(", "print(bedrock.converse(").rstrip() + ")\n"
    elif "create(" not in script:
        script += ASK["py"]
    printed = run(sys.executable, "-c", script)
    assert "You said: Say this is a test" in printed or "You said: Hello!" in printed


@pytest.mark.parametrize("block", JAVASCRIPT, ids=range(len(JAVASCRIPT)))
def test_node(block, gateway, emulator):
    script = filled_in(block, gateway, emulator)
    if "create(" not in script:
        script += ASK["js"]
    node = shutil.which("node")
    assert node, "node is not installed"
    # From the folder with the packages; read from standard input, so that nothing is left behind.
    printed = run(node, "--input-type=module", "-", input=script, cwd=NODE)
    assert "You" in printed and "test" in printed


def test_curl(gateway, emulator):
    (script,) = [block for block in blocks("sh") if "x-portkey-aws-access-key-id" in block]
    keys = {"AWS_ACCESS_KEY_ID": identity.ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": identity.SECRET_ACCESS_KEY}
    script = filled_in(script, gateway, emulator)
    bash, path = shutil.which("bash"), shutil.which("curl")
    assert bash and path
    assert "You said: Hello!" in run(bash, "-c", script, env={"PATH": str(Path(path).parent), **keys})

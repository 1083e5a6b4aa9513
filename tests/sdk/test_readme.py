"""The examples of README.md, run as they stand but for keys and addresses."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import identity
from support.program import Program, clean_environment

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


@pytest.fixture(scope="session")
def admin_key(tmp_path_factory) -> tuple[str, dict[str, str]]:
    """A vault, set up by the commands of README: the gateway key that they print, and what a gateway needs to see
    the vault."""
    (commands,) = [block for block in blocks("sh") if "master-key create" in block]
    commands, serve = commands.rstrip().rsplit("\n", 1)
    assert serve == "bedrock-gateway serve"
    home = tmp_path_factory.mktemp("vault")
    (home / "bin").mkdir()
    (home / "bin" / "bedrock-gateway").symlink_to(os.environ["BEDROCK_GATEWAY_BIN"])
    bash = shutil.which("bash")
    assert bash
    environment = clean_environment(home, {"BEDROCK_GATEWAY_SECRET": identity.SECRET_ACCESS_KEY})
    environment["PATH"] = f"{home / 'bin'}:{environment['PATH']}"
    script = commands.replace("AKIA...", identity.ACCESS_KEY_ID)
    printed = run(bash, "-e", "-c", script, cwd=home, env=environment)
    (key,) = re.findall(r"^bgw-\S+$", printed, re.MULTILINE)
    return key, {"HOME": str(home), "BEDROCK_GATEWAY_VAULT_MASTER_KEY_FILE": str(home / "master.key")}


@pytest.fixture(scope="session")
def vault_gateway(launch, emulator, admin_key) -> Program:
    """A gateway with that vault."""
    _, extra = admin_key
    extra = {**extra, "AWS_ENDPOINT_URL": emulator.emulator}
    return launch("serve-readme", "serve", "--listen", "127.0.0.1:0", waits_for={"gateway"}, extra=extra)


@pytest.fixture
def filled_in(request, gateway, emulator):
    """Fills an example in. One with a gateway key goes to a gateway that knows it."""

    def fill(block: str) -> str:
        if "bgw-..." in block:
            key, _ = request.getfixturevalue("admin_key")
            return filled(block.replace("bgw-...", key), request.getfixturevalue("vault_gateway"), emulator)
        return filled(block, gateway, emulator)

    return fill


def filled(block: str, gateway, emulator) -> str:
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
    assert len(PYTHON) >= 7 and len(JAVASCRIPT) >= 3


# An example that only makes a client is made to ask with it, and one that makes a key to ask with that.
ASK = {
    "key": 'client = Portkey(base_url=str(admin.base_url), api_key=bot.key, virtual_key="team-b")\n',
    "py": 'print(client.chat.completions.create(model="amazon.nova-lite-v1:0", '
    'messages=[{"role": "user", "content": "Say this is a test"}]).choices[0].message.content)\n',
    "js": "console.log((await client.chat.completions.create({ model: 'amazon.nova-lite-v1:0', "
    "messages: [{ role: 'user', content: 'Say this is a test' }] })).choices[0].message.content);\n",
}


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
def test_python(block, filled_in):
    script = filled_in(block)
    if "boto3" in script:
        script = script.replace("bedrock.converse(", "print(bedrock.converse(").rstrip() + ")\n"
    elif "api_keys.create(" in script:
        script += ASK["key"] + ASK["py"]
    elif "create(" not in script:
        script += ASK["py"]
    printed = run(sys.executable, "-c", script)
    assert "You said: Say this is a test" in printed or "You said: Hello!" in printed


@pytest.mark.parametrize("block", JAVASCRIPT, ids=range(len(JAVASCRIPT)))
def test_node(block, filled_in):
    script = filled_in(block)
    if "create(" not in script:
        script += ASK["js"]
    node = shutil.which("node")
    assert node, "node is not installed"
    # From the folder with the packages; read from standard input, so that nothing is left behind.
    printed = run(node, "--input-type=module", "-", input=script, cwd=NODE)
    assert "You" in printed and "test" in printed


@pytest.mark.parametrize("about", ["x-portkey-aws-access-key-id", "Bearer bgw-..."])
def test_curl(about, filled_in):
    (script,) = [block for block in blocks("sh") if about in block]
    keys = {"AWS_ACCESS_KEY_ID": identity.ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": identity.SECRET_ACCESS_KEY}
    script = filled_in(script)
    bash, path = shutil.which("bash"), shutil.which("curl")
    assert bash and path
    assert "You said: Hello!" in run(bash, "-c", script, env={"PATH": str(Path(path).parent), **keys})

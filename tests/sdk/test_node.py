"""Runs Node's own test runner over the clients for Node, with the same programs under test."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import node_closing_lines
from support.images import PNG

FOLDER = Path(__file__).parent / "node"
FILES = sorted(FOLDER.glob("*.test.mjs"))
CLOSING = re.compile(r"^# (tests|pass|fail|cancelled|skipped|todo) (\d+)$", re.MULTILINE)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_node(file, gateway, lively_gateway, dev, keeper, file_host, pytestconfig):
    node = shutil.which("node")
    assert node, "node is not installed"
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", str(file)],
        cwd=FOLDER,
        env={
            **os.environ,
            "GATEWAY_URL": gateway.gateway,
            "LIVELY_URL": lively_gateway.gateway,
            "DEV_URL": dev.gateway,
            "VAULT_URL": keeper.gateway,
            "ADMIN_KEY": keeper.admin,
            "CALLER_KEY": keeper.caller,
            "IMAGE_URL": file_host.put("/red.png", PNG, "image/png"),
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    counts = {name: int(count) for name, count in CLOSING.findall(done.stdout)}
    line = ", ".join(f"{name} {count}" for name, count in counts.items())
    pytestconfig.stash[node_closing_lines].append(f"{file.name}: {line or 'no closing lines'}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert counts["pass"] == counts["tests"] > 0, done.stdout

"""The master key in a file or in the environment; its rotation under load; copies of the database."""

import base64
import os
import shutil

import pytest

from support import identity
from support.busy import Callers
from support.conversations import ECHO, MODEL, PROMPT, user
from support.vault import EXTERNAL_ID, PAIR, Vault, role

BODY = {"model": MODEL, "messages": [user(PROMPT)]}


def new_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (new_key(), "the master key `local:"),
        ("not a key", "32 bytes in base64"),
        ("", "32 bytes in base64"),
        (base64.b64encode(b"short").decode(), "32 bytes in base64"),
        (None, "No such file"),
    ],
    ids=["another", "no key", "empty", "short", "no file"],
)
def test_a_wrong_key_is_found_at_the_start(tmp_path, content, words):
    vault = Vault(tmp_path / "vault")
    vault.api_key("first", "inference")
    if content is None:
        vault.master_key.unlink()
    else:
        vault.master_key.write_text(content)
    for command in (("serve", "--listen", "127.0.0.1:0"), ("api-key", "list"), ("master-key", "rotate")):
        done = vault.attempt(*command)
        assert done.returncode == 1, (command, done.stdout)
        assert words in done.stderr, (command, done.stderr)
        assert "listening" not in done.stdout
        if content:
            assert content not in done.stderr + done.stdout
    # Nothing was changed by trying.
    assert not vault.master_key.exists() if content is None else vault.master_key.read_text() == content


def test_the_key_in_the_environment(tmp_path, keep):
    """Several keys are separated by commas; the first seals, all open."""
    old, new = new_key(), new_key()
    vault = Vault(
        tmp_path / "vault",
        BEDROCK_GATEWAY_VAULT_MASTER_KEY_FILE=None,
        BEDROCK_GATEWAY_VAULT_MASTER_KEY=old,
    )
    caller = vault.api_key("caller", "inference", arguments=("--metadata", "team=blue"))
    assert vault.attempt("api-key", "list", BEDROCK_GATEWAY_VAULT_MASTER_KEY=new).returncode == 1
    vault.run("master-key", "rotate", BEDROCK_GATEWAY_VAULT_MASTER_KEY=f"{new},{old}")
    vault.environment["BEDROCK_GATEWAY_VAULT_MASTER_KEY"] = new
    keeper = keep("serve-key-in-environment", vault=vault)
    keeper.make_virtual_key("kept", **PAIR)
    assert keeper.chat(caller, BODY, x_portkey_virtual_key="kept").content == ECHO
    assert vault.attempt("api-key", "list", BEDROCK_GATEWAY_VAULT_MASTER_KEY=old).returncode == 1


def test_a_rotation_while_requests_go_on(tmp_path, keep):
    """No request fails, neither those for models nor an admin's; afterwards the old key opens nothing."""
    keeper = keep("serve-rotating", vault=Vault(tmp_path / "vault"))
    vault = keeper.vault
    keeper.make_virtual_key("kept", aws_role_arn=role("rotating"), aws_external_id=EXTERNAL_ID, **PAIR)
    _, tagged = keeper.make_api_key("tagged", "inference", defaults={"metadata": {"a": "b"}})
    before = vault.master_key.read_text()
    made = iter(range(1_000_000))

    def write():
        number = next(made)
        return keeper.admin_call("/virtual-keys", {"name": "n", "slug": f"during-{number}", "provider": "bedrock", **PAIR})

    with (
        Callers(lambda: keeper.chat(tagged, BODY, x_portkey_virtual_key="kept")) as callers,
        Callers(write, threads=1) as writer,
    ):
        callers.wait_for(200)
        writer.wait_for(200)
        printed = vault.run("master-key", "rotate")
        callers.wait_for(200, after=callers.last_begun())
        writer.wait_for(200, after=writer.last_begun())
    assert "sealed" in printed
    assert {status for _, status, _ in callers.answers + writer.answers} == {200}
    after = vault.master_key.read_text()
    assert len(after.split()) == 1 and after != before

    assert keeper.program.stop() == 0
    again = keep("serve-rotated", vault=vault)
    for number in range(len(writer.answers)):
        answer = again.chat(tagged, BODY, x_portkey_virtual_key=f"during-{number}")
        assert answer.content == ECHO, number
    assert again.chat(tagged, BODY, x_portkey_virtual_key="kept").content == ECHO
    vault.master_key.write_text(before)
    assert vault.attempt("api-key", "list").returncode == 1


def test_a_backup_of_a_running_gateway(tmp_path, keep):
    """It is whole whatever goes on, opens with the master key alone, and overwrites nothing."""
    keeper = keep("serve-backed-up", vault=Vault(tmp_path / "vault"))
    keeper.make_virtual_key("kept", **PAIR)
    made = iter(range(1_000_000))

    def write():
        number = next(made)
        return keeper.admin_call("/virtual-keys", {"name": "n", "slug": f"during-{number}", "provider": "bedrock", **PAIR})

    copy = tmp_path / "copy.db"
    with Callers(write, threads=1) as writer:
        writer.wait_for(200)
        acknowledged = len(writer.answers)
        keeper.vault.run("backup", str(copy))
        writer.wait_for(200, after=writer.last_begun())
    assert {status for _, status, _ in writer.answers} == {200}
    assert copy.stat().st_mode & 0o077 == 0
    assert identity.SECRET_ACCESS_KEY.encode() not in copy.read_bytes()
    done = keeper.vault.attempt("backup", str(copy))
    assert done.returncode == 1 and str(copy) in done.stderr

    restored = Vault(tmp_path / "restored")
    restored.data.mkdir()
    shutil.copy(copy, restored.data / "bedrock-gateway.db")
    assert restored.attempt("api-key", "list").returncode == 1, "the copy is of no use without its master key"
    shutil.copy(keeper.vault.master_key, restored.master_key)
    again = keep("serve-restored", vault=restored)
    for slug in ("kept", *(f"during-{number}" for number in range(acknowledged))):
        assert again.chat(keeper.caller, BODY, x_portkey_virtual_key=slug).content == ECHO
    assert again.chat(keeper.admin, BODY).status == 403, "keys, scopes and all"

"""A gateway that once had keys never opens by itself: a database that is truncated, replaced, older or without its
write-ahead log is told by the mark beside it, and the gateway does not start."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from support.conversations import ECHO, MODEL, PROMPT, user
from support.curl import curl
from support.program import Program
from support.vault import PAIR, Vault

BODY = {"model": MODEL, "messages": [user(PROMPT)]}
# AWS credentials of somebody's own, with which a gateway without keys serves everybody.
STRANGER = {f"x-portkey-{name.replace('_', '-')}": value for name, value in PAIR.items()}


@pytest.fixture
def serve(tmp_path, emulator):
    """Starts gateways that need not end well; what still runs when a test has failed is ended all the same."""
    running: list[Program] = []

    def start(vault: Vault) -> Program:
        program = Program(
            Path(os.environ["BEDROCK_GATEWAY_BIN"]),
            ["serve", "--listen", "127.0.0.1:0"],
            waits_for={"gateway"},
            folder=tmp_path,
            name=f"gateway-{len(running)}",
            extra={"AWS_ENDPOINT_URL": emulator.emulator, **vault.environment},
        )
        running.append(program)
        return program

    yield start
    for program in running:
        program.stop()


@pytest.fixture
def vault(tmp_path):
    vault = Vault(tmp_path / "vault")
    vault.api_key("admin", "admin.write")
    return vault


def database(vault: Vault) -> Path:
    return vault.data / "bedrock-gateway.db"


def checkpoint(vault: Vault) -> None:
    """Brings everything into the database file, which the program's end may not have done."""
    with sqlite3.connect(database(vault)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def without_logs(vault: Vault) -> None:
    for ending in ("-wal", "-shm"):
        database(vault).with_name(f"bedrock-gateway.db{ending}").unlink(missing_ok=True)


def ask(program: Program, **headers: str):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return curl(f"{program.gateway}/chat/completions", headers=named or STRANGER, body=BODY)


def refused(vault: Vault, *words: str) -> None:
    """Neither the gateway nor a command opens the vault, and each says why."""
    before = {file.name: file.read_bytes() for file in vault.data.iterdir() if file.suffix in (".db", ".mark")}
    for command in (
        ("serve", "--listen", "127.0.0.1:0"),
        ("api-key", "create", "--name", "n", "--scope", "inference"),
        ("master-key", "rotate"),
    ):
        done = vault.attempt(*command)
        assert done.returncode == 1, (command, done.stdout, done.stderr)
        assert "listening" not in done.stdout
        for word in (*words, "bedrock-gateway.db", "bedrock-gateway.mark", "restore the database", "remove the mark"):
            assert word in done.stderr, (command, word, done.stderr)
    after = {file.name: file.read_bytes() for file in vault.data.iterdir() if file.suffix in (".db", ".mark")}
    assert after == before, "what is left was changed"


def truncated(vault: Vault) -> None:
    os.truncate(database(vault), 0)


def fresh(vault: Vault) -> None:
    other = Vault(vault.folder.with_name("other"), BEDROCK_GATEWAY_VAULT_MASTER_KEY_FILE=str(vault.master_key))
    other.run("api-key", "list")
    database(vault).unlink()
    without_logs(vault)
    checkpoint(other)
    shutil.copy(database(other), database(vault))


def missing(vault: Vault) -> None:
    database(vault).unlink()
    without_logs(vault)


@pytest.mark.parametrize(
    ("harm", "words"),
    [(truncated, "an empty file"), (fresh, "another vault"), (missing, "there is no database")],
    ids=["truncated", "replaced", "missing"],
)
def test_a_database_that_is_another(vault, serve, harm, words):
    program = serve(vault)
    assert ask(program).status == 401
    assert program.stop() == 0
    harm(vault)
    refused(vault, words)


def test_a_database_that_is_broken(vault):
    """SQLite's own words are there."""
    checkpoint(vault)
    without_logs(vault)
    size = database(vault).stat().st_size
    assert size > 4096
    with database(vault).open("r+b") as file:
        file.truncate(4096 + 100)
    done = vault.attempt("serve", "--listen", "127.0.0.1:0")
    assert done.returncode == 1 and "listening" not in done.stdout
    assert "malformed" in done.stderr and "code: 11" in done.stderr, done.stderr


def test_a_write_ahead_log_that_was_deleted(vault, serve):
    """After a kill, what was acknowledged last lies in the log alone."""
    program = serve(vault)
    admin = vault.api_key("second", "admin.write")
    body = {"name": "kept", "slug": "kept", "provider": "bedrock", **PAIR}
    assert curl(f"{program.gateway}/virtual-keys", headers={"x-portkey-api-key": admin}, body=body).status == 200
    program.process.kill()
    program.process.wait(10)
    assert database(vault).with_name("bedrock-gateway.db-wal").stat().st_size > 0
    saved = vault.folder / "saved"
    shutil.copytree(vault.data, saved)
    without_logs(vault)
    refused(vault, "does not match the mark")
    # With its log again it is the right one.
    shutil.rmtree(vault.data)
    shutil.copytree(saved, vault.data)
    again = serve(vault)
    assert curl(f"{again.gateway}/virtual-keys/kept", headers={"x-portkey-api-key": admin}).status == 200


def test_an_older_copy(vault, serve):
    """It is refused until somebody says by removing the mark that it is meant; and stays closed to strangers."""
    copy = vault.folder / "copy.db"
    vault.run("backup", str(copy))
    caller = vault.api_key("later", "inference")
    without_logs(vault)
    shutil.copy(copy, database(vault))
    refused(vault, "older than the mark")
    (vault.data / "bedrock-gateway.mark").unlink()
    program = serve(vault)
    assert ask(program).status == 401
    assert ask(program, x_portkey_api_key=caller).status == 401, "the copy does not know it"


def test_a_backup_on_another_machine(vault, serve, tmp_path):
    copy = vault.folder / "copy.db"
    vault.run("backup", str(copy))
    restored = Vault(tmp_path / "restored", BEDROCK_GATEWAY_VAULT_MASTER_KEY_FILE=str(vault.master_key))
    restored.data.mkdir()
    shutil.copy(copy, restored.data / "bedrock-gateway.db")
    assert "admin" in restored.run("api-key", "list")
    assert (restored.data / "bedrock-gateway.mark").stat().st_mode & 0o777 == 0o600
    assert ask(serve(restored)).status == 401


def test_keys_that_were_deleted_by_hand(vault, serve):
    """Also while the gateway runs."""
    program = serve(vault)
    with sqlite3.connect(database(vault)) as connection:
        connection.execute("DELETE FROM api_keys")
    connection.close()
    assert ask(program).status == 401
    assert program.stop() == 0
    assert ask(serve(vault)).status == 401


@pytest.mark.parametrize("harm", [truncated, fresh], ids=["truncated", "replaced"])
def test_a_database_that_is_harmed_under_a_running_gateway(vault, serve, harm):
    """Whatever SQLite still has in memory, nobody is served whom nobody knows."""
    program = serve(vault)
    harm(vault)
    for _ in range(20):
        assert ask(program).status in (401, 503)
    assert ECHO not in ask(program).body


def test_a_mark_of_another_master_key(vault):
    mark = vault.data / "bedrock-gateway.mark"
    for broken in ("", "no mark", mark.read_text()[:-20]):
        text = mark.read_text()
        mark.write_text(broken)
        done = vault.attempt("serve", "--listen", "127.0.0.1:0")
        assert done.returncode == 1 and "bedrock-gateway.mark does not open" in done.stderr, done.stderr
        mark.write_text(text)
    assert "admin" in vault.run("api-key", "list")


def test_without_a_master_key_nothing_opens_either(vault):
    """The database is gone, and with it the settings' master key: the mark is still there."""
    missing(vault)
    del vault.environment["BEDROCK_GATEWAY_VAULT_MASTER_KEY_FILE"]
    done = vault.attempt("serve", "--listen", "127.0.0.1:0")
    assert done.returncode == 1 and "there is no master key" in done.stderr, done.stderr

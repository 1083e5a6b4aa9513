"""A rotation of the master key that is killed at any step: the next one simply works, and leaves one key and no files."""

import os
import sqlite3
import subprocess
import time

import pytest

from support.program import clean_environment
from support.vault import Vault

PATIENCE = 20


@pytest.fixture
def vault(tmp_path):
    vault = Vault(tmp_path / "vault")
    for name in ("a", "b"):
        vault.api_key(name, "inference", arguments=("--metadata", f"team={name}"))
    return vault


class Rotation:
    """`master-key rotate` in the background, to be killed."""

    def __init__(self, vault: Vault) -> None:
        self.log = vault.folder / "rotation.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [os.environ["BEDROCK_GATEWAY_BIN"], "master-key", "rotate"],
                cwd=vault.folder,
                env=clean_environment(vault.folder, vault.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill_when(self, is_there) -> None:
        until = time.monotonic() + PATIENCE
        while not is_there():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.005)
        self.process.kill()
        assert self.process.wait(10) == -9, self.log.read_text()

    def printed(self, words: str) -> bool:
        return words in self.log.read_text()


def n_keys(vault: Vault) -> int:
    return len(vault.master_key.read_text().split())


def keys_only(vault: Vault) -> None:
    """Everything opens with the one key that is left, and nothing lies about."""
    assert n_keys(vault) == 1
    printed = vault.run("api-key", "list")
    assert " a " in printed and " b " in printed
    beside = {path.name for path in vault.folder.iterdir() if path.name.startswith("master.key")}
    assert beside == {"master.key"}
    assert not [path.name for path in vault.data.iterdir() if path.name.endswith(".new")]


def rotate(vault: Vault) -> None:
    before = vault.master_key.read_text()
    # It waits for running gateways; more than `Vault.attempt` allows for, on a busy machine.
    done = subprocess.run(
        [os.environ["BEDROCK_GATEWAY_BIN"], "master-key", "rotate"],
        cwd=vault.folder,
        env=clean_environment(vault.folder, vault.environment),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0 and "sealed" in done.stdout, done.stderr
    assert vault.master_key.read_text() not in before


def blocked(vault: Vault) -> sqlite3.Connection:
    """Nobody can write to the database meanwhile, so that a rotation waits where it seals records."""
    connection = sqlite3.connect(vault.data / "bedrock-gateway.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    return connection


def test_killed_at_one_step_after_the_other(vault):
    # Before records are sealed: the new key is in the file.
    with_lock = blocked(vault)
    rotation = Rotation(vault)
    rotation.kill_when(lambda: n_keys(vault) == 2)
    with_lock.execute("ROLLBACK")
    with_lock.close()
    assert "a" in vault.run("api-key", "list")
    # After records were sealed, before the old key goes.
    rotation = Rotation(vault)
    rotation.kill_when(lambda: rotation.printed("waiting"))
    assert n_keys(vault) == 3
    assert "a" in vault.run("api-key", "list")
    assert (vault.folder / "master.key.lock").exists(), "nobody is asked to remove it"
    # Between writing a new file and putting it in place.
    (vault.folder / "master.key.new").write_text("half of a ke")
    rotate(vault)
    keys_only(vault)


def test_two_at_once(vault):
    """The second one is told so, and changes nothing; after the end of the first, others go on."""
    first = Rotation(vault)
    until = time.monotonic() + PATIENCE
    while not first.printed("waiting"):
        assert time.monotonic() < until and first.process.poll() is None, first.log.read_text()
        time.sleep(0.02)
    before = vault.master_key.read_text()
    second = vault.attempt("master-key", "rotate")
    assert second.returncode == 1 and "another rotation" in second.stderr, second.stderr
    assert vault.master_key.read_text() == before
    assert first.process.wait(60) == 0, first.log.read_text()
    keys_only(vault)


def test_killed_over_and_over(vault):
    """At whatever step it is at that moment."""
    for wait in (0.02, 0.05, 0.1, 0.2, 0.4):
        rotation = Rotation(vault)
        time.sleep(wait)
        rotation.process.kill()
        rotation.process.wait(10)
    rotate(vault)
    keys_only(vault)

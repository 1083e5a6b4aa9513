"""A gateway that is killed in the midst of writing: every key that was acknowledged is there afterwards, and opens."""

import itertools
import os
import threading
from pathlib import Path

import httpx
import pytest

from support.conversations import ECHO, MODEL, PROMPT, user
from support.program import Program
from support.vault import PAIR, Vault

BODY = {"model": MODEL, "messages": [user(PROMPT)]}
WRITERS = 4
ROUNDS = 3
# So many acknowledged writes a round at least, before it ends in the midst of the next.
WRITES = 20


class Round:
    """One life of a gateway, which is not one of the programs that have to end well."""

    def __init__(self, number: int, folder: Path, vault: Vault, emulator: Program) -> None:
        self.program = Program(
            Path(os.environ["BEDROCK_GATEWAY_BIN"]),
            ["serve", "--listen", "127.0.0.1:0"],
            waits_for={"gateway"},
            folder=folder,
            name=f"round-{number}",
            extra={"AWS_ENDPOINT_URL": emulator.emulator, **vault.environment},
        )
        self.enough = threading.Semaphore(0)
        self.broken = 0

    def write_until_the_end(self, admin: str, prefix: str, acknowledged: list[str]) -> None:
        """Makes virtual keys until nobody answers any more."""
        with httpx.Client(headers={"x-portkey-api-key": admin}, timeout=20) as client:
            for number in itertools.count():
                slug = f"{prefix}-{number}"
                body = {"name": slug, "slug": slug, "provider": "bedrock", **PAIR}
                try:
                    answer = client.post(f"{self.program.gateway}/virtual-keys", json=body)
                except httpx.TransportError:
                    self.broken += 1
                    return
                assert answer.status_code == 200, answer.text
                acknowledged.append(slug)
                self.enough.release()

    def kill(self) -> None:
        self.program.process.kill()
        assert self.program.process.wait(10) == -9


def assert_all_there(program: Program, admin: str, caller: str, slugs: list[str]) -> None:
    with httpx.Client(base_url=program.gateway, timeout=20) as client:
        listed = client.get("/virtual-keys?page_size=1000", headers={"x-portkey-api-key": admin}).json()
        assert set(slugs) <= {item["slug"] for item in listed["data"]}
        for item in listed["data"]:
            # Also one whose acknowledgement was lost is there as a whole.
            headers = {"x-portkey-api-key": caller, "x-portkey-virtual-key": item["slug"]}
            answer = client.post("/chat/completions", headers=headers, json=BODY)
            assert answer.status_code == 200, (item["slug"], answer.text)
            assert answer.json()["choices"][0]["message"]["content"] == ECHO


@pytest.fixture
def running():
    """What still runs when a test has failed is ended all the same."""
    rounds: list[Round] = []
    yield rounds
    for life in rounds:
        life.program.stop()


def test_acknowledged_keys_survive(tmp_path, emulator, running):
    vault = Vault(tmp_path / "vault")
    admin, caller = vault.api_key("admin", "admin.write"), vault.api_key("caller", "inference")
    acknowledged: list[str] = []
    for number in range(ROUNDS):
        life = Round(number, tmp_path, vault, emulator)
        running.append(life)
        assert_all_there(life.program, admin, caller, acknowledged)
        writers = [
            threading.Thread(target=life.write_until_the_end, args=(admin, f"r{number}-w{writer}", acknowledged))
            for writer in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        for _ in range(WRITES):
            assert life.enough.acquire(timeout=20)
        life.kill()
        for writer in writers:
            writer.join()
        assert life.broken == WRITERS, "all were writing when it ended"
    last = Round(ROUNDS, tmp_path, vault, emulator)
    running.append(last)
    assert len(acknowledged) >= ROUNDS * WRITES
    assert_all_there(last.program, admin, caller, acknowledged)
    assert last.program.stop() == 0

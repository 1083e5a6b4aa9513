"""Ordinary requests are served, all of them, while others attack; the gateway stays in its memory.

HOSTILE_SECONDS makes it longer. HOSTILE_CGROUP names the folder of a memory control group in which the gateway runs:

    mkdir /sys/fs/cgroup/gateway && echo 268435456 > /sys/fs/cgroup/gateway/memory.max
    HOSTILE_SECONDS=600 HOSTILE_CGROUP=/sys/fs/cgroup/gateway tests/sdk/run test_hostile_mix.py -s
"""

import http.client
import json
import multiprocessing
import os
import re
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from support.hostile import PATH, Attacker, bodies
from support.identity import direct_headers
from support.program import Program

SECONDS = float(os.environ.get("HOSTILE_SECONDS", "8"))
CLIENTS = 50
MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
# In a group of its own from its first instruction on.
IN_GROUP = 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"'


def start(binary: Path, emulator: Program, folder: Path) -> Program:
    command = ["serve", "--listen", "127.0.0.1:0"]
    extra = {"AWS_ENDPOINT_URL": emulator.emulator, "AWS_REGION": "us-east-1"}
    if group := os.environ.get("HOSTILE_CGROUP"):
        binary, command = Path("/bin/sh"), ["-c", IN_GROUP, "sh", group, str(binary), *command]
    else:
        extra["BEDROCK_GATEWAY_SERVER_MAX_BUFFERED_BYTES"] = str(128 * 1024 * 1024)
    return Program(binary, command, waits_for={"gateway"}, folder=folder, name="serve-hostile", extra=extra)


class Ordinary(threading.Thread):
    """A client that asks, and wants its answer every time."""

    def __init__(self, gateway: str, until: float, number: int) -> None:
        super().__init__(daemon=True)
        self.address, self.until, self.number = urlsplit(gateway).netloc, until, number
        self.served = 0
        self.lost: list[str] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection(self.address, timeout=30)
        headers = {"content-type": "application/json", **direct_headers()}
        while time.monotonic() < self.until:
            stream = (self.served + self.number) % 2 == 0
            question = f"question {self.number}.{self.served} " + "word " * 200
            body = {"model": MODEL, "messages": [{"role": "user", "content": question}], "stream": stream}
            try:
                connection.request("POST", PATH, json.dumps(body), headers)
                response = connection.getresponse()
                text = response.read().decode()
                whole = text.endswith("data: [DONE]\n\n") if stream else "choices" in json.loads(text)
                if response.status != 200 or not whole:
                    self.lost.append(f"{response.status} {text[-300:]}")
            except Exception as error:
                self.lost.append(repr(error))
                connection.close()
            self.served += 1
            time.sleep(0.02)


class Hostile(threading.Thread):
    def __init__(self, gateway: str, until: float, number: int, pool: list[bytes]) -> None:
        super().__init__(daemon=True)
        self.attacker, self.until, self.attacks = Attacker(gateway, number, pool), until, 0

    def run(self) -> None:
        while time.monotonic() < self.until:
            self.attacker.attack()
            self.attacks += 1


def watch_health(address: str, seconds: float, results: multiprocessing.Queue) -> None:
    """In a process of its own, so that only the gateway's slowness is measured."""
    connection = http.client.HTTPConnection(address, timeout=30)
    until, times = time.monotonic() + seconds, []
    while time.monotonic() < until:
        begun = time.perf_counter()
        connection.request("GET", "/health")
        response = connection.getresponse()
        assert response.status == 200 and response.read()
        times.append(time.perf_counter() - begun)
        time.sleep(0.02)
    results.put(times)


def memory(pid: int, field: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) * 1024


def test_ordinary_requests_are_served_under_attack(emulator, tmp_path):
    gateway = start(Path(os.environ["BEDROCK_GATEWAY_BIN"]), emulator, tmp_path)
    try:
        url, until = gateway.urls["gateway"], time.monotonic() + SECONDS
        results: multiprocessing.Queue = multiprocessing.Queue()
        health = multiprocessing.Process(target=watch_health, args=(urlsplit(url).netloc, SECONDS, results))
        health.start()
        pool = bodies()
        ordinary = [Ordinary(url, until, number) for number in range(CLIENTS // 2)]
        hostile = [Hostile(url, until, number, pool) for number in range(CLIENTS // 2)]
        for client in [*ordinary, *hostile]:
            client.start()
        times = sorted(results.get(timeout=SECONDS + 60))
        for client in [*ordinary, *hostile]:
            client.join(60)
        peak = memory(gateway.process.pid, "VmHWM")
        time.sleep(2)
        after = memory(gateway.process.pid, "VmRSS")
        lost = [reason for client in ordinary for reason in client.lost]
        served = sum(client.served for client in ordinary)
        print(
            f"\n{served} ordinary requests, {len(lost)} lost; {sum(client.attacks for client in hostile)} attacks;"
            f" health: {len(times)} asked, p50 {times[len(times) // 2] * 1e3:.1f} ms,"
            f" p99 {times[len(times) * 99 // 100] * 1e3:.1f} ms, most {times[-1] * 1e3:.1f} ms;"
            f" memory: {peak >> 20} MiB at most, {after >> 20} MiB two seconds later"
        )
        assert all(client.served for client in ordinary) and lost == [], lost[:3]
        assert gateway.process.poll() is None, "the gateway has ended"
        # What bodies may take, and as much again for everything else.
        assert peak < 256 * 1024 * 1024
        # Most of it goes back to the system.
        assert after < 128 * 1024 * 1024
    finally:
        gateway.stop()

"""The programs under test, started once for all checks."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.program import Program

from .client import Client
from .upstream import Upstream


@dataclass
class Bench:
    """A gateway in front of a replaying upstream, and the emulator."""

    gateway: Client
    upstream: Upstream
    emulator: str


@contextmanager
def bench() -> Iterator[Bench]:
    binary = Path(os.environ["BEDROCK_GATEWAY_BIN"])
    upstream = Upstream()
    programs: list[Program] = []
    with tempfile.TemporaryDirectory() as folder:

        def start(name: str, waits_for: str, **extra: str) -> Program:
            arguments = [name, "--listen", "127.0.0.1:0"]
            program = Program(binary, arguments, waits_for={waits_for}, folder=Path(folder), name=name, extra=extra)
            programs.append(program)
            return program

        try:
            # Nobody here knows what stands behind a recorded inference profile, and nobody else is asked.
            profiles = {"BEDROCK_GATEWAY_MODELS_UNRESOLVED_PROFILES": "unknown"}
            endpoints = {f"AWS_ENDPOINT_URL_{name}": upstream.url for name in ("BEDROCK_RUNTIME", "BEDROCK")}
            serve = start("serve", "gateway", **endpoints, **profiles)
            emulator = start("emulator", "emulator")
            gateway = Client(serve.gateway)
            yield Bench(gateway, upstream, emulator.emulator)
            gateway.close()
        finally:
            for program in programs:
                program.stop()
            upstream.close()

"""Starts one `bedrock-gateway` command, learns its addresses and keeps all it prints."""

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

ADDRESS = re.compile(rb"\b(gateway|emulator) listening on (http://\S+)")
START_SECONDS = 30


def clean_environment(home: Path, extra: dict[str, str] | None = None) -> dict[str, str]:
    """This environment without anything that could configure the program behind the tests' back."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "BEDROCK_GATEWAY_")) and name not in ("PORT", "RUST_LOG")
        and not name.lower().endswith("_proxy")
    }
    kept["HOME"] = str(home)
    kept.update(extra or {})
    return kept


class Program:
    """A running command. `urls["gateway"]` and `urls["emulator"]` are the printed addresses."""

    def __init__(
        self,
        binary: Path,
        arguments: list[str],
        *,
        waits_for: set[str],
        folder: Path,
        name: str,
        extra: dict[str, str] | None = None,
    ) -> None:
        home = folder / f"{name}-home"
        home.mkdir(parents=True)
        self.name = name
        self.log = folder / f"{name}.log"
        self.urls: dict[str, str] = {}
        self._waits_for = waits_for
        self._bound = threading.Event()
        self.process = subprocess.Popen(
            [str(binary), *arguments],
            cwd=home,
            env=clean_environment(home, extra),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._bound.wait(START_SECONDS) or not waits_for <= self.urls.keys():
            self.stop()
            raise RuntimeError(f"`{name}` did not come up; it printed:\n{self.log.read_text()}")
        self._skip_banner()

    def _read(self) -> None:
        with self.log.open("wb") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                for what, url in ADDRESS.findall(line):
                    self.urls.setdefault(what.decode(), url.decode().rstrip("/"))
                if self._waits_for <= self.urls.keys():
                    self._bound.set()
        self._bound.set()

    def _skip_banner(self) -> None:
        """Remembers where the greeting ends: `emulator` and `dev` print the demo identity on purpose."""
        size = -1
        while size != self.log.stat().st_size:
            size = self.log.stat().st_size
            time.sleep(0.2)
        self._banner = size if "emulator" in self._waits_for else 0

    def printed(self) -> str:
        """Everything that was printed after the greeting, on both channels."""
        return self.log.read_bytes()[self._banner :].decode(errors="replace")

    @property
    def gateway(self) -> str:
        """The base URL that an OpenAI client is given."""
        return f"{self.urls['gateway']}/v1"

    @property
    def emulator(self) -> str:
        return self.urls["emulator"]

    def stop(self) -> int:
        """Ends the program as an operator does, and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
        code = self.process.wait()
        self._reader.join(5)
        return code

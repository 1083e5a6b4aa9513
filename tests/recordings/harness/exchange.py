"""Reads a folder of recorded exchanges."""

import base64
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

CONVERSE = ("converse", "converse-stream")

# For rows where the recorder kept only the answer; what comes back does not depend on it.
SOME_MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


@dataclass
class Exchange:
    """One row. `response` is None for streams, `stream` for everything else."""

    id: str
    op: str
    model: str | None
    request: dict[str, Any] | None
    status: int
    headers: dict[str, str]
    response: Any
    stream: bytes | None

    @property
    def any_model(self) -> str:
        return self.model or SOME_MODEL

    @property
    def is_converse(self) -> bool:
        return self.op in CONVERSE

    @property
    def is_stream(self) -> bool:
        """Whether it was asked for as a stream, whatever came back."""
        return self.op == "converse-stream"

    @cached_property
    def body(self) -> bytes:
        """The answer's body; JSON was not kept byte for byte, so it is written again."""
        if self.stream is not None:
            return self.stream
        if self.response is None:
            return b""
        # What is no JSON was kept as the text that it is.
        is_text = isinstance(self.response, str)
        return (self.response if is_text else json.dumps(self.response, ensure_ascii=False)).encode()

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers.items() if key.lower() == name), None)


def load(folder: Path) -> list[Exchange]:
    """All rows of all files; a row that cannot be read ends the run, since nothing was judged by it."""
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise SystemExit(f"no *.jsonl in {folder}")
    return [
        _exchange(json.loads(line), f"{path.name}:{number}")
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1)
        if line.strip()
    ]


def _exchange(row: dict[str, Any], place: str) -> Exchange:
    stream = row.get("stream_b64")
    return Exchange(
        id=row.get("id") or place,
        op=row["op"],
        model=row.get("model"),
        request=row.get("request"),
        status=row["status"],
        headers=row.get("headers") or {},
        response=row.get("response"),
        stream=None if stream is None else base64.b64decode(stream),
    )

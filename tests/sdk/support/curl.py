"""Runs curl and reads what it got, as a person at a terminal would."""

import json
import subprocess
from dataclasses import dataclass
from typing import Any


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict:
        """The OpenAI error object, after checking that it is one and nothing else."""
        document = self.json()
        assert set(document) == {"error"}, document
        assert set(document["error"]) == {"message", "type", "param", "code"}, document
        assert document["error"]["message"]
        return document["error"]

    @property
    def content(self) -> str:
        return self.json()["choices"][0]["message"]["content"]

    def events(self) -> list[Any]:
        return events(self.body)


def curl(url: str, *, headers: dict[str, str] | None = None, body: Any = None, arguments: tuple[str, ...] = ()) -> Answer:
    """One call. A `body` that is no string or bytes is sent as JSON; then the method is POST."""
    command = ["curl", "--silent", "--show-error", "--include", "--no-buffer", "--max-time", "30", *arguments]
    data = None
    if body is not None:
        data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        command += ["--data-binary", "@-"]
        if not any(name.lower() == "content-type" for name in headers or {}):
            command += ["-H", "content-type: application/json"]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}" if value else f"{name};"]
    done = subprocess.run([*command, url], input=data, capture_output=True, check=False)
    assert done.returncode == 0, f"curl: {done.stderr.decode()}"
    return _parse(done.stdout.decode())


def _parse(printed: str) -> Answer:
    head, _, body = printed.partition("\r\n\r\n")
    while head.startswith("HTTP/1.1 100"):
        head, _, body = body.partition("\r\n\r\n")
    status_line, *lines = head.split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        assert name.lower() not in headers, f"{name} comes twice"
        headers[name.lower()] = value.strip()
    return Answer(int(status_line.split()[1]), headers, body)


def events(body: str) -> list[Any]:
    """The `data:` items of a stream, decoded, with the bare string `[DONE]` where it stands."""
    items: list[Any] = []
    for block in body.split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith(":")]
        if not lines:
            continue
        assert all(line.startswith("data: ") for line in lines), block
        text = "\n".join(line.removeprefix("data: ") for line in lines)
        items.append(text if text == "[DONE]" else json.loads(text))
    return items

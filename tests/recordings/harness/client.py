"""Calls the gateway over one kept connection, and reads its answers and streams."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from support.curl import events
from support.identity import direct_headers

SECONDS = 20
STRICT = "x-portkey-strict-open-ai-compliance"


@dataclass
class Reply:
    """One answer of the gateway, whole."""

    status: int
    headers: dict[str, str]
    body: str

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_stream(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/event-stream")

    def events(self) -> list[Any]:
        """The `data:` items, decoded, with the bare string `[DONE]` where it stands."""
        return events(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error object; empty if there is none."""
        try:
            document = self.json()
        except json.JSONDecodeError:
            return {}
        return document.get("error") or {}


class Client:
    def __init__(self, base_url: str) -> None:
        url = urlsplit(base_url)
        self._path = f"{url.path}/chat/completions"
        self._address = url.netloc
        self._connection: http.client.HTTPConnection | None = None

    def chat(self, body: dict[str, Any], *, strict: bool) -> Reply:
        headers = {
            **direct_headers(),
            "content-type": "application/json",
            STRICT: "true" if strict else "false",
        }
        try:
            return self._call(json.dumps(body, ensure_ascii=False).encode(), headers)
        except (http.client.HTTPException, OSError):
            # A broken answer breaks its connection: the next call must not suffer for it.
            self.close()
            raise

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _call(self, body: bytes, headers: dict[str, str]) -> Reply:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._address, timeout=SECONDS)
        self._connection.request("POST", self._path, body=body, headers=headers)
        response = self._connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        reply = Reply(response.status, names, response.read().decode())
        if response.will_close:
            self.close()
        return reply

"""The request fixtures of the crate's own tests, read as bodies to send; absent fixtures are no cases."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .files import FileHost

FOLDER = Path(__file__).parents[2] / "fixtures" / "chat"

# What the fixtures are about that name no model.
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


@dataclass
class Fixture:
    name: str
    openai: dict[str, Any]
    # What the crate's test hands over beside the body, as a caller does by headers.
    headers: dict[str, str]
    # The files that the body points at, by URL: what the host calls them, and their content.
    files: dict[str, tuple[str | None, bytes]]
    # The gateway's setting `requests.unsupported_params`.
    unsupported_params: str
    # The Converse body that the crate's own test expects, if any.
    bedrock: dict[str, Any] | None
    # The places that are passed over, as they stand in the answer's header.
    ignored: list[str]
    # Whether a stream is asked for as a whole answer.
    whole_only: bool
    # The place of the mistake, for bodies that are refused.
    error_param: str | None

    def __str__(self) -> str:
        return self.name

    @property
    def is_stream(self) -> bool:
        return self.openai.get("stream") is True

    def served_by(self, host: FileHost) -> tuple[dict[str, Any], dict[str, str]]:
        """The body with the fixture's files on this host, and where they are in truth."""
        body, moved = json.dumps(self.openai, ensure_ascii=False), {}
        for url, (media_type, content) in self.files.items():
            parts = urlsplit(url)
            moved[host.put(f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", content, media_type)] = url
        for here, url in moved.items():
            body = body.replace(url, here)
        return json.loads(body), moved


def load() -> list[Fixture]:
    """Every JSON file below the folder that has an `openai` body."""
    found = []
    for path in sorted(FOLDER.rglob("*.json")):
        document = json.loads(path.read_text())
        if not isinstance(document, dict) or not isinstance(document.get("openai"), dict):
            continue
        error = document.get("error")
        found.append(
            Fixture(
                name=str(path.relative_to(FOLDER).with_suffix("")),
                openai={"model": CLAUDE, **document["openai"]},
                headers=_headers(document),
                files={url: (file.get("media_type"), base64.b64decode(file["base64"]))
                       for url, file in document.get("files", {}).items()},
                unsupported_params=document.get("unsupported_params") or "auto",
                bedrock=document.get("bedrock"),
                ignored=[_printable(place) for place in document.get("ignored", [])],
                whole_only=document.get("whole_only") is True,
                error_param=error.get("param") if isinstance(error, dict) else None,
            )
        )
    return found


def _headers(document: dict[str, Any]) -> dict[str, str]:
    headers = {
        "x-portkey-anthropic-beta": ",".join(document.get("anthropic_beta") or []),
        "x-portkey-model-family": document.get("model_family") or "",
        "x-portkey-metadata": json.dumps(document["metadata"]) if document.get("metadata") else "",
    }
    return {name: value for name, value in headers.items() if value}


def _printable(place: str) -> str:
    """A place as it stands in a header: names are the caller's and may hold anything."""
    return "".join(letter if "!" <= letter <= "~" and letter != "," else "_" for letter in place[:120])

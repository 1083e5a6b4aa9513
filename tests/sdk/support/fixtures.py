"""The request fixtures of the crate's own tests, read as bodies to send; absent fixtures are no cases."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "fixtures" / "chat"


@dataclass
class Fixture:
    name: str
    openai: dict[str, Any]
    # What the crate's test hands over beside the body, as a caller does by headers.
    headers: dict[str, str]
    # The Converse body that the crate's own test expects, if any.
    bedrock: dict[str, Any] | None
    # The place of the mistake, for bodies that are refused.
    error_param: str | None

    def __str__(self) -> str:
        return self.name


def load() -> list[Fixture]:
    """Every JSON file below the folder that has an `openai` body."""
    found = []
    for path in sorted(FOLDER.rglob("*.json")):
        document = json.loads(path.read_text())
        if not isinstance(document, dict) or not isinstance(document.get("openai"), dict):
            continue
        if "messages" not in document["openai"] and "error" not in document:
            continue
        error = document.get("error")
        found.append(
            Fixture(
                name=str(path.relative_to(FOLDER).with_suffix("")),
                openai=document["openai"],
                headers=_headers(document),
                bedrock=document.get("bedrock"),
                error_param=error.get("param") if isinstance(error, dict) else None,
            )
        )
    return found


def _headers(document: dict[str, Any]) -> dict[str, str]:
    if flags := document.get("anthropic_beta"):
        return {"x-portkey-anthropic-beta": ",".join(flags)}
    return {}

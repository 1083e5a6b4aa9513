"""A vault in a folder of its own: its master key, the commands that keep it, and the environment of a gateway with it."""

import os
import subprocess
from pathlib import Path
from typing import Any

from . import identity
from .curl import Answer, curl
from .program import Program, clean_environment

ACCOUNT = "111122223333"


def role(name: str) -> str:
    """The ARN of a role."""
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def session(name: str, caller: str | None = None) -> str:
    """The ARN of the session that a gateway opens with that role for a caller."""
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/bedrock-gateway{f'-{caller}' if caller else ''}"


PAIR = {"aws_access_key_id": identity.ACCESS_KEY_ID, "aws_secret_access_key": identity.SECRET_ACCESS_KEY}
EXTERNAL_ID = "external-id-between-two-accounts"

# One virtual key for each way to give credentials that Portkey's page and the gateway know, by slug.
VIRTUAL_KEYS: dict[str, dict[str, Any]] = {
    "VIRTUAL_KEY": {**PAIR, "aws_region": "us-east-1"},
    "sts-pair": {
        "aws_access_key_id": identity.SESSION_ACCESS_KEY_ID,
        "aws_secret_access_key": identity.SESSION_SECRET_ACCESS_KEY,
        "aws_region": "us-east-1",
    },
    "role-by-gateway": {
        "aws_auth_type": "assumedRole",
        "aws_role_arn": role(f"emulator-external-id-{EXTERNAL_ID}"),
        "aws_external_id": EXTERNAL_ID,
        "aws_region": "eu-west-1",
    },
    "role-by-pair": {**PAIR, "aws_role_arn": role("by-pair")},
    "chained": {
        "aws_role_arn": role("emulator-only-from-hub"),
        "aws_source_role_arn": role("hub"),
    },
    "bedrock-api-key": {"key": identity.API_KEY, "aws_auth_type": "apiKey"},
    "service-role": {"aws_auth_type": "serviceRole"},
}


class Vault:
    """The folder, and the commands."""

    def __init__(self, folder: Path, **changes: str | None) -> None:
        """`changes` replaces or (with None) removes variables of the environment."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.data = folder / "data"
        self.master_key = folder / "master.key"
        variables = {
            "BEDROCK_GATEWAY_VAULT_DATA_DIR": str(self.data),
            "BEDROCK_GATEWAY_VAULT_MASTER_KEY_FILE": str(self.master_key),
            **changes,
        }
        self.environment = {name: value for name, value in variables.items() if value is not None}
        if "BEDROCK_GATEWAY_VAULT_MASTER_KEY_FILE" in self.environment and not self.master_key.exists():
            self.run("master-key", "create", str(self.master_key))

    def attempt(self, *arguments: str, given: str | None = None, **extra: str) -> subprocess.CompletedProcess[str]:
        """Runs a command of the binary with this vault, whatever comes of it; `given` is its standard input."""
        return subprocess.run(
            [os.environ["BEDROCK_GATEWAY_BIN"], *arguments],
            cwd=self.folder,
            env=clean_environment(self.folder, {"USER": "operator", **self.environment, **extra}),
            input=given or "",
            capture_output=True,
            text=True,
            timeout=20,
        )

    def run(self, *arguments: str, given: str | None = None, **extra: str) -> str:
        """Runs a command and hands out what it said on standard output, but for the lines of the log."""
        done = self.attempt(*arguments, given=given, **extra)
        assert done.returncode == 0, f"{arguments}: {done.stderr}{done.stdout}"
        return done.stdout

    def api_key(self, name: str, *scopes: str, arguments: tuple[str, ...] = (), **extra: str) -> str:
        """A new gateway key, made by command."""
        flags = [word for scope in scopes for word in ("--scope", scope)]
        printed = self.run("api-key", "create", "--name", name, *flags, *arguments, **extra)
        key = printed.split()[-1]
        assert key.startswith("bgw-"), printed
        return key


class Keeper:
    """A running gateway with a vault, an admin's key and the key of somebody who calls models."""

    def __init__(self, program: Program, vault: Vault, admin: str, caller: str) -> None:
        self.program = program
        self.vault = vault
        self.admin = admin
        self.caller = caller

    @property
    def gateway(self) -> str:
        return self.program.gateway

    def admin_call(self, path: str, body: Any = None, key: str | None = None, method: str | None = None) -> Answer:
        """A call of the admin API, by the admin unless there is another key."""
        arguments = ("-X", method) if method else ()
        headers = {"x-portkey-api-key": self.admin if key is None else key}
        return curl(f"{self.gateway}{path}", headers=headers, body=body, arguments=arguments)

    def make_virtual_key(self, slug: str, **members: Any) -> str:
        body = {"name": slug, "slug": slug, "provider": "bedrock", **members}
        answer = self.admin_call("/virtual-keys", body)
        assert answer.status == 200, answer.body
        return slug

    def make_api_key(self, name: str, *scopes: str, **members: Any) -> tuple[str, str]:
        """A new gateway key: its id, and the key."""
        body = {"name": name, "scopes": list(scopes), **members}
        answer = self.admin_call("/api-keys/workspace/service", body)
        assert answer.status == 200, answer.body
        return answer.json()["id"], answer.json()["key"]

    def chat(self, key: str | None, body: dict, **headers: str) -> Answer:
        """A request for a model with a gateway key; names of headers have underscores for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            named["x-portkey-api-key"] = key
        return curl(f"{self.gateway}/chat/completions", headers=named, body=body)

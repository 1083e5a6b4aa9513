"""The gateway's own identity, from every source of AWS's default chain that can be had on one machine."""

import base64
import http.server
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support import identity

PAIR = {"AccessKeyId": identity.ACCESS_KEY_ID, "SecretAccessKey": identity.SECRET_ACCESS_KEY}
CONTAINER_TOKEN = "the-token-of-the-container"
IMDS_TOKEN = "the-token-of-imds"


class Metadata(http.server.BaseHTTPRequestHandler):
    """Container credentials (EKS Pod Identity, ECS), and the instance metadata service in its second version."""

    asked = 0

    def do_GET(self):
        expires = {"Token": identity.SESSION_TOKEN, "Expiration": "2099-01-01T00:00:00Z"}
        pair = {"AccessKeyId": identity.SESSION_ACCESS_KEY_ID, "SecretAccessKey": identity.SESSION_SECRET_ACCESS_KEY}
        role = "/latest/meta-data/iam/security-credentials/"
        is_known = self.headers.get("x-aws-ec2-metadata-token") == IMDS_TOKEN
        if self.path == "/expired-at-first":
            # It says that it is good for long, and is not.
            Metadata.asked += 1
            token = identity.EXPIRED_TOKEN if Metadata.asked == 1 else identity.SESSION_TOKEN
            self.answer(json.dumps({**pair, **expires, "Token": token}))
        elif self.path == "/container" and self.headers.get("authorization") == CONTAINER_TOKEN:
            self.answer(json.dumps({**pair, **expires}))
        elif is_known and self.path == role:
            self.answer("instance-role")
        elif is_known and self.path == role + "instance-role":
            told = {"Code": "Success", "LastUpdated": "2026-01-01T00:00:00Z", "Type": "AWS-HMAC"}
            self.answer(json.dumps({**told, **pair, **expires}))
        else:
            self.send_error(401)

    def do_PUT(self):
        if self.path == "/latest/api/token":
            self.answer(IMDS_TOKEN, {"x-aws-ec2-metadata-token-ttl-seconds": "21600"})
        else:
            self.send_error(404)

    def answer(self, text: str, headers: dict[str, str] | None = None):
        self.send_response(200)
        for name, value in {"content-length": str(len(text)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def metadata() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def part(value: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def environment_of(source: str, folder: Path, metadata: str) -> dict[str, str]:
    config, credentials, process = folder / "config", folder / "credentials", folder / "process"
    process.write_text(f"#!/bin/sh\necho '{json.dumps({'Version': 1, **PAIR})}'\n")
    process.chmod(0o700)
    credentials.write_text(
        f"[shared]\naws_access_key_id = {PAIR['AccessKeyId']}\naws_secret_access_key = {PAIR['SecretAccessKey']}\n"
    )
    config.write_text(
        f"[profile process]\ncredential_process = {process}\n"
        "[profile role]\nrole_arn = arn:aws:iam::111122223333:role/by-profile\nsource_profile = process\n"
    )
    files = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
    no_imds = {"AWS_EC2_METADATA_DISABLED": "true"}
    token = folder / "token"
    match source:
        case "environment":
            pair = {"AWS_ACCESS_KEY_ID": PAIR["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": PAIR["SecretAccessKey"]}
            return {**pair, **no_imds}
        case "shared profile":
            return {**files, **no_imds, "AWS_PROFILE": "shared"}
        case "credential process":
            return {**files, **no_imds, "AWS_PROFILE": "process"}
        case "role of a profile":
            return {**files, **no_imds, "AWS_PROFILE": "role"}
        case "web identity":
            token.write_text(f"{part({'alg': 'RS256'})}.{part({'sub': 'pod', 'exp': int(time.time()) + 600})}.c2ln")
            arn = "arn:aws:iam::111122223333:role/irsa"
            return {**no_imds, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": arn}
        case "container":
            token.write_text(CONTAINER_TOKEN)
            uri = f"{metadata}/container"
            return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": uri, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)}
        case "instance metadata":
            return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata}
    raise AssertionError(source)


def start(launch, emulator, name: str, extra: dict[str, str]):
    """A gateway that lends its identity to everybody."""
    arguments = ["serve", "--listen", "127.0.0.1:0", "--set", "aws.allow_gateway_identity=true"]
    extra = {"AWS_ENDPOINT_URL": emulator.emulator, **extra}
    return launch(f"serve-chain-{name}", *arguments, waits_for={"gateway"}, extra=extra)


def ask(gateway, **more) -> httpx.Response:
    body = {"model": "amazon.nova-lite-v1:0", "messages": [{"role": "user", "content": "hi"}], **more}
    return httpx.post(f"{gateway.gateway}/chat/completions", json=body, timeout=20)


@pytest.mark.parametrize(
    ("source", "reported"),
    [
        ("environment", "EnvironmentVariable"),
        ("shared profile", "ProfileFile"),
        ("credential process", "CredentialProcess"),
        ("role of a profile", "AssumeRoleProvider"),
        ("web identity", "WebIdentityToken"),
        ("container", "EcsContainer"),
        ("instance metadata", "IMDSv2"),
    ],
)
def test_a_source_is_found_used_and_reported(launch, emulator, metadata, tmp_path, source, reported):
    gateway = start(launch, emulator, source.replace(" ", "-"), environment_of(source, tmp_path, metadata))
    answer = ask(gateway)
    assert answer.status_code == 200, answer.text
    line = f'source="{reported}"'
    until = time.monotonic() + 20
    while line not in Path(gateway.log).read_text():
        assert time.monotonic() < until, Path(gateway.log).read_text()
        time.sleep(0.05)
    log = Path(gateway.log).read_text()
    for secret in [identity.SECRET_ACCESS_KEY, identity.SESSION_SECRET_ACCESS_KEY, identity.SESSION_TOKEN]:
        assert secret not in log


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_what_expired_before_its_time_is_replaced_within_the_request(launch, emulator, metadata, stream):
    Metadata.asked = 0
    extra = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{metadata}/expired-at-first"}
    gateway = start(launch, emulator, f"expired-{stream}", extra)
    answer = ask(gateway, stream=stream)
    assert answer.status_code == 200, answer.text
    assert ("[DONE]" if stream else "You said: hi") in answer.text
    assert Metadata.asked == 2

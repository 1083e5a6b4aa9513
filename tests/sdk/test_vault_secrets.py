"""A session that uses everything, with secrets that are like nothing else; then none of them is in a log, in a file of
the data directory, in an error or in an answer of the admin API."""

import base64
import json
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support import identity
from support.curl import Answer, curl
from support.issuer import AUDIENCE, ISSUER, Issuer
from support.vault import PAIR, Vault, role

BODY = {"model": "emulator.echo", "messages": [{"role": "user", "content": f"hi {identity.PROMPT_MARKER}"}]}

WRONG_SECRET = "wrong/secret/of/a/virtual/key/EXAMPLE/0001"
HEADER_SECRET = "wrong/secret/of/a/header/EXAMPLE/000000002"
CONFIG_SECRET = "wrong/secret/of/a/config/EXAMPLE/000000003"
STORED_API_KEY = "bedrock-api-key-that-is-stored-0004"
HEADER_API_KEY = "bedrock-api-key-of-a-header-0005"
EXTERNAL_ID = "external-id-of-a-virtual-key-0006"
SOURCE_EXTERNAL_ID = "external-id-of-a-first-role-0007"
HEADER_EXTERNAL_ID = "external-id-of-a-header-0008"
PROVIDER_KEY = "sk-key-of-another-provider-0009"
SESSION_TOKEN = "session-token-of-a-caller-0010"
CONFIG_API_KEY = "bedrock-api-key-of-a-default-config-0011"
# Written where the gateway names back what it does not know; the log does not.
MISPLACED = "secret-in-the-place-of-a-name-0013"
WRONG_KEY = "bgw-a-key-that-nobody-made-0012"


@dataclass
class Seen:
    """What the session showed to callers and admins, and all that it must not show."""

    secrets: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    # The answers that tell a gateway key are the one place where it may stand.
    statuses: set[int] = field(default_factory=set)

    def note(self, answer: Answer) -> Answer:
        self.answers.append(answer)
        self.statuses.add(answer.status)
        return answer


def use_everything(keeper, issuer: Issuer, seen: Seen) -> None:
    """Requests that are answered and requests that fail, in every place where a secret may stand."""
    admin, note = keeper.admin_call, seen.note
    virtual_keys = {
        "pair": PAIR,
        "wrong-pair": {**PAIR, "aws_secret_access_key": WRONG_SECRET},
        "api-key": {"key": STORED_API_KEY},
        "real-api-key": {"key": identity.API_KEY},
        "role": {"aws_role_arn": role("with-an-external-id"), "aws_external_id": EXTERNAL_ID, **PAIR},
        "refused": {
            "aws_role_arn": role("emulator-denied"),
            "aws_external_id": EXTERNAL_ID,
            "aws_source_role_arn": role("first"),
            "aws_source_external_id": SOURCE_EXTERNAL_ID,
        },
        "other": {"provider": "openai", "key": PROVIDER_KEY},
    }
    for slug, members in virtual_keys.items():
        body = {"name": slug, "slug": slug, "provider": "bedrock", **members}
        assert note(admin("/virtual-keys", body)).status == 200
        assert note(admin("/virtual-keys", body)).status == 409
        assert note(admin("/virtual-keys", {**body, "slug": "x", "expires_at": "soon"})).status == 400
        assert note(admin(f"/virtual-keys/{slug}")).status == 200
        assert note(admin(f"/virtual-keys/{slug}", {**members, "note": "n"}, method="PUT")).status == 200
        for stream in (False, True):
            note(keeper.chat(keeper.caller, {**BODY, "stream": stream}, x_portkey_virtual_key=slug))
    note(admin("/virtual-keys"))
    # Bodies that cannot be read are told of without what stands in them.
    for broken in (f'{{"key": "{PROVIDER_KEY}"', f'{{"key": ["{PROVIDER_KEY}"]}}', f'{{"{MISPLACED}": 1}}'):
        note(admin("/virtual-keys", broken))

    config = {"provider": "bedrock", "api_key": CONFIG_API_KEY}
    name, key = keeper.make_api_key("configured", "inference", defaults={"config_id": config})
    seen.secrets.append(key)
    note(admin(f"/api-keys/{name}"))
    note(keeper.chat(key, BODY))
    note(admin("/api-keys"))

    headers = [
        {"x_portkey_aws_access_key_id": identity.ACCESS_KEY_ID, "x_portkey_aws_secret_access_key": HEADER_SECRET},
        {
            "x_portkey_aws_access_key_id": identity.SESSION_ACCESS_KEY_ID,
            "x_portkey_aws_secret_access_key": identity.SESSION_SECRET_ACCESS_KEY,
            "x_portkey_aws_session_token": SESSION_TOKEN,
        },
        {"x_portkey_aws_secret_access_key": HEADER_SECRET},
        {"x_portkey_aws_session_token": SESSION_TOKEN},
        {"authorization": f"Bearer {HEADER_API_KEY}"},
        {"authorization": f"Basic {HEADER_API_KEY}"},
        {"x_api_key": HEADER_API_KEY},
        {"x_portkey_virtual_key": "pair", "x_portkey_aws_session_token": SESSION_TOKEN},
        {"x_portkey_virtual_key": "pair", "x_portkey_aws_secret_access_key": HEADER_SECRET},
        {"x_portkey_aws_external_id": HEADER_EXTERNAL_ID},
        {
            **{f"x_portkey_{member}": value for member, value in PAIR.items()},
            "x_portkey_aws_role_arn": role("emulator-denied"),
            "x_portkey_aws_external_id": HEADER_EXTERNAL_ID,
        },
        {"x_portkey_config": json.dumps({"aws_access_key_id": "AKIA", "aws_secret_access_key": CONFIG_SECRET})},
        {"x_portkey_config": json.dumps({"aws_secret_access_key": CONFIG_SECRET})},
        {"x_portkey_config": json.dumps({"aws_secret_access_key": [CONFIG_SECRET]})},
        {"x_portkey_config": f'{{"aws_secret_access_key": "{CONFIG_SECRET}"'},
        {"x_portkey_config": json.dumps({"api_key": CONFIG_API_KEY})},
    ]
    for caller in (keeper.caller, issuer.token(email="jo@example.com")):
        for more in headers:
            note(keeper.chat(caller, BODY, **more))

    tokens = [issuer.token(), issuer.token(aud="x"), issuer.unsigned(), issuer.token(scope="admin.read inference")]
    for token in tokens:
        seen.secrets += [token, token.rpartition(".")[2] or token]
        note(keeper.chat(token, BODY, x_portkey_virtual_key="pair"))
        note(admin("/virtual-keys", key=token))
    for place in ("x-portkey-api-key", "x-api-key"):
        note(curl(f"{keeper.gateway}/chat/completions", headers={place: WRONG_KEY}, body=BODY))
    note(admin("/api-keys", key=WRONG_KEY))
    # Secrets in the places of other things.
    note(keeper.chat(keeper.caller, BODY, x_portkey_virtual_key=MISPLACED))
    note(keeper.chat(keeper.caller, {**BODY, "model": f"@{MISPLACED}/emulator.echo"}))
    note(curl(f"{keeper.gateway}/virtual-keys?key={WRONG_KEY}", headers={"x-portkey-api-key": WRONG_KEY}))
    note(admin(f"/api-keys/{name}", method="DELETE"))
    note(keeper.chat(key, BODY))
    note(admin("/audit-logs?page_size=1000"))


def spellings(key: str) -> list[str]:
    """A gateway key as a URL may have it: as it is, with some or all characters percent-encoded, and that twice."""
    return [
        key,
        key.replace("-", "%2D"),
        key.replace("-", "%252d"),
        "".join(f"%{byte:02x}" for byte in key.encode()),
        "".join(f"%{byte:02X}" for byte in key.encode()),
    ]


def put_keys_everywhere(keeper, seen: Seen) -> None:
    """Gateway keys in the place of everything that a request names."""
    admin, note = keeper.admin_call, seen.note
    for key in (keeper.caller, WRONG_KEY):
        for text in spellings(key):
            for method, path, body in (
                ("GET", f"/virtual-keys/{text}", None),
                ("PUT", f"/virtual-keys/{text}", {"note": "n"}),
                ("DELETE", f"/virtual-keys/{text}", None),
                ("GET", f"/api-keys/{text}", None),
                ("PUT", f"/api-keys/{text}", {"name": "n"}),
                ("DELETE", f"/api-keys/{text}", None),
                ("POST", f"/api-keys/{text}/service", {"name": "n", "scopes": ["inference"]}),
                ("GET", f"/audit-logs?start_time={text}&action={text}&user={text}", None),
                ("GET", f"/{text}", None),
                ("GET", f"/models?key={text}", None),
            ):
                note(admin(path, body, method=method))
                note(admin(path, body, method=method, key=""))
            note(admin("/virtual-keys", {"name": "n", "provider": text}))
            note(admin("/api-keys/workspace/service", {"name": "n", "scopes": [text]}))
            for headers, model in (
                ({"x_portkey_trace_id": text}, text),
                ({"x_portkey_trace_id": text, "x_portkey_virtual_key": text}, "emulator.echo"),
                ({"x_portkey_provider": f"@{text}"}, "emulator.echo"),
                ({"x_portkey_provider": text}, "emulator.echo"),
                ({"x_portkey_config": json.dumps({"virtual_key": text})}, "emulator.echo"),
                ({"x_portkey_config": text}, "emulator.echo"),
                ({"x_portkey_aws_region": text}, "emulator.echo"),
                ({"x_portkey_virtual_key": "pair"}, text),
                ({}, f"@{text}/emulator.echo"),
            ):
                note(keeper.chat(keeper.caller, {**BODY, "model": model}, **headers))
                note(keeper.chat(None, {**BODY, "model": model}, **headers))
    # What would be stored as it is.
    for text in spellings(keeper.caller):
        for member in ("name", "slug", "note", "workspace_id"):
            body = {"name": "n", "slug": "n", "provider": "bedrock", **PAIR, member: text}
            assert note(admin("/virtual-keys", body)).status == 400
        assert note(admin("/api-keys/workspace/service", {"name": text, "scopes": ["inference"]})).status == 400


def forms(secret: str) -> list[bytes]:
    """A secret as it may stand in a log or a file."""
    texts = {secret, urllib.parse.quote(secret, safe=""), json.dumps(secret)[1:-1].replace("/", "\\/")}
    if secret.startswith("bgw-"):
        texts.update(spellings(secret))
    return [*(text.encode() for text in texts), base64.b64encode(secret.encode()).rstrip(b"=")]


@pytest.fixture(scope="module", params=["text", "json"])
def session(request, keep, tmp_path_factory):
    """The whole session, with a log of everything in one of its forms; the gateway is still there afterwards."""
    issuer = Issuer()
    folder = tmp_path_factory.mktemp(f"secrets-{request.param}")
    jwks = folder / "jwks.json"
    jwks.write_bytes(issuer.jwks())
    keeper = keep(
        f"serve-secrets-{request.param}",
        "--log-level", "trace", "--log-format", request.param,
        vault=Vault(folder / "vault"),
        BEDROCK_GATEWAY_AUTH_JWT_JWKS=str(jwks),
        BEDROCK_GATEWAY_AUTH_JWT_ISSUER=ISSUER,
        BEDROCK_GATEWAY_AUTH_JWT_AUDIENCE=AUDIENCE,
        BEDROCK_GATEWAY_AWS_ASSUMABLE_ROLES="*",
    )  # fmt: skip
    seen = Seen(
        secrets=[
            WRONG_SECRET, HEADER_SECRET, CONFIG_SECRET, STORED_API_KEY, HEADER_API_KEY, EXTERNAL_ID, SOURCE_EXTERNAL_ID,
            HEADER_EXTERNAL_ID, PROVIDER_KEY, SESSION_TOKEN, CONFIG_API_KEY, WRONG_KEY, MISPLACED, keeper.admin,
            keeper.caller, keeper.vault.master_key.read_text().strip(), *identity.SECRETS,
        ]
    )  # fmt: skip
    use_everything(keeper, issuer, seen)
    put_keys_everywhere(keeper, seen)
    keeper.vault.run("backup", str(folder / "backup.db"))
    return keeper, seen, folder


def found_in(text: bytes, secrets: list[str]) -> list[str]:
    return [secret for secret in secrets if any(form in text for form in forms(secret))]


def test_the_session_did_what_it_should(session):
    """All kinds of answers were there to be searched through."""
    _, seen, _ = session
    assert {200, 400, 401, 403, 404, 409} <= seen.statuses
    assert len(seen.answers) > 100


def test_the_search_finds_what_is_there():
    for form in ("a/b+c", "a%2Fb%2Bc", "a\\/b+c", base64.b64encode(b"a/b+c").decode()):
        assert found_in(f"x {form} y".encode(), ["a/b+c", "d"]) == ["a/b+c"]


def test_no_secret_is_in_the_logs(session):
    keeper, seen, _ = session
    printed = keeper.program.printed()
    assert "audit" in printed and "virtual_keys.create" in printed
    assert found_in(printed.encode(), seen.secrets) == []


def test_keys_in_the_place_of_names_are_masked(session):
    """They are there to be seen, as far as people need it to find the key."""
    keeper, _, _ = session
    masked = f"bgw-****{keeper.caller[-4:]}"
    rows = keeper.admin_call("/audit-logs?page_size=1000").json()["data"]
    for member in ("uri", "resource_id", "request_id"):
        assert any(masked in (row[member] or "") for row in rows), member
    assert keeper.program.printed().count(masked) > 100


def test_no_secret_is_in_the_files(session):
    """Neither in the database nor in its write-ahead log, nor in a copy."""
    keeper, seen, folder = session
    files = [*keeper.vault.data.iterdir(), folder / "backup.db"]
    assert {"bedrock-gateway.db", "bedrock-gateway.db-wal"} <= {file.name for file in files}
    assert any(b"wrong-pair" in file.read_bytes() for file in files), "slugs are no secrets"
    assert {file.name: found_in(Path(file).read_bytes(), seen.secrets) for file in files} == {file.name: [] for file in files}


def test_no_secret_is_in_an_answer(session):
    """The prompt comes back in the emulator's words, and a name in those of the error that it is none."""
    _, seen, _ = session
    secrets = [secret for secret in seen.secrets if secret not in (identity.PROMPT_MARKER, MISPLACED)]
    for answer in seen.answers:
        assert found_in(answer.body.encode(), secrets) == [], answer.body
        assert found_in(str(answer.headers).encode(), secrets) == []


def test_sessions_of_roles_are_nowhere(session, relay):
    """What STS gave was used, and lies in no file and no log."""
    keeper, _, _ = session
    taken = [exchange.parsed()["Credentials"] for exchange in relay.since(0, "AssumeRole") if exchange.status == 200]
    secrets = [credentials[name] for credentials in taken for name in ("SecretAccessKey", "SessionToken")]
    assert secrets
    texts = [keeper.program.printed().encode(), *(file.read_bytes() for file in keeper.vault.data.iterdir())]
    assert [found_in(text, secrets) for text in texts] == [[]] * len(texts)

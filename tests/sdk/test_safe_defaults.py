"""What a gateway does that nobody configured: it lends nothing, and does not start where it would lend to the world."""

import time

import pytest

from support import identity
from support.conversations import ECHO, MODEL, PROMPT, user
from support.curl import curl
from support.identity import direct_headers
from support.vault import PAIR, Keeper, Vault

BODY = {"model": MODEL, "messages": [user(PROMPT)]}
ADMIN_ROUTES = [
    ("GET", "/virtual-keys"), ("POST", "/virtual-keys"), ("GET", "/virtual-keys/x"), ("PUT", "/virtual-keys/x"),
    ("DELETE", "/virtual-keys/x"), ("GET", "/api-keys"), ("POST", "/api-keys/workspace/service"),
    ("GET", "/api-keys/x"), ("PUT", "/api-keys/x"), ("DELETE", "/api-keys/x"), ("GET", "/audit-logs"),
]  # fmt: skip


@pytest.fixture(scope="module")
def keyless(launch, emulator, tmp_path_factory):
    """A vault without any gateway key."""
    vault = Vault(tmp_path_factory.mktemp("keyless"))
    program = launch(
        "serve-keyless", "serve", "--listen", "127.0.0.1:0", waits_for={"gateway"},
        extra={"AWS_ENDPOINT_URL": emulator.emulator, **vault.environment},
    )
    return Keeper(program, vault, "", "")


@pytest.fixture(params=["no vault", "no keys"])
def closed(request, gateway, keyless):
    return gateway if request.param == "no vault" else keyless


@pytest.mark.parametrize(("method", "path"), ADMIN_ROUTES)
@pytest.mark.parametrize("key", [None, "", "portkey-key"])
def test_admin_routes_are_closed_and_say_how_to_open_them(closed, method, path, key):
    headers = {} if key is None else {"x-portkey-api-key": key}
    body = {} if method in ("POST", "PUT") else None
    answer = curl(f"{closed.gateway}{path}", headers=headers, body=body, arguments=("-X", method))
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (401, "no_gateway_keys"), answer.body
    for word in ("master-key create", "vault.master_key_file", "api-key create", "admin.write"):
        assert word in error["message"], error


def test_a_guessed_key_is_none(closed):
    for path in ("/virtual-keys", "/api-keys", "/audit-logs"):
        assert curl(f"{closed.gateway}{path}", headers={"x-portkey-api-key": "bgw-guessed"}).status == 401


def test_virtual_keys_are_closed_to_strangers(closed):
    for headers in ({"x-portkey-virtual-key": "x"}, {"x-portkey-provider": "@x"}, {"x-portkey-config": '{"virtual_key":"x"}'}):
        answer = curl(f"{closed.gateway}/chat/completions", headers=headers, body=BODY)
        assert (answer.status, answer.error["code"]) == (401, "gateway_key_required"), answer.body
    answer = curl(f"{closed.gateway}/chat/completions", body={**BODY, "model": f"@x/{MODEL}"})
    assert answer.status == 401, answer.body


def test_nothing_of_the_gateways_own_is_lent(keeper):
    """It has an identity in its environment; a caller who is known gets none of it either."""
    for headers in ({}, {"x_portkey_aws_auth_type": "serviceRole"}):
        answer = keeper.chat(keeper.caller, BODY, **headers)
        assert answer.status in (401, 403), answer.body


def test_strangers_with_credentials_are_served_until_there_is_a_key(keyless):
    assert curl(f"{keyless.gateway}/chat/completions", headers=direct_headers(), body=BODY).content == ECHO
    key = keyless.admin = keyless.vault.api_key("first", "inference", "admin.write")
    # The gateway looks at the database again when it last did so a tenth of a second ago.
    until = time.monotonic() + 20
    while (status := keyless.admin_call("/virtual-keys", key=key).status) != 200 and time.monotonic() < until:
        assert status == 401
    answer = curl(f"{keyless.gateway}/chat/completions", headers=direct_headers(), body=BODY)
    assert (answer.status, answer.error["code"]) == (401, "gateway_key_required")
    keyless.make_virtual_key("x", **PAIR)
    assert keyless.chat(key, BODY, x_portkey_virtual_key="x").content == ECHO
    # Nor does it open again when the last key is taken back.
    (only,) = keyless.admin_call("/api-keys", key=key).json()["data"]
    keyless.vault.run("api-key", "revoke", only["id"])
    assert curl(f"{keyless.gateway}/chat/completions", headers=direct_headers(), body=BODY).status == 401


OWN = {
    "AWS_ACCESS_KEY_ID": identity.ACCESS_KEY_ID,
    "AWS_SECRET_ACCESS_KEY": identity.SECRET_ACCESS_KEY,
    "BEDROCK_GATEWAY_AWS_ALLOW_GATEWAY_IDENTITY": "true",
}


@pytest.mark.parametrize("anonymous", ["auto", "allow"])
@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0"])
def test_a_gateway_that_lends_to_the_world_does_not_start(tmp_path, address, anonymous):
    vault = Vault(tmp_path / "vault")
    done = vault.attempt("serve", "--listen", address, BEDROCK_GATEWAY_AUTH_ANONYMOUS=anonymous, **OWN)
    assert done.returncode == 1
    for word in ("aws.allow_gateway_identity", "auth.allow_public_anonymous", "api-key create", "127.0.0.1"):
        assert word in done.stderr, done.stderr
    assert "listening" not in done.stdout


@pytest.mark.parametrize(
    ("name", "extra", "with_key"),
    [
        ("said", {"BEDROCK_GATEWAY_AUTH_ALLOW_PUBLIC_ANONYMOUS": "true"}, False),
        ("keys", {}, True),
        ("refuse", {"BEDROCK_GATEWAY_AUTH_ANONYMOUS": "refuse"}, False),
        ("not-lent", {"BEDROCK_GATEWAY_AWS_ALLOW_GATEWAY_IDENTITY": "false"}, False),
    ],
)
def test_what_lets_it_start(launch, emulator, tmp_path, name, extra, with_key):
    vault = Vault(tmp_path / "vault")
    if with_key:
        vault.api_key("first", "inference")
    program = launch(
        f"serve-public-{name}", "serve", "--listen", "0.0.0.0:0", waits_for={"gateway"},
        extra={"AWS_ENDPOINT_URL": emulator.emulator, **vault.environment, **OWN, **extra},
    )
    url = program.gateway.replace("0.0.0.0", "127.0.0.1")
    answer = curl(f"{url}/chat/completions", body=BODY)
    assert answer.status == (200 if name == "said" else 401)
    assert program.stop() == 0


def test_the_example_of_the_loopback(launch, emulator):
    """On this machine alone nobody has to say more than that it is allowed."""
    program = launch(
        "serve-loopback", "serve", "--listen", "127.0.0.1:0", waits_for={"gateway"},
        extra={"AWS_ENDPOINT_URL": emulator.emulator, **OWN},
    )
    assert curl(f"{program.gateway}/chat/completions", body=BODY).content == ECHO
    assert program.stop() == 0


def test_a_database_without_its_master_key_does_not_start(tmp_path):
    """A vault that was is not passed over because a setting was forgotten."""
    vault = Vault(tmp_path / "vault")
    vault.api_key("first", "inference")
    del vault.environment["BEDROCK_GATEWAY_VAULT_MASTER_KEY_FILE"]
    done = vault.attempt("serve", "--listen", "127.0.0.1:0")
    assert done.returncode == 1
    assert "there is no master key" in done.stderr
    assert "vault.master_key_file" in done.stderr


def test_nobody_else_reads_the_files(tmp_path):
    vault = Vault(tmp_path / "vault")
    vault.api_key("first", "inference")
    assert vault.master_key.stat().st_mode & 0o077 == 0
    assert vault.data.stat().st_mode & 0o077 == 0
    for file in vault.data.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
    again = vault.attempt("master-key", "create", str(vault.master_key))
    assert again.returncode == 1, "a key that is there is never overwritten"

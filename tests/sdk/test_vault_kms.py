"""The master key in AWS KMS, which is the emulator: made, restarted, read; and a key that does not do is found at the
start."""

import pytest

from support import identity
from support.conversations import ECHO, MODEL, PROMPT, user
from support.vault import PAIR, Vault

BODY = {"model": MODEL, "messages": [user(PROMPT)]}
KEY = "alias/test"


def kms_vault(folder, url: str, key: str = KEY) -> Vault:
    return Vault(
        folder,
        BEDROCK_GATEWAY_VAULT_MASTER_KEY_FILE=None,
        BEDROCK_GATEWAY_VAULT_KMS_KEY_ID=key,
        AWS_ENDPOINT_URL_KMS=url,
        AWS_ACCESS_KEY_ID=identity.ACCESS_KEY_ID,
        AWS_SECRET_ACCESS_KEY=identity.SECRET_ACCESS_KEY,
        AWS_REGION=identity.REGION,
    )


@pytest.fixture(scope="module")
def sealing(tmp_path_factory, keep, relay):
    """A vault that a gateway filled and left, and what KMS was asked meanwhile."""
    mark = relay.mark()
    vault = kms_vault(tmp_path_factory.mktemp("kms"), relay.url)
    keeper = keep("serve-kms", vault=vault)
    keeper.make_virtual_key("kept", **PAIR)
    assert keeper.chat(keeper.caller, BODY, x_portkey_virtual_key="kept").content == ECHO
    assert keeper.program.stop() == 0
    return keeper, relay.since(mark, "GenerateDataKey", "Decrypt")


@pytest.fixture
def sealed(sealing):
    return sealing[0]


def test_what_was_sealed_opens_after_a_restart(sealed, keep, relay):
    keeper = keep("serve-kms-again", vault=sealed.vault)
    mark = relay.mark()
    for _ in range(3):
        assert keeper.chat(sealed.caller, BODY, x_portkey_virtual_key="kept").content == ECHO
    # What is open stays open: KMS is asked once for the virtual key and once for the caller's defaults at most.
    assert len(relay.since(mark, "Decrypt")) <= 2
    sealed.vault.run("master-key", "rotate")
    assert keeper.chat(sealed.caller, BODY, x_portkey_virtual_key="kept").content == ECHO
    keeper.make_virtual_key("later", **PAIR)
    assert keeper.chat(sealed.caller, BODY, x_portkey_virtual_key="later").content == ECHO


def test_what_kms_is_asked(sealing):
    """Every envelope is bound to its place, and no plaintext leaves the gateway."""
    _, asked = sealing
    assert {exchange.operation for exchange in asked} == {"GenerateDataKey", "Decrypt"}
    contexts = set()
    for exchange in asked:
        body = exchange.request.json()
        assert body["EncryptionContext"], "the place of the record"
        contexts.add(str(body["EncryptionContext"]))
        assert identity.SECRET_ACCESS_KEY not in exchange.request.body.decode()
        if exchange.operation == "GenerateDataKey":
            assert body["KeyId"] == KEY
            assert body.get("KeySpec") == "AES_256" or body.get("NumberOfBytes") == 32
    assert len(contexts) >= 2


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("alias/emulator-missing", "NotFound"),
        ("alias/emulator-denied", "AccessDenied"),
        ("alias/emulator-disabled", "Disabled"),
        ("alias/emulator-broken", "KMS"),
        (None, "there is no master key"),
    ],
)
def test_a_key_that_does_not_do_is_found_at_the_start(sealed, key, words):
    environment = {"BEDROCK_GATEWAY_VAULT_KMS_KEY_ID": key or ""}
    done = sealed.vault.attempt("serve", "--listen", "127.0.0.1:0", **environment)
    assert done.returncode == 1, done.stdout
    assert words in done.stderr, done.stderr
    assert "listening" not in done.stdout


def test_another_key_takes_over(sealed, keep):
    """KMS opens under any of its keys; what is new is sealed under the one that is set, and a rotation moves the rest."""
    sealed.vault.environment["BEDROCK_GATEWAY_VAULT_KMS_KEY_ID"] = "alias/other"
    keeper = keep("serve-kms-other", vault=sealed.vault)
    assert keeper.chat(sealed.caller, BODY, x_portkey_virtual_key="kept").content == ECHO
    keeper.make_virtual_key("under-other", **PAIR)
    assert keeper.chat(sealed.caller, BODY, x_portkey_virtual_key="under-other").content == ECHO
    sealed.vault.environment["BEDROCK_GATEWAY_VAULT_KMS_KEY_ID"] = KEY


def test_kms_that_cannot_be_reached_is_found_at_the_start(sealed):
    done = sealed.vault.attempt("serve", "--listen", "127.0.0.1:0", AWS_ENDPOINT_URL_KMS="http://127.0.0.1:1")
    assert done.returncode == 1
    assert "KMS" in done.stderr


def test_a_key_that_cannot_open_what_it_seals(tmp_path, relay):
    """It would be found out after the first restart; so it is found out before the first key is kept."""
    vault = kms_vault(tmp_path, relay.url, "alias/emulator-encrypt-only")
    done = vault.attempt("api-key", "create", "--name", "n", "--scope", "inference")
    assert done.returncode == 1
    assert "AccessDenied" in done.stderr, done.stderr


def test_a_throttled_kms_is_asked_again(tmp_path, relay):
    vault = kms_vault(tmp_path, relay.url, "alias/emulator-throttle-1")
    assert vault.api_key("n", "inference")


def test_kms_and_a_file_together(sealed, tmp_path, keep, relay):
    """The way from one to the other: both open, KMS seals, and after a rotation the file is not needed."""
    by_file = Vault(tmp_path / "moving")
    caller = by_file.api_key("caller", "inference", arguments=("--metadata", "a=b"))
    kms = kms_vault(tmp_path / "unused", relay.url).environment
    kms = {name: value for name, value in kms.items() if "DATA_DIR" not in name}
    by_file.environment.update(kms)
    assert "sealed" in by_file.run("master-key", "rotate")
    del by_file.environment["BEDROCK_GATEWAY_VAULT_MASTER_KEY_FILE"]
    keeper = keep("serve-kms-moved", vault=by_file)
    keeper.make_virtual_key("kept", **PAIR)
    assert keeper.chat(caller, BODY, x_portkey_virtual_key="kept").content == ECHO

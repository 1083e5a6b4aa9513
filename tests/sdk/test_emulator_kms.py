"""The emulator as AWS KMS: boto3 makes data keys, and gets them back with the right key and context only."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from support import aws, identity

ACCOUNT = "111122223333"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
CONTEXT = {"tenant": "blau", "zweck": "Schlüssel"}


def kms(emulator, keys=aws.DEMO, region: str = identity.REGION):
    return aws.client("kms", emulator.emulator, keys, region)


def refusal(call, **parameters) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


@pytest.mark.parametrize(
    "key",
    [
        KEY_ID,
        f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY_ID}",
        "alias/app/vault",
        f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/app/vault",
    ],
)
def test_a_data_key_comes_back(emulator, key):
    client = kms(emulator)
    made = client.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=CONTEXT)
    assert len(made["Plaintext"]) == 32
    assert made["Plaintext"] not in made["CiphertextBlob"]
    assert made["KeyId"].startswith(f"arn:aws:kms:us-east-1:{ACCOUNT}:key/")
    for named in ({}, {"KeyId": key}, {"KeyId": made["KeyId"]}):
        opened = client.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=CONTEXT, **named)
        assert opened["Plaintext"] == made["Plaintext"]
        assert opened["KeyId"] == made["KeyId"]
        assert opened["EncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
    again = client.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=CONTEXT)
    assert again["Plaintext"] != made["Plaintext"]


def test_lengths(emulator):
    client = kms(emulator)
    assert len(client.generate_data_key(KeyId=KEY_ID, KeySpec="AES_128")["Plaintext"]) == 16
    assert len(client.generate_data_key(KeyId=KEY_ID, NumberOfBytes=64)["Plaintext"]) == 64
    assert "Plaintext" not in client.generate_data_key_without_plaintext(KeyId=KEY_ID, KeySpec="AES_256")
    assert refusal(client.generate_data_key, KeyId=KEY_ID)[:2] == ("ValidationException", 400)


def test_the_wrong_context_key_or_ciphertext(emulator):
    client = kms(emulator)
    blob = client.encrypt(KeyId="alias/vault", Plaintext=b"secret", EncryptionContext=CONTEXT)["CiphertextBlob"]
    altered = blob[:-1] + bytes([blob[-1] ^ 1])
    for parameters, code in [
        ({"CiphertextBlob": blob}, "InvalidCiphertextException"),
        ({"CiphertextBlob": blob, "EncryptionContext": {**CONTEXT, "tenant": "rot"}}, "InvalidCiphertextException"),
        ({"CiphertextBlob": altered, "EncryptionContext": CONTEXT}, "InvalidCiphertextException"),
        ({"CiphertextBlob": b"garbage", "EncryptionContext": CONTEXT}, "InvalidCiphertextException"),
        (
            {"CiphertextBlob": blob, "EncryptionContext": CONTEXT, "KeyId": "alias/other"},
            "IncorrectKeyException",
        ),
    ]:
        assert refusal(client.decrypt, **parameters)[:2] == (code, 400)
    elsewhere = kms(emulator, region="eu-central-1")
    code, _, text = refusal(elsewhere.decrypt, CiphertextBlob=blob, EncryptionContext=CONTEXT)
    assert code == "AccessDeniedException" and "does not exist in this region" in text


@pytest.mark.parametrize(
    ("key", "code", "status", "text"),
    [
        ("alias/emulator-missing", "NotFoundException", 400, f":{ACCOUNT}:alias/emulator-missing is not found."),
        ("00000000-0000-0000-0000-000000000000", "NotFoundException", 400, "does not exist"),
        ("no key", "NotFoundException", 400, "Invalid keyId"),
        (f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{KEY_ID}", "NotFoundException", 400, "Invalid arn eu-west-1"),
        ("alias/emulator-denied", "AccessDeniedException", 400, "user/emulator is not authorized to perform: kms:GenerateDataKey"),
        ("alias/emulator-disabled", "DisabledException", 400, "is disabled."),
        ("alias/emulator-broken", "KMSInternalException", 500, "internal exception"),
    ],
)
def test_special_keys(emulator, key, code, status, text):
    found = refusal(kms(emulator).generate_data_key, KeyId=key, KeySpec="AES_256")
    assert found[:2] == (code, status)
    assert text in found[2]


def test_keys_that_stop_working(emulator):
    client = kms(emulator)
    key = {"KeyId": "alias/emulator-throttle-2", "KeySpec": "AES_256"}
    for _ in range(2):
        assert refusal(client.generate_data_key, **key)[:2] == ("ThrottlingException", 400)
    assert client.generate_data_key(**key)["Plaintext"]
    made = client.generate_data_key(KeyId="alias/emulator-encrypt-only", KeySpec="AES_256")
    code, _, text = refusal(client.decrypt, CiphertextBlob=made["CiphertextBlob"])
    assert code == "AccessDeniedException" and "kms:Decrypt" in text


def test_keys_are_described_and_ciphertexts_moved(emulator):
    client = kms(emulator)
    described = client.describe_key(KeyId="alias/vault")["KeyMetadata"]
    assert (described["KeyState"], described["AWSAccountId"]) == ("Enabled", ACCOUNT)
    assert client.describe_key(KeyId="alias/emulator-disabled")["KeyMetadata"]["KeyState"] == "Disabled"
    blob = client.encrypt(KeyId="alias/vault", Plaintext=b"secret")["CiphertextBlob"]
    moved = client.re_encrypt(CiphertextBlob=blob, DestinationKeyId=KEY_ID, DestinationEncryptionContext=CONTEXT)
    assert moved["SourceKeyId"] == described["Arn"]
    opened = client.decrypt(CiphertextBlob=moved["CiphertextBlob"], KeyId=KEY_ID, EncryptionContext=CONTEXT)
    assert opened["Plaintext"] == b"secret"


def test_a_role_uses_the_keys_of_its_account(emulator):
    taken = aws.client("sts", emulator.emulator).assume_role(
        RoleArn="arn:aws:iam::444455556666:role/vault", RoleSessionName="night"
    )["Credentials"]
    client = kms(emulator, (taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"]))
    made = client.generate_data_key(KeyId="alias/vault", KeySpec="AES_256")
    assert ":444455556666:key/" in made["KeyId"]
    # The other account may be asked for the key by its ARN, which is in the ciphertext.
    assert kms(emulator).decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]


def test_blobs_outlive_the_emulator(emulator, launch):
    other = launch("emulator-again", "emulator", "--listen", "127.0.0.1:0", waits_for={"emulator"})
    made = kms(emulator).generate_data_key(KeyId="alias/vault", KeySpec="AES_256")
    assert kms(other).decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]


def test_who_may_call(emulator):
    call = {"KeyId": KEY_ID, "KeySpec": "AES_256"}
    for keys, code in [
        (("AKIANOBODYKNOWSTHIS1", "x", None), "UnrecognizedClientException"),
        ((identity.ACCESS_KEY_ID, "wrong/secret", None), "InvalidSignatureException"),
        ((*aws.SESSION[:2], identity.EXPIRED_TOKEN), "ExpiredTokenException"),
    ]:
        assert refusal(kms(emulator, keys).generate_data_key, **call)[:2] == (code, 400)


def test_a_bearer_key_is_none_for_kms(emulator):
    headers = {
        "authorization": f"Bearer {identity.API_KEY}",
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "TrentService.DescribeKey",
    }
    status, answered, body = aws.send_plain("POST", f"{emulator.emulator}/", headers, b"{}")
    assert status == 400
    assert answered["content-type"] == "application/x-amz-json-1.1"
    assert json.loads(body)["__type"] == "MissingAuthenticationTokenException"


def test_the_endpoint_variable(emulator, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", emulator.emulator)
    session = boto3.Session(identity.ACCESS_KEY_ID, identity.SECRET_ACCESS_KEY, region_name=identity.REGION)
    assert refusal(session.client("kms").list_aliases)[:2] == ("UnknownOperationException", 400)
    assert session.client("kms").describe_key(KeyId=KEY_ID)["KeyMetadata"]["KeyId"] == KEY_ID

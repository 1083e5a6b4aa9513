"""Recomputes a SigV4 signature with botocore's own signer, from the raw request."""

import hashlib
import re

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .recorder import Recorded

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<access_key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)"
    r"/aws4_request, ?SignedHeaders=(?P<signed>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


def check(record: Recorded, credentials: Credentials, region: str, service: str = "bedrock") -> None:
    """Fails unless the request is signed with these credentials for this service in this region."""
    value = record.header("authorization")
    parts = AUTHORIZATION.fullmatch(value or "")
    assert parts, f"not a SigV4 authorization: {value}"
    assert parts["access_key"] == credentials.access_key
    assert (parts["region"], parts["service"]) == (region, service)

    signed = parts["signed"].split(";")
    assert signed == sorted(set(signed)), "signed headers are listed once each, in order"
    assert {"host", "x-amz-date"} <= set(signed)
    assert record.header("x-amz-security-token") == credentials.token
    if credentials.token:
        assert "x-amz-security-token" in signed
    # Whatever says what the body is or how it is to be read may not be exchanged on the way.
    for name, _ in record.headers:
        if name.lower().startswith("x-amz-") or name.lower() == "content-type":
            assert name.lower() in signed, f"{name} is not covered by the signature"

    hashed = hashlib.sha256(record.body).hexdigest()
    assert record.header("x-amz-content-sha256") in (None, hashed), "the payload hash is not that of the body"

    request = AWSRequest(
        method=record.method,
        url=f"http://{record.header('host')}{record.target}",
        headers={name: record.header(name) or "" for name in signed},
        data=record.body,
    )
    request.context["timestamp"] = record.header("x-amz-date")
    assert request.context["timestamp"].startswith(parts["date"])
    signer = SigV4Auth(credentials, service, region)
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    assert signature == parts["signature"], f"botocore signs this canonical request:\n{canonical}"

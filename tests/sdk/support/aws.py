"""boto3 clients for the emulator, and raw requests signed by botocore."""

import http.client
from typing import Any
from urllib.parse import quote, urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from . import identity

DEMO = (identity.ACCESS_KEY_ID, identity.SECRET_ACCESS_KEY, None)
SESSION = (identity.SESSION_ACCESS_KEY_ID, identity.SESSION_SECRET_ACCESS_KEY, identity.SESSION_TOKEN)
DENIED = (identity.DENIED_ACCESS_KEY_ID, identity.DENIED_SECRET_ACCESS_KEY, None)


def bedrock(endpoint: str, keys: tuple[str, str, str | None] = DEMO, region: str = identity.REGION, **config: Any):
    """A `bedrock-runtime` client that never repeats a call."""
    return client("bedrock-runtime", endpoint, keys, region, **config)


def client(
    service: str, endpoint: str, keys: tuple[str, str, str | None] = DEMO, region: str = identity.REGION, **config: Any
):
    """A client of any service that never repeats a call."""
    access_key, secret_key, token = keys
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


def signed(endpoint: str, operation: str, model: str, body: bytes, keys: tuple[str, str, str | None] = DEMO) -> AWSRequest:
    """A request for `converse` or `converse-stream`, signed but not sent."""
    request = AWSRequest(
        method="POST",
        url=f"{endpoint}/model/{quote(model, safe='')}/{operation}",
        headers={"content-type": "application/json"},
        data=body,
    )
    SigV4Auth(Credentials(*keys), "bedrock", identity.REGION).add_auth(request)
    return request


def send(request: AWSRequest, body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
    """Sends a signed request, with another body if one is given, and reads the whole answer."""
    return send_plain(request.method, request.url, dict(request.headers.items()), body or request.data)


def send_plain(
    method: str, target: str, headers: dict[str, str], body: bytes | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Sends a request as it is, and reads the whole answer."""
    url = urlsplit(target)
    connection = http.client.HTTPConnection(url.netloc, timeout=20)
    try:
        connection.request(method, url.path, body=body, headers=headers)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return response.status, headers, response.read()
    finally:
        connection.close()


def user(*blocks: str | dict) -> dict:
    return {"role": "user", "content": [{"text": block} if isinstance(block, str) else block for block in blocks]}


def text_of(answer: dict) -> str:
    """All text of a Converse answer."""
    return "".join(block.get("text", "") for block in answer["output"]["message"]["content"])


def stream_text(events: list[dict]) -> str:
    return "".join(event["contentBlockDelta"]["delta"].get("text", "") for event in events if "contentBlockDelta" in event)

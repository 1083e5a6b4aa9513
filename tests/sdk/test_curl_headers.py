"""curl: whose credentials a request is answered with, and what the other headers do."""

import json

import pytest

from support import identity
from support.conversations import ECHO, MODEL, PROMPT, user
from support.curl import curl
from support.identity import direct_headers

BODY = {"model": MODEL, "messages": [user(PROMPT)]}
BEARER = {"authorization": f"Bearer {identity.API_KEY}"}
DENIED = {
    "x-portkey-aws-access-key-id": identity.DENIED_ACCESS_KEY_ID,
    "x-portkey-aws-secret-access-key": identity.DENIED_SECRET_ACCESS_KEY,
}
CONFIG = {
    "provider": "bedrock",
    "aws_access_key_id": identity.ACCESS_KEY_ID,
    "aws_secret_access_key": identity.SECRET_ACCESS_KEY,
}
DENIED_CONFIG = {
    "provider": "bedrock",
    "aws_access_key_id": identity.DENIED_ACCESS_KEY_ID,
    "aws_secret_access_key": identity.DENIED_SECRET_ACCESS_KEY,
}


def config(value: dict | str) -> dict[str, str]:
    return {"x-portkey-config": value if isinstance(value, str) else json.dumps(value)}


@pytest.fixture
def call(gateway):
    def post(headers: dict[str, str], body=BODY, path: str = "/chat/completions"):
        return curl(gateway.gateway + path, headers=headers, body=body)

    return post


GOOD = {
    "direct details": direct_headers(),
    "direct details without provider": direct_headers(x_portkey_provider=None),
    "no region": direct_headers(x_portkey_aws_region=None),
    "session": {
        **direct_headers(),
        "x-portkey-aws-access-key-id": identity.SESSION_ACCESS_KEY_ID,
        "x-portkey-aws-secret-access-key": identity.SESSION_SECRET_ACCESS_KEY,
        "x-portkey-aws-session-token": identity.SESSION_TOKEN,
    },
    "bearer": BEARER,
    "bearer with provider": {**BEARER, "x-portkey-provider": "bedrock"},
    "x-api-key": {"x-api-key": identity.API_KEY},
    "auth type": {**BEARER, "x-portkey-aws-auth-type": "apiKey"},
    "config": config(CONFIG),
    "config with target": config({"strategy": {"mode": "single"}, "targets": [CONFIG]}),
    "config with api key": config({"provider": "bedrock", "api_key": identity.API_KEY}),
    # Precedence: the first of two is good, the second may use no model.
    "direct details before a bearer": {**direct_headers(), "authorization": "Bearer not-the-key"},
    "direct details before a config": {**direct_headers(), **config(DENIED_CONFIG)},
    "bearer before a config": {**BEARER, **config(DENIED_CONFIG)},
    "placeholder beside a config": {"authorization": "Bearer OPENAI_API_KEY", **config(CONFIG)},
    "x-api-key beside a placeholder": {"authorization": "Bearer DUMMY-KEY", "x-api-key": identity.API_KEY},
    "empty headers are no headers": {
        **BEARER,
        "x-portkey-aws-access-key-id": "",
        "x-portkey-aws-secret-access-key": "",
        "x-portkey-aws-session-token": "",
        "x-portkey-api-key": "",
    },
}


@pytest.mark.parametrize("headers", GOOD.values(), ids=GOOD)
def test_credentials_that_do(call, headers):
    answer = call(headers)
    assert answer.status == 200, answer.body
    assert answer.content == ECHO


@pytest.mark.parametrize(
    "headers",
    [{**DENIED, **BEARER}, {**DENIED, **config(CONFIG)}, config(DENIED_CONFIG)],
    ids=["headers before a bearer", "headers before a config", "config"],
)
def test_the_first_credentials_decide(call, headers):
    answer = call(headers)
    assert (answer.status, answer.error["code"]) == (403, "AccessDeniedException")
    assert answer.error["type"] == "permission_error"
    assert answer.headers["x-amzn-requestid"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-portkey-provider": "bedrock"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer OPENAI_API_KEY"},
        {"authorization": "Bearer DUMMY-KEY"},
        {"x-api-key": ""},
        {"x-portkey-api-key": identity.PORTKEY_API_KEY},
        {"x-portkey-aws-region": "us-east-1"},
        config({"provider": "bedrock"}),
    ],
    ids=str,
)
def test_nobody(call, headers):
    answer = call(headers)
    assert answer.status == 401, answer.body
    assert answer.error["type"] == "authentication_error"
    for header in ("x-portkey-aws-access-key-id", "x-portkey-aws-secret-access-key", "uthorization"):
        assert header in answer.error["message"]
    assert identity.PORTKEY_API_KEY not in answer.body


@pytest.mark.parametrize("missing", ["x-portkey-aws-access-key-id", "x-portkey-aws-secret-access-key"])
@pytest.mark.parametrize("extra", [{}, BEARER, config(CONFIG)], ids=["alone", "bearer", "config"])
def test_half_a_pair_is_never_completed_from_elsewhere(call, missing, extra):
    headers = {name: value for name, value in direct_headers().items() if name != missing}
    answer = call({**headers, **extra})
    assert answer.status == 400, answer.body
    assert answer.error["param"] == missing
    assert missing in answer.error["message"]


@pytest.mark.parametrize(
    ("missing", "half"),
    [("aws_secret_access_key", "aws_access_key_id"), ("aws_access_key_id", "aws_secret_access_key")],
)
def test_half_a_pair_in_a_config(call, missing, half):
    answer = call(config({"provider": "bedrock", half: CONFIG[half]}))
    assert answer.status == 400
    assert missing in answer.error["message"]


def test_a_wrong_secret(call):
    answer = call(direct_headers(x_portkey_aws_secret_access_key="wrong/secret"))
    assert answer.error["code"] == "InvalidSignatureException"
    assert answer.status in (401, 403)
    assert "wrong/secret" not in answer.body


def test_explicit_keys_without_their_token(call):
    headers = direct_headers(
        x_portkey_aws_access_key_id=identity.SESSION_ACCESS_KEY_ID,
        x_portkey_aws_secret_access_key=identity.SESSION_SECRET_ACCESS_KEY,
    )
    assert call(headers).error["code"] == "UnrecognizedClientException"


@pytest.mark.parametrize(
    "region",
    ["evil.example/", "us-east-1.evil.example", "us-east-1#", "us east 1", "../..", "localhost", "US-EAST-1", "a" * 300],
)
def test_a_region_that_is_none(call, region):
    answer = call(direct_headers(x_portkey_aws_region=region))
    assert answer.status == 400, answer.body
    assert answer.error["param"] == "x-portkey-aws-region"


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1", "eu-central-2", "ap-southeast-5", "mx-central-1"])
def test_regions_of_all_partitions(call, region):
    assert call(direct_headers(x_portkey_aws_region=region)).content == ECHO


@pytest.mark.parametrize(
    "value",
    [
        "{",
        "pc-saved-elsewhere",
        "[]",
        '"text"',
        json.dumps({"strategy": {"mode": "loadbalance"}, "targets": [CONFIG, CONFIG]}),
        json.dumps({"strategy": {"mode": "fallback"}, "targets": [CONFIG, CONFIG]}),
        json.dumps({"strategy": {"mode": "of-the-future"}, "targets": [CONFIG]}),
        json.dumps({**CONFIG, "aws_region": "evil.example/"}),
        json.dumps({**CONFIG, "aws_region": 5}),
        json.dumps({**CONFIG, "request_timeout": "soon"}),
        json.dumps({**CONFIG, "provider": "openai"}),
    ],
)
def test_configs_that_are_refused(call, value):
    answer = call(config(value))
    assert answer.status == 400, answer.body
    assert answer.error["type"] == "invalid_request_error"
    assert answer.error["param"].startswith("x-portkey-config")
    assert identity.SECRET_ACCESS_KEY not in answer.body


@pytest.mark.parametrize(
    "value",
    [
        {**CONFIG, "aws_region": [identity.SECRET_ACCESS_KEY]},
        {**CONFIG, "aws_access_key_id": {"secret": identity.SECRET_ACCESS_KEY}},
        {**CONFIG, "request_timeout": identity.SECRET_ACCESS_KEY},
        {**CONFIG, "aws_region": identity.SECRET_ACCESS_KEY},
        {**CONFIG, "strategy": {"mode": identity.SECRET_ACCESS_KEY}},
        {**CONFIG, "targets": identity.SECRET_ACCESS_KEY},
        identity.SECRET_ACCESS_KEY,
        f'{{"aws_secret_access_key": "{identity.SECRET_ACCESS_KEY}"',
    ],
)
def test_a_secret_at_the_wrong_place_of_a_config(call, value):
    """It is a mistake like any other; that it stays out of the logs shows at the end of the run."""
    answer = call(config(value))
    assert answer.status == 400
    assert answer.error["param"].startswith("x-portkey-config")


@pytest.mark.parametrize(("value", "strict"), [(False, False), (True, True)])
def test_a_config_says_how_strict_to_be(call, value, strict):
    answer = call(config({**CONFIG, "strict_open_ai_compliance": value})).json()
    assert ("provider" in answer) is not strict


def test_the_place_of_a_mistake_in_a_config_is_named(call):
    answer = call(config({"strategy": {"mode": "single"}, "targets": [{**CONFIG, "request_timeout": "soon"}]}))
    assert answer.status == 400
    assert "targets[0].request_timeout" in answer.error["param"] + answer.error["message"]


def test_a_request_timeout(call):
    for headers in (
        {**direct_headers(), "x-portkey-request-timeout": "300"},
        config({**CONFIG, "request_timeout": 300}),
    ):
        answer = call(headers, {**BODY, "model": "emulator.hang"})
        assert answer.status in (408, 504), answer.body
        assert answer.error["type"] == "timeout_error"


@pytest.mark.parametrize("provider", ["openai", "azure-openai"])
def test_another_provider(call, provider):
    answer = call(direct_headers(x_portkey_provider=provider))
    assert answer.status == 400
    assert "bedrock" in answer.error["message"]
    assert answer.error["param"] == "x-portkey-provider"


# The second is what the page's Python and cURL examples send, the third what its `strictOpenAICompliance` becomes.
SPELLINGS = [f"x-portkey-strict-{open_ai}-compliance" for open_ai in ("open-ai", "openai", "open-a-i")]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(("value", "strict"), [("false", False), ("true", True)])
def test_all_spellings_of_the_strict_header(call, spelling, value, strict):
    answer = call({**direct_headers(), spelling: value}).json()
    assert ("provider" in answer) is not strict
    assert ("content_blocks" in answer["choices"][0]["message"]) is not strict
    assert answer["choices"][0]["finish_reason"] == ("stop" if strict else "end_turn")


def test_the_headers_of_an_answer(call):
    answer = call({**direct_headers(), "x-portkey-trace-id": "trace-of-mine"})
    assert answer.headers["x-portkey-trace-id"] == "trace-of-mine"
    assert answer.headers["x-portkey-provider"] == "bedrock"
    assert answer.headers["x-portkey-retry-attempt-count"] == "0"
    assert answer.headers["x-portkey-cache-status"] == "DISABLED"
    assert answer.headers["x-portkey-last-used-option-index"] == "config"
    assert answer.headers["x-amzn-requestid"]
    assert answer.headers["content-type"].startswith("application/json")


def test_the_headers_of_a_stream_and_of_errors(call):
    stream = call(direct_headers(), {**BODY, "stream": True})
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.headers["x-amzn-requestid"]
    for answer in (
        stream,
        call(direct_headers(), {**BODY, "model": "emulator.error-validation"}),
        call({}),
        call(direct_headers(), "{"),
        call(direct_headers(), path="/nowhere"),
    ):
        assert answer.headers["x-portkey-trace-id"]
        assert answer.headers["x-portkey-provider"] == "bedrock"
        assert answer.headers["x-portkey-retry-attempt-count"] == "0"
        assert answer.headers["x-portkey-cache-status"] == "DISABLED"
        assert answer.headers["x-portkey-last-used-option-index"]


def test_a_trace_id_that_is_no_header_value_is_not_echoed_blindly(call):
    """A caller cannot write further headers into the answer."""
    answer = call({**direct_headers(), "x-portkey-trace-id": "a\tb" + "c" * 5000})
    assert answer.status in (200, 400, 431)
    assert answer.headers.keys() <= call(direct_headers()).headers.keys() | {"connection"}


def test_the_option_index_of_a_target(call):
    answer = call(config({"strategy": {"mode": "single"}, "targets": [CONFIG]}))
    assert answer.headers["x-portkey-last-used-option-index"] == "config.targets[0]"


@pytest.mark.parametrize(
    "host",
    [
        "http://127.0.0.1:1",
        "http://localhost:1",
        "http://2130706433:1",
        "http://0x7f.1",
        "http://[::1]:1",
        "http://[::ffff:127.0.0.1]",
        "http://169.254.169.254",
        "http://10.0.0.1",
        "http://metadata.google.internal",
        "https://evil.example",
        "https://bedrock-runtime.us-east-1.amazonaws.com.evil.example",
        "https://user@vpce-0123456789abcdef0-abcdefgh.bedrock-runtime.us-east-1.vpce.amazonaws.com.evil.example",
        "file:///etc/passwd",
        "not a url",
    ],
)
def test_custom_hosts_that_are_refused(call, host):
    for headers in ({**direct_headers(), "x-portkey-custom-host": host}, config({**CONFIG, "custom_host": host})):
        answer = call(headers)
        assert answer.status == 400, answer.body
        assert "custom" in answer.error["param"]

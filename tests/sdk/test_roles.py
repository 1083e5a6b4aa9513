"""Roles: as whom a request comes to Bedrock, what STS was asked, and what callers are told when it refuses."""

import concurrent.futures
import time

import pytest

from support import identity
from support.conversations import ECHO, MODEL, PROMPT, user
from support.identity import direct_headers
from support.vault import ACCOUNT, PAIR, role, session

BODY = {"model": MODEL, "messages": [user(PROMPT)]}
# The caller's own keys, which may take on any role of the emulator.
OWN = direct_headers()


def chat(keeper, key: str | None = "caller", **headers: str):
    return keeper.chat(keeper.caller if key == "caller" else key, BODY, **headers)


def own(**headers: str) -> dict[str, str]:
    return {**OWN, **headers}


def calls(relay, mark: int):
    return relay.since(mark, "AssumeRole")


def caller_of(relay, mark: int) -> str | None:
    return relay.who(relay.since(mark, "Converse")[-1])


def test_a_role_with_the_callers_own_keys(keeper, relay):
    mark = relay.mark()
    headers = own(x_portkey_aws_role_arn=role("emulator-external-id-of-mine"), x_portkey_aws_external_id="of-mine")
    answer = chat(keeper, **headers)
    assert answer.content == ECHO
    (asked,) = calls(relay, mark)
    assert asked.access_key_id == identity.ACCESS_KEY_ID
    assert asked.form["ExternalId"] == "of-mine"
    assert asked.form["RoleSessionName"] == "bedrock-gateway-caller"
    assert caller_of(relay, mark) == session("emulator-external-id-of-mine", "caller")


def test_a_chain_with_the_callers_own_keys(keeper, relay):
    """The second role is taken on as the first, and tags are for the last."""
    mark = relay.mark()
    headers = own(
        x_portkey_aws_role_arn=role("emulator-only-from-first"),
        x_portkey_aws_source_role_arn=role("first"),
        x_portkey_metadata='{"team":"green"}',
    )
    assert chat(keeper, **headers).content == ECHO
    first, second = calls(relay, mark)
    assert relay.who(first) == identity.ACCESS_KEY_ID
    assert relay.who(second) == session("first", "caller")
    assert "Tags.member.1.Key" not in first.form
    assert second.form["Tags.member.1.Value"] == "green"
    assert caller_of(relay, mark) == session("emulator-only-from-first", "caller")


def test_a_role_in_a_config(keeper, relay):
    mark = relay.mark()
    config = (
        f'{{"provider":"bedrock","aws_access_key_id":"{identity.ACCESS_KEY_ID}",'
        f'"aws_secret_access_key":"{identity.SECRET_ACCESS_KEY}","aws_role_arn":"{role("in-a-config")}"}}'
    )
    assert chat(keeper, x_portkey_config=config).content == ECHO
    assert caller_of(relay, mark) == session("in-a-config", "caller")


def test_strangers_are_sessions_without_a_name(gateway_for_strangers, relay):
    mark = relay.mark()
    answer = gateway_for_strangers.chat(None, BODY, **own(x_portkey_aws_role_arn=role("of-a-stranger")))
    assert answer.content == ECHO
    assert caller_of(relay, mark) == session("of-a-stranger")


@pytest.fixture(scope="module")
def gateway_for_strangers(keep):
    """It serves whoever brings credentials, and lends nobody its own."""
    return keep(
        "serve-strangers",
        BEDROCK_GATEWAY_AUTH_ANONYMOUS="allow",
        BEDROCK_GATEWAY_AWS_ASSUMABLE_ROLES=role("lent-*"),
    )


def test_the_gateway_assumes_what_its_operator_lends(keeper, relay):
    """`lent-*` is on the list of `aws.assumable_roles`, `other` is not."""
    mark = relay.mark()
    assert chat(keeper, x_portkey_aws_role_arn=role("lent-a")).content == ECHO
    assert caller_of(relay, mark) == session("lent-a", "caller")
    config = f'{{"provider":"bedrock","aws_role_arn":"{role("lent-b")}"}}'
    assert chat(keeper, x_portkey_config=config).content == ECHO
    assert caller_of(relay, mark) == session("lent-b", "caller")

    mark = relay.mark()
    for headers in (
        {"x_portkey_aws_role_arn": role("other")},
        {"x_portkey_aws_role_arn": f"arn:aws:iam::{ACCOUNT[::-1]}:role/lent-a"},
        {"x_portkey_aws_role_arn": role("lent-a"), "x_portkey_aws_source_role_arn": role("other")},
        {"x_portkey_config": config.replace("lent-b", "other")},
    ):
        answer = chat(keeper, **headers)
        assert (answer.status, answer.json()["error"]["code"]) == (403, "role_not_allowed"), answer.body
        assert "aws.assumable_roles" in answer.json()["error"]["message"]
    assert relay.since(mark) == []


def test_the_gateway_assumes_nothing_for_strangers(gateway_for_strangers, relay):
    """The list is for callers who are known."""
    mark = relay.mark()
    answer = gateway_for_strangers.chat(None, BODY, x_portkey_aws_role_arn=role("lent-a"))
    assert (answer.status, answer.json()["error"]["code"]) == (403, "role_not_allowed")
    assert relay.since(mark) == []
    answer = gateway_for_strangers.chat(gateway_for_strangers.caller, BODY, x_portkey_aws_role_arn=role("lent-a"))
    assert answer.content == ECHO


def test_the_source_role_of_the_gateway(keep, relay):
    keeper = keep(
        "serve-source-role",
        BEDROCK_GATEWAY_AWS_ASSUMABLE_ROLES=role("*"),
        BEDROCK_GATEWAY_AWS_ASSUME_ROLE_SOURCE_ARN=role("emulator-external-id-of-the-hub"),
        BEDROCK_GATEWAY_AWS_ASSUME_ROLE_SOURCE_EXTERNAL_ID="of-the-hub",
    )
    mark = relay.mark()
    assert chat(keeper, x_portkey_aws_role_arn=role("emulator-only-from-emulator-external-id-of-the-hub")).content == ECHO
    assert [relay.who(asked) for asked in calls(relay, mark)] == [
        identity.ACCESS_KEY_ID,
        session("emulator-external-id-of-the-hub", "caller"),
    ]
    # With keys of their own callers go their own way.
    mark = relay.mark()
    assert chat(keeper, **own(x_portkey_aws_role_arn=role("direct"))).content == ECHO
    assert [relay.who(asked) for asked in calls(relay, mark)] == [identity.ACCESS_KEY_ID]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_hundred_requests_make_one_session(keeper, relay, stream):
    """STS takes its time, so that all of them wait for the same answer."""
    slug = f"crowded-{stream}".lower()
    keeper.make_virtual_key(slug, aws_role_arn=role(f"emulator-slow-{300 + stream}"), **PAIR)
    mark = relay.mark()
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        body = {**BODY, "stream": stream}
        answers = list(pool.map(lambda _: keeper.chat(keeper.caller, body, x_portkey_virtual_key=slug), range(100)))
    assert {answer.status for answer in answers} == {200}
    assert len(relay.since(mark, "Converse", "ConverseStream")) == 100
    assert len(calls(relay, mark)) == 1


def test_callers_have_sessions_of_their_own(keeper, relay):
    """CloudTrail tells them apart; nobody uses another's."""
    _, other = keeper.make_api_key("Käthe & Co", "inference")
    mark = relay.mark()
    for key in (keeper.caller, other, keeper.caller, other):
        assert keeper.chat(key, BODY, x_portkey_aws_role_arn=role("lent-apart")).content == ECHO
    names = [asked.form["RoleSessionName"] for asked in calls(relay, mark)]
    assert names == ["bedrock-gateway-caller", "bedrock-gateway-K-the---Co"]
    arns = [relay.who(exchange) for exchange in relay.since(mark, "Converse")]
    assert arns == [f"arn:aws:sts::{ACCOUNT}:assumed-role/lent-apart/{name}" for name in names] * 2


def test_nobody_uses_a_session_that_is_not_theirs(keeper, relay):
    """A session is found again by all that it was made of: keys, external id and tags among them."""
    external = {"x_portkey_aws_role_arn": role("emulator-external-id-found"), "x_portkey_aws_external_id": "found"}
    assert chat(keeper, **own(**external)).content == ECHO
    for wrong in (
        {"x-portkey-aws-secret-access-key": "wrong/secret/access/key/EXAMPLE/00000001"},
        {"x_portkey_aws_external_id": "lost"},
        {"x_portkey_aws_external_id": ""},
    ):
        answer = chat(keeper, **own(**{**external, **wrong}))
        assert answer.status == 403, answer.body
    mark = relay.mark()
    assert chat(keeper, **own(**external)).content == ECHO
    assert calls(relay, mark) == [], "the right one is still there"

    mark = relay.mark()
    for team in ("red", "blue", "red", "blue"):
        headers = {"x_portkey_aws_role_arn": role("lent-tags"), "x_portkey_metadata": f'{{"team":"{team}"}}'}
        assert chat(keeper, **headers).content == ECHO
    assert [asked.form["Tags.member.1.Value"] for asked in calls(relay, mark)] == ["red", "blue"]
    red, blue, *again = [exchange.access_key_id for exchange in relay.since(mark, "Converse")]
    assert red != blue and again == [red, blue]


def test_sessions_are_renewed(keeper, relay):
    """Credentials of two seconds are replaced before they end: no request meets them expired."""
    keeper.make_virtual_key("passing", aws_role_arn=role("emulator-expires-2"), **PAIR)
    mark = relay.mark()
    until = time.monotonic() + 20
    while len(calls(relay, mark)) < 3 and time.monotonic() < until:
        assert keeper.chat(keeper.caller, BODY, x_portkey_virtual_key="passing").content == ECHO
    assert len(calls(relay, mark)) == 3


def test_a_throttled_sts_is_asked_again(keeper):
    assert chat(keeper, **own(x_portkey_aws_role_arn=role("emulator-throttle-1"))).content == ECHO


REFUSALS = {
    "denied": ({"x_portkey_aws_role_arn": role("emulator-denied")}, 403, "AccessDenied", "(1 of 1)"),
    "no external id": ({"x_portkey_aws_role_arn": role("emulator-external-id-x")}, 403, "AccessDenied", "(1 of 1)"),
    "wrong external id": (
        {"x_portkey_aws_role_arn": role("emulator-external-id-x"), "x_portkey_aws_external_id": "wrong-id"},
        403, "AccessDenied", "(1 of 1)",
    ),
    "first hop": (
        {"x_portkey_aws_role_arn": role("second"), "x_portkey_aws_source_role_arn": role("emulator-denied")},
        403, "AccessDenied", "(1 of 2)",
    ),
    "second hop": (
        {"x_portkey_aws_role_arn": role("emulator-denied"), "x_portkey_aws_source_role_arn": role("first")},
        403, "AccessDenied", "(2 of 2)",
    ),
    "no tags": (
        {"x_portkey_aws_role_arn": role("emulator-no-tags"), "x_portkey_metadata": '{"team":"blue"}'},
        403, "AccessDenied", "sts:TagSession",
    ),
    "unavailable": ({"x_portkey_aws_role_arn": role("emulator-unavailable")}, 502, "ServiceUnavailable", "(1 of 1)"),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "status", "code", "words"), REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_what_callers_are_told_of_their_own_roles(keeper, relay, headers, status, code, words, stream):
    mark = relay.mark()
    answer = keeper.chat(keeper.caller, {**BODY, "stream": stream}, **own(**headers))
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (status, code), answer.body
    assert words in error["message"] and "arn:aws:iam::" in error["message"]
    assert relay.since(mark, "Converse", "ConverseStream") == []
    assert "wrong-id" not in answer.body


def test_a_role_without_bedrock(keeper):
    """STS gives it, and Bedrock refuses it in its own words."""
    answer = chat(keeper, **own(x_portkey_aws_role_arn=role("emulator-no-bedrock")))
    assert (answer.status, answer.json()["error"]["code"]) == (403, "AccessDeniedException")
    assert session("emulator-no-bedrock", "caller") in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("members", "hop"),
    [
        ({"aws_role_arn": role("emulator-denied")}, "role 1 of 1"),
        ({"aws_role_arn": role("emulator-denied"), "aws_source_role_arn": role("hub")}, "role 2 of 2"),
    ],
)
def test_what_callers_are_told_of_roles_that_are_not_theirs(keeper, members, hop):
    """Which account and role a virtual key stands for is its owner's business; the log says it to the operator."""
    keeper.make_virtual_key("refused", **members)
    try:
        answer = keeper.chat(keeper.caller, BODY, x_portkey_virtual_key="refused")
    finally:
        keeper.admin_call("/virtual-keys/refused", method="DELETE")
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (403, "AccessDenied")
    assert hop in error["message"]
    for inner in (ACCOUNT, "emulator-denied", "arn:"):
        assert inner not in answer.body
    assert role("emulator-denied") in keeper.program.printed()


@pytest.mark.parametrize(
    ("headers", "param"),
    [
        ({"x_portkey_aws_role_arn": "reader"}, "x-portkey-aws-role-arn"),
        ({"x_portkey_aws_role_arn": f"arn:aws:iam::{ACCOUNT}:user/reader"}, "x-portkey-aws-role-arn"),
        ({"x_portkey_aws_external_id": "alone"}, "x-portkey-aws-role-arn"),
        ({"x_portkey_aws_source_role_arn": role("alone")}, "x-portkey-aws-role-arn"),
        ({"x_portkey_aws_role_arn": role("r"), "x_portkey_aws_external_id": "a b"}, "x-portkey-aws-external-id"),
        ({"x_portkey_aws_auth_type": "assumedRole"}, "x-portkey-aws-role-arn"),
        ({"x_portkey_aws_auth_type": "somehow"}, "x-portkey-aws-auth-type"),
    ],
)
def test_mistakes(keeper, relay, headers, param):
    mark = relay.mark()
    answer = chat(keeper, **own(**headers))
    assert (answer.status, answer.json()["error"]["param"]) == (400, param), answer.body
    assert relay.since(mark) == []


def test_a_remembered_failure_is_told_of_the_chain_at_hand(keeper):
    """Chains that begin alike share what is known of their first role, and only that."""
    first = role("emulator-only-from-nobody")
    for headers, hop in (
        ({"x_portkey_aws_role_arn": first}, "(1 of 1)"),
        ({"x_portkey_aws_role_arn": role("second"), "x_portkey_aws_source_role_arn": first}, "(1 of 2)"),
    ):
        answer = chat(keeper, **own(**headers))
        assert (answer.status, answer.json()["error"]["code"]) == (403, "AccessDenied")
        assert f"{first} {hop}" in answer.json()["error"]["message"]

"""Callers who say by a JWT who they are: tokens by PyJWT, with the keys from a URL and from a file."""

import json
import time

import jwt
import pytest
from openai import AuthenticationError, OpenAI, PermissionDeniedError
from portkey_ai import Portkey

from support.conversations import ECHO, MODEL, PROMPT, user
from support.files import FileHost
from support.issuer import AUDIENCE, ISSUER, Issuer
from support.vault import ACCOUNT, PAIR, role, session

BODY = {"model": MODEL, "messages": [user(PROMPT)]}


@pytest.fixture(scope="module")
def issuer():
    return Issuer()


@pytest.fixture(scope="module")
def host():
    """Where the issuer publishes its keys; it counts who asks."""
    host = FileHost()
    yield host
    host.close()


@pytest.fixture(scope="module")
def by_source(keep, issuer, host, tmp_path_factory):
    """Gateways that know the issuer: by URL, with a vault, and by file, with another one."""
    file = tmp_path_factory.mktemp("jwks") / "jwks.json"
    file.write_bytes(issuer.jwks())
    sources = {"url": host.put("/jwks.json", issuer.jwks(), "application/json"), "file": str(file)}
    keepers = {}
    for name, jwks in sources.items():
        keepers[name] = keep(
            f"serve-jwt-{name}",
            BEDROCK_GATEWAY_AUTH_JWT_JWKS=jwks,
            BEDROCK_GATEWAY_AUTH_JWT_ISSUER=ISSUER,
            BEDROCK_GATEWAY_AUTH_JWT_AUDIENCE=f"another,{AUDIENCE}",
            BEDROCK_GATEWAY_AWS_ASSUMABLE_ROLES=role("lent-*"),
            BEDROCK_GATEWAY_AWS_SESSION_TAG_KEYS="team",
        )
        for slug in ("VIRTUAL_KEY", "other"):
            keepers[name].make_virtual_key(slug, **PAIR)
    return keepers


@pytest.fixture(params=["url", "file"])
def known(request, by_source):
    return by_source[request.param]


@pytest.fixture
def keeper(by_source):
    return by_source["file"]


def answer_to(keeper, token: str, slug: str = "VIRTUAL_KEY", **headers: str):
    return keeper.chat(token, BODY, x_portkey_virtual_key=slug, **headers)


@pytest.mark.parametrize("kid", ["rsa", "ec"])
def test_both_kinds_of_signatures(known, issuer, kid):
    assert answer_to(known, issuer.token(kid)).content == ECHO
    openai = OpenAI(api_key=issuer.token(kid), base_url=known.gateway, max_retries=0)
    answer = openai.chat.completions.create(**{**BODY, "model": f"@VIRTUAL_KEY/{MODEL}"})
    assert answer.choices[0].message.content == ECHO
    portkey = Portkey(api_key=issuer.token(kid), base_url=known.gateway, virtual_key="VIRTUAL_KEY")
    assert portkey.chat.completions.create(**BODY).choices[0].message.content == ECHO


def forged(issuer: Issuer) -> str:
    """A token whose claims were changed after it was signed."""
    head, claims, signature = issuer.token().split(".")
    changed = jwt.utils.base64url_encode(json.dumps(issuer.claims(sub="admin", scope="admin.write")).encode()).decode()
    assert changed != claims
    return f"{head}.{changed}.{signature}"


def by_own_key(issuer: Issuer) -> str:
    """A token of somebody else, who brings the key along."""
    other = Issuer()
    brought = json.loads(other.jwks("rsa"))["keys"][0]
    return jwt.encode(issuer.claims(), other.keys["rsa"], algorithm="RS256", headers={"kid": "rsa", "jwk": brought})


BAD = {
    "another issuer": lambda issuer: issuer.token(iss="https://evil.example.com/"),
    "no issuer": lambda issuer: issuer.token(iss=None),
    "another audience": lambda issuer: issuer.token(aud="billing"),
    "other audiences": lambda issuer: issuer.token(aud=["billing", "mail"]),
    "no audience": lambda issuer: issuer.token(aud=None),
    "expired": lambda issuer: issuer.token(exp=int(time.time()) - 3600),
    "without an end": lambda issuer: issuer.token(exp=None),
    "not yet valid": lambda issuer: issuer.token(nbf=int(time.time()) + 3600),
    "nameless": lambda issuer: issuer.token(sub=None),
    "none": lambda issuer: issuer.unsigned(),
    "HS256 with the public key": lambda issuer: issuer.by_public_key(),
    "HS256": lambda issuer: jwt.encode(issuer.claims(), "k" * 32, algorithm="HS256", headers={"kid": "rsa"}),
    "changed": forged,
    "by a key of its own": by_own_key,
    "by an unknown key": lambda issuer: jwt.encode(
        issuer.claims(), Issuer().keys["ec"], algorithm="ES256", headers={"kid": "unknown"}
    ),
    "the wrong kind for its key": lambda issuer: jwt.encode(
        issuer.claims(), issuer.keys["ec"], algorithm="ES256", headers={"kid": "rsa"}
    ),
    "cut off": lambda issuer: issuer.token().rpartition(".")[0] + ".",
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_bad_tokens(known, issuer, relay, make):
    """The caller is nobody, not even one of those whom nobody knows."""
    mark = relay.mark()
    token = make(issuer)
    answer = answer_to(known, token)
    assert (answer.status, answer.json()["error"]["code"]) == (401, "invalid_jwt"), answer.body
    assert token.split(".")[1] not in answer.body
    with pytest.raises(AuthenticationError):
        OpenAI(api_key=token, base_url=known.gateway, max_retries=0).chat.completions.create(**BODY)
    assert known.admin_call("/virtual-keys", key=token).status == 401
    assert relay.since(mark) == []


def test_strangers_are_closed_out(keeper):
    """Where there are JWTs, everybody has to be known, also with credentials of their own."""
    for key in (None, "", "some-key-of-portkey"):
        answer = keeper.chat(key, BODY, **{f"x-portkey-{name}": value for name, value in PAIR.items()})
        assert answer.status == 401, answer.body


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("inference", {"chat"}),
        ("openid inference profile", {"chat"}),
        (["admin.read"], {"list"}),
        (["inference", "admin.write"], {"chat", "list", "make"}),
        ("virtual_keys.list", {"list"}),
        ("openid", set()),
        ([], set()),
        (None, set()),
    ],
)
def test_scopes(keeper, issuer, scope, allowed):
    token = issuer.token(scope=scope)
    answers = {
        "chat": answer_to(keeper, token),
        "list": keeper.admin_call("/virtual-keys", key=token),
        "make": keeper.admin_call("/virtual-keys", {"name": "by jwt", "provider": "bedrock", **PAIR}, key=token),
    }
    assert {name for name, answer in answers.items() if answer.status == 200} == allowed
    refused = [answer for name, answer in answers.items() if name not in allowed]
    assert all(answer.status == 403 and "insufficient_scope" in answer.body for answer in refused)


def test_the_client_types_a_refusal(keeper, issuer):
    client = OpenAI(api_key=issuer.token(scope="openid"), base_url=keeper.gateway, max_retries=0)
    with pytest.raises(PermissionDeniedError):
        client.chat.completions.create(**BODY)


@pytest.mark.parametrize("claim", [["VIRTUAL_KEY"], "VIRTUAL_KEY", "x, VIRTUAL_KEY"], ids=["array", "text", "list"])
def test_virtual_keys(keeper, issuer, claim):
    token = issuer.token(virtual_keys=claim, scope="inference admin.read")
    assert answer_to(keeper, token).content == ECHO
    answer = answer_to(keeper, token, "other")
    assert (answer.status, answer.json()["error"]["code"]) == (403, "virtual_key_not_allowed")
    assert [item["slug"] for item in keeper.admin_call("/virtual-keys", key=token).json()["data"]] == ["VIRTUAL_KEY"]
    assert answer_to(keeper, issuer.token(virtual_keys=[])).status == 403


def with_null(issuer, *names: str, **claims) -> str:
    """A token with claims that are null, which `Issuer.token` leaves out."""
    claims = {**issuer.claims(**claims), **dict.fromkeys(names)}
    return jwt.encode(claims, issuer.keys["rsa"], algorithm="RS256", headers={"kid": "rsa"})


def test_null_is_not_all(keeper, issuer):
    """Absent claims have defaults; claims that are null grant nothing."""
    answer = answer_to(keeper, with_null(issuer, "virtual_keys"))
    assert (answer.status, answer.json()["error"]["code"]) == (403, "virtual_key_not_allowed"), answer.body
    assert answer_to(keeper, issuer.token()).content == ECHO
    admin = with_null(issuer, "virtual_keys", scope="admin.read")
    assert keeper.admin_call("/virtual-keys", key=admin).json()["total"] == 0
    answer = answer_to(keeper, with_null(issuer, "scope"))
    assert (answer.status, answer.json()["error"]["code"]) == (403, "insufficient_scope"), answer.body


def test_a_bounded_token_makes_no_key_with_fewer_bounds(keeper, issuer):
    """The end of a token is no bound: its issuer renews it."""
    token = issuer.token(scope="admin.write", virtual_keys=["VIRTUAL_KEY"], metadata={"team": "blue"})
    path, body = "/api-keys/workspace/service", {"name": "n", "scopes": ["inference"]}
    within = {"virtual_keys": ["VIRTUAL_KEY"], "defaults": {"metadata": {"team": "blue"}}}
    for missing, param in (("virtual_keys", "virtual_keys"), ("defaults", "defaults.metadata.team")):
        members = {name: value for name, value in within.items() if name != missing}
        answer = keeper.admin_call(path, {**body, **members}, key=token)
        assert (answer.status, answer.json()["error"]["param"]) == (403, param), answer.body
    made = keeper.admin_call(path, {**body, **within}, key=token)
    assert made.status == 200, made.body
    listed = keeper.admin_call("/api-keys?page_size=1000", key=token).json()
    assert [item["id"] for item in listed["data"]] == [made.json()["id"]]


def test_a_token_names_its_session_and_its_tags(keeper, issuer, relay):
    """The e-mail address comes before the subject; what the token says stands above what the request says."""
    mark = relay.mark()
    token = issuer.token(email="jo@example.com", metadata={"team": "blue"})
    headers = {"x_portkey_aws_role_arn": role("lent-jwt"), "x_portkey_metadata": '{"team":"red"}'}
    assert keeper.chat(token, BODY, **headers).content == ECHO
    (asked,) = relay.since(mark, "AssumeRole")
    assert asked.form["Tags.member.1.Value"] == "blue"
    assert relay.who(relay.since(mark, "Converse")[0]) == session("lent-jwt", "jo@example.com")
    assert ACCOUNT in session("lent-jwt")
    rows = keeper.admin_call("/audit-logs?page_size=5", key=issuer.token(scope="admin.read")).json()
    assert rows["total"] > 0


def test_invented_names_of_keys_cost_the_issuer_nothing(by_source, issuer, host):
    """Each could be a new key of the issuer's; the set is not read again for each."""
    other = Issuer()
    assert answer_to(by_source["url"], issuer.token()).content == ECHO
    read = len(host.seen)
    for number in range(20):
        token = jwt.encode(issuer.claims(), other.keys["ec"], algorithm="ES256", headers={"kid": f"invented-{number}"})
        assert answer_to(by_source["url"], token).status == 401
    assert len(host.seen) - read <= 1


def test_keys_that_cannot_be_had(keep, issuer, host):
    """Nobody is let in because nobody could look; gateway keys need no issuer; and an issuer may come back."""
    keeper = keep(
        "serve-jwt-alone",
        BEDROCK_GATEWAY_AUTH_JWT_JWKS=f"{host.url}/later.json",
        BEDROCK_GATEWAY_AUTH_JWT_ISSUER=ISSUER,
        BEDROCK_GATEWAY_AUTH_JWT_AUDIENCE=AUDIENCE,
    )
    keeper.make_virtual_key("VIRTUAL_KEY", **PAIR)
    answer = answer_to(keeper, issuer.token())
    assert (answer.status, answer.json()["error"]["code"]) == (503, "jwt_keys_unavailable")
    assert "127.0.0.1" not in answer.body
    assert answer_to(keeper, keeper.caller).content == ECHO

    host.put("/later.json", issuer.jwks(), "application/json")
    until = time.monotonic() + 20
    while (answer := answer_to(keeper, issuer.token())).status != 200 and time.monotonic() < until:
        assert answer.status == 503, answer.body
        time.sleep(0.1)
    assert answer.content == ECHO

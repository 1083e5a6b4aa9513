"""`portkey.api_keys` by the Python client, sync and async: gateway keys, and what requests with them get."""

import pytest

from support.conversations import MODEL, PROMPT, user
from support.portkey_admin import ADMINS
from support.vault import session
from test_admin_virtual_keys import error_of

BODY = {"model": MODEL, "messages": [user(PROMPT)]}
KIND = {"type": "workspace", "sub_type": "service"}
ITEM = {
    "id", "key", "name", "description", "type", "workspace_id", "user_id", "status", "scopes", "virtual_keys", "defaults",
    "expires_at", "created_at", "last_updated_at", "usage_limits", "rate_limits", "object",
}  # fmt: skip


@pytest.fixture(params=ADMINS)
def keys(request, keeper):
    """Calls of `api_keys` by the admin; what they made is revoked at the end."""
    made = []
    client = ADMINS[request.param](api_key=keeper.admin, base_url=keeper.gateway)

    def call(method: str, **members):
        answer = client.call("api_keys", method, **members)
        if method == "create":
            made.append(answer.id)
        return answer

    yield call
    for name in made:
        keeper.admin_call(f"/api-keys/{name}", method="DELETE")


def test_a_gateway_key_from_its_beginning_to_its_end(keys, keeper):
    made = keys("create", **KIND, name="nightly", description="d", scopes=["inference"], user_id="u1")
    assert made.key.startswith("bgw-") and made.object == "api-key"
    told = keys("retrieve", id=made.id)
    assert ITEM <= set(told.model_dump())
    assert (told.id, told.name, told.description, told.user_id) == (made.id, "nightly", "d", "u1")
    assert (told.type, told.status, told.object) == ("workspace-service", "active", "api-key")
    assert (told.scopes, told.virtual_keys) == (["inference"], None)
    assert made.key not in told.model_dump_json(), "a key is told once"
    assert made.key.endswith(told.key[-4:])
    assert keeper.chat(made.key, BODY, x_portkey_virtual_key="VIRTUAL_KEY").status == 200

    keys("update", id=made.id, name="daily", scopes=["admin.read"])
    told = keys("retrieve", id=made.id)
    assert (told.name, told.description, told.scopes) == ("daily", "d", ["admin.read"])
    assert keeper.chat(made.key, BODY, x_portkey_virtual_key="VIRTUAL_KEY").status == 403, "holds at once"

    keys("delete", id=made.id)
    answer = keeper.chat(made.key, BODY, x_portkey_virtual_key="VIRTUAL_KEY")
    assert (answer.status, answer.json()["error"]["code"]) == (401, "revoked_api_key")
    for method in ("retrieve", "delete", "update"):
        kind, status, answer = error_of(keys, method, id=made.id)
        assert (kind, status, answer["error"]["code"]) == ("NotFoundError", 404, "api_key_not_found")


@pytest.mark.parametrize(("type", "sub_type"), [("organisation", "service"), ("workspace", "user")])
def test_kinds(keys, type, sub_type):
    made = keys("create", type=type, sub_type=sub_type, name="kind", scopes=["virtual_keys.list", "completions.write"])
    assert keys("retrieve", id=made.id).type == f"{type}-{sub_type}"


def test_pages(keys):
    made = [keys("create", **KIND, name="paged", scopes=["inference"]).id for _ in range(3)]
    total = keys("list").total
    listed = []
    for page in range(-(-total // 2)):
        answer = keys("list", page_size=2, current_page=page)
        assert (answer.object, answer.total) == ("list", total)
        assert len(answer.data) <= 2 and set(answer.data[0]) == ITEM
        listed += [item["id"] for item in answer.data]
    assert len(set(listed)) == total
    assert set(made) <= set(listed)
    assert error_of(keys, "list", page_size=0)[:2] == ("BadRequestError", 400)


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({**KIND, "scopes": ["everything"]}, "scopes[0]"),
        ({**KIND, "scopes": []}, "scopes"),
        (KIND, "scopes"),
        ({"type": "moon", "sub_type": "service", "scopes": ["inference"]}, "type"),
        ({"type": "workspace", "sub_type": "moon", "scopes": ["inference"]}, "sub-type"),
        ({**KIND, "scopes": ["inference"], "expires_at": "2001-01-01"}, "expires_at"),
        ({**KIND, "scopes": ["inference"], "rate_limits": [{"type": "requests"}]}, "rate_limits"),
        ({**KIND, "scopes": ["inference"], "defaults": {"config_id": {"override_params": 1}}}, "defaults.config_id"),
        ({**KIND, "scopes": ["inference"], "defaults": {"metadata": {"a": [1]}}}, "defaults.metadata.a"),
    ],
)
def test_mistakes_name_their_member(keys, members, param):
    before = keys("list").total
    kind, status, answer = error_of(keys, "create", name="mistaken", **members)
    assert (kind, status, answer["error"]["param"]) == ("BadRequestError", 400, param)
    assert keys("list").total == before


def test_virtual_keys_of_a_key(keys, keeper):
    made = keys("create", **KIND, name="narrow", scopes=["inference"], virtual_keys=["chained"])
    assert keys("retrieve", id=made.id).virtual_keys == ["chained"]
    assert keeper.chat(made.key, BODY, x_portkey_virtual_key="chained").status == 200
    # Whether there is one of that name is not told.
    for slug in ("VIRTUAL_KEY", "no-such-key"):
        answer = keeper.chat(made.key, BODY, x_portkey_virtual_key=slug)
        assert (answer.status, answer.json()["error"]["code"]) == (403, "virtual_key_not_allowed")
        answer = keeper.chat(made.key, {**BODY, "model": f"@{slug}/{MODEL}"})
        assert (answer.status, answer.json()["error"]["code"]) == (403, "virtual_key_not_allowed")
    keys("update", id=made.id, virtual_keys=[])
    assert keeper.chat(made.key, BODY, x_portkey_virtual_key="chained").status == 403
    keys("update", id=made.id, virtual_keys=None)
    assert keeper.chat(made.key, BODY, x_portkey_virtual_key="VIRTUAL_KEY").status == 200


def test_metadata_of_a_key_stand_above_those_of_requests(keys, keeper, relay):
    """They become the tags of sessions, as the gateway's setting says for `team`."""
    made = keys("create", **KIND, name="tagged", scopes=["inference"], defaults={"metadata": {"team": "blue"}})
    for own in ("{}", '{"team":"red","other":"x"}'):
        mark = relay.mark()
        # A role that nobody has had yet, so that STS is asked.
        headers = {"x_portkey_metadata": own, "x_portkey_aws_role_arn": f"arn:aws:iam::111122223333:role/lent-{made.id}{len(own)}"}
        assert keeper.chat(made.key, BODY, **headers).status == 200
        (asked,) = relay.since(mark, "AssumeRole")
        assert (asked.form["Tags.member.1.Key"], asked.form["Tags.member.1.Value"]) == ("team", "blue")
        assert "Tags.member.2.Key" not in asked.form
        assert asked.form["RoleSessionName"] == "bedrock-gateway-tagged"


@pytest.mark.parametrize("as_text", [False, True], ids=["object", "JSON"])
def test_the_config_of_a_key(keys, keeper, relay, as_text):
    config = '{"virtual_key": "role-by-pair"}' if as_text else {"virtual_key": "role-by-pair"}
    made = keys("create", **KIND, name="configured", scopes=["inference"], defaults={"config_id": config})
    told = keys("retrieve", id=made.id).defaults
    assert told["has_config"] is True and told["allow_config_override"] is True
    mark = relay.mark()
    assert keeper.chat(made.key, BODY).status == 200
    assert relay.who(relay.since(mark, "Converse")[0]) == session("by-pair", "configured")
    mark = relay.mark()
    assert keeper.chat(made.key, BODY, x_portkey_config='{"virtual_key":"bedrock-api-key"}').status == 200
    assert relay.since(mark, "Converse")[0].bearer

    keys("update", id=made.id, defaults={"allow_config_override": False})
    assert keeper.chat(made.key, BODY).status == 200, "what else the defaults say stays"
    answer = keeper.chat(made.key, BODY, x_portkey_config='{"virtual_key":"bedrock-api-key"}')
    assert (answer.status, answer.json()["error"]["param"]) == (400, "x-portkey-config")
    keys("update", id=made.id, defaults=None)
    assert keeper.chat(made.key, BODY).status == 401, "no credentials are left"

"""`portkey.virtual_keys` by the Python client, sync and async: shapes, what is never told, pages, mistakes."""

from datetime import UTC, datetime, timedelta

import pytest

from support import identity
from support.conversations import MODEL, PROMPT, user
from support.portkey_admin import ADMINS
from support.vault import PAIR, role

BODY = {"model": MODEL, "messages": [user(PROMPT)]}
ITEM = {
    "id", "slug", "name", "note", "status", "ai_provider_name", "model_config", "masked_api_key", "models",
    "workspace_id", "expires_at", "created_at", "last_updated_at", "usage_limits", "rate_limits", "object",
}  # fmt: skip
EXTERNAL_ID = "an-external-id-that-nobody-reads"


@pytest.fixture(params=ADMINS)
def keys(request, keeper):
    """Calls of `virtual_keys` by the admin, such as `keys("list")`; what they made is removed at the end."""
    made = []
    client = ADMINS[request.param](api_key=keeper.admin, base_url=keeper.gateway)

    def call(method: str, **members):
        answer = client.call("virtual_keys", method, **members)
        if method == "create":
            made.append(answer.slug)
        return answer

    yield call
    for slug in made:
        keeper.admin_call(f"/virtual-keys/{slug}", method="DELETE")


def error_of(call, *arguments, **members) -> tuple[str, int, dict]:
    """The kind of error that the client makes of an answer, its status, and the answer."""
    with pytest.raises(Exception) as caught:
        call(*arguments, **members)
    return type(caught.value).__name__, caught.value.status_code, caught.value.response.json()


def test_a_virtual_key_from_its_beginning_to_its_end(keys, keeper):
    made = keys("create", name="Team A", slug="team-a", provider="bedrock", note="for A", aws_region="eu-west-1", **PAIR)
    assert (made.slug, made.object) == ("team-a", "virtual-key")
    assert made.id

    told = keys("retrieve", slug="team-a").model_dump()
    assert ITEM <= set(told)
    assert (told["id"], told["slug"], told["name"], told["note"]) == (made.id, "team-a", "Team A", "for A")
    assert (told["status"], told["ai_provider_name"], told["object"]) == ("active", "bedrock", "virtual-key")
    config = told["model_config"]
    assert (config["awsAuthType"], config["awsRegion"]) == ("accessKey", "eu-west-1")
    assert config["awsAccessKeyId"].endswith(identity.ACCESS_KEY_ID[-4:]) and "*" in config["awsAccessKeyId"]
    assert datetime.now(UTC) - datetime.fromisoformat(told["created_at"]) < timedelta(minutes=1)
    assert keeper.chat(keeper.caller, BODY, x_portkey_virtual_key="team-a").status == 200

    changed = keys("update", slug="team-a", name="Team B", models=[MODEL])
    assert (changed.slug, changed.id) == ("team-a", made.id)
    told = keys("retrieve", slug="team-a").model_dump()
    assert (told["name"], told["note"], told["models"]) == ("Team B", "for A", [MODEL]), "what is not said stays"
    assert keeper.chat(keeper.caller, BODY, x_portkey_virtual_key="team-a").status == 200

    keys("delete", slug="team-a")
    assert keeper.chat(keeper.caller, BODY, x_portkey_virtual_key="team-a").status == 404
    for method in ("retrieve", "delete", "update"):
        kind, status, answer = error_of(keys, method, slug="team-a")
        assert (kind, status, answer["error"]["code"]) == ("NotFoundError", 404, "virtual_key_not_found")


@pytest.mark.parametrize(
    ("members", "auth_type", "secrets"),
    [
        (PAIR, "accessKey", [identity.SECRET_ACCESS_KEY, identity.ACCESS_KEY_ID]),
        ({"key": "bedrock-api-key-to-be-masked", "aws_auth_type": "apiKey"}, "apiKey", ["bedrock-api-key-to-be-masked"]),
        (
            {"aws_role_arn": role("r"), "aws_external_id": EXTERNAL_ID, **PAIR},
            "assumedRole",
            [EXTERNAL_ID, identity.SECRET_ACCESS_KEY, identity.ACCESS_KEY_ID],
        ),
        (
            {
                "awsRoleArn": role("r"),
                "awsSourceRoleArn": role("s"),
                "awsSourceExternalId": EXTERNAL_ID,
            },
            "assumedRole",
            [EXTERNAL_ID],
        ),
        ({"aws_auth_type": "serviceRole"}, "serviceRole", []),
    ],
    ids=["pair", "API key", "role by a pair", "chained roles", "service role"],
)
def test_what_opens_is_never_told(keys, members, auth_type, secrets):
    made = keys("create", name="masked", provider="bedrock", **members)
    assert made.slug.startswith("masked-"), "a slug is made of the name"
    told = keys("retrieve", slug=made.slug)
    answers = [made, told, keys("list"), keys("update", slug=made.slug, note="noted")]
    assert told.model_dump()["model_config"]["awsAuthType"] == auth_type
    for answer in answers:
        for secret in secrets:
            assert secret not in answer.model_dump_json()
    if auth_type == "apiKey":
        assert told.masked_api_key.endswith(secrets[0][-4:])


def test_a_key_of_another_provider_is_kept(keys):
    made = keys("create", name="other", provider="openai", key="sk-other-provider-0001")
    told = keys("retrieve", slug=made.slug)
    assert (told.ai_provider_name, told.masked_api_key[-4:]) == ("openai", "0001")
    assert "sk-other" not in told.model_dump_json()


def test_new_credentials_take_the_place_of_the_old(keys, keeper):
    """A secret is changed as a whole; another kind of credentials has nothing of the ones before."""
    slug = keys("create", name="moving", provider="bedrock", **PAIR).slug
    wrong = {"aws_secret_access_key": "wrong/secret/access/key/EXAMPLE/00000001"}
    keys("update", slug=slug, **wrong)
    assert keeper.chat(keeper.caller, BODY, x_portkey_virtual_key=slug).status == 403
    keys("update", slug=slug, key=identity.API_KEY)
    assert keys("retrieve", slug=slug).model_dump()["model_config"]["awsAuthType"] == "apiKey"
    assert "awsAccessKeyId" not in keys("retrieve", slug=slug).model_dump()["model_config"]
    assert keeper.chat(keeper.caller, BODY, x_portkey_virtual_key=slug).status == 200


def test_pages(keys, keeper):
    """The client's own `list` takes no page; the query does."""
    for number in range(3):
        keys("create", name=f"page {number}", provider="bedrock", **PAIR)
    listed = keys("list")
    assert (listed.object, listed.total) == ("list", len(listed.data))
    assert ITEM == set(listed.data[0])
    slugs = [item["slug"] for item in listed.data]
    paged = []
    for page in range(-(-listed.total // 4)):
        answer = keeper.admin_call(f"/virtual-keys?page_size=4&current_page={page}").json()
        assert answer["total"] == listed.total
        paged += [item["slug"] for item in answer["data"]]
    assert paged == slugs
    assert keeper.admin_call("/virtual-keys?page_size=4&current_page=99").json()["data"] == []
    for query in ("page_size=0", "page_size=1001", "page_size=x", "current_page=-1"):
        assert keeper.admin_call(f"/virtual-keys?{query}").status == 400, query


def test_a_slug_is_given_once(keys):
    members = {"name": "one", "slug": "one-and-only", "provider": "bedrock", **PAIR}
    keys("create", **members)
    kind, status, answer = error_of(keys, "create", **members)
    assert (kind, status, answer["error"]["code"]) == ("ConflictError", 409, "already_exists")
    assert answer["success"] is False and answer["data"]["errorCode"] == "AB07", "Portkey's shape beside OpenAI's"
    assert answer["message"] == answer["data"]["message"] == answer["error"]["message"]


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"provider": "mars", **PAIR}, "provider"),
        ({"provider": "bedrock", "aws_access_key_id": "AKIA"}, "aws_secret_access_key"),
        ({"provider": "bedrock", "aws_role_arn": "reader"}, "aws_role_arn"),
        ({"provider": "bedrock", "aws_region": "../x", **PAIR}, "aws_region"),
        ({"provider": "bedrock", "usage_limits": {"credit_limit": 5}, **PAIR}, "usage_limits"),
        ({"provider": "bedrock", "expires_at": "soon", **PAIR}, "expires_at"),
        ({"provider": "bedrock", "slug": "a/b", **PAIR}, "slug"),
        ({"provider": "bedrock", "custom_host": "http://169.254.169.254", **PAIR}, "custom_host"),
    ],
)
def test_mistakes_name_their_member(keys, members, param):
    before = keys("list").total
    kind, status, answer = error_of(keys, "create", name="mistaken", **members)
    assert (kind, status, answer["error"]["param"]) == ("BadRequestError", 400, param)
    assert param in answer["error"]["message"]
    assert keys("list").total == before


def test_a_virtual_key_ends(keys, keeper):
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    slug = keys("create", name="ending", provider="bedrock", expires_at=later, **PAIR).slug
    assert keeper.chat(keeper.caller, BODY, x_portkey_virtual_key=slug).status == 200
    keys("update", slug=slug, disabled=True)
    assert keys("retrieve", slug=slug).status == "disabled"
    answer = keeper.chat(keeper.caller, BODY, x_portkey_virtual_key=slug)
    assert (answer.status, answer.json()["error"]["code"]) == (403, "virtual_key_disabled")
    keys("update", slug=slug, disabled=False)
    assert keeper.chat(keeper.caller, BODY, x_portkey_virtual_key=slug).status == 200

"""What a caller may do, and what it may give to others: 403, as the clients type it."""

import pytest

from support.conversations import MODEL, PROMPT, user
from support.portkey_admin import ADMINS
from support.vault import PAIR
from test_admin_virtual_keys import error_of

BODY = {"model": MODEL, "messages": [user(PROMPT)]}
ALL = {"inference", "vk list", "vk make", "ak list", "ak make", "audit"}
WORKSPACE_KEYS = ["workspace_service_api_keys.create", "workspace_service_api_keys.list"]

# What each set of scopes allows. `vk`: virtual keys, `ak`: gateway keys.
SCOPES = {
    "inference": (["inference"], {"inference"}),
    "completions.write": (["completions.write"], {"inference"}),
    "admin.read": (["admin.read"], {"vk list", "ak list", "audit"}),
    "admin.write": (["admin.write"], ALL - {"inference"}),
    "both": (["admin.write", "inference"], ALL),
    "virtual_keys.list": (["virtual_keys.list"], {"vk list"}),
    "virtual_keys.create": (["virtual_keys.create"], {"vk make"}),
    "keys of a workspace": (WORKSPACE_KEYS, {"ak list", "ak make"}),
    "audit_logs.list": (["audit_logs.list"], {"audit"}),
    "of no effect here": (["configs.list"], set()),
}


def calls(keeper, key: str, scopes: list[str]):
    return {
        "inference": lambda: keeper.chat(key, BODY, x_portkey_virtual_key="VIRTUAL_KEY"),
        "vk list": lambda: keeper.admin_call("/virtual-keys", key=key),
        "vk make": lambda: keeper.admin_call("/virtual-keys", {"name": "s", "provider": "bedrock", **PAIR}, key=key),
        "ak list": lambda: keeper.admin_call("/api-keys", key=key),
        "ak make": lambda: keeper.admin_call("/api-keys/workspace/service", {"name": "s", "scopes": scopes}, key=key),
        "audit": lambda: keeper.admin_call("/audit-logs", key=key),
    }


@pytest.mark.parametrize(("scopes", "allowed"), SCOPES.values(), ids=SCOPES)
def test_scopes(keeper, scopes, allowed):
    _, key = keeper.make_api_key("scoped", *scopes)
    for name, call in calls(keeper, key, scopes).items():
        answer = call()
        assert answer.status == (200 if name in allowed else 403), (name, answer.body)
        if name not in allowed:
            error = answer.json()["error"]
            assert (error["code"], error["type"]) == ("insufficient_scope", "permission_error")
            assert "scope" in error["message"]
        elif name == "vk make":
            keeper.admin_call(f"/virtual-keys/{answer.json()['slug']}", method="DELETE")


@pytest.mark.parametrize("caller", ADMINS.values(), ids=ADMINS)
def test_the_client_types_a_refusal(keeper, caller):
    client = caller(api_key=keeper.caller, base_url=keeper.gateway)
    for resource, method, members in (
        ("virtual_keys", "list", {}),
        ("virtual_keys", "delete", {"slug": "VIRTUAL_KEY"}),
        ("api_keys", "create", {"type": "workspace", "sub_type": "service", "name": "n", "scopes": ["inference"]}),
    ):
        kind, status, answer = error_of(client.call, resource, method, **members)
        assert (kind, status) == ("PermissionDeniedError", 403)
        assert answer["data"]["errorCode"] == "AB03"
    for key in ("bgw-wrong", ""):
        client = caller(api_key=key, base_url=keeper.gateway)
        assert error_of(client.call, "virtual_keys", "list")[:2] == ("AuthenticationError", 401)
    assert keeper.chat(keeper.caller, BODY, x_portkey_virtual_key="VIRTUAL_KEY").status == 200


def test_nobody_gives_more_than_they_have(keeper):
    _, maker = keeper.make_api_key("maker", "inference", "workspace_service_api_keys.create",
                                   "workspace_service_api_keys.update", virtual_keys=["chained"])
    path = "/api-keys/workspace/service"
    body = {"name": "made", "scopes": ["inference"], "virtual_keys": ["chained"]}
    made = keeper.admin_call(path, body, key=maker)
    assert made.status == 200, made.body
    for more in ({"scopes": ["admin.write"]}, {"virtual_keys": ["VIRTUAL_KEY"]}, {"virtual_keys": None}):
        answer = keeper.admin_call(path, {**body, **more}, key=maker)
        assert answer.status == 403, answer.body
        # Nor by a change of what there is.
        answer = keeper.admin_call(f"/api-keys/{made.json()['id']}", more, key=maker, method="PUT")
        assert answer.status == 403, answer.body
    # A key of the admin's, which has more than the maker, is not the maker's to change.
    other, _ = keeper.make_api_key("other", "admin.write")
    assert keeper.admin_call(f"/api-keys/{other}", {"name": "mine"}, key=maker, method="PUT").status == 403


def test_who_may_use_some_virtual_keys_sees_no_others(keeper):
    _, key = keeper.make_api_key("narrow admin", "admin.write", virtual_keys=["chained"])
    listed = keeper.admin_call("/virtual-keys", key=key).json()
    assert ([item["slug"] for item in listed["data"]], listed["total"]) == (["chained"], 1)
    for method in ("GET", "DELETE"):
        assert keeper.admin_call("/virtual-keys/VIRTUAL_KEY", key=key, method=method).status == 403
    body = {"name": "s", "slug": "some-other", "provider": "bedrock", **PAIR}
    assert keeper.admin_call("/virtual-keys", body, key=key).status == 403
    assert keeper.admin_call("/virtual-keys/VIRTUAL_KEY").status == 200

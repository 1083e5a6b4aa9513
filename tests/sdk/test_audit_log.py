"""The audit log: what admins did, and who was turned away, by `GET /v1/audit-logs`."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from support.conversations import MODEL, PROMPT, user
from support.vault import PAIR

BODY = {"model": MODEL, "messages": [user(PROMPT)]}
ITEM = {
    "timestamp", "action", "outcome", "response_status_code", "user", "user_type", "resource_type", "resource_id",
    "client_ip", "method", "uri", "request_id", "detail",
}  # fmt: skip


@pytest.fixture(scope="module")
def audited(keep):
    return keep("serve-audited")


def rows(keeper, query: str = "page_size=100") -> list[dict]:
    answer = keeper.admin_call(f"/audit-logs?{query}")
    assert answer.status == 200, answer.body
    document = answer.json()
    assert document["object"] == "list" and document["total"] >= len(document["data"])
    return document["data"]


def test_what_admins_do(audited):
    name, _ = audited.make_api_key("made", "inference")
    audited.make_virtual_key("audited", **PAIR)
    changes = [
        ("PUT", "/virtual-keys/audited", {"note": "n"}),
        ("PUT", f"/api-keys/{name}", {"name": "renamed"}),
        ("DELETE", "/virtual-keys/audited", None),
        ("DELETE", f"/api-keys/{name}", None),
    ]
    for method, path, body in changes:
        assert audited.admin_call(path, body, method=method).status == 200
    found = rows(audited, "page_size=6")
    assert [(row["action"], row["resource_type"], row["resource_id"]) for row in found] == [
        ("api_keys.delete", "api_key", name),
        ("virtual_keys.delete", "virtual_key", "audited"),
        ("api_keys.update", "api_key", name),
        ("virtual_keys.update", "virtual_key", "audited"),
        ("virtual_keys.create", "virtual_key", "audited"),
        ("api_keys.create", "api_key", name),
    ]
    for row in found:
        assert set(row) == ITEM
        assert (row["outcome"], row["response_status_code"]) == ("success", 200)
        assert (row["user"], row["user_type"]) == ("admin of serve-audited", "api_key")
        assert row["client_ip"] == "127.0.0.1" and row["request_id"]
        assert datetime.now(UTC) - datetime.fromisoformat(row["timestamp"]) < timedelta(minutes=2)
    assert (found[0]["method"], found[0]["uri"]) == ("DELETE", f"/v1/api-keys/{name}")


def test_who_was_turned_away(audited):
    refused = [
        (lambda: audited.chat("bgw-this-key-was-guessed", BODY), 401, "authentication", "invalid_api_key"),
        (lambda: audited.chat(None, BODY), 401, "authentication", "gateway_key_required"),
        (lambda: audited.admin_call("/virtual-keys", key="bgw-this-key-was-guessed"), 401, "authentication", "invalid_api_key"),
        (lambda: audited.admin_call("/virtual-keys", key=audited.caller), 403, "authorization", "insufficient_scope"),
        (lambda: audited.chat(audited.admin, BODY), 403, "authorization", "insufficient_scope"),
    ]
    for call, status, action, detail in refused:
        assert call().status == status
        (row,) = rows(audited, "page_size=1")
        assert (row["action"], row["outcome"], row["response_status_code"]) == (action, "refused", status)
        assert row["detail"] == detail
        assert "bgw-this-key-was-guessed" not in str(row)
        assert row["user_type"] == ("anonymous" if status == 401 else "api_key")


def test_attempts_that_failed(audited):
    audited.make_virtual_key("twice", **PAIR)
    body = {"name": "twice", "slug": "twice", "provider": "bedrock", **PAIR}
    assert audited.admin_call("/virtual-keys", body).status == 409
    (row,) = rows(audited, "page_size=1")
    assert (row["action"], row["outcome"], row["response_status_code"]) == ("virtual_keys.create", "refused", 409)
    assert row["detail"] == "already_exists"


def test_what_was_done_by_command(audited):
    audited.vault.run("virtual-key", "add", "--name", "by hand", "--slug", "by-hand", "--auth-type", "serviceRole")
    (row,) = rows(audited, "page_size=1&action=virtual_keys.create")
    assert (row["user"], row["user_type"], row["resource_id"]) == ("operator", "command_line", "by-hand")


def test_filters_and_pages(audited):
    for _ in range(3):
        audited.chat("bgw-filtered", BODY)
    everything = rows(audited, "page_size=1000")
    by_action = rows(audited, "action=authentication&page_size=1000")
    assert by_action == [row for row in everything if row["action"] == "authentication"]
    by_user = rows(audited, f"user={quote('admin of serve-audited')}&page_size=1000")
    assert by_user == [row for row in everything if row["user"] == "admin of serve-audited"]
    assert rows(audited, "page_size=2&current_page=1") == everything[2:4]
    soon = quote((datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert rows(audited, f"start_time={soon}") == []
    assert rows(audited, f"end_time={soon}&page_size=1000") == everything
    for query in ("start_time=yesterday", "page_size=0"):
        assert audited.admin_call(f"/audit-logs?{query}").status == 400


def test_successful_calls_of_models_are_no_rows(audited):
    audited.make_virtual_key("quiet", **PAIR)
    before = rows(audited, "page_size=1000")
    assert audited.chat(audited.caller, BODY, x_portkey_virtual_key="quiet").status == 200
    assert audited.admin_call("/virtual-keys").status == 200
    assert rows(audited, "page_size=1000") == before


def test_rows_outlive_the_gateway(keep, audited):
    """Those of refusals are written by and by, and all of them before the program ends."""
    for _ in range(50):
        audited.chat("bgw-last", BODY)
    before = audited.admin_call("/audit-logs?page_size=1000").json()["total"]
    audited.chat("bgw-last", BODY)
    assert audited.program.stop() == 0
    again = keep("serve-audited-again", vault=audited.vault)
    # Two keys were made by command for the new program.
    assert again.admin_call("/audit-logs?page_size=1").json()["total"] == before + 3

"""Gateway keys end: at their time, and at once when they are taken back, by the admin API or from another process."""

from datetime import UTC, datetime, timedelta

import pytest

from support.busy import Callers
from support.conversations import MODEL, PROMPT, user
from support.curl import curl
from support.portkey_admin import ADMINS
from support.vault import PAIR

BODY = {"model": MODEL, "messages": [user(PROMPT)]}


def assert_none_after(callers: Callers, last: int) -> None:
    late = [answer for answer in callers.answers if answer[0] > last]
    assert late
    assert {status for _, status, _ in late} == {401}, "a request that was begun later was accepted"


def revoke_by_sdk(keeper, name: str) -> None:
    ADMINS["sync"](api_key=keeper.admin, base_url=keeper.gateway).call("api_keys", "delete", id=name)


def revoke_by_command(keeper, name: str) -> None:
    assert f"revoked {name}" in keeper.vault.run("api-key", "revoke", name)


@pytest.mark.parametrize("revoke", [revoke_by_sdk, revoke_by_command], ids=["SDK", "command"])
def test_a_revoked_key_is_refused_at_once(keeper, revoke):
    name, key = keeper.make_api_key("short-lived", "inference")
    with Callers(lambda: keeper.chat(key, BODY, x_portkey_virtual_key="VIRTUAL_KEY")) as callers:
        callers.wait_for(200)
        revoke(keeper, name)
        last = callers.last_begun()
        callers.wait_for(401, after=last)
    assert_none_after(callers, last)
    (error,) = {body for number, _, body in callers.answers if number > last}
    assert '"revoked_api_key"' in error


def test_a_removed_virtual_key_is_refused_at_once(keeper):
    keeper.make_virtual_key("short-lived", **PAIR)
    with Callers(lambda: keeper.chat(keeper.caller, BODY, x_portkey_virtual_key="short-lived")) as callers:
        callers.wait_for(200)
        assert "removed short-lived" in keeper.vault.run("virtual-key", "remove", "short-lived")
        last = callers.last_begun()
        callers.wait_for(404, after=last)
    late = {status for number, status, _ in callers.answers if number > last}
    assert late == {404}


def test_what_a_command_made_is_known_to_the_running_gateway(keeper):
    """A command and the gateway share the database; a snapshot holds for a tenth of a second."""
    key = keeper.vault.api_key("of a command", "inference", "admin.read", arguments=("--virtual-key", "from-a-command"))
    keeper.vault.run(
        "virtual-key", "add", "--name", "From a command", "--slug", "from-a-command",
        "--access-key-id", PAIR["aws_access_key_id"], "--secret-file", "-", "--region", "eu-west-1",
        given=PAIR["aws_secret_access_key"] + "\n",
    )  # fmt: skip
    with Callers(lambda: keeper.chat(key, BODY, x_portkey_virtual_key="from-a-command")) as callers:
        callers.wait_for(200)
    assert keeper.chat(key, BODY, x_portkey_virtual_key="VIRTUAL_KEY").status == 403
    assert "from-a-command" in keeper.vault.run("virtual-key", "list")
    printed = keeper.vault.run("api-key", "list")
    assert "of a command" in printed and key not in printed
    keeper.vault.run("virtual-key", "remove", "from-a-command")


def test_a_key_expires(keeper):
    """The gateway counts in whole seconds; the end is waited for by asking, not by the clock."""
    name, key = keeper.make_api_key("ending", "inference")
    keeper.make_virtual_key("ending", **PAIR)
    with Callers(lambda: keeper.chat(key, BODY, x_portkey_virtual_key="VIRTUAL_KEY")) as callers:
        callers.wait_for(200)
        soon = {"expires_at": (datetime.now(UTC) + timedelta(seconds=2)).isoformat()}
        for path in (f"/api-keys/{name}", "/virtual-keys/ending"):
            answer = keeper.admin_call(path, soon, method="PUT")
            assert answer.status == 200, answer.body
        callers.wait_for(401)
    assert {body for _, status, body in callers.answers if status == 401 and "expired_api_key" not in body} == set()
    assert keeper.admin_call(f"/api-keys/{name}").json()["status"] == "expired"
    answer = keeper.chat(keeper.caller, BODY, x_portkey_virtual_key="ending")
    assert (answer.status, answer.json()["error"]["code"]) == (403, "virtual_key_expired")
    # An end can be put off.
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert keeper.admin_call(f"/api-keys/{name}", {"expires_at": later}, method="PUT").status == 200
    assert keeper.chat(key, BODY, x_portkey_virtual_key="VIRTUAL_KEY").status == 200
    assert keeper.admin_call("/virtual-keys/ending", method="DELETE").status == 200


def test_wrong_keys_are_all_alike(keeper):
    """What is almost a key is told nothing that another wrong one is not."""
    almost = keeper.caller[:-1] + ("A" if keeper.caller[-1] != "A" else "B")
    answers = {
        (answer.status, answer.json()["error"]["code"], answer.json()["error"]["message"])
        for answer in (keeper.chat(key, BODY) for key in (almost, keeper.caller + "x", "bgw-", "bgw-x", keeper.caller[:20]))
    }
    assert len(answers) == 1
    assert answers.pop()[:2] == (401, "invalid_api_key")


def test_where_a_key_may_stand(keeper):
    headers = {"x-portkey-virtual-key": "VIRTUAL_KEY"}
    for place in ({"x-portkey-api-key": keeper.caller}, {"authorization": f"Bearer {keeper.caller}"}, {"x-api-key": keeper.caller}):
        answer = curl(f"{keeper.gateway}/chat/completions", headers={**headers, **place}, body=BODY)
        assert answer.status == 200, (place, answer.body)
    # The first place is the one that counts.
    wrong = {"x-portkey-api-key": "bgw-wrong", "authorization": f"Bearer {keeper.caller}"}
    assert curl(f"{keeper.gateway}/chat/completions", headers={**headers, **wrong}, body=BODY).status == 401

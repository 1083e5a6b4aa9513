"""After all other tests: the programs end in order, and none of them has printed a secret or a prompt."""

import json
import urllib.request

import pytest

from support import identity
from support.program import Program

COMMANDS = ["emulator", "gateway", "dev", "recorded_gateway"]


def test_requests_are_in_the_logs(gateway):
    """The search below looks at logs that are written: a request leaves an access line."""
    body = {"model": "emulator.access-line", "messages": [{"role": "user", "content": identity.PROMPT_MARKER}]}
    urllib.request.urlopen(
        urllib.request.Request(
            f"{gateway.gateway}/chat/completions",
            data=json.dumps(body).encode(),
            headers={"content-type": "application/json", **identity.direct_headers()},
        )
    ).read()
    gateway.stop()
    assert "emulator.access-line" in gateway.printed()


@pytest.mark.parametrize("command", COMMANDS)
def test_no_secret_is_in_the_logs(command, request):
    program: Program = request.getfixturevalue(command)
    assert program.stop() == 0, f"{program.name} does not end well on SIGTERM"
    printed = program.printed()
    found = [secret for secret in identity.SECRETS if secret in printed]
    assert found == []

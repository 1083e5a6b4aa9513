"""After all other tests: the programs end in order, and none of them has printed a secret or a prompt."""

import json
import urllib.request

from support import identity
from support.program import Program



def test_requests_are_in_the_logs(gateway):
    """The search below looks at logs that are written: a request leaves an access line."""
    body = {"model": "amazon.titan-access-line-v1", "messages": [{"role": "user", "content": identity.PROMPT_MARKER}]}
    urllib.request.urlopen(
        urllib.request.Request(
            f"{gateway.gateway}/chat/completions",
            data=json.dumps(body).encode(),
            headers={"content-type": "application/json", **identity.direct_headers()},
        )
    ).read()
    gateway.stop()
    assert "amazon.titan-access-line-v1" in gateway.printed()


def test_every_program_ends_well(programs: list[Program]):
    assert {program.name: program.stop() for program in programs} == {program.name: 0 for program in programs}


def test_no_secret_is_in_the_logs(programs: list[Program]):
    found = [
        (program.name, secret)
        for program in programs
        for secret in identity.SECRETS
        if program.stop() is not None and secret in program.printed()
    ]
    assert found == []

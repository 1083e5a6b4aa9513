"""The demo identity of the emulator and everything else that must never show up in a log."""

REGION = "us-east-1"

ACCESS_KEY_ID = "AKIAEMULATOREXAMPLE1"
SECRET_ACCESS_KEY = "emulator/secret/access/key/EXAMPLE/000001"

SESSION_ACCESS_KEY_ID = "ASIAEMULATOREXAMPLE1"
SESSION_SECRET_ACCESS_KEY = "emulator/session/access/key/EXAMPLE/0001"
SESSION_TOKEN = "emulator-session-token"
EXPIRED_TOKEN = "emulator-expired-token"

DENIED_ACCESS_KEY_ID = "AKIAEMULATORDENIED01"
DENIED_SECRET_ACCESS_KEY = "emulator/denied/access/key/EXAMPLE/00001"

API_KEY = "bedrock-api-key-emulator"

# A Portkey key means nothing to this gateway, and belongs in no log either.
PORTKEY_API_KEY = "portkey-key-that-nobody-checks"

# Values that lie in the environment of one gateway as bait: nothing a request sends may pick them up.
BAIT_ACCESS_KEY_ID = "AKIABAITBAITBAIT0001"
BAIT_SECRET_ACCESS_KEY = "bait/secret/access/key/EXAMPLE/000000001"
BAIT_SESSION_TOKEN = "bait-session-token"
BAIT_API_KEY = "bait-bedrock-api-key"

# Put into prompts, so that the search through the logs can tell whether prompts are kept.
PROMPT_MARKER = "zanzibar-quokka"

SECRETS = (
    SECRET_ACCESS_KEY,
    SESSION_SECRET_ACCESS_KEY,
    SESSION_TOKEN,
    EXPIRED_TOKEN,
    DENIED_SECRET_ACCESS_KEY,
    API_KEY,
    PORTKEY_API_KEY,
    BAIT_SECRET_ACCESS_KEY,
    BAIT_SESSION_TOKEN,
    BAIT_API_KEY,
    PROMPT_MARKER,
)


def direct_headers(**changes: str | None) -> dict[str, str]:
    """The REST headers for direct AWS details; `changes` replaces or (with None) removes some."""
    headers: dict[str, str | None] = {
        "x-portkey-provider": "bedrock",
        "x-portkey-aws-access-key-id": ACCESS_KEY_ID,
        "x-portkey-aws-secret-access-key": SECRET_ACCESS_KEY,
        "x-portkey-aws-region": REGION,
    }
    headers.update({name.replace("_", "-"): value for name, value in changes.items()})
    return {name: value for name, value in headers.items() if value is not None}

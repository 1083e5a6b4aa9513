"""The bodies of the examples in Portkey's page on AWS Bedrock, which clients of every language send."""

import json
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "seed"

SINGLE_TURN = json.loads((FOLDER / "flight_single_turn.json").read_text())
MULTI_TURN = json.loads((FOLDER / "flight_multi_turn.json").read_text())

SINGLE_QUESTION = SINGLE_TURN["messages"][0]["content"][0]["text"]
# The assistant's turn in between is a thought and nothing else, which Bedrock refuses as a turn and the gateway
# leaves out: both questions stand in one turn.
MULTI_QUESTION = f"{MULTI_TURN['messages'][0]['content'][0]['text']}\n{MULTI_TURN['messages'][-1]['content']}"


def without(body: dict, *names: str) -> dict:
    return {name: value for name, value in body.items() if name not in names}

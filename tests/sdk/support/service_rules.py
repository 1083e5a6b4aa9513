"""Rules of the service which its model cannot say; each is a text that Bedrock answers 400 with."""

from typing import Any


def broken_rules(body: dict) -> list[str]:
    """What Bedrock would refuse in a body that already fits the service model."""
    messages = body.get("messages", [])
    found = []
    # A stored prompt brings its own.
    if not messages and "promptVariables" not in body:
        found.append("a conversation has at least one message")
    found += _turns(messages)
    found += _tools(body, messages)
    for index, message in enumerate(messages):
        found += _blocks(message, f"messages[{index}]")
    for index, block in enumerate(body.get("system", [])):
        if "text" in block and not block["text"].strip():
            found.append(f"system[{index}]: blank text")
    for index, sequence in enumerate(body.get("inferenceConfig", {}).get("stopSequences", [])):
        if not sequence.strip():
            found.append(f"stopSequences[{index}]: blank")
    return found


def _turns(messages: list[dict]) -> list[str]:
    roles = [message["role"] for message in messages]
    return [
        f"messages[{index}]: two {role} turns in a row"
        for index, role in enumerate(roles)
        if index and roles[index - 1] == role
    ]


def _blocks(message: dict, path: str) -> list[str]:
    blocks = message["content"]
    found = [] if blocks else [f"{path}: no content"]
    for index, block in enumerate(blocks):
        if "text" in block and not block["text"].strip():
            found.append(f"{path}.content[{index}]: blank text")
        if "reasoningContent" in block and message["role"] == "user":
            found.append(f"{path}.content[{index}]: reasoning in a user turn")
    if any("document" in block for block in blocks) and not any("text" in block for block in blocks):
        found.append(f"{path}: a document without a text block")
    return found


def _ids(message: dict, kind: str) -> list[str]:
    """The ids of the client's own tools: those of AWS are called and answered in one turn of the assistant."""
    if message["role"] != ("assistant" if kind == "toolUse" else "user"):
        return []
    blocks = [block[kind] for block in message["content"] if kind in block]
    return [block["toolUseId"] for block in blocks if block.get("type") != "server_tool_use"]


def _tools(body: dict, messages: list[dict]) -> list[str]:
    found: list[str] = []
    pending: list[str] = []
    seen: list[Any] = []
    for index, message in enumerate(messages):
        used, answered = _ids(message, "toolUse"), _ids(message, "toolResult")
        seen += used + answered
        if sorted(answered) != sorted(pending):
            found.append(f"messages[{index}]: results for {answered}, but {pending} were called")
        if len(set(used)) != len(used):
            found.append(f"messages[{index}]: one tool use id twice")
        pending = used
    if seen and "toolConfig" not in body:
        found.append("toolConfig must be defined when tool blocks are in the conversation")
    return found

"""Prompts, tools and expectations that several clients share."""

from .identity import PROMPT_MARKER

MODEL = "emulator.echo"
PROMPT = f"please repeat {PROMPT_MARKER} after me, word for word"
ECHO = f"You said: {PROMPT}"

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a place",
        "parameters": {
            "type": "object",
            "properties": {
                "location": {"type": "string", "description": "A city"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["location", "unit"],
        },
    },
}
TIME = {
    "type": "function",
    "function": {
        "name": "get_time",
        "description": "The time of a place",
        "parameters": {
            "type": "object",
            "properties": {"timezone": {"type": "string"}},
            "required": ["timezone"],
        },
    },
}
NOTHING = {"type": "function", "function": {"name": "get_nothing"}}


def user(text: str) -> dict:
    return {"role": "user", "content": text}


def tool_result(call_id: str, text: str) -> dict:
    return {"role": "tool", "tool_call_id": call_id, "content": text}


def joined(chunks: list, field: str = "content") -> str:
    """What the deltas of a stream say together."""
    return "".join(getattr(chunk.choices[0].delta, field, None) or "" for chunk in chunks if chunk.choices)


def finish_reasons(chunks: list) -> list[str]:
    return [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason]


def tool_calls(chunks: list) -> list[dict]:
    """The tool calls of a stream, put together as a client does, with the rules of the wire checked on the way."""
    calls: list[dict] = []
    for chunk in chunks:
        for choice in chunk.choices:
            for delta in choice.delta.tool_calls or []:
                if delta.index == len(calls):
                    assert delta.id and delta.type == "function" and delta.function.name, delta
                    calls.append({"id": delta.id, "name": delta.function.name, "arguments": ""})
                else:
                    assert delta.index == len(calls) - 1, "tool calls come one after the other, densely numbered"
                    assert delta.id is None and delta.function.name is None, "id and name come once"
                calls[delta.index]["arguments"] += delta.function.arguments or ""
    return calls


def content_blocks(chunks: list) -> dict[int, dict]:
    """Portkey's `content_blocks` of a stream, put together by index and kind: texts are joined, others listed."""
    blocks: dict[int, dict] = {}
    for chunk in chunks:
        for choice in chunk.choices:
            for block in getattr(choice.delta, "content_blocks", None) or []:
                assert set(block) == {"index", "delta"}, block
                (kind, text), *more = block["delta"].items()
                assert not more, "a delta carries one thing"
                together = blocks.setdefault(block["index"], {})
                if isinstance(text, str):
                    together[kind] = together.get(kind, "") + text
                else:
                    together.setdefault(kind, []).append(text)
    return blocks


def message_of(chunks: list) -> dict:
    """The assistant's turn that a stream told, as it is sent back."""
    blocks = []
    for _, parts in sorted(content_blocks(chunks).items()):
        if "data" in parts:
            blocks.append({"type": "redacted_thinking", **parts})
        elif "thinking" in parts or "signature" in parts:
            blocks.append({"type": "thinking", "thinking": "", **parts})
        elif "text" in parts:
            blocks.append({"type": "text", **parts})
    calls = [
        {"id": call["id"], "type": "function", "function": {"name": call["name"], "arguments": call["arguments"]}}
        for call in tool_calls(chunks)
    ]
    message = {"role": "assistant", "content": joined(chunks), "content_blocks": blocks}
    return {**message, "tool_calls": calls} if calls else message


def assert_usage_adds_up(usage) -> None:
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens > 0
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens

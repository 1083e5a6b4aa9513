"""Collects the chunks of a stream as a client does, strictly: one that no client could collect is a problem."""

import base64
from typing import Any

from openai.types.chat import ChatCompletionChunk

from .aws_view import arguments
from .openai_view import MESSAGE, TOP, client_view, not_openai, server_result, text_block, unknown


def chunks(items: list[Any], *, strict: bool) -> dict[str, Any]:
    """All chunks of a stream, collected as a client does, without `[DONE]`."""
    collected = _Collected(strict)
    for chunk in items:
        collected.take(chunk)
    return collected.view()


class _Collected:
    """The chunks so far."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.problems: list[str] = []
        self.document: dict[str, Any] = {}
        self.message: dict[str, Any] = {"content": "", "reasoning_content": "", "annotations": []}
        self.calls: list[dict[str, Any]] = []
        self.blocks: dict[int, list[dict]] = {}
        self.finish: str | None = None
        self.n_chunks = 0

    def take(self, chunk: dict[str, Any]) -> None:
        self.problems += not_openai(ChatCompletionChunk, chunk) if self.strict else []
        self.problems += unknown(chunk, TOP, "")
        for name in ("id", "model", "created", "object"):
            if self.document.get(name, chunk.get(name)) != chunk.get(name):
                self.problems.append(f"{name} changes within the stream")
        self.document.update({name: value for name, value in chunk.items() if value is not None})
        if len(chunk["choices"]) > 1 or (not chunk["choices"] and not chunk.get("usage")):
            self.problems.append("a chunk without a choice that says no usage either, or with two")
        for choice in chunk["choices"]:
            self._take_choice(choice)
            # OpenAI counts in a last chunk of its own, Portkey in the one that says why the model stopped.
            if chunk.get("usage") and (self.strict or not choice.get("finish_reason")):
                self.problems.append("usage in a chunk where it does not belong")
        self.n_chunks += 1

    def _take_choice(self, choice: dict[str, Any]) -> None:
        delta = choice["delta"]
        self.problems += unknown(delta, MESSAGE, "delta.")
        if choice["index"] != 0:
            self.problems.append("choice.index is not 0")
        if ("role" in delta) != (self.n_chunks == 0):
            self.problems.append("the role stands in the first chunk and nowhere else")
        if self.finish:
            self.problems.append("a choice after the finish reason")
        for name in ("content", "reasoning_content"):
            self.message[name] += delta.get(name) or ""
        self.message["annotations"] += delta.get("annotations") or []
        for call in delta.get("tool_calls") or []:
            self._take_call(call)
        for block in delta.get("content_blocks") or []:
            self.blocks.setdefault(block["index"], []).append(block["delta"])
        self.finish = choice.get("finish_reason") or self.finish

    def _take_call(self, call: dict[str, Any]) -> None:
        function = call["function"]
        if call["index"] == len(self.calls):
            self.calls.append({"id": call.get("id"), "name": function.get("name"), "input": ""})
        elif call["index"] > len(self.calls) or call.get("id") or function.get("name"):
            self.problems.append("tool_calls[].index has a gap, or a call is named twice")
            return
        self.calls[call["index"]]["input"] += function.get("arguments") or ""

    def view(self) -> dict[str, Any]:
        # Clients parse what they have collected: a call without arguments has to say `{}`.
        if any(call["input"] == "" for call in self.calls):
            self.problems.append("a call whose arguments are no JSON")
        calls = [{**call, "input": arguments(call["input"])} for call in self.calls]
        blocks = [_streamed_block(deltas, self.problems) for _, deltas in sorted(self.blocks.items())]
        return client_view(self.document, self.message, self.finish, calls, blocks, self.problems, strict=self.strict)


def _streamed_block(deltas: list[dict], problems: list[str]) -> dict[str, Any]:
    """One block out of its deltas, each of which has one kind of thing to say."""
    collected: dict[str, list] = {}
    for delta in deltas:
        if len(delta) != 1:
            problems.append("a delta of content_blocks with more than one member")
        for name, value in delta.items():
            collected.setdefault(name, []).append(value)
    kinds = frozenset(collected)
    joined = lambda name: "".join(collected.get(name, []))  # noqa: E731
    if kinds <= {"text", "citation"}:
        return text_block(joined("text"), collected.get("citation"))
    if kinds <= {"thinking", "signature"}:
        return {"thinking": joined("thinking"), **({"signature": joined("signature")} if "signature" in kinds else {})}
    if kinds == {"data"}:
        return {"redacted": b"".join(base64.b64decode(each) for each in collected["data"])}
    if "server_tool_use" in kinds and kinds <= {"server_tool_use", "input"}:
        return {"server_tool_use": {**collected["server_tool_use"][0], "input": arguments(joined("input"))}}
    if "server_tool_result" in kinds and kinds <= {"server_tool_result", "content"}:
        content = [part for parts in collected.get("content", []) for part in parts]
        return server_result(collected["server_tool_result"][0], content)
    return {"unread": deltas}

"""Says a Converse request in OpenAI's form, as a client of the gateway would have to."""

import json
from typing import Any

from .parts import Unsayable, given, only, part_of_assistant, part_of_user

# Named fields of the gateway; everything else that a model takes goes through `additionalModelRequestFields`.
NAMED = ("thinking", "top_k", "anthropic_beta", "reasoning_effort")
UNCHANGED = ("guardrailConfig", "performanceConfig", "promptVariables", "additionalModelResponseFieldPaths")


def chat(request: dict[str, Any], model: str, *, stream: bool) -> dict[str, Any]:
    """The body for `/v1/chat/completions`."""
    body: dict[str, Any] = {"model": model, "messages": [*_system(request.get("system") or []), *_turns(request)]}
    if stream:
        body["stream"] = True
    inference = request.get("inferenceConfig") or {}
    body |= given(
        max_tokens=inference.get("maxTokens"),
        temperature=inference.get("temperature"),
        top_p=inference.get("topP"),
        stop=inference.get("stopSequences"),
        service_tier=(request.get("serviceTier") or {}).get("type"),
        metadata=request.get("requestMetadata"),
        **{name: request.get(name) for name in UNCHANGED},
    )
    body |= _tools(request.get("toolConfig") or {})
    body |= _output(request.get("outputConfig") or {})
    return body | _additional(request.get("additionalModelRequestFields") or {})


def _cache_control(point: dict[str, Any]) -> dict[str, Any]:
    return {"type": "ephemeral", **given(ttl=point.get("ttl"))}


def _mark(last: dict[str, Any] | None, point: dict[str, Any]) -> None:
    """A cache point is said of what stands before it."""
    if last is None:
        raise Unsayable("a cache point with nothing before it")
    if "cache_control" in last:
        raise Unsayable("two cache points in a row")
    last["cache_control"] = _cache_control(point)


def _system(blocks: list[dict]) -> list[dict]:
    parts: list[dict] = []
    for block in blocks:
        kind, value = only(block)
        if kind == "cachePoint":
            _mark(parts[-1] if parts else None, value)
        elif kind == "text":
            parts.append({"type": "text", "text": value})
        elif kind == "guardContent":
            parts.append({"type": "guard_content", "guard_content": value})
        else:
            raise Unsayable(f"a `{kind}` block in `system`")
    return [{"role": "system", "content": parts}] if parts else []


def _turns(request: dict[str, Any]) -> list[dict]:
    messages: list[dict] = []
    for turn in request.get("messages") or []:
        if turn["role"] == "user":
            messages += _user(turn["content"])
        elif turn["role"] == "assistant":
            messages += _assistant(turn["content"])
        else:
            raise Unsayable(f"a `{turn['role']}` turn among the others")
    return messages


def _simplest(message: dict[str, Any]) -> dict[str, Any]:
    """A string where that is all there is, as most clients send it."""
    parts = message.get("content")
    if isinstance(parts, list) and len(parts) == 1 and parts[0].keys() == {"type", "text"}:
        return {**message, "content": parts[0]["text"]}
    return message


def _user(blocks: list[dict]) -> list[dict]:
    """Tool results are messages of their own; the gateway puts one turn together again."""
    messages: list[dict] = []
    parts: list[dict] = []
    last: dict[str, Any] | None = None
    for block in blocks:
        kind, value = only(block)
        if kind == "cachePoint":
            _mark(last, value)
            continue
        if kind == "toolResult":
            last, parts = _tool_message(value), []
            messages.append(last)
            continue
        if not parts:
            messages.append({"role": "user", "content": parts})
        last = part_of_user(kind, value)
        parts.append(last)
    return [_simplest(message) if message["role"] == "user" else message for message in messages]


def _tool_message(result: dict[str, Any]) -> dict[str, Any]:
    if result.get("type"):
        raise Unsayable("a result of a tool that ran at AWS in a user turn")
    parts = []
    for block in result.get("content") or []:
        kind, value = only(block)
        parts.append({"type": "json", "json": value} if kind == "json" else part_of_user(kind, value))
    message = {"role": "tool", "tool_call_id": result["toolUseId"], "content": parts, **given(status=result.get("status"))}
    return _simplest(message)


def _assistant(blocks: list[dict]) -> list[dict]:
    """OpenAI's calls stand after the content; whatever follows a call begins a new message, which is merged again."""
    messages: list[dict] = []
    last: dict[str, Any] | None = None
    for block in blocks:
        kind, value = only(block)
        if kind == "cachePoint":
            _mark(last, value)
            continue
        if kind == "toolUse" and value.get("type") != "server_tool_use":
            if not messages or "cache_control" in messages[-1]:
                messages.append({"role": "assistant", "content": None})
            messages[-1].setdefault("tool_calls", []).append(_call(value))
            last = messages[-1]
            continue
        last = part_of_assistant(kind, value)
        if not messages or "tool_calls" in messages[-1] or "cache_control" in messages[-1]:
            messages.append({"role": "assistant", "content": []})
        messages[-1]["content"].append(last)
    return [_simplest(message) for message in messages]


def _call(use: dict[str, Any]) -> dict[str, Any]:
    arguments = json.dumps(use.get("input", {}), ensure_ascii=False)
    return {"id": use["toolUseId"], "type": "function", "function": {"name": use["name"], "arguments": arguments}}


def _tools(config: dict[str, Any]) -> dict[str, Any]:
    tools: list[dict] = []
    for tool in config.get("tools") or []:
        kind, value = only(tool)
        if kind == "cachePoint":
            _mark(tools[-1] if tools else None, value)
        elif kind == "systemTool":
            tools.append({"type": "system_tool", "system_tool": {"name": value["name"]}})
        elif kind == "toolSpec":
            parameters = (value.get("inputSchema") or {}).get("json")
            about = given(description=value.get("description"), parameters=parameters, strict=value.get("strict"))
            tools.append({"type": "function", "function": {"name": value["name"], **about}})
        else:
            raise Unsayable(f"a `{kind}` among the tools")
    choice = config.get("toolChoice") or {}
    return given(tools=tools or None, tool_choice=_tool_choice(*only(choice)) if choice else None)


def _tool_choice(kind: str, value: dict[str, Any]) -> Any:
    if kind == "tool":
        return {"type": "function", "function": {"name": value["name"]}}
    words = {"auto": "auto", "any": "required"}
    if kind not in words:
        raise Unsayable(f"the tool choice `{kind}`")
    return words[kind]


def _output(config: dict[str, Any]) -> dict[str, Any]:
    """`response_format` where it can say all of it, else the gateway's own field."""
    schema = (((config.get("textFormat") or {}).get("structure") or {}).get("jsonSchema")) or {}
    try:
        document = json.loads(schema["schema"])
    except (KeyError, json.JSONDecodeError):
        document = None
    if config.keys() != {"textFormat"} or "name" not in schema or document is None:
        return {"outputConfig": config} if config else {}
    about = given(name=schema["name"], description=schema.get("description"))
    return {"response_format": {"type": "json_schema", "json_schema": {**about, "schema": document}}}


def _additional(fields: dict[str, Any]) -> dict[str, Any]:
    # `null` of a named field means that it was not given, which is not what is sent here.
    named = {name: value for name, value in fields.items() if name in NAMED and value is not None}
    rest = {name: value for name, value in fields.items() if name not in named}
    return {**named, **({"additionalModelRequestFields": rest} if rest else {})}

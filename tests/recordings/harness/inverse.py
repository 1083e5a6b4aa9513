"""Says a Converse request in OpenAI's form, as a client of the gateway would have to."""

import base64
import binascii
import json
from typing import Any

from .media import DOCUMENT, IMAGE, VIDEO, media_type

# Named fields of the gateway; everything else that a model takes goes through `additionalModelRequestFields`.
NAMED = ("thinking", "top_k", "anthropic_beta", "reasoning_effort")
UNCHANGED = ("guardrailConfig", "performanceConfig", "promptVariables", "additionalModelResponseFieldPaths")


class Unsayable(Exception):
    """OpenAI's form has no way to say this; the text is the reason."""


def chat(request: dict[str, Any], model: str, *, stream: bool) -> dict[str, Any]:
    """The body for `/v1/chat/completions`."""
    body: dict[str, Any] = {"model": model, "messages": [*_system(request.get("system") or []), *_turns(request)]}
    if stream:
        body["stream"] = True
    inference = request.get("inferenceConfig") or {}
    body |= _given(
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


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _only(block: dict[str, Any]) -> tuple[str, Any]:
    if len(block) != 1:
        raise Unsayable("a block that says more or less than one thing")
    return next(iter(block.items()))


def _cache_control(point: dict[str, Any]) -> dict[str, Any]:
    return {"type": "ephemeral", **_given(ttl=point.get("ttl"))}


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
        kind, value = _only(block)
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
        kind, value = _only(block)
        if kind == "cachePoint":
            _mark(last, value)
            continue
        if kind == "toolResult":
            last, parts = _tool_message(value), []
            messages.append(last)
            continue
        if not parts:
            messages.append({"role": "user", "content": parts})
        last = _part(kind, value)
        parts.append(last)
    return [_simplest(message) if message["role"] == "user" else message for message in messages]


def _tool_message(result: dict[str, Any]) -> dict[str, Any]:
    if result.get("type"):
        raise Unsayable("a result of a tool that ran at AWS in a user turn")
    parts = []
    for block in result.get("content") or []:
        kind, value = _only(block)
        parts.append({"type": "json", "json": value} if kind == "json" else _part(kind, value))
    message = {"role": "tool", "tool_call_id": result["toolUseId"], "content": parts, **_given(status=result.get("status"))}
    return _simplest(message)


def _assistant(blocks: list[dict]) -> list[dict]:
    """OpenAI's calls stand after the content; whatever follows a call begins a new message, which is merged again."""
    messages: list[dict] = []
    last: dict[str, Any] | None = None
    for block in blocks:
        kind, value = _only(block)
        if kind == "cachePoint":
            if last is not None and "tool_calls" in last and "cache_control" not in messages[-1]:
                last = messages[-1]
            _mark(last, value)
            continue
        if kind == "toolUse" and value.get("type") != "server_tool_use":
            if not messages:
                messages.append({"role": "assistant", "content": None})
            messages[-1].setdefault("tool_calls", []).append(_call(value))
            last = messages[-1]
            continue
        last = _said(kind, value)
        if not messages or "tool_calls" in messages[-1] or "cache_control" in messages[-1]:
            messages.append({"role": "assistant", "content": []})
        messages[-1]["content"].append(last)
    return [_simplest(message) for message in messages]


def _call(use: dict[str, Any]) -> dict[str, Any]:
    arguments = json.dumps(use.get("input", {}), ensure_ascii=False)
    return {"id": use["toolUseId"], "type": "function", "function": {"name": use["name"], "arguments": arguments}}


def _said(kind: str, value: Any) -> dict[str, Any]:
    """A part of an assistant's message."""
    if kind == "text":
        return {"type": "text", "text": value}
    if kind == "citationsContent":
        texts = [part.get("text", "") for part in value.get("content") or []]
        if len(texts) > 1:
            raise Unsayable("citations of several texts at once")
        return {"type": "text", "text": "".join(texts), "citations": value.get("citations") or []}
    if kind == "reasoningContent" and "reasoningText" in value:
        text = value["reasoningText"]
        return {"type": "thinking", "thinking": text["text"], **_given(signature=text.get("signature"))}
    if kind == "reasoningContent":
        return {"type": "redacted_thinking", "data": value["redactedContent"]}
    if kind == "toolUse":
        return {"type": "server_tool_use", "id": value["toolUseId"], "name": value["name"], "input": value["input"]}
    if kind == "toolResult":
        more = _given(status=value.get("status"), tool_type=value.get("type"))
        return {"type": "server_tool_result", "tool_use_id": value["toolUseId"], "content": value["content"], **more}
    raise Unsayable(f"a `{kind}` block of the assistant")


def _part(kind: str, value: Any) -> dict[str, Any]:
    """A part of a user's or a tool's message."""
    if kind == "text":
        return {"type": "text", "text": value}
    if kind == "image":
        return {"type": "image_url", "image_url": _url(value, media_type(IMAGE, value["format"]), "url")}
    if kind == "video":
        return {"type": "video_url", "video_url": _url(value, media_type(VIDEO, value["format"]), "url")}
    if kind == "audio":
        return _audio(value)
    if kind == "document":
        return _document(value)
    if kind == "searchResult":
        return {"type": "search_result", **value}
    if kind == "guardContent":
        return {"type": "guard_content", "guard_content": value}
    raise Unsayable(f"a `{kind}` block of the user")


def _url(value: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    source = value["source"]
    if "s3Location" in source:
        place = source["s3Location"]
        return {name: place["uri"], "mime_type": kind, **_given(bucketOwner=place.get("bucketOwner"))}
    return {name: f"data:{kind};base64,{_base64(source['bytes'])}"}


def _base64(data: str) -> str:
    try:
        base64.b64decode(data, validate=True)
    except binascii.Error:
        raise Unsayable("the recorder cut the bytes out") from None
    return data


def _audio(value: dict[str, Any]) -> dict[str, Any]:
    source = value["source"]
    if "s3Location" in source:
        if source["s3Location"].get("bucketOwner"):
            raise Unsayable("the owner of the bucket of an audio block")
        return {"type": "input_audio", "input_audio": {"data": source["s3Location"]["uri"], "format": value["format"]}}
    return {"type": "input_audio", "input_audio": {"data": _base64(source["bytes"]), "format": value["format"]}}


def _document(value: dict[str, Any]) -> dict[str, Any]:
    """Bytes and places as OpenAI's `file`, texts as Anthropic's `document`."""
    source = value["source"]
    kind = value.get("format")
    more = _given(citations=value.get("citations"), context=value.get("context"))
    spelled = media_type(DOCUMENT, kind) if kind else None
    if "bytes" in source or "s3Location" in source:
        named = {"filename": f"{value['name']}.{kind}" if kind else value["name"]}
        if "bytes" in source:
            named |= {"file_data": _url(value, spelled or "application/octet-stream", "data")["data"]}
        else:
            named |= _url(value, spelled or "application/octet-stream", "file_url")
        return {"type": "file", "file": named, **more}
    if "text" in source:
        said = {"type": "text", **_given(media_type=spelled), "data": source["text"]}
    else:
        said = {"type": "content", "content": [{"type": "text", **part} for part in source["content"]]}
    return {"type": "document", "source": said, "title": value["name"], **more}


def _tools(config: dict[str, Any]) -> dict[str, Any]:
    tools: list[dict] = []
    for tool in config.get("tools") or []:
        kind, value = _only(tool)
        if kind == "cachePoint":
            _mark(tools[-1] if tools else None, value)
        elif kind == "systemTool":
            tools.append({"type": "system_tool", "system_tool": {"name": value["name"]}})
        elif kind == "toolSpec":
            parameters = (value.get("inputSchema") or {}).get("json")
            about = _given(description=value.get("description"), parameters=parameters, strict=value.get("strict"))
            tools.append({"type": "function", "function": {"name": value["name"], **about}})
        else:
            raise Unsayable(f"a `{kind}` among the tools")
    choice = config.get("toolChoice") or {}
    return _given(tools=tools or None, tool_choice=_tool_choice(*_only(choice)) if choice else None)


def _tool_choice(kind: str, value: dict[str, Any]) -> Any:
    if kind == "tool":
        return {"type": "function", "function": {"name": value["name"]}}
    return {"auto": "auto", "any": "required"}[kind]


def _output(config: dict[str, Any]) -> dict[str, Any]:
    """`response_format` where it can say all of it, else the gateway's own field."""
    schema = (((config.get("textFormat") or {}).get("structure") or {}).get("jsonSchema")) or {}
    if config.keys() != {"textFormat"} or not {"schema", "name"} <= schema.keys():
        return {"outputConfig": config} if config else {}
    about = _given(name=schema["name"], description=schema.get("description"))
    return {"response_format": {"type": "json_schema", "json_schema": {**about, "schema": json.loads(schema["schema"])}}}


def _additional(fields: dict[str, Any]) -> dict[str, Any]:
    # `null` of a named field means that it was not given, which is not what is sent here.
    named = {name: value for name, value in fields.items() if name in NAMED and value is not None}
    rest = {name: value for name, value in fields.items() if name not in named}
    return {**named, **({"additionalModelRequestFields": rest} if rest else {})}

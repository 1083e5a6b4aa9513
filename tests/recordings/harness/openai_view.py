"""What a client reads out of the gateway's whole answers, in the form of `aws_view`.

Nothing here is lenient: what OpenAI's shape does not allow is a `problem`, and a member that nobody reads is one too.
"""

import base64
from typing import Any
from urllib.parse import urlsplit

import pydantic
from openai.types.chat import ChatCompletion

from .aws_view import COUNTS, PASSED_ON, arguments, as_botocore_reads

FINISH = {
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
TOP = {"id", "object", "created", "model", "choices", "usage", "provider", "service_tier", "system_fingerprint", *PASSED_ON}
MESSAGE = {"role", "content", "refusal", "reasoning_content", "content_blocks", "tool_calls", "annotations"}


def strictly(view: dict[str, Any]) -> dict[str, Any]:
    """What is left of an answer in OpenAI's own words."""
    web = [
        {"title": citation.get("title"), **citation["location"]["web"]}
        for block in view.get("blocks", [])
        for citation in block.get("citations", [])
        if "web" in citation.get("location", {})
    ]
    return _without_nothing({
        "content": view.get("content", ""),
        "tool_calls": [{name: call[name] for name in ("id", "name", "input")} for call in view.get("tool_calls", [])],
        "finish": FINISH.get(view.get("stop"), "stop"),
        "usage": _strict_usage(view["usage"]) if "usage" in view else None,
        "citations": [web_citation(each["url"], each["title"]) for each in web if each.get("url")],
        "tier": view.get("tier"),
    })


def _strict_usage(usage: dict[str, int]) -> dict[str, int]:
    """OpenAI counts what came from the cache or went into it as part of the prompt."""
    prompt = usage["inputTokens"] + usage["cacheReadInputTokens"] + usage["cacheWriteInputTokens"]
    return {
        "prompt_tokens": prompt,
        "completion_tokens": usage["outputTokens"],
        "total_tokens": max(usage["totalTokens"], prompt + usage["outputTokens"]),
        "cached_tokens": usage["cacheReadInputTokens"],
    }


def completion(document: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    """A `chat.completion`."""
    problems = not_openai(ChatCompletion, document) if strict else []
    (choice,) = document["choices"]
    message = choice["message"]
    problems += unknown(document, TOP, "") + unknown(message, MESSAGE, "message.")
    calls = [
        {"id": call["id"], "name": call["function"]["name"], "input": arguments(call["function"]["arguments"])}
        for call in message.get("tool_calls") or []
    ]
    blocks = [_whole_block(block, problems) for block in message.get("content_blocks") or []]
    return client_view(document, message, choice["finish_reason"], calls, blocks, problems, strict=strict)


def client_view(
    document: dict[str, Any],
    message: dict[str, Any],
    finish: str | None,
    calls: list[dict],
    blocks: list[dict],
    problems: list[str],
    *,
    strict: bool,
) -> dict[str, Any]:
    usage = document.get("usage") or {}
    problems = sorted(set(problems))
    tier = document.get("service_tier")
    if strict:
        return _without_nothing({
            "content": message.get("content") or "",
            "tool_calls": calls,
            "finish": finish,
            "usage": {
                **{name: usage.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")},
                "cached_tokens": (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0),
            }
            if usage
            else None,
            "citations": _web(message, problems),
            "tier": tier,
            "problems": problems,
        })
    read = usage.get("cache_read_input_tokens") or 0
    written = usage.get("cache_creation_input_tokens") or 0
    counts = (usage.get("prompt_tokens", 0) - read - written, usage.get("completion_tokens"), usage.get("total_tokens"), read, written)
    return _without_nothing({
        "content": message.get("content") or "",
        "reasoning": message.get("reasoning_content") or "",
        "blocks": blocks,
        "tool_calls": calls,
        "stop": finish,
        "usage": dict(zip(COUNTS, counts, strict=True)) if usage else None,
        "cache_details": as_botocore_reads("cacheDetails", usage.get("cache_details")),
        "tier": tier,
        **{ours: as_botocore_reads(name, document.get(name)) for name, ours in PASSED_ON.items()},
        "problems": problems,
    })


def web_citation(url: str | None, title: str | None) -> dict[str, Any]:
    """OpenAI's shape demands a title where AWS may have none; then any word for the place will do."""
    is_made_up = title in (None, "", url, urlsplit(url or "").hostname)
    return {"url": url, "title": None if is_made_up else title}


def _web(message: dict[str, Any], problems: list[str]) -> list[dict]:
    found = []
    for annotation in message.get("annotations") or []:
        cited = annotation.get("url_citation", {})
        if not 0 <= cited.get("start_index", -1) <= cited.get("end_index", -1) <= len(message.get("content") or ""):
            problems.append("a url_citation that lies outside of the content")
        found.append(web_citation(cited.get("url"), cited.get("title")))
    return found


def _whole_block(block: dict[str, Any], problems: list[str]) -> dict[str, Any]:
    kind = block.get("type")
    readers = {
        "text": ({"text", "citations"}, lambda: text_block(block["text"], block.get("citations"))),
        "thinking": ({"thinking", "signature"}, lambda: _some(block, "thinking", "signature")),
        "redacted_thinking": ({"data"}, lambda: {"redacted": base64.b64decode(block["data"])}),
        "server_tool_use": ({"id", "name", "input"}, lambda: {"server_tool_use": _some(block, "id", "name", "input")}),
        "server_tool_result": ({"tool_use_id", "content", "status", "tool_type"}, lambda: server_result(block, block["content"])),
        "image_url": ({"image_url"}, lambda: {"image": _image(block["image_url"]["url"])}),
    }
    if kind not in readers:
        return {"unread": block}
    known, read = readers[kind]
    problems += unknown(block, known | {"type"}, f"content_blocks.{kind}.")
    return read()


def text_block(text: str, citations: list[dict] | None) -> dict[str, Any]:
    return {"text": text, **({"citations": as_botocore_reads("citations", citations)} if citations else {})}


def server_result(block: dict[str, Any], content: list[dict]) -> dict[str, Any]:
    read = as_botocore_reads("content", content)
    named = {"id": block["tool_use_id"], "content": read, "status": block.get("status"), "type": block.get("tool_type")}
    return {"server_tool_result": {name: value for name, value in named.items() if value is not None}}


def _image(url: str) -> dict[str, Any]:
    if not url.startswith("data:image/"):
        return {"unread": url}
    kind, _, data = url.removeprefix("data:image/").partition(";base64,")
    return {"format": kind, "source": {"bytes": base64.b64decode(data)}}


def _some(block: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: block[name] for name in names if name in block}


def unknown(value: dict[str, Any], known: set[str], place: str) -> list[str]:
    return [f"{place}{name} is a member that the contract does not know" for name in value if name not in known]


def not_openai(kind: type[pydantic.BaseModel], document: dict[str, Any]) -> list[str]:
    """What the openai package's own types have against a document: wrong values, and members they do not have."""
    try:
        parsed = kind.model_validate(document)
    except pydantic.ValidationError as problem:
        return [f"openai: {'.'.join(map(str, error['loc']))}: {error['msg']}" for error in problem.errors()]
    return [f"openai: no such member: {path}" for path in _extras(parsed, "") if path != "choices.delta.annotations"]


def _extras(value: Any, path: str) -> list[str]:
    if isinstance(value, list):
        return [found for each in value for found in _extras(each, path)]
    if not isinstance(value, pydantic.BaseModel):
        return []
    below = lambda name: f"{path}.{name}" if path else name  # noqa: E731
    found = [below(name) for name in value.model_extra or {}]
    for name in value.model_fields_set - (value.model_extra or {}).keys():
        found += _extras(getattr(value, name), below(name))
    return found


def _without_nothing(view: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in view.items() if value not in (None, [], {})}

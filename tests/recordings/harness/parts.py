"""One Converse content block as one part of an OpenAI message."""

import base64
import binascii
from typing import Any

from .media import DOCUMENT, IMAGE, VIDEO, media_type


class Unsayable(Exception):
    """OpenAI's form has no way to say this; the text is the reason."""


def given(**members: Any) -> dict[str, Any]:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value is not None}


def only(block: dict[str, Any]) -> tuple[str, Any]:
    """The one thing that a block says."""
    if len(block) != 1:
        raise Unsayable("a block that says more or less than one thing")
    return next(iter(block.items()))


def part_of_assistant(kind: str, value: Any) -> dict[str, Any]:
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
        return {"type": "thinking", "thinking": text["text"], **given(signature=text.get("signature"))}
    if kind == "reasoningContent":
        return {"type": "redacted_thinking", "data": value["redactedContent"]}
    if kind == "toolUse":
        return {"type": "server_tool_use", "id": value["toolUseId"], "name": value["name"], "input": value["input"]}
    if kind == "toolResult":
        more = given(status=value.get("status"), tool_type=value.get("type"))
        return {"type": "server_tool_result", "tool_use_id": value["toolUseId"], "content": value["content"], **more}
    raise Unsayable(f"a `{kind}` block of the assistant")


def part_of_user(kind: str, value: Any) -> dict[str, Any]:
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
        return {"type": "search_result", **value, "content": _text_parts(value["content"])}
    if kind == "guardContent":
        return {"type": "guard_content", "guard_content": value}
    raise Unsayable(f"a `{kind}` block of the user")


def _url(value: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    source = value["source"]
    if "s3Location" in source:
        place = source["s3Location"]
        return {name: place["uri"], "mime_type": kind, **given(bucketOwner=place.get("bucketOwner"))}
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
    more = given(citations=value.get("citations"), context=value.get("context"))
    spelled = media_type(DOCUMENT, kind) if kind else None
    if "bytes" in source or "s3Location" in source:
        named = {"filename": f"{value['name']}.{kind}" if kind else value["name"]}
        if "bytes" in source:
            named |= {"file_data": _url(value, spelled or "application/octet-stream", "data")["data"]}
        else:
            named |= _url(value, spelled or "application/octet-stream", "file_url")
        return {"type": "file", "file": named, **more}
    if "text" in source:
        said = {"type": "text", **given(media_type=spelled), "data": source["text"]}
    else:
        said = {"type": "content", "content": _text_parts(source["content"])}
    return {"type": "document", "source": said, "title": value["name"], **more}


def _text_parts(blocks: list[dict]) -> list[dict]:
    return [{"type": "text", **block} for block in blocks]

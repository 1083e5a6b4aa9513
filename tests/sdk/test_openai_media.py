"""The OpenAI client for Python, sync and async: images, documents and sound, from wherever they come."""

import base64

import pytest
from openai import BadRequestError

from support import identity
from support.conversations import MODEL, joined, user
from support.images import GIF, JPEG, PNG, WEBP, data_url
from support.models import CLAUDE_4_5, NOVA
from support.openai_callers import CALLERS

SEEN = f"I see a png image of 16x16 pixels ({len(PNG)} bytes)."
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer <<>>\n%%EOF\n"
WAV = b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x08\0\0\0" + b"\0" * 8
LOOK = {"type": "function", "function": {"name": "look"}}


@pytest.fixture(params=CALLERS)
def openai(request, gateway):
    return CALLERS[request.param](api_key=identity.API_KEY, base_url=gateway.gateway, max_retries=0)


def text(said: str) -> dict:
    return {"type": "text", "text": said}


def image(url: str, **more) -> dict:
    return {"type": "image_url", "image_url": {"url": url, **more}}


def asked(*parts: dict) -> list[dict]:
    return [{"role": "user", "content": list(parts)}]


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize("model", [CLAUDE_4_5, NOVA])
@pytest.mark.parametrize(
    ("kind", "content", "label"),
    [
        ("png", PNG, "image/png"),
        ("gif", GIF, "image/gif"),
        ("jpeg", JPEG, "image/jpg"),
        ("webp", WEBP, "image/webp"),
        ("png", PNG, "image/jpeg"),
    ],
    ids=["png", "gif", "jpeg", "webp", "a png that is called a jpeg"],
)
def test_images_by_data_url(openai, model, kind, content, label):
    answer = openai.create(model=model, messages=asked(text("see"), image(data_url(content, label), detail="high")))
    assert f"I see a {kind} image" in answer.choices[0].message.content
    assert f"({len(content)} bytes)" in answer.choices[0].message.content


@pytest.mark.parametrize("label", ["image/png", "application/octet-stream", None])
def test_images_by_url(openai, file_host, label):
    url = file_host.put("/a/red%20square?size=16", PNG, label)
    body = {"model": CLAUDE_4_5, "messages": asked(text("see"), image(url), image(url))}
    file_host.seen.clear()
    assert openai.create(**body).choices[0].message.content == f"{SEEN}\n{SEEN}\nYou said: see"
    ((path, headers),) = file_host.seen
    assert path == "/a/red%20square?size=16"
    assert not {"authorization", "cookie", "referer"} & headers.keys(), "nothing of the caller is sent along"
    assert joined(openai.chunks(**body)) == f"{SEEN}\n{SEEN}\nYou said: see"


def test_a_url_that_leads_to_nothing_is_the_callers_mistake(openai, file_host):
    with pytest.raises(BadRequestError) as refused:
        openai.create(model=CLAUDE_4_5, messages=asked(text("see"), image(f"{file_host.url}/nothing.png")))
    assert refused.value.param == "messages[0].content[1].image_url.url"
    with pytest.raises(BadRequestError) as refused:
        url = file_host.put("/page.svg", b"<svg/>", "image/svg+xml")
        openai.create(model=CLAUDE_4_5, messages=asked(text("see"), image(url)))
    assert refused.value.param == "messages[0].content[1].image_url.url"


@pytest.mark.parametrize("data", [f"data:application/pdf;base64,{encoded(PDF)}", encoded(PDF)], ids=["data URL", "base64"])
def test_documents(openai, data):
    part = {"type": "file", "file": {"filename": "Q3_report  v1.2 (final).pdf", "file_data": data}}
    said = openai.create(model=CLAUDE_4_5, messages=asked(text("sum it up"), part, part)).choices[0].message.content
    first, second, last = said.splitlines()
    assert first.startswith('I read the document "Q3')
    assert first.endswith(f"(pdf, {len(PDF)} bytes).")
    assert first != second, "names are unique"
    assert last == "You said: sum it up"


def test_documents_by_url(openai, file_host):
    url = file_host.put("/notes.md", b"# Notes\n", "text/markdown")
    part = {"type": "file", "file": {"file_url": url}}
    said = openai.create(model=CLAUDE_4_5, messages=asked(text("read"), part)).choices[0].message.content
    assert said.startswith('I read the document "notes" (md, 8 bytes).')


def test_a_document_alone_gets_the_text_that_bedrock_wants(openai):
    part = {"type": "file", "file": {"filename": "a.txt", "file_data": encoded(b"hello")}}
    assert '"a" (txt, 5 bytes)' in openai.create(model=CLAUDE_4_5, messages=asked(part)).choices[0].message.content


def test_a_file_that_only_openai_has(openai):
    with pytest.raises(BadRequestError) as refused:
        openai.create(model=CLAUDE_4_5, messages=asked(text("read"), {"type": "file", "file": {"file_id": "file-1"}}))
    assert refused.value.param == "messages[0].content[1].file.file_id"


def test_sound(openai):
    part = {"type": "input_audio", "input_audio": {"data": encoded(WAV), "format": "wav"}}
    said = openai.create(model=MODEL, messages=asked(text("listen"), part)).choices[0].message.content
    assert said == f"I received a wav audio ({len(WAV)} bytes).\nYou said: listen"


def test_images_in_tool_results(openai, file_host):
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    url = file_host.put("/shot.png", PNG, "image/png")
    for source in (data_url(PNG), url):
        answer = openai.create(
            model=CLAUDE_4_5,
            tools=[LOOK],
            messages=[
                user("look"),
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "call_1", "content": [text("a shot:"), image(source)]},
            ],
        )
        assert answer.choices[0].message.content == f"The tool look answered: a shot: {SEEN}"

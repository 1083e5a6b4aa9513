"""The OpenAI client for Python, sync and async: plain answers, streams, images, thinking."""

import pytest

from support import identity
from support.conversations import (
    ECHO,
    MODEL,
    PROMPT,
    assert_usage_adds_up,
    content_blocks,
    finish_reasons,
    joined,
    user,
)
from support.images import PNG, data_url
from support.openai_callers import CALLERS

LOOSE = {"x-portkey-strict-open-ai-compliance": "false"}
THINKING = {"extra_body": {"thinking": {"type": "enabled", "budget_tokens": 1024}}, "max_tokens": 2048}


@pytest.fixture(params=CALLERS)
def openai(request, gateway):
    """The client as people set it up: a Bedrock key as API key, and the base URL."""
    return CALLERS[request.param](api_key=identity.API_KEY, base_url=gateway.gateway, max_retries=0)


@pytest.fixture(params=CALLERS)
def loose(request, gateway):
    """The same client that asks for Portkey's shape."""
    return CALLERS[request.param](
        api_key=identity.API_KEY, base_url=gateway.gateway, max_retries=0, default_headers=LOOSE
    )


def test_a_plain_answer_is_openai_to_the_letter(openai):
    answer = openai.create(model=MODEL, messages=[{"role": "system", "content": "be brief"}, user(PROMPT)])
    assert answer.id.startswith("chatcmpl-")
    assert answer.object == "chat.completion"
    assert answer.model == MODEL
    assert answer.created > 1_700_000_000
    (choice,) = answer.choices
    assert (choice.index, choice.finish_reason) == (0, "stop")
    assert choice.message.role == "assistant"
    assert choice.message.content == ECHO
    assert choice.message.refusal is None
    assert choice.message.tool_calls is None
    assert_usage_adds_up(answer.usage)
    assert "provider" not in answer.model_extra
    assert choice.message.model_extra == {}


def test_ids_are_unique(openai):
    ids = {openai.create(model=MODEL, messages=[user("hi")]).id for _ in range(5)}
    assert len(ids) == 5


def test_a_stream_says_the_same_in_pieces(openai):
    chunks = openai.chunks(model=MODEL, messages=[user(PROMPT)])
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].id.startswith("chatcmpl-")
    assert {(chunk.object, chunk.model) for chunk in chunks} == {("chat.completion.chunk", MODEL)}
    first = chunks[0].choices[0].delta
    assert (first.role, first.content) == ("assistant", "")
    assert joined(chunks) == ECHO
    assert sum(bool(chunk.choices[0].delta.content) for chunk in chunks) > 1
    assert finish_reasons(chunks) == ["stop"]
    assert chunks[-1].choices[0].finish_reason == "stop"
    for chunk in chunks:
        assert chunk.usage is None, "usage was not asked for"
        assert "provider" not in chunk.model_extra
        assert "content_blocks" not in chunk.choices[0].delta.model_extra


def test_include_usage_adds_one_last_chunk(openai):
    body = {"model": MODEL, "messages": [user(PROMPT)]}
    *chunks, last = openai.chunks(stream_options={"include_usage": True}, **body)
    assert last.choices == []
    assert_usage_adds_up(last.usage)
    assert all(chunk.usage is None for chunk in chunks)
    assert last.usage == openai.create(**body).usage, "streamed or not, the same tokens"


def test_the_stream_helper_puts_the_answer_together(openai):
    kinds, final = openai.final(model=MODEL, messages=[user(PROMPT)], stream_options={"include_usage": True})
    assert "content.delta" in kinds
    assert "content.done" in kinds
    assert final.choices[0].message.content == ECHO
    assert final.choices[0].finish_reason == "stop"
    assert_usage_adds_up(final.usage)


def test_message_content_in_parts(openai):
    parts = [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]
    answer = openai.create(model=MODEL, messages=[{"role": "user", "content": parts}])
    assert "one" in answer.choices[0].message.content
    assert "two" in answer.choices[0].message.content


def test_max_tokens_cuts_the_answer(openai):
    for limit in ({"max_tokens": 2}, {"max_completion_tokens": 2}):
        answer = openai.create(model=MODEL, messages=[user(PROMPT)], **limit)
        assert answer.choices[0].finish_reason == "length"
        assert answer.choices[0].message.content
        assert ECHO.startswith(answer.choices[0].message.content.rstrip())
        assert answer.choices[0].message.content != ECHO


@pytest.mark.parametrize("stop", [" after", [" after", "never said"]])
def test_stop_sequences(openai, stop):
    answer = openai.create(model=MODEL, messages=[user(PROMPT)], stop=stop)
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.content == ECHO.split(" after")[0]


def test_the_usual_parameters_are_accepted(openai):
    answer = openai.create(
        model=MODEL,
        messages=[{"role": "developer", "content": "be brief"}, {**user(PROMPT), "name": "kim"}],
        temperature=0.3,
        top_p=0.9,
        n=1,
        seed=7,
        user="kim",
        logit_bias={"1": 0},
        presence_penalty=0,
        frequency_penalty=0,
        store=False,
        metadata={"a": "b"},
        extra_body={"a_field_of_the_future": {"x": 1}},
    )
    assert answer.choices[0].message.content == ECHO


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("malformed_model_output", "stop"),
        ("malformed_tool_use", "stop"),
        ("a_word_of_the_future", "stop"),
    ],
)
def test_stop_reasons_become_openai_words(openai, reason, expected):
    body = {"model": f"emulator.stop-{reason}", "messages": [user("hi")]}
    assert openai.create(**body).choices[0].finish_reason == expected
    assert finish_reasons(openai.chunks(**body)) == [expected]


def test_images_arrive_whole(openai):
    content = [
        {"type": "text", "text": "what is this?"},
        {"type": "image_url", "image_url": {"url": data_url(PNG), "detail": "low"}},
    ]
    answer = openai.create(model=MODEL, messages=[{"role": "user", "content": content}])
    assert f"I see a png image of 16x16 pixels ({len(PNG)} bytes)." in answer.choices[0].message.content


def test_strict_thinking_shows_nothing_but_the_answer(openai):
    answer = openai.create(model=MODEL, messages=[user(PROMPT)], **THINKING)
    assert answer.choices[0].message.content == ECHO
    assert answer.choices[0].message.model_extra == {}
    chunks = openai.chunks(model=MODEL, messages=[user(PROMPT)], **THINKING)
    assert joined(chunks) == ECHO
    assert all("content_blocks" not in chunk.choices[0].delta.model_extra for chunk in chunks)


def test_loose_thinking_shows_signed_blocks(loose):
    answer = loose.create(model=MODEL, messages=[user(PROMPT)], **THINKING)
    message = answer.choices[0].message
    assert answer.provider == "bedrock"
    assert answer.choices[0].finish_reason == "end_turn"
    assert message.content == ECHO
    thinking, text = message.content_blocks
    assert thinking["type"] == "thinking"
    assert thinking["thinking"] == f"Let me think about: {PROMPT}" == message.reasoning_content
    assert thinking["signature"]
    assert text == {"type": "text", "text": ECHO}


def test_loose_streams_carry_the_same_blocks(loose):
    chunks = loose.chunks(model=MODEL, messages=[user(PROMPT)], **THINKING)
    (message,) = (choice.message for choice in loose.create(model=MODEL, messages=[user(PROMPT)], **THINKING).choices)
    thought = message.content_blocks[0]
    assert content_blocks(chunks) == {
        0: {"thinking": thought["thinking"], "signature": thought["signature"]},
        1: {"text": ECHO},
    }
    assert joined(chunks) == ECHO
    assert joined(chunks, "reasoning_content") == thought["thinking"]
    assert finish_reasons(chunks) == ["end_turn"]
    assert chunks[-1].choices[0].finish_reason == "end_turn"
    assert_usage_adds_up(chunks[-1].usage)
    assert {chunk.provider for chunk in chunks} == {"bedrock"}


@pytest.mark.parametrize("redacted", [False, True], ids=["thinking", "redacted"])
@pytest.mark.parametrize("field", ["content", "content_blocks"])
def test_thinking_goes_back_and_is_verified(loose, field, redacted):
    """The emulator refuses a signature that does not fit, so a second turn proves that nothing was changed."""
    question = "redact what you think about this" if redacted else PROMPT
    blocks = loose.create(model=MODEL, messages=[user(question)], **THINKING).choices[0].message.content_blocks
    assert blocks[0]["type"] == ("redacted_thinking" if redacted else "thinking")
    turn = {"role": "assistant", "content": blocks}
    if field == "content_blocks":
        turn = {"role": "assistant", "content": blocks[-1]["text"], "content_blocks": blocks}
    second = loose.create(model=MODEL, messages=[user(question), turn, user("go on")], **THINKING)
    assert second.choices[0].message.content == "You said: go on"


def test_a_changed_thought_is_refused(loose):
    from openai import BadRequestError

    blocks = loose.create(model=MODEL, messages=[user(PROMPT)], **THINKING).choices[0].message.content_blocks
    blocks[0]["thinking"] += " no"
    with pytest.raises(BadRequestError, match="signature") as refused:
        loose.create(
            model=MODEL, messages=[user(PROMPT), {"role": "assistant", "content": blocks}, user("go on")], **THINKING
        )
    assert refused.value.code == "ValidationException"

"""The OpenAI client for Python, sync and async: parameters that Bedrock knows by another name, or not at all."""

import pytest
from openai import APIError, BadRequestError, OpenAI

from support import identity
from support.conversations import (
    ECHO,
    MODEL,
    PROMPT,
    TIME,
    WEATHER,
    assert_usage_adds_up,
    finish_reasons,
    joined,
    user,
)
from support.models import (
    CLAUDE_4_5, CLAUDE_4_6, DEEPSEEK, GPT, GPT_OSS, NOVA, NOVA_2, OPAQUE, QWEN,
)
from support.openai_callers import CALLERS

LOOSE = {"x-portkey-strict-open-ai-compliance": "false"}
HI = [user("hi")]


@pytest.fixture(params=CALLERS)
def openai(request, gateway):
    return CALLERS[request.param](api_key=identity.API_KEY, base_url=gateway.gateway, max_retries=0)


@pytest.fixture(params=CALLERS)
def loose(request, gateway):
    return CALLERS[request.param](
        api_key=identity.API_KEY, base_url=gateway.gateway, max_retries=0, default_headers=LOOSE
    )


@pytest.fixture(params=CALLERS)
def recorded(request, recorded_gateway):
    return CALLERS[request.param](api_key=identity.API_KEY, base_url=recorded_gateway.gateway, max_retries=0)


def test_what_is_passed_over_is_said(openai):
    headers, answer = openai.raw(
        model=MODEL,
        messages=[{"role": "system", "content": "be brief", "name": "s"}, {**user(PROMPT), "name": "kim"}],
        seed=7,
        user="kim",
        logit_bias={"1": 2},
        store=True,
        n=1,
        logprobs=False,
        presence_penalty=0,
        frequency_penalty=0.5,
        extra_body={"fürther, x": 1},
    )
    assert answer.choices[0].message.content == ECHO
    ignored = headers["x-portkey-ignored-params"].split(", ")
    assert {"seed", "user", "logit_bias", "store", "frequency_penalty", "f_rther__x", "messages[1].name"} <= set(ignored)
    assert not {"n", "logprobs", "presence_penalty"} & set(ignored), "these ask for nothing"


def test_nothing_is_said_when_nothing_is_passed_over(openai):
    headers, _ = openai.raw(model=MODEL, messages=HI, temperature=0.5, max_tokens=9, metadata={"a": "b"})
    assert "x-portkey-ignored-params" not in headers


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("param", "more"),
    [
        ("n", {"n": 2}),
        ("logprobs", {"logprobs": True}),
        ("top_logprobs", {"top_logprobs": 3}),
        ("modalities", {"modalities": ["text", "audio"]}),
        ("web_search_options", {"web_search_options": {}}),
    ],
)
def test_what_would_change_the_answer_is_refused(openai, param, more, stream):
    with pytest.raises(BadRequestError) as refused:
        openai.create(model=MODEL, messages=HI, stream=stream, **more)
    assert refused.value.param == param
    assert refused.value.type == "invalid_request_error"
    assert refused.value.body["message"]


@pytest.mark.parametrize("tier", ["default", "flex", "priority"])
def test_the_service_tier_is_told_back(openai, tier):
    body = {"model": MODEL, "messages": HI, "service_tier": tier}
    assert openai.create(**body).service_tier == tier
    *_, last = openai.chunks(stream_options={"include_usage": True}, **body)
    assert last.service_tier == tier


def test_the_tier_auto_is_left_to_bedrock(recorded, recorder):
    recorded.create(model=MODEL, messages=HI, service_tier="auto")
    assert "serviceTier" not in recorder.take().json()
    recorded.create(model=MODEL, messages=HI, service_tier="flex")
    assert recorder.take().json()["serviceTier"] == {"type": "flex"}


def test_metadata_finds_its_way_into_the_logs_of_aws(recorded, recorder):
    headers, _ = recorded.raw(
        model=MODEL,
        messages=HI,
        metadata={"team": "search", "naïve key!": "a\tb é", "long": "x" * 300},
        extra_headers={"x-portkey-metadata": '{"_user": "kim", "team": "other", "deep": {"a": 1}}'},
    )
    sent = recorder.take().json()["requestMetadata"]
    assert sent["team"] == "search", "the body's own counts"
    assert sent["_user"] == "kim"
    assert sent["na_ve key_"] == "a\tb _"
    assert sent["long"] == "x" * 256
    assert headers["x-portkey-ignored-params"] == "x-portkey-metadata.deep"


def test_at_most_one_call_at_a_time(openai, recorded, recorder):
    ask, tools = [user("use get_weather and get_time for Lisbon")], [WEATHER, TIME]
    for more, n_calls in (({}, 2), ({"parallel_tool_calls": False}, 1), ({"parallel_tool_calls": True}, 2)):
        answer = openai.create(model=CLAUDE_4_5, messages=ask, tools=tools, **more)
        assert len(answer.choices[0].message.tool_calls) == n_calls
    recorded.create(model=CLAUDE_4_5, messages=ask, tools=tools, tool_choice="auto", parallel_tool_calls=False)
    body = recorder.take().json()
    assert body["additionalModelRequestFields"]["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert "toolChoice" not in body["toolConfig"], "said in one place only"
    headers, _ = recorded.raw(model=NOVA, messages=ask, tools=tools, parallel_tool_calls=False)
    assert headers["x-portkey-ignored-params"] == "parallel_tool_calls"


@pytest.mark.parametrize("hint", ["anthropic.claude-sonnet-4-5", CLAUDE_4_5, "claude-sonnet-4-5"])
def test_the_family_of_an_opaque_profile(recorded, recorder, hint):
    body = {"model": OPAQUE, "messages": HI, "reasoning_effort": "low", "max_tokens": 4000}
    headers, _ = recorded.raw(**body)
    record = recorder.take()
    assert record.model_id == OPAQUE
    assert "additionalModelRequestFields" not in record.json()
    assert headers["x-portkey-ignored-params"] == "reasoning_effort"
    headers, _ = recorded.raw(**body, extra_headers={"x-portkey-model-family": hint})
    record = recorder.take()
    assert record.model_id == OPAQUE
    assert record.json()["additionalModelRequestFields"] == {"thinking": {"type": "enabled", "budget_tokens": 2000}}
    assert "x-portkey-ignored-params" not in headers


def test_a_hint_that_means_nothing_is_refused(recorded, recorder):
    with pytest.raises(BadRequestError) as refused:
        recorded.create(model=OPAQUE, messages=HI, extra_headers={"x-portkey-model-family": "of-the-future"})
    assert refused.value.param == "x-portkey-model-family"
    assert recorder.is_idle()


# What `low` becomes where 4000 tokens are allowed, and how the emulator's stand-in of the family then thinks.
EFFORTS = {
    CLAUDE_4_5: ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "thinking"),
    CLAUDE_4_6: ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, "thinking"),
    NOVA_2: ({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}, "thinking"),
    GPT_OSS: ({"reasoning_effort": "low"}, "thinking"),
    GPT: ({"reasoning": {"effort": "low"}}, "redacted_thinking"),
    DEEPSEEK: ({"reasoning_effort": "high"}, "thinking"),
    QWEN: ({"reasoning_config": "low"}, "text"),
    NOVA: (None, "text"),
}


@pytest.mark.parametrize("model", EFFORTS)
def test_reasoning_effort(loose, recorded, recorder, model):
    fields, first = EFFORTS[model]
    body = {"model": model, "messages": [user("why?")], "reasoning_effort": "low", "max_completion_tokens": 4000}
    headers, _ = recorded.raw(**body)
    assert recorder.take().json().get("additionalModelRequestFields") == fields
    assert headers.get("x-portkey-ignored-params") == (None if fields else "reasoning_effort")
    blocks = loose.create(**body).choices[0].message.content_blocks
    assert [block["type"] for block in blocks] == ([first, "text"] if first != "text" else ["text"])


@pytest.mark.parametrize("effort", ["none", "minimal", "low", "medium", "high", "xhigh"])
@pytest.mark.parametrize("model", EFFORTS)
def test_every_effort_is_accepted_by_every_family(openai, model, effort):
    answer = openai.create(model=model, messages=[user("why?")], reasoning_effort=effort, max_tokens=1500)
    assert answer.choices[0].message.content == "You said: why?"


def cached(text: str, **more) -> dict:
    return {"type": "text", "text": text, "cache_control": {"type": "ephemeral", **more}}


@pytest.mark.parametrize("name", CALLERS)
def test_prompt_caching(gateway, name):
    """The second time, what stands before the marks is read from the cache."""
    openai = CALLERS[name](api_key=identity.API_KEY, base_url=gateway.gateway, max_retries=0)
    loose = CALLERS[name](api_key=identity.API_KEY, base_url=gateway.gateway, max_retries=0, default_headers=LOOSE)
    tool = {"type": "function", "function": {"name": "f", "description": f"of {name}"}}
    body = {
        "model": CLAUDE_4_5,
        "messages": [
            {"role": "system", "content": [cached(f"a long instruction for {name}", ttl="1h")]},
            {"role": "user", "content": [cached("a long document"), {"type": "text", "text": "and a question"}]},
        ],
        "tools": [{**tool, "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
    }
    first = loose.create(**body).usage
    assert first.prompt_tokens_details.cached_tokens == first.cache_read_input_tokens == 0
    assert first.cache_creation_input_tokens > 0
    assert {detail["ttl"] for detail in first.cache_details} == {"1h", "5m"}
    second = openai.create(**body).usage
    assert second.prompt_tokens_details.cached_tokens == first.cache_creation_input_tokens
    assert second.prompt_tokens == first.prompt_tokens, "what is read from the cache is part of the prompt"
    assert_usage_adds_up(second)
    *_, last = openai.chunks(stream_options={"include_usage": True}, **body)
    assert last.usage == second


def test_cache_marks_become_points(recorded, recorder):
    recorded.create(
        model=CLAUDE_4_5,
        messages=[
            {"role": "system", "content": [cached("a"), {"type": "text", "text": "b"}]},
            {"role": "user", "content": [cached("c", ttl="5m")]},
        ],
        tools=[{**TIME, "cache_control": {"type": "ephemeral"}}],
    )
    body = recorder.take().json()
    point = {"cachePoint": {"type": "default"}}
    assert body["system"] == [{"text": "a"}, point, {"text": "b"}]
    assert body["messages"][0]["content"][0] == {"text": "c"}
    assert body["messages"][0]["content"][1]["cachePoint"]["type"] == "default"
    assert body["toolConfig"]["tools"][1] == point


def test_citations_of_pages_are_annotations(openai):
    body = {
        "model": "us.amazon.nova-premier-v1:0",
        "messages": HI,
        "tools": [{"type": "system_tool", "system_tool": {"name": "nova_grounding"}}],
    }
    message = openai.create(**body).choices[0].message
    assert [note.url_citation.url for note in message.annotations] == ["https://example.com/one", "https://example.com/two"]
    for note in message.annotations:
        assert note.type == "url_citation"
        assert 0 <= note.url_citation.start_index <= note.url_citation.end_index <= len(message.content)
    assert message.tool_calls is None, "the search ran at AWS"
    chunks = openai.chunks(**body)
    assert joined(chunks) == message.content
    streamed = [
        note
        for chunk in chunks
        for note in chunk.choices[0].delta.model_extra.get("annotations") or []
    ]
    assert streamed == [note.model_dump() for note in message.annotations]


@pytest.mark.parametrize("kind", CALLERS.values(), ids=CALLERS)
def test_keep_alive_comments_are_not_seen(lively_gateway, kind):
    client = kind(api_key=identity.API_KEY, base_url=lively_gateway.gateway, max_retries=0)
    for model in ("emulator.silent-after-1-350", "emulator.silent-after-0-350", "emulator.slow-first-350"):
        chunks = client.chunks(model=model, messages=[user(PROMPT)])
        assert joined(chunks) == ECHO
        assert finish_reasons(chunks) == ["stop"]


@pytest.mark.parametrize("kind", CALLERS.values(), ids=CALLERS)
def test_an_error_after_a_comment_is_raised(lively_gateway, kind):
    """The answer has begun with a sign of life when the error comes."""
    client = kind(api_key=identity.API_KEY, base_url=lively_gateway.gateway, max_retries=0)
    seen = []
    with pytest.raises(APIError) as broken:
        client.chunks(seen, model="emulator.hang", messages=[user(PROMPT)])
    assert broken.value.message == "the provider had not begun to answer after 1000 ms"
    assert finish_reasons(seen) == []


def test_keep_alive_comments_are_sent(lively_gateway):
    client = OpenAI(api_key=identity.API_KEY, base_url=lively_gateway.gateway, max_retries=0)
    with client.chat.completions.with_streaming_response.create(
        model="emulator.silent-after-1-450", messages=HI, stream=True
    ) as response:
        lines = list(response.iter_lines())
    assert lines.count(": keep-alive") >= 2
    assert "data: [DONE]" in lines

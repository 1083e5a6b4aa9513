"""OpenAI bodies for the gateway to translate, and what must stand in the Converse body for them.

`expect` names members of the Converse body and their whole value; `absent` names members that may not be there.
"""

import base64
from dataclasses import dataclass, field
from typing import Any

from . import seed
from .conversations import NOTHING, TIME, WEATHER, tool_result, user
from .images import GIF, JPEG, PNG, WEBP, data_url

CLAUDE = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
NOVA = "amazon.nova-lite-v1:0"


@dataclass
class Case:
    name: str
    openai: dict[str, Any]
    expect: dict[str, Any] = field(default_factory=dict)
    absent: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


def case(name: str, *messages: dict, expect: dict | None = None, absent: tuple[str, ...] = (), **body: Any) -> Case:
    return Case(name, {"model": CLAUDE, "messages": list(messages), **body}, expect or {}, absent)


def text(*texts: str) -> list[dict]:
    return [{"text": each} for each in texts]


def turn(role: str, *blocks: dict) -> dict:
    return {"role": role, "content": list(blocks)}


def parts(*texts: str) -> list[dict]:
    return [{"type": "text", "text": each} for each in texts]


def call(call_id: str, name: str, arguments: str) -> dict:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def calls(*tool_calls: dict, content: str | None = None) -> dict:
    return {"role": "assistant", "content": content, "tool_calls": list(tool_calls)}


def use(call_id: str, name: str, arguments: dict) -> dict:
    return {"toolUse": {"toolUseId": call_id, "name": name, "input": arguments}}


def result(call_id: str, said: str) -> dict:
    return {"toolResult": {"toolUseId": call_id, "content": text(said)}}


def image(kind: str, data: bytes) -> dict:
    return {"image": {"format": kind, "source": {"bytes": base64.b64encode(data).decode()}}}


def spec(tool: dict, schema: dict | None = None) -> dict:
    function = tool["function"]
    described = {"description": function["description"]} if "description" in function else {}
    json = schema or function["parameters"]
    return {"toolSpec": {"name": function["name"], **described, "inputSchema": {"json": json}}}


HI = user("hi")
HI_TURN = turn("user", *text("hi"))
SIGNED = {"type": "thinking", "thinking": "hm", "signature": seed.MULTI_TURN["messages"][1]["content"][0]["signature"]}
SIGNED_BLOCK = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": SIGNED["signature"]}}}
REDACTED = {"type": "redacted_thinking", "data": base64.b64encode(b"hidden thought").decode()}
REDACTED_BLOCK = {"reasoningContent": {"redactedContent": REDACTED["data"]}}

NO_EXTRAS = ("system", "inferenceConfig", "toolConfig", "additionalModelRequestFields", "guardrailConfig")

TEXTS = [
    case("the least there is", HI, expect={"messages": [HI_TURN]}, absent=NO_EXTRAS),
    case(
        "system and developer messages",
        {"role": "system", "content": "one"},
        {"role": "developer", "content": parts("two", "three")},
        HI,
        expect={"system": text("one", "two", "three"), "messages": [HI_TURN]},
    ),
    case(
        "turns of one side are merged",
        user("a"),
        user("b"),
        {"role": "assistant", "content": "c"},
        {"role": "assistant", "content": parts("d", "e")},
        user("f"),
        expect={
            "messages": [
                turn("user", *text("a", "b")),
                turn("assistant", *text("c", "d", "e")),
                turn("user", *text("f")),
            ]
        },
    ),
    case(
        "blank text is left out",
        {"role": "system", "content": " "},
        {"role": "user", "content": parts("", "hi", "  \n")},
        {"role": "assistant", "content": "   "},
        user("go on"),
        expect={"messages": [turn("user", *text("hi", "go on"))]},
        absent=("system",),
    ),
    case("text keeps its white space", user("  hi\n\n there "), expect={"messages": [turn("user", *text("  hi\n\n there "))]}),
    case("text beyond ASCII", user("Grüße, 世界 🚀 \u2028 \"quoted\" \\"), expect={
        "messages": [turn("user", *text("Grüße, 世界 🚀 \u2028 \"quoted\" \\"))]
    }),
    case("nulls are nothing", HI, temperature=None, top_p=None, stop=None, tools=None, tool_choice=None,
         max_tokens=None, stream_options=None, expect={"messages": [HI_TURN]}, absent=NO_EXTRAS),
]

PARAMETERS = [
    case("max_tokens", HI, max_tokens=5, expect={"inferenceConfig": {"maxTokens": 5}}),
    case("max_completion_tokens", HI, max_completion_tokens=5, expect={"inferenceConfig": {"maxTokens": 5}}),
    case("temperature zero", HI, temperature=0, expect={"inferenceConfig": {"temperature": 0}}),
    case("top_p", HI, top_p=0.9, expect={"inferenceConfig": {"topP": 0.9}}),
    case("stop as a string", HI, stop="X", expect={"inferenceConfig": {"stopSequences": ["X"]}}),
    case("stop as a list", HI, stop=["X", "\n", "END"], expect={"inferenceConfig": {"stopSequences": ["X", "END"]}}),
    case("stop with nothing in it", HI, stop=[], absent=("inferenceConfig",)),
    case("stop with only white space", HI, stop=["\n"], absent=("inferenceConfig",)),
    case("fields without a place at Bedrock", HI, n=1, seed=7, user="kim", logit_bias={"1": 0}, logprobs=False,
         presence_penalty=0, frequency_penalty=0, store=True, a_field_of_the_future=1,
         expect={"messages": [HI_TURN]}, absent=("inferenceConfig",)),
    case("thinking", HI, max_tokens=3000, thinking={"type": "enabled", "budget_tokens": 2030}, expect={
        "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2030}},
        "inferenceConfig": {"maxTokens": 3000},
    }),
    case("top_k", HI, top_k=40, expect={"additionalModelRequestFields": {"top_k": 40}}),
    case("anthropic_beta as a list", HI, anthropic_beta=["a-1", "b-2"], expect={
        "additionalModelRequestFields": {"anthropic_beta": ["a-1", "b-2"]}
    }),
    case("anthropic_beta as a string", HI, anthropic_beta="a-1, b-2", expect={
        "additionalModelRequestFields": {"anthropic_beta": ["a-1", "b-2"]}
    }),
    case("additional fields in camel case", HI, additionalModelRequestFields={"frequency_penalty": 0.4}, expect={
        "additionalModelRequestFields": {"frequency_penalty": 0.4}
    }),
    case("additional fields in snake case", HI, additional_model_request_fields={"x": {"y": [1, None, "z"]}}, expect={
        "additionalModelRequestFields": {"x": {"y": [1, None, "z"]}}
    }),
    case("additional fields beside others", HI, additionalModelRequestFields={"a": 1}, top_k=3, expect={
        "additionalModelRequestFields": {"a": 1, "top_k": 3}
    }),
    case("response field paths in camel case", HI, additionalModelResponseFieldPaths=["/stop_sequence"], expect={
        "additionalModelResponseFieldPaths": ["/stop_sequence"]
    }),
    case("response field paths in snake case", HI, additional_model_response_field_paths=["/stop_sequence"], expect={
        "additionalModelResponseFieldPaths": ["/stop_sequence"]
    }),
    *[
        case(f"{name}", HI, expect={
            "guardrailConfig": {"guardrailIdentifier": "abc123", "guardrailVersion": "DRAFT", "trace": "enabled"}
        }, **{name: {"guardrailIdentifier": "abc123", "guardrailVersion": "DRAFT", "trace": "enabled"}})
        for name in ("guardrailConfig", "guardrail_config")
    ],
]

TOOLS = [
    case("tools", HI, tools=[WEATHER, TIME], expect={"toolConfig": {"tools": [spec(WEATHER), spec(TIME)]}}),
    case("a tool without parameters", HI, tools=[NOTHING],
         expect={"toolConfig": {"tools": [spec(NOTHING, {"type": "object", "properties": {}})]}}),
    case("a tool with a blank description", HI,
         tools=[{"type": "function", "function": {"name": "f", "description": " ", "parameters": {"type": "object"}}}],
         expect={"toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}]}}),
    case("an empty list of tools", HI, tools=[], absent=("toolConfig",)),
    case("tool_choice auto", HI, tools=[TIME], tool_choice="auto",
         expect={"toolConfig": {"tools": [spec(TIME)], "toolChoice": {"auto": {}}}}),
    case("tool_choice required", HI, tools=[TIME], tool_choice="required",
         expect={"toolConfig": {"tools": [spec(TIME)], "toolChoice": {"any": {}}}}),
    case("tool_choice by name", HI, tools=[TIME], tool_choice={"type": "function", "function": {"name": "get_time"}},
         expect={"toolConfig": {"tools": [spec(TIME)], "toolChoice": {"tool": {"name": "get_time"}}}}),
    case("tool_choice none, no history", HI, tools=[TIME], tool_choice="none", absent=("toolConfig",)),
    case("parallel_tool_calls without tools", HI, parallel_tool_calls=False, absent=("toolConfig",)),
    case(
        "results of parallel calls share a turn",
        user("go"),
        calls(call("t1", "get_weather", '{"x": 1}'), call("t2", "get_time", "{}"), content="I will."),
        tool_result("t1", "1"),
        tool_result("t2", "2"),
        user("and now?"),
        tools=[WEATHER, TIME],
        expect={
            "messages": [
                turn("user", *text("go")),
                turn("assistant", {"text": "I will."}, use("t1", "get_weather", {"x": 1}), use("t2", "get_time", {})),
                turn("user", result("t1", "1"), result("t2", "2"), {"text": "and now?"}),
            ]
        },
    ),
    case(
        "calls without content",
        user("go"),
        calls(call("t1", "get_time", "{}"), content=""),
        {"role": "tool", "tool_call_id": "t1", "content": parts("1", "2")},
        tools=[TIME],
        expect={
            "messages": [
                turn("user", *text("go")),
                turn("assistant", use("t1", "get_time", {})),
                turn("user", {"toolResult": {"toolUseId": "t1", "content": text("1", "2")}}),
            ]
        },
    ),
    case("arguments that are empty", user("go"), calls(call("t1", "get_time", "")), tool_result("t1", "1"), tools=[TIME]),
    case("a result that is empty", user("go"), calls(call("t1", "get_time", "{}")), tool_result("t1", ""), tools=[TIME]),
    case("tools of the past", user("go"), calls(call("t1", "get_time", "{}")), tool_result("t1", "1")),
    case("tools of the past and tool_choice none", user("go"), calls(call("t1", "get_time", "{}")),
         tool_result("t1", "1"), tools=[TIME], tool_choice="none"),
    case("nested arguments", user("go"), calls(call("t1", "get_time", '{"a":{"b":[1,2.5,null,"é",true]}}')),
         tool_result("t1", "1"), tools=[TIME], expect={
        "messages": [
            turn("user", *text("go")),
            turn("assistant", use("t1", "get_time", {"a": {"b": [1, 2.5, None, "é", True]}})),
            turn("user", result("t1", "1")),
        ]
    }),
]

MEDIA = [
    *[
        case(
            f"an image as {media_type}",
            {"role": "user", "content": [*parts("see"), {"type": "image_url", "image_url": {"url": data_url(data, media_type)}}]},
            expect={"messages": [turn("user", {"text": "see"}, image(kind, data))]},
        )
        for media_type, kind, data in [
            ("image/png", "png", PNG),
            ("image/jpeg", "jpeg", JPEG),
            ("image/jpg", "jpeg", JPEG),
            ("image/gif", "gif", GIF),
            ("image/webp", "webp", WEBP),
        ]
    ],
    case("an image alone", {"role": "user", "content": [{"type": "image_url", "image_url": {"url": data_url(PNG)}}]},
         expect={"messages": [turn("user", image("png", PNG))]}),
]

REASONING = [
    case(
        "thoughts in the content",
        user("a"),
        {"role": "assistant", "content": [SIGNED, REDACTED, *parts("b")]},
        user("c"),
        expect={
            "messages": [
                turn("user", *text("a")),
                turn("assistant", SIGNED_BLOCK, REDACTED_BLOCK, {"text": "b"}),
                turn("user", *text("c")),
            ]
        },
    ),
    case(
        "thoughts in content_blocks",
        user("a"),
        {"role": "assistant", "content": "b", "content_blocks": [SIGNED, REDACTED, *parts("b")]},
        user("c"),
        expect={
            "messages": [
                turn("user", *text("a")),
                turn("assistant", SIGNED_BLOCK, REDACTED_BLOCK, {"text": "b"}),
                turn("user", *text("c")),
            ]
        },
    ),
    case(
        "thoughts in content_blocks alone, before a tool call",
        user("a"),
        {"role": "assistant", "content": None, "content_blocks": [SIGNED], "tool_calls": [call("t1", "get_time", "{}")]},
        tool_result("t1", "noon"),
        tools=[TIME],
        expect={
            "messages": [
                turn("user", *text("a")),
                turn("assistant", SIGNED_BLOCK, use("t1", "get_time", {})),
                turn("user", result("t1", "noon")),
            ]
        },
    ),
]

SEED = [
    Case("the page: thinking, single turn", seed.without(seed.SINGLE_TURN, "stream")),
    Case("the page: thinking, multi turn", seed.without(seed.MULTI_TURN, "stream")),
]

CASES = [*TEXTS, *PARAMETERS, *TOOLS, *MEDIA, *REASONING, *SEED]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::emulator::{families, signature};

fn ask(model: &str, mode: Mode, body: &Value) -> Reply {
    let family = families::of(model);
    compose(Question { body: Body(body), family, mode, seed: "seed" }, None)
}

fn reply(body: &Value) -> Reply {
    ask("anthropic.claude-sonnet-4-5", Mode::Whole, body)
}

fn said(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": [{"text": text}]}]})
}

fn text_of(reply: &Reply) -> &str {
    match reply.blocks.last() {
        Some(Block::Text(text)) => text,
        other => panic!("no text at the end: {other:?}"),
    }
}

fn with_tools(text: &str, specs: Value) -> Value {
    let mut body = said(text);
    body["toolConfig"] = json!({"tools": specs});
    body
}

fn weather() -> Value {
    json!({"toolSpec": {"name": "get_weather", "inputSchema": {"json": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"]
    }}}})
}

fn tool(name: &str) -> Value {
    json!({"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}})
}

#[test]
fn the_user_is_echoed_and_counted() {
    let mut body = said("one two");
    body["system"] = json!([{"text": "be brief"}]);
    let reply = reply(&body);
    assert_eq!(text_of(&reply), "You said: one two");
    assert_eq!(reply.stop_reason, "end_turn");
    assert_eq!((reply.usage.input, reply.usage.output, reply.usage.total()), (4, 4, 8));
}

#[test]
fn texts_after_the_last_assistant_turn_are_one() {
    let body = json!({"messages": [
        {"role": "user", "content": [{"text": "old"}]},
        {"role": "assistant", "content": [{"text": "answer"}]},
        {"role": "user", "content": [{"text": "a"}, {"text": "b"}]},
        {"role": "user", "content": [{"text": "c"}]}
    ]});
    assert_eq!(text_of(&reply(&body)), "You said: a\nb\nc");
}

#[test]
fn answers_end_at_their_limits() {
    let mut body = said("one two three");
    body["inferenceConfig"] = json!({"maxTokens": 3});
    let cut = reply(&body);
    assert_eq!((text_of(&cut), cut.stop_reason.as_str()), ("You said: one", "max_tokens"));
    body["inferenceConfig"] = json!({"maxTokens": 5, "stopSequences": ["three", " two"]});
    body["additionalModelResponseFieldPaths"] = json!(["/stop_sequence"]);
    let stopped = reply(&body);
    assert_eq!(
        (text_of(&stopped), stopped.stop_reason.as_str()),
        ("You said: one", "stop_sequence")
    );
    assert_eq!(stopped.additional, Some(json!({"stop_sequence": " two"})));
    body["inferenceConfig"] = json!({});
    body["additionalModelResponseFieldPaths"] = json!(["/stop_sequence", "/delta/stop_sequence"]);
    assert_eq!(reply(&body).additional, Some(json!({"stop_sequence": null})));
    let streamed = ask("emulator.echo", Mode::Stream, &body);
    assert_eq!(streamed.additional, Some(json!({"delta": {"stop_sequence": null}})));
}

#[test]
fn tools_are_called_when_named_or_forced() {
    let offered = json!([weather(), tool("get"), tool("put")]);
    let names = |text: &str, choice: Value| -> Vec<String> {
        let mut body = with_tools(text, offered.clone());
        body["toolConfig"]["toolChoice"] = choice;
        let reply = reply(&body);
        let calls = reply.blocks.iter().filter_map(|block| match block {
            Block::ToolUse { name, .. } => Some(name.clone()),
            _ => None,
        });
        calls.collect()
    };
    let auto = || json!({"auto": {}});
    assert!(names("what is the weather", auto()).is_empty());
    assert_eq!(names("call get_weather", auto()), ["get_weather"]);
    assert_eq!(names("call put, then get.", auto()), ["get", "put"]);
    assert_eq!(names("please use the tool", auto()), ["get_weather"]);
    assert_eq!(names("hello", json!({"any": {}})), ["get_weather"]);
    assert_eq!(names("call get", json!({"any": {}})), ["get"]);
    assert_eq!(names("call get", json!({"tool": {"name": "put"}})), ["put"]);
}

#[test]
fn claudes_own_tool_choice_is_obeyed() {
    let called = |text: &str, choice: Value| {
        let mut body = with_tools(text, json!([tool("get"), tool("put")]));
        body["additionalModelRequestFields"] = json!({"tool_choice": choice});
        kinds(&reply(&body)).iter().filter(|kind| **kind == "call").count()
    };
    assert_eq!(called("get put", json!({"type": "auto", "disable_parallel_tool_use": true})), 1);
    assert_eq!(called("get put", json!({"type": "none"})), 0);
    assert_eq!(called("hello", json!({"type": "any"})), 1);
    assert_eq!(called("hello", json!({"type": "tool", "name": "put"})), 1);
}

#[test]
fn a_call_is_announced_and_fits_its_schema() {
    let reply = reply(&with_tools("Use get_weather for Paris, France!", json!([weather()])));
    let [Block::Text(text), Block::ToolUse { id, input, .. }] = reply.blocks.as_slice() else {
        panic!("{:?}", reply.blocks)
    };
    assert_eq!(text, "I will call get_weather.");
    assert_eq!(input, r#"{"city":"Paris, France"}"#);
    assert_eq!((id.len(), id.starts_with("tooluse_")), (30, true));
    assert_eq!(reply.stop_reason, "tool_use");
}

#[test]
fn schemas_are_followed_to_their_ends() {
    let schema = json!({
        "type": "object",
        "$defs": {"unit": {"enum": ["c", "f"]}, "loop": {"$ref": "#/$defs/loop"}},
        "properties": {
            "unit": {"$ref": "#/$defs/unit"}, "loop": {"$ref": "#/$defs/loop"},
            "list": {"type": "array", "items": {"type": "boolean"}},
            "nested": {"type": "object", "required": ["n"], "properties": {"n": {"type": ["null", "number"]}}},
            "maybe": {"anyOf": [{"type": "null"}, {"const": 7}]},
            "least": {"type": "integer", "minimum": 3}
        },
        "required": ["unit", "list", "nested", "maybe", "least", "loop", "unknown"]
    });
    let spec = json!([{"toolSpec": {"name": "t", "inputSchema": {"json": schema}}}]);
    let Some(Block::ToolUse { input, .. }) = reply(&with_tools("t", spec)).blocks.pop() else {
        panic!("no call")
    };
    let input: Value = serde_json::from_str(&input).unwrap();
    assert_eq!(
        input,
        json!({"unit": "c", "list": [true], "nested": {"n": 1}, "maybe": 7, "least": 3, "loop": null, "unknown": "example"})
    );
}

#[test]
fn results_are_repeated() {
    let mut body = with_tools("get", json!([tool("get")]));
    body["messages"] = json!([
        {"role": "user", "content": [{"text": "get"}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "get", "input": {}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [{"text": "sun"}, {"json": {"t": 20}}]}}]}
    ]);
    let reply = reply(&body);
    assert_eq!(text_of(&reply), r#"The tool get answered: sun {"t":20}"#);
    assert_eq!(reply.stop_reason, "end_turn");
}

#[test]
fn thinking_comes_first_and_is_signed() {
    let think = |text: &str, model: &str| {
        let mut body = said(text);
        body["additionalModelRequestFields"] =
            json!({"thinking": {"type": "enabled", "budget_tokens": 1024}});
        ask(model, Mode::Whole, &body).blocks
    };
    let blocks = think("why", "anthropic.claude-sonnet-4-5");
    let text = "Let me think about: why".to_owned();
    let signature = Some(signature::sign(&text));
    assert_eq!(blocks[0], Block::Reasoning { text: text.clone(), signature });
    assert_eq!(
        think("why", "amazon.nova-2-lite-v1:0")[0],
        Block::Reasoning { text, signature: None }
    );
    assert_eq!(think("think in two steps", "emulator.echo").len(), 3);
    assert!(matches!(think("please redact it", "emulator.echo")[0], Block::Redacted(_)));
    assert!(matches!(think("redaction", "emulator.echo")[0], Block::Reasoning { .. }));
}

#[test]
fn media_are_looked_at() {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend([0, 0, 0, 16, 0, 0, 0, 9, 8]);
    let mut gif = b"GIF89a".to_vec();
    gif.extend([3, 0, 2, 1]);
    let jpeg = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc0, 0, 11, 8, 0, 7, 0, 5, 1];
    let mut webp = b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0".to_vec();
    webp.extend([15, 0, 0, 31, 0, 0]);
    for (bytes, seen) in [
        (png, "I see a png image of 16x9 pixels (25 bytes)."),
        (gif, "I see a gif image of 3x258 pixels (10 bytes)."),
        (jpeg.to_vec(), "I see a jpeg image of 5x7 pixels (18 bytes)."),
        (webp, "I see a webp image of 16x32 pixels (30 bytes)."),
        (b"nonsense".to_vec(), "I see an image I cannot read (8 bytes)."),
        (b"\x89PNG\r\n\x1a\n".to_vec(), "I see an image I cannot read (8 bytes)."),
    ] {
        let image = json!({"image": {"format": "jpeg", "source": {"bytes": BASE64_STANDARD.encode(bytes)}}});
        let body = json!({"messages": [{"role": "user", "content": [image, {"text": "look"}]}]});
        assert_eq!(text_of(&reply(&body)), format!("{seen}\nYou said: look"));
    }
    let document = json!({"document": {"name": "D", "format": "pdf", "source": {"bytes": "AAAA"}}});
    let body = json!({"messages": [{"role": "user", "content": [document]}]});
    assert_eq!(text_of(&reply(&body)), r#"I read the document "D" (pdf, 3 bytes)."#);
}

#[test]
fn pictures_are_drawn() {
    let drawn = reply(&said("draw a dot"));
    assert_eq!(kinds(&drawn), ["text", "image"]);
    let Some(Block::Image { bytes, .. }) = drawn.blocks.last() else { panic!("no image") };
    assert_eq!(base64_image_size(bytes), Some(("png", 1, 1)));
}

#[test]
fn structured_output_is_an_example() {
    let mut body = said("a city for Rome");
    let schema = r#"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}"#;
    body["outputConfig"] = json!({"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": schema}}}});
    assert_eq!(text_of(&reply(&body)), r#"{"city":"Rome"}"#);
}

#[test]
fn tokens_can_run_out_within_a_call() {
    let mut body = with_tools("get_weather for Paris", json!([weather()]));
    body["inferenceConfig"] = json!({"maxTokens": 5});
    let reply = reply(&body);
    assert_eq!(reply.stop_reason, "max_tokens");
    let Some(Block::ToolUse { input, .. }) = reply.blocks.last() else {
        panic!("{:?}", reply.blocks)
    };
    assert!(serde_json::from_str::<Value>(input).is_err(), "{input}");
}

#[test]
fn a_schema_that_grows_without_end_is_left_in_time() {
    let names: Vec<String> = (0..20).map(|index| format!("p{index}")).collect();
    let properties: Value = names.iter().map(|name| (name.clone(), json!({"$ref": "#"}))).collect();
    let schema = json!({"type": "object", "properties": properties, "required": names});
    let spec = json!([{"toolSpec": {"name": "t", "inputSchema": {"json": schema}}}]);
    let Some(Block::ToolUse { input, .. }) = reply(&with_tools("t", spec)).blocks.pop() else {
        panic!("no call")
    };
    assert!(input.len() < 10_000_000, "{}", input.len());
}

/// The kinds of the blocks, in order.
fn kinds(reply: &Reply) -> Vec<&'static str> {
    let kind = |block: &Block| match block {
        Block::Text(text) if text.is_empty() => "empty",
        Block::Text(_) => "text",
        Block::Cited { text, .. } if text.is_empty() => "source",
        Block::Cited { .. } => "cited",
        Block::Reasoning { .. } => "thought",
        Block::Redacted(_) => "redacted",
        Block::ToolUse { kind: Some("server_tool_use"), .. } => "server call",
        Block::ToolUse { .. } => "call",
        Block::ToolResult { .. } => "result",
        Block::Image { .. } => "image",
    };
    reply.blocks.iter().map(kind).collect()
}

#[test]
fn families_think_in_their_own_ways() {
    let mut body = with_tools("get", json!([tool("get")]));
    for (model, mode, expected) in [
        ("deepseek.r1-v1:0", Mode::Whole, &["text", "thought", "call"][..]),
        ("moonshot.kimi-k2-thinking", Mode::Whole, &["thought", "text", "call"]),
        ("moonshot.kimi-k2-thinking", Mode::Stream, &["empty", "thought", "text", "call", "empty"]),
        ("openai.gpt-oss-120b-1:0", Mode::Whole, &["thought", "text", "call"]),
        ("openai.gpt-oss-120b-1:0", Mode::Stream, &["empty", "thought", "text", "call"]),
        ("xai.grok-4.6", Mode::Whole, &["redacted", "text", "call"]),
        ("amazon.nova-lite-v1:0", Mode::Stream, &["text", "call"]),
    ] {
        assert_eq!(kinds(&ask(model, mode, &body)), expected, "{model}");
    }
    body["additionalModelRequestFields"] = json!({"reasoning": {"effort": "low"}});
    let reply = ask("openai.gpt-6-sol", Mode::Whole, &body);
    assert_eq!(kinds(&reply), ["redacted", "text", "call"]);
    body["additionalModelRequestFields"] = json!({"reasoning_config": "high"});
    assert_eq!(kinds(&ask("qwen.qwen3-32b-v1:0", Mode::Whole, &body))[0], "thought");
    body["additionalModelRequestFields"] = json!({"thinking": {"type": "adaptive"}});
    let Block::Reasoning { text, signature } =
        ask("anthropic.claude-opus-5", Mode::Whole, &body).blocks.remove(0)
    else {
        panic!("no thought")
    };
    assert_eq!((text.as_str(), signature), ("", Some(signature::sign(""))));
    body["additionalModelRequestFields"]["thinking"]["display"] = json!("summarized");
    assert!(matches!(
        ask("anthropic.claude-opus-5", Mode::Whole, &body).blocks.first(),
        Some(Block::Reasoning { text, .. }) if !text.is_empty()
    ));
}

#[test]
fn families_name_their_calls() {
    let body = with_tools("get put", json!([tool("get"), tool("put")]));
    let ids = |model: &str| -> Vec<(String, Option<&'static str>)> {
        let blocks = ask(model, Mode::Whole, &body).blocks.into_iter();
        blocks
            .filter_map(|block| match block {
                Block::ToolUse { id, kind, .. } => Some((id, kind)),
                _ => None,
            })
            .collect()
    };
    let kimi = ids("moonshotai.kimi-k2.5");
    assert_eq!(kimi, [("functions.get:0".to_owned(), None), ("functions.put:1".to_owned(), None)]);
    let closed = ids("openai.gpt-5.6-sol");
    assert!(closed.iter().all(|(id, _)| id.starts_with("call_") && id.len() == 37), "{closed:?}");
    assert!(ids("amazon.nova-2-lite-v1:0").iter().all(|(_, kind)| *kind == Some("tool_use")));
}

#[test]
fn nova_stumbles_over_hyphens() {
    let called = |model: &str, text: &str| {
        let reply =
            ask(model, Mode::Whole, &with_tools(text, json!([tool("get-it"), tool("get")])));
        reply.has_broken_call(families::of(model))
    };
    assert!(called("amazon.nova-pro-v1:0", "get-it"));
    assert!(!called("amazon.nova-pro-v1:0", "get"));
    assert!(!called("anthropic.claude-sonnet-4-6", "get-it"));
}

#[test]
fn what_may_be_cited_is_cited() {
    let document = |name: &str, source: Value, format: Option<&str>| {
        let mut document = json!({"name": name, "source": source, "citations": {"enabled": true}});
        if let Some(format) = format {
            document["format"] = json!(format);
        }
        json!({"document": document})
    };
    let text = BASE64_STANDARD.encode("It rains. It pours.");
    let body = json!({"messages": [{"role": "user", "content": [
        {"text": "read"},
        {"document": {"name": "plain", "format": "pdf", "source": {"bytes": "AAAA"}}},
        document("bytes", json!({"bytes": text}), Some("txt")),
        document("page", json!({"bytes": "AAAA"}), Some("pdf")),
        document("chunks", json!({"content": [{"text": "One."}, {"text": "Two."}]}), None),
        {"searchResult": {
            "source": "https://example.com", "title": "T", "content": [{"text": "Found."}],
            "citations": {"enabled": true}
        }}
    ]}]});
    let reply = reply(&body);
    let found: Vec<(&str, &Value)> = reply
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Cited { text, citations } => Some((text.as_str(), &citations[0]["location"])),
            _ => None,
        })
        .collect();
    assert_eq!(
        found,
        [
            ("It rains.", &json!({"documentChar": {"documentIndex": 1, "start": 0, "end": 9}})),
            (
                "What the first page says.",
                &json!({"documentPage": {"documentIndex": 2, "start": 1, "end": 2}})
            ),
            ("One.", &json!({"documentChunk": {"documentIndex": 3, "start": 0, "end": 1}})),
            (
                "Found.",
                &json!({"searchResultLocation": {"searchResultIndex": 0, "start": 0, "end": 1}})
            ),
        ]
    );
}

#[test]
fn search_results_of_tools_are_cited_too() {
    let mut body = with_tools("get", json!([tool("get")]));
    let result = json!({"searchResult": {
        "source": "s", "title": "T", "content": [{"text": "Found."}], "citations": {"enabled": true}
    }});
    body["messages"] = json!([
        {"role": "user", "content": [{"text": "get"}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "get", "input": {}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [result]}}]}
    ]);
    assert_eq!(kinds(&reply(&body)), ["text", "cited"]);
}

#[test]
fn tools_at_aws_run_within_the_answer() {
    let offered = json!([{"systemTool": {"name": "nova_grounding"}}, tool("get")]);
    let model = "amazon.nova-2-lite-v1:0";
    let searched = ask(model, Mode::Whole, &with_tools("news", offered.clone()));
    assert_eq!(kinds(&searched), ["server call", "result", "text", "source", "source", "text"]);
    assert_eq!(searched.stop_reason, "end_turn");
    let both = ask(model, Mode::Whole, &with_tools("get news", offered));
    assert_eq!(kinds(&both), ["server call", "result", "text", "call"]);
    assert_eq!(both.stop_reason, "tool_use");
}

#[test]
fn guardrails_block_mask_or_let_pass() {
    let guarded = |name: &str, trace: &str| {
        let mut body = said("call 5551234 or kim@example.com");
        body["guardrailConfig"] =
            json!({"guardrailIdentifier": name, "guardrailVersion": "1", "trace": trace});
        reply(&body)
    };
    let blocked = guarded("emulatorblock", "enabled");
    assert_eq!(text_of(&blocked), "The guardrail of the emulator blocked this.");
    assert_eq!((blocked.stop_reason.as_str(), blocked.usage.total()), ("guardrail_intervened", 0));
    let trace = &blocked.trace["guardrail"];
    assert_eq!(trace["actionReason"], "Guardrail blocked.");
    assert!(trace["inputAssessment"]["emulatorblock"]["topicPolicy"].is_object());
    let masked =
        guarded("arn:aws:bedrock:us-east-1:111122223333:guardrail/emulatormask", "enabled_full");
    assert_eq!(text_of(&masked), "You said: call {PHONE} or {EMAIL}");
    assert_eq!(masked.stop_reason, "guardrail_intervened");
    let trace = &masked.trace["guardrail"];
    assert_eq!(trace["modelOutput"], json!(["You said: call 5551234 or kim@example.com"]));
    let entities = &trace["outputAssessments"]["emulatormask"][0]["sensitiveInformationPolicy"];
    assert_eq!(entities["piiEntities"][1]["match"], "kim@example.com");
    let passed = guarded("ab12cd34ef56", "enabled");
    assert_eq!(passed.stop_reason, "end_turn");
    assert_eq!(passed.trace["guardrail"]["actionReason"], "No action.");
    assert!(guarded("emulatorblock", "disabled").trace.is_empty());
}

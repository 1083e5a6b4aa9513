use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::emulator::{families, signature};

fn reply(body: &Value) -> Reply {
    compose(Body(body), families::of("anthropic.claude-sonnet-4-5"), "seed", None)
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
        compose(Body(&body), families::of(model), "seed", None).blocks
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

//! Requests that pass and requests that do not, by family.

mod conversation;
mod media;
mod sampling;
mod thinking;
mod tools;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::emulator::errors::Kind;
use crate::emulator::{families, shapes, signature, validate};

const CLAUDE: &str = "anthropic.claude-3-7-sonnet-20250219-v1:0";
const CLAUDE_4_5: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const CLAUDE_4_8: &str = "anthropic.claude-opus-4-8";
const NOVA: &str = "amazon.nova-2-lite-v1:0";
const LLAMA: &str = "meta.llama4-maverick-17b-instruct-v1:0";
const GPT: &str = "openai.gpt-oss-120b-1:0";

fn outcome_of(model: &str, mode: Mode, body: &Value) -> Outcome {
    validate::check(body, &shapes::CONVERSE).expect("the body is well shaped");
    check(Subject { body: Body(body), family: families::of(model), mode, is_prompt: false })
}

fn refusal(model: &str, body: &Value) -> String {
    outcome_of(model, Mode::Whole, body).expect_err("the body is refused").message
}

#[track_caller]
fn passes(model: &str, body: &Value) {
    assert_eq!(outcome_of(model, Mode::Whole, body), Ok(()), "{model}: {body}");
}

fn user(blocks: Value) -> Value {
    json!({"role": "user", "content": blocks})
}

fn assistant(blocks: Value) -> Value {
    json!({"role": "assistant", "content": blocks})
}

fn talk(messages: Value) -> Value {
    json!({"messages": messages})
}

fn hello() -> Value {
    talk(json!([user(json!([{"text": "hello"}]))]))
}

/// `hello` with more members.
fn hello_and(more: Value) -> Value {
    let mut body = hello();
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn tools() -> Value {
    json!({"tools": [{"toolSpec": {"name": "get", "inputSchema": {"json": {"type": "object"}}}}]})
}

fn call(id: &str) -> Value {
    json!({"toolUse": {"toolUseId": id, "name": "get", "input": {}}})
}

fn result(id: &str) -> Value {
    json!({"toolResult": {"toolUseId": id, "content": [{"text": ""}]}})
}

fn with_tools(messages: Value) -> Value {
    json!({"messages": messages, "toolConfig": tools()})
}

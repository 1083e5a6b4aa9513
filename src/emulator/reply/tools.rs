//! Tool calls, and what is said about tool results.

use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Block, Question, media, sample};
use crate::emulator::body::{self, Body, text_member};
use crate::emulator::families::CallIds;

/// Length of the part of a tool id that follows `tooluse_`, as at AWS.
const ID_LENGTH: usize = 22;
/// Bytes of a hexadecimal id.
const HEX_BYTES: usize = 16;

/// The calls the request leads to: none when no tool is asked for.
pub(super) fn calls(question: Question<'_>) -> Vec<Block> {
    let text = question.body.last_user_text();
    let is_single = native_choice(question.body)
        .and_then(|choice| choice.get("disable_parallel_tool_use"))
        == Some(&Value::Bool(true));
    wanted(question.body, &text)
        .into_iter()
        .take(if is_single { 1 } else { usize::MAX })
        .enumerate()
        .map(|(index, spec)| call(question, spec, index, sample::tool_input(spec, &text)))
        .collect()
}

fn call(question: Question<'_>, spec: &Value, index: usize, input: String) -> Block {
    let name = text_member(spec, "name").unwrap_or_default().to_owned();
    let id = match question.family.call_ids {
        CallIds::Bedrock => tool_use_id(question.seed, index),
        CallIds::Functions => {
            let earlier = body_calls(question.body).count();
            format!("functions.{name}:{}", earlier + index)
        }
        CallIds::Hexadecimal => hexadecimal_id(question.seed, index),
    };
    let kind = question.family.typed_calls.then_some("tool_use");
    Block::ToolUse { id, name, input, kind }
}

/// A call of the first tool without any input; `None` when there is no tool, or
/// when its answer is already there.
pub(super) fn bare_call(question: Question<'_>) -> Option<Block> {
    if has_results(question.body) {
        return None;
    }
    let spec = question.body.tool_specs().next()?;
    Some(call(question, spec, 0, String::new()))
}

/// Whether the last user's turn answers calls.
pub(super) fn has_results(body: Body<'_>) -> bool {
    body.last_user_blocks().iter().any(|block| body::part(block, "toolResult").is_some())
}

/// The text in front of the calls.
pub(super) fn announcement(calls: &[Block]) -> String {
    let names: Vec<&str> = calls
        .iter()
        .filter_map(|call| match call {
            Block::ToolUse { name, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    format!("I will call {}.", names.join(" and "))
}

/// One line for each tool result of the last user's turn.
pub(super) fn answers(body: Body<'_>) -> Vec<String> {
    let names = called_names(body);
    body.last_user_blocks()
        .into_iter()
        .filter_map(|block| body::part(block, "toolResult"))
        .map(|result| {
            let id = text_member(result, "toolUseId").unwrap_or_default();
            let content: Vec<String> =
                body::items(result, "content").iter().map(said_by_tool).collect();
            format!(
                "The tool {} answered: {}",
                names.get(id).copied().unwrap_or("unknown"),
                content.join(" ")
            )
        })
        .collect()
}

fn said_by_tool(block: &Value) -> String {
    if let Some(text) = text_member(block, "text") {
        return text.to_owned();
    }
    if let Some(json) = block.get("json") {
        return json.to_string();
    }
    media::describe(block).unwrap_or_default()
}

/// The names of called tools, by the id of the call.
fn called_names(body: Body<'_>) -> HashMap<&str, &str> {
    body_calls(body)
        .filter_map(|call| Some((text_member(call, "toolUseId")?, text_member(call, "name")?)))
        .collect()
}

/// The calls of the conversation.
fn body_calls(body: Body<'_>) -> impl Iterator<Item = &Value> {
    body.messages().iter().flat_map(body::content).filter_map(|block| block.get("toolUse"))
}

/// The tools to call: the forced one, those the text names, or the first when
/// the choice is `any` or the text asks for a tool without naming it.
fn wanted<'a>(body: Body<'a>, text: &str) -> Vec<&'a Value> {
    let specs: Vec<&Value> = body.tool_specs().collect();
    let name_of = |spec: &Value| text_member(spec, "name").unwrap_or_default().to_owned();
    let choice = body.tool_choice().or_else(|| {
        let native = native_choice(body)?;
        Some((text_member(native, "type")?, native))
    });
    if let Some(("none", _)) = choice {
        return Vec::new();
    }
    if let Some(("tool", chosen)) = choice {
        let chosen = text_member(chosen, "name").unwrap_or_default();
        return specs.into_iter().filter(|spec| name_of(spec) == chosen).take(1).collect();
    }
    let forced = matches!(choice, Some(("any", _)));
    if has_results(body) && !forced {
        return Vec::new();
    }
    let named: Vec<&Value> =
        specs.iter().copied().filter(|spec| names(text, &name_of(spec))).collect();
    if !named.is_empty() {
        return named;
    }
    let lower = text.to_lowercase();
    if forced || lower.contains("use the tool") || lower.contains("use tools") {
        return specs.into_iter().take(1).collect();
    }
    Vec::new()
}

/// The choice as Claude's own API has it, among the additional fields.
fn native_choice(body: Body<'_>) -> Option<&Value> {
    body.additional("tool_choice")
}

/// Whether `text` has `name` as a word of its own: `get` is not in `get_time`.
fn names(text: &str, name: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).any(|word| word == name)
}

/// An id as Bedrock makes them.
pub(super) fn tool_use_id(seed: &str, index: usize) -> String {
    let letters: String =
        BASE64_URL_SAFE_NO_PAD.encode(digest(seed, index)).chars().take(ID_LENGTH).collect();
    format!("tooluse_{letters}")
}

fn hexadecimal_id(seed: &str, index: usize) -> String {
    let digits: String =
        digest(seed, index).iter().take(HEX_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("call_{digits}")
}

fn digest(seed: &str, index: usize) -> [u8; 32] {
    Sha256::new().chain_update(seed).chain_update(index.to_string()).finalize().into()
}

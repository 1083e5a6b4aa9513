//! Tool calls, and what is said about tool results.

use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Block, media, sample};
use crate::emulator::body::{self, Body, text_member};

/// Length of the part of a tool id that follows `tooluse_`, as at AWS.
const ID_LENGTH: usize = 22;

/// The calls the request leads to: none when no tool is asked for.
pub(super) fn calls(body: Body<'_>, seed: &str) -> Vec<Block> {
    let text = body.last_user_text();
    wanted(body, &text)
        .into_iter()
        .enumerate()
        .map(|(index, spec)| Block::ToolUse {
            id: tool_use_id(seed, index),
            name: text_member(spec, "name").unwrap_or_default().to_owned(),
            input: sample::tool_input(spec, &text),
        })
        .collect()
}

/// A call of the first tool without any input; `None` when there is no tool, or
/// when its answer is already there.
pub(super) fn bare_call(body: Body<'_>, seed: &str) -> Option<Block> {
    if body.last_user_blocks().iter().any(|block| block.get("toolResult").is_some()) {
        return None;
    }
    let name = text_member(body.tool_specs().next()?, "name")?.to_owned();
    Some(Block::ToolUse { id: tool_use_id(seed, 0), name, input: String::new() })
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
    body.messages()
        .iter()
        .flat_map(body::content)
        .filter_map(|block| block.get("toolUse"))
        .filter_map(|call| Some((text_member(call, "toolUseId")?, text_member(call, "name")?)))
        .collect()
}

/// The tools to call: the forced one, those the text names, or the first when
/// the choice is `any` or the text asks for a tool without naming it.
fn wanted<'a>(body: Body<'a>, text: &str) -> Vec<&'a Value> {
    let specs: Vec<&Value> = body.tool_specs().collect();
    let name_of = |spec: &Value| text_member(spec, "name").unwrap_or_default().to_owned();
    let choice = body.tool_choice();
    if let Some(("tool", chosen)) = choice {
        let chosen = text_member(chosen, "name").unwrap_or_default();
        return specs.into_iter().filter(|spec| name_of(spec) == chosen).take(1).collect();
    }
    let forced = matches!(choice, Some(("any", _)));
    let has_results = body.last_user_blocks().iter().any(|block| block.get("toolResult").is_some());
    if has_results && !forced {
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

/// Whether `text` has `name` as a word of its own: `get` is not in `get_time`.
fn names(text: &str, name: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).any(|word| word == name)
}

fn tool_use_id(seed: &str, index: usize) -> String {
    let digest = Sha256::new().chain_update(seed).chain_update(index.to_string()).finalize();
    let letters: String = BASE64_URL_SAFE_NO_PAD.encode(digest).chars().take(ID_LENGTH).collect();
    format!("tooluse_{letters}")
}

//! Thinking in front of an answer.

use serde_json::Value;

use super::Block;
use crate::emulator::body::{Body, text_member};
use crate::emulator::families::{Family, ThoughtForm};
use crate::emulator::signature;

/// Word in the user's text that asks for redacted thinking.
const REDACT: &str = "redact";
/// Words in the user's text that ask for two blocks of thinking.
const TWO: &str = "think in two";

/// The thinking the request asks for: none, one block or two.
pub(super) fn blocks(body: Body<'_>, family: &Family) -> Vec<Block> {
    if !family.always_thinks && !is_asked_for(body) {
        return Vec::new();
    }
    let is_hidden = family.hides_thoughts
        && body.additional("thinking").and_then(|config| text_member(config, "display"))
            != Some("summarized");
    let text = body.last_user_text();
    let lower = text.to_lowercase();
    let mut thoughts = vec![format!("Let me think about: {text}")];
    if lower.contains(TWO) {
        thoughts.push(format!("Let me think again about: {text}"));
    }
    let redacted = lower.split(|c: char| !c.is_alphanumeric()).any(|word| word == REDACT);
    let form = |thought: String| match family.thought_form {
        ThoughtForm::Redacted => Block::Redacted(signature::redact(&thought)),
        ThoughtForm::Signed if redacted => Block::Redacted(signature::redact(&thought)),
        ThoughtForm::Signed => {
            let text = if is_hidden { String::new() } else { thought };
            Block::Reasoning { signature: Some(signature::sign(&text)), text }
        }
        ThoughtForm::Unsigned => Block::Reasoning { text: thought, signature: None },
    };
    thoughts.into_iter().map(form).collect()
}

/// Claude's, the older Claude's, Nova's, Qwen's and OpenAI's ways to ask for
/// thinking.
fn is_asked_for(body: Body<'_>) -> bool {
    let type_of = |name: &str| body.additional(name).and_then(|config| text_member(config, "type"));
    let effort = body.additional("reasoning_effort").and_then(Value::as_str).or_else(|| {
        body.additional("reasoning").and_then(|reasoning| text_member(reasoning, "effort"))
    });
    matches!(type_of("thinking"), Some("enabled" | "adaptive"))
        || type_of("reasoning_config") == Some("enabled")
        || type_of("reasoningConfig") == Some("enabled")
        || body.additional("reasoning_config").and_then(Value::as_str) == Some("high")
        || effort.is_some_and(|effort| effort != "none")
}

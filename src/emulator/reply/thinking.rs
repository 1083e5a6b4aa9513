//! Thinking in front of an answer.

use serde_json::Value;

use super::Block;
use crate::emulator::body::{Body, text_member};
use crate::emulator::families::Family;
use crate::emulator::signature;

/// Word in the user's text that asks for redacted thinking.
const REDACT: &str = "redact";
/// Words in the user's text that ask for two blocks of thinking.
const TWO: &str = "think in two";

/// The thinking the request asks for: none, one block or two.
pub(super) fn blocks(body: Body<'_>, family: &Family) -> Vec<Block> {
    if !is_asked_for(body) {
        return Vec::new();
    }
    let text = body.last_user_text();
    let lower = text.to_lowercase();
    let mut thoughts = vec![format!("Let me think about: {text}")];
    if lower.contains(TWO) {
        thoughts.push(format!("Let me think again about: {text}"));
    }
    let redacted = lower.split(|c: char| !c.is_alphanumeric()).any(|word| word == REDACT);
    thoughts.into_iter().map(|thought| block(thought, redacted, family)).collect()
}

fn block(thought: String, redacted: bool, family: &Family) -> Block {
    if redacted {
        Block::Redacted(signature::redact(&thought))
    } else if family.signs_thinking {
        let signature = Some(signature::sign(&thought));
        Block::Reasoning { text: thought, signature }
    } else {
        Block::Reasoning { text: thought, signature: None }
    }
}

/// Claude's, the older Claude's, Nova's and OpenAI's way to ask for thinking.
fn is_asked_for(body: Body<'_>) -> bool {
    let type_of = |name: &str| body.additional(name).and_then(|config| text_member(config, "type"));
    matches!(type_of("thinking"), Some("enabled" | "adaptive"))
        || type_of("reasoning_config") == Some("enabled")
        || type_of("reasoningConfig") == Some("enabled")
        || body
            .additional("reasoning_effort")
            .and_then(Value::as_str)
            .is_some_and(|effort| effort != "none")
}

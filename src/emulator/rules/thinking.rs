//! Thinking: how it may be asked for, and that it comes back as it was given.

use serde_json::Value;

use super::{Outcome, Placed, Subject, blocks, unsupported};
use crate::emulator::body::{content, part, role, text_member};
use crate::emulator::errors::{Kind, ServiceError};
use crate::emulator::families::Signature;
use crate::emulator::signature::{self, Verdict};

const MIN_BUDGET: f64 = 1_024.0;
const DOCUMENTATION: &str = "Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking";

pub(super) fn check(subject: Subject<'_>) -> Outcome {
    for block in blocks(subject.body) {
        if let Some(reasoning) = part(block.value, "reasoningContent") {
            returned(subject, &block, reasoning)?;
        }
    }
    if !subject.family.claude {
        return Ok(());
    }
    let config =
        subject.body.additional("thinking").or_else(|| subject.body.additional("reasoning_config"));
    match config.map(|config| (config, text_member(config, "type"))) {
        Some((config, Some("enabled"))) => manual(subject, config),
        Some((_, Some("adaptive"))) if !subject.family.adaptive_thinking => {
            Err(ServiceError::from_model("adaptive thinking is not supported on this model"))
        }
        Some((config, Some("adaptive"))) if part(config, "budget_tokens").is_some() => {
            Err(ServiceError::from_model(
                "thinking.adaptive.budget_tokens: Extra inputs are not permitted",
            ))
        }
        _ => Ok(()),
    }
}

/// A block of thinking the client sends back.
fn returned(subject: Subject<'_>, block: &Placed<'_>, reasoning: &Value) -> Outcome {
    if !subject.family.replay {
        return Err(ServiceError::validation(
            "User messages cannot contain reasoning content. Please remove the reasoning content and try again.",
        ));
    }
    if part(reasoning, "redactedContent").is_some() && !subject.family.redacted_replay {
        return Err(unsupported("reasoningContent.redactedContent"));
    }
    if text_member(reasoning, "redactedContent")
        .is_some_and(|redacted| !signature::is_intact(redacted))
    {
        let what = format!("{}: Invalid `data` in `redacted_thinking` block", block.path());
        return Err(ServiceError::from_model(what));
    }
    let Some(thought) = part(reasoning, "reasoningText") else {
        return Ok(());
    };
    let text = text_member(thought, "text").unwrap_or_default();
    let given = text_member(thought, "signature");
    if subject.family.signature == Signature::NoText {
        return Err(Kind::InternalServer.error());
    }
    let verdict = given.map(|given| signature::judge(given, text));
    let rule = subject.family.signature;
    if rule == Signature::Refused && given.is_some() {
        return Err(unsupported("reasoningContent.reasoningText.signature"));
    }
    if rule == Signature::NotEmpty && given == Some("") {
        return Err(unsupported("reasoningContent.reasoningText.signature"));
    }
    if rule == Signature::Verified && given.is_none_or(str::is_empty) {
        let what = format!("{}.thinking.signature: Field required", block.path());
        return Err(ServiceError::from_model(what));
    }
    let is_bad = match verdict {
        Some(Verdict::Broken) => true,
        Some(Verdict::Implausible) => rule == Signature::Verified,
        _ => false,
    };
    if is_bad {
        let what = format!("{}: Invalid `signature` in `thinking` block", block.path());
        return Err(ServiceError::from_model(what));
    }
    Ok(())
}

/// Between calls of tools, the budget is that of all thoughts of a turn.
fn is_interleaved(subject: Subject<'_>) -> bool {
    let flags = subject.body.additional("anthropic_beta").and_then(Value::as_array);
    flags
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .any(|flag| flag.starts_with("interleaved-thinking"))
}

/// `thinking.type: enabled` with a budget.
fn manual(subject: Subject<'_>, config: &Value) -> Outcome {
    let refused = |what: String| Err(ServiceError::from_model(what));
    if !subject.family.manual_thinking {
        return refused("\"thinking.type.enabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.".to_owned());
    }
    let Some(budget) = config.get("budget_tokens").and_then(Value::as_f64) else {
        return refused("thinking.enabled.budget_tokens: Field required".to_owned());
    };
    if budget < MIN_BUDGET {
        return refused(format!(
            "thinking.enabled.budget_tokens: Input should be greater than or equal to {MIN_BUDGET}"
        ));
    }
    let max_tokens = subject.body.inference("maxTokens").and_then(Value::as_f64);
    if !is_interleaved(subject) && max_tokens.is_some_and(|max_tokens| max_tokens <= budget) {
        return refused(format!(
            "`max_tokens` must be greater than `thinking.budget_tokens`. {DOCUMENTATION}#max-tokens-and-context-window-size"
        ));
    }
    if matches!(subject.body.tool_choice(), Some(("any" | "tool", _))) {
        return refused("Thinking may not be enabled when tool_choice forces tool use.".to_owned());
    }
    samplers(subject)?;
    starts_with_thinking(subject)
}

fn samplers(subject: Subject<'_>) -> Outcome {
    let number = |name: &str| subject.body.inference(name).and_then(Value::as_f64);
    let about = format!("{DOCUMENTATION}#important-considerations-when-using-extended-thinking");
    let what = if number("temperature").is_some_and(|temperature| temperature < 1.0) {
        "`temperature` may only be set to 1 when thinking is enabled."
    } else if number("topP").is_some_and(|top_p| top_p < 0.95) {
        "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled."
    } else if subject.body.additional("top_k").is_some() {
        "`top_k` must be unset when thinking is enabled."
    } else {
        return Ok(());
    };
    Err(ServiceError::from_model(format!("{what} {about}")))
}

/// When the last word is a tool's, the turn that called it began with thinking.
fn starts_with_thinking(subject: Subject<'_>) -> Outcome {
    let messages = subject.body.messages();
    let Some(index) = messages.iter().rposition(|turn| role(turn) == "assistant") else {
        return Ok(());
    };
    let turn = messages.get(index).map_or(&[][..], content);
    let calls_tools = turn.iter().any(|block| part(block, "toolUse").is_some());
    let is_thinking = turn.first().is_some_and(|block| part(block, "reasoningContent").is_some());
    if !calls_tools || is_thinking {
        return Ok(());
    }
    let found = match turn.first() {
        Some(block) if part(block, "toolUse").is_some() => "tool_use",
        _ => "text",
    };
    Err(ServiceError::from_model(format!(
        "messages.{index}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{found}`. When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, disable `thinking`. {DOCUMENTATION}"
    )))
}

//! `stopSequences` and `maxTokens`: where an answer is cut.

use serde_json::{Value, json};

use super::tokens::{count_reply_block, count_text};
use super::{Block, Reply};
use crate::emulator::body::{self, Body};
use crate::emulator::rules::Mode;

const STOP_SEQUENCE: &str = "stop_sequence";
const MAX_TOKENS: &str = "max_tokens";

/// Whether an answer with this stop reason may end within a tool call.
pub(in crate::emulator) fn is_cut_reason(reason: &str) -> bool {
    reason == MAX_TOKENS
}

/// Cuts the text before the first stop sequence, and says which it was; nothing
/// follows it.
pub(super) fn apply_stop_sequences(reply: &mut Reply, body: Body<'_>) -> Option<String> {
    let sequences: Vec<&str> = body
        .inference("stopSequences")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .filter_map(Value::as_str)
        .filter(|sequence| !sequence.is_empty())
        .collect();
    let found = reply.blocks.iter().enumerate().find_map(|(index, block)| match block {
        Block::Text(text) => first_of(text, &sequences).map(|(at, sequence)| (index, at, sequence)),
        _ => None,
    });
    let (index, at, sequence) = found?;
    reply.blocks.truncate(index + 1);
    if let Some(Block::Text(text)) = reply.blocks.last_mut() {
        text.truncate(at);
    }
    STOP_SEQUENCE.clone_into(&mut reply.stop_reason);
    Some(sequence.to_owned())
}

/// The stop sequence as the model's own answer has it: a member of the whole, or
/// of the delta at the end of a stream. Paths that lead elsewhere lead nowhere.
pub(super) fn stop_sequence_field(
    body: Body<'_>,
    mode: Mode,
    sequence: Option<String>,
) -> Option<Value> {
    let path = match mode {
        Mode::Whole => "/stop_sequence",
        Mode::Stream => "/delta/stop_sequence",
    };
    let asked = body::items(body.0, "additionalModelResponseFieldPaths");
    if !asked.iter().any(|asked| asked.as_str() == Some(path)) {
        return None;
    }
    let field = json!({STOP_SEQUENCE: sequence});
    Some(match mode {
        Mode::Whole => field,
        Mode::Stream => json!({"delta": field}),
    })
}

/// The earliest place any of `sequences` begins at; the longest wins a tie.
fn first_of<'a>(text: &str, sequences: &[&'a str]) -> Option<(usize, &'a str)> {
    sequences
        .iter()
        .filter_map(|sequence| text.find(sequence).map(|at| (at, *sequence)))
        .min_by_key(|(at, sequence)| (*at, usize::MAX - sequence.len()))
}

/// Cuts the answer after as many tokens as the request allows; says whether it
/// did.
pub(super) fn apply_max_tokens(reply: &mut Reply, body: Body<'_>) -> bool {
    let Some(limit) = body.inference("maxTokens").and_then(Value::as_f64) else {
        return false;
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "validated to be at least 1; casts saturate"
    )]
    let mut left = limit as u64;
    let mut is_cut = false;
    let mut kept = Vec::new();
    for block in std::mem::take(&mut reply.blocks) {
        let needed = count_reply_block(&block);
        if needed <= left {
            left -= needed;
            kept.push(block);
            continue;
        }
        MAX_TOKENS.clone_into(&mut reply.stop_reason);
        is_cut = true;
        kept.extend(shorten(block, left));
        break;
    }
    reply.blocks = kept;
    is_cut
}

/// What fits of a block; a signature covers a whole text, so a thinking text
/// that is cut has none.
fn shorten(block: Block, tokens: u64) -> Option<Block> {
    if tokens == 0 {
        return None;
    }
    match block {
        Block::Text(text) => Some(Block::Text(first_words(&text, tokens).to_owned())),
        Block::Reasoning { text, .. } => {
            Some(Block::Reasoning { text: first_words(&text, tokens).to_owned(), signature: None })
        }
        Block::Cited { text, citations } => {
            Some(Block::Cited { text: first_words(&text, tokens).to_owned(), citations })
        }
        Block::Redacted(_) | Block::ToolResult { .. } | Block::Image { .. } => None,
        Block::ToolUse { id, name, input, kind } => {
            let half = input.char_indices().nth(input.chars().count() / 2).map_or(0, |(at, _)| at);
            let input = input.get(..half).unwrap_or_default().to_owned();
            Some(Block::ToolUse { id, name, input, kind })
        }
    }
}

fn first_words(text: &str, words: u64) -> &str {
    let mut end = 0;
    let mut within = false;
    let mut seen = 0;
    for (at, letter) in text.char_indices() {
        if letter.is_whitespace() {
            within = false;
        } else if !within {
            within = true;
            seen += 1;
            if seen > words {
                break;
            }
        }
        if within {
            end = at + letter.len_utf8();
        }
    }
    let cut = text.get(..end).unwrap_or_default();
    debug_assert!(count_text(cut) <= words, "never more words than asked for");
    cut
}

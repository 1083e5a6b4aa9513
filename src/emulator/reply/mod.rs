//! What the emulated model answers: a fixed function of the request.
//!
//! No clock, no randomness: the same request gets the same reply, so that tests
//! can say what they expect.

mod limits;
mod media;
mod sample;
mod thinking;
mod tokens;
mod tools;

use serde_json::Value;

use super::body::{self, Body};
use super::cache::CacheUse;
use super::families::Family;

pub(super) use limits::is_cut_reason;
pub(super) use media::base64_image_size;
#[cfg(test)]
pub(super) use media::image_size;
pub(super) use tokens::{count_block, count_tool};

/// What a huge text repeats; ASCII, so that a byte is a character.
const HUGE_WORDS: &str = "all work and no play makes a long answer ";

/// A whole answer before it is put on the wire.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reply {
    pub(super) blocks: Vec<Block>,
    pub(super) stop_reason: String,
    pub(super) usage: Usage,
    /// Echoed `additionalModelResponseFields`.
    pub(super) additional: Option<Value>,
    /// Echoed `performanceConfig`.
    pub(super) performance: Option<Value>,
    /// Echoed `serviceTier`.
    pub(super) tier: Option<Value>,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    Text(String),
    Reasoning {
        text: String,
        signature: Option<String>,
    },
    Redacted(Vec<u8>),
    /// `input` is JSON text; cut short when the tokens ran out within it.
    ToolUse {
        id: String,
        name: String,
        input: String,
    },
}

/// Token counts of an answer; see [`tokens`] for what a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) input: u64,
    pub(super) output: u64,
    /// Present when the request had cache points.
    pub(super) cache: Option<CacheUse>,
}

impl Usage {
    /// Everything that was read, written or produced.
    pub(super) fn total(&self) -> u64 {
        let cached = self.cache.as_ref().map_or(0, |cache| cache.read + cache.written());
        self.input + self.output + cached
    }
}

/// The ordinary reply to a request that passed validation. `seed` names the
/// request: tool ids are made of it.
pub(super) fn compose(
    body: Body<'_>,
    family: &Family,
    seed: &str,
    cache: Option<CacheUse>,
) -> Reply {
    let mut blocks = thinking::blocks(body, family);
    let mut stop_reason = "end_turn";
    let calls = tools::calls(body, seed);
    if calls.is_empty() {
        blocks.push(Block::Text(words(body)));
    } else {
        stop_reason = "tool_use";
        blocks.push(Block::Text(tools::announcement(&calls)));
        blocks.extend(calls);
    }
    let mut reply = Reply {
        blocks,
        stop_reason: stop_reason.to_owned(),
        usage: Usage { input: 0, output: 0, cache },
        additional: None,
        performance: body::part(body.0, "performanceConfig").cloned(),
        tier: body::part(body.0, "serviceTier").cloned(),
    };
    limits::apply_stop_sequences(&mut reply, body);
    limits::apply_max_tokens(&mut reply, body);
    reply.count(body);
    reply
}

impl Reply {
    /// Replaces the answer by a text of so many bytes; limits do not hold.
    pub(super) fn become_huge(&mut self, bytes: usize, body: Body<'_>) {
        let text: String = HUGE_WORDS.chars().cycle().take(bytes).collect();
        self.blocks = vec![Block::Text(text)];
        "end_turn".clone_into(&mut self.stop_reason);
        self.count(body);
    }

    /// Replaces the answer by a call of the first tool that says nothing about
    /// its input, unless the call was answered already.
    pub(super) fn become_bare_call(&mut self, body: Body<'_>, seed: &str) {
        if let Some(call) = tools::bare_call(body, seed) {
            self.blocks = vec![call];
            "tool_use".clone_into(&mut self.stop_reason);
            self.count(body);
        }
    }

    /// Adds words to the text of the answer.
    pub(super) fn stretch(&mut self, words: usize, body: Body<'_>) {
        let text = self.blocks.iter_mut().find_map(|block| match block {
            Block::Text(text) => Some(text),
            _ => None,
        });
        if let Some(text) = text {
            text.push_str(&" more".repeat(words));
        }
        self.count(body);
    }

    /// Counts the tokens again after the blocks were changed.
    pub(super) fn count(&mut self, body: Body<'_>) {
        let cached = self.usage.cache.as_ref().map_or(0, |cache| cache.read + cache.written());
        self.usage.input = tokens::count_request(body).saturating_sub(cached);
        self.usage.output = self.blocks.iter().map(tokens::count_reply_block).sum();
    }
}

/// The text of an answer without tool calls.
fn words(body: Body<'_>) -> String {
    if let Some(example) = sample::structured(body) {
        return example;
    }
    let mut lines = tools::answers(body);
    for block in body.last_user_blocks() {
        lines.extend(media::describe(block));
    }
    let text = body.last_user_text();
    if !text.is_empty() || lines.is_empty() {
        lines.push(format!("You said: {text}"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests;

//! What the emulated model answers: a fixed function of the request.
//!
//! No clock, no randomness: the same request gets the same reply, so that tests
//! can say what they expect.

mod block;
mod citations;
mod guardrail;
mod limits;
mod media;
mod sample;
mod server_tools;
mod thinking;
mod tokens;
mod tools;

use serde_json::{Map, Value};

use super::body::{self, Body};
use super::cache::CacheUse;
use super::families::{Family, ThoughtPlace};
use super::rules::Mode;

pub(super) use block::Block;
pub(super) use guardrail::name as guardrail_name;
pub(super) use limits::is_cut_reason;
pub(super) use media::base64_image_size;
#[cfg(test)]
pub(super) use media::image_size;
pub(super) use tokens::{count_block, count_tool};

/// What a huge text repeats; ASCII, so that a byte is a character.
const HUGE_WORDS: &str = "all work and no play makes a long answer ";

/// A request that passed validation. `seed` names it: tool ids are made of it.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) body: Body<'a>,
    pub(super) family: &'a Family,
    pub(super) mode: Mode,
    pub(super) seed: &'a str,
}

/// A whole answer before it is put on the wire.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reply {
    pub(super) blocks: Vec<Block>,
    pub(super) stop_reason: String,
    pub(super) usage: Usage,
    /// `additionalModelResponseFields`.
    pub(super) additional: Option<Value>,
    /// Echoed `performanceConfig`.
    pub(super) performance: Option<Value>,
    /// Echoed `serviceTier`.
    pub(super) tier: Option<Value>,
    /// What a guardrail and a prompt router did.
    pub(super) trace: Map<String, Value>,
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

/// The ordinary reply.
pub(super) fn compose(question: Question<'_>, cache: Option<CacheUse>) -> Reply {
    let Question { body, family, mode, .. } = question;
    let calls = tools::calls(question);
    let mut stop_reason = "end_turn";
    let mut said = server_tools::blocks(question);
    if calls.is_empty() {
        said.push(Block::Text(words(body)));
        said.extend(server_tools::sources(body));
        said.extend(citations::blocks(body));
        said.extend(media::drawn(&body.last_user_text()));
    } else {
        stop_reason = "tool_use";
        said.push(Block::Text(tools::announcement(&calls)));
    }
    let mut reply = Reply {
        blocks: arranged(question, thinking::blocks(body, family), said, calls),
        stop_reason: stop_reason.to_owned(),
        usage: Usage { input: 0, output: 0, cache },
        additional: None,
        performance: body::part(body.0, "performanceConfig").cloned(),
        tier: body::part(body.0, "serviceTier").cloned(),
        trace: Map::new(),
    };
    let sequence = limits::apply_stop_sequences(&mut reply, body);
    let is_cut = limits::apply_max_tokens(&mut reply, body);
    reply.additional = limits::stop_sequence_field(body, mode, sequence.filter(|_| !is_cut));
    reply.count(body);
    guardrail::apply(&mut reply, body);
    reply
}

/// The parts of an answer in the order of the family.
fn arranged(
    question: Question<'_>,
    thoughts: Vec<Block>,
    said: Vec<Block>,
    calls: Vec<Block>,
) -> Vec<Block> {
    let empty = || vec![Block::Text(String::new())];
    let streams = question.mode == Mode::Stream;
    let parts = match question.family.thought_place {
        ThoughtPlace::AfterText => vec![said, thoughts, calls],
        ThoughtPlace::AfterEmptyText if streams => vec![empty(), thoughts, said, calls],
        ThoughtPlace::BetweenEmptyTexts if streams && !calls.is_empty() => {
            vec![empty(), thoughts, said, calls, empty()]
        }
        ThoughtPlace::BetweenEmptyTexts if streams => vec![empty(), thoughts, said],
        _ => vec![thoughts, said, calls],
    };
    parts.concat()
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
    pub(super) fn become_bare_call(&mut self, question: Question<'_>) {
        if let Some(call) = tools::bare_call(question) {
            self.blocks = vec![call];
            "tool_use".clone_into(&mut self.stop_reason);
            self.count(question.body);
        }
    }

    /// Adds words to the text of the answer.
    pub(super) fn stretch(&mut self, words: usize, body: Body<'_>) {
        let text = self.blocks.iter_mut().find_map(|block| match block {
            Block::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        });
        if let Some(text) = text {
            text.push_str(&" more".repeat(words));
        }
        self.count(body);
    }

    /// Whether the family stumbles over the name of a tool that is called.
    pub(super) fn has_broken_call(&self, family: &Family) -> bool {
        !family.hyphenated_tools
            && self
                .blocks
                .iter()
                .any(|block| matches!(block, Block::ToolUse { name, .. } if name.contains('-')))
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

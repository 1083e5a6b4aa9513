//! Turns a reply into what goes on the wire: one JSON body, or events.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::reply::{Block, Reply, Usage, is_cut_reason};

/// Words a text delta holds.
pub(super) const WORDS_PER_DELTA: usize = 2;
/// Characters a delta of tool input holds.
const INPUT_PER_DELTA: usize = 9;
/// A delta is at most this long: words need not be short.
const MAX_DELTA_BYTES: usize = 4_096;
/// Letters the padding member is made of.
const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) name: &'static str,
    pub(super) payload: Value,
}

/// Name of the events that begin a call or a result.
pub(super) const START: &str = "contentBlockStart";
/// Name of the events that carry content.
pub(super) const DELTA: &str = "contentBlockDelta";
/// Name of the event after everything else.
pub(super) const METADATA: &str = "metadata";

/// The body of a Converse answer.
pub(super) fn whole(reply: &Reply) -> Value {
    let content: Vec<Value> = reply.blocks.iter().map(whole_block).collect();
    let mut body = json!({
        "metrics": {"latencyMs": latency(reply)},
        "output": {"message": {"content": content, "role": "assistant"}},
        "stopReason": reply.stop_reason,
        "usage": usage(&reply.usage),
    });
    set(&mut body, "additionalModelResponseFields", reply.additional.as_ref());
    set(&mut body, "performanceConfig", reply.performance.as_ref());
    set(&mut body, "serviceTier", reply.tier.as_ref());
    set(&mut body, "trace", trace(reply).as_ref());
    body
}

fn whole_block(block: &Block) -> Value {
    match block {
        Block::Text(text) => json!({"text": text}),
        Block::Reasoning { text, signature: Some(signature) } => {
            json!({"reasoningContent": {"reasoningText": {"signature": signature, "text": text}}})
        }
        Block::Reasoning { text, signature: None } => {
            json!({"reasoningContent": {"reasoningText": {"text": text}}})
        }
        Block::Redacted(bytes) => {
            json!({"reasoningContent": {"redactedContent": BASE64_STANDARD.encode(bytes)}})
        }
        Block::Cited { text, citations } if text.is_empty() => {
            json!({"citationsContent": {"citations": citations}})
        }
        Block::Cited { text, citations } => {
            json!({"citationsContent": {"citations": citations, "content": [{"text": text}]}})
        }
        Block::ToolUse { id, name, input, kind } => {
            // Input that was cut short is no JSON: the service sends an empty object.
            let input: Value = serde_json::from_str(input).unwrap_or_else(|_| json!({}));
            let mut call = json!({"input": input, "name": name, "toolUseId": id});
            set(&mut call, "type", kind.map(Value::from).as_ref());
            json!({"toolUse": call})
        }
        Block::Image { format, bytes } => {
            json!({"image": {"format": format, "source": {"bytes": bytes}}})
        }
        Block::ToolResult { id, kind, content } => json!({"toolResult": {
            "content": content, "status": "success", "toolUseId": id, "type": kind,
        }}),
    }
}

/// The events of a ConverseStream answer, in order.
pub(super) fn events(reply: &Reply) -> Vec<Event> {
    let mut events = vec![event("messageStart", json!({"role": "assistant"}))];
    for (index, block) in reply.blocks.iter().enumerate() {
        if let Some(start) = start(block) {
            events.push(event(START, json!({"contentBlockIndex": index, "start": start})));
        }
        for delta in deltas(block) {
            events.push(event(DELTA, json!({"contentBlockIndex": index, "delta": delta})));
        }
        let is_last = index + 1 == reply.blocks.len();
        let is_cut =
            is_last && is_cut_reason(&reply.stop_reason) && matches!(block, Block::ToolUse { .. });
        if !is_cut {
            events.push(event("contentBlockStop", json!({"contentBlockIndex": index})));
        }
    }
    let mut stop = json!({"stopReason": reply.stop_reason});
    set(&mut stop, "additionalModelResponseFields", reply.additional.as_ref());
    events.push(event("messageStop", stop));
    let mut metadata =
        json!({"metrics": {"latencyMs": latency(reply)}, "usage": usage(&reply.usage)});
    set(&mut metadata, "performanceConfig", reply.performance.as_ref());
    set(&mut metadata, "serviceTier", reply.tier.as_ref());
    set(&mut metadata, "trace", trace(reply).as_ref());
    events.push(event(METADATA, metadata));
    events
}

/// Only calls, results and pictures have a start of their own.
fn start(block: &Block) -> Option<Value> {
    match block {
        Block::ToolUse { id, name, kind, .. } => {
            let mut call = json!({"name": name, "toolUseId": id});
            set(&mut call, "type", kind.map(Value::from).as_ref());
            Some(json!({"toolUse": call}))
        }
        Block::ToolResult { id, kind, .. } => {
            Some(json!({"toolResult": {"status": "success", "toolUseId": id, "type": kind}}))
        }
        Block::Image { format, .. } => Some(json!({"image": {"format": format}})),
        _ => None,
    }
}

fn deltas(block: &Block) -> Vec<Value> {
    match block {
        Block::Cited { text, citations } => {
            let citations = citations.iter().map(|citation| json!({"citation": citation}));
            let texts = if text.is_empty() { Vec::new() } else { pieces(text) };
            citations.chain(texts.into_iter().map(|piece| json!({"text": piece}))).collect()
        }
        Block::ToolResult { content, .. } => vec![json!({"toolResult": content})],
        Block::Image { bytes, .. } => vec![json!({"image": {"source": {"bytes": bytes}}})],
        Block::Reasoning { text, signature: Some(signature) } if text.is_empty() => {
            vec![json!({"reasoningContent": {"signature": signature}})]
        }
        Block::Text(text) => pieces(text).into_iter().map(|piece| json!({"text": piece})).collect(),
        Block::Reasoning { text, signature } => {
            let texts =
                pieces(text).into_iter().map(|piece| json!({"reasoningContent": {"text": piece}}));
            let signature = signature
                .iter()
                .map(|signature| json!({"reasoningContent": {"signature": signature}}));
            texts.chain(signature).collect()
        }
        Block::Redacted(bytes) => {
            vec![json!({"reasoningContent": {"redactedContent": BASE64_STANDARD.encode(bytes)}})]
        }
        // The first delta is empty, as Claude's.
        Block::ToolUse { input, .. } if input.is_empty() => Vec::new(),
        Block::ToolUse { input, .. } => std::iter::once(String::new())
            .chain(groups(input.chars(), INPUT_PER_DELTA))
            .map(|piece| json!({"toolUse": {"input": piece}}))
            .collect(),
    }
}

/// A text in pieces of a few words; white space goes with the word after it.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut words = 0;
    let mut after_space = true;
    for letter in text.chars() {
        if after_space && !letter.is_whitespace() {
            words += 1;
        }
        let starts_space = letter.is_whitespace() && !after_space;
        after_space = letter.is_whitespace();
        if (starts_space && words == WORDS_PER_DELTA) || piece.len() >= MAX_DELTA_BYTES {
            pieces.push(std::mem::take(&mut piece));
            words = 0;
        }
        piece.push(letter);
    }
    pieces.push(piece);
    pieces
}

fn groups(letters: impl Iterator<Item = char>, size: usize) -> Vec<String> {
    let letters: Vec<char> = letters.collect();
    letters.chunks(size).map(|group| group.iter().collect()).collect()
}

/// Adds the padding the service hides lengths with: the same event always gets
/// the same, because replies are reproducible.
fn event(name: &'static str, mut payload: Value) -> Event {
    let length = 2 + payload.to_string().len() * 7 % (PADDING.len() - 1);
    if let Value::Object(members) = &mut payload {
        members.insert("p".to_owned(), PADDING.get(..length).unwrap_or(PADDING).into());
    }
    Event { name, payload }
}

fn usage(usage: &Usage) -> Value {
    let mut body = json!({
        "inputTokens": usage.input,
        "outputTokens": usage.output,
        "serverToolUsage": {},
        "totalTokens": usage.total(),
    });
    let (Some(cache), Value::Object(members)) = (&usage.cache, &mut body) else {
        return body;
    };
    for (name, tokens) in [
        ("cacheReadInputTokenCount", cache.read),
        ("cacheReadInputTokens", cache.read),
        ("cacheWriteInputTokenCount", cache.written()),
        ("cacheWriteInputTokens", cache.written()),
    ] {
        members.insert(name.to_owned(), tokens.into());
    }
    if !cache.writes.is_empty() {
        let details: Vec<Value> = cache
            .writes
            .iter()
            .map(|(ttl, tokens)| json!({"inputTokens": tokens, "ttl": ttl}))
            .collect();
        members.insert("cacheDetails".to_owned(), details.into());
    }
    body
}

/// The trace, when there is one to tell.
fn trace(reply: &Reply) -> Option<Value> {
    (!reply.trace.is_empty()).then(|| Value::Object(reply.trace.clone()))
}

/// A latency that fits the length of the answer; nobody measures one here.
fn latency(reply: &Reply) -> u64 {
    reply.usage.output.saturating_mul(10).saturating_add(100)
}

fn set(body: &mut Value, name: &str, value: Option<&Value>) {
    if let (Value::Object(members), Some(value)) = (body, value) {
        members.insert(name.to_owned(), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_text() {
        for (text, count) in
            [("", 1), ("one", 1), ("one two", 1), ("one two three", 2), (" a\n\nb  c ", 2)]
        {
            let pieces = pieces(text);
            assert_eq!(pieces.concat(), text);
            assert_eq!(pieces.len(), count, "{pieces:?}");
        }
    }

    #[test]
    fn long_words_are_split() {
        let text = "\u{e9}".repeat(MAX_DELTA_BYTES);
        let pieces = pieces(&text);
        assert_eq!(pieces.concat(), text);
        assert!(pieces.iter().all(|piece| piece.len() <= MAX_DELTA_BYTES + 1));
    }
}

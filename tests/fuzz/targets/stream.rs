//! Any sequence of Bedrock's events into the machine that makes chunks of them.
//!
//! ```sh
//! tests/fuzz/seed
//! cargo fuzz run --fuzz-dir tests/fuzz --sanitizer none stream -- -max_len=4096 -timeout=10 -max_total_time=480 -dict=tests/fuzz/chat.dict
//! ```
//!
//! Nothing panics; every chunk is JSON; calls are counted from 0 without gaps;
//! there is one finish reason if the model said why it stopped, else the stream is
//! reported as incomplete; and but for one chunk with the usage nothing follows it.
//! A whole answer that is replayed as a stream comes out as itself.
//!
//! The input: one byte of flags, then lines, one event each ([`event`]); with the
//! flag [`WHOLE`], then an answer of Converse.

#![no_main]

use std::collections::HashMap;

use bedrock_gateway::bedrock::response::ConverseResponse;
use bedrock_gateway::bedrock::stream::StreamEvent;
use bedrock_gateway::openai::chat::{Chunk, Completion};
use bedrock_gateway::translate::chat::{
    Answering, ChatStream, ResponseContext, events_of, response,
};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const STRICT: u8 = 1;
const INCLUDE_USAGE: u8 = 2;
const ANSWER_TOOL: u8 = 4;
const MARKS_TOOL_NAMES: u8 = 8;
const WHOLE: u8 = 128;

fuzz_target!(|data: &[u8]| {
    let [flags, rest @ ..] = data else { return };
    if flags & WHOLE != 0 {
        check_whole(rest, *flags);
        return;
    }
    let events = rest.split(|byte| *byte == b'\n').filter_map(event);
    check_stream(events, *flags);
});

/// What a line means: its first byte says which event, and whether the payload is
/// the rest as it is (the letters of `RAW`) or made of the rest.
fn event(line: &[u8]) -> Option<StreamEvent> {
    const RAW: [(u8, &str); 7] = [
        (b'm', "messageStart"),
        (b's', "contentBlockStart"),
        (b'd', "contentBlockDelta"),
        (b'e', "contentBlockStop"),
        (b'x', "messageStop"),
        (b'u', "metadata"),
        (b'?', "somethingNew"),
    ];
    let (choice, rest) = line.split_first()?;
    if let Some((_, kind)) = RAW.iter().find(|(letter, _)| letter == choice) {
        return StreamEvent::parse(kind, rest).ok()?;
    }
    let (index, rest) = rest.split_first().unwrap_or((&0, &[]));
    let index = index % 4;
    let text = String::from_utf8_lossy(rest);
    let start =
        |start: Value| ("contentBlockStart", json!({"contentBlockIndex": index, "start": start}));
    let delta =
        |delta: Value| ("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta}));
    let (kind, payload) = match choice % 16 {
        0 => ("messageStart", json!({"role": "assistant"})),
        1 => start(json!({"toolUse": {"toolUseId": "t", "name": text}})),
        2 => start(json!({"toolUse": {"toolUseId": text, "name": "n", "type": "server_tool_use"}})),
        3 => start(json!({"toolResult": {"toolUseId": "t", "type": text, "status": "success"}})),
        4 => start(json!({"image": {"format": text}})),
        5 => delta(json!({"text": text})),
        6 => delta(json!({"toolUse": {"input": text}})),
        7 => delta(json!({"reasoningContent": {"text": text}})),
        8 => delta(json!({"reasoningContent": {"signature": text, "redactedContent": text}})),
        9 => delta(json!({"citation": {"title": text, "location": {"web": {"url": text}}}})),
        10 => delta(json!({"toolResult": [{"text": text}]})),
        11 => delta(json!({"image": {"source": {"bytes": text}}})),
        12 => ("contentBlockStop", json!({"contentBlockIndex": index})),
        13 => (
            "messageStop",
            json!({"stopReason": text, "additionalModelResponseFields": {"a": text}}),
        ),
        14 => (
            "metadata",
            json!({"usage": {"inputTokens": index}, "serviceTier": {"type": text}, "trace": {}}),
        ),
        _ => ("messageStop", json!({"stopReason": "tool_use"})),
    };
    let event = StreamEvent::parse(kind, &serde_json::to_vec(&payload).unwrap());
    Some(event.expect("a payload of the right form").expect("a known event"))
}

fn context(flags: u8) -> ResponseContext {
    let has = |flag: u8| flags & flag != 0;
    ResponseContext {
        id: "i".into(),
        created: 1,
        model: "m".into(),
        strict: has(STRICT),
        answering: Answering {
            tool_names: HashMap::from([("alias".to_owned(), "a name".to_owned())]),
            answer_tool: has(ANSWER_TOOL).then(|| "answer".to_owned()),
            marks_tool_names: has(MARKS_TOOL_NAMES),
        },
    }
}

/// What clients make of an answer.
#[derive(Debug, Default, PartialEq)]
struct Answer {
    content: String,
    reasoning: String,
    /// Id, name and arguments.
    calls: Vec<[String; 3]>,
    finish_reason: Option<String>,
}

fn check_stream(events: impl Iterator<Item = StreamEvent>, flags: u8) -> Answer {
    let mut stream = ChatStream::new(context(flags), flags & INCLUDE_USAGE != 0);
    let mut watch = Watch { flags, ..Watch::default() };
    let (mut n_events, mut has_stopped) = (0, false);
    for event in events {
        n_events += 1;
        has_stopped |= matches!(event, StreamEvent::MessageStop(_));
        stream.push(&event, &mut |chunk| watch.see(chunk));
        assert!(watch.n_chunks > 0, "no first chunk");
    }
    let end = stream.end(&mut |chunk| watch.see(chunk));
    assert_eq!(end.is_ok(), has_stopped, "{end:?} after {n_events} events");
    assert_eq!(end.is_ok(), watch.answer.finish_reason.is_some());
    watch.answer
}

/// Holds one chunk after the other against what was there before.
#[derive(Default)]
struct Watch {
    flags: u8,
    n_chunks: usize,
    has_usage: bool,
    answer: Answer,
}

impl Watch {
    fn see(&mut self, chunk: &Chunk<'_>) {
        let text = serde_json::to_vec(chunk).unwrap();
        serde_json::from_slice::<serde::de::IgnoredAny>(&text).unwrap();
        let is_strict = self.flags & STRICT != 0;
        self.n_chunks += 1;
        assert!(!self.has_usage, "something after the usage");
        self.has_usage = matches!(chunk.usage, Some(Some(_)));
        let Some(choice) = &chunk.choices else {
            assert!(is_strict && self.flags & INCLUDE_USAGE != 0 && chunk.usage.is_some());
            self.has_usage = true;
            return;
        };
        assert!(self.answer.finish_reason.is_none(), "something after the finish reason");
        let delta = &choice.delta;
        assert_eq!(delta.role.is_some(), self.n_chunks == 1, "the role is told once");
        assert!(
            !is_strict || (delta.content_blocks.is_none() && delta.reasoning_content.is_none())
        );
        self.answer.content += delta.content.unwrap_or_default();
        self.answer.reasoning += delta.reasoning_content.unwrap_or_default();
        for call in delta.tool_calls.iter().flatten() {
            let calls = &mut self.answer.calls;
            if let Some(id) = call.id {
                assert_eq!(call.index as usize, calls.len(), "indexes have gaps");
                let name = call.function.name.expect("the first chunk of a call names it");
                calls.push([id.to_owned(), name.to_owned(), String::new()]);
            }
            let [.., arguments] = calls.get_mut(call.index as usize).expect("a call that began");
            *arguments += call.function.arguments;
        }
        self.answer.finish_reason = choice.finish_reason.map(str::to_owned);
    }
}

fn check_whole(text: &[u8], flags: u8) {
    let parse = || serde_json::from_slice::<ConverseResponse>(text).ok();
    let (Some(whole), Some(again), Some(looked_at)) = (parse(), parse(), parse()) else { return };
    let (completion, events) = (response(whole, context(flags)), events_of(again));
    assert_eq!(completion.is_ok(), events.is_ok());
    let (Ok(completion), Ok(events)) = (completion, events) else { return };
    let text = serde_json::to_vec(&completion).unwrap();
    serde_json::from_slice::<serde::de::IgnoredAny>(&text).unwrap();
    let streamed = check_stream(events.into_iter(), flags);
    // Bedrock sets one member of a block; with both, the order of texts is open.
    let blocks = looked_at.output.and_then(|output| output.message).map(|message| message.content);
    let is_usual = blocks.iter().flatten().all(|block| {
        let members =
            [block.text.is_some(), block.citations_content.is_some(), block.tool_use.is_some()];
        members.into_iter().filter(|is_set| *is_set).count() <= 1
    });
    if is_usual && flags & ANSWER_TOOL == 0 {
        assert_eq!(streamed, answer(completion));
    }
}

fn answer(completion: Completion) -> Answer {
    let [choice] = completion.choices;
    let calls = choice.message.tool_calls.into_iter();
    Answer {
        content: choice.message.content.unwrap_or_default(),
        reasoning: choice.message.reasoning_content.unwrap_or_default(),
        calls: calls.map(|call| [call.id, call.function.name, call.function.arguments]).collect(),
        finish_reason: Some(choice.finish_reason),
    }
}

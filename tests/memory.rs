//! Reading a body takes memory in proportion to its bytes, whatever it holds.
//!
//! Alone in its file: the allocator counts what the whole process allocates.
#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "helpers of tests fail like tests"
)]

use std::collections::BTreeMap;

use bedrock_gateway::json::counts::{Counts, Limits};
use bedrock_gateway::json::{self, ReadError};
use bedrock_gateway::models;
use bedrock_gateway::openai::chat;
use bedrock_gateway::translate::chat::{RemoteFiles, RequestContext, UnsupportedParams, request};
use peak_alloc::PeakAlloc;
use serde_json::json;
use serde_json::value::RawValue;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The limits of the default settings.
const DEFAULTS: Limits = Limits {
    max_messages: 10_000,
    max_parts: 20_000,
    max_tools: 1000,
    max_members: 10_000,
    max_schema_values: 100_000,
};

/// What an operator may set who wants no limit on conversations.
const WIDE: Limits = Limits { max_messages: usize::MAX, max_parts: usize::MAX, ..DEFAULTS };

/// What reading may take at its peak, the body included.
fn bound(body: &str) -> usize {
    6 * body.len() + 1024 * 1024
}

/// What reading, translating and writing the request may take at their peak, the body
/// included.
fn bound_of_translation(body: &str) -> usize {
    8 * body.len() + 16 * 1024 * 1024
}

/// A body of about `size` bytes that repeats `item`.
fn repeated(size: usize, head: &str, item: &str, tail: &str) -> String {
    let count = size / (item.len() + 1);
    format!("{head}{}{tail}", vec![item; count].join(","))
}

/// Bodies of about `size` bytes that cost most for what they are.
fn hostile(size: usize) -> Vec<(&'static str, String)> {
    [hostile_messages(size), hostile_fields(size)].concat()
}

fn hostile_messages(size: usize) -> Vec<(&'static str, String)> {
    let user =
        |item: &str| repeated(size, r#"{"messages":[{"role":"user","content":["#, item, "]}]}");
    let assistant = |member: &str, item: &str| {
        let head = format!(r#"{{"messages":[{{"role":"assistant","{member}":["#);
        repeated(size, &head, item, "]}]}")
    };
    let messages = |item: &str| repeated(size, r#"{"messages":["#, item, "]}");
    let list = |head: &str, item: &str, tail: &str| repeated(size, head, item, tail);
    vec![
        ("empty parts", user("{}")),
        ("null parts", user("null")),
        ("parts of a type alone", user(r#"{"type":"text"}"#)),
        ("short texts", user(r#"{"type":"text","text":"a"}"#)),
        ("files without members", user(r#"{"type":"file","file":{}}"#)),
        ("sources", user(r#"{"type":"image","source":{"type":"url"}}"#)),
        ("strings as sources", user(r#"{"type":"image","source":""}"#)),
        ("image URLs", user(r#"{"type":"image_url","image_url":{"url":""}}"#)),
        ("marks", user(r#"{"type":"text","cache_control":{}}"#)),
        ("JSON parts", user(r#"{"type":"json","json":0}"#)),
        ("unknown members", user(r#"{"type":"text","x":[{},{},{"y":[0,0]}]}"#)),
        ("qualifiers", user(r#"{"type":"text","qualifiers":["","","","",""]}"#)),
        ("text parts of a source", {
            let head = r#"{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"content","content":["#;
            list(head, r#"{"text":""}"#, "]}}]}]}")
        }),
        ("messages", messages(r#"{"role":"user"}"#)),
        ("empty messages", messages("{}")),
        ("short messages", messages(r#"{"role":"tool","content":""}"#)),
        ("names", messages(r#"{"role":"tool","name":""}"#)),
        ("lists of parts", messages(r#"{"role":"tool","content":[]}"#)),
        ("function calls", messages(r#"{"role":"tool","function_call":{"name":""}}"#)),
        ("content blocks", assistant("content_blocks", r#"{"type":"thinking"}"#)),
        ("empty content blocks", assistant("content_blocks", "{}")),
        ("tool calls", assistant("tool_calls", r#"{"id":""}"#)),
        ("whole tool calls", assistant("tool_calls", r#"{"id":"","function":{"name":""}}"#)),
    ]
}

fn hostile_fields(size: usize) -> Vec<(&'static str, String)> {
    let user =
        |item: &str| repeated(size, r#"{"messages":[{"role":"user","content":["#, item, "]}]}");
    let list = |head: &str, item: &str, tail: &str| repeated(size, head, item, tail);
    let numbered = |head: &str, value: &str, tail: &str| {
        let members: Vec<String> =
            (0..size / (value.len() + 10)).map(|i| format!(r#""{i:x}":{value}"#)).collect();
        format!("{head}{}{tail}", members.join(","))
    };
    let deep = |open: &str, close: &str| {
        let n = size / (open.len() + close.len());
        format!("{}0{}", open.repeat(n), close.repeat(n))
    };
    vec![
        ("tools", list(r#"{"tools":["#, r#"{"type":""}"#, "]}")),
        ("functions", list(r#"{"functions":["#, r#"{"name":""}"#, "]}")),
        (
            "schemas",
            list(
                r#"{"tools":["#,
                r#"{"type":"function","function":{"name":"f","parameters":{}}}"#,
                "]}",
            ),
        ),
        ("stop sequences", list(r#"{"stop":["#, r#""""#, "]}")),
        ("beta flags", list(r#"{"anthropic_beta":["#, r#""a""#, "]}")),
        ("unknown fields", numbered("{", "0", "}")),
        ("metadata", numbered(r#"{"metadata":{"#, "0", "}}")),
        ("prompt variables", numbered(r#"{"prompt_variables":{"#, r#""""#, "}}")),
        ("additional fields", numbered(r#"{"additional_model_request_fields":{"#, "0", "}}")),
        (
            "numbers in additional fields",
            list(r#"{"additionalModelRequestFields":{"a":["#, "0", "]}}"),
        ),
        ("numbers in a schema", {
            let head = r#"{"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","enum":["#;
            list(head, "0", "]}}}]}")
        }),
        ("numbers in an unknown field", list(r#"{"x":["#, "0", "]}")),
        ("numbers in a tool call", {
            let head = r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"\":0,\"a\":["#;
            list(head, "0", r#"]}"}}]}]}"#)
        }),
        ("members of a tool call", {
            let head = r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{"#;
            list(head, r#"\"\":0"#, r#"}"}}]},{"role":"tool","tool_call_id":"a","content":"b"}]}"#)
        }),
        ("allowed tools", {
            let head = r#"{"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":["#;
            list(head, r#"{"type":""}"#, "]}}}")
        }),
        ("deep arrays", format!(r#"{{"x":{}}}"#, deep("[", "]"))),
        ("deep objects in a schema", {
            let schema = deep(r#"{"a":"#, "}");
            format!(
                r#"{{"response_format":{{"type":"json_schema","json_schema":{{"schema":{schema}}}}}}}"#
            )
        }),
        ("deep parts", format!(r#"{{"messages":{}}}"#, deep(r#"[{"content":"#, "}]"))),
        (
            "one long text",
            format!(r#"{{"messages":[{{"role":"user","content":"{}"}}]}}"#, "a".repeat(size)),
        ),
        (
            "escapes",
            format!(r#"{{"messages":[{{"role":"user","content":"{}"}}]}}"#, r"\n".repeat(size / 2)),
        ),
        (
            "one long name",
            format!(r#"{{"{}":0,"messages":[{{"role":"user","content":"a"}}]}}"#, "a".repeat(size)),
        ),
        ("a text for a number", format!(r#"{{"temperature":"{}"}}"#, "\u{200b}".repeat(size / 3))),
        ("a text for a list", format!(r#"{{"messages":"{}"}}"#, "\u{200b}".repeat(size / 3))),
        ("a text for an object", format!(r#"{{"tools":["{}"]}}"#, "\u{200b}".repeat(size / 3))),
        ("a text for a role", {
            format!(r#"{{"messages":[{{"role":"{}"}}]}}"#, "\u{200b}".repeat(size / 3))
        }),
        ("a text for all", format!(r#""{}""#, "\u{200b}".repeat(size / 3))),
        ("one long name cut off", format!(r#"{{"{}":["#, "a".repeat(size))),
        ("no JSON", "[".repeat(size)),
        ("a bare string", format!(r#""{}""#, "a".repeat(size))),
        ("no end", user(r#"{"type":"text","text":"a"}"#).trim_end_matches('}').to_owned()),
    ]
}

/// What `act` takes at its peak, and what it gives.
fn peak<T>(act: impl FnOnce() -> T) -> (usize, T) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let given = act();
    (MEMORY.peak_usage().saturating_sub(before), given)
}

fn translate(body: &str) -> Option<usize> {
    let request_body: chat::Request = json::read_slice(body.as_bytes(), DEFAULTS).ok()?;
    let nothing: BTreeMap<String, Box<RawValue>> = BTreeMap::new();
    let files = RemoteFiles::default();
    let context = RequestContext {
        profile: models::profile("us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        is_prompt: false,
        stream: false,
        anthropic_beta: &[],
        metadata: &nothing,
        pinned_metadata: &nothing,
        override_metadata: &nothing,
        files: &files,
        unsupported: UnsupportedParams::Ignore,
    };
    let translation = request(&request_body, &context).ok()?;
    Some(serde_json::to_vec(&translation.request).unwrap().len())
}

#[test]
fn reading_takes_memory_in_proportion_to_the_body() {
    let over = json!({"thinking": {"type": "disabled"}, "metadata": {"a": "b"}, "additionalModelRequestFields": {"x": 1}});
    let over = over.as_object().unwrap();
    let mut worst = Vec::new();
    for size in [100_000, 1_000_000] {
        for (what, body) in hostile(size) {
            for (which, limits) in [("default", DEFAULTS), ("wide", WIDE)] {
                let (taken, read) =
                    peak(|| json::read_slice::<chat::Request>(body.as_bytes(), limits));
                drop(read);
                let taken = taken + body.len();
                assert!(
                    taken <= bound(&body),
                    "{what}, {which} limits, {} bytes: {taken}",
                    body.len()
                );
                worst.push((taken as f64 / body.len() as f64, what, which, size));
            }
            let (taken, read) = peak(|| -> Result<chat::Request, ReadError> {
                let counts = Counts::new(DEFAULTS);
                let laid = chat::VOCABULARY.overlay(body.as_bytes(), over, &counts);
                laid.map_or(
                    Err(ReadError::Invalid(json::Error { path: None, message: String::new() })),
                    |laid| json::read_slice(&laid, DEFAULTS),
                )
            });
            drop(read);
            let taken = taken + body.len();
            assert!(taken <= bound(&body), "{what}, with overrides, {} bytes: {taken}", body.len());
            let (taken, _) = peak(|| translate(&body));
            let taken = taken + body.len();
            assert!(
                taken <= bound_of_translation(&body),
                "{what}, translated, {} bytes: {taken}",
                body.len()
            );
            worst.push((taken as f64 / body.len() as f64, what, "translated", size));
        }
    }
    worst.sort_by(|one, other| other.0.total_cmp(&one.0));
    for (ratio, what, which, size) in worst.iter().filter(|(.., size)| *size > 100_000).take(25) {
        println!("{ratio:.2} {what} ({which}, {size})");
    }
}

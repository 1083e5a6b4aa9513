//! Any bytes as the body of a chat request, for any family of models.
//!
//! ```sh
//! tests/fuzz/seed
//! cargo fuzz run --fuzz-dir tests/fuzz --sanitizer none request -- -max_len=8192 -timeout=10 -max_total_time=480 -dict=tests/fuzz/chat.dict
//! ```
//!
//! Nothing panics; what is refused is refused at a place; what is accepted keeps
//! the rules of Converse that do not depend on what the model is.
//!
//! The input: one byte that picks a row of the table of families, one of flags
//! ([`Outside`]), and the body.

#![no_main]

use std::collections::{BTreeMap, HashSet};

use bedrock_gateway::bedrock::request::{
    AudioBlock, BlobSource, ContentBlock, ConverseRequest, DocumentBlock, DocumentSource,
    ImageBlock, Message, ReasoningContentBlock, Role, S3Location, SystemContentBlock, TextPiece,
    Tool, ToolChoice, ToolResultBlock, ToolResultContent, ToolResultContentBlock, ToolUseBlock,
    VideoBlock,
};
use bedrock_gateway::json;
use bedrock_gateway::models::{self, ModelProfile};
use bedrock_gateway::openai::chat;
use bedrock_gateway::translate::chat::{
    RemoteFile, RemoteFiles, RequestContext, UnsupportedParams, remote_urls, request,
};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

/// No gateway key says anything for these requests.
static NOTHING: BTreeMap<String, Box<RawValue>> = BTreeMap::new();

/// The file that can be fetched.
const URL: &str = "https://a.example/x.png";

fuzz_target!(|data: &[u8]| {
    let [family, flags, body @ ..] = data else { return };
    let body = match json::from_slice::<chat::Request>(body) {
        Ok(body) => body,
        Err(error) => {
            assert!(error.path.is_none_or(|path| !path.is_empty()));
            assert!(!error.message.is_empty());
            return;
        }
    };
    let _ = remote_urls(&body);
    let outside = Outside::of(*family, *flags, &body);
    match request(&body, &outside.context()) {
        Err(error) => {
            assert!(!error.param.is_empty() && !error.message.is_empty(), "{error:?}");
        }
        Ok(translation) => {
            assert!(translation.ignored.iter().all(|place| !place.is_empty()));
            if outside.unsupported == UnsupportedParams::Refuse {
                assert!(translation.ignored.is_empty(), "{:?}", translation.ignored);
            }
            check(&translation.request, outside.profile, outside.is_prompt);
        }
    }
});

/// What the translation is told from outside.
struct Outside {
    profile: &'static ModelProfile,
    unsupported: UnsupportedParams,
    is_prompt: bool,
    stream: bool,
    beta: Vec<String>,
    metadata: BTreeMap<String, Box<RawValue>>,
    files: RemoteFiles,
}

impl Outside {
    fn of(family: u8, flags: u8, body: &chat::Request) -> Self {
        let has = |bit: u8| flags & (1 << bit) != 0;
        let file = || (URL.to_owned(), RemoteFile::new(None, b"\x89PNG\r\n\x1a\n1234"));
        let value = || RawValue::from_string("\"v\"".to_owned()).unwrap();
        Self {
            profile: match models::families().get(usize::from(family)) {
                Some(profile) => profile,
                None => models::profile(body.model.as_deref().unwrap_or_default()),
            },
            unsupported: match flags % 4 {
                0 | 1 => UnsupportedParams::Ignore,
                2 => UnsupportedParams::Auto,
                _ => UnsupportedParams::Refuse,
            },
            is_prompt: has(2) && has(3),
            stream: has(4),
            beta: has(5)
                .then(|| "interleaved-thinking-2025-05-14".to_owned())
                .into_iter()
                .collect(),
            metadata: has(6).then(|| ("k".to_owned(), value())).into_iter().collect(),
            files: (!has(7)).then(file).into_iter().collect(),
        }
    }

    fn context(&self) -> RequestContext<'_> {
        RequestContext {
            profile: self.profile,
            is_prompt: self.is_prompt,
            stream: self.stream,
            anthropic_beta: &self.beta,
            metadata: &self.metadata,
            pinned_metadata: &NOTHING,
            override_metadata: &NOTHING,
            files: &self.files,
            unsupported: self.unsupported,
        }
    }
}

fn check(request: &ConverseRequest<'_>, profile: &ModelProfile, is_prompt: bool) {
    let bytes = serde_json::to_vec(request).unwrap();
    serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).unwrap();

    assert!(is_prompt || !request.messages.is_empty(), "no turns");
    let mut documents = HashSet::new();
    for turns in request.messages.windows(2) {
        assert!(turns[0].role != turns[1].role, "two turns of one side");
    }
    for (i, turn) in request.messages.iter().enumerate() {
        check_turn(turn, profile, &mut documents);
        check_results(turn, i.checked_sub(1).map(|i| &request.messages[i]));
        if turn.role == Role::Assistant {
            check_calls(turn, request.messages.get(i + 1));
        }
    }
    for block in &request.system {
        if let SystemContentBlock::Text(text) = block {
            check_text(text);
        }
    }
    let is_point =
        |block: &SystemContentBlock<'_>| matches!(block, SystemContentBlock::CachePoint(_));
    check_points(request.system.iter().map(is_point));
    check_tools(request, profile);
    assert!(n_cache_points(request) <= 4, "too many cache points");
    check_inference(request);
    assert!(request.request_metadata.len() <= 16);
    for (name, value) in &request.request_metadata {
        assert!((1..=256).contains(&name.chars().count()) && value.chars().count() <= 256);
    }
}

fn check_turn(turn: &Message<'_>, profile: &ModelProfile, documents: &mut HashSet<String>) {
    let is_thought = |block: &ContentBlock<'_>| {
        matches!(block, ContentBlock::ReasoningContent(_) | ContentBlock::CachePoint(_))
    };
    assert!(!turn.content.iter().all(is_thought), "a turn that says nothing");
    check_points(turn.content.iter().map(|block| matches!(block, ContentBlock::CachePoint(_))));
    for block in &turn.content {
        match block {
            ContentBlock::Text(text) => check_text(text),
            ContentBlock::Document(document) => check_document(document, documents),
            ContentBlock::Image(ImageBlock { source, .. })
            | ContentBlock::Video(VideoBlock { source, .. })
            | ContentBlock::Audio(AudioBlock { source, .. }) => check_source(source),
            ContentBlock::ReasoningContent(ReasoningContentBlock::RedactedContent(data)) => {
                check_base64(data);
            }
            ContentBlock::ToolUse(call) => {
                // AWS's own tools are not called by a name that the family chooses.
                let of_aws = call.kind.is_some();
                check_name(&call.name, if of_aws { models::profile("") } else { profile });
                check_id(&call.tool_use_id);
            }
            ContentBlock::ToolResult(result) => {
                check_id(&result.tool_use_id);
                check_result(&result.content, documents);
            }
            ContentBlock::CitationsContent(cited) => check_pieces(&cited.content),
            ContentBlock::GuardContent(_)
            | ContentBlock::CachePoint(_)
            | ContentBlock::ReasoningContent(_)
            | ContentBlock::SearchResult(_) => {}
        }
    }
    let has = |is: fn(&ContentBlock<'_>) -> bool| turn.content.iter().any(is);
    if has(|block| matches!(block, ContentBlock::Document(_))) {
        assert!(has(|block| matches!(block, ContentBlock::Text(_))), "a document without text");
    }
}

fn check_result(content: &ToolResultContent<'_>, documents: &mut HashSet<String>) {
    let blocks = match content {
        ToolResultContent::Blocks(blocks) => blocks,
        ToolResultContent::Raw(list) => return assert!(list.get().starts_with('['), "{list}"),
    };
    for block in blocks {
        match block {
            ToolResultContentBlock::Document(document) => check_document(document, documents),
            ToolResultContentBlock::Image(ImageBlock { source, .. })
            | ToolResultContentBlock::Video(VideoBlock { source, .. }) => check_source(source),
            ToolResultContentBlock::Json(json) => assert!(!json.get().starts_with('['), "{json}"),
            ToolResultContentBlock::Text(_) | ToolResultContentBlock::SearchResult(_) => {}
        }
    }
}

fn check_source(source: &BlobSource<'_>) {
    match source {
        BlobSource::Bytes(bytes) => check_base64(bytes),
        BlobSource::S3Location(location) => check_s3(location),
    }
}

fn check_base64(data: &str) {
    let body = data.trim_end_matches('=');
    let is_legal = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    assert!(!body.is_empty() && body.bytes().all(is_legal), "{data:?}");
    assert!(data.len().is_multiple_of(4) && data.len() - body.len() <= 2, "{data:?}");
}

/// `s3://[a-z0-9][\.\-a-z0-9]{1,61}[a-z0-9](/.*)?`
fn check_s3(location: &S3Location<'_>) {
    let uri = location.uri;
    let rest = uri.strip_prefix("s3://").expect("a URI of S3");
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let is_end = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bucket = bucket.as_bytes();
    assert!((3..=63).contains(&bucket.len()) && uri.chars().count() <= 1024, "{uri:?}");
    assert!(bucket.iter().all(|b| is_end(b) || b".-".contains(b)), "{uri:?}");
    assert!(bucket.first().is_some_and(is_end) && bucket.last().is_some_and(is_end), "{uri:?}");
    assert!(!key.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']), "{uri:?}");
}

fn check_text(text: &str) {
    assert!(!text.trim().is_empty(), "blank text");
}

fn check_pieces(pieces: &[TextPiece<'_>]) {
    assert!(!pieces.is_empty(), "no text");
    pieces.iter().for_each(|piece| check_text(&piece.text));
}

/// A cache point comes after something that it covers.
fn check_points(blocks: impl Iterator<Item = bool>) {
    let mut was_point = true;
    for is_point in blocks {
        assert!(!(was_point && is_point), "a cache point of nothing");
        was_point = is_point;
    }
}

fn check_document(document: &DocumentBlock<'_>, documents: &mut HashSet<String>) {
    let name = &document.name;
    let is_legal = |b: u8| b.is_ascii_alphanumeric() || b"-_()[] ".contains(&b);
    assert!((1..=200).contains(&name.len()), "{name:?}");
    assert!(name.bytes().all(is_legal) && !name.contains("  "), "{name:?}");
    assert!(documents.insert(name.clone()), "{name:?} twice");
    match &document.source {
        DocumentSource::Bytes(bytes) => check_base64(bytes),
        DocumentSource::S3Location(location) => check_s3(location),
        DocumentSource::Text(_) | DocumentSource::Content(_) => {}
    }
}

fn check_name(name: &str, profile: &ModelProfile) {
    let is_legal = |b: u8| match b {
        b'-' => profile.tool_names == models::ToolNames::WithHyphens,
        b => b.is_ascii_alphanumeric() || b == b'_',
    };
    assert!((1..=64).contains(&name.len()) && name.bytes().all(is_legal), "{name:?}");
}

fn check_id(id: &str) {
    let is_legal = |b: u8| b.is_ascii_alphanumeric() || b"_.:-".contains(&b);
    assert!((1..=64).contains(&id.len()) && id.bytes().all(is_legal), "{id:?}");
}

/// The calls of the client's tools.
fn calls<'t>(turn: &'t Message<'_>) -> impl Iterator<Item = &'t ToolUseBlock<'t>> {
    turn.content.iter().filter_map(|block| match block {
        ContentBlock::ToolUse(call) if call.kind.is_none() => Some(call),
        _ => None,
    })
}

fn results<'t>(turn: &'t Message<'_>) -> impl Iterator<Item = &'t ToolResultBlock<'t>> {
    turn.content.iter().filter_map(|block| match block {
        ContentBlock::ToolResult(result) => Some(result),
        _ => None,
    })
}

/// Every call is answered in the next turn.
fn check_calls(turn: &Message<'_>, next: Option<&Message<'_>>) {
    for call in calls(turn) {
        let answers = next.into_iter().flat_map(results);
        let n_answers = answers.filter(|result| result.tool_use_id == call.tool_use_id).count();
        assert_eq!(n_answers, 1, "answers to {}", call.tool_use_id);
    }
}

/// Every result of a user's turn belongs to a call of the turn before it.
fn check_results(turn: &Message<'_>, before: Option<&Message<'_>>) {
    if turn.role == Role::User {
        for result in results(turn) {
            let mut calls = before.into_iter().flat_map(calls);
            assert!(
                calls.any(|call| call.tool_use_id == result.tool_use_id),
                "a result of nothing"
            );
        }
    }
}

fn check_tools(request: &ConverseRequest<'_>, profile: &ModelProfile) {
    let Some(config) = &request.tool_config else {
        assert!(
            request.messages.iter().all(|turn| calls(turn).next().is_none()),
            "calls, no tools"
        );
        return;
    };
    assert!(!config.tools.is_empty());
    check_points(config.tools.iter().map(|tool| matches!(tool, Tool::CachePoint(_))));
    let mut names = HashSet::new();
    for tool in &config.tools {
        match tool {
            Tool::ToolSpec(tool) => {
                check_name(&tool.name, profile);
                names.insert(&tool.name);
                tool.description.into_iter().for_each(check_text);
            }
            Tool::SystemTool(tool) => check_name(tool.name, models::profile("")),
            Tool::CachePoint(_) => {}
        }
    }
    if let Some(ToolChoice::Tool { name }) = &config.tool_choice {
        assert!(names.contains(name), "{name:?} is not on offer");
    }
}

fn n_cache_points(request: &ConverseRequest<'_>) -> usize {
    let blocks = request.messages.iter().flat_map(|turn| &turn.content);
    let tools = request.tool_config.iter().flat_map(|config| &config.tools);
    blocks.filter(|block| matches!(block, ContentBlock::CachePoint(_))).count()
        + request
            .system
            .iter()
            .filter(|block| matches!(block, SystemContentBlock::CachePoint(_)))
            .count()
        + tools.filter(|tool| matches!(tool, Tool::CachePoint(_))).count()
}

fn check_inference(request: &ConverseRequest<'_>) {
    let config = &request.inference_config;
    assert!(config.max_tokens.is_none_or(|max_tokens| max_tokens > 0));
    for number in [config.temperature, config.top_p].into_iter().flatten() {
        assert!((0.0..=1.0).contains(&number), "{number}");
    }
    assert!(config.stop_sequences.len() <= 2500);
    assert!(request.additional_model_response_field_paths.len() <= 10);
    let effort = request.output_config.as_ref().and_then(|config| config.effort);
    assert!(effort.is_none_or(|effort| effort.chars().count() <= 16), "{effort:?}");
    config.stop_sequences.iter().for_each(|text| check_text(text));
}

//! What holds for any input: parsers and state machines against generated data.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail like tests"
)]

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bedrock_gateway::access::jwt::{
    ClaimMapping, FetchDocument, JwksSource, JwtOptions, JwtVerifier, NullVirtualKeys, is_jwt,
};
use bedrock_gateway::aws::event_stream::Decoder;
use bedrock_gateway::aws::model_id::ModelId;
use bedrock_gateway::aws::region::Region;
use bedrock_gateway::aws::{arn, custom_host};
use bedrock_gateway::bedrock::response::ConverseResponse;
use bedrock_gateway::bedrock::stream::StreamEvent;
use bedrock_gateway::json;
use bedrock_gateway::models;
use bedrock_gateway::openai::chat;
use bedrock_gateway::routing::config::GatewayConfig;
use bedrock_gateway::translate::chat::{
    Answering, ChatStream, RemoteFiles, RequestContext, ResponseContext, UnsupportedParams,
    events_of, request, response,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// One block of a model's answer, in the pieces in which it is streamed.
#[derive(Debug, Clone)]
enum Block {
    Text(Vec<String>),
    Thinking(Vec<String>, Option<String>),
    Redacted(String),
    Tool { id: String, name: String, input: Value, cuts: usize },
    Cited(Vec<String>, Vec<Value>),
    ServerTool { id: String, input: Value },
    ServerResult { id: String, content: Value },
}

fn block() -> impl Strategy<Value = Block> {
    let pieces = || vec(".{0,6}", 0..4);
    prop_oneof![
        pieces().prop_map(Block::Text),
        (pieces(), proptest::option::of("[a-zA-Z0-9+/]{1,8}"))
            .prop_map(|(text, seal)| Block::Thinking(text, seal)),
        "[a-zA-Z0-9+/]{4}".prop_map(Block::Redacted),
        (pieces(), vec(citation(), 1..3)).prop_map(|(text, sources)| Block::Cited(text, sources)),
        "[a-z0-9]{4}".prop_map(|id| Block::ServerTool { id, input: json!({"q": "é"}) }),
        "[a-z0-9]{4}".prop_map(|id| Block::ServerResult { id, content: json!([{"text": "r"}]) }),
        ("[a-z0-9]{4}", "[a-z_]{1,8}", any::<Option<i32>>(), 1..5_usize).prop_map(
            |(id, name, number, cuts)| {
                let input =
                    number.map_or_else(|| json!({}), |number| json!({"n": number, "é": "\"x\\"}));
                Block::Tool { id, name, input, cuts }
            }
        ),
    ]
}

fn citation() -> impl Strategy<Value = Value> {
    prop_oneof![
        ("[a-z]{1,5}", ".{0,5}").prop_map(|(name, title)| {
            json!({"title": title, "location": {"web": {"url": format!("https://{name}.example")}}})
        }),
        (0..9_u32).prop_map(|start| {
            json!({"title": "d", "location": {"documentChar": {"documentIndex": 0, "start": start, "end": 9}}})
        }),
    ]
}

/// What AWS would say of these blocks as a whole.
fn whole(blocks: &[Block], stop_reason: &str) -> ConverseResponse {
    let content: Vec<Value> = blocks
        .iter()
        .map(|block| match block {
            Block::Text(pieces) => json!({"text": pieces.concat()}),
            Block::Thinking(pieces, seal) => {
                json!({"reasoningContent": {"reasoningText": {"text": pieces.concat(), "signature": seal}}})
            }
            Block::Redacted(data) => json!({"reasoningContent": {"redactedContent": data}}),
            Block::Tool { id, name, input, .. } => {
                json!({"toolUse": {"toolUseId": id, "name": name, "input": input}})
            }
            Block::Cited(pieces, citations) => {
                json!({"citationsContent": {"content": [{"text": pieces.concat()}], "citations": citations}})
            }
            Block::ServerTool { id, input } => {
                json!({"toolUse": {"toolUseId": id, "name": "nova_grounding", "input": input, "type": "server_tool_use"}})
            }
            Block::ServerResult { id, content } => {
                json!({"toolResult": {"toolUseId": id, "content": content, "status": "success"}})
            }
        })
        .collect();
    serde_json::from_value(json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop_reason,
        "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}
    }))
    .unwrap()
}

/// What AWS would stream of them.
fn streamed(blocks: &[Block], stop_reason: &str) -> Vec<StreamEvent> {
    let mut events = vec![("messageStart", json!({"role": "assistant"}))];
    for (i, block) in blocks.iter().enumerate() {
        let delta =
            |delta: Value| ("contentBlockDelta", json!({"contentBlockIndex": i, "delta": delta}));
        match block {
            Block::Text(pieces) => {
                events.extend(pieces.iter().map(|piece| delta(json!({"text": piece}))))
            }
            Block::Thinking(pieces, seal) => {
                events.extend(
                    pieces.iter().map(|piece| delta(json!({"reasoningContent": {"text": piece}}))),
                );
                events.extend(
                    seal.iter().map(|seal| delta(json!({"reasoningContent": {"signature": seal}}))),
                );
            }
            Block::Redacted(data) => {
                events.push(delta(json!({"reasoningContent": {"redactedContent": data}})))
            }
            Block::Cited(pieces, citations) => {
                events.extend(citations.iter().map(|source| delta(json!({"citation": source}))));
                events.extend(pieces.iter().map(|piece| delta(json!({"text": piece}))));
            }
            Block::ServerTool { id, input } => {
                let start = json!({"toolUse": {"toolUseId": id, "name": "nova_grounding", "type": "server_tool_use"}});
                events.push(("contentBlockStart", json!({"contentBlockIndex": i, "start": start})));
                events.push(delta(json!({"toolUse": {"input": input.to_string()}})));
            }
            Block::ServerResult { id, content } => {
                let start = json!({"toolResult": {"toolUseId": id, "status": "success"}});
                events.push(("contentBlockStart", json!({"contentBlockIndex": i, "start": start})));
                events.push(delta(json!({"toolResult": content})));
            }
            Block::Tool { id, name, input, cuts } => {
                let start = json!({"toolUse": {"toolUseId": id, "name": name}});
                events.push(("contentBlockStart", json!({"contentBlockIndex": i, "start": start})));
                // A model sends nothing for an empty input.
                let text: Vec<char> = if *input == json!({}) {
                    Vec::new()
                } else {
                    input.to_string().chars().collect()
                };
                for piece in text.chunks(text.len().div_ceil(*cuts).max(1)) {
                    events.push(delta(
                        json!({"toolUse": {"input": piece.iter().collect::<String>()}}),
                    ));
                }
            }
        }
        events.push(("contentBlockStop", json!({"contentBlockIndex": i})));
    }
    events.push(("messageStop", json!({"stopReason": stop_reason})));
    events.push((
        "metadata",
        json!({"usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}}),
    ));
    events.iter().map(|(kind, payload)| parse(kind, payload)).collect()
}

fn parse(kind: &str, payload: &Value) -> StreamEvent {
    StreamEvent::parse(kind, payload.to_string().as_bytes()).unwrap().unwrap()
}

fn context(strict: bool) -> ResponseContext {
    let answering = Answering::default();
    ResponseContext { id: "i".into(), created: 1, model: "m".into(), strict, answering }
}

fn chunks(events: &[StreamEvent], strict: bool, include_usage: bool) -> (Vec<Value>, bool) {
    chunks_of(ChatStream::new(context(strict), include_usage), events)
}

fn chunks_of(mut stream: ChatStream, events: &[StreamEvent]) -> (Vec<Value>, bool) {
    let mut chunks = Vec::new();
    let mut emit = |chunk: &chat::Chunk<'_>| chunks.push(serde_json::to_value(chunk).unwrap());
    for event in events {
        stream.push(event, &mut emit);
    }
    let complete = stream.end(&mut emit).is_ok();
    (chunks, complete)
}

/// Puts chunks together as clients do: strings by appending, calls and blocks by index.
fn concatenated(chunks: &[Value]) -> Value {
    let (mut content, mut reasoning) = (String::new(), String::new());
    let mut calls: BTreeMap<u64, Map<String, Value>> = BTreeMap::new();
    let mut blocks: BTreeMap<u64, Map<String, Value>> = BTreeMap::new();
    let mut finish_reason = Value::Null;
    let mut annotations: Vec<Value> = Vec::new();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let append = |map: &mut Map<String, Value>, name: &str, more: &str| {
        let so_far = text(map.get(name).unwrap_or(&Value::Null));
        map.insert(name.into(), json!(so_far + more));
    };
    for choice in chunks.iter().filter_map(|chunk| chunk["choices"].get(0)) {
        let delta = &choice["delta"];
        content += &text(&delta["content"]);
        annotations.extend(delta["annotations"].as_array().into_iter().flatten().cloned());
        reasoning += &text(&delta["reasoning_content"]);
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            let known = calls.entry(call["index"].as_u64().unwrap()).or_default();
            if let Some(id) = call.get("id") {
                known.insert("id".into(), id.clone());
                known.insert("name".into(), call["function"]["name"].clone());
            }
            append(known, "arguments", &text(&call["function"]["arguments"]));
        }
        for block in delta["content_blocks"].as_array().into_iter().flatten() {
            let known = blocks.entry(block["index"].as_u64().unwrap()).or_default();
            for (name, more) in block["delta"].as_object().unwrap() {
                match name.as_str() {
                    // These come whole.
                    "server_tool_use" | "server_tool_result" => {
                        known.extend(more.as_object().unwrap().clone());
                    }
                    "content" => drop(known.insert("content".into(), more.clone())),
                    "citation" => known
                        .entry("citations")
                        .or_insert(json!([]))
                        .as_array_mut()
                        .unwrap()
                        .push(more.clone()),
                    name => append(known, name, &text(more)),
                }
            }
        }
        if !choice["finish_reason"].is_null() {
            assert!(finish_reason.is_null(), "two finish reasons");
            finish_reason = choice["finish_reason"].clone();
        }
    }
    assert!(calls.keys().copied().eq(0..calls.len() as u64), "indexes have gaps");
    json!({"content": content, "reasoning": reasoning, "calls": calls.into_values().collect::<Vec<_>>(),
           "annotations": annotations, "blocks": blocks.into_values().collect::<Vec<_>>(), "finish_reason": finish_reason})
}

/// A whole answer in the same form.
fn as_concatenated(completion: &Value) -> Value {
    let choice = &completion["choices"][0];
    let message = &choice["message"];
    let call = |call: &Value| json!({"id": call["id"], "name": call["function"]["name"], "arguments": call["function"]["arguments"]});
    let block = |block: &Value| {
        let mut block = block.as_object().unwrap().clone();
        block.remove("type");
        // Nothing is streamed of what is empty.
        block.retain(|_, value| value != "" && !value.is_null());
        // It is streamed as text.
        if let Some(input) = block.get_mut("input") {
            *input = json!(input.to_string());
        }
        Value::Object(block)
    };
    let list = |value: &Value, each: &dyn Fn(&Value) -> Value| -> Vec<Value> {
        value.as_array().into_iter().flatten().map(each).collect()
    };
    let mut blocks = list(&message["content_blocks"], &block);
    blocks.retain(|block| block != &json!({}));
    json!({"content": message["content"].as_str().unwrap_or_default(),
           "reasoning": message["reasoning_content"].as_str().unwrap_or_default(),
           "calls": list(&message["tool_calls"], &call), "annotations": list(&message["annotations"], &Value::clone), "blocks": blocks,
           "finish_reason": choice["finish_reason"]})
}

fn any_event() -> impl Strategy<Value = StreamEvent> {
    let index = 0..3_u32;
    prop_oneof![
        Just(("messageStart", json!({"role": "assistant"}))),
        (index.clone(), any::<bool>()).prop_map(|(i, server)| {
            let kind = if server { "server_tool_use" } else { "tool_use" };
            ("contentBlockStart", json!({"contentBlockIndex": i, "start": {"toolUse": {"toolUseId": "t", "name": "n", "type": kind}}}))
        }),
        (index.clone(), ".{0,3}", 0..9).prop_map(|(i, text, kind)| {
            let delta = match kind {
                0 => json!({"text": text}),
                1 => json!({"toolUse": {"input": text}}),
                2 => json!({"reasoningContent": {"text": text}}),
                3 => json!({"reasoningContent": {"signature": text}}),
                4 => json!({"reasoningContent": {"redactedContent": text}}),
                5 => json!({"citation": {"location": {"web": {"url": text}}}}),
                6 => json!({"toolResult": [{"text": text}]}),
                7 => json!({"image": {"source": {"bytes": text}}}),
                _ => json!({"hologram": text}),
            };
            ("contentBlockDelta", json!({"contentBlockIndex": i, "delta": delta}))
        }),
        index.prop_map(|i| ("contentBlockStop", json!({"contentBlockIndex": i}))),
        Just(("messageStop", json!({"stopReason": "end_turn"}))),
        Just(("metadata", json!({"usage": {"inputTokens": 1}}))),
    ]
    .prop_map(|(kind, payload)| parse(kind, &payload))
}

/// JSON with the words of a chat request in it, most of it wrong.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("text"),
        Just("image_url"),
        Just("thinking"),
        Just("user"),
        Just("assistant"),
        Just("tool"),
        Just("system"),
        Just("function"),
        Just("data:image/png;base64,AAAA"),
        Just(""),
        Just(" "),
        Just("{}"),
        Just("é%2F")
    ];
    let name = prop_oneof![
        Just("role"),
        Just("content"),
        Just("content_blocks"),
        Just("type"),
        Just("text"),
        Just("image_url"),
        Just("url"),
        Just("thinking"),
        Just("signature"),
        Just("data"),
        Just("tool_calls"),
        Just("tool_call_id"),
        Just("id"),
        Just("function"),
        Just("name"),
        Just("arguments"),
        Just("parameters"),
        Just("refusal")
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((name.clone(), inner), 0..7).prop_map(|members| {
                Value::Object(
                    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
                )
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_stream_put_together_is_the_whole_answer(blocks in vec(block(), 0..6), strict: bool, include_usage: bool) {
        let (pieces, complete) = chunks(&streamed(&blocks, "end_turn"), strict, include_usage);
        prop_assert!(complete);
        let completion = response(whole(&blocks, "end_turn"), context(strict)).unwrap();
        let completion = serde_json::to_value(completion).unwrap();
        prop_assert_eq!(concatenated(&pieces), as_concatenated(&completion));
        let usages: Vec<_> = pieces.iter().filter_map(|chunk| chunk.get("usage")).filter(|usage| !usage.is_null()).collect();
        if strict && !include_usage {
            prop_assert!(usages.is_empty());
        } else {
            prop_assert_eq!(usages, vec![&completion["usage"]]);
        }
    }

    #[test]
    fn a_stream_cut_anywhere_does_not_look_finished(blocks in vec(block(), 0..6), strict: bool, at: prop::sample::Index) {
        let mut events = streamed(&blocks, "end_turn");
        // Without the stop and what follows it.
        events.truncate(events.len() - 2);
        events.truncate(at.index(events.len() + 1));
        let (pieces, complete) = chunks(&events, strict, true);
        prop_assert!(!complete);
        prop_assert!(pieces.iter().all(|chunk| chunk["choices"].get(0).is_none_or(|choice| choice["finish_reason"].is_null())));
    }

    #[test]
    fn events_in_any_order_give_well_formed_chunks(events in vec(any_event(), 0..24), strict: bool) {
        let (pieces, _) = chunks(&events, strict, true);
        // Panics on gaps between indexes, and on more than one finish reason.
        concatenated(&pieces);
    }

    #[test]
    fn an_answer_given_to_a_tool_is_the_text(text in ".{0,6}", input in any::<Option<i32>>(), strict: bool) {
        let input = input.map_or_else(|| json!({}), |number| json!({"n": number}));
        let blocks = [
            Block::Text(vec![text]),
            Block::Tool { id: "t".into(), name: "json_answer".into(), input: input.clone(), cuts: 2 },
        ];
        let answering = Answering { answer_tool: Some("json_answer".into()), ..Answering::default() };
        let context = || ResponseContext { answering: answering.clone(), ..context(strict) };
        let whole = response(whole(&blocks, "tool_use"), context()).unwrap();
        let whole = as_concatenated(&serde_json::to_value(whole).unwrap());
        let streamed = concatenated(&chunks_of(ChatStream::new(context(), false), &streamed(&blocks, "tool_use")).0);
        for put_together in [&whole, &streamed] {
            prop_assert_eq!(&put_together["content"], &json!(input.to_string()));
            prop_assert_eq!(&put_together["calls"], &json!([]));
            prop_assert_eq!(&put_together["finish_reason"], &json!(if strict { "stop" } else { "end_turn" }));
        }
    }

    #[test]
    fn a_whole_answer_told_in_events_is_the_same_answer(blocks in vec(block(), 0..6), strict: bool) {
        let events = events_of(whole(&blocks, "tool_use")).unwrap();
        let (told, complete) = chunks(&events, strict, true);
        prop_assert!(complete);
        let whole = serde_json::to_value(response(whole(&blocks, "tool_use"), context(strict)).unwrap()).unwrap();
        prop_assert_eq!(concatenated(&told), as_concatenated(&whole));
    }

    #[test]
    fn any_json_is_translated_or_refused_at_a_place(messages in vec(any_json(), 0..5), rest in any_json(), families: prop::sample::Index) {
        let mut body = rest.as_object().cloned().unwrap_or_default();
        body.insert("messages".into(), messages.into());
        let body = Value::Object(body).to_string();
        if let Ok(parsed) = json::from_slice::<chat::Request>(body.as_bytes()) {
            let (metadata, files) = (BTreeMap::new(), RemoteFiles::default());
            let context = RequestContext {
                profile: families.get(models::families()),
                is_prompt: false,
                stream: false,
                anthropic_beta: &[],
                metadata: &metadata,
                pinned_metadata: &BTreeMap::new(),
                override_metadata: &BTreeMap::new(),
                files: &files,
                unsupported: UnsupportedParams::Ignore,
            };
            match request(&parsed, &context) {
                Ok(translation) => {
                    let converse = serde_json::to_value(translation.request).unwrap();
                    let turns = converse["messages"].as_array().unwrap();
                    prop_assert!(turns.windows(2).all(|pair| pair[0]["role"] != pair[1]["role"]));
                    prop_assert!(turns.iter().all(|turn| !turn["content"].as_array().unwrap().is_empty()));
                    let texts = turns.iter().flat_map(|turn| turn["content"].as_array().unwrap());
                    let is_blank = |text: &Value| text.as_str().is_some_and(|text| text.trim().is_empty());
                    prop_assert!(texts.filter_map(|block| block.get("text")).all(|text| !is_blank(text)));
                }
                Err(error) => prop_assert!(!error.param.is_empty()),
            }
        }
    }

    #[test]
    fn any_bytes_are_frames_or_an_error(bytes in vec(any::<u8>(), 0..64), cut: prop::sample::Index) {
        let mut decoder = Decoder::default();
        let at = cut.index(bytes.len() + 1);
        for piece in [&bytes[..at], &bytes[at..]] {
            decoder.push(piece);
            while let Ok(Some(_)) = decoder.next_frame() {}
        }
    }

    #[test]
    fn what_passes_for_a_region_cannot_change_the_host(text in "\\PC{0,20}|[a-z]{2}-[a-z./@:#-]{1,12}-[0-9]") {
        if let Ok(region) = text.parse::<Region>() {
            prop_assert!(region.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        }
    }

    #[test]
    fn what_passes_for_a_model_stays_in_its_segment(text in "\\PC{0,40}|[a-z.:/%0-9-]{1,30}") {
        let _ = arn::bedrock_region(&text);
        if let Ok(model) = ModelId::parse(&text) {
            let segment = model.path_segment().to_string();
            prop_assert!(segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
            prop_assert!(segment != "." && segment != "..");
        }
    }

    #[test]
    fn no_custom_host_passes_that_is_not_listed(text in "\\PC{0,30}|https?://[a-z0-9.@:/\\[\\]-]{1,30}") {
        prop_assert!(custom_host::check(&text, &[]).is_err());
    }

    #[test]
    fn any_config_is_read_or_refused_at_a_place(text in "\\PC{0,40}", config in any_json()) {
        let _ = GatewayConfig::parse(&text);
        let _ = GatewayConfig::parse(&config.to_string());
    }
}

/// An issuer whose keys are those of the fixtures.
struct Issuer;

impl FetchDocument for Issuer {
    fn fetch<'a>(
        &'a self,
        _: &'a str,
        _: usize,
        _: Duration,
    ) -> BoxFuture<'a, Result<Bytes, Box<dyn std::error::Error + Send + Sync>>> {
        Box::pin(async { Ok(Bytes::from_static(include_bytes!("fixtures/jwt/jwks.json"))) })
    }
}

fn is_believed(token: &str) -> bool {
    let options = JwtOptions {
        keys: JwksSource::Url("https://issuer.example".to_owned()),
        issuer: "i".to_owned(),
        audience: vec!["a".to_owned()],
        claims: ClaimMapping::default(),
        default_scopes: Vec::new(),
        null_virtual_keys: NullVirtualKeys::None,
    };
    let verifier = JwtVerifier::new(options, Issuer);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(verifier.verify(token, SystemTime::UNIX_EPOCH)).is_ok()
}

fn base64url(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

proptest! {
    #[test]
    fn no_text_is_a_token_that_is_believed(text in ".{0,64}") {
        let _ = is_jwt(&text);
        prop_assert!(!is_believed(&text));
    }

    #[test]
    fn nothing_that_looks_like_a_token_is_believed(
        alg in prop_oneof!["RS256", "ES256", "none", "HS256", ".{0,6}"],
        kid in prop_oneof!["rsa", "p256", ".{0,6}"],
        claims in any::<Vec<u8>>(),
        signature in prop_oneof![vec(any::<u8>(), 64), vec(any::<u8>(), 256), vec(any::<u8>(), 0..70)],
    ) {
        let header = json!({"alg": alg, "kid": kid}).to_string();
        let token = format!("{}.{}.{}", base64url(header), base64url(claims), base64url(signature));
        prop_assert!(is_jwt(&token));
        prop_assert!(!is_believed(&token));
    }
}

/// Whether a pattern means a name, by trying everything.
fn means(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => (0..=name.len()).any(|at| means(rest, &name[at..])),
        Some((byte, rest)) => {
            name.split_first().is_some_and(|(first, name)| first == byte && means(rest, name))
        }
    }
}

proptest! {
    #[test]
    fn stars_mean_what_trying_everything_says(pattern in "[ab*]{0,8}", name in "[ab]{0,10}") {
        let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
        prop_assert_eq!(bedrock_gateway::vault::matches(pattern, name), means(pattern, name));
    }

    #[test]
    fn any_caller_has_a_session_name_that_sts_takes(caller in "\\PC{0,80}") {
        let session = bedrock_gateway::aws::session::Session::of(Some(&caller), Vec::new());
        let name = session.name();
        prop_assert!((2..=64).contains(&name.len()), "{}", name);
        prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)));
    }

    #[test]
    fn what_passes_for_a_role_needs_no_escaping(text in "arn:aws:iam::111122223333:role/\\PC{0,20}") {
        if let Ok(arn) = bedrock_gateway::aws::role::RoleArn::parse(&text) {
            prop_assert_eq!(arn.as_str(), &text);
            prop_assert!(text.bytes().all(|b| b.is_ascii_graphic()));
        }
    }

    #[test]
    fn any_request_of_the_admin_api_is_read_or_refused(text in "\\PC{0,60}") {
        use bedrock_gateway::portkey::api_key::ApiKeyRequest;
        use bedrock_gateway::portkey::virtual_key::VirtualKeyRequest;
        let members = ["name", "slug", "provider", "key", "aws_role_arn", "aws_region", "custom_host"];
        let members: Map<String, Value> =
            members.iter().map(|&name| (name.to_owned(), Value::from(text.clone()))).collect();
        let request: VirtualKeyRequest = serde_json::from_value(Value::Object(members)).unwrap();
        let _ = bedrock_gateway::access::admin::new_virtual_key(request, &[], 0);
        let _ = json::from_slice::<ApiKeyRequest>(text.as_bytes());
    }
}

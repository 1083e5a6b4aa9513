//! Translation as data: every file under `tests/fixtures/chat` is one case.
//!
//! - `request/`: an OpenAI body and the Converse body it becomes, or the place
//!   that the 400 names. `tests/sdk` holds the same bodies against botocore's
//!   model of the service.
//! - `response/`: a Converse answer and the completion it becomes.
//! - `stream/`: Converse's events and the chunks they become.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail like tests"
)]

use std::collections::BTreeMap;
use std::path::Path;

use bedrock_gateway::bedrock::response::ConverseResponse;
use bedrock_gateway::bedrock::stream::StreamEvent;
use bedrock_gateway::json;
use bedrock_gateway::openai::chat;
use bedrock_gateway::translate::chat::{
    ChatStream, RequestContext, ResponseContext, request, response,
};
use serde_json::{Map, Value, json};

fn cases(kind: &str) -> BTreeMap<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/chat").join(kind);
    let cases: BTreeMap<_, _> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let text = std::fs::read(&path).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_slice(&text).unwrap())
        })
        .collect();
    assert!(!cases.is_empty(), "no fixtures in {kind}");
    cases
}

/// Runs `check` on every case and reports all that fail.
fn for_each(kind: &str, check: impl Fn(&Value) -> Result<(), String>) {
    let failures: Vec<String> = cases(kind)
        .iter()
        .filter_map(|(name, case)| Some(format!("{kind}/{name}: {}", check(case).err()?)))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn same(actual: &Value, expected: &Value) -> Result<(), String> {
    if actual == expected {
        Ok(())
    } else {
        Err(format!("\n  is     {actual}\n  not    {expected}"))
    }
}

#[test]
fn requests() {
    for_each("request", |case| {
        let body = case["openai"].to_string();
        let beta: Vec<String> =
            serde_json::from_value(case["anthropic_beta"].clone()).unwrap_or_default();
        let translated = json::from_slice::<chat::Request>(body.as_bytes())
            .map_err(|error| error.path.unwrap_or_default())
            .and_then(|parsed| {
                let context =
                    RequestContext { anthropic_beta: &beta, stream: parsed.stream == Some(true) };
                match request(&parsed, &context) {
                    Ok(converse) => Ok(serde_json::to_value(converse).unwrap()),
                    Err(error) => Err(error.param),
                }
            });
        match (translated, case.pointer("/error/param")) {
            (Ok(converse), None) => same(&converse, &case["bedrock"]),
            (Err(param), Some(expected)) => same(&json!(param), expected),
            (Ok(converse), Some(_)) => Err(format!("is accepted as {converse}")),
            (Err(param), None) => Err(format!("is refused at {param}")),
        }
    });
}

fn context(strict: bool) -> ResponseContext {
    ResponseContext { id: "chatcmpl-1".into(), created: 7, model: "m".into(), strict }
}

/// Takes what is the same in every answer out of one, and checks it.
fn without_head(mut answer: Value, object: &str, strict: bool) -> Result<Value, String> {
    let fields = answer.as_object_mut().unwrap();
    let mut expected = json!({"id": "chatcmpl-1", "object": object, "created": 7, "model": "m"});
    if !strict {
        expected["provider"] = json!("bedrock");
    }
    let names = ["id", "object", "created", "model", "provider"];
    let head: Map<String, Value> =
        names.iter().filter_map(|name| Some(((*name).to_owned(), fields.remove(*name)?))).collect();
    same(&Value::Object(head), &expected)?;
    Ok(answer)
}

#[test]
fn responses() {
    for_each("response", |case| {
        for (strict, expected) in [(true, &case["strict"]), (false, &case["not_strict"])] {
            let answer: ConverseResponse = serde_json::from_value(case["bedrock"].clone()).unwrap();
            match response(answer, context(strict)) {
                Ok(_) if case["fault"] == true => return Err("is taken for an answer".into()),
                Ok(completion) => {
                    let completion = serde_json::to_value(completion).unwrap();
                    same(&without_head(completion, "chat.completion", strict)?, expected)?;
                }
                Err(_) if case["fault"] == true => {}
                Err(fault) => return Err(fault.to_string()),
            }
        }
        Ok(())
    });
}

#[test]
fn streams() {
    for_each("stream", |case| {
        for (strict, include_usage, expected) in [
            (true, false, &case["strict"]),
            (true, true, &case["strict_include_usage"]),
            (false, false, &case["not_strict"]),
            // Outside strict mode the usage is always there, once.
            (false, true, &case["not_strict"]),
        ] {
            let mut stream = ChatStream::new(context(strict), include_usage);
            let mut chunks = Vec::new();
            let mut emit =
                |chunk: &chat::Chunk<'_>| chunks.push(serde_json::to_value(chunk).unwrap());
            for event in case["events"].as_array().unwrap() {
                let (kind, payload) = event.as_object().unwrap().iter().next().unwrap();
                let payload = payload.to_string();
                let event = StreamEvent::parse(kind, payload.as_bytes()).unwrap().unwrap();
                stream.push(&event, &mut emit);
            }
            let complete = stream.end(&mut emit).is_ok();
            if complete == (case["incomplete"] == true) {
                return Err(format!("complete is {complete}"));
            }
            let chunks: Vec<Value> = chunks
                .into_iter()
                .map(|chunk| without_head(chunk, "chat.completion.chunk", strict))
                .collect::<Result<_, _>>()?;
            same(&Value::Array(chunks), expected)?;
        }
        Ok(())
    });
}

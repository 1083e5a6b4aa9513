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
    clippy::panic,
    reason = "helpers of tests fail like tests"
)]

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bedrock_gateway::aws::arn;
use bedrock_gateway::bedrock::response::ConverseResponse;
use bedrock_gateway::bedrock::stream::StreamEvent;
use bedrock_gateway::json;
use bedrock_gateway::models::{self, ModelProfile};
use bedrock_gateway::openai::chat;
use bedrock_gateway::translate::chat::{
    Answering, ChatStream, RemoteFile, RemoteFiles, RequestContext, ResponseContext,
    UnsupportedParams, request, response,
};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// No gateway key says anything for these requests.
static NOTHING: BTreeMap<String, Box<RawValue>> = BTreeMap::new();

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

/// What a request's translation has to be told from outside, as a case has it:
/// `model` (else Claude), `model_family`, `anthropic_beta`, `metadata`,
/// `unsupported_params`, and `files` that were fetched, by URL. What AWS refuses
/// of it is for `tests/gateway`: `refused_by_aws`.
struct Outside {
    profile: &'static ModelProfile,
    is_prompt: bool,
    beta: Vec<String>,
    metadata: BTreeMap<String, Box<RawValue>>,
    files: RemoteFiles,
    unsupported: UnsupportedParams,
}

impl Outside {
    fn of(case: &Value) -> Self {
        let model = case["openai"]["model"].as_str().unwrap_or(CLAUDE);
        let file = |(url, file): (&String, &Value)| {
            let bytes = STANDARD.decode(file["base64"].as_str().unwrap()).unwrap();
            let media_type = file["media_type"].as_str().map(str::to_owned);
            (url.clone(), RemoteFile::new(media_type, &bytes))
        };
        let read = |name: &str| case[name].to_string();
        Self {
            profile: match case["model_family"].as_str() {
                Some(hint) => models::hinted(hint).unwrap(),
                None => models::profile(model),
            },
            is_prompt: arn::is_prompt(model),
            beta: serde_json::from_str(&read("anthropic_beta")).unwrap_or_default(),
            metadata: serde_json::from_str(&read("metadata")).unwrap_or_default(),
            files: case["files"].as_object().into_iter().flatten().map(file).collect(),
            unsupported: match case["unsupported_params"].as_str() {
                None => UnsupportedParams::Auto,
                Some("ignore") => UnsupportedParams::Ignore,
                Some("refuse") => UnsupportedParams::Refuse,
                Some(other) => panic!("{other}"),
            },
        }
    }

    fn context(&self, stream: bool) -> RequestContext<'_> {
        RequestContext {
            profile: self.profile,
            is_prompt: self.is_prompt,
            stream,
            anthropic_beta: &self.beta,
            metadata: &self.metadata,
            pinned_metadata: &NOTHING,
            override_metadata: &NOTHING,
            files: &self.files,
            unsupported: self.unsupported,
        }
    }
}

/// What the cases are about that name no model.
const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

#[test]
fn requests() {
    for_each("request", |case| {
        let outside = Outside::of(case);
        let body = case["openai"].to_string();
        let parsed = match json::from_slice::<chat::Request>(body.as_bytes()) {
            Ok(parsed) => parsed,
            Err(error) => return refused(case, &error.path.unwrap_or_default(), &error.message),
        };
        match request(&parsed, &outside.context(parsed.stream == Some(true))) {
            Err(error) => refused(case, &error.param, &error.message),
            Ok(translation) => {
                let converse = serde_json::to_value(&translation.request).unwrap();
                if case.get("error").is_some() {
                    return Err(format!("is accepted as {converse}"));
                }
                same(&converse, &case["bedrock"])?;
                let ignored = case.get("ignored").cloned().unwrap_or(json!([]));
                same(&json!(translation.ignored), &ignored)?;
                same(&json!(translation.whole_only), &json!(case["whole_only"] == true))
            }
        }
    });
}

fn refused(case: &Value, param: &str, message: &str) -> Result<(), String> {
    match case.pointer("/error/param") {
        Some(expected) => same(&json!(param), expected),
        None => Err(format!("is refused at {param}: {message}")),
    }
}

/// As a case has it: `tool_names` by alias, and `answer_tool`.
fn context(case: &Value, strict: bool) -> ResponseContext {
    let answering = Answering {
        tool_names: serde_json::from_value(case["tool_names"].clone()).unwrap_or_default(),
        answer_tool: case["answer_tool"].as_str().map(str::to_owned),
        marks_tool_names: case["marks_tool_names"] == true,
    };
    ResponseContext { id: "chatcmpl-1".into(), created: 7, model: "m".into(), strict, answering }
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
            match response(answer, context(case, strict)) {
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
            let mut stream = ChatStream::new(context(case, strict), include_usage);
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

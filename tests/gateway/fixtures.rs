//! Every case of `tests/fixtures/chat/request` over the whole way: what the gateway
//! makes of it is judged by the emulator, which refuses what AWS would.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{CLAUDE, KEY_PAIR, Stack};

/// Cases that say more than a caller can: files come from the web, which tests do
/// not reach.
fn is_of_the_web(case: &Value) -> bool {
    case.get("files").is_some()
}

fn cases() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/chat/request");
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap())
    };
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<(String, Value)> = entries.map(read).collect();
    cases.retain(|(_, case)| !is_of_the_web(case));
    cases.sort_by(|(a, _), (b, _)| a.cmp(b));
    cases
}

/// What the case says beside its body, as a caller says it.
fn headers(case: &Value) -> Vec<(&'static str, String)> {
    let mut headers: Vec<_> =
        KEY_PAIR.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    if let Some(flags) = case["anthropic_beta"].as_array() {
        let flags: Vec<_> = flags.iter().map(|flag| flag.as_str().unwrap()).collect();
        headers.push(("x-portkey-anthropic-beta", flags.join(",")));
    }
    if let Some(family) = case["model_family"].as_str() {
        headers.push(("x-portkey-model-family", family.to_owned()));
    }
    if case.get("metadata").is_some() {
        headers.push(("x-portkey-metadata", case["metadata"].to_string()));
    }
    headers
}

async fn check(stack: &mut Stack, case: &Value) -> Result<(), String> {
    let headers = headers(case);
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut body = case["openai"].clone();
    if body.get("model").is_none() {
        body["model"] = json!(CLAUDE);
    }
    let as_it_is = body["stream"] == true;
    for stream in [as_it_is, !as_it_is] {
        if stream != as_it_is {
            if !matches!(body.get("stream"), None | Some(Value::Null | Value::Bool(_))) {
                continue;
            }
            body["stream"] = json!(stream);
        }
        let answer = stack.post(&headers, &body).await;
        let was_sent = !answer.header("x-amzn-requestid").is_empty();
        let observed = if was_sent { Some(stack.next_observed().await) } else { None };
        if let Some(param) = case.pointer("/error/param") {
            let told = (answer.status, answer.error("param"));
            if told != (400, param.clone()) {
                return Err(format!("streamed {stream}: {told:?} {}", answer.text));
            }
            if observed.is_some() {
                return Err("was sent nevertheless".into());
            }
            continue;
        }
        // What AWS itself refuses is the caller's own choice, and told in AWS's words.
        if let Some(words) = case["refused_by_aws"].as_str() {
            if answer.status != 400 || !answer.text.contains(words) {
                return Err(format!("streamed {stream}: {} {}", answer.status, answer.text));
            }
            continue;
        }
        if answer.status != 200 || stream && !answer.is_done() {
            return Err(format!("streamed {stream}: {} {}", answer.status, answer.text));
        }
        if let Some(observed) = observed.filter(|_| stream == as_it_is) {
            let sent: Value = serde_json::from_slice(&observed.body).unwrap();
            if sent != case["bedrock"] {
                return Err(format!("\n  sent   {sent}\n  not    {}", case["bedrock"]));
            }
            let ignored = case["ignored"].as_array().map_or(&[][..], Vec::as_slice);
            let ignored: Vec<_> = ignored.iter().map(|place| place.as_str().unwrap()).collect();
            if answer.header("x-portkey-ignored-params") != ignored.join(", ") {
                return Err(format!("header {:?}", answer.header("x-portkey-ignored-params")));
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_request_of_the_fixtures_is_taken_by_aws_or_refused_with_its_place() {
    let mut failures = Vec::new();
    for policy in ["auto", "ignore", "refuse"] {
        let settings = format!("[requests]\nunsupported_params = \"{policy}\"");
        let mut stack = Stack::start_with(&settings).await;
        for (name, case) in cases() {
            if case["unsupported_params"].as_str().unwrap_or("auto") != policy {
                continue;
            }
            if let Err(why) = check(&mut stack, &case).await {
                failures.push(format!("{name}: {why}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

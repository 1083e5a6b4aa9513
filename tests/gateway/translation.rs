//! What a request's translation leaves to its answer, and what AWS has to do with it.

use std::collections::BTreeMap;

use bedrock_gateway::emulator::Outcome;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Answer, CLAUDE, KEY_PAIR, Stack, chat, streamed};

const NOT_STRICT: [(&str, &str); 3] =
    [KEY_PAIR[0], KEY_PAIR[1], ("x-portkey-strict-open-ai-compliance", "false")];
const LLAMA: &str = "us.meta.llama4-maverick-17b-instruct-v1:0";
const NOVA_2: &str = "us.amazon.nova-2-lite-v1:0";
const OPAQUE: &str =
    "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/ab12cd34ef56";

fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters":
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}})
}

/// The message that a client puts together from a stream.
fn joined(answer: &Answer) -> Value {
    let mut calls: BTreeMap<u64, Value> = BTreeMap::new();
    let mut blocks: BTreeMap<u64, Map<String, Value>> = BTreeMap::new();
    for event in answer.events() {
        let delta = event.pointer("/choices/0/delta").cloned().unwrap_or_default();
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            let known = calls.entry(call["index"].as_u64().unwrap()).or_insert_with(
                || json!({"id": call["id"], "type": call["type"], "function": {"name": call["function"]["name"], "arguments": ""}}),
            );
            let arguments = known["function"]["arguments"].as_str().unwrap().to_owned();
            known["function"]["arguments"] =
                json!(arguments + call["function"]["arguments"].as_str().unwrap());
        }
        for block in delta["content_blocks"].as_array().into_iter().flatten() {
            let known = blocks.entry(block["index"].as_u64().unwrap()).or_default();
            for (name, piece) in block["delta"].as_object().unwrap() {
                let before = known.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                known.insert(name.clone(), json!(before + piece.as_str().unwrap()));
            }
        }
    }
    let kinds = [("text", "text"), ("thinking", "thinking"), ("data", "redacted_thinking")];
    let blocks: Vec<Value> = blocks
        .into_values()
        .map(|mut block| {
            let kind = kinds.iter().find(|(member, _)| block.contains_key(*member)).unwrap().1;
            block.insert("type".into(), json!(kind));
            block.into()
        })
        .collect();
    let calls: Vec<Value> = calls.into_values().collect();
    json!({"role": "assistant", "content": null, "content_blocks": blocks, "tool_calls": calls})
}

#[tokio::test]
async fn names_of_tools_are_turned_back_for_each_caller_apart() {
    let stack = Stack::start().await;
    let ask = async |name: &str, stream: bool| {
        let mut body = chat(CLAUDE, "in Paris");
        body["tools"] = json!([tool(name), tool("other")]);
        body["tool_choice"] = json!({"type": "function", "function": {"name": name}});
        body["stream"] = json!(stream);
        let answer = stack.ask(&body).await;
        let message =
            if stream { joined(&answer) } else { answer.json()["choices"][0]["message"].take() };
        assert_eq!(message["tool_calls"][0]["function"]["name"], name, "{message}");
        assert_eq!(message["tool_calls"].as_array().unwrap().len(), 1);
    };
    let long = "a_name_that_is_longer_than_bedrock_takes_and_ends_in_the_same_way_".repeat(2);
    let (first, second) = (format!("{long}1"), format!("{long}2"));
    for stream in [false, true] {
        tokio::join!(
            ask("a.b", stream),
            ask("a:b", stream),
            ask(&first, stream),
            ask(&second, stream)
        );
    }
}

#[tokio::test]
async fn who_does_not_stream_with_tools_is_asked_for_the_whole() {
    let mut stack = Stack::start().await;
    let mut body = streamed(LLAMA, "Call get_weather in Paris");
    body["tools"] = json!([tool("get_weather")]);
    body["stream_options"] = json!({"include_usage": true});
    let answer = stack.ask(&body).await;
    let events = answer.events();
    assert_eq!(events[0]["choices"][0]["delta"], json!({"role": "assistant", "content": ""}));
    let call = joined(&answer)["tool_calls"][0].take();
    assert_eq!(call["function"]["name"], "get_weather");
    assert_eq!(call["function"]["arguments"], r#"{"city":"Paris"}"#);
    assert_eq!(events[events.len() - 3]["choices"][0]["finish_reason"], "tool_calls");
    assert!(events[events.len() - 2]["usage"]["total_tokens"].as_u64().unwrap() > 0);
    assert!(answer.is_done());
    assert_eq!(stack.next_observed().await.operation, "converse");

    // What the table does not know, AWS tells.
    let headers = [KEY_PAIR[0], KEY_PAIR[1], ("x-portkey-model-family", "anthropic.claude-3")];
    let told = stack.post(&headers, &body).await;
    assert_eq!(joined(&told)["tool_calls"][0]["function"], call["function"]);
    let refused = stack.next_observed().await;
    assert_eq!(
        (refused.operation.as_str(), refused.outcome),
        ("converse-stream", Outcome::Answered { status: 400 })
    );
    assert_eq!(stack.next_observed().await.operation, "converse");
}

#[tokio::test]
async fn reasoning_that_was_streamed_goes_back_with_the_calls_it_led_to() {
    let mut stack = Stack::start().await;
    for text in [
        "Call get_weather in Paris",
        "think in two and call get_weather",
        "redact this, call get_weather",
    ] {
        let mut body = streamed(CLAUDE, text);
        body["tools"] = json!([tool("get_weather")]);
        body["max_tokens"] = json!(4000);
        body["thinking"] = json!({"type": "enabled", "budget_tokens": 2000});
        let first = stack.post(&NOT_STRICT, &body).await;
        stack.next_observed().await;
        let message = joined(&first);
        let id = message["tool_calls"][0]["id"].clone();
        let messages = body["messages"].as_array_mut().unwrap();
        messages.push(message);
        messages.push(json!({"role": "tool", "tool_call_id": id, "content": "sunny"}));
        let second = stack.post(&NOT_STRICT, &body).await;
        assert!(second.streamed_text().contains("sunny"), "{}", second.text);
        let sent: Value = serde_json::from_slice(&stack.next_observed().await.body).unwrap();
        let turn = sent["messages"][1]["content"].as_array().unwrap();
        assert!(turn[0].get("reasoningContent").is_some(), "{sent}");
        assert!(turn.last().unwrap().get("toolUse").is_some(), "{sent}");
        // It still thinks: nothing was lost on the way.
        assert_eq!(sent["additionalModelRequestFields"]["thinking"]["budget_tokens"], 2000);
    }
}

#[tokio::test]
async fn calls_are_made_one_at_a_time_where_asked() {
    let stack = Stack::start().await;
    for (parallel, n_calls) in [(true, 2), (false, 1)] {
        let mut body = chat(CLAUDE, "Call get_weather and get_time in Paris");
        body["tools"] = json!([tool("get_weather"), tool("get_time")]);
        body["parallel_tool_calls"] = json!(parallel);
        let answer = stack.ask(&body).await.json();
        let calls = answer["choices"][0]["message"]["tool_calls"].as_array().unwrap();
        assert_eq!(calls.len(), n_calls);
    }
}

#[tokio::test]
async fn what_was_cached_is_counted() {
    let stack = Stack::start().await;
    for stream in [false, true] {
        let text = format!("a long text, {stream}");
        let mut body = json!({"model": CLAUDE, "stream": stream, "messages": [
            {"role": "system", "content": [{"type": "text", "text": text, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]},
            {"role": "user", "content": "hi"}]});
        if stream {
            body["stream_options"] = json!({"include_usage": true});
        }
        let usage = |answer: &Answer| match stream {
            false => answer.json()["usage"].clone(),
            true => {
                answer.events().iter().rev().find_map(|event| event.get("usage").cloned()).unwrap()
            }
        };
        let (first, second) = (stack.ask(&body).await, stack.ask(&body).await);
        let (first, second) = (usage(&first), usage(&second));
        assert_eq!(first["prompt_tokens_details"]["cached_tokens"], 0);
        assert!(second["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap() > 0);
        assert_eq!(first["prompt_tokens"], second["prompt_tokens"]);
        let sum = |name: &str| second[name].as_u64().unwrap();
        assert_eq!(sum("total_tokens"), sum("prompt_tokens") + sum("completion_tokens"));
    }
}

#[tokio::test]
async fn tiers_guardrails_and_traces_are_told() {
    let stack = Stack::start().await;
    let mut body = chat(CLAUDE, "hi");
    body["service_tier"] = json!("flex");
    body["performance_config"] = json!({"latency": "optimized"});
    body["guardrail_config"] = json!({"guardrailIdentifier": "emulatorblock", "guardrailVersion": "1", "trace": "enabled"});
    let strict = stack.ask(&body).await.json();
    assert_eq!(strict["service_tier"], "flex");
    assert_eq!(strict["choices"][0]["finish_reason"], "content_filter");
    assert!(strict.get("trace").is_none() && strict.get("performanceConfig").is_none());
    let loose = stack.post(&NOT_STRICT, &body).await.json();
    assert_eq!(loose["choices"][0]["finish_reason"], "guardrail_intervened");
    assert_eq!(loose["trace"]["guardrail"]["actionReason"], "Guardrail blocked.");
    assert_eq!(loose["performanceConfig"]["latency"], "optimized");
    body["stream"] = json!(true);
    let events = stack.post(&NOT_STRICT, &body).await.events();
    let last = &events[events.len() - 2];
    assert_eq!(last["choices"][0]["finish_reason"], "guardrail_intervened");
    assert_eq!(last["trace"], loose["trace"]);
    assert_eq!(
        (&last["service_tier"], &last["performanceConfig"]),
        (&loose["service_tier"], &loose["performanceConfig"])
    );
    // It does not depend on the trace.
    body["guardrail_config"]["trace"] = json!("disabled");
    let events = stack.ask(&body).await.events();
    assert_eq!(events[events.len() - 2]["choices"][0]["finish_reason"], "content_filter");
}

#[tokio::test]
async fn sources_are_told() {
    let stack = Stack::start().await;
    let mut body = chat(NOVA_2, "news?");
    body["tools"] = json!([{"type": "system_tool", "system_tool": {"name": "nova_grounding"}}]);
    let whole = stack.ask(&body).await.json();
    let message = &whole["choices"][0]["message"];
    let annotation = &message["annotations"][0]["url_citation"];
    assert!(annotation["url"].as_str().unwrap().starts_with("http"), "{whole}");
    assert!(message.get("tool_calls").is_none());
    body["stream"] = json!(true);
    let answer = stack.ask(&body).await;
    let events = answer.events();
    let streamed: Vec<_> = events
        .iter()
        .filter_map(|event| event.pointer("/choices/0/delta/annotations/0/url_citation"))
        .collect();
    assert_eq!(streamed[0], annotation);
    assert_eq!(answer.streamed_text(), message["content"].as_str().unwrap());

    let document = json!({"type": "document", "title": "A note", "citations": {"enabled": true},
        "source": {"type": "text", "media_type": "text/plain", "data": "Mice are small. They hide."}});
    let body = json!({"model": CLAUDE, "messages": [{"role": "user", "content": [document, {"type": "text", "text": "mice?"}]}]});
    let answer = stack.post(&NOT_STRICT, &body).await.json();
    let blocks = answer["choices"][0]["message"]["content_blocks"].as_array().unwrap();
    let citation = blocks.iter().find_map(|block| block.pointer("/citations/0")).unwrap();
    assert!(citation["location"]["documentChar"].is_object(), "{answer}");
    // And back again, with its sources.
    let mut next = body;
    let messages = next["messages"].as_array_mut().unwrap();
    messages.push(answer["choices"][0]["message"].clone());
    messages.push(json!({"role": "user", "content": "why?"}));
    assert_eq!(stack.ask(&next).await.status, 200);
}

#[tokio::test]
async fn what_aws_refuses_is_told_in_its_words() {
    let stack = Stack::start().await;
    let body = json!({"model": "us.anthropic.claude-opus-4-6-v1", "messages": [
        {"role": "user", "content": "Write JSON"}, {"role": "assistant", "content": "{"}]});
    for stream in [false, true] {
        let mut body = body.clone();
        body["stream"] = json!(stream);
        let answer = stack.ask(&body).await;
        assert_eq!((answer.status, answer.error("type")), (400, json!("invalid_request_error")));
        assert!(answer.error("message").as_str().unwrap().contains("assistant message prefill"));
    }
    let bare = stack.ask(&chat("anthropic.claude-sonnet-4-5-20250929-v1:0", "hi")).await;
    assert_eq!(bare.status, 400);
    assert!(bare.error("message").as_str().unwrap().contains("inference profile"), "{}", bare.text);
}

#[tokio::test]
async fn credentials_that_ran_out_are_tried_once() {
    let mut stack = Stack::start().await;
    for body in
        [chat("emulator.error-expired-token", "hi"), streamed("emulator.error-expired-token", "hi")]
    {
        assert_eq!(stack.ask(&body).await.status, 403);
        stack.next_observed().await;
        assert!(stack.observed.try_recv().is_err(), "it was tried again");
    }
}

#[tokio::test]
async fn a_family_may_be_told_by_header_and_setting() {
    let settings = format!("[models.families]\n\"{OPAQUE}\" = \"claude-sonnet-4-5\"");
    let (with_setting, without) = (Stack::start_with(&settings).await, Stack::start().await);
    let mut body = chat(OPAQUE, "hi");
    body["reasoning_effort"] = json!("low");
    for (mut stack, family, budget) in [
        (with_setting, None, json!(2048)),
        (Stack::start().await, Some("anthropic.claude-sonnet-4-5"), json!(2048)),
        (without, None, Value::Null),
    ] {
        let mut headers = KEY_PAIR.to_vec();
        headers.extend(family.map(|family| ("x-portkey-model-family", family)));
        let answer = stack.post(&headers, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let is_reported = answer.header("x-portkey-ignored-params") == "reasoning_effort";
        assert_eq!(is_reported, budget.is_null());
        let sent: Value = serde_json::from_slice(&stack.next_observed().await.body).unwrap();
        assert_eq!(sent["additionalModelRequestFields"]["thinking"]["budget_tokens"], budget);
    }
    let stack = Stack::start().await;
    let headers = [KEY_PAIR[0], KEY_PAIR[1], ("x-portkey-model-family", "clodd")];
    let answer = stack.post(&headers, &body).await;
    assert_eq!((answer.status, answer.error("param")), (400, json!("x-portkey-model-family")));
}

/// Answers every request with a picture that it calls something else.
async fn picture_host() -> String {
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            let _ = socket.read(&mut buffer).await;
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: image/jpeg\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                PNG.len()
            );
            let _ = socket.write_all(&[head.as_bytes(), PNG].concat()).await;
        }
    });
    host
}

#[tokio::test]
async fn images_of_the_web_are_fetched_from_where_it_is_allowed() {
    let host = picture_host().await;
    let mut stack = Stack::start_with(&format!("[media]\nallowed_hosts = [\"{host}\"]")).await;
    let ask = |url: &str| {
        json!({"model": CLAUDE, "messages": [{"role": "user", "content": [
            {"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": url}}]}]})
    };
    for url in [format!("http://{host}/a.jpg?sig=a%2Fb&x=1"), format!("HTTP://{host}/")] {
        for stream in [false, true] {
            let mut body = ask(&url);
            body["stream"] = json!(stream);
            let answer = stack.ask(&body).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            let sent: Value = serde_json::from_slice(&stack.next_observed().await.body).unwrap();
            let image = &sent["messages"][0]["content"][1]["image"];
            assert_eq!(image["format"], "png", "the bytes say what it is");
        }
    }
    for url in [
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/a.png",
        "https://10.0.0.1/a.png",
        "https://localhost/a.png",
        "https://[::1]/a.png",
        "https://2130706433/a.png",
        "https://[::ffff:10.0.0.1]/a.png",
        "http://example.com/a.png",
    ] {
        let answer = stack.ask(&ask(url)).await;
        let seen = (answer.status, answer.error("param"));
        assert_eq!(seen, (400, json!("messages[0].content[1].image_url.url")), "{url}");
        assert!(!answer.text.contains(&host), "{}", answer.text);
    }
    assert!(stack.observed.try_recv().is_err());
    let off = Stack::start_with("[media]\nfetch = false").await;
    let answer = off.ask(&ask("https://example.com/a.png")).await;
    assert_eq!(
        (answer.status, answer.error("param")),
        (400, json!("messages[0].content[1].image_url.url"))
    );
}

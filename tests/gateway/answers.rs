//! What clients get when all goes well.

use serde_json::{Value, json};

use crate::support::{Answer, CLAUDE, KEY_PAIR, Stack, chat, streamed};

const NOT_STRICT: (&str, &str) = ("x-portkey-strict-open-ai-compliance", "false");

fn not_strict() -> Vec<(&'static str, &'static str)> {
    KEY_PAIR.into_iter().chain([NOT_STRICT]).collect()
}

#[tokio::test]
async fn a_whole_answer_is_openais_to_the_letter() {
    let stack = Stack::start().await;
    let answer = stack.ask(&chat(CLAUDE, "Say this is a test")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mut completion = answer.json();
    let fields: Vec<_> = completion.as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields, ["id", "object", "created", "model", "choices", "usage"]);
    assert!(completion["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert!(completion["created"].as_u64().unwrap() > 1_700_000_000);
    assert_eq!(completion["model"], CLAUDE);
    assert_eq!(
        completion["choices"].take(),
        json!([{"index": 0, "message": {"role": "assistant", "content": "You said: Say this is a test", "refusal": null},
                "logprobs": null, "finish_reason": "stop"}])
    );
    let usage = &completion["usage"];
    let count = |name: &str| usage[name].as_u64().unwrap();
    assert!(count("prompt_tokens") > 0 && count("completion_tokens") > 0);
    assert_eq!(count("total_tokens"), count("prompt_tokens") + count("completion_tokens"));
}

#[tokio::test]
async fn every_answer_carries_its_headers() {
    let stack = Stack::start().await;
    let good = stack.ask(&chat(CLAUDE, "hi")).await;
    let refused = stack.ask(&chat("no-such-model", "hi")).await;
    let bad = stack.ask(&json!({})).await;
    let lost =
        Answer::read(stack.http.get(format!("{}/v1/nothing", stack.url)).send().await.unwrap())
            .await;
    for (answer, status, from_aws) in
        [(&good, 200, true), (&refused, 400, true), (&bad, 400, false), (&lost, 404, false)]
    {
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.header("x-portkey-provider"), "bedrock");
        assert_eq!(answer.header("x-portkey-retry-attempt-count"), "0");
        assert_eq!(answer.header("x-portkey-cache-status"), "DISABLED");
        assert_eq!(answer.header("x-portkey-last-used-option-index"), "config");
        assert_eq!(answer.header("x-portkey-trace-id").len(), 36, "{:?}", answer.headers);
        assert_eq!(!answer.header("x-amzn-requestid").is_empty(), from_aws);
    }
    assert_ne!(good.header("x-portkey-trace-id"), bad.header("x-portkey-trace-id"));
    let mine = [KEY_PAIR[0], KEY_PAIR[1], ("x-portkey-trace-id", "mine")];
    assert_eq!(stack.post(&mine, &chat(CLAUDE, "hi")).await.header("x-portkey-trace-id"), "mine");
    assert_eq!(stack.post(&mine, &json!({})).await.header("x-portkey-trace-id"), "mine");
}

#[tokio::test]
async fn a_stream_says_the_same_as_a_whole_answer() {
    let stack = Stack::start().await;
    let answer = stack.ask(&streamed(CLAUDE, "one two three four five six seven")).await;
    assert_eq!(answer.streamed_text(), "You said: one two three four five six seven");
    assert!(answer.is_done());
    let events = answer.events();
    assert_eq!(events[0]["choices"][0]["delta"], json!({"role": "assistant", "content": ""}));
    assert_eq!(events[events.len() - 2]["choices"][0]["finish_reason"], "stop");
    assert!(events.iter().all(|event| event.get("usage").is_none()));
    let ids: std::collections::HashSet<_> =
        events.iter().filter_map(|event| event.get("id")?.as_str()).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn a_stream_reports_usage_when_asked() {
    let stack = Stack::start().await;
    let mut body = streamed(CLAUDE, "hi");
    body["stream_options"] = json!({"include_usage": true});
    let events = stack.ask(&body).await.events();
    let (last, others) = events[..events.len() - 1].split_last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert!(last["usage"]["total_tokens"].as_u64().unwrap() > 0);
    assert!(others.iter().all(|event| event["usage"].is_null() && event.get("usage").is_some()));
}

#[tokio::test]
async fn thinking_is_shown_outside_strict_mode_and_can_be_sent_back() {
    let stack = Stack::start().await;
    let thinking = json!({"type": "enabled", "budget_tokens": 2030});
    let body = json!({"model": CLAUDE, "max_tokens": 3000, "thinking": thinking,
                      "messages": [{"role": "user", "content": "when?"}]});
    let answer = stack.post(&not_strict(), &body).await.json();
    let message = &answer["choices"][0]["message"];
    let blocks = message["content_blocks"].as_array().unwrap();
    assert_eq!(blocks[0]["type"], "thinking");
    assert!(!blocks[0]["signature"].as_str().unwrap().is_empty());
    assert_eq!(message["reasoning_content"], blocks[0]["thinking"]);
    assert_eq!(answer["provider"], "bedrock");
    assert_eq!(answer["choices"][0]["finish_reason"], "end_turn");

    let next = |blocks: &Value| {
        json!({"model": CLAUDE, "max_tokens": 3000, "thinking": thinking, "messages": [
            {"role": "user", "content": "when?"},
            {"role": "assistant", "content": blocks},
            {"role": "user", "content": "and to chennai?"}]})
    };
    let second = stack.ask(&next(&message["content_blocks"])).await;
    assert_eq!(second.json()["choices"][0]["message"]["content"], "You said: and to chennai?");
    let mut forged = message["content_blocks"].clone();
    forged[0]["thinking"] = json!("something else");
    let refused = stack.ask(&next(&forged)).await;
    assert_eq!(refused.status, 400);
    assert!(refused.error("message").as_str().unwrap().contains("signature"), "{}", refused.text);

    let mut body = body;
    body["stream"] = json!(true);
    let events = stack.post(&not_strict(), &body).await.events();
    let joined = |member: &str| -> String {
        let deltas = events
            .iter()
            .filter_map(|event| event.pointer("/choices/0/delta/content_blocks/0/delta"));
        deltas.filter_map(|delta| delta[member].as_str()).collect()
    };
    assert_eq!(joined("thinking"), blocks[0]["thinking"].as_str().unwrap());
    assert_eq!(joined("signature"), blocks[0]["signature"].as_str().unwrap());
    assert_eq!(joined("text"), "You said: when?");
    let last = &events[events.len() - 2];
    assert_eq!(last["choices"][0]["finish_reason"], "end_turn");
    assert!(last["usage"]["completion_tokens"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn tools_make_a_full_round() {
    let stack = Stack::start().await;
    let tool = |name: &str| {
        json!({"type": "function", "function": {"name": name, "parameters":
            {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}})
    };
    let mut body = json!({"model": CLAUDE, "tools": [tool("get_weather"), tool("get_time")],
        "messages": [{"role": "user", "content": "Call get_weather and get_time in Paris"}]});
    let answer = stack.ask(&body).await.json();
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
    let calls = answer["choices"][0]["message"]["tool_calls"].as_array().unwrap().clone();
    assert_eq!(calls.len(), 2, "{answer}");
    let arguments: Value =
        serde_json::from_str(calls[0]["function"]["arguments"].as_str().unwrap()).unwrap();
    assert!(arguments["city"].is_string());

    // The same calls, streamed: dense indexes, id and name once, arguments in pieces.
    body["stream"] = json!(true);
    let events = stack.ask(&body).await.events();
    let deltas: Vec<_> =
        events.iter().filter_map(|event| event.pointer("/choices/0/delta/tool_calls/0")).collect();
    for (index, call) in calls.iter().enumerate() {
        let of_call: Vec<_> = deltas.iter().filter(|delta| delta["index"] == index).collect();
        assert_eq!(of_call[0]["function"]["name"], call["function"]["name"]);
        assert_eq!(of_call[0]["type"], "function");
        assert!(of_call[1..].iter().all(|delta| delta.get("id").is_none()));
        let joined: String =
            of_call.iter().filter_map(|delta| delta["function"]["arguments"].as_str()).collect();
        let joined: Value = serde_json::from_str(&joined).unwrap();
        let whole: Value =
            serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
        assert_eq!(joined, whole);
    }

    body["stream"] = json!(false);
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(answer["choices"][0]["message"].clone());
    for (call, result) in calls.iter().zip(["sunny", "noon"]) {
        messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": result}));
    }
    let last = stack.ask(&body).await.json();
    let text = last["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(text.contains("sunny") && text.contains("noon"), "{text}");
}

#[tokio::test]
async fn a_call_without_arguments_has_an_empty_object() {
    let stack = Stack::start().await;
    let mut body = streamed("emulator.tool-no-input", "use the tool");
    body["tools"] = json!([{"type": "function", "function": {"name": "now"}}]);
    let events = stack.ask(&body).await.events();
    let deltas = events.iter().filter_map(|event| event.pointer("/choices/0/delta/tool_calls/0"));
    let joined: String =
        deltas.filter_map(|delta| delta["function"]["arguments"].as_str()).collect();
    assert_eq!(joined, "{}");
}

#[tokio::test]
async fn an_image_is_seen() {
    let stack = Stack::start().await;
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let body = json!({"model": CLAUDE, "messages": [{"role": "user", "content": [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{png}")}}]}]});
    let answer = stack.ask(&body).await.json();
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(text.contains("png image of 1x1 pixels"), "{text}");
}

#[tokio::test]
async fn stop_reasons_are_told_in_both_words() {
    let stack = Stack::start().await;
    for (reason, strict) in [
        ("max_tokens", "length"),
        ("stop_sequence", "stop"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("malformed_model_output", "stop"),
        ("malformed_tool_use", "stop"),
        ("model_context_window_exceeded", "length"),
        ("a_future_reason", "stop"),
    ] {
        let model = format!("emulator.stop-{reason}");
        for (headers, expected) in [(KEY_PAIR.to_vec(), strict), (not_strict(), reason)] {
            let whole = stack.post(&headers, &chat(&model, "hi")).await.json();
            assert_eq!(whole["choices"][0]["finish_reason"], expected);
            let events = stack.post(&headers, &streamed(&model, "hi")).await.events();
            assert_eq!(events[events.len() - 2]["choices"][0]["finish_reason"], expected);
        }
    }
}

//! What clients get when something goes wrong.

mod back_pressure;
mod endings;
mod keep_alive;
mod limits;
mod memory;
mod resend;
mod timeouts;

use bedrock_gateway::emulator::Outcome;
use serde_json::{Value, json};

use crate::support::{Answer, CLAUDE, KEY_PAIR, Stack, chat, client, start_gateway, streamed};

#[tokio::test]
async fn errors_of_aws_keep_status_type_and_text() {
    let stack = Stack::start().await;
    for (kind, status, class, code) in [
        ("validation", 400, "invalid_request_error", "ValidationException"),
        ("access-denied", 403, "permission_error", "AccessDeniedException"),
        ("resource-not-found", 404, "not_found_error", "ResourceNotFoundException"),
        ("model-timeout", 408, "timeout_error", "ModelTimeoutException"),
        ("model-error", 424, "server_error", "ModelErrorException"),
        ("model-not-ready", 429, "rate_limit_error", "ModelNotReadyException"),
        ("internal", 500, "server_error", "InternalServerException"),
        ("unavailable", 503, "server_error", "ServiceUnavailableException"),
        ("unknown-operation", 404, "not_found_error", "UnknownOperationException"),
        ("html", 502, "server_error", "UnknownError"),
        ("empty", 503, "server_error", "UnknownError"),
    ] {
        let model = format!("emulator.error-{kind}");
        for body in [chat(&model, "hi"), streamed(&model, "hi")] {
            let answer = stack.ask(&body).await;
            let seen = (answer.status, answer.error("type"), answer.error("code"));
            assert_eq!(seen, (status, json!(class), json!(code)), "{}", answer.text);
            assert!(!answer.error("message").as_str().unwrap().is_empty());
            assert!(!answer.text.contains('<'), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn the_provider_is_named_outside_strict_mode_only() {
    let stack = Stack::start().await;
    let strict = stack.ask(&chat("emulator.throttle", "hi")).await;
    assert_eq!(strict.json().as_object().unwrap().len(), 1);
    let headers = [KEY_PAIR[0], KEY_PAIR[1], ("x-portkey-strict-openai-compliance", "false")];
    assert_eq!(
        stack.post(&headers, &chat("emulator.throttle", "hi")).await.json()["provider"],
        "bedrock"
    );
}

#[tokio::test]
async fn throttling_passes_and_says_when_to_come_again() {
    let stack = Stack::start().await;
    let body = chat("emulator.throttle-2", "hi");
    assert_eq!(stack.ask(&body).await.status, 429);
    let second = stack.ask(&body).await;
    assert_eq!((second.status, second.error("type")), (429, json!("rate_limit_error")));
    assert_eq!(second.error("message"), "Too many requests, please wait before trying again.");
    assert_eq!(stack.ask(&body).await.status, 200);
    let retry_after = "HTTP/1.1 429 x\r\nretry-after: 7\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{\"message\":\"m\"}";
    let answer = ask_one_who_says(retry_after.as_bytes(), &chat(CLAUDE, "hi")).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, "7"));
}

#[tokio::test]
async fn an_exception_before_the_first_event_has_a_status() {
    let stack = Stack::start().await;
    for (kind, status) in [
        ("throttling", 429),
        ("internal-server", 500),
        ("service-unavailable", 503),
        ("model-stream-error", 424),
        ("model-timeout", 408),
        ("validation", 400),
    ] {
        let answer =
            stack.ask(&streamed(&format!("emulator.exception-{kind}-after-0"), "hi")).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(answer.error("code").as_str().unwrap().ends_with("Exception"));
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn a_break_before_the_first_event_has_a_status() {
    let stack = Stack::start().await;
    for (fault, code) in [
        ("end-after-0", "upstream_stream_incomplete"),
        ("cut-after-0", "upstream_connection_broken"),
        ("corrupt-after-0", "upstream_stream_corrupt"),
    ] {
        let answer = stack.ask(&streamed(&format!("emulator.{fault}"), "hi")).await;
        assert_eq!((answer.status, answer.error("code")), (502, json!(code)), "{}", answer.text);
    }
}

/// What a stream that broke must look like: text so far, one error, and no end.
fn assert_broken(answer: &Answer, code: &str) {
    let events = answer.events();
    assert!(!answer.streamed_text().is_empty());
    let (last, before) = events.split_last().unwrap();
    assert_eq!(last["error"]["code"], code, "{}", answer.text);
    assert!(last["error"]["message"].is_string() && last["error"]["type"].is_string());
    for event in before {
        assert_eq!(event["choices"][0]["finish_reason"], Value::Null);
    }
    assert!(!answer.text.contains("[DONE]"));
}

#[tokio::test]
async fn a_stream_that_breaks_does_not_look_finished() {
    let stack = Stack::start().await;
    for (fault, code) in [
        ("exception-throttling-after-2", "throttlingException"),
        ("exception-model-stream-error-after-1", "modelStreamErrorException"),
        ("message-error-after-2", "InternalServerError"),
        ("cut-after-2", "upstream_connection_broken"),
        ("end-after-2", "upstream_stream_incomplete"),
        ("corrupt-after-2", "upstream_stream_corrupt"),
    ] {
        let answer =
            stack.ask(&streamed(&format!("emulator.{fault}"), "one two three four five")).await;
        assert_broken(&answer, code);
    }
}

#[tokio::test]
async fn a_whole_answer_that_breaks_is_a_bad_gateway() {
    let stack = Stack::start().await;
    let answer = stack.ask(&chat("emulator.cut-after-1", "one two three four")).await;
    assert_eq!((answer.status, answer.error("code")), (502, json!("upstream_connection_broken")));
    for body in [
        "not json",
        "[]",
        "{}",
        "null",
        "{\"output\":{}}",
        "{\"output\":{\"message\":{\"content\":5}}}",
    ] {
        let http = format!(
            "HTTP/1.1 200 x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = ask_one_who_says(http.as_bytes(), &chat(CLAUDE, "hi")).await;
        assert_eq!((answer.status, answer.error("type")), (502, json!("server_error")), "{body}");
        let answer = ask_one_who_says(http.as_bytes(), &streamed(CLAUDE, "hi")).await;
        assert_eq!(answer.status, 502, "{body}");
    }
}

#[tokio::test]
async fn an_unknown_operation_is_an_error_whatever_its_status() {
    let body = r#"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}"#;
    let http = crate::raw::json_answer(200, body);
    for body in [chat(CLAUDE, "hi"), streamed(CLAUDE, "hi")] {
        let answer = ask_one_who_says(http.as_bytes(), &body).await;
        assert_eq!(answer.status, 404, "{}", answer.text);
        assert_eq!(answer.error("code"), "UnknownOperationException");
        assert_eq!(answer.error("type"), "not_found_error");
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn who_cannot_be_reached_is_a_bad_gateway_and_not_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let (url, _gateway, _stop) = start_gateway(&format!("http://{nobody}"), "").await;
    let stack = Stack::start().await.with_url(url);
    for body in [chat(CLAUDE, "hi"), streamed(CLAUDE, "hi")] {
        let answer = stack.ask(&body).await;
        assert_eq!((answer.status, answer.error("code")), (502, json!("upstream_unreachable")));
        assert!(!answer.text.contains(&nobody.port().to_string()), "{}", answer.text);
    }
}

#[tokio::test]
async fn frames_may_be_cut_and_joined_anywhere() {
    let stack = Stack::start().await;
    for model in [
        "split-1",
        "split-2",
        "split-3",
        "split-7",
        "split-13",
        "split-100",
        "merged",
        "no-metadata",
    ] {
        let answer =
            stack.ask(&streamed(&format!("emulator.{model}"), "one two three four five")).await;
        assert_eq!(answer.streamed_text(), "You said: one two three four five", "{model}");
        assert!(answer.is_done(), "{model}");
    }
}

#[tokio::test]
async fn a_large_answer_arrives_whole() {
    let stack = Stack::start().await;
    let whole = stack.ask(&chat("emulator.huge-200000", "hi")).await.json();
    assert_eq!(whole["choices"][0]["message"]["content"].as_str().unwrap().len(), 200_000);
    let streamed = stack.ask(&streamed("emulator.huge-200000", "hi")).await;
    assert_eq!(streamed.streamed_text().len(), 200_000);
    assert!(streamed.is_done());
}

#[tokio::test]
async fn the_callers_time_limit_holds_to_the_end() {
    let mut stack = Stack::start().await;
    let headers = [KEY_PAIR[0], KEY_PAIR[1], ("x-portkey-request-timeout", "300")];
    for body in [chat("emulator.hang", "hi"), streamed("emulator.hang", "hi")] {
        let answer = stack.post(&headers, &body).await;
        assert_eq!((answer.status, answer.error("type")), (408, json!("timeout_error")));
        assert!(answer.error("message").as_str().unwrap().contains("300ms"));
        assert_eq!(stack.next_observed().await.outcome, Outcome::Held);
        assert!(matches!(stack.next_observed().await.outcome, Outcome::ClientLeft { .. }));
    }
    // Far more frames than there is time for.
    let headers = [KEY_PAIR[0], KEY_PAIR[1], ("x-portkey-request-timeout", "3000")];
    let slow =
        stack.post(&headers, &streamed("emulator.slow-each-100", &"word ".repeat(2000))).await;
    assert_eq!(slow.events().last().unwrap()["error"]["code"], "request_timeout");
    assert!(!slow.text.contains("[DONE]"));
    assert!(matches!(stack.next_observed().await.outcome, Outcome::ClientLeft { .. }));
}

#[tokio::test]
async fn a_client_that_leaves_stops_the_model() {
    let mut stack = Stack::start().await;
    // In the middle of a stream.
    let mut response =
        stack.send(&KEY_PAIR, &streamed("emulator.slow-each-50", &"word ".repeat(500))).await;
    response.chunk().await.unwrap().unwrap();
    drop(response);
    assert!(matches!(stack.next_observed().await.outcome, Outcome::ClientLeft { .. }));
    // Before anything was answered.
    for body in [chat("emulator.hang", "hi"), streamed("emulator.hang", "hi")] {
        let http = client();
        let request = http
            .post(format!("{}/v1/chat/completions", stack.url))
            .header("content-type", "application/json");
        let request = KEY_PAIR
            .into_iter()
            .fold(request, |request, (name, value)| request.header(name, value));
        let asking = tokio::spawn(request.body(body.to_string()).send());
        assert_eq!(stack.next_observed().await.outcome, Outcome::Held);
        asking.abort();
        assert!(matches!(stack.next_observed().await.outcome, Outcome::ClientLeft { .. }));
    }
}

/// Asks a gateway before a server that says these bytes and hangs up.
async fn ask_one_who_says(bytes: &[u8], body: &Value) -> Answer {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = format!("http://{}", listener.local_addr().unwrap());
    let bytes = bytes.to_owned();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut buffer = vec![0; 65536];
        let _ = tokio::io::AsyncReadExt::read(&mut socket, &mut buffer).await;
        let _ = tokio::io::AsyncWriteExt::write_all(&mut socket, &bytes).await;
    });
    let (url, _gateway, _stop) = start_gateway(&upstream, "").await;
    let request = client()
        .post(format!("{url}/v1/chat/completions"))
        .header("content-type", "application/json");
    let request =
        KEY_PAIR.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    Answer::read(request.body(body.to_string()).send().await.unwrap()).await
}

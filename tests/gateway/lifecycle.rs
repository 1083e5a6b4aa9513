//! How the gateway ends.

use bedrock_gateway::emulator::Outcome;
use tokio::time::timeout;

use crate::support::{Answer, CLAUDE, KEY_PAIR, PATIENCE, Stack, chat, streamed};

#[tokio::test]
async fn running_streams_finish_and_nothing_new_is_accepted() {
    let mut stack = Stack::start().await;
    let mut response =
        stack.send(&KEY_PAIR, &streamed("emulator.slow-each-20", "one two three four five")).await;
    let first = response.chunk().await.unwrap().unwrap();
    stack.stop();
    let rest = Answer::read(response).await;
    let whole = format!("{}{}", String::from_utf8_lossy(&first), rest.text);
    assert!(whole.ends_with("data: [DONE]\n\n"), "{whole}");
    timeout(PATIENCE, &mut stack.gateway).await.expect("the gateway to end").unwrap();
    assert!(stack.http.get(format!("{}/health", stack.url)).send().await.is_err());
}

#[tokio::test]
async fn what_does_not_finish_is_cut_off_when_the_grace_is_over() {
    let mut stack = Stack::start_with("[server]\nshutdown_grace_ms = 100").await;
    let asking = tokio::spawn({
        let request = stack
            .http
            .post(format!("{}/v1/chat/completions", stack.url))
            .header("content-type", "application/json");
        let request = KEY_PAIR
            .into_iter()
            .fold(request, |request, (name, value)| request.header(name, value));
        request.body(chat("emulator.hang", "hi").to_string()).send()
    });
    assert_eq!(stack.next_observed().await.outcome, Outcome::Held);
    stack.stop();
    timeout(PATIENCE, &mut stack.gateway).await.expect("the gateway to end").unwrap();
    assert!(asking.await.unwrap().is_err(), "the request was answered");
    assert!(matches!(stack.next_observed().await.outcome, Outcome::ClientLeft { .. }));
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_the_gateway_up() {
    let mut stack = Stack::start().await;
    assert_eq!(stack.ask(&chat(CLAUDE, "hi")).await.status, 200);
    stack.stop();
    timeout(PATIENCE, &mut stack.gateway).await.expect("the gateway to end").unwrap();
}

//! Each wait for AWS has a bound of its own, and says which one it was.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::raw::{Raw, STREAM_HEAD, delta, hold, message_start, say};
use crate::support::{CLAUDE, KEY_PAIR, Stack, chat, start_gateway, streamed};

/// Long beside the bound that is tested, so that the other one cannot be meant.
const SHORT_FIRST_BYTE: &str =
    "[upstream]\nfirst_byte_timeout_ms = 200\nidle_timeout_ms = 60000\nconnect_timeout_ms = 60000";
const SHORT_IDLE: &str =
    "[upstream]\nfirst_byte_timeout_ms = 60000\nidle_timeout_ms = 200\nconnect_timeout_ms = 60000";
const SHORT_CONNECT: &str =
    "[upstream]\nfirst_byte_timeout_ms = 60000\nidle_timeout_ms = 60000\nconnect_timeout_ms = 200";

const HALF_AN_ANSWER: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{";
const HALF_AN_ERROR: &str = "HTTP/1.1 429 x\r\nx-amzn-errortype: ThrottlingException\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{";

fn both() -> [Value; 2] {
    [chat(CLAUDE, "hi"), streamed(CLAUDE, "hi")]
}

#[tokio::test]
async fn a_connection_that_does_not_open_is_not_waited_for() {
    // Accepts and never says a word of TLS, which is part of opening.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            tokio::spawn(hold(listener.accept().await.unwrap().0));
        }
    });
    let (url, _gateway, _stop) = start_gateway(&upstream, SHORT_CONNECT).await;
    let stack = Stack::start().await.with_url(url);
    for body in both() {
        let answer = stack.ask(&body).await;
        assert_eq!((answer.status, answer.error("code")), (504, json!("upstream_timeout")));
        assert_eq!(
            answer.error("message"),
            "no connection to the provider was open after 200 ms",
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn an_answer_that_does_not_begin_is_not_waited_for() {
    let raw = Raw::start(SHORT_FIRST_BYTE, |_, socket| hold(socket)).await;
    for body in both() {
        let answer = raw.ask(&body).await;
        assert_eq!((answer.status, answer.error("code")), (504, json!("upstream_timeout")));
        assert_eq!(answer.error("type"), "timeout_error");
        assert_eq!(answer.error("message"), "the provider had not begun to answer after 200 ms");
    }
    // Who was too slow is not asked a second time.
    assert_eq!(raw.requests(), 2);
}

#[tokio::test]
async fn the_first_event_shares_the_wait_with_the_head() {
    let raw = Raw::start("[upstream]\nfirst_byte_timeout_ms = 1500", async |_, mut socket| {
        say(&mut socket, STREAM_HEAD).await;
        // Bytes that make no event do not prolong it.
        for byte in &message_start()[..12] {
            say(&mut socket, [*byte]).await;
            sleep(Duration::from_millis(200)).await;
        }
        hold(socket).await;
    })
    .await;
    let answer = raw.ask(&streamed(CLAUDE, "hi")).await;
    assert_eq!((answer.status, answer.error("code")), (504, json!("upstream_timeout")));
    assert_eq!(answer.error("message"), "the provider had not begun to answer after 1500 ms");
    assert_eq!(answer.header("x-amzn-requestid"), "raw-request");
}

#[tokio::test]
async fn silence_in_the_middle_of_a_stream_is_told_in_band() {
    let raw = Raw::start(SHORT_IDLE, async |_, mut socket| {
        say(&mut socket, STREAM_HEAD).await;
        say(&mut socket, message_start()).await;
        say(&mut socket, delta("Hello")).await;
        hold(socket).await;
    })
    .await;
    let answer = raw.ask(&streamed(CLAUDE, "hi")).await;
    super::assert_broken(&answer, "upstream_timeout");
    let message = answer.events().last().unwrap()["error"]["message"].clone();
    assert_eq!(message, "the provider had stopped in the middle of its answer after 200 ms");
}

#[tokio::test]
async fn pieces_that_keep_coming_are_waited_for() {
    // Together far longer than the bound between two of them.
    let raw = Raw::start("[upstream]\nidle_timeout_ms = 2000", async |_, mut socket| {
        say(&mut socket, STREAM_HEAD).await;
        say(&mut socket, message_start()).await;
        for _ in 0..30 {
            say(&mut socket, delta("x")).await;
            sleep(Duration::from_millis(100)).await;
        }
        say(&mut socket, crate::raw::stream_end()).await;
    })
    .await;
    let answer = raw.ask(&streamed(CLAUDE, "hi")).await;
    assert_eq!(answer.streamed_text().len(), 30, "{}", answer.text);
    assert!(answer.is_done());
}

#[tokio::test]
async fn silence_in_the_middle_of_a_whole_answer_has_a_status() {
    let raw = Raw::start(SHORT_IDLE, async |_, mut socket| {
        say(&mut socket, HALF_AN_ANSWER).await;
        hold(socket).await;
    })
    .await;
    let answer = raw.ask(&chat(CLAUDE, "hi")).await;
    assert_eq!((answer.status, answer.error("code")), (504, json!("upstream_timeout")));
    let message = answer.error("message");
    assert_eq!(message, "the provider had stopped in the middle of its answer after 200 ms");
}

#[tokio::test]
async fn an_error_whose_text_does_not_come_keeps_its_status() {
    let raw = Raw::start(SHORT_IDLE, async |_, mut socket| {
        say(&mut socket, HALF_AN_ERROR).await;
        hold(socket).await;
    })
    .await;
    for body in both() {
        let answer = raw.ask(&body).await;
        assert_eq!((answer.status, answer.error("code")), (429, json!("ThrottlingException")));
    }
}

#[tokio::test]
async fn the_callers_limit_holds_in_the_middle_of_a_whole_answer() {
    let raw = Raw::start("", async |_, mut socket| {
        say(&mut socket, HALF_AN_ANSWER).await;
        hold(socket).await;
    })
    .await;
    let limit = [KEY_PAIR[0], KEY_PAIR[1], ("x-portkey-request-timeout", "200")];
    let answer = crate::support::Answer::read(raw.send(&limit, &chat(CLAUDE, "hi")).await).await;
    assert_eq!((answer.status, answer.error("code")), (408, json!("request_timeout")));
}

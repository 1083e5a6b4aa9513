//! An upstream that goes on after the end of its answer is cut off, and the client gets its end.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::raw::{
    Raw, STREAM_HEAD, converse_answer, delta, event, exception, hold, json_answer, message_start,
    read_request, say, stream_end,
};
use crate::support::{CLAUDE, PATIENCE, chat, streamed};

/// What an upstream sends after its answer.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// This frame, as fast as it can.
    Flood(fn() -> Vec<u8>),
    /// This frame, again and again.
    Trickle(fn() -> Vec<u8>),
    /// Nothing, with the connection open.
    Silence,
}

impl Then {
    /// Returns when the other side has closed the connection.
    async fn run(self, mut socket: TcpStream) {
        let (frame, pause) = match self {
            Self::Silence => return hold(socket).await,
            Self::Flood(frame) => (frame(), Duration::ZERO),
            Self::Trickle(frame) => (frame(), Duration::from_millis(50)),
        };
        while socket.write_all(&frame).await.is_ok() {
            if !pause.is_zero() {
                sleep(pause).await;
            }
        }
    }
}

fn unknown() -> Vec<u8> {
    event("brandNew", &json!({"p": "x".repeat(1000)}))
}

fn more_text() -> Vec<u8> {
    delta("not part of the answer")
}

fn stop() -> Vec<u8> {
    event("messageStop", &json!({"stopReason": "end_turn"}))
}

/// A gateway before an upstream that answers with `start` and then does something else, and a
/// message for each connection that was closed.
async fn start(settings: &str, start: Vec<Vec<u8>>, then: Then) -> (Raw, mpsc::Receiver<()>) {
    let (closed, on_closed) = mpsc::channel(8);
    let raw = Raw::start(settings, move |_, mut socket| {
        let (start, closed) = (start.concat(), closed.clone());
        async move {
            say(&mut socket, start).await;
            then.run(socket).await;
            closed.send(()).await.unwrap();
        }
    })
    .await;
    (raw, on_closed)
}

fn answer(end: Vec<u8>) -> Vec<Vec<u8>> {
    vec![STREAM_HEAD.into(), message_start(), delta("Hello"), end]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_does_not_end_its_stream_is_cut_off() {
    let everything = [
        Then::Flood(more_text),
        Then::Flood(unknown),
        Then::Trickle(more_text),
        Then::Trickle(unknown),
    ];
    let cases = [(stream_end(), &everything[..]), (stop(), &everything[..])];
    let silence = (stream_end(), &[Then::Silence][..]);
    for (end, thens) in cases.into_iter().chain([silence]) {
        for then in thens {
            let (raw, mut closed) = start("", answer(end.clone()), *then).await;
            let answer = raw.ask(&streamed(CLAUDE, "hi")).await;
            assert_eq!(answer.streamed_text(), "Hello", "{then:?}");
            assert!(answer.is_done(), "{then:?}: {}", answer.text);
            timeout(PATIENCE, closed.recv()).await.expect("the upstream to be cut off").unwrap();
        }
    }
}

#[tokio::test]
async fn metadata_after_something_unknown_still_counts() {
    let end = [stop(), unknown(), stream_end()].concat();
    let (raw, _closed) = start("", answer(end), Then::Silence).await;
    let body = json!({"model": CLAUDE, "messages": [{"role": "user", "content": "hi"}],
        "stream": true, "stream_options": {"include_usage": true}});
    let answer = raw.ask(&body).await;
    assert!(answer.is_done(), "{}", answer.text);
    assert!(answer.text.contains("\"total_tokens\":2"), "{}", answer.text);
}

#[tokio::test]
async fn metadata_may_be_large_and_slow() {
    let trace = json!({"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1}, "trace": {"guardrail": {"x": "x".repeat(200_000)}}});
    let raw = Raw::start("", move |_, mut socket| {
        let metadata = event("metadata", &trace);
        async move {
            say(&mut socket, answer(stop()).concat()).await;
            for piece in metadata.chunks(40_000) {
                sleep(Duration::from_millis(300)).await;
                say(&mut socket, piece).await;
            }
            hold(socket).await;
        }
    })
    .await;
    let headers = [("x-portkey-strict-openai-compliance", "false")];
    let answer = raw.send(&headers, &streamed(CLAUDE, "hi")).await;
    let answer = crate::support::Answer::read(answer).await;
    assert!(answer.is_done());
    assert!(answer.text.contains("guardrail"));
}

#[tokio::test]
async fn an_exception_between_stop_and_metadata_is_an_error() {
    for before in [vec![], unknown()] {
        let failed = exception("modelStreamErrorException", &json!({"message": "m"}));
        let end = [stop(), before, failed].concat();
        let (raw, _closed) = start("", answer(end), Then::Silence).await;
        let answer = raw.ask(&streamed(CLAUDE, "hi")).await;
        let last = answer.events().pop().unwrap();
        assert_eq!(last["error"]["code"], "modelStreamErrorException", "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_events_without_end_are_an_error() {
    // Too many of them.
    let begun = || vec![STREAM_HEAD.into(), message_start(), delta("Hello")];
    let (raw, mut closed) = start("", begun(), Then::Flood(unknown)).await;
    super::assert_broken(&raw.ask(&streamed(CLAUDE, "hi")).await, "upstream_stream_corrupt");
    timeout(PATIENCE, closed.recv()).await.expect("the upstream to be cut off").unwrap();
    // For too long.
    let settings = "[upstream]\nfirst_byte_timeout_ms = 3000\nidle_timeout_ms = 3000";
    let (raw, mut closed) = start(settings, begun(), Then::Trickle(unknown)).await;
    let answer = raw.ask(&streamed(CLAUDE, "hi")).await;
    super::assert_broken(&answer, "upstream_timeout");
    let message = answer.events().pop().unwrap()["error"]["message"].clone();
    assert_eq!(
        message,
        "the provider had sent bytes but no further event of its answer after 3000 ms"
    );
    timeout(PATIENCE, closed.recv()).await.expect("the upstream to be cut off").unwrap();
}

/// Events that give the client nothing do not keep others from being served on the same thread.
#[tokio::test]
async fn events_without_effect_do_not_keep_a_thread() {
    let nothing = || event("contentBlockStop", &json!({"contentBlockIndex": 0}));
    let begun = vec![STREAM_HEAD.into(), message_start(), delta("Hello")];
    let (raw, mut closed) = start("", begun, Then::Flood(nothing)).await;
    let mut response = raw.send(&[], &streamed(CLAUDE, "hi")).await;
    response.chunk().await.unwrap().unwrap();
    for _ in 0..5 {
        let health = crate::support::client().get(format!("{}/health", raw.url)).send();
        let health = timeout(PATIENCE, health).await.expect("an answer in time").unwrap();
        assert_eq!(health.status(), 200);
    }
    drop(response);
    timeout(PATIENCE, closed.recv()).await.expect("the call to be cancelled").unwrap();
}

#[tokio::test]
async fn a_stream_that_ends_well_leaves_its_connection_for_the_next() {
    let raw = Raw::start("", async |_, mut socket| {
        loop {
            let body = [message_start(), delta("Hello"), stream_end()].concat();
            let head = STREAM_HEAD.replace("connection: close", "transfer-encoding: chunked");
            say(&mut socket, format!("{head}{:x}\r\n", body.len())).await;
            say(&mut socket, body).await;
            // Not with the last event, but soon after it.
            sleep(Duration::from_millis(10)).await;
            say(&mut socket, "\r\n0\r\n\r\n").await;
            if read_request(&mut socket).await.is_empty() {
                return;
            }
        }
    })
    .await;
    for _ in 0..3 {
        assert!(raw.ask(&streamed(CLAUDE, "hi")).await.is_done());
    }
    assert_eq!(raw.connections(), 1);
}

#[tokio::test]
async fn bytes_after_a_whole_answer_cost_its_connection_only() {
    let kept = converse_answer("Hello").replace("connection: close\r\n", "");
    let flood: fn() -> Vec<u8> = || vec![b' '; 1000];
    for then in [Then::Flood(flood), Then::Trickle(flood)] {
        let (raw, mut closed) = start("", vec![kept.clone().into()], then).await;
        for _ in 0..2 {
            let answer = raw.ask(&chat(CLAUDE, "hi")).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(answer.json()["choices"][0]["message"]["content"], "Hello");
            timeout(PATIENCE, closed.recv()).await.expect("the upstream to be cut off").unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_answer_without_end_is_bounded() {
    let head = json_answer(200, "").replace("content-length: 0", "transfer-encoding: chunked");
    let chunk: fn() -> Vec<u8> = || [&b"10000\r\n"[..], &[b' '; 0x10000], b"\r\n"].concat();
    let (raw, mut closed) = start("", vec![head.clone().into()], Then::Flood(chunk)).await;
    let answer = raw.ask(&chat(CLAUDE, "hi")).await;
    assert_eq!((answer.status, answer.error("code")), (502, json!("upstream_answer_invalid")));
    timeout(PATIENCE, closed.recv()).await.expect("the upstream to be cut off").unwrap();
    let settings = "[upstream]\nidle_timeout_ms = 200";
    let (raw, mut closed) = start(settings, vec![head.into()], Then::Silence).await;
    let answer = raw.ask(&chat(CLAUDE, "hi")).await;
    assert_eq!((answer.status, answer.error("code")), (504, json!("upstream_timeout")));
    timeout(PATIENCE, closed.recv()).await.expect("the upstream to be cut off").unwrap();
}

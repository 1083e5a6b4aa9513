//! A client that closes its sending side gets its answer; one that is gone stops the call.

use std::time::Duration;

use bedrock_gateway::emulator::identity;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::raw::{Raw, STREAM_HEAD, converse_answer, delta, hold, message_start, say, stream_end};
use crate::support::{CLAUDE, PATIENCE, chat, streamed};

/// Long enough for several probes.
const LONG: Duration = Duration::from_millis(2500);
const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\n";

/// Sends a request; the client may still do what it likes.
async fn send(raw: &Raw, version: &str, is_stream: bool) -> TcpStream {
    let address = raw.url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    let body = if is_stream { streamed(CLAUDE, "hi") } else { chat(CLAUDE, "hi") }.to_string();
    let request = format!(
        "POST /v1/chat/completions HTTP/{version}\r\nhost: x\r\ncontent-type: application/json\r\nx-api-key: {}\r\ncontent-length: {}\r\n\r\n{body}",
        identity::DEMO_API_KEY,
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

async fn read_all(mut socket: TcpStream) -> String {
    let mut answer = String::new();
    timeout(PATIENCE, socket.read_to_string(&mut answer)).await.expect("the end").unwrap();
    answer
}

/// An upstream that answers a stream or a whole answer, with a wait before it and within it.
async fn slow(settings: &str, wait: Duration, is_stream: bool) -> Raw {
    Raw::start(settings, move |_, mut socket| async move {
        sleep(wait).await;
        if is_stream {
            say(&mut socket, [STREAM_HEAD.as_bytes(), &message_start(), &delta("Hel")].concat())
                .await;
            sleep(wait).await;
            say(&mut socket, [delta("lo"), stream_end()].concat()).await;
        } else {
            say(&mut socket, converse_answer("Hello")).await;
        }
    })
    .await
}

fn assert_answered(answer: &str, version: &str, is_stream: bool) {
    let answer = answer.replace(INTERIM, "");
    assert!(answer.starts_with(&format!("HTTP/{version} 200 OK\r\n")), "{answer}");
    if is_stream {
        assert!(answer.contains("\"Hel\"") && answer.contains("\"lo\""), "{answer}");
        assert!(answer.contains("data: [DONE]\n\n"), "{answer}");
    } else {
        assert!(answer.contains("\"Hello\""), "{answer}");
    }
}

const WITHOUT_COMMENTS: &str = "[server]\nsse_keep_alive_ms = 0";

#[tokio::test]
async fn a_half_closed_client_gets_its_answer() {
    let case = async |settings, is_stream| {
        let raw = slow(settings, LONG, is_stream).await;
        let mut socket = send(&raw, "1.1", is_stream).await;
        socket.shutdown().await.unwrap();
        let answer = read_all(socket).await;
        assert!(answer.starts_with(INTERIM), "no probe: {answer}");
        assert_answered(&answer, "1.1", is_stream);
    };
    tokio::join!(case("", false), case("", true), case(WITHOUT_COMMENTS, true));
}

#[tokio::test]
async fn a_fast_answer_has_no_interim_response_before_it() {
    for is_stream in [false, true] {
        let mut is_bare = false;
        // A busy machine may make a fast answer slow, but not each time.
        for _ in 0..10 {
            let raw = slow("", Duration::ZERO, is_stream).await;
            let mut socket = send(&raw, "1.1", is_stream).await;
            socket.shutdown().await.unwrap();
            let answer = read_all(socket).await;
            assert_answered(&answer, "1.1", is_stream);
            is_bare |= !answer.contains(INTERIM);
            if is_bare {
                break;
            }
        }
        assert!(is_bare, "every answer had an interim response before it");
    }
}

#[tokio::test]
async fn an_old_client_gets_its_answer_without_interim_responses() {
    let case = async |is_stream| {
        let raw = slow("", LONG, is_stream).await;
        let mut socket = send(&raw, "1.0", is_stream).await;
        socket.shutdown().await.unwrap();
        let answer = read_all(socket).await;
        assert!(!answer.contains(INTERIM), "{answer}");
        assert_answered(&answer, "1.0", is_stream);
    };
    tokio::join!(case(false), case(true));
}

/// An upstream that stops after `start`, and a message for each connection that was closed.
async fn stalling(settings: &str, start: Vec<u8>) -> (Raw, mpsc::Receiver<&'static str>) {
    let (seen, events) = mpsc::channel(8);
    let raw = Raw::start(settings, move |_, mut socket| {
        let (start, seen) = (start.clone(), seen.clone());
        async move {
            say(&mut socket, start).await;
            seen.send("asked").await.unwrap();
            hold(socket).await;
            seen.send("closed").await.unwrap();
        }
    })
    .await;
    (raw, events)
}

async fn next(events: &mut mpsc::Receiver<&'static str>) -> &'static str {
    timeout(PATIENCE, events.recv()).await.expect("something in time").unwrap()
}

async fn assert_stopped(settings: &str, is_stream: bool, start: Vec<u8>, half_closed_first: bool) {
    let has_begun = !start.is_empty();
    let (raw, mut events) = stalling(settings, start).await;
    let mut socket = send(&raw, "1.1", is_stream).await;
    assert_eq!(next(&mut events).await, "asked");
    if has_begun {
        // All of it, since what is unread would make the system send a reset.
        let mut answer = Vec::new();
        while !String::from_utf8_lossy(&answer).contains("\"Hel\"") {
            socket.read_buf(&mut answer).await.unwrap();
        }
    }
    if half_closed_first {
        socket.shutdown().await.unwrap();
        sleep(Duration::from_millis(1200)).await;
        assert!(events.try_recv().is_err(), "the call ended with a reader there");
    }
    drop(socket);
    assert_eq!(next(&mut events).await, "closed");
}

#[tokio::test]
async fn a_client_that_is_gone_stops_the_call() {
    let begun = || [STREAM_HEAD.as_bytes(), &message_start(), &delta("Hel")].concat();
    for half_closed_first in [false, true] {
        tokio::join!(
            assert_stopped("", false, vec![], half_closed_first),
            assert_stopped("", true, vec![], half_closed_first),
            assert_stopped("", true, begun(), half_closed_first),
            assert_stopped(WITHOUT_COMMENTS, true, begun(), half_closed_first),
        );
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_waited_for() {
    let raw = slow("", Duration::ZERO, false).await;
    let address = raw.url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-api-key: {}\r\ncontent-length: 1000\r\n\r\n{{",
        identity::DEMO_API_KEY
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.shutdown().await.unwrap();
    let begun = std::time::Instant::now();
    let answer = read_all(socket).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "it was waited for");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(raw.requests(), 0);
}

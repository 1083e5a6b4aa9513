//! A request whose connection broke before the answer is sent once more, on a new
//! connection, and never otherwise.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::raw::{
    Raw, STREAM_HEAD, converse_answer, delta, json_answer, message_start, read_request, say,
    stream_end,
};
use crate::support::{CLAUDE, Stack, chat, start_gateway, streamed};

/// Has the system send a reset in place of an orderly end.
fn reset(socket: TcpStream) {
    socket.set_zero_linger().unwrap();
}

async fn answer_stream(mut socket: TcpStream) {
    say(&mut socket, STREAM_HEAD).await;
    for piece in [message_start(), delta("second time"), stream_end()] {
        say(&mut socket, piece).await;
    }
}

#[tokio::test]
async fn a_reset_before_the_answer_is_not_the_clients_to_see() {
    let raw = Raw::start("", async |number, mut socket| match number {
        0 => reset(socket),
        _ => say(&mut socket, converse_answer("second time")).await,
    })
    .await;
    let answer = raw.ask(&chat(CLAUDE, "hi")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "second time");
    // That header counts what a config's `retry` asks for.
    assert_eq!(answer.header("x-portkey-retry-attempt-count"), "0");
    assert_eq!(raw.requests(), 2);
}

#[tokio::test]
async fn an_orderly_end_before_the_answer_is_one_too() {
    let raw = Raw::start("", async |number, socket| match number {
        0 => drop(socket),
        _ => answer_stream(socket).await,
    })
    .await;
    let answer = raw.ask(&streamed(CLAUDE, "hi")).await;
    assert_eq!(answer.streamed_text(), "second time");
    assert!(answer.is_done());
    assert_eq!(raw.requests(), 2);
}

#[tokio::test]
async fn a_connection_that_was_kept_may_end_as_it_is_used_again() {
    let raw = Raw::start("", async |number, mut socket| {
        let kept = converse_answer("kept").replace("connection: close\r\n", "");
        say(&mut socket, &kept).await;
        if number == 0 {
            // The next request is read on the same connection, and not answered.
            read_request(&mut socket).await;
            reset(socket);
        }
    })
    .await;
    for _ in 0..2 {
        let answer = raw.ask(&chat(CLAUDE, "hi")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert_eq!(raw.requests(), 2);
}

#[tokio::test]
async fn it_is_sent_once_more_and_not_again() {
    let raw = Raw::start("", async |_, socket| reset(socket)).await;
    for body in [chat(CLAUDE, "hi"), streamed(CLAUDE, "hi")] {
        let answer = raw.ask(&body).await;
        assert_eq!(
            (answer.status, answer.error("code")),
            (502, json!("upstream_connection_broken"))
        );
    }
    assert_eq!(raw.requests(), 4);
}

#[tokio::test]
async fn what_breaks_after_the_head_is_not_sent_again() {
    let raw = Raw::start("", async |number, mut socket| match number {
        // A whole answer, a stream without an event, and one in its middle.
        0 => {
            let whole = converse_answer("cut");
            say(&mut socket, &whole[..whole.len() - 20]).await;
        }
        1 => {
            say(&mut socket, STREAM_HEAD).await;
            say(&mut socket, &message_start()[..10]).await;
        }
        _ => {
            say(&mut socket, STREAM_HEAD).await;
            say(&mut socket, message_start()).await;
            say(&mut socket, delta("cut")).await;
            say(&mut socket, &delta("off")[..20]).await;
        }
    })
    .await;
    let whole = raw.ask(&chat(CLAUDE, "hi")).await;
    assert_eq!((whole.status, whole.error("code")), (502, json!("upstream_connection_broken")));
    assert_eq!(raw.requests(), 1);
    let early = raw.ask(&streamed(CLAUDE, "hi")).await;
    assert_eq!((early.status, early.error("code")), (502, json!("upstream_stream_corrupt")));
    assert_eq!(raw.requests(), 2);
    let late = raw.ask(&streamed(CLAUDE, "hi")).await;
    super::assert_broken(&late, "upstream_stream_corrupt");
    assert_eq!(raw.requests(), 3);
}

#[tokio::test]
async fn what_is_no_http_and_what_is_an_error_are_answers() {
    let raw = Raw::start("", async |number, mut socket| {
        match number {
            0 => say(&mut socket, "SSH-2.0-OpenSSH\r\n\r\n").await,
            _ => say(&mut socket, json_answer(503, "{\"message\":\"later\"}")).await,
        }
        let _ = socket.shutdown().await;
    })
    .await;
    let noise = raw.ask(&chat(CLAUDE, "hi")).await;
    assert_eq!((noise.status, noise.error("code")), (502, json!("upstream_connection_broken")));
    assert_eq!(raw.requests(), 1);
    assert_eq!(raw.ask(&chat(CLAUDE, "hi")).await.status, 503);
    assert_eq!(raw.requests(), 2);
}

#[tokio::test]
async fn a_request_that_breaks_while_it_is_sent_is_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        first.read_exact(&mut [0; 1000]).await.unwrap();
        reset(first);
        let (mut second, _) = listener.accept().await.unwrap();
        read_request(&mut second).await;
        say(&mut second, converse_answer("read")).await;
    });
    let (url, _gateway, _stop) = start_gateway(&upstream, "").await;
    let stack = Stack::start().await.with_url(url);
    // Far more than the sockets of both sides hold.
    let answer = stack.ask(&chat(CLAUDE, &"x".repeat(16 * 1024 * 1024))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

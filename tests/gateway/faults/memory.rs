//! One bound for the bytes of all requests.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{CLAUDE, KEY_PAIR, PATIENCE, Stack, chat};

/// Room for a body of 30,000 bytes (twice its size, of three quarters), but not for two.
const SETTINGS: &str = "[server]\nmax_buffered_bytes = 100000";

/// Sends the head of a request, and so many bytes of a body that has more.
async fn half_sent(stack: &Stack, bytes: usize) -> TcpStream {
    let address = stack.url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         {}: {}\r\n{}: {}\r\ntransfer-encoding: chunked\r\n\r\n{bytes:x}\r\n{}\r\n",
        KEY_PAIR[0].0,
        KEY_PAIR[0].1,
        KEY_PAIR[1].0,
        KEY_PAIR[1].1,
        "a".repeat(bytes)
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

#[tokio::test]
async fn a_request_that_never_fits_is_413() {
    let stack = Stack::start_with(SETTINGS).await;
    assert_eq!(stack.ask(&chat(CLAUDE, &"a".repeat(30_000))).await.status, 200);
    let answer = stack.ask(&chat(CLAUDE, &"a".repeat(40_000))).await;
    assert_eq!((answer.status, answer.error("code")), (413, json!("body_too_large")));
    let message = answer.error("message");
    assert!(message.as_str().unwrap().contains("server.max_buffered_bytes"), "{message}");
}

#[tokio::test]
async fn requests_beyond_the_bound_are_503_until_others_are_done() {
    let stack = Stack::start_with(SETTINGS).await;
    let body = chat(CLAUDE, &"a".repeat(30_000));
    let holder = half_sent(&stack, 30_000).await;
    // It is not known when the gateway has read what it was sent.
    let refused = async {
        loop {
            let answer = stack.ask(&body).await;
            if answer.status != 200 {
                return answer;
            }
        }
    };
    let refused = timeout(PATIENCE, refused).await.unwrap();
    assert_eq!((refused.status, refused.error("code")), (503, json!("gateway_overloaded")));
    assert_eq!(refused.error("type"), "server_error");
    assert_eq!(refused.header("retry-after"), "1");
    // Small ones still fit.
    assert_eq!(stack.ask(&chat(CLAUDE, "hi")).await.status, 200);
    drop(holder);
    let served = async { while stack.ask(&body).await.status != 200 {} };
    timeout(PATIENCE, served).await.unwrap();
}

#[tokio::test]
async fn a_chunked_body_is_stopped_where_there_is_no_more_room() {
    let stack = Stack::start_with(SETTINGS).await;
    let mut socket = half_sent(&stack, 60_000).await;
    socket.write_all(b"0\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 1024];
    let n = timeout(PATIENCE, socket.read(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer[..n]);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn requests_of_one_connection_do_not_add_up() {
    let stack = Stack::start_with(SETTINGS).await;
    let address = stack.url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    let padding = "a".repeat(4000);
    let request = format!("GET /health HTTP/1.1\r\nhost: localhost\r\nx-some: {padding}\r\n\r\n");
    let mut answer = vec![0; 4096];
    // More than there is room for in all.
    for _ in 0..100 {
        socket.write_all(request.as_bytes()).await.unwrap();
        let n = timeout(PATIENCE, socket.read(&mut answer)).await.unwrap().unwrap();
        assert!(answer[..n].starts_with(b"HTTP/1.1 200 "));
    }
}

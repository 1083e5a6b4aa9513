//! How many connections there may be, and what happens to those beyond.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::support::{CLAUDE, PATIENCE, Stack, chat};

/// A connection from an address of this machine.
async fn connect(stack: &Stack, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    let address = stack.url.strip_prefix("http://").unwrap().parse().unwrap();
    socket.connect(address).await.unwrap()
}

/// Asks whether the gateway serves; the connection stays open if it is served.
async fn health(stack: &Stack, from: &str) -> (TcpStream, String) {
    let mut socket = connect(stack, from).await;
    socket.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let n = timeout(PATIENCE, socket.read_buf(&mut answer)).await.expect("an answer").unwrap();
        assert_ne!(n, 0, "no whole answer");
    }
    (socket, String::from_utf8(answer).unwrap())
}

async fn hold(stack: &Stack, from: &str) -> TcpStream {
    let (socket, answer) = health(stack, from).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    socket
}

/// Asserts that a connection is refused: with this status and code, and closed.
async fn assert_refused(stack: &Stack, from: &str, status: &str, code: &str) {
    let (mut socket, answer) = health(stack, from).await;
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    for header in ["content-type: application/json", "connection: close", "retry-after: 1"] {
        assert!(head.contains(header), "{answer}");
    }
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["error"]["code"], json!(code));
    assert_eq!(timeout(PATIENCE, socket.read(&mut [0])).await.expect("the end").unwrap(), 0);
}

#[tokio::test]
async fn connections_beyond_the_limit_are_refused_and_places_come_back() {
    let settings = "[server]\nmax_connections = 3\nmax_connections_per_address = 3";
    let stack = Stack::start_with(settings).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(hold(&stack, "127.0.0.1").await);
    }
    for _ in 0..40 {
        assert_refused(&stack, "127.0.0.2", "503", "too_many_connections").await;
    }
    // Those that are open are served.
    for socket in &mut held {
        socket.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut status = [0; 12];
        timeout(PATIENCE, socket.read_exact(&mut status)).await.expect("an answer").unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
    }
    held.clear();
    let again =
        async { while !health(&stack, "127.0.0.1").await.1.starts_with("HTTP/1.1 200 ") {} };
    timeout(PATIENCE, again).await.expect("a place to be free");
}

#[tokio::test]
async fn one_address_does_not_shut_others_out() {
    let stack = Stack::start_with("[server]\nmax_connections = 4").await;
    let _held = [hold(&stack, "127.0.0.2").await, hold(&stack, "127.0.0.2").await];
    for _ in 0..40 {
        assert_refused(&stack, "127.0.0.2", "429", "too_many_connections_from_address").await;
    }
    let answer = stack.ask(&chat(CLAUDE, "hi")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn a_client_that_sends_its_request_slowly_still_reads_the_refusal() {
    let stack = Stack::start_with("[server]\nmax_connections = 1").await;
    let _held = hold(&stack, "127.0.0.1").await;
    let mut socket = connect(&stack, "127.0.0.2").await;
    for _ in 0..10 {
        socket.write_all(b"GET /health HTTP/1.1\r\nx-some: header\r\n").await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let mut answer = String::new();
    timeout(PATIENCE, socket.read_to_string(&mut answer)).await.expect("the end").unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}

//! Requests that are not HTTP, or HTTP that two readers may understand differently.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{CLAUDE, KEY_PAIR, PATIENCE, Stack, chat};

/// Everything that the gateway answers to these bytes until it closes the connection.
async fn exchange(stack: &Stack, bytes: &[u8]) -> String {
    let address = stack.url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("the end").unwrap();
    String::from_utf8(answer).unwrap()
}

/// Asserts that an answer is one error object with this status and code, and nothing else.
fn assert_error(answer: &str, status: u16, code: &str, context: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{context}: {answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    for header in ["content-type: application/json", "connection: close", "x-portkey-trace-id: "] {
        assert!(head.contains(header), "{context}: {answer}");
    }
    let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{context}: {answer}"));
    assert_eq!(body["error"]["code"], json!(code), "{context}");
    assert_eq!(body["error"]["type"], json!("invalid_request_error"), "{context}");
    assert!(!body["error"]["message"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_not_http_gets_an_error_object() {
    let stack = Stack::start().await;
    let long = |n: usize| "x".repeat(n);
    let large_head = format!("GET / HTTP/1.1\r\nhost: a\r\nx-some: {}\r\n\r\n", long(800_000));
    let many = "x-some: a\r\n".repeat(101);
    let many_headers = format!("GET / HTTP/1.1\r\nhost: a\r\n{many}\r\n");
    let long_uri = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", long(70_000));
    for (request, status, code) in [
        ("what?\r\n\r\n", 400, "invalid_http"),
        ("GET /\r\n\r\n", 400, "invalid_http"),
        ("GET / HTTP/3.0\r\nhost: a\r\n\r\n", 400, "invalid_http"),
        ("GET / HTTP/1.1\r\nhost: a\r\nno colon\r\n\r\n", 400, "invalid_http"),
        ("GET / HTTP/1.1\r\nhost: a\r\nb@d name: x\r\n\r\n", 400, "invalid_http"),
        ("GET / HTTP/1.1\r\nhost : a\r\n\r\n", 400, "invalid_http"),
        ("GET / HTTP/1.1\r\nhost: a\r\n folded: x\r\n\r\n", 400, "invalid_http"),
        ("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n", 400, "invalid_http"),
        (
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
            400,
            "invalid_http",
        ),
        (&large_head, 431, "headers_too_large"),
        (&many_headers, 431, "headers_too_large"),
        (&long_uri, 414, "uri_too_long"),
    ] {
        let answer = exchange(&stack, request.as_bytes()).await;
        assert_error(&answer, status, code, &request[..request.len().min(80)]);
    }
}

#[tokio::test]
async fn it_does_so_after_a_request_that_was_served() {
    let stack = Stack::start().await;
    let served = "GET /health HTTP/1.1\r\nhost: a\r\n\r\n";
    let address = stack.url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    for _ in 0..3 {
        socket.write_all(served.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            socket.read_buf(&mut answer).await.unwrap();
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 "));
    }
    for piece in ["POST / HTTP/1.1\r\nhost: a\r\nTransfer-", "Encoding: identity\r\n\r\n"] {
        socket.write_all(piece.as_bytes()).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mut answer = String::new();
    timeout(PATIENCE, socket.read_to_string(&mut answer)).await.expect("the end").unwrap();
    assert_error(&answer, 501, "unsupported_transfer_encoding", "after three requests");
    // In one packet with the one before.
    let both = exchange(&stack, format!("{served}no http\r\n\r\n").as_bytes()).await;
    assert_eq!(both.matches("HTTP/1.1 ").count(), 2, "{both}");
    assert_error(&both[both.rfind("HTTP/1.1 ").unwrap()..], 400, "invalid_http", "pipelined");
}

#[tokio::test]
async fn one_valid_host_is_required() {
    let stack = Stack::start().await;
    for hosts in [
        "",
        "host: a\r\nhost: a\r\n",
        "host: a\r\nHost: b\r\n",
        "host:\r\n",
        "host: a b\r\n",
        "host: u@a\r\n",
    ] {
        let request = format!("GET /health HTTP/1.1\r\n{hosts}\r\n");
        assert_error(&exchange(&stack, request.as_bytes()).await, 400, "invalid_host", hosts);
    }
    let old = exchange(&stack, b"GET /health HTTP/1.0\r\n\r\n").await;
    assert!(old.starts_with("HTTP/1.0 200 "), "{old}");
}

#[tokio::test]
async fn chunked_is_the_only_transfer_coding_and_nothing_is_smuggled() {
    let stack = Stack::start().await;
    let post = |version: &str, headers: &str, body: &str| {
        format!(
            "POST /v1/chat/completions HTTP/{version}\r\nhost: a\r\ncontent-type: application/json\r\n{headers}\r\n\r\n{body}"
        )
    };
    let chunks = "1\r\n{\r\n0\r\n\r\n";
    for coding in [
        "gzip, chunked",
        "identity",
        "chunked, chunked",
        "chunked\r\nTransfer-Encoding: chunked",
        "gzip\r\nTransfer-Encoding: chunked",
        "chunked\r\nTransfer-Encoding: identity",
        "xchunked",
        "chunked, identity",
    ] {
        let request = post("1.1", &format!("Transfer-Encoding: {coding}"), chunks);
        let answer = exchange(&stack, request.as_bytes()).await;
        assert_error(&answer, 501, "unsupported_transfer_encoding", coding);
    }
    let old = exchange(&stack, post("1.0", "Transfer-Encoding: chunked", chunks).as_bytes()).await;
    assert_error(&old, 400, "invalid_http", "HTTP/1.0");
    // What follows the chunks is no request: the connection is closed.
    for lengths in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\nConnection: keep-alive",
    ] {
        let smuggled = format!("{chunks}GET /health HTTP/1.1\r\nhost: a\r\n\r\n");
        let answer = exchange(&stack, post("1.1", lengths, &smuggled).as_bytes()).await;
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{lengths}: {answer}");
    }
    assert_eq!(stack.ask(&chat(CLAUDE, "hi")).await.status, 200);
}

/// A request with these headers, to a gateway on loopback.
async fn ask(stack: &Stack, headers: &str) -> (u16, String) {
    let body = chat(CLAUDE, "hi").to_string();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    let answer = exchange(stack, request.as_bytes()).await;
    let code = answer.split("\"code\":\"").nth(1).and_then(|rest| rest.split('"').next());
    (answer[9..12].parse().unwrap(), code.unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_gateway_that_shares_its_identity_on_loopback_answers_loopback_names_only() {
    let shares = "[aws]\nallow_gateway_identity = true\n[server]\nallowed_hosts = [\"gateway.example\"]\ncors_allowed_origins = [\"https://app.example\"]";
    let stack = Stack::start_with(shares).await;
    for host in ["localhost:1", "127.0.0.1", "[::1]:8787", "gateway.example:5", "a.localhost"] {
        assert_eq!(ask(&stack, &format!("host: {host}\r\n")).await.0, 200, "{host}");
    }
    for host in ["evil.example", "localhost.evil.example", "2130706433", "10.0.0.1"] {
        let refused = (403, "host_not_allowed".to_owned());
        assert_eq!(ask(&stack, &format!("host: {host}\r\n")).await, refused, "{host}");
    }
    for (origin, allowed) in [
        ("http://localhost:3000", true),
        ("https://app.example", true),
        ("https://evil.example", false),
        ("null", false),
    ] {
        let (status, code) = ask(&stack, &format!("host: localhost\r\norigin: {origin}\r\n")).await;
        let expected = if allowed { (200, "") } else { (403, "origin_not_allowed") };
        assert_eq!((status, code.as_str()), expected, "{origin}");
    }
    // What shares nothing is not checked.
    assert_eq!(
        exchange(
            &stack,
            b"GET /health HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n"
        )
        .await[9..12],
        *"200"
    );
    let plain = Stack::start().await;
    let keys: String =
        KEY_PAIR.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let evil = format!("host: evil.example\r\norigin: https://evil.example\r\n{keys}");
    assert_eq!(ask(&plain, &evil).await.0, 200);
    // Where the identity is shared, a caller's own credentials do not make it known.
    assert_eq!(ask(&stack, &evil).await.0, 403);
}

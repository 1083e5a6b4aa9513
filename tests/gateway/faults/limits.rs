//! What is too large is refused with a word, and at its own size still served.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{CLAUDE, KEY_PAIR, Stack, chat};

fn turns(n: usize) -> Vec<Value> {
    let turn = |i| json!({"role": if i % 2 == 0 { "user" } else { "assistant" }, "content": "a"});
    (0..n).map(turn).collect()
}

fn parts(n: usize) -> Vec<Value> {
    vec![json!({"type": "text", "text": "a"}); n]
}

fn tools(n: usize) -> Vec<Value> {
    let tool = |i| json!({"type": "function", "function": {"name": format!("f{i}")}});
    (0..n).map(tool).collect()
}

fn calls(n: usize) -> Vec<Value> {
    let call = |i| json!({"id": format!("c{i}"), "function": {"name": "f0", "arguments": "{}"}});
    (0..n).map(call).collect()
}

#[tokio::test]
async fn a_request_may_hold_so_many_things() {
    let settings = "[server]\nmax_messages = 5\nmax_parts = 4\nmax_tools = 2";
    let stack = Stack::start_with(settings).await;
    let user = |content: Vec<Value>| json!({"role": "user", "content": content});
    for (messages, tool_list, refused) in [
        (turns(5), tools(2), None),
        (vec![user(parts(4))], vec![], None),
        (turns(6), vec![], Some(("messages", "6 messages", "server.max_messages"))),
        (turns(1), tools(3), Some(("tools", "3 tools", "server.max_tools"))),
        (vec![user(parts(5))], vec![], Some(("messages", "5 content parts", "server.max_parts"))),
        (
            vec![user(parts(2)), json!({"role": "assistant", "content": parts(3)})],
            vec![],
            Some(("messages", "5 content parts", "server.max_parts")),
        ),
        (
            vec![user(parts(2)), json!({"role": "assistant", "tool_calls": calls(3)})],
            tools(1),
            Some(("messages", "5 content parts", "server.max_parts")),
        ),
        (
            vec![
                user(parts(2)),
                json!({"role": "assistant", "content": "a", "content_blocks": parts(3)}),
            ],
            vec![],
            Some(("messages", "5 content parts", "server.max_parts")),
        ),
    ] {
        let mut body = json!({"model": CLAUDE, "messages": messages});
        if !tool_list.is_empty() {
            body["tools"] = json!(tool_list);
        }
        let answer = stack.ask(&body).await;
        let Some((param, count, setting)) = refused else {
            assert_eq!(answer.status, 200, "{body}: {}", answer.text);
            continue;
        };
        assert_eq!((answer.status, answer.error("param")), (400, json!(param)), "{}", answer.text);
        assert_eq!(answer.error("type"), "invalid_request_error");
        assert_eq!(answer.error("code"), "array_above_max_length");
        let message = answer.error("message");
        let message = message.as_str().unwrap();
        assert!(message.contains(count) && message.contains(setting), "{message}");
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_431() {
    let stack = Stack::start().await;
    let large = "h".repeat(100 * 1024);
    let larger = "h".repeat(130 * 1024);
    let body = chat(CLAUDE, "hi");
    let fits = stack.post(&[KEY_PAIR[0], KEY_PAIR[1], ("x-some", &large)], &body).await;
    assert_eq!(fits.status, 200, "{}", fits.text);
    let answer = stack.post(&[KEY_PAIR[0], KEY_PAIR[1], ("x-some", &larger)], &body).await;
    assert_eq!((answer.status, answer.error("code")), (431, json!("headers_too_large")));
    assert_eq!(answer.error("type"), "invalid_request_error");
    assert!(!answer.header("x-portkey-trace-id").is_empty());
    // Many small ones are no less.
    let names: Vec<_> = (0..70).map(|i| format!("x-{i}")).collect();
    let value = "v".repeat(2000);
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), value.as_str())).collect();
    assert_eq!(stack.post(&many, &body).await.status, 431);
}

#[tokio::test]
async fn a_head_without_end_is_cut_off() {
    let stack = Stack::start().await;
    let address = stack.url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nx-some: ").await.unwrap();
    // The other side answers and closes long before all of it is written.
    let _ = socket.write_all("h".repeat(8 * 1024 * 1024).as_bytes()).await;
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert_eq!(stack.ask(&chat(CLAUDE, "hi")).await.status, 200);
}

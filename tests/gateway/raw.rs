//! An upstream that follows a script, byte by byte, and a gateway before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bedrock_gateway::emulator::identity;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::support::{Answer, PATIENCE, client, start_gateway};

/// A gateway before a scripted upstream.
pub(crate) struct Raw {
    pub(crate) url: String,
    connections: Arc<AtomicUsize>,
    http: reqwest::Client,
    _stop: oneshot::Sender<()>,
}

impl Raw {
    /// `script` is run for every connection, with its number from 0 and the
    /// socket after the first request was read from it.
    pub(crate) async fn start<F>(
        settings: &str,
        script: impl Fn(usize, TcpStream) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let script = Arc::new(script);
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let (counter, script) = (Arc::clone(&counter), Arc::clone(&script));
                tokio::spawn(async move {
                    read_request(&mut socket).await;
                    script(counter.fetch_add(1, Ordering::SeqCst), socket).await;
                });
            }
        });
        let (url, _serving, stop) = start_gateway(&upstream, settings).await;
        Self { url, connections, http: client(), _stop: stop }
    }

    /// How many requests the upstream has got, each on a connection of its own.
    pub(crate) fn requests(&self) -> usize {
        self.connections()
    }

    /// How many connections the gateway has opened to the upstream and used.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) async fn send(&self, headers: &[(&str, &str)], body: &Value) -> reqwest::Response {
        let mut request = self
            .http
            .post(format!("{}/v1/chat/completions", self.url))
            .header("content-type", "application/json")
            .header("x-api-key", identity::DEMO_API_KEY)
            .body(body.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        timeout(PATIENCE, request.send()).await.expect("an answer in time").unwrap()
    }

    pub(crate) async fn ask(&self, body: &Value) -> Answer {
        Answer::read(self.send(&[], body).await).await
    }
}

/// Reads one request, head and body; what was sent of it, if it breaks off.
pub(crate) async fn read_request(socket: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    let mut length = None;
    while length.is_none_or(|length| request.len() < length) {
        if socket.read_buf(&mut request).await.unwrap_or(0) == 0 {
            break;
        }
        if length.is_none() {
            length = announced_length(&request);
        }
    }
    request
}

/// The length of a request, once its head is there.
fn announced_length(request: &[u8]) -> Option<usize> {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    Some(end + length.map_or(0, |length| length.parse().unwrap()))
}

/// Holds a connection until the other side closes it.
pub(crate) async fn hold(mut socket: TcpStream) {
    let mut rest = Vec::new();
    let _ = socket.read_to_end(&mut rest).await;
}

/// Writes, whether or not somebody reads.
pub(crate) async fn say(socket: &mut TcpStream, bytes: impl AsRef<[u8]>) {
    let _ = socket.write_all(bytes.as_ref()).await;
}

/// A whole HTTP answer with a JSON body, and the end of the connection.
pub(crate) fn json_answer(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A whole answer of Converse's.
pub(crate) fn converse_answer(text: &str) -> String {
    let body = json!({"output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": "end_turn", "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1}});
    json_answer(200, &body.to_string())
}

/// The head of a stream, which ends with its connection.
pub(crate) const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\nx-amzn-requestid: raw-request\r\nconnection: close\r\n\r\n";

/// One event of a stream.
pub(crate) fn event(kind: &str, payload: &Value) -> Vec<u8> {
    frame("event", ":event-type", kind, payload)
}

/// An exception within a stream.
pub(crate) fn exception(kind: &str, payload: &Value) -> Vec<u8> {
    frame("exception", ":exception-type", kind, payload)
}

fn frame(message: &str, name: &'static str, kind: &str, payload: &Value) -> Vec<u8> {
    let header = |name: &'static str, value: &str| {
        Header::new(name, HeaderValue::String(value.to_owned().into()))
    };
    let frame = Message::new(payload.to_string().into_bytes())
        .add_header(header(":message-type", message))
        .add_header(header(name, kind));
    let mut bytes = Vec::new();
    write_message_to(&frame, &mut bytes).unwrap();
    bytes
}

pub(crate) fn message_start() -> Vec<u8> {
    event("messageStart", &json!({"role": "assistant"}))
}

pub(crate) fn delta(text: &str) -> Vec<u8> {
    event("contentBlockDelta", &json!({"contentBlockIndex": 0, "delta": {"text": text}}))
}

/// What comes after the last delta.
pub(crate) fn stream_end() -> Vec<u8> {
    let mut bytes = event("contentBlockStop", &json!({"contentBlockIndex": 0}));
    bytes.extend(event("messageStop", &json!({"stopReason": "end_turn"})));
    bytes.extend(event(
        "metadata",
        &json!({"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
                "metrics": {"latencyMs": 1}}),
    ));
    bytes
}

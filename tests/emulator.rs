//! The emulator over a real socket: what any AWS SDK would see on the wire.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail like tests"
)]

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use bedrock_gateway::emulator::{self, Observed, Options, Outcome, identity};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Nothing here takes this long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(20);

struct Emulator {
    address: SocketAddr,
    observed: mpsc::Receiver<Observed>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Emulator {
    async fn start() -> Self {
        let (observer, observed) = mpsc::channel(64);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let options = Options { observer: Some(observer), ..Options::default() };
        let server =
            tokio::spawn(emulator::serve(listener, options, async move { drop(stopped.await) }));
        Self { address, observed, stop: Some(stop), server }
    }

    /// Sends a request with the demo API key and reads the answer to its end.
    async fn post(&self, path: &str, body: &Value) -> Answer {
        let mut stream = self.send(path, body).await;
        read_answer(&mut stream).await
    }

    async fn converse(&self, model: &str, text: &str) -> Answer {
        self.post(&format!("/model/{model}/converse"), &said(text)).await
    }

    async fn converse_stream(&self, model: &str, text: &str) -> Answer {
        self.post(&format!("/model/{model}/converse-stream"), &said(text)).await
    }

    async fn send(&self, path: &str, body: &Value) -> TcpStream {
        let body = body.to_string();
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
            self.address,
            identity::DEMO_API_KEY,
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        stream
    }

    async fn next_observed(&mut self) -> Observed {
        tokio::time::timeout(PATIENCE, self.observed.recv())
            .await
            .expect("a report in time")
            .expect("an observer")
    }
}

/// An answer as it came over the socket.
struct Answer {
    status: u16,
    head: String,
    /// Sizes of the chunks, empty when the body was not chunked.
    chunks: Vec<usize>,
    body: Vec<u8>,
    /// Whether the body came to its end.
    complete: bool,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// Event or exception names and payloads; `None` at a broken frame.
    fn frames(&self) -> Vec<Option<(String, Value)>> {
        let mut decoder = MessageFrameDecoder::new();
        let mut bytes = self.body.as_slice();
        let mut frames = Vec::new();
        loop {
            match decoder.decode_frame(&mut bytes) {
                Ok(DecodedFrame::Complete(message)) => {
                    let header = |name: &str| {
                        let header = message
                            .headers()
                            .iter()
                            .find(|header| header.name().as_str() == name)?;
                        Some(header.value().as_string().ok()?.as_str().to_owned())
                    };
                    let name = [":event-type", ":exception-type", ":error-code"]
                        .into_iter()
                        .find_map(header)
                        .unwrap();
                    let payload = serde_json::from_slice(message.payload()).unwrap_or(Value::Null);
                    frames.push(Some((name, payload)));
                }
                Ok(DecodedFrame::Incomplete) => return frames,
                Err(_) => {
                    frames.push(None);
                    return frames;
                }
            }
        }
    }

    fn names(&self) -> Vec<String> {
        self.frames()
            .into_iter()
            .map(|frame| frame.map_or("broken".to_owned(), |(name, _)| name))
            .collect()
    }

    fn deltas(&self) -> usize {
        self.names().iter().filter(|name| *name == "contentBlockDelta").count()
    }
}

fn said(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": [{"text": text}]}]})
}

async fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes))
        .await
        .expect("an answer in time")
        .ok();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head[9..12].parse().unwrap();
    let mut answer =
        Answer { status, head, chunks: Vec::new(), body: bytes.split_off(end), complete: true };
    if answer.header("transfer-encoding") == Some("chunked") {
        unchunk(&mut answer);
    } else if let Some(length) = answer.header("content-length") {
        answer.complete = answer.body.len() == length.parse::<usize>().unwrap();
    }
    answer
}

fn unchunk(answer: &mut Answer) {
    let raw = std::mem::take(&mut answer.body);
    let mut rest = raw.as_slice();
    answer.complete = false;
    while let Some(at) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..at]).unwrap(), 16).unwrap();
        if size == 0 {
            answer.complete = true;
            return;
        }
        answer.chunks.push(size);
        answer.body.extend_from_slice(&rest[at + 2..at + 2 + size]);
        rest = &rest[at + 2 + size + 2..];
    }
}

/// Headers of a request signed by the SDK's signer.
fn signed_head(
    address: SocketAddr,
    path: &str,
    body: &str,
    (key_id, secret): (&str, &str),
) -> String {
    let identity = Credentials::new(key_id, secret, None, None, "test").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-central-1")
        .name("bedrock")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let host = address.to_string();
    let plain = [("content-type", "application/json"), ("host", host.as_str())];
    let uri = format!("http://{host}{path}");
    let signable =
        SignableRequest::new("POST", uri, plain.into_iter(), SignableBody::Bytes(body.as_bytes()))
            .unwrap();
    let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
    let mut head =
        format!("POST {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in plain.into_iter().chain(instructions.headers()) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head + "\r\n"
}

#[tokio::test]
async fn signed_requests_are_answered_and_forged_ones_refused() {
    let emulator = Emulator::start().await;
    let path = "/model/arn%3Aaws%3Abedrock%3Aeu-central-1%3A111122223333%3Ainference-profile%2Feu.anthropic.claude-sonnet-4-6/converse";
    let body = said("hello").to_string();
    let ours = (identity::DEMO_ACCESS_KEY_ID, identity::DEMO_SECRET_ACCESS_KEY);
    let denied = (identity::DENIED_ACCESS_KEY_ID, identity::DENIED_SECRET_ACCESS_KEY);
    for (path, pair, status, kind) in [
        (path.to_owned(), ours, 200, None),
        (path.to_owned(), (ours.0, "forged"), 403, Some("InvalidSignatureException")),
        (path.to_owned(), denied, 403, Some("AccessDeniedException")),
        (path.replace("eu-central-1", "us-east-1"), ours, 400, Some("ValidationException")),
    ] {
        let mut stream = TcpStream::connect(emulator.address).await.unwrap();
        let head = signed_head(emulator.address, &path, &body, pair);
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        let answer = read_answer(&mut stream).await;
        assert_eq!(answer.status, status);
        let found = answer.header("x-amzn-errortype").and_then(|header| header.split(':').next());
        assert_eq!(found, kind);
        assert_eq!(answer.header("x-amzn-requestid").map(str::len), Some(36));
    }
}

#[tokio::test]
async fn a_stream_is_frames_in_the_order_of_the_service() {
    let emulator = Emulator::start().await;
    let answer = emulator.converse_stream("us.amazon.nova-lite-v1%3A0", "one two").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/vnd.amazon.eventstream"));
    let frames: Vec<(String, Value)> = answer.frames().into_iter().flatten().collect();
    let names: Vec<&str> = frames.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "messageStart",
            "contentBlockDelta",
            "contentBlockDelta",
            "contentBlockStop",
            "messageStop",
            "metadata"
        ]
    );
    let text: String =
        frames.iter().filter_map(|(_, payload)| payload["delta"]["text"].as_str()).collect();
    assert_eq!(text, "You said: one two");
    assert!(frames.iter().all(|(_, payload)| payload["p"].is_string()));
    assert_eq!(frames[4].1["stopReason"], "end_turn");
    assert_eq!(frames[5].1["usage"]["totalTokens"], 6);
    assert!(answer.complete);
    let whole = emulator.converse("us.amazon.nova-lite-v1%3A0", "one two").await.json();
    assert_eq!(whole["output"]["message"]["content"][0]["text"], text);
    assert_eq!(whole["usage"], frames[5].1["usage"]);
}

#[tokio::test]
async fn errors_have_status_type_and_message() {
    let emulator = Emulator::start().await;
    for (model, status, kind) in [
        ("emulator.error-validation", 400, "ValidationException"),
        ("emulator.error-access-denied", 403, "AccessDeniedException"),
        ("emulator.error-resource-not-found", 404, "ResourceNotFoundException"),
        ("emulator.error-model-timeout", 408, "ModelTimeoutException"),
        ("emulator.error-model-error", 424, "ModelErrorException"),
        ("emulator.error-model-not-ready", 429, "ModelNotReadyException"),
        ("emulator.error-internal", 500, "InternalServerException"),
        ("emulator.error-unavailable", 503, "ServiceUnavailableException"),
        ("does-not-exist", 400, "ValidationException"),
    ] {
        for answer in
            [emulator.converse(model, "hi").await, emulator.converse_stream(model, "hi").await]
        {
            assert_eq!(answer.status, status, "{model}");
            let header = answer.header("x-amzn-errortype").unwrap();
            assert_eq!(header.split(':').next(), Some(kind));
            assert!(answer.json()["message"].is_string());
        }
    }
    let html = emulator.converse("emulator.error-html", "hi").await;
    assert_eq!((html.status, html.header("content-type")), (502, Some("text/html")));
    let empty = emulator.converse_stream("emulator.error-empty", "hi").await;
    assert_eq!((empty.status, empty.body.len()), (503, 0));
    let blank = emulator.converse("emulator.echo", " ").await;
    assert!(blank.json()["message"].as_str().unwrap().contains("is blank"));
}

#[tokio::test]
async fn unknown_operations_are_answered_as_at_aws() {
    let emulator = Emulator::start().await;
    for path in ["/model/anthropic.claude-v2/unknown", "/model/a/b/converse", "/anything"] {
        let answer = emulator.post(path, &json!({})).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.json()["Output"]["__type"],
            "com.amazon.coral.service#UnknownOperationException"
        );
    }
}

#[tokio::test]
async fn calls_are_throttled_as_often_as_asked() {
    let emulator = Emulator::start().await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(emulator.converse_stream("us.emulator.throttle-1", "hi").await.status);
    }
    assert_eq!(statuses, [429, 200, 429, 200]);
}

#[tokio::test]
async fn streams_break_where_they_are_asked_to() {
    let emulator = Emulator::start().await;
    let stream = async |model: &str| emulator.converse_stream(model, "hi").await;
    let exception = stream("emulator.exception-throttling-after-0").await;
    assert_eq!(
        (exception.status, exception.names()),
        (200, vec!["throttlingException".to_owned()])
    );
    let exception = stream("emulator.exception-model-stream-error-after-5").await;
    assert_eq!(exception.deltas(), 5);
    assert_eq!(exception.names().last().unwrap(), "modelStreamErrorException");
    let error = stream("emulator.message-error-after-1").await;
    assert_eq!(error.names(), ["messageStart", "contentBlockDelta", "InternalServerError"]);
    let cut = stream("emulator.cut-after-3").await;
    assert_eq!((cut.deltas(), cut.complete), (3, false));
    let ended = stream("emulator.end-after-1").await;
    assert_eq!(
        (ended.names(), ended.complete),
        (vec!["messageStart".to_owned(), "contentBlockDelta".to_owned()], true)
    );
    let corrupt = stream("emulator.corrupt-after-1").await;
    assert_eq!(corrupt.names(), ["messageStart", "contentBlockDelta", "broken"]);
    let silent = stream("emulator.no-metadata").await;
    assert_eq!(silent.names().last().unwrap(), "messageStop");
    let whole = emulator.converse("emulator.cut-after-3", "hi").await;
    assert_eq!((whole.status, whole.complete), (200, false));
    assert!(!whole.body.is_empty());
}

#[tokio::test]
async fn writes_are_split_and_merged() {
    let emulator = Emulator::start().await;
    let ordinary = emulator.converse_stream("emulator.echo", "hi").await;
    assert_eq!(ordinary.chunks.len(), ordinary.names().len());
    let split = emulator.converse_stream("emulator.split-10", "hi").await;
    assert!(split.chunks.iter().rev().skip(1).all(|size| *size == 10));
    assert_eq!(split.body, ordinary.body);
    let merged = emulator.converse_stream("emulator.merged", "hi").await;
    assert_eq!((merged.chunks.len(), &merged.body), (1, &ordinary.body));
    let huge = emulator.converse("emulator.huge-200000", "hi").await.json();
    assert_eq!(huge["output"]["message"]["content"][0]["text"].as_str().unwrap().len(), 200_000);
}

#[tokio::test]
async fn requests_are_reported_with_what_arrived() {
    let mut emulator = Emulator::start().await;
    emulator.converse("us.amazon.nova-lite-v1%3A0", "hello").await;
    let observed = emulator.next_observed().await;
    assert_eq!(observed.operation, "converse");
    assert_eq!(observed.model_id, "us.amazon.nova-lite-v1:0");
    assert_eq!(observed.headers["content-type"], "application/json");
    assert_eq!(&observed.body[..], said("hello").to_string().as_bytes());
    assert_eq!(observed.outcome, Outcome::Answered { status: 200 });
    assert!(!format!("{observed:?}").contains(identity::DEMO_API_KEY));
    emulator.converse_stream("emulator.echo", "hello").await;
    assert_eq!(emulator.next_observed().await.outcome, Outcome::StreamEnded { frames_sent: 6 });
    emulator.converse_stream("emulator.cut-after-1", "hello").await;
    assert_eq!(emulator.next_observed().await.outcome, Outcome::Cut { frames_sent: 2 });
}

#[tokio::test]
async fn clients_that_leave_are_noticed() {
    let mut emulator = Emulator::start().await;
    for operation in ["converse", "converse-stream"] {
        let held = emulator.send(&format!("/model/emulator.hang/{operation}"), &said("hi")).await;
        assert_eq!(emulator.next_observed().await.outcome, Outcome::Held);
        drop(held);
        assert_eq!(emulator.next_observed().await.outcome, Outcome::ClientLeft { frames_sent: 0 });
    }
    let mut slow = emulator
        .send("/model/emulator.slow-each-50/converse-stream", &said(&"word ".repeat(1_000)))
        .await;
    let mut some = [0; 400];
    slow.read_exact(&mut some).await.unwrap();
    drop(slow);
    let Outcome::ClientLeft { frames_sent } = emulator.next_observed().await.outcome else {
        panic!("noticed")
    };
    assert!((1..100).contains(&frames_sent), "{frames_sent}");
}

#[tokio::test]
async fn shutdown_does_not_wait_for_hanging_requests() {
    let mut emulator = Emulator::start().await;
    let _held = emulator.send("/model/emulator.hang/converse", &said("hi")).await;
    assert_eq!(emulator.next_observed().await.outcome, Outcome::Held);
    emulator.stop.take();
    tokio::time::timeout(PATIENCE, &mut emulator.server).await.expect("it stops").unwrap().unwrap();
    assert!(TcpStream::connect(emulator.address).await.is_err());
}

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

/// A request that is to be signed.
struct Ask<'a> {
    service: &'a str,
    method: &'a str,
    path: &'a str,
    /// Headers beside those of the signature.
    headers: &'a [(&'a str, &'a str)],
    body: &'a str,
}

const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Access key id, secret access key and session token.
type Keys<'a> = (&'a str, &'a str, Option<&'a str>);

const DEMO: Keys<'_> = (identity::DEMO_ACCESS_KEY_ID, identity::DEMO_SECRET_ACCESS_KEY, None);

impl Emulator {
    /// Sends a request signed by the SDK's signer and reads the answer to its end.
    async fn ask(&self, ask: Ask<'_>, keys: Keys<'_>) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = signed_head(self.address, &ask, keys);
        stream.write_all(format!("{head}{}", ask.body).as_bytes()).await.unwrap();
        read_answer(&mut stream).await
    }

    /// A call of STS.
    async fn sts(&self, form: &str, keys: Keys<'_>) -> Answer {
        let body = format!("{form}&Version=2011-06-15");
        let ask = Ask { service: "sts", method: "POST", path: "/", headers: &[FORM], body: &body };
        self.ask(ask, keys).await
    }
}

fn signed_head(address: SocketAddr, ask: &Ask<'_>, (key_id, secret, token): Keys<'_>) -> String {
    let Ask { service, method, path, headers, body } = *ask;
    let identity = Credentials::new(key_id, secret, token.map(str::to_owned), None, "test").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-central-1")
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let host = address.to_string();
    let plain: Vec<(&str, &str)> =
        headers.iter().copied().chain([("host", host.as_str())]).collect();
    let uri = format!("http://{host}{path}");
    let signable = SignableRequest::new(
        method,
        uri,
        plain.iter().copied(),
        SignableBody::Bytes(body.as_bytes()),
    )
    .unwrap();
    let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in plain.into_iter().chain(instructions.headers()) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head + "\r\n"
}

/// The text of the first element of this name.
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).expect(name);
    rest.split_once('<').expect(name).0
}

#[tokio::test]
async fn signed_requests_are_answered_and_forged_ones_refused() {
    let emulator = Emulator::start().await;
    let path = "/model/arn%3Aaws%3Abedrock%3Aeu-central-1%3A111122223333%3Ainference-profile%2Feu.anthropic.claude-sonnet-4-6/converse";
    let body = said("hello").to_string();
    let denied = (identity::DENIED_ACCESS_KEY_ID, identity::DENIED_SECRET_ACCESS_KEY, None);
    for (path, pair, status, kind) in [
        (path.to_owned(), DEMO, 200, None),
        (path.to_owned(), (DEMO.0, "forged", None), 403, Some("InvalidSignatureException")),
        (path.to_owned(), denied, 403, Some("AccessDeniedException")),
        (path.replace("eu-central-1", "us-east-1"), DEMO, 400, Some("ValidationException")),
    ] {
        let ask =
            Ask { service: "bedrock", method: "POST", path: &path, headers: &[JSON], body: &body };
        let answer = emulator.ask(ask, pair).await;
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

/// A request without the wish that the connection be closed after it.
fn keep_alive_request(model: &str, text: &str) -> Vec<u8> {
    let body = said(text).to_string();
    format!(
        "POST /model/{model}/converse HTTP/1.1\r\nhost: emulator\r\ncontent-type: application/json\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
        identity::DEMO_API_KEY,
        body.len()
    )
    .into_bytes()
}

#[tokio::test]
async fn connections_are_reset_before_any_byte() {
    let mut emulator = Emulator::start().await;
    let path = "/model/emulator.reset-before-first-2/converse-stream";
    for _ in 0..2 {
        let mut stream = emulator.send(path, &said("hi")).await;
        let error = stream.read(&mut [0; 8]).await.expect_err("the connection is reset");
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        assert_eq!(emulator.next_observed().await.outcome, Outcome::Cut { frames_sent: 0 });
    }
    assert_eq!(emulator.post(path, &said("hi")).await.status, 200);
    assert!(matches!(emulator.next_observed().await.outcome, Outcome::StreamEnded { .. }));
}

#[tokio::test]
async fn connections_in_use_are_reset_too() {
    let emulator = Emulator::start().await;
    let mut stream = TcpStream::connect(emulator.address).await.unwrap();
    stream.write_all(&keep_alive_request("emulator.echo", "hi")).await.unwrap();
    let mut some = [0; 4096];
    let length = stream.read(&mut some).await.unwrap();
    assert!(some[..length].starts_with(b"HTTP/1.1 200"));
    stream.write_all(&keep_alive_request("emulator.reset-before-first-1", "hi")).await.unwrap();
    let error = stream.read_to_end(&mut Vec::new()).await.expect_err("the connection is reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(emulator.converse("emulator.reset-before-first-1", "hi").await.status, 200);
}

#[tokio::test]
async fn answers_fall_silent_and_go_on() {
    let emulator = Emulator::start().await;
    for (operation, before) in [("converse", 0), ("converse-stream", 1)] {
        let path = format!("/model/emulator.silent-after-1-300/{operation}");
        let start = tokio::time::Instant::now();
        let mut stream = emulator.send(&path, &said("one two three")).await;
        let mut some = vec![0; 4096];
        let mut seen = 0;
        while start.elapsed() < Duration::from_millis(200) {
            let wait = tokio::time::timeout(Duration::from_millis(50), stream.read(&mut some));
            seen += wait.await.map_or(0, |length| length.unwrap());
        }
        assert!(seen > before, "something comes before the silence");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(!rest.is_empty());
        assert!(start.elapsed() >= Duration::from_millis(300));
    }
    let answer = emulator.converse_stream("emulator.silent-after-0-50", "hi").await;
    assert_eq!((answer.status, answer.complete), (200, true));
    assert_eq!(answer.names().last().unwrap(), "metadata");
}

#[tokio::test]
async fn models_behind_profiles_cannot_be_called_bare() {
    let emulator = Emulator::start().await;
    let bare = emulator.converse("deepseek.r1-v1%3A0", "hi").await;
    assert_eq!(bare.status, 400);
    assert_eq!(
        bare.json()["message"],
        "Invocation of model ID deepseek.r1-v1:0 with on-demand throughput isn\u{2019}t supported. Retry your request with the ID or ARN of an inference profile that contains this model."
    );
    assert_eq!(emulator.converse("us.deepseek.r1-v1%3A0", "hi").await.status, 200);
}

#[tokio::test]
async fn routers_tell_whom_they_asked() {
    let emulator = Emulator::start().await;
    let router = "arn%3Aaws%3Abedrock%3Aus-east-1%3A111122223333%3Adefault-prompt-router%2Fanthropic.claude%3A1";
    let whole = emulator.converse(router, "hi").await.json();
    let invoked =
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0";
    assert_eq!(whole["trace"]["promptRouter"]["invokedModelId"], invoked);
    let frames = emulator.converse_stream(router, "hi").await.frames();
    let (name, metadata) = frames.last().unwrap().clone().unwrap();
    assert_eq!(name, "metadata");
    assert_eq!(metadata["trace"]["promptRouter"]["invokedModelId"], invoked);
}

/// The payloads of a stream for `body`, by name.
async fn streamed(emulator: &Emulator, model: &str, body: &Value) -> Vec<(String, Value)> {
    let answer = emulator.post(&format!("/model/{model}/converse-stream"), body).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.frames().into_iter().flatten().collect()
}

#[tokio::test]
async fn tools_at_aws_and_their_sources_are_streamed() {
    let emulator = Emulator::start().await;
    let mut body = said("news");
    body["toolConfig"] = json!({"tools": [{"systemTool": {"name": "nova_grounding"}}]});
    let frames = streamed(&emulator, "us.amazon.nova-2-lite-v1%3A0", &body).await;
    let starts: Vec<&Value> = frames
        .iter()
        .filter(|(name, _)| name == "contentBlockStart")
        .map(|(_, payload)| &payload["start"])
        .collect();
    assert_eq!(starts[0]["toolUse"]["type"], "server_tool_use");
    assert_eq!(starts[1]["toolResult"]["type"], "nova_grounding_result");
    let delta = |kind: &str| {
        frames.iter().find_map(|(_, payload)| payload["delta"].get(kind)).expect("such a delta")
    };
    assert_eq!(delta("toolResult"), &json!([{"text": "[HIDDEN]"}]));
    assert_eq!(delta("citation")["location"]["web"]["domain"], "example.com");
}

#[tokio::test]
async fn citations_come_before_their_text() {
    let emulator = Emulator::start().await;
    let body = json!({"messages": [{"role": "user", "content": [
        {"text": "read"},
        {"document": {
            "name": "policy", "source": {"text": "Ask first. Then go."}, "citations": {"enabled": true}
        }}
    ]}]});
    let frames = streamed(&emulator, "us.anthropic.claude-sonnet-4-6", &body).await;
    let cited: Vec<&Value> = frames
        .iter()
        .filter(|(name, payload)| name == "contentBlockDelta" && payload["contentBlockIndex"] == 1)
        .map(|(_, payload)| &payload["delta"])
        .collect();
    assert_eq!(cited[0]["citation"]["sourceContent"][0]["text"], "Ask first.");
    assert_eq!(cited[1]["text"], "Ask first.");
}

#[tokio::test]
async fn guardrails_are_traced_at_the_end_of_a_stream() {
    let emulator = Emulator::start().await;
    let mut body = said("hi");
    body["guardrailConfig"] = json!({
        "guardrailIdentifier": "emulatorblock", "guardrailVersion": "1",
        "trace": "enabled", "streamProcessingMode": "async"
    });
    let frames = streamed(&emulator, "emulator.echo", &body).await;
    let of = |name: &str| &frames.iter().find(|(found, _)| found == name).unwrap().1;
    assert_eq!(of("messageStop")["stopReason"], "guardrail_intervened");
    assert_eq!(of("metadata")["usage"]["totalTokens"], 0);
    assert_eq!(of("metadata")["trace"]["guardrail"]["actionReason"], "Guardrail blocked.");
}

#[tokio::test]
async fn a_call_that_comes_out_wrong_ends_the_answer() {
    let emulator = Emulator::start().await;
    let mut body = said("use get-it");
    body["toolConfig"] = json!({"tools": [
        {"toolSpec": {"name": "get-it", "inputSchema": {"json": {"type": "object"}}}}
    ]});
    let whole = emulator.post("/model/amazon.nova-pro-v1%3A0/converse", &body).await;
    assert_eq!(whole.status, 424);
    assert!(whole.json()["message"].as_str().unwrap().contains("invalid sequence"));
    let frames = streamed(&emulator, "amazon.nova-pro-v1%3A0", &body).await;
    assert_eq!(frames[0].0, "messageStart");
    assert_eq!(frames.last().unwrap().0, "modelStreamErrorException");
    let claude = streamed(&emulator, "us.anthropic.claude-sonnet-4-6", &body).await;
    assert_eq!(claude.last().unwrap().0, "metadata");
}

#[tokio::test]
async fn reports_tell_which_role_a_model_was_called_as() {
    let mut emulator = Emulator::start().await;
    let form = "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A444455556666%3Arole%2Freader&RoleSessionName=night";
    let taken = emulator.sts(form, DEMO).await;
    assert_eq!((taken.status, taken.header("content-type")), (200, Some("text/xml")));
    let xml = String::from_utf8(taken.body).unwrap();
    let observed = emulator.next_observed().await;
    assert_eq!(observed.operation, "assume-role");
    assert_eq!(observed.caller.as_deref(), Some("arn:aws:iam::111122223333:user/emulator"));
    assert_eq!(observed.request_id, element(&xml, "RequestId"));
    let keys = (
        element(&xml, "AccessKeyId"),
        element(&xml, "SecretAccessKey"),
        Some(element(&xml, "SessionToken")),
    );
    let body = said("hi").to_string();
    let ask = Ask {
        service: "bedrock",
        method: "POST",
        path: "/model/emulator.echo/converse",
        headers: &[JSON],
        body: &body,
    };
    assert_eq!(emulator.ask(ask, keys).await.status, 200);
    let observed = emulator.next_observed().await;
    let role = "arn:aws:sts::444455556666:assumed-role/reader/night";
    assert_eq!(observed.caller.as_deref(), Some(role));
    let who = emulator.sts("Action=GetCallerIdentity", keys).await;
    assert_eq!(element(&String::from_utf8(who.body).unwrap(), "Arn"), role);
    assert_eq!(emulator.next_observed().await.operation, "get-caller-identity");
    let nobody = (keys.0, keys.1, None);
    let refused = emulator.sts("Action=GetCallerIdentity", nobody).await;
    assert_eq!(refused.status, 403);
    let xml = String::from_utf8(refused.body).unwrap();
    assert_eq!((element(&xml, "Type"), element(&xml, "Code")), ("Sender", "InvalidClientTokenId"));
    assert_eq!(emulator.next_observed().await.caller, None);
}

#[tokio::test]
async fn a_query_is_as_good_as_a_form() {
    let emulator = Emulator::start().await;
    let ask = Ask {
        service: "sts",
        method: "GET",
        path: "/?Action=GetCallerIdentity&Version=2011-06-15",
        headers: &[],
        body: "",
    };
    let answer = emulator.ask(ask, DEMO).await;
    assert_eq!(answer.status, 200);
    assert_eq!(element(&String::from_utf8(answer.body).unwrap(), "Account"), "111122223333");
}

#[tokio::test]
async fn profiles_and_keys_are_reported_too() {
    let mut emulator = Emulator::start().await;
    let arn =
        "arn:aws:bedrock:eu-central-1:111122223333:application-inference-profile/novalite0000";
    let path = format!("/inference-profiles/{}", arn.replace(':', "%3A").replace('/', "%2F"));
    let ask = Ask { service: "bedrock", method: "GET", path: &path, headers: &[], body: "" };
    let profile = emulator.ask(ask, DEMO).await.json();
    let model = "arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-lite-v1:0";
    assert_eq!(profile["models"], json!([{"modelArn": model}]));
    let observed = emulator.next_observed().await;
    assert_eq!(
        (observed.operation.as_str(), observed.model_id.as_str()),
        ("get-inference-profile", arn)
    );
    assert!(observed.caller.is_some());
    let ask = Ask {
        service: "kms",
        method: "POST",
        path: "/",
        headers: &[
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "TrentService.GenerateDataKey"),
        ],
        body: r#"{"KeyId": "alias/vault", "KeySpec": "AES_256"}"#,
    };
    let made = emulator.ask(ask, DEMO).await;
    assert_eq!(made.header("content-type"), Some("application/x-amz-json-1.1"));
    assert!(made.json()["Plaintext"].is_string());
    let observed = emulator.next_observed().await;
    assert_eq!(observed.operation, "generate-data-key");
    assert_eq!(observed.outcome, Outcome::Answered { status: 200 });
}

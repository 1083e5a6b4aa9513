//! Starts an emulator and a gateway before it, and speaks to the gateway.

use std::time::Duration;

use bedrock_gateway::app::Gateway;
use bedrock_gateway::aws::credentials::Credentials;
use bedrock_gateway::emulator::{self, Observed, Options, identity};
use bedrock_gateway::settings::{Settings, Sources};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Nothing here takes this long unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

/// The emulator's demo identity as headers.
pub(crate) const KEY_PAIR: [(&str, &str); 2] = [
    ("x-portkey-aws-access-key-id", identity::DEMO_ACCESS_KEY_ID),
    ("x-portkey-aws-secret-access-key", identity::DEMO_SECRET_ACCESS_KEY),
];

/// A gateway with an emulator behind it.
pub(crate) struct Stack {
    pub(crate) url: String,
    pub(crate) observed: mpsc::Receiver<Observed>,
    pub(crate) http: reqwest::Client,
    pub(crate) gateway: JoinHandle<()>,
    stop_gateway: Option<oneshot::Sender<()>>,
    /// Dropped at the end, which stops the emulator.
    _stop_emulator: oneshot::Sender<()>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// `settings` is TOML.
    pub(crate) async fn start_with(settings: &str) -> Self {
        Self::start_as(settings, Credentials::Bearer(identity::DEMO_API_KEY.into())).await
    }

    /// The same with an identity of the gateway's own.
    pub(crate) async fn start_as(settings: &str, own: Credentials) -> Self {
        let (observer, observed) = mpsc::channel(256);
        let emulator_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let emulator = emulator_listener.local_addr().unwrap();
        let (stop_emulator, emulator_stopped) = oneshot::channel::<()>();
        let options = Options { observer: Some(observer), ..Options::default() };
        tokio::spawn(emulator::serve(emulator_listener, options, async move {
            drop(emulator_stopped.await);
        }));
        let (url, gateway, stop_gateway) =
            start_gateway_as(&format!("http://{emulator}"), settings, own).await;
        Self {
            url,
            observed,
            http: client(),
            gateway,
            stop_gateway: Some(stop_gateway),
            _stop_emulator: stop_emulator,
        }
    }

    pub(crate) async fn send(&self, headers: &[(&str, &str)], body: &Value) -> reqwest::Response {
        let mut request = self
            .http
            .post(format!("{}/v1/chat/completions", self.url))
            .header("content-type", "application/json")
            .body(body.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        timeout(PATIENCE, request.send()).await.expect("an answer in time").unwrap()
    }

    pub(crate) async fn post(&self, headers: &[(&str, &str)], body: &Value) -> Answer {
        Answer::read(self.send(headers, body).await).await
    }

    /// Asks with the demo identity.
    pub(crate) async fn ask(&self, body: &Value) -> Answer {
        self.post(&KEY_PAIR, body).await
    }

    /// The next call of a model that the emulator has done with.
    pub(crate) async fn next_observed(&mut self) -> Observed {
        loop {
            let next = timeout(PATIENCE, self.observed.recv()).await;
            let next = next.expect("a request in time").unwrap();
            if next.operation.starts_with("converse") {
                return next;
            }
        }
    }

    /// Tells the gateway to stop.
    pub(crate) fn stop(&mut self) {
        drop(self.stop_gateway.take());
    }

    /// The same with another gateway in front, which is given by its URL.
    pub(crate) fn with_url(mut self, url: String) -> Self {
        self.url = url;
        self
    }
}

pub(crate) fn client() -> reqwest::Client {
    // The tests reach nothing but this machine, whatever proxy is set on it.
    reqwest::Client::builder().no_proxy().tls_backend_preconfigured(no_tls()).build().unwrap()
}

fn no_tls() -> rustls::ClientConfig {
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

pub(crate) async fn start_gateway(
    upstream: &str,
    settings: &str,
) -> (String, JoinHandle<()>, oneshot::Sender<()>) {
    let own = Credentials::Bearer(identity::DEMO_API_KEY.into());
    start_gateway_as(upstream, settings, own).await
}

async fn start_gateway_as(
    upstream: &str,
    settings: &str,
    own: Credentials,
) -> (String, JoinHandle<()>, oneshot::Sender<()>) {
    let endpoint =
        |service: &str| (format!("aws.endpoint_url_{service}"), upstream.to_owned(), "test");
    let endpoints = ["bedrock_runtime", "bedrock", "sts", "kms"].into_iter().map(endpoint);
    // Most tests have opaque ids to see what happens to what nobody knows.
    let opaque = ("models.unresolved_profiles".to_owned(), "unknown".to_owned(), "test");
    let opaque = (!settings.contains("unresolved_profiles")).then_some(opaque);
    let sources = Sources {
        file: Some(("test".into(), settings.into())),
        environment: None,
        flags: endpoints.chain(opaque).collect(),
    };
    let settings = Settings::load(&sources).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let gateway = Gateway::build_with_identity(settings, own).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(gateway.serve(listener, async move { drop(stopped.await) }));
    (url, serving, stop)
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = timeout(PATIENCE, response.text()).await.expect("a body in time").unwrap();
        Self { status, headers, text }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// `error.<member>`.
    pub(crate) fn error(&self, member: &str) -> Value {
        self.json()["error"][member].clone()
    }

    /// The payloads of an event stream, `[DONE]` as a string.
    pub(crate) fn events(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.text);
        assert_eq!(self.header("content-type"), "text/event-stream");
        events(&self.text)
    }

    /// The text of a streamed answer, put together as a client does.
    pub(crate) fn streamed_text(&self) -> String {
        let deltas = self.events();
        deltas
            .iter()
            .filter_map(|chunk| chunk.pointer("/choices/0/delta/content")?.as_str())
            .collect()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.events().last() == Some(&json!("[DONE]"))
    }
}

/// The payloads of an event stream. Comments are passed over, as clients do.
pub(crate) fn events(text: &str) -> Vec<Value> {
    let event = |item: &str| {
        let data = item.strip_prefix("data: ").expect("an SSE item");
        serde_json::from_str(data).unwrap_or_else(|_| json!(data))
    };
    let items = text.split_terminator("\n\n").filter(|item| !item.starts_with(':'));
    items.map(event).collect()
}

pub(crate) fn chat(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}]})
}

pub(crate) fn streamed(model: &str, text: &str) -> Value {
    let mut body = chat(model, text);
    body["stream"] = json!(true);
    body
}

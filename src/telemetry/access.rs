//! One line per request, written when its answer has ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::{Level, enabled, info};

use super::mask;

/// What became of one request so far. Clones are handles on the same record;
/// when the last one is gone the line is written.
#[derive(Debug, Clone)]
pub struct AccessRecord(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    started: Instant,
    fields: Mutex<Fields>,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The last byte was handed to the connection.
    Complete,
    /// The client left, or the connection broke, before that.
    Aborted,
}

#[derive(Debug)]
struct Fields {
    trace_id: String,
    method: String,
    path: String,
    status: u16,
    outcome: Outcome,
    caller: Option<String>,
    virtual_key: Option<String>,
    model: Option<String>,
    model_id: Option<String>,
    region: Option<String>,
    stream: Option<bool>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    ttft: Option<Duration>,
    upstream_request_id: Option<String>,
    error_code: Option<String>,
    error_cause: Option<String>,
}

/// What is logged where no answer was ready when the client left; nginx's number for it.
const CLIENT_LEFT: u16 = 499;
/// Asked by load balancers and orchestrators.
const HEALTH_PATH: &str = "/health";
/// How much of a text from outside goes into a line.
const MAX_TEXT: usize = 256;

impl AccessRecord {
    /// A record of a request that has just come in.
    #[must_use]
    pub fn start(trace_id: &str, method: &str, path: &str) -> Self {
        Self(Arc::new(Inner {
            started: Instant::now(),
            fields: Mutex::new(Fields {
                trace_id: shortened(trace_id),
                method: shortened(method),
                path: shortened(path),
                status: CLIENT_LEFT,
                outcome: Outcome::Aborted,
                caller: None,
                virtual_key: None,
                model: None,
                model_id: None,
                region: None,
                stream: None,
                input_tokens: None,
                output_tokens: None,
                ttft: None,
                upstream_request_id: None,
                error_code: None,
                error_cause: None,
            }),
        }))
    }

    /// The model as the client named it, and where the request goes.
    pub fn target(&self, model: &str, model_id: &str, region: &str, stream: bool) {
        let mut fields = self.fields();
        fields.model = Some(shortened(model));
        fields.model_id = Some(shortened(model_id));
        fields.region = Some(shortened(region));
        fields.stream = Some(stream);
    }

    /// Who calls.
    pub fn caller(&self, name: Option<&str>) {
        self.fields().caller = name.map(shortened);
    }

    /// The virtual key that is used.
    pub fn virtual_key(&self, slug: &str) {
        self.fields().virtual_key = Some(shortened(slug));
    }

    /// The trace id of the request.
    #[must_use]
    pub fn trace_id(&self) -> String {
        self.fields().trace_id.clone()
    }

    /// The provider's id of the request.
    pub fn upstream_request_id(&self, id: Option<&str>) {
        self.fields().upstream_request_id = id.map(shortened);
    }

    /// The first byte of the answer is there. Later calls change nothing.
    pub fn first_byte(&self) {
        let elapsed = self.0.started.elapsed();
        self.fields().ttft.get_or_insert(elapsed);
    }

    /// Tokens read, caches included, and written.
    pub fn tokens(&self, input: u64, output: u64) {
        let mut fields = self.fields();
        fields.input_tokens = Some(input);
        fields.output_tokens = Some(output);
    }

    /// Why the request failed: a stable word, and the cause for the operator.
    /// Neither may hold anything of the request.
    pub fn error(&self, code: &str, cause: Option<String>) {
        let mut fields = self.fields();
        fields.error_code = Some(shortened(code));
        fields.error_cause = cause.as_deref().map(shortened);
    }

    /// The status that was answered.
    pub fn status(&self, status: u16) {
        self.fields().status = status;
    }

    /// How the answer ended; until this is said, it counts as aborted.
    pub fn outcome(&self, outcome: Outcome) {
        self.fields().outcome = outcome;
    }

    fn fields(&self) -> MutexGuard<'_, Fields> {
        // A panic elsewhere must not take the log line with it.
        self.0.fields.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let elapsed = self.started.elapsed();
        let fields = self.fields.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Health checks come every few seconds and say the same each time.
        if fields.path == HEALTH_PATH && fields.status == 200 && !enabled!(Level::DEBUG) {
            return;
        }
        let outcome = match fields.outcome {
            // The body was sent to its end, and its end was an error in band.
            Outcome::Complete if fields.status < 400 && fields.error_code.is_some() => "broken",
            Outcome::Complete => "complete",
            Outcome::Aborted => "aborted",
        };
        info!(
            target: "bedrock_gateway::access",
            {
            request.id = fields.trace_id,
            method = fields.method,
            path = fields.path,
            status = fields.status,
            outcome = outcome,
            caller = fields.caller,
            virtual_key = fields.virtual_key,
            model = fields.model,
            target.model_id = fields.model_id,
            target.region = fields.region,
            stream = fields.stream,
            usage.input_tokens = fields.input_tokens,
            usage.output_tokens = fields.output_tokens,
            ttft_ms = fields.ttft.map(milliseconds),
            duration_ms = milliseconds(elapsed),
            upstream.request_id = fields.upstream_request_id,
            error.code = fields.error_code,
            error.cause = fields.error_cause
            },
            "request"
        );
    }
}

/// With three digits after the point, which is microseconds.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Masked before it is cut: part of a key may be too short to be recognised.
fn shortened(text: &str) -> String {
    let text = mask::masked(text);
    if text.len() <= MAX_TEXT {
        return text.into_owned();
    }
    text.chars().take(MAX_TEXT).collect()
}

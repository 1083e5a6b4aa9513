//! Calls of Amazon Bedrock Runtime.

use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue};
use tokio::time::{Instant, timeout};
use tracing::debug;

use super::error::{Error, ErrorKind, Refusal};
use super::events::EventStream;
use super::http_client::{BuildError, HttpClients, HttpOptions, Tls};
use super::resend;
use super::waits::{Silence, Wait, Waits};
use crate::aws::credentials::Credentials;
use crate::aws::model_id::ModelId;
use crate::aws::region::Region;
use crate::aws::sigv4;
use crate::bedrock::request::ConverseRequest;
use crate::bedrock::response::ConverseResponse;

/// The largest answer that is read whole: far above what a model can write, far
/// below what would hurt.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// How much of an error's body is read: AWS's are short, a proxy's page may not be.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// Room for what a request has besides what its caller wrote, so that writing it does not
/// grow a buffer step by step.
const EXTRA_REQUEST_BYTES: usize = 4096;

const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// Where one call goes and as whom.
#[derive(Debug, Clone)]
pub struct BedrockTarget {
    /// Scheme, host and maybe the start of a path, without a slash at the end.
    pub base_url: String,
    /// Whether a caller named the host.
    pub is_custom_host: bool,
    /// What to sign for.
    pub region: Region,
    /// Which model.
    pub model_id: ModelId,
    /// As whom.
    pub credentials: Credentials,
}

/// An answer of Bedrock's.
#[derive(Debug)]
pub struct Answer<T> {
    /// The answer itself.
    pub body: T,
    /// Bedrock's id of the request.
    pub request_id: Option<String>,
}

/// Writes a request as it is sent, so that what it was made of can be let go
/// while the model is waited for. `body_bytes` is the size of what it was made of, which
/// it comes near.
///
/// # Errors
/// A value has no form in JSON.
pub fn encode(request: &ConverseRequest<'_>, body_bytes: usize) -> Result<Bytes, Error> {
    let mut written = Vec::with_capacity(body_bytes.saturating_add(EXTRA_REQUEST_BYTES));
    serde_json::to_writer(&mut written, request).map_err(ErrorKind::Encode)?;
    Ok(Bytes::from(written))
}

/// Calls Bedrock; cheap to clone.
#[derive(Debug, Clone)]
pub struct BedrockClient {
    pub(super) clients: HttpClients,
    pub(super) waits: Waits,
}

impl BedrockClient {
    /// A client without any connection yet.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn try_new(options: HttpOptions, tls: &Tls) -> Result<Self, BuildError> {
        Ok(Self { clients: HttpClients::try_new(options, tls)?, waits: options.waits })
    }

    /// Calls Converse with an encoded request.
    ///
    /// # Errors
    /// Bedrock refused, could not be reached, or gave no answer.
    pub async fn converse(
        &self,
        target: &BedrockTarget,
        request: Bytes,
        now: SystemTime,
    ) -> Result<Answer<ConverseResponse>, Error> {
        let response = self.send(target, "converse", request, now).await?;
        let request_id = request_id(&response);
        let fail = |kind| Error { kind, request_id: request_id.clone() };
        let body = read(response, MAX_ANSWER_BYTES, self.waits.idle).await.map_err(fail)?;
        let body = decode(&body).map_err(fail)?;
        Ok(Answer { body, request_id })
    }

    /// Calls `ConverseStream` with an encoded request.
    ///
    /// # Errors
    /// Bedrock refused or could not be reached; later faults are the stream's.
    pub async fn converse_stream(
        &self,
        target: &BedrockTarget,
        request: Bytes,
        now: SystemTime,
    ) -> Result<EventStream, Error> {
        let sent = Instant::now();
        let response = self.send(target, "converse-stream", request, now).await?;
        let request_id = request_id(&response);
        let content_type =
            response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if content_type.is_none_or(|kind| !kind.starts_with(EVENT_STREAM)) {
            let fail = |kind| Error { kind, request_id: request_id.clone() };
            let body = read_error(response, self.waits.idle).await;
            return Err(fail(ErrorKind::Refused(no_answer(&body))));
        }
        let body = http::Response::<reqwest::Body>::from(response).into_body();
        Ok(EventStream::new(body, Silence::new(self.waits, sent), request_id))
    }

    /// Sends a request; an answer that is not a success is an error.
    async fn send(
        &self,
        target: &BedrockTarget,
        operation: &str,
        body: Bytes,
        now: SystemTime,
    ) -> Result<reqwest::Response, Error> {
        let Waits { first_byte, idle, .. } = self.waits;
        let head = timeout(first_byte, self.head(target, operation, body, now)).await;
        let response = head.map_err(|_| Wait::FirstByte.over(first_byte))??;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(refusal(response, idle).await)
        }
    }

    /// The head of the answer to a request, which is sent once more if its
    /// connection broke.
    async fn head(
        &self,
        target: &BedrockTarget,
        operation: &str,
        body: Bytes,
        now: SystemTime,
    ) -> Result<reqwest::Response, ErrorKind> {
        let clients =
            if target.is_custom_host { &self.clients.guarded } else { &self.clients.ordinary };
        let begun = Instant::now();
        let call = signed(&clients.pooled, target, operation, body.clone(), now)?;
        let mut sent = call.send().await;
        let is_soon = begun.elapsed() < resend::MAX_ELAPSED;
        let broken = sent.as_ref().err().filter(|_| is_soon).and_then(resend::broken_connection);
        if let Some(cause) = broken {
            debug!(cause, "the connection broke before an answer; the request is sent once more");
            // Signed anew: a signature is good for minutes only.
            let call = signed(&clients.fresh, target, operation, body, now + begun.elapsed())?;
            sent = call.send().await;
        }
        sent.map_err(|error| {
            // The one bound that the HTTP client keeps.
            if error.is_connect() && error.is_timeout() {
                Wait::Connect.over(self.waits.connect)
            } else {
                error.into()
            }
        })
    }
}

/// A request with its signature, ready to be sent.
fn signed(
    client: &reqwest::Client,
    target: &BedrockTarget,
    operation: &str,
    body: Bytes,
    now: SystemTime,
) -> Result<reqwest::RequestBuilder, ErrorKind> {
    let BedrockTarget { base_url, region, model_id, credentials, is_custom_host: _ } = target;
    let url = format!("{base_url}/model/{}/{operation}", model_id.path_segment());
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    sigv4::authorize(&mut headers, "POST", &url, &body, credentials, region, now)
        .map_err(ErrorKind::Sign)?;
    Ok(client.post(url).headers(headers).body(body))
}

pub(super) async fn refusal(response: reqwest::Response, idle: Duration) -> Error {
    let request_id = request_id(&response);
    let status = response.status().as_u16();
    let header = |name| {
        response
            .headers()
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
            .map(str::to_owned)
    };
    let error_type = header("x-amzn-errortype");
    let retry_after = header(RETRY_AFTER.as_str());
    let body = read_error(response, idle).await;
    let refusal =
        Refusal::from_response(status, error_type.as_deref(), retry_after.as_deref(), &body);
    Error { kind: ErrorKind::Refused(refusal), request_id }
}

/// What an error says. A body that breaks off, or takes its time, says no less than
/// one that is not there.
async fn read_error(response: reqwest::Response, idle: Duration) -> Bytes {
    let body = timeout(idle, read(response, MAX_ERROR_BYTES, idle)).await;
    body.ok().and_then(Result::ok).unwrap_or_default()
}

pub(super) fn request_id(response: &reqwest::Response) -> Option<String> {
    let value = response.headers().get("x-amzn-requestid")?;
    value.to_str().ok().map(str::to_owned)
}

pub(super) async fn read(
    mut response: reqwest::Response,
    limit: usize,
    idle: Duration,
) -> Result<Bytes, ErrorKind> {
    let mut body = BytesMut::new();
    let next = async |response: &mut reqwest::Response| {
        timeout(idle, response.chunk())
            .await
            .map_err(|_| Wait::Idle.over(idle))?
            .map_err(ErrorKind::from)
    };
    while let Some(piece) = next(&mut response).await? {
        if body.len() + piece.len() > limit {
            return Err(ErrorKind::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

fn decode(body: &[u8]) -> Result<ConverseResponse, ErrorKind> {
    let answer: ConverseResponse = serde_json::from_slice(body).map_err(ErrorKind::from)?;
    if answer.output.is_none() {
        return Err(ErrorKind::Refused(no_answer(body)));
    }
    Ok(answer)
}

/// What to say of a success without an answer in it.
fn no_answer(body: &[u8]) -> Refusal {
    Refusal::in_success(body).unwrap_or_else(|| Refusal::from_response(502, None, None, body))
}

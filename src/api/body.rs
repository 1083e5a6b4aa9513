//! Reads the body of a request.

use std::pin::pin;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout, timeout_at};

use super::error::ApiError;
use super::limits::too_many;
use crate::json::counts::{Counts, Limits};
use crate::json::overlay::Vocabulary;
use crate::json::read::Read;
use crate::json::{self, ReadError};
use crate::limits::Reservation;

/// How long a client may take to send its body: long enough for a large one over
/// a slow line, short enough that nobody can hold connections with it.
const BODY_TIMEOUT: Duration = Duration::from_secs(120);
/// What is reserved for each byte of a body: the byte itself and what is read from it,
/// later what is read from it and what is sent to AWS.
pub(super) const BYTES_PER_BODY_BYTE: usize = 2;
/// How often the rate of a large body is looked at.
const RATE_WINDOW: Duration = Duration::from_secs(10);
/// The fewest bytes of a large body that come in such a time. A slow line carries more; a
/// client that wants to hold memory for minutes sends less.
const MIN_BYTES_PER_WINDOW: usize = 64 * 1024;
/// A body is large once so many bytes of it are there.
const LARGE_BODY_BYTES: usize = 64 * 1024;
/// How much of a body that nobody wants is read and thrown away. A client that
/// is cut off while it sends sees a broken connection in place of the answer.
const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;

/// Checks what can be told of a body before it is read.
pub(super) fn check(headers: &HeaderMap, body: &Body, limit: usize) -> Result<(), ApiError> {
    check_media_type(headers)?;
    if announced(body) > limit { Err(too_large(limit)) } else { Ok(()) }
}

/// Reads a body of at most `limit` bytes, and reserves [`BYTES_PER_BODY_BYTE`] for each of
/// them as they come.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    reservation: &mut Reservation,
) -> Result<Bytes, ApiError> {
    let announced = announced(&body).saturating_mul(BYTES_PER_BODY_BYTE);
    if let Err(no_room) = reservation.check(announced) {
        discard(headers, body).await;
        return Err(no_room.into());
    }
    timeout(BODY_TIMEOUT, collect(headers, body, limit, reservation))
        .await
        .map_err(|_| too_slow())?
}

fn too_slow() -> ApiError {
    let message = "the request's body did not arrive in time";
    ApiError::request(StatusCode::REQUEST_TIMEOUT, "body_timeout", message)
}

/// Reads the rest of a body and throws it away, so that a client which is still
/// sending gets to see the answer.
pub(super) async fn discard(headers: &HeaderMap, mut body: Body) {
    // Who waits for a go-ahead has sent nothing yet, and is not told to.
    if headers.contains_key(EXPECT) {
        return;
    }
    let all = async {
        let mut discarded = 0;
        while let Some(Ok(frame)) = body.frame().await {
            discarded += frame.data_ref().map_or(0, Bytes::len);
            if discarded > MAX_DISCARDED_BYTES {
                return;
            }
        }
    };
    // Whatever came of it, the answer is next.
    let _ = timeout(BODY_TIMEOUT, all).await;
}

/// Parses a body, with a config's `override_params` laid over it.
pub(super) fn parse<T: Read>(
    body: &[u8],
    override_params: Option<&Map<String, Value>>,
    vocabulary: &Vocabulary,
    limits: &Limits,
) -> Result<T, ApiError> {
    let overlaid = override_params.map(|over| overlaid(body, over, vocabulary, limits));
    let overlaid = overlaid.transpose()?;
    json::read_slice(overlaid.as_deref().unwrap_or(body), *limits).map_err(|error| match error {
        ReadError::TooMany(counted) => too_many(counted, limits),
        ReadError::Invalid(error) => not_as_expected(error),
    })
}

fn overlaid(
    body: &[u8],
    over: &Map<String, Value>,
    vocabulary: &Vocabulary,
    limits: &Limits,
) -> Result<Vec<u8>, ApiError> {
    let counts = Counts::new(*limits);
    vocabulary.overlay(body, over, &counts).map_err(|error| match counts.exceeded() {
        Some(counted) => too_many(counted, limits),
        None => not_as_expected(json::Error { path: None, message: error.to_string() }),
    })
}

fn not_as_expected(error: json::Error) -> ApiError {
    match error.path {
        Some(path) => ApiError::invalid(Some(path), error.message),
        None => {
            let message =
                format!("the body is not the JSON that is expected here: {}", error.message);
            ApiError::invalid(None, message)
        }
    }
}

/// The type must be said: a web page can send a body without one to a gateway on
/// its visitor's machine, but not JSON, unless CORS lets it.
fn check_media_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let refuse =
        |code, message| Err(ApiError::request(StatusCode::UNSUPPORTED_MEDIA_TYPE, code, message));
    let media_type =
        text(CONTENT_TYPE).unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let is_json = media_type.eq_ignore_ascii_case("application/json")
        || (media_type.starts_with("application/") && media_type.ends_with("+json"));
    if !is_json {
        return refuse(
            "unsupported_media_type",
            "send the body as JSON, with `Content-Type: application/json`",
        );
    }
    match text(CONTENT_ENCODING) {
        Some(encoding) if !encoding.eq_ignore_ascii_case("identity") => refuse(
            "unsupported_content_encoding",
            "send the body as it is, without `Content-Encoding`",
        ),
        _ => Ok(()),
    }
}

/// The length that the head of the request tells; 0 if it tells none.
fn announced(body: &Body) -> usize {
    usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX)
}

fn too_large(limit: usize) -> ApiError {
    let message = format!(
        "the request's body is larger than {limit} bytes, the most that this gateway takes"
    );
    ApiError::request(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
}

async fn collect(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
    reservation: &mut Reservation,
) -> Result<Bytes, ApiError> {
    let announced = announced(&body);
    let mut collected = BytesMut::new();
    let mut window = Window::new();
    while let Some(frame) = window.within(body.frame()).await? {
        let broken = |_| ApiError::invalid(None, "the request's body broke off");
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        if collected.len() + data.len() > limit {
            discard(headers, body).await;
            return Err(too_large(limit));
        }
        if let Err(no_room) = reservation.grow(data.len().saturating_mul(BYTES_PER_BODY_BYTE)) {
            drop(collected);
            discard(headers, body).await;
            return Err(no_room.into());
        }
        window.count(data.len());
        // Most bodies come in one piece, which need not be copied.
        if !data.is_empty() && data.len() == announced {
            return Ok(data);
        }
        collected.reserve(announced.saturating_sub(collected.len()));
        collected.extend_from_slice(&data);
    }
    Ok(collected.freeze())
}

/// Holds a large body to the least rate.
struct Window {
    end: Instant,
    in_window: usize,
    in_all: usize,
}

impl Window {
    fn new() -> Self {
        Self { end: Instant::now() + RATE_WINDOW, in_window: 0, in_all: 0 }
    }

    fn count(&mut self, bytes: usize) {
        self.in_window += bytes;
        self.in_all += bytes;
    }

    /// Waits for the next piece, over the ends of windows in which enough came.
    async fn within<T>(&mut self, next: impl Future<Output = T>) -> Result<T, ApiError> {
        let mut next = pin!(next);
        loop {
            if let Ok(piece) = timeout_at(self.end, &mut next).await {
                return Ok(piece);
            }
            if self.in_all >= LARGE_BODY_BYTES && self.in_window < MIN_BYTES_PER_WINDOW {
                return Err(too_slow());
            }
            *self = Self { in_all: self.in_all, ..Self::new() };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    /// How long a body is waited for of which so many bytes came in each window.
    async fn waited(in_each_window: usize) -> Duration {
        let begun = Instant::now();
        let mut window = Window::new();
        let slow = async {
            loop {
                window.count(in_each_window);
                // The next piece comes after the window's end.
                let next = tokio::time::sleep(RATE_WINDOW + Duration::from_secs(1));
                window.within(next).await?;
            }
        };
        let refused: Result<Result<(), ApiError>, _> = timeout(BODY_TIMEOUT, slow).await;
        assert!(refused.is_err() || refused.is_ok_and(|slow| slow.is_err()));
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_body_that_comes_too_slowly_is_given_up() {
        assert_eq!(waited(LARGE_BODY_BYTES / 100).await, BODY_TIMEOUT);
        assert_eq!(waited(2 * MIN_BYTES_PER_WINDOW).await, BODY_TIMEOUT);
        assert!(waited(MIN_BYTES_PER_WINDOW / 2).await < BODY_TIMEOUT / 2);
        // All of it came at once, and then nothing.
        let mut window = Window::new();
        window.count(LARGE_BODY_BYTES * 100);
        let begun = Instant::now();
        assert!(window.within(pending::<()>()).await.is_err());
        assert_eq!(begun.elapsed(), 2 * RATE_WINDOW);
    }
}

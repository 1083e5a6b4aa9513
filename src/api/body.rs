//! Reads the body of a request.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::error::ApiError;
use crate::json;
use crate::routing::config::overlay;

/// How long a client may take to send its body: long enough for a large one over
/// a slow line, short enough that nobody can hold connections with it.
const BODY_TIMEOUT: Duration = Duration::from_secs(120);
/// How much of a body that is too large is read and thrown away. A client that
/// is cut off while it sends sees a broken connection in place of the answer.
const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;

/// Reads a JSON body of at most `limit` bytes.
pub(super) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, ApiError> {
    check_content_type(headers)?;
    let too_slow = |_| {
        ApiError::request(
            StatusCode::REQUEST_TIMEOUT,
            "body_timeout",
            "the request's body did not arrive in time",
        )
    };
    timeout(BODY_TIMEOUT, collect(headers, body, limit)).await.map_err(too_slow)?
}

/// Parses a body, with a config's `override_params` laid over it.
pub(super) fn parse<T: DeserializeOwned>(
    body: &[u8],
    override_params: Option<&Map<String, Value>>,
) -> Result<T, ApiError> {
    let parsed = match override_params {
        None => json::from_slice(body),
        Some(over) => json::from_slice::<Map<String, Value>>(body).and_then(|mut base| {
            overlay(&mut base, over.clone());
            json::from_value(Value::Object(base))
        }),
    };
    parsed.map_err(|error| match error.path {
        None => ApiError::invalid(
            None,
            format!("the body is not the JSON that is expected here: {}", error.message),
        ),
        Some(path) => ApiError::invalid(Some(path), error.message),
    })
}

fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    // A missing type is forgiven: there is nothing else that it could be.
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let media_type =
        value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let is_json = media_type.eq_ignore_ascii_case("application/json")
        || (media_type.starts_with("application/") && media_type.ends_with("+json"));
    if is_json {
        return Ok(());
    }
    Err(ApiError::request(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "send the body as JSON, with `Content-Type: application/json`",
    ))
}

async fn collect(headers: &HeaderMap, mut body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let too_large = || {
        ApiError::request(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!(
                "the request's body is larger than {limit} bytes, the most that this gateway takes"
            ),
        )
    };
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        // Who waits for a go-ahead has sent nothing yet.
        if !headers.contains_key(EXPECT) {
            discard(body).await;
        }
        return Err(too_large());
    }
    let mut collected = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let broken = |_| ApiError::invalid(None, "the request's body broke off");
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        if collected.len() + data.len() > limit {
            discard(body).await;
            return Err(too_large());
        }
        // Most bodies come in one piece, which need not be copied.
        if !data.is_empty() && data.len() == announced {
            return Ok(data);
        }
        collected.reserve(announced.saturating_sub(collected.len()));
        collected.extend_from_slice(&data);
    }
    Ok(collected.freeze())
}

async fn discard(mut body: Body) {
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, Bytes::len);
        if discarded > MAX_DISCARDED_BYTES {
            return;
        }
    }
}

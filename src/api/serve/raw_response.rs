//! Writes whole error responses where there is no request to route.

use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use uuid::Uuid;

use crate::api::error::ApiError;
use crate::api::middleware::TRACE_ID;

/// An HTTP/1.1 response with the error object as its body, after which the connection is closed.
pub(super) fn raw_response(error: ApiError) -> Vec<u8> {
    let status = error.status();
    let retry_after = match status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            format!("{RETRY_AFTER}: 1\r\n")
        }
        _ => String::new(),
    };
    // Strings only, which always have a form in JSON.
    let body = serde_json::to_vec(&error.into_body()).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status}\r\n{CONTENT_TYPE}: application/json\r\n{CONTENT_LENGTH}: {}\r\n{CONNECTION}: close\r\n{TRACE_ID}: {}\r\n{retry_after}\r\n",
        body.len(),
        Uuid::new_v4()
    );
    [head.into_bytes(), body].concat()
}

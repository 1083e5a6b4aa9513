//! How large a request may be, apart from the length of its body: how many values the body
//! may hold, and how long its head may be.

use axum::extract::{Extension, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::body;
use super::error::ApiError;
use crate::json::counts::{Counted, Limits};
use crate::telemetry::AccessRecord;

/// The largest head of a request that is served: room for an inline config and
/// the headers of several proxies. Half of what the server reads at most
/// (`serve::MAX_HEAD_BYTES`).
const MAX_HEAD_BYTES: usize = 128 * 1024;
/// What a header has on the wire beside name and value: a colon, a space, and
/// the end of the line.
const HEADER_OVERHEAD: usize = 4;

/// The refusal of a body that holds too much of something.
pub(super) fn too_many(counted: Counted, limits: &Limits) -> ApiError {
    let limit = limits.of(counted);
    let more = limit.saturating_add(1);
    let (param, what, setting) = match counted {
        Counted::Messages => {
            (Some("messages"), format!("`messages` holds {more} messages or more"), "max_messages")
        }
        Counted::Parts => (
            Some("messages"),
            format!("`messages` holds {more} content parts and tool calls or more"),
            "max_parts",
        ),
        Counted::Tools => (
            Some("tools"),
            format!("`tools` and `functions` hold {more} tools or more"),
            "max_tools",
        ),
        Counted::Members => (
            None,
            format!("the body holds {more} unknown fields, map entries and list strings or more"),
            "max_members",
        ),
        Counted::SchemaValues => (
            None,
            format!("the schemas and free-form objects of the body hold {more} values or more"),
            "max_schema_values",
        ),
    };
    let message =
        format!("{what}; this gateway takes at most {limit} (its setting `server.{setting}`)");
    ApiError::too_many(param, message)
}

/// Turns a request away whose head is too large.
pub(super) async fn limit_head(
    Extension(record): Extension<AccessRecord>,
    request: Request,
    next: Next,
) -> Response {
    let (head, body) = request.into_parts();
    if head_bytes(&head) <= MAX_HEAD_BYTES {
        return next.run(Request::from_parts(head, body)).await;
    }
    body::discard(&head.headers, body).await;
    let message = format!(
        "the URL and headers of the request are larger than {MAX_HEAD_BYTES} bytes, the most that this gateway takes"
    );
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    ApiError::request(status, "headers_too_large", message).noted(&record).into_response()
}

fn head_bytes(head: &Parts) -> usize {
    let path = head.uri.path_and_query().map_or(0, |path| path.as_str().len());
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        name.as_str().len() + value.len() + HEADER_OVERHEAD
    };
    path + head.headers.iter().map(header).sum::<usize>()
}

//! How large a request may be, apart from the length of its body.
//!
//! A body within its limit can still hold millions of things of a few bytes, and
//! each costs many times that once it is read.

use axum::extract::{Extension, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::body;
use super::error::ApiError;
use crate::openai::chat::{self, Message};
use crate::telemetry::AccessRecord;

/// The largest head of a request that is served: room for an inline config and
/// the headers of several proxies. Half of what the server reads at most
/// (`serve::MAX_HEAD_BYTES`), which answers beyond that without a body.
const MAX_HEAD_BYTES: usize = 128 * 1024;
/// What a header has on the wire beside name and value: a colon, a space, and
/// the end of the line.
const HEADER_OVERHEAD: usize = 4;

/// How many things a chat request may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Messages.
    pub max_messages: usize,
    /// Content parts and tool calls, over all messages.
    pub max_parts: usize,
    /// Tools on offer.
    pub max_tools: usize,
}

impl Limits {
    /// Holds a request against the limits.
    pub(super) fn check(&self, request: &chat::Request) -> Result<(), ApiError> {
        let n_functions = request.functions.as_ref().map_or(0, Vec::len);
        let n_tools = request.tools.as_ref().map_or(0, Vec::len) + n_functions;
        let tools = if n_tools == n_functions { "functions" } else { "tools" };
        let n_parts = request.messages().iter().map(n_parts).sum();
        for (param, setting, what, count, limit) in [
            ("messages", "max_messages", "messages", request.messages().len(), self.max_messages),
            ("messages", "max_parts", "content parts and tool calls", n_parts, self.max_parts),
            (tools, "max_tools", "tools", n_tools, self.max_tools),
        ] {
            if count > limit {
                let message = format!(
                    "`{param}` holds {count} {what}; this gateway takes at most {limit} (its setting `server.{setting}`)"
                );
                return Err(ApiError::too_many(param, message));
            }
        }
        Ok(())
    }
}

fn n_parts(message: &Message) -> usize {
    let parts: usize = message.part_lists().map(|(_, parts)| parts.len()).sum();
    let calls = message.tool_calls.as_ref().map_or(0, Vec::len);
    parts + calls
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

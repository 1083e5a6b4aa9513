//! One file per path.

pub(super) mod admin;
mod chat_completions;

use axum::Json;
use axum::extract::{Extension, Request};
use axum::http::StatusCode;
use serde::Serialize;

pub(super) use chat_completions::chat_completions;

use super::body;
use super::error::ApiError;
use crate::telemetry::AccessRecord;

/// What `GET /` answers.
#[derive(Serialize)]
pub(super) struct Root {
    name: &'static str,
    version: &'static str,
    documentation: &'static str,
    endpoints: [&'static str; 5],
}

/// `GET /`: who is there.
pub(super) async fn root() -> Json<Root> {
    Json(Root {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        documentation: "README.md in the source of bedrock-gateway; `bedrock-gateway --help`",
        endpoints: [
            "POST /v1/chat/completions",
            "/v1/virtual-keys",
            "/v1/api-keys",
            "GET /v1/audit-logs",
            "GET /health",
        ],
    })
}

/// What `GET /health` answers.
#[derive(Serialize)]
pub(super) struct Health {
    status: &'static str,
}

/// `GET /health`: 200 as long as requests are served.
pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Any other path.
pub(super) async fn not_found(
    Extension(record): Extension<AccessRecord>,
    request: Request,
) -> ApiError {
    let (head, body) = request.into_parts();
    body::discard(&head.headers, body).await;
    let message = format!(
        "there is no `{} {}` here; see `GET /` for what there is",
        head.method,
        head.uri.path()
    );
    ApiError::request(StatusCode::NOT_FOUND, "unknown_url", message).noted(&record)
}

/// A known path with a method that it does not have; axum adds `Allow`.
pub(super) async fn method_not_allowed(
    Extension(record): Extension<AccessRecord>,
    request: Request,
) -> ApiError {
    let (head, body) = request.into_parts();
    body::discard(&head.headers, body).await;
    let message = format!("`{}` is not served with `{}`", head.uri.path(), head.method);
    ApiError::request(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message).noted(&record)
}

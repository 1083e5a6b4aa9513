//! Portkey's admin API: virtual keys, gateway keys, the audit log.
//!
//! Whoever calls is known and has the scope; each change is told of in the audit log,
//! and so is each attempt. Errors are OpenAI's object with Portkey's beside it.

mod api_keys;
mod audit_logs;
mod call;
mod virtual_keys;

use axum::Router;
use axum::routing::{get, post};

use crate::api::AppState;

/// The routes of the admin API.
pub(in crate::api) fn router() -> Router<AppState> {
    Router::new()
        .route("/v1/virtual-keys", get(virtual_keys::list).post(virtual_keys::create))
        .route(
            "/v1/virtual-keys/{slug}",
            get(virtual_keys::retrieve).put(virtual_keys::update).delete(virtual_keys::delete),
        )
        .route("/v1/api-keys", get(api_keys::list))
        .route("/v1/api-keys/{type}/{sub_type}", post(api_keys::create))
        .route(
            "/v1/api-keys/{id}",
            get(api_keys::retrieve).put(api_keys::update).delete(api_keys::delete),
        )
        .route("/v1/audit-logs", get(audit_logs::list))
}

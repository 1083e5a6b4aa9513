//! Portkey's admin API: virtual keys, gateway keys, the audit log.
//!
//! Whoever calls is known and has the scope; each change is told of in the audit log,
//! and so is each attempt. Errors are OpenAI's object with Portkey's beside it.

mod api_keys;
mod audit_logs;
mod call;
mod virtual_keys;
mod visible;

use axum::Router;
use axum::routing::{get, post};

use self::call::handler;
use crate::access::scope::Permission::{ApiKeys, AuditLogs, VirtualKeys};
use crate::api::AppState;

/// The routes of the admin API.
pub(in crate::api) fn router() -> Router<AppState> {
    let one_virtual_key =
        get(handler(VirtualKeys("read"), |call| Box::pin(virtual_keys::retrieve(call))))
            .put(handler(VirtualKeys("update"), |call| Box::pin(virtual_keys::update(call))))
            .delete(handler(VirtualKeys("delete"), |call| Box::pin(virtual_keys::delete(call))));
    let virtual_keys = get(handler(VirtualKeys("list"), |call| Box::pin(virtual_keys::list(call))))
        .post(handler(VirtualKeys("create"), |call| Box::pin(virtual_keys::create(call))));
    let one_api_key = get(handler(ApiKeys("read"), |call| Box::pin(api_keys::retrieve(call))))
        .put(handler(ApiKeys("update"), |call| Box::pin(api_keys::update(call))))
        .delete(handler(ApiKeys("delete"), |call| Box::pin(api_keys::delete(call))));
    let new_api_key = post(handler(ApiKeys("create"), |call| Box::pin(api_keys::create(call))));
    Router::new()
        .route("/v1/virtual-keys", virtual_keys)
        .route("/v1/virtual-keys/{slug}", one_virtual_key)
        .route("/v1/api-keys", get(handler(ApiKeys("list"), |call| Box::pin(api_keys::list(call)))))
        .route("/v1/api-keys/{type}/{sub_type}", new_api_key)
        .route("/v1/api-keys/{id}", one_api_key)
        .route("/v1/audit-logs", get(handler(AuditLogs, |call| Box::pin(audit_logs::list(call)))))
}

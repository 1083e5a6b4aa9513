//! The audit log.

use serde::Serialize;

/// A row of `GET /v1/audit-logs`.
#[derive(Debug, Serialize)]
pub struct AuditLogItem {
    /// When, as RFC 3339.
    pub timestamp: String,
    /// What: `virtual_keys.create`, `authentication`, ...
    pub action: String,
    /// `success` or `refused`; this gateway's own.
    pub outcome: String,
    /// The HTTP status.
    pub response_status_code: Option<i64>,
    /// Who.
    pub user: String,
    /// `api_key`, `jwt`, `command_line` or `anonymous`.
    pub user_type: String,
    /// To what.
    pub resource_type: Option<String>,
    /// To which; this gateway's own.
    pub resource_id: Option<String>,
    /// From where.
    pub client_ip: Option<String>,
    /// The request's method.
    pub method: Option<String>,
    /// The request's path.
    pub uri: Option<String>,
    /// The request's trace id.
    pub request_id: Option<String>,
    /// More, such as why; this gateway's own.
    pub detail: Option<String>,
}

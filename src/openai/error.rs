//! The error object of the OpenAI API.
//!
//! Source: <https://platform.openai.com/docs/guides/error-codes>.

use serde::{Deserialize, Serialize};

/// `{"error": {...}}`: the body of every answer that is not a success, and the
/// payload of the SSE item that ends a broken stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorObject,
    /// Portkey's addition outside strict mode: which provider said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

/// The inner object; all four members are always present, as with OpenAI.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorObject {
    /// A sentence for people.
    pub message: String,
    /// The class of the error, for example `invalid_request_error`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The place in the request, for example `messages[2].content[0].text`.
    pub param: Option<String>,
    /// A stable word for programs; for upstream errors the name of AWS's exception.
    pub code: Option<String>,
}

/// Values of [`ErrorObject::kind`].
pub mod kind {
    /// The request itself is at fault.
    pub const INVALID_REQUEST: &str = "invalid_request_error";
    /// No credentials, or wrong ones.
    pub const AUTHENTICATION: &str = "authentication_error";
    /// Credentials without the right to do this.
    pub const PERMISSION: &str = "permission_error";
    /// The model or resource does not exist.
    pub const NOT_FOUND: &str = "not_found_error";
    /// Too many requests or tokens.
    pub const RATE_LIMIT: &str = "rate_limit_error";
    /// A time limit was reached.
    pub const TIMEOUT: &str = "timeout_error";
    /// The gateway or the provider failed.
    pub const SERVER: &str = "server_error";
}

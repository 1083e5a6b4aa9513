//! What STS refuses with: codes of its own, and its names for what the gate says.

use super::super::errors::{Kind, ServiceError};

/// An error of STS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StsError {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl StsError {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// The request breaks a rule of the API.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    /// IAM's refusal.
    pub(super) fn denied(caller: &str, action: &str, resource: &str) -> Self {
        let message = format!(
            "User: {caller} is not authorized to perform: {action} on resource: {resource}"
        );
        Self::new(403, "AccessDenied", message)
    }

    /// Whose fault it is.
    pub(super) fn fault(&self) -> &'static str {
        if self.status >= 500 { "Receiver" } else { "Sender" }
    }
}

impl From<ServiceError> for StsError {
    /// The gate's errors, which other services call by other names.
    fn from(error: ServiceError) -> Self {
        let code = match error.kind {
            Kind::MissingAuthenticationToken => {
                return Self::new(
                    403,
                    "MissingAuthenticationToken",
                    "Request is missing Authentication Token",
                );
            }
            Kind::ExpiredToken => "ExpiredToken",
            Kind::IncompleteSignature => "IncompleteSignature",
            Kind::InvalidSignature => "SignatureDoesNotMatch",
            Kind::UnrecognizedClient => "InvalidClientTokenId",
            _ => return Self::new(500, "InternalFailure", error.message),
        };
        Self::new(403, code, error.message)
    }
}

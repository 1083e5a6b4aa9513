//! What KMS refuses with.

use serde_json::{Value, json};

use super::super::errors::{Kind, ServiceError};

/// An error of KMS: a name, and mostly a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KmsError {
    pub(super) code: &'static str,
    pub(super) message: Option<String>,
}

impl KmsError {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: Some(message.into()) }
    }

    /// The request breaks a rule of the API.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// A value that breaks a constraint of the service model.
    pub(super) fn constraint(shown: &str, path: &str, constraint: &str) -> Self {
        Self::validation(format!(
            "1 validation error detected: Value {shown} at '{path}' failed to satisfy constraint: {constraint}"
        ))
    }

    /// The body cannot be read.
    pub(super) fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    /// A ciphertext that was not made here, or not with this context. KMS says no more.
    pub(super) fn invalid_ciphertext() -> Self {
        Self { code: "InvalidCiphertextException", message: None }
    }

    /// Status of the answer: this protocol has but two.
    pub(super) fn status(&self) -> u16 {
        if self.code == "KMSInternalException" { 500 } else { 400 }
    }

    /// The JSON body.
    pub(super) fn body(&self) -> Value {
        match &self.message {
            Some(message) => json!({"__type": self.code, "message": message}),
            None => json!({"__type": self.code}),
        }
    }
}

impl From<ServiceError> for KmsError {
    fn from(error: ServiceError) -> Self {
        match error.kind {
            Kind::InternalServer => Self::new("KMSInternalException", error.message),
            kind => Self::new(kind.name(), error.message),
        }
    }
}

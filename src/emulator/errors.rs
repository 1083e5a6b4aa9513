//! The service's errors and how they look as an HTTP answer.

use std::fmt;

/// An error the service answers with: a kind and a text for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServiceError {
    pub(super) kind: Kind,
    pub(super) message: String,
}

/// Error kinds of the runtime API and of the layer in front of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Validation,
    Serialization,
    AccessDenied,
    /// A refused API key: the same kind, but the text is under `Message`.
    ApiKeyDenied,
    ResourceNotFound,
    Throttling,
    ModelTimeout,
    ModelError,
    ModelStreamError,
    ModelNotReady,
    InternalServer,
    ServiceUnavailable,
    ServiceQuotaExceeded,
    RequestTooLarge,
    MissingAuthenticationToken,
    IncompleteSignature,
    InvalidSignature,
    UnrecognizedClient,
    ExpiredToken,
}

impl ServiceError {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The request breaks a rule of the API.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(Kind::Validation, message)
    }

    /// The model behind the API refused the request: Converse says so first.
    pub(super) fn from_model(message: impl fmt::Display) -> Self {
        Self::validation(format!("The model returned the following errors: {message}"))
    }

    /// Value of the `x-amzn-errortype` header.
    pub(super) fn type_header(&self) -> String {
        format!("{}:http://internal.amazon.com/coral/{}/", self.kind.name(), self.kind.realm())
    }

    /// The JSON body.
    pub(super) fn body(&self) -> String {
        let key = if self.kind == Kind::ApiKeyDenied { "Message" } else { "message" };
        let mut members = serde_json::Map::new();
        members.insert(key.to_owned(), self.message.clone().into());
        serde_json::Value::Object(members).to_string()
    }
}

impl Kind {
    /// Name of the exception, as SDKs type it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Validation => "ValidationException",
            Self::Serialization => "SerializationException",
            Self::AccessDenied | Self::ApiKeyDenied => "AccessDeniedException",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::Throttling => "ThrottlingException",
            Self::ModelTimeout => "ModelTimeoutException",
            Self::ModelError => "ModelErrorException",
            Self::ModelStreamError => "ModelStreamErrorException",
            Self::ModelNotReady => "ModelNotReadyException",
            Self::InternalServer => "InternalServerException",
            Self::ServiceUnavailable => "ServiceUnavailableException",
            Self::ServiceQuotaExceeded => "ServiceQuotaExceededException",
            Self::RequestTooLarge => "RequestEntityTooLargeException",
            Self::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            Self::IncompleteSignature => "IncompleteSignatureException",
            Self::InvalidSignature => "InvalidSignatureException",
            Self::UnrecognizedClient => "UnrecognizedClientException",
            Self::ExpiredToken => "ExpiredTokenException",
        }
    }

    /// HTTP status of the answer.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Validation | Self::Serialization | Self::ServiceQuotaExceeded => 400,
            Self::AccessDenied
            | Self::ApiKeyDenied
            | Self::MissingAuthenticationToken
            | Self::IncompleteSignature
            | Self::InvalidSignature
            | Self::UnrecognizedClient
            | Self::ExpiredToken => 403,
            Self::ResourceNotFound => 404,
            Self::ModelTimeout => 408,
            Self::RequestTooLarge => 413,
            Self::ModelError | Self::ModelStreamError => 424,
            Self::Throttling | Self::ModelNotReady => 429,
            Self::InternalServer => 500,
            Self::ServiceUnavailable => 503,
        }
    }

    /// Name of the exception as a member of the event stream.
    pub(super) fn event_name(self) -> String {
        let name = self.name();
        let mut letters = name.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
    }

    /// A text the service uses for this kind when nothing more is known.
    pub(super) fn default_message(self) -> &'static str {
        match self {
            Self::Validation => {
                "The model returned the following errors: Malformed input request, please reformat your input and try again."
            }
            Self::Serialization => "Unexpected value type in payload",
            Self::AccessDenied => "You don't have access to the model with the specified model ID.",
            Self::ApiKeyDenied => "Authentication failed: Please make sure your API Key is valid.",
            Self::ResourceNotFound => {
                "This model version has reached the end of its life. Please refer to the AWS documentation for more details."
            }
            Self::Throttling => "Too many requests, please wait before trying again.",
            Self::ModelTimeout => "The model took too long to respond. Try your request again.",
            Self::ModelError => {
                "The model encountered an error while processing the request. Try your request again."
            }
            Self::ModelStreamError => {
                "The model encountered an error while streaming the response. Try your request again."
            }
            Self::ModelNotReady => {
                "Model is not ready for inference. Wait and try your request again."
            }
            Self::InternalServer => {
                "The system encountered an unexpected error during processing. Try your request again."
            }
            Self::ServiceUnavailable => "Bedrock is unable to process your request.",
            Self::ServiceQuotaExceeded => "Your request exceeds a service quota for your account.",
            Self::RequestTooLarge => "Request is too large.",
            Self::MissingAuthenticationToken => "Missing Authentication Token",
            Self::IncompleteSignature => "Authorization header is not complete.",
            Self::InvalidSignature => {
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
            }
            Self::UnrecognizedClient => "The security token included in the request is invalid.",
            Self::ExpiredToken => "The security token included in the request is expired",
        }
    }

    /// The error of this kind with its usual text.
    pub(super) fn error(self) -> ServiceError {
        ServiceError::new(self, self.default_message())
    }

    /// Errors about who is calling come from the layer in front of the API.
    fn realm(self) -> &'static str {
        match self {
            Self::MissingAuthenticationToken
            | Self::IncompleteSignature
            | Self::InvalidSignature
            | Self::UnrecognizedClient
            | Self::ExpiredToken
            | Self::Serialization
            | Self::RequestTooLarge => "com.amazon.coral.service",
            _ => "com.amazon.bedrock",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_look_as_the_service_writes_them() {
        let error = ServiceError::validation("no");
        assert_eq!(
            error.type_header(),
            "ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/"
        );
        assert_eq!(error.body(), r#"{"message":"no"}"#);
        assert_eq!(error.kind.event_name(), "validationException");
        let error = Kind::UnrecognizedClient.error();
        assert_eq!(
            error.type_header(),
            "UnrecognizedClientException:http://internal.amazon.com/coral/com.amazon.coral.service/"
        );
    }
}

//! What a call of a provider can fail with.

use std::time::Duration;

use serde::Deserialize;

use super::waits::Wait;
use crate::aws;

/// A failed call.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct Error {
    /// What happened.
    #[source]
    pub kind: ErrorKind,
    /// The provider's id of the request, if it got that far.
    pub request_id: Option<String>,
}

/// What happened.
#[derive(Debug, thiserror::Error)]
pub enum ErrorKind {
    /// The request could not be written as JSON.
    #[error("the request cannot be written as JSON")]
    Encode(#[source] serde_json::Error),
    /// The request could not be signed.
    #[error("the request cannot be signed")]
    Sign(#[source] aws::sigv4::Error),
    /// No connection, or none that could be trusted.
    #[error("the provider cannot be reached")]
    Connect(#[source] reqwest::Error),
    /// A wait was too long.
    #[error("{wait} after {} ms", .after.as_millis())]
    Timeout {
        /// Which one.
        wait: Wait,
        /// Its bound.
        after: Duration,
    },
    /// The connection broke, or held something else than HTTP.
    #[error("the connection to the provider broke")]
    Broken(#[source] reqwest::Error),
    /// The provider said no: by status, or by an exception within a stream.
    #[error("the provider answered {}: {}", .0.status, .0.code)]
    Refused(Refusal),
    /// The bytes of a stream are not an event stream.
    #[error("the provider's stream is broken")]
    EventStream(#[source] aws::event_stream::Error),
    /// A stream of events that this version does not know, without any that it does.
    #[error("the provider's stream holds unknown events only")]
    UnknownEvents,
    /// A stream that ended without a single event.
    #[error("the provider's stream holds nothing")]
    EmptyStream,
    /// A success that is no answer.
    #[error("the provider's answer cannot be read")]
    Decode(#[source] Unreadable),
    /// An answer larger than [`super::bedrock::MAX_ANSWER_BYTES`].
    #[error("the provider's answer is too large")]
    TooLarge,
}

/// Where and how an answer is not what it should be. What stands there is the
/// model's own words, which are nobody's but the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at line {line}, column {column}")]
pub struct Unreadable {
    what: &'static str,
    line: usize,
    column: usize,
}

impl From<serde_json::Error> for ErrorKind {
    fn from(error: serde_json::Error) -> Self {
        use serde_json::error::Category;
        let what = match error.classify() {
            Category::Io => "it could not be read",
            Category::Syntax => "it is no JSON",
            Category::Data => "a member is missing or of the wrong type",
            Category::Eof => "it ends too early",
        };
        Self::Decode(Unreadable { what, line: error.line(), column: error.column() })
    }
}

/// A provider's own error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status; for an exception within a stream, the one that AWS's
    /// model gives it.
    pub status: u16,
    /// AWS's name of the exception, such as `ThrottlingException`.
    pub code: String,
    /// AWS's own text.
    pub message: String,
    /// When to come again, as the provider wrote it.
    pub retry_after: Option<String>,
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, request_id: None }
    }
}

impl From<reqwest::Error> for ErrorKind {
    fn from(error: reqwest::Error) -> Self {
        // The URL holds the model id and, with a custom host, a private name.
        let error = error.without_url();
        if error.is_connect() { Self::Connect(error) } else { Self::Broken(error) }
    }
}

/// An error body. AWS writes `message` or `Message`; a service that does not know
/// the operation answers `{"Output":{"__type":...},"Version":"1.0"}`.
#[derive(Debug, Default, Deserialize)]
struct ErrorBody {
    #[serde(alias = "Message")]
    message: Option<String>,
    #[serde(rename = "__type")]
    kind: Option<String>,
    #[serde(rename = "Output")]
    output: Option<CoralOutput>,
}

#[derive(Debug, Deserialize)]
struct CoralOutput {
    #[serde(rename = "__type")]
    kind: Option<String>,
}

impl Refusal {
    /// Whether a model does not stream with tools
    /// (`This model doesn't support tool use in streaming mode.`).
    #[must_use]
    pub fn is_no_stream_with_tools(&self) -> bool {
        self.status == 400 && self.message.contains("tool use in streaming mode")
    }

    /// Reads an error answer. `error_type` is the header `x-amzn-errortype`,
    /// which ends in a URL; a proxy in between may send anything as a body.
    #[must_use]
    pub fn from_response(
        status: u16,
        error_type: Option<&str>,
        retry_after: Option<&str>,
        body: &[u8],
    ) -> Self {
        let parsed: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
        let code =
            error_type.or(parsed.kind.as_deref()).map(short_name).filter(|name| !name.is_empty());
        Self {
            status,
            code: code.unwrap_or("UnknownError").to_owned(),
            message: parsed.message.filter(|text| !text.is_empty()).unwrap_or_else(|| {
                format!("Bedrock, or a proxy on the way to it, answered with status {status} and no message")
            }),
            retry_after: retry_after.map(str::to_owned),
        }
    }

    /// Reads a success that may be an error in disguise: the way the service
    /// says that it does not know the operation, which is what happens to a
    /// model id that it cannot take apart.
    #[must_use]
    pub fn in_success(body: &[u8]) -> Option<Self> {
        let parsed: ErrorBody = serde_json::from_slice(body).ok()?;
        let kind = parsed.output?.kind?;
        let code = short_name(&kind);
        Some(Self {
            status: 404,
            code: code.to_owned(),
            message: parsed.message.unwrap_or_else(|| {
                format!("Bedrock does not know this model or operation ({code})")
            }),
            retry_after: None,
        })
    }

    /// Reads an exception frame of a stream.
    #[must_use]
    pub fn from_exception(exception_type: &str, payload: &[u8]) -> Self {
        #[derive(Default, Deserialize)]
        struct Exception {
            #[serde(alias = "Message")]
            message: Option<String>,
            #[serde(rename = "originalMessage")]
            original_message: Option<String>,
        }
        let parsed: Exception = serde_json::from_slice(payload).unwrap_or_default();
        let message = parsed.message.or(parsed.original_message).filter(|text| !text.is_empty());
        Self {
            status: status_of(exception_type),
            code: exception_type.to_owned(),
            message: message
                .unwrap_or_else(|| format!("Bedrock ended the stream with {exception_type}")),
            retry_after: None,
        }
    }
}

/// `ValidationException:http://internal...` and `com.amazon...#UnknownOperationException`.
fn short_name(name: &str) -> &str {
    let name = name.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default().trim()
}

/// The HTTP status that AWS's model gives an exception.
///
/// Source: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html#API_runtime_ConverseStream_Errors>.
fn status_of(exception: &str) -> u16 {
    match exception.to_ascii_lowercase().trim_end_matches("exception") {
        "validation" | "servicequotaexceeded" => 400,
        "accessdenied" => 403,
        "resourcenotfound" => 404,
        "modeltimeout" => 408,
        "modelerror" | "modelstreamerror" => 424,
        "throttling" | "modelnotready" => 429,
        "serviceunavailable" => 503,
        _ => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_not_repeated() {
        let error = serde_json::from_str::<Vec<u8>>(r#""hush""#).unwrap_err();
        let kind = ErrorKind::from(error);
        let ErrorKind::Decode(unreadable) = &kind else { panic!("{kind}") };
        assert_eq!(
            unreadable.to_string(),
            "a member is missing or of the wrong type at line 1, column 6"
        );
        assert!(!format!("{kind:?}").contains("hush"));
    }

    #[test]
    fn errors_keep_the_type_and_text_of_aws() {
        let refusal = Refusal::from_response(
            400,
            Some("ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/"),
            None,
            br#"{"message":"The provided model identifier is invalid."}"#,
        );
        assert_eq!(refusal.code, "ValidationException");
        assert_eq!(refusal.message, "The provided model identifier is invalid.");
        let upper = Refusal::from_response(
            403,
            None,
            None,
            br#"{"__type":"com.amazon.x#AccessDeniedException","Message":"no"}"#,
        );
        assert_eq!((upper.code.as_str(), upper.message.as_str()), ("AccessDeniedException", "no"));
    }

    #[test]
    fn bodies_that_are_no_json_do_not_break_it() {
        for body in [&b""[..], b"<html>502</html>", b"[]", b"{\"message\":5}", b"\xff"] {
            let refusal = Refusal::from_response(502, None, Some("7"), body);
            assert_eq!(refusal.code, "UnknownError");
            assert!(refusal.message.contains("502"), "{}", refusal.message);
            assert_eq!(refusal.retry_after.as_deref(), Some("7"));
        }
    }

    #[test]
    fn an_error_in_a_success_is_seen() {
        let body = br#"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}"#;
        let refusal = Refusal::in_success(body).unwrap();
        assert_eq!((refusal.status, refusal.code.as_str()), (404, "UnknownOperationException"));
        assert_eq!(Refusal::in_success(br#"{"output":{}}"#), None);
    }

    #[test]
    fn exceptions_have_the_status_of_their_http_form() {
        for (name, status) in [
            ("throttlingException", 429),
            ("serviceUnavailableException", 503),
            ("internalServerException", 500),
            ("modelTimeoutException", 408),
            ("modelStreamErrorException", 424),
            ("validationException", 400),
            ("brandNewException", 500),
        ] {
            let refusal = Refusal::from_exception(name, br#"{"message":"m"}"#);
            assert_eq!((refusal.status, refusal.code.as_str()), (status, name));
        }
    }
}

//! The one place where a failure becomes a status and an error object.

use std::error::Error as StdError;

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::access;
use crate::access::jwt::JwtError;
use crate::aws::roles::{AssumeError, AssumeErrorKind};
use crate::limits::NoRoom;
use crate::openai::error::{ErrorBody, ErrorObject, kind};
use crate::routing::{self, GrantError, Owner, dispatch};
use crate::telemetry::{AccessRecord, chain, mask};
use crate::translate;
use crate::upstream::media::MediaError;
use crate::upstream::{self, ErrorKind};

/// AWS's id of a request, passed on.
pub(super) const UPSTREAM_REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// After how many seconds a request may be tried again for which there was no room:
/// requests are held for seconds, while they are read.
const OVERLOADED_RETRY_AFTER: &str = "1";

/// A failure, ready to be told to the client.
///
/// What the client reads and what the operator reads are different texts: the
/// cause may hold names of the network that are nobody else's business.
#[derive(Debug)]
pub struct ApiError(Box<Failure>);

#[derive(Debug)]
struct Failure {
    status: StatusCode,
    error: ErrorObject,
    provider: Option<&'static str>,
    headers: HeaderMap,
    cause: Option<String>,
}

impl ApiError {
    fn new(status: StatusCode, kind: &str, code: Option<&str>, message: impl Into<String>) -> Self {
        let error = ErrorObject {
            message: message.into(),
            kind: kind.to_owned(),
            param: None,
            code: code.map(str::to_owned),
        };
        let headers = HeaderMap::new();
        Self(Box::new(Failure { status, error, provider: None, headers, cause: None }))
    }

    /// The request is at fault, at `param` if that is one place.
    pub(super) fn invalid(param: Option<String>, message: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::BAD_REQUEST, kind::INVALID_REQUEST, None, message);
        error.0.error.param = param;
        error
    }

    /// The request is at fault in a way that has a status of its own.
    pub(super) fn request(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self::new(status, kind::INVALID_REQUEST, Some(code), message)
    }

    /// An array of the request is too long; `code` is OpenAI's for that.
    pub(super) fn too_many(param: Option<&str>, message: String) -> Self {
        let code = Some("array_above_max_length");
        let mut error = Self::new(StatusCode::BAD_REQUEST, kind::INVALID_REQUEST, code, message);
        error.0.error.param = param.map(str::to_owned);
        error
    }

    /// Nobody knows who calls, or as whom.
    fn unauthorized(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, kind::AUTHENTICATION, Some(code), message)
    }

    /// The caller may not do this.
    pub(super) fn forbidden(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, kind::PERMISSION, Some(code), message)
    }

    /// There is none of that name.
    pub(super) fn not_found(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, kind::NOT_FOUND, Some(code), message)
    }

    /// What is stored cannot be had.
    pub(super) fn vault_unavailable(error: &(dyn StdError + 'static)) -> Self {
        let message = "the vault cannot be used at the moment; the gateway's log says why";
        let code = Some("vault_unavailable");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, kind::SERVER, code, message).with_cause(error)
    }

    /// The body comes in a transfer coding other than `chunked`.
    pub(super) fn unsupported_transfer_encoding() -> Self {
        let message = "`Transfer-Encoding` must be exactly `chunked`, in one header; send the body so, or with `Content-Length`";
        Self::request(StatusCode::NOT_IMPLEMENTED, "unsupported_transfer_encoding", message)
    }

    /// As many connections are open as the gateway takes.
    pub(super) fn gateway_is_full() -> Self {
        let message = "the gateway has as many connections as it can serve (`server.max_connections`); try again later";
        let code = Some("too_many_connections");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, kind::SERVER, code, message)
    }

    /// As many connections are open from one address as it may have. A 429, since it is this
    /// client, or others behind its proxy, that must close some.
    pub(super) fn address_is_full() -> Self {
        let message = "there are too many connections from this address (`server.max_connections_per_address`); close some, or try again later";
        let code = Some("too_many_connections_from_address");
        Self::new(StatusCode::TOO_MANY_REQUESTS, kind::RATE_LIMIT, code, message)
    }

    /// Its status.
    pub(super) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Its code, as the client reads it.
    pub(super) fn code(&self) -> Option<&str> {
        self.0.error.code.as_deref()
    }

    /// The gateway is at fault.
    pub(super) fn internal() -> Self {
        let message = "the gateway failed; its log says more";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, kind::SERVER, Some("internal_error"), message)
    }

    /// The time that the caller gave is over.
    pub(super) fn request_timeout(timeout: std::time::Duration) -> Self {
        let message =
            format!("Request exceeded the timeout sent in the request: {}ms", timeout.as_millis());
        Self::new(StatusCode::REQUEST_TIMEOUT, kind::TIMEOUT, Some("request_timeout"), message)
    }

    /// Portkey names the provider in its errors, outside strict mode.
    pub(super) fn of_provider(mut self, strict: bool) -> Self {
        self.0.provider = (!strict).then_some("bedrock");
        self
    }

    /// The same, about one member of the request.
    pub(super) fn at(mut self, param: String) -> Self {
        self.0.error.param = Some(param);
        self
    }

    /// The same with the situation in front of its message.
    pub(super) fn explained(mut self, situation: &str) -> Self {
        let message = &mut self.0.error.message;
        *message = format!("{situation}: {message}");
        self
    }

    /// Notes the failure in the request's access line.
    pub(super) fn noted(self, record: &AccessRecord) -> Self {
        let Failure { error, headers, cause, .. } = &*self.0;
        record.error(error.code.as_deref().unwrap_or(&error.kind), cause.clone());
        if let Some(id) = headers.get(UPSTREAM_REQUEST_ID).and_then(|value| value.to_str().ok()) {
            record.upstream_request_id(Some(id));
        }
        self
    }

    /// The error object, for where no status can be told any more. Gateway keys in what
    /// it repeats of the request, or of AWS's answer, are masked.
    pub(super) fn into_body(self) -> ErrorBody {
        let Failure { mut error, provider, .. } = *self.0;
        error.message = mask::mask(error.message);
        error.param = error.param.map(mask::mask);
        error.code = error.code.map(mask::mask);
        ErrorBody { error, provider: provider.map(str::to_owned) }
    }

    fn with_header(mut self, name: HeaderName, value: Option<&str>) -> Self {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            self.0.headers.insert(name, value);
        }
        self
    }

    /// The same for callers whom AWS's words are no business of.
    fn without_aws_words(mut self) -> Self {
        let message = "AWS does not allow this to the gateway's own identity; the gateway's log has AWS's words";
        self.0.cause = Some(std::mem::replace(&mut self.0.error.message, message.to_owned()));
        self
    }

    fn with_cause(mut self, cause: &dyn StdError) -> Self {
        self.0.cause = Some(chain(cause));
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(mut self) -> Response {
        let (status, headers) = (self.0.status, std::mem::take(&mut self.0.headers));
        (status, headers, Json(self.into_body())).into_response()
    }
}

impl From<routing::Error> for ApiError {
    fn from(error: routing::Error) -> Self {
        let message = error.to_string();
        match error {
            routing::Error::Invalid { param, message } => Self::invalid(Some(param), message),
            routing::Error::NoCredentials => Self::unauthorized("no_credentials", message),
            routing::Error::VirtualKeysClosed => {
                Self::unauthorized("gateway_key_required", message)
            }
            routing::Error::GatewayIdentityClosed => {
                Self::forbidden("gateway_identity_closed", message)
            }
            routing::Error::RoleNotLent { .. } => Self::forbidden("role_not_allowed", message),
            routing::Error::UnknownVirtualKey { .. } => {
                Self::not_found("virtual_key_not_found", message)
            }
            routing::Error::VirtualKeyNotAllowed { .. } => {
                Self::forbidden("virtual_key_not_allowed", message)
            }
            routing::Error::VirtualKeyEnded { status, .. } => {
                Self::forbidden(&format!("virtual_key_{}", status.as_str()), message)
            }
            routing::Error::ModelNotAllowed { .. } => {
                let mut error = Self::forbidden("model_not_allowed", message);
                error.0.error.param = Some("model".to_owned());
                error
            }
        }
    }
}

impl From<GrantError> for ApiError {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Routing(error) => error.into(),
            GrantError::Vault(error) => Self::vault_unavailable(&error),
        }
    }
}

impl From<access::Error> for ApiError {
    fn from(error: access::Error) -> Self {
        let message = error.to_string();
        match &error {
            access::Error::NobodyNamed => Self::unauthorized("gateway_key_required", message),
            access::Error::UnknownKey => Self::unauthorized("invalid_api_key", message),
            access::Error::ExpiredKey => Self::unauthorized("expired_api_key", message),
            access::Error::RevokedKey => Self::unauthorized("revoked_api_key", message),
            access::Error::NoKeys => Self::unauthorized("no_gateway_keys", message),
            access::Error::Jwt(JwtError::KeysUnavailable(_)) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                kind::SERVER,
                Some("jwt_keys_unavailable"),
                message,
            )
            .with_cause(&error),
            access::Error::Jwt(_) => Self::unauthorized("invalid_jwt", message),
            access::Error::Scope { .. } => Self::forbidden("insufficient_scope", message),
            access::Error::OutOfBounds { code, param, .. } => {
                Self::forbidden(code, message).at(param.clone())
            }
            access::Error::Vault(error) => Self::vault_unavailable(error),
        }
    }
}

impl From<NoRoom> for ApiError {
    fn from(no_room: NoRoom) -> Self {
        match no_room {
            NoRoom::Now => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                kind::SERVER,
                Some("gateway_overloaded"),
                "the gateway holds as many bytes of other requests as it may (its setting `server.max_buffered_bytes`); try again",
            )
            .with_header(RETRY_AFTER, Some(OVERLOADED_RETRY_AFTER)),
            NoRoom::Ever { max } => {
                let message = format!(
                    "the request is too large for this gateway: what it takes in memory, about twice its size, is more than {max} bytes (a share of the setting `server.max_buffered_bytes`)"
                );
                Self::request(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
            }
        }
    }
}

impl From<translate::chat::Error> for ApiError {
    fn from(error: translate::chat::Error) -> Self {
        Self::invalid(Some(error.param), error.message)
    }
}

impl ApiError {
    /// What a request points at could not be had.
    pub(super) fn of_media(place: &str, error: &MediaError) -> Self {
        let message = error.to_string();
        Self::invalid(Some(place.to_owned()), message).with_cause(error)
    }
}

impl From<translate::chat::UpstreamFault> for ApiError {
    fn from(fault: translate::chat::UpstreamFault) -> Self {
        let code = match fault {
            translate::chat::UpstreamFault::NoOutput => "upstream_answer_invalid",
            translate::chat::UpstreamFault::Incomplete => "upstream_stream_incomplete",
        };
        Self::new(StatusCode::BAD_GATEWAY, kind::SERVER, Some(code), fault.to_string())
    }
}

impl From<dispatch::Error> for ApiError {
    fn from(error: dispatch::Error) -> Self {
        match error {
            dispatch::Error::Upstream { error, owner } => Self::from(&error).about(owner),
            dispatch::Error::Profile { error, owner } => {
                let mut api_error = Self::from(&*error).about(owner);
                let words = &mut api_error.0.error.message;
                *words = format!(
                    "which model the inference profile stands for could not be looked up (`bedrock:GetInferenceProfile`); allow that, or name the family with `x-portkey-model-family` or the setting `models.families`. AWS says: {words}"
                );
                api_error.0.error.param = Some("model".to_owned());
                api_error
            }
            dispatch::Error::Role { error, is_lent } => Self::of_role(&error, is_lent),
            dispatch::Error::Fault(fault) => fault.into(),
            dispatch::Error::Identity(error) => Self::no_gateway_identity(&error),
        }
    }
}

impl ApiError {
    fn no_gateway_identity(error: &(dyn StdError + 'static)) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            kind::SERVER,
            Some("gateway_identity_unavailable"),
            error.to_string(),
        )
        .with_cause(error)
    }

    /// AWS names the account and the user or role that it refuses, which is nobody's
    /// business whose they are not.
    fn about(mut self, owner: Owner) -> Self {
        let is_about_identity =
            matches!(self.0.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        match owner {
            Owner::Gateway if is_about_identity => self.without_aws_words(),
            Owner::Lender if is_about_identity => {
                let masked = without_names(&self.0.error.message);
                self.0.cause = Some(std::mem::replace(&mut self.0.error.message, masked));
                self
            }
            Owner::Gateway | Owner::Lender | Owner::Caller => self,
        }
    }

    /// A role that could not be assumed. Which one and why is told to those whose it
    /// is; others are told which of how many, and the log tells the rest.
    fn of_role(error: &AssumeError, is_lent: bool) -> Self {
        let AssumeError::Hop { hop, hops, role, kind } = error else {
            return Self::no_gateway_identity(error);
        };
        let which = if is_lent {
            format!("role {hop} of {hops} that was to be assumed for this request")
        } else {
            format!("the role {role} ({hop} of {hops})")
        };
        let api_error = match kind {
            AssumeErrorKind::Refused { status, code, message } => {
                let (status, kind) = status_of_sts(*status, code);
                let words = if is_lent { "the gateway's log has AWS's words" } else { message };
                let message = format!("AWS STS refused {which}: {code}: {words}");
                Self::new(status, kind, Some(code), message)
            }
            AssumeErrorKind::Unreachable(_) => Self::new(
                StatusCode::BAD_GATEWAY,
                kind::SERVER,
                Some("sts_unreachable"),
                format!("AWS STS could not be asked for {which}"),
            ),
        };
        api_error.with_cause(error)
    }
}

/// A text of AWS's without ARNs and without numbers of accounts.
fn without_names(text: &str) -> String {
    const ACCOUNT_DIGITS: usize = 12;
    let masked = |word: &str| {
        let is_account = word.chars().filter(char::is_ascii_digit).count() >= ACCOUNT_DIGITS;
        if word.contains("arn:") || is_account { "[...]".to_owned() } else { word.to_owned() }
    };
    text.split(' ').map(masked).collect::<Vec<_>>().join(" ")
}

/// STS answers much with 400 that is about who asks, or how often.
fn status_of_sts(status: u16, code: &str) -> (StatusCode, &'static str) {
    let is_about_identity =
        ["AccessDenied", "ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"];
    if code.starts_with("Throttl") || code == "RequestLimitExceeded" {
        (StatusCode::TOO_MANY_REQUESTS, kind::RATE_LIMIT)
    } else if status == 403 || is_about_identity.iter().any(|known| code.starts_with(known)) {
        (StatusCode::FORBIDDEN, kind::PERMISSION)
    } else if status < 500 {
        (StatusCode::BAD_REQUEST, kind::INVALID_REQUEST)
    } else {
        (StatusCode::BAD_GATEWAY, kind::SERVER)
    }
}

impl From<upstream::Error> for ApiError {
    fn from(error: upstream::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&upstream::Error> for ApiError {
    fn from(error: &upstream::Error) -> Self {
        let request_id = error.request_id.clone();
        let bad_gateway = |code| {
            let message = error.kind.to_string();
            Self::new(StatusCode::BAD_GATEWAY, kind::SERVER, Some(code), message)
                .with_cause(&error.kind)
        };
        let api_error = match &error.kind {
            ErrorKind::Refused(refusal) => {
                let status = StatusCode::from_u16(refusal.status).ok();
                let status =
                    status.filter(|status| status.is_client_error() || status.is_server_error());
                let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
                Self::new(status, kind_of(status), Some(&refusal.code), &refusal.message)
                    .with_header(RETRY_AFTER, refusal.retry_after.as_deref())
            }
            ErrorKind::Timeout { .. } => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                kind::TIMEOUT,
                Some("upstream_timeout"),
                error.kind.to_string(),
            ),
            ErrorKind::Sign(_) => Self::invalid(
                None,
                "the AWS credentials hold characters that cannot be sent in a header",
            ),
            ErrorKind::Connect(_) => bad_gateway("upstream_unreachable"),
            ErrorKind::Broken(_) => bad_gateway("upstream_connection_broken"),
            ErrorKind::EventStream(_) | ErrorKind::UnknownEvents => {
                bad_gateway("upstream_stream_corrupt")
            }
            ErrorKind::EmptyStream => bad_gateway("upstream_stream_incomplete"),
            ErrorKind::Decode(_) | ErrorKind::TooLarge => bad_gateway("upstream_answer_invalid"),
            ErrorKind::Encode(_) => Self::internal().with_cause(&error.kind),
        };
        api_error.with_header(UPSTREAM_REQUEST_ID, request_id.as_deref())
    }
}

/// OpenAI's word for the class of a provider's error.
fn kind_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => kind::AUTHENTICATION,
        StatusCode::FORBIDDEN => kind::PERMISSION,
        StatusCode::NOT_FOUND => kind::NOT_FOUND,
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => kind::TIMEOUT,
        StatusCode::TOO_MANY_REQUESTS => kind::RATE_LIMIT,
        // The model failed on a request that Bedrock accepted.
        StatusCode::FAILED_DEPENDENCY => kind::SERVER,
        status if status.is_client_error() => kind::INVALID_REQUEST,
        _ => kind::SERVER,
    }
}

//! What happens around every request, outermost layer last.

use std::any::Any;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer, ExposeHeaders};
use uuid::Uuid;

use super::AppState;
use super::error::{ApiError, UPSTREAM_REQUEST_ID};
use super::http_rules::check_http;
use super::keep_alive::COMMENT;
use super::limits::limit_head;
use crate::telemetry::{AccessRecord, Outcome, mask};

/// The caller's id of a request, or one made here; in every answer.
pub(super) const TRACE_ID: HeaderName = HeaderName::from_static("x-portkey-trace-id");
/// Which target of the config was used; in every answer.
pub(super) const OPTION_INDEX: HeaderName =
    HeaderName::from_static("x-portkey-last-used-option-index");

/// Which parts of the request had no effect; in answers to requests that have any.
pub(super) const IGNORED_PARAMS: HeaderName = HeaderName::from_static("x-portkey-ignored-params");

/// Headers of Portkey's that every answer carries, with the value they have
/// unless a handler said otherwise.
const DEFAULT_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (HeaderName::from_static("x-portkey-provider"), HeaderValue::from_static("bedrock")),
    (HeaderName::from_static("x-portkey-retry-attempt-count"), HeaderValue::from_static("0")),
    (HeaderName::from_static("x-portkey-cache-status"), HeaderValue::from_static("DISABLED")),
    (OPTION_INDEX, HeaderValue::from_static("config")),
];

/// What a caller may choose as a trace id at most.
const MAX_TRACE_ID: usize = 256;

pub(super) fn around(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    // A bug in one request is a 500 for it and nothing for the others.
    let router = router.layer(CatchPanicLayer::custom(panicked));
    let router = router.layer(from_fn(limit_head));
    // Answers preflight requests, which no route knows.
    let router = match cors(&state.cors_allowed_origins) {
        Some(cors) => router.layer(cors),
        None => router,
    };
    let router = router.layer(from_fn(check_http));
    // Sees every answer, those of the layers within included.
    router.layer(from_fn(observe))
}

/// Names the request, adds the headers of every answer, and has the access line
/// written when the body has ended or was dropped.
async fn observe(mut request: Request, next: Next) -> Response {
    let trace_id = trace_id(request.headers());
    let record = AccessRecord::start(
        trace_id.to_str().unwrap_or_default(),
        request.method().as_str(),
        request.uri().path(),
    );
    let has_no_body = request.method() == Method::HEAD;
    request.extensions_mut().insert(record.clone());
    let mut response = next.run(request).await;
    record.status(response.status().as_u16());
    if has_no_body {
        record.outcome(Outcome::Complete);
    }
    let headers = response.headers_mut();
    for (name, value) in DEFAULT_HEADERS {
        headers.entry(name).or_insert(value);
    }
    headers.insert(TRACE_ID, trace_id);
    response.map(|inner| Body::new(Recorded { inner, record }))
}

/// The caller's id if it can be repeated and is not absurdly long, else a new one. A
/// gateway key in it is masked, so that the answer repeats what the log has.
fn trace_id(headers: &HeaderMap) -> HeaderValue {
    let usable = |value: &&HeaderValue| {
        value.to_str().is_ok_and(|text| !text.trim().is_empty() && text.len() <= MAX_TRACE_ID)
    };
    let given = headers.get(TRACE_ID).filter(usable);
    let masked =
        given.and_then(|value| HeaderValue::from_str(&mask::masked(value.to_str().ok()?)).ok());
    masked
        .or_else(|| HeaderValue::try_from(Uuid::new_v4().to_string()).ok())
        .unwrap_or(HeaderValue::from_static("unknown"))
}

/// A body that tells the access record how it ended.
struct Recorded {
    inner: Body,
    record: AccessRecord,
}

impl HttpBody for Recorded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                // A sign of life is no part of the answer.
                if frame.data_ref().is_none_or(|data| data != COMMENT) {
                    self.record.first_byte();
                }
                // The server does not ask again after the last piece of a body
                // whose length it knows.
                if self.inner.is_end_stream() {
                    self.record.outcome(Outcome::Complete);
                }
            }
            Some(Err(_)) => {}
            None => self.record.outcome(Outcome::Complete),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        let ended = self.inner.is_end_stream();
        if ended {
            self.record.outcome(Outcome::Complete);
        }
        ended
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn panicked(_payload: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::internal().into_response()
}

fn cors(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let origin = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    let ours = DEFAULT_HEADERS.map(|(name, _)| name);
    let exposed = ours.into_iter().chain([TRACE_ID, UPSTREAM_REQUEST_ID, IGNORED_PARAMS]);
    Some(
        CorsLayer::new()
            .allow_origin(origin)
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(ExposeHeaders::list(exposed)),
    )
}

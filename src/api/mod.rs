//! The HTTP surface: the only room that knows axum and SSE, and what status a
//! failure has for the client.

mod auth;
mod body;
mod context;
mod error;
mod http_rules;
mod keep_alive;
mod limits;
mod loopback_only;
mod middleware;
mod routes;
pub mod serve;
mod sse;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use axum::routing::{get, post};
use tower::Layer;
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};

pub use error::ApiError;
pub use loopback_only::LoopbackOnly;

use crate::access::{Access, AuditLog};
use crate::json::counts::Limits;
use crate::limits::{BufferedBytes, HeavyWork};
use crate::routing;
use crate::routing::dispatch::Dispatcher;
use crate::translate::chat::UnsupportedParams;
use crate::upstream::media::MediaFetcher;

/// What handlers need; cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// Tells who calls.
    pub access: Arc<Access>,
    /// By which hosts callers that nobody knows are answered; `None` for any.
    pub loopback_only: Option<Arc<LoopbackOnly>>,
    /// Who did what.
    pub audit: Arc<AuditLog>,
    /// Calls providers.
    pub dispatcher: Arc<Dispatcher>,
    /// How requests are routed.
    pub routing: Arc<routing::Settings>,
    /// Fetches what requests name by URL.
    pub media: MediaFetcher,
    /// The largest request body.
    pub max_body_bytes: usize,
    /// The bytes that requests hold.
    pub buffered: Arc<BufferedBytes>,
    /// Where large bodies are worked on.
    pub heavy: Arc<HeavyWork>,
    /// How many values a request's body may hold.
    pub limits: Limits,
    /// What happens to parameters that have no counterpart on Bedrock.
    pub unsupported_params: UnsupportedParams,
    /// How long a stream may be silent before the client gets a comment.
    pub sse_keep_alive: Option<Duration>,
    /// Whose web pages may call; `*` for any, none for none.
    pub cors_allowed_origins: Arc<[String]>,
}

/// Everything the gateway serves.
pub fn router(state: AppState) -> Router {
    let router = Router::new()
        .route("/", get(routes::root))
        .route("/health", get(routes::health))
        .route("/v1/chat/completions", post(routes::chat_completions))
        .merge(routes::admin::router())
        .fallback(routes::not_found)
        .method_not_allowed_fallback(routes::method_not_allowed);
    middleware::around(router, &state).with_state(state)
}

/// Lets a path end in a slash. Must stand around the whole router, which has
/// chosen the route before its own layers run.
pub fn forgiving(router: Router) -> NormalizePath<Router> {
    NormalizePathLayer::trim_trailing_slash().layer(router)
}

/// Where a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// A request as the server hands it over.
pub(crate) type Incoming = Request<hyper::body::Incoming>;

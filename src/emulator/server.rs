//! The accept loop and the way of a request through the room.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::answer::{self, Call, Reset};
use super::auth::{Gate, Service};
use super::delivery::Body;
use super::errors::Kind;
use super::line::{Line, ResetSwitch};
use super::observe::{Observed, Outcome, Watch};
use super::route::Route;
use super::state::State;
use super::{admission, kms, profiles, sigv4, sts};

/// Largest body that is read: the service's own limit on a model invocation.
const MAX_BODY_BYTES: usize = 25_000_000;
/// Connections served at once; more wait to be accepted.
const MAX_CONNECTIONS: usize = 1_024;
/// How long connections get to finish after the shutdown signal.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// Accepts connections until `shutdown` is done, then lets running answers
/// finish for a moment.
pub(super) async fn run(
    listener: TcpListener,
    state: Arc<State>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, place)) = accepted else {
            continue;
        };
        let state = Arc::clone(&state);
        let line = Line::new(stream);
        let reset = line.reset();
        let service =
            service_fn(move |request| serve_request(Arc::clone(&state), reset.clone(), request));
        let connection = auto::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(line), service)
            .into_owned();
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIME, graceful.shutdown()).await.is_err() {
        tracing::debug!("connections are closed with requests on them");
    }
    connections.shutdown().await;
    Ok(())
}

type Accepted = (tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit);

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<Accepted> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // Every write is to be seen on its own at the other end.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "writes may be gathered");
            }
            Some((stream, place))
        }
        Err(error) => {
            // For instance out of file descriptors: do not spin on it.
            tracing::warn!(%error, "a connection was not accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// An error closes the connection without a word.
async fn serve_request(
    state: Arc<State>,
    reset: ResetSwitch,
    request: Request<Incoming>,
) -> Result<Response<Body>, Reset> {
    let request_id = uuid::Uuid::new_v4().to_string();
    let answered = respond(&state, request, &request_id).await;
    let mut response = answered.inspect_err(|Reset| reset.set())?;
    if let Ok(value) = request_id.parse() {
        response.headers_mut().insert("x-amzn-requestid", value);
    }
    Ok(response)
}

async fn respond(
    state: &State,
    request: Request<Incoming>,
    request_id: &str,
) -> Result<Response<Body>, Reset> {
    let (head, incoming) = request.into_parts();
    let path = head.uri.path();
    let route = Route::of(&head);
    if route.is_none()
        && head.method == Method::GET
        && let Some(response) = answer::about(path)
    {
        return Ok(response);
    }
    let mut watch = Watch::new(
        state.options.observer.clone(),
        Observed {
            request_id: request_id.to_owned(),
            operation: route.as_ref().and_then(Route::operation).unwrap_or(path).to_owned(),
            model_id: route.as_ref().and_then(Route::model_id).unwrap_or_default().to_owned(),
            caller: None,
            headers: head.headers.clone(),
            body: Bytes::new(),
            outcome: Outcome::Held,
        },
    );
    let body = match Limited::new(incoming, MAX_BODY_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Ok(answer::failed(&Kind::RequestTooLarge.error(), watch));
        }
        // The client left while it sent; nobody reads this answer.
        Err(_) => return Ok(answer::unread()),
    };
    watch.received(body.clone());
    let Some(route) = route else {
        return Ok(answer::unknown_operation(watch));
    };
    let signed = with_host(&head);
    let signed = sigv4::Request {
        method: head.method.as_str(),
        path,
        query: head.uri.query().unwrap_or_default(),
        headers: signed.as_ref().unwrap_or(&head.headers),
        body: &body,
    };
    match route {
        Route::Model { mode, model_id } => {
            let admitted = Gate::of(state, Service::Bedrock).admit(signed).and_then(|caller| {
                watch.known(&caller);
                let model = admission::model(&caller, &model_id, mode)?;
                Ok(Call { caller, model, mode, body: body.clone() })
            });
            match admitted {
                Ok(call) => answer::to(state, call, watch).await,
                Err(error) => Ok(answer::failed(&error, watch)),
            }
        }
        Route::Profile { identifier } => Ok(profiles::to(state, signed, &identifier, watch)),
        Route::Sts => Ok(sts::to(state, signed, request_id, watch).await),
        Route::Kms { operation } => Ok(kms::to(state, signed, &operation, watch).await),
    }
}

/// HTTP/2 puts the host elsewhere, but it is signed as if it were a header.
fn with_host(head: &http::request::Parts) -> Option<HeaderMap> {
    if head.headers.contains_key(http::header::HOST) {
        return None;
    }
    let mut headers = head.headers.clone();
    headers.insert(http::header::HOST, head.uri.authority()?.as_str().parse().ok()?);
    Some(headers)
}

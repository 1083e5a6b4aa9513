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
use super::auth::{Caller, Gate};
use super::delivery::Body;
use super::errors::{Kind, ServiceError};
use super::families;
use super::line::{Line, ResetSwitch};
use super::model_id::ModelId;
use super::observe::{Observed, Outcome, Watch};
use super::rules::Mode;
use super::sigv4;
use super::state::State;

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
    if head.method == Method::GET
        && let Some(response) = answer::about(path)
    {
        return Ok(response);
    }
    let route = Route::of(&head.method, path);
    let mut watch = Watch::new(
        state.options.observer.clone(),
        Observed {
            request_id: request_id.to_owned(),
            operation: route.as_ref().map_or(path, |route| route.operation()).to_owned(),
            model_id: route.as_ref().map(|route| route.model_id.clone()).unwrap_or_default(),
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
    let admitted = admit(state, &head, signed.as_ref().unwrap_or(&head.headers), &body, &route);
    match admitted {
        Ok((caller, model)) => {
            let call = Call { caller, model, mode: route.mode, body };
            answer::to(state, call, watch).await
        }
        Err(error) => Ok(answer::failed(&error, watch)),
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

/// Who is calling which model, or why that cannot be.
fn admit(
    state: &State,
    head: &http::request::Parts,
    headers: &HeaderMap,
    body: &Bytes,
    route: &Route,
) -> Result<(Caller, ModelId), ServiceError> {
    let options = &state.options;
    let gate = Gate {
        identity: &options.identity,
        region: options.region.as_deref(),
        now: (options.clock)(),
    };
    let caller = gate.admit(sigv4::Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers,
        body,
    })?;
    let invalid = || ServiceError::validation("The provided model identifier is invalid.");
    let model = ModelId::parse(&route.model_id).ok_or_else(invalid)?;
    // An ARN of another region is no model of this one.
    if let (Some(of_model), Some(of_caller)) = (&model.region, &caller.region)
        && of_model != of_caller
    {
        return Err(invalid());
    }
    if caller.denied {
        return Err(not_authorized(&options.identity.account_id, &caller, &model, route.mode));
    }
    // GovCloud has other rules, which nobody wrote down.
    let is_gov = caller.region.as_deref().is_some_and(|region| region.starts_with("us-gov"));
    if model.is_bare && !is_gov && !families::of(&model.name).on_demand {
        return Err(ServiceError::validation(format!(
            "Invocation of model ID {} with on-demand throughput isn\u{2019}t supported. Retry your request with the ID or ARN of an inference profile that contains this model.",
            model.text
        )));
    }
    Ok((caller, model))
}

/// IAM's refusal: it names account, action and resource, none of which is for the
/// eyes of a gateway's clients.
fn not_authorized(account: &str, caller: &Caller, model: &ModelId, mode: Mode) -> ServiceError {
    let action = match mode {
        Mode::Whole => "bedrock:InvokeModel",
        Mode::Stream => "bedrock:InvokeModelWithResponseStream",
    };
    let region = caller.region.as_deref().unwrap_or_default();
    let resource = match &model.region {
        Some(_) => model.text.clone(),
        None => format!("arn:aws:bedrock:{region}::foundation-model/{}", model.text),
    };
    ServiceError::new(
        Kind::AccessDenied,
        format!(
            "User: arn:aws:iam::{account}:user/denied is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
        ),
    )
}

/// An operation of the runtime API, and the model it is for.
struct Route {
    mode: Mode,
    model_id: String,
}

impl Route {
    /// `POST /model/{id}/converse` and `POST /model/{id}/converse-stream`, the id
    /// in one percent-encoded segment.
    fn of(method: &Method, path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/model/")?;
        let (id, operation) = rest.split_once('/')?;
        let mode = match operation {
            "converse" => Mode::Whole,
            "converse-stream" => Mode::Stream,
            _ => return None,
        };
        if method != Method::POST || id.is_empty() {
            return None;
        }
        let model_id = percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned();
        Some(Self { mode, model_id })
    }

    fn operation(&self) -> &'static str {
        match self.mode {
            Mode::Whole => "converse",
            Mode::Stream => "converse-stream",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_operations_are_known() {
        let of = |method: &str, path| {
            Route::of(&method.parse().unwrap(), path).map(|route| (route.mode, route.model_id))
        };
        assert_eq!(of("POST", "/model/a.b%3A0/converse"), Some((Mode::Whole, "a.b:0".to_owned())));
        assert_eq!(
            of("POST", "/model/a.b:0/converse-stream"),
            Some((Mode::Stream, "a.b:0".to_owned()))
        );
        assert_eq!(of("POST", "/model/a%253A/converse"), Some((Mode::Whole, "a%3A".to_owned())));
        for (method, path) in [
            ("GET", "/model/a.b/converse"),
            ("POST", "/model/a.b/invoke"),
            ("POST", "/model/a/b/converse"),
            ("POST", "/model//converse"),
            ("POST", "/models"),
        ] {
            assert_eq!(of(method, path), None, "{method} {path}");
        }
    }
}

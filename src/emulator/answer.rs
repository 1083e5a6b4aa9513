//! Answers a call that was admitted: validation, fault, reply, body.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::auth::Caller;
use super::body;
use super::delivery::{self, Body, Step};
use super::errors::{Kind, ServiceError};
use super::faults::{self, Answer, Break, Fault};
use super::model_id::ModelId;
use super::observe::{Outcome, Watch};
use super::reply::{self, Question, Reply};
use super::rules::{self, Mode, Subject};
use super::state::State;
use super::{families, shapes, stream, validate};

const JSON: &str = "application/json";
const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";
/// What the service answers, with status 200, when it does not know an operation.
const UNKNOWN_OPERATION: &str =
    r#"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}"#;
const ABOUT: &str =
    r#"{"name":"bedrock-gateway emulator","services":["bedrock-runtime","bedrock","sts","kms"]}"#;
/// What becomes of a call that a model cannot put into words.
const BROKEN_CALL: &str = "Model produced invalid sequence as part of ToolUse. Please refer to the model tool use troubleshooting guide.";
const HTML: &str = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n";

/// A call of somebody known to a model that exists.
pub(super) struct Call {
    pub(super) caller: Caller,
    pub(super) model: ModelId,
    pub(super) mode: Mode,
    pub(super) body: Bytes,
}

/// The connection is to be reset in place of an answer.
#[derive(Debug, Error)]
#[error("reset on purpose")]
pub(super) struct Reset;

/// The answer to a call.
pub(super) async fn to(
    state: &State,
    call: Call,
    mut watch: Watch,
) -> Result<Response<Body>, Reset> {
    let prepared = match prepare(state, &call) {
        Ok(prepared) => prepared,
        Err(error) => return Ok(failed(&error, watch)),
    };
    if let Fault::ResetFirst(limit) = prepared.fault
        && state.is_among_first(&call.model.text, &call.caller.name, limit)
    {
        watch.finish(Outcome::Cut { frames_sent: 0 });
        return Err(Reset);
    }
    Ok(deliver(state, &call, prepared, watch).await)
}

/// The pages for people: `/` and `/health`.
pub(super) fn about(path: &str) -> Option<Response<Body>> {
    match path {
        "/" => Some(response(200, JSON, delivery::full(ABOUT))),
        "/health" => Some(response(200, JSON, delivery::full(r#"{"status":"ok"}"#))),
        _ => None,
    }
}

/// An error as an HTTP answer.
pub(super) fn failed(error: &ServiceError, mut watch: Watch) -> Response<Body> {
    let status = error.kind.status();
    watch.finish(Outcome::Answered { status });
    let mut response = response(status, JSON, delivery::full(error.body()));
    if let Ok(value) = HeaderValue::from_str(&error.type_header()) {
        response.headers_mut().insert("x-amzn-errortype", value);
    }
    response
}

/// An answer for the form's sake, to a client that is gone.
pub(super) fn unread() -> Response<Body> {
    response(400, JSON, delivery::full(Bytes::new()))
}

/// The service's answer to a path it does not know.
pub(super) fn unknown_operation(watch: Watch) -> Response<Body> {
    plain(200, JSON, UNKNOWN_OPERATION, watch)
}

/// A valid request and what is to happen to it.
struct Prepared {
    request: Value,
    fault: Fault,
}

fn prepare(state: &State, call: &Call) -> Result<Prepared, ServiceError> {
    let fault = faults::of(&call.model.name).map_err(|_| {
        ServiceError::new(Kind::ResourceNotFound, "The emulator has no such fault model.")
    })?;
    let request: Value = serde_json::from_slice(&call.body).map_err(|error| {
        ServiceError::new(Kind::Serialization, format!("Could not parse request body: {error}"))
    })?;
    validate::check(&request, &shapes::CONVERSE)?;
    rules::check(Subject {
        body: body::Body(&request),
        family: families::of(&call.model.name),
        mode: call.mode,
        is_prompt: call.model.is_prompt(),
    })?;
    if let Fault::Throttle(limit) = &fault {
        let is_throttled = limit
            .is_none_or(|limit| state.is_among_first(&call.model.text, &call.caller.name, limit));
        if is_throttled {
            return Err(Kind::Throttling.error());
        }
    }
    Ok(Prepared { request, fault })
}

async fn deliver(state: &State, call: &Call, prepared: Prepared, watch: Watch) -> Response<Body> {
    let Prepared { request, fault } = prepared;
    match (&fault, call.mode) {
        (Fault::Answer(answer), _) => return refused(*answer, watch),
        (Fault::Hang, _) => {
            watch.note(Outcome::Held);
            std::future::pending::<()>().await;
        }
        (Fault::SlowFirst(time), _) | (Fault::SlowEach(time), Mode::Whole) => {
            tokio::time::sleep(*time).await
        }
        (Fault::After(_, Break::Exception(kind)), Mode::Whole) => {
            return failed(&kind.error(), watch);
        }
        (Fault::After(_, Break::Error), Mode::Whole) => {
            return failed(&Kind::InternalServer.error(), watch);
        }
        _ => {}
    }
    let reply = reply_to(state, call, &request, &fault);
    if reply.has_broken_call(families::of(&call.model.name)) {
        return broken_call(&reply, call.mode, watch);
    }
    match call.mode {
        Mode::Whole => whole(&reply, &fault, watch),
        Mode::Stream => {
            let steps = delivery::stream_steps(stream::events(&reply), &fault);
            response(200, EVENT_STREAM, delivery::stepwise(steps, watch))
        }
    }
}

fn reply_to(state: &State, call: &Call, request: &Value, fault: &Fault) -> Reply {
    let request = body::Body(request);
    let seed: String =
        Sha256::digest(&call.body).iter().map(|byte| format!("{byte:02x}")).collect();
    let cache = state.cache_use(request, &call.model.name);
    let question = Question {
        body: request,
        family: families::of(&call.model.name),
        mode: call.mode,
        seed: &seed,
    };
    let mut reply = reply::compose(question, cache);
    if let Some(model) = call.model.routed_model() {
        reply.trace.insert("promptRouter".to_owned(), json!({"invokedModelId": model}));
    }
    match fault {
        Fault::Stop(reason) => reason.clone_into(&mut reply.stop_reason),
        Fault::Huge(bytes) => reply.become_huge(*bytes, request),
        Fault::ToolNoInput => reply.become_bare_call(question),
        Fault::After(deltas, _) | Fault::SilentAfter(deltas, _) => {
            let events = stream::events(&reply);
            let present = events.iter().filter(|event| event.name == stream::DELTA).count();
            reply.stretch(
                deltas.saturating_sub(present).saturating_mul(stream::WORDS_PER_DELTA),
                request,
            );
        }
        _ => {}
    }
    reply
}

/// The model stumbles over the name of a tool while it says it.
fn broken_call(reply: &Reply, mode: Mode, watch: Watch) -> Response<Body> {
    match mode {
        Mode::Whole => failed(&ServiceError::new(Kind::ModelError, BROKEN_CALL), watch),
        Mode::Stream => {
            let error = ServiceError::new(Kind::ModelStreamError, BROKEN_CALL);
            let steps = delivery::broken_off(stream::events(reply), &error);
            response(200, EVENT_STREAM, delivery::stepwise(steps, watch))
        }
    }
}

fn whole(reply: &Reply, fault: &Fault, mut watch: Watch) -> Response<Body> {
    let bytes = Bytes::from(stream::whole(reply).to_string());
    let length = bytes.len();
    let steps = delivery::whole_steps(bytes, fault);
    if let [Step::Write(bytes)] = steps.as_slice() {
        watch.finish(Outcome::Answered { status: 200 });
        return response(200, JSON, delivery::full(bytes.clone()));
    }
    let mut response = response(200, JSON, delivery::stepwise(steps, watch));
    response.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
    response
}

fn refused(answer: Answer, watch: Watch) -> Response<Body> {
    match answer {
        Answer::Error(kind) => failed(&kind.error(), watch),
        Answer::UnknownOperation => unknown_operation(watch),
        Answer::Html => plain(502, "text/html", HTML, watch),
        Answer::Empty => {
            let mut response = plain(503, JSON, "", watch);
            response.headers_mut().remove(http::header::CONTENT_TYPE);
            response
        }
    }
}

/// An answer that is there at once.
pub(super) fn plain(
    status: u16,
    content_type: &'static str,
    text: impl Into<Bytes>,
    mut watch: Watch,
) -> Response<Body> {
    watch.finish(Outcome::Answered { status });
    response(status, content_type, delivery::full(text))
}

fn response(status: u16, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

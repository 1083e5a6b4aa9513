//! `POST /v1/chat/completions`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::api::error::{ApiError, UPSTREAM_REQUEST_ID};
use crate::api::middleware::OPTION_INDEX;
use crate::api::sse::{Deadline, SseBody, note_usage};
use crate::api::{AppState, body, context};
use crate::openai::chat::{self, StreamOptions};
use crate::routing::dispatch::Dispatcher;
use crate::routing::{self, Authority, Directives, Plan};
use crate::telemetry::AccessRecord;
use crate::translate;
use crate::translate::chat::{ChatStream, RequestContext, ResponseContext};
use crate::upstream::bedrock::encode;

/// Answers a chat request, whole or as a stream.
pub(in crate::api) async fn chat_completions(
    State(state): State<AppState>,
    Extension(record): Extension<AccessRecord>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let (directives, authority) = match admit(&state, &head.headers, &body) {
        Ok(admitted) => admitted,
        Err(error) => {
            body::discard(&head.headers, body).await;
            return error.noted(&record).into_response();
        }
    };
    let option_index = HeaderValue::from_str(directives.option_index());
    let answer = async {
        let body = body::read(&head.headers, body, state.max_body_bytes).await?;
        let call = Call::prepare(&state, &record, &directives, authority, &body)?;
        drop(body);
        let strict = call.context.strict;
        call.answer().await.map_err(|error| error.of_provider(strict))
    };
    let mut response = match answer.await {
        Ok(response) => response,
        Err(error) => error.noted(&record).into_response(),
    };
    if let Ok(option_index) = option_index {
        response.headers_mut().insert(OPTION_INDEX, option_index);
    }
    response
}

/// What can be known before the body is read: nobody's body is read who would be
/// turned away.
fn admit(
    state: &AppState,
    headers: &HeaderMap,
    body: &Body,
) -> Result<(Directives, Authority), ApiError> {
    body::check(headers, body, state.max_body_bytes)?;
    let directives = context::directives(headers)?;
    let authority = routing::authority(&directives, &state.routing)?;
    Ok((directives, authority))
}

/// One call of a model. It holds the request as it is sent and nothing that it
/// was made of, since a model may take minutes.
struct Call<'a> {
    dispatcher: &'a Arc<Dispatcher>,
    record: &'a AccessRecord,
    timeout: Option<Duration>,
    keep_alive: Option<Duration>,
    context: ResponseContext,
    plan: Plan,
    request: Bytes,
    /// `None` for a whole answer.
    stream: Option<StreamOptions>,
}

impl<'a> Call<'a> {
    fn prepare(
        state: &'a AppState,
        record: &'a AccessRecord,
        directives: &Directives,
        authority: Authority,
        body: &[u8],
    ) -> Result<Self, ApiError> {
        let override_params =
            directives.config.as_ref().and_then(|config| config.override_params.as_ref());
        let mut request: chat::Request = body::parse(body, override_params)?;
        state.limits.check(&request)?;
        let model = request.model.take().unwrap_or_default();
        let stream = request.stream.unwrap_or(false);
        let plan = routing::plan(directives, authority, Some(&model), &state.routing)?;
        record.target(&model, plan.model_id.as_str(), plan.region.as_str(), stream);
        let beta = directives.beta_flags();
        let converse =
            translate::chat::request(&request, &RequestContext { anthropic_beta: &beta, stream })?;
        Ok(Self {
            dispatcher: &state.dispatcher,
            record,
            timeout: directives.timeout(),
            keep_alive: state.sse_keep_alive,
            context: response_context(model, directives),
            plan,
            request: encode(&converse)?,
            stream: stream.then(|| request.stream_options.clone().unwrap_or_default()),
        })
    }

    async fn answer(self) -> Result<Response, ApiError> {
        let Self { dispatcher, record, timeout, keep_alive, context, plan, request, stream } = self;
        let now = SystemTime::now();
        let Some(options) = stream else {
            let answer = within(timeout, dispatcher.converse(plan, request, now)).await??;
            record.upstream_request_id(answer.request_id.as_deref());
            note_usage(record, answer.body.usage);
            let completion = translate::chat::response(answer.body, context)?;
            let response = Json(completion).into_response();
            return Ok(with_request_id(response, answer.request_id.as_deref()));
        };
        let strict = context.strict;
        // It begins with the call, and goes on while the stream is read.
        let deadline = timeout.map(|timeout| Deadline { timeout, left: Box::pin(sleep(timeout)) });
        let events = dispatcher.converse_stream(plan, request, now);
        let stream = ChatStream::new(context, options.include_usage.unwrap_or(false));
        let mut body = SseBody::new(events, stream, deadline, keep_alive, strict, record.clone());
        body.begin().await?;
        let request_id = body.request_id().map(str::to_owned);
        Ok(with_request_id(body.into_response(), request_id.as_deref()))
    }
}

fn response_context(model: String, directives: &Directives) -> ResponseContext {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    ResponseContext {
        id: format!("chatcmpl-{}", Uuid::new_v4().simple()),
        created: since_1970.as_secs(),
        model,
        strict: directives.is_strict(),
    }
}

async fn within<T>(limit: Option<Duration>, call: impl Future<Output = T>) -> Result<T, ApiError> {
    match limit {
        None => Ok(call.await),
        Some(limit) => timeout(limit, call).await.map_err(|_| ApiError::request_timeout(limit)),
    }
}

fn with_request_id(mut response: Response, id: Option<&str>) -> Response {
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(id).ok()) {
        response.headers_mut().insert(UPSTREAM_REQUEST_ID, id);
    }
    response
}

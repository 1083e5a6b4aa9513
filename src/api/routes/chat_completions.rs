//! `POST /v1/chat/completions`.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::api::error::{ApiError, UPSTREAM_REQUEST_ID};
use crate::api::middleware::OPTION_INDEX;
use crate::api::sse::{Deadline, SseBody, note_usage};
use crate::api::{AppState, body, context};
use crate::bedrock::request::ConverseRequest;
use crate::openai::chat;
use crate::routing::{self, Directives, Plan};
use crate::telemetry::AccessRecord;
use crate::translate;
use crate::translate::chat::{ChatStream, RequestContext, ResponseContext};

/// Answers a chat request, whole or as a stream.
pub(in crate::api) async fn chat_completions(
    State(state): State<AppState>,
    Extension(record): Extension<AccessRecord>,
    request: Request,
) -> Result<Response, ApiError> {
    let answer = answer(&state, &record, request).await;
    answer.map_err(|error| error.noted(&record))
}

async fn answer(
    state: &AppState,
    record: &AccessRecord,
    request: Request,
) -> Result<Response, ApiError> {
    let (head, request_body) = request.into_parts();
    let directives = context::directives(&head.headers)?;
    let request_body = body::read(&head.headers, request_body, state.max_body_bytes).await?;
    let override_params =
        directives.config.as_ref().and_then(|config| config.override_params.as_ref());
    let request: chat::Request = body::parse(&request_body, override_params)?;
    let model = request.model.clone().unwrap_or_default();
    let stream = request.stream.unwrap_or(false);
    let plan = routing::plan(&directives, Some(&model), &state.routing)?;
    record.target(&model, plan.model_id.as_str(), plan.region.as_str(), stream);

    let beta = directives.beta_flags();
    let converse =
        translate::chat::request(&request, &RequestContext { anthropic_beta: &beta, stream })?;
    let context = response_context(model, &directives);
    let call = Call { state, record, timeout: directives.timeout(), context };
    let strict = call.context.strict;
    let answer = if stream {
        let include_usage =
            request.stream_options.as_ref().and_then(|options| options.include_usage);
        call.streamed(plan, &converse, include_usage.unwrap_or(false)).await
    } else {
        call.whole(plan, &converse).await
    };
    let mut response = answer.map_err(|error| error.of_provider(strict))?;
    if let Ok(index) = HeaderValue::from_str(directives.option_index()) {
        response.headers_mut().insert(OPTION_INDEX, index);
    }
    Ok(response)
}

/// One call of a model, and what its answer depends on.
struct Call<'a> {
    state: &'a AppState,
    record: &'a AccessRecord,
    timeout: Option<Duration>,
    context: ResponseContext,
}

impl Call<'_> {
    async fn whole(self, plan: Plan, request: &ConverseRequest<'_>) -> Result<Response, ApiError> {
        let Self { state, record, timeout, context } = self;
        let call = state.dispatcher.converse(plan, request, SystemTime::now());
        let answer = within(timeout, call).await??;
        record.upstream_request_id(answer.request_id.as_deref());
        note_usage(record, answer.body.usage);
        let completion = translate::chat::response(answer.body, context)?;
        let response = Json(completion).into_response();
        Ok(with_request_id(response, answer.request_id.as_deref()))
    }

    async fn streamed(
        self,
        plan: Plan,
        request: &ConverseRequest<'_>,
        include_usage: bool,
    ) -> Result<Response, ApiError> {
        let Self { state, record, timeout, context } = self;
        let strict = context.strict;
        // It began with the call, and goes on while the stream is read.
        let deadline = timeout.map(|timeout| Deadline { timeout, left: Box::pin(sleep(timeout)) });
        let call = state.dispatcher.converse_stream(plan, request, SystemTime::now());
        let open = within(timeout, call).await??;
        let request_id = open.events.request_id().map(str::to_owned);
        record.upstream_request_id(request_id.as_deref());
        let stream = ChatStream::new(context, include_usage);
        let body = SseBody::new(open, stream, deadline, strict, record.clone());
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

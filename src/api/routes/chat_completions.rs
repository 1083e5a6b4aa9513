//! `POST /v1/chat/completions`.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::api::error::ApiError;
use crate::api::middleware::OPTION_INDEX;
use crate::api::sse::{Deadline, SseBody};
use crate::api::{AppState, body, context};
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

    let call = Call {
        state,
        record,
        directives: &directives,
        context: response_context(model, &directives),
    };
    let answer =
        if stream { call.streamed(&request, plan).await } else { call.whole(&request, plan).await };
    let mut response = answer?;
    if let Ok(index) = HeaderValue::from_str(directives.option_index()) {
        response.headers_mut().insert(OPTION_INDEX, index);
    }
    Ok(response)
}

/// One call of a model, and what its answer depends on.
struct Call<'a> {
    state: &'a AppState,
    record: &'a AccessRecord,
    directives: &'a Directives,
    context: ResponseContext,
}

impl Call<'_> {
    async fn whole(self, request: &chat::Request, plan: Plan) -> Result<Response, ApiError> {
        let Self { state, record, directives, context } = self;
        let strict = context.strict;
        let beta = directives.beta_flags();
        let converse = translate::chat::request(
            request,
            &RequestContext { anthropic_beta: &beta, stream: false },
        )?;
        let call = state.dispatcher.converse(plan, &converse, SystemTime::now());
        let answer = within(directives.timeout(), call).await?;
        let answer = answer.map_err(|error| ApiError::from(error).of_provider(strict))?;
        if let Some(usage) = answer.body.usage {
            let cached =
                usage.cache_read_input_tokens.saturating_add(usage.cache_write_input_tokens);
            record.tokens(usage.input_tokens.saturating_add(cached), usage.output_tokens);
        }
        let completion = translate::chat::response(answer.body, context)
            .map_err(|fault| ApiError::from(fault).of_provider(strict))?;
        Ok(with_request_id(Json(completion).into_response(), answer.request_id.as_deref(), record))
    }

    async fn streamed(self, request: &chat::Request, plan: Plan) -> Result<Response, ApiError> {
        let Self { state, record, directives, context } = self;
        let strict = context.strict;
        let beta = directives.beta_flags();
        let converse = translate::chat::request(
            request,
            &RequestContext { anthropic_beta: &beta, stream: true },
        )?;
        let deadline = directives
            .timeout()
            .map(|timeout| Deadline { timeout, left: Box::pin(sleep(timeout)) });
        let call = state.dispatcher.converse_stream(plan, &converse, SystemTime::now());
        let open = within(directives.timeout(), call).await?;
        let open = open.map_err(|error| ApiError::from(error).of_provider(strict))?;
        let request_id = open.events.request_id().map(str::to_owned);
        let include_usage = request
            .stream_options
            .as_ref()
            .and_then(|options| options.include_usage)
            .unwrap_or(false);
        let stream = ChatStream::new(context, include_usage);
        let body = SseBody::new(open, stream, deadline, strict, record.clone());
        Ok(with_request_id(body.into_response(), request_id.as_deref(), record))
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

fn with_request_id(mut response: Response, id: Option<&str>, record: &AccessRecord) -> Response {
    const NAME: HeaderName = HeaderName::from_static("x-amzn-requestid");
    record.upstream_request_id(id);
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(id).ok()) {
        response.headers_mut().insert(NAME, id);
    }
    response
}

//! `POST /v1/chat/completions`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::HeaderValue;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::api::auth::{self, Identified};
use crate::api::error::{ApiError, UPSTREAM_REQUEST_ID};
use crate::api::middleware::{IGNORED_PARAMS, OPTION_INDEX};
use crate::api::serve::Exchange;
use crate::api::sse::{Deadline, SseBody, note_usage};
use crate::api::{AppState, body, context};
use crate::aws::arn;
use crate::limits::{NoRoom, Reservation};
use crate::openai::chat::{self, StreamOptions};
use crate::routing::dispatch::{Delivery, Dispatcher};
use crate::routing::{self, Authority, Directives, Plan};
use crate::telemetry::AccessRecord;
use crate::translate;
use crate::translate::chat::{
    Answering, ChatStream, RemoteFile, RemoteFiles, RequestContext, ResponseContext,
};
use crate::upstream::bedrock::encode;
use crate::upstream::media::{FetchedMedia, MediaError};
use crate::vault::FRESH_FOR;

/// Answers a chat request, whole or as a stream.
pub(in crate::api) async fn chat_completions(
    State(state): State<AppState>,
    Extension(record): Extension<AccessRecord>,
    request: Request,
) -> Response {
    let (mut head, body) = request.into_parts();
    head.headers = context::with_dashes(head.headers);
    let admitted = match body::check(&head.headers, &body, state.max_body_bytes) {
        Ok(()) => admit(&state, &record, &head).await,
        Err(error) => Err(error),
    };
    let admitted = match admitted {
        Ok(admitted) => admitted,
        Err(error) => {
            body::discard(&head.headers, body).await;
            return error.noted(&record).into_response();
        }
    };
    let option_index = HeaderValue::from_str(admitted.directives.option_index());
    let mut ignored = None;
    let answer = async {
        let begun = Instant::now();
        let mut reservation = state.buffered.reservation(admitted.identified.class());
        let body = body::read(&head.headers, body, state.max_body_bytes, &mut reservation).await?;
        // Whoever took long to say what they want may have been turned away meanwhile.
        let admitted = match begun.elapsed() < FRESH_FOR {
            true => admitted,
            false => admit(&state, &record, &head).await?,
        };
        let limit = admitted.directives.timeout();
        let begun = Instant::now();
        let call = Call::prepare(&state, &record, &head, admitted, body, reservation);
        let call = within(limit, Duration::ZERO, call).await??;
        let call = call.after(begun.elapsed());
        ignored = ignored_params(&call.ignored);
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
    if let Some(ignored) = ignored {
        response.headers_mut().insert(IGNORED_PARAMS, ignored);
    }
    response
}

/// Places of the request as a header. They may hold a client's own names, of
/// which a header takes visible characters only.
fn ignored_params(places: &[String]) -> Option<HeaderValue> {
    let legal = |c: char| if c.is_ascii_graphic() && c != ',' { c } else { '_' };
    let place = |place: &String| place.chars().take(MAX_IGNORED_PLACE).map(legal).collect();
    let places: Vec<String> = places.iter().map(place).collect();
    (!places.is_empty()).then(|| HeaderValue::from_str(&places.join(", ")).ok()).flatten()
}

/// How much of a place is told: proxies limit the length of headers.
const MAX_IGNORED_PLACE: usize = 120;

/// What is known before the body is read.
struct Admitted {
    identified: Identified,
    directives: Directives,
    authority: Authority,
}

/// Nobody's body is read who would be turned away.
async fn admit(
    state: &AppState,
    record: &AccessRecord,
    head: &Parts,
) -> Result<Admitted, ApiError> {
    let identified = auth::identify(state, record, head).await?;
    identified.may_infer(state, record, head).await?;
    let directives = identified.directives(&head.headers)?;
    match routing::authority(&directives, &identified.lending(&state.routing.lent)) {
        Ok(authority) => Ok(Admitted { identified, directives, authority }),
        Err(error) => Err(identified.refused(state, record, head, error).await),
    }
}

/// One call of a model. It holds the request as it is sent and nothing that it
/// was made of, since a model may take minutes.
struct Call<'a> {
    dispatcher: &'a Arc<Dispatcher>,
    record: &'a AccessRecord,
    timeout: Option<Duration>,
    /// How much of it is gone.
    elapsed: Duration,
    keep_alive: Option<Duration>,
    exchange: Option<Exchange>,
    context: ResponseContext,
    plan: Plan,
    /// Reserved for as long as it may have to be sent once more.
    request: Bytes,
    /// Places of the request that had no effect.
    ignored: Vec<String>,
    /// `None` for a whole answer.
    stream: Option<(StreamOptions, Delivery)>,
}

impl<'a> Call<'a> {
    async fn prepare(
        state: &'a AppState,
        record: &'a AccessRecord,
        head: &Parts,
        admitted: Admitted,
        body: Bytes,
        mut reservation: Reservation,
    ) -> Result<Self, ApiError> {
        let Admitted { identified, mut directives, authority } = admitted;
        let override_params =
            directives.config.as_ref().and_then(|config| config.override_params.as_ref());
        let body_bytes = body.len();
        let parse = || body::parse(&body, override_params, &chat::VOCABULARY, &state.limits);
        let mut request: chat::Request = state.heavy.run(body_bytes, parse).await?;
        drop(body);
        let override_metadata = override_params.map(override_metadata).unwrap_or_default();
        let is_beta_overridden =
            override_params.is_some_and(|over| chat::VOCABULARY.is_set(over, "anthropic_beta"));
        if is_beta_overridden {
            // The header is one more spelling of the member.
            directives.anthropic_beta.clear();
        }
        let model = request.model.take().unwrap_or_default();
        let stream = request.stream.unwrap_or(false);
        let (slug, named) = routing::slug_of_model(&model)?;
        let lent = &state.routing.lent;
        let lending = identified.lending(lent);
        let authority = match authority.with_model(slug, directives.config.as_ref(), &lending) {
            Ok(authority) => authority,
            Err(error) => return Err(identified.refused(state, record, head, error).await),
        };
        let vault = state.access.vault().map(|vault| &**vault);
        let grant = authority.open(vault, lent).await?;
        if let Some(key) = &grant.virtual_key {
            record.virtual_key(&key.row().slug);
        }
        let caller = identified.caller.name();
        let mut plan = routing::plan(&directives, grant, caller, Some(named), &state.routing)?;
        record.target(&model, plan.model_id.as_str(), plan.region.as_str(), stream);
        state.dispatcher.resolve(&mut plan, SystemTime::now()).await?;
        let files = fetch(state, &request, &mut reservation).await?;
        let beta = directives.beta_flags();
        let context = RequestContext {
            profile: plan.profile,
            is_prompt: arn::is_prompt(plan.model_id.as_str()),
            stream,
            anthropic_beta: &beta,
            metadata: &directives.metadata,
            pinned_metadata: &directives.pinned_metadata,
            override_metadata: &override_metadata,
            files: &files,
            unsupported: state.unsupported_params,
        };
        let translate = || -> Result<_, ApiError> {
            let translation = translate::chat::request(&request, &context)?;
            let encoded = encode(&translation.request, body_bytes)?;
            let whole_only = translation.whole_only;
            let delivery = if whole_only { Delivery::Whole } else { Delivery::Streamed };
            Ok((encoded, delivery, translation.answering, translation.ignored))
        };
        let (encoded, delivery, answering, ignored) =
            state.heavy.run(body_bytes, translate).await?;
        let options = request.stream_options.take().unwrap_or_default();
        drop((request, files));
        Ok(Self {
            dispatcher: &state.dispatcher,
            record,
            timeout: directives.timeout(),
            elapsed: Duration::ZERO,
            keep_alive: state.sse_keep_alive,
            exchange: head.extensions.get().cloned(),
            context: response_context(model, &directives, answering),
            plan,
            request: reservation.for_bytes(encoded),
            ignored,
            stream: stream.then_some((options, delivery)),
        })
    }

    /// The same when so much of its time is gone.
    fn after(self, elapsed: Duration) -> Self {
        Self { elapsed, ..self }
    }

    async fn answer(self) -> Result<Response, ApiError> {
        let Self { dispatcher, record, timeout, elapsed, keep_alive, context, plan, .. } = self;
        let request = self.request;
        let now = SystemTime::now();
        let Some((options, delivery)) = self.stream else {
            let answer =
                within(timeout, elapsed, dispatcher.converse(plan, request, now)).await??;
            record.upstream_request_id(answer.request_id.as_deref());
            note_usage(record, answer.body.usage.as_ref());
            let completion = translate::chat::response(answer.body, context)?;
            let response = Json(completion).into_response();
            return Ok(with_request_id(response, answer.request_id.as_deref()));
        };
        let strict = context.strict;
        // It goes on while the stream is read.
        let left = |timeout: Duration| Box::pin(sleep(timeout.saturating_sub(elapsed)));
        let deadline = timeout.map(|timeout| Deadline { timeout, left: left(timeout) });
        let events = dispatcher.converse_stream(plan, request, delivery, now);
        let stream = ChatStream::new(context, options.include_usage.unwrap_or(false));
        let (record, exchange) = (record.clone(), self.exchange);
        let mut body = SseBody::new(events, stream, deadline, keep_alive, strict, record, exchange);
        body.begin().await?;
        let request_id = body.request_id().map(str::to_owned);
        Ok(with_request_id(body.into_response(), request_id.as_deref()))
    }
}

/// The metadata that a config sets. They are a source of their own, since Bedrock's
/// characters can make a caller's other name the same as one of theirs.
fn override_metadata(over: &Map<String, Value>) -> BTreeMap<String, Box<RawValue>> {
    let members = ["metadata", "requestMetadata"];
    let members = members.into_iter().filter_map(|name| chat::VOCABULARY.value(over, name));
    let pairs = members.filter_map(Value::as_object).flatten();
    pairs.filter_map(|(name, value)| Some((name.clone(), to_raw_value(value).ok()?))).collect()
}

/// Gets what the request only points at. What is fetched is reserved for as it comes: as
/// it is, in base64, and once more in what is sent.
async fn fetch(
    state: &AppState,
    request: &chat::Request,
    reservation: &mut Reservation,
) -> Result<RemoteFiles, ApiError> {
    const BYTES_PER_FETCHED_BYTE: usize = 4;
    let found = translate::chat::remote_urls(request);
    if found.is_empty() {
        return Ok(RemoteFiles::default());
    }
    let urls: Vec<&str> = found.iter().map(|(_, url)| *url).collect();
    let reservation = Mutex::new(reservation);
    let reserve = |bytes: usize| {
        let mut reservation = reservation.lock().unwrap_or_else(PoisonError::into_inner);
        reservation.grow(bytes.saturating_mul(BYTES_PER_FETCHED_BYTE)).is_ok()
    };
    let fetched = state.media.fetch_all(&urls, &reserve).await.map_err(|failed| {
        if matches!(failed.error, MediaError::NoMemory) {
            return NoRoom::Now.into();
        }
        let place = found.get(failed.index).map_or("messages", |(place, _)| place);
        ApiError::of_media(place, &failed.error)
    })?;
    let file = |(url, media): (&str, FetchedMedia)| {
        (url.to_owned(), RemoteFile::new(media.media_type, &media.bytes))
    };
    Ok(urls.into_iter().zip(fetched).map(file).collect())
}

fn response_context(
    model: String,
    directives: &Directives,
    answering: Answering,
) -> ResponseContext {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    ResponseContext {
        id: format!("chatcmpl-{}", Uuid::new_v4().simple()),
        created: since_1970.as_secs(),
        model,
        strict: directives.is_strict(),
        answering,
    }
}

/// Waits for a call within what is left of a limit, of which `elapsed` is gone.
async fn within<T>(
    limit: Option<Duration>,
    elapsed: Duration,
    call: impl Future<Output = T>,
) -> Result<T, ApiError> {
    match limit {
        None => Ok(call.await),
        Some(limit) => timeout(limit.saturating_sub(elapsed), call)
            .await
            .map_err(|_| ApiError::request_timeout(limit)),
    }
}

fn with_request_id(mut response: Response, id: Option<&str>) -> Response {
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(id).ok()) {
        response.headers_mut().insert(UPSTREAM_REQUEST_ID, id);
    }
    response
}

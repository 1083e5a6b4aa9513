//! What all calls of the admin API have in common.

use std::sync::Arc;

use axum::Json;
use axum::RequestPartsExt as _;
use axum::extract::{Extension, Path, Query, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{api_keys, virtual_keys};
use crate::access::admin::Invalid;
use crate::access::scope::Permission;
use crate::access::{self, Event};
use crate::api::auth::{self, Identified};
use crate::api::error::ApiError;
use crate::api::{AppState, body, context};
use crate::json;
use crate::limits::CallerClass;
use crate::openai::error::ErrorObject;
use crate::portkey::{Failure, List, Page};
use crate::store;
use crate::telemetry::AccessRecord;
use crate::vault::{self, Snapshot, Vault};

/// The largest body of a request: a key with its config and lists.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// A call by somebody who may make it.
pub(super) struct Call {
    pub(super) state: AppState,
    pub(super) vault: Arc<Vault>,
    /// What there was when the call began.
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) identified: Identified,
    /// Seconds since 1970.
    pub(super) now: i64,
    record: AccessRecord,
    permission: Permission,
    head: Parts,
    body: Bytes,
}

/// Which page is wanted, as texts, so that the one that is no number can be named.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WantedPage {
    current_page: Option<String>,
    page_size: Option<String>,
}

/// What a failed call answers.
#[derive(Serialize)]
struct AdminError {
    error: ErrorObject,
    success: bool,
    message: String,
    data: Failure,
}

/// A handler that does `act` for those who have the permission.
pub(super) fn handler<T, F>(
    permission: Permission,
    act: F,
) -> impl Fn(State<AppState>, Extension<AccessRecord>, Request) -> BoxFuture<'static, Response>
+ Clone
+ Send
+ Sync
+ 'static
where
    T: Serialize + Send,
    F: for<'a> Fn(&'a mut Call) -> BoxFuture<'a, Result<T, ApiError>>
        + Copy
        + Send
        + Sync
        + 'static,
{
    move |State(state), Extension(record), request| {
        Box::pin(async move {
            match Call::begin(state, record, request, permission).await {
                Ok(mut call) => {
                    let answer = act(&mut call).await;
                    call.end(answer).await
                }
                Err(response) => response,
            }
        })
    }
}

impl Call {
    /// Identifies the caller and reads the body; otherwise there is the answer.
    async fn begin(
        state: AppState,
        record: AccessRecord,
        request: Request,
        permission: Permission,
    ) -> Result<Self, Response> {
        let (mut head, body) = request.into_parts();
        head.headers = context::with_dashes(head.headers);
        let admitted = admit(&state, &record, &head, permission).await;
        let (identified, vault, snapshot) = match admitted {
            Ok(admitted) => admitted,
            Err(error) => {
                body::discard(&head.headers, body).await;
                return Err(failed(error.noted(&record)));
            }
        };
        let now = access::seconds(std::time::SystemTime::now());
        let mut call = Self {
            state,
            vault,
            snapshot,
            identified,
            now,
            record,
            permission,
            head,
            body: Bytes::new(),
        };
        if matches!(call.head.method, Method::POST | Method::PUT) {
            let read = match body::check(&call.head.headers, &body, MAX_BODY_BYTES) {
                Ok(()) => {
                    let mut reservation = call.state.buffered.reservation(CallerClass::Known);
                    let headers = &call.head.headers;
                    body::read(headers, body, MAX_BODY_BYTES, &mut reservation).await
                }
                Err(error) => {
                    body::discard(&call.head.headers, body).await;
                    Err(error)
                }
            };
            match read {
                Ok(read) => call.body = read,
                Err(error) => return Err(call.end::<()>(Err(error)).await),
            }
        } else {
            // Node's SDK sends a body with `DELETE`, which says nothing new.
            body::discard(&call.head.headers, body).await;
        }
        Ok(call)
    }

    /// The body.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        json::from_slice(&self.body).map_err(|error| ApiError::invalid(error.path, error.message))
    }

    /// The path's parameters.
    pub(super) async fn path<T: DeserializeOwned + Send + 'static>(
        &mut self,
    ) -> Result<T, ApiError> {
        let path = self.head.extract::<Path<T>>().await;
        path.map(|Path(path)| path).map_err(|error| ApiError::invalid(None, error.body_text()))
    }

    /// The query.
    pub(super) async fn query<T: DeserializeOwned + Send + 'static>(
        &mut self,
    ) -> Result<T, ApiError> {
        let query = self.head.extract::<Query<T>>().await;
        query.map(|Query(query)| query).map_err(|error| ApiError::invalid(None, error.body_text()))
    }

    /// One page of a list.
    pub(super) async fn page<T>(&mut self, all: Vec<T>) -> Result<List<T>, ApiError> {
        let page = self.paging().await?;
        let total = all.len();
        let first = page.current_page.saturating_mul(page.page_size);
        let data = all.into_iter().skip(first).take(page.page_size).collect();
        Ok(List { object: "list", total, data })
    }

    /// Which page of a list is wanted.
    pub(super) async fn paging(&mut self) -> Result<Page, ApiError> {
        let wanted: WantedPage = self.query().await?;
        let number = |param: &str, text: Option<String>, default: usize| {
            let text = text.filter(|text| !text.is_empty());
            text.map_or(Ok(default), |text| text.parse()).map_err(|_| {
                let message = format!("`{param}` must be a whole number, from 0 on");
                ApiError::invalid(Some(param.to_owned()), message)
            })
        };
        let page = Page {
            current_page: number("current_page", wanted.current_page, 0)?,
            page_size: number("page_size", wanted.page_size, Page::DEFAULT_SIZE)?,
        };
        if (1..=Page::MAX_SIZE).contains(&page.page_size) {
            Ok(page)
        } else {
            let message = format!("`page_size` must be from 1 to {}", Page::MAX_SIZE);
            Err(ApiError::invalid(Some("page_size".to_owned()), message))
        }
    }

    /// What the audit log is to be told of a change.
    pub(super) fn event(&self, resource_type: &str, resource_id: &str) -> Event {
        let event = auth::event(&self.permission.action(), &self.record, &self.head);
        access::bounded(Event {
            status: Some(200),
            resource_type: Some(resource_type.to_owned()),
            resource_id: Some(resource_id.to_owned()),
            ..self.identified.signed(event)
        })
    }

    /// What the path names, if it names one.
    async fn resource_id(&mut self) -> Option<String> {
        let params = self.head.extract::<RawPathParams>().await.ok()?;
        let mut params = params.iter();
        params.find(|(name, _)| ["id", "slug"].contains(name)).map(|(_, value)| value.to_owned())
    }

    /// The answer. Attempts to change something that failed are told of too.
    async fn end<T: Serialize>(mut self, result: Result<T, ApiError>) -> Response {
        match result {
            Ok(answer) => Json(answer).into_response(),
            Err(error) => {
                if self.head.method != Method::GET {
                    let event = auth::event(&self.permission.action(), &self.record, &self.head);
                    let event = Event {
                        resource_type: self.permission.resource().map(str::to_owned),
                        resource_id: self.resource_id().await,
                        ..self.identified.signed(event)
                    };
                    self.state.audit.record(auth::refused(event, &error)).await;
                }
                failed(error.noted(&self.record))
            }
        }
    }
}

impl Permission {
    /// The word for what it is about, in the audit log.
    fn resource(self) -> Option<&'static str> {
        match self {
            Self::VirtualKeys(_) => Some(virtual_keys::RESOURCE),
            Self::ApiKeys(_) => Some(api_keys::RESOURCE),
            Self::Inference | Self::AuditLogs => None,
        }
    }
}

async fn admit(
    state: &AppState,
    record: &AccessRecord,
    head: &Parts,
    permission: Permission,
) -> Result<(Identified, Arc<Vault>, Arc<Snapshot>), ApiError> {
    let identified = auth::identify(state, record, head).await?;
    let (Some(vault), Some(snapshot)) = (state.access.vault(), identified.snapshot.clone()) else {
        return Err(auth::turned_away(None, state, record, head, access::Error::NoKeys).await);
    };
    if identified.caller.is_anonymous() {
        let error =
            if !vault.had_keys() { access::Error::NoKeys } else { access::Error::NobodyNamed };
        return Err(auth::turned_away(None, state, record, head, error).await);
    }
    identified.may(permission, state, record, head).await?;
    Ok((identified, Arc::clone(vault), snapshot))
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        let message = invalid.to_string();
        Self::invalid(Some(invalid.param), message)
    }
}

impl From<vault::Error> for ApiError {
    fn from(error: vault::Error) -> Self {
        let message = error.to_string();
        match &error {
            vault::Error::Store(store::Error::Duplicate) => {
                Self::request(StatusCode::CONFLICT, "already_exists", message)
            }
            vault::Error::Store(store::Error::Full(_)) => {
                Self::request(StatusCode::CONFLICT, "too_many", message)
            }
            vault::Error::Conflict => Self::request(StatusCode::CONFLICT, "conflict", message),
            _ => Self::vault_unavailable(&error),
        }
    }
}

fn failed(error: ApiError) -> Response {
    let status = error.status();
    // Source: <https://portkey.ai/docs/api-reference/admin-api/error>.
    let error_code = match status {
        StatusCode::UNAUTHORIZED => "AB05",
        StatusCode::FORBIDDEN => "AB03",
        StatusCode::NOT_FOUND => "AB02",
        StatusCode::CONFLICT => "AB07",
        StatusCode::TOO_MANY_REQUESTS => "AB06",
        status if status.is_client_error() => "AB01",
        _ => "AB04",
    };
    let error = error.into_body().error;
    let message = error.message.clone();
    let data = Failure { message: message.clone(), error_code };
    (status, Json(AdminError { error, success: false, message, data })).into_response()
}

//! Who makes a request.
//!
//! A gateway key or a JWT is looked for in `x-portkey-api-key`, then in
//! `Authorization: Bearer`, then in `x-api-key`. The two latter may also hold a key
//! of the provider's; which one it is, its form says: gateway keys begin with `bgw-`
//! and JWTs have three parts, as no key of Bedrock has.

use std::sync::Arc;
use std::time::SystemTime;

use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde_json::value::RawValue;

use super::context::{self, Headers};
use super::error::ApiError;
use super::{AppState, Peer};
use crate::access::placeholder::is_placeholder_key;
use crate::access::scope::Permission;
use crate::access::{self, Access, Caller, Event, Presented};
use crate::limits::CallerClass;
use crate::routing::config::{GatewayConfig, Origin};
use crate::routing::lending::{Lending, Lent};
use crate::routing::{self, Directives};
use crate::telemetry::AccessRecord;
use crate::vault::Snapshot;

/// Somebody who is known, or who may stay unknown.
pub(super) struct Identified {
    /// Who.
    pub(super) caller: Caller,
    /// What the vault held at that moment.
    pub(super) snapshot: Option<Arc<Snapshot>>,
    /// What the caller showed, which is no key of a provider's.
    shown: Option<String>,
    /// When.
    now: SystemTime,
}

/// Tells who makes a request. Whoever is turned away is told of in the audit log.
pub(super) async fn identify(
    state: &AppState,
    record: &AccessRecord,
    head: &Parts,
) -> Result<Identified, ApiError> {
    let now = SystemTime::now();
    let (presented, shown) = presented(&state.access, &head.headers)?;
    match state.access.identify(presented, now).await {
        Ok((caller, snapshot)) => {
            if caller.is_anonymous()
                && let Some(Err(error)) = state.loopback_only.as_ref().map(|only| only.check(head))
            {
                return Err(denied(state, event("authorization", record, head), error).await);
            }
            record.caller(caller.name());
            Ok(Identified { caller, snapshot, shown: shown.map(str::to_owned), now })
        }
        Err(error) => Err(turned_away(shown, state, record, head, error).await),
    }
}

/// Turns away somebody whom nobody knows, and who showed one of our keys, or nothing.
pub(super) async fn turned_away(
    shown: Option<&str>,
    state: &AppState,
    record: &AccessRecord,
    head: &Parts,
    error: access::Error,
) -> ApiError {
    let event = Event { actor: hint(shown), ..event("authentication", record, head) };
    denied(state, event, error.into()).await
}

/// An error of which the audit log is told.
async fn denied(state: &AppState, event: Event, error: ApiError) -> ApiError {
    state.audit.record(refused(event, &error)).await;
    error
}

/// What a caller shows, and the text of it where it is one of ours.
fn presented<'a>(
    access: &Access,
    headers: &'a HeaderMap,
) -> Result<(Presented<'a>, Option<&'a str>), ApiError> {
    let keys = Headers(headers).keys()?;
    for key in keys.into_iter().flatten() {
        match access.presented(key) {
            Presented::Foreign | Presented::Nothing => {}
            ours => return Ok((ours, Some(key))),
        }
    }
    // A key for Portkey's own cloud, or for another gateway.
    let [portkey_key, ..] = keys;
    Ok(match portkey_key.filter(|key| !is_placeholder_key(key)) {
        Some(_) => (Presented::Foreign, None),
        None => (Presented::Nothing, None),
    })
}

/// What of a key is told of those who are turned away: its end, as people who look
/// for it see it in lists.
fn hint(shown: Option<&str>) -> String {
    shown.map_or_else(String::new, crate::vault::credentials::masked)
}

/// An event of a request, of which it is not known yet who makes it. Its texts are the
/// caller's: whoever logs or stores it bounds it first ([`access::bounded`]).
pub(super) fn event(action: &str, record: &AccessRecord, head: &Parts) -> Event {
    Event {
        at: access::seconds(SystemTime::now()),
        action: action.to_owned(),
        outcome: "success".to_owned(),
        actor_type: "anonymous".to_owned(),
        client_ip: head.extensions.get::<Peer>().map(|Peer(ip)| ip.to_string()),
        method: Some(head.method.to_string()),
        uri: Some(head.uri.path().to_owned()),
        request_id: Some(record.trace_id()),
        ..Event::default()
    }
}

/// The same event, which came to nothing. Its message and its place are left out: both
/// may repeat what stood in the request, such as a secret where a name belongs.
pub(super) fn refused(event: Event, error: &ApiError) -> Event {
    Event {
        outcome: "refused".to_owned(),
        status: Some(i64::from(error.status().as_u16())),
        detail: Some(error.code().unwrap_or("invalid_request").to_owned()),
        ..event
    }
}

impl Identified {
    /// From whom its bytes in memory are.
    pub(super) fn class(&self) -> CallerClass {
        if self.caller.is_anonymous() { CallerClass::Anonymous } else { CallerClass::Known }
    }

    /// What is lent to the caller.
    pub(super) fn lending<'a>(&'a self, lent: &'a Lent) -> Lending<'a> {
        lent.to_at(&self.caller, self.snapshot.as_deref(), access::seconds(self.now))
    }

    /// Whether the caller may call models. Nobody needs a scope whom nobody knows.
    pub(super) async fn may_infer(
        &self,
        state: &AppState,
        record: &AccessRecord,
        head: &Parts,
    ) -> Result<(), ApiError> {
        if self.caller.is_anonymous() {
            return Ok(());
        }
        self.may(Permission::Inference, state, record, head).await
    }

    /// Whether the caller may do something; if not, the audit log is told.
    pub(super) async fn may(
        &self,
        permission: Permission,
        state: &AppState,
        record: &AccessRecord,
        head: &Parts,
    ) -> Result<(), ApiError> {
        match self.caller.check(permission) {
            Ok(()) => Ok(()),
            Err(error) => {
                let event = self.signed(event("authorization", record, head));
                Err(denied(state, event, error.into()).await)
            }
        }
    }

    /// An error of routing. Where it turns the caller away, the audit log is told.
    pub(super) async fn refused(
        &self,
        state: &AppState,
        record: &AccessRecord,
        head: &Parts,
        error: routing::Error,
    ) -> ApiError {
        let error = ApiError::from(error);
        let action = match error.status() {
            StatusCode::UNAUTHORIZED => "authentication",
            StatusCode::FORBIDDEN => "authorization",
            _ => return error,
        };
        denied(state, self.signed(event(action, record, head)), error).await
    }

    /// An event with the caller's name.
    pub(super) fn signed(&self, event: Event) -> Event {
        Event {
            actor: self.caller.name().unwrap_or_default().to_owned(),
            actor_type: self.caller.kind().to_owned(),
            actor_id: self.caller.id().map(str::to_owned),
            ..event
        }
    }

    /// What the caller says in headers, and what its key says for it.
    pub(super) fn directives(&self, headers: &HeaderMap) -> Result<Directives, ApiError> {
        let (config, may_override) = self.caller.config();
        let origin = if may_override { Origin::GatewayKey } else { Origin::LockedGatewayKey };
        let of_key = config.map(|text| GatewayConfig::parse_of(text, origin)).transpose()?;
        let mut directives = context::directives(headers, self.shown.as_deref(), of_key)?;
        // As with Portkey, what the key says stands above what the request says.
        for (name, value) in self.caller.metadata().into_iter().flatten() {
            if let Ok(value) = RawValue::from_string(value.to_string()) {
                directives.pinned_metadata.insert(name.clone(), value);
            }
        }
        Ok(directives)
    }
}

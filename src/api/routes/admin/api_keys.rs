//! `/v1/api-keys`: the gateway's own keys.

use std::sync::Arc;

use secrecy::ExposeSecret;
use tracing::warn;

use super::call::Call;
use crate::access::AuditLog;
use crate::access::Event;
use crate::access::admin::{Invalid, api_key_item, changed_api_key, changed_defaults, new_api_key};
use crate::access::bounds::Extent;
use crate::api::error::ApiError;
use crate::portkey::api_key::{ApiKeyItem, ApiKeyMade, ApiKeyNamed, ApiKeyRequest};
use crate::portkey::{Done, List};
use crate::routing;
use crate::routing::config::GatewayConfig;
use crate::telemetry::chain;
use crate::vault;
use crate::vault::api_key::{ApiKey, Defaults};

/// The word for what changes here, in the audit log.
pub(super) const RESOURCE: &str = "api_key";

/// `POST /v1/api-keys/{type}/{sub-type}`.
pub(super) async fn create(call: &mut Call) -> Result<ApiKeyMade, ApiError> {
    let (kind, sub_type): (String, String) = call.path().await?;
    let request: ApiKeyRequest = call.body()?;
    let new = new_api_key(request, (&kind, &sub_type), check_config, call.now)?;
    call.identified.caller.bounds().check(&Extent {
        scopes: &new.scopes,
        virtual_keys: new.virtual_keys.as_deref(),
        expires_at: new.expires_at,
        defaults: new.defaults.as_ref(),
    })?;
    let event = call.event(RESOURCE, "");
    let (key, secret) = call.vault.add_api_key(new, call.now, event.clone()).await?;
    let id = key.row().id.clone();
    AuditLog::line(&Event { resource_id: Some(id.clone()), ..event });
    Ok(ApiKeyMade { id, key: secret.expose_secret().to_owned(), object: "api-key" })
}

/// `GET /v1/api-keys`.
pub(super) async fn list(call: &mut Call) -> Result<List<ApiKeyItem>, ApiError> {
    let mut keys = call.visible_api_keys().await?;
    keys.retain(|key| key.row().revoked_at.is_none());
    let page = call.page(keys).await?;
    let mut data = Vec::with_capacity(page.data.len());
    let mut is_kms_down = false;
    for key in &page.data {
        data.push(item(call, key, &mut is_kms_down).await);
    }
    Ok(List { object: page.object, total: page.total, data })
}

/// `GET /v1/api-keys/{id}`.
pub(super) async fn retrieve(call: &mut Call) -> Result<ApiKeyItem, ApiError> {
    let key = found(call).await?;
    if !call.sees_api_key(&key).await? {
        let message = format!(
            "the API key `{}` allows more than the caller may, which cannot see it",
            key.row().id
        );
        return Err(ApiError::forbidden("outside_caller_bounds", message));
    }
    Ok(item(call, &key, &mut false).await)
}

/// `PUT /v1/api-keys/{id}`.
pub(super) async fn update(call: &mut Call) -> Result<ApiKeyNamed, ApiError> {
    let key = found(call).await?;
    let request: ApiKeyRequest = call.body()?;
    let row = changed_api_key(&key, &request, call.now)?;
    let before = call.held_defaults(&key).await?;
    call.check_extent(&key, before.as_deref())?;
    // A key can be changed while KMS, which opens its defaults, cannot be reached.
    let defaults = match request.defaults {
        None => None,
        Some(None) => Some(Defaults::default()),
        Some(Some(request)) => {
            let before = call.vault.defaults(&key).await?;
            Some(changed_defaults(&before, request, check_config)?)
        }
    };
    let bounds = call.identified.caller.bounds();
    let changed = ApiKey::from_row(row.clone());
    let after = Extent::of(&changed, defaults.as_ref().or(before.as_deref()));
    bounds.check(&after)?;
    if bounds.is_own(&key) {
        bounds.check_own_change(&Extent::of(&key, before.as_deref()), &after)?;
    }
    let event = call.event(RESOURCE, &row.id);
    call.vault.update_api_key(&key, row, defaults.as_ref(), call.now, event.clone()).await?;
    AuditLog::line(&event);
    Ok(ApiKeyNamed { success: true, id: key.row().id.clone(), object: "api-key" })
}

/// `DELETE /v1/api-keys/{id}`.
pub(super) async fn delete(call: &mut Call) -> Result<Done, ApiError> {
    let key = found(call).await?;
    if !call.identified.caller.bounds().is_own(&key) {
        let defaults = call.held_defaults(&key).await?;
        call.check_extent(&key, defaults.as_deref())?;
    }
    let event = call.event(RESOURCE, &key.row().id);
    call.vault.revoke_api_key(&key, call.now, event.clone()).await?;
    AuditLog::line(&event);
    Ok(Done { success: true })
}

async fn found(call: &mut Call) -> Result<Arc<ApiKey>, ApiError> {
    let id: String = call.path().await?;
    let found = call.snapshot.api_key(&id).filter(|key| key.row().revoked_at.is_none());
    found.cloned().ok_or_else(|| {
        ApiError::not_found("api_key_not_found", format!("there is no API key with the id `{id}`"))
    })
}

impl Call {
    /// The defaults of a key where the caller's bounds depend on them.
    async fn held_defaults(&self, key: &ApiKey) -> Result<Option<Arc<Defaults>>, ApiError> {
        let bounds = self.identified.caller.bounds();
        let are_needed =
            bounds.need_defaults() || (bounds.is_own(key) && !bounds.is_unbounded_admin());
        if are_needed { Ok(Some(self.vault.defaults(key).await?)) } else { Ok(None) }
    }

    /// Nobody changes or deletes a key that it could not have created.
    fn check_extent(&self, key: &ApiKey, defaults: Option<&Defaults>) -> Result<(), ApiError> {
        let bounds = self.identified.caller.bounds();
        bounds.check(&Extent::of(key, defaults)).map_err(|error| {
            ApiError::from(error).explained("this key exceeds what the caller may change or delete")
        })
    }
}

/// A config is read as requests with the key will read it.
fn check_config(config: &str) -> Result<(), Invalid> {
    let wrong = |message| Invalid { param: "defaults.config_id".to_owned(), message };
    match GatewayConfig::parse(config) {
        Ok(_) => Ok(()),
        Err(routing::Error::Invalid { param, message }) => {
            Err(wrong(format!("{param}: {message}")))
        }
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// A key whose defaults do not open is told without them. Once KMS has failed, the
/// rest of a page does not wait for it too.
async fn item(call: &Call, key: &ApiKey, is_kms_down: &mut bool) -> ApiKeyItem {
    if *is_kms_down {
        return api_key_item(key, None, call.now);
    }
    let defaults = call.vault.defaults(key).await;
    if let Err(error) = &defaults {
        *is_kms_down = matches!(error.root(), vault::Error::Kms(_));
        let cause = chain(error);
        warn!(id = key.row().id, cause, "the defaults of a gateway key do not open");
    }
    api_key_item(key, defaults.ok().as_deref(), call.now)
}

//! `/v1/api-keys`: the gateway's own keys.

use std::sync::Arc;

use secrecy::ExposeSecret;
use tracing::warn;

use super::call::Call;
use crate::access::AuditLog;
use crate::access::admin::{Invalid, api_key_item, changed_api_key, changed_defaults, new_api_key};
use crate::access::scope;
use crate::access::{Caller, Event};
use crate::api::error::ApiError;
use crate::portkey::api_key::{ApiKeyItem, ApiKeyMade, ApiKeyNamed, ApiKeyRequest};
use crate::portkey::{Done, List};
use crate::routing;
use crate::routing::config::GatewayConfig;
use crate::vault;
use crate::vault::api_key::{ApiKey, Defaults};

/// The word for what changes here, in the audit log.
pub(super) const RESOURCE: &str = "api_key";

/// `POST /v1/api-keys/{type}/{sub-type}`.
pub(super) async fn create(call: &mut Call) -> Result<ApiKeyMade, ApiError> {
    let (kind, sub_type): (String, String) = call.path().await?;
    let request: ApiKeyRequest = call.body()?;
    let new = new_api_key(request, (&kind, &sub_type), check_config, call.now)?;
    call.may_give(&new.scopes, new.virtual_keys.as_deref())?;
    let event = call.event(RESOURCE, "");
    let (key, secret) = call.vault.add_api_key(new, call.now, event.clone()).await?;
    let id = key.row().id.clone();
    AuditLog::line(&Event { resource_id: Some(id.clone()), ..event });
    Ok(ApiKeyMade { id, key: secret.expose_secret().to_owned(), object: "api-key" })
}

/// `GET /v1/api-keys`.
pub(super) async fn list(call: &mut Call) -> Result<List<ApiKeyItem>, ApiError> {
    let keys = call.snapshot.api_keys().iter();
    let keys: Vec<_> = keys.filter(|key| key.row().revoked_at.is_none()).cloned().collect();
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
    Ok(item(call, &key, &mut false).await)
}

/// `PUT /v1/api-keys/{id}`.
pub(super) async fn update(call: &mut Call) -> Result<ApiKeyNamed, ApiError> {
    let key = found(call).await?;
    let request: ApiKeyRequest = call.body()?;
    let row = changed_api_key(&key, &request, call.now)?;
    // Who may not give all that a key has may not change it either.
    call.may_give(key.scopes(), key.virtual_keys())?;
    let changed = ApiKey::from_row(row.clone());
    call.may_give(changed.scopes(), changed.virtual_keys())?;
    // A key can be changed while KMS, which opens its defaults, cannot be reached.
    let defaults = match request.defaults {
        None => None,
        Some(None) => Some(Defaults::default()),
        Some(Some(request)) => {
            let before = call.vault.defaults(&key).await?;
            Some(changed_defaults(&before, request, check_config)?)
        }
    };
    let event = call.event(RESOURCE, &row.id);
    call.vault.update_api_key(&key, row, defaults.as_ref(), call.now, event.clone()).await?;
    AuditLog::line(&event);
    Ok(ApiKeyNamed { success: true, id: key.row().id.clone(), object: "api-key" })
}

/// `DELETE /v1/api-keys/{id}`.
pub(super) async fn delete(call: &mut Call) -> Result<Done, ApiError> {
    let key = found(call).await?;
    // Who may not give all that a key has may not take it back either, but for its own.
    let is_own = matches!(&call.identified.caller, Caller::Key { key: own, .. } if own.row().id == key.row().id);
    if !is_own {
        call.may_give(key.scopes(), key.virtual_keys())?;
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
    /// Nobody gives rights that they do not have.
    fn may_give(&self, scopes: &[String], virtual_keys: Option<&[String]>) -> Result<(), ApiError> {
        let caller = &self.identified.caller;
        if let Some(scope) = scope::not_grantable(caller.scopes(), scopes) {
            let message =
                format!("the caller cannot give the scope `{scope}`, which it does not have");
            return Err(ApiError::forbidden("insufficient_scope", message));
        }
        let Some(own) = caller.virtual_keys() else { return Ok(()) };
        let is_within =
            virtual_keys.is_some_and(|slugs| slugs.iter().all(|slug| own.contains(slug)));
        if is_within {
            return Ok(());
        }
        let message = "the caller may use some virtual keys only, and can give no others: name them in `virtual_keys`";
        Err(ApiError::forbidden("virtual_key_not_allowed", message))
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
        *is_kms_down = matches!(error, vault::Error::Kms(_));
        warn!(id = key.row().id, %error, "the defaults of a gateway key do not open");
    }
    api_key_item(key, defaults.ok().as_deref(), call.now)
}

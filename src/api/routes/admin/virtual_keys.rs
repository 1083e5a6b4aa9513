//! `/v1/virtual-keys`.

use std::sync::Arc;

use tracing::warn;

use super::call::Call;
use crate::access::AuditLog;
use crate::access::admin::{
    Invalid, changed_credentials, changed_virtual_key, is_gateway_identity, new_virtual_key,
    replaced_credentials, virtual_key_item,
};
use crate::api::error::ApiError;
use crate::portkey::virtual_key::{Slug, VirtualKeyItem, VirtualKeyNamed, VirtualKeyRequest};
use crate::portkey::{Done, List};
use crate::telemetry::chain;
use crate::vault::credentials::ProviderCredentials;
use crate::vault::{self, VirtualKey};

/// The word for what changes here, in the audit log.
pub(super) const RESOURCE: &str = "virtual_key";

/// `POST /v1/virtual-keys`.
pub(super) async fn create(call: &mut Call) -> Result<VirtualKeyNamed, ApiError> {
    let request: VirtualKeyRequest = call.body()?;
    let new = new_virtual_key(request, &call.state.routing.custom_hosts, call.now)?;
    call.identified.caller.bounds().check_virtual_key_changes()?;
    call.may_grant(&new.slug)?;
    call.may_store(&new.credentials)?;
    let event = call.event(RESOURCE, &new.slug);
    let key = call.vault.add_virtual_key(new, call.now, event.clone()).await?;
    AuditLog::line(&event);
    Ok(named(&key))
}

/// `GET /v1/virtual-keys`.
pub(super) async fn list(call: &mut Call) -> Result<List<VirtualKeyItem>, ApiError> {
    let caller = &call.identified.caller;
    let visible = |key: &&Arc<VirtualKey>| caller.may_use(&key.row().slug);
    let keys: Vec<_> = call.snapshot.virtual_keys().iter().filter(visible).cloned().collect();
    let page = call.page(keys).await?;
    let mut data = Vec::with_capacity(page.data.len());
    let mut is_kms_down = false;
    for key in &page.data {
        data.push(item(call, key, &mut is_kms_down).await);
    }
    Ok(List { object: page.object, total: page.total, data })
}

/// `GET /v1/virtual-keys/{slug}`.
pub(super) async fn retrieve(call: &mut Call) -> Result<VirtualKeyItem, ApiError> {
    let key = found(call).await?;
    Ok(item(call, &key, &mut false).await)
}

/// `PUT /v1/virtual-keys/{slug}`.
pub(super) async fn update(call: &mut Call) -> Result<VirtualKeyNamed, ApiError> {
    let key = found(call).await?;
    let request: VirtualKeyRequest = call.body()?;
    let row = changed_virtual_key(&key, &request, call.now)?;
    let bounds = call.identified.caller.bounds();
    bounds.check_virtual_key_changes()?;
    bounds.check_virtual_key(&key, &row)?;
    // A key can be disabled while KMS, which opens it, cannot be reached.
    let credentials = if request.says_credentials() {
        let before = call.vault.credentials(&key).await?;
        let hosts = &call.state.routing.custom_hosts;
        let credentials = if bounds.must_replace_credentials() {
            // What is wrong either way is no matter of bounds.
            changed_credentials(&before, request.clone(), hosts)?;
            replaced_credentials(&before, request, hosts).map_err(not_in_full)?
        } else {
            changed_credentials(&before, request, hosts)?
        };
        call.may_store(&credentials)?;
        Some(credentials)
    } else {
        None
    };
    let event = call.event(RESOURCE, &row.slug);
    let vault = &call.vault;
    vault.update_virtual_key(&key, row, credentials.as_ref(), call.now, event.clone()).await?;
    AuditLog::line(&event);
    Ok(named(&key))
}

/// `DELETE /v1/virtual-keys/{slug}`.
pub(super) async fn delete(call: &mut Call) -> Result<Done, ApiError> {
    let key = found(call).await?;
    call.identified.caller.bounds().check_virtual_key_changes()?;
    let slug = &key.row().slug;
    let event = call.event(RESOURCE, slug);
    if !call.vault.delete_virtual_key(slug, event.clone()).await? {
        return Err(unknown(slug));
    }
    AuditLog::line(&event);
    Ok(Done { success: true })
}

async fn found(call: &mut Call) -> Result<Arc<VirtualKey>, ApiError> {
    let slug: String = call.path().await?;
    call.may_grant(&slug)?;
    call.snapshot.virtual_key(&slug).cloned().ok_or_else(|| unknown(&slug))
}

fn not_in_full(missing: Invalid) -> ApiError {
    let error = ApiError::forbidden("outside_caller_bounds", missing.to_string());
    error.at(missing.param).explained(
        "the caller may use some virtual keys only, and must give changed credentials in full",
    )
}

fn unknown(slug: &str) -> ApiError {
    ApiError::not_found("virtual_key_not_found", format!("there is no virtual key `{slug}`"))
}

impl Call {
    /// Who may use some virtual keys only sees and changes no others.
    fn may_grant(&self, slug: &str) -> Result<(), ApiError> {
        if self.identified.caller.may_use(slug) {
            return Ok(());
        }
        let message = format!("the caller may not use the virtual key `{slug}`");
        Err(ApiError::forbidden("virtual_key_not_allowed", message))
    }

    /// Whoever keeps virtual keys stores what they bring; what the gateway itself may
    /// do in AWS is for its admins to give.
    fn may_store(&self, credentials: &ProviderCredentials) -> Result<(), ApiError> {
        let bounds = self.identified.caller.bounds();
        if bounds.may_store_gateway_identity() || !is_gateway_identity(credentials) {
            return Ok(());
        }
        let message = "to store credentials that use the gateway's own identity (`serviceRole`, or a role without an access key that assumes it), the caller needs the scope `admin.write` and no list of virtual keys";
        Err(ApiError::forbidden("insufficient_scope", message))
    }
}

/// A key that does not open is told without what it opens, so that it can be deleted.
/// Once KMS has failed, the rest of a page does not wait for it too.
async fn item(call: &Call, key: &VirtualKey, is_kms_down: &mut bool) -> VirtualKeyItem {
    if *is_kms_down {
        return virtual_key_item(key, None, call.now);
    }
    let opened = call.vault.credentials(key).await;
    if let Err(error) = &opened {
        *is_kms_down = matches!(error.root(), vault::Error::Kms(_));
        warn!(slug = key.row().slug, cause = chain(error), "a virtual key does not open");
    }
    virtual_key_item(key, opened.ok().as_deref(), call.now)
}

fn named(key: &VirtualKey) -> VirtualKeyNamed {
    let row = key.row();
    VirtualKeyNamed {
        success: true,
        data: Slug { slug: row.slug.clone() },
        id: row.id.clone(),
        slug: row.slug.clone(),
        object: "virtual-key",
    }
}

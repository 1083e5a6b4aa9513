//! Which keys a caller sees in the lists of the admin API.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::call::Call;
use crate::api::error::ApiError;
use crate::store::Visible;
use crate::telemetry::mask;
use crate::vault;
use crate::vault::api_key::{ApiKey, Defaults};

/// How many keys are opened at once to look at their metadata: each may be a call of KMS.
const MAX_OPENING: usize = 16;

impl Call {
    /// The gateway keys that the caller sees, revoked ones included, oldest first.
    pub(super) async fn visible_api_keys(&self) -> Result<Vec<Arc<ApiKey>>, ApiError> {
        let keys = self.snapshot.api_keys().iter().cloned();
        let bounds = self.identified.caller.bounds();
        if !bounds.hide_keys() {
            return Ok(keys.collect());
        }
        let keys = keys.filter(|key| bounds.see_virtual_keys_of(key));
        if !bounds.have_metadata() {
            return Ok(keys.collect());
        }
        let seen = stream::iter(keys)
            .map(|key| async move {
                let is_seen = self.sees_metadata_of(&key).await?;
                Ok::<_, ApiError>(is_seen.then_some(key))
            })
            .buffered(MAX_OPENING);
        seen.try_filter_map(async |key| Ok(key)).try_collect().await
    }

    /// Whether the caller sees a gateway key.
    pub(super) async fn sees_api_key(&self, key: &ApiKey) -> Result<bool, ApiError> {
        let bounds = self.identified.caller.bounds();
        Ok(bounds.see_virtual_keys_of(key) && self.sees_metadata_of(key).await?)
    }

    /// The audit rows that the caller sees; `None` for all.
    pub(super) async fn visible_audit_rows(&self) -> Result<Option<Visible>, ApiError> {
        let caller = &self.identified.caller;
        if !caller.bounds().hide_keys() {
            return Ok(None);
        }
        let keys = self.visible_api_keys().await?;
        // Rows have ids as they were masked.
        let masked = |slugs: &[String]| slugs.iter().cloned().map(mask::mask).collect();
        Ok(Some(Visible {
            actor_type: caller.kind().to_owned(),
            actor_id: caller.id().map(|id| mask::masked(id).into_owned()),
            virtual_keys: caller.virtual_keys().map(masked),
            api_keys: keys.iter().map(|key| key.row().id.clone()).collect(),
        }))
    }

    async fn sees_metadata_of(&self, key: &ApiKey) -> Result<bool, ApiError> {
        let bounds = self.identified.caller.bounds();
        if !bounds.have_metadata() || bounds.is_own(key) {
            return Ok(true);
        }
        match self.vault.defaults(key).await {
            Ok(defaults) => Ok(bounds.see_metadata(Some::<&Defaults>(&defaults))),
            // Of one that was altered nobody can say whose it is.
            Err(error) if matches!(error.root(), vault::Error::Broken { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

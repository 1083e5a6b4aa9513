//! Changes of the vault. Each is one transaction with the audit row that tells of it.

use std::sync::Arc;
use std::time::Instant;

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use uuid::Uuid;

use super::Vault;
use super::api_key::{self, ApiKey, Defaults};
use super::credentials::ProviderCredentials;
use super::envelope::{self, Place};
use super::error::Error;
use super::virtual_key::{self, VirtualKey};
use crate::store::{ApiKeyRow, AuditRow, VirtualKeyRow, json_list};

/// A virtual key to be made.
#[derive(Debug, Clone)]
pub struct NewVirtualKey {
    /// What callers name it by.
    pub slug: String,
    /// What people name it by.
    pub name: String,
    /// For people.
    pub note: Option<String>,
    /// A label.
    pub workspace_id: Option<String>,
    /// The models that may be called with it; `None` for any.
    pub models: Option<Vec<String>>,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// What it opens.
    pub credentials: ProviderCredentials,
}

/// A gateway key to be made.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// What people name it by.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// `organisation` or `workspace`.
    pub kind: String,
    /// `service` or `user`.
    pub sub_type: String,
    /// A label.
    pub workspace_id: Option<String>,
    /// A label.
    pub user_id: Option<String>,
    /// What it allows.
    pub scopes: Vec<String>,
    /// The virtual keys that may be used with it; `None` for any.
    pub virtual_keys: Option<Vec<String>>,
    /// What requests with it get.
    pub defaults: Option<Defaults>,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<i64>,
}

impl Vault {
    /// Makes a virtual key at `now`, in seconds since 1970.
    ///
    /// # Errors
    /// The slug is taken, there are too many, or it cannot be sealed or written.
    pub async fn add_virtual_key(
        &self,
        new: NewVirtualKey,
        now: i64,
        audit: AuditRow,
    ) -> Result<Arc<VirtualKey>, Error> {
        let id = Uuid::new_v4().to_string();
        let place = virtual_key::place(&id);
        let credentials = self.sealed(place, &new.credentials).await?;
        let provider = match new.credentials {
            ProviderCredentials::Bedrock(_) => "bedrock",
            ProviderCredentials::OpenAi(_) => "openai",
        };
        let row = VirtualKeyRow {
            slug: new.slug,
            name: new.name,
            provider: provider.to_owned(),
            note: new.note,
            workspace_id: new.workspace_id,
            models: new.models.map(|models| json_list(&models)),
            disabled: false,
            expires_at: new.expires_at,
            created_at: now,
            updated_at: now,
            credentials,
            id,
        };
        self.store.add_virtual_key(&row, &audit).await?;
        self.changed().await?;
        Ok(Arc::new(VirtualKey::from_row(row)))
    }

    /// Writes what has changed of a virtual key: `row` with its new members, and
    /// `credentials` if they are new.
    ///
    /// # Errors
    /// Somebody else was first, or it cannot be sealed or written.
    pub async fn update_virtual_key(
        &self,
        before: &VirtualKey,
        mut row: VirtualKeyRow,
        credentials: Option<&ProviderCredentials>,
        now: i64,
        audit: AuditRow,
    ) -> Result<(), Error> {
        let before = before.row();
        if let Some(credentials) = credentials {
            row.credentials = self.sealed(virtual_key::place(&before.id), credentials).await?;
        }
        row.updated_at = now.max(before.updated_at.saturating_add(1));
        if !self.store.update_virtual_key(before, &row, &audit).await? {
            return Err(Error::Conflict);
        }
        self.changed().await
    }

    /// Deletes a virtual key; `false` if there is none.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn delete_virtual_key(&self, slug: &str, audit: AuditRow) -> Result<bool, Error> {
        let deleted = self.store.delete_virtual_key(slug, &audit).await?;
        self.changed().await?;
        Ok(deleted)
    }

    /// Makes a gateway key at `now`, in seconds since 1970. The key itself is told
    /// here and never again. `audit` is told the id of the key.
    ///
    /// # Errors
    /// There are too many, or it cannot be sealed or written.
    pub async fn add_api_key(
        &self,
        new: NewApiKey,
        now: i64,
        audit: AuditRow,
    ) -> Result<(Arc<ApiKey>, SecretString), Error> {
        let id = Uuid::new_v4().to_string();
        let key = api_key::generate();
        let defaults = match &new.defaults {
            Some(defaults) => Some(self.sealed(api_key::place(&id), defaults).await?),
            None => None,
        };
        let row = ApiKeyRow {
            name: new.name,
            description: new.description,
            kind: new.kind,
            sub_type: new.sub_type,
            workspace_id: new.workspace_id,
            user_id: new.user_id,
            hash: self.hasher.hash(key.expose_secret()).to_vec(),
            hint: api_key::hint(&key),
            scopes: json_list(&new.scopes),
            virtual_keys: new.virtual_keys.map(|slugs| json_list(&slugs)),
            defaults,
            expires_at: new.expires_at,
            created_at: now,
            updated_at: now,
            revoked_at: None,
            id,
        };
        let audit = AuditRow { resource_id: Some(row.id.clone()), ..audit };
        self.store.add_api_key(&row, &audit).await?;
        self.changed().await?;
        Ok((Arc::new(ApiKey::from_row(row)), key))
    }

    /// Writes what has changed of a gateway key: `row` with its new members, and
    /// `defaults` if they are new.
    ///
    /// # Errors
    /// It is revoked, somebody else was first, or it cannot be sealed or written.
    pub async fn update_api_key(
        &self,
        before: &ApiKey,
        mut row: ApiKeyRow,
        defaults: Option<&Defaults>,
        now: i64,
        audit: AuditRow,
    ) -> Result<(), Error> {
        let before = before.row();
        if let Some(defaults) = defaults {
            row.defaults = Some(self.sealed(api_key::place(&before.id), defaults).await?);
        }
        row.updated_at = now.max(before.updated_at.saturating_add(1));
        if !self.store.update_api_key(before, &row, &audit).await? {
            return Err(Error::Conflict);
        }
        self.changed().await
    }

    /// Takes a gateway key back. Its row stays.
    ///
    /// # Errors
    /// Somebody else was first, or the database cannot be written.
    pub async fn revoke_api_key(
        &self,
        key: &ApiKey,
        now: i64,
        audit: AuditRow,
    ) -> Result<(), Error> {
        let row = ApiKeyRow { revoked_at: Some(now), ..key.row().clone() };
        self.update_api_key(key, row, None, now, audit).await
    }

    /// What there is right now, also by others' changes.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn latest(&self) -> Result<Arc<super::Snapshot>, Error> {
        self.changed().await?;
        self.snapshot(Instant::now()).await
    }

    async fn sealed(&self, place: Place<'_>, content: &impl Serialize) -> Result<String, Error> {
        let text = serde_json::to_vec(content).map(zeroize::Zeroizing::new);
        let text = text.map_err(|_| Error::Broken { place: place.to_string() })?;
        envelope::seal(&self.masters, place, &text).await
    }
}

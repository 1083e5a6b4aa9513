//! From who may be asked to whom it is: virtual keys are opened here.

use std::sync::Arc;

use super::config::GatewayConfig;
use super::credentials::{AssumedRole, Authority, NamedKey, Owner};
use super::error::Error;
use super::lending::{Lending, Lent};
use crate::aws::credentials::Credentials;
use crate::aws::region::Region;
use crate::aws::roles::RoleSource;
use crate::vault::credentials::{BedrockAuth, BedrockCredentials, ProviderCredentials};
use crate::vault::{self, Vault, VirtualKey};

/// As whom a request is made.
#[derive(Debug, Clone)]
pub enum Principal {
    /// Whoever the credentials are of.
    Given(Credentials),
    /// The gateway.
    Gateway,
    /// A role.
    Role(AssumedRole),
}

/// As whom a request is made, and what comes with that.
#[derive(Debug, Clone)]
pub struct Grant {
    /// As whom.
    pub principal: Principal,
    /// Where, unless the request or its model says otherwise.
    pub region: Option<Region>,
    /// Another host than the region's own.
    pub endpoint: Option<String>,
    /// Whose that is. What is lent is sent to no host that the caller names.
    pub owner: Owner,
    /// The virtual key that was opened for it.
    pub virtual_key: Option<Arc<VirtualKey>>,
}

/// Why there is no grant.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// What the caller said.
    #[error(transparent)]
    Routing(#[from] Error),
    /// The virtual key does not open.
    #[error("the virtual key cannot be opened")]
    Vault(#[from] vault::Error),
}

/// Splits `@slug/model`.
///
/// # Errors
/// There is no model after the slug.
pub fn slug_of_model(model: &str) -> Result<(Option<&str>, &str), Error> {
    match model.trim().strip_prefix('@') {
        None => Ok((None, model)),
        Some(named) => match named.split_once('/') {
            Some((slug, model)) if !slug.is_empty() && !model.is_empty() => Ok((Some(slug), model)),
            _ => Err(Error::invalid(
                "model",
                format!("`{model}` names a virtual key and no model; write `@slug/model`"),
            )),
        },
    }
}

impl Authority {
    /// The same, with the virtual key that the model's name begins with.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn with_model(
        self,
        slug: Option<&str>,
        config: Option<&GatewayConfig>,
        lending: &Lending<'_>,
    ) -> Result<Self, Error> {
        if let Some(slug) = slug
            && config.is_some_and(GatewayConfig::is_locked)
        {
            return Err(Error::invalid(
                "model",
                format!(
                    "`@{slug}` is a virtual key, but the caller's gateway key has a config that says as whom its requests are made; leave it out"
                ),
            ));
        }
        match (slug, self) {
            (None, Self::OfModel { session_token: None }) => Err(Error::NoCredentials),
            (None, Self::OfModel { session_token: Some(_) }) => Err(Error::invalid(
                "x-portkey-aws-access-key-id",
                "`x-portkey-aws-session-token` is of no use without an access key or a virtual key",
            )),
            (None, authority) => Ok(authority),
            // SDKs insist on a key, and people write something there.
            (Some(slug), Self::Given { credentials: Credentials::Bearer(_), .. }) => {
                lending.virtual_key(slug, "model", None).map(Self::VirtualKey)
            }
            (Some(slug), Self::Given { .. } | Self::Role(_)) => Err(Error::invalid(
                "model",
                format!(
                    "`@{slug}` is a virtual key, but the request brings credentials of its own; send either"
                ),
            )),
            (Some(slug), authority) => {
                let session_token = match authority {
                    Self::OfModel { session_token } => session_token,
                    Self::VirtualKey(named) => named.session_token,
                    Self::Given { .. } | Self::Role(_) | Self::Gateway => None,
                };
                lending.virtual_key(slug, "model", session_token).map(Self::VirtualKey)
            }
        }
    }

    /// Opens what is to be opened.
    ///
    /// # Errors
    /// See [`GrantError`].
    pub async fn open(self, vault: Option<&Vault>, lent: &Lent) -> Result<Grant, GrantError> {
        let (principal, owner) = match self {
            Self::Given { credentials, owner } => (Principal::Given(credentials), owner),
            Self::Gateway => (Principal::Gateway, Owner::Gateway),
            Self::Role(role) => {
                let owner = role.owner;
                (Principal::Role(role), owner)
            }
            Self::OfModel { .. } => return Err(Error::NoCredentials.into()),
            Self::VirtualKey(named) => {
                // Whoever found the key found it in the vault.
                let vault = vault.ok_or(Error::VirtualKeysClosed)?;
                return named.open(vault, lent).await;
            }
        };
        Ok(Grant { principal, region: None, endpoint: None, owner, virtual_key: None })
    }
}

impl NamedKey {
    async fn open(self, vault: &Vault, lent: &Lent) -> Result<Grant, GrantError> {
        let credentials = vault.credentials(&self.key).await?;
        let ProviderCredentials::Bedrock(BedrockCredentials { auth, region, endpoint }) =
            &*credentials
        else {
            let slug = &self.key.row().slug;
            return Err(Error::invalid(
                self.place,
                format!("the virtual key `{slug}` is for another provider than Bedrock, which cannot be called yet"),
            )
            .into());
        };
        let token = self.session_token.as_ref();
        let principal = match auth {
            BedrockAuth::AccessKey(key) => Principal::Given(Credentials::access_key(
                &key.access_key_id,
                &key.secret_access_key,
                token,
            )),
            _ if token.is_some() => {
                let slug = &self.key.row().slug;
                return Err(Error::invalid(
                    "x-portkey-aws-session-token",
                    format!("the virtual key `{slug}` has no access key that a session token could belong to; leave it out"),
                )
                .into());
            }
            BedrockAuth::ApiKey { api_key } => {
                Principal::Given(Credentials::Bearer(api_key.clone()))
            }
            BedrockAuth::ServiceRole => Principal::Gateway,
            BedrockAuth::AssumedRole(stored) => Principal::Role(match &stored.source {
                None => lent.chain(stored.roles.clone()),
                Some(key) => AssumedRole {
                    source: RoleSource::AccessKey(Credentials::signing_key(
                        &key.access_key_id,
                        &key.secret_access_key,
                        None,
                    )),
                    roles: stored.roles.clone(),
                    owner: Owner::Lender,
                },
            }),
        };
        let (region, endpoint) = (region.clone(), endpoint.clone());
        let owner = match principal {
            Principal::Gateway => Owner::Gateway,
            Principal::Given(_) | Principal::Role(_) => Owner::Lender,
        };
        Ok(Grant { principal, region, endpoint, owner, virtual_key: Some(self.key) })
    }
}

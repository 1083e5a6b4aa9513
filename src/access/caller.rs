//! Somebody who calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::error::Error;
use super::jwt;
use super::scope::Permission;
use crate::vault::api_key::{ApiKey, Defaults};

/// Somebody who calls.
#[derive(Debug, Clone)]
pub enum Caller {
    /// Nobody knows who.
    Anonymous,
    /// The holder of a gateway key.
    Key {
        /// The key.
        key: Arc<ApiKey>,
        /// What its requests get.
        defaults: Arc<Defaults>,
    },
    /// The holder of a JWT.
    Jwt(Arc<jwt::Identity>),
}

impl Caller {
    /// Whether nobody knows who it is.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        matches!(self, Self::Anonymous)
    }

    /// What people name it by.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::Key { key, .. } => Some(&key.row().name),
            Self::Jwt(identity) => Some(&identity.name),
        }
    }

    /// What tells it from others of its kind in the audit log: the id of the gateway key,
    /// or the subject of the JWT. Unlike names, callers cannot choose it.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::Key { key, .. } => Some(&key.row().id),
            Self::Jwt(identity) => Some(identity.subject.as_ref().unwrap_or(&identity.name)),
        }
    }

    /// The word for its kind in the audit log.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Key { .. } => "api_key",
            Self::Jwt(_) => "jwt",
        }
    }

    /// What it may do.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        match self {
            Self::Anonymous => &[],
            Self::Key { key, .. } => key.scopes(),
            Self::Jwt(identity) => &identity.scopes,
        }
    }

    /// The virtual keys it may use; `None` for any, which says nothing of those who
    /// are unknown: they may use none.
    #[must_use]
    pub fn virtual_keys(&self) -> Option<&[String]> {
        match self {
            Self::Anonymous => Some(&[]),
            Self::Key { key, .. } => key.virtual_keys(),
            Self::Jwt(identity) => identity.virtual_keys.as_deref(),
        }
    }

    /// The config its requests get, and whether they may bring another.
    #[must_use]
    pub fn config(&self) -> (Option<&str>, bool) {
        match self {
            Self::Key { defaults, .. } => {
                (defaults.config.as_deref(), defaults.allow_config_override)
            }
            Self::Anonymous | Self::Jwt(_) => (None, true),
        }
    }

    /// Metadata that stand above its requests' own.
    #[must_use]
    pub fn metadata(&self) -> Option<&BTreeMap<String, Value>> {
        match self {
            Self::Anonymous => None,
            Self::Key { defaults, .. } => Some(&defaults.metadata),
            Self::Jwt(identity) => Some(&identity.metadata),
        }
    }

    /// Whether it may use a virtual key, whether there is one of that name or not.
    #[must_use]
    pub fn may_use(&self, slug: &str) -> bool {
        self.virtual_keys().is_none_or(|slugs| slugs.iter().any(|allowed| allowed == slug))
    }

    /// Whether it may do something.
    ///
    /// # Errors
    /// It may not.
    pub fn check(&self, permission: Permission) -> Result<(), Error> {
        if permission.is_in(self.scopes()) {
            Ok(())
        } else {
            Err(Error::Scope { needed: permission.to_string() })
        }
    }
}

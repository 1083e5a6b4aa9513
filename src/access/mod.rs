//! Who calls and what they may: gateway keys, JWTs, scopes, and the audit log.
//!
//! A caller is identified before anything else of a request is looked at. Nobody
//! has to be while there is nobody to tell apart: without gateway keys and without
//! JWTs the gateway passes requests through with the credentials they bring, and
//! lends nothing of its own.

pub mod admin;
mod audit;
pub mod bounds;
mod caller;
mod error;
pub mod host;
pub mod jwt;
pub mod placeholder;
pub mod scope;

use std::sync::Arc;
use std::time::{Instant, SystemTime};

pub use audit::{AuditLog, Event, bounded};
pub use caller::Caller;
pub use error::Error;

use self::jwt::JwtVerifier;
use crate::telemetry::mask::KEY_PREFIX;
use crate::vault::{Snapshot, Status, Vault};

/// Whether callers that nobody knows are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anonymous {
    /// As long as there are neither gateway keys nor JWTs.
    Auto,
    /// Always, with credentials of their own.
    Allow,
    /// Never.
    Refuse,
}

/// What a caller showed.
#[derive(Debug, Clone, Copy)]
pub enum Presented<'a> {
    /// A gateway key.
    Key(&'a str),
    /// A JWT.
    Jwt(&'a str),
    /// Something that is none of ours, such as a key of Portkey's own cloud.
    Foreign,
    /// Nothing.
    Nothing,
}

/// Tells who calls.
#[derive(Debug)]
pub struct Access {
    vault: Option<Arc<Vault>>,
    jwt: Option<JwtVerifier>,
    anonymous: Anonymous,
}

impl Access {
    /// Without a vault there are no gateway keys.
    #[must_use]
    pub fn new(vault: Option<Arc<Vault>>, jwt: Option<JwtVerifier>, anonymous: Anonymous) -> Self {
        Self { vault, jwt, anonymous }
    }

    /// What a text that a caller shows is.
    #[must_use]
    pub fn presented<'a>(&self, text: &'a str) -> Presented<'a> {
        if text.starts_with(KEY_PREFIX) {
            Presented::Key(text)
        } else if self.jwt.is_some() && jwt::is_jwt(text) {
            Presented::Jwt(text)
        } else {
            Presented::Foreign
        }
    }

    /// The vault, if there is one.
    #[must_use]
    pub fn vault(&self) -> Option<&Arc<Vault>> {
        self.vault.as_ref()
    }

    /// Who calls, and what there is in the vault at that moment.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn identify(
        &self,
        presented: Presented<'_>,
        now: SystemTime,
    ) -> Result<(Caller, Option<Arc<Snapshot>>), Error> {
        let snapshot = match &self.vault {
            Some(vault) => Some(vault.snapshot(Instant::now()).await?),
            None => None,
        };
        let caller = match presented {
            Presented::Key(key) => self.key(key, snapshot.as_deref(), now).await?,
            Presented::Jwt(token) => match &self.jwt {
                Some(jwt) => Caller::Jwt(jwt.verify(token, now).await?),
                None => return Err(Error::UnknownKey),
            },
            Presented::Foreign | Presented::Nothing => {
                if !self.serves_anonymous(snapshot.as_deref()) {
                    return Err(match presented {
                        Presented::Nothing => Error::NobodyNamed,
                        _ => Error::UnknownKey,
                    });
                }
                Caller::Anonymous
            }
        };
        Ok((caller, snapshot))
    }

    async fn key(
        &self,
        key: &str,
        snapshot: Option<&Snapshot>,
        now: SystemTime,
    ) -> Result<Caller, Error> {
        let (Some(vault), Some(snapshot)) = (&self.vault, snapshot) else {
            return Err(Error::NoKeys);
        };
        let key = vault.presented(snapshot, key).ok_or(Error::UnknownKey)?;
        match key.status(seconds(now)) {
            Status::Active => {}
            Status::Expired => return Err(Error::ExpiredKey),
            Status::Disabled | Status::Revoked => return Err(Error::RevokedKey),
        }
        let defaults = vault.defaults(key).await?;
        Ok(Caller::Key { key: Arc::clone(key), defaults })
    }

    /// Whether anybody may call who shows nothing.
    #[must_use]
    pub fn serves_anonymous(&self, snapshot: Option<&Snapshot>) -> bool {
        match self.anonymous {
            Anonymous::Allow => true,
            Anonymous::Refuse => false,
            // Revoked keys count, and keys that are gone: a gateway that had keys never
            // opens again.
            Anonymous::Auto => {
                self.jwt.is_none()
                    && self.vault.as_ref().is_none_or(|vault| !vault.had_keys())
                    && snapshot.is_none_or(|snapshot| snapshot.api_keys().is_empty())
            }
        }
    }
}

/// Whole seconds since 1970, as the vault counts time.
#[must_use]
pub fn seconds(time: SystemTime) -> i64 {
    let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX)
}

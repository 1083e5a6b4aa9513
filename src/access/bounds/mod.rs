//! The bounds of a caller: what it may not exceed when it creates, changes or deletes
//! keys, and which keys it sees.
//!
//! A caller is bounded by its list of virtual keys, by a config that requests may not
//! replace, by pinned metadata, by the expiry of its gateway key and, without
//! `admin.write`, by its scopes. The expiry of a JWT is no bound: its issuer renews it.

mod virtual_keys;

use std::collections::BTreeMap;

use serde_json::Value;

use super::admin::rfc3339;
use super::scope::{self, ADMIN_WRITE};
use super::{Caller, Error};
use crate::vault::api_key::{ApiKey, Defaults};

/// How many entries of a list an error message repeats; a list may have a thousand.
const MAX_LISTED: usize = 20;

/// What a caller may not exceed.
#[derive(Debug, Clone, Copy)]
pub struct Bounds<'a> {
    scopes: &'a [String],
    /// `None` for any.
    virtual_keys: Option<&'a [String]>,
    /// The config that its requests may not replace.
    locked_config: Option<&'a str>,
    /// Metadata that its requests may not replace; not empty.
    metadata: Option<&'a BTreeMap<String, Value>>,
    expires_at: Option<i64>,
    /// The id of its own gateway key.
    own_id: Option<&'a str>,
}

/// What a gateway key allows, to be held against somebody's bounds.
#[derive(Debug, Clone, Copy)]
pub struct Extent<'a> {
    /// What it allows.
    pub scopes: &'a [String],
    /// The virtual keys that may be used with it; `None` for any.
    pub virtual_keys: Option<&'a [String]>,
    /// When it expires, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// What requests with it get; `None` if nothing is set, or where
    /// [`Bounds::need_defaults`] says that it does not matter.
    pub defaults: Option<&'a Defaults>,
}

impl<'a> Extent<'a> {
    /// What a key allows.
    #[must_use]
    pub fn of(key: &'a ApiKey, defaults: Option<&'a Defaults>) -> Self {
        Self {
            scopes: key.scopes(),
            virtual_keys: key.virtual_keys(),
            expires_at: key.row().expires_at,
            defaults,
        }
    }
}

impl Caller {
    /// What it may not exceed.
    #[must_use]
    pub fn bounds(&self) -> Bounds<'_> {
        let (config, may_override) = self.config();
        let (expires_at, own_id) = match self {
            Self::Key { key, .. } => (key.row().expires_at, Some(key.row().id.as_str())),
            Self::Anonymous | Self::Jwt(_) => (None, None),
        };
        Bounds {
            scopes: self.scopes(),
            virtual_keys: self.virtual_keys(),
            locked_config: config.filter(|_| !may_override),
            metadata: self.metadata().filter(|pairs| !pairs.is_empty()),
            expires_at,
            own_id,
        }
    }
}

impl Bounds<'_> {
    /// Whether it has `admin.write` and no bounds.
    #[must_use]
    pub fn is_unbounded_admin(&self) -> bool {
        self.has_admin_write()
            && self.virtual_keys.is_none()
            && self.locked_config.is_none()
            && self.metadata.is_none()
            && self.expires_at.is_none()
    }

    /// Whether a key is the caller's own.
    #[must_use]
    pub fn is_own(&self, key: &ApiKey) -> bool {
        self.own_id == Some(key.row().id.as_str())
    }

    /// Whether a key's defaults, which are sealed, are needed to hold it against these.
    #[must_use]
    pub fn need_defaults(&self) -> bool {
        self.locked_config.is_some() || self.metadata.is_some()
    }

    /// Holds a key, as it is or as it is to become, against these.
    ///
    /// # Errors
    /// The member that exceeds them.
    pub fn check(&self, key: &Extent<'_>) -> Result<(), Error> {
        self.check_scopes(key.scopes)?;
        self.check_virtual_keys(key.virtual_keys)?;
        self.check_expiry(key.expires_at)?;
        self.check_metadata(key.defaults)?;
        self.check_config(key.defaults)
    }

    /// Holds a change of the caller's own key against these: unless they are no bounds at
    /// all, it may change only what has no effect. `before` and `after` are the same key.
    ///
    /// # Errors
    /// The member that may not be changed.
    pub fn check_own_change(&self, before: &Extent<'_>, after: &Extent<'_>) -> Result<(), Error> {
        if self.is_unbounded_admin() {
            return Ok(());
        }
        let nothing = Defaults::default();
        let (was, becomes) =
            (before.defaults.unwrap_or(&nothing), after.defaults.unwrap_or(&nothing));
        let param = if before.scopes != after.scopes {
            "scopes"
        } else if before.virtual_keys != after.virtual_keys {
            "virtual_keys"
        } else if before.expires_at != after.expires_at {
            "expires_at"
        } else if was.config != becomes.config {
            "defaults.config_id"
        } else if was.allow_config_override != becomes.allow_config_override {
            "defaults.allow_config_override"
        } else if was.metadata != becomes.metadata {
            "defaults.metadata"
        } else {
            return Ok(());
        };
        let message = "a caller can change only `name` and `description` of its own key, unless it has `admin.write` and no bounds (no list of virtual keys, locked config, metadata or expiry)";
        Err(out_of_bounds(param, message))
    }

    /// Whether there are keys that the caller does not see.
    #[must_use]
    pub fn hide_keys(&self) -> bool {
        self.virtual_keys.is_some() || self.metadata.is_some()
    }

    /// Whether its list of virtual keys lets the caller see a key, which may still be
    /// hidden by its metadata ([`Self::see_metadata`]).
    #[must_use]
    pub fn see_virtual_keys_of(&self, key: &ApiKey) -> bool {
        self.is_own(key) || self.check_virtual_keys(key.virtual_keys()).is_ok()
    }

    /// Whether pinned metadata lets the caller see a key with these defaults.
    #[must_use]
    pub fn see_metadata(&self, defaults: Option<&Defaults>) -> bool {
        self.check_metadata(defaults).is_ok()
    }

    /// Whether metadata hide keys from the caller.
    #[must_use]
    pub fn have_metadata(&self) -> bool {
        self.metadata.is_some()
    }

    fn has_admin_write(&self) -> bool {
        self.scopes.iter().any(|scope| scope == ADMIN_WRITE)
    }

    fn check_scopes(&self, scopes: &[String]) -> Result<(), Error> {
        let Some(scope) = scope::not_grantable(self.scopes, scopes) else { return Ok(()) };
        let message = format!(
            "the caller cannot grant the scope `{scope}`, which it does not have; it can grant {}",
            listed(self.scopes)
        );
        Err(Error::OutOfBounds { code: "insufficient_scope", param: "scopes".to_owned(), message })
    }

    fn check_virtual_keys(&self, slugs: Option<&[String]>) -> Result<(), Error> {
        let Some(own) = self.virtual_keys else { return Ok(()) };
        let foreign = slugs.map(|slugs| slugs.iter().find(|slug| !own.contains(slug)));
        let what = match foreign {
            Some(None) => return Ok(()),
            Some(Some(slug)) => format!("must not name `{slug}`"),
            None => "must not be absent, which allows all".to_owned(),
        };
        let message = format!(
            "`virtual_keys` {what}: the caller may use some virtual keys only; it can name {}",
            listed(own)
        );
        Err(Error::OutOfBounds {
            code: "virtual_key_not_allowed",
            param: "virtual_keys".to_owned(),
            message,
        })
    }

    fn check_expiry(&self, expires_at: Option<i64>) -> Result<(), Error> {
        let Some(own) = self.expires_at else { return Ok(()) };
        if expires_at.is_some_and(|end| end <= own) {
            return Ok(());
        }
        let message = format!(
            "`expires_at` must not be absent or later than {}, when the caller's own key expires",
            rfc3339(own)
        );
        Err(out_of_bounds("expires_at", message))
    }

    fn check_metadata(&self, defaults: Option<&Defaults>) -> Result<(), Error> {
        for (name, value) in self.metadata.into_iter().flatten() {
            if defaults.and_then(|defaults| defaults.metadata.get(name)) != Some(value) {
                let param = format!("defaults.metadata.{name}");
                let message = format!("`{param}` must be {value}, as in the caller's own metadata");
                return Err(out_of_bounds(param, message));
            }
        }
        Ok(())
    }

    fn check_config(&self, defaults: Option<&Defaults>) -> Result<(), Error> {
        let Some(own) = self.locked_config else { return Ok(()) };
        let config = defaults.and_then(|defaults| defaults.config.as_deref());
        if !config.is_some_and(|config| is_same_config(config, own)) {
            // It is not repeated here: it may hold credentials.
            let message = "`defaults.config_id` must be the config of the caller's own key, which requests may not replace";
            return Err(out_of_bounds("defaults.config_id", message));
        }
        if defaults.is_none_or(|defaults| defaults.allow_config_override) {
            let message =
                "`defaults.allow_config_override` must be false, as for the caller's own key";
            return Err(out_of_bounds("defaults.allow_config_override", message));
        }
        Ok(())
    }
}

/// Whether two configs are the same JSON, however it is written.
fn is_same_config(one: &str, other: &str) -> bool {
    let json = |text: &str| serde_json::from_str::<Value>(text).ok();
    one == other || json(one).is_some_and(|one| json(other) == Some(one))
}

fn out_of_bounds(param: impl Into<String>, message: impl Into<String>) -> Error {
    Error::OutOfBounds {
        code: "outside_caller_bounds",
        param: param.into(),
        message: message.into(),
    }
}

/// Entries for an error message.
fn listed(entries: &[String]) -> String {
    if entries.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<String> =
        entries.iter().take(MAX_LISTED).map(|entry| format!("`{entry}`")).collect();
    let more = if entries.len() > MAX_LISTED { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests;

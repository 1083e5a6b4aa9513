//! What the gateway lends to whom: its own identity, roles that it assumes, and what
//! virtual keys open.

use secrecy::SecretString;

use super::credentials::{AssumedRole, NamedKey, Owner};
use super::error::Error;
use crate::access::Caller;
use crate::aws::role::Role;
use crate::aws::roles::RoleSource;
use crate::vault::{Snapshot, Status, matches};

/// What the operator lets the gateway lend.
#[derive(Debug, Clone, Default)]
pub struct Lent {
    /// Whether callers without credentials use the gateway's own.
    pub allow_gateway_identity: bool,
    /// Roles that callers may have the gateway assume: ARNs, in which `*` stands for
    /// any characters.
    pub assumable_roles: Vec<String>,
    /// The role that the gateway assumes before any other.
    pub source_role: Option<Role>,
}

/// What is lent to one caller, at one time.
#[derive(Debug, Clone, Copy)]
pub struct Lending<'a> {
    lent: &'a Lent,
    caller: &'a Caller,
    vault: Option<&'a Snapshot>,
    /// Seconds since 1970.
    now: i64,
}

impl Lent {
    /// What of it a caller gets at `now`, in seconds since 1970.
    #[must_use]
    pub fn to_at<'a>(
        &'a self,
        caller: &'a Caller,
        vault: Option<&'a Snapshot>,
        now: i64,
    ) -> Lending<'a> {
        Lending { lent: self, caller, vault, now }
    }

    #[cfg(test)]
    pub(super) fn to<'a>(&'a self, caller: &'a Caller, vault: Option<&'a Snapshot>) -> Lending<'a> {
        self.to_at(caller, vault, 0)
    }

    /// The chain that the gateway goes through to the last of `roles`.
    #[must_use]
    pub fn chain(&self, roles: Vec<Role>) -> AssumedRole {
        let roles = self.source_role.clone().into_iter().chain(roles).collect();
        AssumedRole { source: RoleSource::Gateway, roles, owner: Owner::Lender }
    }
}

impl Lending<'_> {
    pub(super) fn allows_gateway_identity(&self) -> bool {
        self.lent.allow_gateway_identity
    }

    /// Whether the caller may name virtual keys at all.
    pub(super) fn allows_virtual_keys(&self) -> bool {
        !self.caller.is_anonymous() && self.vault.is_some()
    }

    /// Has the gateway assume roles. Who nobody knows gets no more of its identity than
    /// the setting lends to everybody.
    pub(super) fn gateway_assumes(&self, roles: Vec<Role>) -> Result<AssumedRole, Error> {
        let is_known = !self.caller.is_anonymous() || self.lent.allow_gateway_identity;
        let may = |role: &Role| {
            let arn = role.role_arn.as_str().as_bytes();
            self.lent.assumable_roles.iter().any(|pattern| matches(pattern.as_bytes(), arn))
        };
        match roles.iter().find(|role| !is_known || !may(role)) {
            Some(role) => Err(Error::RoleNotLent { role: role.role_arn.clone() }),
            None => Ok(self.lent.chain(roles)),
        }
    }

    /// A virtual key by its slug. Whether the caller may use one of that name is told
    /// before whether there is one.
    pub(super) fn virtual_key(
        &self,
        slug: &str,
        place: &str,
        session_token: Option<SecretString>,
    ) -> Result<NamedKey, Error> {
        if self.caller.is_anonymous() {
            return Err(Error::VirtualKeysClosed);
        }
        if !self.caller.may_use(slug) {
            return Err(Error::VirtualKeyNotAllowed { slug: slug.to_owned() });
        }
        let known = self.vault.and_then(|vault| vault.virtual_key(slug));
        let Some(key) = known.cloned() else {
            return Err(Error::UnknownVirtualKey { slug: slug.to_owned() });
        };
        match key.status(self.now) {
            Status::Active => Ok(NamedKey { key, session_token, place: place.to_owned() }),
            status => Err(Error::VirtualKeyEnded { slug: slug.to_owned(), status }),
        }
    }
}

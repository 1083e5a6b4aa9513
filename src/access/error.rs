//! Why a caller is turned away.

use super::jwt::JwtError;
use crate::vault;

/// Why a caller is turned away.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The gateway serves known callers only, and this one showed nothing.
    #[error(
        "this gateway serves known callers only: send a gateway key as `x-portkey-api-key: bgw-...` or `Authorization: Bearer bgw-...`"
    )]
    NobodyNamed,
    /// The key is none of this gateway's.
    #[error("the gateway key is not one of this gateway's")]
    UnknownKey,
    /// The key's time is over.
    #[error("the gateway key has expired")]
    ExpiredKey,
    /// The key was taken back.
    #[error("the gateway key was revoked")]
    RevokedKey,
    /// There are no gateway keys here at all.
    #[error(
        "this gateway has no gateway keys: its operator makes the first one with `bedrock-gateway master-key create FILE`, the setting `vault.master_key_file`, and `bedrock-gateway api-key create --name admin --scope admin.write`"
    )]
    NoKeys,
    /// The JWT does not hold, or cannot be checked.
    #[error("the JWT is not accepted: {0}")]
    Jwt(#[from] JwtError),
    /// The caller may not do this.
    #[error("this needs the scope `{needed}`, which the caller does not have")]
    Scope {
        /// One of the scopes that would do.
        needed: String,
    },
    /// A key would exceed the caller's own bounds.
    #[error("{message}")]
    OutOfBounds {
        /// The stable word for it.
        code: &'static str,
        /// The member that exceeds them.
        param: String,
        /// What would be accepted.
        message: String,
    },
    /// The vault cannot be read.
    #[error("the vault cannot be read")]
    Vault(#[from] vault::Error),
}

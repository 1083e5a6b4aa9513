//! Why a token is refused, and why keys are not to be had.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::json;

/// Why a token is refused. The texts are for the caller: none holds anything of
/// the token, nor where the keys are.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JwtError {
    /// Not a JWS in compact form (RFC 7515, section 7.1) that holds claims, or one
    /// with extensions that must be understood and are not.
    #[error("the token is not a well-formed JWT")]
    Malformed,
    /// Neither RS256 nor ES256, or another than that of its key.
    #[error("the token is signed with an algorithm that is not accepted; use RS256 or ES256")]
    UnsupportedAlgorithm,
    /// The issuer has no such key, or several and the token does not say which.
    #[error("the token is signed with a key that its issuer does not publish")]
    UnknownKey,
    /// Not signed by the key that it names.
    #[error("the token's signature is not valid")]
    BadSignature,
    /// `exp` is over.
    #[error("the token has expired")]
    Expired,
    /// `nbf` is to come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `iss` is another.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// `aud` does not name this gateway.
    #[error("the token is for another audience")]
    WrongAudience,
    /// A claim that must be there is not.
    #[error("the token has no claim `{0}`")]
    MissingClaim(String),
    /// A claim that cannot be read for what it is to say.
    #[error("the token's claim `{0}` does not have the form that is expected of it")]
    InvalidClaim(String),
    /// Whether the token is good cannot be known: the operator's problem, and no
    /// reason to let anybody in.
    #[error("the keys that tokens are verified with are not available; try again later")]
    KeysUnavailable(#[source] Arc<KeysError>),
}

/// Why keys are not to be had; for the operator.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The URL gives nothing.
    #[error("the key set cannot be fetched")]
    Fetch(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The file cannot be read.
    #[error("the file with the key set cannot be read")]
    Read(#[source] io::Error),
    /// A directory, a pipe.
    #[error("the path of the key set is not that of a file")]
    NotAFile,
    /// The file cannot be read in time.
    #[error("the file with the key set was not read within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// More than a key set holds.
    #[error("the key set is larger than {0} bytes")]
    TooLarge(usize),
    /// Not a JWK Set.
    #[error("the document is not a JWK Set")]
    NotAKeySet(#[source] json::Error),
    /// A set in which nothing is of use.
    #[error(
        "none of the {0} keys of the set can be used; wanted are RSA keys of 2048 to 4096 bits for RS256, and P-256 keys for ES256"
    )]
    NoUsableKeys(usize),
    /// Nobody has asked yet.
    #[error("the key set has not been loaded")]
    NotLoaded,
}

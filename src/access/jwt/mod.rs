//! JSON Web Tokens (RFC 7519) by which callers say who they are: signed by an
//! issuer that the operator trusts, with keys that the issuer publishes.
//!
//! What RFC 8725 warns of is held here: a token is signed with RS256 or ES256 and
//! with the one algorithm of the key it names, whatever its header says; keys are
//! the issuer's and never the token's own; issuer, audience and expiry are
//! required. A token whose keys cannot be had is refused.

mod claims;
mod compact;
mod error;
#[cfg(test)]
mod fixtures;
mod key_set;
mod key_store;
mod options;
#[cfg(test)]
mod tests;
mod verified;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

pub use claims::{Identity, LEEWAY};
pub use compact::{MAX_TOKEN_BYTES, is_jwt};
pub use error::{JwtError, KeysError};
pub use key_store::FetchDocument;
pub use options::{ClaimMapping, JwksSource, JwksSourceError, JwtOptions, NullVirtualKeys};

use compact::Compact;
use key_store::KeyStore;
use verified::Verified;

/// Verifies the tokens of one issuer.
pub struct JwtVerifier {
    options: JwtOptions,
    keys: KeyStore,
    verified: Verified,
}

impl JwtVerifier {
    /// A verifier that has no keys yet: they are loaded for the first token.
    #[must_use]
    pub fn new(options: JwtOptions, fetcher: impl FetchDocument + 'static) -> Self {
        let keys = KeyStore::new(options.keys.clone(), Box::new(fetcher));
        Self { options, keys, verified: Verified::new() }
    }

    /// Who shows this token at `now`. May wait for keys, some seconds at most.
    ///
    /// # Errors
    /// See [`JwtError`]; all but [`JwtError::KeysUnavailable`] are the caller's.
    pub async fn verify(&self, token: &str, now: SystemTime) -> Result<Arc<Identity>, JwtError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(JwtError::Malformed);
        }
        let fingerprint = Verified::fingerprint(token);
        if let Some(entry) = self.verified.get(&fingerprint).await {
            if entry.identity.has_expired(now) {
                return Err(JwtError::Expired);
            }
            if self.keys.current(now).await?.has(&entry.key) {
                return Ok(entry.identity);
            }
            self.verified.remove(&fingerprint).await;
        }
        let compact = Compact::parse(token)?;
        let algorithm = compact.header.algorithm()?;
        let key = self.keys.key(compact.header.kid.as_deref(), algorithm, now).await?;
        if !key.has_signed(compact.message, compact.signature) {
            return Err(JwtError::BadSignature);
        }
        let identity = Arc::new(Identity::of(&compact.claims()?, &self.options, now)?);
        let entry = (Arc::clone(&identity), key);
        self.verified.insert(token, fingerprint, entry, now).await;
        Ok(identity)
    }
}

impl fmt::Debug for JwtVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtVerifier").field("options", &self.options).finish_non_exhaustive()
    }
}

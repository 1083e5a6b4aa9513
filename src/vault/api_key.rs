//! Gateway keys: how they look, what is kept of them, and what they allow.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::envelope::{self, Place, SecretKey};
use super::error::Error;
use super::master_key::MasterKeys;
use super::once::Once;
use super::virtual_key::Status;
use crate::store::ApiKeyRow;
use crate::telemetry::mask::KEY_PREFIX;

/// How many of a key's last characters are kept to tell keys apart.
const HINT: usize = 4;
/// Where the sealed field of one lies.
pub(super) fn place(id: &str) -> Place<'_> {
    Place { table: "api_keys", id, field: "defaults" }
}

/// Bytes of a block of SHA-256.
const BLOCK_BYTES: usize = 64;

/// HMAC-SHA-256 of a key.
pub(super) type Hash = [u8; 32];

/// The key of the hashes. Without it, which is sealed, a hash in a stolen database
/// says nothing of the key, and nobody can make one for a key of their own.
pub(super) struct Hasher(SecretKey);

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher(..)")
    }
}

impl Hasher {
    pub(super) fn new(key: SecretKey) -> Self {
        Self(key)
    }

    pub(super) fn hash(&self, key: &str) -> Hash {
        // As RFC 2104 does with a key that is shorter than a block.
        let mut block = Zeroizing::new([0; BLOCK_BYTES]);
        block.iter_mut().zip(self.0.iter()).for_each(|(byte, key)| *byte = *key);
        let mut hmac = <Hmac<Sha256> as KeyInit>::new(&(*block).into());
        hmac.update(key.as_bytes());
        hmac.finalize().into_bytes().into()
    }
}

/// A new key: 256 random bits.
pub(super) fn generate() -> SecretString {
    let random = BASE64_URL_SAFE_NO_PAD.encode(envelope::random_key().as_slice());
    SecretString::from(format!("{KEY_PREFIX}{random}"))
}

/// What of a key is kept to tell it from others.
pub(super) fn hint(key: &SecretString) -> String {
    let key = key.expose_secret();
    key.get(key.len().saturating_sub(HINT)..).unwrap_or_default().to_owned()
}

/// What requests with a key get if they do not say otherwise.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Defaults {
    /// Metadata; stands above that of the request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, Value>,
    /// A gateway config as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// Whether a request may bring a config of its own.
    #[serde(default = "yes")]
    pub allow_config_override: bool,
}

/// Without the values, which may be credentials.
impl fmt::Debug for Defaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Defaults")
            .field("has_config", &self.config.is_some())
            .field("allow_config_override", &self.allow_config_override)
            .finish_non_exhaustive()
    }
}

impl Default for Defaults {
    fn default() -> Self {
        Self { metadata: BTreeMap::new(), config: None, allow_config_override: true }
    }
}

fn yes() -> bool {
    true
}

/// A gateway key.
pub struct ApiKey {
    row: ApiKeyRow,
    scopes: Vec<String>,
    virtual_keys: Option<Vec<String>>,
    defaults: Once<Defaults>,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("id", &self.row.id).finish_non_exhaustive()
    }
}

impl ApiKey {
    /// A key as a row tells it.
    #[must_use]
    pub fn from_row(row: ApiKeyRow) -> Self {
        // The lists are written by `rows`; one that cannot be read allows nothing.
        let scopes = serde_json::from_str(&row.scopes).unwrap_or_default();
        let virtual_keys = row.virtual_keys.as_deref();
        let virtual_keys = virtual_keys.map(|list| serde_json::from_str(list).unwrap_or_default());
        Self { row, scopes, virtual_keys, defaults: Once::default() }
    }

    /// Its row.
    #[must_use]
    pub fn row(&self) -> &ApiKeyRow {
        &self.row
    }

    /// What it allows.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// The virtual keys that may be used with it; `None` for any.
    #[must_use]
    pub fn virtual_keys(&self) -> Option<&[String]> {
        self.virtual_keys.as_deref()
    }

    /// Whether it may be used at `now`, in seconds since 1970.
    #[must_use]
    pub fn status(&self, now: i64) -> Status {
        match self.row.expires_at {
            _ if self.row.revoked_at.is_some() => Status::Revoked,
            Some(end) if end <= now => Status::Expired,
            _ => Status::Active,
        }
    }

    pub(super) fn is(&self, hash: &Hash) -> bool {
        bool::from(self.row.hash.as_slice().ct_eq(hash))
    }

    /// What requests with it get; opened when first asked.
    pub(super) async fn defaults(&self, masters: &MasterKeys) -> Result<Arc<Defaults>, Error> {
        let open = async {
            let Some(envelope) = &self.row.defaults else {
                return Ok(Defaults::default());
            };
            let place = place(&self.row.id);
            let text = envelope::open(masters, place, envelope).await?;
            let defaults = serde_json::from_slice(&text);
            defaults.map_err(|_| Error::Broken { place: place.to_string() })
        };
        self.defaults.get(open).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_rfc_4231() {
        // Test case 1, whose key is 20 bytes of 0x0b.
        let mut key = Zeroizing::new([0; 32]);
        key[..20].fill(0x0b);
        let hash = Hasher::new(key).hash("Hi There");
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }

    #[test]
    fn defaults_are_shown_without_their_values() {
        let config = Some(r#"{"api_key":"secret"}"#.to_owned());
        let metadata = [("team".to_owned(), "secret".into())].into();
        let shown = format!("{:?}", Defaults { metadata, config, allow_config_override: true });
        assert!(shown.contains("has_config: true") && !shown.contains("secret"), "{shown}");
    }

    #[test]
    fn keys_are_long_and_never_the_same() {
        let (one, other) = (generate(), generate());
        assert_eq!(one.expose_secret().len(), KEY_PREFIX.len() + 43);
        assert!(one.expose_secret().starts_with(KEY_PREFIX));
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert_eq!(hint(&"bgw-abcdefgh".into()), "efgh");
    }
}

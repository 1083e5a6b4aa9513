//! Envelope encryption: every record has a data key of its own, which is sealed
//! under the master key and lies beside what it opens.
//!
//! AES-256-GCM throughout, with random nonces. What a record is and which of its
//! fields is bound in as associated data, so that an envelope that is moved to
//! another record, or to another field, does not open.
//!
//! Source: NIST SP 800-38D; <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#enveloping>.

use std::fmt;

use aes_gcm::aead::{Aead, Generate, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::Error;
use super::master_key::{MasterKeys, NewDataKey};

/// The form of envelopes that is written.
const VERSION: u8 = 1;
/// Bytes of a nonce of AES-GCM.
const NONCE_BYTES: usize = 12;
/// Bytes of a key of AES-256.
pub(super) const KEY_BYTES: usize = 32;

/// A key of AES-256 that is wiped when it is let go.
pub(super) type SecretKey = Zeroizing<[u8; KEY_BYTES]>;

/// What an envelope belongs to, such as `virtual_keys/<id>/credentials`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The table.
    pub(super) table: &'a str,
    /// The record.
    pub(super) id: &'a str,
    /// The field.
    pub(super) field: &'a str,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.table, self.id, self.field)
    }
}

/// An envelope as it lies in the database, as JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Envelope {
    v: u8,
    /// Which master key sealed the data key.
    master: String,
    /// The sealed data key, base64.
    key: String,
    /// Nonce and sealed content, base64.
    content: String,
}

/// Seals `content` for `place` under a new data key.
pub(super) async fn seal(
    masters: &MasterKeys,
    place: Place<'_>,
    content: &[u8],
) -> Result<String, Error> {
    let made = masters.new_data_key(&place.to_string()).await?;
    seal_under(&made, place, content)
}

/// Seals `content` for `place` under a data key that was made for it.
pub(super) fn seal_under(
    made: &NewDataKey,
    place: Place<'_>,
    content: &[u8],
) -> Result<String, Error> {
    let place = place.to_string();
    let sealed = encrypt(&made.key, &place, content)?;
    let envelope = Envelope {
        v: VERSION,
        master: made.master.clone(),
        key: BASE64_STANDARD.encode(&made.sealed),
        content: BASE64_STANDARD.encode(sealed),
    };
    serde_json::to_string(&envelope).map_err(|_| Error::Broken { place })
}

/// Opens what was sealed for `place`.
pub(super) async fn open(
    masters: &MasterKeys,
    place: Place<'_>,
    envelope: &str,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let place = place.to_string();
    let broken = || Error::Broken { place: place.clone() };
    let envelope: Envelope = serde_json::from_str(envelope).map_err(|_| broken())?;
    if envelope.v != VERSION {
        return Err(broken());
    }
    let sealed_key = BASE64_STANDARD.decode(&envelope.key).map_err(|_| broken())?;
    let content = BASE64_STANDARD.decode(&envelope.content).map_err(|_| broken())?;
    let key = masters.open_data_key(&envelope.master, &sealed_key, &place).await?;
    decrypt(&key, &place, &content).ok_or_else(broken)
}

/// Which master key sealed the data key of an envelope; `None` if it is no envelope.
pub(super) fn master_of(envelope: &str) -> Option<String> {
    serde_json::from_str(envelope).ok().map(|envelope: Envelope| envelope.master)
}

/// Whether the master key `id` opens an envelope.
pub(super) fn is_sealed_by(envelope: &str, id: &str) -> bool {
    master_of(envelope).is_some_and(|master| master == id)
}

/// Nonce and sealed content.
pub(super) fn encrypt(key: &SecretKey, place: &str, content: &[u8]) -> Result<Vec<u8>, Error> {
    let nonce = Nonce::generate();
    let payload = Payload { msg: content, aad: place.as_bytes() };
    let sealed = cipher(key).encrypt(&nonce, payload);
    let sealed = sealed.map_err(|_| Error::Broken { place: place.to_owned() })?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// `None` if the key is another, the place is, or a bit was changed.
pub(super) fn decrypt(key: &SecretKey, place: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let payload = Payload { msg: sealed, aad: place.as_bytes() };
    cipher(key).decrypt(&Nonce::from(*nonce), payload).ok().map(Zeroizing::new)
}

/// A new random key.
pub(super) fn random_key() -> SecretKey {
    Zeroizing::new(Key::<Aes256Gcm>::generate().into())
}

fn cipher(key: &SecretKey) -> Aes256Gcm {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(**key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::master_key::tests::local;

    const PLACE: Place<'_> = Place { table: "virtual_keys", id: "1", field: "credentials" };

    #[tokio::test]
    async fn an_envelope_opens_at_its_place_and_with_its_key_only() {
        let masters = local(1);
        let sealed = seal(&masters, PLACE, b"secret").await.unwrap();
        assert!(!sealed.contains("secret"));
        assert_eq!(**open(&masters, PLACE, &sealed).await.unwrap(), *b"secret");
        for other in [
            Place { id: "2", ..PLACE },
            Place { field: "defaults", ..PLACE },
            Place { table: "api_keys", ..PLACE },
        ] {
            assert!(matches!(open(&masters, other, &sealed).await, Err(Error::Broken { .. })));
        }
        assert!(matches!(
            open(&local(2), PLACE, &sealed).await,
            Err(Error::UnknownMasterKey { .. })
        ));
    }

    #[tokio::test]
    async fn the_same_content_is_never_sealed_the_same_way() {
        let masters = local(1);
        let one = seal(&masters, PLACE, b"secret").await.unwrap();
        let other = seal(&masters, PLACE, b"secret").await.unwrap();
        assert_ne!(one, other);
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let key = random_key();
        let sealed = encrypt(&key, "place", b"content").unwrap();
        for at in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[at / 8] ^= 1 << (at % 8);
            assert!(decrypt(&key, "place", &changed).is_none(), "bit {at}");
        }
        for length in 0..sealed.len() {
            assert!(decrypt(&key, "place", &sealed[..length]).is_none(), "{length} bytes");
        }
    }
}

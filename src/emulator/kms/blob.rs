//! Ciphertexts: sealed under a key that follows from the key's ARN, so that they
//! outlive the emulator that made them.
//!
//! A ciphertext is a mark, the length of the ARN in two bytes, the ARN, a nonce,
//! and what AES-256-GCM makes of the plaintext. ARN and encryption context are bound to
//! it.

use std::collections::BTreeMap;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};

use super::super::digest::{self, LENGTH};

const MARK: &[u8] = b"emukms1:";
/// Not a secret: these keys protect nothing but what tests and demonstrations seal.
const MASTER: &str = "emulator-kms-master-key-v1";
const NONCE_LENGTH: usize = 12;

/// `EncryptionContext`, in the order that does not matter.
pub(super) type Context = BTreeMap<String, String>;

/// Seals a plaintext.
pub(super) fn seal(arn: &str, context: &Context, plaintext: &[u8]) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE_LENGTH];
    for (to, from) in nonce.iter_mut().zip(digest::random()) {
        *to = from;
    }
    let bound = bound(arn, context);
    let payload = Payload { msg: plaintext, aad: &bound };
    let sealed = cipher(arn).encrypt(&nonce.into(), payload).ok()?;
    let mut blob = MARK.to_vec();
    blob.extend_from_slice(&u16::try_from(arn.len()).ok()?.to_be_bytes());
    blob.extend_from_slice(arn.as_bytes());
    blob.extend_from_slice(&nonce);
    blob.extend_from_slice(&sealed);
    Some(blob)
}

/// A ciphertext that looks like one of the emulator's.
pub(super) struct Blob<'a> {
    /// The key that sealed it.
    pub(super) arn: &'a str,
    nonce: [u8; NONCE_LENGTH],
    sealed: &'a [u8],
}

impl<'a> Blob<'a> {
    /// Takes a ciphertext apart.
    pub(super) fn parse(blob: &'a [u8]) -> Option<Self> {
        let (length, rest) = blob.strip_prefix(MARK)?.split_first_chunk::<2>()?;
        let (arn, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LENGTH>()?;
        Some(Self { arn: std::str::from_utf8(arn).ok()?, nonce: *nonce, sealed })
    }

    /// The plaintext; `None` when anything was altered, or the context is another.
    pub(super) fn open(&self, context: &Context) -> Option<Vec<u8>> {
        let bound = bound(self.arn, context);
        let payload = Payload { msg: self.sealed, aad: &bound };
        cipher(self.arn).decrypt(&self.nonce.into(), payload).ok()
    }
}

fn cipher(arn: &str) -> Aes256Gcm {
    let key: [u8; LENGTH] = digest::plain(MASTER, arn);
    Aes256Gcm::new(&key.into())
}

/// ARN and context, each part behind its length.
fn bound(arn: &str, context: &Context) -> Vec<u8> {
    let texts = context.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    let mut bytes = Vec::new();
    for text in std::iter::once(arn).chain(texts) {
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";

    fn context(name: &str, value: &str) -> Context {
        Context::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn blobs_open_with_their_context_only() {
        let ours = context("team", "a");
        let sealed = seal(ARN, &ours, b"secret").unwrap();
        let blob = Blob::parse(&sealed).unwrap();
        assert_eq!(blob.arn, ARN);
        assert_eq!(blob.open(&ours).as_deref(), Some(b"secret".as_slice()));
        for other in [Context::new(), context("team", "b"), context("tea", "ma")] {
            assert_eq!(blob.open(&other), None);
        }
        assert_ne!(seal(ARN, &ours, b"secret").unwrap(), sealed);
    }

    #[test]
    fn altered_blobs_do_not_open() {
        let sealed = seal(ARN, &Context::new(), b"secret").unwrap();
        let open = |bytes: &[u8]| Blob::parse(bytes).and_then(|blob| blob.open(&Context::new()));
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert_eq!(open(&altered), None, "byte {at}");
            assert_eq!(open(&sealed[..at]), None, "the first {at} bytes");
        }
        assert!(open(&sealed).is_some());
    }
}

//! Keyed digests, and what the emulator makes of digests and of chance: ids and keys.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Bytes of every key and digest here.
pub(super) const LENGTH: usize = 32;
/// Block of the digest, which a key is filled up to with zeros.
const BLOCK: usize = 64;
/// The characters of AWS's unique ids.
const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// HMAC-SHA256 of the parts, one after the other.
pub(super) fn keyed(key: &[u8; LENGTH], parts: &[&[u8]]) -> [u8; LENGTH] {
    let mut block = [0; BLOCK];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// SHA-256 of a text that says what it is for, and the text.
pub(super) fn plain(purpose: &str, text: &str) -> [u8; LENGTH] {
    Sha256::new().chain_update(purpose).chain_update([0]).chain_update(text).finalize().into()
}

/// Bytes nobody can guess: no two calls return the same.
pub(super) fn random() -> [u8; LENGTH] {
    let mut digest = Sha256::new();
    // A version 4 UUID has 122 bits of chance.
    for _ in 0..3 {
        digest.update(uuid::Uuid::new_v4().as_bytes());
    }
    digest.finalize().into()
}

/// The beginning of a digest as capital letters and digits.
pub(super) fn letters(digest: &[u8; LENGTH], count: usize) -> String {
    digest
        .iter()
        .take(count)
        .filter_map(|byte| LETTERS.get(usize::from(byte % 32)))
        .map(|letter| char::from(*letter))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyed_digests_are_hmac() {
        let mut key = [0; LENGTH];
        key[..4].copy_from_slice(b"Jefe");
        // Test case 2 of RFC 4231.
        let found = keyed(&key, &[b"what do ya want ", b"for nothing?"]);
        let hex: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn chance_does_not_repeat_and_letters_are_letters() {
        assert_ne!(random(), random());
        let id = letters(&plain("test", "text"), 17);
        assert_eq!(id.len(), 17);
        assert!(id.bytes().all(|byte| LETTERS.contains(&byte)));
    }
}

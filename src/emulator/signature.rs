//! Signatures of thinking blocks, and redacted thinking: made here, recognised
//! when they come back, so that a client that alters either is found out.
//!
//! A signature is base64 of [`SIGNATURE_PREFIX`] and a digest of the text;
//! redacted content is [`REDACTED_PREFIX`], a digest and the hidden text. What
//! carries neither prefix was made by a real model and is taken as it is.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

const SIGNATURE_PREFIX: &[u8] = b"emulator-thinking-signature-v1:";
const REDACTED_PREFIX: &[u8] = b"emulator-redacted-thinking-v1:";
const DIGEST_LENGTH: usize = 32;
/// Real signatures are longer; anything shorter is a placeholder.
const SHORTEST_FOREIGN_SIGNATURE: usize = 32;

/// The signature of a thinking text, base64 as in the API.
pub(super) fn sign(text: &str) -> String {
    let mut bytes = SIGNATURE_PREFIX.to_vec();
    bytes.extend_from_slice(&digest(SIGNATURE_PREFIX, text.as_bytes()));
    BASE64_STANDARD.encode(bytes)
}

/// Whether a signature goes with a text, or is a real model's.
pub(super) fn is_valid(signature: &str, text: &str) -> bool {
    let Ok(bytes) = BASE64_STANDARD.decode(signature) else {
        return false;
    };
    match bytes.strip_prefix(SIGNATURE_PREFIX) {
        Some(found) => found == digest(SIGNATURE_PREFIX, text.as_bytes()),
        None => bytes.len() >= SHORTEST_FOREIGN_SIGNATURE,
    }
}

/// A thinking text nobody but the emulator reads.
pub(super) fn redact(text: &str) -> Vec<u8> {
    let mut bytes = REDACTED_PREFIX.to_vec();
    bytes.extend_from_slice(&digest(REDACTED_PREFIX, text.as_bytes()));
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// Whether redacted content (base64) is as it was made, or a real model's.
pub(super) fn is_intact(redacted: &str) -> bool {
    let Ok(bytes) = BASE64_STANDARD.decode(redacted) else {
        return false;
    };
    let Some(rest) = bytes.strip_prefix(REDACTED_PREFIX) else {
        return true;
    };
    rest.split_at_checked(DIGEST_LENGTH)
        .is_some_and(|(found, text)| found == digest(REDACTED_PREFIX, text))
}

fn digest(purpose: &[u8], text: &[u8]) -> [u8; DIGEST_LENGTH] {
    Sha256::new()
        .chain_update(purpose)
        .chain_update(text)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_signatures_fit_their_text_only() {
        let signature = sign("Let me think");
        assert!(is_valid(&signature, "Let me think"));
        assert!(!is_valid(&signature, "Let me think!"));
        assert!(!is_valid(&signature.replace('=', ""), "Let me think"));
    }

    #[test]
    fn plausible_foreign_signatures_are_taken() {
        assert!(is_valid(&BASE64_STANDARD.encode([7_u8; 120]), "anything"));
        for placeholder in ["", "sig", "not base64!", "AAAA"] {
            assert!(!is_valid(placeholder, "anything"), "{placeholder}");
        }
    }

    #[test]
    fn redacted_content_must_come_back_whole() {
        let mut bytes = redact("secret");
        assert!(is_intact(&BASE64_STANDARD.encode(&bytes)));
        bytes.pop();
        assert!(!is_intact(&BASE64_STANDARD.encode(&bytes)));
        assert!(!is_intact(&BASE64_STANDARD.encode(REDACTED_PREFIX)));
        assert!(is_intact(&BASE64_STANDARD.encode("of a real model")));
    }
}

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

/// What a signature says about the text it came back with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Ours, and the text is as it was.
    Fits,
    /// Ours, but for another text.
    Broken,
    /// Looks like a real model's; nobody here can say more.
    Foreign,
    /// No model writes such a signature.
    Implausible,
}

/// Judges a signature.
pub(super) fn judge(signature: &str, text: &str) -> Verdict {
    let Ok(bytes) = BASE64_STANDARD.decode(signature) else {
        return Verdict::Implausible;
    };
    match bytes.strip_prefix(SIGNATURE_PREFIX) {
        Some(found) if found == digest(SIGNATURE_PREFIX, text.as_bytes()) => Verdict::Fits,
        Some(_) => Verdict::Broken,
        None if bytes.len() >= SHORTEST_FOREIGN_SIGNATURE => Verdict::Foreign,
        None => Verdict::Implausible,
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
    Sha256::new().chain_update(purpose).chain_update(text).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_signatures_fit_their_text_only() {
        let signature = sign("Let me think");
        assert_eq!(judge(&signature, "Let me think"), Verdict::Fits);
        assert_eq!(judge(&signature, "Let me think!"), Verdict::Broken);
    }

    #[test]
    fn plausible_foreign_signatures_are_taken() {
        let foreign = BASE64_STANDARD.encode([7_u8; 120]);
        assert_eq!(judge(&foreign, "anything"), Verdict::Foreign);
        for placeholder in ["", "sig", "not base64!", "AAAA"] {
            assert_eq!(judge(placeholder, "anything"), Verdict::Implausible, "{placeholder}");
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

//! The compact form of a JWS (RFC 7515, section 7.1): three parts in base64url
//! with dots between, of which the first is a header in JSON.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::error::JwtError;

/// The longest token that is looked at, in bytes: more than HTTP servers commonly
/// take in all headers together, and little enough to hash for everybody.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Whether a text has the shape of a JWT, so that it is worth verifying: three
/// parts in base64url, the first of them an object with `alg`. Costs no more than
/// a look at [`MAX_TOKEN_BYTES`], and says nothing about whether it is good.
#[must_use]
pub fn is_jwt(text: &str) -> bool {
    Compact::parse(text).is_ok()
}

/// A token taken apart, of which nothing is believed.
pub(super) struct Compact<'a> {
    pub(super) header: Header,
    /// What is signed: header and claims as they stand.
    pub(super) message: &'a str,
    /// In base64url.
    claims: &'a str,
    /// In base64url.
    pub(super) signature: &'a str,
}

/// What a header says that is acted upon. Keys that it brings along or points to
/// (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.
#[derive(Deserialize)]
pub(super) struct Header {
    alg: String,
    /// Which of the issuer's keys it is.
    pub(super) kid: Option<String>,
    /// Extensions that must be understood (RFC 7515, section 4.1.11).
    #[serde(default, deserialize_with = "is_there")]
    crit: bool,
}

/// A member that is there, even as `null`.
fn is_there<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl<'a> Compact<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, JwtError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(JwtError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(JwtError::Malformed)?;
        if ![header, claims, signature].into_iter().all(is_base64url) {
            return Err(JwtError::Malformed);
        }
        let header: Header =
            serde_json::from_slice(&decode(header)?).map_err(|_| JwtError::Malformed)?;
        Ok(Self { header, message, claims, signature })
    }

    /// The claims as JSON.
    pub(super) fn claims(&self) -> Result<Vec<u8>, JwtError> {
        decode(self.claims)
    }
}

impl Header {
    /// What the token says it is signed with. It is held against the key's own
    /// algorithm, and is not believed by itself (RFC 8725, section 3.1).
    pub(super) fn algorithm(&self) -> Result<Algorithm, JwtError> {
        if self.crit {
            return Err(JwtError::Malformed);
        }
        match self.alg.as_str() {
            "RS256" => Ok(Algorithm::RS256),
            "ES256" => Ok(Algorithm::ES256),
            _ => Err(JwtError::UnsupportedAlgorithm),
        }
    }
}

fn is_base64url(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn decode(part: &str) -> Result<Vec<u8>, JwtError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| JwtError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, rest: &str) -> String {
        format!("{}{rest}", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn a_jwt_is_known_by_its_shape() {
        for rest in [".e30.c2ln", ".e30.", "..", ".-_.A"] {
            assert!(is_jwt(&token(r#"{"alg":"none"}"#, rest)), "{rest}");
        }
        for rest in ["", ".e30", ".e30.a.b", ".e=0.a", ".e30.a b", ".e30.é"] {
            assert!(!is_jwt(&token(r#"{"alg":"RS256"}"#, rest)), "{rest}");
        }
        for header in ["", "{}", "[]", r#"["alg"]"#, r#"{"alg":1}"#, r#"{"alg":"a","alg":"b"}"#] {
            assert!(!is_jwt(&token(header, ".e30.c2ln")), "{header}");
        }
        for text in ["", ".", "..", "...", "sk-abc", "a.b.c", "bgw_abc.def.ghi"] {
            assert!(!is_jwt(text), "{text}");
        }
    }

    #[test]
    fn a_token_may_be_so_long_and_no_longer() {
        let head = token(r#"{"alg":"RS256"}"#, ".e30.");
        let fill = "A".repeat(MAX_TOKEN_BYTES - head.len());
        assert!(is_jwt(&format!("{head}{fill}")));
        assert!(!is_jwt(&format!("{head}{fill}A")));
    }

    #[test]
    fn only_two_algorithms_are_accepted() {
        let algorithm =
            |header: &str| Compact::parse(&token(header, ".e30.")).unwrap().header.algorithm();
        assert_eq!(algorithm(r#"{"alg":"RS256"}"#).unwrap(), Algorithm::RS256);
        assert_eq!(algorithm(r#"{"alg":"ES256"}"#).unwrap(), Algorithm::ES256);
        for alg in ["none", "None", "HS256", "RS384", "PS256", "ES384", "EdDSA", "rs256", ""] {
            let refused = algorithm(&format!(r#"{{"alg":"{alg}"}}"#));
            assert!(matches!(refused, Err(JwtError::UnsupportedAlgorithm)), "{alg}");
        }
        for crit in [r#"["b64"]"#, "[]", "null"] {
            let refused = algorithm(&format!(r#"{{"alg":"RS256","crit":{crit}}}"#));
            assert!(matches!(refused, Err(JwtError::Malformed)), "{crit}");
        }
    }
}

//! An issuer's public keys, read from a JWK Set (RFC 7517, section 5; RFC 7518,
//! section 6).
//!
//! Keys that are not understood, too weak, or for something else are left out, as
//! the RFC wants; a private key's secret half, should one stand there, is not read.

use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;

use super::error::KeysError;
use crate::json;

/// The shortest RSA key, in bits (RFC 7518, section 3.3).
const MIN_RSA_BITS: usize = 2048;
/// The longest, in bits: a signature check takes time with its square.
const MAX_RSA_BITS: usize = 4096;
/// The longest public exponent, in bytes: 65537 has three, and longer ones make
/// each check slower.
const MAX_RSA_EXPONENT_BYTES: usize = 4;
/// A coordinate of a point of P-256, in bytes (RFC 7518, section 6.2.1.2).
const P256_COORDINATE_BYTES: usize = 32;

/// The keys of one issuer.
#[derive(Debug)]
pub(super) struct KeySet {
    keys: Vec<Arc<Key>>,
    /// How many stand in the set, of use or not.
    pub(super) n_listed: usize,
}

/// A public key and what it is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    kid: Option<String>,
    material: Material,
}

#[derive(Debug, PartialEq, Eq)]
enum Material {
    /// For RS256.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// For ES256: a point of P-256, uncompressed (SEC 1, section 2.3.3).
    P256 { point: Vec<u8> },
}

/// There is no key for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoKey {
    /// None has the name that the token says.
    Unknown,
    /// The token says no name, and there are several.
    Unnamed,
    /// Those of that name are for another algorithm.
    OtherAlgorithm,
}

impl KeySet {
    /// Reads a set, in which there may be nothing of use.
    pub(super) fn parse(text: &[u8]) -> Result<Self, KeysError> {
        let listed: Listed = json::from_slice(text).map_err(KeysError::NotAKeySet)?;
        let n_listed = listed.keys.len();
        let usable = listed.keys.into_iter().filter_map(|key| {
            let jwk: Jwk = serde_json::from_value(key).ok()?;
            Key::of(jwk).map(Arc::new)
        });
        Ok(Self { keys: usable.collect(), n_listed })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether a key of this or another set is in this one, under the same name.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.keys.iter().any(|known| **known == *key)
    }

    /// The key for a token that says this of itself.
    pub(super) fn find(&self, kid: Option<&str>, by: Algorithm) -> Result<Arc<Key>, NoKey> {
        let of_algorithm = |key: &&Arc<Key>| key.algorithm() == by;
        let Some(kid) = kid else {
            return match self.keys.as_slice() {
                [] => Err(NoKey::Unknown),
                [only] => Some(only).filter(of_algorithm).cloned().ok_or(NoKey::OtherAlgorithm),
                _ => Err(NoKey::Unnamed),
            };
        };
        let mut named = self.keys.iter().filter(|key| key.kid.as_deref() == Some(kid)).peekable();
        if named.peek().is_none() {
            return Err(NoKey::Unknown);
        }
        named.find(of_algorithm).cloned().ok_or(NoKey::OtherAlgorithm)
    }
}

impl Key {
    fn of(jwk: Jwk) -> Option<Self> {
        if jwk.purpose.is_some_and(|purpose| purpose != "sig")
            || jwk.operations.is_some_and(|all| all.iter().all(|operation| operation != "verify"))
        {
            return None;
        }
        let decode = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
        let (material, algorithm) = match (jwk.kind.as_str(), jwk.curve.as_deref()) {
            ("RSA", _) => {
                let (modulus, exponent) = (decode(jwk.modulus)?, decode(jwk.exponent)?);
                (Material::rsa(&modulus, &exponent)?, "RS256")
            }
            ("EC", Some("P-256")) => (Material::p256(&decode(jwk.x)?, &decode(jwk.y)?)?, "ES256"),
            _ => return None,
        };
        if jwk.algorithm.is_some_and(|said| said != algorithm) {
            return None;
        }
        Some(Self { kid: jwk.kid, material })
    }

    /// The one algorithm that the key is for.
    pub(super) fn algorithm(&self) -> Algorithm {
        self.material.algorithm()
    }

    /// Whether `signature`, in base64url, is this key's for `message`.
    pub(super) fn has_signed(&self, message: &str, signature: &str) -> bool {
        let key = self.material.decoding_key();
        crypto::verify(signature, message.as_bytes(), &key, self.algorithm()).unwrap_or(false)
    }
}

impl Material {
    /// `None` if it is too short or long to be safe or of use.
    fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let (modulus, exponent) = (without_leading_zeros(modulus), without_leading_zeros(exponent));
        let unused_bits = usize::try_from(modulus.first()?.leading_zeros()).ok()?;
        let n_bits = modulus.len() * 8 - unused_bits;
        let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
        let of_use = (MIN_RSA_BITS..=MAX_RSA_BITS).contains(&n_bits)
            && is_odd(modulus)
            && is_odd(exponent)
            // It would make every text its own signature.
            && exponent != [1]
            && exponent.len() <= MAX_RSA_EXPONENT_BYTES;
        let (modulus, exponent) = (modulus.to_vec(), exponent.to_vec());
        of_use.then_some(Self::Rsa { modulus, exponent })
    }

    /// `None` if it is no point of the curve.
    fn p256(x: &[u8], y: &[u8]) -> Option<Self> {
        if x.len() != P256_COORDINATE_BYTES || y.len() != P256_COORDINATE_BYTES {
            return None;
        }
        let point = [&[4], x, y].concat();
        // `jsonwebtoken` checks the point with each signature only; a key that can
        // verify none must not be listed as usable.
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).ok()?;
        Some(Self::P256 { point })
    }

    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa { .. } => Algorithm::RS256,
            Self::P256 { .. } => Algorithm::ES256,
        }
    }

    fn decoding_key(&self) -> DecodingKey {
        match self {
            Self::Rsa { modulus, exponent } => {
                DecodingKey::from_rsa_raw_components(modulus, exponent)
            }
            Self::P256 { point } => DecodingKey::from_ec_der(point),
        }
    }
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let n_zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(n_zeros..).unwrap_or_default()
}

#[derive(Deserialize)]
struct Listed {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    #[serde(rename = "kty")]
    kind: String,
    kid: Option<String>,
    #[serde(rename = "alg")]
    algorithm: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    #[serde(rename = "key_ops")]
    operations: Option<Vec<String>>,
    #[serde(rename = "n")]
    modulus: Option<String>,
    #[serde(rename = "e")]
    exponent: Option<String>,
    #[serde(rename = "crv")]
    curve: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::fixtures;
    use super::*;

    fn set(keys: &[Value]) -> KeySet {
        KeySet::parse(&fixtures::jwks_of(keys)).unwrap()
    }

    /// A key with some members set, or taken away.
    fn with(kid: &str, changes: Value) -> Value {
        let mut key = fixtures::jwk(kid);
        for (name, value) in changes.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    }

    fn is_usable(key: Value) -> bool {
        !set(&[key]).is_empty()
    }

    #[test]
    fn keys_are_read_with_what_they_are_for() {
        let set = set(&[fixtures::jwk("rsa"), fixtures::jwk("p256")]);
        assert!(set.find(Some("rsa"), Algorithm::RS256).is_ok());
        assert!(set.find(Some("p256"), Algorithm::ES256).is_ok());
        let other = set.find(Some("rsa"), Algorithm::ES256);
        assert_eq!(other.unwrap_err(), NoKey::OtherAlgorithm);
        assert_eq!(set.find(Some("x"), Algorithm::RS256).unwrap_err(), NoKey::Unknown);
        assert_eq!(set.find(None, Algorithm::RS256).unwrap_err(), NoKey::Unnamed);
    }

    #[test]
    fn a_key_that_is_alone_need_not_be_named() {
        let alone = set(&[fixtures::jwk("rsa"), json!({"kty": "oct", "k": "c2VjcmV0"})]);
        assert!(alone.find(None, Algorithm::RS256).is_ok());
        assert_eq!(alone.find(None, Algorithm::ES256).unwrap_err(), NoKey::OtherAlgorithm);
        assert_eq!(alone.find(Some("x"), Algorithm::RS256).unwrap_err(), NoKey::Unknown);
    }

    #[test]
    fn what_a_key_does_not_say_is_taken_from_its_kind() {
        for kid in ["rsa", "p256"] {
            let bare = json!({"alg": null, "use": null, "key_ops": ["verify"], "x5t": 1});
            assert!(is_usable(with(kid, bare)));
        }
    }

    #[test]
    fn keys_for_something_else_are_left_out() {
        for changes in [
            json!({"alg": "RS512"}),
            json!({"alg": "HS256"}),
            json!({"use": "enc"}),
            json!({"key_ops": ["encrypt"]}),
            json!({"kty": "oct", "k": "c2VjcmV0"}),
            json!({"kty": "OKP", "crv": "Ed25519"}),
            json!({"kid": 1}),
            json!({"kty": null}),
        ] {
            assert!(!is_usable(with("rsa", changes.clone())), "{changes}");
        }
        assert!(!is_usable(with("p256", json!({"crv": "P-384"}))));
        assert!(!is_usable(json!("rsa")));
    }

    #[test]
    fn rsa_keys_that_are_not_safe_are_left_out() {
        let of_bits = |n_bits: usize| {
            let mut modulus = vec![0xff; n_bits.div_ceil(8)];
            modulus[0] >>= (8 - n_bits % 8) % 8;
            // A zero ahead adds no bit.
            modulus.insert(0, 0);
            is_usable(with("rsa", json!({"n": URL_SAFE_NO_PAD.encode(modulus)})))
        };
        assert!(!of_bits(1024));
        assert!(!of_bits(2047));
        assert!(of_bits(2048));
        assert!(of_bits(4096));
        assert!(!of_bits(4097));
        for exponent in ["", "AA", "AQ", "Ag", "AAAB", "AQAAAAE", "="] {
            assert!(!is_usable(with("rsa", json!({"e": exponent}))), "{exponent}");
        }
        assert!(is_usable(with("rsa", json!({"e": "Aw"}))));
    }

    #[test]
    fn points_that_are_not_on_the_curve_are_left_out() {
        let other = &fixtures::jwk("p256-next")["y"];
        for y in [other.clone(), json!("AQAB"), json!("="), Value::Null] {
            assert!(!is_usable(with("p256", json!({"y": y}))), "{y}");
        }
    }

    #[test]
    fn a_document_that_is_no_set_is_told_without_its_content() {
        for text in ["", "[]", "{}", r#"{"keys": {"secret": 1}}"#, r#"{"keys": "secret"}"#] {
            let error = KeySet::parse(text.as_bytes()).unwrap_err();
            assert!(matches!(error, KeysError::NotAKeySet(_)), "{error:?}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
        assert!(set(&[]).is_empty());
    }

    #[test]
    fn a_key_is_the_same_in_another_set_by_name_and_content() {
        let key = set(&[fixtures::jwk("rsa")]).find(None, Algorithm::RS256).unwrap();
        assert!(set(&[fixtures::jwk("p256"), fixtures::jwk("rsa")]).has(&key));
        assert!(!set(&[fixtures::jwk("p256")]).has(&key));
        assert!(!set(&[with("rsa", json!({"kid": "other"}))]).has(&key));
    }
}

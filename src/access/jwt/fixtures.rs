//! Keys and tokens for tests; see `tests/fixtures/jwt`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{ClaimMapping, FetchDocument, JwksSource, JwtOptions, NullVirtualKeys};

const RSA: &[u8] = include_bytes!("../../../tests/fixtures/jwt/rsa.pkcs1.der");
const P256: &[u8] = include_bytes!("../../../tests/fixtures/jwt/p256.pkcs8.der");
pub(super) const P256_NEXT: &[u8] =
    include_bytes!("../../../tests/fixtures/jwt/p256-next.pkcs8.der");
const JWKS: &[u8] = include_bytes!("../../../tests/fixtures/jwt/jwks.json");

/// The public key of that name.
pub(super) fn jwk(kid: &str) -> Value {
    let set: Value = serde_json::from_slice(JWKS).unwrap();
    set["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid).unwrap().clone()
}

/// A set of these keys.
pub(super) fn jwks_of(keys: &[Value]) -> Bytes {
    serde_json::to_vec(&json!({"keys": keys})).unwrap().into()
}

/// A set of the keys of these names.
pub(super) fn jwks(kids: &[&str]) -> Bytes {
    jwks_of(&kids.iter().map(|kid| jwk(kid)).collect::<Vec<_>>())
}

/// A token of these claims, signed by the key of that name, which it names.
pub(super) fn signed(kid: &str, claims: &Value) -> String {
    signed_as(kid, Some(kid), claims)
}

/// A token that names another key than the one that signed it, or none.
pub(super) fn signed_as(key: &str, kid: Option<&str>, claims: &Value) -> String {
    let (algorithm, key) = match key {
        "rsa" => (Algorithm::RS256, EncodingKey::from_rsa_der(RSA)),
        "p256" => (Algorithm::ES256, EncodingKey::from_ec_der(P256)),
        _ => (Algorithm::ES256, EncodingKey::from_ec_der(P256_NEXT)),
    };
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
    encode(&header, claims, &key).unwrap()
}

/// Seconds from 1970 to the moment at which tests begin.
pub(super) const START: u64 = 1_800_000_000;

/// Some seconds after tests begin.
pub(super) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(START + seconds)
}

/// Claims of a good token that expires after 1000 seconds, with some set; `null`
/// takes one away.
pub(super) fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": "https://issuer.example", "aud": "gateway", "sub": "u-1",
        "email": "ada@example.com", "exp": START + 1000,
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

pub(super) fn options() -> JwtOptions {
    JwtOptions {
        keys: JwksSource::Url("https://issuer.example/keys".to_owned()),
        issuer: "https://issuer.example".to_owned(),
        audience: vec!["other".to_owned(), "gateway".to_owned()],
        claims: ClaimMapping::default(),
        default_scopes: vec!["chat".to_owned()],
        null_virtual_keys: NullVirtualKeys::None,
    }
}

/// An issuer that gives what it is told to, `None` being a failure.
#[derive(Clone, Default)]
pub(super) struct Issuer {
    keys: Arc<Mutex<Option<Bytes>>>,
    n_loads: Arc<AtomicUsize>,
}

impl Issuer {
    pub(super) fn of(kids: &[&str]) -> Self {
        let issuer = Self::default();
        issuer.publish(Some(jwks(kids)));
        issuer
    }

    pub(super) fn publish(&self, keys: Option<Bytes>) {
        *self.keys.lock().unwrap() = keys;
    }

    pub(super) fn n_loads(&self) -> usize {
        self.n_loads.load(Ordering::Relaxed)
    }
}

impl FetchDocument for Issuer {
    fn fetch<'a>(
        &'a self,
        url: &'a str,
        _max_bytes: usize,
        _limit: Duration,
    ) -> BoxFuture<'a, Result<Bytes, Box<dyn std::error::Error + Send + Sync>>> {
        assert_eq!(url, "https://issuer.example/keys");
        Box::pin(async {
            self.n_loads.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            self.keys.lock().unwrap().clone().ok_or_else(|| "the issuer is down".into())
        })
    }
}

//! Who signed a token, and how.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};

use super::super::fixtures::{P256_NEXT, jwk, signed_as};
use super::*;

/// A token with a header of our own, signed with nothing but a text.
fn put_together(header: &Value, signature: &str) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.{signature}", part(header), part(&claims(&json!({}))))
}

#[tokio::test]
async fn tokens_of_both_algorithms_are_taken() {
    let verifier = verifier(&Issuer::of(&["rsa", "p256"]));
    for kid in ["rsa", "p256"] {
        let token = signed(kid, &claims(&json!({})));
        let identity = verifier.verify(&token, at(0)).await.unwrap();
        assert_eq!(identity.name, "ada@example.com");
        assert_eq!(identity.expires_at, at(1000));
    }
}

#[tokio::test]
async fn a_public_key_is_no_secret_to_sign_with() {
    let verifier = verifier(&Issuer::of(&["rsa"]));
    let modulus = jwk("rsa")["n"].as_str().unwrap().to_owned();
    let decoded = URL_SAFE_NO_PAD.decode(&modulus).unwrap();
    for secret in [modulus.as_bytes(), &decoded, jwk("rsa").to_string().as_bytes()] {
        let header = Header { kid: Some("rsa".to_owned()), ..Header::new(Algorithm::HS256) };
        let key = EncodingKey::from_secret(secret);
        let token = encode(&header, &claims(&json!({})), &key).unwrap();
        assert_refused!(verifier.verify(&token, at(0)).await, JwtError::UnsupportedAlgorithm);
        // The same signature under a name that is accepted.
        let signature = token.rsplit('.').next().unwrap();
        let renamed = put_together(&json!({"alg": "RS256", "kid": "rsa"}), signature);
        assert_refused!(verifier.verify(&renamed, at(0)).await, JwtError::BadSignature);
    }
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let verifier = verifier(&Issuer::of(&["rsa"]));
    for alg in ["none", "None", "NONE", "HS256", "PS256", "RS512", ""] {
        let token = put_together(&json!({"alg": alg, "kid": "rsa"}), "");
        assert_refused!(verifier.verify(&token, at(0)).await, JwtError::UnsupportedAlgorithm);
    }
    for signature in ["", "AAAA", "*"] {
        let token = put_together(&json!({"alg": "RS256", "kid": "rsa"}), signature);
        let expected = if signature == "*" { "Malformed" } else { "BadSignature" };
        let refused = verifier.verify(&token, at(0)).await.unwrap_err();
        assert_eq!(format!("{refused:?}"), expected);
    }
}

#[tokio::test]
async fn a_key_is_for_one_algorithm() {
    let verifier = verifier(&Issuer::of(&["rsa", "p256"]));
    let token = signed_as("p256", Some("rsa"), &claims(&json!({})));
    assert_refused!(verifier.verify(&token, at(0)).await, JwtError::UnsupportedAlgorithm);
}

#[tokio::test]
async fn what_was_signed_cannot_be_changed() {
    let verifier = verifier(&Issuer::of(&["rsa", "p256", "p256-next"]));
    for kid in ["rsa", "p256"] {
        let token = signed(kid, &claims(&json!({})));
        let parts: Vec<_> = token.split('.').collect();
        let other = claims(&json!({"email": "eve@example.com"}));
        let other = URL_SAFE_NO_PAD.encode(other.to_string());
        let changed = format!("{}.{other}.{}", parts[0], parts[2]);
        assert_refused!(verifier.verify(&changed, at(0)).await, JwtError::BadSignature);
    }
    let token = signed_as("p256", Some("p256-next"), &claims(&json!({})));
    assert_refused!(verifier.verify(&token, at(0)).await, JwtError::BadSignature);
}

#[tokio::test]
async fn a_token_names_its_key_unless_there_is_one_only() {
    let unnamed = signed_as("p256", None, &claims(&json!({})));
    assert!(verifier(&Issuer::of(&["p256"])).verify(&unnamed, at(0)).await.is_ok());
    let several = Issuer::of(&["rsa", "p256"]);
    assert_refused!(verifier(&several).verify(&unnamed, at(0)).await, JwtError::UnknownKey);
    assert_eq!(several.n_loads(), 1);
}

#[tokio::test]
async fn a_key_that_a_token_brings_along_is_not_used() {
    let issuer = Issuer::of(&["p256"]);
    let key = EncodingKey::from_ec_der(P256_NEXT);
    let header = Header {
        kid: Some("p256".to_owned()),
        jwk: Some(serde_json::from_value(jwk("p256-next")).unwrap()),
        jku: Some("https://eve.example/keys".to_owned()),
        ..Header::new(Algorithm::ES256)
    };
    let token = encode(&header, &claims(&json!({})), &key).unwrap();
    assert_refused!(verifier(&issuer).verify(&token, at(0)).await, JwtError::BadSignature);
}

#[tokio::test]
async fn what_is_no_jwt_is_refused_without_asking_for_keys() {
    let issuer = Issuer::of(&["p256"]);
    let long = format!("{}A", signed("p256", &claims(&json!({"x": "y".repeat(20_000)}))));
    for text in ["", "..", "a.b.c", "sk-123", &long] {
        assert_refused!(verifier(&issuer).verify(text, at(0)).await, JwtError::Malformed);
    }
    assert_eq!(issuer.n_loads(), 0);
    for payload in [json!("text"), json!([1]), json!(null)] {
        let token = signed("p256", &payload);
        assert_refused!(verifier(&issuer).verify(&token, at(0)).await, JwtError::Malformed);
    }
}

//! Tokens that come again.

use super::*;

#[tokio::test]
async fn a_token_is_verified_once_and_is_over_when_it_says() {
    let verifier = verifier(&Issuer::of(&["p256"]));
    let token = signed("p256", &claims(&json!({})));
    let first = verifier.verify(&token, at(0)).await.unwrap();
    let second = verifier.verify(&token, at(1059)).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second), "the token was verified again");
    assert_refused!(verifier.verify(&token, at(1060)).await, JwtError::Expired);
}

#[tokio::test]
async fn a_signature_that_is_not_good_is_not_helped_by_one_that_was() {
    let verifier = verifier(&Issuer::of(&["p256"]));
    let token = signed("p256", &claims(&json!({})));
    assert!(verifier.verify(&token, at(0)).await.is_ok());
    let other = signed("p256", &claims(&json!({"n": 1})));
    let (message, _) = token.rsplit_once('.').unwrap();
    let (_, signature) = other.rsplit_once('.').unwrap();
    let mixed = format!("{message}.{signature}");
    assert_refused!(verifier.verify(&mixed, at(0)).await, JwtError::BadSignature);
}

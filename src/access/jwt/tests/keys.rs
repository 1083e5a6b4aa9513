//! When keys are loaded, and which are believed.

use std::io::Write;

use futures_util::FutureExt;
use futures_util::future::join_all;

use super::super::fixtures::{START, jwks, jwks_of, signed_as};
use super::*;

const MINUTES: u64 = 60;
const HOURS: u64 = 60 * MINUTES;

/// A token that lasts.
fn token(kid: &str, n: u64) -> String {
    signed(kid, &claims(&json!({"exp": START + 1_000_000, "n": n})))
}

#[tokio::test]
async fn requests_that_come_together_load_the_keys_once() {
    let issuer = Issuer::of(&["p256"]);
    let verifier = verifier(&issuer);
    let tokens: Vec<_> = (0..100).map(|n| token("p256", n)).collect();
    let all = join_all(tokens.iter().map(|token| verifier.verify(token, at(0)))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(issuer.n_loads(), 1);
}

#[tokio::test]
async fn requests_that_wait_for_a_load_that_fails_do_not_try_again() {
    let issuer = Issuer::default();
    let verifier = verifier(&issuer);
    let token = token("p256", 0);
    // Some of them long after the first, as by a load that hangs.
    let all = join_all((0..100).map(|n| verifier.verify(&token, at(n)))).await;
    for refused in all {
        assert_refused!(refused, JwtError::KeysUnavailable(_));
    }
    assert_eq!(issuer.n_loads(), 1);
}

#[tokio::test]
async fn a_load_that_is_given_up_leaves_the_turn_to_the_next() {
    let issuer = Issuer::of(&["p256"]);
    let verifier = verifier(&issuer);
    let token = token("p256", 0);
    assert!(verifier.verify(&token, at(0)).now_or_never().is_none());
    assert!(verifier.verify(&token, at(0)).await.is_ok());
    assert_eq!(issuer.n_loads(), 2);
}

#[tokio::test]
async fn a_failure_is_remembered_for_a_moment() {
    let issuer = Issuer::default();
    let verifier = verifier(&issuer);
    let token = token("p256", 0);
    assert_refused!(verifier.verify(&token, at(0)).await, JwtError::KeysUnavailable(_));
    issuer.publish(Some(jwks(&["p256"])));
    assert_refused!(verifier.verify(&token, at(1)).await, JwtError::KeysUnavailable(_));
    assert_eq!(issuer.n_loads(), 1);
    assert!(verifier.verify(&token, at(2)).await.is_ok());
}

#[tokio::test]
async fn a_new_key_is_found_when_a_token_names_it_but_not_at_once_again() {
    let issuer = Issuer::of(&["p256"]);
    let verifier = verifier(&issuer);
    assert!(verifier.verify(&token("p256", 0), at(0)).await.is_ok());
    issuer.publish(Some(jwks(&["p256", "p256-next"])));
    let next = token("p256-next", 0);
    assert_refused!(verifier.verify(&next, at(29)).await, JwtError::UnknownKey);
    assert_eq!(issuer.n_loads(), 1);
    let together = join_all((0..100).map(|_| verifier.verify(&next, at(30)))).await;
    assert!(together.iter().all(Result::is_ok));
    assert_eq!(issuer.n_loads(), 2);
    for seconds in 30..60 {
        let invented = signed_as("p256", Some("x"), &claims(&json!({"n": seconds})));
        assert_refused!(verifier.verify(&invented, at(seconds)).await, JwtError::UnknownKey);
    }
    assert_eq!(issuer.n_loads(), 2);
}

#[tokio::test]
async fn a_token_is_forgotten_with_the_key_that_signed_it() {
    let issuer = Issuer::of(&["p256"]);
    let verifier = verifier(&issuer);
    let token = token("p256", 0);
    assert!(verifier.verify(&token, at(0)).await.is_ok());
    issuer.publish(Some(jwks(&["p256-next"])));
    assert!(verifier.verify(&token, at(10 * MINUTES - 1)).await.is_ok());
    assert_refused!(verifier.verify(&token, at(10 * MINUTES)).await, JwtError::UnknownKey);
    assert_eq!(issuer.n_loads(), 2);
}

#[tokio::test]
async fn an_issuer_that_withdraws_all_keys_is_believed() {
    let issuer = Issuer::of(&["p256"]);
    let verifier = verifier(&issuer);
    let token = token("p256", 0);
    assert!(verifier.verify(&token, at(0)).await.is_ok());
    for keys in [vec![], vec![json!({"kty": "oct", "k": "AAAA"})]] {
        issuer.publish(Some(jwks_of(&keys)));
        let refused = verifier.verify(&token, at(HOURS)).await;
        assert_refused!(refused, JwtError::KeysUnavailable(_));
    }
}

#[tokio::test]
async fn keys_that_cannot_be_loaded_anew_are_used_for_a_day() {
    let issuer = Issuer::of(&["p256"]);
    let verifier = verifier(&issuer);
    let (warm, next) = (token("p256", 0), token("p256-next", 0));
    assert!(verifier.verify(&warm, at(0)).await.is_ok());
    issuer.publish(None);
    for (n, seconds) in [(1, 10 * MINUTES), (2, 12 * HOURS), (3, 24 * HOURS - 1)] {
        assert!(verifier.verify(&warm, at(seconds)).await.is_ok());
        assert!(verifier.verify(&token("p256", n), at(seconds)).await.is_ok());
    }
    // Whether this one is good cannot be known.
    let unknown = verifier.verify(&next, at(24 * HOURS - 1)).await;
    assert_refused!(unknown, JwtError::KeysUnavailable(_));
    for token in [&warm, &token("p256", 4)] {
        let refused = verifier.verify(token, at(24 * HOURS)).await;
        assert_refused!(refused, JwtError::KeysUnavailable(_));
    }
    issuer.publish(Some(jwks(&["p256"])));
    assert!(verifier.verify(&warm, at(24 * HOURS + 2)).await.is_ok());
}

#[tokio::test]
async fn an_issuer_that_is_down_is_asked_now_and_then() {
    let issuer = Issuer::of(&["p256"]);
    let verifier = verifier(&issuer);
    let token = token("p256", 0);
    assert!(verifier.verify(&token, at(0)).await.is_ok());
    issuer.publish(None);
    for seconds in 600..660 {
        assert!(verifier.verify(&token, at(seconds)).await.is_ok());
    }
    assert_eq!(issuer.n_loads(), 3);
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_stop_loads() {
    let issuer = Issuer::of(&["p256"]);
    let verifier = verifier(&issuer);
    let token = token("p256", 0);
    assert!(verifier.verify(&token, at(12 * HOURS)).await.is_ok());
    assert!(verifier.verify(&token, at(0)).await.is_ok());
    assert_eq!(issuer.n_loads(), 2);
}

#[tokio::test]
async fn keys_come_from_a_file_too() {
    let name = format!("bedrock-gateway-jwks-{}.json", std::process::id());
    let path = std::env::temp_dir().join(name);
    let write = |text: &[u8]| std::fs::File::create(&path).unwrap().write_all(text).unwrap();
    let of_file = |path: &std::path::Path| {
        let options = JwtOptions { keys: JwksSource::File(path.to_owned()), ..options() };
        JwtVerifier::new(options, Issuer::default())
    };
    write(&jwks(&["p256"]));
    let verifier = of_file(&path);
    assert!(verifier.verify(&token("p256", 0), at(0)).await.is_ok());
    write(&jwks(&["p256-next"]));
    assert!(verifier.verify(&token("p256-next", 0), at(30)).await.is_ok());

    write(&vec![b' '; 256 * 1024 + 1]);
    let cause =
        async |path: &std::path::Path| match of_file(path).verify(&token("p256", 0), at(0)).await {
            Err(JwtError::KeysUnavailable(cause)) => cause,
            other => panic!("{other:?}"),
        };
    assert!(matches!(*cause(&path).await, KeysError::TooLarge(_)));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(*cause(&path).await, KeysError::Read(_)));
    assert!(matches!(*cause(&std::env::temp_dir()).await, KeysError::NotAFile));
}

//! Tokens from end to end, with an issuer that needs no socket.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::fixtures::{Issuer, at, claims, options, signed};
use super::*;

/// A token is refused for this.
macro_rules! assert_refused {
    ($result:expr, $pattern:pat) => {
        let result = $result;
        assert!(matches!(result, Err($pattern)), "{result:?}");
    };
}

mod cache;
mod claims;
mod keys;
mod signatures;

fn verifier(issuer: &Issuer) -> JwtVerifier {
    JwtVerifier::new(options(), issuer.clone())
}

/// What a token of these claims is taken for by a fresh verifier.
async fn verified(changes: Value) -> Result<Arc<Identity>, JwtError> {
    verified_with(options(), changes, at(0)).await
}

async fn verified_with(
    options: JwtOptions,
    changes: Value,
    now: SystemTime,
) -> Result<Arc<Identity>, JwtError> {
    let verifier = JwtVerifier::new(options, Issuer::of(&["p256"]));
    verifier.verify(&signed("p256", &claims(&changes)), now).await
}

#[tokio::test]
async fn neither_errors_nor_debug_show_tokens_or_where_the_keys_are() {
    let token = signed("p256", &claims(&json!({"email": "hidden@example.com", "scope": 1})));
    let up = verifier(&Issuer::of(&["p256"]));
    let down = verifier(&Issuer::default());
    for verifier in [&up, &down] {
        let error = verifier.verify(&token, at(0)).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hidden") && !shown.contains("issuer.example"), "{shown}");
    }
    let good = signed("p256", &claims(&json!({})));
    up.verify(&good, at(0)).await.unwrap();
    assert!(!format!("{up:?}").contains("eyJ"));
}

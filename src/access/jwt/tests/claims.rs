//! What a token says.

use proptest::collection::{hash_map, vec};
use proptest::prelude::*;

use super::super::fixtures::START;
use super::*;

#[tokio::test]
async fn issuer_and_audience_are_required_and_exact() {
    assert_refused!(verified(json!({"iss": null})).await, JwtError::MissingClaim(_));
    for iss in [json!("https://issuer.example/"), json!(["https://issuer.example"]), json!(1)] {
        assert_refused!(verified(json!({"iss": iss})).await, JwtError::WrongIssuer);
    }
    assert_refused!(verified(json!({"aud": null})).await, JwtError::MissingClaim(_));
    for aud in [json!("Gateway"), json!([]), json!(["x"]), json!({"gateway": 1}), json!("")] {
        assert_refused!(verified(json!({"aud": aud})).await, JwtError::WrongAudience);
    }
    for aud in [json!("other"), json!(["x", "gateway"])] {
        assert!(verified(json!({"aud": aud})).await.is_ok());
    }
    let nobody = JwtOptions { audience: Vec::new(), ..options() };
    assert_refused!(verified_with(nobody, json!({}), at(0)).await, JwtError::WrongAudience);
}

#[tokio::test]
async fn a_token_is_good_from_a_leeway_before_to_a_leeway_after() {
    let window = || json!({"nbf": START + 500});
    let at_time = |now| verified_with(options(), window(), now);
    assert_refused!(at_time(at(439)).await, JwtError::NotYetValid);
    assert!(at_time(at(440)).await.is_ok());
    assert!(at_time(at(1059)).await.is_ok());
    assert_refused!(at_time(at(1060)).await, JwtError::Expired);
}

#[tokio::test]
async fn a_token_that_never_expires_is_refused() {
    let refused = verified(json!({"exp": null})).await;
    assert!(matches!(&refused, Err(JwtError::MissingClaim(name)) if name == "exp"));
    for exp in [json!("1900000000"), json!(-1), json!(u64::MAX), json!(1e300), json!([])] {
        assert_refused!(verified(json!({"exp": exp})).await, JwtError::InvalidClaim(_));
    }
    assert_refused!(verified(json!({"nbf": "now"})).await, JwtError::InvalidClaim(_));
    assert_refused!(verified(json!({"exp": 0})).await, JwtError::Expired);
    let fraction = verified(json!({"exp": 1_800_000_010.5})).await.unwrap();
    assert!(fraction.expires_at > at(10) && fraction.expires_at < at(11));
}

#[tokio::test]
async fn the_first_claim_that_is_there_names_the_caller() {
    let name = async |changes| verified(changes).await.map(|identity| identity.name.clone());
    assert_eq!(name(json!({})).await.unwrap(), "ada@example.com");
    assert_eq!(name(json!({"email": null})).await.unwrap(), "u-1");
    assert_eq!(name(json!({"email": " "})).await.unwrap(), "u-1");
    let nobody = name(json!({"email": null, "sub": null})).await.unwrap_err();
    assert_eq!(nobody.to_string(), "the token has no claim `email` or `sub`");
    for email in [json!(1), json!(["a"]), json!("a\nb"), json!("a".repeat(257))] {
        assert_refused!(name(json!({"email": email})).await, JwtError::InvalidClaim(_));
    }
}

#[tokio::test]
async fn scopes_are_words_or_an_array_or_the_default_ones() {
    let scopes = async |scope: Value| {
        verified(json!({"scope": scope})).await.map(|identity| identity.scopes.clone())
    };
    assert_eq!(scopes(json!("a  b")).await.unwrap(), ["a", "b"]);
    assert_eq!(scopes(json!(["a", "b:c"])).await.unwrap(), ["a", "b:c"]);
    assert!(scopes(json!("")).await.unwrap().is_empty());
    assert!(scopes(json!([])).await.unwrap().is_empty());
    assert_eq!(verified(json!({"scope": null})).await.unwrap().scopes, ["chat"], "no claim");
    for wrong in [json!(1), json!({"a": true}), json!(["a", 1])] {
        assert_refused!(scopes(wrong).await, JwtError::InvalidClaim(_));
    }
}

#[tokio::test]
async fn no_virtual_keys_is_not_the_same_as_nothing_said_of_them() {
    let slugs = async |keys: Value| {
        let identity = verified(json!({"virtual_keys": keys})).await;
        identity.map(|identity| identity.virtual_keys.clone())
    };
    assert_eq!(slugs(json!(["a", "b"])).await.unwrap().unwrap(), ["a", "b"]);
    assert_eq!(slugs(json!("a, b,")).await.unwrap().unwrap(), ["a", "b"]);
    assert_eq!(slugs(json!([])).await.unwrap(), Some(Vec::new()));
    assert_eq!(slugs(json!(null)).await.unwrap(), None, "no claim");
    assert_refused!(slugs(json!(false)).await, JwtError::InvalidClaim(_));
}

#[test]
fn a_claim_that_is_null_grants_nothing() {
    let identity = |claims: &ClaimMapping, null_virtual_keys, changes: Value| {
        let options = JwtOptions { claims: claims.clone(), null_virtual_keys, ..options() };
        let mut token = super::super::fixtures::claims(&json!({}));
        token.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        Identity::of(token.to_string().as_bytes(), &options, at(0)).unwrap()
    };
    let (none, any) = (NullVirtualKeys::None, NullVirtualKeys::Any);
    let plain = options().claims;
    let nulls = json!({"scope": null, "virtual_keys": null});
    let of_null = identity(&plain, none, nulls.clone());
    assert_eq!((of_null.scopes, of_null.virtual_keys), (Vec::new(), Some(Vec::new())));
    let widened = identity(&plain, any, nulls);
    assert_eq!((widened.scopes, widened.virtual_keys), (Vec::new(), None));
    // By a path, also where it ends early; a claim of the whole name comes first.
    let paths =
        ClaimMapping { scopes: "app.scopes".into(), virtual_keys: "app.keys".into(), ..plain };
    for nulls in [
        json!({"app": {"scopes": null, "keys": null}}),
        json!({"app": null}),
        json!({"app.scopes": null, "app.keys": null, "app": {"scopes": "a", "keys": "a"}}),
    ] {
        let of_null = identity(&paths, none, nulls.clone());
        let granted = (of_null.scopes, of_null.virtual_keys);
        assert_eq!(granted, (Vec::new(), Some(Vec::new())), "{nulls}");
    }
    let absent = identity(&paths, none, json!({"app": {}}));
    assert_eq!((absent.scopes, absent.virtual_keys), (vec!["chat".to_owned()], None));
}

#[tokio::test]
async fn metadata_is_an_object_of_scalars() {
    let given = json!({"team": "x", "n": 1, "on": true, "none": null});
    let identity = verified(json!({"metadata": given})).await.unwrap();
    let found = serde_json::to_value(&identity.metadata).unwrap();
    assert_eq!(found, json!({"team": "x", "n": 1, "on": true}));
    for wrong in [json!("x"), json!([]), json!({"a": []}), json!({"a": {}})] {
        assert_refused!(verified(json!({"metadata": wrong})).await, JwtError::InvalidClaim(_));
    }
}

#[tokio::test]
async fn a_path_leads_into_objects_unless_a_claim_has_that_name() {
    let scopes = async |claim: &str, changes: Value| {
        let mut options = options();
        options.claims.scopes = claim.to_owned();
        let identity = verified_with(options, changes, at(0)).await.unwrap();
        identity.scopes.clone()
    };
    let nested = json!({"realm_access": {"roles": ["deep"]}});
    assert_eq!(scopes("realm_access.roles", nested.clone()).await, ["deep"]);
    let mut both = nested;
    both["realm_access.roles"] = json!("literal");
    assert_eq!(scopes("realm_access.roles", both).await, ["literal"]);
    let url = "https://example.com/scopes";
    assert_eq!(scopes(url, json!({url: "a"})).await, ["a"]);
    for elsewhere in [json!({"realm_access": "roles"}), json!({"realm_access": {}})] {
        assert_eq!(scopes("realm_access.roles", elsewhere).await, ["chat"]);
    }
}

/// Any JSON, with the names that mean something among those of its members.
fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z ,]{0,8}".prop_map(Value::from),
        Just(Value::from("gateway")),
        Just(Value::from("https://issuer.example")),
    ];
    scalar.prop_recursive(2, 12, 4, |inner| {
        let object = hash_map(".{0,3}", inner.clone(), 0..4);
        prop_oneof![
            vec(inner, 0..4).prop_map(Value::from),
            object.prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn claims_that_are_taken_are_those_of_our_issuer(
        changed in hash_map("iss|aud|exp|nbf|sub|email|scope|virtual_keys|metadata", any_json(), 0..4),
    ) {
        let claims = claims(&changed.into_iter().collect());
        if let Ok(identity) = Identity::of(claims.to_string().as_bytes(), &options(), at(0)) {
            prop_assert_eq!(&claims["iss"], "https://issuer.example");
            prop_assert!(claims["aud"].to_string().contains("gateway"));
            prop_assert!(!identity.name.is_empty() && !identity.has_expired(at(0)));
        }
    }
}

use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_000;
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const ROLE: &str = "arn:aws:iam::111122223333:role/bedrock";

fn request(json: Value) -> VirtualKeyRequest {
    serde_json::from_value(json).unwrap()
}

fn made(members: Value) -> Result<NewVirtualKey, Invalid> {
    let mut json = json!({"name": "Team A", "provider": "bedrock"});
    json.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    new_virtual_key(request(json), &["bedrock.example".to_owned()], NOW)
}

fn param(members: Value) -> String {
    made(members).map(|_| "accepted".to_owned()).unwrap_or_else(|invalid| invalid.param)
}

fn sealed(members: Value) -> Value {
    serde_json::to_value(made(members).unwrap().credentials).unwrap()
}

#[test]
fn every_kind_of_credentials_is_read_in_both_spellings() {
    let pair = json!({"type": "accessKey", "access_key_id": "AKIA1", "secret_access_key": SECRET});
    for members in [
        json!({"awsAccessKeyId": "AKIA1", "awsSecretAccessKey": SECRET, "awsRegion": "eu-west-1"}),
        json!({"aws_access_key_id": " AKIA1 ", "aws_secret_access_key": SECRET, "aws_region": "eu-west-1", "key": "", "aws_auth_type": "accessKey"}),
    ] {
        let sealed = sealed(members);
        assert_eq!((&sealed["auth"], &sealed["region"]), (&pair, &json!("eu-west-1")));
    }
    assert_eq!(
        sealed(json!({"awsAuthType": "assumedRole", "awsRoleArn": ROLE, "awsExternalId": "id-1"}))
            ["auth"],
        json!({"type": "assumedRole", "roles": [{"role_arn": ROLE, "external_id": "id-1"}]})
    );
    let chain = sealed(
        json!({"aws_role_arn": ROLE, "aws_source_role_arn": "arn:aws:iam::111122223333:role/hub",
                              "aws_access_key_id": "AKIA1", "aws_secret_access_key": SECRET}),
    );
    assert_eq!(chain["auth"]["roles"][0]["role_arn"], "arn:aws:iam::111122223333:role/hub");
    assert_eq!(chain["auth"]["source"]["access_key_id"], "AKIA1");
    assert_eq!(
        sealed(json!({"key": "ABSKx", "custom_host": "https://bedrock.example/v1/"})),
        json!({"provider": "bedrock", "auth": {"type": "apiKey", "api_key": "ABSKx"}, "endpoint": "https://bedrock.example/v1"})
    );
    assert_eq!(
        sealed(json!({"awsAuthType": "serviceRole"}))["auth"],
        json!({"type": "serviceRole"})
    );
    assert_eq!(
        sealed(json!({"provider": "openai", "key": "sk-1"})),
        json!({"provider": "openai", "api_key": "sk-1"})
    );
}

#[test]
fn every_mistake_names_its_member() {
    let pair = |more: Value| {
        let mut json = json!({"aws_access_key_id": "AKIA1", "aws_secret_access_key": SECRET});
        json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json
    };
    for (members, expected) in [
        (json!({}), "aws_access_key_id"),
        (json!({"aws_access_key_id": "AKIA1"}), "aws_secret_access_key"),
        (json!({"aws_secret_access_key": SECRET}), "aws_access_key_id"),
        (json!({"aws_access_key_id": "A B", "aws_secret_access_key": SECRET}), "aws_access_key_id"),
        (
            json!({"aws_access_key_id": "AKIA1", "aws_secret_access_key": "a\nb"}),
            "aws_secret_access_key",
        ),
        (pair(json!({"key": "ABSKx"})), "key"),
        (pair(json!({"aws_region": "mars"})), "aws_region"),
        (pair(json!({"custom_host": "https://169.254.169.254"})), "custom_host"),
        (pair(json!({"aws_auth_type": "magic"})), "aws_auth_type"),
        (json!({"aws_auth_type": "apiKey"}), "key"),
        (pair(json!({"aws_auth_type": "assumedRole"})), "aws_role_arn"),
        (json!({"aws_role_arn": "role"}), "aws_role_arn"),
        (json!({"aws_role_arn": ROLE, "aws_external_id": "x y"}), "aws_external_id"),
        (json!({"aws_role_arn": ROLE, "aws_source_external_id": "xy"}), "aws_source_external_id"),
        (pair(json!({"name": " "})), "name"),
        (pair(json!({"slug": "a/b"})), "slug"),
        (pair(json!({"slug": ""})), "slug"),
        (pair(json!({"provider": "mars"})), "provider"),
        (pair(json!({"expires_at": "1970-01-01"})), "expires_at"),
        (pair(json!({"expires_at": "soon"})), "expires_at"),
        (pair(json!({"models": ["a", " "]})), "models[1]"),
        (pair(json!({"models": ["a", "b".repeat(257)]})), "models[1]"),
        (pair(json!({"models": vec!["a"; 101]})), "models"),
        (pair(json!({"usage_limits": {"credit_limit": 5}})), "usage_limits"),
        (pair(json!({"rate_limits": [], "usage_limits": null})), "accepted"),
        (pair(json!({"note": "a\u{7}b"})), "note"),
    ] {
        assert_eq!(param(members.clone()), expected, "{members}");
    }
    for unknown in [json!({"awsAcessKeyId": "A"}), json!({"model": "x"})] {
        assert!(serde_json::from_value::<VirtualKeyRequest>(unknown).is_err());
    }
}

/// What a virtual key of these members opens after a change.
fn changed(members: Value, change: Value) -> Result<Value, Invalid> {
    let before = made(members).unwrap().credentials;
    let after = changed_credentials(&before, request(change), &[])?;
    Ok(serde_json::to_value(after).unwrap()["auth"].clone())
}

#[test]
fn what_this_kind_of_credentials_does_not_use_is_refused_by_name() {
    let pair = || json!({"aws_access_key_id": "AKIA1", "aws_secret_access_key": SECRET});
    let with = |more: Value| {
        let mut json = pair();
        json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json
    };
    for (members, expected) in [
        (with(json!({"aws_auth_type": "serviceRole"})), "aws_access_key_id"),
        (with(json!({"aws_auth_type": "apiKey"})), "aws_access_key_id"),
        (with(json!({"aws_auth_type": "accessKey", "aws_role_arn": ROLE})), "aws_role_arn"),
        (with(json!({"aws_external_id": "id-1"})), "aws_external_id"),
        // A word that SDKs send for a key is no placeholder of an external id.
        (with(json!({"aws_external_id": "dummy"})), "aws_external_id"),
        (with(json!({"aws_external_id": null, "key": "dummy", "aws_role_arn": ""})), "accepted"),
        (with(json!({"aws_source_role_arn": ROLE})), "aws_source_role_arn"),
        (json!({"key": "k1", "aws_external_id": "id-1"}), "aws_external_id"),
        (with(json!({"provider": "openai", "key": "k1"})), "aws_access_key_id"),
        (json!({"provider": "openai", "key": "k1", "aws_region": "eu-west-1"}), "aws_region"),
        (
            json!({"provider": "openai", "key": "k1", "aws_auth_type": "serviceRole"}),
            "aws_auth_type",
        ),
    ] {
        assert_eq!(param(members.clone()), expected, "{members}");
    }
    let role = json!({"aws_role_arn": ROLE});
    for (before, change, expected) in [
        (pair(), json!({"aws_external_id": "id-1"}), "aws_external_id"),
        (json!({"key": "k1"}), json!({"aws_access_key_id": "AKIA1"}), "aws_secret_access_key"),
        (pair(), json!({"aws_auth_type": "serviceRole", "aws_role_arn": ROLE}), "aws_role_arn"),
        (role, json!({"aws_auth_type": "accessKey"}), "aws_access_key_id"),
        (json!({"key": "k1"}), with(json!({"key": "k2"})), "key"),
        (json!({"provider": "openai", "key": "k1"}), pair(), "aws_access_key_id"),
    ] {
        assert_eq!(changed(before, change.clone()).unwrap_err().param, expected, "{change}");
    }
}

#[test]
fn a_change_of_credentials_changes_their_kind() {
    let pair = |id: &str| json!({"aws_access_key_id": id, "aws_secret_access_key": SECRET});
    let sealed = |id: &str| json!({"access_key_id": id, "secret_access_key": SECRET});
    let key = changed(json!({"key": "k1"}), pair("AKIA1")).unwrap();
    assert_eq!((&key["type"], &key["access_key_id"]), (&json!("accessKey"), &json!("AKIA1")));
    let key = changed(json!({"aws_auth_type": "serviceRole"}), pair("AKIA1")).unwrap();
    assert_eq!(key["type"], "accessKey");
    let key = changed(pair("AKIA1"), json!({"key": "k1"})).unwrap();
    assert_eq!(key, json!({"type": "apiKey", "api_key": "k1"}));
    // Never by the gateway's own identity, where there was an access key.
    let role = changed(pair("AKIA1"), json!({"aws_role_arn": ROLE})).unwrap();
    assert_eq!((&role["type"], &role["source"]), (&json!("assumedRole"), &sealed("AKIA1")));
    let role = changed(json!({"aws_role_arn": ROLE}), pair("AKIA2")).unwrap();
    assert_eq!((&role["type"], &role["source"]), (&json!("assumedRole"), &sealed("AKIA2")));
    let role = changed(json!({"key": "k1"}), json!({"aws_role_arn": ROLE})).unwrap();
    assert_eq!((&role["type"], &role["source"]), (&json!("assumedRole"), &Value::Null));
}

#[test]
fn what_uses_the_gateway_s_identity_is_known() {
    for (members, expected) in [
        (json!({"aws_auth_type": "serviceRole"}), true),
        (json!({"aws_role_arn": ROLE}), true),
        (
            json!({"aws_role_arn": ROLE, "aws_access_key_id": "AKIA1", "aws_secret_access_key": SECRET}),
            false,
        ),
        (json!({"key": "k1"}), false),
        (json!({"provider": "openai", "key": "k1"}), false),
    ] {
        let credentials = made(members.clone()).unwrap().credentials;
        assert_eq!(is_gateway_identity(&credentials), expected, "{members}");
    }
}

#[test]
fn slugs_are_given_or_made() {
    let slug = |members| made(members).unwrap().slug;
    assert_eq!(slug(json!({"slug": "VIRTUAL_KEY", "key": "k1"})), "VIRTUAL_KEY");
    let made = slug(json!({"key": "k1"}));
    assert!(made.starts_with("team-a-") && made.len() == "team-a-".len() + 6, "{made}");
    assert!(slug(json!({"key": "k1", "name": "ÄÖ"})).starts_with("key-"));
}

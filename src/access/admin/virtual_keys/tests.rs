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
        (pair(json!({"aws_auth_type": "apiKey"})), "key"),
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

#[test]
fn slugs_are_given_or_made() {
    let slug = |members| made(members).unwrap().slug;
    assert_eq!(slug(json!({"slug": "VIRTUAL_KEY", "key": "k1"})), "VIRTUAL_KEY");
    let made = slug(json!({"key": "k1"}));
    assert!(made.starts_with("team-a-") && made.len() == "team-a-".len() + 6, "{made}");
    assert!(slug(json!({"key": "k1", "name": "ÄÖ"})).starts_with("key-"));
}

//! As whom a request is made: every way, over the wire.

use bedrock_gateway::emulator::identity;
use serde_json::json;

use crate::support::{CLAUDE, KEY_PAIR, Stack, chat};

#[tokio::test]
async fn every_way_of_giving_credentials_works() {
    let stack = Stack::start().await;
    let bearer = format!("Bearer {}", identity::DEMO_API_KEY);
    let config = |config: serde_json::Value| config.to_string();
    let pair_in_config =
        config(json!({"provider": "bedrock", "awsAccessKeyId": identity::DEMO_ACCESS_KEY_ID,
                                       "awsSecretAccessKey": identity::DEMO_SECRET_ACCESS_KEY}));
    let key_in_config = config(json!({"provider": "bedrock", "api_key": identity::DEMO_API_KEY}));
    let type_in_config = config(json!({"provider": "bedrock", "aws_auth_type": "apiKey"}));
    for headers in [
        KEY_PAIR.to_vec(),
        vec![
            ("x-portkey-provider", "bedrock"),
            ("x-portkey-aws-access-key-id", identity::TEMPORARY_ACCESS_KEY_ID),
            ("x-portkey-aws-secret-access-key", identity::TEMPORARY_SECRET_ACCESS_KEY),
            ("x-portkey-aws-session-token", identity::TEMPORARY_SESSION_TOKEN),
            ("x-portkey-aws-region", "eu-west-1"),
        ],
        vec![("authorization", &bearer)],
        vec![("x-api-key", identity::DEMO_API_KEY), ("authorization", "Bearer OPENAI_API_KEY")],
        vec![("authorization", &bearer), ("x-portkey-aws-auth-type", "apiKey")],
        vec![("authorization", "Bearer OPENAI_API_KEY"), ("x-portkey-config", &pair_in_config)],
        vec![("x-portkey-config", &key_in_config)],
        vec![("x-portkey-config", &type_in_config), ("authorization", &bearer)],
    ] {
        let answer = stack.post(&headers, &chat(CLAUDE, "hi")).await;
        assert_eq!(answer.status, 200, "{headers:?}: {}", answer.text);
    }
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let mut stack = Stack::start().await;
    for headers in [
        vec![],
        vec![("authorization", "Bearer OPENAI_API_KEY")],
        vec![("authorization", "Bearer DUMMY-KEY"), ("x-portkey-api-key", "")],
        vec![("authorization", "Bearer my-portkey-key"), ("x-portkey-api-key", "my-portkey-key")],
    ] {
        let answer = stack.post(&headers, &chat(CLAUDE, "hi")).await;
        assert_eq!(
            (answer.status, answer.error("type")),
            (401, json!("authentication_error")),
            "{headers:?}"
        );
        assert!(answer.error("message").as_str().unwrap().contains("x-portkey-aws-access-key-id"));
    }
    let half = stack.post(&KEY_PAIR[..1], &chat(CLAUDE, "hi")).await;
    assert_eq!((half.status, half.error("param")), (400, json!("x-portkey-aws-secret-access-key")));
    let half = stack.post(&KEY_PAIR[1..], &chat(CLAUDE, "hi")).await;
    assert_eq!((half.status, half.error("param")), (400, json!("x-portkey-aws-access-key-id")));
    assert!(stack.observed.try_recv().is_err(), "something was sent");
}

#[tokio::test]
async fn the_gateways_own_identity_is_lent_only_where_the_settings_allow() {
    let closed = Stack::start().await;
    let role = [("x-portkey-aws-auth-type", "serviceRole")];
    let answer = closed.post(&role, &chat(CLAUDE, "hi")).await;
    assert_eq!((answer.status, answer.error("type")), (403, json!("permission_error")));
    let open = Stack::start_with("[aws]\nallow_gateway_identity = true").await;
    assert_eq!(open.post(&[], &chat(CLAUDE, "hi")).await.status, 200);
    assert_eq!(open.post(&role, &chat(CLAUDE, "hi")).await.status, 200);
    // The caller's own credentials come first, right or wrong.
    let wrong =
        [("x-portkey-aws-access-key-id", "AKIANOBODY"), ("x-portkey-aws-secret-access-key", "s")];
    assert_eq!(open.post(&wrong, &chat(CLAUDE, "hi")).await.status, 403);
}

#[tokio::test]
async fn the_gateways_own_identity_is_sent_to_nobody_who_is_named_and_not_told_of() {
    let settings =
        "[aws]\nallow_gateway_identity = true\n[upstream]\ncustom_hosts = [\"bedrock.example\"]";
    let stack = Stack::start_with(settings).await;
    let host = [("x-portkey-custom-host", "https://bedrock.example")];
    let answer = stack.post(&host, &chat(CLAUDE, "hi")).await;
    assert_eq!((answer.status, answer.error("param")), (400, json!("x-portkey-custom-host")));
    let key = [("x-portkey-virtual-key", "tenant-a")];
    let answer = stack.post(&key, &chat(CLAUDE, "hi")).await;
    assert_eq!((answer.status, answer.error("code")), (401, json!("gateway_key_required")));
    let refused = stack.post(&[], &chat("emulator.error-access-denied", "hi")).await;
    assert_eq!((refused.status, refused.error("code")), (403, json!("AccessDeniedException")));
    assert!(refused.error("message").as_str().unwrap().contains("the gateway's own identity"));
}

#[tokio::test]
async fn what_aws_says_of_credentials_is_told() {
    let stack = Stack::start().await;
    let pair = |id, secret, token| {
        [
            ("x-portkey-aws-access-key-id", id),
            ("x-portkey-aws-secret-access-key", secret),
            ("x-portkey-aws-session-token", token),
        ]
    };
    let (temporary, secret) =
        (identity::TEMPORARY_ACCESS_KEY_ID, identity::TEMPORARY_SECRET_ACCESS_KEY);
    for (headers, code) in [
        (pair("AKIANOBODY0000000000", "x", ""), "UnrecognizedClientException"),
        (pair(identity::DEMO_ACCESS_KEY_ID, "wrong", ""), "InvalidSignatureException"),
        (pair(temporary, secret, identity::EXPIRED_SESSION_TOKEN), "ExpiredTokenException"),
        (pair(temporary, secret, "other"), "UnrecognizedClientException"),
        (
            pair(identity::DENIED_ACCESS_KEY_ID, identity::DENIED_SECRET_ACCESS_KEY, ""),
            "AccessDeniedException",
        ),
    ] {
        let answer = stack.post(&headers, &chat(CLAUDE, "hi")).await;
        assert_eq!((answer.status, answer.error("code")), (403, json!(code)), "{}", answer.text);
        assert_eq!(answer.error("type"), "permission_error");
        assert!(!answer.header("x-amzn-requestid").is_empty());
    }
}

#[tokio::test]
async fn a_region_that_is_none_is_refused() {
    let mut stack = Stack::start().await;
    for region in ["", "evil.example/", "us-east-1@evil.example", "us_east_1"] {
        let headers = [KEY_PAIR[0], KEY_PAIR[1], ("x-portkey-aws-region", region)];
        let answer = stack.post(&headers, &chat(CLAUDE, "hi")).await;
        assert_eq!(
            (answer.status, answer.error("param")),
            (400, json!("x-portkey-aws-region")),
            "{region}"
        );
    }
    assert!(stack.observed.try_recv().is_err(), "something was sent");
}

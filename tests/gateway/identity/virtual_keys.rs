//! Virtual keys: what they open, and to whom.

use bedrock_gateway::emulator::identity;
use serde_json::json;

use super::{House, demo_pair, refusal, role};
use crate::support::{CLAUDE, chat, streamed};

#[tokio::test]
async fn every_kind_calls_bedrock_as_whom_it_says() {
    let mut house = House::start().await;
    house.virtual_key("pair", demo_pair()).await;
    house
        .virtual_key("role", json!({"awsAuthType": "assumedRole", "awsRoleArn": role("team")}))
        .await;
    house.virtual_key("bearer", json!({"key": identity::DEMO_API_KEY})).await;
    house.virtual_key("own", json!({"aws_auth_type": "serviceRole"})).await;
    for (slug, caller) in [
        ("pair", "arn:aws:iam::111122223333:user/emulator"),
        ("role", "arn:aws:sts::444455556666:assumed-role/team/bedrock-gateway-admin"),
        ("bearer", "arn:aws:iam::111122223333:user/BedrockAPIKey-emulator"),
        ("own", "arn:aws:iam::111122223333:user/emulator"),
    ] {
        for body in [chat(CLAUDE, "hi"), streamed(CLAUDE, "hi")] {
            let answer = house.ask(slug, &body).await;
            assert_eq!(answer.status, 200, "{slug}: {}", answer.text);
            let observed = house.stack.next_observed().await;
            assert_eq!(observed.caller.as_deref(), Some(caller), "{slug}");
        }
    }
}

#[tokio::test]
async fn a_key_is_named_in_four_ways() {
    let house = House::start().await;
    house.virtual_key("a", demo_pair()).await;
    let key = ("x-portkey-api-key", house.admin.as_str());
    let named = format!("@a/{CLAUDE}");
    for (headers, model) in [
        (vec![key, ("x-portkey-virtual-key", "a")], CLAUDE),
        (vec![key, ("x-portkey-provider", "@a")], CLAUDE),
        (vec![key, ("x-portkey-config", r#"{"virtual_key": "a"}"#)], CLAUDE),
        (vec![key, ("x-portkey-config", r#"{"targets": [{"provider": "@a"}]}"#)], CLAUDE),
        (vec![key], &named),
        (vec![key, ("x-portkey-virtual-key", "other")], &named),
    ] {
        let answer = house.stack.post(&headers, &chat(model, "hi")).await;
        let is_shadowed = headers.contains(&("x-portkey-virtual-key", "other"));
        assert_eq!(
            answer.status,
            if is_shadowed { 404 } else { 200 },
            "{headers:?}: {}",
            answer.text
        );
    }
    for (headers, param) in [
        (
            vec![("x-portkey-virtual-key", "a"), ("x-portkey-provider", "@b")],
            "x-portkey-virtual-key",
        ),
        (
            vec![
                ("x-portkey-virtual-key", "a"),
                ("x-portkey-aws-access-key-id", "AKIA"),
                ("x-portkey-aws-secret-access-key", "s"),
            ],
            "x-portkey-aws-access-key-id",
        ),
        (
            vec![("x-portkey-virtual-key", "a"), ("x-portkey-aws-role-arn", "r")],
            "x-portkey-aws-role-arn",
        ),
    ] {
        let headers = [vec![key], headers].concat();
        let answer = house.stack.post(&headers, &chat(CLAUDE, "hi")).await;
        assert_eq!((answer.status, answer.error("param")), (400, json!(param)), "{}", answer.text);
    }
    let pair = [
        key,
        ("x-portkey-aws-access-key-id", identity::DEMO_ACCESS_KEY_ID),
        ("x-portkey-aws-secret-access-key", identity::DEMO_SECRET_ACCESS_KEY),
    ];
    let answer = house.stack.post(&pair, &chat(&named, "hi")).await;
    assert_eq!((answer.status, answer.error("param")), (400, json!("model")));
    let answer = house.stack.post(&[key], &chat("@a", "hi")).await;
    assert_eq!((answer.status, answer.error("param")), (400, json!("model")));
}

#[tokio::test]
async fn a_session_token_goes_with_the_stored_pair() {
    let house = House::start().await;
    let pair = json!({"aws_access_key_id": identity::TEMPORARY_ACCESS_KEY_ID,
                      "aws_secret_access_key": identity::TEMPORARY_SECRET_ACCESS_KEY});
    house.virtual_key("sts", pair).await;
    house.virtual_key("bearer", json!({"key": identity::DEMO_API_KEY})).await;
    let key = ("x-portkey-api-key", house.admin.as_str());
    let token = ("x-portkey-aws-session-token", identity::TEMPORARY_SESSION_TOKEN);
    let named = format!("@sts/{CLAUDE}");
    for (headers, model, status) in [
        (vec![("x-portkey-virtual-key", "sts"), token], CLAUDE, 200),
        (vec![("x-portkey-config", r#"{"virtual_key": "sts"}"#), token], CLAUDE, 200),
        (vec![token], &named, 200),
        (vec![("x-portkey-virtual-key", "sts")], CLAUDE, 403),
        (vec![("x-portkey-virtual-key", "bearer"), token], CLAUDE, 400),
        (vec![token], CLAUDE, 400),
    ] {
        let headers = [vec![key], headers].concat();
        let answer = house.stack.post(&headers, &chat(model, "hi")).await;
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_requests_region_wins_then_the_models_then_the_keys() {
    let mut house = House::start().await;
    let mut members = demo_pair();
    members["aws_region"] = json!("eu-west-3");
    house.virtual_key("a", members).await;
    let key = ("x-portkey-api-key", house.admin.clone());
    let arn = "arn:aws:bedrock:ap-south-1::foundation-model/amazon.nova-lite-v1:0";
    for (header, model, region) in [
        (Some("us-west-2"), arn, "us-west-2"),
        (None, arn, "ap-south-1"),
        (None, "amazon.nova-lite-v1:0", "eu-west-3"),
    ] {
        let mut headers = vec![(key.0, key.1.as_str()), ("x-portkey-virtual-key", "a")];
        headers.extend(header.map(|region| ("x-portkey-aws-region", region)));
        house.stack.post(&headers, &chat(model, "hi")).await;
        let authorization = house.stack.next_observed().await.headers["authorization"].clone();
        assert!(
            authorization.to_str().unwrap().contains(&format!("/{region}/bedrock/")),
            "{region}"
        );
    }
}

#[tokio::test]
async fn what_may_not_be_used_reaches_nobody() {
    let mut house = House::start().await;
    house
        .virtual_key("nova", {
            let mut members = demo_pair();
            members["models"] = json!(["amazon.nova-*"]);
            members
        })
        .await;
    house.virtual_key("off", demo_pair()).await;
    house
        .virtual_key("short", {
            let mut members = demo_pair();
            let soon = bedrock_gateway::access::seconds(std::time::SystemTime::now()) + 1;
            members["expires_at"] = json!(bedrock_gateway::access::admin::rfc3339(soon));
            members
        })
        .await;
    house.virtual_key("other", json!({"provider": "openai", "key": "sk-1"})).await;
    let path = "/v1/virtual-keys/off";
    let answer = house.call(&house.admin, "PUT", path, json!({"disabled": true})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let limited = house.key("limited", &["inference"], Some(&["nova"])).await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    for (key, slug, model, expected) in [
        (&house.admin, "nope", CLAUDE, (404, "virtual_key_not_found")),
        (&house.admin, "off", CLAUDE, (403, "virtual_key_disabled")),
        (&house.admin, "short", CLAUDE, (403, "virtual_key_expired")),
        (&house.admin, "nova", CLAUDE, (403, "model_not_allowed")),
        (&house.admin, "other", CLAUDE, (400, "")),
        (&limited, "off", CLAUDE, (403, "virtual_key_not_allowed")),
        // Whether there is one is not told.
        (&limited, "nope", CLAUDE, (403, "virtual_key_not_allowed")),
    ] {
        let headers = [("x-portkey-api-key", key.as_str()), ("x-portkey-virtual-key", slug)];
        let answer = house.stack.post(&headers, &chat(model, "hi")).await;
        assert_eq!(refusal(&answer), (expected.0, expected.1.into()), "{slug}: {}", answer.text);
        assert!(
            expected.0 == 400
                || answer.text.contains(if expected.1 == "model_not_allowed" {
                    CLAUDE
                } else {
                    slug
                })
        );
    }
    assert!(house.observed().is_empty(), "something was sent");
    for model in ["amazon.nova-lite-v1:0", "us.amazon.nova-pro-v1:0"] {
        assert_eq!(house.ask("nova", &chat(model, "hi")).await.status, 200, "{model}");
    }
}

#[tokio::test]
async fn what_is_lent_is_sent_to_no_host_that_a_caller_names() {
    let settings = "[upstream]\ncustom_hosts = [\"bedrock.example\"]";
    let mut house = House::start_with(settings).await;
    house.virtual_key("a", json!({"key": identity::DEMO_API_KEY})).await;
    let headers = [
        ("x-portkey-api-key", house.admin.as_str()),
        ("x-portkey-virtual-key", "a"),
        ("x-portkey-custom-host", "https://bedrock.example"),
    ];
    let answer = house.stack.post(&headers, &chat(CLAUDE, "hi")).await;
    assert_eq!((answer.status, answer.error("param")), (400, json!("x-portkey-custom-host")));
    assert!(house.observed().is_empty(), "something was sent");
}

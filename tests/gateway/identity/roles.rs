//! Roles: by virtual key, header and config; one hop after the other.

use bedrock_gateway::emulator::identity;
use serde_json::{Value, json};

use super::{House, demo_pair, refusal, role};
use crate::support::{CLAUDE, KEY_PAIR, Stack, chat};

/// The members of the form that a call of STS has.
fn form(body: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body).into_owned().collect()
}

#[tokio::test]
async fn a_hundred_requests_assume_a_role_once_and_others_assume_their_own() {
    let mut house = House::start().await;
    house.virtual_key("slow", json!({"awsRoleArn": role("emulator-slow-200")})).await;
    let body = chat(CLAUDE, "hi");
    let asked = futures_util::future::join_all((0..100).map(|_| house.ask("slow", &body))).await;
    assert!(asked.iter().all(|answer| answer.status == 200));
    assert_eq!(house.observed_of("assume-role").len(), 1);
    // Another caller has a session of its own name.
    let other = house.key("Käthe/x", &["inference"], None).await;
    let headers = [("x-portkey-api-key", other.as_str()), ("x-portkey-virtual-key", "slow")];
    assert_eq!(house.stack.post(&headers, &body).await.status, 200);
    let calls = house.observed_of("assume-role");
    assert_eq!(calls.len(), 1);
    let name = ("RoleSessionName".to_owned(), "bedrock-gateway-K-the-x".to_owned());
    assert!(form(&calls[0].body).contains(&name));
}

#[tokio::test]
async fn chains_external_ids_and_stored_pairs_are_used_as_stored() {
    let mut house = House::start().await;
    house
        .virtual_key(
            "chain",
            json!({
                "awsRoleArn": role("emulator-only-from-hub"), "awsSourceRoleArn": role("hub"),
            }),
        )
        .await;
    let mut members = demo_pair();
    members["aws_role_arn"] = json!(role("emulator-external-id-tenant-1"));
    members["aws_external_id"] = json!("tenant-1");
    house.virtual_key("external", members).await;
    for (slug, name) in
        [("chain", "emulator-only-from-hub"), ("external", "emulator-external-id-tenant-1")]
    {
        let answer = house.ask(slug, &chat(CLAUDE, "hi")).await;
        assert_eq!(answer.status, 200, "{slug}: {}", answer.text);
        let caller = house.stack.next_observed().await.caller.unwrap();
        assert!(caller.contains(&format!("assumed-role/{name}/")), "{caller}");
    }
}

#[tokio::test]
async fn a_failure_says_which_hop_and_touches_nobody_else() {
    let house = House::start().await;
    house.virtual_key("good", json!({"awsRoleArn": role("good")})).await;
    house
        .virtual_key(
            "first",
            json!({"awsRoleArn": role("b"), "awsSourceRoleArn": role("emulator-denied")}),
        )
        .await;
    house
        .virtual_key(
            "second",
            json!({"awsRoleArn": role("emulator-denied"), "awsSourceRoleArn": role("a")}),
        )
        .await;
    house.virtual_key("external", json!({"awsRoleArn": role("emulator-external-id-x1")})).await;
    house.virtual_key("down", json!({"awsRoleArn": role("emulator-unavailable")})).await;
    house.virtual_key("no-bedrock", json!({"awsRoleArn": role("emulator-no-bedrock")})).await;
    for (slug, status, code, words) in [
        ("first", 403, "AccessDenied", "role 1 of 2"),
        ("second", 403, "AccessDenied", "role 2 of 2"),
        ("external", 403, "AccessDenied", "role 1 of 1"),
        ("down", 502, "ServiceUnavailable", "role 1 of 1"),
        ("no-bedrock", 403, "AccessDeniedException", ""),
    ] {
        let answer = house.ask(slug, &chat(CLAUDE, "hi")).await;
        assert_eq!(refusal(&answer), (status, code.into()), "{slug}: {}", answer.text);
        let message = answer.error("message").as_str().unwrap().to_owned();
        assert!(message.contains(words), "{message}");
        // Roles of others are not told, nor what AWS says of the gateway's own identity.
        assert!(slug == "no-bedrock" || !message.contains("arn:"), "{message}");
        assert_eq!(house.ask("good", &chat(CLAUDE, "hi")).await.status, 200);
    }
}

#[tokio::test]
async fn a_caller_assumes_roles_with_its_own_key() {
    let mut stack = Stack::start().await;
    let arn = role("emulator-external-id-tenant-1");
    let config = json!({
        "provider": "bedrock", "aws_role_arn": arn, "aws_external_id": "tenant-1",
        "aws_access_key_id": identity::DEMO_ACCESS_KEY_ID,
        "aws_secret_access_key": identity::DEMO_SECRET_ACCESS_KEY,
    })
    .to_string();
    let by_header = [
        vec![
            ("x-portkey-aws-auth-type", "assumedRole"),
            ("x-portkey-aws-role-arn", arn.as_str()),
            ("x-portkey-aws-external-id", "tenant-1"),
        ],
        KEY_PAIR.to_vec(),
    ]
    .concat();
    for headers in [by_header, vec![("x-portkey-config", config.as_str())]] {
        let answer = stack.post(&headers, &chat(CLAUDE, "hi")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let caller = stack.next_observed().await.caller.unwrap();
        assert_eq!(
            caller,
            "arn:aws:sts::444455556666:assumed-role/emulator-external-id-tenant-1/bedrock-gateway"
        );
    }
    let denied = [
        vec![("x-portkey-aws-role-arn", "arn:aws:iam::444455556666:role/emulator-denied")],
        KEY_PAIR.to_vec(),
    ]
    .concat();
    let answer = stack.post(&denied, &chat(CLAUDE, "hi")).await;
    // It is the caller's own, so AWS's words are too.
    assert!(
        answer
            .error("message")
            .as_str()
            .unwrap()
            .contains("not authorized to perform: sts:AssumeRole")
    );
    for (name, value) in [
        ("x-portkey-aws-role-arn", "arn:aws:iam::1:role/x&Policy=y"),
        ("x-portkey-aws-external-id", "a b"),
        ("x-portkey-aws-source-role-arn", "x"),
    ] {
        let mut headers = KEY_PAIR.to_vec();
        if name != "x-portkey-aws-role-arn" {
            headers.push(("x-portkey-aws-role-arn", &arn));
        }
        headers.push((name, value));
        let answer = stack.post(&headers, &chat(CLAUDE, "hi")).await;
        assert_eq!((answer.status, answer.error("param")), (400, json!(name)), "{}", answer.text);
    }
}

#[tokio::test]
async fn the_gateway_assumes_only_what_the_settings_say_and_for_known_callers() {
    let settings = "[aws]\nassumable_roles = [\"arn:aws:iam::444455556666:role/team-*\"]";
    let house = House::start_with(settings).await;
    let key = ("x-portkey-api-key", house.admin.as_str());
    let (good, bad) = (role("team-a"), role("other"));
    for (arn, status) in [(&good, 200), (&bad, 403)] {
        let answer =
            house.stack.post(&[key, ("x-portkey-aws-role-arn", arn)], &chat(CLAUDE, "hi")).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    let anonymous = Stack::start_with(settings).await;
    let answer = anonymous.post(&[("x-portkey-aws-role-arn", &good)], &chat(CLAUDE, "hi")).await;
    assert_eq!(refusal(&answer), (403, "role_not_allowed".into()));
}

#[tokio::test]
async fn metadata_become_session_tags_where_the_settings_say() {
    let settings = "[aws]\nsession_tag_keys = [\"team\", \"cost\"]";
    let mut house = House::start_with(settings).await;
    house.virtual_key("a", json!({"awsRoleArn": role("tagged")})).await;
    let ask = |metadata: Value| {
        let (admin, stack) = (house.admin.clone(), &house.stack);
        async move {
            let headers = [
                ("x-portkey-api-key", admin.as_str()),
                ("x-portkey-virtual-key", "a"),
                ("x-portkey-metadata", &metadata.to_string()),
            ];
            stack.post(&headers, &chat(CLAUDE, "hi")).await
        }
    };
    for metadata in [
        json!({"team": "search", "cost": 7, "request": "1"}),
        json!({"team": "search", "cost": 7, "request": "2"}),
        json!({"team": "ads"}),
    ] {
        assert_eq!(ask(metadata).await.status, 200);
    }
    let wrong = ask(json!({"team": "a&b"})).await;
    assert_eq!((wrong.status, wrong.error("param")), (400, json!("x-portkey-metadata.team")));
    let calls: Vec<_> =
        house.observed_of("assume-role").iter().map(|call| form(&call.body)).collect();
    let tags = |call: &[(String, String)]| {
        call.iter()
            .filter(|(name, _)| name.starts_with("Tags."))
            .map(|(_, value)| value.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        calls.iter().map(|call| tags(call)).collect::<Vec<_>>(),
        [
            vec!["cost".to_owned(), "7".into(), "team".into(), "search".into()],
            vec!["team".into(), "ads".into()],
        ]
    );
}

#[tokio::test]
async fn a_session_is_replaced_before_it_expires() {
    let mut house = House::start().await;
    house.virtual_key("a", json!({"awsRoleArn": role("emulator-expires-2")})).await;
    let until = std::time::Instant::now() + std::time::Duration::from_millis(2500);
    while std::time::Instant::now() < until {
        assert_eq!(house.ask("a", &chat(CLAUDE, "hi")).await.status, 200);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let calls = house.observed_of("assume-role").len();
    assert!((2..=6).contains(&calls), "{calls} calls in two and a half seconds");
}

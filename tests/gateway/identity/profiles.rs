//! Application inference profiles: which family stands behind them.

use serde_json::json;

use super::{House, demo_pair, refusal};
use crate::support::{KEY_PAIR, Stack, chat};

const SETTINGS: &str = "[models]\nunresolved_profiles = \"refuse\"";

fn arn(id: &str) -> String {
    format!("arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/{id}")
}

#[tokio::test]
async fn a_profile_is_looked_up_once_and_its_family_rules() {
    let mut stack = Stack::start_with(SETTINGS).await;
    let mut body = chat(&arn("claudesonnet"), "hi");
    body["reasoning_effort"] = json!("low");
    body["max_tokens"] = json!(4000);
    let asked = futures_util::future::join_all((0..20).map(|_| stack.ask(&body))).await;
    assert!(asked.iter().all(|answer| answer.status == 200), "{}", asked[0].text);
    let mut lookups = 0;
    while let Ok(call) = stack.observed.try_recv() {
        if call.operation == "get-inference-profile" {
            lookups += 1;
        } else {
            let sent: serde_json::Value = serde_json::from_slice(&call.body).unwrap();
            // Claude's own way, which only its family tells.
            assert!(sent["additionalModelRequestFields"]["thinking"].is_object(), "{sent}");
        }
    }
    assert_eq!(lookups, 1);
    assert_eq!(stack.ask(&chat("novalite0000", "hi")).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_looked_up_is_told_or_called_all_the_same() {
    let mut stack = Stack::start_with(SETTINGS).await;
    for (id, status, code) in [
        ("denied000000", 403, "AccessDeniedException"),
        ("throttled000", 429, "ThrottlingException"),
        ("broken000000", 500, "InternalServerException"),
        ("ab12cd34ef56", 404, "ResourceNotFoundException"),
    ] {
        let answer = stack.ask(&chat(&arn(id), "hi")).await;
        assert_eq!(refusal(&answer), (status, code.into()), "{}", answer.text);
        assert_eq!(answer.error("param"), "model");
        assert!(answer.error("message").as_str().unwrap().contains("bedrock:GetInferenceProfile"));
        while let Ok(call) = stack.observed.try_recv() {
            assert_eq!(call.operation, "get-inference-profile");
        }
        // Who says the family need not be told it.
        let hint = [KEY_PAIR[0], KEY_PAIR[1], ("x-portkey-model-family", "amazon.nova")];
        assert_eq!(stack.post(&hint, &chat(&arn("ab12cd34ef56"), "hi")).await.status, 200);
        stack.next_observed().await;
    }
    let lenient = Stack::start_with("[models]\nunresolved_profiles = \"unknown\"").await;
    assert_eq!(lenient.ask(&chat(&arn("ab12cd34ef56"), "hi")).await.status, 200);
}

#[tokio::test]
async fn one_callers_refusal_is_not_anothers() {
    let mut house = House::start_with(SETTINGS).await;
    house.virtual_key("good", demo_pair()).await;
    let role = "arn:aws:iam::444455556666:role/emulator-no-bedrock";
    house.virtual_key("bad", json!({"awsRoleArn": role})).await;
    let body = chat(&arn("claudehaiku3"), "hi");
    assert_eq!(house.ask("bad", &body).await.status, 403);
    assert_eq!(house.ask("good", &body).await.status, 200);
    let lookups = house.observed_of("get-inference-profile");
    assert!(
        lookups.iter().any(|call| call.caller.as_ref().unwrap().contains("emulator-no-bedrock"))
    );
    assert_eq!(lookups.len(), 2);
}

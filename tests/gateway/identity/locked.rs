//! A config that a gateway key locks cannot be got around by spelling.

use serde_json::{Value, json};

use super::{House, demo_pair};
use crate::support::CLAUDE;

/// A key whose config fixes these parameters, and lets requests bring no other.
async fn locked(house: &House, override_params: &Value) -> String {
    let config = json!({"virtual_key": "a", "override_params": override_params});
    let body = json!({
        "name": "locked",
        "scopes": ["inference"],
        "defaults": {"config_id": config, "allow_config_override": false},
    });
    let made = house.call(&house.admin, "POST", "/v1/api-keys/workspace/service", body).await;
    assert_eq!(made.status, 200, "{}", made.text);
    made.json()["key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn override_params_hold_against_every_spelling_of_the_same() {
    let mut house = House::start().await;
    house.virtual_key("a", demo_pair()).await;
    let function = |name: &str| json!({"name": name, "parameters": {"type": "object"}});
    let guardrail = |id: &str| json!({"guardrailIdentifier": id, "guardrailVersion": "1"});
    let (ours, theirs) = (guardrail("ours"), guardrail("theirs"));
    for (over, tries) in [
        (
            json!({"guardrailConfig": ours}),
            vec![
                json!({"guardrail_config": theirs}),
                json!({"guardrailConfig": {"guardrail_identifier": "theirs"}}),
                json!({"guardrail_config": {"guardrail_identifier": "theirs", "guardrail_version": "2"}}),
            ],
        ),
        (
            json!({"guardrail_config": {"guardrail_identifier": "ours", "guardrail_version": "1"}}),
            vec![json!({"guardrailConfig": theirs})],
        ),
        (
            json!({"max_tokens": 1111}),
            vec![
                json!({"max_completion_tokens": 9999}),
                json!({"additional_model_request_fields": {"max_tokens": 9999}}),
                json!({"additionalModelRequestFields": {"maxTokens": 9999}}),
            ],
        ),
        (json!({"max_completion_tokens": 1111}), vec![json!({"max_tokens": 9999})]),
        (
            json!({"thinking": {"type": "enabled", "budget_tokens": 1111}, "max_tokens": 3000}),
            vec![
                json!({"reasoning_effort": "high"}),
                json!({"reasoning": {"max_tokens": 2222}}),
                json!({"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2222}}}),
                json!({"additional_model_request_fields": {"reasoning_config": {"budget_tokens": 2222}}}),
            ],
        ),
        (
            json!({"tools": [{"type": "function", "function": function("ours")}]}),
            vec![json!({"functions": [function("theirs")]})],
        ),
        (
            json!({"functions": [function("ours")]}),
            vec![json!({"tools": [{"type": "function", "function": function("theirs")}]})],
        ),
        (
            json!({"metadata": {"team": "ours"}}),
            vec![
                json!({"metadata": {"team": "theirs"}}),
                json!({"request_metadata": {"team": "theirs"}}),
                json!({"requestMetadata": {"team": "theirs"}}),
            ],
        ),
        (
            json!({"request_metadata": {"team_": "ours"}}),
            // Bedrock's characters make it the same name.
            vec![json!({"metadata": {"team!": "theirs", "team_": "theirs"}})],
        ),
        (
            json!({"additional_model_request_fields": {"top_k": 11}}),
            vec![json!({"top_k": 99}), json!({"additionalModelRequestFields": {"topK": 99}})],
        ),
    ] {
        let key = locked(&house, &over).await;
        for theirs in tries {
            let mut body = json!({
                "model": CLAUDE,
                "messages": [{"role": "user", "content": "hi"}],
            });
            body.as_object_mut().unwrap().extend(theirs.as_object().unwrap().clone());
            let over = over.to_string();
            let metadata = match over.as_str() {
                over if over.contains("team_") => r#"{"team!":"theirs"}"#,
                over if over.contains("team") => r#"{"team":"theirs"}"#,
                _ => "{}",
            };
            let headers = [("x-portkey-api-key", key.as_str()), ("x-portkey-metadata", metadata)];
            let answer = house.stack.post(&headers, &body).await;
            assert_eq!(answer.status, 200, "{over} {theirs}: {}", answer.text);
            let sent = house.stack.next_observed().await.body;
            let sent = String::from_utf8(sent.to_vec()).unwrap();
            let (ours, others) = if over.contains("ours") {
                ("ours", vec!["theirs"])
            } else {
                ("11", vec!["99", "22", "high"])
            };
            let holds = sent.contains(ours) && others.iter().all(|other| !sent.contains(other));
            assert!(holds, "{over} {theirs}: {sent}");
        }
    }
}

#[tokio::test]
async fn a_header_is_no_way_around_locked_beta_flags() {
    let mut house = House::start().await;
    house.virtual_key("a", demo_pair()).await;
    let key = locked(&house, &json!({"anthropic_beta": ["ours-2025-01-01"]})).await;
    let body = json!({
        "model": CLAUDE,
        "messages": [{"role": "user", "content": "hi"}],
        "additional_model_request_fields": {"anthropic_beta": ["theirs-2025-01-01"]},
    });
    let headers = [("x-portkey-api-key", key.as_str()), ("anthropic-beta", "theirs-2025-01-01")];
    let answer = house.stack.post(&headers, &body).await;
    let sent = String::from_utf8(house.stack.next_observed().await.body.to_vec()).unwrap();
    assert!(sent.contains("ours-2025") && !sent.contains("theirs-2025"), "{sent}: {}", answer.text);
}

//! Gateway keys in the places of other things: never stored or returned in clear.

use serde_json::{Value, json};

use super::{House, demo_pair};
use crate::support::{Answer, CLAUDE, chat};

/// A key as callers may write it: as it is, with encoded dashes, encoded twice, encoded
/// as a whole.
fn spellings(key: &str) -> [String; 4] {
    let encoded = key.bytes().map(|byte| format!("%{byte:02x}")).collect();
    [key.to_owned(), key.replace('-', "%2D"), key.replace('-', "%252d"), encoded]
}

/// The text with what is percent-encoded in it decoded, however often.
fn decoded(text: &str) -> String {
    let mut text = text.to_owned();
    loop {
        let next = percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if next == text {
            return text;
        }
        text = next;
    }
}

#[tokio::test]
async fn keys_are_masked_wherever_they_turn_up() {
    let house = House::start().await;
    house.virtual_key("a", demo_pair()).await;
    let (key, admin) = (house.key("misplaced", &["inference"], None).await, house.admin.as_str());
    let mut answers: Vec<Answer> = Vec::new();
    for spelled in spellings(&key) {
        for (method, path) in [
            ("GET", format!("/v1/virtual-keys/{spelled}")),
            ("DELETE", format!("/v1/virtual-keys/{spelled}")),
            ("GET", format!("/v1/api-keys/{spelled}")),
            ("DELETE", format!("/v1/api-keys/x{spelled}x")),
            ("POST", format!("/v1/api-keys/{spelled}/service")),
            ("GET", format!("/v1/audit-logs?start_time={spelled}")),
            ("GET", format!("/v1/{spelled}")),
        ] {
            let body = json!({"name": "n", "scopes": ["inference"]});
            answers.push(house.call(admin, method, &path, body).await);
            // By somebody whom nobody knows, too.
            answers.push(house.call("", method, &path, json!(null)).await);
        }
        for (member, value) in [
            ("name", json!(spelled)),
            ("slug", json!(spelled)),
            ("note", json!(spelled)),
            ("workspace_id", json!(spelled)),
            ("models", json!([spelled])),
            ("provider", json!(spelled)),
            ("aws_region", json!(spelled)),
            ("expires_at", json!(spelled)),
            (spelled.as_str(), json!(1)),
        ] {
            let mut body = json!({"name": "n", "slug": "n", "provider": "bedrock"});
            body.as_object_mut().unwrap().extend(demo_pair().as_object().unwrap().clone());
            body[member] = value;
            answers.push(house.call(admin, "POST", "/v1/virtual-keys", body).await);
            assert_eq!(answers.last().unwrap().status, 400, "{member}");
        }
        let own = ("x-portkey-api-key", admin);
        let at_a = ("x-portkey-virtual-key", "a");
        let named = format!("@{spelled}/{CLAUDE}");
        let config = json!({"provider": format!("@{spelled}")}).to_string();
        let provider = format!("@{spelled}");
        for (headers, model) in [
            (vec![own, ("x-portkey-virtual-key", spelled.as_str())], CLAUDE),
            (vec![own, ("x-portkey-provider", &provider)], CLAUDE),
            (vec![own, ("x-portkey-provider", &spelled)], CLAUDE),
            (vec![own, ("x-portkey-config", &config)], CLAUDE),
            (vec![own, ("x-portkey-config", &spelled)], CLAUDE),
            (vec![own, at_a, ("x-portkey-aws-region", &spelled)], CLAUDE),
            (vec![own, ("x-portkey-aws-role-arn", &spelled)], CLAUDE),
            (vec![own, at_a], &spelled),
            (vec![own], &named),
            (vec![("x-portkey-trace-id", spelled.as_str()), ("x-portkey-api-key", "x")], CLAUDE),
        ] {
            let answer = house.stack.post(&headers, &chat(model, "hi")).await;
            assert_ne!(answer.status, 200, "{headers:?}");
            answers.push(answer);
        }
    }
    let logs = house.call(admin, "GET", "/v1/audit-logs?page_size=1000", json!(null)).await;
    let rows = logs.json()["data"].clone();
    let masked = format!("bgw-****{}", &key[key.len() - 4..]);
    let with_mask = |member: &str| {
        let holds = |row: &&Value| row[member].as_str().is_some_and(|text| text.contains(&masked));
        rows.as_array().unwrap().iter().filter(holds).count()
    };
    for member in ["uri", "resource_id", "request_id"] {
        assert!(with_mask(member) > 0, "{member}: {}", logs.text);
    }
    answers.push(logs);
    let secret = &key[4..40];
    for answer in &answers {
        assert!(!decoded(&answer.text).contains(secret), "{}", answer.text);
        assert!(!decoded(&format!("{:?}", answer.headers)).contains(secret), "{}", answer.text);
    }
    for entry in std::fs::read_dir(house.folder.join("data")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let text = decoded(&String::from_utf8_lossy(&bytes));
        assert!(!text.contains(secret), "a key is in a file");
    }
}

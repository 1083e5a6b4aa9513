//! Gateway keys: who is let in, and what comes with a key.

use serde_json::json;

use super::{House, demo_pair, refusal};
use crate::support::{CLAUDE, KEY_PAIR, Stack, chat, streamed};

#[tokio::test]
async fn a_key_is_found_in_its_places_and_never_sent_to_aws() {
    let mut house = House::start().await;
    house.virtual_key("a", demo_pair()).await;
    let key = house.admin.clone();
    let bearer = format!("Bearer {key}");
    let slug = ("x-portkey-virtual-key", "a");
    for headers in [
        vec![("x-portkey-api-key", key.as_str()), slug],
        vec![("authorization", bearer.as_str()), slug],
        vec![("x-api-key", key.as_str()), slug],
        vec![("x-portkey-api-key", key.as_str()), ("authorization", &bearer), slug],
        vec![("x-portkey-api-key", "PORTKEY_API_KEY"), ("authorization", &bearer), slug],
        // A key of the provider's beside it is one.
        vec![
            ("x-portkey-api-key", key.as_str()),
            ("authorization", "Bearer bedrock-api-key-emulator"),
        ],
    ] {
        let answer = house.stack.post(&headers, &chat(CLAUDE, "hi")).await;
        assert_eq!(answer.status, 200, "{headers:?}: {}", answer.text);
        let observed = house.stack.next_observed().await;
        assert!(observed.headers.values().all(|value| !value.to_str().unwrap().contains("bgw-")));
    }
    // Without other credentials the key opens nothing by itself.
    let answer = house.stack.post(&[("authorization", &bearer)], &chat(CLAUDE, "hi")).await;
    assert_eq!(refusal(&answer), (401, "no_credentials".into()));
}

#[tokio::test]
async fn nobody_else_is_let_in_once_there_are_keys() {
    let mut house = House::start().await;
    let reader = house.key("reader", &["admin.read"], None).await;
    let wrong = format!("{}x", house.admin);
    let own = |key| [("x-portkey-api-key", key), KEY_PAIR[0], KEY_PAIR[1]];
    for (headers, expected) in [
        (KEY_PAIR.to_vec(), (401, "gateway_key_required")),
        (own("pk-of-another-gateway").to_vec(), (401, "invalid_api_key")),
        (own(&wrong).to_vec(), (401, "invalid_api_key")),
        (own("bgw-").to_vec(), (401, "invalid_api_key")),
        (own(&reader).to_vec(), (403, "insufficient_scope")),
    ] {
        let answer = house.stack.post(&headers, &chat(CLAUDE, "hi")).await;
        assert_eq!(refusal(&answer), (expected.0, expected.1.into()), "{}", answer.text);
    }
    assert!(house.observed().is_empty(), "something was sent");
    assert_eq!(house.stack.post(&own(&house.admin), &chat(CLAUDE, "hi")).await.status, 200);
}

#[tokio::test]
async fn a_revoked_key_stops_at_once_and_its_streams_may_finish() {
    let house = House::start().await;
    let key = house.key("soon gone", &["inference"], None).await;
    let headers = [("x-portkey-api-key", key.as_str()), KEY_PAIR[0], KEY_PAIR[1]];
    let running =
        house.stack.send(&headers, &streamed("emulator.slow-each-100", "one two three")).await;
    let list = house.call(&house.admin, "GET", "/v1/api-keys", json!(null)).await.json();
    let id = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["name"] == "soon gone")
        .unwrap()["id"]
        .clone();
    let path = format!("/v1/api-keys/{}", id.as_str().unwrap());
    assert_eq!(house.call(&house.admin, "DELETE", &path, json!(null)).await.status, 200);
    let answer = house.stack.post(&headers, &chat(CLAUDE, "hi")).await;
    assert_eq!(refusal(&answer), (401, "revoked_api_key".into()));
    assert!(crate::support::Answer::read(running).await.is_done());
    assert_eq!(house.call(&house.admin, "GET", &path, json!(null)).await.status, 404);
    // The gateway does not open again with its last key.
    let list = house.call(&house.admin, "GET", "/v1/api-keys", json!(null)).await.json();
    let id = list["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/api-keys/{id}");
    assert_eq!(house.call(&house.admin, "DELETE", &path, json!(null)).await.status, 200);
    let answer = house.stack.post(&KEY_PAIR, &chat(CLAUDE, "hi")).await;
    assert_eq!(refusal(&answer), (401, "gateway_key_required".into()));
}

#[tokio::test]
async fn a_key_brings_its_config_and_metadata() {
    let mut house = House::start().await;
    house.virtual_key("a", demo_pair()).await;
    let make = json!({
        "name": "with defaults", "scopes": ["inference"],
        "defaults": {
            "config_id": {"virtual_key": "a", "override_params": {"max_tokens": 2}},
            "metadata": {"team": "search"}, "allow_config_override": false,
        },
    });
    let made =
        house.call(&house.admin, "POST", "/v1/api-keys/workspace/service", make).await.json();
    let key = ("x-portkey-api-key", made["key"].as_str().unwrap());
    let metadata = ("x-portkey-metadata", r#"{"team": "mine", "app": "x"}"#);
    let mut body = chat(CLAUDE, "one two three");
    body["metadata"] = json!({"team": "somebody else's"});
    let answer = house.stack.post(&[key, metadata], &body).await;
    assert_eq!(answer.json()["choices"][0]["finish_reason"], "length", "{}", answer.text);
    let sent: serde_json::Value =
        serde_json::from_slice(&house.stack.next_observed().await.body).unwrap();
    assert_eq!(sent["requestMetadata"], json!({"app": "x", "team": "search"}));
    let config = ("x-portkey-config", "{}");
    let answer = house.stack.post(&[key, config], &chat(CLAUDE, "hi")).await;
    assert_eq!((answer.status, answer.error("param")), (400, json!("x-portkey-config")));
}

#[tokio::test]
async fn a_gateway_without_keys_lends_nothing_and_says_how_to_begin() {
    let stack = Stack::start().await;
    let own = |name| [(name, "bgw-of-another-gateway"), KEY_PAIR[0], KEY_PAIR[1]];
    let answer = stack.post(&own("x-portkey-api-key"), &chat(CLAUDE, "hi")).await;
    assert_eq!(refusal(&answer), (401, "no_gateway_keys".into()));
    let foreign = [("x-portkey-api-key", "pk-1"), KEY_PAIR[0], KEY_PAIR[1]];
    assert_eq!(stack.post(&foreign, &chat(CLAUDE, "hi")).await.status, 200);
    let answer =
        stack.post(&[KEY_PAIR[0], KEY_PAIR[1]], &chat(&format!("@a/{CLAUDE}"), "hi")).await;
    assert_eq!((answer.status, answer.error("param")), (400, json!("model")));
    let admin = stack.http.get(format!("{}/v1/virtual-keys", stack.url)).send().await.unwrap();
    let admin = crate::support::Answer::read(admin).await;
    assert_eq!(refusal(&admin), (401, "no_gateway_keys".into()));
    assert!(admin.text.contains("bedrock-gateway api-key create"), "{}", admin.text);
    assert_eq!(admin.json()["data"]["errorCode"], "AB05");
}

#[tokio::test]
async fn a_config_that_may_not_be_replaced_is_not_taken_apart() {
    let settings = "[upstream]\ncustom_hosts = [\"bedrock.example\"]";
    let mut house = House::start_with(settings).await;
    house.virtual_key("a", demo_pair()).await;
    house.virtual_key("b", demo_pair()).await;
    let mut with_role = demo_pair();
    with_role["aws_role_arn"] = json!("arn:aws:iam::444455556666:role/emulator-no-bedrock");
    let mut keys = Vec::new();
    for config in [with_role, json!({"virtual_key": "a"}), demo_pair()] {
        let defaults = json!({"config_id": config, "allow_config_override": false});
        let make = json!({"name": "locked", "scopes": ["inference"], "defaults": defaults});
        let made = house.call(&house.admin, "POST", "/v1/api-keys/workspace/service", make).await;
        keys.push(made.json()["key"].as_str().unwrap().to_owned());
    }
    let by_role = [("x-portkey-api-key", keys[0].as_str())];
    let refused = house.stack.post(&by_role, &chat(CLAUDE, "hi")).await;
    // It is the role that AWS refuses, and it is not the caller's business which.
    assert_eq!(refusal(&refused), (403, "AccessDeniedException".into()));
    assert!(!refused.text.contains("444455556666"), "{}", refused.text);
    let (pair, named) = (KEY_PAIR[0], format!("@b/{CLAUDE}"));
    for (key, header, model, param) in [
        (0, ("x-portkey-aws-auth-type", "accessKey"), CLAUDE, "x-portkey-aws-auth-type"),
        (0, pair, CLAUDE, "x-portkey-aws-access-key-id"),
        (1, ("x-portkey-virtual-key", "b"), CLAUDE, "x-portkey-virtual-key"),
        (1, ("x-portkey-config", r#"{"virtual_key": "b"}"#), CLAUDE, "x-portkey-config"),
        (1, ("x-portkey-aws-region", "eu-west-1"), &named, "model"),
        (2, ("x-portkey-custom-host", "https://bedrock.example"), CLAUDE, "x-portkey-custom-host"),
        (2, ("x-portkey-aws-session-token", "t"), CLAUDE, "x-portkey-aws-access-key-id"),
    ] {
        let headers = [("x-portkey-api-key", keys[key].as_str()), header];
        let answer = house.stack.post(&headers, &chat(model, "hi")).await;
        assert_eq!((answer.status, answer.error("param")), (400, json!(param)), "{}", answer.text);
    }
    // A key in `Authorization`, which SDKs insist on, is passed over.
    let bearer = ("authorization", "Bearer bedrock-api-key-emulator");
    let headers = [("x-portkey-api-key", keys[0].as_str()), bearer];
    let refused = house.stack.post(&headers, &chat(CLAUDE, "hi")).await;
    assert_eq!(refusal(&refused), (403, "AccessDeniedException".into()));
    // The config's virtual key counts, whatever provider a header names.
    house.observed();
    let headers = [("x-portkey-api-key", keys[1].as_str()), ("x-portkey-provider", "@nope")];
    assert_eq!(house.stack.post(&headers, &chat(CLAUDE, "hi")).await.status, 200);
    let jwt = ("authorization", "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln");
    let headers = [("x-portkey-api-key", keys[1].as_str()), jwt];
    assert_eq!(house.stack.post(&headers, &chat(CLAUDE, "hi")).await.status, 200);
}

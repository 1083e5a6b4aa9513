//! The admin API: shapes, scopes, and what is never told.

use bedrock_gateway::emulator::identity;
use serde_json::{Value, json};

use super::{House, demo_pair, refusal, role};
use crate::support::{CLAUDE, chat};

#[tokio::test]
async fn a_virtual_key_is_told_without_its_secrets_and_changed_in_part() {
    let house = House::start().await;
    house.virtual_key("a", demo_pair()).await;
    let path = "/v1/virtual-keys/a";
    let told = house.call(&house.admin, "GET", path, json!(null)).await;
    assert!(!told.text.contains(identity::DEMO_SECRET_ACCESS_KEY));
    let item = told.json();
    assert_eq!(
        item["model_config"],
        json!({"awsAuthType": "accessKey", "awsAccessKeyId": "****PLE1"})
    );
    assert_eq!((&item["status"], &item["object"]), (&json!("active"), &json!("virtual-key")));
    for (change, expected) in [
        (
            json!({"aws_region": "eu-west-1", "note": "n"}),
            json!({"awsAuthType": "accessKey", "awsAccessKeyId": "****PLE1", "awsRegion": "eu-west-1"}),
        ),
        (
            json!({"awsRoleArn": role("x"), "aws_external_id": "tenant-1234567890"}),
            json!({"awsAuthType": "assumedRole", "awsAccessKeyId": "****PLE1", "awsRoleArn": role("x"), "awsExternalId": "****7890", "awsRegion": "eu-west-1"}),
        ),
        (
            json!({"aws_region": null, "awsExternalId": null}),
            json!({"awsAuthType": "assumedRole", "awsAccessKeyId": "****PLE1", "awsRoleArn": role("x")}),
        ),
        (json!({"key": "ABSK-a-bedrock-api-key"}), json!({"awsAuthType": "apiKey"})),
    ] {
        let changed = house.call(&house.admin, "PUT", path, change.clone()).await;
        assert_eq!(changed.status, 200, "{change}: {}", changed.text);
        let item = house.call(&house.admin, "GET", path, json!(null)).await.json();
        assert_eq!(item["model_config"], expected, "{change}");
        assert_eq!(item["note"], "n");
    }
    for (change, param) in [
        (json!({"slug": "b"}), "slug"),
        (json!({"provider": "openai"}), "provider"),
        (json!({"aws_auth_type": "accessKey"}), "aws_access_key_id"),
        (json!({"usage_limits": {"credit_limit": 1}}), "usage_limits"),
        (json!({"awsRegionn": "x"}), "awsRegionn"),
        (json!({"models": "x"}), "models"),
    ] {
        let answer = house.call(&house.admin, "PUT", path, change.clone()).await;
        assert_eq!((answer.status, answer.error("param")), (400, json!(param)), "{}", answer.text);
        assert_eq!(answer.json()["data"]["errorCode"], "AB01");
    }
    assert_eq!(
        house.call(&house.admin, "DELETE", path, json!(null)).await.json(),
        json!({"success": true})
    );
    let gone = house.call(&house.admin, "GET", path, json!(null)).await;
    assert_eq!(refusal(&gone), (404, "virtual_key_not_found".into()));
    assert_eq!(
        refusal(&house.ask("a", &chat(CLAUDE, "hi")).await),
        (404, "virtual_key_not_found".into())
    );
}

#[tokio::test]
async fn lists_are_paged_and_slugs_are_taken_once() {
    let house = House::start().await;
    for slug in ["a", "b", "c"] {
        house.virtual_key(slug, demo_pair()).await;
    }
    let mut again = demo_pair();
    again["name"] = json!("again");
    again["slug"] = json!("a");
    again["provider"] = json!("bedrock");
    let answer = house.call(&house.admin, "POST", "/v1/virtual-keys", again).await;
    assert_eq!(refusal(&answer), (409, "already_exists".into()));
    let page = async |query: &'static str| {
        let path = format!("/v1/virtual-keys{query}");
        let page = house.call(&house.admin, "GET", &path, json!(null)).await.json();
        let slugs: Vec<Value> =
            page["data"].as_array().unwrap().iter().map(|item| item["slug"].clone()).collect();
        (page["total"].clone(), slugs.len())
    };
    assert_eq!(page("").await, (json!(3), 3));
    assert_eq!(page("?page_size=2&current_page=1&workspace_id=").await, (json!(3), 1));
    assert_eq!(page("?page_size=2&current_page=9").await, (json!(3), 0));
    let answer = house.call(&house.admin, "GET", "/v1/virtual-keys?page_size=0", json!(null)).await;
    assert_eq!(answer.error("param"), "page_size");
    for param in ["page_size", "current_page"] {
        let path = format!("/v1/virtual-keys?{param}=abc");
        let answer = house.call(&house.admin, "GET", &path, json!(null)).await;
        assert_eq!((answer.status, answer.error("param")), (400, json!(param)));
    }
}

#[tokio::test]
async fn a_refused_change_tells_of_what_it_was_but_not_what_it_said() {
    let house = House::start().await;
    house.virtual_key("a", demo_pair()).await;
    let secret = "a-secret-in-the-wrong-place";
    let change = json!({"aws_region": secret});
    let answer = house.call(&house.admin, "PUT", "/v1/virtual-keys/a", change).await;
    assert_eq!(answer.error("param"), "aws_region");
    house.call(&house.admin, "DELETE", "/v1/api-keys/none", json!(null)).await;
    let path = "/v1/audit-logs?page_size=2";
    let logs = house.call(&house.admin, "GET", path, json!(null)).await;
    assert!(!logs.text.contains(secret), "{}", logs.text);
    let rows = logs.json()["data"].clone();
    let told = |row: &Value| json!([row["resource_type"], row["resource_id"], row["detail"]]);
    assert_eq!(told(&rows[0]), json!(["api_key", "none", "api_key_not_found"]));
    assert_eq!(told(&rows[1]), json!(["virtual_key", "a", "invalid_request"]));
}

#[tokio::test]
async fn scopes_say_who_may_do_what_and_nobody_gives_more_than_they_have() {
    let house = House::start().await;
    house.virtual_key("a", demo_pair()).await;
    house.virtual_key("b", demo_pair()).await;
    let reader = house.key("reader", &["admin.read"], None).await;
    let user = house.key("user", &["completions.write"], None).await;
    let maker =
        house.key("maker", &["workspace_service_api_keys.create", "inference"], Some(&["a"])).await;
    let new = |scopes: Value, virtual_keys: Value| json!({"name": "new", "scopes": scopes, "virtual_keys": virtual_keys});
    let keys = "/v1/api-keys/workspace/service";
    for (key, method, path, body, status) in [
        (&reader, "GET", "/v1/virtual-keys", json!(null), 200),
        (&reader, "GET", "/v1/audit-logs", json!(null), 200),
        (&reader, "DELETE", "/v1/virtual-keys/a", json!(null), 403),
        (&user, "GET", "/v1/virtual-keys", json!(null), 403),
        (&maker, "POST", keys, new(json!(["inference"]), json!(["a"])), 200),
        (&maker, "POST", keys, new(json!(["inference"]), json!(["a", "b"])), 403),
        (&maker, "POST", keys, new(json!(["inference"]), json!(null)), 403),
        (&maker, "POST", keys, new(json!(["admin.write"]), json!(["a"])), 403),
        (&house.admin, "POST", keys, new(json!(["admin.write"]), json!(null)), 200),
        (&house.admin, "POST", keys, new(json!(["admin"]), json!(null)), 400),
        (&house.admin, "POST", keys, new(json!([]), json!(null)), 400),
        (&house.admin, "POST", keys, new(json!(null), json!(null)), 400),
        (
            &house.admin,
            "POST",
            "/v1/api-keys/galaxy/service",
            new(json!(["inference"]), json!(null)),
            400,
        ),
    ] {
        let answer = house.call(key, method, path, body.clone()).await;
        assert_eq!(answer.status, status, "{method} {path} {body}: {}", answer.text);
    }
}

#[tokio::test]
async fn who_is_no_admin_stores_nothing_that_uses_the_gateway_s_own_identity() {
    let house = House::start().await;
    let scopes = ["virtual_keys.create", "virtual_keys.update"];
    let keeper = house.key("keeper", &scopes, None).await;
    let new = |slug: &str, more: Value| {
        let mut body = json!({"name": slug, "slug": slug, "provider": "bedrock"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let (create, change) = (("POST", "/v1/virtual-keys"), ("PUT", "/v1/virtual-keys/a"));
    let service_role = json!({"aws_auth_type": "serviceRole"});
    for (key, (method, path), body, status) in [
        (&keeper, create, new("x", service_role.clone()), 403),
        (&keeper, create, new("x", json!({"aws_role_arn": role("x")})), 403),
        (&keeper, create, new("a", demo_pair()), 200),
        (&keeper, change, service_role.clone(), 403),
        // The stored access key assumes it.
        (&keeper, change, json!({"aws_role_arn": role("x")}), 200),
        (&house.admin, change, service_role, 200),
        (&keeper, change, json!({"disabled": true}), 200),
    ] {
        let answer = house.call(key, method, path, body.clone()).await;
        assert_eq!(answer.status, status, "{method} {body}: {}", answer.text);
        if status == 403 {
            assert_eq!(answer.error("code"), "insufficient_scope");
            assert!(answer.text.contains("`admin.write`"), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn nobody_takes_back_a_key_that_they_could_not_have_given() {
    let house = House::start().await;
    let scopes = ["workspace_service_api_keys.delete", "inference"];
    let limited = house.key("limited", &scopes, Some(&["a"])).await;
    house.key("same", &["inference"], Some(&["a"])).await;
    house.key("any", &["inference"], None).await;
    let listed = house.call(&house.admin, "GET", "/v1/api-keys", json!(null)).await.json();
    let delete = async |name: &str| {
        let keys = listed["data"].as_array().unwrap();
        let key = keys.iter().find(|key| key["name"] == name).unwrap();
        let path = format!("/v1/api-keys/{}", key["id"].as_str().unwrap());
        let answer = house.call(&limited, "DELETE", &path, json!(null)).await;
        refusal(&answer)
    };
    assert_eq!(delete("admin").await, (403, "insufficient_scope".into()));
    assert_eq!(delete("any").await, (403, "virtual_key_not_allowed".into()));
    assert_eq!(delete("same").await, (200, String::new()));
    assert_eq!(delete("limited").await, (200, String::new()));
}

#[tokio::test]
async fn what_does_not_open_can_still_be_changed_where_it_need_not() {
    let house = House::start().await;
    house.virtual_key("a", demo_pair()).await;
    let new =
        json!({"name": "k", "scopes": ["inference"], "defaults": {"metadata": {"team": "a"}}});
    let path = "/v1/api-keys/workspace/service";
    let made = house.call(&house.admin, "POST", path, new).await.json();
    let id = made["id"].as_str().unwrap();
    let store = house.vault.store();
    for row in store.virtual_keys().await.unwrap() {
        assert!(store.reseal_virtual_key(&row.id, &row.credentials, "broken").await.unwrap());
    }
    let rows = store.api_keys().await.unwrap();
    let row = rows.iter().find(|row| row.id == id).unwrap();
    assert!(store.reseal_api_key(id, row.defaults.as_ref().unwrap(), "broken").await.unwrap());
    tokio::time::sleep(bedrock_gateway::vault::FRESH_FOR).await;
    let key = format!("/v1/api-keys/{id}");
    for (path, change, status) in [
        ("/v1/virtual-keys/a", json!({"disabled": true}), 200),
        ("/v1/virtual-keys/a", json!({"aws_region": "eu-west-1"}), 503),
        (&key, json!({"name": "new"}), 200),
        (&key, json!({"defaults": {"allow_config_override": false}}), 503),
        (&key, json!({"defaults": null}), 200),
    ] {
        let answer = house.call(&house.admin, "PUT", path, change.clone()).await;
        assert_eq!(answer.status, status, "{path} {change}: {}", answer.text);
    }
    let item = house.call(&house.admin, "GET", "/v1/virtual-keys/a", json!(null)).await.json();
    assert_eq!((&item["status"], &item["model_config"]), (&json!("disabled"), &json!(null)));
}

#[tokio::test]
async fn every_change_and_every_refusal_is_told_of() {
    let house = House::start().await;
    house.virtual_key("a", demo_pair()).await;
    house.call(&house.admin, "POST", "/v1/virtual-keys", json!({"name": "x"})).await;
    house.call("bgw-wrong-wrong-wrong", "GET", "/v1/virtual-keys", json!(null)).await;
    house.call("", "GET", "/v1/virtual-keys", json!(null)).await;
    let page = house.call(&house.admin, "GET", "/v1/audit-logs?page_size=5", json!(null)).await;
    let rows: Vec<Value> = page.json()["data"].as_array().unwrap().clone();
    let told: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!([
                row["action"],
                row["outcome"],
                row["user"],
                row["response_status_code"],
                row["client_ip"]
            ])
        })
        .collect();
    let from = json!("127.0.0.1");
    assert_eq!(
        told[..4],
        [
            json!(["authentication", "refused", "", 401, from]),
            json!(["authentication", "refused", "****rong", 401, from]),
            json!(["virtual_keys.create", "refused", "admin", 400, from]),
            json!(["virtual_keys.create", "success", "admin", 200, from]),
        ]
    );
    let only = house
        .call(&house.admin, "GET", "/v1/audit-logs?action=authentication", json!(null))
        .await
        .json();
    assert_eq!(only["total"], 2);
    let wrong =
        house.call(&house.admin, "GET", "/v1/audit-logs?start_time=soon", json!(null)).await;
    assert_eq!(wrong.error("param"), "start_time");
}

//! Bounded admins: they cannot free themselves, nor see more than their bounds.

use serde_json::{Value, json};

use super::{House, demo_pair, role};
use crate::support::Answer;

const KEYS: &str = "/v1/api-keys/workspace/service";

/// A gateway key made by the admin: its id, and the key.
async fn made(house: &House, name: &str, members: Value) -> (String, String) {
    let mut body = json!({"name": name, "scopes": ["admin.write", "inference"]});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let made = house.call(&house.admin, "POST", KEYS, body).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let text = |member: &str| made.json()[member].as_str().unwrap().to_owned();
    (text("id"), text("key"))
}

fn assert_refused(answer: &Answer, param: &str) {
    assert_eq!((answer.status, answer.error("param")), (403, json!(param)), "{}", answer.text);
    assert_eq!(answer.json()["data"]["errorCode"], "AB03");
}

/// A bound as members of a key, members that keep it, and members that do not with the
/// one that is wrong.
type Bound = (Value, Value, Vec<(Value, &'static str)>);

fn bounds() -> Vec<Bound> {
    let locked = |config: Value, may_replace: bool| json!({"defaults": {"config_id": config, "allow_config_override": may_replace}});
    let own = json!({"virtual_key": "a"});
    vec![
        (
            json!({"virtual_keys": ["a", "b"]}),
            json!({"virtual_keys": ["a"]}),
            vec![
                (json!({}), "virtual_keys"),
                (json!({"virtual_keys": null}), "virtual_keys"),
                (json!({"virtual_keys": ["a", "c"]}), "virtual_keys"),
            ],
        ),
        (
            json!({"expires_at": "2999-01-01"}),
            json!({"expires_at": "2998-12-31"}),
            vec![
                (json!({}), "expires_at"),
                (json!({"expires_at": null}), "expires_at"),
                (json!({"expires_at": "2999-01-02"}), "expires_at"),
            ],
        ),
        (
            json!({"defaults": {"metadata": {"team": "x"}}}),
            json!({"defaults": {"metadata": {"team": "x", "more": 1}}}),
            vec![
                (json!({}), "defaults.metadata.team"),
                (json!({"defaults": null}), "defaults.metadata.team"),
                (json!({"defaults": {"metadata": {"team": "y"}}}), "defaults.metadata.team"),
            ],
        ),
        (
            locked(own.clone(), false),
            locked(json!(own.to_string()), false),
            vec![
                (json!({}), "defaults.config_id"),
                (json!({"defaults": null}), "defaults.config_id"),
                (locked(json!({"virtual_key": "b"}), false), "defaults.config_id"),
                (locked(own, true), "defaults.allow_config_override"),
            ],
        ),
    ]
}

#[tokio::test]
async fn a_bounded_admin_creates_and_changes_keys_within_its_bounds_only() {
    let house = House::start().await;
    let key = |members: &Value| {
        let mut body = json!({"name": "new", "scopes": ["inference"]});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        body
    };
    let (free, _) = made(&house, "free", json!({})).await;
    for (own, within, outside) in bounds() {
        let (_, bounded) = made(&house, "bounded", own.clone()).await;
        let created = house.call(&bounded, "POST", KEYS, key(&within)).await;
        assert_eq!(created.status, 200, "{own}: {}", created.text);
        let path = format!("/v1/api-keys/{}", created.json()["id"].as_str().unwrap());
        for (members, param) in outside {
            assert_refused(&house.call(&bounded, "POST", KEYS, key(&members)).await, param);
            if members != json!({}) {
                assert_refused(&house.call(&bounded, "PUT", &path, members).await, param);
            }
        }
        let renamed = house.call(&bounded, "PUT", &path, json!({"name": "renamed"})).await;
        assert_eq!(renamed.status, 200, "{own}: {}", renamed.text);
        // A key without the bound is not the bounded admin's to change or to delete.
        let path_of_free = format!("/v1/api-keys/{free}");
        for (method, body) in
            [("PUT", within), ("PUT", json!({"name": "x"})), ("DELETE", json!(null))]
        {
            let answer = house.call(&bounded, method, &path_of_free, body).await;
            assert_eq!(answer.status, 403, "{own} {method}: {}", answer.text);
        }
        assert_eq!(house.call(&bounded, "DELETE", &path, json!(null)).await.status, 200);
    }
}

#[tokio::test]
async fn a_bounded_key_changes_nothing_of_itself_but_its_labels() {
    let house = House::start().await;
    for (own, within, outside) in bounds() {
        let (id, bounded) = made(&house, "bounded", own.clone()).await;
        let path = format!("/v1/api-keys/{id}");
        let scopes = json!({"scopes": ["admin.write"]});
        for change in outside.into_iter().map(|(change, _)| change).chain([within, scopes]) {
            if change == json!({}) {
                continue;
            }
            let answer = house.call(&bounded, "PUT", &path, change.clone()).await;
            // What changes nothing is no change.
            let is_same = answer.status == 200 && change["defaults"]["config_id"].is_string();
            assert!(answer.status == 403 || is_same, "{own} {change}: {}", answer.text);
        }
        let labels =
            json!({"name": "n", "description": "d", "scopes": ["admin.write", "inference"]});
        assert_eq!(house.call(&bounded, "PUT", &path, labels).await.status, 200, "{own}");
        let item = house.call(&house.admin, "GET", &path, json!(null)).await.json();
        assert_eq!(item["name"], "n");
        for (member, value) in own.as_object().unwrap() {
            if member == "virtual_keys" {
                assert_eq!(&item[member], value);
            }
        }
        assert_eq!(house.call(&bounded, "DELETE", &path, json!(null)).await.status, 200);
    }
    // Who has `admin.write` and no bounds changes its own key as any other.
    let (id, free) = made(&house, "free", json!({})).await;
    let path = format!("/v1/api-keys/{id}");
    let change = json!({"expires_at": "2999-01-01", "virtual_keys": ["a"]});
    assert_eq!(house.call(&free, "PUT", &path, change).await.status, 200);
}

#[tokio::test]
async fn virtual_keys_lead_around_no_bounds() {
    let house = House::start().await;
    let mut stored = demo_pair();
    let soon = json!({"models": ["amazon.nova-*"], "expires_at": "2999-01-01"});
    stored.as_object_mut().unwrap().extend(soon.as_object().unwrap().clone());
    house.virtual_key("a", stored).await;
    house.virtual_key("off", demo_pair()).await;
    let off =
        house.call(&house.admin, "PUT", "/v1/virtual-keys/off", json!({"disabled": true})).await;
    assert_eq!(off.status, 200);
    let (_, narrow) = made(&house, "narrow", json!({"virtual_keys": ["a", "off", "new"]})).await;
    for (path, change, param) in [
        ("a", json!({"models": null}), json!("models")),
        ("a", json!({"models": ["amazon.nova-*", "anthropic.*"]}), json!("models")),
        ("a", json!({"expires_at": null}), json!("expires_at")),
        ("a", json!({"expires_at": "2999-01-02"}), json!("expires_at")),
        ("off", json!({"disabled": false}), json!("disabled")),
        // Neither the gateway's identity nor what is stored is used for another role.
        ("a", json!({"aws_auth_type": "serviceRole"}), json!(null)),
        ("a", json!({"aws_role_arn": role("other")}), json!(null)),
        ("a", json!({"aws_region": "eu-west-1"}), json!("aws_access_key_id")),
    ] {
        let answer =
            house.call(&narrow, "PUT", &format!("/v1/virtual-keys/{path}"), change.clone()).await;
        assert_eq!(
            (answer.status, answer.error("param")),
            (403, param),
            "{change}: {}",
            answer.text
        );
    }
    let new = |slug: &str, members: Value| {
        let mut body = json!({"name": slug, "slug": slug, "provider": "bedrock"});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        body
    };
    for (slug, members, status) in [
        ("outside", demo_pair(), 403),
        ("new", json!({"aws_auth_type": "serviceRole"}), 403),
        ("new", demo_pair(), 200),
    ] {
        let answer = house.call(&narrow, "POST", "/v1/virtual-keys", new(slug, members)).await;
        assert_eq!(answer.status, status, "{slug}: {}", answer.text);
    }
    for change in [demo_pair(), json!({"models": ["amazon.nova-*"]}), json!({"disabled": true})] {
        let answer = house.call(&narrow, "PUT", "/v1/virtual-keys/a", change.clone()).await;
        assert_eq!(answer.status, 200, "{change}: {}", answer.text);
    }
    // Who is held to a config could point its virtual key elsewhere.
    let defaults = json!({"config_id": {"virtual_key": "a"}, "allow_config_override": false});
    let (_, locked) = made(&house, "locked", json!({"defaults": defaults})).await;
    for (method, path, body) in [
        ("PUT", "/v1/virtual-keys/a", demo_pair()),
        ("DELETE", "/v1/virtual-keys/a", json!(null)),
        ("POST", "/v1/virtual-keys", new("b", demo_pair())),
    ] {
        assert_refused(&house.call(&locked, method, path, body).await, "defaults.config_id");
    }
    assert_eq!(house.call(&locked, "GET", "/v1/virtual-keys/a", json!(null)).await.status, 200);
}

/// Names and total of a list.
async fn listed(house: &House, key: &str, path: &str, member: &str) -> (Vec<String>, Value) {
    let list = house.call(key, "GET", path, json!(null)).await;
    assert_eq!(list.status, 200, "{}", list.text);
    let list = list.json();
    let data = list["data"].as_array().unwrap().iter();
    let names = data.map(|item| item[member].as_str().unwrap_or_default().to_owned()).collect();
    (names, list["total"].clone())
}

#[tokio::test]
async fn a_bounded_admin_sees_only_what_is_within_its_bounds() {
    let house = House::start().await;
    for slug in ["a", "b", "c"] {
        house.virtual_key(slug, demo_pair()).await;
    }
    let team = |team: &str| json!({"defaults": {"metadata": {"team": team}}});
    let only_a = json!({"virtual_keys": ["a"]});
    let (a_id, _) = made(&house, "of a", only_a.clone()).await;
    let (b_id, _) = made(&house, "of b", json!({"virtual_keys": ["b", "c"]})).await;
    let (x_id, _) = made(&house, "of x", team("x")).await;
    let (y_id, _) = made(&house, "of y", team("y")).await;
    let (narrow_id, narrow) = made(&house, "narrow", json!({"virtual_keys": ["a", "c"]})).await;
    let (_, of_team) = made(&house, "team", team("x")).await;
    let (_, ending) = made(&house, "ending", json!({"expires_at": "2999-01-01"})).await;
    let keys = "/v1/api-keys";
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(listed(&house, &narrow, keys, "name").await, (names(&["of a", "narrow"]), json!(2)));
    assert_eq!(listed(&house, &of_team, keys, "name").await, (names(&["of x", "team"]), json!(2)));
    assert_eq!(listed(&house, &ending, keys, "name").await.1, 8, "an expiry hides nothing");
    let second = format!("{keys}?page_size=1&current_page=1");
    assert_eq!(listed(&house, &narrow, &second, "name").await, (names(&["narrow"]), json!(2)));
    assert_eq!(
        listed(&house, &narrow, "/v1/virtual-keys", "slug").await,
        (names(&["a", "c"]), json!(2))
    );
    for (key, id, status) in [
        (&narrow, &a_id, 200),
        (&narrow, &narrow_id, 200),
        (&narrow, &b_id, 403),
        (&narrow, &x_id, 403),
        (&of_team, &x_id, 200),
        (&of_team, &y_id, 403),
    ] {
        let answer = house.call(key, "GET", &format!("{keys}/{id}"), json!(null)).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    assert_eq!(house.call(&narrow, "GET", "/v1/virtual-keys/b", json!(null)).await.status, 403);

    // Somebody else of the same name is somebody else.
    let (_, namesake) = made(&house, "narrow", json!({"virtual_keys": ["b"]})).await;
    for (key, slug) in [(&namesake, "b"), (&narrow, "c"), (&house.admin, "a")] {
        let path = format!("/v1/virtual-keys/{slug}");
        let answer = house.call(key, "PUT", &path, json!({"note": "n"})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    house.call(&narrow, "GET", "/v1/audit-logs?page_size=0", json!(null)).await;
    house.call(&narrow, "DELETE", "/v1/virtual-keys/b", json!(null)).await;
    let logs = "/v1/audit-logs?page_size=1000";
    let (resources, total) = listed(&house, &narrow, logs, "resource_id").await;
    let expected = ["b", "a", "c", &narrow_id, &a_id, "c", "a"];
    assert_eq!((resources, total), (names(&expected), json!(7)));
    let paged = format!("{logs}&page_size=3&current_page=1").replacen("page_size=1000&", "", 1);
    let (resources, total) = listed(&house, &narrow, &paged, "resource_id").await;
    assert_eq!((resources, total), (names(&expected[3..6]), json!(7)));
    // Its own refused attempt is there; the namesake's change of `b` is not.
    let filtered = format!("{logs}&action=virtual_keys.update");
    assert_eq!(listed(&house, &narrow, &filtered, "resource_id").await.1, 2);
    let (resources, _) = listed(&house, &of_team, logs, "resource_id").await;
    assert!(resources.contains(&x_id) && !resources.contains(&y_id), "{resources:?}");
    assert!(resources.contains(&"b".to_owned()), "metadata hide no virtual keys");
}

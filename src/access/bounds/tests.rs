use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::store::{ApiKeyRow, json_list};

fn texts(entries: &[&str]) -> Vec<String> {
    entries.iter().map(|&entry| entry.to_owned()).collect()
}

fn key(
    scopes: &[&str],
    virtual_keys: Option<&[&str]>,
    expires_at: Option<i64>,
    defaults: Defaults,
) -> (ApiKey, Defaults) {
    let row = ApiKeyRow {
        id: "own".into(),
        name: "Name".into(),
        description: None,
        kind: "workspace".into(),
        sub_type: "service".into(),
        workspace_id: None,
        user_id: None,
        hash: Vec::new(),
        hint: String::new(),
        scopes: json_list(&texts(scopes)),
        virtual_keys: virtual_keys.map(|slugs| json_list(&texts(slugs))),
        defaults: None,
        expires_at,
        created_at: 1,
        updated_at: 1,
        revoked_at: None,
    };
    (ApiKey::from_row(row), defaults)
}

fn caller((key, defaults): (ApiKey, Defaults)) -> Caller {
    Caller::Key { key: Arc::new(key), defaults: Arc::new(defaults) }
}

fn config(text: &str, allow_config_override: bool) -> Defaults {
    Defaults { config: Some(text.into()), allow_config_override, ..Defaults::default() }
}

fn metadata(pairs: &[(&str, Value)]) -> Defaults {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Defaults { metadata: pairs.collect(), ..Defaults::default() }
}

/// The member that exceeds the caller's bounds.
fn exceeds(caller: &Caller, (key, defaults): &(ApiKey, Defaults)) -> Option<String> {
    match caller.bounds().check(&Extent::of(key, Some(defaults))) {
        Ok(()) => None,
        Err(Error::OutOfBounds { param, message, .. }) => {
            assert!(!message.is_empty());
            Some(param)
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_key_must_have_every_bound_of_its_creator() {
    let admin = ["admin.write"];
    let none = Defaults::default;
    let team = || metadata(&[("team", json!("a")), ("n", json!(1))]);
    let locked = || config(r#"{"virtual_key": "a"}"#, false);
    for (own, new, expected) in [
        (key(&admin, None, None, none()), key(&["inference"], None, None, none()), None),
        (key(&["inference"], None, None, none()), key(&admin, None, None, none()), Some("scopes")),
        // `admin.write` grants every scope.
        (
            key(&admin, Some(&["a"]), None, none()),
            key(&["inference"], Some(&["a"]), None, none()),
            None,
        ),
        (key(&admin, Some(&["a"]), None, none()), key(&admin, Some(&[]), None, none()), None),
        (
            key(&admin, Some(&["a"]), None, none()),
            key(&admin, None, None, none()),
            Some("virtual_keys"),
        ),
        (
            key(&admin, Some(&["a"]), None, none()),
            key(&admin, Some(&["a", "b"]), None, none()),
            Some("virtual_keys"),
        ),
        (key(&admin, None, Some(9), none()), key(&admin, None, Some(9), none()), None),
        (
            key(&admin, None, Some(9), none()),
            key(&admin, None, Some(10), none()),
            Some("expires_at"),
        ),
        (key(&admin, None, Some(9), none()), key(&admin, None, None, none()), Some("expires_at")),
        (key(&admin, None, None, team()), key(&admin, None, None, team()), None),
        (
            key(&admin, None, None, team()),
            key(&admin, None, None, metadata(&[("team", json!("a")), ("n", json!("1"))])),
            Some("defaults.metadata.n"),
        ),
        (
            key(&admin, None, None, team()),
            key(&admin, None, None, none()),
            Some("defaults.metadata.n"),
        ),
        (
            key(&admin, None, None, locked()),
            key(&admin, None, None, config(r#"{ "virtual_key":"a"}"#, false)),
            None,
        ),
        (
            key(&admin, None, None, locked()),
            key(&admin, None, None, config(r#"{"virtual_key": "b"}"#, false)),
            Some("defaults.config_id"),
        ),
        (
            key(&admin, None, None, locked()),
            key(&admin, None, None, none()),
            Some("defaults.config_id"),
        ),
        (
            key(&admin, None, None, locked()),
            key(&admin, None, None, config(r#"{"virtual_key": "a"}"#, true)),
            Some("defaults.allow_config_override"),
        ),
        // A config that requests may replace is no bound.
        (key(&admin, None, None, config("{}", true)), key(&admin, None, None, none()), None),
    ] {
        let caller = caller(own);
        assert_eq!(exceeds(&caller, &new).as_deref(), expected, "{caller:?} {:?}", new.0.row());
    }
}

#[test]
fn only_an_admin_without_bounds_changes_its_own_key() {
    let admin = ["admin.write"];
    let none = Defaults::default;
    let bounded = [
        (key(&["inference", "admin.read"], None, None, none()), "no admin"),
        (key(&admin, Some(&["a"]), None, none()), "virtual keys"),
        (key(&admin, None, Some(9), none()), "expiry"),
        (key(&admin, None, None, metadata(&[("a", json!(1))])), "metadata"),
        (key(&admin, None, None, config("{}", false)), "locked config"),
    ];
    let free = key(&admin, None, None, config("{}", true));
    for ((own, defaults), what) in bounded.into_iter().chain([(free, "unbounded")]) {
        let caller = caller((ApiKey::from_row(own.row().clone()), defaults.clone()));
        let bounds = caller.bounds();
        assert_eq!(bounds.is_unbounded_admin(), what == "unbounded", "{what}");
        let before = Extent::of(&own, Some(&defaults));
        assert!(bounds.check_own_change(&before, &before).is_ok(), "{what}: nothing changes");
        let fewer = texts(&["admin.read"]);
        let (other_config, other_metadata) =
            (config("[]", defaults.allow_config_override), metadata(&[("b", json!(2))]));
        let unlocked =
            Defaults { allow_config_override: !defaults.allow_config_override, ..defaults.clone() };
        let relabelled = Defaults { metadata: other_metadata.metadata, ..defaults.clone() };
        for (after, param) in [
            (Extent { scopes: &fewer, ..before }, "scopes"),
            (Extent { virtual_keys: Some(&[]), ..before }, "virtual_keys"),
            (Extent { expires_at: Some(8), ..before }, "expires_at"),
            (Extent { defaults: Some(&other_config), ..before }, "defaults.config_id"),
            (Extent { defaults: Some(&unlocked), ..before }, "defaults.allow_config_override"),
            (Extent { defaults: Some(&relabelled), ..before }, "defaults.metadata"),
        ] {
            let checked = bounds.check_own_change(&before, &after);
            if what == "unbounded" {
                assert!(checked.is_ok());
                continue;
            }
            let refused = checked.unwrap_err();
            assert!(
                matches!(&refused, Error::OutOfBounds { param: named, .. } if named == param),
                "{what} {param}: {refused:?}"
            );
        }
    }
}

#[test]
fn messages_name_what_would_be_accepted_and_no_config() {
    let message = |own, new: (ApiKey, Defaults)| {
        let caller = caller(own);
        caller.bounds().check(&Extent::of(&new.0, Some(&new.1))).unwrap_err().to_string()
    };
    let none = || key(&["admin.write"], None, None, Defaults::default());
    let listed =
        message(key(&["admin.write"], Some(&["a", "b"]), None, Defaults::default()), none());
    assert!(listed.contains("`a`, `b`"), "{listed}");
    let expiry = message(key(&["admin.write"], None, Some(10), Defaults::default()), none());
    assert!(expiry.contains("1970-01-01T00:00:10Z"), "{expiry}");
    let team =
        message(key(&["admin.write"], None, None, metadata(&[("team", json!("x"))])), none());
    assert!(team.contains("`defaults.metadata.team` must be \"x\""), "{team}");
    let secret = config(r#"{"api_key": "secret"}"#, false);
    let locked = message(key(&["admin.write"], None, None, secret), none());
    assert!(!locked.contains("secret"), "{locked}");
    let many: Vec<String> = (0..1000).map(|number| format!("key-{number}")).collect();
    assert!(super::listed(&many).len() < 500);
}

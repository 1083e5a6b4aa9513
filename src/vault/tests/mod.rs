mod mark;

use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret;
use uuid::Uuid;

use super::credentials::{BedrockAuth, BedrockCredentials};
use super::master_key::{MasterKeyOptions, tests::local};
use super::*;
use crate::store::{AuditQuery, AuditRow};

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("bedrock-gateway-{}", Uuid::new_v4())))
    }

    async fn vault(&self, masters: MasterKeys) -> Result<Vault, Error> {
        Vault::open(&self.0, masters).await
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn new_virtual_key(slug: &str) -> NewVirtualKey {
    NewVirtualKey {
        slug: slug.into(),
        name: "Name".into(),
        note: None,
        workspace_id: None,
        models: Some(vec!["amazon.*".into()]),
        expires_at: Some(100),
        credentials: ProviderCredentials::Bedrock(BedrockCredentials {
            auth: BedrockAuth::ApiKey { api_key: "the-provider-key".into() },
            region: None,
            endpoint: None,
        }),
    }
}

fn new_api_key(name: &str) -> NewApiKey {
    NewApiKey {
        name: name.into(),
        description: None,
        kind: "workspace".into(),
        sub_type: "service".into(),
        workspace_id: None,
        user_id: None,
        scopes: vec!["inference".into()],
        virtual_keys: None,
        defaults: Some(Defaults {
            config: Some(r#"{"api_key":"in-the-config"}"#.into()),
            ..Defaults::default()
        }),
        expires_at: None,
    }
}

/// Both parts of a rotation.
async fn reseal_all(vault: &Vault) -> Result<Rotated, Error> {
    let begun = vault.reseal_each().await?;
    let rest = vault.reseal_rest().await?;
    Ok(Rotated { records: begun.records + rest.records })
}

fn told(action: &str) -> AuditRow {
    AuditRow { action: action.into(), actor: "me".into(), ..AuditRow::default() }
}

async fn opened_key(vault: &Vault, slug: &str) -> String {
    let snapshot = vault.latest().await.unwrap();
    let credentials = vault.credentials(snapshot.virtual_key(slug).unwrap()).await.unwrap();
    match &*credentials {
        ProviderCredentials::Bedrock(BedrockCredentials {
            auth: BedrockAuth::ApiKey { api_key },
            ..
        }) => api_key.expose_secret().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_goes_in_comes_out_after_opening_again_and_lies_sealed() {
    let folder = Folder::new();
    let vault = folder.vault(local(1)).await.unwrap();
    vault.add_virtual_key(new_virtual_key("a"), 1, told("create")).await.unwrap();
    let (made, key) = vault.add_api_key(new_api_key("k"), 1, told("create")).await.unwrap();
    drop(vault);

    let vault = folder.vault(local(1)).await.unwrap();
    assert_eq!(opened_key(&vault, "a").await, "the-provider-key");
    let snapshot = vault.latest().await.unwrap();
    let found = vault.presented(&snapshot, key.expose_secret()).unwrap();
    assert_eq!(found.row().id, made.row().id);
    assert!(vault.defaults(found).await.unwrap().config.is_some());
    for wrong in ["", "bgw-", &key.expose_secret()[1..], &format!("{} ", key.expose_secret())] {
        assert!(vault.presented(&snapshot, wrong).is_none(), "{wrong}");
    }
    let virtual_key = snapshot.virtual_key("a").unwrap();
    assert_eq!(virtual_key.status(99), Status::Active);
    assert_eq!(virtual_key.status(100), Status::Expired);
    assert!(virtual_key.allows_model(["amazon.nova"]) && !virtual_key.allows_model(["x"]));

    for entry in std::fs::read_dir(&folder.0).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for secret in ["the-provider-key", "in-the-config", key.expose_secret()] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
}

#[tokio::test]
async fn a_wrong_master_key_is_found_when_the_vault_is_opened() {
    let folder = Folder::new();
    drop(folder.vault(local(1)).await.unwrap());
    assert!(matches!(folder.vault(local(2)).await, Err(Error::UnknownMasterKey { .. })));
}

#[tokio::test]
async fn a_master_key_that_only_some_records_need_is_missed_when_the_vault_is_opened() {
    let folder = Folder::new();
    let vault = folder.vault(local(1)).await.unwrap();
    vault.add_virtual_key(new_virtual_key("a"), 1, told("create")).await.unwrap();
    vault.add_api_key(new_api_key("k"), 1, told("create")).await.unwrap();
    // As if the new key had been in place for everything but one record of each kind.
    let sealed = envelope::seal(&local(2), HASH_KEY_PLACE, &[7; 32]).await.unwrap();
    let old = vault.store().value(HASH_KEY).await.unwrap().unwrap();
    assert!(vault.store().replace_value(HASH_KEY, &old, &sealed).await.unwrap());
    let missing = local(1).sealing_id();
    let lacks = |opened: Result<Vault, Error>| match opened {
        Err(Error::UnknownMasterKey { id }) => id == missing,
        _ => false,
    };
    assert!(lacks(folder.vault(local(2)).await), "a virtual key and a gateway key");
    assert!(vault.delete_virtual_key("a", told("delete")).await.unwrap());
    assert!(lacks(folder.vault(local(2)).await), "a gateway key");
}

#[tokio::test]
async fn changes_of_another_process_are_seen_when_the_snapshot_is_no_longer_fresh() {
    let folder = Folder::new();
    let gateway = folder.vault(local(1)).await.unwrap();
    let command = folder.vault(local(1)).await.unwrap();
    command.add_virtual_key(new_virtual_key("a"), 1, told("create")).await.unwrap();
    let then = Instant::now() + FRESH_FOR + Duration::from_millis(1);
    assert!(gateway.snapshot(then).await.unwrap().virtual_key("a").is_some());
    let (key, secret) = command.add_api_key(new_api_key("k"), 1, told("create")).await.unwrap();
    command.revoke_api_key(&key, 2, told("revoke")).await.unwrap();
    let snapshot = gateway.snapshot(then + FRESH_FOR * 2).await.unwrap();
    let found = gateway.presented(&snapshot, secret.expose_secret()).unwrap();
    assert_eq!(found.status(2), Status::Revoked);
    assert!(matches!(command.revoke_api_key(&key, 3, told("revoke")).await, Err(Error::Conflict)));
}

#[tokio::test]
async fn what_was_opened_stays_open_while_other_records_change() {
    let folder = Folder::new();
    let vault = folder.vault(local(1)).await.unwrap();
    vault.add_virtual_key(new_virtual_key("a"), 1, told("create")).await.unwrap();
    let before = Arc::clone(vault.latest().await.unwrap().virtual_key("a").unwrap());
    vault.add_virtual_key(new_virtual_key("b"), 1, told("create")).await.unwrap();
    assert!(Arc::ptr_eq(&before, vault.latest().await.unwrap().virtual_key("a").unwrap()));
    let row = crate::store::VirtualKeyRow { note: Some("n".into()), ..before.row().clone() };
    vault.update_virtual_key(&before, row, None, 1, told("update")).await.unwrap();
    let after = vault.latest().await.unwrap();
    assert_eq!(after.virtual_key("a").unwrap().row().note.as_deref(), Some("n"));
    assert_eq!(opened_key(&vault, "a").await, "the-provider-key");
    assert!(vault.delete_virtual_key("a", told("delete")).await.unwrap());
    assert!(vault.latest().await.unwrap().virtual_key("a").is_none());
    assert_eq!(vault.store().audit_rows(&AuditQuery::default()).await.unwrap().1, 4);
}

#[tokio::test]
async fn a_rotation_leaves_nothing_under_the_old_key_and_running_gateways_go_on() {
    let folder = Folder::new();
    std::fs::create_dir(&folder.0).unwrap();
    let file = folder.0.join("master.key");
    master_key::create_file(&file).unwrap();
    let options = MasterKeyOptions { text: None, file: Some(file.clone()) };
    let masters = || MasterKeys::load(&options, None).unwrap();
    let gateway = folder.vault(masters()).await.unwrap();
    for slug in ["a", "b"] {
        gateway.add_virtual_key(new_virtual_key(slug), 1, told("create")).await.unwrap();
    }
    let (_, secret) = gateway.add_api_key(new_api_key("k"), 1, told("create")).await.unwrap();

    master_key::add_key_to_file(&file).unwrap();
    let command = folder.vault(masters()).await.unwrap();
    assert_eq!(reseal_all(&command).await.unwrap(), Rotated { records: 4 });
    master_key::keep_first_key_of_file(&file).unwrap();

    gateway.add_virtual_key(new_virtual_key("c"), 2, told("create")).await.unwrap();
    assert_eq!(opened_key(&gateway, "a").await, "the-provider-key");
    let later = folder.vault(masters()).await.unwrap();
    for slug in ["a", "b", "c"] {
        assert_eq!(opened_key(&later, slug).await, "the-provider-key");
    }
    let snapshot = later.latest().await.unwrap();
    assert!(later.presented(&snapshot, secret.expose_secret()).is_some());
}

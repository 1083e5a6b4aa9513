use super::*;

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("bedrock-gateway-{}", uuid::Uuid::new_v4())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn virtual_key(slug: &str) -> VirtualKeyRow {
    VirtualKeyRow {
        id: format!("id-{slug}"),
        slug: slug.into(),
        name: "Name".into(),
        provider: "bedrock".into(),
        note: None,
        workspace_id: None,
        models: Some("[]".into()),
        disabled: false,
        expires_at: Some(7),
        created_at: 1,
        updated_at: 1,
        credentials: "sealed".into(),
    }
}

fn api_key(id: &str) -> ApiKeyRow {
    ApiKeyRow {
        id: id.into(),
        name: "Name".into(),
        description: None,
        kind: "workspace".into(),
        sub_type: "service".into(),
        workspace_id: None,
        user_id: None,
        hash: id.as_bytes().to_vec(),
        hint: "abcd".into(),
        scopes: "[]".into(),
        virtual_keys: None,
        defaults: None,
        expires_at: None,
        created_at: 1,
        updated_at: 1,
        revoked_at: None,
    }
}

fn told(action: &str) -> AuditRow {
    AuditRow { at: 5, action: action.into(), actor: "me".into(), ..AuditRow::default() }
}

#[tokio::test]
async fn what_is_written_is_there_after_opening_again_and_is_counted() {
    let folder = Folder::new();
    let store = Store::open(&folder.0).await.unwrap();
    let before = store.identity().await.unwrap().revision;
    store.add_virtual_key(&virtual_key("a"), &told("create")).await.unwrap();
    assert!(matches!(
        store.add_virtual_key(&virtual_key("a"), &told("create")).await,
        Err(Error::Duplicate)
    ));
    store.add_api_key(&api_key("k"), &told("create")).await.unwrap();
    store.close().await;

    let store = Store::open(&folder.0).await.unwrap();
    assert_eq!(store.virtual_keys().await.unwrap(), [virtual_key("a")]);
    assert_eq!(store.api_keys().await.unwrap(), [api_key("k")]);
    assert_eq!(store.identity().await.unwrap().revision, before + 2);
    // A change that failed is not told of.
    assert_eq!(store.audit_rows(&AuditQuery::default()).await.unwrap().1, 2);
}

#[tokio::test]
async fn a_change_of_what_is_no_longer_there_is_none() {
    let folder = Folder::new();
    let store = Store::open(&folder.0).await.unwrap();
    let before = virtual_key("a");
    store.add_virtual_key(&before, &told("create")).await.unwrap();
    let changed = VirtualKeyRow { note: Some("n".into()), updated_at: 2, ..before.clone() };
    assert!(store.update_virtual_key(&before, &changed, &told("update")).await.unwrap());
    assert!(!store.update_virtual_key(&before, &changed, &told("update")).await.unwrap());
    assert!(!store.reseal_virtual_key(&before.id, "other", "new").await.unwrap());
    assert!(store.reseal_virtual_key(&before.id, "sealed", "new").await.unwrap());
    assert!(store.delete_virtual_key("a", &told("delete")).await.unwrap());
    assert!(!store.delete_virtual_key("a", &told("delete")).await.unwrap());
    let (rows, total) =
        store.audit_rows(&AuditQuery { limit: 1, ..AuditQuery::default() }).await.unwrap();
    assert_eq!((rows[0].action.as_str(), total), ("delete", 3));

    let before = api_key("k");
    store.add_api_key(&before, &told("create")).await.unwrap();
    let revoked = ApiKeyRow { revoked_at: Some(3), updated_at: 3, ..before.clone() };
    assert!(store.update_api_key(&before, &revoked, &told("revoke")).await.unwrap());
    assert!(!store.update_api_key(&revoked, &before, &told("update")).await.unwrap());
}

#[tokio::test]
async fn audit_rows_are_found_by_time_action_and_actor() {
    let folder = Folder::new();
    let store = Store::open(&folder.0).await.unwrap();
    let rows: Vec<AuditRow> =
        (0..10).map(|at| AuditRow { at, ..told(if at < 5 { "a" } else { "b" }) }).collect();
    store.add_audit_rows(&rows).await.unwrap();
    let all = AuditQuery { limit: 100, ..AuditQuery::default() };
    for (query, expected) in [
        (AuditQuery { start: Some(3), end: Some(6), ..all.clone() }, vec![6, 5, 4, 3]),
        (AuditQuery { action: Some("a".into()), limit: 2, offset: 1, ..all.clone() }, vec![3, 2]),
        (AuditQuery { actor: Some("nobody".into()), ..all }, vec![]),
    ] {
        let (found, _) = store.audit_rows(&query).await.unwrap();
        assert_eq!(found.iter().map(|row| row.at).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn a_backup_is_a_database_and_overwrites_nothing() {
    let folder = Folder::new();
    let store = Store::open(&folder.0).await.unwrap();
    store.add_virtual_key(&virtual_key("a"), &told("create")).await.unwrap();
    let copy = folder.0.join("copy");
    std::fs::create_dir(&copy).unwrap();
    store.backup(&copy.join(FILE_NAME)).await.unwrap();
    assert!(store.backup(&copy.join(FILE_NAME)).await.is_err());
    let restored = Store::open(&copy).await.unwrap();
    assert_eq!(restored.virtual_keys().await.unwrap(), [virtual_key("a")]);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let store = Store::open(&folder.0).await.unwrap();
    store.add_value("a", "b").await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.0), 0o700);
    let mut files = 0;
    for entry in std::fs::read_dir(&folder.0).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
        files += 1;
    }
    assert_eq!(files, 3, "the database, its log and the log's index");
    store.close().await;
    let file = folder.0.join(FILE_NAME);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    Store::open(&folder.0).await.unwrap();
    assert_eq!(mode(&file), 0o600);
}

#[tokio::test]
async fn what_is_no_database_is_said_to_be_none() {
    let folder = Folder::new();
    std::fs::create_dir(&folder.0).unwrap();
    std::fs::write(folder.0.join(FILE_NAME), "not a database, but longer than a header of one is, which has a hundred bytes and says SQLite format 3").unwrap();
    assert!(matches!(Store::open(&folder.0).await, Err(Error::Database(_))));
}

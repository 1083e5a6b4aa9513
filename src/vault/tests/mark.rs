//! The mark beside the database: a vault that had keys never opens as a new one.

use std::fs;
use std::path::Path;

use super::*;
use crate::store::Mismatch;
use crate::vault::mark::FILE_NAME;

/// A vault with a gateway key, closed as at the end of a process.
async fn with_key(folder: &Folder) -> PathBuf {
    let vault = folder.vault(local(1)).await.unwrap();
    vault.add_api_key(new_api_key("k"), 1, told("create")).await.unwrap();
    vault.store().close().await;
    vault.store().file().to_owned()
}

async fn mismatch(folder: &Folder) -> Mismatch {
    match folder.vault(local(1)).await {
        Err(Error::Mismatch { mismatch, .. }) => mismatch,
        other => panic!("{:?}", other.map(drop)),
    }
}

fn mark_in(folder: &Folder) -> PathBuf {
    folder.0.join(FILE_NAME)
}

fn without_logs(database: &Path) {
    for ending in ["-wal", "-shm"] {
        drop(fs::remove_file(private_file::beside(database, ending)));
    }
}

#[tokio::test]
async fn a_database_that_is_gone_empty_or_new_is_not_opened() {
    let folder = Folder::new();
    let database = with_key(&folder).await;
    let content = fs::read(&database).unwrap();

    fs::remove_file(&database).unwrap();
    assert_eq!(mismatch(&folder).await, Mismatch::Missing);
    assert!(!database.exists(), "nothing is made in its place");
    fs::write(&database, "").unwrap();
    assert_eq!(mismatch(&folder).await, Mismatch::Empty);

    let other = Folder::new();
    let vault = other.vault(local(1)).await.unwrap();
    vault.store().close().await;
    fs::copy(vault.store().file(), &database).unwrap();
    assert_eq!(mismatch(&folder).await, Mismatch::OtherVault);
    // An SQLite database without our tables.
    let page = content.get(..4096).unwrap();
    fs::write(&database, page).unwrap();
    assert!(folder.vault(local(1)).await.is_err());

    fs::write(&database, content).unwrap();
    without_logs(&database);
    assert!(folder.vault(local(1)).await.unwrap().had_keys());
}

#[tokio::test]
async fn an_older_copy_is_not_opened_unless_the_mark_is_removed() {
    let folder = Folder::new();
    let database = with_key(&folder).await;
    let before = fs::read(&database).unwrap();
    let vault = folder.vault(local(1)).await.unwrap();
    vault.add_api_key(new_api_key("later"), 1, told("create")).await.unwrap();
    vault.store().close().await;
    fs::write(&database, before).unwrap();
    without_logs(&database);
    let Mismatch::Older { found, expected } = mismatch(&folder).await else { panic!() };
    assert!(found < expected);
    let error = folder.vault(local(1)).await.unwrap_err().to_string();
    for part in
        ["bedrock-gateway.db", "bedrock-gateway.mark", "older", "restore", "remove the mark"]
    {
        assert!(error.contains(part), "{error}");
    }
    fs::remove_file(mark_in(&folder)).unwrap();
    assert!(folder.vault(local(1)).await.unwrap().had_keys());
    assert!(mark_in(&folder).exists(), "it is written again");
}

#[tokio::test]
async fn a_write_ahead_log_that_is_gone_is_noticed() {
    let folder = Folder::new();
    // Whoever is killed leaves the log behind: a copy of the files is as good.
    let vault = folder.vault(local(1)).await.unwrap();
    vault.add_api_key(new_api_key("k"), 1, told("create")).await.unwrap();
    let crashed = Folder::new();
    fs::create_dir(&crashed.0).unwrap();
    for entry in fs::read_dir(&folder.0).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), crashed.0.join(entry.file_name())).unwrap();
    }
    let database = crashed.0.join("bedrock-gateway.db");
    without_logs(&database);
    let found = mismatch(&crashed).await;
    assert!(
        matches!(found, Mismatch::NoVault | Mismatch::OtherVault | Mismatch::Older { .. }),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_mark_that_does_not_open_is_an_error() {
    let folder = Folder::new();
    with_key(&folder).await;
    assert!(matches!(folder.vault(local(2)).await, Err(Error::UnknownMasterKey { .. })));
    let mark = mark_in(&folder);
    let text = fs::read_to_string(&mark).unwrap();
    assert!(!text.contains("vault_id"), "it lies open: {text}");
    for broken in ["", "{}", &text.replace("content\":\"", "content\":\"AAAA")] {
        fs::write(&mark, broken).unwrap();
        let error = folder.vault(local(1)).await.unwrap_err();
        assert!(matches!(error, Error::BrokenMark { .. }), "{error}");
    }
    fs::write(&mark, [0xff, 0xfe]).unwrap();
    assert!(matches!(folder.vault(local(1)).await, Err(Error::BrokenMark { .. })));
}

#[tokio::test]
async fn keys_that_were_there_are_remembered_when_their_rows_are_gone() {
    let folder = Folder::new();
    let unused = folder.vault(local(1)).await.unwrap();
    assert!(!unused.had_keys() && !mark_in(&folder).exists(), "a vault without keys has no mark");
    unused.add_virtual_key(new_virtual_key("a"), 1, told("create")).await.unwrap();
    assert!(!unused.had_keys() && mark_in(&folder).exists());
    unused.add_api_key(new_api_key("k"), 1, told("create")).await.unwrap();
    assert!(unused.had_keys());
    unused.store().forget_api_keys().await;
    assert!(unused.latest().await.unwrap().api_keys().is_empty());
    assert!(unused.had_keys());
    let again = folder.vault(local(1)).await.unwrap();
    assert!(again.latest().await.unwrap().api_keys().is_empty() && again.had_keys());
}

#[tokio::test]
async fn a_running_vault_notices_that_its_database_is_another() {
    let folder = Folder::new();
    let gateway = folder.vault(local(1)).await.unwrap();
    gateway.add_api_key(new_api_key("k"), 1, told("create")).await.unwrap();
    let id = gateway.store().value(crate::store::VAULT_ID).await.unwrap().unwrap();
    let replace = |old: String, new: &'static str| {
        let store = gateway.store().clone();
        async move { store.replace_value(crate::store::VAULT_ID, &old, new).await.unwrap() }
    };
    assert!(replace(id.clone(), "another").await);
    let later = Instant::now() + FRESH_FOR * 2;
    let error = gateway.snapshot(later).await.unwrap_err();
    assert!(crate::telemetry::chain(&error).contains("it was replaced"), "{error}");
    assert!(gateway.had_keys());
}

#[tokio::test]
async fn a_rotation_seals_the_mark_anew() {
    let folder = Folder::new();
    fs::create_dir(&folder.0).unwrap();
    let file = folder.0.join("master.key");
    master_key::create_file(&file).unwrap();
    let options = MasterKeyOptions { text: None, file: Some(file.clone()) };
    let masters = || MasterKeys::load(&options, None).unwrap();
    let vault = folder.vault(masters()).await.unwrap();
    vault.add_api_key(new_api_key("k"), 1, told("create")).await.unwrap();
    master_key::add_key_to_file(&file).unwrap();
    let command = folder.vault(masters()).await.unwrap();
    reseal_all(&command).await.unwrap();
    master_key::keep_first_key_of_file(&file).unwrap();
    assert!(folder.vault(masters()).await.unwrap().had_keys());
    let mut names: Vec<_> =
        fs::read_dir(&folder.0).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert!(names.iter().all(|name| !name.to_string_lossy().ends_with(".new")), "{names:?}");
}

#[tokio::test]
async fn marks_of_many_at_once_are_whole_and_cover_what_was_acknowledged() {
    let folder = Folder::new();
    let one = folder.vault(local(1)).await.unwrap();
    let other = folder.vault(local(1)).await.unwrap();
    let add = async |name: usize| {
        let vault = if name.is_multiple_of(2) { &one } else { &other };
        vault.add_api_key(new_api_key(&name.to_string()), 1, told("create")).await.map(drop)
    };
    let all = (0..20).map(&add);
    for added in futures_util::future::join_all(all).await {
        added.unwrap();
    }
    let known = Mark::read(&folder.0, &local(1)).await.unwrap().content().await.unwrap();
    let revision = one.store().identity().await.unwrap().revision;
    assert!(serde_json::to_string(&known).unwrap().contains(&format!("\"revision\":{revision}")));
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_mark() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    with_key(&folder).await;
    let mode = fs::metadata(mark_in(&folder)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

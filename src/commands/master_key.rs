//! `master-key` and `backup`.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::keys::{failed, open};
use super::say;
use crate::cli::MasterKeyCommand;
use crate::settings::Settings;
use crate::vault::master_key;

/// How long a gateway may take between reading the master key and writing what it
/// sealed with it.
const SETTLE: Duration = Duration::from_secs(2);

/// `master-key`.
///
/// # Errors
/// A file cannot be read or written, or the vault does not open.
pub async fn run(settings: Settings, command: MasterKeyCommand) -> io::Result<()> {
    match command {
        MasterKeyCommand::Create { file } => {
            master_key::create_file(&file).map_err(failed)?;
            say(&format!(
                "made {0}; keep a copy where the database's backups are not, and set vault.master_key_file = \"{0}\"\n",
                file.display()
            ))
        }
        MasterKeyCommand::Rotate => rotate(&settings).await,
    }
}

async fn rotate(settings: &Settings) -> io::Result<()> {
    // Before anything is changed: the vault must open with what there is.
    drop(open(settings).await?);
    let holds_file =
        settings.vault.kms_key_id.is_none() && settings.vault.master_keys.text.is_none();
    let file = settings.vault.master_keys.file.as_ref().filter(|_| holds_file);
    if let Some(file) = file {
        master_key::add_key_to_file(file).map_err(failed)?;
    }
    let vault = open(settings).await?;
    let rotated = vault.reseal_all().await.map_err(failed)?;
    if let Some(file) = file {
        // What a gateway sealed under the old key while this went on.
        tokio::time::sleep(SETTLE).await;
        vault.reseal_all().await.map_err(failed)?;
        master_key::keep_first_key_of_file(file).map_err(failed)?;
    }
    say(&format!("sealed {} records anew\n", rotated.records))
}

/// `backup`.
///
/// # Errors
/// The file is there already or cannot be written, or the vault does not open.
pub async fn backup(settings: Settings, file: PathBuf) -> io::Result<()> {
    let vault = open(&settings).await?;
    vault.store().backup(&file).await.map_err(io::Error::other)?;
    say(&format!("wrote {}\n", file.display()))
}

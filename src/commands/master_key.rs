//! `master-key` and `backup`.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use super::keys::{failed, open, vault_event};
use super::say;
use crate::access::{AuditLog, Event};
use crate::cli::MasterKeyCommand;
use crate::settings::{Environment, Settings};
use crate::store::{ACQUIRE_TIMEOUT, BUSY_TIMEOUT};
use crate::vault::{Vault, master_key, rotation_lock};

/// The longest that a gateway takes between reading the master key and writing what it
/// sealed with it: it waits for a connection, then for the writes of others.
const SETTLE: Duration =
    ACQUIRE_TIMEOUT.saturating_add(BUSY_TIMEOUT).saturating_add(Duration::from_secs(1));

/// `master-key`.
///
/// # Errors
/// A file cannot be read or written, or the vault does not open.
pub async fn run(
    settings: Settings,
    command: MasterKeyCommand,
    environment: &Environment,
) -> io::Result<()> {
    match command {
        MasterKeyCommand::Create { file } => {
            master_key::create_file(&file).map_err(failed)?;
            say(&format!(
                "made {0}; keep a copy where the database's backups are not, and set vault.master_key_file = \"{0}\"\n",
                file.display()
            ))
        }
        MasterKeyCommand::Rotate { from_kms } => rotate(&settings, from_kms, environment).await,
    }
}

async fn rotate(settings: &Settings, from_kms: bool, environment: &Environment) -> io::Result<()> {
    // Before anything is changed: the vault must open with what there is.
    drop(open(settings).await?);
    let vault_settings = &settings.vault;
    let holds_file =
        vault_settings.kms_key_id.is_none() && vault_settings.master_keys.text.is_none();
    let file = vault_settings.master_keys.file.as_ref().filter(|_| holds_file);
    let lock = file.map(|file| rotation_lock::lock(file)).transpose().map_err(failed)?;
    if let Some(file) = file {
        master_key::add_key_to_file(file).map_err(failed)?;
    }
    let mut vault = open(settings).await?;
    if from_kms {
        vault = vault.sealing_here().map_err(failed)?;
    }
    let begun = vault.reseal_each().await.map_err(failed)?;
    if file.is_some() {
        // Not where the result goes, which a script may read; and nobody need listen.
        let seconds = SETTLE.as_secs();
        drop(writeln!(
            io::stderr(),
            "waiting {seconds} s for running gateways to finish what they write"
        ));
        tokio::time::sleep(SETTLE).await;
    }
    let rest = vault.reseal_rest().await.map_err(failed)?;
    if let Some(file) = file {
        master_key::keep_first_key_of_file(file).map_err(failed)?;
    }
    drop(lock);
    tell(&vault, vault_event("master_key.rotate", environment)).await?;
    say(&format!("sealed {} records anew\n", begun.records + rest.records))
}

async fn tell(vault: &Vault, event: Event) -> io::Result<()> {
    vault.store().add_audit_rows(std::slice::from_ref(&event)).await.map_err(io::Error::other)?;
    AuditLog::line(&event);
    Ok(())
}

/// `backup`.
///
/// # Errors
/// The file is there already or cannot be written, or the vault does not open.
pub async fn backup(
    settings: Settings,
    file: PathBuf,
    environment: &Environment,
) -> io::Result<()> {
    let vault = open(&settings).await?;
    tell(&vault, vault_event("vault.backup", environment)).await?;
    vault.store().backup(&file).await.map_err(io::Error::other)?;
    say(&format!("wrote {}\n", file.display()))
}

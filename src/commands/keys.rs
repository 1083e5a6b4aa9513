//! `virtual-key` and `api-key`: the vault for people without an SDK at hand. They
//! write the same requests as the admin API takes.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::Path;
use std::time::SystemTime;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use zeroize::Zeroizing;

use super::say;
use crate::access::admin::{self, Invalid, rfc3339};
use crate::access::{AuditLog, Event, bounded, seconds};
use crate::app::{open_vault, sdk_context};
use crate::cli::{AddVirtualKey, ApiKeyCommand, CreateApiKey, VirtualKeyCommand};
use crate::portkey::api_key::{ApiKeyDefaults, ApiKeyRequest};
use crate::portkey::virtual_key::VirtualKeyRequest;
use crate::routing;
use crate::routing::config::GatewayConfig;
use crate::settings::{Environment, Settings};
use crate::vault::{self, FRESH_FOR, Vault};

/// The variable that holds the secret of a virtual key.
const SECRET: &str = "BEDROCK_GATEWAY_SECRET";
/// The largest file of a secret or config that is read.
const MAX_FILE_BYTES: u64 = 256 * 1024;

/// `virtual-key`.
///
/// # Errors
/// The vault does not open, or what was typed is wrong.
pub async fn virtual_key(
    settings: Settings,
    command: VirtualKeyCommand,
    environment: &Environment,
) -> io::Result<()> {
    let vault = open(&settings).await?;
    let now = seconds(SystemTime::now());
    match command {
        VirtualKeyCommand::Add(add) => {
            let request = add_request(*add, environment)?;
            let hosts = &settings.upstream.custom_hosts;
            let new = admin::new_virtual_key(request, hosts, now).map_err(invalid)?;
            let event = event("virtual_keys.create", "virtual_key", &new.slug, environment, now);
            let key = vault.add_virtual_key(new, now, event.clone()).await.map_err(failed)?;
            AuditLog::line(&event);
            until_seen().await;
            say(&format!("{}\n", key.row().slug))
        }
        VirtualKeyCommand::List => {
            let snapshot = vault.latest().await.map_err(failed)?;
            let mut table = Table::new(["SLUG", "NAME", "PROVIDER", "STATUS", "EXPIRES"]);
            for key in snapshot.virtual_keys() {
                let row = key.row();
                let expires = row.expires_at.map_or_else(|| "never".to_owned(), rfc3339);
                let status = key.status(now).as_str();
                table.row([&row.slug, &row.name, &row.provider, status, &expires]);
            }
            say(&table.text())
        }
        VirtualKeyCommand::Remove { slug } => {
            let event = event("virtual_keys.delete", "virtual_key", &slug, environment, now);
            if !vault.delete_virtual_key(&slug, event.clone()).await.map_err(failed)? {
                return Err(io::Error::other(format!("there is no virtual key `{slug}`")));
            }
            AuditLog::line(&event);
            until_seen().await;
            say(&format!("removed {slug}\n"))
        }
    }
}

/// `api-key`.
///
/// # Errors
/// The vault does not open, or what was typed is wrong.
pub async fn api_key(
    settings: Settings,
    command: ApiKeyCommand,
    environment: &Environment,
) -> io::Result<()> {
    let vault = open(&settings).await?;
    let now = seconds(SystemTime::now());
    match command {
        ApiKeyCommand::Create(create) => {
            let request = create_request(create)?;
            let kind = ("organisation", "service");
            let new = admin::new_api_key(request, kind, check_config, now).map_err(invalid)?;
            let event = event("api_keys.create", "api_key", "", environment, now);
            let (key, secret) = vault.add_api_key(new, now, event.clone()).await.map_err(failed)?;
            AuditLog::line(&Event { resource_id: Some(key.row().id.clone()), ..event });
            until_seen().await;
            say(&format!("{}\n", secret.expose_secret()))
        }
        ApiKeyCommand::List => {
            let snapshot = vault.latest().await.map_err(failed)?;
            let mut table = Table::new(["ID", "NAME", "KEY", "SCOPES", "STATUS", "EXPIRES"]);
            for key in snapshot.api_keys().iter().filter(|key| key.row().revoked_at.is_none()) {
                let item = admin::api_key_item(key, None, now);
                let expires = item.expires_at.unwrap_or_else(|| "never".to_owned());
                let scopes = item.scopes.join(",");
                table.row([&item.id, &item.name, &item.key, &scopes, item.status, &expires]);
            }
            say(&table.text())
        }
        ApiKeyCommand::Revoke { id } => {
            let snapshot = vault.latest().await.map_err(failed)?;
            let key = snapshot.api_key(&id).filter(|key| key.row().revoked_at.is_none());
            let key = key.ok_or_else(|| io::Error::other(format!("there is no key `{id}`")))?;
            let event = event("api_keys.delete", "api_key", &id, environment, now);
            vault.revoke_api_key(key, now, event.clone()).await.map_err(failed)?;
            AuditLog::line(&event);
            until_seen().await;
            say(&format!("revoked {id}\n"))
        }
    }
}

/// Opens the vault that the settings describe; there must be one.
pub(super) async fn open(settings: &Settings) -> io::Result<Vault> {
    let vault = open_vault(settings, &sdk_context(settings, None)).await?;
    vault.ok_or_else(|| io::Error::other(vault::Error::NoMasterKey))
}

/// What the audit log is told of something that concerns the whole vault.
pub(super) fn vault_event(action: &str, environment: &Environment) -> Event {
    let now = seconds(SystemTime::now());
    Event { resource_id: None, ..event(action, "vault", "", environment, now) }
}

/// Running gateways look at the database when their snapshot is older than this: what
/// is said to be there is there, and what is said to be gone is gone everywhere.
async fn until_seen() {
    tokio::time::sleep(FRESH_FOR * 2).await;
}

fn add_request(add: AddVirtualKey, environment: &Environment) -> io::Result<VirtualKeyRequest> {
    let is_key =
        |kind: &str| add.auth_type.as_deref().is_some_and(|given| given.eq_ignore_ascii_case(kind));
    // Roles and the gateway's own identity have no secret, unless a pair assumes them.
    let has_secret = add.access_key_id.is_some()
        || !(is_key("serviceRole") || is_key("assumedRole") || add.role_arn.is_some());
    let secret = match has_secret {
        true => Some(read_secret(add.secret_file.as_deref(), environment)?),
        false => None,
    };
    let (secret_access_key, key) =
        if add.access_key_id.is_some() { (secret, None) } else { (None, secret) };
    Ok(VirtualKeyRequest {
        name: Some(add.name),
        slug: add.slug,
        provider: Some(add.provider),
        key,
        note: Some(add.note),
        models: Some((!add.models.is_empty()).then_some(add.models)),
        expires_at: Some(add.expires_at),
        aws_auth_type: add.auth_type,
        aws_access_key_id: add.access_key_id,
        aws_secret_access_key: secret_access_key,
        aws_region: Some(add.region),
        aws_role_arn: add.role_arn,
        aws_external_id: Some(add.external_id.map(SecretString::from)),
        aws_source_role_arn: Some(add.source_role_arn),
        aws_source_external_id: Some(add.source_external_id.map(SecretString::from)),
        custom_host: Some(add.custom_host),
        ..VirtualKeyRequest::default()
    })
}

fn create_request(create: CreateApiKey) -> io::Result<ApiKeyRequest> {
    let mut metadata = std::collections::BTreeMap::new();
    for pair in &create.metadata {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            io::Error::other(format!("--metadata must be NAME=VALUE, not `{pair}`"))
        })?;
        metadata.insert(name.to_owned(), Value::from(value));
    }
    let config = create.config_file.as_deref().map(read_file).transpose()?;
    let has_defaults = config.is_some() || !metadata.is_empty();
    let defaults = has_defaults.then(|| ApiKeyDefaults {
        config_id: config.map(|config| Value::from(config.as_str())),
        metadata: Some(metadata),
        allow_config_override: create.no_config_override.then_some(false),
    });
    Ok(ApiKeyRequest {
        name: Some(create.name),
        scopes: Some(create.scopes),
        virtual_keys: Some((!create.virtual_keys.is_empty()).then_some(create.virtual_keys)),
        defaults: Some(defaults),
        expires_at: Some(create.expires_at),
        ..ApiKeyRequest::default()
    })
}

/// A secret, from where nobody else sees it: a file, the environment, a prompt.
fn read_secret(file: Option<&Path>, environment: &Environment) -> io::Result<SecretString> {
    let given = environment.get(SECRET).filter(|secret| !secret.trim().is_empty());
    let text = match (file, given) {
        (Some(file), _) => read_file(file)?,
        (None, Some(secret)) => Zeroizing::new(secret.clone()),
        (None, None) if io::stdin().is_terminal() => {
            Zeroizing::new(rpassword::prompt_password("secret (not shown): ")?)
        }
        (None, None) => {
            let message = format!("the secret is missing: give --secret-file, or set {SECRET}");
            return Err(io::Error::other(message));
        }
    };
    Ok(SecretString::from(text.trim()))
}

fn read_file(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    if path == Path::new("-") {
        io::stdin().lock().take(MAX_FILE_BYTES).read_to_string(&mut text)?;
        return Ok(text);
    }
    let read =
        File::open(path).and_then(|file| file.take(MAX_FILE_BYTES).read_to_string(&mut text));
    read.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    Ok(text)
}

fn check_config(config: &str) -> Result<(), Invalid> {
    GatewayConfig::parse(config).map(drop).map_err(|error| {
        let param = match &error {
            routing::Error::Invalid { param, .. } => param.clone(),
            _ => "config".to_owned(),
        };
        Invalid { param, message: error.to_string() }
    })
}

fn event(
    action: &str,
    resource_type: &str,
    resource_id: &str,
    environment: &Environment,
    now: i64,
) -> Event {
    let user = environment.get("USER").or_else(|| environment.get("LOGNAME"));
    bounded(Event {
        at: now,
        action: action.to_owned(),
        outcome: "success".to_owned(),
        actor: user.cloned().unwrap_or_default(),
        actor_type: "command_line".to_owned(),
        resource_type: Some(resource_type.to_owned()),
        resource_id: Some(resource_id.to_owned()),
        ..Event::default()
    })
}

/// The command line says `aws_role_arn` as `--role-arn`.
fn invalid(invalid: Invalid) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, invalid)
}

pub(super) fn failed(error: vault::Error) -> io::Error {
    io::Error::other(error)
}

/// Columns as wide as their widest entry.
struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    fn new(head: [&str; N]) -> Self {
        Self { rows: vec![head.map(str::to_owned)] }
    }

    fn row(&mut self, row: [&str; N]) {
        self.rows.push(row.map(str::to_owned));
    }

    fn text(&self) -> String {
        let mut widths = [0; N];
        for row in &self.rows {
            for (width, entry) in widths.iter_mut().zip(row) {
                *width = entry.chars().count().max(*width);
            }
        }
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (width, entry) in widths.iter().zip(row) {
                // Writing to a string does not fail.
                let _ = write!(line, "{entry:width$}  ");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

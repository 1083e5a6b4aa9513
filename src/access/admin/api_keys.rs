//! Gateway keys.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Invalid, entries, label, refuse_unavailable, rfc3339, text, time};
use crate::access::scope;
use crate::portkey::api_key::{ApiKeyDefaults, ApiKeyDefaultsItem, ApiKeyItem, ApiKeyRequest};
use crate::store::{ApiKeyRow, json_list};
use crate::telemetry::mask::KEY_PREFIX;
use crate::vault::NewApiKey;
use crate::vault::api_key::{ApiKey, Defaults};

/// Portkey's kinds of API keys.
const KINDS: [&str; 2] = ["organisation", "workspace"];
/// For whom they are.
const SUB_TYPES: [&str; 2] = ["service", "user"];

/// Reads a gateway key that is to be made at `now`. `check_config` looks at the config
/// of its defaults.
///
/// # Errors
/// A member is missing or wrong.
pub fn new_api_key(
    request: ApiKeyRequest,
    (kind, sub_type): (&str, &str),
    check_config: impl Fn(&str) -> Result<(), Invalid>,
    now: i64,
) -> Result<NewApiKey, Invalid> {
    check_availability(&request)?;
    for (param, word, known) in [("type", kind, KINDS), ("sub-type", sub_type, SUB_TYPES)] {
        if !known.contains(&word) {
            let message = format!("`{word}` is none of `{}`", known.join("` and `"));
            return Err(Invalid::new(param, message));
        }
    }
    let scopes = request.scopes.ok_or_else(|| {
        Invalid::new(
            "scopes",
            "is missing: such as [\"inference\"], [\"admin.read\"] or [\"admin.write\"]",
        )
    })?;
    let virtual_keys = request.virtual_keys.flatten();
    Ok(NewApiKey {
        name: text("name", request.name.as_deref().unwrap_or_default())?,
        description: label("description", request.description.flatten())?,
        kind: kind.to_owned(),
        sub_type: sub_type.to_owned(),
        workspace_id: label("workspace_id", request.workspace_id)?,
        user_id: label("user_id", request.user_id)?,
        scopes: checked_scopes(scopes)?,
        virtual_keys: virtual_keys.map(|slugs| entries("virtual_keys", slugs)).transpose()?,
        defaults: request
            .defaults
            .flatten()
            .map(|defaults| laid_over(Defaults::default(), defaults, check_config))
            .transpose()?,
        expires_at: time::end("expires_at", request.expires_at.flatten(), now)?,
    })
}

/// Reads a change of a gateway key: its new row, but for its defaults, which
/// [`changed_defaults`] reads.
///
/// # Errors
/// A member is wrong.
pub fn changed_api_key(
    key: &ApiKey,
    request: &ApiKeyRequest,
    now: i64,
) -> Result<ApiKeyRow, Invalid> {
    check_availability(request)?;
    let mut row = key.row().clone();
    for (param, new, old) in [
        ("workspace_id", &request.workspace_id, &row.workspace_id),
        ("user_id", &request.user_id, &row.user_id),
    ] {
        if new.is_some() && new != old {
            return Err(Invalid::new(param, "cannot be changed; make another key"));
        }
    }
    if let Some(name) = &request.name {
        row.name = text("name", name)?;
    }
    if let Some(description) = request.description.clone() {
        row.description = label("description", description)?;
    }
    if let Some(scopes) = request.scopes.clone() {
        row.scopes = json_list(&checked_scopes(scopes)?);
    }
    if let Some(slugs) = request.virtual_keys.clone() {
        let slugs = slugs.map(|slugs| entries("virtual_keys", slugs)).transpose()?;
        row.virtual_keys = slugs.map(|slugs| json_list(&slugs));
    }
    if let Some(expires_at) = request.expires_at.clone() {
        row.expires_at = time::end("expires_at", expires_at, now)?;
    }
    Ok(row)
}

/// Reads what requests with a changed gateway key are to get. `before` is what they got.
///
/// # Errors
/// A member is wrong.
pub fn changed_defaults(
    before: &Defaults,
    request: ApiKeyDefaults,
    check_config: impl Fn(&str) -> Result<(), Invalid>,
) -> Result<Defaults, Invalid> {
    laid_over(before.clone(), request, check_config)
}

/// A gateway key as it is told at `now`. `defaults` are what they are, if they open.
#[must_use]
pub fn api_key_item(key: &ApiKey, defaults: Option<&Defaults>, now: i64) -> ApiKeyItem {
    let row = key.row();
    ApiKeyItem {
        id: row.id.clone(),
        key: format!("{KEY_PREFIX}****{}", row.hint),
        name: row.name.clone(),
        description: row.description.clone(),
        kind: format!("{}-{}", row.kind, row.sub_type),
        workspace_id: row.workspace_id.clone(),
        user_id: row.user_id.clone(),
        status: key.status(now).as_str(),
        scopes: key.scopes().to_vec(),
        virtual_keys: key.virtual_keys().map(<[String]>::to_vec),
        defaults: defaults.map(|defaults| ApiKeyDefaultsItem {
            has_config: defaults.config.is_some(),
            metadata: defaults.metadata.clone(),
            allow_config_override: defaults.allow_config_override,
        }),
        expires_at: row.expires_at.map(rfc3339),
        created_at: rfc3339(row.created_at),
        last_updated_at: rfc3339(row.updated_at),
        usage_limits: None,
        rate_limits: [],
        object: "api-key",
    }
}

fn check_availability(request: &ApiKeyRequest) -> Result<(), Invalid> {
    refuse_unavailable(&[
        ("usage_limits", &request.usage_limits),
        ("rate_limits", &request.rate_limits),
        ("rotation_policy", &request.rotation_policy),
        ("alert_emails", &request.alert_emails),
    ])
}

fn checked_scopes(scopes: Vec<String>) -> Result<Vec<String>, Invalid> {
    let scopes = entries("scopes", scopes)?;
    if scopes.is_empty() {
        return Err(Invalid::new("scopes", "must not be empty: such a key could do nothing"));
    }
    for (index, scope) in scopes.iter().enumerate() {
        if !scope::is_known(scope) {
            let message = format!(
                "`{scope}` is no scope; there are `inference`, `admin.read`, `admin.write` and Portkey's, such as `virtual_keys.list`"
            );
            return Err(Invalid::new(format!("scopes[{index}]"), message));
        }
    }
    Ok(scopes)
}

fn laid_over(
    before: Defaults,
    request: ApiKeyDefaults,
    check_config: impl Fn(&str) -> Result<(), Invalid>,
) -> Result<Defaults, Invalid> {
    let config = match request.config_id {
        None => before.config,
        Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text).filter(|text| !text.trim().is_empty()),
        Some(object) => Some(object.to_string()),
    };
    if let Some(config) = &config {
        check_config(config)?;
    }
    let metadata = request.metadata.unwrap_or(before.metadata);
    check_metadata(&metadata)?;
    let allow_config_override =
        request.allow_config_override.unwrap_or(before.allow_config_override);
    Ok(Defaults { metadata, config, allow_config_override })
}

fn check_metadata(metadata: &BTreeMap<String, Value>) -> Result<(), Invalid> {
    for (name, value) in metadata {
        if value.is_array() || value.is_object() {
            let message = "must be a string, number or boolean";
            return Err(Invalid::new(format!("defaults.metadata.{name}"), message));
        }
    }
    Ok(())
}

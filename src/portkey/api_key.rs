//! API keys, which are this gateway's own keys.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::nullable;

/// What `POST /v1/api-keys/{type}/{sub-type}` and `PUT /v1/api-keys/{id}` take. Absent
/// members stay as they are.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiKeyRequest {
    /// What people name it by.
    pub name: Option<String>,
    /// For people.
    #[serde(deserialize_with = "nullable")]
    pub description: Option<Option<String>>,
    /// A label.
    #[serde(alias = "workspaceId")]
    pub workspace_id: Option<String>,
    /// A label.
    #[serde(alias = "userId")]
    pub user_id: Option<String>,
    /// What it allows.
    pub scopes: Option<Vec<String>>,
    /// The virtual keys that may be used with it; null for any; this gateway's own.
    #[serde(alias = "virtualKeys", deserialize_with = "nullable")]
    pub virtual_keys: Option<Option<Vec<String>>>,
    /// What requests with it get.
    #[serde(deserialize_with = "nullable")]
    pub defaults: Option<Option<ApiKeyDefaults>>,
    /// When it ends, as RFC 3339.
    #[serde(alias = "expiresAt", deserialize_with = "nullable")]
    pub expires_at: Option<Option<String>>,
    /// Not available.
    #[serde(alias = "usageLimits")]
    pub usage_limits: Option<Value>,
    /// Not available.
    #[serde(alias = "rateLimits")]
    pub rate_limits: Option<Value>,
    /// Not available.
    #[serde(alias = "rotationPolicy")]
    pub rotation_policy: Option<Value>,
    /// Not available.
    #[serde(alias = "alertEmails")]
    pub alert_emails: Option<Value>,
    /// SDKs repeat the path in the body; passed over.
    #[serde(rename = "type")]
    pub kind: Option<IgnoredAny>,
    /// Likewise.
    #[serde(rename = "sub-type", alias = "sub_type", alias = "subType")]
    pub sub_type: Option<IgnoredAny>,
    /// Likewise.
    pub id: Option<IgnoredAny>,
    /// There is one organisation only; passed over.
    pub organisation_id: Option<IgnoredAny>,
}

/// What requests with a key get.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiKeyDefaults {
    /// A config: as an object, or as the JSON of one. Portkey has a slug here.
    #[serde(alias = "configId", alias = "config")]
    pub config_id: Option<Value>,
    /// Metadata, which stand above those of requests.
    pub metadata: Option<BTreeMap<String, Value>>,
    /// Whether requests may bring a config of their own.
    #[serde(alias = "allowConfigOverride")]
    pub allow_config_override: Option<bool>,
}

/// Without the values, which may be credentials.
impl fmt::Debug for ApiKeyDefaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyDefaults")
            .field("has_config", &self.config_id.is_some())
            .field("allow_config_override", &self.allow_config_override)
            .finish_non_exhaustive()
    }
}

/// What the creation of a key answers. The key is told here and never again.
#[derive(Serialize)]
pub struct ApiKeyMade {
    /// What admins name it by.
    pub id: String,
    /// The key.
    pub key: String,
    /// `api-key`.
    pub object: &'static str,
}

/// Without the key.
impl fmt::Debug for ApiKeyMade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyMade").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What the change of a key answers.
#[derive(Debug, Serialize)]
pub struct ApiKeyNamed {
    /// True.
    pub success: bool,
    /// What admins name it by.
    pub id: String,
    /// `api-key`.
    pub object: &'static str,
}

/// A key as it is told.
#[derive(Debug, Serialize)]
pub struct ApiKeyItem {
    /// What admins name it by.
    pub id: String,
    /// The end of the key.
    pub key: String,
    /// What people name it by.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// `organisation-service`, `workspace-service`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// A label.
    pub workspace_id: Option<String>,
    /// A label.
    pub user_id: Option<String>,
    /// `active` or `expired`.
    pub status: &'static str,
    /// What it allows.
    pub scopes: Vec<String>,
    /// The virtual keys that may be used with it; null for any.
    pub virtual_keys: Option<Vec<String>>,
    /// What requests with it get; null if that cannot be opened at the moment.
    pub defaults: Option<ApiKeyDefaultsItem>,
    /// When it ends, as RFC 3339.
    pub expires_at: Option<String>,
    /// When it was made, as RFC 3339.
    pub created_at: String,
    /// When it was last changed, as RFC 3339.
    pub last_updated_at: String,
    /// Null: there are none.
    pub usage_limits: Option<()>,
    /// Empty: there are none.
    pub rate_limits: [(); 0],
    /// `api-key`.
    pub object: &'static str,
}

/// What requests with a key get, without the config itself, which may hold credentials.
#[derive(Debug, Serialize)]
pub struct ApiKeyDefaultsItem {
    /// Whether there is a config.
    pub has_config: bool,
    /// Metadata.
    pub metadata: BTreeMap<String, Value>,
    /// Whether requests may bring a config of their own.
    pub allow_config_override: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_keys_nor_defaults_are_shown() {
        let made = ApiKeyMade { id: "id-1".into(), key: "secret".into(), object: "api-key" };
        let request = r#"{"defaults":{"config_id":"secret","metadata":{"a":"secret"}}}"#;
        let request: ApiKeyRequest = serde_json::from_str(request).unwrap();
        let shown = format!("{made:?} {request:?}");
        assert!(shown.contains("id-1") && !shown.contains("secret"), "{shown}");
    }
}

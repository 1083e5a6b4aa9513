//! Virtual keys.

use secrecy::SecretString;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::nullable;

/// What `POST /v1/virtual-keys` and `PUT /v1/virtual-keys/{slug}` take. Absent members
/// stay as they are.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VirtualKeyRequest {
    /// What people name it by.
    pub name: Option<String>,
    /// What callers name it by; made of the name if it is absent.
    pub slug: Option<String>,
    /// `bedrock` or `openai`.
    #[serde(alias = "ai_provider_name", alias = "aiProviderName", alias = "ai_provider_id")]
    pub provider: Option<String>,
    /// The provider's key: a Bedrock API key, or that of an OpenAI-compatible provider.
    pub key: Option<SecretString>,
    /// For people.
    #[serde(deserialize_with = "nullable")]
    pub note: Option<Option<String>>,
    /// A label.
    #[serde(alias = "workspaceId", deserialize_with = "nullable")]
    pub workspace_id: Option<Option<String>>,
    /// The models that may be called with it, with `*` for any characters; this
    /// gateway's own.
    #[serde(deserialize_with = "nullable")]
    pub models: Option<Option<Vec<String>>>,
    /// When it ends, as RFC 3339.
    #[serde(alias = "expiresAt", deserialize_with = "nullable")]
    pub expires_at: Option<Option<String>>,
    /// Whether it is switched off; this gateway's own.
    pub disabled: Option<bool>,
    /// `accessKey`, `assumedRole`, `apiKey` or `serviceRole`.
    #[serde(alias = "awsAuthType")]
    pub aws_auth_type: Option<String>,
    /// Access key: id.
    #[serde(alias = "awsAccessKeyId")]
    pub aws_access_key_id: Option<String>,
    /// Access key: secret.
    #[serde(alias = "awsSecretAccessKey")]
    pub aws_secret_access_key: Option<SecretString>,
    /// Where, unless the request says otherwise.
    #[serde(alias = "awsRegion", deserialize_with = "nullable")]
    pub aws_region: Option<Option<String>>,
    /// Role to assume.
    #[serde(alias = "awsRoleArn")]
    pub aws_role_arn: Option<String>,
    /// What its trust policy asks for.
    #[serde(alias = "awsExternalId", deserialize_with = "nullable")]
    pub aws_external_id: Option<Option<SecretString>>,
    /// Role to assume before it; this gateway's own.
    #[serde(alias = "awsSourceRoleArn", deserialize_with = "nullable")]
    pub aws_source_role_arn: Option<Option<String>>,
    /// What that one's trust policy asks for; this gateway's own.
    #[serde(alias = "awsSourceExternalId", deserialize_with = "nullable")]
    pub aws_source_external_id: Option<Option<SecretString>>,
    /// Another host than the provider's own.
    #[serde(alias = "customHost", deserialize_with = "nullable")]
    pub custom_host: Option<Option<String>>,
    /// Not available.
    #[serde(alias = "usageLimits")]
    pub usage_limits: Option<serde_json::Value>,
    /// Not available.
    #[serde(alias = "rateLimits")]
    pub rate_limits: Option<serde_json::Value>,
    /// Not available.
    #[serde(alias = "secretMappings")]
    pub secret_mappings: Option<serde_json::Value>,
    /// Of another provider; passed over.
    #[serde(alias = "apiVersion")]
    pub api_version: Option<IgnoredAny>,
    /// Of another provider; passed over.
    #[serde(alias = "resourceName")]
    pub resource_name: Option<IgnoredAny>,
    /// Of another provider; passed over.
    #[serde(alias = "deploymentName")]
    pub deployment_name: Option<IgnoredAny>,
    /// There is one organisation only; passed over.
    pub organisation_id: Option<IgnoredAny>,
}

impl VirtualKeyRequest {
    /// Whether it is about how the provider is reached, which is sealed.
    #[must_use]
    pub fn says_credentials(&self) -> bool {
        self.key.is_some()
            || self.aws_auth_type.is_some()
            || self.aws_access_key_id.is_some()
            || self.aws_secret_access_key.is_some()
            || self.aws_role_arn.is_some()
            || self.aws_external_id.is_some()
            || self.aws_source_role_arn.is_some()
            || self.aws_source_external_id.is_some()
            || self.aws_region.is_some()
            || self.custom_host.is_some()
    }
}

/// What the creation and the change of a virtual key answer.
#[derive(Debug, Serialize)]
pub struct VirtualKeyNamed {
    /// True.
    pub success: bool,
    /// Portkey's admin API tells the slug here.
    pub data: Slug,
    /// Its SDKs read the next three.
    pub id: String,
    /// What callers name it by.
    pub slug: String,
    /// `virtual-key`.
    pub object: &'static str,
}

/// A slug.
#[derive(Debug, Serialize)]
pub struct Slug {
    /// What callers name it by.
    pub slug: String,
}

/// A virtual key as it is told: never what it opens.
#[derive(Debug, Serialize)]
pub struct VirtualKeyItem {
    /// Its id.
    pub id: String,
    /// What callers name it by.
    pub slug: String,
    /// What people name it by.
    pub name: String,
    /// For people.
    pub note: Option<String>,
    /// `active`, `expired` or `disabled`.
    pub status: &'static str,
    /// `bedrock` or `openai`.
    pub ai_provider_name: String,
    /// How the provider is reached; null if it cannot be opened at the moment.
    pub model_config: Option<ModelConfig>,
    /// The end of the key.
    pub masked_api_key: Option<String>,
    /// The models that may be called with it; null for any.
    pub models: Option<Vec<String>>,
    /// A label.
    pub workspace_id: Option<String>,
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
    /// `virtual-key`.
    pub object: &'static str,
}

/// How a provider is reached.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelConfig {
    /// `accessKey`, `assumedRole`, `apiKey` or `serviceRole`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_auth_type: Option<&'static str>,
    /// The end of the access key's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_access_key_id: Option<String>,
    /// Role to assume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_role_arn: Option<String>,
    /// The end of the external id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_external_id: Option<String>,
    /// Role to assume before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_source_role_arn: Option<String>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_region: Option<String>,
    /// Another host than the provider's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_host: Option<String>,
}

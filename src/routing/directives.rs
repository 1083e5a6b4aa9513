//! What the caller said outside the body.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::value::RawValue;

use super::config::GatewayConfig;

/// The caller's words about where a request goes, from headers. All optional;
/// nothing is checked yet but their form.
#[derive(Debug, Default)]
pub struct Directives {
    /// `x-portkey-provider`.
    pub provider: Option<String>,
    /// `x-portkey-config`.
    pub config: Option<GatewayConfig>,
    /// `x-portkey-aws-*`, `Authorization`, `x-api-key`, `x-portkey-custom-host`.
    pub options: ProviderOptions,
    /// `x-portkey-strict-open-ai-compliance`.
    pub strict: Option<bool>,
    /// `x-portkey-request-timeout`.
    pub request_timeout: Option<Duration>,
    /// `x-portkey-anthropic-beta`, or `anthropic-beta`.
    pub anthropic_beta: Vec<String>,
    /// `x-portkey-model-family`: what kind of model an opaque id means.
    pub model_family: Option<String>,
    /// `x-portkey-metadata`.
    pub metadata: BTreeMap<String, Box<RawValue>>,
    /// What the caller's gateway key or token says for it; stands above all others.
    pub pinned_metadata: BTreeMap<String, Box<RawValue>>,
}

/// How to reach AWS and as whom, as one source (headers, or one target of a
/// config) puts it.
#[derive(Debug, Default, Clone)]
pub struct ProviderOptions {
    /// The slug of a virtual key.
    pub virtual_key: Option<String>,
    /// `accessKey`, `assumedRole`, `apiKey` or `serviceRole`.
    pub auth_type: Option<String>,
    /// Access key: id.
    pub access_key_id: Option<String>,
    /// Access key: secret.
    pub secret_access_key: Option<SecretString>,
    /// Access key: token, if it is temporary.
    pub session_token: Option<SecretString>,
    /// Bedrock API key.
    pub api_key: Option<SecretString>,
    /// Role to assume: its ARN.
    pub role_arn: Option<String>,
    /// What its trust policy asks for.
    pub external_id: Option<SecretString>,
    /// Role to assume before it: its ARN.
    pub source_role_arn: Option<String>,
    /// What that one's trust policy asks for.
    pub source_external_id: Option<SecretString>,
    /// Region.
    pub region: Option<String>,
    /// Another host than the region's own.
    pub custom_host: Option<String>,
}

impl ProviderOptions {
    /// Whether anything is said about credentials.
    #[must_use]
    pub fn has_credentials(&self) -> bool {
        self.virtual_key.is_some()
            || self.auth_type.is_some()
            || self.access_key_id.is_some()
            || self.secret_access_key.is_some()
            || self.session_token.is_some()
            || self.api_key.is_some()
            || self.role_arn.is_some()
            || self.external_id.is_some()
            || self.source_role_arn.is_some()
            || self.source_external_id.is_some()
    }
}

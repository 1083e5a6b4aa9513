//! Gateway configs: the JSON of `x-portkey-config`.
//!
//! Keys are accepted in snake case and in camel case, unknown ones are
//! tolerated. Carried out so far: a bare target, and `strategy.mode: single`.
//! What would change an answer's meaning if it were passed over (other
//! strategies, guardrails) is refused; `cache` and `retry`, which would not, are
//! accepted without effect.
//!
//! Source: <https://portkey.ai/docs/product/ai-gateway/configs>.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::directives::ProviderOptions;
use super::error::Error;
use crate::json;
use crate::json::string_or::StringOr;

/// The name of the header, with which places in a config begin.
pub const HEADER: &str = "x-portkey-config";

/// A config, brought down to the one target it means.
#[derive(Debug, Clone, Default)]
pub struct GatewayConfig {
    /// The target as Portkey writes it: `config`, or `config.targets[0]`.
    pub option_index: String,
    /// The place in the header, for errors: `x-portkey-config.targets[0]`.
    pub place: String,
    /// `provider`, if it is no virtual key (`@slug`).
    pub provider: Option<String>,
    /// Who wrote it.
    pub origin: Origin,
    /// Credentials, virtual key, region and host.
    pub options: ProviderOptions,
    /// Laid over the request's body.
    pub override_params: Option<Map<String, Value>>,
    /// `strict_open_ai_compliance`.
    pub strict: Option<bool>,
    /// `request_timeout`, in milliseconds on the wire.
    pub request_timeout: Option<Duration>,
    /// `anthropic_beta`.
    pub anthropic_beta: Vec<String>,
    /// `model_family`.
    pub model_family: Option<String>,
}

/// Who wrote a config.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// Who makes the request.
    #[default]
    Request,
    /// Who made the caller's gateway key; requests may bring another.
    GatewayKey,
    /// Likewise, and they may not.
    LockedGatewayKey,
}

impl GatewayConfig {
    /// Whether requests must be made as whom the config says.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.origin == Origin::LockedGatewayKey && self.options.has_credentials()
    }

    /// Reads the value of `x-portkey-config`.
    ///
    /// # Errors
    /// It is no JSON object, a member has the wrong type, or it asks for
    /// something that cannot be carried out; the error names the place.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::parse_of(text, Origin::Request)
    }

    /// The same of somebody's.
    ///
    /// # Errors
    /// As of [`Self::parse`].
    pub fn parse_of(text: &str, origin: Origin) -> Result<Self, Error> {
        if !text.trim_start().starts_with('{') {
            return Err(Error::invalid(
                HEADER,
                "must be a config as inline JSON, `{...}`; saved configs (`pc-...`) are not available",
            ));
        }
        let node: Node = json::from_slice(text.as_bytes()).map_err(|error| {
            let param =
                error.path.map_or_else(|| HEADER.to_owned(), |path| format!("{HEADER}.{path}"));
            Error::invalid(param, error.message)
        })?;
        let root = Self {
            origin,
            option_index: "config".to_owned(),
            place: HEADER.to_owned(),
            ..Self::default()
        };
        node.resolve(root)
    }
}

/// A config or one of its targets, which have the same members.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Node {
    strategy: Option<Strategy>,
    targets: Option<Vec<Node>>,
    provider: Option<String>,
    #[serde(alias = "apiKey")]
    api_key: Option<SecretString>,
    #[serde(alias = "awsAuthType")]
    aws_auth_type: Option<String>,
    #[serde(alias = "awsAccessKeyId")]
    aws_access_key_id: Option<String>,
    #[serde(alias = "awsSecretAccessKey")]
    aws_secret_access_key: Option<SecretString>,
    #[serde(alias = "awsSessionToken")]
    aws_session_token: Option<SecretString>,
    #[serde(alias = "awsRegion")]
    aws_region: Option<String>,
    #[serde(alias = "customHost")]
    custom_host: Option<String>,
    #[serde(alias = "overrideParams")]
    override_params: Option<Map<String, Value>>,
    #[serde(
        alias = "strictOpenAiCompliance",
        alias = "strictOpenAICompliance",
        alias = "strict_openai_compliance"
    )]
    strict_open_ai_compliance: Option<bool>,
    #[serde(alias = "requestTimeout")]
    request_timeout: Option<u64>,
    #[serde(alias = "anthropicBeta")]
    anthropic_beta: Option<StringOr<Vec<String>>>,
    #[serde(alias = "modelFamily")]
    model_family: Option<String>,
    #[serde(alias = "virtualKey")]
    virtual_key: Option<String>,
    #[serde(alias = "awsRoleArn")]
    aws_role_arn: Option<String>,
    #[serde(alias = "awsExternalId")]
    aws_external_id: Option<SecretString>,
    #[serde(alias = "awsSourceRoleArn")]
    aws_source_role_arn: Option<String>,
    #[serde(alias = "awsSourceExternalId")]
    aws_source_external_id: Option<SecretString>,
    // Known, but not carried out.
    guardrails: Option<IgnoredAny>,
    #[serde(alias = "inputGuardrails")]
    input_guardrails: Option<IgnoredAny>,
    #[serde(alias = "outputGuardrails")]
    output_guardrails: Option<IgnoredAny>,
    #[serde(alias = "beforeRequestHooks")]
    before_request_hooks: Option<IgnoredAny>,
    #[serde(alias = "afterRequestHooks")]
    after_request_hooks: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Strategy {
    mode: String,
}

impl Node {
    fn resolve(self, around: GatewayConfig) -> Result<GatewayConfig, Error> {
        self.refuse_what_is_not_carried_out(&around.place)?;
        let mode = self.strategy.as_ref().map(|strategy| strategy.mode.as_str());
        let is_leaf = match (mode, &self.targets) {
            (None, None) => true,
            (None | Some("single"), Some(_)) => false,
            (Some("single"), None) => {
                return Err(Error::invalid(
                    format!("{}.targets", around.place),
                    "`targets` is missing",
                ));
            }
            (Some(mode), _) => {
                return Err(Error::invalid(
                    format!("{}.strategy.mode", around.place),
                    format!("`{mode}` is not available; `single` is"),
                ));
            }
        };
        let (mut here, targets) = self.inherit(around)?;
        if is_leaf {
            return Ok(here);
        }
        let n_targets = targets.len();
        let Some(first) = targets.into_iter().next().filter(|_| n_targets == 1) else {
            return Err(Error::invalid(
                format!("{}.targets", here.place),
                format!(
                    "exactly one target is used without a strategy or with `single`, not {n_targets}"
                ),
            ));
        };
        here.option_index.push_str(".targets[0]");
        here.place.push_str(".targets[0]");
        first.resolve(here)
    }

    /// What holds here: what this node says, else what was said around it.
    /// Credentials are one thing: they come from one place or the other.
    fn inherit(mut self, around: GatewayConfig) -> Result<(GatewayConfig, Vec<Node>), Error> {
        // `@slug` names a virtual key, wherever a provider may stand.
        if let Some(slug) = self.provider.as_deref().and_then(|name| name.trim().strip_prefix('@'))
        {
            if self.virtual_key.as_deref().is_some_and(|other| other != slug) {
                return Err(Error::invalid(
                    format!("{}.virtual_key", around.place),
                    "`provider` and `virtual_key` name different virtual keys; leave one out",
                ));
            }
            self.virtual_key = Some(slug.to_owned());
            self.provider = None;
        }
        let mut options = ProviderOptions {
            virtual_key: self.virtual_key,
            auth_type: self.aws_auth_type,
            access_key_id: self.aws_access_key_id,
            secret_access_key: self.aws_secret_access_key,
            session_token: self.aws_session_token,
            api_key: self.api_key,
            role_arn: self.aws_role_arn,
            external_id: self.aws_external_id,
            source_role_arn: self.aws_source_role_arn,
            source_external_id: self.aws_source_external_id,
            region: None,
            custom_host: None,
        };
        if !options.has_credentials() {
            options = around.options.clone();
        }
        options.region = self.aws_region.or(around.options.region);
        options.custom_host = self.custom_host.or(around.options.custom_host);
        let here = GatewayConfig {
            origin: around.origin,
            option_index: around.option_index,
            place: around.place,
            provider: self.provider.or(around.provider),
            options,
            override_params: merge(around.override_params, self.override_params),
            strict: self.strict_open_ai_compliance.or(around.strict),
            request_timeout: match self.request_timeout {
                // As with Portkey, 0 is no limit.
                Some(milliseconds) => {
                    (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
                }
                None => around.request_timeout,
            },
            anthropic_beta: self.anthropic_beta.map_or(around.anthropic_beta, flags),
            model_family: self.model_family.or(around.model_family),
        };
        Ok((here, self.targets.unwrap_or_default()))
    }

    fn refuse_what_is_not_carried_out(&self, place: &str) -> Result<(), Error> {
        let given = [
            ("guardrails", self.guardrails.is_some()),
            ("input_guardrails", self.input_guardrails.is_some()),
            ("output_guardrails", self.output_guardrails.is_some()),
            ("before_request_hooks", self.before_request_hooks.is_some()),
            ("after_request_hooks", self.after_request_hooks.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(Error::invalid(
                format!("{place}.{name}"),
                format!("`{name}` is not available in this version of the gateway; leave it out"),
            )),
            None => Ok(()),
        }
    }
}

fn merge(
    outer: Option<Map<String, Value>>,
    inner: Option<Map<String, Value>>,
) -> Option<Map<String, Value>> {
    match (outer, inner) {
        (Some(mut outer), Some(inner)) => {
            overlay(&mut outer, inner);
            Some(outer)
        }
        (outer, inner) => inner.or(outer),
    }
}

/// Lays parameters over others: objects member by member, everything else by
/// putting the new value in place of the old.
fn overlay(base: &mut Map<String, Value>, over: Map<String, Value>) {
    for (name, value) in over {
        match (base.get_mut(&name), value) {
            (Some(Value::Object(base)), Value::Object(over)) => overlay(base, over),
            (_, value) => {
                base.insert(name, value);
            }
        }
    }
}

fn flags(flags: StringOr<Vec<String>>) -> Vec<String> {
    match flags {
        StringOr::String(list) => comma_list(&list),
        StringOr::Other(list) => list,
    }
}

/// The entries of a comma list, without the blank ones.
pub fn comma_list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(config: &Value) -> Result<GatewayConfig, Error> {
        GatewayConfig::parse(&config.to_string())
    }

    fn param(config: &Value) -> String {
        match parse(config) {
            Err(Error::Invalid { param, .. }) => param,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn snake_and_camel_case_mean_the_same() {
        for config in [
            json!({"provider": "bedrock", "aws_access_key_id": "AKID", "aws_region": "eu-west-1", "request_timeout": 5, "strict_open_ai_compliance": false}),
            json!({"provider": "bedrock", "awsAccessKeyId": "AKID", "awsRegion": "eu-west-1", "requestTimeout": 5, "strictOpenAiCompliance": false}),
        ] {
            let config = parse(&config).unwrap();
            assert_eq!(config.option_index, "config");
            assert_eq!(config.options.access_key_id.as_deref(), Some("AKID"));
            assert_eq!(config.options.region.as_deref(), Some("eu-west-1"));
            assert_eq!(config.request_timeout, Some(Duration::from_millis(5)));
            assert_eq!(config.strict, Some(false));
        }
    }

    #[test]
    fn a_single_target_takes_from_around_what_it_does_not_say() {
        let config = parse(&json!({
            "strategy": {"mode": "single"},
            "strict_open_ai_compliance": false,
            "override_params": {"temperature": 0.1, "thinking": {"type": "enabled", "budget_tokens": 1}},
            "targets": [{"provider": "bedrock", "aws_region": "eu-west-1", "api_key": "k",
                         "override_params": {"thinking": {"budget_tokens": 2048}}}]
        }))
        .unwrap();
        assert_eq!(config.option_index, "config.targets[0]");
        assert_eq!(config.strict, Some(false));
        assert_eq!(
            Value::Object(config.override_params.unwrap()),
            json!({"temperature": 0.1, "thinking": {"type": "enabled", "budget_tokens": 2048}})
        );
    }

    #[test]
    fn a_wrong_config_names_the_place() {
        for (config, place) in [
            (json!({"provider": 5}), "x-portkey-config.provider"),
            (
                json!({"targets": [{"request_timeout": "1s"}]}),
                "x-portkey-config.targets[0].request_timeout",
            ),
            (
                json!({"strategy": {"mode": "fallback"}, "targets": []}),
                "x-portkey-config.strategy.mode",
            ),
            (json!({"strategy": {}}), "x-portkey-config.strategy.mode"),
            (json!({"strategy": {"mode": "single"}}), "x-portkey-config.targets"),
            (json!({"strategy": {"mode": "single"}, "targets": []}), "x-portkey-config.targets"),
            (json!({"targets": [{}, {}]}), "x-portkey-config.targets"),
            (
                json!({"targets": [{"virtual_key": "x", "provider": "@y"}]}),
                "x-portkey-config.targets[0].virtual_key",
            ),
            (json!({"awsRoleArn": 5}), "x-portkey-config.awsRoleArn"),
            (json!({"output_guardrails": []}), "x-portkey-config.output_guardrails"),
        ] {
            assert_eq!(param(&config), place, "{config}");
        }
        for text in ["pc-abc123", "", "[]", "{", "{}x"] {
            assert!(
                matches!(GatewayConfig::parse(text), Err(Error::Invalid { param, .. }) if param == HEADER),
                "{text}"
            );
        }
    }

    #[test]
    fn a_virtual_key_is_named_in_two_ways_and_displaced_by_other_credentials() {
        let slug = |config| parse(&config).unwrap().options.virtual_key;
        assert_eq!(slug(json!({"virtual_key": "a"})).as_deref(), Some("a"));
        assert_eq!(slug(json!({"provider": "@a"})).as_deref(), Some("a"));
        assert_eq!(slug(json!({"provider": "@a", "virtualKey": "a"})).as_deref(), Some("a"));
        let around = |target| json!({"virtual_key": "a", "targets": [target]});
        assert_eq!(slug(around(json!({}))).as_deref(), Some("a"));
        assert_eq!(slug(around(json!({"provider": "@b"}))).as_deref(), Some("b"));
        assert_eq!(slug(around(json!({"api_key": "k"}))), None);
    }

    #[test]
    fn secrets_do_not_show_in_debug() {
        let config = parse(&json!({"api_key": "hush", "aws_secret_access_key": "hush", "aws_session_token": "hush"})).unwrap();
        assert!(!format!("{config:?}").contains("hush"));
    }
}

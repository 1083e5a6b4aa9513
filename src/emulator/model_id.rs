//! Model ids: which are well formed, and the name rules and faults go by.

use super::profiles;

/// Words in front of a model id that name a group of regions. Any other word is
/// taken for one too when a known provider follows it.
const REGION_PREFIXES: &[&str] = &[
    "us", "eu", "apac", "jp", "au", "ca", "us-gov", "global", "sa", "me", "af", "in", "uk", "mx",
    "kr",
];

/// Providers, and how the names of their models begin; an empty list where names
/// follow no rule. An id of another provider, or with another name, is invalid.
const PROVIDERS: &[(&str, &[&str])] = &[
    ("ai21", &["jamba", "j2"]),
    ("amazon", &["nova", "titan", "rerank"]),
    ("anthropic", &["claude"]),
    ("cohere", &["command", "embed", "rerank"]),
    ("deepseek", &[]),
    ("emulator", &[]),
    ("google", &[]),
    ("luma", &[]),
    ("meta", &["llama"]),
    ("minimax", &["minimax"]),
    ("mistral", &[]),
    ("moonshot", &["kimi"]),
    ("moonshotai", &["kimi"]),
    ("nvidia", &[]),
    ("openai", &["gpt"]),
    ("qwen", &["qwen"]),
    ("stability", &[]),
    ("twelvelabs", &[]),
    ("writer", &["palmyra"]),
    ("xai", &["grok"]),
    ("zai", &["glm"]),
];

/// Models a prompt router of a provider sends a request to.
const ROUTED_MODELS: &[(&str, &str)] = &[
    ("anthropic.", "anthropic.claude-3-haiku-20240307-v1:0"),
    ("meta.", "meta.llama3-1-8b-instruct-v1:0"),
];
/// The model of any other router.
const ROUTED_MODEL: &str = "amazon.nova-lite-v1:0";

/// Longest model id the service accepts.
const MAX_LENGTH: usize = 2_048;

/// A well-formed model id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModelId {
    /// As the caller wrote it, decoded.
    pub(super) text: String,
    /// Region inside an ARN.
    pub(super) region: Option<String>,
    /// `provider.model` without region prefix, when the id tells; else empty.
    pub(super) name: String,
    /// The id is the model's own: no profile, no ARN.
    pub(super) is_bare: bool,
}

impl ModelId {
    /// Reads an id that was decoded from the path; `None` when the service would
    /// call the identifier invalid.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > MAX_LENGTH {
            return None;
        }
        if text.starts_with("arn:") {
            return Self::parse_arn(text);
        }
        let name = bare_name(text).or_else(|| profiles::model_of(text))?;
        Some(Self {
            text: text.to_owned(),
            region: None,
            name: name.to_owned(),
            is_bare: name == text,
        })
    }

    /// Whether the id is that of a stored prompt.
    pub(super) fn is_prompt(&self) -> bool {
        self.text.starts_with("arn:") && self.text.contains(":prompt/")
    }

    /// The ARN of the model a prompt router chose; `None` when this is no router.
    pub(super) fn routed_model(&self) -> Option<String> {
        let (_, router) = self.text.split_once("prompt-router/")?;
        let region = self.region.as_deref()?;
        let model = ROUTED_MODELS
            .iter()
            .find(|(provider, _)| router.starts_with(provider))
            .map_or(ROUTED_MODEL, |(_, model)| model);
        Some(format!("arn:aws:bedrock:{region}::foundation-model/{model}"))
    }

    fn parse_arn(text: &str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (_, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        if !partition.starts_with("aws")
            || !is_made_of(region, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        {
            return None;
        }
        let (kind, id) = resource.split_once('/')?;
        let of_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.');
        let is_short_id = |id: &str| {
            id.len() == 12 && is_made_of(id, |c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        let mut name = "";
        let well_formed = match (service, kind) {
            ("bedrock", "foundation-model") => {
                name = bare_name(id)?;
                account.is_empty() && name == id
            }
            ("bedrock", "inference-profile") => {
                name = bare_name(id)?;
                of_account
            }
            ("bedrock", "application-inference-profile") => {
                name = profiles::model_of(id).unwrap_or_default();
                of_account && is_made_of(id, word)
            }
            ("bedrock", "default-prompt-router" | "prompt-router") => {
                of_account && is_made_of(id, word)
            }
            ("bedrock", "provisioned-model" | "imported-model" | "custom-model-deployment") => {
                of_account && is_short_id(id)
            }
            ("bedrock", "custom-model") => {
                let (base, own) = id.split_once('/')?;
                name = bare_name(base)?;
                of_account && is_short_id(own)
            }
            ("bedrock", "prompt") => {
                let (prompt, version) = id.split_once(':').unwrap_or((id, "1"));
                of_account
                    && prompt.len() == 10
                    && is_made_of(prompt, |c| c.is_ascii_alphanumeric())
                    && version.len() <= 5
                    && is_made_of(version, |c| c.is_ascii_digit())
            }
            ("sagemaker", "endpoint") => {
                of_account && is_made_of(id, |c| c.is_ascii_alphanumeric() || c == '-')
            }
            _ => false,
        };
        well_formed.then(|| Self {
            text: text.to_owned(),
            region: Some(region.to_owned()),
            name: name.to_owned(),
            is_bare: false,
        })
    }
}

/// `provider.model` of an id such as `us.provider.model-v1:0`.
fn bare_name(text: &str) -> Option<&str> {
    let allowed = |c: char| {
        c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | ':' | '_')
    };
    if !is_made_of(text, allowed) {
        return None;
    }
    let (first, rest) = text.split_once('.')?;
    let provider_follows = rest
        .split_once('.')
        .is_some_and(|(second, _)| PROVIDERS.iter().any(|(provider, _)| *provider == second));
    let name = if REGION_PREFIXES.contains(&first) || provider_follows { rest } else { text };
    is_known_name(name).then_some(name)
}

/// Whether a model of this `provider.model` may exist.
fn is_known_name(name: &str) -> bool {
    let Some((provider, model)) = name.split_once('.') else {
        return false;
    };
    let known = PROVIDERS.iter().find(|(known, _)| *known == provider);
    !model.is_empty()
        && known.is_some_and(|(_, beginnings)| {
            beginnings.is_empty() || beginnings.iter().any(|start| model.starts_with(start))
        })
}

fn is_made_of(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_prefixes_are_taken_off() {
        for (text, name) in [
            ("anthropic.claude-v2", "anthropic.claude-v2"),
            ("anthropic.claude-v2:1", "anthropic.claude-v2:1"),
            ("us.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
            (
                "us-gov.anthropic.claude-3-haiku-20240307-v1:0",
                "anthropic.claude-3-haiku-20240307-v1:0",
            ),
            ("amer.anthropic.claude-sonnet-5", "anthropic.claude-sonnet-5"),
            ("zai.glm-4.7-flash", "zai.glm-4.7-flash"),
            ("eu.emulator.error-throttling", "emulator.error-throttling"),
            ("emulator.stop-end_turn", "emulator.stop-end_turn"),
            (
                "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0",
                "amazon.nova-lite-v1:0",
            ),
            (
                "arn:aws-us-gov:bedrock:us-gov-west-1:111122223333:inference-profile/us-gov.anthropic.claude-v2",
                "anthropic.claude-v2",
            ),
            (
                "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/mi1dadi0g15f",
                "",
            ),
            ("arn:aws:bedrock:us-east-1:111122223333:provisioned-model/abcdef012345", ""),
            ("arn:aws:bedrock:us-east-1:111122223333:imported-model/abcdef012345", ""),
            (
                "arn:aws:bedrock:us-east-1:111122223333:custom-model/amazon.nova-lite/abcdef012345",
                "amazon.nova-lite",
            ),
            ("arn:aws:bedrock:us-east-1:111122223333:prompt/PROMPT1234:1", ""),
            ("arn:aws:bedrock:us-east-1:111122223333:default-prompt-router/anthropic.claude:1", ""),
            ("moonshotai.kimi-k2.5", "moonshotai.kimi-k2.5"),
            ("openai.gpt-oss-120b-1:0", "openai.gpt-oss-120b-1:0"),
            ("amazon.titan-text-premier-v1:0:32k", "amazon.titan-text-premier-v1:0:32k"),
        ] {
            let id = ModelId::parse(text).unwrap_or_else(|| panic!("{text} is well formed"));
            assert_eq!(id.name, name);
        }
    }

    #[test]
    fn routers_choose_a_model_of_their_provider() {
        let routed = |text: &str| ModelId::parse(text).and_then(|id| id.routed_model());
        assert_eq!(
            routed(
                "arn:aws:bedrock:eu-west-1:111122223333:default-prompt-router/anthropic.claude:1"
            )
            .as_deref(),
            Some(
                "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"
            )
        );
        assert_eq!(
            routed("arn:aws:bedrock:us-east-1:111122223333:prompt-router/ab12cd34ef56").as_deref(),
            Some("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0")
        );
        assert_eq!(routed("us.amazon.nova-lite-v1:0"), None);
    }

    #[test]
    fn malformed_ids_are_refused() {
        for text in [
            "",
            "does-not-exist",
            "invalid-model-id",
            "us.does-not-exist-model-v1:0",
            "us.amazon.nova-micro-v1:O",
            "anthropic.cloude-v2",
            "unknown.model-v1:0",
            "amazon.nova lite",
            "amazon/nova.lite",
            "anthropic.",
            ".claude",
            "arn:aws:bedrock:us-east-1",
            "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc",
            "arn:aws:s3:us-east-1:111122223333:inference-profile/us.anthropic.claude-v2",
            "arn:aws:bedrock:us-east-1:111122223333:unknown/abc",
            "arn:aws:bedrock::111122223333:inference-profile/us.anthropic.claude-v2",
        ] {
            assert_eq!(ModelId::parse(text), None, "{text}");
        }
    }
}

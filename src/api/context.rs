//! Headers to [`Directives`].

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use secrecy::SecretString;
use serde_json::value::RawValue;

use super::error::ApiError;
use crate::access::jwt::is_jwt;
use crate::access::placeholder::is_placeholder_key;
use crate::json;
use crate::routing::Directives;
use crate::routing::config::{GatewayConfig, HEADER as CONFIG, Origin, comma_list};
use crate::routing::directives::ProviderOptions;
use crate::telemetry::mask::KEY_PREFIX;

/// Reads what the caller says in headers.
///
/// None of a caller's headers is ever sent on: what AWS gets is made anew.
///
/// `shown` is what the caller is known by, which is no key of a provider; `of_key` is
/// the config of the caller's gateway key.
pub(super) fn directives(
    headers: &HeaderMap,
    shown: Option<&str>,
    of_key: Option<GatewayConfig>,
) -> Result<Directives, ApiError> {
    let headers = Headers(headers);
    let config = match headers.text(CONFIG)? {
        Some(_) if of_key.as_ref().is_some_and(|own| own.origin == Origin::LockedGatewayKey) => {
            return Err(ApiError::invalid(
                Some(CONFIG.to_owned()),
                "the caller's gateway key has a config of its own, which requests may not replace; leave `x-portkey-config` out",
            ));
        }
        Some(text) => Some(GatewayConfig::parse(text)?),
        None => of_key,
    };
    let provider = headers.text("x-portkey-provider")?;
    let (virtual_key, provider) = headers.virtual_key(provider, config.as_ref())?;
    Ok(Directives {
        provider: provider.map(str::to_owned),
        config,
        options: ProviderOptions {
            virtual_key,
            role_arn: headers.text("x-portkey-aws-role-arn")?.map(str::to_owned),
            external_id: headers.text("x-portkey-aws-external-id")?.map(SecretString::from),
            source_role_arn: headers.text("x-portkey-aws-source-role-arn")?.map(str::to_owned),
            source_external_id: headers
                .text("x-portkey-aws-source-external-id")?
                .map(SecretString::from),
            auth_type: headers.text("x-portkey-aws-auth-type")?.map(str::to_owned),
            access_key_id: headers.text("x-portkey-aws-access-key-id")?.map(str::to_owned),
            secret_access_key: headers
                .text("x-portkey-aws-secret-access-key")?
                .map(SecretString::from),
            session_token: headers.text("x-portkey-aws-session-token")?.map(SecretString::from),
            api_key: headers.api_key(shown)?,
            region: headers.given("x-portkey-aws-region")?.map(str::to_owned),
            custom_host: headers.text("x-portkey-custom-host")?.map(str::to_owned),
        },
        strict: headers.strict()?,
        request_timeout: headers.request_timeout()?,
        anthropic_beta: headers.anthropic_beta()?,
        model_family: headers.text("x-portkey-model-family")?.map(str::to_owned),
        metadata: headers.metadata()?,
        pinned_metadata: BTreeMap::new(),
    })
}

/// Portkey's SDKs send some names with underscores (`x-portkey-aws_session_token`).
pub(super) fn with_dashes(headers: HeaderMap) -> HeaderMap {
    let is_meant =
        |name: &HeaderName| name.as_str().starts_with("x-portkey-") && name.as_str().contains('_');
    if !headers.keys().any(is_meant) {
        return headers;
    }
    let mut renamed = headers.clone();
    for (name, value) in headers.iter().filter(|(name, _)| is_meant(name)) {
        if let Ok(name) = HeaderName::try_from(name.as_str().replace('_', "-")) {
            renamed.entry(name).or_insert_with(|| value.clone());
        }
    }
    renamed
}

/// Headers, read as text.
#[derive(Clone, Copy)]
pub(super) struct Headers<'a>(pub(super) &'a HeaderMap);

impl<'a> Headers<'a> {
    /// A header's text; an empty one counts as not given.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        Ok(self.given(name)?.filter(|text| !text.is_empty()))
    }

    /// A header's text, empty or not.
    fn given(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        let mut values = self.0.get_all(name).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.any(|other| other != value) {
            let message = format!("the header `{name}` is sent twice, with different values");
            return Err(ApiError::invalid(Some(name.to_owned()), message));
        }
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| not_text(name))?.trim();
        // Tabs may stand in headers, and stand in nothing that is meant here.
        if text.chars().any(char::is_control) {
            return Err(not_text(name));
        }
        Ok(Some(text))
    }

    /// The virtual key that headers name: `x-portkey-virtual-key`, or `@slug` as the
    /// provider where the config says nothing of that. And the provider, if it is none.
    fn virtual_key(
        &self,
        provider: Option<&'a str>,
        config: Option<&GatewayConfig>,
    ) -> Result<(Option<String>, Option<&'a str>), ApiError> {
        const NAME: &str = "x-portkey-virtual-key";
        let named = self.text(NAME)?;
        let Some(slug) = provider.and_then(|provider| provider.strip_prefix('@')) else {
            return Ok((named.map(str::to_owned), provider));
        };
        let of_config = |config: &GatewayConfig| {
            config.provider.is_some() || config.options.virtual_key.is_some()
        };
        match named {
            Some(other) if other != slug => Err(ApiError::invalid(
                Some(NAME.to_owned()),
                format!(
                    "`{NAME}` and `x-portkey-provider` name different virtual keys; leave one out"
                ),
            )),
            None if config.is_some_and(of_config) => Ok((None, None)),
            _ => Ok((Some(slug.to_owned()), None)),
        }
    }

    /// What may be the caller's key, in the order in which it counts.
    pub(super) fn keys(&self) -> Result<[Option<&'a str>; 3], ApiError> {
        let bearer = self.text(AUTHORIZATION.as_str())?.and_then(bearer_token);
        Ok([self.text("x-portkey-api-key")?, bearer, self.text("x-api-key")?])
    }

    /// The Bedrock API key: `Authorization: Bearer <key>`, else `x-api-key`. A
    /// value that is the caller's Portkey or gateway key is that and not AWS's:
    /// Portkey's Node SDK sends it in both places.
    fn api_key(&self, shown: Option<&str>) -> Result<Option<SecretString>, ApiError> {
        let [portkey_key, keys @ ..] = self.keys()?;
        let is_aws_key = |key: &&str| {
            Some(*key) != portkey_key
                && Some(*key) != shown
                && !is_placeholder_key(key)
                && !key.starts_with(KEY_PREFIX)
                // No provider's key has the form of a JWT, which is for somebody else.
                && !is_jwt(key)
        };
        Ok(keys.into_iter().flatten().find(is_aws_key).map(SecretString::from))
    }

    /// Only `false` turns strictness off, as with Portkey. Its SDKs always send
    /// the first spelling; the others are there only if the caller chose, so they
    /// count. The second is Portkey's documentation's, the third is what its Node
    /// SDK makes of `strictOpenAICompliance`.
    fn strict(&self) -> Result<Option<bool>, ApiError> {
        let by_sdk = self.text("x-portkey-strict-open-ai-compliance")?;
        let chosen = match self.text("x-portkey-strict-openai-compliance")? {
            Some(text) => Some(text),
            None => self.text("x-portkey-strict-open-a-i-compliance")?,
        };
        Ok(chosen.or(by_sdk).map(|text| !text.eq_ignore_ascii_case("false")))
    }

    fn request_timeout(&self) -> Result<Option<Duration>, ApiError> {
        const NAME: &str = "x-portkey-request-timeout";
        let Some(text) = self.text(NAME)? else { return Ok(None) };
        match text.parse::<u64>() {
            // As with Portkey, 0 is no limit.
            Ok(milliseconds) => Ok((milliseconds > 0).then(|| Duration::from_millis(milliseconds))),
            Err(_) => Err(ApiError::invalid(
                Some(NAME.to_owned()),
                format!("`{NAME}` must be a whole number of milliseconds"),
            )),
        }
    }

    fn metadata(&self) -> Result<BTreeMap<String, Box<RawValue>>, ApiError> {
        const NAME: &str = "x-portkey-metadata";
        let Some(text) = self.text(NAME)? else { return Ok(BTreeMap::new()) };
        json::from_slice(text.as_bytes()).map_err(|_| {
            ApiError::invalid(
                Some(NAME.to_owned()),
                format!("`{NAME}` must be a JSON object, such as {{\"_user\": \"u-1\"}}"),
            )
        })
    }

    /// The flags of all lines of the header.
    fn anthropic_beta(&self) -> Result<Vec<String>, ApiError> {
        for name in ["x-portkey-anthropic-beta", "anthropic-beta"] {
            let mut flags = Vec::new();
            for line in self.0.get_all(name) {
                flags.extend(comma_list(line.to_str().map_err(|_| not_text(name))?));
            }
            if !flags.is_empty() {
                return Ok(flags);
            }
        }
        Ok(Vec::new())
    }
}

fn not_text(name: &str) -> ApiError {
    ApiError::invalid(
        Some(name.to_owned()),
        format!("the header `{name}` is not text without control characters"),
    )
}

/// The token of `Bearer <token>`. Portkey's Node SDK may send the token alone;
/// another scheme, such as a signature, is no key.
fn bearer_token(authorization: &str) -> Option<&str> {
    match authorization.split_once(' ') {
        Some((scheme, token)) => scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()),
        None => (!authorization.eq_ignore_ascii_case("bearer")).then_some(authorization),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use secrecy::ExposeSecret;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    fn read(pairs: &[(&'static str, &str)]) -> Directives {
        directives(&with_dashes(headers(pairs)), None, None).unwrap()
    }

    fn api_key(pairs: &[(&'static str, &str)]) -> Option<String> {
        read(pairs).options.api_key.map(|key| key.expose_secret().to_owned())
    }

    #[test]
    fn the_bedrock_api_key_is_found_in_its_places() {
        assert_eq!(api_key(&[("authorization", "Bearer k")]).as_deref(), Some("k"));
        assert_eq!(api_key(&[("authorization", "bearer  k")]).as_deref(), Some("k"));
        assert_eq!(api_key(&[("authorization", "k")]).as_deref(), Some("k"));
        assert_eq!(api_key(&[("x-api-key", "k")]).as_deref(), Some("k"));
        assert_eq!(
            api_key(&[("authorization", "Bearer OPENAI_API_KEY"), ("x-api-key", "k")]).as_deref(),
            Some("k")
        );
        for none in ["Basic dXNlcg==", "AWS4-HMAC-SHA256 Credential=x", "Bearer", "Bearer ", ""] {
            assert_eq!(api_key(&[("authorization", none)]), None, "{none}");
        }
    }

    #[test]
    fn virtual_keys_are_named_in_two_ways() {
        let slug = |pairs: &[(&'static str, &str)]| read(pairs).options.virtual_key;
        let (key, provider) = ("x-portkey-virtual-key", "x-portkey-provider");
        assert_eq!(slug(&[(key, "a")]).as_deref(), Some("a"));
        assert_eq!(slug(&[(provider, "@a")]).as_deref(), Some("a"));
        assert_eq!(slug(&[(provider, "@a"), (key, "a")]).as_deref(), Some("a"));
        assert_eq!(slug(&[(provider, "bedrock"), (key, "a")]).as_deref(), Some("a"));
        for config in [r#"{"provider": "@b"}"#, r#"{"provider": "bedrock"}"#] {
            let pairs = [(provider, "@a"), ("x-portkey-config", config)];
            assert_eq!(slug(&pairs), None);
        }
        let both = headers(&[(provider, "@a"), (key, "b")]);
        assert!(directives(&both, None, None).is_err());
    }

    #[test]
    fn the_portkey_key_is_not_sent_to_aws() {
        for (name, value) in [("authorization", "Bearer bgw-x"), ("x-api-key", "bgw-x")] {
            assert_eq!(api_key(&[(name, value)]), None);
        }
        assert_eq!(api_key(&[("authorization", "Bearer pk"), ("x-portkey-api-key", "pk")]), None);
    }

    #[test]
    fn both_spellings_of_strict_count() {
        assert!(read(&[]).is_strict());
        assert!(!read(&[("x-portkey-strict-open-ai-compliance", "false")]).is_strict());
        assert!(!read(&[("x-portkey-strict-openai-compliance", "False")]).is_strict());
        assert!(!read(&[("x-portkey-strict-open-a-i-compliance", "false")]).is_strict());
        assert!(read(&[("x-portkey-strict-open-ai-compliance", "true")]).is_strict());
        let by_sdk = ("x-portkey-strict-open-ai-compliance", "false");
        assert!(read(&[by_sdk, ("x-portkey-strict-openai-compliance", "true")]).is_strict());
        let config = ("x-portkey-config", r#"{"strict_open_ai_compliance": false}"#);
        assert!(!read(&[config]).is_strict());
        assert!(read(&[config, ("x-portkey-strict-open-ai-compliance", "true")]).is_strict());
    }

    #[test]
    fn an_empty_header_counts_as_absent_but_for_the_region() {
        let read = read(&[
            ("x-portkey-provider", ""),
            ("x-portkey-config", ""),
            ("x-portkey-aws-region", ""),
        ]);
        assert_eq!(read.provider, None);
        assert!(read.config.is_none());
        assert_eq!(read.options.region.as_deref(), Some(""));
    }

    #[test]
    fn a_header_that_means_nothing_is_named() {
        for (name, value) in [("x-portkey-request-timeout", "soon"), ("x-portkey-config", "pc-1")] {
            let error = directives(&headers(&[(name, value)]), None, None).unwrap_err();
            assert_eq!(error.into_body().error.param.as_deref(), Some(name));
        }
        let mut not_text = HeaderMap::new();
        not_text.insert("x-portkey-aws-region", HeaderValue::from_bytes(b"\xff").unwrap());
        assert!(directives(&not_text, None, None).is_err());
        for control in ["us\t-east-1", "us-east-1\u{85}x"] {
            let control = headers(&[("x-portkey-aws-region", control)]);
            assert!(directives(&control, None, None).is_err());
        }
        let mut twice = headers(&[("x-portkey-aws-region", "us-east-1")]);
        twice.append("x-portkey-aws-region", HeaderValue::from_static("us-east-1"));
        assert!(directives(&twice, None, None).is_ok());
        twice.append("x-portkey-aws-region", HeaderValue::from_static("us-west-2"));
        assert!(directives(&twice, None, None).is_err());
    }

    #[test]
    fn timeouts_and_beta_flags_come_from_the_header_and_then_the_config() {
        let config = ("x-portkey-config", r#"{"request_timeout": 5, "anthropic_beta": "c"}"#);
        assert_eq!(read(&[config]).timeout(), Some(Duration::from_millis(5)));
        let both = read(&[config, ("x-portkey-request-timeout", "7"), ("anthropic-beta", "a, b")]);
        assert_eq!(both.timeout(), Some(Duration::from_millis(7)));
        assert_eq!(both.beta_flags(), ["a", "b", "c"]);
        let mut lines = headers(&[("anthropic-beta", "a")]);
        lines.append("anthropic-beta", HeaderValue::from_static("b"));
        assert_eq!(directives(&lines, None, None).unwrap().beta_flags(), ["a", "b"]);
        assert_eq!(read(&[("x-portkey-request-timeout", "0")]).timeout(), None);
        assert_eq!(read(&[("x-portkey-config", r#"{"request_timeout": 0}"#)]).timeout(), None);
    }

    #[test]
    fn names_with_underscores_are_understood() {
        let read =
            read(&[("x-portkey-aws_session_token", "t"), ("x-portkey-aws_region", "eu-west-1")]);
        assert_eq!(read.options.session_token.unwrap().expose_secret(), "t");
        assert_eq!(read.options.region.as_deref(), Some("eu-west-1"));
    }
}

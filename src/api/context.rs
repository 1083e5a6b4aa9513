//! Headers to [`Directives`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use secrecy::SecretString;
use serde_json::value::RawValue;

use super::error::ApiError;
use crate::json;
use crate::routing::config::{GatewayConfig, comma_list};
use crate::routing::directives::ProviderOptions;
use crate::routing::{Directives, is_placeholder_key};

/// Reads what the caller says in headers.
///
/// None of a caller's headers is ever sent on: what AWS gets is made anew.
pub(super) fn directives(headers: &HeaderMap) -> Result<Directives, ApiError> {
    let headers = &with_dashes(headers);
    let headers = Headers(headers);
    for name in NOT_AVAILABLE {
        if headers.text(name)?.is_some() {
            let message =
                format!("`{name}` is not available in this version of the gateway; leave it out");
            return Err(ApiError::invalid(Some(name.to_owned()), message));
        }
    }
    let config = headers.text("x-portkey-config")?.map(GatewayConfig::parse).transpose()?;
    Ok(Directives {
        provider: headers.text("x-portkey-provider")?.map(str::to_owned),
        config,
        options: ProviderOptions {
            auth_type: headers.text("x-portkey-aws-auth-type")?.map(str::to_owned),
            access_key_id: headers.text("x-portkey-aws-access-key-id")?.map(str::to_owned),
            secret_access_key: headers
                .text("x-portkey-aws-secret-access-key")?
                .map(SecretString::from),
            session_token: headers.text("x-portkey-aws-session-token")?.map(SecretString::from),
            api_key: headers.api_key()?,
            region: headers.given("x-portkey-aws-region")?.map(str::to_owned),
            custom_host: headers.text("x-portkey-custom-host")?.map(str::to_owned),
        },
        strict: headers.strict()?,
        request_timeout: headers.request_timeout()?,
        anthropic_beta: headers.anthropic_beta()?,
        model_family: headers.text("x-portkey-model-family")?.map(str::to_owned),
        metadata: headers.metadata()?,
    })
}

/// Headers that choose credentials in a way that is not carried out: to pass them
/// over would mean to use somebody else's.
const NOT_AVAILABLE: [&str; 3] =
    ["x-portkey-virtual-key", "x-portkey-aws-role-arn", "x-portkey-aws-external-id"];

/// Portkey's SDKs send some names with underscores (`x-portkey-aws_session_token`).
fn with_dashes(headers: &HeaderMap) -> Cow<'_, HeaderMap> {
    let is_meant =
        |name: &HeaderName| name.as_str().starts_with("x-portkey-") && name.as_str().contains('_');
    if !headers.keys().any(is_meant) {
        return Cow::Borrowed(headers);
    }
    let mut renamed = headers.clone();
    for (name, value) in headers.iter().filter(|(name, _)| is_meant(name)) {
        if let Ok(name) = HeaderName::try_from(name.as_str().replace('_', "-")) {
            renamed.entry(name).or_insert_with(|| value.clone());
        }
    }
    Cow::Owned(renamed)
}

struct Headers<'a>(&'a HeaderMap);

impl<'a> Headers<'a> {
    /// A header's text; an empty one counts as not given.
    fn text(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
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
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| not_text(name))?;
        Ok(Some(text.trim()))
    }

    /// The Bedrock API key: `Authorization: Bearer <key>`, else `x-api-key`. A
    /// value that is the caller's Portkey key is that and not AWS's: Portkey's
    /// Node SDK sends it in both places.
    fn api_key(&self) -> Result<Option<SecretString>, ApiError> {
        let portkey_key = self.text("x-portkey-api-key")?;
        let bearer = self.text(AUTHORIZATION.as_str())?.and_then(bearer_token);
        let keys = [bearer, self.text("x-api-key")?];
        let is_aws_key = |key: &&str| Some(*key) != portkey_key && !is_placeholder_key(key);
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
    ApiError::invalid(Some(name.to_owned()), format!("the header `{name}` is not text"))
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
        directives(&headers(pairs)).unwrap()
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
    fn the_portkey_key_is_not_sent_to_aws() {
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
        for (name, value) in [
            ("x-portkey-request-timeout", "soon"),
            ("x-portkey-config", "pc-1"),
            ("x-portkey-virtual-key", "v"),
            ("x-portkey-aws-role-arn", "arn:aws:iam::1:role/r"),
        ] {
            let error = directives(&headers(&[(name, value)])).unwrap_err();
            assert_eq!(error.into_body().error.param.as_deref(), Some(name));
        }
        let mut not_text = HeaderMap::new();
        not_text.insert("x-portkey-aws-region", HeaderValue::from_bytes(b"\xff").unwrap());
        assert!(directives(&not_text).is_err());
        let mut twice = headers(&[("x-portkey-aws-region", "us-east-1")]);
        twice.append("x-portkey-aws-region", HeaderValue::from_static("us-east-1"));
        assert!(directives(&twice).is_ok());
        twice.append("x-portkey-aws-region", HeaderValue::from_static("us-west-2"));
        assert!(directives(&twice).is_err());
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
        assert_eq!(directives(&lines).unwrap().beta_flags(), ["a", "b"]);
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

//! Headers to [`Directives`].

use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use secrecy::SecretString;

use super::error::ApiError;
use crate::routing::config::{GatewayConfig, comma_list};
use crate::routing::directives::ProviderOptions;
use crate::routing::{Directives, is_placeholder_key};

/// Reads what the caller says in headers.
///
/// None of a caller's headers is ever sent on: what AWS gets is made anew.
pub(super) fn directives(headers: &HeaderMap) -> Result<Directives, ApiError> {
    let headers = Headers(headers);
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
    })
}

struct Headers<'a>(&'a HeaderMap);

impl<'a> Headers<'a> {
    /// A header's text; an empty one counts as not given.
    fn text(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        Ok(self.given(name)?.filter(|text| !text.is_empty()))
    }

    /// A header's text, empty or not.
    fn given(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| {
            ApiError::invalid(
                Some(name.to_owned()),
                format!("the header `{name}` is not UTF-8 text"),
            )
        })?;
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

    /// Only `false` turns strictness off, as with Portkey; both spellings of the
    /// header are in Portkey's documentation.
    fn strict(&self) -> Result<Option<bool>, ApiError> {
        let open_ai = self.text("x-portkey-strict-open-ai-compliance")?;
        let openai = self.text("x-portkey-strict-openai-compliance")?;
        Ok(open_ai.or(openai).map(|text| !text.eq_ignore_ascii_case("false")))
    }

    fn request_timeout(&self) -> Result<Option<Duration>, ApiError> {
        const NAME: &str = "x-portkey-request-timeout";
        let Some(text) = self.text(NAME)? else { return Ok(None) };
        match text.parse::<u64>() {
            Ok(milliseconds) if milliseconds > 0 => Ok(Some(Duration::from_millis(milliseconds))),
            _ => Err(ApiError::invalid(
                Some(NAME.to_owned()),
                format!("`{NAME}` must be a whole number of milliseconds from 1"),
            )),
        }
    }

    fn anthropic_beta(&self) -> Result<Vec<String>, ApiError> {
        let own = self.text("x-portkey-anthropic-beta")?;
        let flags = match own {
            Some(flags) => Some(flags),
            None => self.text("anthropic-beta")?,
        };
        Ok(flags.map(comma_list).unwrap_or_default())
    }
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
    use axum::http::{HeaderName, HeaderValue};
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
        assert!(read(&[("x-portkey-strict-open-ai-compliance", "true")]).is_strict());
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
            ("x-portkey-request-timeout", "0"),
            ("x-portkey-config", "pc-1"),
        ] {
            let error = directives(&headers(&[(name, value)])).unwrap_err();
            assert_eq!(error.into_body().error.param.as_deref(), Some(name));
        }
        let mut not_text = HeaderMap::new();
        not_text.insert("x-portkey-aws-region", HeaderValue::from_bytes(b"\xff").unwrap());
        assert!(directives(&not_text).is_err());
    }

    #[test]
    fn timeouts_and_beta_flags_come_from_the_header_and_then_the_config() {
        let config = ("x-portkey-config", r#"{"request_timeout": 5, "anthropic_beta": "c"}"#);
        assert_eq!(read(&[config]).timeout(), Some(Duration::from_millis(5)));
        let both = read(&[config, ("x-portkey-request-timeout", "7"), ("anthropic-beta", "a, b")]);
        assert_eq!(both.timeout(), Some(Duration::from_millis(7)));
        assert_eq!(both.beta_flags(), ["a", "b", "c"]);
    }
}

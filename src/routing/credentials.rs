//! Which credentials a request is made with.
//!
//! In this order, each source whole or not at all, so that a key never meets
//! somebody else's session token: access key in headers, Bedrock API key in
//! headers, the config's, the gateway's own identity where that is allowed.

use secrecy::{ExposeSecret, SecretString};

use super::config::GatewayConfig;
use super::directives::ProviderOptions;
use super::error::Error;
use super::plan::Authority;
use crate::aws::credentials::Credentials;

/// What SDKs send where a program gave no key, and what people write where a
/// library insists on one. None of them can be a Bedrock API key.
const PLACEHOLDERS: [&str; 16] = [
    "",
    "openai_api_key",
    "portkey_api_key",
    "dummy-key",
    "dummy",
    "dummy_key",
    "empty",
    "none",
    "null",
    "undefined",
    "not-needed",
    "not_needed",
    "no-key",
    "placeholder",
    "unused",
    "x",
];

/// One source of credentials.
struct Source<'a> {
    options: &'a ProviderOptions,
    /// Where in a config it stands; `None` for headers.
    place: Option<&'a str>,
}

/// A member of a source, by its header and by its name in a config.
struct Member(&'static str, &'static str);

const AUTH_TYPE: Member = Member("x-portkey-aws-auth-type", "aws_auth_type");
const ACCESS_KEY_ID: Member = Member("x-portkey-aws-access-key-id", "aws_access_key_id");
const SECRET_ACCESS_KEY: Member =
    Member("x-portkey-aws-secret-access-key", "aws_secret_access_key");
const SESSION_TOKEN: Member = Member("x-portkey-aws-session-token", "aws_session_token");
const API_KEY: Member = Member("Authorization", "api_key");

/// Chooses the credentials of a request.
pub(super) fn authority(
    headers: &ProviderOptions,
    config: Option<&GatewayConfig>,
    allow_gateway_identity: bool,
) -> Result<Authority, Error> {
    let in_headers = Source { options: headers, place: None };
    let in_config =
        config.map(|config| Source { options: &config.options, place: Some(&config.place) });
    let sources: Vec<Source<'_>> = std::iter::once(in_headers).chain(in_config).collect();
    // Either source may say how what the other gives is meant.
    if let Some(kind) = sources.iter().find(|source| source.options.auth_type.is_some()) {
        return kind.of_kind(&sources, allow_gateway_identity);
    }
    for source in &sources {
        let pair = source.access_key()?.map(Authority::Given);
        if let Some(authority) = pair.or_else(|| given_key(source.options).map(bearer)) {
            return Ok(authority);
        }
    }
    if allow_gateway_identity { Ok(Authority::Gateway) } else { Err(Error::NoCredentials) }
}

impl Source<'_> {
    /// How this source spells a member, for errors.
    fn name(&self, member: &Member) -> String {
        let Member(header, name) = member;
        self.place.map_or_else(|| (*header).to_owned(), |place| format!("{place}.{name}"))
    }

    /// The credentials of the kind that this source's auth type says, from the
    /// first source that has them.
    fn of_kind(
        &self,
        sources: &[Source<'_>],
        allow_gateway_identity: bool,
    ) -> Result<Authority, Error> {
        let auth_type = self.options.auth_type.as_deref().unwrap_or_default();
        match auth_type.to_ascii_lowercase().as_str() {
            "accesskey" => {
                for source in sources {
                    if let Some(pair) = source.access_key()? {
                        return Ok(Authority::Given(pair));
                    }
                }
                Err(Error::invalid(
                    self.name(&ACCESS_KEY_ID),
                    format!("`{}` is `{auth_type}`, but there is no access key", self.name(&AUTH_TYPE)),
                ))
            }
            "apikey" => sources.iter().find_map(|source| given_key(source.options)).map(bearer).ok_or_else(|| {
                Error::invalid(
                    self.name(&API_KEY),
                    format!(
                        "`{}` is `{auth_type}`, but there is no Bedrock API key; send it as `Authorization: Bearer <key>`",
                        self.name(&AUTH_TYPE)
                    ),
                )
            }),
            "servicerole" if allow_gateway_identity => Ok(Authority::Gateway),
            "servicerole" => Err(Error::GatewayIdentityClosed),
            _ => Err(Error::invalid(
                self.name(&AUTH_TYPE),
                format!("`{auth_type}` is none of `accessKey`, `apiKey` and `serviceRole`"),
            )),
        }
    }

    /// The access key, if the source gives one; half of one is an error.
    fn access_key(&self) -> Result<Option<Credentials>, Error> {
        let ProviderOptions { access_key_id, secret_access_key, session_token, .. } = self.options;
        let id = access_key_id.as_deref().map(str::trim).filter(|id| !id.is_empty());
        let secret = secret_access_key.as_ref().filter(|secret| !secret.expose_secret().is_empty());
        let token = session_token.as_ref().filter(|token| !token.expose_secret().is_empty());
        let missing = |what: &Member, because: &Member| {
            let (what, because) = (self.name(what), self.name(because));
            Err(Error::invalid(
                &what,
                format!("`{what}` is missing; `{because}` is of no use without it"),
            ))
        };
        match (id, secret, token) {
            (Some(id), Some(secret), token) => Ok(Some(Credentials::access_key(id, secret, token))),
            (Some(_), None, _) => missing(&SECRET_ACCESS_KEY, &ACCESS_KEY_ID),
            (None, Some(_), _) => missing(&ACCESS_KEY_ID, &SECRET_ACCESS_KEY),
            (None, None, Some(_)) => missing(&ACCESS_KEY_ID, &SESSION_TOKEN),
            (None, None, None) => Ok(None),
        }
    }
}

/// Whether a key is one that SDKs and people send where they have none.
#[must_use]
pub fn is_placeholder_key(key: &str) -> bool {
    PLACEHOLDERS.iter().any(|placeholder| placeholder.eq_ignore_ascii_case(key.trim()))
}

fn bearer(key: &SecretString) -> Authority {
    Authority::Given(Credentials::Bearer(key.clone()))
}

fn given_key(options: &ProviderOptions) -> Option<&SecretString> {
    options.api_key.as_ref().filter(|key| !is_placeholder_key(key.expose_secret()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pair(id: &str, token: Option<&str>) -> ProviderOptions {
        ProviderOptions {
            access_key_id: Some(id.into()),
            secret_access_key: Some("secret".into()),
            session_token: token.map(Into::into),
            ..ProviderOptions::default()
        }
    }

    fn key(key: &str) -> ProviderOptions {
        ProviderOptions { api_key: Some(key.into()), ..ProviderOptions::default() }
    }

    fn config(config: serde_json::Value) -> GatewayConfig {
        GatewayConfig::parse(&config.to_string()).unwrap()
    }

    fn chosen(headers: &ProviderOptions, config: Option<&GatewayConfig>, gateway: bool) -> String {
        match authority(headers, config, gateway) {
            Ok(Authority::Gateway) => "gateway".into(),
            Ok(Authority::Given(Credentials::Bearer(key))) => {
                format!("bearer {}", key.expose_secret())
            }
            Ok(Authority::Given(Credentials::SigV4(key))) => {
                format!("key {} {}", key.access_key_id(), key.session_token().unwrap_or("-"))
            }
            Err(Error::Invalid { param, .. }) => format!("400 {param}"),
            Err(Error::NoCredentials) => "401".into(),
            Err(Error::GatewayIdentityClosed) => "403".into(),
        }
    }

    #[test]
    fn sources_come_in_their_order() {
        let all = config(
            json!({"aws_access_key_id": "CFG", "aws_secret_access_key": "s", "aws_session_token": "t"}),
        );
        let both = ProviderOptions { api_key: Some("k".into()), ..pair("HDR", None) };
        assert_eq!(chosen(&both, Some(&all), true), "key HDR -");
        assert_eq!(chosen(&key("k"), Some(&all), true), "bearer k");
        assert_eq!(chosen(&ProviderOptions::default(), Some(&all), true), "key CFG t");
        assert_eq!(
            chosen(&ProviderOptions::default(), Some(&config(json!({"api_key": "c"}))), true),
            "bearer c"
        );
        assert_eq!(chosen(&ProviderOptions::default(), None, true), "gateway");
        assert_eq!(chosen(&ProviderOptions::default(), None, false), "401");
    }

    #[test]
    fn a_key_keeps_its_own_token_only() {
        let other = config(
            json!({"aws_session_token": "t", "aws_access_key_id": "CFG", "aws_secret_access_key": "s"}),
        );
        assert_eq!(chosen(&pair("HDR", None), Some(&other), false), "key HDR -");
        assert_eq!(chosen(&pair("HDR", Some("own")), Some(&other), false), "key HDR own");
    }

    #[test]
    fn half_of_a_pair_names_the_other_half() {
        let mut no_secret = pair("A", None);
        no_secret.secret_access_key = None;
        assert_eq!(chosen(&no_secret, None, true), "400 x-portkey-aws-secret-access-key");
        let mut no_id = pair("A", None);
        no_id.access_key_id = Some(" ".into());
        assert_eq!(chosen(&no_id, None, true), "400 x-portkey-aws-access-key-id");
        let token =
            ProviderOptions { session_token: Some("t".into()), ..ProviderOptions::default() };
        assert_eq!(chosen(&token, None, true), "400 x-portkey-aws-access-key-id");
        let half = config(json!({"targets": [{"aws_access_key_id": "A"}]}));
        assert_eq!(
            chosen(&ProviderOptions::default(), Some(&half), true),
            "400 x-portkey-config.targets[0].aws_secret_access_key"
        );
    }

    #[test]
    fn placeholders_count_as_not_given() {
        for placeholder in ["", " ", "OPENAI_API_KEY", "DUMMY-KEY", "dummy", "undefined"] {
            assert_eq!(chosen(&key(placeholder), None, false), "401", "{placeholder}");
        }
        assert_eq!(chosen(&key("BEDROCK_API_KEY"), None, false), "bearer BEDROCK_API_KEY");
    }

    #[test]
    fn the_auth_type_decides_where_it_is_given() {
        let typed = |kind: &str, options: ProviderOptions| ProviderOptions {
            auth_type: Some(kind.into()),
            ..options
        };
        let both = ProviderOptions { api_key: Some("k".into()), ..pair("A", None) };
        assert_eq!(chosen(&typed("apiKey", both.clone()), None, false), "bearer k");
        assert_eq!(chosen(&typed("accessKey", both), None, false), "key A -");
        assert_eq!(chosen(&typed("apiKey", pair("A", None)), None, false), "400 Authorization");
        assert_eq!(
            chosen(&typed("accessKey", key("k")), None, false),
            "400 x-portkey-aws-access-key-id"
        );
        assert_eq!(chosen(&typed("serviceRole", ProviderOptions::default()), None, false), "403");
        assert_eq!(chosen(&typed("serviceRole", pair("A", None)), None, true), "gateway");
        assert_eq!(
            chosen(&typed("magic", pair("A", None)), None, true),
            "400 x-portkey-aws-auth-type"
        );
        let by_config = config(json!({"aws_auth_type": "apiKey"}));
        assert_eq!(chosen(&key("k"), Some(&by_config), false), "bearer k");
        let key_in_config =
            config(json!({"api_key": "c", "aws_access_key_id": "A", "aws_secret_access_key": "s"}));
        let nothing = ProviderOptions::default();
        assert_eq!(
            chosen(&typed("apiKey", nothing.clone()), Some(&key_in_config), false),
            "bearer c"
        );
        assert_eq!(chosen(&typed("accessKey", nothing), Some(&key_in_config), false), "key A -");
    }
}

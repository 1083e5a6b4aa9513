//! Which credentials a request is made with.
//!
//! In this order, each source whole or not at all, so that a key never meets
//! somebody else's session token: the virtual key that headers name, access key or
//! role in headers, Bedrock API key in headers, the config's (in the same order),
//! the gateway's own identity where that is allowed. A virtual key that the model's
//! name begins with (`@slug/model`) is known later, and stands before all of them
//! but what the request brings itself.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::config::{GatewayConfig, Origin};
use super::directives::ProviderOptions;
use super::error::Error;
use super::lending::Lending;
use crate::access::placeholder::is_placeholder_key;
use crate::aws::credentials::Credentials;
use crate::aws::role::{ExternalId, Role, RoleArn};
use crate::aws::roles::RoleSource;
use crate::vault::VirtualKey;

/// As whom a request is made, as far as can be told without its body.
#[derive(Debug, Clone)]
pub enum Authority {
    /// With what the request brings, or the config of the caller's gateway key.
    Given {
        /// What that is.
        credentials: Credentials,
        /// Whose it is.
        owner: Owner,
    },
    /// With the gateway's own.
    Gateway,
    /// As a role.
    Role(AssumedRole),
    /// With what a virtual key opens.
    VirtualKey(NamedKey),
    /// With nothing, unless the model names a virtual key.
    OfModel {
        /// A session token that came without a key.
        session_token: Option<SecretString>,
    },
}

/// Roles, and who assumes the first.
#[derive(Debug, Clone)]
pub struct AssumedRole {
    /// Who assumes the first.
    pub source: RoleSource,
    /// At least one; the last one calls Bedrock.
    pub roles: Vec<Role>,
    /// Whose they are.
    pub owner: Owner,
}

/// Whose credentials are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The caller's.
    Caller,
    /// Somebody's who lends them: by a virtual key, a gateway key, or the settings.
    Lender,
    /// The gateway's own.
    Gateway,
}

/// A virtual key that may be used.
#[derive(Debug, Clone)]
pub struct NamedKey {
    /// The key.
    pub key: Arc<VirtualKey>,
    /// The token of the request, which goes with the stored access key.
    pub session_token: Option<SecretString>,
    /// Where it was named, for errors.
    pub place: String,
}

/// One source of credentials.
struct Source<'a> {
    options: &'a ProviderOptions,
    /// Where in a config it stands; `None` for headers.
    place: Option<&'a str>,
    /// Whose its credentials are.
    owner: Owner,
}

/// A member of a source, by its header and by its name in a config.
struct Member(&'static str, &'static str);

const VIRTUAL_KEY: Member = Member("x-portkey-virtual-key", "virtual_key");
const AUTH_TYPE: Member = Member("x-portkey-aws-auth-type", "aws_auth_type");
const ACCESS_KEY_ID: Member = Member("x-portkey-aws-access-key-id", "aws_access_key_id");
const SECRET_ACCESS_KEY: Member =
    Member("x-portkey-aws-secret-access-key", "aws_secret_access_key");
const SESSION_TOKEN: Member = Member("x-portkey-aws-session-token", "aws_session_token");
const API_KEY: Member = Member("Authorization", "api_key");
const ROLE_ARN: Member = Member("x-portkey-aws-role-arn", "aws_role_arn");
const EXTERNAL_ID: Member = Member("x-portkey-aws-external-id", "aws_external_id");
const SOURCE_ROLE_ARN: Member = Member("x-portkey-aws-source-role-arn", "aws_source_role_arn");
const SOURCE_EXTERNAL_ID: Member =
    Member("x-portkey-aws-source-external-id", "aws_source_external_id");

/// Chooses the credentials of a request. `headers` may hold the slug of a virtual key
/// that `x-portkey-provider` named.
pub(super) fn authority(
    headers: &ProviderOptions,
    config: Option<&GatewayConfig>,
    lending: &Lending<'_>,
) -> Result<Authority, Error> {
    let in_headers = Source { options: headers, place: None, owner: Owner::Caller };
    let in_config = config.map(|config| Source {
        options: &config.options,
        place: Some(&config.place),
        owner: if config.origin == Origin::Request { Owner::Caller } else { Owner::Lender },
    });
    let is_locked = config.is_some_and(GatewayConfig::is_locked);
    if is_locked {
        in_headers.refuse_beside_a_locked_config()?;
    }
    // A token alone belongs to the access key of whichever virtual key is used.
    let token = in_headers.lone_token();
    if let Some(named) = in_headers.virtual_key(token, lending)? {
        return Ok(named);
    }
    let in_headers = (!is_locked).then_some(in_headers);
    let sources: Vec<Source<'_>> = in_headers.into_iter().chain(in_config).collect();
    let authority = match choose(&sources, token, lending)? {
        Some(chosen) => chosen,
        None if lending.allows_gateway_identity() => Authority::Gateway,
        None if lending.allows_virtual_keys() => {
            Authority::OfModel { session_token: token.cloned() }
        }
        None if token.is_none() => return Err(Error::NoCredentials),
        None => return Err(missing(ACCESS_KEY_ID.0, SESSION_TOKEN.0)),
    };
    match (&authority, token) {
        (Authority::VirtualKey(_) | Authority::OfModel { .. }, _) | (_, None) => Ok(authority),
        (_, Some(_)) => Err(missing(ACCESS_KEY_ID.0, SESSION_TOKEN.0)),
    }
}

/// The first credentials that the sources have.
fn choose(
    sources: &[Source<'_>],
    token: Option<&SecretString>,
    lending: &Lending<'_>,
) -> Result<Option<Authority>, Error> {
    // Either source may say how what the other gives is meant.
    if let Some(kind) = sources.iter().find(|source| source.options.auth_type.is_some()) {
        return kind.of_kind(sources, lending).map(Some);
    }
    for source in sources {
        if let Some(authority) = source.own(token, lending)? {
            return Ok(Some(authority));
        }
    }
    Ok(None)
}

impl<'a> Source<'a> {
    /// How this source spells a member, for errors.
    fn name(&self, member: &Member) -> String {
        let Member(header, name) = member;
        self.place.map_or_else(|| (*header).to_owned(), |place| format!("{place}.{name}"))
    }

    /// The credentials of this source, if it has any.
    fn own(
        &self,
        token: Option<&SecretString>,
        lending: &Lending<'_>,
    ) -> Result<Option<Authority>, Error> {
        if let Some(named) = self.virtual_key(token, lending)? {
            return Ok(Some(named));
        }
        if let Some(role) = self.role(lending)? {
            return Ok(Some(role));
        }
        if let Some(pair) = self.access_key()? {
            return Ok(Some(self.given(Credentials::SigV4(pair))));
        }
        Ok(given_key(self.options).map(|key| self.given(Credentials::Bearer(key.clone()))))
    }

    fn given(&self, credentials: Credentials) -> Authority {
        Authority::Given { credentials, owner: self.owner }
    }

    /// What the source says of as whom a request is made, but for a session token and a
    /// Bedrock API key: the former may belong to a virtual key, and SDKs insist on the
    /// latter.
    fn stated(&self) -> impl Iterator<Item = &'static Member> {
        let options = self.options;
        let members = [
            (options.virtual_key.is_some(), &VIRTUAL_KEY),
            (options.auth_type.is_some(), &AUTH_TYPE),
            (options.access_key_id.is_some(), &ACCESS_KEY_ID),
            (options.secret_access_key.is_some(), &SECRET_ACCESS_KEY),
            (options.role_arn.is_some(), &ROLE_ARN),
            (options.external_id.is_some(), &EXTERNAL_ID),
            (options.source_role_arn.is_some(), &SOURCE_ROLE_ARN),
            (options.source_external_id.is_some(), &SOURCE_EXTERNAL_ID),
        ];
        members.into_iter().filter_map(|(is_stated, member)| is_stated.then_some(member))
    }

    /// A gateway key whose config may not be replaced says as whom its requests are made,
    /// if the config does.
    fn refuse_beside_a_locked_config(&self) -> Result<(), Error> {
        match self.stated().next() {
            Some(member) => Err(Error::invalid(
                self.name(member),
                "the caller's gateway key has a config that says as whom its requests are made; leave it out",
            )),
            None => Ok(()),
        }
    }

    /// The credentials of the kind that this source's auth type says, from the
    /// first source that has them.
    fn of_kind(&self, sources: &[Source<'_>], lending: &Lending<'_>) -> Result<Authority, Error> {
        let auth_type = self.options.auth_type.as_deref().unwrap_or_default();
        let mut slugs = sources.iter().map(|source| source.options.virtual_key.as_deref());
        if let Some(slug) = slugs.find_map(given) {
            return Err(Error::invalid(
                self.name(&AUTH_TYPE),
                format!("`{slug}` is a virtual key and brings its own credentials; leave it out"),
            ));
        }
        // What somebody else put into a config, a request does not take apart.
        let may_choose =
            |source: &&Source<'_>| source.owner == Owner::Caller || self.owner == Owner::Lender;
        let sources = || sources.iter().filter(may_choose);
        let lacks = |member: &Member, what: &str| {
            Err(Error::invalid(
                self.name(member),
                format!("`{}` is `{auth_type}`, but there is no {what}", self.name(&AUTH_TYPE)),
            ))
        };
        match auth_type.to_ascii_lowercase().as_str() {
            "accesskey" => {
                for source in sources() {
                    if let Some(pair) = source.access_key()? {
                        return Ok(source.given(Credentials::SigV4(pair)));
                    }
                }
                lacks(&ACCESS_KEY_ID, "access key")
            }
            "assumedrole" => {
                for source in sources() {
                    if let Some(role) = source.role(lending)? {
                        return Ok(role);
                    }
                }
                lacks(&ROLE_ARN, "role to assume")
            }
            "apikey" => {
                match sources().find_map(|source| Some((source, given_key(source.options)?))) {
                    Some((source, key)) => Ok(source.given(Credentials::Bearer(key.clone()))),
                    None => {
                        lacks(&API_KEY, "Bedrock API key; send it as `Authorization: Bearer <key>`")
                    }
                }
            }
            "servicerole" if lending.allows_gateway_identity() => Ok(Authority::Gateway),
            "servicerole" => Err(Error::GatewayIdentityClosed),
            _ => Err(Error::invalid(
                self.name(&AUTH_TYPE),
                format!(
                    "`{auth_type}` is none of `accessKey`, `assumedRole`, `apiKey` and `serviceRole`"
                ),
            )),
        }
    }

    /// The virtual key, if the source names one. It brings everything, so nothing
    /// else that says as whom may stand beside it but the token of its access key.
    fn virtual_key(
        &self,
        token: Option<&SecretString>,
        lending: &Lending<'_>,
    ) -> Result<Option<Authority>, Error> {
        let Some(slug) = given(self.options.virtual_key.as_deref()) else { return Ok(None) };
        // The first is the virtual key itself.
        if let Some(member) = self.stated().nth(1) {
            return Err(Error::invalid(
                self.name(member),
                format!("`{slug}` is a virtual key and brings its own credentials; send either"),
            ));
        }
        let place = self.name(&VIRTUAL_KEY);
        let token = token.or_else(|| given_secret(self.options.session_token.as_ref()));
        lending.virtual_key(slug, &place, token.cloned()).map(Authority::VirtualKey).map(Some)
    }

    /// The session token of a source that has no other part of an access key.
    fn lone_token(&self) -> Option<&'a SecretString> {
        let ProviderOptions { access_key_id, secret_access_key, session_token, .. } = self.options;
        let is_alone = given(access_key_id.as_deref()).is_none()
            && given_secret(secret_access_key.as_ref()).is_none();
        given_secret(session_token.as_ref()).filter(|_| is_alone)
    }

    /// The role to assume, if the source names one: by its own access key, else by
    /// the gateway where that is allowed.
    fn role(&self, lending: &Lending<'_>) -> Result<Option<Authority>, Error> {
        let options = self.options;
        let role = self.one_role(
            (options.role_arn.as_deref(), &ROLE_ARN),
            (options.external_id.as_ref(), &EXTERNAL_ID),
        )?;
        let before = self.one_role(
            (options.source_role_arn.as_deref(), &SOURCE_ROLE_ARN),
            (options.source_external_id.as_ref(), &SOURCE_EXTERNAL_ID),
        )?;
        let Some(role) = role else {
            return match before {
                Some(_) => Err(missing(&self.name(&ROLE_ARN), &self.name(&SOURCE_ROLE_ARN))),
                None => Ok(None),
            };
        };
        let roles: Vec<Role> = before.into_iter().chain([role]).collect();
        let assumed = match self.access_key()? {
            Some(pair) => {
                AssumedRole { source: RoleSource::AccessKey(pair), roles, owner: self.owner }
            }
            None if self.lone_token().is_some() => {
                return Err(missing(&self.name(&ACCESS_KEY_ID), &self.name(&SESSION_TOKEN)));
            }
            None => lending.gateway_assumes(roles)?,
        };
        Ok(Some(Authority::Role(assumed)))
    }

    fn one_role(
        &self,
        (arn, arn_member): (Option<&str>, &Member),
        (id, id_member): (Option<&SecretString>, &Member),
    ) -> Result<Option<Role>, Error> {
        let id = given_secret(id);
        let Some(arn) = given(arn) else {
            return match id {
                Some(_) => Err(missing(&self.name(arn_member), &self.name(id_member))),
                None => Ok(None),
            };
        };
        let role_arn = RoleArn::parse(arn).map_err(|error| {
            Error::invalid(self.name(arn_member), format!("`{arn}` is {error}"))
        })?;
        let external_id = id.map(|id| ExternalId::parse(id.expose_secret().trim())).transpose();
        let external_id = external_id.map_err(|error| {
            Error::invalid(self.name(id_member), format!("the value is {error}"))
        })?;
        Ok(Some(Role { role_arn, external_id }))
    }

    /// The access key, if the source gives one; half of one is an error.
    fn access_key(&self) -> Result<Option<aws_credential_types::Credentials>, Error> {
        let ProviderOptions { access_key_id, secret_access_key, session_token, .. } = self.options;
        let id = given(access_key_id.as_deref());
        let secret = given_secret(secret_access_key.as_ref());
        let token = given_secret(session_token.as_ref());
        let lacks =
            |what: &Member, because: &Member| Err(missing(&self.name(what), &self.name(because)));
        match (id, secret, token) {
            (Some(id), Some(secret), token) => {
                Ok(Some(Credentials::signing_key(id, secret, token)))
            }
            (Some(_), None, _) => lacks(&SECRET_ACCESS_KEY, &ACCESS_KEY_ID),
            (None, Some(_), _) => lacks(&ACCESS_KEY_ID, &SECRET_ACCESS_KEY),
            // In headers it may belong to a virtual key that is named elsewhere.
            (None, None, Some(_)) if self.place.is_some() => lacks(&ACCESS_KEY_ID, &SESSION_TOKEN),
            (None, None, _) => Ok(None),
        }
    }
}

fn missing(what: &str, because: &str) -> Error {
    Error::invalid(what, format!("`{what}` is missing; `{because}` is of no use without it"))
}

/// A text that is not blank.
fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn given_secret(secret: Option<&SecretString>) -> Option<&SecretString> {
    secret.filter(|secret| !secret.expose_secret().is_empty())
}

fn given_key(options: &ProviderOptions) -> Option<&SecretString> {
    options.api_key.as_ref().filter(|key| !is_placeholder_key(key.expose_secret()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::access::Caller;
    use crate::routing::lending::Lent;

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
        let lent = Lent { allow_gateway_identity: gateway, ..Lent::default() };
        match authority(headers, config, &lent.to(&Caller::Anonymous, None)) {
            Ok(Authority::Gateway) => "gateway".into(),
            Ok(Authority::Given { credentials: Credentials::Bearer(key), .. }) => {
                format!("bearer {}", key.expose_secret())
            }
            Ok(Authority::Given { credentials: Credentials::SigV4(key), .. }) => {
                format!("key {} {}", key.access_key_id(), key.session_token().unwrap_or("-"))
            }
            Err(Error::Invalid { param, .. }) => format!("400 {param}"),
            Err(Error::NoCredentials) => "401".into(),
            Err(Error::GatewayIdentityClosed) => "403".into(),
            other => panic!("{other:?}"),
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

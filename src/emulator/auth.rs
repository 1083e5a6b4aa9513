//! Decides who is calling: a signature, a Bedrock API key, or nobody.

use std::time::SystemTime;

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::errors::{Kind, ServiceError};
use super::identity::{self, Identity};
use super::mint::Mint;
use super::principal::{Principal, RoleSession};
use super::sigv4::{Authorization, Request, Scope};
use super::state::State;

/// Name of the demo identity's user.
const USER: &str = "emulator";
/// Name of the user who is allowed no model.
const DENIED_USER: &str = "denied";
/// Name of the user a Bedrock API key belongs to; the console calls them so.
const API_KEY_USER: &str = "BedrockAPIKey-emulator";
/// Role and session of the temporary credentials every emulator knows.
const TEMPORARY_ROLE: &str = "emulator-temporary";
const TEMPORARY_SESSION: &str = "emulator";

/// A service of AWS that the emulator plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Bedrock,
    Sts,
    Kms,
}

impl Service {
    /// Name under which its requests are signed.
    pub(super) fn signing_name(self) -> &'static str {
        match self {
            Self::Bedrock => "bedrock",
            Self::Sts => "sts",
            Self::Kms => "kms",
        }
    }
}

/// Somebody who proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// Access key id, or a fixed word for an API key: names throttle counters.
    pub(super) name: String,
    /// Region of the signature; an API key does not say one.
    pub(super) region: Option<String>,
    /// Who that is to IAM.
    pub(super) principal: Principal,
}

/// What a request is checked against.
pub(super) struct Gate<'a> {
    service: Service,
    identity: &'a Identity,
    region: Option<&'a str>,
    mint: &'a Mint,
    now: SystemTime,
}

impl<'a> Gate<'a> {
    /// The gate in front of a service.
    pub(super) fn of(state: &'a State, service: Service) -> Self {
        Self {
            service,
            identity: &state.options.identity,
            region: state.options.region.as_deref(),
            mint: &state.mint,
            now: (state.options.clock)(),
        }
    }
}

impl Gate<'_> {
    /// Who sent this request, or the error the service answers.
    pub(super) fn admit(&self, request: Request<'_>) -> Result<Caller, ServiceError> {
        let Some(header) = request.headers.get(http::header::AUTHORIZATION) else {
            return Err(Kind::MissingAuthenticationToken.error());
        };
        let header = header.to_str().map_err(|_| Kind::IncompleteSignature.error())?;
        match (bearer_token(header), self.service) {
            (Some(token), Service::Bedrock) => self.admit_api_key(token),
            (Some(_), _) => Err(Kind::MissingAuthenticationToken.error()),
            (None, _) => self.admit_signature(header, request),
        }
    }

    fn admit_api_key(&self, token: &str) -> Result<Caller, ServiceError> {
        if !same(token, &self.identity.api_key) {
            return Err(Kind::ApiKeyDenied.error());
        }
        Ok(Caller {
            name: "api-key".to_owned(),
            region: None,
            principal: self.user(API_KEY_USER, false),
        })
    }

    fn admit_signature(&self, header: &str, request: Request<'_>) -> Result<Caller, ServiceError> {
        let authorization = Authorization::parse(header)?;
        let token =
            request.headers.get("x-amz-security-token").and_then(|token| token.to_str().ok());
        let (secret, principal) = self.secret_of(&authorization.access_key_id, token)?;
        let scope = Scope { service: self.service.signing_name(), region: self.region };
        authorization.verify(request, &secret, scope, self.now)?;
        Ok(Caller {
            name: authorization.access_key_id,
            region: Some(authorization.region),
            principal,
        })
    }

    /// Secret and owner of an access key id that came with this session token. A
    /// token that does not belong to the key makes the key unknown, as at AWS.
    fn secret_of(
        &self,
        access_key_id: &str,
        token: Option<&str>,
    ) -> Result<(SecretString, Principal), ServiceError> {
        let unknown = || Kind::UnrecognizedClient.error();
        if access_key_id == self.identity.access_key_id {
            let right = match (&self.identity.session_token, token) {
                (None, None) => true,
                (Some(expected), Some(token)) => same(token, expected),
                _ => false,
            };
            return if right {
                Ok((self.identity.secret_access_key.clone(), self.user(USER, false)))
            } else {
                Err(unknown())
            };
        }
        match (access_key_id, token) {
            (identity::TEMPORARY_ACCESS_KEY_ID, Some(identity::TEMPORARY_SESSION_TOKEN)) => {
                let secret = SecretString::from(identity::TEMPORARY_SECRET_ACCESS_KEY);
                Ok((secret, Principal::Role(self.temporary_session())))
            }
            (identity::TEMPORARY_ACCESS_KEY_ID, Some(identity::EXPIRED_SESSION_TOKEN)) => {
                Err(Kind::ExpiredToken.error())
            }
            (identity::DENIED_ACCESS_KEY_ID, None) => {
                let secret = SecretString::from(identity::DENIED_SECRET_ACCESS_KEY);
                Ok((secret, self.user(DENIED_USER, true)))
            }
            (_, Some(token)) => self.issued(access_key_id, token),
            _ => Err(unknown()),
        }
    }

    /// The same of credentials that `AssumeRole` handed out.
    fn issued(
        &self,
        access_key_id: &str,
        token: &str,
    ) -> Result<(SecretString, Principal), ServiceError> {
        let (issued, grant) = self
            .mint
            .open(token)
            .filter(|(issued, _)| issued.access_key_id == access_key_id)
            .ok_or_else(|| Kind::UnrecognizedClient.error())?;
        if grant.expires <= self.now {
            return Err(Kind::ExpiredToken.error());
        }
        Ok((issued.secret_access_key, Principal::Role(grant.session)))
    }

    fn user(&self, name: &'static str, denied: bool) -> Principal {
        Principal::User { account: self.identity.account_id.clone(), name, denied }
    }

    fn temporary_session(&self) -> RoleSession {
        RoleSession {
            partition: "aws".to_owned(),
            account: self.identity.account_id.clone(),
            role: TEMPORARY_ROLE.to_owned(),
            name: TEMPORARY_SESSION.to_owned(),
            source_identity: None,
            transitive_tags: Vec::new(),
        }
    }
}

fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn same(given: &str, expected: &SecretString) -> bool {
    bool::from(given.as_bytes().ct_eq(expected.expose_secret().as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;

    use super::super::Options;
    use super::super::mint::Grant;
    use super::*;

    fn state(identity: Identity) -> State {
        State::new(Options { identity, ..Options::default() })
    }

    fn admit(authorization: Option<&str>, service: Service) -> Result<Caller, ServiceError> {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert("authorization", value.parse().unwrap());
        }
        let request =
            Request { method: "POST", path: "/", query: "", headers: &headers, body: b"" };
        Gate::of(&state(Identity::default()), service).admit(request)
    }

    #[test]
    fn an_api_key_is_right_or_wrong() {
        for good in ["Bearer bedrock-api-key-emulator", "bearer  bedrock-api-key-emulator"] {
            let caller = admit(Some(good), Service::Bedrock).unwrap();
            assert_eq!((caller.name.as_str(), caller.region), ("api-key", None));
            assert!(caller.principal.arn().ends_with(":user/BedrockAPIKey-emulator"));
            assert_eq!(
                admit(Some(good), Service::Sts),
                Err(Kind::MissingAuthenticationToken.error())
            );
        }
        for bad in ["Bearer bedrock-api-key-emulato", "Bearer x"] {
            assert_eq!(admit(Some(bad), Service::Bedrock), Err(Kind::ApiKeyDenied.error()));
        }
        assert_eq!(admit(None, Service::Bedrock), Err(Kind::MissingAuthenticationToken.error()));
        let basic = admit(Some("Basic abc"), Service::Bedrock);
        assert_eq!(basic.unwrap_err().kind, Kind::IncompleteSignature);
    }

    #[test]
    fn keys_go_with_their_own_tokens() {
        let own = Identity::default();
        let with_token = Identity { session_token: Some("mine".into()), ..Identity::default() };
        let (demo, temporary, denied) = (
            identity::DEMO_ACCESS_KEY_ID,
            identity::TEMPORARY_ACCESS_KEY_ID,
            identity::DENIED_ACCESS_KEY_ID,
        );
        for (identity, key, token, expected) in [
            (&own, demo, None, Ok(false)),
            (&own, demo, Some("any"), Err(Kind::UnrecognizedClient)),
            (&with_token, demo, Some("mine"), Ok(false)),
            (&with_token, demo, None, Err(Kind::UnrecognizedClient)),
            (&with_token, demo, Some("other"), Err(Kind::UnrecognizedClient)),
            (&own, temporary, Some(identity::TEMPORARY_SESSION_TOKEN), Ok(false)),
            (&own, temporary, Some(identity::EXPIRED_SESSION_TOKEN), Err(Kind::ExpiredToken)),
            (&own, temporary, Some("other"), Err(Kind::UnrecognizedClient)),
            (&own, temporary, None, Err(Kind::UnrecognizedClient)),
            (&own, denied, None, Ok(true)),
            (&own, "AKIANOBODY", None, Err(Kind::UnrecognizedClient)),
        ] {
            let found = Gate::of(&state(identity.clone()), Service::Bedrock)
                .secret_of(key, token)
                .map(|(_, principal)| principal.is_denied_bedrock())
                .map_err(|error| error.kind);
            assert_eq!(found, expected, "{key} {token:?}");
        }
    }

    #[test]
    fn issued_keys_are_good_until_they_expire() {
        let state = state(Identity::default());
        let mut gate = Gate::of(&state, Service::Bedrock);
        let session = gate.temporary_session();
        let grant = Grant { session: session.clone(), expires: gate.now + Duration::from_secs(9) };
        let issued = state.mint.issue(&grant);
        let (key, token) = (issued.access_key_id.as_str(), issued.session_token.as_str());
        let (secret, principal) = gate.secret_of(key, Some(token)).unwrap();
        assert_eq!(secret.expose_secret(), issued.secret());
        assert_eq!(principal, Principal::Role(session));
        for (key, token) in [(key, None), ("ASIAANOTHERKEYID0001", Some(token))] {
            assert_eq!(gate.secret_of(key, token).unwrap_err().kind, Kind::UnrecognizedClient);
        }
        gate.now = grant.expires;
        assert_eq!(gate.secret_of(key, Some(token)).unwrap_err().kind, Kind::ExpiredToken);
    }
}

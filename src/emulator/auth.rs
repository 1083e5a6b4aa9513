//! Decides who is calling: a signature, a Bedrock API key, or nobody.

use std::time::SystemTime;

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::errors::{Kind, ServiceError};
use super::identity::{self, Identity};
use super::sigv4::{Authorization, Request};

/// Somebody who proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// Access key id, or a fixed word for an API key: names throttle counters.
    pub(super) name: String,
    /// Region of the signature; an API key does not say one.
    pub(super) region: Option<String>,
    /// Known, but allowed no model.
    pub(super) denied: bool,
}

/// What a request is checked against.
pub(super) struct Gate<'a> {
    pub(super) identity: &'a Identity,
    pub(super) region: Option<&'a str>,
    pub(super) now: SystemTime,
}

impl Gate<'_> {
    /// Who sent this request, or the error the service answers.
    pub(super) fn admit(&self, request: Request<'_>) -> Result<Caller, ServiceError> {
        let Some(header) = request.headers.get(http::header::AUTHORIZATION) else {
            return Err(Kind::MissingAuthenticationToken.error());
        };
        let header = header.to_str().map_err(|_| Kind::IncompleteSignature.error())?;
        match bearer_token(header) {
            Some(token) => self.admit_api_key(token),
            None => self.admit_signature(header, request),
        }
    }

    fn admit_api_key(&self, token: &str) -> Result<Caller, ServiceError> {
        if !same(token, &self.identity.api_key) {
            return Err(Kind::ApiKeyDenied.error());
        }
        Ok(Caller { name: "api-key".to_owned(), region: None, denied: false })
    }

    fn admit_signature(&self, header: &str, request: Request<'_>) -> Result<Caller, ServiceError> {
        let authorization = Authorization::parse(header)?;
        let token =
            request.headers.get("x-amz-security-token").and_then(|token| token.to_str().ok());
        let (secret, denied) = self.secret_of(&authorization.access_key_id, token)?;
        authorization.verify(request, &secret, self.region, self.now)?;
        Ok(Caller { name: authorization.access_key_id, region: Some(authorization.region), denied })
    }

    /// The secret of an access key id that came with this session token. A token
    /// that does not belong to the key makes the key unknown, as at AWS.
    fn secret_of(
        &self,
        access_key_id: &str,
        token: Option<&str>,
    ) -> Result<(SecretString, bool), ServiceError> {
        let unknown = || Kind::UnrecognizedClient.error();
        if access_key_id == self.identity.access_key_id {
            let right = match (&self.identity.session_token, token) {
                (None, None) => true,
                (Some(expected), Some(token)) => same(token, expected),
                _ => false,
            };
            return if right {
                Ok((self.identity.secret_access_key.clone(), false))
            } else {
                Err(unknown())
            };
        }
        match (access_key_id, token) {
            (identity::TEMPORARY_ACCESS_KEY_ID, Some(identity::TEMPORARY_SESSION_TOKEN)) => {
                Ok((SecretString::from(identity::TEMPORARY_SECRET_ACCESS_KEY), false))
            }
            (identity::TEMPORARY_ACCESS_KEY_ID, Some(identity::EXPIRED_SESSION_TOKEN)) => {
                Err(Kind::ExpiredToken.error())
            }
            (identity::DENIED_ACCESS_KEY_ID, None) => {
                Ok((SecretString::from(identity::DENIED_SECRET_ACCESS_KEY), true))
            }
            _ => Err(unknown()),
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
    use std::time::SystemTime;

    use http::HeaderMap;

    use super::*;

    fn gate(identity: &Identity) -> Gate<'_> {
        Gate { identity, region: None, now: SystemTime::now() }
    }

    fn admit(authorization: Option<&str>) -> Result<Caller, ServiceError> {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert("authorization", value.parse().unwrap());
        }
        let request =
            Request { method: "POST", path: "/", query: "", headers: &headers, body: b"" };
        gate(&Identity::default()).admit(request)
    }

    #[test]
    fn an_api_key_is_right_or_wrong() {
        for good in ["Bearer bedrock-api-key-emulator", "bearer  bedrock-api-key-emulator"] {
            let caller = admit(Some(good)).unwrap();
            assert_eq!(
                (caller.name.as_str(), caller.region, caller.denied),
                ("api-key", None, false)
            );
        }
        for bad in ["Bearer bedrock-api-key-emulato", "Bearer x"] {
            assert_eq!(admit(Some(bad)), Err(Kind::ApiKeyDenied.error()));
        }
        assert_eq!(admit(None), Err(Kind::MissingAuthenticationToken.error()));
        assert_eq!(admit(Some("Basic abc")).unwrap_err().kind, Kind::IncompleteSignature);
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
            let found = gate(identity)
                .secret_of(key, token)
                .map(|(_, denied)| denied)
                .map_err(|error| error.kind);
            assert_eq!(found, expected, "{key} {token:?}");
        }
    }
}

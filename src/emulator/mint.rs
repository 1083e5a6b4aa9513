//! Temporary credentials: issued without being remembered.
//!
//! The session token holds everything there is to know about a session, and a
//! digest of it under a key of this emulator, so that none can be made up or
//! altered. Access key id and secret follow from the token under the same key. A
//! token is base64 of the digest, of bytes that make it the only one of its kind,
//! and of the session as JSON.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::digest::{self, LENGTH};
use super::principal::RoleSession;

/// Bytes that tell two sessions apart that are otherwise the same.
const NONCE_LENGTH: usize = 16;
/// Characters of an access key id after `ASIA`.
const ID_LETTERS: usize = 16;
/// Characters of a secret access key.
const SECRET_LENGTH: usize = 40;
/// Longest token that is looked at: what fits into the head of a request.
const MAX_TOKEN_LENGTH: usize = 32 * 1024;

/// Issues credentials and recognises them.
pub(super) struct Mint {
    key: [u8; LENGTH],
}

/// Credentials as `AssumeRole` answers them.
pub(super) struct Issued {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: SecretString,
    pub(super) session_token: String,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) session: RoleSession,
    /// When it ends, in whole seconds.
    pub(super) expires: SystemTime,
}

impl Mint {
    /// A mint whose credentials no other one recognises.
    pub(super) fn new() -> Self {
        Self { key: digest::random() }
    }

    /// New credentials for a session.
    pub(super) fn issue(&self, grant: &Grant) -> Issued {
        let mut body: Vec<u8> = digest::random().into_iter().take(NONCE_LENGTH).collect();
        body.extend_from_slice(grant.to_json().to_string().as_bytes());
        let mut bytes = digest::keyed(&self.key, &[b"token", &body]).to_vec();
        bytes.extend_from_slice(&body);
        self.credentials(BASE64_STANDARD.encode(bytes))
    }

    /// The credentials a token belongs to, and what it says; `None` when this mint
    /// did not issue it.
    pub(super) fn open(&self, token: &str) -> Option<(Issued, Grant)> {
        if token.len() > MAX_TOKEN_LENGTH {
            return None;
        }
        let bytes = BASE64_STANDARD.decode(token).ok()?;
        let (digest, body) = bytes.split_at_checked(LENGTH)?;
        let expected = digest::keyed(&self.key, &[b"token", body]);
        if !bool::from(expected.as_slice().ct_eq(digest)) {
            return None;
        }
        let grant = Grant::from_json(&serde_json::from_slice(body.get(NONCE_LENGTH..)?).ok()?)?;
        Some((self.credentials(token.to_owned()), grant))
    }

    fn credentials(&self, session_token: String) -> Issued {
        let of = |purpose: &[u8]| digest::keyed(&self.key, &[purpose, session_token.as_bytes()]);
        let mut secret = BASE64_STANDARD.encode(of(b"secret"));
        secret.truncate(SECRET_LENGTH);
        Issued {
            access_key_id: format!("ASIA{}", digest::letters(&of(b"id"), ID_LETTERS)),
            secret_access_key: SecretString::from(secret),
            session_token,
        }
    }
}

impl Issued {
    /// The secret, for the answer that hands it out.
    pub(super) fn secret(&self) -> &str {
        self.secret_access_key.expose_secret()
    }
}

impl Grant {
    fn to_json(&self) -> Value {
        let RoleSession { partition, account, role, name, source_identity, transitive_tags } =
            &self.session;
        let expires = self.expires.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        json!([partition, account, role, name, source_identity, transitive_tags, expires])
    }

    fn from_json(value: &Value) -> Option<Self> {
        let [partition, account, role, name, source_identity, tags, expires] =
            value.as_array()?.as_slice()
        else {
            return None;
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let tag = |tag: &Value| Some((text(tag.get(0)?)?, text(tag.get(1)?)?));
        Some(Self {
            session: RoleSession {
                partition: text(partition)?,
                account: text(account)?,
                role: text(role)?,
                name: text(name)?,
                source_identity: text(source_identity),
                transitive_tags: tags.as_array()?.iter().map(tag).collect::<Option<_>>()?,
            },
            expires: UNIX_EPOCH.checked_add(Duration::from_secs(expires.as_u64()?))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        Grant {
            session: RoleSession {
                partition: "aws".into(),
                account: "111122223333".into(),
                role: "reader".into(),
                name: "me@example.com".into(),
                source_identity: Some("me".into()),
                transitive_tags: vec![("team".into(), "\u{fc}ber \"uns\"".into())],
            },
            expires: UNIX_EPOCH + Duration::from_secs(1_440_938_160),
        }
    }

    #[test]
    fn what_was_issued_is_recognised() {
        let mint = Mint::new();
        let issued = mint.issue(&grant());
        assert_eq!(issued.access_key_id.len(), 20);
        assert_eq!(issued.secret().len(), SECRET_LENGTH);
        let (again, found) = mint.open(&issued.session_token).unwrap();
        assert_eq!(found, grant());
        assert_eq!(again.access_key_id, issued.access_key_id);
        assert_eq!(again.secret(), issued.secret());
        assert_ne!(mint.issue(&grant()).access_key_id, issued.access_key_id);
    }

    #[test]
    fn nothing_else_is() {
        let mint = Mint::new();
        let token = mint.issue(&grant()).session_token;
        let bytes = BASE64_STANDARD.decode(&token).unwrap();
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            assert!(mint.open(&BASE64_STANDARD.encode(altered)).is_none(), "byte {at}");
        }
        for length in [0, 7, LENGTH, LENGTH + 1, bytes.len() - 1] {
            assert!(mint.open(&BASE64_STANDARD.encode(&bytes[..length])).is_none());
        }
        assert!(mint.open("no token").is_none());
        assert!(mint.open(&"A".repeat(MAX_TOKEN_LENGTH + 4)).is_none());
        assert!(Mint::new().open(&token).is_none(), "of another emulator");
    }
}

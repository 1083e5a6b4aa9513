//! Web identity tokens: anything that looks like a JWT is believed.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

use super::errors::StsError;

/// A token that has run out, without being a JWT.
const EXPIRED: &str = "emulator-expired-web-identity";
/// What a subject has in it whose token has run out.
const EXPIRED_WORD: &str = "expired";
/// What a token does not say about itself.
const UNKNOWN_SUBJECT: &str = "emulator-subject";
const UNKNOWN_ISSUER: &str = "https://emulator.example.com";
const UNKNOWN_AUDIENCE: &str = "sts.amazonaws.com";

/// What a token says about its bearer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WebIdentity {
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) audience: String,
}

/// Reads a token; nobody's signature is checked.
pub(super) fn read(token: &str, now: SystemTime) -> Result<WebIdentity, StsError> {
    let token = token.trim();
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    if token == EXPIRED {
        return Err(expired(seconds, seconds));
    }
    let claims = claims(token).ok_or_else(|| {
        StsError::new(
            400,
            "InvalidIdentityToken",
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        )
    })?;
    let claim = |name: &str, unknown: &str| {
        match claims.get(name) {
            Some(Value::Array(entries)) => {
                entries.first().and_then(Value::as_str).map(str::to_owned)
            }
            Some(value) => value.as_str().map(str::to_owned),
            None => None,
        }
        .unwrap_or_else(|| unknown.to_owned())
    };
    let subject = claim("sub", UNKNOWN_SUBJECT);
    let end = claims.get("exp").and_then(Value::as_u64).unwrap_or(u64::MAX);
    if subject.contains(EXPIRED_WORD) || end <= seconds {
        return Err(expired(seconds, end.min(seconds)));
    }
    Ok(WebIdentity {
        subject,
        issuer: claim("iss", UNKNOWN_ISSUER),
        audience: claim("aud", UNKNOWN_AUDIENCE),
    })
}

/// The claims of three parts of base64; none when the middle holds something else.
fn claims(token: &str) -> Option<Value> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else {
        return None;
    };
    let is_encoded = |part: &&str| {
        let letters = part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        !part.is_empty() && letters
    };
    if ![header, payload, signature].into_iter().all(is_encoded) {
        return None;
    }
    let json = BASE64_URL_SAFE_NO_PAD.decode(payload).ok();
    Some(json.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default())
}

fn expired(now: u64, end: u64) -> StsError {
    StsError::new(
        400,
        "ExpiredTokenException",
        format!(
            "Token expired: current date/time {now} must be before the expiration date/time {end}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn of(claims: &str) -> Result<WebIdentity, StsError> {
        let payload = BASE64_URL_SAFE_NO_PAD.encode(claims);
        read(&format!("e30.{payload}.c2ln\n"), UNIX_EPOCH + Duration::from_secs(1_000))
    }

    #[test]
    fn claims_are_read_where_there_are_any() {
        let found = of(r#"{"sub":"system:pod","iss":"https://oidc","aud":["sts"],"exp":1001}"#);
        let expected = WebIdentity {
            subject: "system:pod".into(),
            issuer: "https://oidc".into(),
            audience: "sts".into(),
        };
        assert_eq!(found, Ok(expected));
        assert_eq!(of("no json").unwrap().subject, UNKNOWN_SUBJECT);
    }

    #[test]
    fn tokens_expire_or_are_none() {
        for claims in [r#"{"sub":"expired-pod"}"#, r#"{"exp":1000}"#] {
            assert_eq!(of(claims).unwrap_err().code, "ExpiredTokenException");
        }
        let now = SystemTime::now();
        assert_eq!(read(EXPIRED, now).unwrap_err().code, "ExpiredTokenException");
        for token in ["garbage", "a.b", "a..c", "a.b.c.d", "a.b.c d"] {
            assert_eq!(read(token, now).unwrap_err().code, "InvalidIdentityToken", "{token}");
        }
    }
}

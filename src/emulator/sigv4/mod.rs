//! Verification of AWS Signature Version 4, from the public specification.
//!
//! This is a second opinion on purpose: it shares no code with the signer of
//! any SDK, so that a request both sides agree on is really signed as the
//! service expects. It reads nothing but its arguments.

use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::clock;
use super::errors::{Kind, ServiceError};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
/// How far the caller's clock may be off, as at AWS.
const MAX_SKEW: Duration = Duration::from_secs(5 * 60);

/// The request as it arrived: path and query exactly as on the wire.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// What a signature must be for.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) service: &'a str,
    /// Without it any well-formed region is good.
    pub(super) region: Option<&'a str>,
}

/// What an `Authorization: AWS4-HMAC-SHA256 ...` header says.
pub(super) struct Authorization {
    pub(super) access_key_id: String,
    pub(super) date: String,
    pub(super) region: String,
    pub(super) service: String,
    terminator: String,
    signed_headers: Vec<String>,
    signature: String,
}

impl Authorization {
    /// Takes the header apart; says which part is missing.
    pub(super) fn parse(header: &str) -> Result<Self, ServiceError> {
        let incomplete = |what: &str| ServiceError::new(Kind::IncompleteSignature, what.to_owned());
        let Some(parameters) = header.trim().strip_prefix(ALGORITHM) else {
            return Err(incomplete("Unsupported AWS 'algorithm' in Authorization header."));
        };
        let parameter = |name: &str| {
            parameters
                .split(',')
                .filter_map(|part| part.trim().split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.trim())
                .filter(|value| !value.is_empty())
                .ok_or_else(|| {
                    incomplete(&format!("Authorization header requires '{name}' parameter."))
                })
        };
        let credential = parameter("Credential")?;
        let signed_headers = parameter("SignedHeaders")?;
        let signature = parameter("Signature")?;
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key_id, date, region, service, terminator] = parts.as_slice() else {
            return Err(incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
            ));
        };
        Ok(Self {
            access_key_id: (*access_key_id).to_owned(),
            date: (*date).to_owned(),
            region: (*region).to_owned(),
            service: (*service).to_owned(),
            terminator: (*terminator).to_owned(),
            signed_headers: signed_headers.split(';').map(str::to_owned).collect(),
            signature: signature.to_owned(),
        })
    }

    /// Whether `secret` signed exactly this request, now, for this scope.
    pub(super) fn verify(
        &self,
        request: Request<'_>,
        secret: &SecretString,
        scope: Scope<'_>,
        now: SystemTime,
    ) -> Result<(), ServiceError> {
        let timestamp = timestamp(request.headers)?;
        self.check_scope(scope, timestamp)?;
        check_clock(timestamp, now)?;
        self.check_signed_headers(request.headers)?;
        let expected = self.signature_of(request, secret, timestamp);
        let same = expected.is_some_and(|expected| {
            bool::from(expected.as_bytes().ct_eq(self.signature.as_bytes()))
        });
        if same { Ok(()) } else { Err(Kind::InvalidSignature.error()) }
    }

    fn check_scope(&self, scope: Scope<'_>, timestamp: &str) -> Result<(), ServiceError> {
        let invalid = |what: String| Err(ServiceError::new(Kind::InvalidSignature, what));
        let right_region = match scope.region {
            Some(region) => self.region == region,
            None => is_region_name(&self.region),
        };
        if !right_region {
            return invalid("Credential should be scoped to a valid region. ".to_owned());
        }
        if self.service != scope.service {
            return invalid(format!(
                "Credential should be scoped to correct service: '{}'. ",
                scope.service
            ));
        }
        if self.terminator != TERMINATOR {
            return invalid(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{}'.",
                self.terminator
            ));
        }
        let day = timestamp.get(..8).unwrap_or_default();
        if self.date != day {
            return invalid(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{day}', from '{timestamp}'.",
                self.date
            ));
        }
        Ok(())
    }

    /// The parts of a request that must not be left out of the signature.
    fn check_signed_headers(&self, headers: &HeaderMap) -> Result<(), ServiceError> {
        let signed = |name: &str| self.signed_headers.iter().any(|header| header == name);
        if !signed("host") {
            return Err(ServiceError::new(
                Kind::InvalidSignature,
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
            ));
        }
        for name in ["x-amz-date", "x-amz-security-token"] {
            if headers.contains_key(name) && !signed(name) {
                return Err(ServiceError::new(
                    Kind::InvalidSignature,
                    format!("'{name}' must be a 'SignedHeader' in the AWS Authorization."),
                ));
            }
        }
        Ok(())
    }

    fn signature_of(
        &self,
        request: Request<'_>,
        secret: &SecretString,
        timestamp: &str,
    ) -> Option<String> {
        let canonical = canonical_request(request, &self.signed_headers);
        let scope = format!("{}/{}/{}/{}", self.date, self.region, self.service, self.terminator);
        let string_to_sign =
            format!("{ALGORITHM}\n{timestamp}\n{scope}\n{}", sha256_hex(canonical.as_bytes()));
        let first = format!("AWS4{}", secret.expose_secret());
        let mut key = hmac_sha256(first.as_bytes(), self.date.as_bytes())?;
        for part in [&self.region, &self.service, &self.terminator] {
            key = hmac_sha256(&key, part.as_bytes())?;
        }
        hmac_sha256(&key, string_to_sign.as_bytes()).map(|bytes| hex(&bytes))
    }
}

/// The moment the caller says it signed at.
fn timestamp(headers: &HeaderMap) -> Result<&str, ServiceError> {
    headers
        .get("x-amz-date")
        .and_then(|value| value.to_str().ok())
        .map(str::trim)
        .filter(|value| clock::parse_amz_date(value).is_some())
        .ok_or_else(|| {
            ServiceError::new(
                Kind::IncompleteSignature,
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            )
        })
}

fn check_clock(timestamp: &str, now: SystemTime) -> Result<(), ServiceError> {
    let Some(signed_at) = clock::parse_amz_date(timestamp) else {
        return Err(Kind::InvalidSignature.error());
    };
    let at = clock::format_amz_date(now);
    let earliest = now.checked_sub(MAX_SKEW).unwrap_or(now);
    let latest = now.checked_add(MAX_SKEW).unwrap_or(now);
    let message = if signed_at < earliest {
        format!(
            "Signature expired: {timestamp} is now earlier than {} ({at} - 5 min.)",
            clock::format_amz_date(earliest)
        )
    } else if signed_at > latest {
        format!(
            "Signature not yet current: {timestamp} is still later than {} ({at} + 5 min.)",
            clock::format_amz_date(latest)
        )
    } else {
        return Ok(());
    };
    Err(ServiceError::new(Kind::InvalidSignature, message))
}

/// `us-east-1`, `ap-southeast-2`, `us-gov-west-1` and what comes after them.
fn is_region_name(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let Some((number, words)) = parts.split_last() else {
        return false;
    };
    let is_word =
        |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.len() >= 2
        && words.iter().all(is_word)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn canonical_request(request: Request<'_>, signed_headers: &[String]) -> String {
    let mut text = format!(
        "{}\n{}\n{}\n",
        request.method,
        canonical_path(request.path),
        canonical_query(request.query)
    );
    for name in signed_headers {
        text.push_str(name);
        text.push(':');
        text.push_str(&canonical_header(request.headers, name));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&signed_headers.join(";"));
    text.push('\n');
    text.push_str(&sha256_hex(request.body));
    text
}

/// Dot segments and doubled slashes go, then every segment of the path on the
/// wire is encoded once more: a `%3A` there is a `%253A` here.
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let mut text = String::new();
    for segment in &segments {
        text.push('/');
        encode_into(segment.as_bytes(), &mut text);
    }
    if text.is_empty() || path.ends_with('/') {
        text.push('/');
    }
    text
}

fn canonical_query(query: &str) -> String {
    let decoded = |text: &str| -> Vec<u8> { percent_encoding::percent_decode_str(text).collect() };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (mut left, mut right) = (String::new(), String::new());
            encode_into(&decoded(name), &mut left);
            encode_into(&decoded(value), &mut right);
            (left, right)
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// Values of one header, trimmed, runs of spaces made one, joined by commas.
fn canonical_header(headers: &HeaderMap, name: &str) -> String {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        })
        .collect();
    values.join(",")
}

fn encode_into(bytes: &[u8], text: &mut String) {
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
}

fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hmac_sha256(key: &[u8], data: &[u8]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(data);
    Some(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests;

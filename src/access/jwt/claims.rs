//! What a token's claims say, once its signature is good (RFC 7519, section 4).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::error::JwtError;
use super::options::{ClaimMapping, JwtOptions, NullVirtualKeys};

/// How far the issuer's clock may be from ours.
pub const LEEWAY: Duration = Duration::from_secs(60);
/// The longest name of a caller, in bytes: it stands in every line of the log. An
/// e-mail address has at most 254.
const MAX_NAME_BYTES: usize = 256;

/// Who a caller is and what it may do, by a token that was verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// What the caller is called.
    pub name: String,
    /// The claim `sub`.
    pub subject: Option<String>,
    /// The token's scopes, or the default ones if it has no such claim.
    pub scopes: Vec<String>,
    /// Slugs of the virtual keys that may be used; `None` for any, if the token has no
    /// such claim.
    pub virtual_keys: Option<Vec<String>>,
    /// Texts, numbers and truth values by name.
    pub metadata: BTreeMap<String, Value>,
    /// The claim `exp`. The token is taken for [`LEEWAY`] longer.
    pub expires_at: SystemTime,
}

impl Identity {
    /// Whether the token that says so is over at `now` (RFC 7519, section 4.1.4).
    pub(super) fn has_expired(&self, now: SystemTime) -> bool {
        now.duration_since(self.expires_at).is_ok_and(|over| over >= LEEWAY)
    }

    /// Reads the claims of a token whose signature is good.
    pub(super) fn of(
        claims: &[u8],
        options: &JwtOptions,
        now: SystemTime,
    ) -> Result<Self, JwtError> {
        let claims: Claims = serde_json::from_slice(claims).map_err(|_| JwtError::Malformed)?;
        let claims = &claims;
        check_issuer(claims, &options.issuer)?;
        check_audience(claims, &options.audience)?;
        let expires_at = moment(claims, "exp")?.ok_or_else(|| missing("exp"))?;
        let not_before = moment(claims, "nbf")?;
        let ClaimMapping { name, scopes, virtual_keys, metadata } = &options.claims;
        let identity = Self {
            name: name_of(claims, name)?,
            subject: find(claims, "sub").map(|value| text(value, "sub")).transpose()?,
            scopes: match words(claims, scopes, char::is_whitespace)? {
                Words::Absent => options.default_scopes.clone(),
                Words::Null => Vec::new(),
                Words::Given(scopes) => scopes,
            },
            virtual_keys: match words(claims, virtual_keys, |c| c == ',')? {
                Words::Absent => None,
                Words::Null => match options.null_virtual_keys {
                    NullVirtualKeys::None => Some(Vec::new()),
                    NullVirtualKeys::Any => None,
                },
                Words::Given(slugs) => Some(slugs),
            },
            metadata: metadata_of(claims, metadata)?,
            expires_at,
        };
        if identity.has_expired(now) {
            return Err(JwtError::Expired);
        }
        let is_early =
            |from: SystemTime| from.duration_since(now).is_ok_and(|ahead| ahead > LEEWAY);
        if not_before.is_some_and(is_early) {
            return Err(JwtError::NotYetValid);
        }
        Ok(identity)
    }
}

type Claims = Map<String, Value>;

fn check_issuer(claims: &Claims, issuer: &str) -> Result<(), JwtError> {
    let said = claims.get("iss").ok_or_else(|| missing("iss"))?;
    if said.as_str() == Some(issuer) { Ok(()) } else { Err(JwtError::WrongIssuer) }
}

fn check_audience(claims: &Claims, audience: &[String]) -> Result<(), JwtError> {
    let is_ours = |said: &Value| audience.iter().any(|ours| said.as_str() == Some(ours));
    let found = match claims.get("aud").ok_or_else(|| missing("aud"))? {
        Value::Array(several) => several.iter().any(is_ours),
        one => is_ours(one),
    };
    if found { Ok(()) } else { Err(JwtError::WrongAudience) }
}

/// A `NumericDate` (RFC 7519, section 2): seconds since 1970, perhaps with a fraction.
fn moment(claims: &Claims, name: &str) -> Result<Option<SystemTime>, JwtError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let since = match value.as_u64() {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
    };
    let moment = since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
    moment.map(Some).ok_or_else(|| invalid(name))
}

/// The first of the claims that is there and says something.
fn name_of(claims: &Claims, names: &[String]) -> Result<String, JwtError> {
    for claim in names {
        let Some(value) = find(claims, claim) else { continue };
        let name = text(value, claim)?;
        if name.len() > MAX_NAME_BYTES || name.contains(char::is_control) {
            return Err(invalid(claim));
        }
        if !name.trim().is_empty() {
            return Ok(name);
        }
    }
    Err(JwtError::MissingClaim(names.join("` or `")))
}

/// What a claim with a list contains. A claim that is null grants nothing: it must not be
/// taken for one that is absent, where defaults apply.
enum Words {
    Absent,
    Null,
    Given(Vec<String>),
}

/// Reads an array of texts, or a text with separators.
fn words(
    claims: &Claims,
    claim: &str,
    is_separator: impl Fn(char) -> bool,
) -> Result<Words, JwtError> {
    let words = match find_or_null(claims, claim) {
        None => return Ok(Words::Absent),
        Some(Value::Null) => return Ok(Words::Null),
        Some(Value::String(text)) => text.split(is_separator).map(str::to_owned).collect(),
        Some(Value::Array(several)) => {
            several.iter().map(|one| text(one, claim)).collect::<Result<Vec<_>, _>>()?
        }
        Some(_) => return Err(invalid(claim)),
    };
    let words = words.iter().map(|word| word.trim()).filter(|word| !word.is_empty());
    Ok(Words::Given(words.map(str::to_owned).collect()))
}

fn metadata_of(claims: &Claims, claim: &str) -> Result<BTreeMap<String, Value>, JwtError> {
    let Some(value) = find(claims, claim) else { return Ok(BTreeMap::new()) };
    let members = value.as_object().ok_or_else(|| invalid(claim))?;
    if members.values().any(|value| value.is_array() || value.is_object()) {
        return Err(invalid(claim));
    }
    let said = members.iter().filter(|(_, value)| !value.is_null());
    Ok(said.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// The claim of that name, or what is found by it as a path; never `null`.
fn find<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    find_or_null(claims, name).filter(|value| !value.is_null())
}

/// The same, where `null` is found too, also on the way of a path.
fn find_or_null<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    let by_path = || {
        let mut steps = name.split('.');
        let first = claims.get(steps.next()?)?;
        steps.try_fold(first, |value, step| match value {
            Value::Null => Some(value),
            value => value.as_object()?.get(step),
        })
    };
    claims.get(name).or_else(by_path)
}

fn text(value: &Value, claim: &str) -> Result<String, JwtError> {
    value.as_str().map(str::to_owned).ok_or_else(|| invalid(claim))
}

fn missing(claim: &str) -> JwtError {
    JwtError::MissingClaim(claim.to_owned())
}

fn invalid(claim: &str) -> JwtError {
    JwtError::InvalidClaim(claim.to_owned())
}

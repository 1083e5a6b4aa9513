//! What the operator says about tokens.

use std::path::PathBuf;

use url::Url;

use crate::upstream::document;

/// Whose tokens are believed, and which claims say what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtOptions {
    /// The keys of the issuer.
    pub keys: JwksSource,
    /// What a token's `iss` must be, letter for letter.
    pub issuer: String,
    /// Of these a token's `aud` must name one. With none, every token is refused.
    pub audience: Vec<String>,
    /// Which claims say what.
    pub claims: ClaimMapping,
    /// The scopes of a token that has no claim with scopes.
    pub default_scopes: Vec<String>,
    /// The virtual keys of a token whose claim with them is `null`.
    pub null_virtual_keys: NullVirtualKeys,
}

/// Which virtual keys a claim that is `null` allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NullVirtualKeys {
    /// None.
    #[default]
    None,
    /// Any, as where the claim is absent.
    Any,
}

/// Which claims say what. A name is that of a claim, such as
/// `https://example.com/scopes`, or, if there is no such claim, a path into
/// objects, such as `realm_access.roles`. A claim that is `null` is passed over, but for
/// scopes and virtual keys, of which it grants none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimMapping {
    /// The first of these that a token has names the caller. What issuers let
    /// people change about themselves, or do not check, is not a good name.
    pub name: Vec<String>,
    /// Scopes: words with spaces between, or an array.
    pub scopes: String,
    /// Slugs of the virtual keys that may be used: an array, or with commas between.
    pub virtual_keys: String,
    /// An object of texts, numbers and truth values.
    pub metadata: String,
}

impl Default for ClaimMapping {
    fn default() -> Self {
        Self {
            name: vec!["email".to_owned(), "sub".to_owned()],
            scopes: "scope".to_owned(),
            virtual_keys: "virtual_keys".to_owned(),
            metadata: "metadata".to_owned(),
        }
    }
}

/// Where the issuer's keys are, as a JWK Set (RFC 7517, section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwksSource {
    /// An https URL, or an http one of this machine.
    Url(String),
    /// A file.
    File(PathBuf),
}

/// Not a place that keys may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwksSourceError {
    /// Nothing at all.
    #[error("must be an https URL or the path of a file")]
    Empty,
    /// A URL that keys may not come from.
    #[error(
        "must be an https URL without user name or password (http is for this machine's addresses only), or the path of a file"
    )]
    Url,
}

impl JwksSource {
    /// Reads a setting: what has `://` in it is a URL, everything else a path.
    ///
    /// # Errors
    /// See [`JwksSourceError`].
    pub fn parse(text: &str) -> Result<Self, JwksSourceError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(JwksSourceError::Empty);
        }
        if !text.contains("://") {
            return Ok(Self::File(PathBuf::from(text)));
        }
        let url = Url::parse(text).ok().filter(document::may_fetch);
        url.map(|url| Self::Url(url.into())).ok_or(JwksSourceError::Url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_by_https_from_this_machine_or_from_a_file() {
        let url = "https://issuer.example/.well-known/jwks.json";
        assert_eq!(JwksSource::parse(url), Ok(JwksSource::Url(url.to_owned())));
        let local = JwksSource::parse("http://localhost:8080/jwks");
        assert_eq!(local, Ok(JwksSource::Url("http://localhost:8080/jwks".to_owned())));
        let file = JwksSource::parse(" /etc/gateway/jwks.json ");
        assert_eq!(file, Ok(JwksSource::File("/etc/gateway/jwks.json".into())));
        assert_eq!(JwksSource::parse("  "), Err(JwksSourceError::Empty));
        for url in ["http://issuer.example/", "https://u:p@issuer.example/", "ftp://x/", "https://"]
        {
            assert_eq!(JwksSource::parse(url), Err(JwksSourceError::Url), "{url}");
        }
    }
}

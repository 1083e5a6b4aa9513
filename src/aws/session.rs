//! How a session of an assumed role is named and tagged.
//!
//! Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>.

/// The longest name of a session that STS takes.
const MAX_NAME: usize = 64;
/// How every name begins, so that CloudTrail tells who called.
const PREFIX: &str = "bedrock-gateway";
/// The most tags of a session.
pub const MAX_TAGS: usize = 50;
/// The longest key of a tag, in characters.
const MAX_TAG_KEY: usize = 128;
/// The longest value of a tag, in characters.
const MAX_TAG_VALUE: usize = 256;

/// Name and tags of a session. CloudTrail shows both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    name: String,
    tags: Vec<(String, String)>,
}

/// STS would not take a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a session tag: a key has 1 to {MAX_TAG_KEY} and a value at most {MAX_TAG_VALUE} letters, digits, spaces and characters of `_.:/=+@-`"
)]
pub struct InvalidTag;

impl Session {
    /// The session of a caller: `bedrock-gateway-` and what of its name STS takes;
    /// without a name, `bedrock-gateway`.
    #[must_use]
    pub fn of(caller: Option<&str>, tags: Vec<(String, String)>) -> Self {
        let legal =
            |c: char| if c.is_ascii_alphanumeric() || "_=,.@-".contains(c) { c } else { '-' };
        let name = match caller {
            None => PREFIX.to_owned(),
            Some(caller) => {
                let whole = format!("{PREFIX}-{caller}");
                whole.chars().map(legal).take(MAX_NAME).collect()
            }
        };
        Self { name, tags }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its tags.
    #[must_use]
    pub fn tags(&self) -> &[(String, String)] {
        &self.tags
    }
}

/// Whether STS takes a tag.
///
/// # Errors
/// It does not.
pub fn check_tag(key: &str, value: &str) -> Result<(), InvalidTag> {
    let legal = |text: &str| {
        text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c))
    };
    let fits = (1..=MAX_TAG_KEY).contains(&key.chars().count())
        && value.chars().count() <= MAX_TAG_VALUE
        && legal(key)
        && legal(value)
        && !key.to_ascii_lowercase().starts_with("aws:");
    if fits { Ok(()) } else { Err(InvalidTag) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_names_its_caller_in_letters_that_sts_takes() {
        for (caller, name) in [
            (None, "bedrock-gateway"),
            (Some("team-a"), "bedrock-gateway-team-a"),
            (Some("jo@example.com"), "bedrock-gateway-jo@example.com"),
            (Some("Käthe & Co/x"), "bedrock-gateway-K-the---Co-x"),
            (Some(""), "bedrock-gateway-"),
        ] {
            assert_eq!(Session::of(caller, Vec::new()).name(), name);
        }
        assert_eq!(Session::of(Some(&"x".repeat(100)), Vec::new()).name().len(), MAX_NAME);
    }

    #[test]
    fn tags_have_their_bounds() {
        assert!(check_tag("team", "Search & more".replace(" &", "").as_str()).is_ok());
        assert!(check_tag("k", "").is_ok());
        for (key, value) in [
            ("", "v"),
            ("k", "a&b"),
            ("aws:x", "v"),
            (&"k".repeat(129), "v"),
            ("k", &"v".repeat(257)),
        ] {
            assert_eq!(check_tag(key, value), Err(InvalidTag), "{key} {value}");
        }
    }
}

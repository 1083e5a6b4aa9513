//! Model ids on the wire.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What the service accepts at most.
const MAX_LENGTH: usize = 2048;

/// Everything but RFC 3986's unreserved characters, as AWS's own clients do.
const PATH_SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The id or ARN of a model or inference profile, as Bedrock knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelId(String);

/// The text cannot be a model id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be the id or ARN of a model or inference profile, without white space")]
pub struct InvalidModelId;

impl ModelId {
    /// Takes an id as a client writes it. One that is percent-encoded already is
    /// decoded, since `%` is part of no id.
    ///
    /// # Errors
    /// It is empty, too long, or holds characters that no id has.
    pub fn parse(text: &str) -> Result<Self, InvalidModelId> {
        let id = if text.contains('%') {
            percent_decode_str(text).decode_utf8().map_err(|_| InvalidModelId)?
        } else {
            Cow::Borrowed(text)
        };
        // A segment of dots alone would be resolved away by a URL parser.
        let names_something = id.bytes().any(|b| b.is_ascii_alphanumeric());
        let fits = id.len() <= MAX_LENGTH && id.bytes().all(|b| b.is_ascii_graphic() && b != b'%');
        if names_something && fits { Ok(Self(id.into_owned())) } else { Err(InvalidModelId) }
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as one segment of a URL's path, percent-encoded once.
    #[must_use]
    pub fn path_segment(&self) -> impl fmt::Display + '_ {
        utf8_percent_encode(&self.0, PATH_SEGMENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_encoded_once() {
        for (id, segment) in [
            ("anthropic.claude-v2:1", "anthropic.claude-v2%3A1"),
            ("anthropic.claude-v2%3A1", "anthropic.claude-v2%3A1"),
            (
                "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/ab12",
                "arn%3Aaws%3Abedrock%3Aeu-west-1%3A111122223333%3Aapplication-inference-profile%2Fab12",
            ),
        ] {
            assert_eq!(ModelId::parse(id).unwrap().path_segment().to_string(), segment);
        }
    }

    #[test]
    fn what_cannot_be_an_id_is_refused() {
        for bad in ["", " ", "..", "a b", "a\nb", "a%ff", "a%2525", "é"] {
            assert_eq!(ModelId::parse(bad), Err(InvalidModelId), "{bad:?}");
        }
    }
}

//! JSON in: reading with errors that name their place, and with bounds on what is read.

pub mod counts;
pub mod declare;
pub mod object;
pub mod overlay;
pub mod raw_object;
pub mod read;
pub mod string_or;

use serde::de::DeserializeOwned;
use serde_json::de::SliceRead;

use self::counts::{Counted, Counts, Limits};
use self::read::Read;

/// Why a text is not the JSON that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The place, such as `messages[2].content`; `None` if it is the whole text.
    pub path: Option<String>,
    /// What is wrong there; repeats nothing of the text but the names of members.
    pub message: String,
}

/// Reads a value from a text.
///
/// # Errors
/// The text is no JSON, or a member has the wrong type.
pub fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    // Keeping track of the place costs time, so it is done only where there is
    // something to tell.
    serde_json::from_slice(text).or_else(|_| with_place(text, |json| T::deserialize(json)))
}

/// Reads a value from a text that may hold only so much.
///
/// # Errors
/// As of [`from_slice`], or the text holds too much.
pub fn read_slice<T: Read>(text: &[u8], limits: Limits) -> Result<T, ReadError> {
    let counts = Counts::new(limits);
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = T::read(&mut json, &counts).and_then(|value| json.end().map(|()| value));
    if let Ok(value) = read {
        return Ok(value);
    }
    if let Some(counted) = counts.exceeded() {
        return Err(ReadError::TooMany(counted));
    }
    let counts = Counts::new(limits);
    Ok(with_place(text, |json| T::read(json, &counts))?)
}

/// Why a value could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The text is not what was expected.
    #[error(transparent)]
    Invalid(#[from] Error),
    /// It holds too many of these.
    #[error("the text holds too many values")]
    TooMany(Counted),
}

/// A deserializer that keeps track of the place.
type Tracked<'a, 'b, 'j, 'de> =
    serde_path_to_error::Deserializer<'a, 'b, &'j mut serde_json::Deserializer<SliceRead<'de>>>;

/// Reads all of a text, slower, for the place of its error.
fn with_place<T>(
    text: &[u8],
    read: impl FnOnce(Tracked<'_, '_, '_, '_>) -> Result<T, serde_json::Error>,
) -> Result<T, Error> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let mut track = serde_path_to_error::Track::new();
    let value = read(Tracked::new(&mut json, &mut track)).map_err(|error| {
        let path = track.path().to_string();
        // `?` stands for a member that was cut off.
        let path = path.trim_end_matches('?').trim_end_matches('.');
        let message = error.to_string();
        let path = match missing_member(&message) {
            Some(name) if path.is_empty() => name.to_owned(),
            Some(name) => format!("{path}.{name}"),
            None => path.to_owned(),
        };
        let path = path.chars().take(MAX_PATH).collect::<String>();
        Error { path: (!path.is_empty()).then_some(path), message: in_words_of_json(&message) }
    })?;
    json.end().map_err(|error| Error { path: None, message: error.to_string() })?;
    Ok(value)
}

/// How much of a place is told, in characters: a member's name may be all of the body.
const MAX_PATH: usize = 256;

fn missing_member(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

/// `invalid type: string "...", expected struct X at line 1 column 2` without the
/// value, which may be megabytes or a secret, and without the names of Rust's types.
fn in_words_of_json(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(text, _)| text);
    let Some((found, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    let found = found.split(['"', '`']).next().unwrap_or_default().trim();
    let expected = match expected {
        "a sequence" => "an array",
        "a map" => "an object",
        "f64" => "a number",
        "i64" | "u64" | "u32" => "a whole number",
        other if other.starts_with("struct ") => "an object",
        other => other,
    };
    format!("{found}, expected {expected}")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Sample {
        a: Vec<u8>,
    }

    #[test]
    fn the_place_of_an_error_is_told() {
        let path = |text: &str| from_slice::<Sample>(text.as_bytes()).unwrap_err().path;
        assert_eq!(path(r#"{"a":[1,"x"]}"#).as_deref(), Some("a[1]"));
        assert_eq!(path(r#"{"a":5}"#).as_deref(), Some("a"));
        assert_eq!(path("{}").as_deref(), Some("a"));
        for whole in ["", "{", "[", "{\"a\":[]} x", "null"] {
            assert_eq!(path(whole), None, "{whole}");
        }
        assert_eq!(from_slice::<Sample>(b"{\"a\":[1]}"), Ok(Sample { a: vec![1] }));
    }

    #[test]
    fn values_and_names_of_types_are_not_repeated() {
        for (text, message) in [
            (r#"{"a":"hush, expected"}"#, "invalid type: string, expected an array"),
            (r#"{"a":[{"hush":1}]}"#, "invalid type: map, expected u8"),
            (r#"[]"#, "invalid length 0, expected an object"),
            (r#""hush""#, "invalid type: string, expected an object"),
        ] {
            assert_eq!(from_slice::<Sample>(text.as_bytes()).unwrap_err().message, message);
        }
    }
}

//! JSON in, with errors that name their place.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why a text is not the JSON that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The place, such as `messages[2].content`; `None` if it is the whole text.
    pub path: Option<String>,
    /// What is wrong there. It may repeat the value, so it is for the one who sent it.
    pub message: String,
}

/// Reads a value from a text.
///
/// # Errors
/// The text is no JSON, or a member has the wrong type.
pub fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    // Keeping track of the place costs time, so it is done only where there is
    // something to tell.
    serde_json::from_slice(text).or_else(|_| {
        let mut json = serde_json::Deserializer::from_slice(text);
        let value = with_place(&mut json)?;
        json.end().map_err(|error| Error { path: None, message: error.to_string() })?;
        Ok(value)
    })
}

/// Reads a value from one that was read before.
///
/// # Errors
/// A member has the wrong type.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    with_place(value)
}

fn with_place<'de, T: Deserialize<'de>, D>(deserializer: D) -> Result<T, Error>
where
    D: serde::Deserializer<'de, Error = serde_json::Error>,
{
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        // `?` stands for a member that was cut off.
        let path = path.trim_end_matches('?').trim_end_matches('.');
        let path = (!path.is_empty()).then(|| path.to_owned());
        Error { path, message: error.into_inner().to_string() }
    })
}

#[cfg(test)]
mod tests {
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
        for whole in ["", "{", "[", "{}", "{\"a\":[]} x", "null"] {
            assert_eq!(path(whole), None, "{whole}");
        }
        assert_eq!(from_slice::<Sample>(b"{\"a\":[1]}"), Ok(Sample { a: vec![1] }));
    }
}

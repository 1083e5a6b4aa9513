//! The members of a request, read as the service reads them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::blob::Context;
use super::errors::KmsError;

/// A request's members.
pub(super) struct Members(Map<String, Value>);

impl Members {
    pub(super) fn parse(body: &[u8]) -> Result<Self, KmsError> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            _ => {
                Err(KmsError::serialization("Start of structure or map found where not expected."))
            }
        }
    }

    /// A member that is there and not null.
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, KmsError> {
        self.get(name).map(|value| value.as_str().ok_or_else(|| unexpected(name))).transpose()
    }

    pub(super) fn required_text(&self, name: &str) -> Result<&str, KmsError> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, KmsError> {
        self.get(name).map(|value| value.as_i64().ok_or_else(|| unexpected(name))).transpose()
    }

    /// Bytes, at least one and at most `max`.
    pub(super) fn blob(&self, name: &str, max: usize) -> Result<Vec<u8>, KmsError> {
        let text = self.required_text(name)?;
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| unexpected(name))?;
        if bytes.is_empty() || bytes.len() > max {
            let constraint = format!("Member must have length between 1 and {max}");
            return Err(KmsError::constraint("'***sensitive***'", &path(name), &constraint));
        }
        Ok(bytes)
    }

    /// A map of texts, empty when it is not there.
    pub(super) fn context(&self, name: &str) -> Result<Context, KmsError> {
        match self.get(name) {
            None => Ok(Context::new()),
            Some(Value::Object(entries)) => entries
                .iter()
                .map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
                .collect::<Option<Context>>()
                .ok_or_else(|| unexpected(name)),
            Some(_) => Err(unexpected(name)),
        }
    }
}

fn missing(name: &str) -> KmsError {
    KmsError::constraint("null", &path(name), "Member must not be null")
}

fn unexpected(name: &str) -> KmsError {
    KmsError::serialization(format!("Unexpected value type in payload: {name}"))
}

/// A member's name as texts spell it, with a small first letter.
fn path(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_their_types() {
        let members = Members::parse(
            br#"{"KeyId": "k", "NumberOfBytes": 3, "Plaintext": "aGk=", "Bad": "?", "Empty": "", "Null": null,
                "EncryptionContext": {"a": "b"}, "Odd": {"a": 1}}"#,
        )
        .unwrap();
        assert_eq!(members.required_text("KeyId"), Ok("k"));
        assert_eq!(members.text("Null"), Ok(None));
        assert_eq!(members.number("NumberOfBytes"), Ok(Some(3)));
        assert_eq!(members.blob("Plaintext", 2).as_deref(), Ok(b"hi".as_slice()));
        assert_eq!(members.context("EncryptionContext").unwrap().len(), 1);
        assert!(members.context("None").unwrap().is_empty());
        let code = |error: Option<KmsError>| error.map(|error| error.code);
        assert_eq!(code(members.required_text("Null").err()), Some("ValidationException"));
        assert_eq!(code(members.blob("Plaintext", 1).err()), Some("ValidationException"));
        assert_eq!(code(members.blob("Empty", 1).err()), Some("ValidationException"));
        assert_eq!(code(members.blob("Bad", 9).err()), Some("SerializationException"));
        assert_eq!(code(members.context("Odd").err()), Some("SerializationException"));
        assert_eq!(code(members.number("KeyId").err()), Some("SerializationException"));
        assert_eq!(code(Members::parse(b"[]").err()), Some("SerializationException"));
    }
}

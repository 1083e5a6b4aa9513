//! A JSON object that is handed on as it was written.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

use super::counts::{Counted, Counts, values_in};
use super::read::{Borrowed, Read};

/// Any JSON object, kept as text: what is in it is not the gateway's business,
/// and text takes no more room than it did in the body.
#[derive(Debug, Clone)]
pub struct RawObject(Box<RawValue>);

impl RawObject {
    /// The object's text.
    #[must_use]
    pub fn as_raw(&self) -> &RawValue {
        &self.0
    }

    /// Whether the object has no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.get().bytes().all(|b| matches!(b, b'{' | b'}') || b.is_ascii_whitespace())
    }

    /// The members, each as text.
    #[must_use]
    pub fn members(&self) -> BTreeMap<String, &RawValue> {
        // It was read as an object before.
        serde_json::from_str(self.0.get()).unwrap_or_default()
    }
}

/// Its values are counted: translation may take it apart.
impl Read for RawObject {
    fn read<'de, D: Deserializer<'de>>(from: D, counts: &Counts) -> Result<Self, D::Error> {
        let object = Self::deserialize(from)?;
        counts.add(Counted::SchemaValues, values_in(object.0.get()))?;
        Ok(object)
    }
}

impl Borrowed for RawObject {
    type As<'a> = &'a Self;

    fn borrowed(&self) -> &Self {
        self
    }
}

impl<'de> Deserialize<'de> for RawObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with('{') {
            Ok(Self(raw))
        } else {
            Err(D::Error::custom("invalid type, expected an object"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_pass() {
        let object: RawObject = serde_json::from_str(r#"{"b": 1.10, "a": {"c": null}}"#).unwrap();
        assert_eq!(object.as_raw().get(), r#"{"b": 1.10, "a": {"c": null}}"#);
        assert_eq!(object.members()["b"].get(), "1.10");
        assert!(!object.is_empty());
        assert!(serde_json::from_str::<RawObject>("{ }").unwrap().is_empty());
        for other in ["[]", "5", "\"{\"", "true"] {
            assert!(serde_json::from_str::<RawObject>(other).is_err(), "{other}");
        }
        assert!(serde_json::from_str::<Option<RawObject>>("null").unwrap().is_none());
    }
}

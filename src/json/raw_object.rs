//! A JSON object that is handed on as it was written.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
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

/// An object without members.
#[must_use]
pub fn empty_object() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).unwrap_or_default()
}

/// An object without the members whose name is empty; `None` if it has none of those, or is
/// no object.
#[must_use]
pub fn without_unnamed_members(object: &RawValue) -> Option<Box<RawValue>> {
    /// Copies members as they come, so that as much memory is used as the text has bytes.
    struct Copied<'c> {
        out: &'c mut String,
        has_unnamed: &'c mut bool,
    }

    impl<'de> Visitor<'de> for Copied<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(name) = map.next_key::<String>()? {
                let value = map.next_value::<&RawValue>()?;
                if name.is_empty() {
                    *self.has_unnamed = true;
                    continue;
                }
                if self.out.len() > 1 {
                    self.out.push(',');
                }
                let name = serde_json::to_string(&name).map_err(A::Error::custom)?;
                self.out.extend([name.as_str(), ":", value.get()]);
            }
            Ok(())
        }
    }

    let (mut out, mut has_unnamed) = ("{".to_owned(), false);
    let copied = Copied { out: &mut out, has_unnamed: &mut has_unnamed };
    serde_json::Deserializer::from_str(object.get()).deserialize_map(copied).ok()?;
    out.push('}');
    if has_unnamed { RawValue::from_string(out).ok() } else { None }
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
        let without = |text| {
            let raw: Box<RawValue> = serde_json::from_str(text).unwrap();
            without_unnamed_members(&raw).map(|raw| raw.get().to_owned())
        };
        assert_eq!(without(r#"{"a":{"":1}}"#), None);
        let text = r#"{"":0,"a\n" : {"":1.0} ,"":2,"b":[ 3]}"#;
        assert_eq!(without(text).as_deref(), Some(r#"{"a\n":{"":1.0},"b":[ 3]}"#));
        assert_eq!(without(r#"{"":0}"#).as_deref(), Some("{}"));
        for other in ["[]", "5", "\"{\"", "true"] {
            assert!(serde_json::from_str::<RawObject>(other).is_err(), "{other}");
        }
        assert!(serde_json::from_str::<Option<RawObject>>("null").unwrap().is_none());
    }
}

//! "A string, or something else": the shape OpenAI uses for `content`, `stop`
//! and `tool_choice`.
//!
//! Written by hand because `#[serde(untagged)]` buffers the value and so loses
//! the path of an error inside it (`messages[2].content[0].image_url.url`).

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::counts::Counts;
use super::read::{Borrowed, Read, unlimited};

/// A JSON string, or a value of type `T` (an array or an object).
#[derive(Debug, Clone, PartialEq)]
pub enum StringOr<T> {
    /// The plain string form.
    String(Box<str>),
    /// The structured form.
    Other(T),
}

/// Says in an error message what is expected besides a string.
pub trait Expected {
    /// For example `a string or an array`.
    const EXPECTED: &'static str;
}

impl<T> Expected for Vec<T> {
    const EXPECTED: &'static str = "a string or an array";
}

impl<T> Expected for Box<[T]> {
    const EXPECTED: &'static str = "a string or an array";
}

impl<T: Expected> Expected for Box<T> {
    const EXPECTED: &'static str = T::EXPECTED;
}

impl<T: Read + Expected> Read for StringOr<T> {
    fn read<'de, D: Deserializer<'de>>(from: D, counts: &Counts) -> Result<Self, D::Error> {
        from.deserialize_any(StringOrVisitor(counts, PhantomData))
    }
}

impl<'de, T: Read + Expected> Deserialize<'de> for StringOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        unlimited(deserializer)
    }
}

impl<T> Borrowed for StringOr<T> {
    type As<'a>
        = &'a Self
    where
        T: 'a;

    fn borrowed(&self) -> &Self {
        self
    }
}

struct StringOrVisitor<'c, T>(&'c Counts, PhantomData<T>);

impl<'de, T: Read + Expected> Visitor<'de> for StringOrVisitor<'_, T> {
    type Value = StringOr<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, v: &str) -> Result<Self::Value, E> {
        Ok(StringOr::String(v.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        T::read(SeqAccessDeserializer::new(seq), self.0).map(StringOr::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::read(MapAccessDeserializer::new(map), self.0).map(StringOr::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_parse_and_others_are_refused() {
        let parse = |s| serde_json::from_str::<StringOr<Vec<String>>>(s);
        assert_eq!(parse("\"a\"").unwrap(), StringOr::String("a".into()));
        assert_eq!(parse("[\"b\"]").unwrap(), StringOr::Other(vec!["b".to_owned()]));
        let error = parse("5").unwrap_err().to_string();
        assert!(error.contains("a string or an array"), "{error}");
    }

    #[test]
    fn the_path_of_an_inner_error_is_kept() {
        let mut json = serde_json::Deserializer::from_str(r#"["x",1]"#);
        let error =
            serde_path_to_error::deserialize::<_, StringOr<Vec<String>>>(&mut json).unwrap_err();
        assert_eq!(error.path().to_string(), "[1]");
    }
}

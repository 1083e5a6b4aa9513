//! Lays members over those of a body, by what they mean and not by how they are spelled.
//!
//! Only objects that something is laid over are taken apart. All other values stay the
//! bytes that they were, in their order.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::counts::{Counted, Counts};
use super::object::{Member, find};
use super::read::not_a_string;

/// What the members of a body are called.
#[derive(Debug, Clone, Copy)]
pub struct Vocabulary {
    /// The members, with every spelling.
    pub members: &'static [Member],
    /// Groups of members that mean the same, each a dotted path of first spellings. To set
    /// one of a group is to replace all of them.
    pub synonyms: &'static [&'static [&'static str]],
    /// The member whose own members may mean what the body's members of that name mean.
    pub free_form: &'static str,
}

/// A path of member names.
type Path<'p> = Vec<&'p str>;

impl Vocabulary {
    /// A body with `over` laid over it: objects member by member, any other value in place
    /// of the one that was there. Members of the body that mean the same under another
    /// name are left out.
    ///
    /// # Errors
    /// The body is not a JSON object, or has more members than `counts` allows.
    pub fn overlay(
        &self,
        body: &[u8],
        over: &Map<String, Value>,
        counts: &Counts,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let body: &RawValue = serde_json::from_slice(body)?;
        let mut out = Vec::with_capacity(body.get().len());
        let dropped = self.dropped(over);
        let dropped: Vec<&[&str]> = dropped.iter().map(Vec::as_slice).collect();
        write_object(&mut out, body, over, self.members, &dropped, counts)?;
        Ok(out)
    }

    /// Whether `over` sets a member, given by its first spelling, under any name.
    #[must_use]
    pub fn is_set(&self, over: &Map<String, Value>, name: &str) -> bool {
        let is_in = |path: &str| has(over, &path.split('.').collect::<Path<'_>>(), self.members);
        is_in(name)
            || self
                .synonyms
                .iter()
                .filter(|group| group.contains(&name))
                .any(|group| group.iter().any(|path| is_in(path)))
    }

    /// The value of a member, given by its first spelling.
    #[must_use]
    pub fn value<'o>(&self, over: &'o Map<String, Value>, name: &str) -> Option<&'o Value> {
        over.iter()
            .find(|(other, _)| is_same(canonical(self.members, other).0, name))
            .map(|(_, value)| value)
    }

    /// The paths of members that say what `over` says under another name.
    fn dropped<'p>(&self, over: &'p Map<String, Value>) -> Vec<Path<'p>> {
        let mut dropped: Vec<Path<'p>> = Vec::new();
        for group in self.synonyms {
            let paths = group.iter().map(|path| path.split('.').collect::<Path<'p>>());
            let (set, unset): (Vec<_>, Vec<_>) =
                paths.partition(|path| has(over, path, self.members));
            if !set.is_empty() {
                dropped.extend(unset);
            }
        }
        for name in over.keys() {
            let path = vec![self.free_form, canonical(self.members, name).0];
            if !has(over, &path, self.members) {
                dropped.push(path);
            }
        }
        dropped
    }
}

/// Whether there is a value at a path.
fn has(object: &Map<String, Value>, path: &[&str], table: &'static [Member]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    object.iter().any(|(name, value)| {
        let (name, inner) = canonical(table, name);
        is_same(name, first)
            && (rest.is_empty() || value.as_object().is_some_and(|object| has(object, rest, inner)))
    })
}

/// The first spelling of a name, and the members of its value.
fn canonical<'n>(table: &'static [Member], name: &'n str) -> (&'n str, &'static [Member]) {
    find(table, name).map_or((name, &[]), |(canonical, member)| (canonical, member.inner))
}

/// Whether two names are the same but for snake and camel case. A member that is unknown
/// here may be known to the model in either.
fn is_same(one: &str, other: &str) -> bool {
    one == other || plain(one).eq(plain(other))
}

/// The characters of a name that are the same in snake and camel case.
fn plain(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase)
}

fn write_object(
    out: &mut Vec<u8>,
    object: &RawValue,
    over: &Map<String, Value>,
    table: &'static [Member],
    dropped: &[&[&str]],
    counts: &Counts,
) -> Result<(), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(object.get());
    let members = Members(counts).deserialize(&mut json)?;
    let mut merged: Vec<&str> = Vec::new();
    out.push(b'{');
    for (at, (name, value)) in members.iter().enumerate() {
        let (name_here, inner) = canonical(table, name);
        if dropped.iter().any(|path| matches!(path, [last] if is_same(last, name_here))) {
            continue;
        }
        let deeper: Vec<&[&str]> = dropped
            .iter()
            .filter_map(|path| path.split_first())
            .filter(|(first, rest)| is_same(first, name_here) && !rest.is_empty())
            .map(|(_, rest)| rest)
            .collect();
        let is_object = value.get().starts_with('{');
        let replaced_by =
            over.iter().find(|(over, _)| is_same(canonical(table, over).0, name_here));
        match replaced_by {
            Some((over_name, Value::Object(over))) if is_object => {
                if effective(&members, name_here, table) != Some(at) {
                    continue;
                }
                write_name(out, name)?;
                write_object(out, value, over, inner, &deeper, counts)?;
                merged.push(over_name);
            }
            Some(_) => {}
            None if is_object && !deeper.is_empty() => {
                write_name(out, name)?;
                write_object(out, value, &Map::new(), inner, &deeper, counts)?;
            }
            None => {
                write_name(out, name)?;
                out.extend_from_slice(value.get().as_bytes());
            }
        }
    }
    for (name, value) in over.iter().filter(|(name, _)| !merged.contains(&name.as_str())) {
        write_name(out, name)?;
        serde_json::to_writer(&mut *out, value)?;
    }
    out.push(b'}');
    Ok(())
}

/// Of several members that are the same, the one that reading takes.
fn effective(
    members: &[(Cow<'_, str>, &RawValue)],
    name: &str,
    table: &'static [Member],
) -> Option<usize> {
    let is_same = |(_, (other, value)): &(usize, &(Cow<'_, str>, &RawValue))| {
        is_same(canonical(table, other).0, name) && value.get() != "null"
    };
    let same = || members.iter().enumerate().filter(is_same);
    let exact = same().rfind(|(_, (other, _))| other == name);
    exact.or_else(|| same().next()).map(|(at, _)| at)
}

fn write_name(out: &mut Vec<u8>, name: &str) -> Result<(), serde_json::Error> {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    serde_json::to_writer(&mut *out, name)?;
    out.push(b':');
    Ok(())
}

/// Reads the members of an object, in their order.
struct Members<'c>(&'c Counts);

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Err(not_a_string(&self))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        /// A name that is borrowed where it can be.
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

        let mut members = Vec::new();
        while let Some((Name(name), value)) = map.next_entry()? {
            self.0.add(Counted::Members, 1)?;
            members.push((name, value));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::counts::Limits;
    use super::*;

    const VOCABULARY: Vocabulary = Vocabulary {
        members: &[
            Member { names: &["max_tokens"], inner: &[] },
            Member { names: &["max_completion_tokens"], inner: &[] },
            Member {
                names: &["guardrailConfig", "guardrail_config"],
                inner: &[Member { names: &["trace"], inner: &[] }],
            },
            Member { names: &["moreFields", "more_fields"], inner: &[] },
        ],
        synonyms: &[&["max_tokens", "max_completion_tokens", "moreFields.max_gen_len"]],
        free_form: "moreFields",
    };

    fn overlay(body: &str, over: &Value) -> String {
        let counts = Counts::new(Limits::NONE);
        let over = over.as_object().unwrap();
        let laid = VOCABULARY.overlay(body.as_bytes(), over, &counts).unwrap();
        String::from_utf8(laid).unwrap()
    }

    #[test]
    fn what_is_not_laid_over_stays_as_it_was_written() {
        let body = r#"{"b": [1.10, 1e3 ],"a":{"x" : 1},"c":"é"}"#;
        assert_eq!(overlay(body, &json!({})), r#"{"b":[1.10, 1e3 ],"a":{"x" : 1},"c":"é"}"#);
        assert_eq!(
            overlay(body, &json!({"a": {"y": {"z": 2}}, "b": 5})),
            r#"{"a":{"x":1,"y":{"z":2}},"c":"é","b":5}"#
        );
        assert_eq!(overlay("{}", &json!({"a": null})), r#"{"a":null}"#);
    }

    #[test]
    fn every_spelling_of_a_member_is_the_same_member() {
        for name in
            ["guardrailConfig", "guardrail_config", "GuardrailConfig", "guardrail\\u005fconfig"]
        {
            for over in ["guardrailConfig", "guardrail_config"] {
                let body = format!(r#"{{"{name}":"theirs","{name}":"theirs"}}"#);
                let laid = overlay(&body, &json!({over: "ours"}));
                assert_eq!(laid, format!(r#"{{"{over}":"ours"}}"#));
            }
        }
        let both = r#"{"guardrail_config":{"a":1},"guardrailConfig":{"trace":"x","b":2}}"#;
        let laid = overlay(both, &json!({"guardrail_config": {"Trace": "y"}}));
        assert_eq!(laid, r#"{"guardrailConfig":{"b":2,"Trace":"y"}}"#);
    }

    #[test]
    fn synonyms_are_replaced_wherever_they_are() {
        for body in [
            r#"{"max_completion_tokens":1}"#,
            r#"{"max_tokens":1}"#,
            r#"{"maxTokens":1,"more_fields":{"max_gen_len":1}}"#,
            r#"{"moreFields":{"max_tokens":1,"maxGenLen":2,"max_gen_len":3}}"#,
        ] {
            let laid = overlay(body, &json!({"max_tokens": 9}));
            let laid: Value = serde_json::from_str(&laid).unwrap();
            let rest = laid.as_object().unwrap().iter().filter(|(name, _)| *name != "max_tokens");
            assert_eq!(laid["max_tokens"], 9);
            assert!(rest.clone().all(|(_, value)| *value == json!({})), "{laid}");
        }
        let over = json!({"more_fields": {"maxGenLen": 9}});
        assert_eq!(overlay(r#"{"max_tokens":1}"#, &over), r#"{"more_fields":{"maxGenLen":9}}"#);
        let over = over.as_object().unwrap();
        assert!(
            VOCABULARY.is_set(over, "max_tokens") && !VOCABULARY.is_set(over, "guardrailConfig")
        );
        assert!(VOCABULARY.value(over, "moreFields").is_some());
        assert!(VOCABULARY.value(over, "max_tokens").is_none());
    }

    #[test]
    fn only_objects_are_laid_over() {
        let counts = Counts::new(Limits::NONE);
        for body in ["[]", "5", "", "{", "{} x"] {
            assert!(VOCABULARY.overlay(body.as_bytes(), &Map::new(), &counts).is_err(), "{body}");
        }
        let counts = Counts::new(Limits { max_members: 1, ..Limits::NONE });
        assert!(VOCABULARY.overlay(br#"{"a":1,"b":2}"#, &Map::new(), &counts).is_err());
        assert_eq!(counts.exceeded(), Some(Counted::Members));
    }
}

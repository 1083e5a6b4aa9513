//! Objects of a wire format: their members, every spelling of each, and how they are read.
//!
//! The table of an object's members serves reading and [`overlay`](super::overlay), so that
//! no spelling is known to one and not to the other.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::counts::Counts;
use super::read::not_a_string;

/// A member of an object.
#[derive(Debug)]
pub struct Member {
    /// Every spelling; the first is the one that takes precedence and appears in errors.
    pub names: &'static [&'static str],
    /// The members of its own value, where that is an object of known shape.
    pub inner: &'static [Member],
}

/// An object of which the members are known.
pub trait Object: Sized {
    /// The members.
    const MEMBERS: &'static [Member];
    /// Whether members that are not in the table are kept.
    const KEEPS_UNKNOWN: bool;

    /// Makes it of its members.
    ///
    /// # Errors
    /// A member has the wrong type, is missing, or holds too much.
    fn from_members<'de, A: MapAccess<'de>>(map: A, counts: &Counts) -> Result<Self, A::Error>;
}

/// Reads an object.
///
/// # Errors
/// As of [`Object::from_members`], or it is no object.
pub fn read<'de, T: Object, D: Deserializer<'de>>(from: D, counts: &Counts) -> Result<T, D::Error> {
    from.deserialize_any(ObjectVisitor(counts, PhantomData))
}

struct ObjectVisitor<'c, T>(&'c Counts, PhantomData<T>);

impl<'de, T: Object> Visitor<'de> for ObjectVisitor<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<T, E> {
        Err(not_a_string(&self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::from_members(map, self.0)
    }
}

/// The name of a member, as it was found in a body.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// A known member.
    Known {
        /// Its first spelling.
        canonical: &'static str,
        /// Whether that is the spelling that was used.
        is_canonical: bool,
    },
    /// None of the object's, with its name if unknown members are kept.
    Unknown(Option<String>),
}

/// The name of the next member of a `T`.
///
/// # Errors
/// The text is no JSON.
pub fn next_name<'de, T: Object, A: MapAccess<'de>>(
    map: &mut A,
) -> Result<Option<Found>, A::Error> {
    map.next_key_seed(NameSeed { members: T::MEMBERS, keeps_unknown: T::KEEPS_UNKNOWN })
}

struct NameSeed {
    members: &'static [Member],
    keeps_unknown: bool,
}

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Found, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl Visitor<'_> for NameSeed {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Found, E> {
        Ok(match find(self.members, name) {
            Some((canonical, _)) => Found::Known { canonical, is_canonical: canonical == name },
            None => Found::Unknown(self.keeps_unknown.then(|| name.to_owned())),
        })
    }
}

/// The member of a name in any spelling, with its first spelling.
#[must_use]
pub fn find(members: &'static [Member], name: &str) -> Option<(&'static str, &'static Member)> {
    let member = members.iter().find(|member| member.names.contains(&name))?;
    Some((member.names.first()?, member))
}

//! Declares the objects of a wire format: their members, every spelling of each, and how
//! they are read.
//!
//! Three macros. `object!` makes a struct with a field for each member. `sparse!` makes one
//! that keeps only the members that are present, for objects that come by the thousand:
//! an absent member then costs nothing. `words!` makes an enum of fixed strings.
//!
//! Each object has a table of its members. The same table serves reading and
//! [`overlay`](super::overlay), so that no spelling is known to one and not to the other.

use std::fmt;

use serde::de::{Error, Visitor};

/// A member of an object.
#[derive(Debug)]
pub struct Member {
    /// Every spelling; the first is the one that takes precedence and appears in errors.
    pub names: &'static [&'static str],
    /// The members of its own value, where that is an object of known shape.
    pub inner: &'static [Member],
}

/// An object of which the members are known.
pub trait Object {
    /// The members.
    const MEMBERS: &'static [Member];
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

/// Looks a name up in a table.
pub struct NameVisitor {
    /// The table.
    pub members: &'static [Member],
    /// Whether the names of unknown members are wanted.
    pub keeps_unknown: bool,
}

impl Visitor<'_> for NameVisitor {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Found, E> {
        for member in self.members {
            if let Some(at) = member.names.iter().position(|spelling| *spelling == name)
                && let Some(canonical) = member.names.first()
            {
                return Ok(Found::Known { canonical, is_canonical: at == 0 });
            }
        }
        Ok(Found::Unknown(self.keeps_unknown.then(|| name.to_owned())))
    }
}

/// Declares a struct with a field for each member. All but the `required` ones are
/// options; `null` is the same as absent. Of several spellings in one body, the first in
/// the table wins; of the same spelling twice, the last. `rest` keeps unknown members.
macro_rules! object {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident {
            $(@required {
                $($(#[$required_doc:meta])* $required:ident: $Required:ty = $required_name:literal;)+
            })?
            $(
                $(#[$doc:meta])*
                $field:ident: $Kind:ty = $first:literal $(| $further:literal)* $(, object $Inner:ty)?;
            )*
            $(@rest { $(#[$rest_doc:meta])* $rest:ident })?
        }
    ) => {
        $(#[$meta])*
        pub struct $Name {
            $($($(#[$required_doc])* pub $required: $Required,)+)?
            $($(#[$doc])* pub $field: Option<$Kind>,)*
            $($(#[$rest_doc])* pub $rest: std::collections::BTreeMap<String, Box<serde_json::value::RawValue>>,)?
        }

        impl $crate::json::object::Object for $Name {
            const MEMBERS: &'static [$crate::json::object::Member] = &[
                $($($crate::json::object::Member { names: &[$required_name], inner: &[] },)+)?
                $($crate::json::object::Member {
                    names: &[$first $(, $further)*],
                    inner: $crate::json::object::inner_members!($($Inner)?),
                },)*
            ];
        }

        impl $crate::json::read::Read for $Name {
            fn read<'de, D: serde::de::Deserializer<'de>>(
                from: D,
                counts: &$crate::json::counts::Counts,
            ) -> Result<Self, D::Error> {
                use $crate::json::object::{Found, NameVisitor, Object};
                use $crate::json::read::{Name, Seed};

                struct ObjectVisitor<'c>(&'c $crate::json::counts::Counts);

                impl<'de> serde::de::Visitor<'de> for ObjectVisitor<'_> {
                    type Value = $Name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<$Name, E> {
                        Err($crate::json::read::not_a_string(&self))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<$Name, A::Error> {
                        let counts = self.0;
                        $($(let mut $required: Option<$Required> = None;)+)?
                        $(let mut $field: Option<$Kind> = None;)*
                        $(let mut $rest = std::collections::BTreeMap::new();)?
                        let names = || Name(NameVisitor {
                            members: $Name::MEMBERS,
                            keeps_unknown: $crate::json::object::is_there!($($rest)?),
                        });
                        while let Some(found) = map.next_key_seed(names())? {
                            match found {
                                $($(Found::Known { canonical: $required_name, .. } => {
                                    $required = Some(map.next_value_seed(Seed::new(counts))?);
                                })+)?
                                $(Found::Known { canonical: $first, is_canonical } => {
                                    let value = map.next_value_seed(Seed::<Option<$Kind>>::new(counts))?;
                                    $field = if is_canonical { value.or($field) } else { $field.or(value) };
                                })*
                                $(Found::Unknown(Some(name)) => {
                                    if let Some(value) = map.next_value_seed(Seed::<Option<_>>::new(counts))? {
                                        counts.add($crate::json::counts::Counted::Members, 1)?;
                                        $rest.insert(name, value);
                                    }
                                })?
                                Found::Known { .. } | Found::Unknown(_) => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok($Name {
                            $($($required: $required.ok_or_else(|| {
                                serde::de::Error::missing_field($required_name)
                            })?,)+)?
                            $($field,)*
                            $($rest,)?
                        })
                    }
                }

                from.deserialize_any(ObjectVisitor(counts))
            }
        }
    };
}
pub(crate) use object;

/// Declares a struct that keeps only the members that are present, each behind a method.
/// `key` names a member that must be there. `null` is the same as absent; a member that
/// comes twice is an error.
macro_rules! sparse {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident of $Variants:ident {
            $(@key { $(#[$key_doc:meta])* $key:ident: $Key:ty = $key_name:literal; })?
            $($(#[$doc:meta])* $Variant:ident $field:ident: $Kind:ty = $first:literal $(| $further:literal)*;)*
        }
    ) => {
        $(#[$meta])*
        pub struct $Name {
            $($(#[$key_doc])* pub $key: $Key,)?
            members: Box<[$Variants]>,
        }

        #[derive(Debug)]
        enum $Variants {
            $($Variant($Kind),)*
        }

        impl $Name {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $field(&self) -> Option<<$Kind as $crate::json::read::Borrowed>::As<'_>> {
                    self.members.iter().find_map(|member| match member {
                        $Variants::$Variant(value) => Some($crate::json::read::Borrowed::borrowed(value)),
                        _ => None,
                    })
                }
            )*
        }

        impl $crate::json::object::Object for $Name {
            const MEMBERS: &'static [$crate::json::object::Member] = &[
                $($crate::json::object::Member { names: &[$key_name], inner: &[] },)?
                $($crate::json::object::Member { names: &[$first $(, $further)*], inner: &[] },)*
            ];
        }

        impl $crate::json::read::Read for $Name {
            fn read<'de, D: serde::de::Deserializer<'de>>(
                from: D,
                counts: &$crate::json::counts::Counts,
            ) -> Result<Self, D::Error> {
                use $crate::json::object::{Found, NameVisitor, Object};
                use $crate::json::read::{Name, Seed};
                use serde::de::Error;

                struct ObjectVisitor<'c>(&'c $crate::json::counts::Counts);

                impl<'de> serde::de::Visitor<'de> for ObjectVisitor<'_> {
                    type Value = $Name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<$Name, E> {
                        Err($crate::json::read::not_a_string(&self))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<$Name, A::Error> {
                        let counts = self.0;
                        $(let mut $key: Option<$Key> = None;)?
                        let mut members: Vec<$Variants> = Vec::new();
                        let names = || Name(NameVisitor { members: $Name::MEMBERS, keeps_unknown: false });
                        while let Some(found) = map.next_key_seed(names())? {
                            match found {
                                $(Found::Known { canonical: $key_name, .. } => {
                                    if $key.is_some() {
                                        return Err(A::Error::duplicate_field($key_name));
                                    }
                                    $key = Some(map.next_value_seed(Seed::new(counts))?);
                                })?
                                $(Found::Known { canonical: $first, .. } => {
                                    let value = map.next_value_seed(Seed::<Option<$Kind>>::new(counts))?;
                                    if let Some(value) = value {
                                        if members.iter().any(|known| matches!(known, $Variants::$Variant(_))) {
                                            return Err(A::Error::duplicate_field($first));
                                        }
                                        members.push($Variants::$Variant(value));
                                    }
                                })*
                                Found::Known { .. } | Found::Unknown(_) => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok($Name {
                            $($key: $key.ok_or_else(|| A::Error::missing_field($key_name))?,)?
                            members: members.into_boxed_slice(),
                        })
                    }
                }

                from.deserialize_any(ObjectVisitor(counts))
            }
        }
    };
}
pub(crate) use sparse;

/// Declares an enum of fixed strings. Another string is an error that lists them.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $Name:ident {
            $($(#[$doc:meta])* $Variant:ident = $word:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $Name {
            $($(#[$doc])* $Variant,)*
        }

        impl $Name {
            const WORDS: &'static [&'static str] = &[$($word),*];

            /// The word on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $word,)*
                }
            }
        }

        impl $crate::json::read::Read for $Name {
            fn read<'de, D: serde::de::Deserializer<'de>>(
                from: D,
                _: &$crate::json::counts::Counts,
            ) -> Result<Self, D::Error> {
                struct WordVisitor;

                impl serde::de::Visitor<'_> for WordVisitor {
                    type Value = $Name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a string")
                    }

                    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<$Name, E> {
                        match word {
                            $($word => Ok($Name::$Variant),)*
                            _ => Err(E::custom($crate::json::object::unknown_word(word, $Name::WORDS))),
                        }
                    }
                }

                from.deserialize_str(WordVisitor)
            }
        }
    };
}
pub(crate) use words;

/// Whether a macro was given something.
macro_rules! is_there {
    () => {
        false
    };
    ($_given:tt) => {
        true
    };
}
pub(crate) use is_there;

/// The members of a member's own object, if it is one.
macro_rules! inner_members {
    () => {
        &[]
    };
    ($Inner:ty) => {
        <$Inner as $crate::json::object::Object>::MEMBERS
    };
}
pub(crate) use inner_members;

/// How much of an unknown word an error repeats, in characters.
const MAX_QUOTED: usize = 64;

/// The error for a word that is none of the known ones.
pub(crate) fn unknown_word(word: &str, known: &[&str]) -> String {
    let quoted: String = word.chars().take(MAX_QUOTED).collect();
    let more = if quoted.len() < word.len() { "..." } else { "" };
    format!("must be one of `{}`; not `{quoted}{more}`", known.join("`, `"))
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macros make public types")]
mod tests {
    use super::super::counts::{Counted, Counts, Limits};
    use super::super::read::{Item, Read, unlimited};
    object! {
        /// A struct.
        #[derive(Debug)]
        pub struct Dense {
            @required {
                /// Required.
                id: String = "id";
            }
            /// With two spellings.
            two_words: i64 = "twoWords" | "two_words";
            /// A list.
            list: Vec<String> = "list";
            @rest {
                /// Unknown ones.
                other
            }
        }
    }

    words! {
        /// Words.
        pub enum Word { One = "one", Two = "two", }
    }

    sparse! {
        /// A sparse struct.
        #[derive(Debug)]
        pub struct Sparse of Member_ {
            @key {
                /// Required.
                kind: Word = "type";
            }
            /// A text.
            Text text: Box<str> = "text" | "Text";
            /// A flag.
            Flag flag: bool = "flag";
        }
    }

    impl Item for Sparse {
        const COUNTED: Counted = Counted::Parts;
    }

    fn dense(text: &str) -> Result<Dense, String> {
        let mut json = serde_json::Deserializer::from_str(text);
        unlimited(&mut json).map_err(|error: serde_json::Error| error.to_string())
    }

    fn sparse(text: &str) -> Result<Sparse, String> {
        let mut json = serde_json::Deserializer::from_str(text);
        unlimited(&mut json).map_err(|error: serde_json::Error| error.to_string())
    }

    #[test]
    fn reads_every_spelling_and_keeps_unknown_members() {
        let read = dense(r#"{"id":"a","two_words":1,"list":["x"],"else":{"b": 1},"no":null}"#);
        let read = read.unwrap();
        assert_eq!((read.id.as_str(), read.two_words, read.list.unwrap().len()), ("a", Some(1), 1));
        assert_eq!(read.other.len(), 1);
        assert_eq!(read.other["else"].get(), r#"{"b": 1}"#);
        for text in [
            r#"{"id":"a","twoWords":2,"two_words":1}"#,
            r#"{"id":"a","two_words":1,"twoWords":2}"#,
            r#"{"id":"a","two_words":1,"twoWords":2,"twoWords":null}"#,
        ] {
            assert_eq!(dense(text).unwrap().two_words, Some(2), "{text}");
        }
        assert!(dense("{}").unwrap_err().starts_with("missing field `id`"));
        assert!(dense(r#"{"id":"a","list":5}"#).unwrap_err().contains("expected an array"));
    }

    #[test]
    fn keeps_only_members_that_are_present() {
        let read = sparse(r#"{"flag":true,"type":"two","text":null,"else":[{}]}"#).unwrap();
        assert_eq!((read.kind.as_str(), read.text(), read.flag()), ("two", None, Some(true)));
        assert_eq!(read.members.len(), 1);
        assert_eq!(sparse(r#"{"type":"one","Text":"a"}"#).unwrap().text(), Some("a"));
        for (text, error) in [
            ("{}", "missing field `type`"),
            (r#"{"type":"three"}"#, "must be one of `one`, `two`; not `three`"),
            (r#"{"type":"one","text":"a","Text":"b"}"#, "duplicate field `text`"),
            (r#"{"type":"one","type":"one"}"#, "duplicate field `type`"),
        ] {
            assert!(sparse(text).unwrap_err().starts_with(error), "{text}");
        }
    }

    #[test]
    fn stops_at_the_first_item_too_many() {
        let counts = Counts::new(Limits { max_parts: 2, ..Limits::NONE });
        let text = r#"[{"type":"one"},{"type":"one"},{"type":"one"},not even JSON"#;
        let mut json = serde_json::Deserializer::from_str(text);
        assert!(Vec::<Sparse>::read(&mut json, &counts).is_err());
        assert_eq!(counts.exceeded(), Some(Counted::Parts));
    }
}

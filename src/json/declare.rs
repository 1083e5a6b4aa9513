//! Declares the objects of a wire format.
//!
//! `object!` makes a struct with a field for each member. `sparse!` makes one that keeps only
//! the members that are present, for objects that come by the thousand: an absent member
//! then costs nothing. `words!` makes an enum of fixed strings. All are read with their
//! [`Object`](super::object::Object) table.

/// Implements `Read` for an [`Object`](super::object::Object).
macro_rules! read_as_object {
    ($Name:ident) => {
        impl $crate::json::read::Read for $Name {
            fn read<'de, D: serde::de::Deserializer<'de>>(
                from: D,
                counts: &$crate::json::counts::Counts,
            ) -> Result<Self, D::Error> {
                $crate::json::object::read(from, counts)
            }
        }
    };
}
pub(crate) use read_as_object;

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
                    inner: $crate::json::declare::inner_members!($($Inner)?),
                },)*
            ];
            const KEEPS_UNKNOWN: bool = $crate::json::declare::is_there!($($rest)?);

            fn from_members<'de, A: serde::de::MapAccess<'de>>(
                mut map: A,
                counts: &$crate::json::counts::Counts,
            ) -> Result<Self, A::Error> {
                use $crate::json::object::{Found, next_name};
                use $crate::json::read::Seed;

                $($(let mut $required: Option<$Required> = None;)+)?
                $(let mut $field: Option<$Kind> = None;)*
                $(let mut $rest = std::collections::BTreeMap::new();)?
                while let Some(found) = next_name::<Self, A>(&mut map)? {
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
                Ok(Self {
                    $($($required: $required.ok_or_else(|| {
                        serde::de::Error::missing_field($required_name)
                    })?,)+)?
                    $($field,)*
                    $($rest,)?
                })
            }
        }

        $crate::json::declare::read_as_object!($Name);
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
            const KEEPS_UNKNOWN: bool = false;

            fn from_members<'de, A: serde::de::MapAccess<'de>>(
                mut map: A,
                counts: &$crate::json::counts::Counts,
            ) -> Result<Self, A::Error> {
                use $crate::json::object::{Found, next_name};
                use $crate::json::read::Seed;
                use serde::de::Error;

                $(let mut $key: Option<$Key> = None;)?
                let mut members: Vec<$Variants> = Vec::new();
                while let Some(found) = next_name::<Self, A>(&mut map)? {
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
                Ok(Self {
                    $($key: $key.ok_or_else(|| A::Error::missing_field($key_name))?,)?
                    members: members.into_boxed_slice(),
                })
            }
        }

        $crate::json::declare::read_as_object!($Name);
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
                            _ => Err(E::custom($crate::json::declare::unknown_word(word, $Name::WORDS))),
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

    fn read<T: Read>(text: &str) -> Result<T, String> {
        let mut json = serde_json::Deserializer::from_str(text);
        unlimited(&mut json).map_err(|error: serde_json::Error| error.to_string())
    }

    fn dense(text: &str) -> Result<Dense, String> {
        read(text)
    }

    fn sparse(text: &str) -> Result<Sparse, String> {
        read(text)
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

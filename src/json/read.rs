//! Reading values while counting what they hold.
//!
//! [`Read`] is what serde's `Deserialize` is, with the [`Counts`] of the body at hand.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    DeserializeSeed, Deserializer, Error, Expected, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde_json::value::RawValue;

use super::counts::{Counted, Counts};

/// How many items a list makes room for at once, at least.
const LEAST_GROWTH: usize = 4;

/// A value that can be read from JSON.
pub trait Read: Sized {
    /// Reads it, and counts what it holds.
    ///
    /// # Errors
    /// The JSON is of another type, or holds too much.
    fn read<'de, D: Deserializer<'de>>(from: D, counts: &Counts) -> Result<Self, D::Error>;
}

/// A value of which lists are counted.
pub trait Item: Read {
    /// As what an entry of a list counts.
    const COUNTED: Counted;
}

// The type is asked of the text (`deserialize_any`) wherever that is possible: a
// deserializer that is told the type words its own errors, which repeat strings whole.

/// Reads a `T` where serde wants a seed.
pub struct Seed<'c, T>(&'c Counts, PhantomData<T>);

impl<'c, T> Seed<'c, T> {
    /// A seed that counts.
    #[must_use]
    pub fn new(counts: &'c Counts) -> Self {
        Self(counts, PhantomData)
    }
}

impl<'de, T: Read> DeserializeSeed<'de> for Seed<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
        T::read(from, self.0)
    }
}

// Types that hold nothing to count.
macro_rules! uncounted {
    ($($kind:ty),* $(,)?) => {
        $(impl Read for $kind {
            fn read<'de, D: Deserializer<'de>>(from: D, _: &Counts) -> Result<Self, D::Error> {
                serde::de::Deserialize::deserialize(from)
            }
        })*
    };
}
uncounted!(String, Box<str>, Box<RawValue>, serde::de::IgnoredAny);

/// The error for a string where something else is expected. serde's own would repeat the
/// string, which may be all of the body.
pub fn not_a_string<E: Error>(expected: &dyn Expected) -> E {
    E::invalid_type(Unexpected::Other("string"), expected)
}

/// Implements [`Read`] for a type of which JSON has no string form.
macro_rules! scalar {
    ($kind:ty, $expected:literal, $($visit:ident: $from:ty => $convert:expr),+) => {
        impl Read for $kind {
            fn read<'de, D: Deserializer<'de>>(from: D, _: &Counts) -> Result<Self, D::Error> {
                struct ScalarVisitor;

                impl Visitor<'_> for ScalarVisitor {
                    type Value = $kind;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }

                    $(fn $visit<E: Error>(self, value: $from) -> Result<$kind, E> {
                        let convert: fn($from) -> Option<$kind> = $convert;
                        convert(value).ok_or_else(|| E::custom(concat!("invalid value, expected ", $expected)))
                    })+

                    fn visit_str<E: Error>(self, _: &str) -> Result<$kind, E> {
                        Err(not_a_string(&self))
                    }
                }

                from.deserialize_any(ScalarVisitor)
            }
        }
    };
}

scalar!(bool, "a boolean", visit_bool: bool => Some);
scalar!(i64, "a whole number",
    visit_i64: i64 => Some,
    visit_u64: u64 => |value| value.try_into().ok());
scalar!(f64, "a number",
    visit_f64: f64 => Some,
    visit_i64: i64 => |value| Some(value as f64),
    visit_u64: u64 => |value| Some(value as f64));

impl Item for String {
    const COUNTED: Counted = Counted::Members;
}

impl Item for Box<str> {
    const COUNTED: Counted = Counted::Members;
}

impl<T: Read> Read for Box<T> {
    fn read<'de, D: Deserializer<'de>>(from: D, counts: &Counts) -> Result<Self, D::Error> {
        T::read(from, counts).map(Box::new)
    }
}

impl<T: Read> Read for Option<T> {
    fn read<'de, D: Deserializer<'de>>(from: D, counts: &Counts) -> Result<Self, D::Error> {
        struct OptionVisitor<'c, T>(Seed<'c, T>);

        impl<'de, T: Read> Visitor<'de> for OptionVisitor<'_, T> {
            type Value = Option<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or null")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
                self.0.deserialize(from).map(Some)
            }
        }

        from.deserialize_option(OptionVisitor(Seed::new(counts)))
    }
}

impl<T: Item> Read for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(from: D, counts: &Counts) -> Result<Self, D::Error> {
        struct ListVisitor<'c, T>(&'c Counts, PhantomData<T>);

        impl<'de, T: Item> Visitor<'de> for ListVisitor<'_, T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<Vec<T>, E> {
                Err(not_a_string(&self))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = seq.next_element_seed(Seed::new(self.0))? {
                    self.0.add(T::COUNTED, 1)?;
                    if list.len() == list.capacity() {
                        // By half, not to twice the size: long lists of small items take the
                        // most memory for their bytes.
                        list.reserve_exact((list.len() / 2).max(LEAST_GROWTH));
                    }
                    list.push(item);
                }
                Ok(list)
            }
        }

        from.deserialize_any(ListVisitor(counts, PhantomData))
    }
}

impl<T: Item> Read for Box<[T]> {
    fn read<'de, D: Deserializer<'de>>(from: D, counts: &Counts) -> Result<Self, D::Error> {
        Vec::read(from, counts).map(Vec::into_boxed_slice)
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    fn read<'de, D: Deserializer<'de>>(from: D, counts: &Counts) -> Result<Self, D::Error> {
        struct MapVisitor<'c, T>(&'c Counts, PhantomData<T>);

        impl<'de, T: Read> Visitor<'de> for MapVisitor<'_, T> {
            type Value = BTreeMap<String, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
                Err(not_a_string(&self))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some(name) = map.next_key()? {
                    self.0.add(Counted::Members, 1)?;
                    members.insert(name, map.next_value_seed(Seed::new(self.0))?);
                }
                Ok(members)
            }
        }

        from.deserialize_any(MapVisitor(counts, PhantomData))
    }
}

/// How a member is handed out: texts and lists as slices, others by reference.
pub trait Borrowed {
    /// What is handed out.
    type As<'a>
    where
        Self: 'a;

    /// Hands it out.
    fn borrowed(&self) -> Self::As<'_>;
}

impl Borrowed for bool {
    type As<'a> = bool;

    fn borrowed(&self) -> bool {
        *self
    }
}

impl Borrowed for Box<str> {
    type As<'a> = &'a str;

    fn borrowed(&self) -> &str {
        self
    }
}

impl Borrowed for Box<RawValue> {
    type As<'a> = &'a RawValue;

    fn borrowed(&self) -> &RawValue {
        self
    }
}

impl<T> Borrowed for Box<[T]> {
    type As<'a>
        = &'a [T]
    where
        T: 'a;

    fn borrowed(&self) -> &[T] {
        self
    }
}

impl<T> Borrowed for Box<T> {
    type As<'a>
        = &'a T
    where
        T: 'a;

    fn borrowed(&self) -> &T {
        self
    }
}

/// Deserializes without limits, for text that is not a client's.
///
/// # Errors
/// As of [`Read::read`].
pub fn unlimited<'de, T: Read, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::read(from, &Counts::new(super::counts::Limits::NONE))
}

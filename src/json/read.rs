//! Reading values while counting what they hold.
//!
//! [`Read`] is what serde's `Deserialize` is, with the [`Counts`] of the body at hand.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::counts::{Counted, Counts};

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
uncounted!(bool, i64, f64, String, Box<str>, Box<RawValue>, serde::de::IgnoredAny);

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

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = seq.next_element_seed(Seed::new(self.0))? {
                    self.0.add(T::COUNTED, 1)?;
                    list.push(item);
                }
                Ok(list)
            }
        }

        from.deserialize_seq(ListVisitor(counts, PhantomData))
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

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some(name) = map.next_key()? {
                    self.0.add(Counted::Members, 1)?;
                    members.insert(name, map.next_value_seed(Seed::new(self.0))?);
                }
                Ok(members)
            }
        }

        from.deserialize_map(MapVisitor(counts, PhantomData))
    }
}

/// A member name that is compared and not kept.
pub struct Name<V>(pub V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Name<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        from.deserialize_identifier(self.0)
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

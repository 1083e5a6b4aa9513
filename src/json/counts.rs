//! How many values a body may hold, counted while it is read.
//!
//! A value of a few bytes costs several times that in memory. A body is refused at the
//! first value too many, before the rest of it costs anything.

use std::cell::Cell;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Messages of a conversation.
    Messages,
    /// Content parts and tool calls, over all messages.
    Parts,
    /// Tool definitions.
    Tools,
    /// Unknown fields, entries of metadata and of other maps, strings in lists.
    Members,
    /// JSON values within schemas and within other objects that translation may rewrite.
    SchemaValues,
}

/// How many of each a body may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of [`Counted::Messages`].
    pub max_messages: usize,
    /// Of [`Counted::Parts`].
    pub max_parts: usize,
    /// Of [`Counted::Tools`].
    pub max_tools: usize,
    /// Of [`Counted::Members`].
    pub max_members: usize,
    /// Of [`Counted::SchemaValues`].
    pub max_schema_values: usize,
}

impl Limits {
    /// No limits, for text that is not a client's.
    pub const NONE: Self = Self {
        max_messages: usize::MAX,
        max_parts: usize::MAX,
        max_tools: usize::MAX,
        max_members: usize::MAX,
        max_schema_values: usize::MAX,
    };

    /// The limit of one kind.
    #[must_use]
    pub fn of(&self, counted: Counted) -> usize {
        match counted {
            Counted::Messages => self.max_messages,
            Counted::Parts => self.max_parts,
            Counted::Tools => self.max_tools,
            Counted::Members => self.max_members,
            Counted::SchemaValues => self.max_schema_values,
        }
    }
}

/// What one body may still hold.
#[derive(Debug)]
pub struct Counts {
    limits: Limits,
    messages: Cell<usize>,
    parts: Cell<usize>,
    tools: Cell<usize>,
    members: Cell<usize>,
    schema_values: Cell<usize>,
    exceeded: Cell<Option<Counted>>,
}

impl Counts {
    /// Nothing is counted yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            messages: Cell::new(0),
            parts: Cell::new(0),
            tools: Cell::new(0),
            members: Cell::new(0),
            schema_values: Cell::new(0),
            exceeded: Cell::new(None),
        }
    }

    /// Counts `n` more.
    ///
    /// # Errors
    /// That is more than the limit; [`Self::exceeded`] then names the kind.
    pub fn add<E: serde::de::Error>(&self, counted: Counted, n: usize) -> Result<(), E> {
        let count = match counted {
            Counted::Messages => &self.messages,
            Counted::Parts => &self.parts,
            Counted::Tools => &self.tools,
            Counted::Members => &self.members,
            Counted::SchemaValues => &self.schema_values,
        };
        count.set(count.get().saturating_add(n));
        if count.get() <= self.limits.of(counted) {
            return Ok(());
        }
        self.exceeded.set(Some(counted));
        Err(E::custom("the body holds too many values"))
    }

    /// The kind of which there were too many.
    #[must_use]
    pub fn exceeded(&self) -> Option<Counted> {
        self.exceeded.get()
    }
}

/// The number of values and member names in a JSON text, give or take one.
#[must_use]
pub fn values_in(json: &str) -> usize {
    let (mut count, mut in_string, mut is_escaped) = (1, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_string,
            b'"' => in_string = !in_string,
            b',' | b':' | b'[' | b'{' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_too_many_is_an_error() {
        let counts = Counts::new(Limits { max_parts: 2, ..Limits::NONE });
        let add = |counted, n| counts.add::<serde::de::value::Error>(counted, n).is_ok();
        assert!(add(Counted::Parts, 2) && add(Counted::Messages, 100));
        assert_eq!(counts.exceeded(), None);
        assert!(!add(Counted::Parts, 1));
        assert_eq!(counts.exceeded(), Some(Counted::Parts));
    }

    #[test]
    fn values_are_counted_outside_strings_only() {
        for (json, count) in
            [("1", 1), ("{}", 2), (r#"{"a:,\"[":[1,2]}"#, 5), (r#"["\\",{"b":"{{{"}]"#, 5)]
        {
            assert_eq!(values_in(json), count, "{json}");
        }
    }
}

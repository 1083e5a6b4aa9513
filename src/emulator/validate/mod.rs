//! Walks a request body along its shape and words what is wrong as the service
//! does: a JSON type that cannot be read is a `SerializationException`, broken
//! constraints are collected into one `ValidationException`.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::errors::{Kind, ServiceError};
use super::shapes::{Member, Shape, Text};

/// How many violations one text lists; the service stops early as well.
const MAX_VIOLATIONS: usize = 10;

/// Checks `body` against `shape`.
pub(super) fn check(body: &Value, shape: &Shape) -> Result<(), ServiceError> {
    let mut walk = Walk { path: Vec::new(), violations: Vec::new(), malformed: None };
    walk.value(body, shape)?;
    let count = walk.violations.len();
    if count > 0 {
        let plural = if count == 1 { "error" } else { "errors" };
        return Err(ServiceError::validation(format!(
            "{count} validation {plural} detected: {}",
            walk.violations.join("; ")
        )));
    }
    walk.malformed.map_or(Ok(()), Err)
}

/// One step from a value to a part of it.
#[derive(Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

struct Walk<'a> {
    path: Vec<Step<'a>>,
    violations: Vec<String>,
    /// The first union without exactly one member; told after constraints.
    malformed: Option<ServiceError>,
}

impl<'a> Walk<'a> {
    fn value(&mut self, value: &'a Value, shape: &Shape) -> Result<(), ServiceError> {
        match shape {
            Shape::Structure(members) => self.structure(object(value)?, members),
            Shape::Union(name, members) => self.union(object(value)?, name, members),
            Shape::List { item, min, max } => {
                let Value::Array(items) = value else {
                    return Err(serialization("Expected list or null"));
                };
                self.length(items.len(), *min, *max);
                for (index, entry) in items.iter().enumerate() {
                    self.within(Step::Item(index), |walk| walk.value(entry, item))?;
                }
                Ok(())
            }
            Shape::Map { key, value: shape, min, max } => {
                let Value::Object(entries) = value else {
                    return Err(serialization("Expected map or null"));
                };
                self.length(entries.len(), *min, *max);
                for (name, entry) in entries {
                    self.within(Step::Member(name), |walk| {
                        walk.text(name, key);
                        walk.value(entry, shape)
                    })?;
                }
                Ok(())
            }
            Shape::Text(rule) => {
                let text = string(value)?;
                self.text(text, rule);
                Ok(())
            }
            Shape::Choice(words) => {
                self.choice(string(value)?, words);
                Ok(())
            }
            Shape::Format(kind, words) => {
                let text = string(value)?;
                self.choice(text.strip_prefix(kind).unwrap_or(text), words);
                Ok(())
            }
            Shape::Blob => self.blob(string(value)?),
            Shape::Integer { min } => {
                let number = number(value, "an Integer")?;
                #[expect(clippy::cast_precision_loss, reason = "limits are small")]
                self.at_least(number.trunc(), *min as f64, &min.to_string(), value);
                Ok(())
            }
            Shape::Float { min, max } => {
                let number = number(value, "a Float")?;
                self.at_least(number, *min, &min.to_string(), value);
                if number > *max {
                    self.violate_with(
                        value,
                        &format!("Member must have value less than or equal to {max}"),
                    );
                }
                Ok(())
            }
            Shape::Boolean => match value {
                Value::Bool(_) => Ok(()),
                other => Err(serialization(&format!(
                    "{} can not be converted to a Boolean",
                    token(other)
                ))),
            },
            Shape::Document => Ok(()),
        }
    }

    fn structure(
        &mut self,
        object: &'a Map<String, Value>,
        members: &[Member],
    ) -> Result<(), ServiceError> {
        for member in members {
            match object.get_key_value(member.name).filter(|(_, value)| !value.is_null()) {
                Some((name, value)) => {
                    self.within(Step::Member(name), |walk| walk.value(value, &member.shape))?;
                }
                None if member.required => {
                    let path = format!("{}{}", self.prefix(), member.name);
                    self.push(format!("Value null at '{path}' failed to satisfy constraint: Member must not be null"));
                }
                None => {}
            }
        }
        Ok(())
    }

    fn union(
        &mut self,
        object: &'a Map<String, Value>,
        name: &str,
        members: &[Member],
    ) -> Result<(), ServiceError> {
        let set = members
            .iter()
            .filter(|member| object.get(member.name).is_some_and(|value| !value.is_null()))
            .count();
        if set != 1 && self.malformed.is_none() {
            let names: Vec<&str> = members.iter().map(|member| member.name).collect();
            let which = if set == 0 { "one" } else { "only one" };
            self.malformed = Some(ServiceError::validation(format!(
                "The {name} object at {} must set {which} of the following keys: {}.",
                self.plain_path(),
                names.join(", ")
            )));
        }
        self.structure(object, members)
    }

    fn text(&mut self, text: &str, rule: &Text) {
        self.length(text.chars().count(), rule.min, rule.max);
        if let Some(pattern) = &rule.pattern
            && !(pattern.matches)(text)
        {
            self.violate(&format!(
                "Member must satisfy regular expression pattern: {}",
                pattern.text
            ));
        }
    }

    fn choice(&mut self, text: &str, words: &[&str]) {
        if !words.contains(&text) {
            self.violate(&format!("Member must satisfy enum value set: [{}]", words.join(", ")));
        }
    }

    fn blob(&mut self, text: &str) -> Result<(), ServiceError> {
        match BASE64_STANDARD.decode(text) {
            Ok(bytes) => {
                self.length(bytes.len(), 1, usize::MAX);
                Ok(())
            }
            Err(_) => Err(serialization("Invalid base64 in a blob")),
        }
    }

    fn length(&mut self, length: usize, min: usize, max: usize) {
        if length < min {
            self.violate(&format!("Member must have length greater than or equal to {min}"));
        }
        if length > max {
            self.violate(&format!("Member must have length less than or equal to {max}"));
        }
    }

    fn at_least(&mut self, number: f64, min: f64, shown: &str, value: &Value) {
        if number < min {
            self.violate_with(
                value,
                &format!("Member must have value greater than or equal to {shown}"),
            );
        }
    }

    /// Strings may be the caller's words: the service does not repeat them.
    fn violate(&mut self, constraint: &str) {
        let path = self.constraint_path();
        self.push(format!("Value at '{path}' failed to satisfy constraint: {constraint}"));
    }

    fn violate_with(&mut self, value: &Value, constraint: &str) {
        let path = self.constraint_path();
        self.push(format!(
            "Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"
        ));
    }

    fn push(&mut self, violation: String) {
        if self.violations.len() < MAX_VIOLATIONS {
            self.violations.push(violation);
        }
    }

    fn within<T>(&mut self, step: Step<'a>, visit: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let outcome = visit(self);
        self.path.pop();
        outcome
    }

    /// `messages.1.member.content`: items are counted from one here.
    fn constraint_path(&self) -> String {
        self.render(|index, path| {
            let _ = write!(path, "{}.member", index + 1);
        })
    }

    /// `messages.0.content`: items are counted from zero in the other texts.
    fn plain_path(&self) -> String {
        self.render(|index, path| {
            let _ = write!(path, "{index}");
        })
    }

    fn render(&self, item: impl Fn(usize, &mut String)) -> String {
        let mut path = String::new();
        for step in &self.path {
            if !path.is_empty() {
                path.push('.');
            }
            match step {
                Step::Member(name) => path.push_str(name),
                Step::Item(index) => item(*index, &mut path),
            }
        }
        path
    }

    fn prefix(&self) -> String {
        let path = self.constraint_path();
        if path.is_empty() { path } else { format!("{path}.") }
    }
}

fn object(value: &Value) -> Result<&Map<String, Value>, ServiceError> {
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(serialization("Unexpected value type in payload")),
    }
}

fn string(value: &Value) -> Result<&str, ServiceError> {
    match value {
        Value::String(text) => Ok(text),
        Value::Array(_) => Err(serialization("Start of list found where not expected")),
        Value::Object(_) => {
            Err(serialization("Start of structure or map found where not expected."))
        }
        other => Err(serialization(&format!("{} can not be converted to a String", token(other)))),
    }
}

fn number(value: &Value, wanted: &str) -> Result<f64, ServiceError> {
    match value {
        Value::Number(number) => Ok(number.as_f64().unwrap_or(f64::INFINITY)),
        Value::Array(_) => Err(serialization("Start of list found where not expected")),
        Value::Object(_) => {
            Err(serialization("Start of structure or map found where not expected."))
        }
        other => Err(serialization(&format!("{} can not be converted to {wanted}", token(other)))),
    }
}

/// The parser's name of a value, as it appears in the service's texts.
fn token(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "LIST_VALUE",
        Value::Object(_) => "MAP_VALUE",
    }
}

fn serialization(message: &str) -> ServiceError {
    ServiceError::new(Kind::Serialization, message)
}

#[cfg(test)]
mod tests;

//! Example values made from a JSON schema: tool inputs and structured output.

use std::cell::Cell;

use serde_json::{Map, Value};

use crate::emulator::body::{self, Body, text_member};

/// How deep a schema is followed; schemas may refer to themselves.
const MAX_DEPTH: usize = 16;
/// How many values one example has at most: a schema that refers to itself twice
/// would grow without end.
const MAX_VALUES: usize = 10_000;
/// String value when the text offers none.
const EXAMPLE: &str = "example";

/// The input of a call of the tool `spec`, as JSON text.
pub(super) fn tool_input(spec: &Value, text: &str) -> String {
    let empty = Value::Object(Map::new());
    let schema = spec.get("inputSchema").and_then(|schema| schema.get("json")).unwrap_or(&empty);
    let sampler = Sampler { root: schema, word: subject(text), values: Cell::new(0) };
    let input = sampler.value(schema, 0);
    if input.is_object() { input.to_string() } else { empty.to_string() }
}

/// The answer to a request for structured output, as JSON text.
pub(super) fn structured(body: Body<'_>) -> Option<String> {
    let format =
        body.0.get("outputConfig")?.get("textFormat")?.get("structure")?.get("jsonSchema")?;
    let schema: Value = serde_json::from_str(text_member(format, "schema")?).ok()?;
    let sampler =
        Sampler { root: &schema, word: subject(&body.last_user_text()), values: Cell::new(0) };
    Some(sampler.value(&schema, 0).to_string())
}

struct Sampler<'a> {
    /// Where `#/...` references lead.
    root: &'a Value,
    word: String,
    values: Cell<usize>,
}

impl Sampler<'_> {
    fn value(&self, schema: &Value, depth: usize) -> Value {
        self.values.set(self.values.get() + 1);
        if depth > MAX_DEPTH || self.values.get() > MAX_VALUES {
            return Value::Null;
        }
        if let Some(fixed) = schema.get("const").or_else(|| body::items(schema, "enum").first()) {
            return fixed.clone();
        }
        if let Some(target) =
            text_member(schema, "$ref").and_then(|path| self.root.pointer(path.strip_prefix('#')?))
        {
            return self.value(target, depth + 1);
        }
        for union in ["anyOf", "oneOf", "allOf"] {
            let mut options = body::items(schema, union).iter();
            if let Some(option) = options.find(|option| text_member(option, "type") != Some("null"))
            {
                return self.value(option, depth + 1);
            }
        }
        match type_of(schema) {
            "object" => self.object(schema, depth),
            "array" => {
                let item = schema.get("items").map(|items| self.value(items, depth + 1));
                Value::Array(vec![item.unwrap_or_else(|| self.word.clone().into())])
            }
            "integer" | "number" => least(schema),
            "boolean" => Value::Bool(true),
            "null" => Value::Null,
            _ => self.word.clone().into(),
        }
    }

    /// The required properties, in the order of the schema.
    fn object(&self, schema: &Value, depth: usize) -> Value {
        let mut members = Map::new();
        let properties = schema.get("properties");
        for name in body::items(schema, "required").iter().filter_map(Value::as_str) {
            let value = match properties.and_then(|properties| properties.get(name)) {
                Some(property) => self.value(property, depth + 1),
                None => self.word.clone().into(),
            };
            members.insert(name.to_owned(), value);
        }
        Value::Object(members)
    }
}

/// The type of a schema: the first that is not `null`, or what its members say.
fn type_of(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("null")
        }
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ => "string",
    }
}

/// One, or the smallest number a schema allows when that is more.
fn least(schema: &Value) -> Value {
    schema
        .get("minimum")
        .filter(|minimum| minimum.as_f64().is_some_and(|minimum| minimum > 1.0))
        .cloned()
        .unwrap_or_else(|| 1.into())
}

/// What a text is about: the words after its last "for" or "in".
fn subject(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let after =
        words.iter().rposition(|word| ["for", "in"].contains(&word.to_lowercase().as_str()));
    let rest = after.and_then(|at| words.get(at + 1..)).unwrap_or_default().join(" ");
    let rest = rest.trim_end_matches(['.', '?', '!', ',', ';', ':']);
    if rest.is_empty() { EXAMPLE.to_owned() } else { rest.to_owned() }
}

//! JSON schemas of answers and of strict tools in the form that Bedrock takes.
//!
//! Every object must say `additionalProperties`; where the client's schema does
//! not, it is closed, which is also what OpenAI's strict mode asks for. Claude
//! refuses bounds of numbers and arrays: they are told to the model in words.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// How deep a schema is looked into; what is below is left as it is.
const MAX_DEPTH: usize = 64;

/// Keywords whose value is one schema.
const ONE: [&str; 7] = ["items", "additionalProperties", "not", "if", "then", "else", "contains"];
/// Keywords whose value is a list of schemas.
const LIST: [&str; 5] = ["anyOf", "allOf", "oneOf", "prefixItems", "items"];
/// Keywords whose value has a schema behind each name.
const NAMED: [&str; 5] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
/// What Claude refuses.
const BOUNDS: [&str; 6] =
    ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "maxItems"];

/// The schema as text, with every object closed. One that needs no change is
/// repeated as it was written.
pub(super) fn closed(schema: &RawValue, without_bounds: bool) -> String {
    let mut value: Value = serde_json::from_str(schema.get()).unwrap_or_default();
    if amend(&mut value, without_bounds, 0) { value.to_string() } else { schema.get().to_owned() }
}

/// Closes every object in the schema of a tool. Whether anything was changed.
pub(super) fn close_tool(schema: &mut Map<String, Value>, without_bounds: bool) -> bool {
    amend_members(schema, without_bounds, 0)
}

/// Whether anything was changed.
fn amend(schema: &mut Value, without_bounds: bool, depth: usize) -> bool {
    let Value::Object(members) = schema else { return false };
    depth < MAX_DEPTH && amend_members(members, without_bounds, depth)
}

fn amend_members(members: &mut Map<String, Value>, without_bounds: bool, depth: usize) -> bool {
    let mut changed = close(members);
    if without_bounds {
        changed |= tell_bounds(members);
    }
    for (name, value) in members.iter_mut() {
        let name = name.as_str();
        let below = |value: &mut Value| amend(value, without_bounds, depth + 1);
        if ONE.contains(&name) {
            changed |= below(value);
        }
        if let Some(named) = value.as_object_mut().filter(|_| NAMED.contains(&name)) {
            named.values_mut().for_each(|value| changed |= below(value));
        }
        if let Some(list) = value.as_array_mut().filter(|_| LIST.contains(&name)) {
            list.iter_mut().for_each(|value| changed |= below(value));
        }
    }
    changed
}

fn close(members: &mut Map<String, Value>) -> bool {
    let is_object = match members.get("type") {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        _ => members.contains_key("properties"),
    };
    let is_open = is_object && !members.contains_key("additionalProperties");
    if is_open {
        members.insert("additionalProperties".to_owned(), false.into());
    }
    is_open
}

/// Takes bounds out of one schema and puts them into its description.
fn tell_bounds(members: &mut Map<String, Value>) -> bool {
    let mut told: Vec<String> = Vec::new();
    for name in BOUNDS {
        if members.get(name).is_some_and(Value::is_number)
            && let Some(bound) = members.shift_remove(name)
        {
            told.push(format!("{name}: {bound}"));
        }
    }
    // One is taken, more are not.
    if members.get("minItems").and_then(Value::as_u64).is_some_and(|n| n > 1)
        && let Some(bound) = members.shift_remove("minItems")
    {
        told.push(format!("minItems: {bound}"));
    }
    if let Some(schema) = members.shift_remove("contains") {
        told.push(format!("contains: {schema}"));
    }
    if told.is_empty() {
        return false;
    }
    let told = told.join(", ");
    let description = match members.get("description") {
        Some(Value::String(text)) if !text.trim().is_empty() => format!("{text} ({told})"),
        _ => told,
    };
    members.insert("description".to_owned(), description.into());
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn amended(schema: Value, without_bounds: bool) -> Value {
        let raw = serde_json::value::to_raw_value(&schema).unwrap();
        serde_json::from_str(&closed(&raw, without_bounds)).unwrap()
    }

    #[test]
    fn every_object_is_closed_and_nothing_else_is_touched() {
        let open = json!({
            "type": "object",
            "properties": {
                "type": {"type": "string", "minimum": 1},
                "a": {"type": "object", "properties": {}, "additionalProperties": true},
                "b": {"type": "array", "items": {"properties": {"c": {"type": ["object", "null"]}}}},
            },
            "$defs": {"d": {"anyOf": [{"type": "object"}, {"type": "null"}]}},
            "default": {"type": "object"},
        });
        let closed = json!({
            "type": "object",
            "properties": {
                "type": {"type": "string", "minimum": 1},
                "a": {"type": "object", "properties": {}, "additionalProperties": true},
                "b": {"type": "array", "items": {
                    "properties": {"c": {"type": ["object", "null"], "additionalProperties": false}},
                    "additionalProperties": false}},
            },
            "$defs": {"d": {"anyOf": [{"type": "object", "additionalProperties": false}, {"type": "null"}]}},
            "default": {"type": "object"},
            "additionalProperties": false,
        });
        assert_eq!(amended(open, false), closed);
    }

    #[test]
    fn bounds_are_told_in_words() {
        let schema = json!({"type": "object", "additionalProperties": false, "properties": {
            "minimum": {"type": "integer", "minimum": 0, "maximum": 9, "description": "How many"},
            "list": {"type": "array", "maxItems": 3, "minItems": 2, "items": {"multipleOf": 5}},
            "one": {"type": "array", "minItems": 1},
        }});
        let told = json!({"type": "object", "additionalProperties": false, "properties": {
            "minimum": {"type": "integer", "description": "How many (minimum: 0, maximum: 9)"},
            "list": {"type": "array", "items": {"description": "multipleOf: 5"}, "description": "maxItems: 3, minItems: 2"},
            "one": {"type": "array", "minItems": 1},
        }});
        assert_eq!(amended(schema, true), told);
    }

    #[test]
    fn a_good_schema_is_repeated_as_it_was_written() {
        let text = r#"{ "type":"object", "additionalProperties" : false }"#;
        let raw = RawValue::from_string(text.to_owned()).unwrap();
        assert_eq!(closed(&raw, true), text);
    }

    #[test]
    fn depth_has_an_end() {
        let mut deep = json!({"type": "object"});
        for _ in 0..MAX_DEPTH + 5 {
            deep = json!({"not": deep});
        }
        let unchanged = deep.clone();
        assert!(!amend(&mut deep, true, 0));
        assert_eq!(deep, unchanged);
    }
}

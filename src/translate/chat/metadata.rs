//! `metadata` and `x-portkey-metadata`: what the caller wants to find a request
//! by in AWS's logs.
//!
//! Bedrock takes 16 pairs of short texts of few characters; what a caller sends is
//! made to fit, and what cannot be is reported.

use std::collections::{BTreeMap, HashSet};

use serde_json::value::RawValue;

use super::error::Error;
use super::report::Report;

/// How many pairs Bedrock takes.
const MAX_PAIRS: usize = 16;
/// How long a name or a value may be, in characters.
const MAX_LENGTH: usize = 256;

/// Pairs from everywhere; who comes first counts.
pub(super) fn pairs<'a>(
    sources: impl IntoIterator<Item = (&'a str, &'a BTreeMap<String, Box<RawValue>>)>,
    report: &mut Report,
) -> Result<BTreeMap<String, String>, Error> {
    let mut pairs: BTreeMap<String, String> = BTreeMap::new();
    for (place, source) in sources {
        let of_earlier: HashSet<String> = pairs.keys().cloned().collect();
        for (name, value) in source {
            if value.get() == "null" {
                continue;
            }
            let place = || format!("{place}.{name}");
            let Some(value) = text(value) else {
                report.ignore(place(), "Bedrock takes texts, numbers and truth values only")?;
                continue;
            };
            let name = legal(name);
            if name.trim().is_empty() {
                report.ignore(place(), "the name holds no character that Bedrock takes")?;
            } else if of_earlier.contains(&name) {
                // A source before this one has said it.
            } else if pairs.contains_key(&name) {
                report.ignore(place(), "in Bedrock's characters another name is the same")?;
            } else if pairs.len() >= MAX_PAIRS {
                report.ignore(place(), "Bedrock takes 16 pairs")?;
            } else {
                pairs.insert(name, legal(&value));
            }
        }
    }
    Ok(pairs)
}

/// The text of a simple value.
fn text(value: &RawValue) -> Option<String> {
    match value.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str(value.get()).ok(),
        Some(b'{' | b'[') | None => None,
        Some(_) => Some(value.get().to_owned()),
    }
}

/// Letters, digits, white space and `:_@$#=/+,-.`; anything else becomes `_`.
fn legal(text: &str) -> String {
    let legal = |c: char| match c {
        c if c.is_ascii_alphanumeric() || matches!(c, ' ' | '\t' | '\n' | '\r') => c,
        ':' | '_' | '@' | '$' | '#' | '=' | '/' | '+' | ',' | '-' | '.' => c,
        _ => '_',
    };
    text.chars().take(MAX_LENGTH).map(legal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_made_legal() {
        let source: BTreeMap<String, Box<RawValue>> = serde_json::from_str(
            r#"{"user name":"Zoë <z@example.com>","n":5,"on":true,"deep":{"a":1},"none":null,"":"x"}"#,
        )
        .unwrap();
        let mut report = Report::default();
        let pairs = pairs([("metadata", &source)], &mut report).unwrap();
        let told: Vec<_> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(told, [("n", "5"), ("on", "true"), ("user name", "Zo_ _z@example.com_")]);
        assert_eq!(report.into_places(), ["metadata.", "metadata.deep"]);
    }

    #[test]
    fn the_first_source_counts_and_sixteen_fit() {
        let one: BTreeMap<String, Box<RawValue>> = serde_json::from_str(r#"{"a":"1"}"#).unwrap();
        let many: BTreeMap<String, Box<RawValue>> = (0..20)
            .map(|i| (format!("k{i:02}"), RawValue::from_string("\"v\"".into()).unwrap()))
            .chain([("a".to_owned(), RawValue::from_string("\"2\"".into()).unwrap())])
            .collect();
        let mut report = Report::default();
        let pairs =
            pairs([("metadata", &one), ("x-portkey-metadata", &many)], &mut report).unwrap();
        assert_eq!((pairs.len(), pairs["a"].as_str()), (16, "1"));
        assert_eq!(report.into_places().len(), 5);
    }
}

//! What admins may write: from the words of Portkey's admin API to what the vault
//! keeps, and back. Every mistake names its member.

mod api_keys;
mod time;
mod virtual_keys;

pub use api_keys::{api_key_item, changed_api_key, changed_defaults, new_api_key};
pub use time::{parse as parse_time, rfc3339};
pub use virtual_keys::{
    changed_credentials, changed_virtual_key, is_gateway_identity, new_virtual_key,
    replaced_credentials, virtual_key_item,
};

use serde_json::Value;

use crate::telemetry::mask;

/// The longest name, note or label.
const MAX_TEXT: usize = 512;
/// The most entries of a list in a key.
const MAX_ENTRIES: usize = 1000;

/// A member of a request is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{param}`: {message}")]
pub struct Invalid {
    /// Which.
    pub param: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Invalid {
    fn new(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: param.into(), message: message.into() }
    }
}

/// Members that would limit what a key may do, were they not passed over.
fn refuse_unavailable(members: &[(&str, &Option<Value>)]) -> Result<(), Invalid> {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(entries) => entries.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    for (name, value) in members {
        if value.as_ref().is_some_and(|value| !is_empty(value)) {
            let message = "is not available in this version of the gateway; leave it out";
            return Err(Invalid::new(*name, message));
        }
    }
    Ok(())
}

/// A text that is there, not blank and not too long.
fn text(param: &str, text: &str) -> Result<String, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Invalid::new(param, "must not be empty"));
    }
    if text.len() > MAX_TEXT || text.chars().any(char::is_control) {
        let message = format!("must have at most {MAX_TEXT} bytes and no control characters");
        return Err(Invalid::new(param, message));
    }
    // It would be stored as it is.
    if mask::contains_whole_key(text) {
        return Err(Invalid::new(param, "must not contain a gateway key (`bgw-...`)"));
    }
    Ok(text.to_owned())
}

/// The same where it may be left out.
fn label(param: &str, value: Option<String>) -> Result<Option<String>, Invalid> {
    value.filter(|value| !value.trim().is_empty()).map(|value| text(param, &value)).transpose()
}

fn entries(param: &str, entries: Vec<String>) -> Result<Vec<String>, Invalid> {
    if entries.len() > MAX_ENTRIES {
        return Err(Invalid::new(param, format!("has more than {MAX_ENTRIES} entries")));
    }
    let entry = |(index, entry): (usize, String)| text(&format!("{param}[{index}]"), &entry);
    entries.into_iter().enumerate().map(entry).collect()
}

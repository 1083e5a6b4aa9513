//! Keys that are none.

/// What SDKs send where a program gave no key, and what people write where a
/// library insists on one. None of them can be a Bedrock API key.
const PLACEHOLDERS: [&str; 16] = [
    "",
    "openai_api_key",
    "portkey_api_key",
    "dummy-key",
    "dummy",
    "dummy_key",
    "empty",
    "none",
    "null",
    "undefined",
    "not-needed",
    "not_needed",
    "no-key",
    "placeholder",
    "unused",
    "x",
];

/// Whether a key is one that SDKs and people send where they have none.
#[must_use]
pub fn is_placeholder_key(key: &str) -> bool {
    PLACEHOLDERS.iter().any(|placeholder| placeholder.eq_ignore_ascii_case(key.trim()))
}

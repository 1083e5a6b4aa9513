//! Any members laid over any body.
//!
//! ```sh
//! tests/fuzz/seed
//! cargo fuzz run --fuzz-dir tests/fuzz --sanitizer none overlay -- -max_len=8192 -timeout=10 -max_total_time=600 -dict=tests/fuzz/chat.dict
//! ```
//!
//! Nothing panics; what comes out is an object that says what was laid over it, and in which
//! no other spelling of that is left.
//!
//! The input: the members, a line break, and the body.

#![no_main]

use bedrock_gateway::json::counts::{Counts, Limits};
use bedrock_gateway::openai::chat::VOCABULARY;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

/// A name without the difference between snake and camel case.
fn plain(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

fuzz_target!(|data: &[u8]| {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (over, body) = data.split_at(end);
    let Ok(over) = serde_json::from_slice::<Map<String, Value>>(over) else { return };
    let Ok(laid) = VOCABULARY.overlay(&body[1..], &over, &Counts::new(Limits::NONE)) else {
        return;
    };
    let laid: Map<String, Value> = match serde_json::from_slice(&laid) {
        Ok(laid) => laid,
        // Deeper than a tree is read; the body was text only.
        Err(error) => return assert!(error.to_string().contains("recursion"), "{error}"),
    };
    for (name, value) in over.iter().filter(|(_, value)| !value.is_object()) {
        let same = laid.iter().filter(|(other, _)| plain(other) == plain(name));
        let same: Vec<&Value> = same.map(|(_, value)| value).collect();
        assert!(same.contains(&value), "{name}");
        let wanted = over.iter().filter(|(other, _)| plain(other) == plain(name)).count();
        assert!(same.len() <= wanted, "{name}");
    }
});

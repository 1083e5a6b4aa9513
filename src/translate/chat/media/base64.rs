//! Base64 as AWS takes it.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How much of something is looked at to see what it is: enough to find the
/// names of the first parts in an office document.
const BEGINNING: usize = 4096;

/// Base64 in the one spelling that AWS takes: standard alphabet, padded, without
/// line breaks. Copies only what is spelled otherwise.
pub(super) fn standard(data: &str) -> Option<Cow<'_, str>> {
    let body = data.trim_end_matches('=');
    let is_standard = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    if !body.is_empty()
        && body.bytes().all(is_standard)
        && data.len().is_multiple_of(4)
        && data.len() - body.len() <= 2
    {
        return Some(Cow::Borrowed(data));
    }
    let mut fixed = String::with_capacity(data.len() + 3);
    for byte in body.bytes().filter(|b| !b.is_ascii_whitespace()) {
        fixed.push(match byte {
            b'-' => '+',
            b'_' => '/',
            b if is_standard(b) => char::from(b),
            // Padding may stand before trailing white space.
            b'=' => continue,
            _ => return None,
        });
    }
    // One character more than a multiple of four holds less than a byte.
    if fixed.is_empty() || fixed.len() % 4 == 1 {
        return None;
    }
    while !fixed.len().is_multiple_of(4) {
        fixed.push('=');
    }
    Some(Cow::Owned(fixed))
}

/// The first bytes of what standard base64 holds.
pub(super) fn beginning(data: &str) -> Vec<u8> {
    let text = data.get(..BEGINNING).unwrap_or(data);
    STANDARD.decode(text).unwrap_or_default()
}

/// Bytes as base64.
pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_brought_to_one_spelling() {
        assert!(matches!(standard("iVBORw=="), Some(Cow::Borrowed("iVBORw=="))));
        assert_eq!(standard("iVBORw").as_deref(), Some("iVBORw=="));
        assert_eq!(standard("iVBO\nRw==\n").as_deref(), Some("iVBORw=="));
        assert_eq!(standard("-_-_").as_deref(), Some("+/+/"));
        for bad in ["", "=", "a", "abcde", "ab!d", "äbc"] {
            assert_eq!(standard(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_beginning_is_decoded() {
        assert_eq!(beginning("iVBORw=="), b"\x89PNG");
        assert_eq!(beginning(&encode(&[7; 10_000])).len(), BEGINNING / 4 * 3);
    }
}

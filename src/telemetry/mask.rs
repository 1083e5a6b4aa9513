//! Masks gateway keys in texts that are logged, stored or returned.
//!
//! A gateway key can turn up in any text of a request: a path, a trace id, the name
//! of a model. Each is replaced by `bgw-****wxyz`, also where some of its characters
//! are percent-encoded, once or several times.

use std::borrow::Cow;
use std::io::{self, Write};

/// How every gateway key begins, so that people and scanners recognise one.
pub const KEY_PREFIX: &str = "bgw-";

/// The characters of a key after the prefix: 256 bits in base64url.
const KEY_CHARS: usize = 43;
/// The fewest characters after the prefix that are masked. A shorter
/// piece than this reveals at most 42 of its 256 bits, and names such as `bgw-prod`
/// stay readable.
const LEAST_CHARS: usize = 8;
/// How many of a key's last characters stay, as in lists of keys.
const HINT_CHARS: usize = 4;
/// The fewest characters of which the last ones are shown: of fewer they would be
/// too large a part.
const LEAST_FOR_HINT: usize = 12;

/// The text with every gateway key masked. A text without one is not copied, and
/// costs a search for the prefix and for `%`.
#[must_use]
pub fn masked(text: &str) -> Cow<'_, str> {
    if !text.contains(KEY_PREFIX) && !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let (mut masked, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(rest) = bytes.get(at..) {
        // Where a key can begin; both are characters of one byte.
        let Some(found) = rest.iter().position(|byte| matches!(byte, b'b' | b'%')) else { break };
        let start = at + found;
        match bytes.get(start..).and_then(key_at) {
            None => at = start + 1,
            Some(key) => {
                masked.push_str(text.get(copied..start).unwrap_or_default());
                masked.push_str(KEY_PREFIX);
                masked.push_str("****");
                masked.extend(key.hint.iter().map(|byte| char::from(*byte)));
                at = start + key.length;
                copied = at;
            }
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(masked)
}

/// The same for a text that is no longer needed.
#[must_use]
pub fn mask(text: String) -> String {
    match masked(&text) {
        Cow::Owned(masked) => masked,
        Cow::Borrowed(_) => text,
    }
}

/// Whether a text contains something as long as a whole gateway key.
#[must_use]
pub fn contains_whole_key(text: &str) -> bool {
    text.bytes().enumerate().any(|(at, byte)| {
        matches!(byte, b'b' | b'%')
            && text.as_bytes().get(at..).and_then(key_at).is_some_and(|key| key.chars >= KEY_CHARS)
    })
}

/// A gateway key at the start of a text.
struct Key {
    /// Its bytes in the text.
    length: usize,
    /// Its characters after the prefix.
    chars: usize,
    /// Its last characters, or nothing.
    hint: Vec<u8>,
}

fn key_at(text: &[u8]) -> Option<Key> {
    let mut rest = text;
    for expected in KEY_PREFIX.bytes() {
        let (byte, after) = decoded(rest)?;
        if byte != expected {
            return None;
        }
        rest = after;
    }
    let (mut chars, mut hint) = (0, [0; HINT_CHARS]);
    while let Some((byte, after)) = decoded(rest).filter(|(byte, _)| is_key_char(*byte)) {
        hint.rotate_left(1);
        if let Some(last) = hint.last_mut() {
            *last = byte;
        }
        chars += 1;
        rest = after;
    }
    let hint = if chars >= LEAST_FOR_HINT { hint.to_vec() } else { Vec::new() };
    (chars >= LEAST_CHARS).then_some(Key { length: text.len() - rest.len(), chars, hint })
}

/// The characters of base64url, in which keys are written.
fn is_key_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// The first character and what follows it. `%2D` is a `-`, and so is `%252D`.
fn decoded(text: &[u8]) -> Option<(u8, &[u8])> {
    let (first, mut rest) = text.split_first()?;
    if *first != b'%' {
        return Some((*first, rest));
    }
    // `%25` is an encoded `%`.
    while let Some(after) = rest.strip_prefix(b"25") {
        rest = after;
    }
    let ([high, low], rest) = rest.split_first_chunk::<2>()?;
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    Some((byte, rest))
}

/// A writer of log lines that masks gateway keys in them, whatever wrote the line.
/// Each `write` must be a whole line, as those of `tracing_subscriber` are.
#[derive(Debug)]
pub(super) struct MaskingWriter<W>(pub(super) W);

impl<W: Write> Write for MaskingWriter<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        match masked(&text) {
            Cow::Borrowed(_) => self.0.write_all(line)?,
            Cow::Owned(masked) => self.0.write_all(masked.as_bytes())?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "bgw-Zm9vYmFyYmF6cXV4-Zm9vYmFyYmF6cXV4_Zm9vYmFy";

    #[test]
    fn masks_keys_wherever_they_stand() {
        assert_eq!(masked(KEY), "bgw-****YmFy");
        for (around, expected) in [
            (format!("/v1/api-keys/{KEY}"), "/v1/api-keys/bgw-****YmFy"),
            (format!("ä{KEY}.ö b {KEY}"), "äbgw-****YmFy.ö b bgw-****YmFy"),
            (format!("xbgw-{KEY}"), "xbgw-****YmFy"),
            ("a bgw-shortkey b".to_owned(), "a bgw-**** b"),
        ] {
            assert_eq!(masked(&around), expected);
            assert_eq!(masked(expected), expected, "masking twice changes nothing more");
        }
    }

    #[test]
    fn masks_keys_with_percent_encoded_characters() {
        let encoded = |text: &str, percent: &str| -> String {
            text.bytes().map(|byte| format!("{percent}{byte:02X}")).collect()
        };
        for text in [
            KEY.replace('-', "%2D"),
            KEY.replace('-', "%2d"),
            KEY.replacen('b', "%62", 1),
            encoded(KEY, "%"),
            encoded(KEY, "%25"),
            encoded(KEY, "%2525"),
        ] {
            assert_eq!(masked(&format!("/a%20b/{text}?x=%")), "/a%20b/bgw-****YmFy?x=%", "{text}");
        }
    }

    #[test]
    fn leaves_texts_without_keys_alone() {
        for text in [
            "",
            "bgw-",
            "bgw-...",
            "`bgw-...`",
            "bgw-prod",
            "%",
            "%2",
            "b%62gw",
            "100 %",
            "Bgw-12345678",
        ] {
            assert!(matches!(masked(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn the_writer_masks_and_reports_the_length_it_was_given() {
        let mut writer = MaskingWriter(Vec::new());
        let line = format!("{{\"path\":\"/{KEY}\"}}\n");
        writer.write_all(line.as_bytes()).unwrap();
        writer.write_all(b"\xff plain\n").unwrap();
        assert_eq!(writer.0, b"{\"path\":\"/bgw-****YmFy\"}\n\xff plain\n");
    }

    proptest! {
        #[test]
        fn no_key_survives(
            before in ".{0,12}",
            body in "[A-Za-z0-9_-]{43}",
            encoded in proptest::collection::vec(0..3_usize, 47),
            after in ".{0,12}",
        ) {
            let key: String = format!("{KEY_PREFIX}{body}")
                .bytes()
                .zip(encoded)
                .map(|(byte, times)| match times {
                    0 => char::from(byte).to_string(),
                    1 => format!("%{byte:02x}"),
                    _ => format!("%25{byte:02X}"),
                })
                .collect();
            let masked = masked(&format!("{before}{key}{after}")).into_owned();
            prop_assert!(!masked.contains(&key));
            prop_assert!(!masked.contains(&body[..39]));
        }
    }
}

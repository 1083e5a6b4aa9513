//! What the emulated model sees in images, documents and other media. Format
//! and size of an image are read from its bytes, not from its label.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::Block;
use crate::emulator::body::text_member;

/// Word in the user's text that asks for a picture.
const DRAW: &str = "draw";
/// A grey dot, in base64.
const DOT: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg==";

/// The picture the user asks for.
pub(super) fn drawn(text: &str) -> Option<Block> {
    let is_asked_for = text.split(|c: char| !c.is_alphanumeric()).any(|word| word == DRAW);
    is_asked_for.then_some(Block::Image { format: "png", bytes: DOT })
}

/// A sentence about a media block; `None` for any other block.
pub(super) fn describe(block: &Value) -> Option<String> {
    if let Some(image) = block.get("image") {
        return Some(described_image(image));
    }
    if let Some(document) = block.get("document") {
        let name = text_member(document, "name").unwrap_or_default();
        let format = text_member(document, "format").unwrap_or("txt");
        return Some(format!("I read the document \"{name}\" ({format}, {}).", size(document)));
    }
    if let Some(result) = block.get("searchResult") {
        return Some(format!(
            "I read the search result \"{}\".",
            text_member(result, "title").unwrap_or_default()
        ));
    }
    for kind in ["video", "audio"] {
        if let Some(medium) = block.get(kind) {
            let format = text_member(medium, "format").unwrap_or_default();
            return Some(format!("I received a {format} {kind} ({}).", size(medium)));
        }
    }
    None
}

fn described_image(image: &Value) -> String {
    let Some(bytes) = bytes_of(image) else {
        let format = text_member(image, "format").unwrap_or_default();
        return format!("I see a {format} image ({}).", size(image));
    };
    match image_size(&bytes) {
        Some((format, width, height)) => {
            format!("I see a {format} image of {width}x{height} pixels ({} bytes).", bytes.len())
        }
        None => format!("I see an image I cannot read ({} bytes).", bytes.len()),
    }
}

/// Bytes of the source in words, or where it is stored.
fn size(medium: &Value) -> String {
    let source = medium.get("source");
    if let Some(bytes) = bytes_of(medium) {
        return format!("{} bytes", bytes.len());
    }
    if let Some(location) = source.and_then(|source| source.get("s3Location")) {
        return format!("at {}", text_member(location, "uri").unwrap_or_default());
    }
    let text = source.and_then(|source| text_member(source, "text")).map_or(0, str::len);
    let parts: usize = source
        .map_or(&[][..], |source| crate::emulator::body::items(source, "content"))
        .iter()
        .filter_map(|part| text_member(part, "text"))
        .map(str::len)
        .sum();
    format!("{} bytes", text + parts)
}

fn bytes_of(medium: &Value) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(text_member(medium.get("source")?, "bytes")?).ok()
}

/// Format, width and height of an image in base64.
pub(in crate::emulator) fn base64_image_size(base64: &str) -> Option<(&'static str, u32, u32)> {
    image_size(&BASE64_STANDARD.decode(base64).ok()?)
}

/// Format, width and height, from the bytes themselves.
pub(in crate::emulator) fn image_size(bytes: &[u8]) -> Option<(&'static str, u32, u32)> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some(("png", big_endian(bytes, 16, 4)?, big_endian(bytes, 20, 4)?));
    }
    if bytes.starts_with(b"GIF8") {
        return Some(("gif", little_endian(bytes, 6, 2)?, little_endian(bytes, 8, 2)?));
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return webp_size(bytes);
    }
    if bytes.starts_with(&[0xff, 0xd8]) {
        return jpeg_size(bytes);
    }
    None
}

fn webp_size(bytes: &[u8]) -> Option<(&'static str, u32, u32)> {
    let (width, height) = match bytes.get(12..16)? {
        b"VP8 " => (little_endian(bytes, 26, 2)? & 0x3fff, little_endian(bytes, 28, 2)? & 0x3fff),
        b"VP8L" => {
            let bits = little_endian(bytes, 21, 4)?;
            ((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1)
        }
        b"VP8X" => (little_endian(bytes, 24, 3)? + 1, little_endian(bytes, 27, 3)? + 1),
        _ => return None,
    };
    Some(("webp", width, height))
}

/// Goes from segment to segment until the one that starts a frame.
fn jpeg_size(bytes: &[u8]) -> Option<(&'static str, u32, u32)> {
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        let is_frame = (0xc0..=0xcf).contains(&marker) && ![0xc4, 0xc8, 0xcc].contains(&marker);
        if is_frame {
            return Some(("jpeg", big_endian(bytes, at + 7, 2)?, big_endian(bytes, at + 5, 2)?));
        }
        let is_bare = marker == 0xff || marker == 0x01 || (0xd0..=0xd7).contains(&marker);
        at += match marker {
            0xff => 1,
            _ if is_bare => 2,
            _ => 2 + usize::try_from(big_endian(bytes, at + 2, 2)?).ok()?,
        };
    }
}

fn big_endian(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    Some(bytes.get(at..at + length)?.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

fn little_endian(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    Some(bytes.get(at..at + length)?.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

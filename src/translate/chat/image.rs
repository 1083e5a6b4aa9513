//! `image_url`.

use std::borrow::Cow;
use std::fmt;

use super::error::{Error, quoted};
use crate::bedrock::request::{BlobSource, ImageBlock};
use crate::openai::chat::ImageUrl;

/// An image as a `data:` URL.
pub(super) fn block<'a>(
    image: &'a ImageUrl,
    param: &dyn fmt::Display,
) -> Result<ImageBlock<'a>, Error> {
    let place = format_args!("{param}.image_url.url");
    let (media_type, data) = split_data_url(&image.url).ok_or_else(|| {
        Error::at(place, "must be a data URL such as `data:image/png;base64,iVBORw0...`")
    })?;
    let format = format_of(media_type).ok_or_else(|| {
        Error::at(
            place,
            format!("Bedrock reads png, jpeg, gif and webp images, not `{}`", quoted(media_type)),
        )
    })?;
    let bytes = standard_base64(data)
        .ok_or_else(|| Error::at(place, "the data after `base64,` is not base64"))?;
    Ok(ImageBlock { format, source: BlobSource::Bytes(bytes) })
}

/// `data:<media type>[;parameters];base64,<data>`, per RFC 2397; scheme, media
/// type and the word `base64` in any case.
fn split_data_url(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    let (head, data) = rest.split_once(',')?;
    let (head, encoding) = head.rsplit_once(';')?;
    let media_type = head.split(';').next()?.trim();
    (scheme.trim().eq_ignore_ascii_case("data") && encoding.trim().eq_ignore_ascii_case("base64"))
        .then_some((media_type, data))
}

fn format_of(media_type: &str) -> Option<&'static str> {
    const FORMATS: [(&str, &str); 6] = [
        ("image/png", "png"),
        ("image/jpeg", "jpeg"),
        ("image/jpg", "jpeg"),
        ("image/pjpeg", "jpeg"),
        ("image/gif", "gif"),
        ("image/webp", "webp"),
    ];
    FORMATS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(media_type))
        .map(|(_, format)| *format)
}

/// Base64 in the one spelling that AWS takes: standard alphabet, padded, without
/// line breaks. Copies only what is spelled otherwise.
fn standard_base64(data: &str) -> Option<Cow<'_, str>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_brought_to_one_spelling() {
        assert!(matches!(standard_base64("iVBORw=="), Some(Cow::Borrowed("iVBORw=="))));
        assert_eq!(standard_base64("iVBORw").as_deref(), Some("iVBORw=="));
        assert_eq!(standard_base64("iVBO\nRw==\n").as_deref(), Some("iVBORw=="));
        assert_eq!(standard_base64("-_-_").as_deref(), Some("+/+/"));
        for bad in ["", "=", "a", "abcde", "ab!d", "äbc"] {
            assert_eq!(standard_base64(bad), None, "{bad}");
        }
    }

    #[test]
    fn data_urls_are_split_whatever_their_case() {
        assert_eq!(split_data_url("data:image/png;base64,AAAA"), Some(("image/png", "AAAA")));
        assert_eq!(
            split_data_url("DATA:image/PNG;charset=x;BASE64,AAAA"),
            Some(("image/PNG", "AAAA"))
        );
        for bad in ["https://example.com/a.png", "data:image/png,AAAA", "data:;base64", "AAAA"] {
            assert_eq!(split_data_url(bad), None, "{bad}");
        }
    }
}

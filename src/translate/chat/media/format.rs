//! What something is: by its content, else by what it is said to be.

/// A kind of medium and Bedrock's name of its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Format {
    /// An image.
    Image(&'static str),
    /// A document.
    Document(&'static str),
    /// A video.
    Video(&'static str),
    /// Sound.
    Audio(&'static str),
}
use Format::{Audio, Document, Image, Video};

impl Format {
    /// Whether a part that is for this kind alone may hold it.
    pub(super) fn is(self, kind: Kind) -> bool {
        match kind {
            Kind::Any => true,
            Kind::Video => matches!(self, Video(_)),
            Kind::Sound => matches!(self, Audio(_)),
        }
    }
}

/// What a part is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Kind {
    /// Whatever it holds.
    Any,
    /// A video.
    Video,
    /// Sound.
    Sound,
}

/// For errors.
pub(super) const KNOWN: &str = "images are png, jpeg, gif or webp; documents pdf, csv, doc, docx, xls, xlsx, html, txt or md; videos mkv, mov, mp4, webm, flv, mpeg, wmv or 3gp; sound mp3, wav, flac, ogg, opus, aac, m4a, mka, pcm";

/// Media types (without `x-`) and short names; the first column is what Bedrock
/// calls the format where that differs.
const LABELS: &[(&[&str], Format)] = &[
    (&["image/png", "png"], Image("png")),
    (&["image/jpeg", "image/jpg", "image/pjpeg", "image/jpe", "jpeg", "jpg", "jpe"], Image("jpeg")),
    (&["image/gif", "gif"], Image("gif")),
    (&["image/webp", "webp"], Image("webp")),
    (&["application/pdf", "pdf"], Document("pdf")),
    (&["text/csv", "application/csv", "csv"], Document("csv")),
    (&["application/msword", "doc"], Document("doc")),
    (
        &["application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"],
        Document("docx"),
    ),
    (&["application/vnd.ms-excel", "xls"], Document("xls")),
    (
        &["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"],
        Document("xlsx"),
    ),
    (&["text/html", "application/xhtml+xml", "html", "htm"], Document("html")),
    (&["text/markdown", "md", "markdown"], Document("md")),
    (
        &[
            "text/plain",
            "application/json",
            "application/xml",
            "application/yaml",
            "txt",
            "text",
            "json",
            "xml",
            "yaml",
            "yml",
            "log",
        ],
        Document("txt"),
    ),
    (&["video/matroska", "mkv"], Video("mkv")),
    (&["video/quicktime", "video/mov", "mov"], Video("mov")),
    (&["video/mp4", "mp4"], Video("mp4")),
    (&["video/webm", "webm"], Video("webm")),
    (&["video/flv", "flv"], Video("flv")),
    (&["video/mpeg", "mpeg"], Video("mpeg")),
    (&["video/mpg", "mpg"], Video("mpg")),
    (&["video/ms-wmv", "video/wmv", "wmv"], Video("wmv")),
    (
        &["video/3gpp", "video/three_gpp", "video/three_gp", "three_gp", "3gp", "3gpp"],
        Video("three_gp"),
    ),
    (&["audio/mpeg", "audio/mp3", "mp3"], Audio("mp3")),
    (&["audio/mpga", "mpga"], Audio("mpga")),
    (&["audio/opus", "opus"], Audio("opus")),
    (&["audio/wav", "audio/wave", "audio/vnd.wave", "wav"], Audio("wav")),
    (&["audio/aac", "aac"], Audio("aac")),
    (&["audio/flac", "flac"], Audio("flac")),
    (&["audio/mp4"], Audio("mp4")),
    (&["audio/ogg", "ogg"], Audio("ogg")),
    (&["audio/mkv"], Audio("mkv")),
    (&["audio/matroska", "audio/mka", "mka"], Audio("mka")),
    (&["audio/m4a", "m4a"], Audio("m4a")),
    (&["audio/pcm", "audio/l16", "pcm"], Audio("pcm")),
    (&["audio/webm"], Audio("webm")),
];

/// What a label means: a media type, with or without parameters, or the short
/// name of a format, which is also the extension of a file.
pub(super) fn labelled(label: &str) -> Option<Format> {
    let label = label.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let label = label.replacen("/x-", "/", 1);
    let row = LABELS.iter().find(|(names, _)| names.contains(&label.as_str()));
    row.map(|(_, format)| *format).or_else(|| {
        // Any other text is plain text to a model.
        label.starts_with("text/").then_some(Document("txt"))
    })
}

/// What something is said to be.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Labels<'a> {
    /// Media types, or short names of formats, in order of trust.
    pub(super) media_types: [Option<&'a str>; 2],
    /// The extension of its name, which anybody may choose.
    pub(super) extension: Option<&'a str>,
}

/// What something is, from its first bytes and from what it is said to be.
///
/// The first label that is known counts. A container of several formats with a
/// label that is not known is none of those that are.
pub(super) fn recognise(beginning: &[u8], labels: Labels<'_>, kind: Kind) -> Option<Format> {
    let Labels { media_types, extension } = labels;
    let mut media_types = media_types.into_iter().flatten().filter(|label| !is_generic(label));
    let has_media_type = media_types.clone().next().is_some();
    let said = media_types.find_map(labelled).or_else(|| extension.and_then(labelled));
    let said = said.filter(|said| said.is(kind));
    match signature(beginning) {
        Some(Signature::Is(format)) if format.is(kind) => Some(format),
        // The model may still make something of it.
        Some(Signature::Is(_)) => said,
        // Containers of several formats: the label says which.
        Some(Signature::OneOf(formats)) => {
            let of_kind = || formats.iter().copied().find(|format| format.is(kind));
            let guess = said.is_some() || !has_media_type && extension.is_none();
            said.filter(|said| formats.contains(said)).or_else(|| guess.then(of_kind).flatten())
        }
        Some(Signature::Unreadable) => None,
        // Programs that open tables call them by their own name.
        None if said == Some(Document("xls")) && is_text(beginning) => Some(Document("csv")),
        None if said.is_none() && !has_media_type && kind == Kind::Any && is_text(beginning) => {
            Some(Document("txt"))
        }
        None => said,
    }
}

/// Whether a label is what programs say that do not know.
pub(super) fn is_generic(label: &str) -> bool {
    let label = label.trim().to_ascii_lowercase();
    matches!(label.as_str(), "application/octet-stream" | "binary/octet-stream" | "")
}

enum Signature {
    Is(Format),
    OneOf(&'static [Format]),
    /// Seen, and nothing that Bedrock reads.
    Unreadable,
}

/// Source: <https://mimesniff.spec.whatwg.org/> and the formats' own documents.
fn signature(bytes: &[u8]) -> Option<Signature> {
    use Signature::{Is, OneOf, Unreadable};
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    Some(match bytes {
        [0x89, b'P', b'N', b'G', ..] => Is(Image("png")),
        [0xff, 0xd8, 0xff, ..] => Is(Image("jpeg")),
        [b'G', b'I', b'F', b'8', ..] => Is(Image("gif")),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Is(Image("webp")),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Is(Audio("wav")),
        [b'%', b'P', b'D', b'F', b'-', ..] => Is(Document("pdf")),
        [b'P', b'K', 3, 4, ..] if holds(b"xl/") => Is(Document("xlsx")),
        [b'P', b'K', 3, 4, ..] if holds(b"word/") => Is(Document("docx")),
        [b'P', b'K', 3, 4, ..] if holds(b"ppt/") || holds(b"mimetypeapplication/") => Unreadable,
        [b'P', b'K', 3, 4, ..] => OneOf(&[Document("docx"), Document("xlsx")]),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => OneOf(&[Document("doc"), Document("xls")]),
        [_, _, _, _, b'f', b't', b'y', b'p', b'q', b't', ..] => Is(Video("mov")),
        [_, _, _, _, b'f', b't', b'y', b'p', b'3', b'g', ..] => Is(Video("three_gp")),
        [_, _, _, _, b'f', b't', b'y', b'p', b'M', b'4', b'A', ..] => {
            OneOf(&[Audio("m4a"), Audio("mp4"), Audio("aac")])
        }
        // HEIC and AVIF are in the same container.
        [_, _, _, _, b'f', b't', b'y', b'p', b'h' | b'a', b'e' | b'v', b'i', ..] => Unreadable,
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => {
            OneOf(&[Video("mp4"), Video("mov"), Audio("mp4"), Audio("m4a")])
        }
        [0x1a, 0x45, 0xdf, 0xa3, ..] => {
            OneOf(&[Video("mkv"), Video("webm"), Audio("webm"), Audio("mka"), Audio("mkv")])
        }
        [b'F', b'L', b'V', 1, ..] => Is(Video("flv")),
        [b'I', b'D', b'3', ..] | [0xff, 0xfb | 0xf3 | 0xf2, ..] => {
            OneOf(&[Audio("mp3"), Audio("mpga"), Audio("aac")])
        }
        [b'f', b'L', b'a', b'C', ..] => Is(Audio("flac")),
        [b'O', b'g', b'g', b'S', ..] => OneOf(&[Audio("ogg"), Audio("opus")]),
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..]
        | [b'I', b'I', b'*', 0, ..]
        | [b'M', b'M', 0, b'*', ..] => Unreadable,
        _ => return None,
    })
}

/// Whether this can be the beginning of a text; a character may be cut off at the end.
fn is_text(beginning: &[u8]) -> bool {
    let readable = match std::str::from_utf8(beginning) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => beginning
            .get(..error.valid_up_to())
            .and_then(|text| std::str::from_utf8(text).ok())
            .unwrap_or_default(),
        Err(_) => return false,
    };
    !readable.is_empty() && !readable.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_in_every_spelling() {
        for (label, format) in [
            ("image/JPG", Image("jpeg")),
            ("image/x-png", Image("png")),
            ("text/plain; charset=utf-8", Document("txt")),
            ("text/x-python", Document("txt")),
            ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Document("xlsx")),
            ("video/x-matroska", Video("mkv")),
            ("video/3gpp", Video("three_gp")),
            ("wav", Audio("wav")),
        ] {
            assert_eq!(labelled(label), Some(format), "{label}");
        }
        for label in ["image/svg+xml", "image/bmp", "application/zip", "", "exe"] {
            assert_eq!(labelled(label), None, "{label}");
        }
    }

    fn labels(media_type: Option<&str>) -> Labels<'_> {
        Labels { media_types: [media_type, None], extension: None }
    }

    #[test]
    fn content_counts_before_the_label() {
        for (bytes, label, format) in [
            (&b"\x89PNG\r\n\x1a\n"[..], Some("image/jpeg"), Some(Image("png"))),
            (b"\xff\xd8\xff\xe0", Some("application/pdf"), Some(Image("jpeg"))),
            (b"RIFF\0\0\0\0WEBPVP8 ", None, Some(Image("webp"))),
            (b"%PDF-1.7", Some("text/plain"), Some(Document("pdf"))),
            (b"PK\x03\x04......xl/workbook.xml", Some("docx"), Some(Document("xlsx"))),
            (b"PK\x03\x04", Some("xlsx"), Some(Document("xlsx"))),
            (b"PK\x03\x04", Some("pptx"), None),
            (b"PK\x03\x04", Some("application/octet-stream"), Some(Document("docx"))),
            (b"a,b\n1,2\n", Some("application/vnd.ms-excel"), Some(Document("csv"))),
            (b"\0\0\0\x18ftypisom", Some("audio/mp4"), Some(Audio("mp4"))),
            (b"\0\0\0\x18ftypisom", Some("image/png"), Some(Video("mp4"))),
            (b"\0\0\0\x18ftypheic", Some("image/png"), None),
            (b"a,b\n1,2\n", Some("text/csv"), Some(Document("csv"))),
            (b"hello", None, Some(Document("txt"))),
            (b"<svg xmlns=", Some("image/svg+xml"), None),
            (b"\x00\x01\x02", None, None),
            (b"AAAA", Some("image/png"), Some(Image("png"))),
        ] {
            assert_eq!(recognise(bytes, labels(label), Kind::Any), format, "{label:?}");
        }
        let named = |extension| Labels { extension, ..labels(Some("application/octet-stream")) };
        for (bytes, extension, format) in [
            (&b"a,b\n"[..], Some("csv"), Some(Document("csv"))),
            (b"fn main() {}", Some("rs"), Some(Document("txt"))),
            (b"PK\x03\x04", Some("pptx"), None),
        ] {
            assert_eq!(recognise(bytes, named(extension), Kind::Any), format, "{extension:?}");
        }
        let video = |bytes: &[u8], label| recognise(bytes, labels(label), Kind::Video);
        assert_eq!(video(b"\xff\xd8\xff\xe0", Some("video/mp4")), Some(Video("mp4")));
        assert_eq!(video(b"\xff\xd8\xff\xe0", None), None);
        let sound = |bytes: &[u8], label| recognise(bytes, labels(label), Kind::Sound);
        assert_eq!(sound(b"\0\0\0\x18ftypisom", None), Some(Audio("mp4")));
    }
}

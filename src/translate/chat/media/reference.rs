//! Where a part says that its medium is.

use std::fmt;

use super::Kind;
use crate::json::string_or::StringOr;
use crate::openai::chat::{ContentPart, MediaUrl, PartType, Source, SourceType};
use crate::translate::chat::content::{missing, required};
use crate::translate::chat::error::Error;

/// Where something is and what is said of it, from a part.
#[derive(Clone, Copy)]
pub(in crate::translate::chat) struct Reference<'a> {
    /// A `data:`, `s3:` or `https:` URL, or bare base64 where the part allows it.
    pub(super) url: &'a str,
    /// What it is said to be: a media type, or a format's short name.
    pub(super) label: Option<&'a str>,
    /// A file name.
    pub(super) name: Option<&'a str>,
    /// Who owns the bucket of an `s3:` URL.
    pub(super) bucket_owner: Option<&'a str>,
    /// What the part is for.
    pub(super) kind: Kind,
}

/// The reference that a part holds, and the member in which its URL stands; `None`
/// if parts of this type hold none.
pub(in crate::translate::chat) fn reference<'a>(
    part: &'a ContentPart,
    place: fmt::Arguments<'_>,
) -> Result<Option<(&'static str, Reference<'a>)>, Error> {
    Ok(Some(match part.kind {
        PartType::ImageUrl => {
            let image = required(part.image_url(), place, "image_url")?;
            ("image_url.url", of_url(image, Kind::Any))
        }
        PartType::VideoUrl => {
            let video = required(part.video_url(), place, "video_url")?;
            ("video_url.url", of_url(video, Kind::Video))
        }
        PartType::InputAudio => {
            let audio = required(part.input_audio(), place, "input_audio")?;
            (
                "input_audio.data",
                Reference {
                    url: &audio.data,
                    label: audio.format().map(sound_label),
                    name: None,
                    bucket_owner: audio.bucket_owner(),
                    kind: Kind::Sound,
                },
            )
        }
        PartType::File => of_file(part, place)?,
        PartType::Image | PartType::Document => match part.source() {
            Some(StringOr::Other(source)) => of_source(source, part.title(), place)?,
            Some(StringOr::String(_)) | None => return Err(missing(place, "source")),
        },
        PartType::Text
        | PartType::Refusal
        | PartType::Thinking
        | PartType::RedactedThinking
        | PartType::SearchResult
        | PartType::GuardContent
        | PartType::GuardContentCamel
        | PartType::GuardedText
        | PartType::Json
        | PartType::ServerToolUse
        | PartType::ServerToolResult => return Ok(None),
    }))
}

fn of_url(medium: &MediaUrl, kind: Kind) -> Reference<'_> {
    Reference {
        url: &medium.url,
        label: medium.mime_type(),
        name: None,
        bucket_owner: medium.bucket_owner(),
        kind,
    }
}

/// `mp4`, `mkv` and `webm` are formats of sound here, and not of videos.
fn sound_label(format: &str) -> &str {
    match format {
        "mp4" => "audio/mp4",
        "mkv" => "audio/mkv",
        "webm" => "audio/webm",
        "mpeg" => "audio/mpeg",
        other => other,
    }
}

fn of_file<'a>(
    part: &'a ContentPart,
    place: fmt::Arguments<'_>,
) -> Result<(&'static str, Reference<'a>), Error> {
    let file = required(part.file(), place, "file")?;
    let reference = |url| Reference {
        url,
        label: file.mime_type(),
        name: file.filename().or(part.title()),
        bucket_owner: file.bucket_owner(),
        kind: Kind::Any,
    };
    match (file.file_data(), file.file_url(), file.file_id()) {
        (Some(data), ..) => Ok(("file.file_data", reference(data))),
        (None, Some(url), _) => Ok(("file.file_url", reference(url))),
        (None, None, Some(_)) => Err(Error::at(
            format_args!("{place}.file.file_id"),
            "this gateway keeps no files; send the file itself in `file_data`, or its place in `file_url`",
        )),
        (None, None, None) => Err(missing(format_args!("{place}.file"), "file_data")),
    }
}

fn of_source<'a>(
    source: &'a Source,
    name: Option<&'a str>,
    place: fmt::Arguments<'_>,
) -> Result<(&'static str, Reference<'a>), Error> {
    let place = format_args!("{place}.source");
    let reference = |url| Reference {
        url,
        label: source.media_type(),
        name,
        bucket_owner: None,
        kind: Kind::Any,
    };
    match source.kind {
        SourceType::Base64 => {
            Ok(("source.data", reference(required(source.data(), place, "data")?)))
        }
        SourceType::Url => Ok(("source.url", reference(required(source.url(), place, "url")?))),
        kind @ (SourceType::Text | SourceType::Content) => Err(Error::at(
            format_args!("{place}.type"),
            format!("must be `base64` or `url`, not `{}`", kind.as_str()),
        )),
    }
}

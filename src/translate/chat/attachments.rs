//! Parts that hold, or point at, something that is not text.

use std::fmt;

use serde::Deserialize;

use super::content::{missing, required};
use super::error::{Error, quoted};
use super::media::{self, Format, Kind, Medium, Reference};
use super::scene::Scene;
use crate::bedrock::request::{
    AudioBlock, BlobSource, CitationsConfig, ContentBlock, DocumentBlock, DocumentSource,
    ImageBlock, TextPiece, VideoBlock,
};
use crate::json::string_or::StringOr;
use crate::models::ImagesIn;
use crate::openai::chat::{ContentPart, Source};

/// An image, a document, a video or sound; `None` if the part is none of them.
pub(super) fn medium_block<'a>(
    part: &'a ContentPart,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<Option<ContentBlock<'a>>, Error> {
    let reference = match part.kind.as_str() {
        "image_url" => {
            let image = required(part.image_url.as_ref(), place, "image_url")?;
            if image.detail.as_deref().is_some_and(|detail| detail != "auto") {
                let why = "Bedrock has no choice of how closely to look at an image";
                scene.report.ignore(format_args!("{place}.image_url.detail"), why)?;
            }
            (
                "image_url.url",
                Reference {
                    url: &image.url,
                    label: image.mime_type.as_deref(),
                    name: None,
                    bucket_owner: image.bucket_owner.as_deref(),
                    kind: Kind::Any,
                },
            )
        }
        "video_url" => {
            let video = required(part.video_url.as_ref(), place, "video_url")?;
            (
                "video_url.url",
                Reference {
                    url: &video.url,
                    label: video.mime_type.as_deref(),
                    name: None,
                    bucket_owner: video.bucket_owner.as_deref(),
                    kind: Kind::Video,
                },
            )
        }
        "input_audio" => {
            let audio = required(part.input_audio.as_ref(), place, "input_audio")?;
            (
                "input_audio.data",
                Reference {
                    url: &audio.data,
                    label: audio.format.as_deref().map(sound_label),
                    name: None,
                    bucket_owner: audio.bucket_owner.as_deref(),
                    kind: Kind::Sound,
                },
            )
        }
        "file" => file_reference(part, place)?,
        "image" | "document" => {
            let Some(StringOr::Other(source)) = &part.source else {
                return Err(missing(place, "source"));
            };
            let text = text_source(source, place)?.filter(|_| part.kind == "document");
            if let Some(text) = text {
                check_family("documents", scene.profile.documents, place, scene)?;
                return document_block(part, "txt", text, part.title.as_deref(), place, scene)
                    .map(Some);
            }
            source_reference(source, part.title.as_deref(), place)?
        }
        _ => return Ok(None),
    };
    let (member, reference) = reference;
    let medium = media::find(reference, scene.files, &format_args!("{place}.{member}"))?;
    block_of(medium, part, place, scene).map(Some)
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

fn block_of<'a>(
    medium: Medium<'a>,
    part: &'a ContentPart,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<ContentBlock<'a>, Error> {
    let Medium { format, source, name } = medium;
    check_medium(format, &source, place, scene)?;
    Ok(match format {
        Format::Image(format) => ContentBlock::Image(ImageBlock { format, source }),
        Format::Video(format) => ContentBlock::Video(VideoBlock { format, source }),
        Format::Audio(format) => ContentBlock::Audio(AudioBlock { format, source }),
        Format::Document(format) => {
            let source = match source {
                BlobSource::Bytes(bytes) => DocumentSource::Bytes(bytes),
                BlobSource::S3Location(location) => DocumentSource::S3Location(location),
            };
            return document_block(part, format, source, name.as_deref(), place, scene);
        }
    })
}

/// A family that cannot read something has Bedrock refuse the request; here the
/// refusal says where it stands.
fn check_medium(
    format: Format,
    source: &BlobSource<'_>,
    place: fmt::Arguments<'_>,
    scene: &Scene<'_, '_>,
) -> Result<(), Error> {
    let profile = scene.profile;
    let (what, is_read, may_lie_in_s3) = match format {
        Format::Image(_) => ("images", profile.images != ImagesIn::Nowhere, profile.media_in_s3),
        Format::Video(_) => ("videos", profile.videos, profile.media_in_s3),
        Format::Audio(_) => ("sound", profile.sound, true),
        Format::Document(_) => ("documents", profile.documents, true),
    };
    check_family(what, is_read, place, scene)?;
    if matches!(source, BlobSource::S3Location(_)) && !may_lie_in_s3 {
        return Err(Error::at(
            place,
            format!("{} takes no {what} from S3; send the data itself", profile.name),
        ));
    }
    Ok(())
}

fn check_family(
    what: &str,
    is_read: bool,
    place: fmt::Arguments<'_>,
    scene: &Scene<'_, '_>,
) -> Result<(), Error> {
    if is_read {
        return Ok(());
    }
    Err(Error::at(place, format!("{} takes no {what}", scene.profile.name)))
}

fn document_block<'a>(
    part: &'a ContentPart,
    format: &'static str,
    source: DocumentSource<'a>,
    name: Option<&str>,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<ContentBlock<'a>, Error> {
    let mut citations = citations_config(part, place, scene)?;
    let is_cited = citations.is_some_and(|citations| citations.enabled);
    if is_cited && !matches!(format, "pdf" | "txt") {
        let why = "Bedrock cites pdf and txt documents only";
        scene.report.ignore(format_args!("{place}.citations"), why)?;
        citations = None;
    }
    Ok(ContentBlock::Document(DocumentBlock {
        format,
        name: scene.documents.next(name),
        source,
        context: part.context.as_deref(),
        citations,
    }))
}

fn file_reference<'a>(
    part: &'a ContentPart,
    place: fmt::Arguments<'_>,
) -> Result<(&'static str, Reference<'a>), Error> {
    let file = required(part.file.as_deref(), place, "file")?;
    let reference = |url| Reference {
        url,
        label: file.mime_type.as_deref(),
        name: file.filename.as_deref().or(part.title.as_deref()),
        bucket_owner: file.bucket_owner.as_deref(),
        kind: Kind::Any,
    };
    match (&file.file_data, &file.file_url, &file.file_id) {
        (Some(data), ..) => Ok(("file.file_data", reference(data))),
        (None, Some(url), _) => Ok(("file.file_url", reference(url))),
        (None, None, Some(_)) => Err(Error::at(
            format_args!("{place}.file.file_id"),
            "this gateway keeps no files; send the file itself in `file_data`, or its place in `file_url`",
        )),
        (None, None, None) => Err(missing(format_args!("{place}.file"), "file_data")),
    }
}

/// Anthropic's source of a document that is text.
fn text_source<'a>(
    source: &'a Source,
    place: fmt::Arguments<'_>,
) -> Result<Option<DocumentSource<'a>>, Error> {
    let place = format_args!("{place}.source");
    Ok(match source.kind.as_str() {
        "text" => {
            let text = required(source.data.as_ref(), place, "data")?;
            Some(DocumentSource::Text(text))
        }
        "content" => {
            let pieces = match required(source.content.as_ref(), place, "content")? {
                StringOr::String(text) => vec![TextPiece { text: text.as_str().into() }],
                StringOr::Other(parts) => {
                    parts.iter().map(|part| TextPiece { text: part.text.as_str().into() }).collect()
                }
            };
            Some(DocumentSource::Content(pieces))
        }
        _ => None,
    })
}

fn source_reference<'a>(
    source: &'a Source,
    name: Option<&'a str>,
    place: fmt::Arguments<'_>,
) -> Result<(&'static str, Reference<'a>), Error> {
    let place = format_args!("{place}.source");
    let reference = |url| Reference {
        url,
        label: source.media_type.as_deref(),
        name,
        bucket_owner: None,
        kind: Kind::Any,
    };
    match source.kind.as_str() {
        "base64" => {
            Ok(("source.data", reference(required(source.data.as_deref(), place, "data")?)))
        }
        "url" => Ok(("source.url", reference(required(source.url.as_deref(), place, "url")?))),
        other => Err(Error::at(
            format_args!("{place}.type"),
            format!("must be `base64`, `url`, `text` or `content`, not `{}`", quoted(other)),
        )),
    }
}

/// `{"enabled": true}`, where the family cites at all.
pub(super) fn citations_config(
    part: &ContentPart,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'_, '_>,
) -> Result<Option<CitationsConfig>, Error> {
    #[derive(Deserialize)]
    struct Config {
        enabled: bool,
    }
    let Some(raw) = &part.citations else { return Ok(None) };
    let config: Config = serde_json::from_str(raw.get()).map_err(|_| {
        Error::at(format_args!("{place}.citations"), "must be of the form {\"enabled\": true}")
    })?;
    if config.enabled && !scene.profile.citations {
        let why = format!("{} does not cite", scene.profile.name);
        scene.report.ignore(format_args!("{place}.citations"), &why)?;
        return Ok(None);
    }
    Ok(Some(CitationsConfig { enabled: config.enabled }))
}

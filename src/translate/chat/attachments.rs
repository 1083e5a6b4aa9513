//! Parts that hold, or point at, something that is not text.

use std::fmt;

use serde::Deserialize;

use super::content::required;
use super::error::Error;
use super::media::{self, Format, Medium};
use super::scene::Scene;
use crate::bedrock::request::{
    AudioBlock, BlobSource, CitationsConfig, ContentBlock, DocumentBlock, DocumentSource,
    ImageBlock, TextPiece, VideoBlock,
};
use crate::json::string_or::StringOr;
use crate::models::ImagesIn;
use crate::openai::chat::{ContentPart, PartType, Source, SourceType};

/// An image, a document, a video or sound; `None` if the part is none of them.
pub(super) fn medium_block<'a>(
    part: &'a ContentPart,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<Option<ContentBlock<'a>>, Error> {
    if let (PartType::ImageUrl, Some(image)) = (part.kind, part.image_url())
        && image.detail().is_some_and(|detail| detail != "auto")
    {
        let why = "Bedrock has no choice of how closely to look at an image";
        scene.report.ignore(format_args!("{place}.image_url.detail"), why)?;
    }
    if let (PartType::Image | PartType::Document, Some(StringOr::Other(source))) =
        (part.kind, part.source())
        && let Some(text) = text_source(source, place)?.filter(|_| part.kind == PartType::Document)
    {
        check_family("documents", scene.profile.documents, place, scene)?;
        return document_block(part, "txt", text, part.title(), place, scene).map(Some);
    }
    let Some((member, reference)) = media::reference(part, place)? else { return Ok(None) };
    let medium = media::find(reference, scene.files, &format_args!("{place}.{member}"))?;
    block_of(medium, part, place, scene).map(Some)
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
        context: part.context(),
        citations,
    }))
}

/// Anthropic's source of a document that is text.
fn text_source<'a>(
    source: &'a Source,
    place: fmt::Arguments<'_>,
) -> Result<Option<DocumentSource<'a>>, Error> {
    let place = format_args!("{place}.source");
    Ok(match source.kind {
        SourceType::Text => {
            let text = required(source.data(), place, "data")?;
            Some(DocumentSource::Text(text))
        }
        SourceType::Content => {
            let pieces = match required(source.content(), place, "content")? {
                StringOr::String(text) => vec![TextPiece { text: (&**text).into() }],
                StringOr::Other(parts) => {
                    parts.iter().map(|part| TextPiece { text: (&*part.text).into() }).collect()
                }
            };
            Some(DocumentSource::Content(pieces))
        }
        SourceType::Base64 | SourceType::Url => None,
    })
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
    let Some(raw) = part.citations() else { return Ok(None) };
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

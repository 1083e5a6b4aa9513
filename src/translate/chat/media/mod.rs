//! Images, documents, video and sound, from wherever a part says they are.

mod base64;
mod format;
mod names;
mod reference;
mod remote;

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;

use format::Labels;
pub(super) use format::{Format, Kind};
pub(super) use names::DocumentNames;
pub(super) use reference::{Reference, reference};
pub use remote::{RemoteFile, RemoteFiles, remote_urls};

use self::base64::{beginning, encode, standard};
use super::error::{Error, quoted};
use crate::bedrock::request::{BlobSource, S3Location};

/// Something that is not text.
pub(super) struct Medium<'a> {
    pub(super) format: Format,
    pub(super) source: BlobSource<'a>,
    /// What it is called, if its place says so.
    pub(super) name: Option<Cow<'a, str>>,
}

/// Finds what a part refers to. What it holds counts before what it is said to be.
///
/// # Errors
/// It is in no place or of no kind that Bedrock takes; the error is at `place`.
pub(super) fn find<'a>(
    reference: Reference<'a>,
    files: &'a RemoteFiles,
    place: &dyn fmt::Display,
) -> Result<Medium<'a>, Error> {
    let url = reference.url.trim();
    match url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase()).as_deref() {
        Some("data") => from_data_url(url, reference, place),
        Some("s3") => from_s3(url, reference, place),
        Some("http" | "https") => from_web(url, reference, files, place),
        // Base64 has no colon.
        Some(_) => Err(Error::at(place, "must be a `data:`, `https:` or `s3:` URL")),
        None => {
            let data = Cow::Borrowed(url);
            here(data, None, reference, place)
        }
    }
}

/// `data:[<media type>][;parameters][;base64],<data>` (RFC 2397); scheme, media
/// type and the word `base64` in any case.
fn from_data_url<'a>(
    url: &'a str,
    reference: Reference<'a>,
    place: &dyn fmt::Display,
) -> Result<Medium<'a>, Error> {
    let malformed =
        || Error::at(place, "must be a data URL such as `data:image/png;base64,iVBORw0...`");
    let (head, data) = url.split_once(',').ok_or_else(malformed)?;
    let (_, head) = head.split_once(':').ok_or_else(malformed)?;
    let mut parameters = head.split(';').map(str::trim);
    let label = parameters.next().filter(|label| !label.is_empty());
    let data = if parameters.any(|parameter| parameter.eq_ignore_ascii_case("base64")) {
        Cow::Borrowed(data)
    } else {
        Cow::Owned(encode(&percent_decode_str(data).collect::<Vec<u8>>()))
    };
    here(data, label, reference, place)
}

/// Data that came with the request.
fn here<'a>(
    data: Cow<'a, str>,
    label: Option<&str>,
    reference: Reference<'a>,
    place: &dyn fmt::Display,
) -> Result<Medium<'a>, Error> {
    let not_base64 = || Error::at(place, "the data is not base64, or there is none");
    let bytes = match data {
        Cow::Borrowed(data) => standard(data),
        Cow::Owned(data) => standard(&data).map(|data| Cow::Owned(data.into_owned())),
    };
    let bytes = bytes.ok_or_else(not_base64)?;
    let labels = Labels {
        media_types: [label, reference.label],
        extension: reference.name.and_then(extension),
    };
    let format = format::recognise(&beginning(&bytes), labels, reference.kind)
        .ok_or_else(|| unknown_format(label.or(reference.label).or(labels.extension), place))?;
    let name = reference.name.map(Cow::Borrowed);
    Ok(Medium { format, source: BlobSource::Bytes(bytes), name })
}

/// Whether this is base64 in the spelling that AWS takes, for what is sent as it came.
pub(super) fn is_base64(data: &str) -> bool {
    matches!(standard(data), Some(Cow::Borrowed(_)))
}

fn from_s3<'a>(
    url: &'a str,
    reference: Reference<'a>,
    place: &dyn fmt::Display,
) -> Result<Medium<'a>, Error> {
    let (_, rest) = url.split_once("://").unwrap_or_default();
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let is_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_bucket = (3..=63).contains(&bucket.len())
        && bucket.chars().all(|c| is_end(c) || matches!(c, '.' | '-'))
        && bucket.starts_with(is_end)
        && bucket.ends_with(is_end);
    // The service's pattern for these URIs ends at the end of a line.
    let is_key = !key.is_empty() && !key.contains(LINE_ENDS);
    if !is_bucket || !is_key || url.len() > MAX_S3_URI || !url.starts_with("s3://") {
        return Err(Error::at(place, "must be of the form `s3://bucket/key`"));
    }
    if reference
        .bucket_owner
        .is_some_and(|id| id.len() != 12 || !id.bytes().all(|b| b.is_ascii_digit()))
    {
        return Err(Error::at(place, "its `bucketOwner` must be an AWS account id, 12 digits"));
    }
    // A label that says nothing leaves it to the key's extension.
    let labels = [reference.label.filter(|label| !format::is_generic(label)), extension(key)];
    let label = labels.into_iter().flatten().next();
    let format = label.and_then(format::labelled).ok_or_else(|| unknown_format(label, place))?;
    let location = S3Location { uri: url, bucket_owner: reference.bucket_owner };
    let name = reference.name.unwrap_or_else(|| last_segment(key));
    Ok(Medium { format, source: BlobSource::S3Location(location), name: Some(Cow::Borrowed(name)) })
}

/// What Bedrock takes as the URI of an object at most.
const MAX_S3_URI: usize = 1024;
const LINE_ENDS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

fn from_web<'a>(
    url: &'a str,
    reference: Reference<'a>,
    files: &'a RemoteFiles,
    place: &dyn fmt::Display,
) -> Result<Medium<'a>, Error> {
    let file = files.get(url).ok_or_else(|| {
        Error::at(place, "this gateway fetches nothing from the web; send a `data:` or `s3:` URL")
    })?;
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = reference.name.map_or_else(|| Cow::Borrowed(last_segment(path)), Cow::Borrowed);
    let media_type = file.media_type.as_deref();
    let labels = Labels { media_types: [media_type, reference.label], extension: extension(&name) };
    let format = format::recognise(&beginning(&file.base64), labels, reference.kind)
        .ok_or_else(|| unknown_format(media_type.or(reference.label), place))?;
    let source = BlobSource::Bytes(Cow::Borrowed(file.base64.as_str()));
    Ok(Medium { format, source, name: Some(name) })
}

fn last_segment(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn extension(name: &str) -> Option<&str> {
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then_some(extension)
}

fn unknown_format(label: Option<&str>, place: &dyn fmt::Display) -> Error {
    let what = match label {
        Some(label) => format!("`{}` is no format that Bedrock reads", quoted(label)),
        None => "it is not said what this is, and its content does not show it; say `mime_type`"
            .to_owned(),
    };
    Error::at(place, format!("{what}: {}", format::KNOWN))
}

//! Images, video and sound.

use std::borrow::Cow;

use serde::Serialize;

/// An image.
#[derive(Debug, Clone, Serialize)]
pub struct ImageBlock<'a> {
    /// `png`, `jpeg`, `gif` or `webp`.
    pub format: &'static str,
    /// Where it is.
    pub source: BlobSource<'a>,
}

/// A video.
#[derive(Debug, Clone, Serialize)]
pub struct VideoBlock<'a> {
    /// Such as `mp4`.
    pub format: &'static str,
    /// Where it is.
    pub source: BlobSource<'a>,
}

/// Sound.
#[derive(Debug, Clone, Serialize)]
pub struct AudioBlock<'a> {
    /// Such as `wav`.
    pub format: &'static str,
    /// Where it is.
    pub source: BlobSource<'a>,
}

/// Where a blob is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum BlobSource<'a> {
    /// Here, base64.
    Bytes(Cow<'a, str>),
    /// In S3.
    S3Location(S3Location<'a>),
}

/// A place in S3.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct S3Location<'a> {
    /// `s3://bucket/key`.
    pub uri: &'a str,
    /// The account that owns the bucket, if it is another; 12 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket_owner: Option<&'a str>,
}

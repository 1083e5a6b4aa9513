//! Parts of a message's content: OpenAI's, Portkey's, and Anthropic's where
//! OpenAI has no word.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::message::CacheControl;
use crate::json::raw_object::RawObject;
use crate::json::string_or::{Expected, StringOr};

/// One part of `content`. `type` decides which of the others must be there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ContentPart {
    /// `text`, `image_url`, `video_url`, `input_audio`, `file`, `refusal`;
    /// Portkey's `thinking`, `redacted_thinking`; Anthropic's `image`, `document`,
    /// `search_result`; for Bedrock `guard_content`, `guarded_text`, `json`,
    /// `server_tool_use`, `server_tool_result`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `text`, `guarded_text`: the text.
    pub text: Option<String>,
    /// `image_url`: the image.
    pub image_url: Option<MediaUrl>,
    /// `video_url`: the video.
    pub video_url: Option<MediaUrl>,
    /// `input_audio`: the sound.
    pub input_audio: Option<InputAudio>,
    /// `file`: the file.
    pub file: Option<Box<File>>,
    /// `refusal`: the text.
    pub refusal: Option<String>,
    /// `thinking`: the reasoning, as the model wrote it.
    pub thinking: Option<String>,
    /// `thinking`: the model's seal on it, to be sent back unchanged.
    pub signature: Option<String>,
    /// `redacted_thinking`: sealed reasoning, base64.
    pub data: Option<String>,
    /// `image`, `document`: where it is. `search_result`: where it was found.
    pub source: Option<StringOr<Box<Source>>>,
    /// `document`, `search_result`: the title.
    pub title: Option<String>,
    /// `file`, `document`: what the model should know about it.
    pub context: Option<String>,
    /// `file`, `document`, `search_result`: `{"enabled": true}`. `text` of an
    /// assistant: Bedrock's own citations, an array.
    pub citations: Option<Box<RawValue>>,
    /// `search_result`: text parts. `server_tool_result`: Bedrock's own blocks.
    pub content: Option<Box<RawValue>>,
    /// `guard_content`: Bedrock's own object, `{"text": {...}}` or `{"image": {...}}`.
    #[serde(alias = "guardContent")]
    pub guard_content: Option<RawObject>,
    /// `guarded_text`: `grounding_source`, `query`, `guard_content`.
    pub qualifiers: Option<Vec<String>>,
    /// `json`: any JSON.
    pub json: Option<Box<RawValue>>,
    /// `server_tool_use`: its id.
    pub id: Option<String>,
    /// `server_tool_use`: the tool's name.
    pub name: Option<String>,
    /// `server_tool_use`: the tool's input.
    pub input: Option<RawObject>,
    /// `server_tool_result`: which use it is the result of.
    pub tool_use_id: Option<String>,
    /// `server_tool_result`: `success` or `error`.
    pub status: Option<String>,
    /// `server_tool_result`: Bedrock's `type` of the result.
    pub tool_type: Option<String>,
    /// Anthropic's: the prompt up to here may be cached.
    pub cache_control: Option<CacheControl>,
}

/// Where an image or a video is.
#[derive(Debug, Deserialize)]
pub struct MediaUrl {
    /// A `data:`, `https:` or `s3:` URL.
    pub url: String,
    /// OpenAI: how closely to look; Bedrock has no choice.
    pub detail: Option<String>,
    /// Portkey: what it is, where the URL does not say.
    #[serde(alias = "mimeType", alias = "format")]
    pub mime_type: Option<String>,
    /// Portkey: the account that owns the bucket of an `s3:` URL.
    #[serde(rename = "bucketOwner", alias = "bucket_owner")]
    pub bucket_owner: Option<String>,
}

/// Sound.
#[derive(Debug, Deserialize)]
pub struct InputAudio {
    /// Base64, or a `data:` or `s3:` URL.
    pub data: String,
    /// Such as `wav` or `mp3`.
    pub format: Option<String>,
    /// The account that owns the bucket of an `s3:` URL.
    #[serde(rename = "bucketOwner", alias = "bucket_owner")]
    pub bucket_owner: Option<String>,
}

/// A file.
#[derive(Debug, Deserialize)]
pub struct File {
    /// A `data:` URL, or base64.
    pub file_data: Option<String>,
    /// Portkey: an `s3:` or `https:` URL.
    pub file_url: Option<String>,
    /// OpenAI: the id of a file that it keeps.
    pub file_id: Option<String>,
    /// Its name.
    #[serde(alias = "file_name")]
    pub filename: Option<String>,
    /// Portkey: what it is.
    #[serde(alias = "format")]
    pub mime_type: Option<String>,
    /// Portkey: the account that owns the bucket of an `s3:` URL.
    #[serde(rename = "bucketOwner", alias = "bucket_owner")]
    pub bucket_owner: Option<String>,
}

/// Anthropic's `source` of an image or a document.
#[derive(Debug, Deserialize)]
pub struct Source {
    /// `base64`, `url`, `text` or `content`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `base64`, `text`: what it is.
    pub media_type: Option<String>,
    /// `base64`, `text`: the thing itself.
    pub data: Option<String>,
    /// `url`: where it is.
    pub url: Option<String>,
    /// `content`: text, or parts that hold text.
    pub content: Option<StringOr<Vec<TextPart>>>,
}

impl Expected for Box<Source> {
    const EXPECTED: &'static str = "a string or an object";
}

/// A part that holds text.
#[derive(Debug, Deserialize)]
pub struct TextPart {
    /// The text.
    pub text: String,
}

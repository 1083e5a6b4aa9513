//! Blocks of instructions and turns.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::media::{AudioBlock, ImageBlock, S3Location, VideoBlock};
use super::tools::{ToolResultBlock, ToolUseBlock};

/// One block of a turn.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ContentBlock<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// An image.
    Image(ImageBlock<'a>),
    /// A document.
    Document(DocumentBlock<'a>),
    /// A video.
    Video(VideoBlock<'a>),
    /// Sound.
    Audio(AudioBlock<'a>),
    /// A call that the model made.
    ToolUse(ToolUseBlock<'a>),
    /// The result of a call.
    ToolResult(ToolResultBlock<'a>),
    /// What the guardrail is to look at; Bedrock's own object.
    GuardContent(Cow<'a, RawValue>),
    /// Everything before it may be cached.
    CachePoint(CachePointBlock),
    /// The model's reasoning.
    ReasoningContent(ReasoningContentBlock<'a>),
    /// Text of the model with its sources.
    CitationsContent(CitationsContentBlock<'a>),
    /// Something that was found, to be cited.
    SearchResult(SearchResultBlock<'a>),
}

/// A document.
#[derive(Debug, Serialize)]
pub struct DocumentBlock<'a> {
    /// Such as `pdf`.
    pub format: &'static str,
    /// Unique in a request; letters, digits, single spaces, `-`, `_`, brackets.
    pub name: String,
    /// Where it is.
    pub source: DocumentSource<'a>,
    /// What the model should know about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<&'a str>,
    /// Whether the answer says where it got things from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citations: Option<CitationsConfig>,
}

/// Where a document is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DocumentSource<'a> {
    /// Here, base64.
    Bytes(Cow<'a, str>),
    /// In S3.
    S3Location(S3Location<'a>),
    /// Here, as text.
    Text(&'a str),
    /// Here, as pieces of text, each of which may be cited.
    Content(Vec<TextPiece<'a>>),
}

/// A piece of text.
#[derive(Debug, Serialize)]
pub struct TextPiece<'a> {
    /// The text.
    pub text: Cow<'a, str>,
}

/// Whether an answer has citations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CitationsConfig {
    /// Yes or no.
    pub enabled: bool,
}

/// Something that was found, to be cited.
#[derive(Debug, Serialize)]
pub struct SearchResultBlock<'a> {
    /// Where it was found, such as a URL.
    pub source: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Its text.
    pub content: Vec<TextPiece<'a>>,
    /// Whether it may be cited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citations: Option<CitationsConfig>,
}

/// Text of the model with its sources.
#[derive(Debug, Serialize)]
pub struct CitationsContentBlock<'a> {
    /// The text.
    pub content: Vec<TextPiece<'a>>,
    /// The sources, as Bedrock told them.
    pub citations: &'a RawValue,
}

/// A mark up to which a prompt may be cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CachePointBlock {
    /// Always `default`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// How long: five minutes if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<CacheTtl>,
}

/// How long a cached prompt lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum CacheTtl {
    /// Five minutes.
    #[serde(rename = "5m")]
    FiveMinutes,
    /// An hour.
    #[serde(rename = "1h")]
    OneHour,
}

/// The model's reasoning.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ReasoningContentBlock<'a> {
    /// Readable.
    ReasoningText(ReasoningTextBlock<'a>),
    /// Sealed, base64.
    RedactedContent(&'a str),
}

/// Readable reasoning.
#[derive(Debug, Serialize)]
pub struct ReasoningTextBlock<'a> {
    /// The reasoning.
    pub text: &'a str,
    /// The model's seal on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<&'a str>,
}

/// One block of instructions.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SystemContentBlock<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// What the guardrail is to look at; Bedrock's own object.
    GuardContent(Cow<'a, RawValue>),
    /// Everything before it may be cached.
    CachePoint(CachePointBlock),
}

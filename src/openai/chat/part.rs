//! Parts of a message's content: OpenAI's, Portkey's, and Anthropic's where OpenAI has
//! none.

use serde_json::value::RawValue;

use super::message::CacheControl;
use crate::json::counts::Counted;
use crate::json::declare::{object, sparse, words};
use crate::json::raw_object::RawObject;
use crate::json::read::{Borrowed, Item};
use crate::json::string_or::{Expected, StringOr};

words! {
    /// What a part is.
    pub enum PartType {
        /// Text.
        Text = "text",
        /// An image by URL.
        ImageUrl = "image_url",
        /// Portkey: a video by URL.
        VideoUrl = "video_url",
        /// Audio.
        InputAudio = "input_audio",
        /// A file.
        File = "file",
        /// Text with which the model declined.
        Refusal = "refusal",
        /// Portkey: reasoning.
        Thinking = "thinking",
        /// Portkey: encrypted reasoning.
        RedactedThinking = "redacted_thinking",
        /// Anthropic: an image.
        Image = "image",
        /// Anthropic: a document.
        Document = "document",
        /// Anthropic: a search result.
        SearchResult = "search_result",
        /// Bedrock: content for a guardrail.
        GuardContent = "guard_content",
        /// The same in Bedrock's spelling.
        GuardContentCamel = "guardContent",
        /// Text for a guardrail.
        GuardedText = "guarded_text",
        /// Bedrock: the JSON result of a tool.
        Json = "json",
        /// Bedrock: a call of a tool that runs at AWS.
        ServerToolUse = "server_tool_use",
        /// Bedrock: the result of such a call.
        ServerToolResult = "server_tool_result",
    }
}

sparse! {
    /// One part of `content`. `type` decides which of the other members it must have.
    #[derive(Debug)]
    pub struct ContentPart of PartMember {
        @key {
            /// What it is.
            kind: PartType = "type";
        }
        /// `text`, `guarded_text`: the text.
        Text text: Box<str> = "text";
        /// `image_url`: the image.
        ImageUrl image_url: Box<MediaUrl> = "image_url";
        /// `video_url`: the video.
        VideoUrl video_url: Box<MediaUrl> = "video_url";
        /// `input_audio`: the audio.
        InputAudio input_audio: Box<InputAudio> = "input_audio";
        /// `file`: the file.
        File file: File = "file";
        /// `refusal`: the text.
        Refusal refusal: Box<str> = "refusal";
        /// `thinking`: the reasoning, as the model wrote it.
        Thinking thinking: Box<str> = "thinking";
        /// `thinking`: its signature, to be sent back unchanged.
        Signature signature: Box<str> = "signature";
        /// `redacted_thinking`: encrypted reasoning, base64.
        Data data: Box<str> = "data";
        /// `image`, `document`: where it is. `search_result`: where it was found.
        Source source: Box<StringOr<Source>> = "source";
        /// `document`, `search_result`: the title.
        Title title: Box<str> = "title";
        /// `file`, `document`: what the model should know about it.
        Context context: Box<str> = "context";
        /// `file`, `document`, `search_result`: `{"enabled": true}`. `text` of an
        /// assistant: Bedrock's own citations, an array.
        Citations citations: Box<RawValue> = "citations";
        /// `search_result`: text parts. `server_tool_result`: Bedrock's own blocks.
        Content content: Box<RawValue> = "content";
        /// `guard_content`: Bedrock's own object, `{"text": {...}}` or `{"image": {...}}`.
        Guard guard_content: RawObject = "guard_content" | "guardContent";
        /// `guarded_text`: `grounding_source`, `query`, `guard_content`.
        Qualifiers qualifiers: Box<[Box<str>]> = "qualifiers";
        /// `json`: any JSON.
        Json json: Box<RawValue> = "json";
        /// `server_tool_use`: its id.
        Id id: Box<str> = "id";
        /// `server_tool_use`: the tool's name.
        Name name: Box<str> = "name";
        /// `server_tool_use`: the tool's input.
        Input input: RawObject = "input";
        /// `server_tool_result`: which use it is the result of.
        ToolUseId tool_use_id: Box<str> = "tool_use_id";
        /// `server_tool_result`: `success` or `error`.
        Status status: Box<str> = "status";
        /// `server_tool_result`: Bedrock's `type` of the result.
        ToolType tool_type: Box<str> = "tool_type";
        /// Anthropic: the prompt up to here may be cached.
        CacheControl cache_control: Box<CacheControl> = "cache_control";
    }
}

impl Item for ContentPart {
    const COUNTED: Counted = Counted::Parts;
}

sparse! {
    /// Where an image or a video is.
    #[derive(Debug)]
    pub struct MediaUrl of MediaUrlMember {
        @key {
            /// A `data:`, `https:` or `s3:` URL.
            url: Box<str> = "url";
        }
        /// OpenAI: the detail level; Bedrock has no choice.
        Detail detail: Box<str> = "detail";
        /// Portkey: the media type, where the URL does not tell it.
        MimeType mime_type: Box<str> = "mime_type" | "mimeType" | "format";
        /// Portkey: the account that owns the bucket of an `s3:` URL.
        BucketOwner bucket_owner: Box<str> = "bucketOwner" | "bucket_owner";
    }
}

sparse! {
    /// Audio.
    #[derive(Debug)]
    pub struct InputAudio of InputAudioMember {
        @key {
            /// Base64, or a `data:` or `s3:` URL.
            data: Box<str> = "data";
        }
        /// Such as `wav` or `mp3`.
        Format format: Box<str> = "format";
        /// The account that owns the bucket of an `s3:` URL.
        BucketOwner bucket_owner: Box<str> = "bucketOwner" | "bucket_owner";
    }
}

sparse! {
    /// A file.
    #[derive(Debug)]
    pub struct File of FileMember {
        /// A `data:` URL, or base64.
        Data file_data: Box<str> = "file_data";
        /// Portkey: an `s3:` or `https:` URL.
        Url file_url: Box<str> = "file_url";
        /// OpenAI: the id of a file that it keeps.
        Id file_id: Box<str> = "file_id";
        /// Its name.
        Name filename: Box<str> = "filename" | "file_name";
        /// Portkey: the media type.
        MimeType mime_type: Box<str> = "mime_type" | "format";
        /// Portkey: the account that owns the bucket of an `s3:` URL.
        BucketOwner bucket_owner: Box<str> = "bucketOwner" | "bucket_owner";
    }
}

impl Borrowed for File {
    type As<'a> = &'a Self;

    fn borrowed(&self) -> &Self {
        self
    }
}

words! {
    /// The kinds of Anthropic's `source`.
    pub enum SourceType {
        /// The thing itself, in base64.
        Base64 = "base64",
        /// Where it is.
        Url = "url",
        /// Plain text.
        Text = "text",
        /// Text, or parts that hold text.
        Content = "content",
    }
}

sparse! {
    /// Anthropic's `source` of an image or a document.
    #[derive(Debug)]
    pub struct Source of SourceMember {
        @key {
            /// Its kind.
            kind: SourceType = "type";
        }
        /// `base64`, `text`: the media type.
        MediaType media_type: Box<str> = "media_type";
        /// `base64`, `text`: the data.
        Data data: Box<str> = "data";
        /// `url`: the URL.
        Url url: Box<str> = "url";
        /// `content`: text, or parts that hold text.
        Content content: StringOr<Box<[TextPart]>> = "content";
    }
}

impl Expected for Source {
    const EXPECTED: &'static str = "a string or an object";
}

object! {
    /// A part that holds text.
    #[derive(Debug)]
    pub struct TextPart {
        @required {
            /// The text.
            text: Box<str> = "text";
        }
    }
}

impl Item for TextPart {
    const COUNTED: Counted = Counted::Parts;
}

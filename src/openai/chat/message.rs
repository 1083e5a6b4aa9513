//! Messages of a chat request.

use serde::de::IgnoredAny;

use super::part::ContentPart;
use crate::json::counts::Counted;
use crate::json::declare::{object, sparse, words};
use crate::json::read::{Borrowed, Item};
use crate::json::string_or::StringOr;

/// `content`: a string, or an array of parts.
pub type Content = StringOr<Box<[ContentPart]>>;

words! {
    /// Who a message is from.
    pub enum Role {
        /// Instructions.
        System = "system",
        /// Instructions, by their newer name.
        Developer = "developer",
        /// The user.
        User = "user",
        /// The model.
        Assistant = "assistant",
        /// The result of a tool call.
        Tool = "tool",
        /// The older form of `tool`.
        Function = "function",
    }
}

sparse! {
    /// One message. Which members mean something depends on `role`; the type is
    /// flat so that an error inside keeps its exact place.
    #[derive(Debug)]
    pub struct Message of MessageMember {
        @key {
            /// Who it is from.
            role: Role = "role";
        }
        /// The content.
        Content content: Content = "content";
        /// Portkey: content in the model's own order, thinking included; used in
        /// place of `content`, or together with it where it holds no text.
        ContentBlocks content_blocks: Box<[ContentPart]> = "content_blocks";
        /// Assistant: its reasoning as plain text, as some clients keep it.
        ReasoningContent reasoning_content: Box<str> = "reasoning_content";
        /// Assistant: why the model declined, in place of `content`.
        Refusal refusal: Box<str> = "refusal";
        /// Assistant: the functions it called.
        ToolCalls tool_calls: Box<[ToolCall]> = "tool_calls";
        /// Assistant, older form: the one function it called.
        FunctionCall function_call: Box<FunctionCall> = "function_call";
        /// Assistant: audio that OpenAI keeps under an id.
        Audio audio: Present = "audio";
        /// Tool: which call this message answers.
        ToolCallId tool_call_id: Box<str> = "tool_call_id";
        /// Tool, Anthropic's form: whether the call failed.
        IsError is_error: bool = "is_error";
        /// Tool, Bedrock's form: `success` or `error`.
        Status status: Box<str> = "status";
        /// The name of the participant, or the function whose result this is.
        Name name: Box<str> = "name";
        /// Anthropic: the prompt up to the end of this message may be cached.
        CacheControl cache_control: Box<CacheControl> = "cache_control";
    }
}

impl Item for Message {
    const COUNTED: Counted = Counted::Messages;
}

impl Message {
    /// The arrays of parts that it has, each with the name of its member.
    pub fn part_lists(&self) -> impl Iterator<Item = (&'static str, &[ContentPart])> {
        let content = match self.content() {
            Some(StringOr::Other(parts)) => Some(("content", &**parts)),
            Some(StringOr::String(_)) | None => None,
        };
        let blocks = self.content_blocks().map(|parts| ("content_blocks", parts));
        content.into_iter().chain(blocks)
    }
}

/// A member of which only the presence matters.
pub(super) type Present = IgnoredAny;

impl Borrowed for Present {
    type As<'a> = ();

    fn borrowed(&self) {}
}

object! {
    /// Anthropic's mark up to which a prompt may be cached.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct CacheControl {
        /// `ephemeral`.
        kind: String = "type";
        /// `5m` or `1h`.
        ttl: String = "ttl";
    }
}

object! {
    /// A function call that the assistant made.
    #[derive(Debug)]
    pub struct ToolCall {
        @required {
            /// Pairs the call with its result.
            id: Box<str> = "id";
        }
        /// What was called.
        function: Box<FunctionCall> = "function";
    }
}

impl Item for ToolCall {
    const COUNTED: Counted = Counted::Parts;
}

object! {
    /// Name and arguments of a call.
    #[derive(Debug, Clone, PartialEq)]
    pub struct FunctionCall {
        @required {
            /// Name of the function.
            name: Box<str> = "name";
        }
        /// Its arguments, JSON in a string.
        arguments: Box<str> = "arguments";
    }
}

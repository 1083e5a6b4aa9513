//! The answer as a whole.

use super::error::UpstreamFault;
use super::stop_reason::finish_reason;
use super::usage::usage;
use crate::bedrock::response::{
    ConverseResponse, OutputBlock, ReasoningContent, SERVER_TOOL_USE, ToolUse,
};
use crate::openai::chat::{
    Choice, Completion, CompletionFunctionCall, CompletionMessage, CompletionToolCall, ContentBlock,
};

/// Facts from outside the provider's answer.
#[derive(Debug, Clone)]
pub struct ResponseContext {
    /// `chatcmpl-` and a unique part.
    pub id: String,
    /// Seconds since 1970.
    pub created: u64,
    /// The model as the client named it.
    pub model: String,
    /// OpenAI to the letter, or with Portkey's additions.
    pub strict: bool,
}

/// Portkey's name for the provider, outside strict mode part of every answer.
pub(super) const PROVIDER: &str = "bedrock";

/// Translates a Converse answer to a chat completion.
///
/// # Errors
/// There is no answer in it.
pub fn response(
    response: ConverseResponse,
    context: ResponseContext,
) -> Result<Completion, UpstreamFault> {
    let ResponseContext { id, created, model, strict } = context;
    let message =
        response.output.and_then(|output| output.message).ok_or(UpstreamFault::NoOutput)?;
    let stop_reason = response.stop_reason.ok_or(UpstreamFault::NoOutput)?;
    Ok(Completion {
        id,
        object: "chat.completion",
        created,
        model,
        provider: (!strict).then_some(PROVIDER),
        choices: [Choice {
            index: 0,
            message: completion_message(message.content, strict),
            logprobs: None,
            finish_reason: if strict {
                finish_reason(&stop_reason).to_owned()
            } else {
                stop_reason
            },
        }],
        usage: response.usage.map(|counts| usage(counts, strict)),
    })
}

fn completion_message(blocks: Vec<OutputBlock>, strict: bool) -> CompletionMessage {
    let mut parts = Parts::default();
    for block in blocks {
        // AWS sets one member of a block; were it to set more, none is lost.
        let OutputBlock { text, tool_use, reasoning_content, citations_content } = block;
        if let Some(text) = text {
            parts.push_text(text);
        }
        if let Some(cited) = citations_content {
            parts.push_text(cited.content.into_iter().filter_map(|piece| piece.text).collect());
        }
        if let Some(reasoning) = reasoning_content {
            parts.push_reasoning(reasoning);
        }
        if let Some(tool_use) = tool_use {
            parts.push_tool_use(tool_use);
        }
    }
    CompletionMessage {
        role: "assistant",
        content: parts.text,
        refusal: None,
        reasoning_content: parts.reasoning.filter(|_| !strict),
        content_blocks: (!strict).then_some(parts.blocks),
        tool_calls: parts.tool_calls,
    }
}

/// What has been read of a message so far. Texts are joined without anything in
/// between, as they are in a stream.
#[derive(Default)]
struct Parts {
    text: Option<String>,
    reasoning: Option<String>,
    blocks: Vec<ContentBlock>,
    tool_calls: Vec<CompletionToolCall>,
}

impl Parts {
    fn push_text(&mut self, text: String) {
        self.text.get_or_insert_default().push_str(&text);
        // Some models begin with an empty block.
        if !text.is_empty() {
            self.blocks.push(ContentBlock::Text { text });
        }
    }

    fn push_reasoning(&mut self, reasoning: ReasoningContent) {
        let ReasoningContent { reasoning_text, redacted_content } = reasoning;
        if let Some(readable) = reasoning_text {
            self.reasoning.get_or_insert_default().push_str(&readable.text);
            self.blocks.push(ContentBlock::Thinking {
                thinking: readable.text,
                signature: readable.signature,
            });
        }
        if let Some(data) = redacted_content {
            self.blocks.push(ContentBlock::RedactedThinking { data });
        }
    }

    fn push_tool_use(&mut self, tool_use: ToolUse) {
        let ToolUse { tool_use_id, name, input, kind } = tool_use;
        if kind.as_deref() == Some(SERVER_TOOL_USE) {
            return;
        }
        let arguments = input.map_or_else(|| "{}".to_owned(), |input| input.get().to_owned());
        self.tool_calls.push(CompletionToolCall {
            id: tool_use_id,
            kind: "function",
            function: CompletionFunctionCall { name, arguments },
        });
    }
}

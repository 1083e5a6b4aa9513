//! The answer as a whole.

use std::collections::HashMap;

use super::annotations;
use super::error::UpstreamFault;
use super::stop_reason::{finish_reason, without_answer_tool};
use super::usage::usage;
use crate::bedrock::response::{
    CitationsContent, ConverseResponse, OutputBlock, OutputImage, ReasoningContent,
    SERVER_TOOL_USE, ServerToolResult, ToolUse,
};
use crate::json::raw_object::empty_object;
use crate::openai::chat::{
    Annotation, Choice, Completion, CompletionFunctionCall, CompletionMessage, CompletionToolCall,
    ContentBlock, GeneratedImage, ProviderDetails,
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
    /// What the request's translation left to do.
    pub answering: Answering,
}

/// What the translation of a request leaves to that of its answer.
#[derive(Debug, Clone, Default)]
pub struct Answering {
    /// The client's name of each tool that has an alias on Bedrock, by alias.
    pub tool_names: HashMap<String, String>,
    /// The tool whose input is the text of the answer.
    pub answer_tool: Option<String>,
    /// Whether the model writes marks of its own behind names of tools.
    pub marks_tool_names: bool,
}

impl Answering {
    /// A tool's name without what the model wrote behind it.
    fn bare<'n>(&self, name: &'n str) -> &'n str {
        match name.split_once("<|") {
            Some((before, _)) if self.marks_tool_names && !before.is_empty() => before,
            _ => name,
        }
    }

    /// The client's name of a tool.
    pub(super) fn tool_name<'n>(&'n self, name: &'n str) -> &'n str {
        let name = self.bare(name);
        self.tool_names.get(name).map_or(name, String::as_str)
    }

    /// Whether this is the tool that takes the answer.
    pub(super) fn is_answer_tool(&self, name: &str) -> bool {
        self.answer_tool.as_deref() == Some(self.bare(name))
    }
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
    let ResponseContext { id, created, model, strict, answering } = context;
    let ConverseResponse {
        output,
        stop_reason,
        usage: counts,
        additional_model_response_fields,
        trace,
        metrics,
        performance_config,
        service_tier,
    } = response;
    let message = output.and_then(|output| output.message).ok_or(UpstreamFault::NoOutput)?;
    let stop_reason = stop_reason.ok_or(UpstreamFault::NoOutput)?;
    let (message, has_answered) = completion_message(message.content, strict, &answering);
    let stop_reason = if has_answered && message.tool_calls.is_empty() {
        without_answer_tool(stop_reason)
    } else {
        stop_reason
    };
    let details =
        ProviderDetails { trace, metrics, performance_config, additional_model_response_fields };
    Ok(Completion {
        id,
        object: "chat.completion",
        created,
        model,
        provider: (!strict).then_some(PROVIDER),
        choices: [Choice {
            index: 0,
            message,
            logprobs: None,
            finish_reason: if strict {
                finish_reason(&stop_reason).to_owned()
            } else {
                stop_reason
            },
        }],
        usage: counts.map(|counts| usage(&counts, strict)),
        service_tier: service_tier.map(|tier| tier.kind),
        provider_details: (!strict).then_some(details),
    })
}

/// The message, and whether its text is what a tool was given.
fn completion_message(
    blocks: Vec<OutputBlock>,
    strict: bool,
    answering: &Answering,
) -> (CompletionMessage, bool) {
    let mut parts = Parts::default();
    for block in blocks {
        // AWS sets one member of a block; were it to set more, none is lost.
        let OutputBlock {
            text,
            tool_use,
            reasoning_content,
            citations_content,
            tool_result,
            image,
        } = block;
        if let Some(text) = text {
            parts.push_text(text);
        }
        if let Some(cited) = citations_content {
            parts.push_cited(cited);
        }
        if let Some(reasoning) = reasoning_content {
            parts.push_reasoning(reasoning);
        }
        if let Some(tool_use) = tool_use {
            parts.push_tool_use(tool_use, answering);
        }
        if let Some(result) = tool_result {
            parts.push_server_result(result);
        }
        if let Some(url) = image.as_ref().and_then(data_url) {
            parts.blocks.push(ContentBlock::ImageUrl { image_url: GeneratedImage { url } });
        }
    }
    let has_answered = parts.answer.is_some();
    if let Some(answer) = parts.answer.take() {
        parts.give_answer(answer);
    } else if answering.answer_tool.is_some() && !parts.tool_calls.is_empty() {
        // What is said before calls does not have the form that was asked for.
        parts.text = None;
    }
    if answering.answer_tool.is_some() {
        parts.annotations.clear();
    }
    let message = CompletionMessage {
        role: "assistant",
        content: parts.text,
        refusal: None,
        reasoning_content: parts.reasoning.filter(|_| !strict),
        content_blocks: (!strict).then_some(parts.blocks),
        annotations: parts.annotations,
        tool_calls: parts.tool_calls,
    };
    (message, has_answered)
}

/// An image that the model made, as a URL.
pub(super) fn data_url(image: &OutputImage) -> Option<String> {
    let bytes = image.source.as_ref()?.bytes.as_deref()?;
    let format = image.format.as_deref().unwrap_or("png");
    Some(format!("data:image/{format};base64,{bytes}"))
}

/// What has been read of a message so far. Texts are joined without anything in
/// between, as they are in a stream.
#[derive(Default)]
struct Parts {
    text: Option<String>,
    /// How many characters the text has.
    n_chars: usize,
    reasoning: Option<String>,
    blocks: Vec<ContentBlock>,
    annotations: Vec<Annotation>,
    tool_calls: Vec<CompletionToolCall>,
    /// What the tool was given that takes the answer.
    answer: Option<String>,
}

impl Parts {
    fn push_text(&mut self, text: String) {
        self.append(&text);
        // Some models begin with an empty block.
        if !text.is_empty() {
            self.blocks.push(ContentBlock::Text { text, citations: Vec::new() });
        }
    }

    fn append(&mut self, text: &str) {
        self.text.get_or_insert_default().push_str(text);
        self.n_chars += text.chars().count();
    }

    fn push_cited(&mut self, cited: CitationsContent) {
        let CitationsContent { content, citations } = cited;
        let text: String = content.into_iter().filter_map(|piece| piece.text).collect();
        let start = self.n_chars;
        self.append(&text);
        let end = self.n_chars;
        self.annotations.extend(
            citations.iter().filter_map(|citation| annotations::of_web(citation, start, end)),
        );
        if !text.is_empty() || !citations.is_empty() {
            self.blocks.push(ContentBlock::Text { text, citations });
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

    fn push_tool_use(&mut self, tool_use: ToolUse, answering: &Answering) {
        let ToolUse { tool_use_id: id, name, input, kind } = tool_use;
        let input = input.unwrap_or_else(empty_object);
        if kind.as_deref() == Some(SERVER_TOOL_USE) {
            self.blocks.push(ContentBlock::ServerToolUse { id, name, input });
        } else if answering.is_answer_tool(&name) {
            // One answer was asked for.
            self.answer.get_or_insert_with(|| input.get().to_owned());
        } else {
            let name = answering.tool_name(&name).to_owned();
            let arguments = input.get().to_owned();
            let function = CompletionFunctionCall { name, arguments };
            self.tool_calls.push(CompletionToolCall { id, kind: "function", function });
        }
    }

    fn push_server_result(&mut self, result: ServerToolResult) {
        let ServerToolResult { tool_use_id, content, status, kind: tool_type } = result;
        self.blocks.push(ContentBlock::ServerToolResult {
            tool_use_id,
            content,
            status,
            tool_type,
        });
    }

    /// The answer that a tool was given stands in the place of all text.
    fn give_answer(&mut self, answer: String) {
        self.blocks.retain(|block| !matches!(block, ContentBlock::Text { .. }));
        self.blocks.push(ContentBlock::Text { text: answer.clone(), citations: Vec::new() });
        self.text = Some(answer);
    }
}

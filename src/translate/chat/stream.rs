//! The answer in pieces: a state machine from Converse's events to chunks.
//!
//! It does no I/O and, but for an answer that is given to a tool, keeps no text.
//! Chunks borrow from the event and are handed to the caller's `emit`.

use serde_json::value::RawValue;

use super::annotations;
use super::error::UpstreamFault;
use super::response::{PROVIDER, ResponseContext};
use super::stop_reason::{finish_reason, without_answer_tool};
use super::usage::usage;
use crate::bedrock::response::{SERVER_TOOL_USE, TokenUsage};
use crate::bedrock::stream::{
    BlockStart, ContentBlockDelta, ImageDelta, Metadata, ReasoningDelta, StreamEvent, ToolUseStart,
};
use crate::openai::chat::{
    Annotation, BlockDelta, Chunk, ChunkChoice, ContentBlockDelta as BlockChunk, Delta,
    FunctionDelta, ProviderDetails, ToolCallDelta,
};

/// How much text is held back while it is not known whether a tool gets the answer.
/// A model speaks a sentence before it calls a tool; what goes beyond this has
/// missed the form that was asked for, and is left out.
const MAX_HELD_TEXT: usize = 1024 * 1024;

/// Translates one stream.
#[derive(Debug)]
pub struct ChatStream {
    context: ResponseContext,
    /// The client asked for a last chunk with the usage.
    include_usage: bool,
    phase: Phase,
    /// How many tool calls have begun; the index of the next one.
    n_tool_calls: u32,
    /// Blocks that are not complete and need to be known. Bedrock has one at a time.
    open_blocks: Vec<OpenBlock>,
    /// How many characters of text were sent.
    n_chars: usize,
    /// Text that is held back until it is known whether a tool gets the answer.
    held_text: String,
    /// Whether a tool got the answer.
    has_answered: bool,
    /// The counts, once known.
    usage: Option<TokenUsage>,
    /// The last chunk, which reports them.
    usage_chunk: UsageChunk,
    /// The tier, once known.
    service_tier: Option<String>,
    /// What else Bedrock tells.
    details: ProviderDetails,
}

#[derive(Debug)]
enum Phase {
    /// Nothing was said: the first chunk, with the role, is still to come.
    Before,
    /// The answer is under way.
    Open,
    /// The model said why it stopped. Outside strict mode the chunk that tells
    /// the client waits for the usage, which Portkey puts into the same chunk.
    Stopped(String),
    /// The chunk with the finish reason is out.
    Finished,
}

/// The chunk with the usage, in strict mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UsageChunk {
    /// There is nothing to report yet, or nobody asked.
    None,
    /// It waits for the finish reason.
    Due,
    /// It is out, and with it the stream is over.
    Sent,
}

#[derive(Debug)]
struct OpenBlock {
    block: u32,
    kind: OpenBlockKind,
}

#[derive(Debug)]
enum OpenBlockKind {
    /// A call of a client's tool.
    ToolCall { index: u32, has_arguments: bool },
    /// A call of the tool that takes the answer.
    Answer { has_arguments: bool },
    /// A call of a tool that runs at AWS.
    ServerTool,
    /// Text with sources; `start` is where it begins in the whole text.
    Cited { start: usize, citations: Vec<Box<RawValue>> },
    /// An image of this format.
    Image { format: String },
}

impl ChatStream {
    /// A stream that has not begun. `include_usage` is the client's
    /// `stream_options.include_usage`.
    #[must_use]
    pub fn new(context: ResponseContext, include_usage: bool) -> Self {
        Self {
            context,
            include_usage,
            phase: Phase::Before,
            n_tool_calls: 0,
            open_blocks: Vec::new(),
            n_chars: 0,
            held_text: String::new(),
            has_answered: false,
            usage: None,
            usage_chunk: UsageChunk::None,
            service_tier: None,
            details: ProviderDetails::default(),
        }
    }

    /// Takes one event and emits the chunks it gives. Once the model has said why it
    /// stopped, only the counts can still come; what else did would follow the end
    /// that the client has seen.
    pub fn push(&mut self, event: &StreamEvent, emit: &mut impl FnMut(&Chunk<'_>)) {
        self.begin(emit);
        let has_stopped = matches!(self.phase, Phase::Stopped(_) | Phase::Finished);
        if has_stopped && !matches!(event, StreamEvent::Metadata(_)) {
            return;
        }
        match event {
            StreamEvent::MessageStart => {}
            StreamEvent::ContentBlockStart(start) => {
                if let Some(kind) = &start.start {
                    self.start_block(start.content_block_index, kind, emit);
                }
            }
            StreamEvent::ContentBlockDelta(delta) => self.push_delta(delta, emit),
            StreamEvent::ContentBlockStop(stop) => self.stop_block(stop.content_block_index, emit),
            StreamEvent::MessageStop(stop) => {
                self.release_held_text(emit);
                let mut reason = stop.stop_reason.clone();
                if self.has_answered && self.n_tool_calls == 0 {
                    reason = without_answer_tool(reason);
                }
                self.details
                    .additional_model_response_fields
                    .clone_from(&stop.additional_model_response_fields);
                self.phase = Phase::Stopped(reason);
                if self.context.strict {
                    self.finish(emit);
                }
            }
            StreamEvent::Metadata(metadata) => self.push_metadata(metadata, emit),
        }
    }

    /// Says that the provider's stream ended, and emits what was held back.
    ///
    /// # Errors
    /// It ended before the answer was complete: the client must not see a finish.
    pub fn end(&mut self, emit: &mut impl FnMut(&Chunk<'_>)) -> Result<(), UpstreamFault> {
        self.finish(emit);
        self.report_usage(emit);
        match self.phase {
            Phase::Finished => Ok(()),
            Phase::Before | Phase::Open | Phase::Stopped(_) => Err(UpstreamFault::Incomplete),
        }
    }

    fn begin(&mut self, emit: &mut impl FnMut(&Chunk<'_>)) {
        if matches!(self.phase, Phase::Before) {
            self.phase = Phase::Open;
            self.emit_delta(
                Delta { role: Some("assistant"), content: Some(""), ..Delta::default() },
                emit,
            );
        }
    }

    fn push_metadata(&mut self, metadata: &Metadata, emit: &mut impl FnMut(&Chunk<'_>)) {
        let Metadata { usage: counts, trace, metrics, performance_config, service_tier } = metadata;
        if counts.is_some() {
            self.usage.clone_from(counts);
        }
        self.service_tier = service_tier.as_ref().map(|tier| tier.kind.clone());
        self.details.trace.clone_from(trace);
        self.details.metrics.clone_from(metrics);
        self.details.performance_config.clone_from(performance_config);
        if self.usage_chunk == UsageChunk::None && self.context.strict && self.include_usage {
            self.usage_chunk = UsageChunk::Due;
        }
        self.finish(emit);
        if matches!(self.phase, Phase::Finished) {
            self.report_usage(emit);
        }
    }

    /// Emits the chunk with the usage, once.
    fn report_usage(&mut self, emit: &mut impl FnMut(&Chunk<'_>)) {
        if self.usage_chunk == UsageChunk::Due {
            self.usage_chunk = UsageChunk::Sent;
            let counts = self.usage.as_ref().map(|counts| usage(counts, true));
            let service_tier = self.service_tier.as_deref();
            emit(&Chunk { usage: Some(counts), service_tier, ..self.chunk(None) });
        }
    }

    /// Emits the finish reason, once the provider has given one.
    fn finish(&mut self, emit: &mut impl FnMut(&Chunk<'_>)) {
        let stop_reason = match std::mem::replace(&mut self.phase, Phase::Finished) {
            Phase::Stopped(stop_reason) => stop_reason,
            other @ (Phase::Before | Phase::Open | Phase::Finished) => {
                self.phase = other;
                return;
            }
        };
        let strict = self.context.strict;
        let reason = if strict { finish_reason(&stop_reason) } else { &stop_reason };
        let mut chunk = self.chunk(Some(choice(Delta::default(), Some(reason))));
        if !strict {
            chunk.usage = self.usage.as_ref().map(|counts| Some(usage(counts, false)));
            chunk.service_tier = self.service_tier.as_deref();
            chunk.provider_details = Some(&self.details);
        }
        emit(&chunk);
    }

    fn start_block(&mut self, block: u32, start: &BlockStart, emit: &mut impl FnMut(&Chunk<'_>)) {
        let BlockStart { tool_use, tool_result, image } = start;
        if let Some(tool_use) = tool_use {
            self.start_tool_use(block, tool_use, emit);
        }
        if let Some(result) = tool_result {
            let start = BlockDelta::ServerToolResult {
                tool_use_id: &result.tool_use_id,
                status: result.status.as_deref(),
                tool_type: result.kind.as_deref(),
            };
            self.emit_block(block, start, emit);
        }
        if let Some(image) = image {
            let format = image.format.clone().unwrap_or_else(|| "png".to_owned());
            self.open(block, OpenBlockKind::Image { format });
        }
    }

    fn start_tool_use(
        &mut self,
        block: u32,
        tool_use: &ToolUseStart,
        emit: &mut impl FnMut(&Chunk<'_>),
    ) {
        let ToolUseStart { tool_use_id: id, name, kind } = tool_use;
        // A tool that runs at AWS is none of the client's calls.
        if kind.as_deref() == Some(SERVER_TOOL_USE) {
            self.open(block, OpenBlockKind::ServerTool);
            self.emit_block(block, BlockDelta::ServerToolUse { id, name }, emit);
            return;
        }
        if self.context.answering.is_answer_tool(name) {
            // One answer was asked for; another is passed over.
            if !std::mem::replace(&mut self.has_answered, true) {
                self.open(block, OpenBlockKind::Answer { has_arguments: false });
            }
            return;
        }
        let index = self.n_tool_calls;
        self.n_tool_calls += 1;
        self.open(block, OpenBlockKind::ToolCall { index, has_arguments: false });
        let name = self.context.answering.tool_name(name);
        let call = ToolCallDelta {
            index,
            id: Some(id),
            kind: Some("function"),
            function: FunctionDelta { name: Some(name), arguments: "" },
        };
        self.emit_delta(Delta { tool_calls: Some([call]), ..Delta::default() }, emit);
    }

    fn push_delta(&mut self, event: &ContentBlockDelta, emit: &mut impl FnMut(&Chunk<'_>)) {
        let block = event.content_block_index;
        let delta = &event.delta;
        if let Some(citation) = &delta.citation {
            self.push_citation(block, citation, emit);
        }
        if let Some(text) = delta.text.as_deref().filter(|text| !text.is_empty()) {
            self.push_text(block, text, emit);
        }
        if let Some(reasoning) = &delta.reasoning_content {
            self.push_reasoning(block, reasoning, emit);
        }
        if let Some(tool_use) = &delta.tool_use {
            self.push_arguments(block, &tool_use.input, emit);
        }
        if let Some(blocks) = &delta.tool_result {
            self.emit_block(block, BlockDelta::Content(blocks), emit);
        }
        if let Some(image) = &delta.image {
            self.push_image(block, image, emit);
        }
    }

    fn push_text(&mut self, block: u32, text: &str, emit: &mut impl FnMut(&Chunk<'_>)) {
        let is_held = self.context.answering.answer_tool.is_some();
        if is_held && self.held_text.len() + text.len() <= MAX_HELD_TEXT {
            self.held_text.push_str(text);
        } else if !is_held {
            self.emit_text(block, text, emit);
        }
    }

    fn emit_text(&mut self, block: u32, text: &str, emit: &mut impl FnMut(&Chunk<'_>)) {
        self.n_chars += text.chars().count();
        let content_blocks = self.block_delta(block, BlockDelta::Text(text));
        self.emit_delta(Delta { content: Some(text), content_blocks, ..Delta::default() }, emit);
    }

    /// Text beside an answer that a tool got would spoil the answer's form, and text
    /// before calls does not have it; text alone is the answer.
    fn release_held_text(&mut self, emit: &mut impl FnMut(&Chunk<'_>)) {
        let held = std::mem::take(&mut self.held_text);
        if held.is_empty() || self.has_answered {
            return;
        }
        if self.n_tool_calls > 0 {
            self.emit_block(0, BlockDelta::Text(&held), emit);
        } else {
            self.emit_text(0, &held, emit);
        }
    }

    fn push_citation(
        &mut self,
        block: u32,
        citation: &RawValue,
        emit: &mut impl FnMut(&Chunk<'_>),
    ) {
        self.emit_block(block, BlockDelta::Citation(citation), emit);
        let start = self.n_chars;
        let open = self.open_blocks.iter_mut().find(|open| open.block == block);
        match open.map(|open| &mut open.kind) {
            Some(OpenBlockKind::Cited { citations, .. }) => citations.push(citation.to_owned()),
            Some(_) => {}
            None => {
                let citations = vec![citation.to_owned()];
                self.open(block, OpenBlockKind::Cited { start, citations });
            }
        }
    }

    fn push_reasoning(
        &self,
        block: u32,
        reasoning: &ReasoningDelta,
        emit: &mut impl FnMut(&Chunk<'_>),
    ) {
        // OpenAI's own shape has no place for reasoning.
        if self.context.strict {
            return;
        }
        let ReasoningDelta { text, signature, redacted_content } = reasoning;
        if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
            let content_blocks = self.block_delta(block, BlockDelta::Thinking(text));
            let reasoning_content = Some(text);
            self.emit_delta(Delta { reasoning_content, content_blocks, ..Delta::default() }, emit);
        }
        if let Some(signature) = signature.as_deref().filter(|seal| !seal.is_empty()) {
            self.emit_block(block, BlockDelta::Signature(signature), emit);
        }
        if let Some(data) = redacted_content {
            self.emit_block(block, BlockDelta::Data(data), emit);
        }
    }

    fn push_arguments(&mut self, block: u32, arguments: &str, emit: &mut impl FnMut(&Chunk<'_>)) {
        let open = self.open_blocks.iter_mut().find(|open| open.block == block);
        let Some(open) = open.filter(|_| !arguments.is_empty()) else {
            return;
        };
        match &mut open.kind {
            OpenBlockKind::ToolCall { index, has_arguments } => {
                *has_arguments = true;
                let index = *index;
                self.emit_arguments(index, arguments, emit);
            }
            OpenBlockKind::Answer { has_arguments } => {
                *has_arguments = true;
                self.emit_text(block, arguments, emit);
            }
            OpenBlockKind::ServerTool => {
                self.emit_block(block, BlockDelta::Input(arguments), emit);
            }
            OpenBlockKind::Cited { .. } | OpenBlockKind::Image { .. } => {}
        }
    }

    fn push_image(&self, block: u32, image: &ImageDelta, emit: &mut impl FnMut(&Chunk<'_>)) {
        let open = self.open_blocks.iter().find(|open| open.block == block);
        let format = match open.map(|open| &open.kind) {
            Some(OpenBlockKind::Image { format }) => format,
            _ => "png",
        };
        let bytes = image.source.as_ref().and_then(|source| source.bytes.as_deref());
        if let Some(bytes) = bytes {
            let url = format!("data:image/{format};base64,{bytes}");
            self.emit_block(block, BlockDelta::ImageUrl { url: &url }, emit);
        }
    }

    /// A call without arguments is one with `{}`: clients parse what they have collected.
    fn stop_block(&mut self, block: u32, emit: &mut impl FnMut(&Chunk<'_>)) {
        let Some(position) = self.open_blocks.iter().position(|open| open.block == block) else {
            return;
        };
        match self.open_blocks.swap_remove(position).kind {
            OpenBlockKind::ToolCall { index, has_arguments: false } => {
                self.emit_arguments(index, "{}", emit);
            }
            OpenBlockKind::Answer { has_arguments: false } => self.emit_text(block, "{}", emit),
            OpenBlockKind::Cited { start, citations } => {
                self.emit_annotations(start, &citations, emit);
            }
            OpenBlockKind::ToolCall { .. }
            | OpenBlockKind::Answer { .. }
            | OpenBlockKind::ServerTool
            | OpenBlockKind::Image { .. } => {}
        }
    }

    fn emit_annotations(
        &self,
        start: usize,
        citations: &[Box<RawValue>],
        emit: &mut impl FnMut(&Chunk<'_>),
    ) {
        // Text that is held back has no place yet.
        if self.context.answering.answer_tool.is_some() {
            return;
        }
        let end = self.n_chars;
        let annotations: Vec<Annotation> = citations
            .iter()
            .filter_map(|citation| annotations::of_web(citation, start, end))
            .collect();
        if !annotations.is_empty() {
            self.emit_delta(Delta { annotations: &annotations, ..Delta::default() }, emit);
        }
    }

    fn emit_arguments(&self, index: u32, arguments: &str, emit: &mut impl FnMut(&Chunk<'_>)) {
        let function = FunctionDelta { name: None, arguments };
        let call = ToolCallDelta { index, id: None, kind: None, function };
        self.emit_delta(Delta { tool_calls: Some([call]), ..Delta::default() }, emit);
    }

    fn open(&mut self, block: u32, kind: OpenBlockKind) {
        self.open_blocks.push(OpenBlock { block, kind });
    }

    /// Emits what only `content_blocks` has a place for.
    fn emit_block(&self, block: u32, part: BlockDelta<'_>, emit: &mut impl FnMut(&Chunk<'_>)) {
        if let Some(content_blocks) = self.block_delta(block, part) {
            let content_blocks = Some(content_blocks);
            self.emit_delta(Delta { content_blocks, ..Delta::default() }, emit);
        }
    }

    fn block_delta<'a>(&self, index: u32, delta: BlockDelta<'a>) -> Option<[BlockChunk<'a>; 1]> {
        (!self.context.strict).then_some([BlockChunk { index, delta }])
    }

    fn emit_delta(&self, delta: Delta<'_>, emit: &mut impl FnMut(&Chunk<'_>)) {
        emit(&self.chunk(Some(choice(delta, None))));
    }

    fn chunk<'a>(&'a self, choices: Option<ChunkChoice<'a>>) -> Chunk<'a> {
        let ResponseContext { id, created, model, strict, answering: _ } = &self.context;
        Chunk {
            id,
            object: "chat.completion.chunk",
            created: *created,
            model,
            provider: (!strict).then_some(PROVIDER),
            choices,
            usage: (*strict && self.include_usage).then_some(None),
            service_tier: None,
            provider_details: None,
        }
    }
}

fn choice<'a>(delta: Delta<'a>, finish_reason: Option<&'a str>) -> ChunkChoice<'a> {
    ChunkChoice { index: 0, delta, logprobs: None, finish_reason }
}

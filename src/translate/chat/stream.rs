//! The answer in pieces: a state machine from Converse's events to chunks.
//!
//! It does no I/O and keeps no text. Every event gives at most two chunks, which
//! borrow from the event and are handed to the caller's `emit`.

use super::error::UpstreamFault;
use super::response::{PROVIDER, ResponseContext};
use super::stop_reason::finish_reason;
use super::usage::usage;
use crate::bedrock::response::{SERVER_TOOL_USE, TokenUsage};
use crate::bedrock::stream::{ContentBlockDelta, ReasoningDelta, StreamEvent, ToolUseStart};
use crate::openai::chat::{
    BlockDelta, Chunk, ChunkChoice, ContentBlockDelta as BlockChunk, Delta, FunctionDelta,
    ToolCallDelta,
};

/// Translates one stream.
#[derive(Debug)]
pub struct ChatStream {
    context: ResponseContext,
    /// The client asked for a last chunk with the usage.
    include_usage: bool,
    phase: Phase,
    /// How many tool calls have begun; the index of the next one.
    n_tool_calls: u32,
    /// Tool calls whose block is not complete. Bedrock has one at a time.
    open_tool_calls: Vec<OpenToolCall>,
    /// The counts, once known.
    usage: Option<TokenUsage>,
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

#[derive(Debug)]
struct OpenToolCall {
    block: u32,
    index: u32,
    /// Whether any part of the arguments was sent.
    has_arguments: bool,
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
            open_tool_calls: Vec::new(),
            usage: None,
        }
    }

    /// Takes one event and emits the chunks it gives.
    pub fn push(&mut self, event: &StreamEvent, emit: &mut impl FnMut(&Chunk<'_>)) {
        self.begin(emit);
        match event {
            StreamEvent::MessageStart => {}
            StreamEvent::ContentBlockStart(start) => {
                if let Some(tool_use) = start.start.as_ref().and_then(|s| s.tool_use.as_ref()) {
                    self.start_tool_call(start.content_block_index, tool_use, emit);
                }
            }
            StreamEvent::ContentBlockDelta(delta) => self.push_delta(delta, emit),
            StreamEvent::ContentBlockStop(stop) => {
                self.stop_tool_call(stop.content_block_index, emit);
            }
            StreamEvent::MessageStop(stop) => {
                self.phase = Phase::Stopped(stop.stop_reason.clone());
                if self.context.strict {
                    self.finish(emit);
                }
            }
            StreamEvent::Metadata(metadata) => {
                self.usage = metadata.usage.or(self.usage);
                self.finish(emit);
                if self.context.strict && self.include_usage {
                    let counts = self.usage.map(|counts| usage(counts, true));
                    emit(&Chunk { usage: Some(counts), ..self.chunk(None) });
                }
            }
        }
    }

    /// Says that the provider's stream ended, and emits what was held back.
    ///
    /// # Errors
    /// It ended before the answer was complete: the client must not see a finish.
    pub fn end(&mut self, emit: &mut impl FnMut(&Chunk<'_>)) -> Result<(), UpstreamFault> {
        self.finish(emit);
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
            chunk.usage = self.usage.map(|counts| Some(usage(counts, false)));
        }
        emit(&chunk);
    }

    fn push_delta(&mut self, event: &ContentBlockDelta, emit: &mut impl FnMut(&Chunk<'_>)) {
        let block = event.content_block_index;
        let delta = &event.delta;
        if let Some(text) = delta.text.as_deref().filter(|text| !text.is_empty()) {
            let content_blocks = self.block_delta(block, BlockDelta::Text(text));
            self.emit_delta(
                Delta { content: Some(text), content_blocks, ..Delta::default() },
                emit,
            );
        }
        if let Some(reasoning) = &delta.reasoning_content {
            self.push_reasoning(block, reasoning, emit);
        }
        if let Some(tool_use) = &delta.tool_use {
            self.push_arguments(block, &tool_use.input, emit);
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
        let mut emit_block = |reasoning_content, part| {
            let content_blocks = self.block_delta(block, part);
            self.emit_delta(Delta { reasoning_content, content_blocks, ..Delta::default() }, emit);
        };
        if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
            emit_block(Some(text), BlockDelta::Thinking(text));
        }
        if let Some(signature) = signature.as_deref().filter(|seal| !seal.is_empty()) {
            emit_block(None, BlockDelta::Signature(signature));
        }
        if let Some(data) = redacted_content {
            emit_block(None, BlockDelta::Data(data));
        }
    }

    fn start_tool_call(
        &mut self,
        block: u32,
        tool_use: &ToolUseStart,
        emit: &mut impl FnMut(&Chunk<'_>),
    ) {
        // A tool that runs at AWS is none of the client's calls.
        if tool_use.kind.as_deref() == Some(SERVER_TOOL_USE) {
            return;
        }
        let index = self.n_tool_calls;
        self.n_tool_calls += 1;
        self.open_tool_calls.push(OpenToolCall { block, index, has_arguments: false });
        let call = ToolCallDelta {
            index,
            id: Some(&tool_use.tool_use_id),
            kind: Some("function"),
            function: FunctionDelta { name: Some(&tool_use.name), arguments: "" },
        };
        self.emit_delta(Delta { tool_calls: Some([call]), ..Delta::default() }, emit);
    }

    /// Input of a block that is not open belongs to a tool that runs at AWS.
    fn push_arguments(&mut self, block: u32, arguments: &str, emit: &mut impl FnMut(&Chunk<'_>)) {
        let open = self.open_tool_calls.iter_mut().find(|call| call.block == block);
        let Some(call) = open.filter(|_| !arguments.is_empty()) else {
            return;
        };
        call.has_arguments = true;
        let index = call.index;
        self.emit_arguments(index, arguments, emit);
    }

    /// A call without arguments is one with `{}`: clients parse what they have collected.
    fn stop_tool_call(&mut self, block: u32, emit: &mut impl FnMut(&Chunk<'_>)) {
        let Some(position) = self.open_tool_calls.iter().position(|call| call.block == block)
        else {
            return;
        };
        let call = self.open_tool_calls.swap_remove(position);
        if !call.has_arguments {
            self.emit_arguments(call.index, "{}", emit);
        }
    }

    fn emit_arguments(&self, index: u32, arguments: &str, emit: &mut impl FnMut(&Chunk<'_>)) {
        let function = FunctionDelta { name: None, arguments };
        let call = ToolCallDelta { index, id: None, kind: None, function };
        self.emit_delta(Delta { tool_calls: Some([call]), ..Delta::default() }, emit);
    }

    fn block_delta<'a>(&self, index: u32, delta: BlockDelta<'a>) -> Option<[BlockChunk<'a>; 1]> {
        (!self.context.strict).then_some([BlockChunk { index, delta }])
    }

    fn emit_delta(&self, delta: Delta<'_>, emit: &mut impl FnMut(&Chunk<'_>)) {
        emit(&self.chunk(Some(choice(delta, None))));
    }

    fn chunk<'a>(&'a self, choices: Option<ChunkChoice<'a>>) -> Chunk<'a> {
        let ResponseContext { id, created, model, strict } = &self.context;
        Chunk {
            id,
            object: "chat.completion.chunk",
            created: *created,
            model,
            provider: (!strict).then_some(PROVIDER),
            choices,
            usage: (*strict && self.include_usage).then_some(None),
        }
    }
}

fn choice<'a>(delta: Delta<'a>, finish_reason: Option<&'a str>) -> ChunkChoice<'a> {
    ChunkChoice { index: 0, delta, logprobs: None, finish_reason }
}

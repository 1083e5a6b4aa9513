//! A whole answer as the events of a stream, for models that do not stream with
//! tools while the client wants a stream.

use super::error::UpstreamFault;
use crate::bedrock::response::{
    CitationsContent, ConverseResponse, OutputBlock, OutputImage, ReasoningContent,
};
use crate::bedrock::stream::{
    BlockDelta, BlockStart, ContentBlockDelta, ContentBlockStart, ContentBlockStop, ImageDelta,
    MessageStop, Metadata, ReasoningDelta, StreamEvent, ToolUseDelta, ToolUseStart,
};

/// The events that would have told this answer.
///
/// # Errors
/// There is no answer in it.
pub fn events_of(response: ConverseResponse) -> Result<Vec<StreamEvent>, UpstreamFault> {
    let ConverseResponse {
        output,
        stop_reason,
        usage,
        additional_model_response_fields,
        trace,
        metrics,
        performance_config,
        service_tier,
    } = response;
    let message = output.and_then(|output| output.message).ok_or(UpstreamFault::NoOutput)?;
    let stop_reason = stop_reason.ok_or(UpstreamFault::NoOutput)?;
    let mut events = vec![StreamEvent::MessageStart];
    for (index, block) in (0..).zip(message.content) {
        push_block(&mut events, index, block);
        events.push(StreamEvent::ContentBlockStop(ContentBlockStop { content_block_index: index }));
    }
    events.push(StreamEvent::MessageStop(MessageStop {
        stop_reason,
        additional_model_response_fields,
    }));
    events.push(StreamEvent::Metadata(Metadata {
        usage,
        trace,
        metrics,
        performance_config,
        service_tier,
    }));
    Ok(events)
}

fn push_block(events: &mut Vec<StreamEvent>, index: u32, block: OutputBlock) {
    let OutputBlock { text, tool_use, reasoning_content, citations_content, tool_result, image } =
        block;
    let mut start = |start| {
        events.push(StreamEvent::ContentBlockStart(ContentBlockStart {
            content_block_index: index,
            start: Some(start),
        }));
    };
    let mut deltas = Vec::new();
    if let Some(tool_use) = tool_use {
        start(BlockStart {
            tool_use: Some(ToolUseStart {
                tool_use_id: tool_use.tool_use_id,
                name: tool_use.name,
                kind: tool_use.kind,
            }),
            ..BlockStart::default()
        });
        if let Some(input) = tool_use.input {
            let tool_use = Some(ToolUseDelta { input: input.get().to_owned() });
            deltas.push(BlockDelta { tool_use, ..BlockDelta::default() });
        }
    }
    if let Some(mut result) = tool_result {
        let content = result.content.take();
        start(BlockStart { tool_result: Some(result), ..BlockStart::default() });
        deltas.push(BlockDelta { tool_result: content, ..BlockDelta::default() });
    }
    if let Some(OutputImage { format, source }) = image {
        let head = OutputImage { format, source: None };
        start(BlockStart { image: Some(head), ..BlockStart::default() });
        deltas.push(BlockDelta { image: Some(ImageDelta { source }), ..BlockDelta::default() });
    }
    if let Some(CitationsContent { content, citations }) = citations_content {
        let citation = |citation| BlockDelta { citation: Some(citation), ..BlockDelta::default() };
        deltas.extend(citations.into_iter().map(citation));
        let text = |text| BlockDelta { text, ..BlockDelta::default() };
        deltas.extend(content.into_iter().map(|piece| text(piece.text)));
    }
    if text.is_some() {
        deltas.push(BlockDelta { text, ..BlockDelta::default() });
    }
    if let Some(reasoning) = reasoning_content {
        deltas.extend(reasoning_deltas(reasoning));
    }
    events.extend(deltas.into_iter().map(|delta| {
        StreamEvent::ContentBlockDelta(ContentBlockDelta { content_block_index: index, delta })
    }));
}

fn reasoning_deltas(reasoning: ReasoningContent) -> impl Iterator<Item = BlockDelta> {
    let ReasoningContent { reasoning_text, redacted_content } = reasoning;
    let (text, signature) = match reasoning_text {
        Some(readable) => (Some(readable.text), readable.signature),
        None => (None, None),
    };
    let text = text.map(|text| ReasoningDelta { text: Some(text), ..ReasoningDelta::default() });
    let seal = signature.map(|signature| ReasoningDelta {
        signature: Some(signature),
        ..ReasoningDelta::default()
    });
    let redacted = redacted_content
        .map(|data| ReasoningDelta { redacted_content: Some(data), ..ReasoningDelta::default() });
    [text, seal, redacted]
        .into_iter()
        .flatten()
        .map(|delta| BlockDelta { reasoning_content: Some(delta), ..BlockDelta::default() })
}

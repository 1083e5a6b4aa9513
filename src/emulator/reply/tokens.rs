//! Token counts. One token is one word, that is, a run of characters between
//! white space: of system texts, of every text, reasoning text, tool name, tool
//! input and tool result (as compact JSON) in the messages, and of the offered
//! tools (name, description, schema). An image, document, video or audio counts
//! as [`MEDIA_TOKENS`].

use serde_json::Value;

use super::Block;
use crate::emulator::body::{self, Body};

/// What a medium counts, whatever its size.
const MEDIA_TOKENS: u64 = 100;

/// Tokens of a whole request.
pub(super) fn count_request(body: Body<'_>) -> u64 {
    let tools: u64 = body.tools().iter().map(count_tool).sum();
    let system: u64 = body.system().iter().map(count_block).sum();
    let messages: u64 = body.messages().iter().flat_map(body::content).map(count_block).sum();
    tools + system + messages
}

/// Tokens of a content or system block.
pub(in crate::emulator) fn count_block(block: &Value) -> u64 {
    let Some(members) = block.as_object() else {
        return 0;
    };
    members
        .iter()
        .map(|(name, value)| match name.as_str() {
            "text" => count_text(value.as_str().unwrap_or_default()),
            "image" | "document" | "video" | "audio" => MEDIA_TOKENS,
            "toolUse" => {
                let input = value.get("input").map(Value::to_string).unwrap_or_default();
                count_text(body::text_member(value, "name").unwrap_or_default())
                    + count_text(&input)
            }
            "toolResult" => body::items(value, "content").iter().map(count_block).sum(),
            "json" => count_text(&value.to_string()),
            "reasoningContent" => value.get("reasoningText").map_or(1, count_block),
            "guardContent" => value.get("text").map_or(MEDIA_TOKENS, count_block),
            "citationsContent" | "searchResult" => {
                body::items(value, "content").iter().map(count_block).sum()
            }
            _ => 0,
        })
        .sum()
}

/// Tokens of an entry of `toolConfig.tools`.
pub(in crate::emulator) fn count_tool(tool: &Value) -> u64 {
    let Some(spec) = tool.get("toolSpec") else {
        return 0;
    };
    let schema = spec.get("inputSchema").map(Value::to_string).unwrap_or_default();
    let texts =
        [body::text_member(spec, "name"), body::text_member(spec, "description"), Some(&schema)];
    texts.into_iter().flatten().map(count_text).sum()
}

/// Tokens of a block of the answer.
pub(super) fn count_reply_block(block: &Block) -> u64 {
    match block {
        Block::Text(text) | Block::Cited { text, .. } | Block::Reasoning { text, .. } => {
            count_text(text)
        }
        Block::Redacted(_) => 1,
        // What a tool at AWS says is no token of the model's.
        Block::ToolResult { .. } => 0,
        Block::Image { .. } => MEDIA_TOKENS,
        Block::ToolUse { name, input, .. } => count_text(name) + count_text(input),
    }
}

/// Words of a text.
pub(super) fn count_text(text: &str) -> u64 {
    u64::try_from(text.split_whitespace().count()).unwrap_or(u64::MAX)
}

//! The parts an answer is made of.

use serde_json::Value;

/// A part of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::emulator) enum Block {
    Text(String),
    /// A text with its sources, or sources alone when there is no text.
    Cited {
        text: String,
        citations: Vec<Value>,
    },
    Reasoning {
        text: String,
        signature: Option<String>,
    },
    Redacted(Vec<u8>),
    /// `input` is JSON text; cut short when the tokens ran out within it.
    ToolUse {
        id: String,
        name: String,
        input: String,
        /// What the call says of itself: `tool_use`, `server_tool_use`, nothing.
        kind: Option<&'static str>,
    },
    /// A picture, in base64.
    Image {
        format: &'static str,
        bytes: &'static str,
    },
    /// What a tool that ran at AWS answered.
    ToolResult {
        id: String,
        kind: String,
        content: Vec<Value>,
    },
}

//! Chat completions: request, response and stream chunks.
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat/create>.

mod chunk;
mod completion;
mod message;
mod request;

pub use chunk::{
    BlockDelta, Chunk, ChunkChoice, ContentBlockDelta, Delta, FunctionDelta, ToolCallDelta,
};
pub use completion::{
    Choice, Completion, CompletionFunctionCall, CompletionMessage, CompletionToolCall,
    ContentBlock, PromptTokensDetails, Usage,
};
pub use message::{Content, ContentPart, FunctionCall, ImageUrl, Message, ToolCall};
pub use request::{
    Function, GuardrailConfig, NamedFunction, NamedToolChoice, Request, StreamOptions, Tool,
};

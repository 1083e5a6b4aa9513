//! Chat completions: request, response and stream chunks.
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat/create>.

mod chunk;
mod completion;
mod message;
mod part;
mod request;
mod tool;
mod vocabulary;

pub use chunk::{
    BlockDelta, Chunk, ChunkChoice, ContentBlockDelta, Delta, FunctionDelta, ToolCallDelta,
};
pub use completion::{
    Annotation, Choice, Completion, CompletionFunctionCall, CompletionMessage, CompletionToolCall,
    ContentBlock, GeneratedImage, PromptTokensDetails, ProviderDetails, UrlCitation, Usage,
};
pub use message::{CacheControl, Content, FunctionCall, Message, Role, ToolCall};
pub use part::{ContentPart, File, InputAudio, MediaUrl, PartType, Source, SourceType, TextPart};
pub use request::{
    GuardrailConfig, JsonSchema, OutputConfig, PerformanceConfig, PromptVariable, Reasoning,
    Request, ResponseFormat, StreamOptions,
};
pub use tool::{AllowedTools, Function, NamedFunction, NamedToolChoice, SystemTool, Tool};
pub use vocabulary::VOCABULARY;

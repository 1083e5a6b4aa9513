//! OpenAI-compatible gateway for Amazon Bedrock.
pub mod emulator;

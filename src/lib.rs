//! OpenAI-compatible gateway for Amazon Bedrock.
pub mod aws;
pub mod bedrock;
pub mod emulator;
pub mod openai;
pub mod translate;
pub mod upstream;

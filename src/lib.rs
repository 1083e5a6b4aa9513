//! OpenAI-compatible gateway for Amazon Bedrock.
pub mod api;
pub mod app;
pub mod aws;
pub mod bedrock;
pub mod cli;
pub mod commands;
pub mod emulator;
pub mod json;
pub mod openai;
pub mod routing;
pub mod settings;
pub mod signals;
pub mod telemetry;
pub mod translate;
pub mod upstream;

//! OpenAI-compatible gateway for Amazon Bedrock.
//!
//! A client speaks OpenAI's chat completions with Portkey's `x-portkey-*`
//! headers; the gateway finds out whose AWS credentials to use, says the request
//! in Converse's words, signs it, and turns the answer back, event by event.
//!
//! # Rooms, lowest first
//!
//! | room | what it holds | what it never does |
//! |---|---|---|
//! | [`json`] | JSON in, with errors that name their place | |
//! | [`openai`] | wire types of OpenAI, with Portkey's additions | hold rules, know Bedrock |
//! | [`portkey`] | wire types of Portkey's admin API | hold rules |
//! | [`bedrock`] | wire types of Bedrock Runtime | hold rules, know OpenAI |
//! | [`models`] | what each family of models accepts: one table | hold rules |
//! | [`translate`] | the rules from one to the other | wait, read a clock, do I/O, log |
//! | [`aws`] | regions, endpoints, credentials, SigV4, event-stream frames | know the HTTP surface or OpenAI |
//! | [`upstream`] | calls of Bedrock: pooled, timed out, cancelled on drop; what requests and settings name by URL | know the HTTP surface |
//! | [`store`] | what outlives the process: `SQLite` | open what is sealed |
//! | [`vault`] | virtual keys and gateway keys: sealed at rest, opened per request | know the HTTP surface |
//! | [`access`] | who calls and what they may: gateway keys, JWTs, scopes, the audit log | know the HTTP surface |
//! | [`routing`] | where a request goes and as whom, and its execution | know the HTTP surface, build JSON |
//! | [`telemetry`] | log lines | hold secrets or prompts |
//! | [`api`] | the HTTP surface: routes, headers, errors, server-sent events | hold rules of translation |
//! | [`emulator`] | a local Bedrock Runtime on the real wire protocol | be reached but over a socket |
//! | [`settings`], [`cli`], [`signals`], [`app`], [`commands`] | what the operator says, and wiring | hold rules |
//!
//! Dependencies point downwards only; `tests/layering.rs` holds that.
//!
//! # One request's way
//!
//! ```text
//! bytes -> api::middleware (trace id, access record) -> api::routes::chat_completions
//!       -> api::context (headers -> routing::Directives) -> routing::authority (pure: credentials)
//!       -> api::body (JSON -> openai::chat::Request) -> routing::plan (pure: region, model and its family, host)
//!       -> upstream::media (what it names by URL) -> translate::chat::request (pure) -> routing::dispatch -> upstream::bedrock (aws::sigv4)
//!       -> bytes -> aws::event_stream (frames) -> upstream::events (StreamEvent)
//!       -> translate::chat::ChatStream (pure) -> api::sse -> bytes
//! ```
//!
//! An error before the first event has an HTTP status, unless that event is so long
//! in coming that the answer has begun with a comment; a later one is told in
//! band, and nothing that looks like an end follows it. A client that leaves has
//! its body dropped, and with it the connection to Bedrock.

pub mod access;
pub mod api;
pub mod app;
pub mod aws;
pub mod bedrock;
pub mod cli;
pub mod commands;
pub mod emulator;
pub mod json;
pub mod models;
pub mod openai;
pub mod portkey;
pub mod routing;
pub mod settings;
pub mod signals;
pub mod store;
pub mod telemetry;
pub mod translate;
pub mod upstream;
pub mod vault;

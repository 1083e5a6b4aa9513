//! OpenAI-compatible gateway for Amazon Bedrock.
//!
//! A client speaks OpenAI's chat completions with Portkey's `x-portkey-*`
//! headers; the gateway finds out who calls and whose AWS credentials to use, says
//! the request in Converse's words, signs it, and turns the answer back, event by
//! event. Credentials may come with the request, or lie in the gateway's vault,
//! where Portkey's admin API and commands keep them.
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
//! | [`aws`] | regions, endpoints, credentials, roles of STS, data keys of KMS, SigV4, event-stream frames | know the HTTP surface or OpenAI |
//! | [`upstream`] | calls of Bedrock and its control plane: pooled, timed out, cancelled on drop; what requests and settings name by URL | know the HTTP surface |
//! | [`telemetry`] | log lines; gateway keys are masked in them | hold secrets or prompts |
//! | [`store`] | what outlives the process, in `SQLite`: virtual keys, gateway keys, audit rows | open what is sealed |
//! | [`vault`] | virtual keys and gateway keys: sealed at rest under a master key, held as a snapshot, opened when first used; a mark that outlives the database | know the HTTP surface, know who may do what |
//! | [`access`] | who calls and what they may: gateway keys, JWTs, scopes, the bounds of admins, what they may write, the audit log | know the HTTP surface |
//! | [`limits`] | what all requests together may take: bytes in memory, threads that parse | know the HTTP surface |
//! | [`routing`] | where a request goes and as whom, what is lent to whom, and its execution | know the HTTP surface, build JSON |
//! | [`api`] | the HTTP surface: routes, headers, errors, server-sent events | hold rules of translation |
//! | [`emulator`] | a local Bedrock Runtime, STS and KMS on the real wire protocols | be reached but over a socket |
//! | [`settings`], [`cli`], [`signals`], [`app`], [`commands`] | what the operator says, and wiring | hold rules |
//!
//! Dependencies point downwards only; `tests/layering.rs` holds that.
//!
//! # One request's way
//!
//! ```text
//! bytes -> api::middleware (trace id, access record) -> api::routes::chat_completions
//!       -> api::auth (gateway key or JWT -> access::Caller, by a vault::Snapshot; scope)
//!       -> api::context (headers, and what the caller's key says for it -> routing::Directives)
//!       -> routing::authority (pure: whose credentials; routing::lending: whether they are lent)
//!       -> api::body (bytes, reserved in limits::BufferedBytes -> JSON -> openai::chat::Request)
//!       -> routing::Authority::with_model (pure: `@slug/model`) and open (vault: what a virtual key holds -> routing::Grant)
//!       -> routing::plan (pure: region, model and its family, host, session of roles)
//!       -> routing::profiles (the family behind an inference profile, where only AWS knows)
//!       -> upstream::media (what it names by URL) -> translate::chat::request (pure)
//!       -> routing::dispatch (aws::identity, aws::roles) -> upstream::bedrock (aws::sigv4)
//!       -> bytes -> aws::event_stream (frames) -> upstream::events (StreamEvent)
//!       -> translate::chat::ChatStream (pure) -> api::sse -> bytes
//! ```
//!
//! Up to `routing::authority` nothing of the body is read, so that who is turned away
//! costs little; the audit log is told of those whom nobody knows, and of those who
//! lack a scope. The snapshot is memory: a request waits for the database only to ask
//! whether it has changed, and for KMS or STS only where there is nothing yet, or
//! nothing that still holds.
//!
//! An error before the first event has an HTTP status, unless that event is so long
//! in coming that the answer has begun with a comment; a later one is told in
//! band, and nothing that looks like an end follows it. A client that leaves has
//! its body dropped, and with it the connection to Bedrock; one that only closes its
//! sending side gets its answer (`api::serve::hang_up`).
//!
//! # One change's way
//!
//! ```text
//! bytes -> api::auth -> api::routes::admin (scope) -> portkey (wire types)
//!       -> access::admin (what may be written; every mistake names its member)
//!       -> vault (seals) -> store (the change and its audit row: one transaction)
//! ```
//!
//! [`commands`] enter at `access::admin`, so that a command and an SDK write the same.

pub mod access;
pub mod api;
pub mod app;
pub mod aws;
pub mod bedrock;
pub mod cli;
pub mod commands;
pub mod emulator;
pub mod json;
pub mod limits;
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

//! The network: sends a request to a provider and reads what comes back, and
//! fetches what a request or the settings name by URL.
//!
//! Connections are pooled, waits are bounded, and dropping a call or a stream
//! closes its connection, which is how a provider learns to stop.

pub mod bedrock;
pub mod document;
mod ending;
mod error;
pub mod events;
mod http_client;
mod inference_profile;
pub mod media;
mod resend;
mod waits;

pub use error::{Error, ErrorKind};
pub use http_client::{HttpOptions, Tls};
pub use waits::{Wait, Waits};

//! What the operator sees: log lines.
//!
//! Secrets and prompts are in none of them, at no level: libraries below are
//! kept at `warn`, since some print what they sign or send. Gateway keys, which
//! callers may put anywhere, are masked in every line.

mod access;
mod chain;
pub mod mask;

pub use access::{AccessRecord, Outcome};
pub use chain::chain;

use std::io::{IsTerminal, stderr};

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Starts logging to standard error.
///
/// # Errors
/// Logging was started before.
pub fn init(json: bool, level: Level) -> Result<(), TryInitError> {
    let ours =
        Targets::new().with_default(LevelFilter::WARN).with_target(env!("CARGO_CRATE_NAME"), level);
    let registry = tracing_subscriber::registry().with(ours);
    let writer = || mask::MaskingWriter(stderr());
    if json {
        let lines = fmt::layer().json().flatten_event(true).with_writer(writer);
        registry.with(lines).try_init()
    } else {
        let ansi = stderr().is_terminal();
        registry.with(fmt::layer().with_ansi(ansi).with_writer(writer)).try_init()
    }
}

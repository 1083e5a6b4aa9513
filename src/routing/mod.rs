//! Where a request goes and as whom.
//!
//! [`authority()`] and [`plan()`] are pure: they turn what the caller said ([`Directives`]) and what the
//! operator set ([`Settings`]) into a [`Plan`]. [`dispatch`] carries it out.

pub mod config;
mod credentials;
pub mod directives;
pub mod dispatch;
mod error;
mod plan;

pub use credentials::is_placeholder_key;
pub use directives::Directives;
pub use error::Error;
pub use plan::{Authority, ModelAlias, Plan, Settings, authority, plan};

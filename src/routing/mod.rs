//! Where a request goes and as whom.
//!
//! [`authority()`] and [`plan()`] are pure: they turn what the caller said ([`Directives`]), what is lent
//! to it ([`lending`]) and what the operator set ([`Settings`]) into a [`Plan`]. Between the two a virtual
//! key is opened ([`Authority::open`]). [`dispatch`] carries the plan out.

pub mod config;
mod credentials;
pub mod directives;
pub mod dispatch;
mod error;
mod grant;
pub mod lending;
mod plan;
pub mod profiles;

pub use credentials::{AssumedRole, Authority, NamedKey, Owner};
pub use directives::Directives;
pub use error::Error;
pub use grant::{Grant, GrantError, Principal, slug_of_model};
pub use plan::{ModelAlias, Plan, Settings, authority, plan};

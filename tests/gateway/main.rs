//! The whole gateway over real sockets: client, gateway, emulator.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail like tests"
)]

mod answers;
mod connections;
mod conversations;
mod credentials;
mod families;
mod faults;
mod fixtures;
mod half_close;
mod http;
mod identity;
mod lifecycle;
mod raw;
mod requests;
mod samples;
mod support;
mod translation;

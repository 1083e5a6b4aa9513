//! The rules that turn one API's words into the other's.
//!
//! Nothing here is async, reads a clock, rolls dice, does I/O or logs; facts
//! from outside (time, id, flags of the request) come in as arguments. So every
//! rule can be tested with JSON in and JSON out (`tests/fixtures`).

#![deny(clippy::wildcard_enum_match_arm)]

pub mod chat;

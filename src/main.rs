//! The `bedrock-gateway` binary.
fn main() {}

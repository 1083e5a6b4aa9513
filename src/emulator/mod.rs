//! Local Bedrock Runtime.

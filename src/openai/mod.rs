//! Wire types of the OpenAI API: the shapes that clients send and read.
//!
//! Types carry OpenAI's own names and nothing else: no rules, no defaults, no
//! words of Bedrock. Portkey's additions to the same bodies (`content_blocks`,
//! `thinking`, ...) live beside the fields they extend and say so.
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat>.

pub mod chat;
pub mod error;

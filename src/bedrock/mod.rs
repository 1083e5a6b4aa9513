//! Wire types of Amazon Bedrock Runtime: what Converse and `ConverseStream` read and write.
//!
//! Types carry AWS's own names and nothing else: no rules, no words of OpenAI.
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>.

pub mod request;
pub mod response;
pub mod stream;

//! Chat completions over Converse.
//!
//! | file | OpenAI fields it owns |
//! |---|---|
//! | `messages.rs` | `messages[].role`, `content_blocks`, `refusal`, order and merging of turns |
//! | `content.rs` | parts of `content` |
//! | `image.rs` | `image_url` |
//! | `tools.rs` | `tools`, `tool_choice`, `tool_calls`, `tool_call_id` |
//! | `sampling.rs` | `max_tokens`, `max_completion_tokens`, `temperature`, `top_p`, `stop`, `n` |
//! | `additional.rs` | Portkey's `thinking`, `top_k`, `anthropic_beta`, `additional_model_*`, `guardrail_config` |
//! | `response.rs`, `stream.rs` | the answer, whole and in pieces |
//! | `stop_reason.rs`, `usage.rs` | `finish_reason`, `usage` |

mod additional;
mod content;
mod error;
mod image;
mod messages;
mod response;
mod sampling;
mod stop_reason;
mod stream;
mod tools;
mod usage;

pub use error::{Error, UpstreamFault};
pub use response::{ResponseContext, response};
pub use stream::ChatStream;

use crate::bedrock::request::ConverseRequest;
use crate::openai::chat;

/// Facts from outside the body that the request's translation depends on.
#[derive(Debug, Default)]
pub struct RequestContext<'a> {
    /// Beta flags that came by header or config; added to the body's own.
    pub anthropic_beta: &'a [String],
    /// Whether `ConverseStream` will be called.
    pub stream: bool,
}

/// Translates a chat request to a Converse request, which borrows from it.
///
/// # Errors
/// The request cannot be said in Converse's words; the error names the place.
pub fn request<'a>(
    request: &'a chat::Request,
    context: &RequestContext<'_>,
) -> Result<ConverseRequest<'a>, Error> {
    // Every field is named, so that a new one does not build until it has an owner.
    let chat::Request {
        model: _,
        messages,
        tools,
        tool_choice,
        max_completion_tokens,
        max_tokens,
        temperature,
        top_p,
        stop,
        n,
        stream: _,
        stream_options: _,
        thinking,
        top_k,
        anthropic_beta,
        additional_model_request_fields,
        additional_model_request_fields_camel,
        additional_model_response_field_paths,
        additional_model_response_field_paths_camel,
        guardrail_config,
        guardrail_config_camel,
    } = request;

    sampling::only_one_answer(*n)?;
    let history = tools::history(tool_choice.as_ref());
    let conversation = messages::conversation(messages, history)?;
    let tool_config = tools::config(tools.as_deref(), tool_choice.as_ref(), messages)?;
    Ok(ConverseRequest {
        messages: conversation.messages,
        system: conversation.system,
        inference_config: sampling::inference_config(&sampling::Sampling {
            max_completion_tokens: *max_completion_tokens,
            max_tokens: *max_tokens,
            temperature: *temperature,
            top_p: *top_p,
            stop: stop.as_ref(),
        })?,
        tool_config,
        guardrail_config: guardrail_config_camel
            .as_ref()
            .or(guardrail_config.as_ref())
            .map(|config| additional::guardrail(config, context.stream)),
        additional_model_request_fields: additional::request_fields(
            &additional::Additional {
                fields: additional_model_request_fields_camel
                    .as_ref()
                    .or(additional_model_request_fields.as_ref()),
                thinking: thinking.as_ref(),
                top_k: *top_k,
                anthropic_beta: anthropic_beta.as_ref(),
            },
            context.anthropic_beta,
        )?,
        additional_model_response_field_paths: additional_model_response_field_paths_camel
            .as_deref()
            .or(additional_model_response_field_paths.as_deref())
            .unwrap_or_default(),
    })
}

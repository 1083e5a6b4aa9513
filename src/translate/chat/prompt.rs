//! Stored prompts, which bring their own messages, instructions and settings;
//! Bedrock refuses most of them beside one.
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>,
//! under `modelId`.

use super::error::Error;
use crate::bedrock::request::ConverseRequest;
use crate::openai::chat;

/// Whether nothing is said that the prompt says itself; what came of several
/// fields is told at the one that was sent.
pub(super) fn check(request: &chat::Request, converse: &ConverseRequest<'_>) -> Result<(), Error> {
    let refused = |param: &str, what: &str| {
        Err(Error::at(param, format!("a stored prompt brings its own {what}; leave them out")))
    };
    if !converse.system.is_empty() {
        let is_instruction =
            |message: &chat::Message| matches!(message.role.as_str(), "system" | "developer");
        let is_of_messages = request.messages().iter().any(is_instruction);
        return refused(
            if is_of_messages { "messages" } else { "response_format" },
            "instructions",
        );
    }
    if converse.tool_config.is_some() {
        let sent = [
            ("tools", request.tools.is_some()),
            ("functions", request.functions.is_some()),
            ("response_format", request.response_format.is_some()),
        ];
        return refused(first(sent).unwrap_or("messages"), "tools");
    }
    if !converse.inference_config.is_empty() {
        let sent = [
            ("max_tokens", request.max_tokens.is_some()),
            ("max_completion_tokens", request.max_completion_tokens.is_some()),
            ("temperature", request.temperature.is_some()),
            ("top_p", request.top_p.is_some()),
        ];
        return refused(first(sent).unwrap_or("stop"), "limits and sampling");
    }
    if converse.additional_model_request_fields.is_some() {
        let sent = [
            ("thinking", request.thinking.is_some()),
            ("reasoning_effort", request.reasoning_effort.is_some()),
            ("reasoning", request.reasoning.is_some()),
            ("top_k", request.top_k.is_some()),
        ];
        let place = first(sent).unwrap_or("additional_model_request_fields");
        return refused(place, "additional fields");
    }
    Ok(())
}

fn first<const N: usize>(sent: [(&'static str, bool); N]) -> Option<&'static str> {
    sent.into_iter().find(|(_, is_sent)| *is_sent).map(|(param, _)| param)
}

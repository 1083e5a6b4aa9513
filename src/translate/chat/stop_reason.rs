//! `finish_reason`.

/// OpenAI's word for a Converse `stopReason`.
///
/// Total on purpose: AWS adds reasons without notice, and an answer must not
/// fail for it. Outside strict mode the client sees AWS's own word instead.
pub(super) fn finish_reason(stop_reason: &str) -> &'static str {
    match stop_reason {
        "tool_use" => "tool_calls",
        "max_tokens" | "model_context_window_exceeded" => "length",
        "guardrail_intervened" | "content_filtered" => "content_filter",
        // `end_turn`, `stop_sequence`, `malformed_model_output`, `malformed_tool_use` and the future.
        _ => "stop",
    }
}

/// The reason of an answer that a tool was given, as if it had been said.
pub(super) fn without_answer_tool(stop_reason: String) -> String {
    if stop_reason == "tool_use" { "end_turn".to_owned() } else { stop_reason }
}

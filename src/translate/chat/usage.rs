//! `usage`.

use crate::bedrock::response::TokenUsage;
use crate::openai::chat::{PromptTokensDetails, Usage};

/// OpenAI counts cached tokens as part of the prompt; AWS counts them apart.
pub(super) fn usage(usage: &TokenUsage, strict: bool) -> Usage {
    let prompt_tokens = usage.all_input_tokens();
    let &TokenUsage {
        input_tokens: _,
        output_tokens,
        total_tokens,
        cache_read_input_tokens: read,
        cache_write_input_tokens: write,
        ref cache_details,
    } = usage;
    let cache_used = !strict && (read > 0 || write > 0);
    Usage {
        prompt_tokens,
        completion_tokens: output_tokens,
        // A model that reports no total still has one.
        total_tokens: total_tokens.max(prompt_tokens.saturating_add(output_tokens)),
        prompt_tokens_details: PromptTokensDetails { cached_tokens: read },
        cache_read_input_tokens: cache_used.then_some(read),
        cache_creation_input_tokens: cache_used.then_some(write),
        cache_details: cache_details.clone().filter(|_| !strict),
    }
}

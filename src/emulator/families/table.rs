//! The families, a row each; a row differs from another in what was seen.
//!
//! Where AWS says no in its documentation only, or says it in words nobody
//! wrote down, the row says yes: better one refusal too few than a good request
//! refused.

use super::{
    Cache, CallIds, Family, Sampling, Signature, StructuredOutput, ThoughtForm, ThoughtPlace,
    UnknownFields,
};

/// Eight characters for each token of a context window: no text has fewer.
const fn window(tokens: usize) -> usize {
    tokens * 8
}

/// A family nothing is known about.
pub(super) const UNKNOWN: Family = Family {
    prefix: "",
    on_demand: true,
    claude: false,
    max_characters: usize::MAX,
    system: true,
    thought_form: ThoughtForm::Signed,
    thought_place: ThoughtPlace::First,
    always_thinks: false,
    hides_thoughts: false,
    replay: true,
    redacted_replay: true,
    signature: Signature::Ignored,
    cache: Cache::Everywhere,
    assistant_first: true,
    prefill: true,
    both_samplers: true,
    sampling: Sampling::Accepted,
    stop_sequences: true,
    manual_thinking: true,
    adaptive_thinking: true,
    strict_tools: true,
    tools: true,
    tools_in_streams: true,
    forced_tool: true,
    results_with_others: true,
    result_status: true,
    parallel_switch: true,
    hyphenated_tools: true,
    nine_letter_ids: false,
    call_ids: CallIds::Bedrock,
    typed_calls: false,
    images: true,
    images_in_results: true,
    video: true,
    video_in_results: true,
    laid_out_documents_in_results: true,
    s3_images: true,
    audio: true,
    citations: true,
    structured_output: StructuredOutput::Accepted,
    unknown_fields: UnknownFields::Ignored,
};

const CLAUDE: Family = Family {
    prefix: "anthropic.claude",
    claude: true,
    adaptive_thinking: false,
    signature: Signature::Verified,
    video: false,
    s3_images: false,
    audio: false,
    ..UNKNOWN
};
/// Claude 3 and older: structured tools and answers came later.
const CLAUDE_3: Family = Family {
    prefix: "anthropic.claude-3",
    max_characters: window(200_000),
    strict_tools: false,
    structured_output: StructuredOutput::Extra,
    ..CLAUDE
};
/// The first Claude 3 models cache nothing, and call tools as they like.
const CLAUDE_3_0: Family = Family { cache: Cache::Nowhere, parallel_switch: false, ..CLAUDE_3 };
/// Claude 2 and older: text only.
const CLAUDE_2: Family = Family { tools: false, images: false, citations: false, ..CLAUDE_3_0 };
/// Claude 3.7 to 4.1 are behind inference profiles.
const CLAUDE_4: Family = Family {
    on_demand: false,
    max_characters: window(200_000),
    strict_tools: false,
    structured_output: StructuredOutput::Extra,
    ..CLAUDE
};
/// Claude 4.5 takes one sampling parameter.
const CLAUDE_4_5: Family = Family {
    on_demand: false,
    max_characters: window(200_000),
    both_samplers: false,
    typed_calls: true,
    ..CLAUDE
};
/// Claude 4.6 wants the user to have the last word, and may think
/// on its own terms.
const CLAUDE_4_6: Family = Family {
    on_demand: true,
    max_characters: window(1_000_000),
    adaptive_thinking: true,
    prefill: false,
    ..CLAUDE_4_5
};
/// Claude 4.7 and later think on their own terms only.
const CLAUDE_4_7: Family =
    Family { sampling: Sampling::Deprecated, manual_thinking: false, ..CLAUDE_4_6 };
/// Claude 5 keeps its thoughts to itself.
const CLAUDE_5: Family = Family { hides_thoughts: true, ..CLAUDE_4_7 };
/// Claude 5.5, and what came with it, chooses its tools itself.
const CLAUDE_5_5: Family = Family { forced_tool: false, ..CLAUDE_5 };

const NOVA: Family = Family {
    prefix: "amazon.nova",
    max_characters: window(300_000),
    thought_form: ThoughtForm::Unsigned,
    replay: false,
    redacted_replay: false,
    signature: Signature::NotEmpty,
    cache: Cache::NotInTools,
    assistant_first: false,
    video_in_results: false,
    laid_out_documents_in_results: false,
    audio: false,
    citations: false,
    hyphenated_tools: false,
    ..UNKNOWN
};
/// Families without prompt caching, tool media or S3.
const PLAIN: Family = Family {
    thought_form: ThoughtForm::Unsigned,
    cache: Cache::Nowhere,
    images_in_results: false,
    video: false,
    s3_images: false,
    audio: false,
    citations: false,
    ..UNKNOWN
};
/// Families that know text, and answers in text, only.
const TEXT_ONLY: Family =
    Family { images: false, structured_output: StructuredOutput::Unsupported, ..PLAIN };
/// Titan, and the first models of Mistral and Cohere.
const WITHOUT_SYSTEM: Family =
    Family { system: false, assistant_first: false, tools: false, ..TEXT_ONLY };
const LLAMA: Family = Family {
    prefix: "meta.",
    assistant_first: false,
    tools_in_streams: false,
    forced_tool: false,
    results_with_others: false,
    replay: false,
    redacted_replay: false,
    structured_output: StructuredOutput::Unsupported,
    ..PLAIN
};
const MISTRAL: Family = Family {
    prefix: "mistral.",
    assistant_first: false,
    nine_letter_ids: true,
    results_with_others: false,
    ..PLAIN
};
const KIMI: Family = Family {
    prefix: "moonshot",
    thought_place: ThoughtPlace::BetweenEmptyTexts,
    call_ids: CallIds::Functions,
    ..PLAIN
};
const OPENAI: Family = Family {
    prefix: "openai.",
    signature: Signature::Refused,
    unknown_fields: UnknownFields::OpenAi,
    ..PLAIN
};
const GPT_OSS: Family = Family {
    prefix: "openai.gpt-oss",
    always_thinks: true,
    thought_place: ThoughtPlace::AfterEmptyText,
    images: false,
    redacted_replay: false,
    ..OPENAI
};
/// OpenAI's closed models, and xAI's.
const CLOSED: Family = Family {
    sampling: Sampling::Unsupported,
    stop_sequences: false,
    signature: Signature::NoText,
    thought_form: ThoughtForm::Redacted,
    call_ids: CallIds::Hexadecimal,
    ..PLAIN
};

/// The emulator's own models follow Anthropic's rules, without the limits of
/// particular versions.
const EMULATOR: Family =
    Family { prefix: "emulator.", claude: true, signature: Signature::Verified, ..UNKNOWN };

/// Every family, in no particular order.
pub(super) const FAMILIES: &[Family] = &[
    UNKNOWN,
    CLAUDE,
    CLAUDE_3,
    Family { prefix: "anthropic.claude-3-haiku", ..CLAUDE_3_0 },
    Family { prefix: "anthropic.claude-3-sonnet", ..CLAUDE_3_0 },
    Family { prefix: "anthropic.claude-3-opus", ..CLAUDE_3_0 },
    Family { prefix: "anthropic.claude-3-5-sonnet-20240620", ..CLAUDE_3_0 },
    Family { prefix: "anthropic.claude-3-7", on_demand: false, ..CLAUDE_3 },
    Family { prefix: "anthropic.claude-v2", ..CLAUDE_2 },
    Family { prefix: "anthropic.claude-instant", ..CLAUDE_2 },
    Family { prefix: "anthropic.claude-sonnet-4-2", ..CLAUDE_4 },
    Family { prefix: "anthropic.claude-opus-4-2", ..CLAUDE_4 },
    Family { prefix: "anthropic.claude-opus-4-1", both_samplers: false, ..CLAUDE_4 },
    Family { prefix: "anthropic.claude-haiku-4-5", ..CLAUDE_4_5 },
    Family { prefix: "anthropic.claude-sonnet-4-5", ..CLAUDE_4_5 },
    Family { prefix: "anthropic.claude-opus-4-5", ..CLAUDE_4_5 },
    Family { prefix: "anthropic.claude-sonnet-4-6", ..CLAUDE_4_6 },
    Family { prefix: "anthropic.claude-opus-4-6", ..CLAUDE_4_6 },
    Family { prefix: "anthropic.claude-opus-4-7", ..CLAUDE_4_7 },
    Family { prefix: "anthropic.claude-opus-4-8", ..CLAUDE_4_7 },
    Family { prefix: "anthropic.claude-sonnet-5", strict_tools: false, ..CLAUDE_5 },
    Family { prefix: "anthropic.claude-opus-5", ..CLAUDE_5 },
    Family { prefix: "anthropic.claude-haiku-5", ..CLAUDE_5 },
    Family { prefix: "anthropic.claude-fable-5", ..CLAUDE_5 },
    Family { prefix: "anthropic.claude-mythos-5", ..CLAUDE_5 },
    Family { prefix: "anthropic.claude-sonnet-5-5", ..CLAUDE_5_5 },
    Family { prefix: "anthropic.claude-opus-5-5", ..CLAUDE_5_5 },
    Family { prefix: "anthropic.claude-fable-5-1", ..CLAUDE_5_5 },
    Family { prefix: "anthropic.claude-fable-5-2", ..CLAUDE_5_5 },
    Family { prefix: "anthropic.claude-mythos-5-1", ..CLAUDE_5_5 },
    Family { prefix: "anthropic.claude-mythos-5-2", ..CLAUDE_5_5 },
    NOVA,
    Family {
        prefix: "amazon.nova-micro",
        max_characters: window(128_000),
        images: false,
        images_in_results: false,
        video: false,
        ..NOVA
    },
    Family {
        prefix: "amazon.nova-premier",
        on_demand: false,
        max_characters: window(1_000_000),
        ..NOVA
    },
    Family {
        prefix: "amazon.nova-2",
        max_characters: window(1_000_000),
        typed_calls: true,
        replay: true,
        ..NOVA
    },
    Family {
        prefix: "amazon.nova-2-omni",
        max_characters: window(1_000_000),
        typed_calls: true,
        replay: true,
        audio: true,
        ..NOVA
    },
    Family { prefix: "amazon.titan", ..WITHOUT_SYSTEM },
    LLAMA,
    Family { prefix: "meta.llama3-8b", tools: false, images: false, ..LLAMA },
    Family { prefix: "meta.llama3-70b", tools: false, images: false, ..LLAMA },
    Family { prefix: "meta.llama3-1-", images: false, ..LLAMA },
    Family { prefix: "meta.llama3-2-", on_demand: false, ..LLAMA },
    Family { prefix: "meta.llama3-2-1b", on_demand: false, tools: false, images: false, ..LLAMA },
    Family { prefix: "meta.llama3-2-3b", on_demand: false, tools: false, images: false, ..LLAMA },
    Family { prefix: "meta.llama3-3-", images: false, ..LLAMA },
    Family { prefix: "meta.llama4", on_demand: false, images_in_results: true, ..LLAMA },
    MISTRAL,
    Family { prefix: "mistral.mistral-7b", ..WITHOUT_SYSTEM },
    Family { prefix: "mistral.mixtral", ..WITHOUT_SYSTEM },
    Family { prefix: "mistral.mistral-small-24", tools_in_streams: false, ..MISTRAL },
    Family { prefix: "mistral.mistral-large-24", tools_in_streams: false, ..MISTRAL },
    Family { prefix: "mistral.mistral-large-3", replay: false, ..MISTRAL },
    Family { prefix: "mistral.ministral", replay: false, ..MISTRAL },
    Family { prefix: "mistral.devstral", replay: false, ..MISTRAL },
    Family { prefix: "mistral.pixtral-large-2502", on_demand: false, ..MISTRAL },
    Family { prefix: "mistral.voxtral", images: false, audio: true, ..MISTRAL },
    Family { prefix: "cohere.", assistant_first: false, ..TEXT_ONLY },
    Family { prefix: "cohere.command-text", ..WITHOUT_SYSTEM },
    Family { prefix: "cohere.command-light", ..WITHOUT_SYSTEM },
    Family { prefix: "ai21.", assistant_first: false, ..TEXT_ONLY },
    Family { prefix: "ai21.j2", ..WITHOUT_SYSTEM },
    Family { prefix: "writer.", assistant_first: false, ..PLAIN },
    Family {
        prefix: "writer.palmyra-x",
        on_demand: false,
        assistant_first: false,
        tools_in_streams: false,
        results_with_others: false,
        result_status: false,
        replay: false,
        ..TEXT_ONLY
    },
    Family { prefix: "deepseek.", images: false, redacted_replay: false, ..PLAIN },
    Family {
        prefix: "deepseek.r1",
        on_demand: false,
        tools: false,
        always_thinks: true,
        thought_place: ThoughtPlace::AfterText,
        replay: false,
        redacted_replay: false,
        ..TEXT_ONLY
    },
    Family { prefix: "qwen.", ..PLAIN },
    Family { prefix: "qwen.qwen3-32b", images: false, ..PLAIN },
    Family { prefix: "qwen.qwen3-235b", images: false, ..PLAIN },
    Family { prefix: "qwen.qwen3-coder", images: false, ..PLAIN },
    Family { prefix: "qwen.qwen3-next", images: false, ..PLAIN },
    Family {
        prefix: "minimax.",
        images: false,
        signature: Signature::NotEmpty,
        always_thinks: true,
        ..PLAIN
    },
    KIMI,
    Family { prefix: "moonshot.kimi-k2-thinking", images: false, always_thinks: true, ..KIMI },
    Family { prefix: "zai.", images: false, ..PLAIN },
    Family { prefix: "google.", ..PLAIN },
    Family { prefix: "google.gemma-3", replay: false, ..PLAIN },
    Family { prefix: "nvidia.", ..PLAIN },
    OPENAI,
    GPT_OSS,
    Family { prefix: "openai.gpt-oss-safeguard", stop_sequences: false, ..GPT_OSS },
    Family { prefix: "openai.gpt-5", unknown_fields: UnknownFields::OpenAiClosed, ..CLOSED },
    Family { prefix: "openai.gpt-6", unknown_fields: UnknownFields::OpenAiClosed, ..CLOSED },
    Family { prefix: "xai.", always_thinks: true, ..CLOSED },
    EMULATOR,
];

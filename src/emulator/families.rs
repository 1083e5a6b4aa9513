//! What differs between model families, in one table keyed by the beginning of
//! the model's name (region prefix taken off).
//!
//! Flags say what was seen at AWS; a family the table does not know is treated
//! as [`UNKNOWN`], which refuses nothing.

/// What the emulator knows about a family.
#[derive(Debug)]
pub(super) struct Family {
    /// Beginning of the model names; the longest that fits wins.
    prefix: &'static str,
    /// Anthropic's rules about thinking, cache points and tool choice.
    pub(super) claude: bool,
    /// Thinking comes with a signature and must come back with it.
    pub(super) signs_thinking: bool,
    pub(super) signature: Signature,
    pub(super) cache: Cache,
    /// A conversation may begin with the assistant.
    pub(super) assistant_first: bool,
    /// A conversation may end with the assistant.
    pub(super) prefill: bool,
    /// `temperature` and `topP` may be set together.
    pub(super) both_samplers: bool,
    /// Sampling parameters are accepted at all.
    pub(super) sampling: Sampling,
    pub(super) stop_sequences: bool,
    /// `thinking.type: enabled` is accepted.
    pub(super) manual_thinking: bool,
    /// `thinking.type: adaptive` is accepted.
    pub(super) adaptive_thinking: bool,
    /// `toolSpec.strict` is accepted.
    pub(super) strict_tools: bool,
    /// Tools can be offered at all.
    pub(super) tools: bool,
    /// Tools can be offered when the answer is a stream.
    pub(super) tools_in_streams: bool,
    /// `toolChoice.tool` and `toolChoice.any`.
    pub(super) forced_tool: bool,
    /// Tool ids that were not made by Bedrock must be nine letters and digits.
    pub(super) nine_letter_ids: bool,
    pub(super) images_in_results: bool,
    pub(super) video: bool,
    pub(super) video_in_results: bool,
    pub(super) s3_images: bool,
    pub(super) unknown_fields: UnknownFields,
}

/// What happens to `reasoningText.signature` in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signature {
    /// Must be there and fit the text.
    Verified,
    /// May be absent, must not be empty.
    NotEmpty,
    /// The member is not known.
    Refused,
    /// Not looked at.
    Ignored,
}

/// Where cache points are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cache {
    Everywhere,
    /// Not among the tools, and without a time to live of an hour.
    NotInTools,
    Nowhere,
}

/// How sampling parameters are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sampling {
    Accepted,
    /// The model calls `temperature` deprecated.
    Deprecated,
    /// The API does not know the fields for this model.
    Unsupported,
}

/// How members of `additionalModelRequestFields` of other families are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnknownFields {
    Ignored,
    /// Refused in the words of OpenAI's API.
    OpenAi,
}

/// A family nothing is known about.
const UNKNOWN: Family = Family {
    prefix: "",
    claude: false,
    signs_thinking: true,
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
    nine_letter_ids: false,
    images_in_results: true,
    video: true,
    video_in_results: true,
    s3_images: true,
    unknown_fields: UnknownFields::Ignored,
};

const CLAUDE: Family = Family {
    prefix: "anthropic.claude",
    claude: true,
    adaptive_thinking: false,
    signature: Signature::Verified,
    video: false,
    s3_images: false,
    ..UNKNOWN
};
/// Claude 3 and older: structured tools came later.
const CLAUDE_3: Family = Family { prefix: "anthropic.claude-3", strict_tools: false, ..CLAUDE };
/// Claude 4.5 takes one sampling parameter.
const CLAUDE_4_5: Family = Family { both_samplers: false, ..CLAUDE };
/// Claude 4.6 wants the user to have the last word, and may think
/// on its own terms.
const CLAUDE_4_6: Family = Family { adaptive_thinking: true, prefill: false, ..CLAUDE_4_5 };
/// Claude 4.7 and later think on their own terms only.
const CLAUDE_4_7: Family =
    Family { sampling: Sampling::Deprecated, manual_thinking: false, ..CLAUDE_4_6 };

const NOVA: Family = Family {
    prefix: "amazon.nova",
    signs_thinking: false,
    signature: Signature::NotEmpty,
    cache: Cache::NotInTools,
    assistant_first: false,
    video_in_results: false,
    ..UNKNOWN
};
/// Families without prompt caching, tool media or S3.
const PLAIN: Family = Family {
    signs_thinking: false,
    cache: Cache::Nowhere,
    images_in_results: false,
    video: false,
    s3_images: false,
    ..UNKNOWN
};
const LLAMA: Family = Family {
    prefix: "meta.",
    assistant_first: false,
    tools_in_streams: false,
    forced_tool: false,
    ..PLAIN
};
const OPENAI: Family = Family {
    prefix: "openai.",
    signature: Signature::Refused,
    unknown_fields: UnknownFields::OpenAi,
    ..PLAIN
};

/// The emulator's own models follow Anthropic's rules, without the limits of
/// particular versions.
const EMULATOR: Family =
    Family { prefix: "emulator.", claude: true, signature: Signature::Verified, ..UNKNOWN };

const FAMILIES: &[Family] = &[
    UNKNOWN,
    CLAUDE,
    CLAUDE_3,
    Family { prefix: "anthropic.claude-v2", tools: false, ..CLAUDE_3 },
    Family { prefix: "anthropic.claude-instant", tools: false, ..CLAUDE_3 },
    Family { prefix: "anthropic.claude-opus-4-1", ..CLAUDE_4_5 },
    Family { prefix: "anthropic.claude-haiku-4-5", ..CLAUDE_4_5 },
    Family { prefix: "anthropic.claude-sonnet-4-5", ..CLAUDE_4_5 },
    Family { prefix: "anthropic.claude-opus-4-5", ..CLAUDE_4_5 },
    Family { prefix: "anthropic.claude-sonnet-4-6", ..CLAUDE_4_6 },
    Family { prefix: "anthropic.claude-opus-4-6", ..CLAUDE_4_6 },
    Family { prefix: "anthropic.claude-opus-4-7", ..CLAUDE_4_7 },
    Family { prefix: "anthropic.claude-opus-4-8", ..CLAUDE_4_7 },
    Family { prefix: "anthropic.claude-sonnet-5", ..CLAUDE_4_7 },
    Family { prefix: "anthropic.claude-opus-5", ..CLAUDE_4_7 },
    NOVA,
    Family { prefix: "amazon.titan", assistant_first: false, tools: false, ..PLAIN },
    LLAMA,
    Family { prefix: "meta.llama3-8b", tools: false, ..LLAMA },
    Family { prefix: "meta.llama3-70b", tools: false, ..LLAMA },
    Family { prefix: "meta.llama4", images_in_results: true, ..LLAMA },
    Family { prefix: "mistral.", assistant_first: false, nine_letter_ids: true, ..PLAIN },
    Family { prefix: "mistral.mistral-7b", assistant_first: false, tools: false, ..PLAIN },
    Family { prefix: "mistral.mixtral", assistant_first: false, tools: false, ..PLAIN },
    Family { prefix: "cohere.", assistant_first: false, ..PLAIN },
    Family { prefix: "ai21.", assistant_first: false, ..PLAIN },
    Family { prefix: "writer.", assistant_first: false, ..PLAIN },
    Family { prefix: "deepseek.", ..PLAIN },
    Family { prefix: "deepseek.r1", tools: false, ..PLAIN },
    Family { prefix: "qwen.", ..PLAIN },
    Family { prefix: "minimax.", signature: Signature::NotEmpty, ..PLAIN },
    Family { prefix: "moonshot", ..PLAIN },
    Family { prefix: "zai.", ..PLAIN },
    Family { prefix: "google.", ..PLAIN },
    Family { prefix: "nvidia.", ..PLAIN },
    OPENAI,
    Family {
        prefix: "openai.gpt-5",
        sampling: Sampling::Unsupported,
        stop_sequences: false,
        ..OPENAI
    },
    Family {
        prefix: "xai.",
        signature: Signature::Refused,
        sampling: Sampling::Unsupported,
        stop_sequences: false,
        ..PLAIN
    },
    EMULATOR,
];

/// The family of a model name; an opaque ARN has the empty name.
pub(super) fn of(name: &str) -> &'static Family {
    FAMILIES
        .iter()
        .filter(|family| name.starts_with(family.prefix))
        .max_by_key(|family| family.prefix.len())
        .unwrap_or(&UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_decides() {
        assert_eq!(of("anthropic.claude-sonnet-4-20250514-v1:0").prefix, "anthropic.claude");
        assert_eq!(
            of("anthropic.claude-sonnet-4-5-20250929-v1:0").prefix,
            "anthropic.claude-sonnet-4-5"
        );
        assert_eq!(of("meta.llama4-maverick-17b-instruct-v1:0").prefix, "meta.llama4");
        assert_eq!(of("emulator.echo").prefix, "emulator.");
        assert_eq!(of("").prefix, "");
        assert_eq!(of("new.model").prefix, "");
    }
}

//! The table of model families.
//!
//! Sources: the tables of supported models and features of Converse, prompt
//! caching, structured output and thinking in the Bedrock user guide
//! (<https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html>),
//! and what AWS was seen to accept and refuse. Where a row is in doubt it lets
//! through: then AWS decides, in its own words.

use super::profile::Effort::{High, Low, Medium, None as NoEffort, XHigh};
use super::profile::{
    CachePoints, Efforts, FirstTurn, ImagesIn, ModelProfile, ReasoningForm, ReasoningReplay,
    Sampling, StructuredOutput, ToolChoices, ToolNames, ToolUseIds, Tools, TopK,
};

/// A family that the table does not know: everything is passed on.
pub(super) const UNKNOWN: ModelProfile = ModelProfile {
    name: "this model",
    prefix: "",
    system_prompts: true,
    tools: Tools::Always,
    tool_choice: ToolChoices { auto: true, any: true, tool: true },
    tool_names: ToolNames::WithHyphens,
    marks_tool_names: false,
    tool_use_ids: ToolUseIds::Any,
    forced_tool_while_thinking: true,
    single_tool_calls: false,
    strict_tools: true,
    mixed_result_turns: true,
    result_status: true,
    cache_points: CachePoints::Everywhere,
    cache_ttl: true,
    images: ImagesIn::MessagesAndToolResults,
    rich_results: true,
    citations: true,
    reasoning: ReasoningForm::Unknown,
    replay: ReasoningReplay::Signed,
    sampling: Sampling::Both,
    stop_sequences: true,
    top_k: TopK::Member("top_k"),
    native_fields: &[],
    beta_flags: true,
    first_turn: FirstTurn::Anyone,
    structured_output: StructuredOutput::Schema,
};

const UP_TO_HIGH: Efforts = &[(Low, "low"), (Medium, "medium"), (High, "high")];
const UP_TO_XHIGH: Efforts = &[(Low, "low"), (Medium, "medium"), (High, "high"), (XHigh, "xhigh")];
const ALL_OR_NOTHING: Efforts = &[(NoEffort, "none"), (High, "high")];

/// The newest Claude, and those to come: the older ones are a closed list.
const CLAUDE: ModelProfile = ModelProfile {
    name: "Claude",
    prefix: "anthropic.claude",
    tool_choice: ToolChoices { auto: true, any: false, tool: false },
    single_tool_calls: true,
    strict_tools: false,
    reasoning: ReasoningForm::Adaptive(UP_TO_XHIGH),
    sampling: Sampling::None,
    top_k: TopK::None,
    structured_output: StructuredOutput::SchemaWithoutBounds,
    ..UNKNOWN
};
const CLAUDE_5: ModelProfile = ModelProfile {
    name: "Claude 5",
    tool_choice: ToolChoices { auto: true, any: true, tool: true },
    ..CLAUDE
};
const CLAUDE_4_7: ModelProfile =
    ModelProfile { name: "Claude 4.7", forced_tool_while_thinking: false, ..CLAUDE_5 };
const CLAUDE_4_6: ModelProfile = ModelProfile {
    name: "Claude 4.6",
    strict_tools: true,
    reasoning: ReasoningForm::BudgetOrAdaptive(&[
        (Low, "low"),
        (Medium, "medium"),
        (High, "high"),
        (XHigh, "max"),
    ]),
    sampling: Sampling::One,
    top_k: TopK::Member("top_k"),
    ..CLAUDE_4_7
};
const CLAUDE_4_5: ModelProfile =
    ModelProfile { name: "Claude 4.5", reasoning: ReasoningForm::Budget, ..CLAUDE_4_6 };
/// Before 4.5: no structured output, and cache points live for five minutes.
const CLAUDE_4: ModelProfile = ModelProfile {
    name: "Claude 4",
    sampling: Sampling::Both,
    strict_tools: false,
    cache_ttl: false,
    structured_output: StructuredOutput::None,
    ..CLAUDE_4_5
};
const CLAUDE_3_5: ModelProfile = ModelProfile {
    name: "Claude 3.5",
    single_tool_calls: false,
    reasoning: ReasoningForm::None,
    ..CLAUDE_4
};
const CLAUDE_3: ModelProfile =
    ModelProfile { name: "Claude 3", cache_points: CachePoints::None, ..CLAUDE_3_5 };
const CLAUDE_2: ModelProfile = ModelProfile {
    name: "Claude 2",
    prefix: "anthropic.claude-v2",
    tools: Tools::Never,
    images: ImagesIn::Nothing,
    citations: false,
    ..CLAUDE_3
};

const NOVA: ModelProfile = ModelProfile {
    name: "Amazon Nova",
    prefix: "amazon.nova",
    tool_names: ToolNames::WithoutHyphens,
    strict_tools: false,
    cache_points: CachePoints::NotInTools,
    cache_ttl: false,
    rich_results: false,
    citations: false,
    reasoning: ReasoningForm::None,
    replay: ReasoningReplay::Never,
    top_k: TopK::InferenceConfig,
    beta_flags: false,
    first_turn: FirstTurn::User,
    structured_output: StructuredOutput::None,
    ..UNKNOWN
};

/// What most other vendors' models have in common.
const PLAIN: ModelProfile = ModelProfile {
    strict_tools: false,
    cache_points: CachePoints::None,
    cache_ttl: false,
    images: ImagesIn::Messages,
    citations: false,
    reasoning: ReasoningForm::None,
    replay: ReasoningReplay::Never,
    top_k: TopK::None,
    beta_flags: false,
    first_turn: FirstTurn::User,
    structured_output: StructuredOutput::None,
    ..UNKNOWN
};
/// Newer open-weight models, which Bedrock serves with structured output.
const OPEN_WEIGHT: ModelProfile =
    ModelProfile { structured_output: StructuredOutput::Schema, ..PLAIN };
const ONLY_AUTO: ToolChoices = ToolChoices { auto: true, any: false, tool: false };

/// The same without images.
const TEXT_ONLY: ModelProfile = ModelProfile { images: ImagesIn::Nothing, ..PLAIN };
const OPEN_WEIGHT_TEXT_ONLY: ModelProfile =
    ModelProfile { images: ImagesIn::Nothing, ..OPEN_WEIGHT };

const TITAN: ModelProfile = ModelProfile {
    name: "Amazon Titan Text",
    prefix: "amazon.titan",
    system_prompts: false,
    tools: Tools::Never,
    ..TEXT_ONLY
};

const LLAMA: ModelProfile = ModelProfile {
    name: "Meta Llama",
    prefix: "meta.",
    tools: Tools::WholeAnswersOnly,
    tool_choice: ONLY_AUTO,
    mixed_result_turns: false,
    ..PLAIN
};
const LLAMA_WITHOUT_TOOLS: ModelProfile =
    ModelProfile { tools: Tools::Never, images: ImagesIn::Nothing, ..LLAMA };

const MISTRAL: ModelProfile = ModelProfile {
    name: "Mistral",
    prefix: "mistral.",
    tool_use_ids: ToolUseIds::NineAlphanumerics,
    mixed_result_turns: false,
    ..OPEN_WEIGHT
};
/// The generation of 2024.
const MISTRAL_LARGE: ModelProfile = ModelProfile {
    prefix: "mistral.mistral-large-2",
    tools: Tools::WholeAnswersOnly,
    tool_choice: ToolChoices { auto: true, any: true, tool: false },
    structured_output: StructuredOutput::None,
    ..MISTRAL
};
const MISTRAL_7B: ModelProfile = ModelProfile {
    prefix: "mistral.mistral-7b",
    system_prompts: false,
    tools: Tools::Never,
    images: ImagesIn::Nothing,
    ..MISTRAL_LARGE
};

const COHERE: ModelProfile = ModelProfile {
    name: "Cohere Command",
    prefix: "cohere.",
    tool_choice: ONLY_AUTO,
    top_k: TopK::Member("k"),
    native_fields: &["seed", "frequency_penalty", "presence_penalty"],
    ..TEXT_ONLY
};
const COHERE_TEXT: ModelProfile = ModelProfile {
    prefix: "cohere.command-text",
    system_prompts: false,
    tools: Tools::Never,
    ..COHERE
};

const AI21: ModelProfile = ModelProfile {
    name: "AI21 Jamba",
    prefix: "ai21.",
    tool_choice: ONLY_AUTO,
    native_fields: &["frequency_penalty", "presence_penalty"],
    ..TEXT_ONLY
};

const DEEPSEEK: ModelProfile = ModelProfile {
    name: "DeepSeek",
    prefix: "deepseek.",
    tool_choice: ToolChoices { auto: true, any: true, tool: false },
    reasoning: ReasoningForm::Member("reasoning_effort", ALL_OR_NOTHING),
    ..OPEN_WEIGHT_TEXT_ONLY
};

/// Reasoning is sealed, and neither sampling nor stop sequences can be chosen.
const OPENAI: ModelProfile = ModelProfile {
    name: "OpenAI",
    prefix: "openai.",
    reasoning: ReasoningForm::Nested(&[
        (NoEffort, "none"),
        (Low, "low"),
        (Medium, "medium"),
        (High, "high"),
        (XHigh, "xhigh"),
    ]),
    replay: ReasoningReplay::Redacted,
    sampling: Sampling::None,
    stop_sequences: false,
    ..OPEN_WEIGHT
};
const GPT_OSS: ModelProfile = ModelProfile {
    name: "OpenAI gpt-oss",
    prefix: "openai.gpt-oss",
    marks_tool_names: true,
    reasoning: ReasoningForm::Member("reasoning_effort", UP_TO_HIGH),
    replay: ReasoningReplay::Unsigned,
    ..TEXT_ONLY
};

const QWEN: ModelProfile = ModelProfile {
    name: "Qwen",
    prefix: "qwen.",
    reasoning: ReasoningForm::Member(
        "reasoning_config",
        &[(NoEffort, "none"), (Low, "low"), (High, "high")],
    ),
    first_turn: FirstTurn::Anyone,
    ..OPEN_WEIGHT
};

const KIMI: ModelProfile = ModelProfile {
    name: "Moonshot Kimi",
    prefix: "moonshot",
    replay: ReasoningReplay::Unsigned,
    first_turn: FirstTurn::Anyone,
    ..OPEN_WEIGHT
};

/// The table. A new family is a new row.
pub(super) const FAMILIES: &[ModelProfile] = &[
    CLAUDE,
    // A prompt router chooses among older ones.
    ModelProfile { name: "Claude", prefix: "anthropic.claude:", ..CLAUDE_3 },
    ModelProfile { prefix: "anthropic.claude-haiku-5", ..CLAUDE_5 },
    ModelProfile { prefix: "anthropic.claude-sonnet-5", ..CLAUDE_5 },
    ModelProfile { prefix: "anthropic.claude-sonnet-5-5", ..CLAUDE },
    ModelProfile { prefix: "anthropic.claude-opus-5", ..CLAUDE_5 },
    ModelProfile { prefix: "anthropic.claude-opus-5-5", ..CLAUDE },
    ModelProfile { name: "Claude 4.8", prefix: "anthropic.claude-opus-4-8", ..CLAUDE_5 },
    ModelProfile { prefix: "anthropic.claude-opus-4-7", ..CLAUDE_4_7 },
    ModelProfile { prefix: "anthropic.claude-sonnet-4-6", ..CLAUDE_4_6 },
    ModelProfile { prefix: "anthropic.claude-opus-4-6", ..CLAUDE_4_6 },
    ModelProfile { prefix: "anthropic.claude-sonnet-4-5", ..CLAUDE_4_5 },
    ModelProfile { prefix: "anthropic.claude-haiku-4-5", ..CLAUDE_4_5 },
    ModelProfile { prefix: "anthropic.claude-opus-4-5", ..CLAUDE_4_5 },
    ModelProfile {
        name: "Claude 4.1",
        prefix: "anthropic.claude-opus-4-1",
        sampling: Sampling::One,
        ..CLAUDE_4
    },
    ModelProfile { prefix: "anthropic.claude-opus-4", ..CLAUDE_4 },
    ModelProfile { prefix: "anthropic.claude-sonnet-4", ..CLAUDE_4 },
    ModelProfile { name: "Claude 3.7", prefix: "anthropic.claude-3-7", ..CLAUDE_4 },
    ModelProfile { prefix: "anthropic.claude-3-5", ..CLAUDE_3_5 },
    ModelProfile {
        prefix: "anthropic.claude-3-5-sonnet-20240620",
        cache_points: CachePoints::None,
        ..CLAUDE_3_5
    },
    ModelProfile { prefix: "anthropic.claude-3", ..CLAUDE_3 },
    CLAUDE_2,
    ModelProfile { name: "Claude Instant", prefix: "anthropic.claude-instant", ..CLAUDE_2 },
    NOVA,
    ModelProfile { prefix: "amazon.nova-micro", images: ImagesIn::Nothing, ..NOVA },
    ModelProfile {
        name: "Amazon Nova 2",
        prefix: "amazon.nova-2",
        reasoning: ReasoningForm::ReasoningConfig(UP_TO_HIGH),
        replay: ReasoningReplay::Unsigned,
        ..NOVA
    },
    TITAN,
    LLAMA,
    ModelProfile { prefix: "meta.llama2", ..LLAMA_WITHOUT_TOOLS },
    ModelProfile { prefix: "meta.llama3-8b", ..LLAMA_WITHOUT_TOOLS },
    ModelProfile { prefix: "meta.llama3-70b", ..LLAMA_WITHOUT_TOOLS },
    ModelProfile { prefix: "meta.llama3-2-1b", ..LLAMA_WITHOUT_TOOLS },
    ModelProfile { prefix: "meta.llama3-2-3b", ..LLAMA_WITHOUT_TOOLS },
    ModelProfile { prefix: "meta.llama3-1-", images: ImagesIn::Nothing, ..LLAMA },
    ModelProfile { prefix: "meta.llama3-3-", images: ImagesIn::Nothing, ..LLAMA },
    ModelProfile { prefix: "meta.llama4", images: ImagesIn::MessagesAndToolResults, ..LLAMA },
    MISTRAL,
    MISTRAL_LARGE,
    ModelProfile { prefix: "mistral.mistral-small-2", ..MISTRAL_LARGE },
    ModelProfile { prefix: "mistral.pixtral", ..MISTRAL_LARGE },
    MISTRAL_7B,
    ModelProfile { prefix: "mistral.mixtral", ..MISTRAL_7B },
    COHERE,
    COHERE_TEXT,
    ModelProfile { prefix: "cohere.command-light", ..COHERE_TEXT },
    AI21,
    ModelProfile { prefix: "ai21.jamba-instruct", tools: Tools::Never, ..AI21 },
    ModelProfile {
        name: "AI21 Jurassic",
        prefix: "ai21.j2",
        system_prompts: false,
        tools: Tools::Never,
        ..AI21
    },
    DEEPSEEK,
    ModelProfile {
        name: "DeepSeek R1",
        prefix: "deepseek.r1",
        tools: Tools::Never,
        reasoning: ReasoningForm::None,
        structured_output: StructuredOutput::None,
        ..DEEPSEEK
    },
    OPENAI,
    GPT_OSS,
    ModelProfile { prefix: "openai.gpt-oss-safeguard", stop_sequences: false, ..GPT_OSS },
    ModelProfile {
        name: "xAI Grok",
        prefix: "xai.",
        reasoning: ReasoningForm::Nested(UP_TO_XHIGH),
        structured_output: StructuredOutput::None,
        ..OPENAI
    },
    QWEN,
    ModelProfile { prefix: "qwen.qwen3-32b", images: ImagesIn::Nothing, ..QWEN },
    ModelProfile { prefix: "qwen.qwen3-235b", images: ImagesIn::Nothing, ..QWEN },
    ModelProfile { prefix: "qwen.qwen3-coder", images: ImagesIn::Nothing, ..QWEN },
    ModelProfile { prefix: "qwen.qwen3-next", images: ImagesIn::Nothing, ..QWEN },
    ModelProfile {
        name: "Writer Palmyra",
        prefix: "writer.",
        tools: Tools::WholeAnswersOnly,
        tool_choice: ONLY_AUTO,
        mixed_result_turns: false,
        result_status: false,
        ..TEXT_ONLY
    },
    KIMI,
    ModelProfile { prefix: "moonshot.kimi-k2-thinking", images: ImagesIn::Nothing, ..KIMI },
    ModelProfile { prefix: "moonshotai.kimi-k3", sampling: Sampling::None, ..KIMI },
    ModelProfile {
        name: "MiniMax",
        prefix: "minimax.",
        replay: ReasoningReplay::Unsigned,
        ..OPEN_WEIGHT_TEXT_ONLY
    },
    ModelProfile {
        name: "Z.AI GLM",
        prefix: "zai.",
        tool_choice: ToolChoices { auto: true, any: true, tool: false },
        reasoning: ReasoningForm::Member("reasoning_effort", ALL_OR_NOTHING),
        first_turn: FirstTurn::Anyone,
        ..OPEN_WEIGHT_TEXT_ONLY
    },
    ModelProfile {
        name: "Z.AI GLM 5.3",
        prefix: "zai.glm-5.3",
        reasoning: ReasoningForm::Member("reasoning_effort", UP_TO_XHIGH),
        first_turn: FirstTurn::Anyone,
        ..OPEN_WEIGHT_TEXT_ONLY
    },
    ModelProfile { name: "Google Gemma", prefix: "google.", ..OPEN_WEIGHT },
    ModelProfile { name: "NVIDIA Nemotron", prefix: "nvidia.", ..OPEN_WEIGHT },
    // The emulator's own models follow Claude's rules, without the limits of
    // particular versions.
    ModelProfile {
        name: "the emulator's model",
        prefix: "emulator.",
        strict_tools: true,
        reasoning: ReasoningForm::BudgetOrAdaptive(UP_TO_HIGH),
        sampling: Sampling::Both,
        structured_output: StructuredOutput::Schema,
        ..CLAUDE_4_6
    },
];

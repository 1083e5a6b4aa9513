//! The table of model families.
//!
//! Sources: the tables of supported models and features of Converse, prompt
//! caching, structured output and thinking in the Bedrock user guide
//! (<https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html>),
//! and what AWS was seen to accept and refuse. Where a row is in doubt it lets
//! through: then AWS decides, in its own words.

use super::profile::Effort::{High, Low, Medium, None as NoEffort, XHigh};
use super::profile::{
    BesideResults, CachePoints, Efforts, FirstTurn, ImagesIn, ModelProfile, ReasoningForm,
    ReasoningReplay, Sampling, StructuredOutput, ToolChoices, ToolNames, ToolUseIds, Tools, TopK,
    Unasked,
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
    beside_results: BesideResults::Anything,
    result_status: true,
    cache_points: CachePoints::Everywhere,
    cache_ttl: true,
    images: ImagesIn::MessagesAndToolResults,
    media_in_s3: true,
    documents: true,
    documents_in_results: true,
    videos: true,
    sound: true,
    citations: true,
    reasoning: ReasoningForm::Unknown,
    thinks_unasked: Unasked::No,
    replay: ReasoningReplay::Signed,
    least_max_tokens: 1,
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
    beside_results: BesideResults::NoTextDocuments,
    media_in_s3: false,
    videos: false,
    sound: false,
    reasoning: ReasoningForm::Adaptive(UP_TO_XHIGH),
    thinks_unasked: Unasked::Always,
    sampling: Sampling::None,
    top_k: TopK::None,
    structured_output: StructuredOutput::SchemaWithoutBounds,
    ..UNKNOWN
};
const CLAUDE_5: ModelProfile = ModelProfile {
    name: "Claude 5",
    thinks_unasked: Unasked::Yes,
    tool_choice: ToolChoices { auto: true, any: true, tool: true },
    ..CLAUDE
};
const CLAUDE_4_8: ModelProfile = ModelProfile {
    name: "Claude 4.8",
    prefix: "anthropic.claude-opus-4-8",
    thinks_unasked: Unasked::No,
    ..CLAUDE_5
};
const CLAUDE_4_7: ModelProfile = ModelProfile {
    name: "Claude 4.7",
    forced_tool_while_thinking: false,
    thinks_unasked: Unasked::No,
    ..CLAUDE_5
};
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
    images: ImagesIn::Nowhere,
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
    documents_in_results: false,
    sound: false,
    citations: false,
    reasoning: ReasoningForm::None,
    replay: ReasoningReplay::Never,
    top_k: TopK::InferenceConfig,
    beta_flags: false,
    first_turn: FirstTurn::User,
    structured_output: StructuredOutput::None,
    ..UNKNOWN
};

const NOVA_2: ModelProfile = ModelProfile {
    name: "Amazon Nova 2",
    prefix: "amazon.nova-2",
    reasoning: ReasoningForm::ReasoningConfig(UP_TO_HIGH),
    replay: ReasoningReplay::Unsigned,
    ..NOVA
};

/// What most other vendors' models have in common.
const PLAIN: ModelProfile = ModelProfile {
    strict_tools: false,
    cache_points: CachePoints::None,
    cache_ttl: false,
    images: ImagesIn::Nowhere,
    media_in_s3: false,
    videos: false,
    sound: false,
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

const TITAN: ModelProfile = ModelProfile {
    name: "Amazon Titan Text",
    prefix: "amazon.titan",
    system_prompts: false,
    tools: Tools::Never,
    ..PLAIN
};

const LLAMA: ModelProfile = ModelProfile {
    name: "Meta Llama",
    prefix: "meta.",
    tools: Tools::WholeAnswersOnly,
    tool_choice: ONLY_AUTO,
    beside_results: BesideResults::Nothing,
    ..PLAIN
};
const LLAMA_WITHOUT_TOOLS: ModelProfile = ModelProfile { tools: Tools::Never, ..LLAMA };

const MISTRAL: ModelProfile = ModelProfile {
    name: "Mistral",
    prefix: "mistral.",
    tool_use_ids: ToolUseIds::NineAlphanumerics,
    beside_results: BesideResults::Nothing,
    images: ImagesIn::Messages,
    ..OPEN_WEIGHT
};
/// The generation of 2024.
const MISTRAL_LARGE: ModelProfile = ModelProfile {
    prefix: "mistral.mistral-large-2",
    tools: Tools::WholeAnswersOnly,
    tool_choice: ToolChoices { auto: true, any: true, tool: false },
    images: ImagesIn::Nowhere,
    structured_output: StructuredOutput::None,
    ..MISTRAL
};
const MISTRAL_7B: ModelProfile = ModelProfile {
    prefix: "mistral.mistral-7b",
    system_prompts: false,
    tools: Tools::Never,
    ..MISTRAL_LARGE
};

const COHERE: ModelProfile = ModelProfile {
    name: "Cohere Command",
    prefix: "cohere.",
    tool_choice: ONLY_AUTO,
    top_k: TopK::Member("k"),
    native_fields: &["seed", "frequency_penalty", "presence_penalty"],
    ..PLAIN
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
    ..PLAIN
};

const DEEPSEEK: ModelProfile = ModelProfile {
    name: "DeepSeek",
    prefix: "deepseek.",
    tool_choice: ToolChoices { auto: true, any: true, tool: false },
    reasoning: ReasoningForm::Member("reasoning_effort", ALL_OR_NOTHING),
    ..OPEN_WEIGHT
};

/// Reasoning is sealed, and neither sampling nor stop sequences can be chosen.
const OPENAI: ModelProfile = ModelProfile {
    name: "OpenAI",
    prefix: "openai.",
    images: ImagesIn::Messages,
    reasoning: ReasoningForm::Nested(&[
        (NoEffort, "none"),
        (Low, "low"),
        (Medium, "medium"),
        (High, "high"),
        (XHigh, "xhigh"),
    ]),
    replay: ReasoningReplay::Redacted,
    least_max_tokens: 16,
    sampling: Sampling::None,
    stop_sequences: false,
    ..OPEN_WEIGHT
};
const GPT_OSS: ModelProfile = ModelProfile {
    name: "OpenAI gpt-oss",
    prefix: "openai.gpt-oss",
    marks_tool_names: true,
    reasoning: ReasoningForm::Member("reasoning_effort", UP_TO_HIGH),
    thinks_unasked: Unasked::Always,
    replay: ReasoningReplay::Unsigned,
    ..PLAIN
};

const QWEN: ModelProfile = ModelProfile {
    name: "Qwen",
    prefix: "qwen.",
    reasoning: ReasoningForm::Member(
        "reasoning_config",
        &[(NoEffort, "none"), (Low, "low"), (High, "high")],
    ),
    documents: false,
    first_turn: FirstTurn::Anyone,
    ..OPEN_WEIGHT
};

const KIMI: ModelProfile = ModelProfile {
    name: "Moonshot Kimi",
    prefix: "moonshot",
    images: ImagesIn::Messages,
    replay: ReasoningReplay::Unsigned,
    first_turn: FirstTurn::Anyone,
    ..OPEN_WEIGHT
};

/// The table. A new family is a new row.
pub(super) const FAMILIES: &[ModelProfile] = &[
    CLAUDE,
    // A prompt router chooses among older ones.
    ModelProfile { prefix: "anthropic.claude:", ..CLAUDE_3 },
    ModelProfile { prefix: "anthropic.claude-haiku-5", ..CLAUDE_5 },
    ModelProfile { prefix: "anthropic.claude-sonnet-5", ..CLAUDE_5 },
    ModelProfile { prefix: "anthropic.claude-sonnet-5-5", ..CLAUDE },
    ModelProfile { prefix: "anthropic.claude-opus-5", ..CLAUDE_5 },
    ModelProfile { prefix: "anthropic.claude-opus-5-5", ..CLAUDE },
    CLAUDE_4_8,
    ModelProfile { prefix: "anthropic.claude-opus-4-7", ..CLAUDE_4_7 },
    ModelProfile { prefix: "anthropic.claude-sonnet-4-7", ..CLAUDE_4_7 },
    ModelProfile { prefix: "anthropic.claude-sonnet-4-8", ..CLAUDE_4_8 },
    ModelProfile { prefix: "anthropic.claude-sonnet-4-9", ..CLAUDE_4_8 },
    ModelProfile { prefix: "anthropic.claude-opus-4-9", ..CLAUDE_4_8 },
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
    ModelProfile { prefix: "anthropic.claude-3-5-haiku", images: ImagesIn::Nowhere, ..CLAUDE_3_5 },
    ModelProfile {
        prefix: "anthropic.claude-3-5-sonnet-20240620",
        cache_points: CachePoints::None,
        ..CLAUDE_3_5
    },
    ModelProfile { prefix: "anthropic.claude-3", ..CLAUDE_3 },
    CLAUDE_2,
    ModelProfile { name: "Claude Instant", prefix: "anthropic.claude-instant", ..CLAUDE_2 },
    NOVA,
    ModelProfile {
        name: "Amazon Nova Micro",
        prefix: "amazon.nova-micro",
        images: ImagesIn::Nowhere,
        documents: false,
        videos: false,
        ..NOVA
    },
    NOVA_2,
    ModelProfile { prefix: "amazon.nova-2-omni", sound: true, ..NOVA_2 },
    TITAN,
    LLAMA,
    ModelProfile { prefix: "meta.llama2", ..LLAMA_WITHOUT_TOOLS },
    ModelProfile { prefix: "meta.llama3-8b", ..LLAMA_WITHOUT_TOOLS },
    ModelProfile { prefix: "meta.llama3-70b", ..LLAMA_WITHOUT_TOOLS },
    ModelProfile { prefix: "meta.llama3-2-1b", ..LLAMA_WITHOUT_TOOLS },
    ModelProfile { prefix: "meta.llama3-2-3b", ..LLAMA_WITHOUT_TOOLS },
    ModelProfile { prefix: "meta.llama3-2-11b", images: ImagesIn::Messages, ..LLAMA },
    ModelProfile { prefix: "meta.llama3-2-90b", images: ImagesIn::Messages, ..LLAMA },
    ModelProfile { prefix: "meta.llama4", images: ImagesIn::MessagesAndToolResults, ..LLAMA },
    MISTRAL,
    MISTRAL_LARGE,
    ModelProfile { prefix: "mistral.mistral-small-2", ..MISTRAL_LARGE },
    ModelProfile { prefix: "mistral.pixtral", images: ImagesIn::Messages, ..MISTRAL_LARGE },
    ModelProfile {
        name: "Mistral Voxtral",
        prefix: "mistral.voxtral",
        images: ImagesIn::Nowhere,
        sound: true,
        ..MISTRAL
    },
    ModelProfile { prefix: "mistral.devstral", images: ImagesIn::Nowhere, ..MISTRAL },
    MISTRAL_7B,
    ModelProfile { prefix: "mistral.mixtral", ..MISTRAL_7B },
    COHERE,
    COHERE_TEXT,
    ModelProfile { prefix: "cohere.command-light", documents: false, ..COHERE_TEXT },
    AI21,
    ModelProfile { prefix: "ai21.jamba-instruct", tools: Tools::Never, documents: false, ..AI21 },
    ModelProfile {
        name: "AI21 Jurassic",
        prefix: "ai21.j2",
        system_prompts: false,
        tools: Tools::Never,
        documents: false,
        ..AI21
    },
    DEEPSEEK,
    ModelProfile {
        name: "DeepSeek R1",
        thinks_unasked: Unasked::Always,
        prefix: "deepseek.r1",
        tools: Tools::Never,
        reasoning: ReasoningForm::None,
        structured_output: StructuredOutput::None,
        ..DEEPSEEK
    },
    OPENAI,
    GPT_OSS,
    // Seen to refuse them; of the others nobody has told so.
    ModelProfile { prefix: "openai.gpt-oss-safeguard", stop_sequences: false, ..GPT_OSS },
    ModelProfile {
        name: "xAI Grok",
        thinks_unasked: Unasked::Always,
        prefix: "xai.",
        reasoning: ReasoningForm::Nested(UP_TO_XHIGH),
        structured_output: StructuredOutput::None,
        ..OPENAI
    },
    QWEN,
    ModelProfile { prefix: "qwen.qwen3-vl", images: ImagesIn::Messages, ..QWEN },
    ModelProfile {
        name: "Writer Palmyra",
        prefix: "writer.",
        tools: Tools::WholeAnswersOnly,
        tool_choice: ONLY_AUTO,
        beside_results: BesideResults::Nothing,
        result_status: false,
        ..PLAIN
    },
    KIMI,
    ModelProfile {
        prefix: "moonshot.kimi-k2-thinking",
        images: ImagesIn::Nowhere,
        thinks_unasked: Unasked::Always,
        ..KIMI
    },
    ModelProfile {
        prefix: "moonshotai.kimi-k3",
        sampling: Sampling::None,
        least_max_tokens: 16,
        ..KIMI
    },
    ModelProfile {
        name: "MiniMax",
        thinks_unasked: Unasked::Always,
        prefix: "minimax.",
        replay: ReasoningReplay::Unsigned,
        ..OPEN_WEIGHT
    },
    ModelProfile {
        name: "Z.AI GLM",
        prefix: "zai.",
        tool_choice: ToolChoices { auto: true, any: true, tool: false },
        reasoning: ReasoningForm::Member("reasoning_effort", ALL_OR_NOTHING),
        first_turn: FirstTurn::Anyone,
        ..OPEN_WEIGHT
    },
    ModelProfile {
        name: "Z.AI GLM 5.3",
        thinks_unasked: Unasked::Always,
        prefix: "zai.glm-5.3",
        reasoning: ReasoningForm::Member("reasoning_effort", UP_TO_XHIGH),
        first_turn: FirstTurn::Anyone,
        ..OPEN_WEIGHT
    },
    ModelProfile {
        name: "Google Gemma",
        prefix: "google.",
        images: ImagesIn::Messages,
        ..OPEN_WEIGHT
    },
    ModelProfile {
        name: "NVIDIA Nemotron",
        prefix: "nvidia.",
        images: ImagesIn::Messages,
        ..OPEN_WEIGHT
    },
    // The emulator's own models follow Claude's rules, without the limits of
    // particular versions.
    ModelProfile {
        name: "the emulator's model",
        prefix: "emulator.",
        strict_tools: true,
        media_in_s3: true,
        videos: true,
        sound: true,
        reasoning: ReasoningForm::BudgetOrAdaptive(UP_TO_HIGH),
        sampling: Sampling::Both,
        ..CLAUDE_4_6
    },
];

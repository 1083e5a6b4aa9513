//! The columns of the table.

/// What one family of models accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelProfile {
    /// What people call the family; part of error messages.
    pub name: &'static str,
    /// How the names of its models begin; the longest that fits decides.
    pub prefix: &'static str,
    /// Whether it takes instructions apart from the conversation.
    pub system_prompts: bool,
    /// Whether it uses tools.
    pub tools: Tools,
    /// What `toolChoice` may say.
    pub tool_choice: ToolChoices,
    /// Which characters names of tools have.
    pub tool_names: ToolNames,
    /// Whether it writes marks of its own behind names of tools (`json<|channel|>x`).
    pub marks_tool_names: bool,
    /// Which ids of tool calls it takes.
    pub tool_use_ids: ToolUseIds,
    /// Whether a tool call can be forced while it thinks.
    pub forced_tool_while_thinking: bool,
    /// Whether it can be told to make one tool call at a time
    /// (`tool_choice.disable_parallel_tool_use` of Anthropic's API).
    pub single_tool_calls: bool,
    /// Whether a tool may be `strict`.
    pub strict_tools: bool,
    /// What may share a turn with results of tools.
    pub beside_results: BesideResults,
    /// Whether a result may say that it is an error.
    pub result_status: bool,
    /// Where prompt caching has points.
    pub cache_points: CachePoints,
    /// Whether a cache point may have a time to live.
    pub cache_ttl: bool,
    /// Where it reads images.
    pub images: ImagesIn,
    /// Whether images and videos may lie in S3.
    pub media_in_s3: bool,
    /// Whether it reads documents.
    pub documents: bool,
    /// Whether results of tools may hold documents and videos.
    pub documents_in_results: bool,
    /// Whether it reads videos.
    pub videos: bool,
    /// Whether it hears sound.
    pub sound: bool,
    /// Whether it cites documents and search results.
    pub citations: bool,
    /// How it is asked to think.
    pub reasoning: ReasoningForm,
    /// Whether it thinks if it is not asked.
    pub thinks_unasked: Unasked,
    /// How reasoning of earlier turns is told to it.
    pub replay: ReasoningReplay,
    /// The least that may be asked for as a limit of tokens.
    pub least_max_tokens: u32,
    /// Which sampling parameters it takes.
    pub sampling: Sampling,
    /// Whether stop sequences are taken.
    pub stop_sequences: bool,
    /// Where `top_k` goes.
    pub top_k: TopK,
    /// OpenAI's fields that the model itself knows under the same name; they go to
    /// `additionalModelRequestFields`.
    pub native_fields: &'static [&'static str],
    /// Whether it takes Anthropic's beta flags.
    pub beta_flags: bool,
    /// Who may speak first.
    pub first_turn: FirstTurn,
    /// Whether an answer can be held to a JSON schema.
    pub structured_output: StructuredOutput,
}

/// Whether a family uses tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tools {
    /// It does not know them.
    Never,
    /// Not with `ConverseStream`.
    WholeAnswersOnly,
    /// Always.
    Always,
}

/// The members of `toolChoice` that a family takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToolChoices {
    /// `auto`.
    pub auto: bool,
    /// `any`.
    pub any: bool,
    /// `tool`.
    pub tool: bool,
}

/// Which characters names of tools have, beside letters, digits and `_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolNames {
    /// Also the hyphen, as Converse itself.
    WithHyphens,
    /// No hyphen: the model writes calls that Bedrock cannot read.
    WithoutHyphens,
}

/// Which ids of tool calls a family takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolUseIds {
    /// All that Converse takes.
    Any,
    /// Nine letters and digits, or an id that Bedrock made.
    NineAlphanumerics,
}

/// What may share a turn with results of tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BesideResults {
    /// Anything.
    Anything,
    /// Text, images and PDFs; no other documents.
    NoTextDocuments,
    /// Nothing.
    Nothing,
}

/// Where prompt caching has points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CachePoints {
    /// Nowhere.
    None,
    /// In instructions and messages.
    NotInTools,
    /// In instructions, messages and among the tools.
    Everywhere,
}

/// Where a family reads images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImagesIn {
    /// Nowhere.
    Nowhere,
    /// In the user's words only.
    Messages,
    /// There, and in results of tools.
    MessagesAndToolResults,
}

/// How much a model thinks, in OpenAI's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// Not at all.
    None,
    /// As little as there is.
    Minimal,
    /// Little.
    Low,
    /// Something between.
    Medium,
    /// Much.
    High,
    /// Very much.
    XHigh,
}

impl Effort {
    /// OpenAI's words.
    pub const WORDS: [(&str, Self); 6] = [
        ("none", Self::None),
        ("minimal", Self::Minimal),
        ("low", Self::Low),
        ("medium", Self::Medium),
        ("high", Self::High),
        ("xhigh", Self::XHigh),
    ];

    /// Reads OpenAI's word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(name, _)| *name == word).map(|(_, effort)| effort)
    }
}

/// The efforts that a family knows, from little to much, in its own words.
pub type Efforts = &'static [(Effort, &'static str)];

/// The family's word for an effort: that of the next greater one if it does not
/// know it, or of the greatest. Not to think is said only where there is a word.
#[must_use]
pub fn word_for(effort: Effort, efforts: Efforts) -> Option<&'static str> {
    let word = |(_, word): &(Effort, &'static str)| *word;
    if effort == Effort::None {
        return efforts.iter().find(|(known, _)| *known == Effort::None).map(word);
    }
    let at_least = efforts.iter().find(|(known, _)| *known >= effort).map(word);
    at_least.or_else(|| efforts.last().map(word))
}

/// How a family is asked to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasoningForm {
    /// It does not, or always does: there is no switch.
    None,
    /// `thinking: {"type": "enabled", "budget_tokens"}`.
    Budget,
    /// That, and `thinking: {"type": "adaptive"}` with `output_config.effort`,
    /// which is used for an effort.
    BudgetOrAdaptive(Efforts),
    /// `thinking: {"type": "adaptive"}` with `output_config.effort` only.
    Adaptive(Efforts),
    /// `reasoningConfig: {"type": "enabled", "maxReasoningEffort"}`; the highest
    /// leaves no choice of limits and sampling.
    ReasoningConfig(Efforts),
    /// An effort as a member of this name.
    Member(&'static str, Efforts),
    /// `reasoning: {"effort"}`.
    Nested(Efforts),
    /// Not known: what the caller wrote is passed on.
    Unknown,
}

/// Whether a family thinks if it is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unasked {
    /// No.
    No,
    /// Yes, but it can be told not to.
    Yes,
    /// Yes, and it cannot be kept from it.
    Always,
}

/// How reasoning of earlier turns is told to a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasoningReplay {
    /// Readable reasoning only with its seal; sealed reasoning as it is.
    Signed,
    /// Readable reasoning without a seal.
    Unsigned,
    /// Sealed reasoning only.
    Redacted,
    /// Not at all.
    Never,
}

/// Which sampling parameters a family takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// `temperature` and `topP`, each alone or together.
    Both,
    /// Either, not both.
    One,
    /// Neither.
    None,
}

/// Where `top_k` goes among `additionalModelRequestFields`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopK {
    /// The model has none.
    None,
    /// A member of this name.
    Member(&'static str),
    /// `inferenceConfig.topK`.
    InferenceConfig,
}

/// Who may speak first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstTurn {
    /// Either.
    Anyone,
    /// The user.
    User,
}

/// Whether an answer can be held to a JSON schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StructuredOutput {
    /// Not by `outputConfig`; a forced tool call stands in for it.
    None,
    /// By `outputConfig`.
    Schema,
    /// By `outputConfig`, without bounds of numbers and arrays in the schema.
    SchemaWithoutBounds,
}

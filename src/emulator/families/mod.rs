//! What differs between model families, in one table keyed by the beginning of
//! the model's name (region prefix taken off).
//!
//! Flags say what was seen at AWS; a family the table does not know is treated
//! as [`UNKNOWN`], which refuses nothing.

mod table;

use table::{FAMILIES, UNKNOWN};

/// What the emulator knows about a family.
#[derive(Debug)]
pub(super) struct Family {
    /// Beginning of the model names; the longest that fits wins.
    prefix: &'static str,
    /// The bare model id can be called; else only a profile that contains it.
    pub(super) on_demand: bool,
    /// Anthropic's rules about thinking, cache points and tool choice.
    pub(super) claude: bool,
    /// More characters than this are too many tokens in any language.
    pub(super) max_characters: usize,
    /// `system` is accepted.
    pub(super) system: bool,
    /// What thinking looks like in an answer.
    pub(super) thought_form: ThoughtForm,
    /// Where thinking stands in an answer.
    pub(super) thought_place: ThoughtPlace,
    /// The model thinks whether it is asked to or not.
    pub(super) always_thinks: bool,
    /// Thinking has a signature but no text unless a summary is asked for.
    pub(super) hides_thoughts: bool,
    /// Thinking of earlier turns is taken back.
    pub(super) replay: bool,
    /// So is redacted thinking.
    pub(super) redacted_replay: bool,
    /// How the thinking in a request is treated.
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
    /// Tool results may share a turn with anything else.
    pub(super) results_with_others: bool,
    /// `toolResult.status` is accepted.
    pub(super) result_status: bool,
    /// `tool_choice.disable_parallel_tool_use` is known.
    pub(super) parallel_switch: bool,
    /// Calls of a tool with a hyphen in its name come out right.
    pub(super) hyphenated_tools: bool,
    /// Tool ids that were not made by Bedrock must be nine letters and digits.
    pub(super) nine_letter_ids: bool,
    /// The ids the model gives its calls.
    pub(super) call_ids: CallIds,
    /// Calls say `"type": "tool_use"`, which the service model does not know.
    pub(super) typed_calls: bool,
    pub(super) images: bool,
    pub(super) images_in_results: bool,
    pub(super) video: bool,
    pub(super) video_in_results: bool,
    /// Documents with a layout, and not of text alone.
    pub(super) laid_out_documents_in_results: bool,
    pub(super) s3_images: bool,
    pub(super) audio: bool,
    /// `citations` of a document are accepted.
    pub(super) citations: bool,
    /// What becomes of `outputConfig.textFormat`.
    pub(super) structured_output: StructuredOutput,
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
    /// Thinking is redacted always; a text in its place breaks the service.
    NoText,
}

/// What thinking looks like in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ThoughtForm {
    Signed,
    Unsigned,
    Redacted,
}

/// Where thinking stands in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ThoughtPlace {
    /// In front.
    First,
    /// In front; in a stream an empty text comes before it.
    AfterEmptyText,
    /// In front; in a stream empty texts stand around it and after the calls.
    BetweenEmptyTexts,
    /// After the text.
    AfterText,
}

/// The ids a model gives its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallIds {
    /// `tooluse_` and 22 characters.
    Bedrock,
    /// `functions.NAME:0`
    Functions,
    /// `call_` and 32 hexadecimal digits.
    Hexadecimal,
}

/// What becomes of `outputConfig.textFormat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StructuredOutput {
    Accepted,
    /// Refused in the words of Anthropic's API.
    Extra,
    /// The API does not know the field for this model.
    Unsupported,
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
    /// The same; effort is a member of `reasoning`, not on its own.
    OpenAiClosed,
}

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
        assert_eq!(of("anthropic.claude-sonnet-9").prefix, "anthropic.claude");
        assert_eq!(
            of("anthropic.claude-sonnet-4-20250514-v1:0").prefix,
            "anthropic.claude-sonnet-4-2"
        );
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

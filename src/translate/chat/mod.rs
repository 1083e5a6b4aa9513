//! Chat completions over Converse.
//!
//! | file | OpenAI fields it owns |
//! |---|---|
//! | `messages.rs`, `instructions.rs` | `messages[].role`, `content_blocks`, `refusal`, `name` |
//! | `turns.rs` | order and merging of turns |
//! | `content.rs` | parts of `content`; those of text, of guardrails, of search, and of tools that ran at AWS |
//! | `attachments.rs`, `media/` | parts `image_url`, `video_url`, `input_audio`, `file`, `image`, `document` |
//! | `calls.rs`, `results.rs` | `tool_call_id`, `tool` and `function` messages, `is_error`, `status` |
//! | `names.rs` | names of tools and ids of calls that Bedrock does not take |
//! | `offer.rs`, `tools.rs` | `tools`, `functions`, `tool_choice`, `function_call`, `parallel_tool_calls`, `tool_calls` |
//! | `cache.rs` | `cache_control` |
//! | `reasoning.rs` | `thinking`, `reasoning_effort`, `reasoning` |
//! | `thoughts.rs` | parts `thinking` and `redacted_thinking`, `reasoning_content` |
//! | `sampling.rs` | `max_tokens`, `max_completion_tokens`, `temperature`, `top_p`, `top_k`, `stop` |
//! | `output.rs` | `response_format`, `output_config` |
//! | `schema.rs` | schemas of `response_format` and of strict tools |
//! | `options.rs` | `guardrail_config`, `service_tier`, `performance_config`, `prompt_variables`, `additional_model_response_field_paths` |
//! | `metadata.rs` | `metadata`, `request_metadata`, and the header `x-portkey-metadata` |
//! | `additional.rs` | `additional_model_request_fields`, `anthropic_beta` |
//! | `prompt.rs` | what cannot be said beside a stored prompt |
//! | `unmapped.rs`, `report.rs`, `error.rs` | what has no counterpart, is passed over, or is refused |
//! | `scene.rs` | what the rules about messages share |
//! | `response.rs`, `stream.rs`, `annotations.rs` | the answer, whole and in pieces |
//! | `as_events.rs` | a whole answer in pieces |
//! | `stop_reason.rs`, `usage.rs` | `finish_reason`, `usage` |
//!
//! What a family of models takes is asked of [`ModelProfile`], never of a name.

mod additional;
mod annotations;
mod as_events;
mod attachments;
mod cache;
mod calls;
mod content;
mod error;
mod instructions;
mod media;
mod messages;
mod metadata;
mod names;
mod offer;
mod options;
mod output;
mod prompt;
mod reasoning;
mod report;
mod response;
mod results;
mod sampling;
mod scene;
mod schema;
mod stop_reason;
mod stream;
mod thoughts;
mod tools;
mod turns;
mod unmapped;
mod usage;

use std::collections::BTreeMap;

use serde_json::value::RawValue;

pub use as_events::events_of;
pub use error::{Error, UpstreamFault};
pub use media::{RemoteFile, RemoteFiles, remote_urls};
pub use report::UnsupportedParams;
pub use response::{Answering, ResponseContext, response};
pub use stream::ChatStream;

use additional::Additional;
use names::ToolNames;
use offer::Offer;
use output::Output;
use reasoning::Circumstances;
use report::Report;
use scene::Scene;
use tools::called_earlier;

use crate::bedrock::request::ConverseRequest;
use crate::models::{ModelProfile, Tools};
use crate::openai::chat;

/// Facts from outside the body that the request's translation depends on.
#[derive(Debug)]
pub struct RequestContext<'a> {
    /// What the model accepts.
    pub profile: &'static ModelProfile,
    /// Whether the model is a stored prompt, which brings its own messages.
    pub is_prompt: bool,
    /// Whether a stream is wanted.
    pub stream: bool,
    /// Beta flags that came by header or config; added to the body's own.
    pub anthropic_beta: &'a [String],
    /// What the caller said by header to find the request by; added to the body's own.
    pub metadata: &'a BTreeMap<String, Box<RawValue>>,
    /// What the caller's gateway key or token says for it; stands above all others.
    pub pinned_metadata: &'a BTreeMap<String, Box<RawValue>>,
    /// Metadata of a config's `override_params`; takes precedence over the body's own and
    /// the headers'.
    pub override_metadata: &'a BTreeMap<String, Box<RawValue>>,
    /// The files that the request points at.
    pub files: &'a RemoteFiles,
    /// What happens to parameters that have no counterpart.
    pub unsupported: UnsupportedParams,
}

/// A translated request, and what its answer's translation has to know.
#[derive(Debug)]
pub struct Translation<'a> {
    /// What is sent.
    pub request: ConverseRequest<'a>,
    /// Whether Converse is to be called though a stream is wanted: the family
    /// does not stream with tools.
    pub whole_only: bool,
    /// For the answer.
    pub answering: Answering,
    /// Places of the request that were passed over.
    pub ignored: Vec<String>,
}

/// Translates a chat request to a Converse request, which borrows from it.
///
/// # Errors
/// The request cannot be said in Converse's words; the error names the place.
pub fn request<'a>(
    request: &'a chat::Request,
    context: &RequestContext<'a>,
) -> Result<Translation<'a>, Error> {
    let RequestContext { profile, files, .. } = *context;
    let messages = request.messages();
    let mut report = Report::new(context.unsupported);
    let native = unmapped::native(&request.other, profile, &mut report)?;

    let offer = Offer::read(request)?;
    let names = ToolNames::new(offer.names().chain(called_earlier(messages)), profile);
    let mut scene = Scene {
        profile,
        files,
        names: &names,
        history: offer.history(profile),
        documents: media::DocumentNames::default(),
        report: &mut report,
    };
    let mut conversation = messages::conversation(messages, &mut scene)?;

    let max_tokens = sampling::token_limit(request)?;
    let beta = beta_flags(request, context, &mut report)?;
    let reasoning = reasoning::plan(
        &reasoning::Wish::read(request)?,
        profile,
        &Circumstances {
            max_tokens: max_tokens.map(i64::from),
            messages: &conversation.messages,
            is_interleaved: beta.iter().any(|flag| flag.starts_with(INTERLEAVED_THINKING)),
        },
        &mut report,
    )?;
    let is_thinking = reasoning.is_claude_thinking;
    let mut tools = tools::plan(&offer, messages, profile, &names, is_thinking, &mut report)?;

    let mut output_config = None;
    let mut answer_tool = None;
    match output::plan(request, &offer, profile, is_thinking, &mut report)? {
        Output::Free => {}
        Output::Config(config) => output_config = Some(config),
        Output::Instruction(text) => conversation.instruct(text, profile),
        Output::Tool(tool) => {
            answer_tool = Some(tool.name.clone());
            tool.add_to(&mut tools.config);
            if std::mem::take(&mut tools.single_calls) {
                report.ignore(
                    "parallel_tool_calls",
                    "the answer's form takes a forced call, which cannot be asked for together with single calls",
                )?;
            }
        }
    }

    let whole_only = profile.tools == Tools::WholeAnswersOnly && tools.config.is_some();
    let inference_config =
        sampling::inference_config(request, max_tokens, profile, &reasoning, &mut report)?;
    let additional = Additional {
        fields: request.additional_model_request_fields.as_ref(),
        native,
        top_k: sampling::top_k(request, profile, &reasoning, &mut report)?,
        replaces_thinking: reasoning.replaces_fields,
        reasoning: reasoning.fields,
        single_calls: tools.single_calls,
        beta,
    };
    let mut converse = ConverseRequest {
        messages: conversation.messages,
        system: conversation.system,
        inference_config,
        tool_config: tools.config,
        guardrail_config: request
            .guardrail_config
            .as_ref()
            .map(|config| options::guardrail(config, context.stream && !whole_only))
            .transpose()?
            .flatten(),
        additional_model_request_fields: additional.into_fields()?,
        prompt_variables: options::prompt_variables(request.prompt_variables.as_ref()),
        additional_model_response_field_paths: options::response_fields(
            request.additional_model_response_field_paths.as_deref(),
        )?,
        request_metadata: request_metadata(request, context, &mut report)?,
        performance_config: options::performance(request.performance_config.as_ref())?,
        service_tier: options::service_tier(request.service_tier.as_deref())?,
        output_config,
    };
    cache::settle(&mut converse, &mut report)?;
    if context.is_prompt {
        prompt::check(request, &converse)?;
    } else {
        check_without_prompt(&converse)?;
    }
    Ok(Translation {
        request: converse,
        whole_only,
        answering: Answering {
            tool_names: names.into_originals(),
            answer_tool,
            marks_tool_names: profile.marks_tool_names,
        },
        ignored: report.into_places(),
    })
}

fn request_metadata(
    request: &chat::Request,
    context: &RequestContext<'_>,
    report: &mut Report,
) -> Result<BTreeMap<String, String>, Error> {
    let metadata = [
        ("gateway key", Some(context.pinned_metadata)),
        ("override_params.metadata", Some(context.override_metadata)),
        ("metadata", request.metadata.as_ref()),
        ("request_metadata", request.request_metadata.as_ref()),
        ("x-portkey-metadata", Some(context.metadata)),
    ];
    let metadata = metadata.into_iter().filter_map(|(place, source)| Some((place, source?)));
    metadata::pairs(metadata, report)
}

/// How the beta flag begins under which Claude thinks between tool calls, and its
/// budget may exceed the token limit.
const INTERLEAVED_THINKING: &str = "interleaved-thinking";

fn beta_flags<'a>(
    request: &'a chat::Request,
    context: &RequestContext<'a>,
    report: &mut Report,
) -> Result<Vec<&'a str>, Error> {
    let flags = additional::beta_flags(context.anthropic_beta, request.anthropic_beta.as_ref());
    if flags.is_empty() || context.profile.beta_flags {
        return Ok(flags);
    }
    let why = format!("{} is not Anthropic's", context.profile.name);
    report.ignore("anthropic_beta", &why).map(|()| Vec::new())
}

/// What only a stored prompt goes without, and what only it has.
fn check_without_prompt(request: &ConverseRequest<'_>) -> Result<(), Error> {
    if request.messages.is_empty() {
        return Err(Error::at(
            "messages",
            "Bedrock needs at least one user message that is not blank",
        ));
    }
    if !request.prompt_variables.is_empty() {
        return Err(Error::at(
            "prompt_variables",
            "only a stored prompt has variables; `model` must be the ARN of one",
        ));
    }
    Ok(())
}

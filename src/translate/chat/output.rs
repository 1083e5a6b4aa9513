//! `response_format`, and Bedrock's own `outputConfig`.
//!
//! | asked for | what is sent |
//! |---|---|
//! | `text` | nothing |
//! | `json_object` | one more instruction: Bedrock can hold an answer to a schema only |
//! | `json_schema` | `outputConfig.textFormat`, or, where the family does not take it, a tool that the model must call with the answer |
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html>.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::error::{Error, quoted};
use super::offer::Offer;
use super::report::Report;
use super::schema;
use super::tools::called_earlier;
use crate::bedrock::request::{
    JsonSchemaDefinition, OutputConfig, OutputFormat, OutputFormatStructure, Schema, Tool,
    ToolChoice, ToolConfiguration, ToolInputSchema, ToolSpecification,
};
use crate::json::raw_object::RawObject;
use crate::models::{ModelProfile, StructuredOutput, Tools};
use crate::openai::chat;

/// What `json_object` adds to the instructions.
const JSON_INSTRUCTION: &str =
    "Answer with one valid JSON object and nothing else: no code fence, no text around it.";
/// What the tool is called that takes an answer in the place of a text.
const ANSWER_TOOL: &str = "json_answer";
const ANSWER_TOOL_DESCRIPTION: &str =
    "Gives the final answer to the user. Call it exactly once, with the whole answer.";

/// What Bedrock takes as the word for an effort at most, in characters.
const MAX_EFFORT: usize = 16;

/// How an answer gets its form.
pub(super) enum Output<'a> {
    /// It has none.
    Free,
    /// Bedrock holds it to one.
    Config(OutputConfig<'a>),
    /// The model is told to.
    Instruction(&'static str),
    /// The model gives it to a tool.
    Tool(AnswerTool<'a>),
}

/// The tool that takes an answer.
pub(super) struct AnswerTool<'a> {
    /// No other tool has this name.
    pub(super) name: String,
    description: &'a str,
    schema: Map<String, Value>,
    /// Which choice makes the model call it.
    choice: ToolChoice<'a>,
}

pub(super) fn plan<'a>(
    request: &'a chat::Request,
    offer: &Offer<'a>,
    profile: &ModelProfile,
    is_thinking: bool,
    report: &mut Report,
) -> Result<Output<'a>, Error> {
    let Some(config) = &request.output_config else {
        return by_response_format(request, offer, profile, is_thinking, report);
    };
    let effort = config.effort.as_deref();
    if effort.is_some_and(|effort| effort.chars().count() > MAX_EFFORT) {
        let why = format!("an effort is a word of at most {MAX_EFFORT} characters");
        return Err(Error::at("output_config.effort", why));
    }
    if let Some(format) = &config.text_format {
        if request.response_format.is_some() {
            report.ignore("response_format", "`output_config.textFormat` says the form already")?;
        }
        let text_format = Some(OutputFormat::Raw(format.as_raw()));
        return Ok(Output::Config(OutputConfig { text_format, effort }));
    }
    let form = by_response_format(request, offer, profile, is_thinking, report)?;
    if effort.is_none() {
        return Ok(form);
    }
    match form {
        Output::Config(config) => Ok(Output::Config(OutputConfig { effort, ..config })),
        Output::Free => Ok(Output::Config(OutputConfig { text_format: None, effort })),
        Output::Instruction(_) | Output::Tool(_) => {
            let why = "an effort cannot be said together with this `response_format`; use `reasoning_effort`";
            report.ignore("output_config.effort", why).map(|()| form)
        }
    }
}

fn by_response_format<'a>(
    request: &'a chat::Request,
    offer: &Offer<'a>,
    profile: &ModelProfile,
    is_thinking: bool,
    report: &mut Report,
) -> Result<Output<'a>, Error> {
    let Some(format) = &request.response_format else { return Ok(Output::Free) };
    match format.kind.as_str() {
        "text" => Ok(Output::Free),
        "json_object" => Ok(Output::Instruction(JSON_INSTRUCTION)),
        "json_schema" => {
            let definition = format.json_schema.as_ref().ok_or_else(|| {
                Error::at("response_format.json_schema", "`json_schema` is missing")
            })?;
            let schema = definition.schema.as_ref().ok_or_else(|| {
                Error::at("response_format.json_schema.schema", "`schema` is missing")
            })?;
            match profile.structured_output {
                StructuredOutput::Schema => Ok(by_schema(definition, schema, false)),
                StructuredOutput::SchemaWithoutBounds => Ok(by_schema(definition, schema, true)),
                StructuredOutput::None => {
                    let taken = offer.names().chain(called_earlier(request.messages()));
                    let name = free_name(taken);
                    by_tool(definition, schema, name, offer, profile, is_thinking, report)
                }
            }
        }
        other => Err(Error::at(
            "response_format.type",
            format!("`{}` is none of `text`, `json_object` and `json_schema`", quoted(other)),
        )),
    }
}

fn by_schema<'a>(
    definition: &'a chat::JsonSchema,
    schema: &RawObject,
    without_bounds: bool,
) -> Output<'a> {
    let json_schema = JsonSchemaDefinition {
        schema: schema::closed(schema.as_raw(), without_bounds),
        name: definition.name.as_deref(),
        description: definition.description.as_deref(),
    };
    Output::Config(OutputConfig {
        text_format: Some(OutputFormat::JsonSchema {
            kind: "json_schema",
            structure: OutputFormatStructure { json_schema },
        }),
        effort: None,
    })
}

fn by_tool<'a>(
    definition: &'a chat::JsonSchema,
    schema: &RawObject,
    name: String,
    offer: &Offer<'a>,
    profile: &ModelProfile,
    is_thinking: bool,
    report: &mut Report,
) -> Result<Output<'a>, Error> {
    const PLACE: &str = "response_format";
    if offer.is_forced() {
        // The call that was asked for is the answer, and has a schema of its own.
        report.ignore(PLACE, "a forced tool call leaves no text that could have a form")?;
        return Ok(Output::Free);
    }
    let kinds = profile.tool_choice;
    let can_force = profile.tools == Tools::Always
        && if offer.is_empty() { kinds.tool || kinds.any } else { kinds.any };
    if !can_force {
        let why = format!(
            "{} cannot be held to a JSON schema; send `json_object` and describe the form in the instructions",
            profile.name
        );
        report.refuse(PLACE, &why)?;
        return Ok(Output::Free);
    }
    if is_thinking && !profile.forced_tool_while_thinking {
        let why = format!(
            "{} cannot be held to a JSON schema while it thinks; leave out `response_format` or thinking",
            profile.name
        );
        report.refuse(PLACE, &why)?;
        return Ok(Output::Free);
    }
    let mut schema: Map<String, Value> =
        serde_json::from_str(schema.as_raw().get()).unwrap_or_default();
    schema.insert("type".to_owned(), "object".into());
    let choice = if offer.is_empty() && kinds.tool {
        ToolChoice::Tool { name: name.clone().into() }
    } else {
        // The client's own tools may be called first.
        ToolChoice::Any {}
    };
    let description = definition.description.as_deref().filter(|text| !text.trim().is_empty());
    Ok(Output::Tool(AnswerTool {
        name,
        description: description.unwrap_or(ANSWER_TOOL_DESCRIPTION),
        schema,
        choice,
    }))
}

fn free_name<'n>(taken: impl Iterator<Item = &'n str>) -> String {
    let taken: HashSet<&str> = taken.collect();
    // Ends: there are only so many tools.
    (1..)
        .map(|n| if n == 1 { ANSWER_TOOL.to_owned() } else { format!("{ANSWER_TOOL}_{n}") })
        .find(|name| !taken.contains(name.as_str()))
        .unwrap_or_default()
}

impl<'a> AnswerTool<'a> {
    /// Adds the tool to those on offer.
    pub(super) fn add_to(self, config: &mut Option<ToolConfiguration<'a>>) {
        let Self { name, description, schema, choice } = self;
        let tool = Tool::ToolSpec(ToolSpecification {
            name: name.into(),
            description: Some(description),
            input_schema: ToolInputSchema { json: Schema::Repaired(schema) },
            strict: None,
        });
        let config = config
            .get_or_insert_with(|| ToolConfiguration { tools: Vec::new(), tool_choice: None });
        config.tools.push(tool);
        config.tool_choice = Some(choice);
    }
}

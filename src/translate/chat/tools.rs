//! The tools that Bedrock is offered, and calls of earlier turns.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::cache;
use super::error::Error;
use super::names::{self, ToolNames};
use super::offer::{Choice, History, Offer, OfferedTool};
use super::report::Report;
use super::scene::Scene;
use super::schema::close_tool;
use crate::bedrock::request::{
    ContentBlock, Schema, SystemTool, Tool, ToolChoice, ToolConfiguration, ToolInputSchema,
    ToolSpecification, ToolUseBlock,
};
use crate::json::raw_object::{RawObject, empty_object, without_unnamed_members};
use crate::models::{ModelProfile, StructuredOutput, Tools};
use crate::openai::chat;

/// What goes into a request about tools.
#[derive(Default)]
pub(super) struct ToolPlan<'a> {
    pub(super) config: Option<ToolConfiguration<'a>>,
    /// Whether the model is to be told to make one call at a time.
    pub(super) single_calls: bool,
}

/// The tools on offer and which to use.
///
/// Converse refuses a conversation with tool calls in it but no tools; where the
/// client sent none, they are declared from the history's names.
pub(super) fn plan<'a>(
    offer: &Offer<'a>,
    messages: &'a [chat::Message],
    profile: &ModelProfile,
    names: &ToolNames,
    is_thinking: bool,
    report: &mut Report,
) -> Result<ToolPlan<'a>, Error> {
    if offer.choice == Choice::None {
        return Ok(ToolPlan::default());
    }
    if profile.tools == Tools::Never {
        return match offer.tools.first() {
            None => Ok(ToolPlan::default()),
            Some(first) => {
                let place = first.place.split('[').next().unwrap_or("tools");
                let why = format!("{} does not use tools; leave `{place}` out", profile.name);
                report.refuse(place, &why).map(|()| ToolPlan::default())
            }
        };
    }
    let mut tools = Vec::with_capacity(offer.tools.len());
    for offered in &offer.tools {
        tools.push(match offered.tool {
            OfferedTool::Function(function) => {
                Tool::ToolSpec(specification(function, &offered.inner, profile, names, report)?)
            }
            OfferedTool::System(name) => Tool::SystemTool(SystemTool { name }),
        });
        if let Some(mark) = offered.mark {
            tools.extend(cache_point(mark, &offered.place, profile, report)?);
        }
    }
    if tools.is_empty() {
        tools.extend(called_earlier(messages).map(|name| declare(names.to_bedrock(name))));
        let at_aws = called_at_aws(messages);
        tools.extend(at_aws.map(|name| Tool::SystemTool(SystemTool { name })));
        let config = (!tools.is_empty()).then_some(ToolConfiguration { tools, tool_choice: None });
        return Ok(ToolPlan { config, single_calls: false });
    }
    let (tool_choice, single_calls) = choose(offer, profile, names, is_thinking, report)?;
    Ok(ToolPlan { config: Some(ToolConfiguration { tools, tool_choice }), single_calls })
}

/// Where a family has no way to force a call, it is left to the model, which is
/// what most clients can live with; they are told.
fn choose<'a>(
    offer: &Offer<'a>,
    profile: &ModelProfile,
    names: &ToolNames,
    is_thinking: bool,
    report: &mut Report,
) -> Result<(Option<ToolChoice<'a>>, bool), Error> {
    let kinds = profile.tool_choice;
    let is_only_tool = offer.tools.len() == 1;
    let wanted = match offer.choice {
        Choice::Unsaid | Choice::None => None,
        Choice::Auto => kinds.auto.then_some(ToolChoice::Auto {}),
        Choice::Any | Choice::Tool(_) if is_thinking && !profile.forced_tool_while_thinking => {
            let why = format!(
                "{} cannot be forced to call a tool while it thinks; turn thinking off, or send `auto`",
                profile.name
            );
            report.ignore(offer.place, &why)?;
            None
        }
        Choice::Any if kinds.any => Some(ToolChoice::Any {}),
        Choice::Tool(name) if kinds.tool => Some(ToolChoice::Tool { name: names.to_bedrock(name) }),
        // To call one of one is to call this one.
        Choice::Tool(_) if kinds.any && is_only_tool => Some(ToolChoice::Any {}),
        Choice::Any | Choice::Tool(_) => {
            let why = format!("{} cannot be forced to call a tool; send `auto`", profile.name);
            report.ignore(offer.place, &why)?;
            None
        }
    };
    if offer.parallel != Some(false) {
        return Ok((wanted, false));
    }
    // With a forced call, Bedrock takes the choice in one place only.
    let is_forced = matches!(wanted, Some(ToolChoice::Any {} | ToolChoice::Tool { .. }));
    if profile.single_tool_calls && !is_forced {
        return Ok((None, true));
    }
    let why = if is_forced {
        "a forced call and single calls cannot be asked for together".to_owned()
    } else {
        format!("{} has no switch for it", profile.name)
    };
    report.ignore("parallel_tool_calls", &why)?;
    Ok((wanted, false))
}

/// A call that the assistant made earlier.
pub(super) fn call<'a>(
    id: Cow<'a, str>,
    function: &'a chat::FunctionCall,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<ContentBlock<'a>, Error> {
    let arguments = function.arguments.as_deref().unwrap_or_default();
    Ok(match scene.history {
        History::Blocks => ContentBlock::ToolUse(ToolUseBlock {
            tool_use_id: match id {
                Cow::Borrowed(id) => names::tool_use_id(id, scene.profile),
                Cow::Owned(id) => Cow::Owned(names::tool_use_id(&id, scene.profile).into_owned()),
            },
            name: scene.names.to_bedrock(&function.name),
            input: input(arguments, place, scene.report)?,
            kind: None,
        }),
        History::Text => {
            ContentBlock::Text(format!("[tool call {id}: {}({arguments})]", function.name).into())
        }
    })
}

/// Each tool that ran at AWS earlier, once, in order.
fn called_at_aws(messages: &[chat::Message]) -> impl Iterator<Item = &str> {
    let parts = messages.iter().flat_map(chat::Message::part_lists).flat_map(|(_, parts)| parts);
    let names = parts
        .filter(|part| part.kind == chat::PartType::ServerToolUse)
        .filter_map(|part| part.name());
    let mut seen = HashSet::new();
    names.filter(move |name| seen.insert(*name))
}

/// Each tool that was called earlier, once, in order.
pub(super) fn called_earlier(messages: &[chat::Message]) -> impl Iterator<Item = &str> + Clone {
    let calls = messages.iter().flat_map(|message| {
        let calls = message.tool_calls().unwrap_or_default().iter();
        let calls = calls.filter_map(|call| call.function.as_deref());
        calls.chain(message.function_call())
    });
    let mut seen = HashSet::new();
    calls.map(|function| &*function.name).filter(move |name| seen.insert(*name))
}

fn cache_point<'a>(
    mark: &chat::CacheControl,
    place: &str,
    profile: &ModelProfile,
    report: &mut Report,
) -> Result<Option<Tool<'a>>, Error> {
    if profile.cache_points == crate::models::CachePoints::NotInTools {
        let why = format!("{} caches instructions and messages, not tools", profile.name);
        report.ignore(format_args!("{place}.cache_control"), &why)?;
        return Ok(None);
    }
    let point = cache::point(Some(mark), profile, report, format_args!("{place}"))?;
    Ok(point.map(Tool::CachePoint))
}

fn specification<'a>(
    function: &'a chat::Function,
    place: &str,
    profile: &ModelProfile,
    names: &ToolNames,
    report: &mut Report,
) -> Result<ToolSpecification<'a>, Error> {
    let wants_strict = function.strict() == Some(true);
    let strict = wants_strict && profile.strict_tools;
    if wants_strict && !strict {
        let why = format!("{} does not hold calls to their schema", profile.name);
        report.ignore(format_args!("{place}.strict"), &why)?;
    }
    let schema = schema(function.parameters().map(RawObject::as_raw), place)?;
    Ok(ToolSpecification {
        name: names.to_bedrock(&function.name),
        // Bedrock refuses an empty description.
        description: function.description().filter(|text| !text.trim().is_empty()),
        input_schema: ToolInputSchema {
            json: if strict { closed(schema, profile) } else { schema },
        },
        strict: strict.then_some(true),
    })
}

/// Bedrock wants `"type": "object"` at the root; OpenAI accepts a function
/// without parameters, and schemas that only mean an object.
fn schema<'a>(parameters: Option<&'a RawValue>, place: &str) -> Result<Schema<'a>, Error> {
    #[derive(Deserialize)]
    struct Root<'a> {
        #[serde(borrow, rename = "type")]
        kind: Option<&'a RawValue>,
    }
    let Some(parameters) = parameters.filter(|raw| raw.get() != "null") else {
        return Ok(Schema::Repaired(empty_schema()));
    };
    let not_an_object =
        |_| Error::at(format_args!("{place}.parameters"), "must be a JSON schema, an object");
    let root: Root<'_> = serde_json::from_str(parameters.get()).map_err(not_an_object)?;
    if root.kind.is_some_and(|kind| kind.get() == "\"object\"") {
        return Ok(Schema::Raw(parameters));
    }
    let mut repaired: Map<String, Value> =
        serde_json::from_str(parameters.get()).map_err(not_an_object)?;
    repaired.insert("type".to_owned(), "object".into());
    Ok(Schema::Repaired(repaired))
}

/// Calls are held only to schemas that leave nothing open, as they are in OpenAI's
/// strict mode.
fn closed<'a>(schema: Schema<'a>, profile: &ModelProfile) -> Schema<'a> {
    let mut members: Map<String, Value> = match &schema {
        Schema::Raw(raw) => serde_json::from_str(raw.get()).unwrap_or_default(),
        Schema::Repaired(members) => members.clone(),
    };
    let without_bounds = profile.structured_output == StructuredOutput::SchemaWithoutBounds;
    if close_tool(&mut members, without_bounds) { Schema::Repaired(members) } else { schema }
}

fn empty_schema() -> Map<String, Value> {
    Map::from_iter([
        ("type".to_owned(), "object".into()),
        ("properties".to_owned(), Map::new().into()),
    ])
}

/// Arguments are JSON in a string, written by a model: where they are not an
/// object (nothing, `null`, cut off in the middle), the call is kept with `{}`,
/// so that its result still has a call to belong to. Bedrock refuses members
/// without a name, which some models write.
fn input<'a>(
    arguments: &'a str,
    place: fmt::Arguments<'_>,
    report: &mut Report,
) -> Result<Cow<'a, RawValue>, Error> {
    let arguments = arguments.trim();
    let place = format_args!("{place}.arguments");
    match serde_json::from_str::<&RawValue>(arguments) {
        Ok(raw) if arguments.starts_with('{') => {
            if !arguments.contains("\"\"") {
                return Ok(Cow::Borrowed(raw));
            }
            match without_unnamed_members(raw) {
                None => Ok(Cow::Borrowed(raw)),
                Some(named) => {
                    report.ignore(place, "Bedrock takes no members without a name")?;
                    Ok(Cow::Owned(named))
                }
            }
        }
        // To say nothing is to say that there are none.
        _ if matches!(arguments, "" | "null") => Ok(Cow::Owned(empty_object())),
        Ok(_) | Err(_) => {
            report.ignore(place, "the arguments of a call must be a JSON object, in a string")?;
            Ok(Cow::Owned(empty_object()))
        }
    }
}

fn declare(name: Cow<'_, str>) -> Tool<'_> {
    Tool::ToolSpec(ToolSpecification {
        name,
        description: None,
        input_schema: ToolInputSchema { json: Schema::Repaired(empty_schema()) },
        strict: None,
    })
}

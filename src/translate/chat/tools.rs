//! `tools`, `tool_choice`, `parallel_tool_calls`, and calls of earlier turns.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::cache;
use super::error::{Error, quoted};
use super::names::{self, ToolNames};
use super::report::Report;
use super::scene::Scene;
use super::schema;
use crate::bedrock::request::{
    ContentBlock, Schema, SystemTool, Tool, ToolChoice, ToolConfiguration, ToolInput,
    ToolInputSchema, ToolSpecification, ToolUseBlock,
};
use crate::json::string_or::StringOr;
use crate::models::{ModelProfile, StructuredOutput, Tools};
use crate::openai::chat;

/// How calls and their results of earlier turns are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum History {
    /// As what they are.
    Blocks,
    /// As text. Converse has no `none`, and does not take a history of calls
    /// without tools on offer; offered tools might be called again. Families
    /// without tools know no other way.
    Text,
}

/// What a request says about which tool to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice<'a> {
    /// Nothing.
    Unsaid,
    /// No tool.
    None,
    /// As the model likes.
    Auto,
    /// One of them, whichever.
    Any,
    /// This one.
    Tool(&'a str),
}

/// The tools of a request, as the client sent them.
pub(super) struct Offer<'a> {
    tools: Vec<Offered<'a>>,
    pub(super) choice: Choice<'a>,
    /// Where the choice was said.
    place: &'static str,
    parallel: Option<bool>,
}

struct Offered<'a> {
    tool: OfferedTool<'a>,
    /// Where it stands: `tools[0]`.
    place: String,
    /// Where it is described: `tools[0].function`.
    inner: String,
    mark: Option<&'a chat::CacheControl>,
}

enum OfferedTool<'a> {
    Function(&'a chat::Function),
    System(&'a str),
}

impl<'a> Offer<'a> {
    /// Reads `tools` and `tool_choice`, or the older `functions` and `function_call`.
    pub(super) fn read(request: &'a chat::Request) -> Result<Self, Error> {
        let mut tools: Vec<Offered<'a>> = Vec::new();
        for (i, tool) in request.tools.iter().flatten().enumerate() {
            tools.push(offered(tool, format!("tools[{i}]"))?);
        }
        for (i, function) in request.functions.iter().flatten().enumerate() {
            let place = format!("functions[{i}]");
            let mark = function.cache_control.as_ref();
            let tool = OfferedTool::Function(function);
            tools.push(Offered { tool, inner: place.clone(), place, mark });
        }
        check_names(&tools)?;
        let (choice, place) = match (&request.tool_choice, &request.function_call) {
            (Some(choice), _) => (read_choice(choice, &mut tools)?, "tool_choice"),
            (None, Some(call)) => (read_function_call(call)?, "function_call"),
            (None, None) => (Choice::Unsaid, "tool_choice"),
        };
        let offer = Self { tools, choice, place, parallel: request.parallel_tool_calls };
        offer.check_choice()?;
        Ok(offer)
    }

    fn check_choice(&self) -> Result<(), Error> {
        match self.choice {
            Choice::Unsaid | Choice::None | Choice::Auto => Ok(()),
            Choice::Any | Choice::Tool(_) if self.tools.is_empty() => {
                Err(Error::at(self.place, "there are no `tools` to choose from"))
            }
            Choice::Any => Ok(()),
            Choice::Tool(name) if self.names().any(|offered| offered == name) => Ok(()),
            Choice::Tool(name) if self.place == "function_call" => Err(Error::at(
                "function_call.name",
                format!("`{}` is not one of `functions`", quoted(name)),
            )),
            Choice::Tool(name) => Err(Error::at(
                format_args!("{}.function.name", self.place),
                format!("`{}` is not one of `tools`", quoted(name)),
            )),
        }
    }

    /// The names of the client's tools.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + Clone {
        self.tools.iter().filter_map(|offered| match offered.tool {
            OfferedTool::Function(function) => Some(function.name.as_str()),
            OfferedTool::System(_) => None,
        })
    }

    /// Whether the client offers any tools that may be used.
    pub(super) fn is_empty(&self) -> bool {
        self.tools.is_empty() || self.choice == Choice::None
    }

    /// Whether a call is forced.
    pub(super) fn is_forced(&self) -> bool {
        matches!(self.choice, Choice::Any | Choice::Tool(_))
    }

    /// How the history is told.
    pub(super) fn history(&self, profile: &ModelProfile) -> History {
        if self.choice == Choice::None || profile.tools == Tools::Never {
            History::Text
        } else {
            History::Blocks
        }
    }
}

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
    scene: &Scene<'a, '_>,
) -> ContentBlock<'a> {
    let arguments = function.arguments.as_deref().unwrap_or_default();
    match scene.history {
        History::Blocks => ContentBlock::ToolUse(ToolUseBlock {
            tool_use_id: match id {
                Cow::Borrowed(id) => names::tool_use_id(id, scene.profile),
                Cow::Owned(id) => Cow::Owned(names::tool_use_id(&id, scene.profile).into_owned()),
            },
            name: scene.names.to_bedrock(&function.name),
            input: input(arguments),
            kind: None,
        }),
        History::Text => {
            ContentBlock::Text(format!("[tool call {id}: {}({arguments})]", function.name).into())
        }
    }
}

/// Each tool that was called earlier, once, in order.
pub(super) fn called_earlier(messages: &[chat::Message]) -> impl Iterator<Item = &str> + Clone {
    let calls = messages.iter().flat_map(|message| {
        let calls = message.tool_calls.iter().flatten().filter_map(|call| call.function.as_ref());
        calls.chain(&message.function_call)
    });
    let mut seen = HashSet::new();
    calls.map(|function| function.name.as_str()).filter(move |name| seen.insert(*name))
}

/// Each tool that ran at AWS earlier, once, in order.
fn called_at_aws(messages: &[chat::Message]) -> impl Iterator<Item = &str> {
    let parts = messages.iter().flat_map(|message| {
        let content = match &message.content {
            Some(StringOr::Other(parts)) => parts.as_slice(),
            Some(StringOr::String(_)) | None => &[],
        };
        content.iter().chain(message.content_blocks.iter().flatten())
    });
    let mut seen = HashSet::new();
    parts
        .filter(|part| part.kind == "server_tool_use")
        .filter_map(|part| part.name.as_deref())
        .filter(move |name| seen.insert(*name))
}

fn offered(tool: &chat::Tool, place: String) -> Result<Offered<'_>, Error> {
    let kind = match (tool.kind.as_str(), &tool.function, &tool.system_tool) {
        ("function", Some(function), _) => OfferedTool::Function(function),
        ("system_tool" | "systemTool", _, Some(tool)) => OfferedTool::System(&tool.name),
        _ => {
            return Err(Error::at(
                place,
                "must be of the form {\"type\": \"function\", \"function\": {\"name\": \"...\", ...}}, or {\"type\": \"system_tool\", \"system_tool\": {\"name\": \"...\"}} for a tool of AWS",
            ));
        }
    };
    let inner = tool.function.as_ref().and_then(|function| function.cache_control.as_ref());
    let mark = tool.cache_control.as_ref().or(inner);
    let inner = match kind {
        OfferedTool::Function(_) => format!("{place}.function"),
        OfferedTool::System(_) => format!("{place}.system_tool"),
    };
    Ok(Offered { tool: kind, place, inner, mark })
}

/// Bedrock tells tools apart by their names, and gives names to its own.
fn check_names(tools: &[Offered<'_>]) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for Offered { tool, inner, .. } in tools {
        let name = match tool {
            OfferedTool::Function(function) => function.name.as_str(),
            OfferedTool::System(name) if names::is_legal(name) => name,
            OfferedTool::System(_) => {
                return Err(Error::at(
                    format_args!("{inner}.name"),
                    "must be the name of a tool of AWS, such as `nova_grounding`",
                ));
            }
        };
        if !seen.insert(name) {
            return Err(Error::at(
                format_args!("{inner}.name"),
                format!("another tool is called `{}` too; names must differ", quoted(name)),
            ));
        }
    }
    Ok(())
}

fn read_choice<'a>(
    choice: &'a StringOr<chat::NamedToolChoice>,
    tools: &mut Vec<Offered<'a>>,
) -> Result<Choice<'a>, Error> {
    const FORM: &str =
        "must be of the form {\"type\": \"function\", \"function\": {\"name\": \"...\"}}";
    let mode = |mode: &str| match mode {
        "none" => Ok(Choice::None),
        "auto" => Ok(Choice::Auto),
        // Anthropic's word is understood too.
        "required" | "any" => Ok(Choice::Any),
        other => Err(Error::at(
            "tool_choice",
            format!(
                "`{}` is none of `auto`, `none`, `required` and a named function",
                quoted(other)
            ),
        )),
    };
    let named = match choice {
        StringOr::String(word) => return mode(word),
        StringOr::Other(named) => named,
    };
    match (named.kind.as_str(), &named.function, &named.allowed_tools) {
        ("function", Some(function), _) => Ok(Choice::Tool(&function.name)),
        ("allowed_tools", _, Some(allowed)) => {
            let is_allowed = |offered: &Offered<'_>| match offered.tool {
                OfferedTool::Function(function) => allowed.tools.iter().any(|tool| {
                    tool.function.as_ref().is_some_and(|named| named.name == function.name)
                }),
                OfferedTool::System(_) => true,
            };
            tools.retain(is_allowed);
            mode(&allowed.mode)
        }
        _ => Err(Error::at("tool_choice", FORM)),
    }
}

fn read_function_call(call: &StringOr<chat::FunctionCall>) -> Result<Choice<'_>, Error> {
    match call {
        StringOr::String(mode) if mode == "none" => Ok(Choice::None),
        StringOr::String(mode) if mode == "auto" => Ok(Choice::Auto),
        StringOr::String(_) => {
            Err(Error::at("function_call", "must be `auto`, `none` or {\"name\": \"...\"}"))
        }
        StringOr::Other(named) => Ok(Choice::Tool(&named.name)),
    }
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
    let strict = function.strict == Some(true) && profile.strict_tools;
    if function.strict == Some(true) && !strict {
        let why = format!("{} does not hold calls to their schema", profile.name);
        report.ignore(format_args!("{place}.strict"), &why)?;
    }
    let mut json = schema_of(function.parameters.as_deref(), place)?;
    if strict {
        json = closed(json, profile);
    }
    Ok(ToolSpecification {
        name: names.to_bedrock(&function.name),
        // Bedrock refuses an empty description.
        description: function.description.as_deref().filter(|text| !text.trim().is_empty()),
        input_schema: ToolInputSchema { json },
        strict: strict.then_some(true),
    })
}

/// Bedrock wants `"type": "object"` at the root; OpenAI accepts a function
/// without parameters, and schemas that only mean an object.
fn schema_of<'a>(parameters: Option<&'a RawValue>, place: &str) -> Result<Schema<'a>, Error> {
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

/// What a call is held to has the limits of what an answer is held to.
fn closed<'a>(schema: Schema<'a>, profile: &ModelProfile) -> Schema<'a> {
    let without_bounds = profile.structured_output == StructuredOutput::SchemaWithoutBounds;
    let mut members: Map<String, Value> = match &schema {
        Schema::Raw(raw) => serde_json::from_str(raw.get()).unwrap_or_default(),
        Schema::Repaired(members) => members.clone(),
    };
    if schema::close(&mut members, without_bounds) { Schema::Repaired(members) } else { schema }
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
fn input(arguments: &str) -> ToolInput<'_> {
    let arguments = arguments.trim();
    match serde_json::from_str::<&RawValue>(arguments) {
        Ok(raw) if arguments.starts_with('{') => {
            if !arguments.contains("\"\"") {
                return ToolInput::Raw(raw);
            }
            let mut members: Map<String, Value> =
                serde_json::from_str(arguments).unwrap_or_default();
            match members.shift_remove("") {
                None => ToolInput::Raw(raw),
                Some(_) => ToolInput::Repaired(members),
            }
        }
        Ok(_) | Err(_) => ToolInput::Repaired(Map::new()),
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

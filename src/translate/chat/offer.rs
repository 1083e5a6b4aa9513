//! What a request says about tools: which there are, and which to use.

use std::collections::HashSet;

use super::error::{Error, quoted};
use super::names;
use crate::json::string_or::StringOr;
use crate::models::{ModelProfile, Tools};
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
    pub(super) tools: Vec<Offered<'a>>,
    pub(super) choice: Choice<'a>,
    /// Where the choice was said.
    pub(super) place: &'static str,
    pub(super) parallel: Option<bool>,
}

/// One tool.
pub(super) struct Offered<'a> {
    pub(super) tool: OfferedTool<'a>,
    /// Where it stands: `tools[0]`.
    pub(super) place: String,
    /// Where it is described: `tools[0].function`.
    pub(super) inner: String,
    pub(super) mark: Option<&'a chat::CacheControl>,
}

/// A tool of the client's, or one of AWS's.
pub(super) enum OfferedTool<'a> {
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
            let mark = function.cache_control();
            let tool = OfferedTool::Function(function);
            tools.push(Offered { tool, inner: place.clone(), place, mark });
        }
        let (choice, place) = match (&request.tool_choice, &request.function_call) {
            (Some(choice), _) => (read_choice(choice, &mut tools)?, "tool_choice"),
            (None, Some(call)) => (read_function_call(call)?, "function_call"),
            (None, None) => (Choice::Unsaid, "tool_choice"),
        };
        let offer = Self { tools, choice, place, parallel: request.parallel_tool_calls };
        offer.check_names()?;
        offer.check_choice()?;
        Ok(offer)
    }

    /// Bedrock tells tools apart by their names, and gives names to its own.
    fn check_names(&self) -> Result<(), Error> {
        let mut seen = HashSet::with_capacity(self.tools.len());
        for Offered { tool, inner, .. } in &self.tools {
            let name = match tool {
                OfferedTool::Function(function) => &*function.name,
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
            OfferedTool::Function(function) => Some(&*function.name),
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

fn offered(tool: &chat::Tool, place: String) -> Result<Offered<'_>, Error> {
    let kind = match (&*tool.kind, tool.function(), tool.system_tool()) {
        ("function", Some(function), _) => OfferedTool::Function(function),
        ("system_tool" | "systemTool", _, Some(tool)) => OfferedTool::System(&tool.name),
        _ => {
            return Err(Error::at(
                place,
                "must be of the form {\"type\": \"function\", \"function\": {\"name\": \"...\", ...}}, or {\"type\": \"system_tool\", \"system_tool\": {\"name\": \"...\"}} for a tool of AWS",
            ));
        }
    };
    let inner = tool.function().and_then(chat::Function::cache_control);
    let mark = tool.cache_control().or(inner);
    let inner = match kind {
        OfferedTool::Function(_) => format!("{place}.function"),
        OfferedTool::System(_) => format!("{place}.system_tool"),
    };
    Ok(Offered { tool: kind, place, inner, mark })
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
    match (&*named.kind, &named.function, &named.allowed_tools) {
        ("function", Some(function), _) => Ok(Choice::Tool(&function.name)),
        ("allowed_tools", _, Some(allowed)) => {
            let names = allowed.tools.iter().filter_map(|tool| tool.function.as_ref());
            let names: HashSet<&str> = names.map(|named| &*named.name).collect();
            let offered: HashSet<&str> = tools
                .iter()
                .filter_map(|offered| match offered.tool {
                    OfferedTool::Function(function) => Some(&*function.name),
                    OfferedTool::System(_) => None,
                })
                .collect();
            if let Some(unknown) = names.iter().find(|name| !offered.contains(**name)) {
                return Err(Error::at(
                    "tool_choice.allowed_tools.tools",
                    format!("`{}` is not one of `tools`", quoted(unknown)),
                ));
            }
            let is_allowed = |offered: &Offered<'_>| match offered.tool {
                OfferedTool::Function(function) => names.contains(&*function.name),
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
        StringOr::String(mode) if &**mode == "none" => Ok(Choice::None),
        StringOr::String(mode) if &**mode == "auto" => Ok(Choice::Auto),
        StringOr::String(_) => {
            Err(Error::at("function_call", "must be `auto`, `none` or {\"name\": \"...\"}"))
        }
        StringOr::Other(named) => Ok(Choice::Tool(&named.name)),
    }
}

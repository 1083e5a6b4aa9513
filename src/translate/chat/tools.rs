//! `tools`, `tool_choice`, `tool_calls` and `tool` messages.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::content;
use super::error::{Error, quoted};
use crate::bedrock::request::{
    ContentBlock, Schema, Tool, ToolChoice, ToolConfiguration, ToolInput, ToolInputSchema,
    ToolResultBlock, ToolResultContentBlock, ToolSpecification, ToolUseBlock,
};
use crate::json::string_or::StringOr;
use crate::openai::chat;

/// The tools on offer and which to use.
///
/// Converse refuses a conversation with tool calls in it but no tools; where the
/// client sent none, they are declared from the history's names.
pub(super) fn config<'a>(
    tools: Option<&'a [chat::Tool]>,
    choice: Option<&'a StringOr<chat::NamedToolChoice>>,
    messages: &'a [chat::Message],
) -> Result<Option<ToolConfiguration<'a>>, Error> {
    let tools = tools.unwrap_or_default();
    let choice = choice.map(|choice| parse_choice(choice, tools)).transpose()?;
    let offered: Vec<_> = tools
        .iter()
        .enumerate()
        .map(|(i, tool)| specification(tool, i))
        .collect::<Result<_, _>>()?;
    let (tools, tool_choice) = match choice {
        Some(Choice::None) => return Ok(None),
        Some(Choice::Of(tool_choice)) => (offered, Some(tool_choice)),
        Some(Choice::Auto) | None if !offered.is_empty() => (offered, None),
        Some(Choice::Auto) | None => {
            (names_in_history(messages).into_iter().map(declare).collect(), None)
        }
    };
    Ok((!tools.is_empty()).then_some(ToolConfiguration { tools, tool_choice }))
}

/// How calls and their results of earlier turns are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum History {
    /// As what they are.
    Blocks,
    /// As text. Converse has no `none`, and does not take a history of calls
    /// without tools on offer; offered tools might be called again.
    Text,
}

/// How the history is told under a `tool_choice`.
pub(super) fn history(choice: Option<&StringOr<chat::NamedToolChoice>>) -> History {
    match choice {
        Some(StringOr::String(mode)) if mode == "none" => History::Text,
        Some(_) | None => History::Blocks,
    }
}

/// A call that the assistant made earlier.
pub(super) fn call<'a>(
    call: &'a chat::ToolCall,
    history: History,
    param: fmt::Arguments<'_>,
) -> Result<ContentBlock<'a>, Error> {
    let function = call.function.as_ref().ok_or_else(|| {
        Error::at(
            format_args!("{param}.function"),
            "`function` with `name` and `arguments` is missing",
        )
    })?;
    let (id, name) = (&call.id, &function.name);
    let arguments = function.arguments.as_deref().unwrap_or_default();
    Ok(match history {
        History::Blocks => {
            ContentBlock::ToolUse(ToolUseBlock { tool_use_id: id, name, input: input(arguments) })
        }
        History::Text => {
            ContentBlock::Text(format!("[tool call {id}: {name}({arguments})]").into())
        }
    })
}

/// The result of a call; `calls` are the ids of those that were made before.
pub(super) fn result<'a>(
    message: &'a chat::Message,
    calls: &HashSet<&str>,
    history: History,
    param: fmt::Arguments<'_>,
) -> Result<ContentBlock<'a>, Error> {
    let refuse = |message| Error::at(format_args!("{param}.tool_call_id"), message);
    let id = message
        .tool_call_id
        .as_deref()
        .ok_or_else(|| refuse("a tool message must say in `tool_call_id` which call it answers"))?;
    if !calls.contains(id) {
        return Err(refuse("no assistant message before this one has a call with this id"));
    }
    let texts = match &message.content {
        None => Vec::new(),
        Some(text) => content::texts(text, &format_args!("{param}.content"), "tool")?,
    };
    Ok(match history {
        // A blank result is legal, and leaving it out would leave the call unanswered.
        History::Blocks => ContentBlock::ToolResult(ToolResultBlock {
            tool_use_id: id,
            content: texts.into_iter().map(ToolResultContentBlock::Text).collect(),
        }),
        History::Text => {
            ContentBlock::Text(format!("[result of tool call {id}: {}]", texts.concat()).into())
        }
    })
}

enum Choice<'a> {
    None,
    Auto,
    Of(ToolChoice<'a>),
}

fn parse_choice<'a>(
    choice: &'a StringOr<chat::NamedToolChoice>,
    tools: &[chat::Tool],
) -> Result<Choice<'a>, Error> {
    let choice = match choice {
        StringOr::String(mode) => match mode.as_str() {
            "none" => return Ok(Choice::None),
            "auto" => return Ok(Choice::Auto),
            "required" => Choice::Of(ToolChoice::Any {}),
            other => {
                return Err(Error::at(
                    "tool_choice",
                    format!(
                        "`{}` is none of `auto`, `none`, `required` and a named function",
                        quoted(other)
                    ),
                ));
            }
        },
        StringOr::Other(named) => {
            let Some(function) = named.function.as_ref().filter(|_| named.kind == "function")
            else {
                return Err(Error::at(
                    "tool_choice",
                    "must be of the form {\"type\": \"function\", \"function\": {\"name\": \"...\"}}",
                ));
            };
            let name = &function.name;
            let offers =
                |tool: &chat::Tool| tool.function.as_ref().is_some_and(|f| f.name == *name);
            if !tools.is_empty() && !tools.iter().any(offers) {
                return Err(Error::at(
                    "tool_choice.function.name",
                    format!("`{}` is not one of `tools`", quoted(name)),
                ));
            }
            Choice::Of(ToolChoice::Tool { name })
        }
    };
    if tools.is_empty() {
        return Err(Error::at("tool_choice", "there are no `tools` to choose from"));
    }
    Ok(choice)
}

fn specification(tool: &chat::Tool, i: usize) -> Result<Tool<'_>, Error> {
    let Some(function) = tool.function.as_ref().filter(|_| tool.kind == "function") else {
        return Err(Error::at(
            format_args!("tools[{i}]"),
            "must be of the form {\"type\": \"function\", \"function\": {\"name\": \"...\", ...}}",
        ));
    };
    Ok(Tool::ToolSpec(ToolSpecification {
        name: &function.name,
        // Bedrock refuses an empty description.
        description: function.description.as_deref().filter(|text| !text.trim().is_empty()),
        input_schema: ToolInputSchema { json: schema(function.parameters.as_deref(), i)? },
    }))
}

/// Bedrock wants `"type": "object"` at the root; OpenAI accepts a function
/// without parameters, and schemas that only mean an object.
fn schema(parameters: Option<&RawValue>, i: usize) -> Result<Schema<'_>, Error> {
    #[derive(Deserialize)]
    struct Root<'a> {
        #[serde(borrow, rename = "type")]
        kind: Option<&'a RawValue>,
    }
    let Some(parameters) = parameters.filter(|raw| raw.get() != "null") else {
        return Ok(Schema::Repaired(empty_schema()));
    };
    let not_an_object = |_| {
        Error::at(
            format_args!("tools[{i}].function.parameters"),
            "must be a JSON schema, an object",
        )
    };
    let root: Root<'_> = serde_json::from_str(parameters.get()).map_err(not_an_object)?;
    if root.kind.is_some_and(|kind| kind.get() == "\"object\"") {
        return Ok(Schema::Raw(parameters));
    }
    let mut repaired: Map<String, Value> =
        serde_json::from_str(parameters.get()).map_err(not_an_object)?;
    repaired.insert("type".to_owned(), "object".into());
    Ok(Schema::Repaired(repaired))
}

fn empty_schema() -> Map<String, Value> {
    Map::from_iter([
        ("type".to_owned(), "object".into()),
        ("properties".to_owned(), Map::new().into()),
    ])
}

/// Arguments are JSON in a string, written by a model: where they are not an
/// object (nothing, `null`, cut off in the middle), the call is kept with `{}`,
/// so that its result still has a call to belong to.
fn input(arguments: &str) -> ToolInput<'_> {
    let arguments = arguments.trim();
    match serde_json::from_str(arguments) {
        Ok(raw) if arguments.starts_with('{') => ToolInput::Raw(raw),
        Ok(_) | Err(_) => ToolInput::Empty {},
    }
}

/// Each tool that was called earlier, once, in order.
fn names_in_history(messages: &[chat::Message]) -> Vec<&str> {
    let mut seen = HashSet::new();
    messages
        .iter()
        .filter_map(|message| message.tool_calls.as_ref())
        .flatten()
        .filter_map(|call| call.function.as_ref())
        .map(|function| function.name.as_str())
        .filter(|name| seen.insert(*name))
        .collect()
}

fn declare(name: &str) -> Tool<'_> {
    Tool::ToolSpec(ToolSpecification {
        name,
        description: None,
        input_schema: ToolInputSchema { json: Schema::Repaired(empty_schema()) },
    })
}

//! Tools: what is offered, what is forced, and that every call is answered.

use std::collections::HashSet;

use serde_json::Value;

use super::{Mode, Outcome, Subject, blocks, output, unsupported};
use crate::emulator::body::{content, items, part, role, text_member};
use crate::emulator::errors::ServiceError;

pub(super) fn check(subject: Subject<'_>) -> Outcome {
    configuration(subject)?;
    offered(subject)?;
    choice(subject)?;
    values(subject)?;
    pairs(subject)?;
    company(subject)?;
    foreign_ids(subject)
}

/// Tool blocks in the history need tools, and some models have none.
fn configuration(subject: Subject<'_>) -> Outcome {
    let has_config = part(subject.body.0, "toolConfig").is_some();
    let is_tool =
        |block: &Value| part(block, "toolUse").is_some() || part(block, "toolResult").is_some();
    if !has_config && blocks(subject.body).any(|block| is_tool(block.value)) {
        return Err(ServiceError::validation(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
        ));
    }
    if has_config && !subject.family.tools {
        return Err(ServiceError::validation("This model doesn't support tool use."));
    }
    if has_config && subject.mode == Mode::Stream && !subject.family.tools_in_streams {
        return Err(ServiceError::validation(
            "This model doesn't support tool use in streaming mode.",
        ));
    }
    Ok(())
}

fn offered(subject: Subject<'_>) -> Outcome {
    let mut names = HashSet::new();
    for (index, tool) in subject.body.tools().iter().enumerate() {
        let Some(spec) = part(tool, "toolSpec") else {
            continue;
        };
        let schema = spec.get("inputSchema").and_then(|schema| schema.get("json"));
        if schema.and_then(|schema| text_member(schema, "type")) != Some("object") {
            return Err(ServiceError::validation(format!(
                "The value at toolConfig.tools.{index}.toolSpec.inputSchema.json.type must be one of the following: object."
            )));
        }
        let name = text_member(spec, "name").unwrap_or_default();
        if !names.insert(name) {
            return Err(ServiceError::from_model("tools: Tool names must be unique."));
        }
        if spec.get("strict") == Some(&Value::Bool(true))
            && subject.family.claude
            && subject.family.strict_tools
            && let Some(schema) = schema
        {
            output::inspect(schema, true).map_err(|what| {
                ServiceError::from_model(format!("tools.{index}.custom: {what}"))
            })?;
        }
        if part(spec, "strict").is_some() && !subject.family.strict_tools {
            return Err(ServiceError::from_model(format!(
                "tools.{index}.custom.strict: Extra inputs are not permitted"
            )));
        }
    }
    Ok(())
}

fn choice(subject: Subject<'_>) -> Outcome {
    let choice = subject.body.tool_choice();
    let given = subject.body.additional("tool_choice");
    if !subject.family.parallel_switch
        && given.is_some_and(|given| part(given, "disable_parallel_tool_use").is_some())
    {
        return Err(ServiceError::from_model(
            "Malformed input request: #/tool_choice: extraneous key [disable_parallel_tool_use] is not permitted, please reformat your input and try again.",
        ));
    }
    if let (Some((kind, _)), Some(_)) = (choice, given.and_then(|given| given.get("type"))) {
        return Err(ServiceError::validation(format!(
            "The additional field tool_choice/type conflicts with the existing field toolConfig.toolChoice.{kind}. Remove tool_choice/type and try again."
        )));
    }
    if subject.family.claude
        && given.is_some_and(|given| given.get("type").is_none())
        && choice.is_none()
    {
        return Err(ServiceError::from_model("tool_choice.type: Field required"));
    }
    let Some((kind, chosen)) = choice.filter(|(kind, _)| *kind != "auto") else {
        return Ok(());
    };
    if !subject.family.forced_tool {
        return Err(if subject.family.claude {
            ServiceError::from_model(
                r#"tool_choice: type "tool" and "any" are not supported for this model."#,
            )
        } else {
            unsupported(&format!("toolConfig.toolChoice.{kind}"))
        });
    }
    if kind == "tool" {
        let name = text_member(chosen, "name").unwrap_or_default();
        if !subject.body.tool_specs().any(|spec| text_member(spec, "name") == Some(name)) {
            return Err(ServiceError::from_model(format!(
                "tool_choice: Tool '{name}' not found in provided tools"
            )));
        }
    }
    Ok(())
}

/// Inputs are objects; a result may be other JSON, but no list was seen to pass.
fn values(subject: Subject<'_>) -> Outcome {
    let invalid = |path: String| {
        Err(ServiceError::validation(format!(
            "The format of the value at {path} is invalid. Provide a json object for the field and try again."
        )))
    };
    for block in blocks(subject.body) {
        if let Some(call) = part(block.value, "toolUse")
            && !call.get("input").is_some_and(Value::is_object)
        {
            return invalid(format!("{}.toolUse.input", block.path()));
        }
        let Some(result) = part(block.value, "toolResult") else {
            continue;
        };
        if part(result, "status").is_some() && !subject.family.result_status {
            return Err(unsupported("status"));
        }
        let said = items(result, "content");
        if said.is_empty() && text_member(result, "status") == Some("error") {
            return Err(ServiceError::validation(format!(
                "The content field in the ToolResultBlock object at {}.toolResult cannot be empty when status value is error. Add content and try again.",
                block.path()
            )));
        }
        for (index, entry) in said.iter().enumerate() {
            if entry.get("json").is_some_and(Value::is_array) {
                return invalid(format!("{}.toolResult.content.{index}.json", block.path()));
            }
        }
    }
    Ok(())
}

/// Every call is answered in the very next turn, once, and nothing else is.
fn pairs(subject: Subject<'_>) -> Outcome {
    let messages = subject.body.messages();
    for (index, turn) in messages.iter().enumerate() {
        let calls = if role(turn) == "assistant" { ids(turn, "toolUse") } else { Vec::new() };
        if let Some(id) = duplicate(&calls) {
            return Err(duplicates("toolUse", index, id));
        }
        let results = if role(turn) == "user" { ids(turn, "toolResult") } else { Vec::new() };
        if let Some(id) = duplicate(&results) {
            return Err(duplicates("toolResult", index, id));
        }
        let before = index.checked_sub(1).and_then(|before| messages.get(before));
        let asked = before
            .filter(|turn| role(turn) == "assistant")
            .map_or(Vec::new(), |turn| ids(turn, "toolUse"));
        let answered: HashSet<&str> = results.iter().copied().collect();
        let missing: Vec<&str> =
            asked.iter().copied().filter(|id| !answered.contains(id)).collect();
        if !missing.is_empty() {
            return Err(unanswered(index, &missing));
        }
        let asked: HashSet<&str> = asked.into_iter().collect();
        if results.iter().any(|id| !asked.contains(id)) {
            return Err(ServiceError::validation(format!(
                "The number of toolResult blocks at messages.{index}.content exceeds the number of toolUse blocks of previous turn."
            )));
        }
    }
    let last = messages.last().filter(|turn| role(turn) == "assistant");
    let open = last.map_or(Vec::new(), |turn| ids(turn, "toolUse"));
    if open.is_empty() { Ok(()) } else { Err(unanswered(messages.len(), &open)) }
}

/// Some models want a turn of tool results to have nothing else; the service
/// makes one turn of several by the same side.
fn company(subject: Subject<'_>) -> Outcome {
    if subject.family.results_with_others {
        return Ok(());
    }
    let mut at = 0;
    for run in subject.body.messages().chunk_by(|one, next| role(one) == role(next)) {
        let blocks = || run.iter().flat_map(content);
        let has_results = blocks().any(|block| part(block, "toolResult").is_some());
        let has_others = blocks().any(|block| {
            part(block, "toolResult").is_none() && part(block, "cachePoint").is_none()
        });
        if has_results && has_others && run.first().is_some_and(|turn| role(turn) == "user") {
            return Err(ServiceError::validation(format!(
                "messages.{at}.content: Conversation blocks and tool result blocks cannot be provided in the same turn."
            )));
        }
        at += run.len();
    }
    Ok(())
}

/// Mistral's models take ids of Bedrock, or ids as they make them themselves.
fn foreign_ids(subject: Subject<'_>) -> Outcome {
    if !subject.family.nine_letter_ids {
        return Ok(());
    }
    let is_good = |id: &str| {
        id.starts_with("tooluse_")
            || (id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    let calls = blocks(subject.body)
        .filter_map(|block| text_member(part(block.value, "toolUse")?, "toolUseId"));
    match calls.into_iter().find(|id| !is_good(id)) {
        Some(id) => Err(ServiceError::from_model(format!(
            "Tool call id was {id} but must be a-z, A-Z, 0-9, with a length of 9."
        ))),
        None => Ok(()),
    }
}

/// Ids of the calls or results of a turn; calls that ran at AWS are left out.
fn ids<'a>(turn: &'a Value, kind: &str) -> Vec<&'a str> {
    content(turn)
        .iter()
        .filter_map(|block| part(block, kind))
        .filter(|part| text_member(part, "type") != Some("server_tool_use"))
        .filter_map(|part| text_member(part, "toolUseId"))
        .collect()
}

fn duplicate<'a>(ids: &[&'a str]) -> Option<&'a str> {
    let mut seen = HashSet::new();
    ids.iter().copied().find(|id| !seen.insert(*id))
}

fn duplicates(kind: &str, message: usize, id: &str) -> ServiceError {
    ServiceError::validation(format!(
        "The {kind} blocks at messages.{message}.content contain duplicate Ids: {id}"
    ))
}

fn unanswered(message: usize, ids: &[&str]) -> ServiceError {
    ServiceError::validation(format!(
        "Expected toolResult blocks at messages.{message}.content for the following Ids: {}",
        ids.join(", ")
    ))
}

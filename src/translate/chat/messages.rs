//! The conversation: what each message says, by its role.

use std::fmt;

use super::calls::Calls;
use super::error::Error;
use super::scene::{Scene, push_cache_point};
use super::turns::Conversation;
use super::{content, instructions, results, thoughts, tools};
use crate::bedrock::request::{ContentBlock, Role};
use crate::openai::chat;

/// Instructions go to `system`, everything else becomes turns. Adjacent messages
/// of one side become one turn (Converse wants sides by turns, and all results
/// of parallel tool calls in one), and a message with nothing in it is left out.
pub(super) fn conversation<'a>(
    messages: &'a [chat::Message],
    scene: &mut Scene<'a, '_>,
) -> Result<Conversation<'a>, Error> {
    let mut conversation = Conversation::default();
    let mut calls = Calls::default();
    for (i, message) in messages.iter().enumerate() {
        let place = format_args!("messages[{i}]");
        // In the result of a tool it repeats the name of the tool.
        if message.name().is_some()
            && !matches!(message.role, chat::Role::Function | chat::Role::Tool)
        {
            let why = "Bedrock does not tell apart who speaks; put names into the text";
            scene.report.ignore(format_args!("{place}.name"), why)?;
        }
        match message.role {
            chat::Role::System | chat::Role::Developer => {
                instructions::push(&mut conversation.system, message, place, scene)?
            }
            chat::Role::User => {
                let mut blocks = said(message, Role::User, place, scene)?;
                let point = scene.cache_point(message.cache_control(), place)?;
                point.into_iter().for_each(|point| push_cache_point(&mut blocks, point));
                conversation.push(Role::User, blocks);
            }
            chat::Role::Assistant => {
                if conversation.messages.last().is_none_or(|last| last.role == Role::User) {
                    calls.close()?;
                }
                let blocks = assistant(message, i, &mut calls, scene)?;
                conversation.push(Role::Assistant, blocks);
            }
            chat::Role::Tool | chat::Role::Function => {
                let blocks = results::blocks(message, &mut calls, place, scene)?;
                conversation.push(Role::User, blocks);
            }
        }
    }
    calls.close()?;
    conversation.finish(scene.profile);
    Ok(conversation)
}

/// What a user or an assistant said. `content_blocks` say more than `content`, so
/// they stand in its place; `content` is read as well only if they hold no text,
/// since a client may keep the reasoning alone in them.
fn said<'a>(
    message: &'a chat::Message,
    role: Role,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<Vec<ContentBlock<'a>>, Error> {
    let mut blocks = Vec::new();
    if let Some(parts) = message.content_blocks() {
        let place = format_args!("{place}.content_blocks");
        content::push_parts(&mut blocks, role, parts, place, scene)?;
    }
    let has_text = blocks
        .iter()
        .any(|block| matches!(block, ContentBlock::Text(_) | ContentBlock::CitationsContent(_)));
    if let (Some(content), false) = (message.content(), has_text) {
        let mut more = Vec::new();
        content::push(&mut more, role, content, format_args!("{place}.content"), scene)?;
        // `content` may repeat the reasoning that came in `content_blocks`.
        if !blocks.is_empty() {
            more.retain(|block| !matches!(block, ContentBlock::ReasoningContent(_)));
        }
        blocks.append(&mut more);
    }
    Ok(blocks)
}

/// Reasoning and text, then the calls.
fn assistant<'a>(
    message: &'a chat::Message,
    i: usize,
    calls: &mut Calls<'a>,
    scene: &mut Scene<'a, '_>,
) -> Result<Vec<ContentBlock<'a>>, Error> {
    let place = format_args!("messages[{i}]");
    if message.audio().is_some() {
        scene.report.refuse(
            format_args!("{place}.audio"),
            "this gateway keeps no sound of earlier answers; send what was said as text",
        )?;
    }
    let mut blocks = said(message, Role::Assistant, place, scene)?;
    let has_reasoning =
        blocks.iter().any(|block| matches!(block, ContentBlock::ReasoningContent(_)));
    if let (Some(text), false) = (message.reasoning_content(), has_reasoning)
        && let Some(block) = thoughts::replayed_text(text, place, scene)?
    {
        blocks.insert(0, ContentBlock::ReasoningContent(block));
    }
    if let Some(refusal) = message.refusal().filter(|text| !text.trim().is_empty()) {
        blocks.push(ContentBlock::Text(refusal.into()));
    }
    for (j, call) in message.tool_calls().unwrap_or_default().iter().enumerate() {
        let call_place = format_args!("{place}.tool_calls[{j}]");
        let function = call.function.as_ref().ok_or_else(|| {
            Error::at(
                format_args!("{call_place}.function"),
                "`function` with `name` and `arguments` is missing",
            )
        })?;
        calls.open(&call.id, &function.name, format_args!("{call_place}.id"))?;
        let call_place = format_args!("{call_place}.function");
        blocks.push(tools::call((&*call.id).into(), function, call_place, scene)?);
    }
    if let Some(function) = message.function_call() {
        let id = format!("function_call_{i}");
        calls.open(&id, &function.name, format_args!("{place}.function_call"))?;
        let call_place = format_args!("{place}.function_call");
        blocks.push(tools::call(id.into(), function, call_place, scene)?);
    }
    let point = scene.cache_point(message.cache_control(), place)?;
    point.into_iter().for_each(|point| push_cache_point(&mut blocks, point));
    Ok(blocks)
}

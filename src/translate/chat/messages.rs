//! The conversation: roles, order and merging of turns.

use std::fmt;

use super::calls::Calls;
use super::error::{Error, quoted};
use super::scene::{FILLER, Scene, push_cache_point};
use super::{content, reasoning, results, tools};
use crate::bedrock::request::{ContentBlock, Message, Role, SystemContentBlock};
use crate::json::string_or::StringOr;
use crate::models::{FirstTurn, ModelProfile};
use crate::openai::chat;

/// The conversation in Converse's form.
#[derive(Default)]
pub(super) struct Conversation<'a> {
    pub(super) messages: Vec<Message<'a>>,
    pub(super) system: Vec<SystemContentBlock<'a>>,
}

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
        if message.name.is_some() && !matches!(message.role.as_str(), "function" | "tool") {
            let why = "Bedrock does not tell apart who speaks; put names into the text";
            scene.report.ignore(format_args!("{place}.name"), why)?;
        }
        match message.role.as_str() {
            "system" | "developer" => conversation.push_system(message, place, scene)?,
            "user" => {
                let mut blocks = said(message, Role::User, place, scene)?;
                let point = scene.cache_point(message.cache_control.as_ref(), place)?;
                point.into_iter().for_each(|point| push_cache_point(&mut blocks, point));
                conversation.push(Role::User, blocks);
            }
            "assistant" => {
                if conversation.messages.last().is_none_or(|last| last.role == Role::User) {
                    calls.close()?;
                }
                let blocks = assistant(message, i, &mut calls, scene)?;
                conversation.push(Role::Assistant, blocks);
            }
            "tool" | "function" => {
                let blocks = results::blocks(message, &mut calls, place, scene)?;
                conversation.push(Role::User, blocks);
            }
            other => {
                return Err(Error::at(
                    format_args!("{place}.role"),
                    format!(
                        "`{}` is not a role; use `system`, `developer`, `user`, `assistant` or `tool`",
                        quoted(other)
                    ),
                ));
            }
        }
    }
    calls.close()?;
    conversation.finish(scene);
    Ok(conversation)
}

impl<'a> Conversation<'a> {
    /// Adds an instruction after the others.
    pub(super) fn instruct(&mut self, text: &'static str, profile: &ModelProfile) {
        self.system.push(SystemContentBlock::Text(text.into()));
        if !profile.system_prompts {
            self.put_instructions_into_the_first_turn();
        }
    }

    fn push_system(
        &mut self,
        message: &'a chat::Message,
        place: fmt::Arguments<'_>,
        scene: &mut Scene<'a, '_>,
    ) -> Result<(), Error> {
        match &message.content {
            None => {}
            Some(StringOr::String(text)) => self.push_system_text(text),
            Some(StringOr::Other(parts)) => {
                for (j, part) in parts.iter().enumerate() {
                    let place = format_args!("{place}.content[{j}]");
                    match part.kind.as_str() {
                        "text" => self.push_system_text(content::required(
                            part.text.as_deref(),
                            place,
                            "text",
                        )?),
                        "guard_content" | "guardContent" | "guarded_text" => {
                            let guarded = content::guarded(part, place)?;
                            self.system.push(SystemContentBlock::GuardContent(guarded));
                        }
                        _ => {
                            let whose = format!("a {}", message.role);
                            return Err(content::unknown_part(
                                part,
                                place,
                                &whose,
                                "`text` and `guard_content`",
                            ));
                        }
                    }
                    let point = scene.cache_point(part.cache_control.as_ref(), place)?;
                    self.push_system_point(point);
                }
            }
        }
        let point = scene.cache_point(message.cache_control.as_ref(), place)?;
        self.push_system_point(point);
        Ok(())
    }

    fn push_system_text(&mut self, text: &'a str) {
        if !text.trim().is_empty() {
            self.system.push(SystemContentBlock::Text(text.into()));
        }
    }

    fn push_system_point(&mut self, point: Option<crate::bedrock::request::CachePointBlock>) {
        let is_of_use = matches!(
            self.system.last(),
            Some(SystemContentBlock::Text(_) | SystemContentBlock::GuardContent(_))
        );
        self.system.extend(point.filter(|_| is_of_use).map(SystemContentBlock::CachePoint));
    }

    fn push(&mut self, role: Role, content: Vec<ContentBlock<'a>>) {
        if content.is_empty() {
            return;
        }
        match self.messages.last_mut() {
            Some(last) if last.role == role => last.content.extend(content),
            _ => self.messages.push(Message { role, content }),
        }
    }

    /// Brings whole turns to what Bedrock, and the family, take.
    fn finish(&mut self, scene: &Scene<'a, '_>) {
        self.drop_turns_of_mere_reasoning();
        for message in self.messages.iter_mut().filter(|message| message.role == Role::User) {
            put_results_first(&mut message.content);
            put_text_beside_documents(&mut message.content);
        }
        if !scene.profile.mixed_result_turns {
            self.part_results_from_the_rest();
        }
        if !scene.profile.system_prompts {
            self.put_instructions_into_the_first_turn();
        }
        let starts_with_user =
            self.messages.first().is_none_or(|message| message.role == Role::User);
        if scene.profile.first_turn == FirstTurn::User && !starts_with_user {
            self.messages.insert(0, filler(Role::User));
        }
    }

    /// What an assistant thought before it was cut off, and nothing else: newer
    /// models refuse such a turn, and to the others it says nothing.
    fn drop_turns_of_mere_reasoning(&mut self) {
        let says_something = |message: &Message<'_>| {
            message.content.iter().any(|block| {
                !matches!(block, ContentBlock::ReasoningContent(_) | ContentBlock::CachePoint(_))
            })
        };
        if self.messages.iter().all(says_something) {
            return;
        }
        for message in std::mem::take(&mut self.messages) {
            if says_something(&message) {
                self.push(message.role, message.content);
            }
        }
    }

    /// Some families take nothing beside results of tools; since AWS merges turns
    /// of one side, a word of the assistant has to stand between.
    fn part_results_from_the_rest(&mut self) {
        for message in std::mem::take(&mut self.messages) {
            let Message { role, mut content } = message;
            let n_results = content
                .iter()
                .take_while(|block| matches!(block, ContentBlock::ToolResult(_)))
                .count();
            if role == Role::Assistant || n_results == 0 || n_results == content.len() {
                self.messages.push(Message { role, content });
                continue;
            }
            let rest = content.split_off(n_results);
            self.messages.push(Message { role, content });
            self.messages.push(filler(Role::Assistant));
            self.messages.push(Message { role, content: rest });
        }
    }

    fn put_instructions_into_the_first_turn(&mut self) {
        let blocks: Vec<_> = self
            .system
            .drain(..)
            .map(|block| match block {
                SystemContentBlock::Text(text) => ContentBlock::Text(text),
                SystemContentBlock::GuardContent(guarded) => ContentBlock::GuardContent(guarded),
                SystemContentBlock::CachePoint(point) => ContentBlock::CachePoint(point),
            })
            .collect();
        if blocks.is_empty() {
            return;
        }
        match self.messages.first_mut() {
            Some(first) if first.role == Role::User => {
                first.content.splice(0..0, blocks);
            }
            _ => self.messages.insert(0, Message { role: Role::User, content: blocks }),
        }
    }
}

fn filler<'a>(role: Role) -> Message<'a> {
    Message { role, content: vec![ContentBlock::Text(FILLER.into())] }
}

/// Bedrock looks for the results of tools at the start of a turn. Cache points
/// stay behind what they stood behind.
fn put_results_first(blocks: &mut Vec<ContentBlock<'_>>) {
    let (mut results, mut rest) = (Vec::new(), Vec::new());
    let mut of_result = false;
    for block in std::mem::take(blocks) {
        if !matches!(block, ContentBlock::CachePoint(_)) {
            of_result = matches!(block, ContentBlock::ToolResult(_));
        }
        if of_result { results.push(block) } else { rest.push(block) }
    }
    results.append(&mut rest);
    *blocks = results;
}

/// Bedrock takes a document only in a turn with some text.
fn put_text_beside_documents(blocks: &mut Vec<ContentBlock<'_>>) {
    let has = |is: fn(&ContentBlock<'_>) -> bool| blocks.iter().any(is);
    if !has(|block| matches!(block, ContentBlock::Document(_)))
        || has(|block| matches!(block, ContentBlock::Text(_)))
    {
        return;
    }
    let ends_with_point = matches!(blocks.last(), Some(ContentBlock::CachePoint(_)));
    let at = blocks.len() - usize::from(ends_with_point);
    blocks.insert(at, ContentBlock::Text(FILLER.into()));
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
    if let Some(parts) = &message.content_blocks {
        let place = format_args!("{place}.content_blocks");
        content::push_parts(&mut blocks, role, parts, place, scene)?;
    }
    let has_text = blocks
        .iter()
        .any(|block| matches!(block, ContentBlock::Text(_) | ContentBlock::CitationsContent(_)));
    if let (Some(content), false) = (&message.content, has_text) {
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
    if message.audio.is_some() {
        scene.report.refuse(
            format_args!("{place}.audio"),
            "this gateway keeps no sound of earlier answers; send what was said as text",
        )?;
    }
    let mut blocks = said(message, Role::Assistant, place, scene)?;
    let has_reasoning =
        blocks.iter().any(|block| matches!(block, ContentBlock::ReasoningContent(_)));
    if let (Some(text), false) = (&message.reasoning_content, has_reasoning)
        && let Some(block) = reasoning::replayed_text(text, scene)
    {
        blocks.insert(0, ContentBlock::ReasoningContent(block));
    }
    if let Some(refusal) = message.refusal.as_deref().filter(|text| !text.trim().is_empty()) {
        blocks.push(ContentBlock::Text(refusal.into()));
    }
    for (j, call) in message.tool_calls.iter().flatten().enumerate() {
        let call_place = format_args!("{place}.tool_calls[{j}]");
        let function = call.function.as_ref().ok_or_else(|| {
            Error::at(
                format_args!("{call_place}.function"),
                "`function` with `name` and `arguments` is missing",
            )
        })?;
        calls.open(&call.id, &function.name, format_args!("{call_place}.id"))?;
        blocks.push(tools::call(call.id.as_str().into(), function, scene));
    }
    if let Some(function) = &message.function_call {
        let id = format!("function_call_{i}");
        calls.open(&id, &function.name, format_args!("{place}.function_call"))?;
        blocks.push(tools::call(id.into(), function, scene));
    }
    let point = scene.cache_point(message.cache_control.as_ref(), place)?;
    point.into_iter().for_each(|point| push_cache_point(&mut blocks, point));
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bedrock::request::{CachePointBlock, ToolResultBlock, ToolResultContent};

    fn result(id: &'static str) -> ContentBlock<'static> {
        ContentBlock::ToolResult(ToolResultBlock {
            tool_use_id: id.into(),
            content: ToolResultContent::Blocks(Vec::new()),
            status: None,
            kind: None,
        })
    }

    fn text(text: &'static str) -> ContentBlock<'static> {
        ContentBlock::Text(text.into())
    }

    fn point() -> ContentBlock<'static> {
        ContentBlock::CachePoint(CachePointBlock { kind: "default", ttl: None })
    }

    fn told(blocks: &[ContentBlock<'_>]) -> Vec<String> {
        let tell = |block: &ContentBlock<'_>| {
            if let ContentBlock::ToolResult(result) = block {
                result.tool_use_id.to_string()
            } else if let ContentBlock::Text(text) = block {
                text.to_string()
            } else {
                "|".to_owned()
            }
        };
        blocks.iter().map(tell).collect()
    }

    #[test]
    fn results_come_first_with_the_points_behind_them() {
        for (mut blocks, expected) in [
            (vec![text("a"), result("1"), point(), text("b"), point(), result("2")], "1|2ab|"),
            (vec![text("a"), text("b"), text("c"), result("1")], "1abc"),
            (vec![result("1"), result("2"), text("a")], "12a"),
            (vec![text("a"), point(), result("1"), text("b"), result("2"), text("c")], "12a|bc"),
        ] {
            put_results_first(&mut blocks);
            assert_eq!(told(&blocks).concat(), expected);
        }
    }
}

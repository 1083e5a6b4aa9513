//! The conversation: roles, order and merging of turns.

use std::collections::HashSet;
use std::fmt;

use super::error::{Error, quoted};
use super::tools::History;
use super::{content, tools};
use crate::bedrock::request::{ContentBlock, Message, Role, SystemContentBlock};
use crate::openai::chat;

/// The conversation in Converse's form.
pub(super) struct Conversation<'a> {
    pub(super) messages: Vec<Message<'a>>,
    pub(super) system: Vec<SystemContentBlock<'a>>,
}

/// Instructions go to `system`, everything else becomes turns. Adjacent messages
/// of one side become one turn (Converse wants sides by turns, and all results
/// of parallel tool calls in one), and a message with nothing in it is left out.
pub(super) fn conversation(
    messages: &[chat::Message],
    history: History,
) -> Result<Conversation<'_>, Error> {
    let mut conversation = Conversation { messages: Vec::new(), system: Vec::new() };
    let mut calls = HashSet::new();
    for (i, message) in messages.iter().enumerate() {
        let param = format_args!("messages[{i}]");
        match message.role.as_str() {
            "system" | "developer" => conversation.push_system(message, param)?,
            "user" => conversation.push(Role::User, said(message, Role::User, param)?),
            "assistant" => {
                calls.extend(message.tool_calls.iter().flatten().map(|call| call.id.as_str()));
                conversation.push(Role::Assistant, assistant(message, history, param)?);
            }
            "tool" => {
                let result = tools::result(message, &calls, history, param)?;
                conversation.push(Role::User, vec![result]);
            }
            other => {
                return Err(Error::at(
                    format_args!("{param}.role"),
                    format!(
                        "`{}` is not a role; use `system`, `developer`, `user`, `assistant` or `tool`",
                        quoted(other)
                    ),
                ));
            }
        }
    }
    if conversation.messages.is_empty() {
        return Err(Error::at(
            "messages",
            "Bedrock needs at least one user message that is not blank",
        ));
    }
    conversation.put_tool_results_first();
    Ok(conversation)
}

impl<'a> Conversation<'a> {
    fn push_system(
        &mut self,
        message: &'a chat::Message,
        param: fmt::Arguments<'_>,
    ) -> Result<(), Error> {
        let Some(text) = &message.content else {
            return Ok(());
        };
        let texts = content::texts(text, &format_args!("{param}.content"), &message.role)?;
        let not_blank = texts.into_iter().filter(|text| !text.trim().is_empty());
        self.system.extend(not_blank.map(SystemContentBlock::Text));
        Ok(())
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

    /// Bedrock looks for the results of tools at the start of a turn.
    fn put_tool_results_first(&mut self) {
        for message in self.messages.iter_mut().filter(|message| message.role == Role::User) {
            // A stable sort: results and the rest each keep their order.
            message.content.sort_by_key(|block| !matches!(block, ContentBlock::ToolResult(_)));
        }
    }
}

/// What a user or an assistant said. `content_blocks` say more than `content`, so
/// they stand in its place; `content` is read as well only if they hold no text,
/// since a client may keep the reasoning alone in them.
fn said<'a>(
    message: &'a chat::Message,
    role: Role,
    param: fmt::Arguments<'_>,
) -> Result<Vec<ContentBlock<'a>>, Error> {
    let mut blocks = Vec::new();
    if let Some(parts) = &message.content_blocks {
        content::push_parts(&mut blocks, role, parts, &format_args!("{param}.content_blocks"))?;
    }
    let has_text = blocks.iter().any(|block| matches!(block, ContentBlock::Text(_)));
    if let (Some(content), false) = (&message.content, has_text) {
        let mut more = Vec::new();
        content::push(&mut more, role, content, &format_args!("{param}.content"))?;
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
    history: History,
    param: fmt::Arguments<'_>,
) -> Result<Vec<ContentBlock<'a>>, Error> {
    let mut blocks = said(message, Role::Assistant, param)?;
    if let Some(refusal) = message.refusal.as_deref().filter(|text| !text.trim().is_empty()) {
        blocks.push(ContentBlock::Text(refusal.into()));
    }
    for (i, call) in message.tool_calls.iter().flatten().enumerate() {
        blocks.push(tools::call(call, history, format_args!("{param}.tool_calls[{i}]"))?);
    }
    Ok(blocks)
}

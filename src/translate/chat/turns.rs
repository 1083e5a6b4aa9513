//! Turns as Bedrock, and each family, takes them.

use std::borrow::Cow;

use super::scene::FILLER;
use crate::bedrock::request::{ContentBlock, Message, Role, SystemContentBlock};
use crate::models::{BesideResults, FirstTurn, ModelProfile};

/// The conversation in Converse's form.
#[derive(Default)]
pub(super) struct Conversation<'a> {
    pub(super) messages: Vec<Message<'a>>,
    pub(super) system: Vec<SystemContentBlock<'a>>,
}

impl<'a> Conversation<'a> {
    /// Adds an instruction after the others.
    pub(super) fn instruct(&mut self, text: &'static str, profile: &ModelProfile) {
        self.system.push(SystemContentBlock::Text(text.into()));
        if !profile.system_prompts {
            self.put_instructions_into_the_first_turn();
        }
    }

    /// Adds to the last turn, or begins one.
    pub(super) fn push(&mut self, role: Role, content: Vec<ContentBlock<'a>>) {
        if content.is_empty() {
            return;
        }
        match self.messages.last_mut() {
            Some(last) if last.role == role => last.content.extend(content),
            _ => self.messages.push(Message { role, content }),
        }
    }

    /// Brings whole turns to what Bedrock, and the family, take.
    pub(super) fn finish(&mut self, profile: &ModelProfile) {
        self.drop_turns_of_mere_reasoning();
        for message in self.messages.iter_mut().filter(|message| message.role == Role::User) {
            put_results_first(&mut message.content);
            put_text_beside_documents(&mut message.content);
        }
        self.part_results_from_the_rest(profile.beside_results);
        if !profile.system_prompts {
            self.put_instructions_into_the_first_turn();
        }
        self.trim_the_last_word();
        let starts_with_user =
            self.messages.first().is_none_or(|message| message.role == Role::User);
        if profile.first_turn == FirstTurn::User && !starts_with_user {
            self.messages.insert(0, filler(Role::User));
        }
    }

    /// Claude refuses a last word of the assistant that ends in white space.
    fn trim_the_last_word(&mut self) {
        let last = self.messages.last_mut().filter(|last| last.role == Role::Assistant);
        let is_point = |block: &&mut ContentBlock<'_>| matches!(block, ContentBlock::CachePoint(_));
        let last =
            last.and_then(|last| last.content.iter_mut().rev().find(|block| !is_point(block)));
        if let Some(ContentBlock::Text(text)) = last {
            match text {
                Cow::Borrowed(said) => *text = Cow::Borrowed(said.trim_end()),
                Cow::Owned(said) => said.truncate(said.trim_end().len()),
            }
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

    /// Some families do not take everything beside results of tools; since AWS merges
    /// turns of one side, a word of the assistant has to stand between.
    fn part_results_from_the_rest(&mut self, beside: BesideResults) {
        let is_taken = |block: &ContentBlock<'_>| match beside {
            BesideResults::Anything => true,
            BesideResults::Nothing => false,
            BesideResults::NoTextDocuments => {
                !matches!(block, ContentBlock::Document(document) if document.format != "pdf")
            }
        };
        if beside == BesideResults::Anything {
            return;
        }
        for message in std::mem::take(&mut self.messages) {
            let Message { role, mut content } = message;
            let is_of_result = |block: &&ContentBlock<'_>| {
                matches!(block, ContentBlock::ToolResult(_) | ContentBlock::CachePoint(_))
            };
            let n_results = match content.first() {
                Some(ContentBlock::ToolResult(_)) if role == Role::User => {
                    content.iter().take_while(is_of_result).count()
                }
                _ => 0,
            };
            if n_results == 0 || content.iter().skip(n_results).all(is_taken) {
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

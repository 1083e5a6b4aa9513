//! `system` and `developer` messages.

use std::fmt;

use super::content;
use super::error::Error;
use super::scene::Scene;
use crate::bedrock::request::{CachePointBlock, SystemContentBlock};
use crate::json::string_or::StringOr;
use crate::openai::chat::{self, PartType};

/// Appends the instructions of one message. They go to `system` wherever they
/// stand, in their order, and their cache points with them.
pub(super) fn push<'a>(
    system: &mut Vec<SystemContentBlock<'a>>,
    message: &'a chat::Message,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<(), Error> {
    if let Some(StringOr::String(text)) = message.content() {
        push_text(system, text);
    }
    let (name, parts) = content::parts(message);
    for (i, part) in parts.iter().enumerate() {
        let place = format_args!("{place}.{name}[{i}]");
        match part.kind {
            PartType::Text => push_text(system, content::required(part.text(), place, "text")?),
            PartType::GuardContent | PartType::GuardContentCamel | PartType::GuardedText => {
                system.push(SystemContentBlock::GuardContent(content::guarded(part, place)?));
            }
            PartType::ImageUrl
            | PartType::VideoUrl
            | PartType::InputAudio
            | PartType::File
            | PartType::Refusal
            | PartType::Thinking
            | PartType::RedactedThinking
            | PartType::Image
            | PartType::Document
            | PartType::SearchResult
            | PartType::Json
            | PartType::ServerToolUse
            | PartType::ServerToolResult => {
                let whose = format!("a {}", message.role.as_str());
                let known = "`text` and `guard_content`";
                return Err(content::unknown_part(part, place, &whose, known));
            }
        }
        push_point(system, scene.cache_point(part.cache_control(), place)?);
    }
    push_point(system, scene.cache_point(message.cache_control(), place)?);
    Ok(())
}

fn push_text<'a>(system: &mut Vec<SystemContentBlock<'a>>, text: &'a str) {
    if !text.trim().is_empty() {
        system.push(SystemContentBlock::Text(text.into()));
    }
}

/// A point with nothing before it, or right after another, is of no use.
fn push_point(system: &mut Vec<SystemContentBlock<'_>>, point: Option<CachePointBlock>) {
    let is_of_use = matches!(
        system.last(),
        Some(SystemContentBlock::Text(_) | SystemContentBlock::GuardContent(_))
    );
    system.extend(point.filter(|_| is_of_use).map(SystemContentBlock::CachePoint));
}

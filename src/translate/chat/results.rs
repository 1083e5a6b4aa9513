//! `tool` messages: the results of calls.

use std::borrow::Cow;
use std::fmt;

use super::attachments::medium_block;
use super::calls::{Answer, Calls};
use super::content::{self, required, unknown_part};
use super::error::Error;
use super::offer::History;
use super::scene::{Scene, push_cache_point};
use crate::bedrock::request::{
    ContentBlock, ToolResultBlock, ToolResultContent, ToolResultContentBlock, ToolResultStatus,
};
use crate::json::string_or::StringOr;
use crate::models::ImagesIn;
use crate::openai::chat::{self, PartType};

/// What an error without a word says: Bedrock refuses an empty one.
const SILENT_ERROR: &str = "The tool failed and did not say why.";
/// What stands in a result for something that follows it.
const HOISTED_IMAGE: &str = "[image: see below]";
const HOISTED_DOCUMENT: &str = "[document: see below]";
const HOISTED_VIDEO: &str = "[video: see below]";

/// The blocks of a result: the result itself, then what cannot be part of it.
pub(super) fn blocks<'a>(
    message: &'a chat::Message,
    calls: &mut Calls<'a>,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<Vec<ContentBlock<'a>>, Error> {
    let id = match answer(message, calls, place)? {
        Answer::To(id) => id,
        Answer::Repeated => {
            let why = "this call has its result already; send each result once";
            scene.report.ignore(place, why)?;
            return Ok(Vec::new());
        }
    };
    let mut said = said(message, place, scene)?;
    let status = match message.is_error() {
        Some(true) => Some(ToolResultStatus::Error),
        Some(false) => Some(ToolResultStatus::Success),
        None => content::status(message.status(), place)?,
    };
    if status == Some(ToolResultStatus::Error) && said.is_silent() {
        said.blocks = vec![ToolResultContentBlock::Text(SILENT_ERROR.into())];
    }
    let mut blocks = Vec::new();
    match scene.history {
        // A blank result is legal, and leaving it out would leave the call unanswered.
        History::Blocks => {
            blocks.push(ContentBlock::ToolResult(ToolResultBlock {
                tool_use_id: Cow::Owned(super::names::tool_use_id(&id, scene.profile).into_owned()),
                content: ToolResultContent::Blocks(said.blocks),
                status: status.filter(|_| scene.profile.result_status),
                kind: None,
            }));
        }
        History::Text => {
            let text = format!("[result of tool call {id}: {}]", as_text(&said.blocks));
            blocks.push(ContentBlock::Text(text.into()));
            said.beside.extend(said.blocks.into_iter().filter_map(beside));
        }
    }
    for point in said.points {
        push_cache_point(&mut blocks, point);
    }
    blocks.append(&mut said.beside);
    Ok(blocks)
}

fn answer(
    message: &chat::Message,
    calls: &mut Calls<'_>,
    place: fmt::Arguments<'_>,
) -> Result<Answer, Error> {
    match (message.tool_call_id(), message.name()) {
        (Some(id), _) => calls.answer(id, format_args!("{place}.tool_call_id")),
        (None, Some(name)) if message.role == chat::Role::Function => {
            calls.answer_by_name(name, format_args!("{place}.name"))
        }
        (None, None) if message.role == chat::Role::Function => Err(Error::at(
            format_args!("{place}.name"),
            "a function message must say in `name` which function it is the result of",
        )),
        (None, _) => Err(Error::at(
            format_args!("{place}.tool_call_id"),
            "a tool message must say in `tool_call_id` which call it answers",
        )),
    }
}

/// What a tool said.
#[derive(Default)]
struct Said<'a> {
    blocks: Vec<ToolResultContentBlock<'a>>,
    /// What the family does not take within a result.
    beside: Vec<ContentBlock<'a>>,
    points: Vec<crate::bedrock::request::CachePointBlock>,
}

impl Said<'_> {
    fn is_silent(&self) -> bool {
        let is_blank = |block: &ToolResultContentBlock<'_>| matches!(block, ToolResultContentBlock::Text(text) if text.trim().is_empty());
        self.blocks.iter().all(is_blank)
    }
}

fn said<'a>(
    message: &'a chat::Message,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<Said<'a>, Error> {
    let mut said = Said::default();
    if let Some(StringOr::String(text)) = message.content() {
        said.blocks.push(ToolResultContentBlock::Text((&**text).into()));
    }
    let (name, parts) = content::parts(message);
    for (i, part) in parts.iter().enumerate() {
        let place = format_args!("{place}.{name}[{i}]");
        push_part(&mut said, part, place, scene)?;
        said.points.extend(scene.cache_point(part.cache_control(), place)?);
    }
    said.points.extend(scene.cache_point(message.cache_control(), place)?);
    // The last one covers what the others do.
    said.points.drain(..said.points.len().saturating_sub(1));
    Ok(said)
}

fn push_part<'a>(
    said: &mut Said<'a>,
    part: &'a chat::ContentPart,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<(), Error> {
    let block = match part.kind {
        PartType::Text => {
            let text = required(part.text(), place, "text")?;
            ToolResultContentBlock::Text(text.into())
        }
        PartType::Json => {
            let json = required(part.json(), place, "json")?;
            // Lists were seen to be refused.
            if json.get().starts_with('[') {
                ToolResultContentBlock::Text(json.get().into())
            } else {
                ToolResultContentBlock::Json(json)
            }
        }
        PartType::SearchResult => {
            ToolResultContentBlock::SearchResult(content::search_result(part, place, scene)?)
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
        | PartType::GuardContent
        | PartType::GuardContentCamel
        | PartType::GuardedText
        | PartType::ServerToolUse
        | PartType::ServerToolResult => match medium_block(part, place, scene)? {
            Some(ContentBlock::Image(image)) => match scene.profile.images {
                ImagesIn::MessagesAndToolResults => ToolResultContentBlock::Image(image),
                ImagesIn::Messages | ImagesIn::Nowhere => {
                    said.beside.push(ContentBlock::Image(image));
                    ToolResultContentBlock::Text(HOISTED_IMAGE.into())
                }
            },
            Some(ContentBlock::Document(mut document)) if scene.profile.documents_in_results => {
                if document.citations.take().is_some_and(|citations| citations.enabled) {
                    let why = "Bedrock does not cite documents in results of tools";
                    scene.report.ignore(format_args!("{place}.citations"), why)?;
                }
                ToolResultContentBlock::Document(document)
            }
            Some(document @ ContentBlock::Document(_)) => {
                said.beside.push(document);
                ToolResultContentBlock::Text(HOISTED_DOCUMENT.into())
            }
            Some(ContentBlock::Video(video)) if scene.profile.documents_in_results => {
                ToolResultContentBlock::Video(video)
            }
            Some(video @ ContentBlock::Video(_)) => {
                said.beside.push(video);
                ToolResultContentBlock::Text(HOISTED_VIDEO.into())
            }
            _ => {
                return Err(unknown_part(
                    part,
                    place,
                    "a tool",
                    "`text`, `json`, `image_url`, `file`, `video_url`, `image`, `document` and `search_result`",
                ));
            }
        },
    };
    said.blocks.push(block);
    Ok(())
}

fn as_text(blocks: &[ToolResultContentBlock<'_>]) -> String {
    let mut text = String::new();
    for block in blocks {
        match block {
            ToolResultContentBlock::Text(said) => text.push_str(said),
            ToolResultContentBlock::Json(json) => text.push_str(json.get()),
            ToolResultContentBlock::SearchResult(found) => {
                found.content.iter().for_each(|piece| text.push_str(&piece.text));
            }
            ToolResultContentBlock::Image(_)
            | ToolResultContentBlock::Document(_)
            | ToolResultContentBlock::Video(_) => text.push_str("[see below]"),
        }
    }
    text
}

fn beside(block: ToolResultContentBlock<'_>) -> Option<ContentBlock<'_>> {
    match block {
        ToolResultContentBlock::Image(image) => Some(ContentBlock::Image(image)),
        ToolResultContentBlock::Document(document) => Some(ContentBlock::Document(document)),
        ToolResultContentBlock::Video(video) => Some(ContentBlock::Video(video)),
        ToolResultContentBlock::Text(_)
        | ToolResultContentBlock::Json(_)
        | ToolResultContentBlock::SearchResult(_) => None,
    }
}

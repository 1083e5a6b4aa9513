//! Parts of `content`.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::attachments::{citations_config, medium_block};
use super::error::{Error, quoted};
use super::media;
use super::offer::History;
use super::scene::{Scene, push_cache_point};
use super::{names, thoughts};
use crate::bedrock::request::{
    CitationsContentBlock, ContentBlock, ReasoningContentBlock, Role, SearchResultBlock, TextPiece,
    ToolResultBlock, ToolResultContent, ToolResultStatus, ToolUseBlock,
};
use crate::bedrock::response::SERVER_TOOL_USE;
use crate::json::raw_object::{RawObject, empty_object};
use crate::json::string_or::StringOr;
use crate::openai::chat::{Content, ContentPart, Message, PartType};

/// Appends the blocks of a user's or an assistant's content. Blank text is left
/// out: Bedrock refuses it, and it says nothing.
pub(super) fn push<'a>(
    blocks: &mut Vec<ContentBlock<'a>>,
    role: Role,
    content: &'a Content,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<(), Error> {
    match content {
        StringOr::String(text) => push_text(blocks, text),
        StringOr::Other(parts) => push_parts(blocks, role, parts, place, scene)?,
    }
    Ok(())
}

/// The parts of a message that is not merely text, and the name of the member
/// that holds them. `content_blocks` count where there is no `content`.
pub(super) fn parts(message: &Message) -> (&'static str, &[ContentPart]) {
    match (message.content(), message.content_blocks()) {
        (Some(StringOr::Other(parts)), _) => ("content", parts),
        (None, Some(parts)) => ("content_blocks", parts),
        (Some(StringOr::String(_)) | None, _) => ("content", &[]),
    }
}

/// Appends the blocks of an array of parts.
pub(super) fn push_parts<'a>(
    blocks: &mut Vec<ContentBlock<'a>>,
    role: Role,
    parts: &'a [ContentPart],
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<(), Error> {
    for (i, part) in parts.iter().enumerate() {
        let place = format_args!("{place}[{i}]");
        match role {
            Role::User => push_of_user(blocks, part, place, scene)?,
            Role::Assistant => push_of_assistant(blocks, part, place, scene)?,
        }
        if part.cache_control().is_some()
            && matches!(part.kind, PartType::Thinking | PartType::RedactedThinking)
        {
            let why = "reasoning cannot be marked; mark what follows it";
            scene.report.ignore(format_args!("{place}.cache_control"), why)?;
            continue;
        }
        if let Some(point) = scene.cache_point(part.cache_control(), place)? {
            push_cache_point(blocks, point);
        }
    }
    Ok(())
}

fn push_of_user<'a>(
    blocks: &mut Vec<ContentBlock<'a>>,
    part: &'a ContentPart,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<(), Error> {
    match part.kind {
        PartType::Text => push_text(blocks, required(part.text(), place, "text")?),
        PartType::GuardContent | PartType::GuardContentCamel | PartType::GuardedText => {
            blocks.push(ContentBlock::GuardContent(guarded(part, place)?));
        }
        PartType::SearchResult => {
            blocks.push(ContentBlock::SearchResult(search_result(part, place, scene)?))
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
        | PartType::Json
        | PartType::ServerToolUse
        | PartType::ServerToolResult => match medium_block(part, place, scene)? {
            Some(block) => blocks.push(block),
            None => {
                return Err(unknown_part(
                    part,
                    place,
                    "a user",
                    "`text`, `image_url`, `file`, `input_audio`, `video_url`, `image`, `document`, `search_result` and `guard_content`",
                ));
            }
        },
    }
    Ok(())
}

fn push_of_assistant<'a>(
    blocks: &mut Vec<ContentBlock<'a>>,
    part: &'a ContentPart,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<(), Error> {
    match part.kind {
        PartType::Text => {
            let text = required(part.text(), place, "text")?;
            match part.citations().filter(|raw| raw.get().starts_with('[')) {
                Some(citations) if !text.trim().is_empty() => {
                    let content = vec![TextPiece { text: text.into() }];
                    let cited = CitationsContentBlock { content, citations };
                    blocks.push(ContentBlock::CitationsContent(cited));
                }
                _ => push_text(blocks, text),
            }
        }
        PartType::Refusal => push_text(blocks, required(part.refusal(), place, "refusal")?),
        PartType::ImageUrl | PartType::Image => match medium_block(part, place, scene)? {
            Some(image @ ContentBlock::Image(_)) => blocks.push(image),
            _ => return Err(Error::at(place, "an assistant shows images only")),
        },
        PartType::Thinking => {
            // Newer models keep their thoughts to themselves and send the seal alone.
            let is_sealed = part.signature().is_some_and(|signature| !signature.is_empty());
            let text = match part.thinking() {
                None if is_sealed => "",
                text => required(text, place, "thinking")?,
            };
            let block = thoughts::replayed(text, part.signature(), place, scene)?;
            blocks.extend(block.map(ContentBlock::ReasoningContent));
        }
        PartType::RedactedThinking => {
            let data = required(part.data(), place, "data")?;
            if thoughts::replays_redacted(place, scene)? {
                if !media::is_base64(data) {
                    return Err(Error::at(
                        format_args!("{place}.data"),
                        "must be base64, as the answer had it",
                    ));
                }
                let block = ReasoningContentBlock::RedactedContent(data);
                blocks.push(ContentBlock::ReasoningContent(block));
            }
        }
        PartType::ServerToolUse => blocks.push(server_tool_use(part, place, scene)?),
        PartType::ServerToolResult => blocks.push(server_tool_result(part, place, scene)?),
        PartType::VideoUrl
        | PartType::InputAudio
        | PartType::File
        | PartType::Document
        | PartType::SearchResult
        | PartType::GuardContent
        | PartType::GuardContentCamel
        | PartType::GuardedText
        | PartType::Json => {
            return Err(unknown_part(
                part,
                place,
                "an assistant",
                "`text`, `refusal`, `thinking`, `redacted_thinking`, `image_url`, `server_tool_use` and `server_tool_result`",
            ));
        }
    }
    Ok(())
}

/// A call of a tool that ran at AWS.
fn server_tool_use<'a>(
    part: &'a ContentPart,
    place: fmt::Arguments<'_>,
    scene: &Scene<'a, '_>,
) -> Result<ContentBlock<'a>, Error> {
    let id = required(part.id(), place, "id")?;
    let name = required(part.name(), place, "name")?;
    if !names::is_legal(name) {
        return Err(Error::at(
            format_args!("{place}.name"),
            "must be the name of a tool of AWS, as the answer had it",
        ));
    }
    let input = part.input().map(RawObject::as_raw);
    if scene.history == History::Text {
        let input = input.map_or("{}", RawValue::get);
        return Ok(ContentBlock::Text(format!("[tool call {id}: {name}({input})]").into()));
    }
    Ok(ContentBlock::ToolUse(ToolUseBlock {
        tool_use_id: names::tool_use_id(id, scene.profile),
        name: name.into(),
        input: input.map_or_else(|| Cow::Owned(empty_object()), Cow::Borrowed),
        kind: Some(SERVER_TOOL_USE),
    }))
}

/// The result of such a call.
fn server_tool_result<'a>(
    part: &'a ContentPart,
    place: fmt::Arguments<'_>,
    scene: &Scene<'a, '_>,
) -> Result<ContentBlock<'a>, Error> {
    let id = required(part.tool_use_id(), place, "tool_use_id")?;
    let content = required(part.content(), place, "content")?;
    if !content.get().starts_with('[') {
        return Err(Error::at(
            format_args!("{place}.content"),
            "must be the array of blocks that the answer had",
        ));
    }
    let status = status(part.status(), place)?;
    if scene.history == History::Text {
        return Ok(ContentBlock::Text(format!("[result of tool call {id}: {content}]").into()));
    }
    Ok(ContentBlock::ToolResult(ToolResultBlock {
        tool_use_id: names::tool_use_id(id, scene.profile),
        content: ToolResultContent::Raw(content),
        status,
        kind: part.tool_type(),
    }))
}

fn push_text<'a>(blocks: &mut Vec<ContentBlock<'a>>, text: &'a str) {
    if !text.trim().is_empty() {
        blocks.push(ContentBlock::Text(Cow::Borrowed(text)));
    }
}

/// Something that was found, to be cited.
pub(super) fn search_result<'a>(
    part: &'a ContentPart,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<SearchResultBlock<'a>, Error> {
    #[derive(Deserialize)]
    struct Piece<'a> {
        #[serde(borrow)]
        text: Cow<'a, str>,
    }
    let Some(StringOr::String(source)) = part.source() else {
        return Err(missing(place, "source"));
    };
    let content = required(part.content(), place, "content")?;
    let pieces: Vec<Piece<'a>> = serde_json::from_str(content.get()).map_err(|_| {
        Error::at(format_args!("{place}.content"), "must be an array of parts with `text`")
    })?;
    Ok(SearchResultBlock {
        source,
        title: required(part.title(), place, "title")?,
        content: pieces.into_iter().map(|piece| TextPiece { text: piece.text }).collect(),
        citations: citations_config(part, place, scene)?,
    })
}

/// What a guardrail is to look at, in Bedrock's own words.
pub(super) fn guarded<'a>(
    part: &'a ContentPart,
    place: fmt::Arguments<'_>,
) -> Result<Cow<'a, RawValue>, Error> {
    if part.kind != PartType::GuardedText {
        let object = required(part.guard_content(), place, "guard_content")?;
        return Ok(Cow::Borrowed(object.as_raw()));
    }
    let mut text = serde_json::Map::new();
    text.insert("text".to_owned(), required(part.text(), place, "text")?.into());
    if let Some(qualifiers) = part.qualifiers() {
        let qualifiers: Vec<&str> = qualifiers.iter().map(|qualifier| &**qualifier).collect();
        text.insert("qualifiers".to_owned(), qualifiers.into());
    }
    serde_json::value::to_raw_value(&serde_json::json!({ "text": text }))
        .map(Cow::Owned)
        .map_err(|error| Error::at(place, error.to_string()))
}

/// `success` or `error`.
pub(super) fn status(
    status: Option<&str>,
    place: fmt::Arguments<'_>,
) -> Result<Option<ToolResultStatus>, Error> {
    match status {
        None => Ok(None),
        Some("success") => Ok(Some(ToolResultStatus::Success)),
        Some("error") => Ok(Some(ToolResultStatus::Error)),
        Some(other) => Err(Error::at(
            format_args!("{place}.status"),
            format!("must be `success` or `error`, not `{}`", quoted(other)),
        )),
    }
}

/// A member that the part's type asks for.
pub(super) fn required<T>(
    value: Option<T>,
    place: fmt::Arguments<'_>,
    name: &str,
) -> Result<T, Error> {
    value.ok_or_else(|| missing(place, name))
}

pub(super) fn missing(place: fmt::Arguments<'_>, name: &str) -> Error {
    Error::at(format_args!("{place}.{name}"), format!("`{name}` is missing"))
}

/// The refusal of a part that has no place in a message.
pub(super) fn unknown_part(
    part: &ContentPart,
    place: fmt::Arguments<'_>,
    whose: &str,
    known: &str,
) -> Error {
    Error::at(
        format_args!("{place}.type"),
        format!("the parts of {whose} message may be {known}, not `{}`", part.kind.as_str()),
    )
}

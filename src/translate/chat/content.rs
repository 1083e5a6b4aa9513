//! Parts of `content`.

use std::borrow::Cow;
use std::fmt;

use super::error::{Error, quoted};
use super::image;
use crate::bedrock::request::{ContentBlock, ReasoningContentBlock, ReasoningTextBlock, Role};
use crate::json::string_or::StringOr;
use crate::openai::chat::{Content, ContentPart};

/// Appends the blocks of a user's or an assistant's content. Blank text is left
/// out: Bedrock refuses it, and it says nothing.
pub(super) fn push<'a>(
    blocks: &mut Vec<ContentBlock<'a>>,
    role: Role,
    content: &'a Content,
    param: &dyn fmt::Display,
) -> Result<(), Error> {
    match content {
        StringOr::String(text) => push_text(blocks, text),
        StringOr::Other(parts) => push_parts(blocks, role, parts, param)?,
    }
    Ok(())
}

/// Appends the blocks of an array of parts.
pub(super) fn push_parts<'a>(
    blocks: &mut Vec<ContentBlock<'a>>,
    role: Role,
    parts: &'a [ContentPart],
    param: &dyn fmt::Display,
) -> Result<(), Error> {
    for (i, part) in parts.iter().enumerate() {
        let param = format_args!("{param}[{i}]");
        match (part.kind.as_str(), role) {
            ("text", _) => push_text(blocks, required(part.text.as_ref(), param, "text")?),
            ("refusal", Role::Assistant) => {
                push_text(blocks, required(part.refusal.as_ref(), param, "refusal")?);
            }
            ("image_url", Role::User) => {
                let image = required(part.image_url.as_ref(), param, "image_url")?;
                blocks.push(ContentBlock::Image(image::block(image, &param)?));
            }
            ("thinking", Role::Assistant) => {
                blocks.extend(thinking(part, param)?.map(ContentBlock::ReasoningContent));
            }
            ("redacted_thinking", Role::Assistant) => {
                let data = required(part.data.as_ref(), param, "data")?;
                let block = ReasoningContentBlock::RedactedContent(data);
                blocks.push(ContentBlock::ReasoningContent(block));
            }
            (kind, role) => return Err(unknown_part(kind, role, param)),
        }
    }
    Ok(())
}

/// The text parts of a message that can hold nothing else.
pub(super) fn texts<'a>(
    content: &'a Content,
    param: &dyn fmt::Display,
    whose: &str,
) -> Result<Vec<&'a str>, Error> {
    let parts = match content {
        StringOr::String(text) => return Ok(vec![text]),
        StringOr::Other(parts) => parts,
    };
    let text_of = |(i, part): (usize, &'a ContentPart)| {
        let param = format_args!("{param}[{i}]");
        if part.kind == "text" {
            required(part.text.as_ref(), param, "text").map(String::as_str)
        } else {
            Err(Error::at(
                format_args!("{param}.type"),
                format!("a {whose} message is made of `text` parts, not `{}`", quoted(&part.kind)),
            ))
        }
    };
    parts.iter().enumerate().map(text_of).collect()
}

fn push_text<'a>(blocks: &mut Vec<ContentBlock<'a>>, text: &'a str) {
    if !text.trim().is_empty() {
        blocks.push(ContentBlock::Text(Cow::Borrowed(text)));
    }
}

fn thinking<'a>(
    part: &'a ContentPart,
    param: fmt::Arguments<'_>,
) -> Result<Option<ReasoningContentBlock<'a>>, Error> {
    let text = required(part.thinking.as_ref(), param, "thinking")?;
    let signature = part.signature.as_deref().filter(|signature| !signature.is_empty());
    if text.trim().is_empty() && signature.is_none() {
        return Ok(None);
    }
    Ok(Some(ReasoningContentBlock::ReasoningText(ReasoningTextBlock { text, signature })))
}

fn required<'a, T>(
    value: Option<&'a T>,
    param: fmt::Arguments<'_>,
    name: &str,
) -> Result<&'a T, Error> {
    value.ok_or_else(|| Error::at(format_args!("{param}.{name}"), format!("`{name}` is missing")))
}

fn unknown_part(kind: &str, role: Role, param: fmt::Arguments<'_>) -> Error {
    let (whose, known) = match role {
        Role::User => ("a user", "`text` and `image_url`"),
        Role::Assistant => {
            ("an assistant", "`text`, `refusal`, `thinking` and `redacted_thinking`")
        }
    };
    Error::at(
        format_args!("{param}.type"),
        format!("the parts of {whose} message may be {known}, not `{}`", quoted(kind)),
    )
}

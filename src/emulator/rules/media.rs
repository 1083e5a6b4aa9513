//! Media a family does not take, and the places they come from.

use serde_json::Value;

use super::{Outcome, Placed, Subject, blocks, unsupported, unsupported_block};
use crate::emulator::body::{items, part, text_member};
use crate::emulator::errors::ServiceError;
use crate::emulator::reply;

/// Longest base64 text of an image for Claude.
const MAX_IMAGE_BASE64: usize = 5 * 1024 * 1024;
/// Largest side of an image for Claude.
const MAX_SIDE: u32 = 8_000;
/// Largest side when a request has more than [`MANY_IMAGES`].
const MAX_SIDE_OF_MANY: u32 = 2_000;
const MANY_IMAGES: usize = 20;
/// Formats of documents with a layout.
const LAID_OUT: &[&str] = &["pdf", "docx"];
/// What is said to lie here does not.
const MISSING_BUCKET: &str = "s3://emulator-missing/";

pub(super) fn check(subject: Subject<'_>) -> Outcome {
    if subject.family.claude {
        image_sizes(subject)?;
    }
    for block in blocks(subject.body) {
        in_turn(subject, &block)?;
        let Some(result) = part(block.value, "toolResult") else {
            continue;
        };
        for entry in items(result, "content") {
            in_result(subject, &block, entry)?;
        }
    }
    Ok(())
}

fn image_sizes(subject: Subject<'_>) -> Outcome {
    let images: Vec<(Placed<'_>, &str)> = blocks(subject.body)
        .filter_map(|block| {
            Some((block, text_member(part(block.value, "image")?.get("source")?, "bytes")?))
        })
        .collect();
    let (side, many) = if images.len() > MANY_IMAGES {
        (MAX_SIDE_OF_MANY, " for many-image requests")
    } else {
        (MAX_SIDE, "")
    };
    for (block, base64) in images {
        let at = format!("{}.image.source.base64", block.path());
        if base64.len() > MAX_IMAGE_BASE64 {
            return Err(ServiceError::from_model(format!(
                "{at}: image exceeds 5 MB maximum: {} bytes > {MAX_IMAGE_BASE64} bytes",
                base64.len()
            )));
        }
        if reply::base64_image_size(base64)
            .is_some_and(|(_, width, height)| width.max(height) > side)
        {
            return Err(ServiceError::from_model(format!(
                "{at}.data: At least one of the image dimensions exceed max allowed size{many}: {side} pixels"
            )));
        }
    }
    Ok(())
}

fn in_turn(subject: Subject<'_>, block: &Placed<'_>) -> Outcome {
    let family = subject.family;
    let kinds = [("image", family.images), ("video", family.video), ("audio", family.audio)];
    for (kind, is_supported) in kinds {
        if part(block.value, kind).is_some() && !is_supported {
            return Err(unsupported_block(kind));
        }
    }
    missing(block.value)?;
    if !family.s3_images && ["image", "video"].iter().any(|kind| is_in_s3(block.value, kind)) {
        return Err(unsupported("s3Uri"));
    }
    // Claude takes no document from S3 here, and words it in its own terms.
    if family.claude && !family.s3_images && is_in_s3(block.value, "document") {
        return Err(ServiceError::from_model(format!(
            "{}.document.source.type: Field required",
            block.path()
        )));
    }
    Ok(())
}

fn in_result(subject: Subject<'_>, block: &Placed<'_>, entry: &Value) -> Outcome {
    let family = subject.family;
    missing(entry)?;
    if part(entry, "image").is_some() && !family.images_in_results {
        return Err(ServiceError::validation(
            "This model doesn't support the image field for user messages. Remove image and try again.",
        ));
    }
    if !family.s3_images && is_in_s3(entry, "image") {
        return Err(unsupported("s3Uri"));
    }
    if part(entry, "video").is_some() {
        if !family.video {
            return Err(unsupported_block("video"));
        }
        if !family.video_in_results {
            return Err(extraneous_result(block));
        }
    }
    let has_layout = part(entry, "document")
        .and_then(|document| text_member(document, "format"))
        .is_some_and(|format| LAID_OUT.contains(&format));
    if has_layout && !family.laid_out_documents_in_results {
        return Err(extraneous_result(block));
    }
    Ok(())
}

/// Nova's interface has no result of such a kind.
fn extraneous_result(block: &Placed<'_>) -> ServiceError {
    ServiceError::from_model(format!(
        "Malformed input request: #/messages/{}/content/{}: extraneous key [toolResult] is not permitted, please reformat your input and try again.",
        block.message, block.block
    ))
}

/// A bucket of this name holds nothing.
fn missing(block: &Value) -> Outcome {
    let is_missing = ["image", "document", "video", "audio"].iter().any(|kind| {
        part(block, kind)
            .and_then(|medium| medium.get("source")?.get("s3Location"))
            .and_then(|location| text_member(location, "uri"))
            .is_some_and(|uri| uri.starts_with(MISSING_BUCKET))
    });
    if is_missing {
        return Err(ServiceError::from_model("Provided S3Location not found"));
    }
    Ok(())
}

fn is_in_s3(block: &Value, kind: &str) -> bool {
    part(block, kind)
        .and_then(|medium| medium.get("source"))
        .is_some_and(|source| part(source, "s3Location").is_some())
}

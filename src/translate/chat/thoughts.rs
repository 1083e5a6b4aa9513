//! Reasoning of earlier turns, as each family takes it back.

use std::fmt;

use super::error::Error;
use super::scene::Scene;
use crate::bedrock::request::{ReasoningContentBlock, ReasoningTextBlock};
use crate::models::ReasoningReplay;

/// Readable reasoning of an earlier turn in the form that the family takes it, if
/// it does.
pub(super) fn replayed<'a>(
    text: &'a str,
    signature: Option<&'a str>,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<Option<ReasoningContentBlock<'a>>, Error> {
    // Streams that were cut off leave an empty one.
    let signature = signature.filter(|signature| !signature.is_empty());
    let block =
        |signature| ReasoningContentBlock::ReasoningText(ReasoningTextBlock { text, signature });
    match (scene.profile.replay, signature) {
        (ReasoningReplay::Signed, Some(signature)) => return Ok(Some(block(Some(signature)))),
        (ReasoningReplay::Unsigned, _) if !text.trim().is_empty() => return Ok(Some(block(None))),
        _ if text.trim().is_empty() => return Ok(None),
        _ => {}
    }
    let why = format!("{} does not take back this reasoning", scene.profile.name);
    scene.report.ignore(place, &why).map(|()| None)
}

/// Reasoning that a client kept as mere text.
pub(super) fn replayed_text<'a>(
    text: &'a str,
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'a, '_>,
) -> Result<Option<ReasoningContentBlock<'a>>, Error> {
    replayed(text, None, format_args!("{place}.reasoning_content"), scene)
}

/// Whether the family takes back sealed reasoning.
pub(super) fn replays_redacted(
    place: fmt::Arguments<'_>,
    scene: &mut Scene<'_, '_>,
) -> Result<bool, Error> {
    match scene.profile.replay {
        ReasoningReplay::Signed | ReasoningReplay::Redacted => Ok(true),
        ReasoningReplay::Unsigned | ReasoningReplay::Never => {
            let why = format!("{} does not take back sealed reasoning", scene.profile.name);
            scene.report.ignore(place, &why).map(|()| false)
        }
    }
}

//! `cache_control`: marks up to which a prompt may be cached.
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html>.

use std::fmt;

use super::error::{Error, quoted};
use super::report::Report;
use crate::bedrock::request::{
    CachePointBlock, CacheTtl, ContentBlock, ConverseRequest, SystemContentBlock, Tool,
};
use crate::models::{CachePoints, ModelProfile};
use crate::openai::chat::CacheControl;

/// How many points a request may have.
const MAX_POINTS: usize = 4;

/// The point that a mark asks for. A family without prompt caching has none; that
/// changes costs and not the answer, and so is reported.
pub(super) fn point(
    mark: Option<&CacheControl>,
    profile: &ModelProfile,
    report: &mut Report,
    place: fmt::Arguments<'_>,
) -> Result<Option<CachePointBlock>, Error> {
    let Some(CacheControl { kind, ttl }) = mark else { return Ok(None) };
    if let Some(kind) = kind.as_deref().filter(|kind| !matches!(*kind, "ephemeral" | "default")) {
        return Err(Error::at(
            format_args!("{place}.cache_control.type"),
            format!("must be `ephemeral`, not `{}`", quoted(kind)),
        ));
    }
    let ttl = match ttl.as_deref() {
        None => None,
        Some("5m") => Some(CacheTtl::FiveMinutes),
        Some("1h") => Some(CacheTtl::OneHour),
        Some(other) => {
            return Err(Error::at(
                format_args!("{place}.cache_control.ttl"),
                format!("must be `5m` or `1h`, not `{}`", quoted(other)),
            ));
        }
    };
    if profile.cache_points == CachePoints::None {
        let why = format!("{} has no prompt caching; leave `cache_control` out", profile.name);
        report.ignore(format_args!("{place}.cache_control"), &why)?;
        return Ok(None);
    }
    let ttl = match ttl {
        Some(CacheTtl::OneHour) if !profile.cache_ttl => {
            let why = format!("{} caches for five minutes; leave `ttl` out", profile.name);
            report.ignore(format_args!("{place}.cache_control.ttl"), &why)?;
            None
        }
        ttl => ttl.filter(|_| profile.cache_ttl),
    };
    Ok(Some(CachePointBlock { kind: "default", ttl }))
}

/// Brings the points of a whole request to what Bedrock takes: at most four, and
/// none that lives longer after one that lives shorter, in the order tools,
/// instructions, messages.
pub(super) fn settle(request: &mut ConverseRequest<'_>, report: &mut Report) -> Result<(), Error> {
    let mut points = of(request);
    let n_points = points.len();
    if n_points > 0 {
        let mut is_short = false;
        for point in &mut points {
            if point.ttl != Some(CacheTtl::OneHour) {
                is_short = true;
            } else if is_short {
                report.ignore(
                    "cache_control.ttl",
                    "a cache mark of `1h` must not come after one of `5m`; the order is tools, instructions, messages",
                )?;
                point.ttl = Some(CacheTtl::FiveMinutes);
            }
        }
    }
    if n_points > MAX_POINTS {
        report
            .ignore("cache_control", "Bedrock takes four cache marks in a request; send fewer")?;
        thin_out(request, n_points - MAX_POINTS);
    }
    Ok(())
}

fn of<'r>(request: &'r mut ConverseRequest<'_>) -> Vec<&'r mut CachePointBlock> {
    let tools = request.tool_config.iter_mut().flat_map(|config| &mut config.tools);
    let tools = tools.filter_map(|tool| match tool {
        Tool::CachePoint(point) => Some(point),
        Tool::ToolSpec(_) | Tool::SystemTool(_) => None,
    });
    let system = request.system.iter_mut().filter_map(|block| match block {
        SystemContentBlock::CachePoint(point) => Some(point),
        SystemContentBlock::Text(_) | SystemContentBlock::GuardContent(_) => None,
    });
    let blocks = request.messages.iter_mut().flat_map(|message| &mut message.content);
    let messages = blocks.filter_map(|block| {
        if let ContentBlock::CachePoint(point) = block { Some(point) } else { None }
    });
    tools.chain(system).chain(messages).collect()
}

/// Takes out as many points as are too many. The last of each kind covers what
/// the earlier ones do, so the earlier ones go: of the messages first, since
/// those change most, then of the instructions, then of the tools.
fn thin_out(request: &mut ConverseRequest<'_>, too_many: usize) {
    let mut left = too_many;
    let count = |request: &ConverseRequest<'_>| {
        let blocks = request.messages.iter().flat_map(|message| &message.content);
        blocks.filter(|block| matches!(block, ContentBlock::CachePoint(_))).count()
    };
    let mut of_messages = left.min(count(request).saturating_sub(1));
    left -= of_messages;
    for message in &mut request.messages {
        message.content.retain(|block| {
            let goes = of_messages > 0 && matches!(block, ContentBlock::CachePoint(_));
            of_messages -= usize::from(goes);
            !goes
        });
    }
    let is_point =
        |block: &SystemContentBlock<'_>| matches!(block, SystemContentBlock::CachePoint(_));
    let in_system = request.system.iter().filter(|block| is_point(block)).count();
    let mut of_system = left.min(in_system.saturating_sub(1));
    left -= of_system;
    request.system.retain(|block| {
        let goes = of_system > 0 && is_point(block);
        of_system -= usize::from(goes);
        !goes
    });
    if let Some(config) = &mut request.tool_config {
        config.tools.retain(|tool| {
            let goes = left > 0 && matches!(tool, Tool::CachePoint(_));
            left -= usize::from(goes);
            !goes
        });
    }
}

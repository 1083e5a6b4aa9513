//! Cache points: which family takes them where, and how many.

use serde_json::Value;

use super::documents::is_cited;
use super::{Outcome, Subject, blocks};
use crate::emulator::body::{content, part, text_member};
use crate::emulator::errors::{Kind, ServiceError};
use crate::emulator::families::Cache;

/// Most cache points a request may have.
const MAX_POINTS: usize = 4;

pub(super) fn check(subject: Subject<'_>) -> Outcome {
    let points = points(subject);
    match subject.family.cache {
        _ if points.is_empty() => Ok(()),
        Cache::Nowhere => Err(ServiceError::new(
            Kind::AccessDenied,
            "You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information.",
        )),
        Cache::NotInTools => without_tools(&points),
        Cache::Everywhere if subject.family.claude => {
            after_documents(subject)?;
            counted(&points)
        }
        Cache::Everywhere => counted(&points),
    }
}

/// A cache point and its place as a JSON pointer.
struct Point<'a> {
    place: String,
    value: &'a Value,
}

impl Point<'_> {
    fn ttl(&self) -> Option<&str> {
        text_member(self.value, "ttl")
    }
}

/// In the order the service reads a request.
fn points(subject: Subject<'_>) -> Vec<Point<'_>> {
    let point =
        |place: String, value| part(value, "cachePoint").map(|value| Point { place, value });
    let body = subject.body;
    let tools = body
        .tools()
        .iter()
        .enumerate()
        .filter_map(|(at, tool)| point(format!("toolConfig/tools/{at}"), tool));
    let system = body
        .system()
        .iter()
        .enumerate()
        .filter_map(|(at, block)| point(format!("system/{at}"), block));
    let turns = blocks(body).filter_map(|block| {
        point(format!("messages/{}/content/{}", block.message, block.block), block.value)
    });
    tools.chain(system).chain(turns).collect()
}

/// Nova's interface has neither a point among the tools nor a time to live.
fn without_tools(points: &[Point<'_>]) -> Outcome {
    for point in points {
        let (place, key) = if point.place.starts_with("toolConfig") {
            (point.place.clone(), "cachePoint")
        } else if point.ttl().is_some() {
            (format!("{}/cachePoint", point.place), "ttl")
        } else {
            continue;
        };
        return Err(ServiceError::from_model(format!(
            "Malformed input request: #/{place}: extraneous key [{key}] is not permitted, please reformat your input and try again."
        )));
    }
    Ok(())
}

/// A document that is no PDF and not cited becomes text on its way to Claude, and a
/// point directly after it is lost.
fn after_documents(subject: Subject<'_>) -> Outcome {
    for (index, turn) in subject.body.messages().iter().enumerate() {
        for (at, pair) in content(turn).windows(2).enumerate() {
            let [before, block] = pair else {
                continue;
            };
            let is_text = part(before, "document").is_some_and(|document| {
                text_member(document, "format") != Some("pdf") && !is_cited(document)
            });
            if is_text && part(block, "cachePoint").is_some() {
                return Err(ServiceError::from_model(format!(
                    "messages.{index}.content.{}.type: Field required",
                    at + 1
                )));
            }
        }
    }
    Ok(())
}

fn counted(points: &[Point<'_>]) -> Outcome {
    if points.len() > MAX_POINTS {
        return Err(ServiceError::from_model(format!(
            "A maximum of {MAX_POINTS} blocks with cache_control may be provided. Found {}.",
            points.len()
        )));
    }
    let first_short = points.iter().position(|point| point.ttl() != Some("1h"));
    let last_long = points.iter().rposition(|point| point.ttl() == Some("1h"));
    match (first_short, last_long) {
        (Some(short), Some(long)) if short < long => Err(ServiceError::from_model(
            "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are processed in the following order: `tools`, `system`, `messages`.",
        )),
        _ => Ok(()),
    }
}

//! Response bodies: whole ones, and ones that take their time or break off.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use thiserror::Error;

use super::errors::ServiceError;
use super::faults::{Break, Fault};
use super::frames;
use super::observe::{Outcome, Watch};
use super::stream::{DELTA, Event, METADATA, START};

/// The body of every answer.
pub(super) type Body = UnsyncBoxBody<Bytes, Broken>;

/// How long the connection may take to send what was written before a cut.
const FLUSH_TIME: Duration = Duration::from_millis(20);

/// Time between two pieces of a split body: without it the other side reads
/// several at once.
const PAUSE: Duration = Duration::from_millis(1);
/// Pieces that are followed by a pause, so that a long body takes seconds at most.
const MAX_PAUSES: usize = 1_000;

/// The end of a body that is cut on purpose: the connection closes on it.
#[derive(Debug, Error)]
#[error("cut on purpose")]
pub(super) struct Broken;

/// One thing a body does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Hand bytes to the connection; they leave before the next step.
    Write(Bytes),
    Wait(Duration),
    /// Break the connection.
    Cut,
}

/// A body that is there at once.
pub(super) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body that goes through `steps`, and reports how far it came.
pub(super) fn stepwise(steps: Vec<Step>, watch: Watch) -> Body {
    let state = (steps.into_iter(), watch);
    let frames = stream::unfold(state, |(mut steps, mut watch)| async move {
        loop {
            match steps.next() {
                Some(Step::Write(bytes)) => {
                    // Being pending once makes the connection send what it has.
                    tokio::task::yield_now().await;
                    watch.sent();
                    return Some((Ok(Frame::data(bytes)), (steps, watch)));
                }
                Some(Step::Wait(time)) => tokio::time::sleep(time).await,
                Some(Step::Cut) => {
                    tokio::time::sleep(FLUSH_TIME).await;
                    watch.finish(Outcome::Cut { frames_sent: watch.frames_sent() });
                    return Some((Err(Broken), (steps, watch)));
                }
                None => {
                    watch.finish(Outcome::StreamEnded { frames_sent: watch.frames_sent() });
                    return None;
                }
            }
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

/// The steps of a stream of `events` under a fault.
pub(super) fn stream_steps(events: Vec<Event>, fault: &Fault) -> Vec<Step> {
    let (deltas, how) = match fault {
        Fault::After(deltas, how) => (*deltas, Some(*how)),
        _ => (usize::MAX, None),
    };
    let silence = match fault {
        Fault::SilentAfter(deltas, time) => Some((*deltas, *time)),
        _ => None,
    };
    let mut seen = 0;
    let mut silent_at = None;
    let mut writes: Vec<Bytes> = Vec::new();
    for event in events {
        if silent_at.is_none() && silence.is_some_and(|(deltas, _)| seen == deltas) {
            silent_at = Some(writes.len());
        }
        if *fault == Fault::NoMetadata && event.name == METADATA {
            continue;
        }
        if seen == deltas {
            writes.extend(how.and_then(|how| breaking_frame(how, &event)));
            break;
        }
        seen += usize::from(event.name == DELTA);
        writes.push(frames::event(event.name, &event.payload));
    }
    let mut steps = paced(writes, fault);
    if how == Some(Break::Cut) {
        steps.push(Step::Cut);
    }
    if let (Some(at), Some((_, time))) = (silent_at, silence) {
        steps.insert(at.min(steps.len()), Step::Wait(time));
    }
    steps
}

/// The steps of a stream that breaks off with `error` where a call would begin.
pub(super) fn broken_off(events: Vec<Event>, error: &ServiceError) -> Vec<Step> {
    let is_call =
        |event: &Event| event.name == START && event.payload.pointer("/start/toolUse").is_some();
    let before = events.into_iter().take_while(|event| !is_call(event));
    let mut steps: Vec<Step> =
        before.map(|event| Step::Write(frames::event(event.name, &event.payload))).collect();
    steps.push(Step::Write(frames::exception(error)));
    steps
}

/// What is sent in place of `next`, if anything.
fn breaking_frame(how: Break, next: &Event) -> Option<Bytes> {
    match how {
        Break::Exception(kind) => Some(frames::exception(&kind.error())),
        Break::Error => Some(frames::unmodeled_error()),
        Break::Corrupt => Some(frames::corrupt(&frames::event(next.name, &next.payload))),
        Break::Cut | Break::End => None,
    }
}

/// The steps of one whole body under a fault.
pub(super) fn whole_steps(body: Bytes, fault: &Fault) -> Vec<Step> {
    match fault {
        Fault::After(_, Break::Cut) => {
            vec![Step::Write(body.slice(..body.len() / 2)), Step::Cut]
        }
        Fault::SilentAfter(_, time) => vec![
            Step::Write(body.slice(..body.len() / 2)),
            Step::Wait(*time),
            Step::Write(body.slice(body.len() / 2..)),
        ],
        _ => paced(vec![body], fault),
    }
}

fn paced(writes: Vec<Bytes>, fault: &Fault) -> Vec<Step> {
    match fault {
        Fault::SlowEach(time) => {
            writes.into_iter().flat_map(|write| [Step::Wait(*time), Step::Write(write)]).collect()
        }
        Fault::Split(size) => pieces(&writes.concat().into(), *size),
        Fault::Merged => vec![Step::Write(writes.concat().into())],
        _ => writes.into_iter().map(Step::Write).collect(),
    }
}

/// The bytes in pieces of `size`, with pauses in which a piece can arrive alone.
fn pieces(all: &Bytes, size: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    for (index, at) in (0..all.len()).step_by(size).enumerate() {
        let end = all.len().min(at.saturating_add(size));
        steps.push(Step::Write(all.slice(at..end)));
        if index < MAX_PAUSES {
            steps.push(Step::Wait(PAUSE));
        }
    }
    steps
}

#[cfg(test)]
mod tests;

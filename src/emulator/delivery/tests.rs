use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::*;
use crate::emulator::errors::Kind;

fn events() -> Vec<Event> {
    ["messageStart", DELTA, DELTA, "contentBlockStop", "messageStop", METADATA]
        .into_iter()
        .map(|name| Event { name, payload: json!({"n": name}) })
        .collect()
}

fn frame(index: usize) -> Bytes {
    let event = &events()[index];
    frames::event(event.name, &event.payload)
}

fn written(steps: &[Step]) -> Vec<Bytes> {
    steps
        .iter()
        .filter_map(|step| match step {
            Step::Write(bytes) => Some(bytes.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn an_ordinary_stream_is_every_event() {
    let expected: Vec<Step> = (0..6).map(|index| Step::Write(frame(index))).collect();
    assert_eq!(stream_steps(events(), &Fault::None), expected);
}

#[test]
fn an_exception_comes_after_the_deltas_asked_for() {
    let exception = frames::exception(&Kind::Throttling.error());
    let steps = |deltas| {
        written(&stream_steps(events(), &Fault::After(deltas, Break::Exception(Kind::Throttling))))
    };
    assert_eq!(steps(0), std::slice::from_ref(&exception));
    assert_eq!(steps(1), [frame(0), frame(1), exception.clone()]);
    assert_eq!(steps(2), [frame(0), frame(1), frame(2), exception]);
}

#[test]
fn a_stream_is_cut_ended_or_corrupted() {
    let cut = stream_steps(events(), &Fault::After(1, Break::Cut));
    assert_eq!(cut, [Step::Write(frame(0)), Step::Write(frame(1)), Step::Cut]);
    let ended = stream_steps(events(), &Fault::After(1, Break::End));
    assert_eq!(ended, [Step::Write(frame(0)), Step::Write(frame(1))]);
    let corrupted = stream_steps(events(), &Fault::After(1, Break::Corrupt));
    assert_eq!(corrupted.last(), Some(&Step::Write(frames::corrupt(&frame(2)))));
}

#[test]
fn pieces_and_merged_writes_hold_the_same_bytes() {
    let all: Vec<u8> = (0..6).flat_map(|index| frame(index).to_vec()).collect();
    let pieces = written(&stream_steps(events(), &Fault::Split(7)));
    assert!(pieces.iter().rev().skip(1).all(|piece| piece.len() == 7));
    assert_eq!(pieces.concat(), all);
    assert_eq!(written(&stream_steps(events(), &Fault::Merged)), [Bytes::from(all)]);
}

#[test]
fn metadata_can_be_left_out_and_frames_delayed() {
    assert_eq!(written(&stream_steps(events(), &Fault::NoMetadata)).len(), 5);
    let slow = stream_steps(events(), &Fault::SlowEach(Duration::from_millis(3)));
    assert_eq!(
        slow.iter().filter(|step| **step == Step::Wait(Duration::from_millis(3))).count(),
        6
    );
}

#[test]
fn a_whole_body_is_cut_in_its_middle() {
    let steps = whole_steps(Bytes::from_static(b"abcdef"), &Fault::After(3, Break::Cut));
    assert_eq!(steps, [Step::Write(Bytes::from_static(b"abc")), Step::Cut]);
}

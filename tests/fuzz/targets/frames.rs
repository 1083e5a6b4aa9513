//! Any bytes, cut anywhere, into the decoder of event-stream frames.
//!
//! ```sh
//! tests/fuzz/seed
//! cargo fuzz run --fuzz-dir tests/fuzz --sanitizer none frames -- -max_len=4096 -timeout=10 -max_total_time=480
//! ```
//!
//! (The stable toolchain has no sanitizers.)
//!
//! However the bytes are cut, the frames and the error after them are the same,
//! nothing panics, and what is allocated stays in proportion to what was read,
//! whatever the lengths in it claim.
//!
//! The input: one byte of [flags](REPAIR), one that says how many sizes of pieces
//! follow, these sizes, and the bytes to decode.

#![no_main]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bedrock_gateway::aws::event_stream::{Decoder, Frame};
use libfuzzer_sys::fuzz_target;

/// Sets right the checksums of what looks like a frame: no mutation finds them.
const REPAIR: u8 = 1;
/// What is allocated at most per byte of input: a header takes three bytes, and some
/// eighty once it is read, in a list that grows by doubling.
const MAX_GROWTH: usize = 128;
/// What is allocated at most beside that.
const MAX_OVERHEAD: usize = 64 * 1024;

fuzz_target!(|data: &[u8]| {
    let [flags, n_sizes, rest @ ..] = data else { return };
    let n_sizes = usize::from(n_sizes % 8);
    let Some((sizes, bytes)) = rest.split_at_checked(n_sizes) else { return };
    let mut bytes = bytes.to_vec();
    if flags & REPAIR != 0 {
        repair(&mut bytes);
    }
    let before = ALLOCATED.load(Relaxed);
    PEAK.store(before, Relaxed);
    decode(pieces(&bytes, sizes), drop);
    let growth = PEAK.load(Relaxed).saturating_sub(before);
    assert!(growth <= MAX_GROWTH * bytes.len() + MAX_OVERHEAD, "{growth} bytes were allocated");

    let (mut whole, mut cut) = (Vec::new(), Vec::new());
    let end = decode(std::iter::once(&bytes[..]), |frame| whole.push(frame));
    let end_of_cut = decode(pieces(&bytes, sizes), |frame| cut.push(frame));
    assert_eq!((cut, end_of_cut), (whole, end));
});

/// Reads all that there is, as `upstream::events` does, and tells how it ended.
fn decode<'b>(pieces: impl Iterator<Item = &'b [u8]>, mut found: impl FnMut(Frame)) -> String {
    let mut decoder = Decoder::default();
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => found(frame),
                Ok(None) => break,
                Err(error) => return format!("{error:?}"),
            }
        }
    }
    format!("{:?}", decoder.end())
}

/// The bytes in pieces of these sizes, over and over; one by one if there are none.
fn pieces<'b>(bytes: &'b [u8], sizes: &[u8]) -> impl Iterator<Item = &'b [u8]> {
    let mut left = bytes;
    let mut sizes: Vec<usize> = sizes.iter().map(|size| usize::from(*size)).collect();
    if sizes.iter().all(|size| *size == 0) {
        sizes = vec![1];
    }
    let mut sizes = sizes.into_iter().cycle();
    std::iter::from_fn(move || {
        let size = sizes.next()?.min(left.len());
        let piece = left.split_off(..size)?;
        (!left.is_empty() || !piece.is_empty()).then_some(piece)
    })
}

fn repair(bytes: &mut [u8]) {
    let mut left = bytes;
    while let Some(length) = left.first_chunk().map(|length| u32::from_be_bytes(*length) as usize) {
        if length < 16 || length > left.len() {
            return;
        }
        let (frame, rest) = left.split_at_mut(length);
        let of_prelude = crc32fast::hash(&frame[..8]).to_be_bytes();
        frame[8..12].copy_from_slice(&of_prelude);
        let of_all = crc32fast::hash(&frame[..length - 4]).to_be_bytes();
        frame[length - 4..].copy_from_slice(&of_all);
        left = rest;
    }
}

/// Counts what is allocated.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is done by the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = ALLOCATED.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(now, Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

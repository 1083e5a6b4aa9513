//! What the emulator remembers between requests: throttle counters and the
//! prompt cache, both bounded, and the key that its credentials are issued under.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use super::Options;
use super::body::Body;
use super::cache::{CacheUse, Memory};
use super::mint::Mint;

/// Pairs of a name and a caller that are counted; the oldest is forgotten.
const MAX_COUNTERS: usize = 1_024;

/// Shared by all connections of one emulator.
pub(super) struct State {
    pub(super) options: Options,
    pub(super) mint: Mint,
    counters: Mutex<Counters>,
    memory: Mutex<Memory>,
}

impl State {
    pub(super) fn new(options: Options) -> Self {
        Self { options, mint: Mint::new(), counters: Mutex::default(), memory: Mutex::default() }
    }

    /// Whether this call is among the first `limit` of its model, role or key and its
    /// caller; the call after them starts the count again.
    pub(super) fn is_among_first(&self, name: &str, caller: &str, limit: u64) -> bool {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.count((name.to_owned(), caller.to_owned()), limit)
    }

    /// What the request reads from the prompt cache and writes to it.
    pub(super) fn cache_use(&self, body: Body<'_>, model: &str) -> Option<CacheUse> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).visit(body, model)
    }
}

type Key = (String, String);

#[derive(Default)]
struct Counters {
    calls: HashMap<Key, u64>,
    order: VecDeque<Key>,
}

impl Counters {
    fn count(&mut self, key: Key, limit: u64) -> bool {
        if !self.calls.contains_key(&key) {
            self.order.push_back(key.clone());
            if self.order.len() > MAX_COUNTERS
                && let Some(oldest) = self.order.pop_front()
            {
                self.calls.remove(&oldest);
            }
        }
        let calls = self.calls.entry(key).or_insert(0);
        if *calls < limit {
            *calls += 1;
            true
        } else {
            *calls = 0;
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_calls_are_throttled_again_and_again() {
        let mut counters = Counters::default();
        let mut call = |caller: &str| counters.count(("m".to_owned(), caller.to_owned()), 2);
        assert_eq!([call("a"), call("a"), call("a"), call("a")], [true, true, false, true]);
        assert!(call("b"));
    }

    #[test]
    fn counters_are_bounded() {
        let mut counters = Counters::default();
        for index in 0..MAX_COUNTERS + 7 {
            counters.count((index.to_string(), String::new()), 1);
        }
        assert_eq!(counters.calls.len(), MAX_COUNTERS);
        assert_eq!(counters.order.len(), MAX_COUNTERS);
    }
}

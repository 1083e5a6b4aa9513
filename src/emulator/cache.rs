//! Prompt caching: what stood before a cache point is remembered by digest, so
//! that the second request with the same prefix reads it.
//!
//! Nothing expires and there is no smallest length; AWS has both.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::body::{self, Body, text_member};
use super::reply::{count_block, count_tool};

/// Remembered prefixes: a digest and a number each, so a quarter of a megabyte.
/// The oldest is forgotten first.
const MAX_PREFIXES: usize = 4_096;

type Prefix = [u8; 32];

/// Prefixes earlier requests wrote.
#[derive(Default)]
pub(super) struct Memory {
    known: HashMap<Prefix, u64>,
    order: VecDeque<Prefix>,
}

/// What a request read from the cache and wrote to it, in tokens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct CacheUse {
    pub(super) read: u64,
    /// Tokens written, by time to live, in the order of the cache points.
    pub(super) writes: Vec<(String, u64)>,
}

impl CacheUse {
    /// All tokens written.
    pub(super) fn written(&self) -> u64 {
        self.writes.iter().map(|(_, tokens)| tokens).sum()
    }
}

impl Memory {
    /// Looks a request up and remembers it; `None` when it has no cache point.
    pub(super) fn visit(&mut self, body: Body<'_>, model: &str) -> Option<CacheUse> {
        let points = points(body, model);
        if points.is_empty() {
            return None;
        }
        let read = points
            .iter()
            .filter_map(|point| self.known.get(&point.prefix))
            .copied()
            .max()
            .unwrap_or(0);
        let mut usage = CacheUse { read, writes: Vec::new() };
        let mut covered = read;
        for point in points {
            if point.tokens > covered {
                let fresh = point.tokens - covered;
                covered = point.tokens;
                match usage.writes.iter_mut().find(|(ttl, _)| *ttl == point.ttl) {
                    Some((_, tokens)) => *tokens += fresh,
                    None => usage.writes.push((point.ttl, fresh)),
                }
            }
            self.remember(point.prefix, point.tokens);
        }
        Some(usage)
    }

    fn remember(&mut self, prefix: Prefix, tokens: u64) {
        if self.known.insert(prefix, tokens).is_none() {
            self.order.push_back(prefix);
        }
        if self.order.len() > MAX_PREFIXES
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

struct Point {
    prefix: Prefix,
    tokens: u64,
    ttl: String,
}

/// The cache points in the order the service reads a request: tools, system,
/// messages.
fn points(body: Body<'_>, model: &str) -> Vec<Point> {
    let mut reader =
        Reader { digest: Sha256::new().chain_update(model), tokens: 0, points: Vec::new() };
    for tool in body.tools() {
        reader.read(tool, count_tool(tool));
    }
    reader.mark("system");
    for block in body.system() {
        reader.read(block, count_block(block));
    }
    for message in body.messages() {
        reader.mark(body::role(message));
        for block in body::content(message) {
            reader.read(block, count_block(block));
        }
    }
    reader.points
}

struct Reader {
    digest: Sha256,
    tokens: u64,
    points: Vec<Point>,
}

impl Reader {
    fn read(&mut self, block: &Value, tokens: u64) {
        if let Some(point) = block.get("cachePoint") {
            let ttl = text_member(point, "ttl").unwrap_or("5m").to_owned();
            let prefix = self.digest.clone().finalize().into();
            self.points.push(Point { prefix, tokens: self.tokens, ttl });
        } else {
            self.mark(&block.to_string());
            self.tokens += tokens;
        }
    }

    fn mark(&mut self, text: &str) {
        self.digest.update(text.len().to_be_bytes());
        self.digest.update(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with_points(last: &str) -> Value {
        json!({
            "system": [{"text": "one two three"}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
            "messages": [{"role": "user", "content": [
                {"text": "four five"}, {"cachePoint": {"type": "default"}}, {"text": last}
            ]}]
        })
    }

    #[test]
    fn a_prefix_is_written_once_and_read_afterwards() {
        let mut memory = Memory::default();
        let first = memory.visit(Body(&with_points("a")), "m").unwrap();
        assert_eq!(first.read, 0);
        assert_eq!(first.writes, [("1h".to_owned(), 3), ("5m".to_owned(), 2)]);
        let second = memory.visit(Body(&with_points("b")), "m").unwrap();
        assert_eq!((second.read, second.written()), (5, 0));
        let other_model = memory.visit(Body(&with_points("b")), "n").unwrap();
        assert_eq!((other_model.read, other_model.written()), (0, 5));
    }

    #[test]
    fn without_points_there_is_no_cache_usage() {
        let body = json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]});
        assert_eq!(Memory::default().visit(Body(&body), "m"), None);
    }

    #[test]
    fn memory_is_bounded() {
        let mut memory = Memory::default();
        for index in 0..=MAX_PREFIXES + 5 {
            let mut prefix = [0; 32];
            prefix[..8].copy_from_slice(&index.to_be_bytes());
            memory.remember(prefix, 1);
        }
        assert_eq!(memory.known.len(), MAX_PREFIXES);
        assert_eq!(memory.order.len(), MAX_PREFIXES);
    }
}

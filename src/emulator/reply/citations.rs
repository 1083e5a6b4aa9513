//! Quotations from documents and search results that may be cited.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::Block;
use crate::emulator::body::{self, Body, items, part, text_member};

/// Longest quotation, in characters.
const MAX_QUOTE: usize = 200;
/// What a PDF says, of which nothing is read.
const UNREAD: &str = "What the first page says.";

/// A quotation from everything in the last user's turn that may be cited.
pub(super) fn blocks(body: Body<'_>) -> Vec<Block> {
    if body.0.pointer("/outputConfig/textFormat").is_some() {
        return Vec::new();
    }
    let said = body.last_user_blocks();
    let cited = all(body, "document")
        .into_iter()
        .enumerate()
        .map(|(index, document)| (document, of_document as Quoting, index));
    let found = all(body, "searchResult")
        .into_iter()
        .enumerate()
        .map(|(index, result)| (result, of_search_result as Quoting, index));
    let mut blocks = Vec::new();
    for (source, quote, index) in cited.chain(found) {
        let is_cited = source.pointer("/citations/enabled") == Some(&Value::Bool(true));
        if !is_cited || !is_among(source, &said) {
            continue;
        }
        if !blocks.is_empty() {
            blocks.push(Block::Text(" And: ".to_owned()));
        }
        let (text, citation) = quote(source, index);
        blocks.push(Block::Cited { text, citations: vec![citation] });
    }
    blocks
}

/// The text quoted and its citation.
type Quoting = fn(&Value, usize) -> (String, Value);

/// Every block of a kind, those in tool results too: they are counted through.
fn all<'a>(body: Body<'a>, kind: &'static str) -> Vec<&'a Value> {
    body.messages()
        .iter()
        .flat_map(body::content)
        .flat_map(|block| within(block).filter_map(move |block| part(block, kind)))
        .collect()
}

/// A block and what a tool result has in it.
fn within(block: &Value) -> impl Iterator<Item = &Value> {
    let results = part(block, "toolResult").map_or(&[][..], |result| items(result, "content"));
    std::iter::once(block).chain(results)
}

fn is_among(source: &Value, said: &[&Value]) -> bool {
    said.iter()
        .flat_map(|block| within(block))
        .filter_map(|block| part(block, "document").or_else(|| part(block, "searchResult")))
        .any(|candidate| std::ptr::eq(candidate, source))
}

fn of_document(document: &Value, index: usize) -> (String, Value) {
    let source = document.get("source").unwrap_or(&Value::Null);
    let location = |kind: &str, start: usize, end: usize| json!({kind: {"documentIndex": index, "start": start, "end": end}});
    let (text, location) = if part(source, "content").is_some() {
        (first_text(source), location("documentChunk", 0, 1))
    } else if let Some(text) = plain_text(document, source) {
        let text = first_sentence(&text);
        let end = text.chars().count();
        (text, location("documentChar", 0, end))
    } else {
        (UNREAD.to_owned(), location("documentPage", 1, 2))
    };
    let citation = json!({
        "location": location,
        "sourceContent": [{"text": text}],
        "title": text_member(document, "name"),
    });
    (text, citation)
}

fn of_search_result(result: &Value, index: usize) -> (String, Value) {
    let text = first_text(result);
    let citation = json!({
        "location": {"searchResultLocation": {"searchResultIndex": index, "start": 0, "end": 1}},
        "source": text_member(result, "source"),
        "sourceContent": [{"text": text}],
        "title": text_member(result, "title"),
    });
    (text, citation)
}

/// The words of a document that is text.
fn plain_text(document: &Value, source: &Value) -> Option<String> {
    if let Some(text) = text_member(source, "text") {
        return Some(text.to_owned());
    }
    if text_member(document, "format") != Some("txt") {
        return None;
    }
    let bytes = BASE64_STANDARD.decode(text_member(source, "bytes")?).ok()?;
    String::from_utf8(bytes).ok()
}

fn first_text(source: &Value) -> String {
    let first = items(source, "content").first().and_then(|part| text_member(part, "text"));
    first_sentence(first.unwrap_or_default())
}

fn first_sentence(text: &str) -> String {
    let end = text.find(". ").map_or(text.len(), |at| at + 1);
    text.get(..end).unwrap_or_default().chars().take(MAX_QUOTE).collect()
}

//! Files that a request only points at.
//!
//! Translation does no I/O: [`remote_urls`] says what is to be fetched, and what
//! came is handed to the translation as [`RemoteFiles`].

use std::collections::{HashMap, HashSet};

use super::base64::encode;
use super::reference::{Reference, reference};
use crate::openai::chat::{Request, Role};

/// A file that was fetched.
#[derive(Debug)]
pub struct RemoteFile {
    /// What the server said it is.
    pub(super) media_type: Option<String>,
    /// The file, in standard base64.
    pub(super) base64: String,
}

impl RemoteFile {
    /// A file and what the server said it is.
    #[must_use]
    pub fn new(media_type: Option<String>, bytes: &[u8]) -> Self {
        Self { media_type, base64: encode(bytes) }
    }
}

/// The files of one request, by the URL that the client wrote.
#[derive(Debug, Default)]
pub struct RemoteFiles(HashMap<String, RemoteFile>);

impl RemoteFiles {
    pub(super) fn get(&self, url: &str) -> Option<&RemoteFile> {
        self.0.get(url)
    }
}

impl FromIterator<(String, RemoteFile)> for RemoteFiles {
    fn from_iter<T: IntoIterator<Item = (String, RemoteFile)>>(files: T) -> Self {
        Self(files.into_iter().collect())
    }
}

/// Every `http:` and `https:` URL of a request that has to be fetched, each once,
/// with the place where it stands first (`messages[0].content[1].image_url.url`).
#[must_use]
pub fn remote_urls(request: &Request) -> Vec<(String, &str)> {
    let mut found: Vec<(String, &str)> = Vec::new();
    let mut known: HashSet<&str> = HashSet::new();
    for (i, message) in request.messages().iter().enumerate() {
        // Instructions are made of text.
        if matches!(message.role, Role::System | Role::Developer) {
            continue;
        }
        for (list, parts) in message.part_lists() {
            for (j, part) in parts.iter().enumerate() {
                let place = format_args!("messages[{i}].{list}[{j}]");
                // What is wrong with a part is told when it is translated.
                let Ok(Some((member, Reference { url, .. }))) = reference(part, place) else {
                    continue;
                };
                let url = url.trim();
                // What is said to be base64 is no URL.
                if member != "source.data" && is_remote(url) && known.insert(url) {
                    found.push((format!("{place}.{member}"), url));
                }
            }
        }
    }
    found
}

/// Whether a URL is to be fetched.
fn is_remote(url: &str) -> bool {
    let scheme = url.split(':').next().unwrap_or_default();
    scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_found_once_and_with_their_place() {
        let body = r#"{"messages":[
            {"role":"user","content":[
                {"type":"text","text":"https://example.com/not-this"},
                {"type":"image_url","image_url":{"url":" HTTPS://example.com/a.png "}},
                {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
                {"type":"file","file":{"file_url":"https://example.com/b.pdf"}},
                {"type":"image","source":{"type":"url","url":"https://example.com/c.png"}}]},
            {"role":"tool","tool_call_id":"x","content":[
                {"type":"image_url","image_url":{"url":"https://example.com/b.pdf"}}]}]}"#;
        let request: Request = serde_json::from_str(body).unwrap();
        let found = remote_urls(&request);
        let found: Vec<_> = found.iter().map(|(place, url)| (place.as_str(), *url)).collect();
        assert_eq!(
            found,
            [
                ("messages[0].content[1].image_url.url", "HTTPS://example.com/a.png"),
                ("messages[0].content[3].file.file_url", "https://example.com/b.pdf"),
                ("messages[0].content[4].source.url", "https://example.com/c.png"),
            ]
        );
    }
}

//! What the rules about messages share while one request is translated.

use super::cache;
use super::error::Error;
use super::media::{DocumentNames, RemoteFiles};
use super::names::ToolNames;
use super::offer::History;
use super::report::Report;
use crate::bedrock::request::{CachePointBlock, ContentBlock, DocumentSource};
use crate::models::ModelProfile;
use crate::openai::chat::CacheControl;

/// What stands in where Bedrock wants a text and there is none: a blank one is
/// refused, and this says as little as can be said.
pub(super) const FILLER: &str = ".";

/// Facts about the request, and what has been found out on the way.
pub(super) struct Scene<'a, 's> {
    pub(super) profile: &'s ModelProfile,
    pub(super) files: &'a RemoteFiles,
    pub(super) names: &'s ToolNames,
    pub(super) history: History,
    pub(super) documents: DocumentNames,
    pub(super) report: &'s mut Report,
}

impl Scene<'_, '_> {
    /// The cache point that a mark asks for; none where the family has no caching.
    pub(super) fn cache_point(
        &mut self,
        mark: Option<&CacheControl>,
        place: std::fmt::Arguments<'_>,
    ) -> Result<Option<CachePointBlock>, Error> {
        cache::point(mark, self.profile, self.report, place)
    }
}

/// Sets a cache point at the end of what was said so far, if there is anything.
pub(super) fn push_cache_point(blocks: &mut Vec<ContentBlock<'_>>, point: CachePointBlock) {
    match blocks.last() {
        // Reasoning cannot be marked.
        None | Some(ContentBlock::CachePoint(_) | ContentBlock::ReasoningContent(_)) => return,
        // The service refuses a point right after a document that it turns into text.
        Some(ContentBlock::Document(document))
            if document.format != "pdf"
                || matches!(
                    document.source,
                    DocumentSource::Text(_) | DocumentSource::Content(_)
                ) =>
        {
            blocks.push(ContentBlock::Text(FILLER.into()));
        }
        Some(_) => {}
    }
    blocks.push(ContentBlock::CachePoint(point));
}

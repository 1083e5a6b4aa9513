//! `annotations`: which pages of the web parts of an answer come from.
//!
//! OpenAI's form knows pages of the web only. Places in documents are in
//! `content_blocks`, outside strict mode.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::openai::chat::{Annotation, UrlCitation};

/// The page that one of Bedrock's citations names, if it does.
pub(super) fn of_web(
    citation: &RawValue,
    start_index: usize,
    end_index: usize,
) -> Option<Annotation> {
    #[derive(Deserialize)]
    struct Citation {
        title: Option<String>,
        location: Option<Location>,
    }
    #[derive(Deserialize)]
    struct Location {
        web: Option<Web>,
    }
    #[derive(Deserialize)]
    struct Web {
        url: Option<String>,
    }
    let citation: Citation = serde_json::from_str(citation.get()).ok()?;
    let url = citation.location?.web?.url?;
    let title = citation.title.unwrap_or_else(|| url.clone());
    Some(Annotation::UrlCitation {
        url_citation: UrlCitation { start_index, end_index, title, url },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotation(json: &str) -> Option<Annotation> {
        of_web(&RawValue::from_string(json.to_owned()).unwrap(), 3, 7)
    }

    #[test]
    fn pages_become_annotations_and_documents_do_not() {
        let Some(Annotation::UrlCitation { url_citation }) = annotation(
            r#"{"location":{"web":{"url":"https://a.example/x","domain":"a.example"}}}"#,
        ) else {
            panic!("no annotation");
        };
        assert_eq!(url_citation.url, "https://a.example/x");
        assert_eq!(url_citation.title, "https://a.example/x");
        assert_eq!((url_citation.start_index, url_citation.end_index), (3, 7));
        for other in [
            r#"{"title":"t","location":{"documentChar":{"documentIndex":0,"start":1,"end":2}}}"#,
            r#"{"title":"t"}"#,
            r#"{"location":{"web":{}}}"#,
        ] {
            assert_eq!(annotation(other), None);
        }
    }
}

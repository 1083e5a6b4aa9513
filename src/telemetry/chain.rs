//! Errors with their causes, in one line.

use std::error::Error;

/// An error and what caused it, in one line. A cause that the text ends with already,
/// since its error repeats it, is not written twice.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        #[source]
        source: Option<Box<Link>>,
    }

    fn link(text: &'static str, source: Option<Link>) -> Link {
        Link { text, source: source.map(Box::new) }
    }

    #[test]
    fn names_every_cause_once() {
        let disk = || link("(code: 11) malformed", None);
        let error = link("the database cannot be used", Some(link("refused", Some(disk()))));
        assert_eq!(chain(&error), "the database cannot be used: refused: (code: 11) malformed");
        let error = link("master.key: (code: 11) malformed", Some(disk()));
        assert_eq!(chain(&error), "master.key: (code: 11) malformed");
    }
}

//! Names of documents.

use std::collections::{HashMap, HashSet};

use super::format::labelled;

/// What Bedrock takes at most, in characters.
const MAX_LENGTH: usize = 200;
/// Room for what makes a name unique.
const MAX_STEM: usize = 190;

/// The names of one request. Each is legal and unique, and the same again when
/// the same conversation comes again: a name that changes would spoil the prompt
/// cache.
#[derive(Debug, Default)]
pub(in super::super) struct DocumentNames {
    taken: HashSet<String>,
    /// By stem, and whether the document had a name, the number from which on names
    /// may be free: a request may call thousands of documents the same.
    numbers: HashMap<(String, bool), usize>,
}

impl DocumentNames {
    /// A name for the next document, after the one it was given, if any.
    pub(in super::super) fn next(&mut self, given: Option<&str>) -> String {
        let stem = given.map(legal).filter(|name| !name.is_empty());
        let unnamed = stem.is_none();
        let stem = stem.unwrap_or_else(|| "document".to_owned());
        let key = (stem, unnamed);
        let mut number = self.numbers.get(&key).copied().unwrap_or(usize::from(unnamed));
        loop {
            let stem = &key.0;
            let name = match (unnamed, number) {
                (true, n) => format!("{stem}-{n}"),
                (false, 0) => stem.clone(),
                (false, n) => format!("{stem} ({})", n + 1),
            };
            number += 1;
            if self.taken.insert(name.clone()) {
                self.numbers.insert(key, number);
                return name;
            }
        }
    }
}

/// Letters, digits, `-`, `_`, brackets and single spaces, without the extension.
fn legal(name: &str) -> String {
    let name = match name.rsplit_once('.') {
        Some((stem, extension)) if labelled(extension).is_some() => stem,
        _ => name,
    };
    let mut legal = String::with_capacity(name.len().min(MAX_LENGTH));
    for c in name.chars() {
        let c = match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '(' | ')' | '[' | ']') => c,
            c if c.is_whitespace() => ' ',
            _ => '-',
        };
        // One of a kind is enough of what stands for something else.
        if legal.ends_with(' ') && c == ' ' {
            continue;
        }
        legal.push(c);
        if legal.len() >= MAX_STEM {
            break;
        }
    }
    let trimmed = legal.trim_matches(' ');
    if trimmed.bytes().any(|b| b.is_ascii_alphanumeric()) {
        trimmed.to_owned()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_legal() {
        for (given, name) in [
            ("report.pdf", "report"),
            ("sample_2.pdf", "sample_2"),
            ("John's  resumé.pdf", "John-s resum-"),
            ("a\t b.v1", "a b-v1"),
            ("Document 1.docx", "Document 1"),
            (" [x] (y) ", "[x] (y)"),
            ("s3://bucket/key.csv", "s3---bucket-key"),
        ] {
            assert_eq!(legal(given), name);
        }
        assert_eq!(legal(&"x".repeat(500)).len(), MAX_STEM);
    }

    #[test]
    fn names_are_unique_and_the_same_again() {
        let run = || {
            let mut names = DocumentNames::default();
            [Some("a.pdf"), Some("a.txt"), None, Some("报告.pdf"), Some("a (2).md"), Some("a.pdf")]
                .map(|given| names.next(given))
        };
        assert_eq!(run(), ["a", "a (2)", "document-1", "document-2", "a (2) (2)", "a (3)"]);
        assert_eq!(run(), run());
    }

    #[test]
    fn a_stem_is_the_same_whether_it_was_given_or_not() {
        let mut names = DocumentNames::default();
        let given = [None, Some("document"), None, Some("document-3"), None, Some("document")];
        let expected =
            ["document-1", "document", "document-2", "document-3", "document-4", "document (2)"];
        assert_eq!(given.map(|given| names.next(given)), expected);
    }

    #[test]
    fn thousands_of_documents_may_have_one_name() {
        let mut names = DocumentNames::default();
        let last = (0..20_000).map(|_| names.next(Some("a"))).last();
        assert_eq!(last.as_deref(), Some("a (20000)"));
    }
}

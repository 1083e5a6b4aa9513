//! What builds and checks the project is fixed: actions by commit, images by digest, tools by version.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::fs;
use std::path::Path;

const DOCKERFILE: &str = include_str!("../Dockerfile");

/// Name and text of every workflow.
fn workflows() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |file: std::path::PathBuf| {
        let text = fs::read_to_string(&file).unwrap();
        (file.file_name().unwrap().display().to_string(), text)
    };
    let workflows: Vec<_> = files.map(read).collect();
    assert!(!workflows.is_empty());
    workflows
}

/// What follows `marker` in each line that has it, up to a space.
fn words_after<'a>(text: &'a str, marker: &str) -> Vec<&'a str> {
    let after = |line: &'a str| line.split_once(marker)?.1.split_whitespace().next();
    text.lines().filter_map(after).collect()
}

fn is_hex(text: &str, n_digits: usize) -> bool {
    text.len() == n_digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn has_digest(image: &str) -> bool {
    image.split_once("@sha256:").is_some_and(|(_, digest)| is_hex(digest, 64))
}

#[test]
fn actions_are_fixed_by_commit() {
    for (file, text) in workflows() {
        for action in words_after(&text, "uses: ") {
            let commit = action.split_once('@').map(|(_, commit)| commit);
            assert!(commit.is_some_and(|commit| is_hex(commit, 40)), "{file}: {action}");
        }
    }
}

#[test]
fn images_are_fixed_by_digest() {
    let bases: Vec<_> = DOCKERFILE
        .lines()
        .filter_map(|line| line.strip_prefix("FROM "))
        .flat_map(|line| line.split_whitespace().find(|word| !word.starts_with("--")))
        .collect();
    assert_eq!(bases.len(), 2, "{bases:?}");
    for image in bases {
        assert!(has_digest(image), "Dockerfile: {image}");
    }
    for (file, text) in workflows() {
        for marker in ["image: ", "driver-opts: image=", "generator="] {
            // The name of a job is no image.
            for image in words_after(&text, marker).into_iter().filter(|word| word.contains('/')) {
                assert!(has_digest(image), "{file}: {image}");
            }
        }
    }
}

#[test]
fn tools_have_one_version_everywhere() {
    let one = |found: Vec<String>, tool: &str| {
        let first = found.first().unwrap_or_else(|| panic!("{tool} is used nowhere")).clone();
        assert!(found.iter().all(|version| *version == first), "{tool}: {found:?}");
        first
    };
    let texts = || workflows().into_iter().map(|(_, text)| text);

    let mut deny: Vec<_> = words_after(include_str!("../.ci/run"), "deny_version=")
        .into_iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(deny.len(), 1);
    deny.extend(texts().flat_map(|text| {
        words_after(&text, "cargo-deny@").into_iter().map(str::to_owned).collect::<Vec<_>>()
    }));
    assert_eq!(deny.len(), 2, "{deny:?}");
    one(deny, "cargo-deny");

    let default = texts().flat_map(|text| {
        words_after(&text, "rustup default ").into_iter().map(str::to_owned).collect::<Vec<_>>()
    });
    let rust = one(default.collect(), "Rust");
    assert_eq!(words_after(DOCKERFILE, "rust:").len(), 1);
    assert!(DOCKERFILE.contains(&format!(" rust:{rust}-slim-bookworm@")), "Rust {rust}");
}

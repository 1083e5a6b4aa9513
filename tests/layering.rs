//! Holds the directions in which rooms may know each other, so that nobody has
//! to remember them. The map is the doc of `src/lib.rs`.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms it may use; every room may use itself.
const ROOMS: [(&str, &[&str]); 21] = [
    ("json", &[]),
    ("openai", &["json"]),
    ("portkey", &[]),
    ("bedrock", &[]),
    ("models", &[]),
    ("aws", &[]),
    ("telemetry", &[]),
    ("emulator", &[]),
    ("limits", &[]),
    ("translate", &["json", "openai", "bedrock", "models"]),
    ("upstream", &["aws", "bedrock"]),
    ("store", &[]),
    ("vault", &["aws", "store", "telemetry"]),
    ("access", &["aws", "json", "portkey", "store", "telemetry", "upstream", "vault"]),
    ("routing", &["access", "json", "bedrock", "models", "translate", "aws", "upstream", "vault"]),
    ("settings", &["access", "json", "models", "translate", "aws", "routing", "upstream", "vault"]),
    (
        "api",
        &[
            "access",
            "json",
            "limits",
            "openai",
            "portkey",
            "bedrock",
            "translate",
            "aws",
            "store",
            "upstream",
            "routing",
            "telemetry",
            "vault",
        ],
    ),
    (
        "app",
        &[
            "access",
            "api",
            "aws",
            "limits",
            "routing",
            "settings",
            "store",
            "telemetry",
            "upstream",
            "vault",
        ],
    ),
    ("signals", &[]),
    ("cli", &[]),
    (
        "commands",
        &[
            "access", "api", "app", "portkey", "aws", "cli", "emulator", "routing", "settings",
            "signals", "store", "vault",
        ],
    ),
];

/// Crates that only one room may name.
const ONE_ROOM_CRATES: [(&str, &[&str]); 3] =
    [("axum", &["api"]), ("reqwest", &["upstream"]), ("sqlx", &["store"])];

fn sources(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            sources(&entry.unwrap().path(), found);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        found.push(path.to_owned());
    }
}

/// The first word after each `prefix` in a text.
fn names_after<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(prefix).map(move |(at, _)| {
        let rest = &text[at + prefix.len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

#[test]
fn rooms_know_only_the_rooms_below_them() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 40, "the sources were not found");
    let mut wrong = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&src).unwrap();
        let room = relative.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if matches!(room, "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{room} is not on the map"));
            continue;
        };
        let text = fs::read_to_string(&file).unwrap();
        // `use crate::{a, b}` would hide names from this test.
        if text.contains("crate::{") {
            wrong.push(format!("{} groups rooms in one `use`", relative.display()));
        }
        for used in names_after(&text, "crate::") {
            let known = ROOMS.iter().any(|(name, _)| *name == used);
            if known && used != room && !allowed.contains(&used) {
                wrong.push(format!("{} uses {used}", relative.display()));
            }
        }
        for (name, rooms) in ONE_ROOM_CRATES {
            if text.contains(&format!("{name}::")) && !rooms.contains(&room) {
                wrong.push(format!("{} uses the crate {name}", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

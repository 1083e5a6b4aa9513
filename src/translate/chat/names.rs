//! Names of tools and ids of their calls in the form that Bedrock takes.
//!
//! What is legal already is not touched. Another name or id is replaced by an
//! alias that depends on nothing but itself, so that prompt caches see the same
//! prompt again; names are turned back in the answer. The mapping belongs to one
//! request: two requests cannot see each other's names.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use crate::models::{ModelProfile, ToolNames as Charset, ToolUseIds};

/// What Converse takes at most, for names and for ids.
const MAX_LENGTH: usize = 64;
/// How much of a digest tells two aliases apart.
const DIGEST_LENGTH: usize = 8;
/// How long an id is that Mistral's models make.
const MISTRAL_ID_LENGTH: usize = 9;

/// The names of one request and their aliases.
#[derive(Debug, Clone, Default)]
pub(super) struct ToolNames {
    /// From the client's name.
    aliases: HashMap<String, String>,
}

impl ToolNames {
    /// Finds an alias for each of the names that needs one.
    pub(super) fn new<'n>(
        names: impl Iterator<Item = &'n str> + Clone,
        profile: &ModelProfile,
    ) -> Self {
        let charset = profile.tool_names;
        if names.clone().all(|name| is_legal_name(name, charset)) {
            return Self::default();
        }
        let mut taken: HashSet<String> = names.clone().map(str::to_owned).collect();
        let mut aliases = HashMap::new();
        for name in names.filter(|name| !is_legal_name(name, charset)) {
            if aliases.contains_key(name) {
                continue;
            }
            // The first attempt is as good as always free.
            let alias = (0..=taken.len())
                .map(|attempt| alias_of_name(name, attempt, charset))
                .find(|alias| !taken.contains(alias));
            if let Some(alias) = alias {
                taken.insert(alias.clone());
                aliases.insert(name.to_owned(), alias);
            }
        }
        Self { aliases }
    }

    /// The name as Bedrock gets it.
    pub(super) fn to_bedrock<'a>(&self, name: &'a str) -> Cow<'a, str> {
        match self.aliases.get(name) {
            None => Cow::Borrowed(name),
            Some(alias) => Cow::Owned(alias.clone()),
        }
    }

    /// The way back: the client's name of each alias.
    pub(super) fn into_originals(self) -> HashMap<String, String> {
        self.aliases.into_iter().map(|(name, alias)| (alias, name)).collect()
    }
}

/// Whether Converse takes this as the name of a tool, be it the client's or AWS's own.
pub(super) fn is_legal(name: &str) -> bool {
    is_legal_name(name, Charset::WithHyphens)
}

fn is_legal_name(name: &str, charset: Charset) -> bool {
    let is_legal = |byte: u8| match byte {
        b'-' => charset == Charset::WithHyphens,
        byte => byte.is_ascii_alphanumeric() || byte == b'_',
    };
    name.len() <= MAX_LENGTH
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(is_legal)
}

fn alias_of_name(name: &str, attempt: usize, charset: Charset) -> String {
    let readable = name.chars().map(|c| match c {
        '-' if charset == Charset::WithHyphens => '-',
        c if c.is_ascii_alphanumeric() => c,
        _ => '_',
    });
    let mut alias =
        String::from(if name.starts_with(|c: char| c.is_ascii_alphabetic()) { "" } else { "t_" });
    alias.extend(readable.take(MAX_LENGTH - DIGEST_LENGTH - "t__".len()));
    alias.push('_');
    alias.push_str(&digest(name, attempt, DIGEST_LENGTH));
    alias
}

/// The id of a call as Bedrock gets it; the same for a call and its result.
pub(super) fn tool_use_id<'a>(id: &'a str, profile: &ModelProfile) -> Cow<'a, str> {
    let is_legal = !id.is_empty()
        && id.len() <= MAX_LENGTH
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-'));
    match profile.tool_use_ids {
        ToolUseIds::Any if is_legal => Cow::Borrowed(id),
        ToolUseIds::NineAlphanumerics if is_legal && is_known_to_mistral(id) => Cow::Borrowed(id),
        ToolUseIds::NineAlphanumerics => Cow::Owned(digest(id, 0, MISTRAL_ID_LENGTH)),
        ToolUseIds::Any => {
            let readable = id
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' });
            let mut alias: String = readable.take(MAX_LENGTH - DIGEST_LENGTH - 1).collect();
            alias.push('_');
            alias.push_str(&digest(id, 0, DIGEST_LENGTH));
            Cow::Owned(alias)
        }
    }
}

/// Ids that Bedrock made were seen to pass.
fn is_known_to_mistral(id: &str) -> bool {
    id.starts_with("tooluse_")
        || (id.len() == MISTRAL_ID_LENGTH && id.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The beginning of a SHA-256 in lower case hexadecimal digits.
fn digest(text: &str, attempt: usize, length: usize) -> String {
    let mut hasher = Sha256::new();
    hasher.update(text);
    if attempt > 0 {
        hasher.update(attempt.to_le_bytes());
    }
    let mut hex: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    hex.truncate(length);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models;

    const CLAUDE: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";
    const NOVA: &str = "amazon.nova-lite-v1:0";
    const MISTRAL: &str = "mistral.mistral-large-2402-v1:0";

    fn names(names: &[&'static str], model: &str) -> ToolNames {
        ToolNames::new(names.iter().copied(), models::profile(model))
    }

    #[test]
    fn legal_names_stay() {
        let names = names(&["get_weather", "a-b", "_x", "A1"], CLAUDE);
        assert!(names.aliases.is_empty());
        assert_eq!(names.to_bedrock("a-b"), "a-b");
    }

    #[test]
    fn other_names_get_legal_aliases_that_differ() {
        let long: &'static str =
            "mcp__a_server_with_a_long_name__and_a_tool_with_a_longer_one_still_1";
        let all = ["a.b", "a:b", "a b", "9lives", "-x", "ünïcode", "", long];
        let names = names(&all, CLAUDE);
        let aliases: HashSet<_> = all.iter().map(|name| names.to_bedrock(name)).collect();
        assert_eq!(aliases.len(), all.len());
        assert!(aliases.iter().all(|alias| {
            is_legal_name(alias, Charset::WithHyphens)
                && alias.starts_with(|c: char| c.is_ascii_alphabetic())
        }));
        let originals = names.clone().into_originals();
        for name in all {
            assert_eq!(originals[&*names.to_bedrock(name)], name);
        }
    }

    #[test]
    fn an_alias_does_not_depend_on_the_other_names() {
        let alone = names(&["a.b"], CLAUDE).to_bedrock("a.b").into_owned();
        assert_eq!(names(&["x", "a:b", "a.b"], CLAUDE).to_bedrock("a.b"), alone);
        // Unless somebody chose the alias for a name.
        let taken: &'static str = Box::leak(alone.clone().into_boxed_str());
        let both = names(&["a.b", taken], CLAUDE);
        assert_eq!(both.to_bedrock(taken), taken);
        assert_ne!(both.to_bedrock("a.b"), alone);
    }

    #[test]
    fn nova_gets_no_hyphens() {
        let names = names(&["get-weather", "get_weather"], NOVA);
        assert!(!names.to_bedrock("get-weather").contains('-'));
        assert_eq!(names.to_bedrock("get_weather"), "get_weather");
    }

    #[test]
    fn ids_stay_if_they_can() {
        let claude = models::profile(CLAUDE);
        for id in ["tooluse_abc", "call_1", "functions.get_weather:0", "a"] {
            assert_eq!(tool_use_id(id, claude), id);
        }
        let odd =
            "call_65OReG|fc_0feebb00000000000000000000000000000000000000000000000000000000000000";
        for id in [odd, "", "a b", "é"] {
            let alias = tool_use_id(id, claude);
            assert!(alias.len() <= 64 && !alias.is_empty(), "{alias}");
            assert!(alias.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')));
        }
        assert_ne!(tool_use_id("a b", claude), tool_use_id("a|b", claude));
    }

    #[test]
    fn mistral_gets_ids_of_its_own_kind() {
        let mistral = models::profile(MISTRAL);
        for id in ["tooluse_kZJMlvQmRJ6eAyJE5GIl7Q", "abcDEF123"] {
            assert_eq!(tool_use_id(id, mistral), id);
        }
        for id in ["call_1", "call_2", "x"] {
            let alias = tool_use_id(id, mistral);
            assert!(alias.len() == 9 && alias.bytes().all(|b| b.is_ascii_alphanumeric()));
        }
        assert_ne!(tool_use_id("call_1", mistral), tool_use_id("call_2", mistral));
    }
}

//! Which key is meant, and what its name asks for; see the table in
//! [`super::super`].

use std::fmt::Write as _;
use std::time::Duration;

use super::super::digest;
use super::errors::KmsError;

/// Aliases with a meaning begin with this.
const PREFIX: &str = "emulator-";
/// Longest wait an alias can ask for: clients give up after a minute.
const MAX_DELAY: Duration = Duration::from_secs(60);
/// Longest identifier of a key.
const MAX_LENGTH: usize = 2_048;
/// The id of a key that does not exist.
const NO_KEY: &str = "00000000-0000-0000-0000-000000000000";
/// Aliases whose keys are recognised by their ids as well.
const RECOGNISED: [&str; 3] = ["emulator-denied", "emulator-disabled", "emulator-encrypt-only"];

/// Where a caller looks for keys.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) region: &'a str,
    pub(super) account: &'a str,
}

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) arn: String,
    pub(super) account: String,
    pub(super) id: String,
    pub(super) rule: Rule,
}

/// What becomes of the use of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Usable,
    Denied,
    Disabled,
    /// It may encrypt and make data keys, and nothing may be decrypted.
    EncryptOnly,
    /// The first calls are throttled.
    Throttle(u64),
    /// The answer takes so long.
    Slow(Duration),
    /// The service breaks.
    Broken,
}

impl Key {
    /// The key of an identifier: id, ARN of a key, name or ARN of an alias.
    pub(super) fn of(identifier: &str, place: Place<'_>) -> Result<Self, KmsError> {
        if identifier.is_empty() || identifier.len() > MAX_LENGTH {
            let constraint = "Member must have length between 1 and 2048";
            return Err(KmsError::constraint("'...'", "keyId", constraint));
        }
        let invalid = || not_found(format!("Invalid keyId '{identifier}'"));
        if !identifier.starts_with("arn:") {
            return Self::of_resource(identifier, place).ok_or_else(invalid)?;
        }
        let parts: Vec<&str> = identifier.splitn(6, ':').collect();
        let [_, partition, "kms", region, account, resource] = parts.as_slice() else {
            return Err(invalid());
        };
        if *region != place.region {
            return Err(not_found(format!("Invalid arn {region}")));
        }
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if !partition.starts_with("aws") || !is_account {
            return Err(invalid());
        }
        let name = resource.strip_prefix("key/").unwrap_or(resource);
        if name.starts_with("alias/") != (name == *resource) {
            return Err(invalid());
        }
        Self::of_resource(name, Place { region, account }).ok_or_else(invalid)?
    }

    /// The key of an id or of `alias/NAME`; `None` when it is neither.
    fn of_resource(name: &str, place: Place<'_>) -> Option<Result<Self, KmsError>> {
        let Some(alias) = name.strip_prefix("alias/") else {
            return is_id(name).then(|| Self::of_id(name.to_owned(), place));
        };
        let is_alias = !alias.is_empty()
            && alias.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-'));
        is_alias.then(|| match rule_of(alias) {
            Some(rule) => Ok(Self::with_rule(id_behind(alias, place), place, rule)),
            None => {
                let arn = arn_of(&format!("alias/{alias}"), place);
                Err(not_found(format!("Alias {arn} is not found.")))
            }
        })
    }

    fn of_id(id: String, place: Place<'_>) -> Result<Self, KmsError> {
        if id == NO_KEY {
            let arn = arn_of(&format!("key/{id}"), place);
            return Err(not_found(format!("Key '{arn}' does not exist")));
        }
        let alias = RECOGNISED.iter().find(|alias| id_behind(alias, place) == id);
        let rule = alias.and_then(|alias| rule_of(alias)).unwrap_or(Rule::Usable);
        Ok(Self::with_rule(id, place, rule))
    }

    fn with_rule(id: String, place: Place<'_>, rule: Rule) -> Self {
        let arn = arn_of(&format!("key/{id}"), place);
        Self { arn, account: place.account.to_owned(), id, rule }
    }
}

/// What the name of an alias asks for; `None` when there is no such alias. A number
/// that is none makes one that does not exist.
fn rule_of(alias: &str) -> Option<Rule> {
    let Some(word) = alias.strip_prefix(PREFIX) else {
        return Some(Rule::Usable);
    };
    match word {
        "missing" => return None,
        "denied" => return Some(Rule::Denied),
        "disabled" => return Some(Rule::Disabled),
        "encrypt-only" => return Some(Rule::EncryptOnly),
        "broken" => return Some(Rule::Broken),
        _ => {}
    }
    if let Some(calls) = word.strip_prefix("throttle-") {
        return calls.parse().ok().map(Rule::Throttle);
    }
    if let Some(time) = word.strip_prefix("slow-") {
        let time = Duration::from_millis(time.parse().ok()?);
        return Some(Rule::Slow(time.min(MAX_DELAY)));
    }
    Some(Rule::Usable)
}

/// The id of the key behind an alias, always the same in one region and account.
fn id_behind(alias: &str, place: Place<'_>) -> String {
    let digest = digest::plain("key", &arn_of(alias, place));
    let mut id = String::with_capacity(36);
    for (index, byte) in digest.iter().take(16).enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        let _ = write!(id, "{byte:02x}");
    }
    id
}

/// A UUID, or the id of a key in several regions.
fn is_id(text: &str) -> bool {
    let is_hex = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f' | b'A'..=b'F'))
    };
    if let Some(digits) = text.strip_prefix("mrk-") {
        return digits.len() == 32 && is_hex(digits);
    }
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.split('-').all(is_hex)
}

fn arn_of(resource: &str, place: Place<'_>) -> String {
    let partition = match place.region {
        gov if gov.starts_with("us-gov-") => "aws-us-gov",
        china if china.starts_with("cn-") => "aws-cn",
        _ => "aws",
    };
    format!("arn:{partition}:kms:{}:{}:{resource}", place.region, place.account)
}

fn not_found(message: String) -> KmsError {
    KmsError::new("NotFoundException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place { region: "eu-west-1", account: "111122223333" };
    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    #[test]
    fn one_key_has_several_names() {
        let by_id = Key::of(ID, PLACE).unwrap();
        assert_eq!(by_id.arn, format!("arn:aws:kms:eu-west-1:111122223333:key/{ID}"));
        assert_eq!(Key::of(&by_id.arn, PLACE).unwrap(), by_id);
        let by_alias = Key::of("alias/app/vault", PLACE).unwrap();
        let by_arn = Key::of("arn:aws:kms:eu-west-1:111122223333:alias/app/vault", PLACE).unwrap();
        assert_eq!(by_arn, by_alias);
        assert_eq!(Key::of(&by_alias.id, PLACE).unwrap(), by_alias);
        let other = Place { account: "444455556666", ..PLACE };
        assert_ne!(Key::of("alias/app/vault", other).unwrap().id, by_alias.id);
        assert!(Key::of(&format!("mrk-{}", "0".repeat(32)), PLACE).is_ok());
    }

    #[test]
    fn names_have_a_meaning() {
        let rule = |alias: &str| Key::of(&format!("alias/{alias}"), PLACE).unwrap().rule;
        assert_eq!(rule("vault"), Rule::Usable);
        assert_eq!(rule("emulator-denied"), Rule::Denied);
        assert_eq!(rule("emulator-disabled"), Rule::Disabled);
        assert_eq!(rule("emulator-throttle-2"), Rule::Throttle(2));
        assert_eq!(rule("emulator-slow-20"), Rule::Slow(Duration::from_millis(20)));
        assert_eq!(rule("emulator-broken"), Rule::Broken);
        let key = Key::of("alias/emulator-encrypt-only", PLACE).unwrap();
        assert_eq!(Key::of(&key.arn, PLACE).unwrap().rule, Rule::EncryptOnly);
    }

    #[test]
    fn keys_that_are_none_are_not_found() {
        for (identifier, text) in [
            (
                "alias/emulator-missing",
                "Alias arn:aws:kms:eu-west-1:111122223333:alias/emulator-missing is not found.",
            ),
            ("alias/emulator-throttle-x", "is not found."),
            (NO_KEY, "does not exist"),
            ("key", "Invalid keyId 'key'"),
            ("alias/", "Invalid keyId"),
            ("alias/a b", "Invalid keyId"),
            ("arn:aws:kms:us-east-1:111122223333:alias/vault", "Invalid arn us-east-1"),
            ("arn:aws:kms:eu-west-1:111122223333:key/alias/vault", "Invalid keyId"),
            ("arn:aws:kms:eu-west-1:1:alias/vault", "Invalid keyId"),
            ("arn:aws:kms", "Invalid keyId"),
        ] {
            let error = Key::of(identifier, PLACE).unwrap_err();
            assert_eq!(error.code, "NotFoundException");
            assert!(error.message.unwrap().contains(text), "{identifier}");
        }
        assert_eq!(Key::of("", PLACE).unwrap_err().code, "ValidationException");
    }
}

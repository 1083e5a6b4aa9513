//! Which roles exist, and what the name of a role asks for; see the table in
//! [`super`].

use std::time::Duration;

/// Names with a meaning begin with this.
const PREFIX: &str = "emulator-";
/// Longest wait a role can ask for: clients give up after a minute.
const MAX_DELAY: Duration = Duration::from_secs(60);
/// Longest life of credentials a role can ask for, as at AWS.
const MAX_LIFE: Duration = Duration::from_secs(43_200);

/// What becomes of a wish to take on a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule<'a> {
    /// It is granted.
    Anyone,
    /// It is refused.
    Nobody,
    /// It is granted with this `ExternalId`.
    ExternalId(&'a str),
    /// Credentials last so long, whatever was asked for.
    Expires(Duration),
    /// It is granted to sessions of the role with this name.
    OnlyFrom(&'a str),
    /// It is refused with tags.
    NoTags,
    /// It is granted, but every model is refused to the session.
    NoBedrock,
    /// The first calls are throttled.
    Throttle(u64),
    /// The answer takes so long.
    Slow(Duration),
    /// The service is not available.
    Unavailable,
}

/// What the name of a role asks for. A number that is none makes a role that
/// nobody can take on: a typing error must not look like a working role.
pub(super) fn rule(name: &str) -> Rule<'_> {
    let Some(word) = name.strip_prefix(PREFIX) else {
        return Rule::Anyone;
    };
    match word {
        "denied" => return Rule::Nobody,
        "no-tags" => return Rule::NoTags,
        "no-bedrock" => return Rule::NoBedrock,
        "unavailable" => return Rule::Unavailable,
        _ => {}
    }
    if let Some(value) = word.strip_prefix("external-id-") {
        return Rule::ExternalId(value);
    }
    if let Some(role) = word.strip_prefix("only-from-") {
        return Rule::OnlyFrom(role);
    }
    if let Some(seconds) = word.strip_prefix("expires-") {
        return seconds.parse().map_or(Rule::Nobody, |seconds| {
            Rule::Expires(Duration::from_secs(seconds).min(MAX_LIFE))
        });
    }
    if let Some(calls) = word.strip_prefix("throttle-") {
        return calls.parse().map_or(Rule::Nobody, Rule::Throttle);
    }
    if let Some(time) = word.strip_prefix("slow-") {
        return time
            .parse()
            .map_or(Rule::Nobody, |time| Rule::Slow(Duration::from_millis(time).min(MAX_DELAY)));
    }
    Rule::Anyone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        for (name, expected) in [
            ("developer", Rule::Anyone),
            ("emulator-hub", Rule::Anyone),
            ("emulator-denied", Rule::Nobody),
            ("emulator-external-id-a-b", Rule::ExternalId("a-b")),
            ("emulator-only-from-hub", Rule::OnlyFrom("hub")),
            ("emulator-expires-2", Rule::Expires(Duration::from_secs(2))),
            ("emulator-expires-99999999", Rule::Expires(MAX_LIFE)),
            ("emulator-expires-soon", Rule::Nobody),
            ("emulator-no-tags", Rule::NoTags),
            ("emulator-no-bedrock", Rule::NoBedrock),
            ("emulator-throttle-3", Rule::Throttle(3)),
            ("emulator-throttle-", Rule::Nobody),
            ("emulator-slow-250", Rule::Slow(Duration::from_millis(250))),
            ("emulator-slow-99999999", Rule::Slow(MAX_DELAY)),
            ("emulator-unavailable", Rule::Unavailable),
        ] {
            assert_eq!(rule(name), expected, "{name}");
        }
    }
}

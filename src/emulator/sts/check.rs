//! Constraints of the service model, and its words for what breaks them.

use super::errors::StsError;

/// Values are quoted up to so many characters.
const MAX_QUOTED: usize = 256;

/// What a text must look like.
pub(super) struct Rule {
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) pattern: Option<Pattern>,
    /// Not to be quoted.
    pub(super) sensitive: bool,
}

/// A pattern as AWS writes it, and which characters it allows.
pub(super) struct Pattern(&'static str, fn(char) -> bool);

pub(super) const ROLE_ARN: Rule = Rule { min: 20, max: 2_048, pattern: None, sensitive: false };
/// Names of sessions, and source identities.
pub(super) const SESSION_NAME: Rule =
    Rule { min: 2, max: 64, pattern: Some(Pattern("[\\w+=,.@-]*", is_of_name)), sensitive: false };
pub(super) const EXTERNAL_ID: Rule = Rule {
    min: 2,
    max: 1_224,
    pattern: Some(Pattern("[\\w+=,.@:\\/-]*", |c| is_of_name(c) || matches!(c, ':' | '/'))),
    sensitive: false,
};
pub(super) const TAG_KEY: Rule = Rule {
    min: 1,
    max: 128,
    pattern: Some(Pattern("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+", is_of_tag)),
    sensitive: false,
};
pub(super) const TAG_VALUE: Rule = Rule {
    min: 0,
    max: 256,
    pattern: Some(Pattern("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", is_of_tag)),
    sensitive: false,
};
pub(super) const WEB_IDENTITY_TOKEN: Rule =
    Rule { min: 4, max: 20_000, pattern: None, sensitive: true };

/// Seconds a session may be asked to last.
const DURATION: std::ops::RangeInclusive<u64> = 900..=43_200;

pub(super) fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=' | ',' | '.' | '@' | '-')
}

fn is_of_tag(c: char) -> bool {
    let is_space = c.is_whitespace() && !c.is_control();
    c.is_alphanumeric() || is_space || matches!(c, '_' | '.' | ':' | '/' | '=' | '+' | '-' | '@')
}

/// Everything that is wrong with the parameters of a request.
#[derive(Default)]
pub(super) struct Violations(Vec<String>);

impl Violations {
    /// Checks a text that must be there.
    pub(super) fn required<'a>(
        &mut self,
        path: &str,
        value: Option<&'a str>,
        rule: &Rule,
    ) -> &'a str {
        match value {
            Some(value) => self.text(path, value, rule),
            None => self.push("null", path, "Member must not be null"),
        }
        value.unwrap_or_default()
    }

    /// Checks a text that may be missing.
    pub(super) fn optional<'a>(
        &mut self,
        path: &str,
        value: Option<&'a str>,
        rule: &Rule,
    ) -> Option<&'a str> {
        if let Some(value) = value {
            self.text(path, value, rule);
        }
        value
    }

    /// Checks a duration in seconds.
    pub(super) fn duration(&mut self, value: Option<&str>) -> Result<Option<u64>, StsError> {
        let Some(value) = value else {
            return Ok(None);
        };
        let seconds: i64 = value.parse().map_err(|_| {
            StsError::new(400, "MalformedInput", "DurationSeconds is not an integer")
        })?;
        let seconds = u64::try_from(seconds).unwrap_or(0);
        let path = "durationSeconds";
        if seconds < *DURATION.start() {
            let least =
                format!("Member must have value greater than or equal to {}", DURATION.start());
            self.push(&quoted(value), path, &least);
        } else if seconds > *DURATION.end() {
            let most = format!("Member must have value less than or equal to {}", DURATION.end());
            self.push(&quoted(value), path, &most);
        }
        Ok(Some(seconds))
    }

    /// Checks how many entries a list has.
    pub(super) fn at_most(&mut self, path: &str, length: usize, max: usize) {
        if length > max {
            let most = format!("Member must have length less than or equal to {max}");
            self.push("'[...]'", path, &most);
        }
    }

    /// Says all that is wrong at once.
    pub(super) fn finish(self) -> Result<(), StsError> {
        let count = self.0.len();
        if count == 0 {
            return Ok(());
        }
        let plural = if count == 1 { "error" } else { "errors" };
        Err(StsError::validation(format!(
            "{count} validation {plural} detected: {}",
            self.0.join("; ")
        )))
    }

    fn text(&mut self, path: &str, value: &str, rule: &Rule) {
        let shown = if rule.sensitive { "'***sensitive***'".to_owned() } else { quoted(value) };
        let length = value.chars().count();
        if length < rule.min {
            let least = format!("Member must have length greater than or equal to {}", rule.min);
            self.push(&shown, path, &least);
        }
        if length > rule.max {
            let most = format!("Member must have length less than or equal to {}", rule.max);
            self.push(&shown, path, &most);
        }
        if let Some(Pattern(pattern, is_allowed)) = &rule.pattern
            && !value.chars().all(is_allowed)
        {
            let what = format!("Member must satisfy regular expression pattern: {pattern}");
            self.push(&shown, path, &what);
        }
    }

    fn push(&mut self, shown: &str, path: &str, constraint: &str) {
        self.0
            .push(format!("Value {shown} at '{path}' failed to satisfy constraint: {constraint}"));
    }
}

fn quoted(value: &str) -> String {
    let start: String = value.chars().take(MAX_QUOTED).collect();
    format!("'{start}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(check: impl FnOnce(&mut Violations)) -> String {
        let mut violations = Violations::default();
        check(&mut violations);
        violations.finish().map_or_else(|error| error.message, |()| String::new())
    }

    #[test]
    fn violations_are_in_the_words_of_the_service() {
        let name = |value| {
            found(|violations| {
                violations.required("roleSessionName", value, &SESSION_NAME);
            })
        };
        assert_eq!(name(Some("me@example.com")), "");
        assert_eq!(
            name(None),
            "1 validation error detected: Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null"
        );
        assert_eq!(
            name(Some("a:b")),
            "1 validation error detected: Value 'a:b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        );
        assert!(name(Some("/")).starts_with("2 validation errors detected: Value '/' at"));
        assert!(name(Some(&"s".repeat(65))).ends_with("length less than or equal to 64"));
    }

    #[test]
    fn durations_have_bounds() {
        let of = |value| {
            found(|violations| {
                violations.duration(Some(value)).unwrap();
            })
        };
        assert_eq!((of("900"), of("43200")), (String::new(), String::new()));
        assert!(of("899").ends_with("greater than or equal to 900"));
        assert!(of("-1").contains("Value '-1' at 'durationSeconds'"));
        assert!(of("43201").ends_with("less than or equal to 43200"));
        let error = Violations::default().duration(Some("soon")).unwrap_err();
        assert_eq!(error.code, "MalformedInput");
    }

    #[test]
    fn tags_may_be_in_any_script_and_secrets_are_not_quoted() {
        let tag = |value| {
            found(|violations| {
                violations.optional("tags.1.member.key", Some(value), &TAG_KEY);
            })
        };
        assert_eq!(tag("\u{df}team_a:b/c=d+e-f@g h"), "");
        assert!(tag("a&b").contains("regular expression"));
        assert!(tag("").contains("greater than or equal to 1"));
        let secret = found(|violations| {
            violations.required("webIdentityToken", Some("abc"), &WEB_IDENTITY_TOKEN);
        });
        assert!(secret.contains("sensitive") && !secret.contains("abc"));
    }
}

//! What somebody asks for who wants to take on a role.

use std::time::Duration;

use serde_json::Value;

use super::super::principal::RoleSession;
use super::check::{self, Violations};
use super::errors::StsError;
use super::form::Form;

/// How long a session lasts that nobody asked a time for.
const DEFAULT_DURATION: Duration = Duration::from_secs(3_600);
/// Longest session of a role that another session takes on.
const MAX_CHAINED_DURATION: Duration = Duration::from_secs(3_600);
/// Most tags of a session.
const MAX_TAGS: usize = 50;
/// Bytes that policies and tags of a session may take. AWS packs them and does not
/// say how far; this keeps session tokens short enough for a header.
const MAX_PACKED_BYTES: usize = 8 * 1024;

/// A well-formed request for a session of a role.
pub(super) struct Wish<'a> {
    pub(super) role: RoleArn<'a>,
    pub(super) session_name: &'a str,
    pub(super) duration: Duration,
    pub(super) external_id: Option<&'a str>,
    pub(super) source_identity: Option<&'a str>,
    pub(super) tags: Vec<(&'a str, &'a str)>,
    transitive_keys: Vec<&'a str>,
    policy_bytes: usize,
}

/// `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`
pub(super) struct RoleArn<'a> {
    pub(super) text: &'a str,
    partition: &'a str,
    account: &'a str,
    pub(super) name: &'a str,
}

impl<'a> Wish<'a> {
    /// Reads the parameters that all ways to a role have in common, and checks them
    /// together with what `violations` holds already.
    pub(super) fn read(form: &'a Form, mut violations: Violations) -> Result<Self, StsError> {
        let role = violations.required("roleArn", form.get("RoleArn"), &check::ROLE_ARN);
        let session_name = violations.required(
            "roleSessionName",
            form.get("RoleSessionName"),
            &check::SESSION_NAME,
        );
        let seconds = violations.duration(form.get("DurationSeconds"))?;
        let external_id =
            violations.optional("externalId", form.get("ExternalId"), &check::EXTERNAL_ID);
        let source_identity =
            violations.optional("sourceIdentity", form.get("SourceIdentity"), &check::SESSION_NAME);
        let tags = tags(form, &mut violations);
        let transitive_keys = form.list("TransitiveTagKeys");
        for (index, key) in (1..).zip(&transitive_keys) {
            let path = format!("transitiveTagKeys.{index}.member");
            violations.optional(&path, Some(*key), &check::TAG_KEY);
        }
        violations.at_most("transitiveTagKeys", transitive_keys.len(), MAX_TAGS);
        violations.finish()?;
        Ok(Self {
            role: RoleArn::parse(role)?,
            session_name,
            duration: seconds.map_or(DEFAULT_DURATION, Duration::from_secs),
            external_id,
            source_identity,
            tags: distinct(tags)?,
            transitive_keys,
            policy_bytes: policy_bytes(form)?,
        })
    }

    /// How much of the room for policies and tags is taken, in percent; tags that
    /// `from` hands on take room too.
    pub(super) fn packed_size(
        &self,
        from: Option<&RoleSession>,
    ) -> Result<Option<usize>, StsError> {
        let own = self.tags.iter().map(|(key, value)| key.len() + value.len());
        let inherited = inherited(from).iter().map(|(key, value)| key.len() + value.len());
        let tags: usize = own.chain(inherited).sum();
        let bytes = tags + self.policy_bytes;
        if bytes == 0 {
            return Ok(None);
        }
        let percent = (bytes * 100).div_ceil(MAX_PACKED_BYTES);
        if percent > 100 {
            return Err(StsError::new(
                400,
                "PackedPolicyTooLarge",
                format!("Packed size of session tags consumes {percent}% of allotted space."),
            ));
        }
        Ok(Some(percent))
    }

    /// The session asked for, by somebody who may have one already.
    pub(super) fn session(&self, from: Option<&RoleSession>) -> Result<RoleSession, StsError> {
        if from.is_some() && self.duration > MAX_CHAINED_DURATION {
            return Err(StsError::validation(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            ));
        }
        let inherited = inherited(from);
        let is_inherited = |key: &str| inherited.iter().any(|(other, _)| same_key(other, key));
        if self.tags.iter().any(|(key, _)| is_inherited(key)) {
            return Err(invalid(
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
            ));
        }
        let own = self.tags.iter().filter(|(key, _)| {
            self.transitive_keys.iter().any(|transitive| same_key(transitive, key))
        });
        let own = own.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Ok(RoleSession {
            partition: self.role.partition.to_owned(),
            account: self.role.account.to_owned(),
            role: self.role.name.to_owned(),
            name: self.session_name.to_owned(),
            source_identity: from
                .and_then(|session| session.source_identity.clone())
                .or_else(|| self.source_identity.map(str::to_owned)),
            transitive_tags: inherited.iter().cloned().chain(own).collect(),
        })
    }
}

impl<'a> RoleArn<'a> {
    fn parse(text: &'a str) -> Result<Self, StsError> {
        if !text.starts_with("arn:") {
            return Err(StsError::validation(format!("{text} is invalid")));
        }
        Self::parts(text).ok_or_else(|| StsError::validation("Request ARN is invalid"))
    }

    fn parts(text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [_, partition, "iam", "", account, resource] = parts.as_slice() else {
            return None;
        };
        let path = resource.strip_prefix("role/")?;
        let name = path.rsplit('/').next()?;
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let is_partition = partition.starts_with("aws")
            && partition.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        let is_name = (1..=64).contains(&name.len()) && name.chars().all(check::is_of_name);
        (is_account && is_partition && is_name).then_some(Self { text, partition, account, name })
    }
}

/// The tags that a session hands on.
fn inherited(from: Option<&RoleSession>) -> &[(String, String)] {
    from.map(|session| session.transitive_tags.as_slice()).unwrap_or_default()
}

/// The tags that are whole; the others are violations.
fn tags<'a>(form: &'a Form, violations: &mut Violations) -> Vec<(&'a str, &'a str)> {
    let pairs = form.pairs("Tags");
    violations.at_most("tags", pairs.len(), MAX_TAGS);
    let mut tags = Vec::with_capacity(pairs.len());
    for (index, (key, value)) in (1..).zip(pairs) {
        let at = |part: &str| format!("tags.{index}.member.{part}");
        tags.push((
            violations.required(&at("key"), key, &check::TAG_KEY),
            violations.required(&at("value"), value, &check::TAG_VALUE),
        ));
    }
    tags
}

fn distinct<'a>(tags: Vec<(&'a str, &'a str)>) -> Result<Vec<(&'a str, &'a str)>, StsError> {
    for (index, (key, _)) in tags.iter().enumerate() {
        if tags.iter().skip(index + 1).any(|(other, _)| same_key(key, other)) {
            return Err(invalid(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
    }
    Ok(tags)
}

fn same_key(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// Size of the policies that narrow a session. They must be policies, but what they
/// say has no effect here.
fn policy_bytes(form: &Form) -> Result<usize, StsError> {
    let policy = form.get("Policy").unwrap_or_default();
    let is_policy = || {
        serde_json::from_str::<Value>(policy).is_ok_and(|policy| policy.get("Statement").is_some())
    };
    if !policy.is_empty() && !is_policy() {
        return Err(StsError::new(
            400,
            "MalformedPolicyDocument",
            "This policy contains invalid Json",
        ));
    }
    let arns =
        (1..=MAX_TAGS).map_while(|index| form.get(&format!("PolicyArns.member.{index}.arn")));
    Ok(policy.len() + arns.map(str::len).sum::<usize>())
}

fn invalid(message: &str) -> StsError {
    StsError::new(400, "InvalidParameterValue", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "RoleArn=arn:aws:iam::111122223333:role/path/reader&RoleSessionName=me";

    fn session(more: &str, from: Option<&RoleSession>) -> Result<RoleSession, StsError> {
        let form = Form::parse("", format!("{ROLE}{more}").as_bytes());
        let wish = Wish::read(&form, Violations::default())?;
        wish.packed_size(from)?;
        wish.session(from)
    }

    fn code(more: &str) -> &'static str {
        session(more, None).unwrap_err().code
    }

    #[test]
    fn a_role_has_a_name_at_the_end_of_its_path() {
        let session = session("", None).unwrap();
        assert_eq!(session.arn(), "arn:aws:sts::111122223333:assumed-role/reader/me");
        for (arn, message) in [
            ("reader-without-an-arn", "reader-without-an-arn is invalid"),
            ("arn:aws:iam::111122223333:user/me", "Request ARN is invalid"),
            ("arn:aws:iam::1111:role/reader", "Request ARN is invalid"),
            ("arn:aws:iam::111122223333:role/", "Request ARN is invalid"),
            ("arn:aws:iam::111122223333:role/a b", "Request ARN is invalid"),
        ] {
            let error = RoleArn::parse(arn).err().unwrap();
            assert_eq!((error.code, error.message.as_str()), ("ValidationError", message));
        }
    }

    #[test]
    fn chains_are_short_and_inherit() {
        let tags = "&Tags.member.1.Key=Team&Tags.member.1.Value=a&Tags.member.2.Key=b&Tags.member.2.Value=&TransitiveTagKeys.member.1=team&SourceIdentity=alice";
        let first = session(tags, None).unwrap();
        assert_eq!(first.transitive_tags, [("Team".to_owned(), "a".to_owned())]);
        let second = session("", Some(&first)).unwrap();
        assert_eq!(second.transitive_tags, first.transitive_tags);
        assert_eq!(second.source_identity.as_deref(), Some("alice"));
        let again = session("&Tags.member.1.Key=team&Tags.member.1.Value=b", Some(&first));
        assert_eq!(again.unwrap_err().code, "InvalidParameterValue");
        let long = session("&DurationSeconds=3601", Some(&first)).unwrap_err();
        assert!(long.message.contains("role chaining"));
        assert!(session("&DurationSeconds=43200", None).is_ok());
    }

    #[test]
    fn tags_and_policies_are_looked_at() {
        let double =
            "&Tags.member.1.Key=a&Tags.member.1.Value=1&Tags.member.2.Key=A&Tags.member.2.Value=2";
        assert_eq!(code(double), "InvalidParameterValue");
        assert_eq!(code("&Tags.member.1.Key=a"), "ValidationError");
        assert_eq!(code("&Policy=no"), "MalformedPolicyDocument");
        assert!(session("&Policy={\"Statement\":[]}", None).is_ok());
        let many: String =
            (1..=51).map(|n| format!("&Tags.member.{n}.Key=k{n}&Tags.member.{n}.Value=")).collect();
        assert_eq!(code(&many), "ValidationError");
        let value = "v".repeat(256);
        let big: String = (1..=40)
            .map(|n| format!("&Tags.member.{n}.Key=k{n}&Tags.member.{n}.Value={value}"))
            .collect();
        assert_eq!(code(&big), "PackedPolicyTooLarge");
    }

    #[test]
    fn a_chain_does_not_gather_tags_without_end() {
        let value = "v".repeat(256);
        let tags = |start: usize| -> String {
            let tag = |n: usize| {
                let key = start + n;
                format!(
                    "&Tags.member.{n}.Key=k{key}&Tags.member.{n}.Value={value}&TransitiveTagKeys.member.{n}=k{key}"
                )
            };
            (1..=20).map(tag).collect()
        };
        let first = session(&tags(0), None).unwrap();
        assert_eq!(first.transitive_tags.len(), 20);
        let second = session(&tags(20), Some(&first));
        assert_eq!(second.unwrap_err().code, "PackedPolicyTooLarge");
    }
}

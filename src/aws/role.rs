//! What names a role of IAM, and what may be said when it is assumed.
//!
//! Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest ARN that STS takes.
const MAX_ARN: usize = 2048;
/// The longest external id that STS takes.
const MAX_EXTERNAL_ID: usize = 1224;

/// The ARN of a role, such as `arn:aws:iam::111122223333:role/bedrock`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleArn(String);

/// The text is not the ARN of a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the ARN of an IAM role, such as `arn:aws:iam::111122223333:role/bedrock`")]
pub struct InvalidRoleArn;

impl RoleArn {
    /// Reads an ARN.
    ///
    /// # Errors
    /// It is not that of a role.
    pub fn parse(text: &str) -> Result<Self, InvalidRoleArn> {
        let is_role = || {
            let mut parts = text.splitn(6, ':');
            let is_arn = parts.next()? == "arn";
            let partition = parts.next()?;
            let is_iam = parts.next()? == "iam" && parts.next()?.is_empty();
            let account = parts.next()?;
            let path = parts.next()?.strip_prefix("role/")?;
            let name = path.rsplit('/').next()?;
            let fits = is_arn
                && is_iam
                && text.len() <= MAX_ARN
                && partition.starts_with("aws")
                && partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
                && account.len() == 12
                && account.bytes().all(|b| b.is_ascii_digit())
                && (1..=64).contains(&name.len())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
                // Paths may hold every visible character of ASCII.
                && path.bytes().all(|b| b.is_ascii_graphic());
            fits.then(|| Self(text.to_owned()))
        };
        is_role().ok_or(InvalidRoleArn)
    }

    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RoleArn {
    type Error = InvalidRoleArn;

    fn try_from(text: String) -> Result<Self, InvalidRoleArn> {
        Self::parse(&text)
    }
}

impl From<RoleArn> for String {
    fn from(arn: RoleArn) -> Self {
        arn.0
    }
}

/// What a role's trust policy may ask its assumers to know. No secret by AWS's
/// rules, and shown to nobody all the same.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExternalId(String);

/// The text is not an external id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an external id: 2 to 1224 letters, digits and characters of `_+=,.@:/-`")]
pub struct InvalidExternalId;

impl ExternalId {
    /// Reads an external id.
    ///
    /// # Errors
    /// STS would not take it.
    pub fn parse(text: &str) -> Result<Self, InvalidExternalId> {
        let fits = (2..=MAX_EXTERNAL_ID).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c));
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidExternalId) }
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExternalId(..)")
    }
}

impl TryFrom<String> for ExternalId {
    type Error = InvalidExternalId;

    fn try_from(text: String) -> Result<Self, InvalidExternalId> {
        Self::parse(&text)
    }
}

impl From<ExternalId> for String {
    fn from(id: ExternalId) -> Self {
        id.0
    }
}

/// A role and what its trust policy asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Role {
    /// Which.
    pub role_arn: RoleArn,
    /// What its trust policy asks for, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_told_from_other_arns() {
        for good in [
            "arn:aws:iam::111122223333:role/bedrock",
            "arn:aws-us-gov:iam::111122223333:role/team/a/Bedrock_Role+=,.@-1",
            "arn:aws-cn:iam::111122223333:role/x",
        ] {
            assert_eq!(RoleArn::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "bedrock",
            "arn:aws:iam::111122223333:user/bedrock",
            "arn:aws:iam::1111:role/bedrock",
            "arn:aws:iam:us-east-1:111122223333:role/bedrock",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/a/",
            "arn:aws:iam::111122223333:role/a b",
            "arn:aws:iam::111122223333:role/a&Policy=x",
            "arn:aws:iam::111122223333:role/a\n",
            "arn:evil:iam::111122223333:role/a",
        ] {
            assert_eq!(RoleArn::parse(bad), Err(InvalidRoleArn), "{bad}");
        }
        let long = format!("arn:aws:iam::111122223333:role/{}/a", "p".repeat(MAX_ARN));
        assert_eq!(RoleArn::parse(&long), Err(InvalidRoleArn));
    }

    #[test]
    fn external_ids_have_their_alphabet() {
        assert!(ExternalId::parse("tenant:1/a-b_c=d,e.f@g+h").is_ok());
        for bad in ["", "a", "a b", "a&DurationSeconds=43200", "ä1", &"a".repeat(1225)] {
            assert_eq!(ExternalId::parse(bad), Err(InvalidExternalId), "{bad}");
        }
    }
}

//! Who a caller is to IAM: a user, or a session of a role.

use super::digest;
use super::roles::{self, Rule};

/// Characters of a unique id after its four of kind.
const ID_LETTERS: usize = 17;

/// A user, or a session of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Principal {
    User {
        account: String,
        name: &'static str,
        /// Known, but allowed no model.
        denied: bool,
    },
    Role(RoleSession),
}

/// A session of a role: somebody who took it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RoleSession {
    /// `aws`, `aws-us-gov`, ...
    pub(super) partition: String,
    pub(super) account: String,
    /// Name of the role, without its path.
    pub(super) role: String,
    /// `RoleSessionName`
    pub(super) name: String,
    /// `SourceIdentity`, which stays for good.
    pub(super) source_identity: Option<String>,
    /// Tags that go along when the session takes on another role.
    pub(super) transitive_tags: Vec<(String, String)>,
}

impl Principal {
    pub(super) fn account(&self) -> &str {
        match self {
            Self::User { account, .. } => account,
            Self::Role(session) => &session.account,
        }
    }

    pub(super) fn arn(&self) -> String {
        match self {
            Self::User { account, name, .. } => format!("arn:aws:iam::{account}:user/{name}"),
            Self::Role(session) => session.arn(),
        }
    }

    /// The id that `GetCallerIdentity` tells.
    pub(super) fn user_id(&self) -> String {
        match self {
            Self::User { .. } => unique_id("AIDA", &self.arn()),
            Self::Role(session) => session.id(),
        }
    }

    /// Whether every model is refused to it.
    pub(super) fn is_denied_bedrock(&self) -> bool {
        match self {
            Self::User { denied, .. } => *denied,
            Self::Role(session) => roles::rule(&session.role) == Rule::NoBedrock,
        }
    }

    /// The role it is a session of.
    pub(super) fn session(&self) -> Option<&RoleSession> {
        match self {
            Self::User { .. } => None,
            Self::Role(session) => Some(session),
        }
    }
}

impl RoleSession {
    pub(super) fn arn(&self) -> String {
        let Self { partition, account, role, name, .. } = self;
        format!("arn:{partition}:sts::{account}:assumed-role/{role}/{name}")
    }

    /// `AssumedRoleId`: the role's unique id and the name of the session.
    pub(super) fn id(&self) -> String {
        let Self { partition, account, role, name, .. } = self;
        let role_id = unique_id("AROA", &format!("arn:{partition}:iam::{account}:role/{role}"));
        format!("{role_id}:{name}")
    }
}

/// A unique id of IAM's kind, always the same for the same ARN.
fn unique_id(kind: &str, arn: &str) -> String {
    format!("{kind}{}", digest::letters(&digest::plain("unique id", arn), ID_LETTERS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_have_arns_and_ids_of_their_kind() {
        let user = Principal::User { account: "111122223333".into(), name: "me", denied: false };
        assert_eq!(user.arn(), "arn:aws:iam::111122223333:user/me");
        assert_eq!(user.user_id().len(), 21);
        assert!(user.user_id().starts_with("AIDA"));
        let session = RoleSession {
            partition: "aws".into(),
            account: "444455556666".into(),
            role: "emulator-no-bedrock".into(),
            name: "night".into(),
            source_identity: None,
            transitive_tags: Vec::new(),
        };
        assert!(session.id().starts_with("AROA") && session.id().ends_with(":night"));
        let role = Principal::Role(session);
        assert_eq!(role.arn(), "arn:aws:sts::444455556666:assumed-role/emulator-no-bedrock/night");
        assert!(role.is_denied_bedrock() && !user.is_denied_bedrock());
    }
}

//! What planning can fail with: always the caller's words, or their lack.

/// Why a request cannot be sent anywhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Something the caller said is wrong or missing.
    #[error("{message}")]
    Invalid {
        /// A header's name, a place in a config (`x-portkey-config.targets[0].provider`),
        /// or a field of the body.
        param: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// The caller gave no credentials, and the gateway has none for strangers.
    #[error(
        "no AWS credentials: send `x-portkey-aws-access-key-id` and `x-portkey-aws-secret-access-key` (with `x-portkey-aws-session-token` if they are temporary), or a Bedrock API key as `Authorization: Bearer <key>` or `x-api-key: <key>`, or put them into an inline `x-portkey-config`"
    )]
    NoCredentials,
    /// The caller asked to use the gateway's own identity.
    #[error(
        "this gateway does not lend its own AWS identity; its operator can allow it with the setting `aws.allow_gateway_identity`"
    )]
    GatewayIdentityClosed,
}

impl Error {
    pub(super) fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { param: param.into(), message: message.into() }
    }
}

//! What planning can fail with: always the caller's words, or their lack.

use crate::aws::role::RoleArn;
use crate::vault::Status;

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
        "no AWS credentials: send `x-portkey-aws-access-key-id` and `x-portkey-aws-secret-access-key` (with `x-portkey-aws-session-token` if they are temporary), or a Bedrock API key as `Authorization: Bearer <key>` or `x-api-key: <key>`, or put them into an inline `x-portkey-config`; or name a virtual key"
    )]
    NoCredentials,
    /// The caller asked to use the gateway's own identity.
    #[error(
        "this gateway does not lend its own AWS identity; its operator can allow it with the setting `aws.allow_gateway_identity`"
    )]
    GatewayIdentityClosed,
    /// The caller asked the gateway to assume a role for it.
    #[error(
        "this gateway does not assume the role {role} for you; send an access key that may assume it, or its operator can allow it with the setting `aws.assumable_roles` or a virtual key"
    )]
    RoleNotLent {
        /// Which.
        role: RoleArn,
    },
    /// Somebody whom nobody knows named a virtual key.
    #[error(
        "virtual keys are for known callers: send a gateway key as `x-portkey-api-key: bgw-...` or `Authorization: Bearer bgw-...`"
    )]
    VirtualKeysClosed,
    /// There is no such virtual key.
    #[error("there is no virtual key `{slug}`")]
    UnknownVirtualKey {
        /// Which.
        slug: String,
    },
    /// The caller's key does not allow it.
    #[error("the caller may not use the virtual key `{slug}`")]
    VirtualKeyNotAllowed {
        /// Which.
        slug: String,
    },
    /// It may not be used any more.
    #[error("the virtual key `{slug}` is {}", status.as_str())]
    VirtualKeyEnded {
        /// Which.
        slug: String,
        /// Why.
        status: Status,
    },
    /// The virtual key is for other models.
    #[error("the virtual key `{slug}` does not allow the model `{model}`")]
    ModelNotAllowed {
        /// Which.
        slug: String,
        /// The model.
        model: String,
    },
}

impl Error {
    pub(super) fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { param: param.into(), message: message.into() }
    }
}

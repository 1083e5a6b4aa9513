//! Who a request to AWS is made as.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// What authorizes one request.
#[derive(Clone)]
pub enum Credentials {
    /// An access key, with which the request is signed.
    SigV4(aws_credential_types::Credentials),
    /// A Bedrock API key, which is sent as it is.
    Bearer(SecretString),
}

impl Credentials {
    /// An access key, with the session token that belongs to it if it is temporary.
    #[must_use]
    pub fn access_key(
        id: &str,
        secret: &SecretString,
        session_token: Option<&SecretString>,
    ) -> Self {
        Self::SigV4(Self::signing_key(id, secret, session_token))
    }

    /// The same, for the AWS SDK's own clients.
    #[must_use]
    pub fn signing_key(
        id: &str,
        secret: &SecretString,
        session_token: Option<&SecretString>,
    ) -> aws_credential_types::Credentials {
        aws_credential_types::Credentials::new(
            id,
            secret.expose_secret(),
            session_token.map(|token| token.expose_secret().to_owned()),
            None,
            "request",
        )
    }
}

/// Says the kind only.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SigV4(_) => "SigV4(..)",
            Self::Bearer(_) => "Bearer(..)",
        })
    }
}

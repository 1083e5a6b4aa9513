//! Who may call the emulator: one identity of the user's choice, and fixed
//! pairs that stand for temporary, expired and unauthorised callers.
//!
//! The demo values below are constants of the documentation, not secrets: they
//! open nothing but an emulator.

use std::fmt;

use secrecy::SecretString;

/// Access key id of the demo identity.
pub const DEMO_ACCESS_KEY_ID: &str = "AKIAEMULATOREXAMPLE1";
/// Secret access key of the demo identity.
pub const DEMO_SECRET_ACCESS_KEY: &str = "emulator/secret/access/key/EXAMPLE/000001";
/// Bedrock API key (bearer token) of the demo identity.
pub const DEMO_API_KEY: &str = "bedrock-api-key-emulator";
/// Account the demo identity belongs to.
pub const DEMO_ACCOUNT_ID: &str = "111122223333";

/// Access key id of the temporary credentials every emulator knows.
pub const TEMPORARY_ACCESS_KEY_ID: &str = "ASIAEMULATOREXAMPLE1";
/// Secret access key of the temporary credentials.
pub const TEMPORARY_SECRET_ACCESS_KEY: &str = "emulator/session/access/key/EXAMPLE/0001";
/// Session token that goes with [`TEMPORARY_ACCESS_KEY_ID`].
pub const TEMPORARY_SESSION_TOKEN: &str = "emulator-session-token";
/// Session token that has run out: `ExpiredTokenException`.
pub const EXPIRED_SESSION_TOKEN: &str = "emulator-expired-token";

/// Access key id of a caller who is known but allowed no model.
pub const DENIED_ACCESS_KEY_ID: &str = "AKIAEMULATORDENIED01";
/// Secret access key of the caller who is allowed no model.
pub const DENIED_SECRET_ACCESS_KEY: &str = "emulator/denied/access/key/EXAMPLE/00001";

/// The caller an emulator accepts, besides the temporary and the denied pair.
#[derive(Clone)]
pub struct Identity {
    /// Access key id that signs requests.
    pub access_key_id: String,
    /// Secret access key that signs requests.
    pub secret_access_key: SecretString,
    /// When set, requests signed by this identity must carry this token.
    pub session_token: Option<SecretString>,
    /// Bedrock API key accepted as `Authorization: Bearer`.
    pub api_key: SecretString,
    /// Account named in error texts.
    pub account_id: String,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            access_key_id: DEMO_ACCESS_KEY_ID.to_owned(),
            secret_access_key: SecretString::from(DEMO_SECRET_ACCESS_KEY),
            session_token: None,
            api_key: SecretString::from(DEMO_API_KEY),
            account_id: DEMO_ACCOUNT_ID.to_owned(),
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("access_key_id", &self.access_key_id)
            .field("account_id", &self.account_id)
            .finish_non_exhaustive()
    }
}

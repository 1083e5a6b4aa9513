//! Roles: temporary credentials of AWS STS, one hop after the other.
//!
//! Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_sts::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::{AssumeRoleError, AssumeRoleOutput};
use aws_sdk_sts::types::Tag;
use moka::future::Cache;
use sha2::{Digest, Sha256};

use super::fresh::Fresh;
use super::identity::{self, GatewayIdentity};
use super::region::Region;
use super::role::{Role, RoleArn};
use super::sdk::SdkContext;
use super::session::Session;

/// Sessions that are remembered at most; the least used go first. Each is some
/// hundred bytes and its token.
const MAX_SESSIONS: u64 = 10_000;
/// How long a session that nobody uses is remembered: as long as it lives.
const IDLE_SESSION: Duration = Duration::from_secs(60 * 60);

/// The shortest session that STS gives.
const SHORTEST_SESSION: Duration = Duration::from_secs(15 * 60);

/// Who assumes the first role.
#[derive(Debug, Clone)]
pub enum RoleSource {
    /// The gateway.
    Gateway,
    /// Somebody with an access key.
    AccessKey(Credentials),
}

/// No credentials of a role are to be had.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AssumeError {
    /// The gateway's own identity, which assumes the first role, is not available.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// A role could not be assumed.
    #[error("the role {role} ({hop} of {hops} to assume) could not be assumed: {kind}")]
    Hop {
        /// Which of the chain, from 1.
        hop: usize,
        /// How many there are.
        hops: usize,
        /// Its ARN.
        role: RoleArn,
        /// Why.
        #[source]
        kind: AssumeErrorKind,
    },
}

impl AssumeError {
    /// The same for a chain of another length: chains that begin alike share their
    /// first sessions, and what is remembered of those that failed.
    fn in_chain_of(self, hops: usize) -> Self {
        match self {
            Self::Hop { hop, role, kind, .. } => Self::Hop { hop, hops, role, kind },
            identity @ Self::Identity(_) => identity,
        }
    }
}

/// Why a role could not be assumed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AssumeErrorKind {
    /// STS refused.
    #[error("{code}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// AWS's name for it, such as `AccessDenied`.
        code: String,
        /// AWS's words.
        message: String,
    },
    /// STS could not be reached, or did not answer in time.
    #[error("AWS STS could not be reached")]
    Unreachable(#[source] Cause),
}

impl AssumeErrorKind {
    /// Whether who assumes the role did so with credentials whose time is over.
    fn is_expired(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code.starts_with("ExpiredToken"))
    }
}

/// What kept a call from its answer, for the operator.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Cause(String);

/// The sessions of all roles.
#[derive(Debug)]
pub struct Roles {
    sdk: Arc<SdkContext>,
    gateway: Arc<GatewayIdentity>,
    sessions: Cache<Key, Arc<Fresh<AssumeError>>>,
}

/// A digest of everything that makes one session another than the next.
type Key = [u8; 32];

/// Roles to be assumed one after the other, from a source, for a caller.
#[derive(Debug, Clone, Copy)]
pub struct Assume<'a> {
    /// Who assumes the first.
    pub source: &'a RoleSource,
    /// At least one.
    pub roles: &'a [Role],
    /// Whose STS is asked.
    pub region: &'a Region,
    /// For whom.
    pub session: &'a Session,
}

impl Roles {
    /// Nothing is assumed yet.
    #[must_use]
    pub fn new(sdk: Arc<SdkContext>, gateway: Arc<GatewayIdentity>) -> Self {
        let sessions =
            Cache::builder().max_capacity(MAX_SESSIONS).time_to_idle(IDLE_SESSION).build();
        Self { sdk, gateway, sessions }
    }

    /// Credentials of the last role, valid at `now`. Sessions are kept, replaced some
    /// minutes before they expire, and asked for by one request at a time.
    ///
    /// # Errors
    /// See [`AssumeError`]; remembered for a moment.
    pub async fn credentials(
        &self,
        assume: Assume<'_>,
        now: SystemTime,
    ) -> Result<Credentials, AssumeError> {
        self.after(assume, assume.roles.len(), now).await
    }

    /// Credentials after so many of the roles have been assumed; after none, those of
    /// the source.
    async fn after(
        &self,
        assume: Assume<'_>,
        hop: usize,
        now: SystemTime,
    ) -> Result<Credentials, AssumeError> {
        let hops = assume.roles.len();
        let Some(role) = hop.checked_sub(1).and_then(|last| assume.roles.get(last)) else {
            return match assume.source {
                RoleSource::AccessKey(key) => Ok(key.clone()),
                RoleSource::Gateway => Ok(self.gateway.access_key(now).await?),
            };
        };
        let fresh = self.sessions.get_with(assume.key(hop), async { Arc::default() }).await;
        let ask = async {
            let source = Box::pin(self.after(assume, hop - 1, now)).await?;
            let mut called = self.call_sts(source.clone(), role, assume, hop == hops).await;
            if called.as_ref().is_err_and(AssumeErrorKind::is_expired) {
                self.forget_after(assume, hop - 1, &source).await;
                let source = Box::pin(self.after(assume, hop - 1, now)).await?;
                called = self.call_sts(source, role, assume, hop == hops).await;
            }
            called.map_err(|kind| AssumeError::Hop { hop, hops, role: role.role_arn.clone(), kind })
        };
        fresh.credentials(now, ask).await.map_err(|error| error.in_chain_of(hops))
    }

    /// Forgets a session that AWS says has expired before its time.
    pub async fn forget(&self, assume: Assume<'_>, expired: &Credentials) {
        self.forget_after(assume, assume.roles.len(), expired).await;
    }

    async fn forget_after(&self, assume: Assume<'_>, hop: usize, expired: &Credentials) {
        match assume.source {
            RoleSource::Gateway if hop == 0 => self.gateway.forget(expired),
            _ => {
                if let Some(fresh) = self.sessions.get(&assume.key(hop)).await {
                    fresh.forget(expired);
                }
            }
        }
    }

    async fn call_sts(
        &self,
        source: Credentials,
        role: &Role,
        Assume { region, session, .. }: Assume<'_>,
        is_last: bool,
    ) -> Result<Credentials, AssumeErrorKind> {
        let options = self.sdk.endpoint_options();
        let mut config = aws_sdk_sts::Config::builder()
            .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
            .region(aws_sdk_sts::config::Region::new(region.as_str().to_owned()))
            .http_client(self.sdk.http_client())
            .credentials_provider(source)
            .timeout_config(self.sdk.timeouts())
            .use_fips(options.fips)
            .use_dual_stack(options.dual_stack);
        if let Some(url) = self.sdk.endpoint_url_sts() {
            config = config.endpoint_url(url);
        }
        // Tags are for the bill of Bedrock, which the last role's calls make.
        let tags = if is_last { session.tags() } else { &[] };
        let tag = |(key, value): &(String, String)| Tag::builder().key(key).value(value).build();
        let tags: Result<Vec<Tag>, _> = tags.iter().map(tag).collect();
        let tags = tags.map_err(|error| unreachable_because(&error))?;
        let call = aws_sdk_sts::Client::from_conf(config.build())
            .assume_role()
            .role_arn(role.role_arn.as_str())
            .role_session_name(session.name())
            .set_external_id(role.external_id.as_ref().map(|id| id.as_str().to_owned()))
            .set_tags((!tags.is_empty()).then_some(tags));
        // The SDK's futures are large, and few requests need this one.
        let answer = Box::pin(call.send()).await;
        credentials(answer)
    }
}

impl Assume<'_> {
    /// What makes the session of the role at `hop` another than the next.
    fn key(&self, hop: usize) -> Key {
        let mut digest = Sha256::new();
        let mut add = |part: &str| {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        };
        match self.source {
            RoleSource::Gateway => add("gateway"),
            RoleSource::AccessKey(key) => {
                add("access key");
                add(key.access_key_id());
                add(key.secret_access_key());
                add(key.session_token().unwrap_or_default());
            }
        }
        add(self.region.as_str());
        add(self.session.name());
        if hop == self.roles.len() {
            for (key, value) in self.session.tags() {
                add("tag");
                add(key);
                add(value);
            }
        }
        for role in self.roles.iter().take(hop) {
            add("role");
            add(role.role_arn.as_str());
            add(role.external_id.as_ref().map_or("", |id| id.as_str()));
        }
        digest.finalize().into()
    }
}

fn credentials(
    answer: Result<AssumeRoleOutput, SdkError<AssumeRoleError>>,
) -> Result<Credentials, AssumeErrorKind> {
    match answer {
        Ok(output) => {
            let found = output.credentials.ok_or_else(|| {
                AssumeErrorKind::Unreachable(Cause("the answer has no credentials".to_owned()))
            })?;
            // One that cannot be read must not make them last for ever.
            let expiry = SystemTime::try_from(found.expiration)
                .unwrap_or_else(|_| SystemTime::now() + SHORTEST_SESSION);
            Ok(Credentials::new(
                found.access_key_id,
                found.secret_access_key,
                Some(found.session_token),
                Some(expiry),
                "AssumeRole",
            ))
        }
        Err(SdkError::ServiceError(refused)) => {
            let status = refused.raw().status().as_u16();
            let code = refused.err().code().unwrap_or("Unknown").to_owned();
            let message = refused.err().message().unwrap_or_default().to_owned();
            Err(AssumeErrorKind::Refused { status, code, message })
        }
        Err(error) => Err(unreachable_because(&error)),
    }
}

fn unreachable_because(error: &impl std::error::Error) -> AssumeErrorKind {
    AssumeErrorKind::Unreachable(Cause(DisplayErrorContext(error).to_string()))
}

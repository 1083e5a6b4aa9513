//! Carries a plan out.

use std::time::SystemTime;

use bytes::Bytes;

use super::plan::{Authority, Plan};
use crate::aws::identity::{self, GatewayIdentity};
use crate::bedrock::response::ConverseResponse;
use crate::bedrock::stream::StreamEvent;
use crate::upstream;
use crate::upstream::bedrock::{Answer, BedrockClient, BedrockTarget};
use crate::upstream::events::EventStream;

/// Why a plan could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The gateway's own identity is not available.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// The provider refused, failed or could not be reached.
    #[error("{error}")]
    Upstream {
        /// What happened.
        #[source]
        error: upstream::Error,
        /// Whether it happened to the gateway's own identity: then the provider's
        /// words about it are the operator's business and not the caller's.
        as_gateway: bool,
    },
}

/// A stream whose first event is there: so far it was possible to answer with an
/// HTTP error, from here on it is not.
pub struct OpenStream {
    /// The first event.
    pub first: StreamEvent,
    /// The others.
    pub events: EventStream,
}

/// Calls providers as plans say.
#[derive(Debug)]
pub struct Dispatcher {
    client: BedrockClient,
    identity: GatewayIdentity,
}

impl Dispatcher {
    /// A dispatcher over a client and the gateway's own identity.
    #[must_use]
    pub fn new(client: BedrockClient, identity: GatewayIdentity) -> Self {
        Self { client, identity }
    }

    /// Gets a whole answer to an encoded request.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn converse(
        &self,
        plan: Plan,
        request: Bytes,
        now: SystemTime,
    ) -> Result<Answer<ConverseResponse>, Error> {
        let as_gateway = matches!(plan.authority, Authority::Gateway);
        let target = self.target(plan, now).await?;
        let answer = self.client.converse(&target, request, now).await;
        answer.map_err(|error| Error::Upstream { error, as_gateway })
    }

    /// Opens a stream for an encoded request and waits for its first event.
    ///
    /// # Errors
    /// See [`Error`]; an exception that is the stream's first event is one too.
    pub async fn converse_stream(
        &self,
        plan: Plan,
        request: Bytes,
        now: SystemTime,
    ) -> Result<OpenStream, Error> {
        let as_gateway = matches!(plan.authority, Authority::Gateway);
        let upstream = |error| Error::Upstream { error, as_gateway };
        let target = self.target(plan, now).await?;
        let events = self.client.converse_stream(&target, request, now).await;
        let mut events = events.map_err(upstream)?;
        let first = events.first().await.map_err(upstream)?;
        Ok(OpenStream { first, events })
    }

    async fn target(&self, plan: Plan, now: SystemTime) -> Result<BedrockTarget, Error> {
        let Plan { authority, region, model_id, base_url, is_custom_host } = plan;
        let credentials = match authority {
            Authority::Given(credentials) => credentials,
            Authority::Gateway => self.identity.credentials(now).await?,
        };
        Ok(BedrockTarget { base_url, is_custom_host, region, model_id, credentials })
    }
}

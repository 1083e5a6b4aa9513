//! Carries a plan out.

use std::time::SystemTime;

use super::plan::{Authority, Plan};
use crate::aws::identity::{self, GatewayIdentity};
use crate::bedrock::request::ConverseRequest;
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
    #[error(transparent)]
    Upstream(#[from] upstream::Error),
}

/// A stream whose first event is there: so far it was possible to answer with an
/// HTTP error, from here on it is not.
pub struct OpenStream {
    /// The first event; `None` if the stream ended without one.
    pub first: Option<StreamEvent>,
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

    /// Gets a whole answer.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn converse(
        &self,
        plan: Plan,
        request: &ConverseRequest<'_>,
        now: SystemTime,
    ) -> Result<Answer<ConverseResponse>, Error> {
        let target = self.target(plan, now).await?;
        Ok(self.client.converse(&target, request, now).await?)
    }

    /// Opens a stream and waits for its first event.
    ///
    /// # Errors
    /// See [`Error`]; an exception that is the stream's first event is one too.
    pub async fn converse_stream(
        &self,
        plan: Plan,
        request: &ConverseRequest<'_>,
        now: SystemTime,
    ) -> Result<OpenStream, Error> {
        let target = self.target(plan, now).await?;
        let mut events = self.client.converse_stream(&target, request, now).await?;
        let first = events.next().await?;
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

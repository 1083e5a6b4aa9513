//! Carries a plan out.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::Bytes;
use tracing::debug;

use super::credentials::{AssumedRole, Owner};
use super::grant::Principal;
use super::plan::Plan;
use super::profiles::Profiles;
use crate::aws::credentials::Credentials;
use crate::aws::identity::{self, GatewayIdentity};
use crate::aws::roles::{Assume, AssumeError, Roles};
use crate::bedrock::response::ConverseResponse;
use crate::bedrock::stream::StreamEvent;
use crate::translate::chat::{UpstreamFault, events_of};
use crate::upstream;
use crate::upstream::bedrock::{Answer, BedrockClient, BedrockTarget};
use crate::upstream::events::EventStream;

/// Why a plan could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The gateway's own identity is not available.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// A role could not be assumed.
    #[error("{error}")]
    Role {
        /// Which, and why.
        #[source]
        error: AssumeError,
        /// Whether the roles are somebody else's than the caller's: then their names,
        /// and AWS's words about them, are the operator's business.
        is_lent: bool,
    },
    /// What stands behind an inference profile could not be found out.
    #[error("{error}")]
    Profile {
        /// What happened.
        #[source]
        error: Arc<upstream::Error>,
        /// As of [`Error::Upstream`].
        owner: Owner,
    },
    /// The provider refused, failed or could not be reached.
    #[error("{error}")]
    Upstream {
        /// What happened.
        #[source]
        error: upstream::Error,
        /// Whose the credentials were: the provider's words about others than the
        /// caller are not all the caller's business.
        owner: Owner,
    },
    /// The provider's answer is none.
    #[error(transparent)]
    Fault(#[from] UpstreamFault),
}

/// How the events of an answer are got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// As they come, by `ConverseStream`.
    Streamed,
    /// From a whole answer, by Converse.
    Whole,
}

/// The events of one call, which need not be answered yet. Dropping it ends the
/// call.
pub struct Events {
    state: State,
    owner: Owner,
}

enum State {
    /// The head of the answer is not there.
    Opening(Pin<Box<dyn Future<Output = Result<Opened, Error>> + Send>>),
    /// It is.
    Open(Opened),
    /// There was none.
    Failed,
}

/// Where events come from.
enum Opened {
    /// A stream of AWS's.
    Stream(Box<EventStream>),
    /// A whole answer, told in events.
    Told { events: VecDeque<StreamEvent>, request_id: Option<String> },
}

impl Opened {
    fn tell(answer: Answer<ConverseResponse>) -> Result<Self, Error> {
        let Answer { body, request_id } = answer;
        Ok(Self::Told { events: events_of(body)?.into(), request_id })
    }
}

impl Events {
    /// The provider's id of the request, once it has answered.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match &self.state {
            State::Open(Opened::Stream(events)) => events.request_id(),
            State::Open(Opened::Told { request_id, .. }) => request_id.as_deref(),
            State::Opening(_) | State::Failed => None,
        }
    }

    /// The next event; `None` when the stream has ended in good order, which
    /// does not yet mean that the answer is complete. Pending means that nothing
    /// more can be had without waiting.
    ///
    /// # Errors
    /// See [`Error`]; the stream is over then.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<StreamEvent>, Error>> {
        loop {
            match &mut self.state {
                State::Open(Opened::Told { events, .. }) => {
                    return Poll::Ready(Ok(events.pop_front()));
                }
                State::Open(Opened::Stream(events)) => {
                    let owner = self.owner;
                    let next = events.poll_next(cx);
                    return next.map_err(|error| Error::Upstream { error, owner });
                }
                State::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(opened) => self.state = State::Open(opened),
                    Err(error) => {
                        self.state = State::Failed;
                        return Poll::Ready(Err(error));
                    }
                },
                State::Failed => return Poll::Ready(Ok(None)),
            }
        }
    }
}

/// Calls providers as plans say.
#[derive(Debug)]
pub struct Dispatcher {
    client: BedrockClient,
    identity: Arc<GatewayIdentity>,
    roles: Roles,
    profiles: Profiles,
}

impl Dispatcher {
    /// A dispatcher over a client, the gateway's own identity, and the roles and
    /// inference profiles that are known.
    #[must_use]
    pub fn new(
        client: BedrockClient,
        identity: Arc<GatewayIdentity>,
        roles: Roles,
        profiles: Profiles,
    ) -> Self {
        Self { client, identity, roles, profiles }
    }

    /// Finds out what the model of a plan accepts, where its id does not tell.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn resolve(&self, plan: &mut Plan, now: SystemTime) -> Result<(), Error> {
        if plan.is_opaque {
            let credentials = self.credentials(plan, now).await?;
            let Plan { model_id, region, .. } = &*plan;
            let family =
                self.profiles.family(&self.client, model_id, region, &credentials, now).await;
            plan.profile = match family {
                Ok(family) => family,
                Err(error) if self.profiles.allow_unresolved => {
                    debug!(%error, "the family of an inference profile stays unknown");
                    return Ok(());
                }
                Err(error) => {
                    let owner = plan.owner;
                    return Err(Error::Profile { error, owner });
                }
            };
        }
        Ok(())
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
        let owner = plan.owner;
        let target = self.target(&plan, now).await?;
        let mut answer = self.client.converse(&target, request.clone(), now).await;
        if answer.as_ref().is_err_and(is_expired) && self.forget(&plan, &target).await {
            let target = self.target(&plan, now).await?;
            answer = self.client.converse(&target, request, now).await;
        }
        answer.map_err(|error| Error::Upstream { error, owner })
    }

    /// Begins a call whose answer is told in events. Nothing is sent before they
    /// are asked for.
    ///
    /// Which models stream with tools changes with time and region: where AWS says
    /// that one does not, the whole answer is got instead.
    #[must_use]
    pub fn converse_stream(
        self: &Arc<Self>,
        plan: Plan,
        request: Bytes,
        delivery: Delivery,
        now: SystemTime,
    ) -> Events {
        let owner = plan.owner;
        let dispatcher = Arc::clone(self);
        let opening = async move {
            if delivery == Delivery::Streamed {
                let target = dispatcher.target(&plan, now).await?;
                let client = &dispatcher.client;
                let mut events = client.converse_stream(&target, request.clone(), now).await;
                if events.as_ref().is_err_and(is_expired) && dispatcher.forget(&plan, &target).await
                {
                    let target = dispatcher.target(&plan, now).await?;
                    events = client.converse_stream(&target, request.clone(), now).await;
                }
                match events {
                    Err(error) if is_no_stream_with_tools(&error) => {}
                    Err(error) => return Err(Error::Upstream { error, owner }),
                    Ok(events) => return Ok(Opened::Stream(Box::new(events))),
                }
            }
            Opened::tell(dispatcher.converse(plan, request, now).await?)
        };
        Events { state: State::Opening(Box::pin(opening)), owner }
    }

    async fn target(&self, plan: &Plan, now: SystemTime) -> Result<BedrockTarget, Error> {
        Ok(BedrockTarget {
            base_url: plan.base_url.clone(),
            is_custom_host: plan.is_custom_host,
            region: plan.region.clone(),
            model_id: plan.model_id.clone(),
            credentials: self.credentials(plan, now).await?,
        })
    }

    /// Forgets credentials that AWS says have expired before their time, such as
    /// after a session was revoked; whether others can be had in their place.
    async fn forget(&self, plan: &Plan, target: &BedrockTarget) -> bool {
        let Credentials::SigV4(expired) = &target.credentials else { return false };
        match &plan.principal {
            Principal::Given(_) => return false,
            Principal::Gateway => self.identity.forget(expired),
            Principal::Role(role) => self.roles.forget(assume(plan, role), expired).await,
        }
        true
    }

    async fn credentials(&self, plan: &Plan, now: SystemTime) -> Result<Credentials, Error> {
        match &plan.principal {
            Principal::Given(credentials) => Ok(credentials.clone()),
            Principal::Gateway => Ok(self.identity.credentials(now).await?),
            Principal::Role(role) => {
                let is_lent = plan.owner != Owner::Caller;
                let assumed = self.roles.credentials(assume(plan, role), now).await;
                let assumed = assumed.map_err(|error| Error::Role { error, is_lent })?;
                Ok(Credentials::SigV4(assumed))
            }
        }
    }
}

fn assume<'a>(plan: &'a Plan, role: &'a AssumedRole) -> Assume<'a> {
    Assume {
        source: &role.source,
        roles: &role.roles,
        region: &plan.region,
        session: &plan.session,
    }
}

fn is_expired(error: &upstream::Error) -> bool {
    matches!(&error.kind, upstream::ErrorKind::Refused(refusal) if refusal.code == "ExpiredTokenException")
}

/// `This model doesn't support tool use in streaming mode.`
fn is_no_stream_with_tools(error: &upstream::Error) -> bool {
    match &error.kind {
        upstream::ErrorKind::Refused(refusal) => refusal.is_no_stream_with_tools(),
        _ => false,
    }
}

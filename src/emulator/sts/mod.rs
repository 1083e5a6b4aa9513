//! AWS Security Token Service: roles to take on, and who one is.
//!
//! In reading order: this file (operations), `form` (parameters), `check` and `wish`
//! (what they must be), `web_identity` (tokens), `errors` and `xml` (answers).

mod check;
mod errors;
mod form;
mod web_identity;
mod wish;
mod xml;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::Response;

use super::answer;
use super::auth::{Caller, Gate, Service};
use super::clock;
use super::delivery::Body;
use super::mint::Grant;
use super::observe::Watch;
use super::principal::RoleSession;
use super::roles::{self, Rule};
use super::sigv4::Request;
use super::state::State;
use check::Violations;
use errors::StsError;
use form::Form;
use wish::{RoleArn, Wish};

const XML: &str = "text/xml";
const VERSION: &str = "2011-06-15";

/// An operation of STS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    AssumeRole,
    AssumeRoleWithWebIdentity,
    GetCallerIdentity,
}

impl Action {
    fn of(form: &Form) -> Result<Self, StsError> {
        let Some(name) = form.get("Action") else {
            return Err(StsError::new(
                400,
                "MissingAction",
                "The request must contain the parameter Action",
            ));
        };
        let version = form.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
        [Self::AssumeRole, Self::AssumeRoleWithWebIdentity, Self::GetCallerIdentity]
            .into_iter()
            .find(|action| action.name() == name && version == VERSION)
            .ok_or_else(|| {
                let what = format!("Could not find operation {name} for version {version}");
                StsError::new(400, "InvalidAction", what)
            })
    }

    /// Its name in the API, and as reports spell it.
    fn name(self) -> &'static str {
        match self {
            Self::AssumeRole => "AssumeRole",
            Self::AssumeRoleWithWebIdentity => "AssumeRoleWithWebIdentity",
            Self::GetCallerIdentity => "GetCallerIdentity",
        }
    }

    /// Its name in reports.
    fn reported(self) -> &'static str {
        match self {
            Self::AssumeRole => "assume-role",
            Self::AssumeRoleWithWebIdentity => "assume-role-with-web-identity",
            Self::GetCallerIdentity => "get-caller-identity",
        }
    }
}

/// The answer to a request for STS.
pub(super) async fn to(
    state: &State,
    request: Request<'_>,
    request_id: &str,
    mut watch: Watch,
) -> Response<Body> {
    match result(state, request, &mut watch).await {
        Ok((action, result)) => {
            answer::plain(200, XML, xml::answer(action.name(), &result, request_id), watch)
        }
        Err(error) => {
            let text = xml::error(error.fault(), error.code, &error.message, request_id);
            answer::plain(error.status, XML, text, watch)
        }
    }
}

async fn result(
    state: &State,
    request: Request<'_>,
    watch: &mut Watch,
) -> Result<(Action, Vec<String>), StsError> {
    let form = Form::parse(request.query, request.body);
    let action = Action::of(&form)?;
    watch.named(action.reported());
    // The token in the request is all that identifies its sender.
    if action == Action::AssumeRoleWithWebIdentity {
        return Ok((action, assume_role_with_web_identity(state, &form).await?));
    }
    let caller = Gate::of(state, Service::Sts).admit(request)?;
    watch.known(&caller);
    let result = match action {
        Action::GetCallerIdentity => caller_identity(&caller),
        _ => assume_role(state, &form, &caller).await?,
    };
    Ok((action, result))
}

fn caller_identity(caller: &Caller) -> Vec<String> {
    let principal = &caller.principal;
    vec![
        xml::text("Arn", &principal.arn()),
        xml::text("UserId", &principal.user_id()),
        xml::text("Account", principal.account()),
    ]
}

async fn assume_role(state: &State, form: &Form, caller: &Caller) -> Result<Vec<String>, StsError> {
    let wish = Wish::read(form, Violations::default())?;
    let rule = roles::rule(wish.role.name);
    hinder(state, rule, &wish.role).await?;
    let from = caller.principal.session();
    if let Some(action) = refused(rule, &wish, from) {
        return Err(StsError::denied(&caller.principal.arn(), action, wish.role.text));
    }
    grant(state, &wish, from)
}

async fn assume_role_with_web_identity(
    state: &State,
    form: &Form,
) -> Result<Vec<String>, StsError> {
    let mut violations = Violations::default();
    let token = violations.required(
        "webIdentityToken",
        form.get("WebIdentityToken"),
        &check::WEB_IDENTITY_TOKEN,
    );
    let wish = Wish::read(form, violations)?;
    let identity = web_identity::read(token, (state.options.clock)())?;
    let rule = roles::rule(wish.role.name);
    hinder(state, rule, &wish.role).await?;
    if refused(rule, &wish, None).is_some() {
        let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
        return Err(StsError::new(403, "AccessDenied", message));
    }
    let mut result = grant(state, &wish, None)?;
    result.extend([
        xml::text("SubjectFromWebIdentityToken", &identity.subject),
        xml::text("Provider", &identity.issuer),
        xml::text("Audience", &identity.audience),
    ]);
    Ok(result)
}

/// What a role's name asks for that has nothing to do with permission.
async fn hinder(state: &State, rule: Rule<'_>, role: &RoleArn<'_>) -> Result<(), StsError> {
    match rule {
        Rule::Throttle(limit) if state.is_among_first(role.text, "sts", limit) => {
            Err(StsError::new(400, "Throttling", "Rate exceeded"))
        }
        Rule::Unavailable => {
            Err(StsError::new(503, "ServiceUnavailable", "Service is unavailable"))
        }
        Rule::Slow(time) => {
            tokio::time::sleep(time).await;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The action that the role does not permit; `from` is the session of who asks.
fn refused(rule: Rule<'_>, wish: &Wish<'_>, from: Option<&RoleSession>) -> Option<&'static str> {
    let is_refused = match rule {
        Rule::Nobody => true,
        Rule::ExternalId(expected) => wish.external_id != Some(expected),
        Rule::OnlyFrom(role) => from.is_none_or(|session| session.role != role),
        _ => false,
    };
    if is_refused {
        return Some("sts:AssumeRole");
    }
    if rule == Rule::NoTags && !wish.tags.is_empty() {
        return Some("sts:TagSession");
    }
    let inherited = from.and_then(|session| session.source_identity.as_deref());
    let is_changed =
        inherited.is_some() && wish.source_identity.is_some() && inherited != wish.source_identity;
    is_changed.then_some("sts:SetSourceIdentity")
}

/// Credentials for the session that is wished for, as elements of the answer.
fn grant(
    state: &State,
    wish: &Wish<'_>,
    from: Option<&RoleSession>,
) -> Result<Vec<String>, StsError> {
    let session = wish.session(from)?;
    let packed_size = wish.packed_size(from)?;
    let duration = match roles::rule(wish.role.name) {
        Rule::Expires(after) => after,
        _ => wish.duration,
    };
    let grant = Grant { session, expires: end_of(duration, (state.options.clock)()) };
    let issued = state.mint.issue(&grant);
    let mut result = vec![
        xml::group(
            "Credentials",
            &[
                xml::text("AccessKeyId", &issued.access_key_id),
                xml::text("SecretAccessKey", issued.secret()),
                xml::text("SessionToken", &issued.session_token),
                xml::text("Expiration", &clock::format_iso(grant.expires)),
            ],
        ),
        xml::group(
            "AssumedRoleUser",
            &[
                xml::text("AssumedRoleId", &grant.session.id()),
                xml::text("Arn", &grant.session.arn()),
            ],
        ),
    ];
    if let Some(percent) = packed_size {
        result.push(xml::text("PackedPolicySize", &percent.to_string()));
    }
    if let Some(identity) = &grant.session.source_identity {
        result.push(xml::text("SourceIdentity", identity));
    }
    Ok(result)
}

/// The first whole second when `duration` has passed: an answer tells no fractions.
fn end_of(duration: Duration, now: SystemTime) -> SystemTime {
    let passed = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let begun = u64::from(passed.subsec_nanos() > 0);
    let seconds = passed.as_secs().saturating_add(begun).saturating_add(duration.as_secs());
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(now)
}

#[cfg(test)]
mod tests;

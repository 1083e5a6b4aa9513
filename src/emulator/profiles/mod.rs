//! `GetInferenceProfile`: which model stands behind an inference profile.

mod table;

use http::Response;
use serde_json::{Value, json};

use super::admission;
use super::answer;
use super::auth::{Caller, Gate, Service};
use super::delivery::Body;
use super::errors::{Kind, ServiceError};
use super::families;
use super::model_id::ModelId;
use super::observe::Watch;
use super::sigv4::Request;
use super::state::State;

const JSON: &str = "application/json";
/// Longest identifier the service accepts.
const MAX_LENGTH: usize = 2_048;
/// Longest name of a profile.
const MAX_NAME: usize = 64;
/// The region when neither a signature nor an ARN says one.
const DEFAULT_REGION: &str = "us-east-1";
/// Every profile is as old.
const CREATED: &str = "2025-01-01T00:00:00Z";
const ACTION: &str = "bedrock:GetInferenceProfile";
const PATTERN: &str = "(arn:aws(|-us-gov|-cn|-iso|-iso-b):bedrock:(|[0-9a-z-]{0,20}):(|[0-9]{12}):(inference-profile|application-inference-profile)/)?[a-zA-Z0-9-:.]+";

/// The model behind an application inference profile that the emulator knows.
pub(super) fn model_of(id: &str) -> Option<&'static str> {
    table::model_of(id)
}

/// The answer to `GET /inference-profiles/{identifier}`.
pub(super) fn to(
    state: &State,
    request: Request<'_>,
    identifier: &str,
    mut watch: Watch,
) -> Response<Body> {
    let found = Gate::of(state, Service::Bedrock).admit(request).and_then(|caller| {
        watch.known(&caller);
        Identifier::parse(identifier)?.find(state, &caller)
    });
    match found {
        Ok(profile) => answer::plain(200, JSON, profile.to_string(), watch),
        Err(error) => answer::failed(&error, watch),
    }
}

/// What the identifier of a profile says.
struct Identifier<'a> {
    id: &'a str,
    region: Option<&'a str>,
    account: Option<&'a str>,
    is_application: bool,
}

/// The kinds of profiles, and how ARNs call them.
const APPLICATION: &str = "application-inference-profile";
const SYSTEM: &str = "inference-profile";

impl<'a> Identifier<'a> {
    fn parse(text: &'a str) -> Result<Self, ServiceError> {
        let found = if text.starts_with("arn:") { Self::of_arn(text) } else { Self::of_id(text) };
        found.filter(|_| text.len() <= MAX_LENGTH).ok_or_else(|| {
            let shown: String = text.chars().take(MAX_LENGTH).collect();
            ServiceError::validation(format!(
                "1 validation error detected: Value '{shown}' at 'inferenceProfileIdentifier' failed to satisfy constraint: Member must satisfy regular expression pattern: {PATTERN}"
            ))
        })
    }

    fn of_arn(text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [_, partition, "bedrock", region, account, resource] = parts.as_slice() else {
            return None;
        };
        let (kind, id) = resource.split_once('/')?;
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let is_kind = kind == APPLICATION || kind == SYSTEM;
        if !partition.starts_with("aws") || !is_account || !is_kind {
            return None;
        }
        let of_id = Self::of_id(id)?;
        Some(Self {
            region: Some(region),
            account: Some(account),
            is_application: kind == APPLICATION,
            ..of_id
        })
    }

    /// Ids of the system's own profiles have the provider's name in front of a dot.
    fn of_id(id: &'a str) -> Option<Self> {
        let is_id = !id.is_empty()
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'.'));
        is_id.then_some(Self { id, region: None, account: None, is_application: !id.contains('.') })
    }

    /// The profile, as JSON.
    fn find(&self, state: &State, caller: &Caller) -> Result<Value, ServiceError> {
        if let (Some(of_arn), Some(of_caller)) = (self.region, caller.region.as_deref())
            && of_arn != of_caller
        {
            return Err(ServiceError::validation("The provided model identifier is invalid."));
        }
        let region = self.region.or(caller.region.as_deref()).unwrap_or(DEFAULT_REGION);
        if caller.principal.is_denied_bedrock() || self.id == table::DENIED {
            return Err(admission::not_authorized(caller, ACTION, &self.arn(caller, region)));
        }
        let is_throttled = self.id == table::THROTTLED
            || (self.id == table::THROTTLED_ONCE && state.is_among_first(self.id, &caller.name, 1));
        if is_throttled {
            return Err(Kind::Throttling.error());
        }
        if self.id == table::BROKEN {
            return Err(Kind::InternalServer.error());
        }
        let profile =
            if self.is_application { self.application(region) } else { self.system(region) };
        let (model, regions) = profile.ok_or_else(|| {
            ServiceError::new(
                Kind::ResourceNotFound,
                "The specified inference profile was not found.",
            )
        })?;
        Ok(self.to_json(&self.arn(caller, region), &model, &regions))
    }

    /// Model and regions of an application's profile: a copy of the profile of a group
    /// where the model has no other.
    fn application(&self, region: &str) -> Option<(String, Vec<String>)> {
        let model = table::model_of(self.id)?;
        let group = table::group_of(region).filter(|_| !families::of(model).on_demand);
        Some((model.to_owned(), regions_of(group.unwrap_or_default(), region)))
    }

    /// Model and regions of a profile of the system's own.
    fn system(&self, region: &str) -> Option<(String, Vec<String>)> {
        let id = ModelId::parse(self.id).filter(|id| !id.is_bare)?;
        let group = self.id.strip_suffix(&id.name)?.strip_suffix('.')?;
        let regions = regions_of(group, region);
        Some((id.name, regions))
    }

    fn arn(&self, caller: &Caller, region: &str) -> String {
        let kind = if self.is_application { APPLICATION } else { SYSTEM };
        let account = self.account.unwrap_or(caller.principal.account());
        format!("arn:{}:bedrock:{region}:{account}:{kind}/{}", partition_of(region), self.id)
    }

    fn to_json(&self, arn: &str, model: &str, regions: &[String]) -> Value {
        let models: Vec<Value> = regions
            .iter()
            .map(|region| {
                let partition = partition_of(region);
                json!({"modelArn": format!("arn:{partition}:bedrock:{region}::foundation-model/{model}")})
            })
            .collect();
        json!({
            "inferenceProfileName": name_of(self.id),
            "description": format!("Routes requests to {model} in {}", regions.join(" ")),
            "createdAt": CREATED,
            "updatedAt": CREATED,
            "inferenceProfileArn": arn,
            "models": models,
            "inferenceProfileId": self.id,
            "status": "ACTIVE",
            "type": if self.is_application { "APPLICATION" } else { "SYSTEM_DEFINED" },
        })
    }
}

/// The regions of a group, or the one region where there is no such group.
fn regions_of(group: &str, region: &str) -> Vec<String> {
    table::regions_of(group).map_or_else(
        || vec![region.to_owned()],
        |all| all.iter().map(ToString::to_string).collect(),
    )
}

fn partition_of(region: &str) -> &'static str {
    match region {
        gov if gov.starts_with("us-gov-") => "aws-us-gov",
        china if china.starts_with("cn-") => "aws-cn",
        _ => "aws",
    }
}

/// A name made of the id: words of letters and digits.
fn name_of(id: &str) -> String {
    id.chars().take(MAX_NAME).map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Options;
    use super::super::principal::Principal;
    use super::*;

    fn find(identifier: &str, region: Option<&str>) -> Result<Value, ServiceError> {
        let caller = Caller {
            name: "key".into(),
            region: region.map(str::to_owned),
            principal: Principal::User {
                account: "111122223333".into(),
                name: "emulator",
                denied: false,
            },
        };
        Identifier::parse(identifier)?.find(&State::new(Options::default()), &caller)
    }

    #[test]
    fn ids_are_of_twelve_characters_and_their_models_are_known() {
        for (id, model) in table::PROFILES {
            assert_eq!(id.len(), 12, "{id}");
            assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{id}");
            assert_eq!(ModelId::parse(model).unwrap().name, *model);
            let arn = format!("arn:aws:bedrock:eu-west-1:444455556666:{APPLICATION}/{id}");
            assert_eq!(ModelId::parse(&arn).unwrap().name, *model);
            assert_eq!(ModelId::parse(id).unwrap().name, *model);
        }
        for id in [table::DENIED, table::THROTTLED, table::BROKEN] {
            assert_eq!(id.len(), 12);
        }
    }

    #[test]
    fn application_profiles_tell_their_model() {
        let arn =
            "arn:aws:bedrock:eu-west-1:444455556666:application-inference-profile/novalite0000";
        let profile = find(arn, Some("eu-west-1")).unwrap();
        assert_eq!(profile["inferenceProfileArn"], arn);
        assert_eq!(profile["type"], "APPLICATION");
        assert_eq!(
            profile["models"],
            json!([{"modelArn": "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0"}])
        );
        let profile = find("claudesonnet", None).unwrap();
        assert_eq!(profile["models"].as_array().map(Vec::len), Some(3));
        assert!(
            profile["inferenceProfileArn"].as_str().unwrap().contains(":us-east-1:111122223333:")
        );
    }

    #[test]
    fn the_systems_profiles_lead_to_several_regions() {
        let profile = find("eu.anthropic.claude-sonnet-4-6", Some("eu-west-1")).unwrap();
        assert_eq!(profile["type"], "SYSTEM_DEFINED");
        assert_eq!(profile["models"].as_array().map(Vec::len), Some(4));
        assert_eq!(profile["inferenceProfileName"], "eu anthropic claude sonnet 4 6");
        let gov = find("us-gov.amazon.nova-lite-v1:0", Some("us-gov-west-1")).unwrap();
        assert!(gov["models"][0]["modelArn"].as_str().unwrap().starts_with("arn:aws-us-gov:"));
    }

    #[test]
    fn everything_else_is_refused() {
        let elsewhere =
            "arn:aws:bedrock:us-east-1:444455556666:application-inference-profile/novalite0000";
        for (identifier, kind) in [
            ("denied000000", Kind::AccessDenied),
            ("throttled000", Kind::Throttling),
            ("throttleonce", Kind::Throttling),
            ("broken000000", Kind::InternalServer),
            ("ab12cd34ef56", Kind::ResourceNotFound),
            ("amazon.nova-lite-v1:0", Kind::ResourceNotFound),
            ("us.nobody.model", Kind::ResourceNotFound),
            ("not an id", Kind::Validation),
            (
                "arn:aws:bedrock:eu-west-1:1:inference-profile/us.amazon.nova-lite-v1:0",
                Kind::Validation,
            ),
            (elsewhere, Kind::Validation),
        ] {
            let error = find(identifier, Some("eu-west-1")).unwrap_err();
            assert_eq!(error.kind, kind, "{identifier}: {}", error.message);
        }
    }
}

//! From what was said to where the request goes.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::config::{self, GatewayConfig, Origin};
use super::credentials::{self, Authority, Owner};
use super::directives::Directives;
use super::error::Error;
use super::grant::{Grant, Principal};
use super::lending::{Lending, Lent};
use crate::aws::endpoint::{self, EndpointOptions};
use crate::aws::model_id::ModelId;
use crate::aws::region::Region;
use crate::aws::session::{self, Session};
use crate::aws::{arn, custom_host, inference_profile};
use crate::models::{self, ModelProfile};

/// What the operator set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where requests go that name no region.
    pub region: Region,
    /// Replaces the address of Bedrock Runtime.
    pub endpoint_url: Option<String>,
    /// Which of AWS's own addresses to use.
    pub endpoint_options: EndpointOptions,
    /// Hosts that callers may name, in lower case.
    pub custom_hosts: Vec<String>,
    /// Names for models.
    pub aliases: HashMap<String, ModelAlias>,
    /// What kind of model an opaque id or ARN means.
    pub families: HashMap<String, &'static ModelProfile>,
    /// What the gateway lends.
    pub lent: Lent,
    /// Metadata that become tags of the sessions of roles; `*` for all.
    pub session_tag_keys: Vec<String>,
}

/// What a name for a model stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelAlias {
    /// Bedrock's id.
    pub model_id: ModelId,
    /// Where it is, unless the caller says otherwise.
    pub region: Option<Region>,
    /// What kind of model it is, if its id does not say so.
    pub family: Option<&'static ModelProfile>,
}

/// Where one request goes and as whom.
#[derive(Debug)]
pub struct Plan {
    /// As whom.
    pub principal: Principal,
    /// Whose that is.
    pub owner: Owner,
    /// What the sessions of roles are called.
    pub session: Session,
    /// What to sign for.
    pub region: Region,
    /// Bedrock's id of the model.
    pub model_id: ModelId,
    /// What the model accepts.
    pub profile: &'static ModelProfile,
    /// Scheme, host and maybe the start of a path, without a slash at the end.
    pub base_url: String,
    /// Whether the caller or a virtual key named the host.
    pub is_custom_host: bool,
    /// Whether the model's id says nothing of its family, and AWS can be asked.
    pub is_opaque: bool,
}

impl Directives {
    /// Whether the answer follows OpenAI to the letter: the header, else the
    /// config, else yes.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        let config = || self.config.as_ref().and_then(|config| config.strict);
        self.strict.or_else(config).unwrap_or(true)
    }

    /// How long the whole request may take: the header, else the config.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.request_timeout.or_else(|| self.config.as_ref()?.request_timeout)
    }

    /// Anthropic's beta flags: the headers', then the config's.
    #[must_use]
    pub fn beta_flags(&self) -> Vec<String> {
        let config = self.config.iter().flat_map(|config| &config.anthropic_beta);
        self.anthropic_beta.iter().chain(config).cloned().collect()
    }

    /// The target as Portkey writes it, for `x-portkey-last-used-option-index`.
    #[must_use]
    pub fn option_index(&self) -> &str {
        self.config.as_ref().map_or("config", |config| &config.option_index)
    }
}

/// Decides as whom a request is made. Needs nothing of its body, so that nobody's
/// body is read who would be turned away.
///
/// # Errors
/// See [`Error`].
pub fn authority(directives: &Directives, lending: &Lending<'_>) -> Result<Authority, Error> {
    let config = directives.config.as_ref();
    check_provider(directives, config)?;
    credentials::authority(&directives.options, config, lending)
}

/// Decides where a request for `model` goes that `caller` makes.
///
/// # Errors
/// See [`Error`].
pub fn plan(
    directives: &Directives,
    grant: Grant,
    caller: Option<&str>,
    model: Option<&str>,
    settings: &Settings,
) -> Result<Plan, Error> {
    let config = directives.config.as_ref();
    let requested = model.unwrap_or_default();
    let model = model_of(model, settings)?;
    check_allowed(&grant, requested, &model.model_id)?;
    let region = region(directives, config, model.region, grant.region.as_ref(), settings)?;
    let (profile, is_opaque) =
        profile(directives, config, &model.model_id, model.family, settings)?;
    let model_id = model.model_id;
    let (base_url, is_custom_host) = base_url(directives, config, &grant, &region, settings)?;
    let session = session(directives, &grant, caller, settings)?;
    let owner = grant.owner;
    let principal = grant.principal;
    // Who stands in for AWS's own host need not know what only AWS's own can tell.
    let is_opaque = is_opaque && !is_custom_host;
    Ok(Plan {
        principal,
        owner,
        session,
        region,
        model_id,
        profile,
        base_url,
        is_custom_host,
        is_opaque,
    })
}

/// Whether the virtual key allows the model, by any of its names.
fn check_allowed(grant: &Grant, requested: &str, model_id: &ModelId) -> Result<(), Error> {
    let Some(key) = &grant.virtual_key else { return Ok(()) };
    let id = model_id.as_str();
    let without_region = models::without_region_prefix(id);
    if key.allows_model([requested.trim(), id, without_region]) {
        return Ok(());
    }
    let slug = key.row().slug.clone();
    Err(Error::ModelNotAllowed { slug, model: requested.to_owned() })
}

/// Name and tags of the sessions of roles.
fn session(
    directives: &Directives,
    grant: &Grant,
    caller: Option<&str>,
    settings: &Settings,
) -> Result<Session, Error> {
    let mut tags = Vec::new();
    if matches!(grant.principal, Principal::Role(_)) {
        let is_tag =
            |key: &String| settings.session_tag_keys.iter().any(|tag| tag == key || tag == "*");
        let mut metadata: BTreeMap<_, _> = directives.metadata.iter().collect();
        metadata.extend(&directives.pinned_metadata);
        for (key, value) in metadata.into_iter().filter(|(key, _)| is_tag(key)) {
            let param = || format!("x-portkey-metadata.{key}");
            let value = scalar(value.get()).ok_or_else(|| {
                Error::invalid(
                    param(),
                    "must be a string, number or boolean to become a session tag",
                )
            })?;
            session::check_tag(key, &value)
                .map_err(|error| Error::invalid(param(), format!("is {error}")))?;
            tags.push((key.clone(), value));
        }
        if tags.len() > session::MAX_TAGS {
            return Err(Error::invalid(
                "x-portkey-metadata",
                format!("a session has at most {} tags", session::MAX_TAGS),
            ));
        }
    }
    Ok(Session::of(caller, tags))
}

/// A JSON value that is one word, as text.
fn scalar(json: &str) -> Option<String> {
    match serde_json::from_str(json).ok()? {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Bool(boolean) => Some(boolean.to_string()),
        _ => None,
    }
}

/// The only provider there is; it is meant where none is named.
const BEDROCK: &str = "bedrock";

fn check_provider(directives: &Directives, config: Option<&GatewayConfig>) -> Result<(), Error> {
    let of_config = in_config(config, "provider", |config| config.provider.as_deref());
    let of_header = in_header("x-portkey-provider", directives.provider.as_deref());
    // With Portkey, the config's provider counts where both are given.
    match of_config.or(of_header) {
        Some((provider, param)) if !provider.trim().eq_ignore_ascii_case(BEDROCK) => {
            Err(Error::invalid(
                param,
                format!("`{provider}` is not a provider of this gateway; there is `{BEDROCK}`"),
            ))
        }
        _ => Ok(()),
    }
}

/// What a header says, and its name.
fn in_header<'a>(name: &str, value: Option<&'a str>) -> Option<(&'a str, String)> {
    value.map(|value| (value, name.to_owned()))
}

/// What a member of the config says, and its place.
fn in_config<'a>(
    config: Option<&'a GatewayConfig>,
    name: &str,
    member: impl Fn(&'a GatewayConfig) -> Option<&'a str>,
) -> Option<(&'a str, String)> {
    let config = config?;
    member(config).map(|value| (value, format!("{}.{name}", config.place)))
}

/// The model, with the region that belongs to it, if any does.
fn model_of(model: Option<&str>, settings: &Settings) -> Result<ModelAlias, Error> {
    // The Python SDK of Portkey sends this where a program names no model.
    let model =
        model.map(str::trim).filter(|model| !model.is_empty() && *model != "portkey-default");
    let Some(model) = model else {
        return Err(Error::invalid(
            "model",
            "say which model to use, such as `us.anthropic.claude-sonnet-4-5-20250929-v1:0`",
        ));
    };
    if let Some(alias) = settings.aliases.get(model) {
        let region = alias.region.clone().or_else(|| arn::bedrock_region(alias.model_id.as_str()));
        return Ok(ModelAlias { region, ..alias.clone() });
    }
    let model_id =
        ModelId::parse(model).map_err(|error| Error::invalid("model", error.to_string()))?;
    let region = arn::bedrock_region(model_id.as_str());
    Ok(ModelAlias { model_id, region, family: None })
}

/// What the model accepts: as the caller says, else as the operator says, else as
/// its id says; and whether only AWS can say.
fn profile(
    directives: &Directives,
    config: Option<&GatewayConfig>,
    model_id: &ModelId,
    of_alias: Option<&'static ModelProfile>,
    settings: &Settings,
) -> Result<(&'static ModelProfile, bool), Error> {
    let of_header = in_header("x-portkey-model-family", directives.model_family.as_deref());
    let of_config = in_config(config, "model_family", |config| config.model_family.as_deref());
    if let Some((hint, param)) = of_header.or(of_config) {
        let hinted = models::hinted(hint).ok_or_else(|| {
            Error::invalid(
                param,
                format!(
                    "`{hint}` is no family of models that is known; send a model id or the beginning of one, such as `anthropic.claude-sonnet-4-5`"
                ),
            )
        });
        return Ok((hinted?, false));
    }
    let of_settings = settings.families.get(model_id.as_str()).copied();
    Ok(match of_alias.or(of_settings) {
        Some(profile) => (profile, false),
        None => {
            let id = model_id.as_str();
            (models::profile(id), inference_profile::is_application(id))
        }
    })
}

fn region(
    directives: &Directives,
    config: Option<&GatewayConfig>,
    of_model: Option<Region>,
    of_key: Option<&Region>,
    settings: &Settings,
) -> Result<Region, Error> {
    let of_header = in_header("x-portkey-aws-region", directives.options.region.as_deref());
    let of_config = in_config(config, "aws_region", |config| config.options.region.as_deref());
    match of_header.or(of_config) {
        Some((text, param)) => text
            .trim()
            .parse()
            .map_err(|error| Error::invalid(param, format!("`{text}` is {error}"))),
        None => Ok(of_model.or_else(|| of_key.cloned()).unwrap_or_else(|| settings.region.clone())),
    }
}

/// The address, and whether it is another than AWS's or the operator's.
fn base_url(
    directives: &Directives,
    config: Option<&GatewayConfig>,
    grant: &Grant,
    region: &Region,
    settings: &Settings,
) -> Result<(String, bool), Error> {
    let of_header = in_header("x-portkey-custom-host", directives.options.custom_host.as_deref());
    let of_config =
        in_config(config, "custom_host", |config| config.options.custom_host.as_deref());
    if let Some((host, param)) = of_header.or(of_config) {
        let checked = custom_host::check(host, &settings.custom_hosts);
        let url = checked.map_err(|error| Error::invalid(&param, error.to_string()))?;
        // Who only points at a host must not have somebody else's key sent there. Whoever
        // wrote credentials and host into one config means them to go together.
        let is_lenders = param.starts_with(config::HEADER)
            && config.is_some_and(|config| config.origin != Origin::Request)
            && grant.virtual_key.is_none()
            && grant.owner != Owner::Gateway;
        if grant.owner != Owner::Caller && !is_lenders {
            return Err(Error::invalid(
                param,
                "a custom host needs credentials of your own; neither the gateway's identity nor a virtual key's is sent there",
            ));
        }
        return Ok((url, true));
    }
    if let Some(endpoint) = &grant.endpoint {
        // What was allowed when it was stored may not be any more.
        let url = custom_host::check(endpoint, &settings.custom_hosts).map_err(|error| {
            Error::invalid(
                "x-portkey-virtual-key",
                format!("the host that is stored with the virtual key may not be used: {error}"),
            )
        })?;
        return Ok((url, true));
    }
    let url = match &settings.endpoint_url {
        Some(url) => url.clone(),
        None => endpoint::bedrock_runtime(region, settings.endpoint_options),
    };
    Ok((url, false))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::access::Caller;
    use crate::aws::credentials::Credentials;

    fn settings() -> Settings {
        let alias = |id, region: Option<&str>| ModelAlias {
            model_id: ModelId::parse(id).unwrap(),
            region: region.map(|region| region.parse().unwrap()),
            family: None,
        };
        Settings {
            region: "eu-central-1".parse().unwrap(),
            endpoint_url: None,
            endpoint_options: EndpointOptions::default(),
            custom_hosts: vec!["bedrock.example".into()],
            aliases: HashMap::from([
                (
                    "gpt-4o".into(),
                    alias("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Some("us-west-2")),
                ),
                ("gpt-4".into(), alias("amazon.nova-pro-v1:0", None)),
            ]),
            families: HashMap::from([(ARN.into(), models::profile("amazon.nova-pro-v1:0"))]),
            lent: Lent { allow_gateway_identity: true, ..Lent::default() },
            session_tag_keys: vec!["team".into()],
        }
    }

    fn grant(principal: Principal) -> Grant {
        let owner = match principal {
            Principal::Gateway => Owner::Gateway,
            Principal::Given(_) | Principal::Role(_) => Owner::Caller,
        };
        Grant { principal, region: None, endpoint: None, owner, virtual_key: None }
    }

    fn directives(region: Option<&str>, config: Option<serde_json::Value>) -> Directives {
        let mut directives = Directives::default();
        directives.options.region = region.map(str::to_owned);
        directives.config = config.map(|config| GatewayConfig::parse(&config.to_string()).unwrap());
        directives
    }

    fn plan_with(
        directives: &Directives,
        model: Option<&str>,
        settings: &Settings,
    ) -> Result<Plan, Error> {
        let bearer = grant(Principal::Given(Credentials::Bearer("key".into())));
        authority(directives, &settings.lent.to(&Caller::Anonymous, None))
            .and_then(|_| plan(directives, bearer, None, model, settings))
    }

    fn planned(directives: &Directives, model: &str) -> Plan {
        plan_with(directives, Some(model), &settings()).unwrap()
    }

    fn param(directives: &Directives, model: Option<&str>) -> String {
        match plan_with(directives, model, &settings()) {
            Err(Error::Invalid { param, .. }) => param,
            other => panic!("{other:?}"),
        }
    }

    const ARN: &str = "arn:aws:bedrock:us-west-2:111122223333:application-inference-profile/ab12";

    #[test]
    fn the_region_is_the_callers_then_the_models_then_the_operators() {
        let config = || Some(json!({"aws_region": "ap-south-1"}));
        for (region, config, model, expected) in [
            (Some("us-east-2"), config(), ARN, "us-east-2"),
            (None, config(), ARN, "ap-south-1"),
            (None, None, ARN, "us-west-2"),
            (None, None, "gpt-4o", "us-west-2"),
            (None, None, "gpt-4", "eu-central-1"),
            (None, None, "amazon.nova-pro-v1:0", "eu-central-1"),
        ] {
            let plan = planned(&directives(region, config), model);
            assert_eq!(plan.region.as_str(), expected);
            assert_eq!(plan.base_url, format!("https://bedrock-runtime.{expected}.amazonaws.com"));
        }
    }

    #[test]
    fn a_region_must_look_like_one() {
        for region in ["", "evil.example/", "US-EAST-1"] {
            assert_eq!(param(&directives(Some(region), None), Some(ARN)), "x-portkey-aws-region");
        }
        let config = directives(None, Some(json!({"targets": [{"aws_region": "x"}]})));
        assert_eq!(param(&config, Some(ARN)), "x-portkey-config.targets[0].aws_region");
    }

    #[test]
    fn aliases_stand_for_models() {
        let plan = planned(&Directives::default(), "gpt-4o");
        assert_eq!(plan.model_id.as_str(), "us.anthropic.claude-sonnet-4-5-20250929-v1:0");
    }

    #[test]
    fn the_family_is_the_callers_then_the_operators_then_the_ids() {
        let name = |directives: &Directives, model| planned(directives, model).profile.name;
        let mut directives = Directives::default();
        assert_eq!(name(&directives, "us.anthropic.claude-3-haiku-20240307-v1:0"), "Claude 3");
        assert_eq!(name(&directives, ARN), "Amazon Nova");
        directives.config =
            Some(GatewayConfig::parse(r#"{"model_family": "mistral.mixtral-8x7b"}"#).unwrap());
        assert_eq!(name(&directives, ARN), "Mistral");
        directives.model_family = Some("anthropic.claude-sonnet-4-6".into());
        assert_eq!(name(&directives, ARN), "Claude 4.6");
        directives.model_family = Some("clodd".into());
        assert_eq!(param(&directives, Some(ARN)), "x-portkey-model-family");
    }

    #[test]
    fn a_model_must_be_named() {
        for model in [None, Some(""), Some("portkey-default"), Some("a b")] {
            assert_eq!(param(&Directives::default(), model), "model");
        }
    }

    #[test]
    fn another_provider_is_refused() {
        let mut other = Directives { provider: Some("openai".into()), ..Directives::default() };
        assert_eq!(param(&other, Some(ARN)), "x-portkey-provider");
        other.provider = Some("Bedrock".into());
        assert!(plan_with(&other, Some(ARN), &settings()).is_ok());
        let mut config = directives(None, Some(json!({"provider": "openai"})));
        assert_eq!(param(&config, Some(ARN)), "x-portkey-config.provider");
        config = directives(None, Some(json!({"provider": "bedrock"})));
        config.provider = Some("openai".into());
        assert!(plan_with(&config, Some(ARN), &settings()).is_ok());
    }

    #[test]
    fn a_custom_host_takes_the_place_of_the_regions() {
        let mut directives = Directives::default();
        directives.options.custom_host = Some("https://bedrock.example/v/".into());
        let plan = planned(&directives, ARN);
        assert_eq!(
            (plan.base_url.as_str(), plan.is_custom_host),
            ("https://bedrock.example/v", true)
        );
        let gateways = grant(Principal::Gateway);
        let gateways = super::plan(&directives, gateways, None, Some(ARN), &settings());
        assert!(
            matches!(gateways, Err(Error::Invalid { param, .. }) if param == "x-portkey-custom-host")
        );
        directives.options.custom_host = Some("https://169.254.169.254".into());
        assert_eq!(param(&directives, Some(ARN)), "x-portkey-custom-host");
    }

    #[test]
    fn an_endpoint_of_the_operator_takes_the_place_of_every_regions() {
        let settings = Settings { endpoint_url: Some("http://127.0.0.1:9".into()), ..settings() };
        let plan = plan_with(&Directives::default(), Some(ARN), &settings).unwrap();
        assert_eq!((plan.base_url.as_str(), plan.is_custom_host), ("http://127.0.0.1:9", false));
    }
}

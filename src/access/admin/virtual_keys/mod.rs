//! Virtual keys.

use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::{Invalid, entries, label, refuse_unavailable, rfc3339, text, time};
use crate::access::placeholder::is_placeholder_key;
use crate::aws::custom_host;
use crate::aws::region::Region;
use crate::aws::role::{ExternalId, Role, RoleArn};
use crate::portkey::virtual_key::{ModelConfig, VirtualKeyItem, VirtualKeyRequest};
use crate::store::{VirtualKeyRow, json_list};
use crate::telemetry::mask;
use crate::vault::credentials::{
    AccessKey, AssumedRole, BedrockAuth, BedrockCredentials, OpenAiCredentials,
    ProviderCredentials, masked,
};
use crate::vault::{NewVirtualKey, VirtualKey};

/// The longest slug.
const MAX_SLUG: usize = 128;
/// How much of a name goes into the slug that is made of it.
const MAX_SLUG_STEM: usize = 48;
/// The most entries of a list of models: each request looks at all of them.
const MAX_MODELS: usize = 100;
/// The longest entry of it.
const MAX_MODEL: usize = 256;

/// Everything that says how a provider is reached, flat, as requests have it.
#[derive(Default)]
struct Fields {
    auth_type: Option<String>,
    key: Option<SecretString>,
    access_key_id: Option<String>,
    secret_access_key: Option<SecretString>,
    role_arn: Option<String>,
    external_id: Option<SecretString>,
    source_role_arn: Option<String>,
    source_external_id: Option<SecretString>,
    region: Option<String>,
    custom_host: Option<String>,
    /// Which of them the request itself gave, by name.
    said: Vec<&'static str>,
}

/// Reads a virtual key that is to be made at `now`. `custom_hosts` are the hosts that
/// the operator allows.
///
/// # Errors
/// A member is missing or wrong.
pub fn new_virtual_key(
    request: VirtualKeyRequest,
    custom_hosts: &[String],
    now: i64,
) -> Result<NewVirtualKey, Invalid> {
    check_availability(&request)?;
    let name = text("name", request.name.as_deref().unwrap_or_default())?;
    let slug = match &request.slug {
        Some(slug) => checked_slug(slug)?,
        None => made_slug(&name),
    };
    if request.disabled == Some(true) {
        return Err(Invalid::new("disabled", "a new virtual key is active; disable it later"));
    }
    let provider = request.provider.clone();
    let note = label("note", request.note.clone().flatten())?;
    let workspace_id = label("workspace_id", request.workspace_id.clone().flatten())?;
    let models = request.models.clone().flatten();
    let models = models.map(checked_models).transpose()?;
    let expires_at = time::end("expires_at", request.expires_at.clone().flatten(), now)?;
    let fields = Fields::default().overlaid(request);
    let credentials = match provider.as_deref().map(str::trim) {
        Some("bedrock") => fields.bedrock(custom_hosts)?,
        Some("openai") => fields.openai(custom_hosts)?,
        Some(other) => {
            let message = format!("`{other}` is none of `bedrock` and `openai`");
            return Err(Invalid::new("provider", message));
        }
        None => return Err(Invalid::new("provider", "is missing: `bedrock` or `openai`")),
    };
    Ok(NewVirtualKey { slug, name, note, workspace_id, models, expires_at, credentials })
}

/// Reads a change of a virtual key: its new row, but for what it opens, which
/// [`changed_credentials`] reads.
///
/// # Errors
/// A member is wrong, or cannot be changed.
pub fn changed_virtual_key(
    key: &VirtualKey,
    request: &VirtualKeyRequest,
    now: i64,
) -> Result<VirtualKeyRow, Invalid> {
    check_availability(request)?;
    let mut row = key.row().clone();
    if request.slug.as_ref().is_some_and(|slug| *slug != row.slug) {
        return Err(Invalid::new("slug", "cannot be changed; make another virtual key"));
    }
    if request.provider.as_ref().is_some_and(|provider| *provider != row.provider) {
        return Err(Invalid::new("provider", "cannot be changed; make another virtual key"));
    }
    if let Some(name) = &request.name {
        row.name = text("name", name)?;
    }
    if let Some(note) = request.note.clone() {
        row.note = label("note", note)?;
    }
    if let Some(workspace_id) = request.workspace_id.clone() {
        row.workspace_id = label("workspace_id", workspace_id)?;
    }
    if let Some(models) = request.models.clone() {
        let models = models.map(checked_models).transpose()?;
        row.models = models.map(|models| json_list(&models));
    }
    if let Some(expires_at) = request.expires_at.clone() {
        row.expires_at = time::end("expires_at", expires_at, now)?;
    }
    row.disabled = request.disabled.unwrap_or(row.disabled);
    Ok(row)
}

/// Reads what a changed virtual key is to open. `before` is what it opened so far.
///
/// # Errors
/// A member is wrong, or of no use to this kind of credentials.
pub fn changed_credentials(
    before: &ProviderCredentials,
    request: VirtualKeyRequest,
    custom_hosts: &[String],
) -> Result<ProviderCredentials, Invalid> {
    match before {
        ProviderCredentials::OpenAi(before) => {
            Fields::of_openai(before).overlaid(request).openai(custom_hosts)
        }
        ProviderCredentials::Bedrock(before) => {
            let stored = Fields::of_bedrock(before);
            let base = match stored.wanted_auth_type(&request)? {
                Some(wanted) if !stored.is_of(&wanted) => stored.turned_into(wanted),
                _ => stored,
            };
            base.overlaid(request).bedrock(custom_hosts)
        }
    }
}

/// Reads credentials of the same provider that replace others as a whole: nothing that
/// was stored is used.
///
/// # Errors
/// A member is missing or wrong, or of no use to this kind of credentials.
pub fn replaced_credentials(
    before: &ProviderCredentials,
    request: VirtualKeyRequest,
    custom_hosts: &[String],
) -> Result<ProviderCredentials, Invalid> {
    let fields = Fields::default().overlaid(request);
    match before {
        ProviderCredentials::OpenAi(_) => fields.openai(custom_hosts),
        ProviderCredentials::Bedrock(_) => fields.bedrock(custom_hosts),
    }
}

/// Whether credentials are the gateway's own identity, or a role that it assumes.
#[must_use]
pub fn is_gateway_identity(credentials: &ProviderCredentials) -> bool {
    match credentials {
        ProviderCredentials::OpenAi(_) => false,
        ProviderCredentials::Bedrock(bedrock) => match &bedrock.auth {
            BedrockAuth::AccessKey(_) | BedrockAuth::ApiKey { .. } => false,
            BedrockAuth::AssumedRole(role) => role.source.is_none(),
            BedrockAuth::ServiceRole => true,
        },
    }
}

/// A virtual key as it is told at `now`. `opened` is what it opens, if it does.
#[must_use]
pub fn virtual_key_item(
    key: &VirtualKey,
    opened: Option<&ProviderCredentials>,
    now: i64,
) -> VirtualKeyItem {
    let row = key.row();
    let (model_config, masked_api_key) = match opened {
        None => (None, None),
        Some(ProviderCredentials::OpenAi(openai)) => {
            let config =
                ModelConfig { custom_host: openai.custom_host.clone(), ..ModelConfig::default() };
            (Some(config), Some(masked(openai.api_key.expose_secret())))
        }
        Some(ProviderCredentials::Bedrock(bedrock)) => {
            let fields = Fields::of_bedrock(bedrock);
            let key = fields.key.as_ref().map(|key| masked(key.expose_secret()));
            (Some(fields.told(auth_type_of(&bedrock.auth))), key)
        }
    };
    VirtualKeyItem {
        id: row.id.clone(),
        slug: row.slug.clone(),
        name: row.name.clone(),
        note: row.note.clone(),
        status: key.status(now).as_str(),
        ai_provider_name: row.provider.clone(),
        model_config,
        masked_api_key,
        models: key.models().map(<[String]>::to_vec),
        workspace_id: row.workspace_id.clone(),
        expires_at: row.expires_at.map(rfc3339),
        created_at: rfc3339(row.created_at),
        last_updated_at: rfc3339(row.updated_at),
        usage_limits: None,
        rate_limits: [],
        object: "virtual-key",
    }
}

fn check_availability(request: &VirtualKeyRequest) -> Result<(), Invalid> {
    refuse_unavailable(&[
        ("usage_limits", &request.usage_limits),
        ("rate_limits", &request.rate_limits),
        ("secret_mappings", &request.secret_mappings),
    ])
}

fn checked_models(models: Vec<String>) -> Result<Vec<String>, Invalid> {
    if models.len() > MAX_MODELS {
        return Err(Invalid::new("models", format!("has more than {MAX_MODELS} entries")));
    }
    let models = entries("models", models)?;
    match models.iter().position(|model| model.len() > MAX_MODEL) {
        None => Ok(models),
        Some(index) => {
            let message = format!("must have at most {MAX_MODEL} bytes");
            Err(Invalid::new(format!("models[{index}]"), message))
        }
    }
}

fn checked_slug(slug: &str) -> Result<String, Invalid> {
    let fits = (1..=MAX_SLUG).contains(&slug.len())
        && slug.starts_with(|c: char| c.is_ascii_alphanumeric())
        && slug.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if mask::contains_whole_key(slug) {
        return Err(Invalid::new("slug", "must not contain a gateway key (`bgw-...`)"));
    }
    if fits {
        Ok(slug.to_owned())
    } else {
        let message = format!(
            "must begin with a letter or digit and have at most {MAX_SLUG} letters, digits and characters of `._-`"
        );
        Err(Invalid::new("slug", message))
    }
}

/// `Team A` becomes `team-a-1f0c9e`.
fn made_slug(name: &str) -> String {
    let words: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let stem: String = words.join("-").chars().take(MAX_SLUG_STEM).collect();
    let stem = if stem.is_empty() { "key".to_owned() } else { stem };
    let random: String = Uuid::new_v4().simple().to_string().chars().take(6).collect();
    format!("{stem}-{random}")
}

fn auth_type_of(auth: &BedrockAuth) -> &'static str {
    match auth {
        BedrockAuth::AccessKey(_) => "accessKey",
        BedrockAuth::AssumedRole(_) => "assumedRole",
        BedrockAuth::ApiKey { .. } => "apiKey",
        BedrockAuth::ServiceRole => "serviceRole",
    }
}

/// A text that is not blank.
fn given(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A secret that is there, and not what SDKs send where there is none.
fn given_secret(secret: Option<SecretString>) -> Option<SecretString> {
    secret.filter(|secret| !is_placeholder_key(secret.expose_secret()))
}

/// An external id that is there; no SDK sends one of its own accord.
fn given_id(id: Option<SecretString>) -> Option<SecretString> {
    id.filter(|id| !id.expose_secret().trim().is_empty())
}

/// The members that are there, of those that not every kind of credentials uses.
fn said(request: &VirtualKeyRequest) -> Vec<&'static str> {
    let text = |text: &Option<String>| given(text.clone()).is_some();
    let secret = |secret: &Option<SecretString>| given_secret(secret.clone()).is_some();
    let id = |id: &Option<Option<SecretString>>| given_id(id.clone().flatten()).is_some();
    let members = [
        ("key", secret(&request.key)),
        ("aws_auth_type", text(&request.aws_auth_type)),
        ("aws_access_key_id", text(&request.aws_access_key_id)),
        ("aws_secret_access_key", secret(&request.aws_secret_access_key)),
        ("aws_role_arn", text(&request.aws_role_arn)),
        ("aws_external_id", id(&request.aws_external_id)),
        ("aws_source_role_arn", text(&request.aws_source_role_arn.clone().flatten())),
        ("aws_source_external_id", id(&request.aws_source_external_id)),
        ("aws_region", text(&request.aws_region.clone().flatten())),
    ];
    members.into_iter().filter(|(_, is_said)| *is_said).map(|(name, _)| name).collect()
}

impl Fields {
    fn of_openai(stored: &OpenAiCredentials) -> Self {
        Self {
            key: Some(stored.api_key.clone()),
            custom_host: stored.custom_host.clone(),
            ..Self::default()
        }
    }

    fn of_bedrock(stored: &BedrockCredentials) -> Self {
        let mut fields = Self {
            auth_type: Some(auth_type_of(&stored.auth).to_owned()),
            region: stored.region.as_ref().map(ToString::to_string),
            custom_host: stored.endpoint.clone(),
            ..Self::default()
        };
        match &stored.auth {
            BedrockAuth::AccessKey(key) => fields.put_access_key(key),
            BedrockAuth::ApiKey { api_key } => fields.key = Some(api_key.clone()),
            BedrockAuth::ServiceRole => {}
            BedrockAuth::AssumedRole(role) => {
                if let Some(key) = &role.source {
                    fields.put_access_key(key);
                }
                let secret = |role: &Role| {
                    role.external_id.as_ref().map(|id| SecretString::from(id.as_str()))
                };
                if let [before @ .., last] = role.roles.as_slice() {
                    fields.role_arn = Some(last.role_arn.to_string());
                    fields.external_id = secret(last);
                    if let Some(before) = before.last() {
                        fields.source_role_arn = Some(before.role_arn.to_string());
                        fields.source_external_id = secret(before);
                    }
                }
            }
        }
        fields
    }

    fn put_access_key(&mut self, key: &AccessKey) {
        self.access_key_id = Some(key.access_key_id.clone());
        self.secret_access_key = Some(key.secret_access_key.clone());
    }

    /// Lays what a request says over what is there.
    fn overlaid(self, request: VirtualKeyRequest) -> Self {
        Self {
            said: said(&request),
            auth_type: given(request.aws_auth_type).or(self.auth_type),
            key: given_secret(request.key).or(self.key),
            access_key_id: given(request.aws_access_key_id).or(self.access_key_id),
            secret_access_key: given_secret(request.aws_secret_access_key)
                .or(self.secret_access_key),
            role_arn: given(request.aws_role_arn).or(self.role_arn),
            external_id: given_id(request.aws_external_id.unwrap_or(self.external_id)),
            source_role_arn: given(request.aws_source_role_arn.unwrap_or(self.source_role_arn)),
            source_external_id: given_id(
                request.aws_source_external_id.unwrap_or(self.source_external_id),
            ),
            region: given(request.aws_region.unwrap_or(self.region)),
            custom_host: given(request.custom_host.unwrap_or(self.custom_host)),
        }
    }

    /// The kind of credentials that a change of these asks for, if it says one.
    fn wanted_auth_type(&self, request: &VirtualKeyRequest) -> Result<Option<String>, Invalid> {
        if let Some(auth_type) = given(request.aws_auth_type.clone()) {
            return Ok(Some(auth_type));
        }
        let said = said(request);
        let has = |name| said.contains(&name);
        let has_pair = has("aws_access_key_id") || has("aws_secret_access_key");
        let (has_key, has_role) = (has("key"), has("aws_role_arn"));
        if has_key && (has_role || has_pair) {
            return Err(two_kinds());
        }
        let wanted = if has_key {
            "apiKey"
        } else if has_role {
            "assumedRole"
        } else if has_pair && !self.is_of("assumedRole") {
            // Where there is a role, the pair is the one that assumes it.
            "accessKey"
        } else {
            return Ok(None);
        };
        Ok(Some(wanted.to_owned()))
    }

    /// What is left for another kind of credentials: where, and the access key for a
    /// role, which would otherwise be assumed by the gateway's own identity.
    fn turned_into(self, auth_type: String) -> Self {
        let is_role = auth_type.eq_ignore_ascii_case("assumedRole");
        Self {
            access_key_id: self.access_key_id.filter(|_| is_role),
            secret_access_key: self.secret_access_key.filter(|_| is_role),
            region: self.region,
            custom_host: self.custom_host,
            auth_type: Some(auth_type),
            ..Self::default()
        }
    }

    /// Nothing is passed over that somebody gave: they would believe it to be in use.
    fn refuse_unused(&self, of: &str, used: &[&str]) -> Result<(), Invalid> {
        match self.said.iter().find(|name| !used.contains(name)) {
            None => Ok(()),
            Some(name) => Err(Invalid::new(*name, format!("is of no use to {of}; leave it out"))),
        }
    }

    fn is_of(&self, auth_type: &str) -> bool {
        self.auth_type.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(auth_type))
    }

    fn bedrock(self, custom_hosts: &[String]) -> Result<ProviderCredentials, Invalid> {
        let region = self.region.as_deref().map(|region| {
            let parsed = region.parse::<Region>();
            parsed.map_err(|error| Invalid::new("aws_region", format!("`{region}` is {error}")))
        });
        let region = region.transpose()?;
        let endpoint = checked_host(self.custom_host.as_deref(), custom_hosts)?;
        let auth_type = match &self.auth_type {
            Some(auth_type) => auth_type.to_ascii_lowercase(),
            None if self.key.is_some()
                && (self.access_key_id.is_some() || self.role_arn.is_some()) =>
            {
                return Err(two_kinds());
            }
            None if self.role_arn.is_some() => "assumedrole".to_owned(),
            None if self.key.is_some() => "apikey".to_owned(),
            None => "accesskey".to_owned(),
        };
        let (kind, used): (&str, &[&str]) = match auth_type.as_str() {
            "accesskey" => ("accessKey", &["aws_access_key_id", "aws_secret_access_key"]),
            "assumedrole" => (
                "assumedRole",
                &[
                    "aws_access_key_id",
                    "aws_secret_access_key",
                    "aws_role_arn",
                    "aws_external_id",
                    "aws_source_role_arn",
                    "aws_source_external_id",
                ],
            ),
            "apikey" => ("apiKey", &["key"]),
            "servicerole" => ("serviceRole", &[]),
            other => {
                let message = format!(
                    "`{other}` is none of `accessKey`, `assumedRole`, `apiKey` and `serviceRole`"
                );
                return Err(Invalid::new("aws_auth_type", message));
            }
        };
        let used = [used, &["aws_auth_type", "aws_region"]].concat();
        self.refuse_unused(&format!("credentials of the kind `{kind}`"), &used)?;
        let auth = match auth_type.as_str() {
            "accesskey" => BedrockAuth::AccessKey(self.access_key()?.ok_or_else(|| {
                Invalid::new(
                    "aws_access_key_id",
                    "is missing; give an access key, `aws_role_arn`, `key` (a Bedrock API key), or `aws_auth_type` `serviceRole`",
                )
            })?),
            "assumedrole" => {
                let role = one_role("aws_role_arn", self.role_arn.as_deref(), "aws_external_id", self.external_id.as_ref())?;
                let role = role.ok_or_else(|| Invalid::new("aws_role_arn", "is missing"))?;
                let before = one_role(
                    "aws_source_role_arn",
                    self.source_role_arn.as_deref(),
                    "aws_source_external_id",
                    self.source_external_id.as_ref(),
                )?;
                let roles = before.into_iter().chain([role]).collect();
                BedrockAuth::AssumedRole(AssumedRole { roles, source: self.access_key()? })
            }
            "apikey" => {
                let key = self.key.ok_or_else(|| Invalid::new("key", "is missing: the Bedrock API key"))?;
                BedrockAuth::ApiKey { api_key: header_secret("key", key)? }
            }
            _ => BedrockAuth::ServiceRole,
        };
        Ok(ProviderCredentials::Bedrock(BedrockCredentials { auth, region, endpoint }))
    }

    fn access_key(&self) -> Result<Option<AccessKey>, Invalid> {
        match (&self.access_key_id, &self.secret_access_key) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(Invalid::new("aws_secret_access_key", "is missing")),
            (None, Some(_)) => Err(Invalid::new("aws_access_key_id", "is missing")),
            (Some(id), Some(secret)) => {
                let is_id = id.len() <= 128 && id.bytes().all(|b| b.is_ascii_alphanumeric());
                if !is_id {
                    let message = "must be letters and digits, such as AKIA...";
                    return Err(Invalid::new("aws_access_key_id", message));
                }
                let secret_access_key = header_secret("aws_secret_access_key", secret.clone())?;
                Ok(Some(AccessKey { access_key_id: id.clone(), secret_access_key }))
            }
        }
    }

    fn openai(self, custom_hosts: &[String]) -> Result<ProviderCredentials, Invalid> {
        self.refuse_unused("the provider `openai`", &["key"])?;
        let key = self.key.ok_or_else(|| Invalid::new("key", "is missing: the provider's key"))?;
        let api_key = header_secret("key", key)?;
        let custom_host = checked_host(self.custom_host.as_deref(), custom_hosts)?;
        Ok(ProviderCredentials::OpenAi(OpenAiCredentials { api_key, custom_host }))
    }

    fn told(self, auth_type: &'static str) -> ModelConfig {
        ModelConfig {
            aws_auth_type: Some(auth_type),
            aws_access_key_id: self.access_key_id.as_deref().map(masked),
            aws_role_arn: self.role_arn,
            aws_external_id: self.external_id.map(|id| masked(id.expose_secret())),
            aws_source_role_arn: self.source_role_arn,
            aws_region: self.region,
            custom_host: self.custom_host,
        }
    }
}

fn two_kinds() -> Invalid {
    Invalid::new("key", "is a Bedrock API key, and there are other credentials too; give one kind")
}

/// A secret that a header can carry.
fn header_secret(param: &str, secret: SecretString) -> Result<SecretString, Invalid> {
    const MAX_SECRET: usize = 8192;
    let text = secret.expose_secret().trim();
    if text.len() > MAX_SECRET || !text.bytes().all(|b| b.is_ascii_graphic()) {
        let message = format!("must be visible characters of ASCII, at most {MAX_SECRET}");
        return Err(Invalid::new(param, message));
    }
    Ok(SecretString::from(text))
}

fn one_role(
    arn_param: &str,
    arn: Option<&str>,
    id_param: &str,
    id: Option<&SecretString>,
) -> Result<Option<Role>, Invalid> {
    let Some(arn) = arn else {
        return match id {
            Some(_) => Err(Invalid::new(id_param, format!("is of no use without `{arn_param}`"))),
            None => Ok(None),
        };
    };
    let role_arn = RoleArn::parse(arn)
        .map_err(|error| Invalid::new(arn_param, format!("`{arn}` is {error}")))?;
    let external_id = id.map(|id| ExternalId::parse(id.expose_secret().trim())).transpose();
    let external_id = external_id.map_err(|error| Invalid::new(id_param, format!("is {error}")))?;
    Ok(Some(Role { role_arn, external_id }))
}

fn checked_host(host: Option<&str>, allowed: &[String]) -> Result<Option<String>, Invalid> {
    let checked = host.map(|host| custom_host::check(host, allowed)).transpose();
    checked.map_err(|error| Invalid::new("custom_host", error.to_string()))
}

#[cfg(test)]
mod tests;

//! Which family of models stands behind an application inference profile: asked of
//! AWS once, and remembered.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use moka::future::Cache;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use crate::aws::credentials::Credentials;
use crate::aws::endpoint::{self, EndpointOptions};
use crate::aws::inference_profile::foundation_model;
use crate::aws::model_id::ModelId;
use crate::aws::region::Region;
use crate::models::{self, ModelProfile};
use crate::upstream::bedrock::BedrockClient;
use crate::upstream::{self, ErrorKind};

/// Profiles that are remembered at most; the least used go first.
const MAX_PROFILES: u64 = 10_000;
/// How long what was found is remembered. What stands behind a profile never changes;
/// a profile that was deleted and made anew has another id.
const KNOWN_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a failure is remembered: shorter than people take to mend a permission.
const FAILED_FOR: Duration = Duration::from_secs(10);

/// Looks profiles up.
#[derive(Debug)]
pub struct Profiles {
    /// Whether a model is called all the same whose family is not found out.
    pub(super) allow_unresolved: bool,
    endpoint_url: Option<String>,
    endpoint_options: EndpointOptions,
    /// By ARN, or by id and caller.
    known: Cache<String, &'static ModelProfile>,
    /// By id and caller: what brings requests together that ask.
    asked: Cache<String, &'static ModelProfile>,
    failed: Cache<String, Arc<upstream::Error>>,
}

impl Profiles {
    /// Nothing is known yet. `endpoint_url` replaces the address of Bedrock's control
    /// plane; `allow_unresolved` has a model called whose profile cannot be looked up.
    #[must_use]
    pub fn new(
        endpoint_url: Option<String>,
        endpoint_options: EndpointOptions,
        allow_unresolved: bool,
    ) -> Self {
        Self {
            allow_unresolved,
            endpoint_url,
            endpoint_options,
            known: Cache::builder().max_capacity(MAX_PROFILES).time_to_live(KNOWN_FOR).build(),
            asked: Cache::builder().max_capacity(MAX_PROFILES).time_to_live(FAILED_FOR).build(),
            failed: Cache::builder().max_capacity(MAX_PROFILES).time_to_live(FAILED_FOR).build(),
        }
    }

    /// What the model behind a profile accepts. Requests that ask together ask once.
    ///
    /// # Errors
    /// AWS refused or could not be reached; remembered for a moment, for this caller,
    /// unless it passes by itself.
    pub async fn family(
        &self,
        client: &BedrockClient,
        profile: &ModelId,
        region: &Region,
        credentials: &Credentials,
        now: SystemTime,
    ) -> Result<&'static ModelProfile, Arc<upstream::Error>> {
        let own = own_key(profile, region, credentials);
        // An ARN holds its account; what a bare id means depends on whose it is.
        let is_arn = profile.as_str().starts_with("arn:");
        let key = if is_arn { profile.as_str().to_owned() } else { own.clone() };
        if let Some(known) = self.known.get(&key).await {
            return Ok(known);
        }
        if let Some(failure) = self.failed.get(&own).await {
            return Err(failure);
        }
        let ask = async {
            let base_url = match &self.endpoint_url {
                Some(url) => url.clone(),
                None => endpoint::bedrock(region, self.endpoint_options),
            };
            let models =
                client.models_of_profile(&base_url, region, profile, credentials, now).await?;
            let model = models.iter().find_map(|arn| foundation_model(arn));
            Ok(model.map_or_else(|| models::profile(""), models::profile))
        };
        // Who waits for another's answer must not get another's refusal.
        let found = self.asked.try_get_with(own.clone(), ask).await;
        match &found {
            Ok(family) => self.known.insert(key, family).await,
            // Clients try again what passes by itself, sooner than a failure is forgotten.
            Err(failure) if is_passing(failure) => {}
            Err(failure) => self.failed.insert(own, Arc::clone(failure)).await,
        }
        found
    }
}

/// Whether AWS said that it cannot answer at the moment.
fn is_passing(error: &upstream::Error) -> bool {
    matches!(&error.kind, ErrorKind::Refused(refusal) if refusal.status == 429 || refusal.status >= 500)
}

/// Names a profile for one caller, without telling anything of the caller's keys.
fn own_key(profile: &ModelId, region: &Region, credentials: &Credentials) -> String {
    let caller = match credentials {
        Credentials::SigV4(key) => Sha256::digest(key.access_key_id()),
        Credentials::Bearer(key) => Sha256::digest(key.expose_secret()),
    };
    let caller: String = caller.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{region}/{caller}/{}", profile.as_str())
}

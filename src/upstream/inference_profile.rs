//! `GetInferenceProfile` of Bedrock's control plane.
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetInferenceProfile.html>.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use serde::Deserialize;
use tokio::time::timeout;

use super::bedrock::{BedrockClient, read, refusal, request_id};
use super::error::{Error, ErrorKind};
use super::waits::Wait;
use crate::aws::credentials::Credentials;
use crate::aws::model_id::ModelId;
use crate::aws::region::Region;
use crate::aws::sigv4;

/// The largest answer that is read: a profile lists a model for each of its regions.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// How long the answer may take: the control plane answers in milliseconds, and a
/// request of a client waits for it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The part of the answer that tells the models.
#[derive(Debug, Deserialize)]
struct InferenceProfile {
    models: Vec<ProfileModel>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProfileModel {
    model_arn: String,
}

impl BedrockClient {
    /// The ARNs of the models behind an inference profile. `base_url` is that of the
    /// control plane, without a slash at the end.
    ///
    /// # Errors
    /// Bedrock refused, could not be reached, or did not answer in time.
    pub async fn models_of_profile(
        &self,
        base_url: &str,
        region: &Region,
        profile: &ModelId,
        credentials: &Credentials,
        now: SystemTime,
    ) -> Result<Vec<String>, Error> {
        let url = format!("{base_url}/inference-profiles/{}", profile.path_segment());
        let mut headers = HeaderMap::new();
        sigv4::authorize(&mut headers, "GET", &url, b"", credentials, region, now)
            .map_err(ErrorKind::Sign)?;
        let call = self.clients.ordinary.pooled.get(url).headers(headers);
        let answer = async {
            let response = call.send().await.map_err(ErrorKind::from)?;
            if !response.status().is_success() {
                return Err(refusal(response, self.waits.idle).await);
            }
            let request_id = request_id(&response);
            let body = read(response, MAX_ANSWER_BYTES, self.waits.idle).await;
            let read = body.and_then(|body| {
                serde_json::from_slice::<InferenceProfile>(&body).map_err(ErrorKind::from)
            });
            read.map_err(|kind| Error { kind, request_id })
        };
        let answer =
            timeout(TIMEOUT, answer).await.map_err(|_| Wait::FirstByte.over(TIMEOUT))??;
        Ok(answer.models.into_iter().map(|model| model.model_arn).collect())
    }
}

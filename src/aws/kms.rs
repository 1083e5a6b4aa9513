//! Data keys of AWS KMS: made under a key that never leaves KMS, and opened by it.
//!
//! Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html>,
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>.

use std::fmt;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::DisplayErrorContext;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use zeroize::Zeroizing;

use super::sdk::SdkContext;

/// The name under which KMS is told what a data key is for; CloudTrail shows it,
/// and a key policy may demand it.
const CONTEXT_NAME: &str = "bedrock-gateway:record";

/// KMS refused, failed or could not be reached.
#[derive(Debug, thiserror::Error)]
#[error("AWS KMS {operation}: {message}")]
pub struct Error {
    operation: &'static str,
    /// AWS's words, with those of what it came from.
    message: String,
}

/// A data key, open and as KMS sealed it.
pub struct DataKey {
    /// 32 bytes.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// What [`DataKeys::open`] takes.
    pub sealed: Vec<u8>,
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// Makes and opens data keys under one key of KMS.
#[derive(Debug, Clone)]
pub struct DataKeys {
    client: Client,
    key_id: String,
}

impl DataKeys {
    /// `key_id` is an id, an alias (`alias/...`) or an ARN.
    #[must_use]
    pub fn new(sdk: &SdkContext, key_id: String) -> Self {
        let region = region_of(&key_id).unwrap_or_else(|| sdk.region().clone());
        let mut config = aws_sdk_kms::Config::builder()
            .behavior_version(aws_sdk_kms::config::BehaviorVersion::latest())
            .region(aws_sdk_kms::config::Region::new(region.as_str().to_owned()))
            .http_client(sdk.http_client())
            .credentials_provider(sdk.credentials())
            .timeout_config(sdk.timeouts())
            .use_fips(sdk.endpoint_options().fips)
            .use_dual_stack(sdk.endpoint_options().dual_stack);
        if let Some(url) = sdk.endpoint_url_kms() {
            config = config.endpoint_url(url);
        }
        Self { client: Client::from_conf(config.build()), key_id }
    }

    /// Makes a data key for what `context` names.
    ///
    /// # Errors
    /// KMS refused, failed or could not be reached.
    pub async fn generate(&self, context: &str) -> Result<DataKey, Error> {
        const OPERATION: &str = "GenerateDataKey";
        let call = self
            .client
            .generate_data_key()
            .key_id(&self.key_id)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context(CONTEXT_NAME, context);
        // The SDK's futures are large, and few requests need this one.
        let made = Box::pin(call.send()).await.map_err(|error| failed(OPERATION, &error))?;
        match (made.plaintext, made.ciphertext_blob) {
            (Some(plaintext), Some(sealed)) => Ok(DataKey {
                plaintext: Zeroizing::new(plaintext.into_inner()),
                sealed: sealed.into_inner(),
            }),
            _ => Err(Error { operation: OPERATION, message: "the answer has no key".to_owned() }),
        }
    }

    /// Opens a data key that was made for `context`.
    ///
    /// # Errors
    /// It was not, or KMS refused, failed or could not be reached.
    pub async fn open(&self, sealed: &[u8], context: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
        const OPERATION: &str = "Decrypt";
        let call = self
            .client
            .decrypt()
            .ciphertext_blob(Blob::new(sealed))
            .encryption_context(CONTEXT_NAME, context);
        let opened = Box::pin(call.send()).await.map_err(|error| failed(OPERATION, &error))?;
        let plaintext = opened.plaintext.ok_or_else(|| Error {
            operation: OPERATION,
            message: "the answer has no key".to_owned(),
        })?;
        Ok(Zeroizing::new(plaintext.into_inner()))
    }
}

/// The region in the ARN of a key or alias, such as
/// `arn:aws:kms:eu-west-1:111122223333:key/...`.
fn region_of(key_id: &str) -> Option<super::region::Region> {
    let mut parts = key_id.splitn(6, ':');
    if parts.next()? != "arn" || parts.nth(1)? != "kms" {
        return None;
    }
    parts.next()?.parse().ok()
}

fn failed(operation: &'static str, error: &impl std::error::Error) -> Error {
    Error { operation, message: DisplayErrorContext(error).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_key_is_not_shown() {
        let key = DataKey { plaintext: Zeroizing::new(vec![77; 32]), sealed: vec![88] };
        assert_eq!(format!("{key:?}"), "DataKey(..)");
    }

    #[test]
    fn the_region_of_a_key_is_that_of_its_arn() {
        let region = |id| region_of(id).map(|region| region.to_string());
        assert_eq!(
            region("arn:aws:kms:eu-west-1:111122223333:alias/vault").as_deref(),
            Some("eu-west-1")
        );
        for none in ["alias/vault", "1234abcd-12ab-34cd-56ef-1234567890ab", "arn:aws:s3:x:y:z"] {
            assert_eq!(region(none), None);
        }
    }
}

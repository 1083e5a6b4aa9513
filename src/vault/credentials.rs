//! What a virtual key opens: how to reach a provider and as whom.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use crate::aws::region::Region;
use crate::aws::role::Role;

/// Everything that is sealed in a virtual key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "provider", rename_all = "lowercase")]
pub enum ProviderCredentials {
    /// Amazon Bedrock.
    Bedrock(BedrockCredentials),
    /// A provider that speaks OpenAI's API.
    OpenAi(OpenAiCredentials),
}

/// Amazon Bedrock.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BedrockCredentials {
    /// As whom.
    pub auth: BedrockAuth,
    /// Where, unless the request says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Another host than the region's own: scheme, host and maybe the start of a
    /// path, without a slash at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// As whom Bedrock is called; the names are Portkey's `aws_auth_type`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum BedrockAuth {
    /// An access key.
    AccessKey(AccessKey),
    /// A role.
    AssumedRole(AssumedRole),
    /// A Bedrock API key.
    ApiKey {
        /// The key.
        #[serde(serialize_with = "exposed")]
        api_key: SecretString,
    },
    /// The gateway's own identity.
    ServiceRole,
}

/// An access key of an IAM user.
#[derive(Clone, Serialize, Deserialize)]
pub struct AccessKey {
    /// Its id.
    pub access_key_id: String,
    /// Its secret.
    #[serde(serialize_with = "exposed")]
    pub secret_access_key: SecretString,
}

/// Says the id's last characters only.
impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessKey({})", masked(&self.access_key_id))
    }
}

/// Roles, assumed one after the other; the last one calls Bedrock.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AssumedRole {
    /// At least one.
    pub roles: Vec<Role>,
    /// Who assumes the first; the gateway's own identity if nobody is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<AccessKey>,
}

/// A provider that speaks OpenAI's API.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenAiCredentials {
    /// The provider's key.
    #[serde(serialize_with = "exposed")]
    pub api_key: SecretString,
    /// Where it is, if it is not OpenAI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_host: Option<String>,
}

/// What is sealed is written as it is.
fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

/// A secret as people may see it: its last four characters, if they are few of many.
#[must_use]
pub fn masked(secret: &str) -> String {
    const SHOWN: usize = 4;
    const LEAST: usize = 16;
    let length = secret.chars().count();
    if length < LEAST {
        return "****".to_owned();
    }
    let tail: String = secret.chars().skip(length - SHOWN).collect();
    format!("****{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_to_the_same() {
        for json in [
            r#"{"provider":"bedrock","auth":{"type":"accessKey","access_key_id":"AKIA","secret_access_key":"s"},"region":"eu-west-1"}"#,
            r#"{"provider":"bedrock","auth":{"type":"assumedRole","roles":[{"role_arn":"arn:aws:iam::111122223333:role/a","external_id":"id"}],"source":{"access_key_id":"AKIA","secret_access_key":"s"}}}"#,
            r#"{"provider":"bedrock","auth":{"type":"apiKey","api_key":"k"},"endpoint":"https://x"}"#,
            r#"{"provider":"bedrock","auth":{"type":"serviceRole"}}"#,
            r#"{"provider":"openai","api_key":"k","custom_host":"https://x"}"#,
        ] {
            let read: ProviderCredentials = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), json);
            let shown = format!("{read:?}");
            assert!(!shown.contains("\"s\"") && !shown.contains("\"k\""), "{shown}");
        }
    }

    #[test]
    fn masks_show_the_end_of_what_is_long() {
        assert_eq!(masked("AKIAEMULATOREXAMPLE1"), "****PLE1");
        assert_eq!(masked("short"), "****");
        assert_eq!(masked(""), "****");
    }
}

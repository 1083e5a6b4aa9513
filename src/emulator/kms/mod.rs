//! AWS Key Management Service: keys that encrypt, and data keys.
//!
//! In reading order: this file (operations), `request` (members), `key` (which key),
//! `blob` (ciphertexts), `errors`.

mod blob;
mod errors;
mod key;
mod request;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Response;
use serde_json::{Value, json};

use super::answer;
use super::auth::{Caller, Gate, Service};
use super::delivery::Body;
use super::digest;
use super::observe::Watch;
use super::sigv4::Request;
use super::state::State;
use blob::{Blob, Context};
use errors::KmsError;
use key::{Key, Place, Rule};
use request::Members;

const JSON: &str = "application/x-amz-json-1.1";
/// Longest plaintext that is encrypted.
const MAX_PLAINTEXT: usize = 4_096;
/// Longest ciphertext that is decrypted.
const MAX_CIPHERTEXT: usize = 6_144;
/// Longest data key.
const MAX_DATA_KEY: i64 = 1_024;
const ALGORITHM: &str = "SYMMETRIC_DEFAULT";
/// Every key was made then, 2025-01-01.
const CREATED: u64 = 1_735_689_600;

/// Operations, as the API calls them and as reports do.
const OPERATIONS: &[(&str, &str)] = &[
    ("GenerateDataKey", "generate-data-key"),
    ("GenerateDataKeyWithoutPlaintext", "generate-data-key-without-plaintext"),
    ("Encrypt", "encrypt"),
    ("Decrypt", "decrypt"),
    ("ReEncrypt", "re-encrypt"),
    ("DescribeKey", "describe-key"),
];

/// The answer to a request for KMS; `operation` is the end of its `X-Amz-Target`.
pub(super) async fn to(
    state: &State,
    request: Request<'_>,
    operation: &str,
    mut watch: Watch,
) -> Response<Body> {
    match result(state, request, operation, &mut watch).await {
        Ok(result) => answer::plain(200, JSON, result.to_string(), watch),
        Err(error) => answer::plain(error.status(), JSON, error.body().to_string(), watch),
    }
}

async fn result(
    state: &State,
    request: Request<'_>,
    operation: &str,
    watch: &mut Watch,
) -> Result<Value, KmsError> {
    let unknown = || KmsError { code: "UnknownOperationException", message: None };
    let (_, reported) =
        OPERATIONS.iter().find(|(name, _)| *name == operation).ok_or_else(unknown)?;
    watch.named(reported);
    let caller = Gate::of(state, Service::Kms).admit(request)?;
    watch.known(&caller);
    let desk = Desk { state, caller: &caller, operation };
    let members = Members::parse(request.body)?;
    match operation {
        "GenerateDataKey" => desk.generate_data_key(&members, true).await,
        "GenerateDataKeyWithoutPlaintext" => desk.generate_data_key(&members, false).await,
        "Encrypt" => desk.encrypt(&members).await,
        "Decrypt" => desk.decrypt(&members).await,
        "ReEncrypt" => desk.re_encrypt(&members).await,
        "DescribeKey" => desk.describe_key(&members),
        _ => Err(unknown()),
    }
}

/// One call of one caller.
struct Desk<'a> {
    state: &'a State,
    caller: &'a Caller,
    operation: &'a str,
}

impl Desk<'_> {
    async fn generate_data_key(
        &self,
        members: &Members,
        with_plaintext: bool,
    ) -> Result<Value, KmsError> {
        let key = self.key(members.required_text("KeyId")?)?;
        let length = data_key_length(members)?;
        self.use_key(&key).await?;
        let plaintext = random_bytes(length);
        let ciphertext = seal(&key, &members.context("EncryptionContext")?, &plaintext)?;
        let mut answer = json!({
            "CiphertextBlob": ciphertext,
            "KeyId": key.arn,
            "KeyMaterialId": material_of(&key.arn),
        });
        if with_plaintext && let Some(members) = answer.as_object_mut() {
            members.insert("Plaintext".to_owned(), BASE64_STANDARD.encode(plaintext).into());
        }
        Ok(answer)
    }

    async fn encrypt(&self, members: &Members) -> Result<Value, KmsError> {
        let key = self.key(members.required_text("KeyId")?)?;
        let plaintext = members.blob("Plaintext", MAX_PLAINTEXT)?;
        self.use_key(&key).await?;
        let ciphertext = seal(&key, &members.context("EncryptionContext")?, &plaintext)?;
        Ok(json!({
            "CiphertextBlob": ciphertext,
            "KeyId": key.arn,
            "EncryptionAlgorithm": ALGORITHM,
        }))
    }

    async fn decrypt(&self, members: &Members) -> Result<Value, KmsError> {
        let opened = self.open(members, "KeyId", "EncryptionContext").await?;
        Ok(json!({
            "KeyId": opened.key.arn,
            "Plaintext": BASE64_STANDARD.encode(opened.plaintext),
            "EncryptionAlgorithm": ALGORITHM,
            "KeyMaterialId": material_of(&opened.key.arn),
        }))
    }

    async fn re_encrypt(&self, members: &Members) -> Result<Value, KmsError> {
        let key = self.key(members.required_text("DestinationKeyId")?)?;
        let opened = self.open(members, "SourceKeyId", "SourceEncryptionContext").await?;
        self.use_key(&key).await?;
        let context = members.context("DestinationEncryptionContext")?;
        Ok(json!({
            "CiphertextBlob": seal(&key, &context, &opened.plaintext)?,
            "SourceKeyId": opened.key.arn,
            "KeyId": key.arn,
            "SourceEncryptionAlgorithm": ALGORITHM,
            "DestinationEncryptionAlgorithm": ALGORITHM,
            "SourceKeyMaterialId": material_of(&opened.key.arn),
            "DestinationKeyMaterialId": material_of(&key.arn),
        }))
    }

    fn describe_key(&self, members: &Members) -> Result<Value, KmsError> {
        let key = self.key(members.required_text("KeyId")?)?;
        if key.rule == Rule::Denied {
            return Err(self.denied(&key));
        }
        let is_enabled = key.rule != Rule::Disabled;
        Ok(json!({"KeyMetadata": {
            "AWSAccountId": key.account,
            "KeyId": key.id,
            "Arn": key.arn,
            "CreationDate": CREATED,
            "Enabled": is_enabled,
            "Description": "",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyState": if is_enabled { "Enabled" } else { "Disabled" },
            "Origin": "AWS_KMS",
            "KeyManager": "CUSTOMER",
            "CustomerMasterKeySpec": ALGORITHM,
            "KeySpec": ALGORITHM,
            "EncryptionAlgorithms": [ALGORITHM],
            "MultiRegion": key.id.starts_with("mrk-"),
        }}))
    }

    /// Opens a ciphertext with the key that sealed it, which a request may name.
    async fn open(
        &self,
        members: &Members,
        key_member: &str,
        context_member: &str,
    ) -> Result<Opened, KmsError> {
        let bytes = members.blob("CiphertextBlob", MAX_CIPHERTEXT)?;
        let context = members.context(context_member)?;
        let named = members.text(key_member)?.map(|name| self.key(name)).transpose()?;
        let blob = Blob::parse(&bytes).ok_or_else(KmsError::invalid_ciphertext)?;
        let key = match named {
            Some(key) if key.arn == blob.arn => key,
            Some(_) => {
                return Err(KmsError::new(
                    "IncorrectKeyException",
                    "The key ID in the request does not identify a CMK that can perform this operation.",
                ));
            }
            None => self.key(blob.arn).map_err(|_| {
                KmsError::new(
                    "AccessDeniedException",
                    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
                )
            })?,
        };
        self.use_key(&key).await?;
        if key.rule == Rule::EncryptOnly {
            return Err(self.denied(&key));
        }
        let plaintext = blob.open(&context).ok_or_else(KmsError::invalid_ciphertext)?;
        Ok(Opened { key, plaintext })
    }

    fn key(&self, identifier: &str) -> Result<Key, KmsError> {
        let region = self.caller.region.as_deref().unwrap_or_default();
        Key::of(identifier, Place { region, account: self.caller.principal.account() })
    }

    /// What stands in the way of using a key.
    async fn use_key(&self, key: &Key) -> Result<(), KmsError> {
        match key.rule {
            Rule::Denied => Err(self.denied(key)),
            Rule::Disabled => {
                Err(KmsError::new("DisabledException", format!("{} is disabled.", key.arn)))
            }
            Rule::Throttle(limit) if self.state.is_among_first(&key.arn, "kms", limit) => {
                Err(KmsError::new(
                    "ThrottlingException",
                    "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
                ))
            }
            Rule::Broken => Err(KmsError::new(
                "KMSInternalException",
                "The request was rejected because an internal exception occurred.",
            )),
            Rule::Slow(time) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
            Rule::Usable | Rule::EncryptOnly | Rule::Throttle(_) => Ok(()),
        }
    }

    fn denied(&self, key: &Key) -> KmsError {
        let (caller, action) = (self.caller.principal.arn(), self.operation);
        KmsError::new(
            "AccessDeniedException",
            format!(
                "User: {caller} is not authorized to perform: kms:{action} on resource: {} because no identity-based policy allows the kms:{action} action",
                key.arn
            ),
        )
    }
}

/// A plaintext, and the key that had sealed it.
struct Opened {
    key: Key,
    plaintext: Vec<u8>,
}

fn data_key_length(members: &Members) -> Result<usize, KmsError> {
    match (members.text("KeySpec")?, members.number("NumberOfBytes")?) {
        (Some("AES_256"), None) => Ok(32),
        (Some("AES_128"), None) => Ok(16),
        (Some(other), None) => Err(KmsError::constraint(
            &format!("'{other}'"),
            "keySpec",
            "Member must satisfy enum value set: [AES_256, AES_128]",
        )),
        (None, Some(bytes)) => usize::try_from(bytes)
            .ok()
            .filter(|_| (1..=MAX_DATA_KEY).contains(&bytes))
            .ok_or_else(|| {
                let constraint = format!("Member must have value between 1 and {MAX_DATA_KEY}");
                KmsError::constraint(&format!("'{bytes}'"), "numberOfBytes", &constraint)
            }),
        _ => Err(KmsError::validation("Please specify either number of bytes or key spec.")),
    }
}

fn random_bytes(length: usize) -> Vec<u8> {
    std::iter::repeat_with(digest::random).flatten().take(length).collect()
}

fn seal(key: &Key, context: &Context, plaintext: &[u8]) -> Result<String, KmsError> {
    let sealed = blob::seal(&key.arn, context, plaintext)
        .ok_or_else(|| KmsError::new("KMSInternalException", "The plaintext was not sealed."))?;
    Ok(BASE64_STANDARD.encode(sealed))
}

/// `KeyMaterialId`: 64 hexadecimal digits.
fn material_of(arn: &str) -> String {
    digest::plain("key material", arn).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;

//! Authorization of a request: Signature Version 4, or a bearer key.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>.

use std::time::SystemTime;

use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, sign as sign_request,
};
use aws_sigv4::sign::v4;
use http::header::{AUTHORIZATION, InvalidHeaderValue};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;

use super::credentials::Credentials;
use super::region::Region;

/// The name in the credential scope; the same for Bedrock's control plane and runtime.
const SERVICE: &str = "bedrock";

/// The request could not be signed; with checked input this does not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The signer refused the request.
    #[error("the request cannot be signed")]
    Sign(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A credential holds a character that no header may have.
    #[error("a credential holds a character that cannot be sent in a header")]
    Header(#[source] InvalidHeaderValue),
}

/// Adds what authorizes a request with `body` to `url`: the headers present are
/// signed as well, except for a bearer key, which signs nothing.
///
/// # Errors
/// See [`Error`].
pub fn authorize(
    headers: &mut HeaderMap,
    method: &str,
    url: &str,
    body: &[u8],
    credentials: &Credentials,
    region: &Region,
    time: SystemTime,
) -> Result<(), Error> {
    let credentials = match credentials {
        Credentials::Bearer(key) => {
            headers
                .insert(AUTHORIZATION, secret_value(&format!("Bearer {}", key.expose_secret()))?);
            return Ok(());
        }
        Credentials::SigV4(credentials) => credentials,
    };
    let identity = credentials.clone().into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Double;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region.as_str())
        .name(SERVICE)
        .time(time)
        .settings(settings)
        .build()
        .map_err(|error| Error::Sign(error.into()))?
        .into();
    let present =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let signable = SignableRequest::new(method, url, present, SignableBody::Bytes(body))
        .map_err(|error| Error::Sign(error.into()))?;
    let (instructions, _signature) =
        sign_request(signable, &params).map_err(|error| Error::Sign(error.into()))?.into_parts();
    let (signed, _query) = instructions.into_parts();
    for header in signed {
        headers.insert(HeaderName::from_static(header.name()), secret_value(header.value())?);
    }
    Ok(())
}

fn secret_value(text: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text).map_err(Error::Header)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn signed(credentials: &Credentials) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        authorize(
            &mut headers,
            "POST",
            "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-v2%3A1/converse",
            b"{}",
            credentials,
            &Region::us_east_1(),
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160),
        )
        .unwrap();
        headers
    }

    /// The expected signature was made by botocore's signer (1.44.5) for the same request.
    #[test]
    fn the_signature_is_the_one_of_another_signer() {
        let headers = signed(&Credentials::access_key(
            "AKIDEXAMPLE",
            &"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            Some(&"session/token+EXAMPLE==".into()),
        ));
        assert_eq!(headers["x-amz-date"], "20150830T123600Z");
        assert_eq!(headers["x-amz-security-token"], "session/token+EXAMPLE==");
        assert_eq!(
            headers["authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, \
             Signature=3c2d43a620190867ab5bcb2cb8c354215d55a5a136615a7daff7ae0d6755e0d2"
        );
    }

    #[test]
    fn a_bearer_key_is_sent_alone() {
        let headers = signed(&Credentials::Bearer("key".into()));
        assert_eq!(headers["authorization"], "Bearer key");
        assert!(!headers.contains_key("x-amz-date"));
    }

    #[test]
    fn secrets_do_not_show_in_debug() {
        let credentials =
            Credentials::access_key("AKIDEXAMPLE", &"hush".into(), Some(&"hushed".into()));
        let shown = format!("{credentials:?} {:?}", signed(&credentials));
        assert!(!shown.contains("hush"), "{shown}");
        assert!(!format!("{:?}", Credentials::Bearer("hush".into())).contains("hush"));
    }
}

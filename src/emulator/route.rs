//! Which operation a request is for, by method, path and headers.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};

use super::rules::Mode;
use super::sigv4::Authorization;

/// The header in which the JSON protocol names an operation, and how KMS's begin.
const TARGET: &str = "x-amz-target";
const KMS_PREFIX: &str = "TrentService.";
const FORM: &str = "application/x-www-form-urlencoded";

/// An operation, or a service whose requests say it in their bodies.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    Model {
        mode: Mode,
        model_id: String,
    },
    Profile {
        identifier: String,
    },
    Sts,
    /// The operation as the client wrote it; empty when it wrote none.
    Kms {
        operation: String,
    },
}

impl Route {
    /// The route of a request; `None` for what no service knows.
    pub(super) fn of(head: &Parts) -> Option<Self> {
        let path = head.uri.path();
        if path == "/" {
            return Self::of_root(head);
        }
        Self::of_model(&head.method, path).or_else(|| Self::of_profile(&head.method, path))
    }

    /// The operation, when the path alone says it.
    pub(super) fn operation(&self) -> Option<&'static str> {
        match self {
            Self::Model { mode: Mode::Whole, .. } => Some("converse"),
            Self::Model { mode: Mode::Stream, .. } => Some("converse-stream"),
            Self::Profile { .. } => Some("get-inference-profile"),
            Self::Sts | Self::Kms { .. } => None,
        }
    }

    /// The model or the profile it is for.
    pub(super) fn model_id(&self) -> Option<&str> {
        match self {
            Self::Model { model_id, .. } => Some(model_id),
            Self::Profile { identifier } => Some(identifier),
            Self::Sts | Self::Kms { .. } => None,
        }
    }

    /// Services that have no paths: a header names operations of KMS; a form, or a
    /// query with an action, is for STS.
    fn of_root(head: &Parts) -> Option<Self> {
        match head.method {
            Method::POST => Self::of_post(&head.headers),
            Method::GET if head.uri.query()?.contains("Action=") => Some(Self::Sts),
            _ => None,
        }
    }

    fn of_post(headers: &HeaderMap) -> Option<Self> {
        if let Some(target) = headers.get(TARGET).and_then(|target| target.to_str().ok()) {
            let operation = target.strip_prefix(KMS_PREFIX)?.to_owned();
            return Some(Self::Kms { operation });
        }
        let form = text(headers, &CONTENT_TYPE);
        match signed_for(headers).as_deref() {
            Some("sts") => Some(Self::Sts),
            Some("kms") => Some(Self::Kms { operation: String::new() }),
            _ if form.is_some_and(|kind| kind.starts_with(FORM)) => Some(Self::Sts),
            _ => None,
        }
    }

    /// `POST /model/{id}/converse` and `POST /model/{id}/converse-stream`, the id
    /// in one percent-encoded segment.
    fn of_model(method: &Method, path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/model/")?;
        let (id, operation) = rest.split_once('/')?;
        let mode = match operation {
            "converse" => Mode::Whole,
            "converse-stream" => Mode::Stream,
            _ => return None,
        };
        if method != Method::POST || id.is_empty() {
            return None;
        }
        Some(Self::Model { mode, model_id: decoded(id) })
    }

    /// `GET /inference-profiles/{identifier}`. Some clients leave the slash of an ARN
    /// as it is.
    fn of_profile(method: &Method, path: &str) -> Option<Self> {
        let identifier = path.strip_prefix("/inference-profiles/")?;
        (method == Method::GET && !identifier.is_empty())
            .then(|| Self::Profile { identifier: decoded(identifier) })
    }
}

/// The service that the signature is for.
fn signed_for(headers: &HeaderMap) -> Option<String> {
    Some(Authorization::parse(text(headers, &AUTHORIZATION)?).ok()?.service)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn decoded(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn of(method: &str, uri: &str, headers: &[(&str, &str)]) -> Option<Route> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Route::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn models_are_named_in_the_path() {
        let model = |mode, id: &str| Some(Route::Model { mode, model_id: id.to_owned() });
        assert_eq!(of("POST", "/model/a.b%3A0/converse", &[]), model(Mode::Whole, "a.b:0"));
        assert_eq!(of("POST", "/model/a.b:0/converse-stream", &[]), model(Mode::Stream, "a.b:0"));
        assert_eq!(of("POST", "/model/a%253A/converse", &[]), model(Mode::Whole, "a%3A"));
        for (method, path) in [
            ("GET", "/model/a.b/converse"),
            ("POST", "/model/a.b/invoke"),
            ("POST", "/model/a/b/converse"),
            ("POST", "/model//converse"),
            ("POST", "/models"),
        ] {
            assert_eq!(of(method, path, &[]), None, "{method} {path}");
        }
    }

    #[test]
    fn profiles_are_named_in_the_path() {
        let arn = "arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.a";
        let profile = Some(Route::Profile { identifier: arn.to_owned() });
        let encoded = arn.replace(':', "%3A").replace('/', "%2F");
        assert_eq!(of("GET", &format!("/inference-profiles/{encoded}"), &[]), profile);
        assert_eq!(of("GET", &format!("/inference-profiles/{arn}"), &[]), profile);
        assert_eq!(of("DELETE", &format!("/inference-profiles/{encoded}"), &[]), None);
        assert_eq!(of("GET", "/inference-profiles/", &[]), None);
        assert_eq!(of("GET", "/inference-profiles", &[]), None);
    }

    #[test]
    fn services_without_paths_are_told_apart() {
        let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        let signed = |service: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=ab"
            )
        };
        assert_eq!(of("POST", "/", &[form]), Some(Route::Sts));
        assert_eq!(of("POST", "/", &[("authorization", &signed("sts"))]), Some(Route::Sts));
        assert_eq!(of("GET", "/?Action=GetCallerIdentity", &[]), Some(Route::Sts));
        let kms = |operation: &str| Some(Route::Kms { operation: operation.to_owned() });
        let target = |name: &'static str| ("x-amz-target", name);
        assert_eq!(of("POST", "/", &[target("TrentService.Decrypt")]), kms("Decrypt"));
        assert_eq!(of("POST", "/", &[("authorization", &signed("kms"))]), kms(""));
        assert_eq!(of("POST", "/", &[target("DynamoDB_20120810.GetItem"), form]), None);
        assert_eq!(of("POST", "/", &[("authorization", &signed("s3"))]), None);
        assert_eq!(of("GET", "/", &[]), None);
        assert_eq!(of("PUT", "/", &[form]), None);
    }
}

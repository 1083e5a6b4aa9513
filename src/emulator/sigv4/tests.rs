use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

use super::*;

const NOW: &str = "20150830T123600Z";
const ACCESS_KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const MODEL_PATH: &str = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A111122223333%3Ainference-profile%2Fus.anthropic.claude-v2%3A1/converse";

/// Bedrock in any region.
const BEDROCK: Scope<'_> = Scope { service: "bedrock", region: None };

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    headers
}

fn now() -> SystemTime {
    clock::parse_amz_date(NOW).unwrap()
}

/// Values from the public documentation and its test suite.
#[test]
fn published_examples_have_the_published_signatures() {
    let secret = SecretString::from(SECRET);
    for (method, query, service, extra, signed, signature) in [
        (
            "GET",
            "",
            "service",
            None,
            "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "POST",
            "",
            "service",
            None,
            "host;x-amz-date",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "GET",
            "Param2=value2&Param1=value1",
            "service",
            None,
            "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "GET",
            "Action=ListUsers&Version=2010-05-08",
            "iam",
            Some(("content-type", "application/x-www-form-urlencoded; charset=utf-8")),
            "content-type;host;x-amz-date",
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        ),
    ] {
        let host = if service == "iam" { "iam.amazonaws.com" } else { "example.amazonaws.com" };
        let mut pairs = vec![("host", host), ("x-amz-date", NOW)];
        pairs.extend(extra);
        let headers = headers(&pairs);
        let authorization = Authorization::parse(&format!(
            "AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/20150830/us-east-1/{service}/aws4_request, SignedHeaders={signed}, Signature={signature}"
        ))
        .unwrap();
        let request = Request { method, path: "/", query, headers: &headers, body: b"" };
        let found = authorization.signature_of(request, &secret, NOW);
        assert_eq!(found.as_deref(), Some(signature), "{method} {query}");
    }
}

/// A request as an SDK signs it.
struct Signed {
    path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Signed {
    fn new() -> Self {
        Self::with(MODEL_PATH, "", None)
    }

    fn with(path: &str, query: &str, token: Option<&str>) -> Self {
        let body = br#"{"messages":[]}"#.to_vec();
        let identity =
            Credentials::new(ACCESS_KEY_ID, SECRET, token.map(str::to_owned), None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("bedrock")
            .time(now())
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let uri = if query.is_empty() {
            format!("http://localhost:8788{path}")
        } else {
            format!("http://localhost:8788{path}?{query}")
        };
        let plain =
            [("content-type", "application/json"), ("host", "localhost:8788"), ("x-two", "a   b")];
        let signable =
            SignableRequest::new("POST", uri, plain.into_iter(), SignableBody::Bytes(&body))
                .unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        let mut headers = headers(&plain);
        for (name, value) in instructions.headers() {
            headers.insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        Self { path: path.to_owned(), query: query.to_owned(), headers, body }
    }

    fn authorization(&self) -> Authorization {
        Authorization::parse(self.headers["authorization"].to_str().unwrap()).unwrap()
    }

    fn verify_at(&self, now: SystemTime) -> Result<(), ServiceError> {
        let request = Request {
            method: "POST",
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        };
        self.authorization().verify(request, &SecretString::from(SECRET), BEDROCK, now)
    }

    fn verify(&self) -> Result<(), ServiceError> {
        self.verify_at(now())
    }

    fn replace(&mut self, from: &str, to: &str) {
        let header = self.headers["authorization"].to_str().unwrap().replace(from, to);
        self.headers.insert("authorization", header.parse().unwrap());
    }
}

#[test]
fn requests_signed_by_an_sdk_verify() {
    assert_eq!(Signed::new().verify(), Ok(()));
    assert_eq!(Signed::with("/model/anthropic.claude-v2:1/converse", "", None).verify(), Ok(()));
    assert_eq!(Signed::with("/", "b=2&a=x%20y&a=%2F", None).verify(), Ok(()));
    assert_eq!(Signed::with(MODEL_PATH, "", Some("a/token+with=signs")).verify(), Ok(()));
}

#[test]
fn whatever_is_altered_breaks_the_signature() {
    type Alteration = fn(&mut Signed);
    let alterations: [(&str, Alteration); 8] = [
        ("path", |signed| signed.path = signed.path.replace("v2%3A1", "v2%3A2")),
        ("encoding", |signed| signed.path = signed.path.replace("%2F", "/")),
        ("query", |signed| signed.query.push_str("a=1")),
        ("body", |signed| signed.body.push(b' ')),
        ("header", |signed| drop(signed.headers.insert("x-two", "a c".parse().unwrap()))),
        ("host", |signed| drop(signed.headers.insert("host", "localhost:1".parse().unwrap()))),
        ("key id", |signed| signed.replace("us-east-1", "us-west-2")),
        ("signature", |signed| {
            let last = signed.authorization().signature.chars().last().unwrap();
            let other = if last == '0' { "1" } else { "0" };
            let signature = signed.authorization().signature;
            signed.replace(&signature, &format!("{}{other}", &signature[..63]));
        }),
    ];
    for (what, alter) in alterations {
        let mut signed = Signed::new();
        alter(&mut signed);
        assert_eq!(signed.verify(), Err(Kind::InvalidSignature.error()), "{what}");
    }
}

#[test]
fn another_secret_does_not_verify() {
    let signed = Signed::new();
    let request = Request {
        method: "POST",
        path: &signed.path,
        query: "",
        headers: &signed.headers,
        body: &signed.body,
    };
    let refused =
        signed.authorization().verify(request, &SecretString::from("other"), BEDROCK, now());
    assert_eq!(refused, Err(Kind::InvalidSignature.error()));
}

#[test]
fn the_scope_must_fit() {
    for (from, to, text) in [
        ("/us-east-1/", "/nowhere/", "valid region"),
        ("/bedrock/", "/bedrock-runtime/", "correct service: 'bedrock'"),
        ("/aws4_request", "/aws5_request", "valid terminator"),
        ("/20150830/", "/20150831/", "'20150831' != '20150830'"),
    ] {
        let mut signed = Signed::new();
        signed.replace(from, to);
        let error = signed.verify().unwrap_err();
        assert_eq!(error.kind, Kind::InvalidSignature);
        assert!(error.message.contains(text), "{}", error.message);
    }
    let signed = Signed::new();
    let request = Request {
        method: "POST",
        path: &signed.path,
        query: "",
        headers: &signed.headers,
        body: &signed.body,
    };
    let elsewhere = signed.authorization().verify(
        request,
        &SecretString::from(SECRET),
        Scope { region: Some("us-west-2"), ..BEDROCK },
        now(),
    );
    assert!(elsewhere.unwrap_err().message.contains("valid region"));
}

#[test]
fn clocks_may_differ_by_five_minutes() {
    let signed = Signed::new();
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    for offset in [minutes(0), minutes(4), minutes(5)] {
        assert_eq!(signed.verify_at(now() + offset), Ok(()));
        assert_eq!(signed.verify_at(now() - offset), Ok(()));
    }
    let late = signed.verify_at(now() + minutes(6)).unwrap_err();
    assert_eq!(
        late.message,
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123700Z (20150830T124200Z - 5 min.)"
    );
    let early = signed.verify_at(now() - minutes(6)).unwrap_err();
    assert_eq!(
        early.message,
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123500Z (20150830T123000Z + 5 min.)"
    );
    assert!(signed.verify_at(UNIX_EPOCH).is_err());
}

#[test]
fn what_must_be_signed_cannot_be_left_out() {
    for (name, token) in
        [("host", None), ("x-amz-date", None), ("x-amz-security-token", Some("token"))]
    {
        let mut signed = Signed::with(MODEL_PATH, "", token);
        let names = signed.authorization().signed_headers.join(";");
        let fewer: Vec<&str> = names.split(';').filter(|other| *other != name).collect();
        assert_ne!(fewer.join(";"), names, "{name} was signed");
        signed.replace(&names, &fewer.join(";"));
        let error = signed.verify().unwrap_err();
        assert!(error.message.contains("must be a 'SignedHeader'"), "{}", error.message);
    }
}

#[test]
fn incomplete_headers_are_told_apart() {
    let whole = "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=ab";
    assert!(Authorization::parse(whole).is_ok());
    assert!(Authorization::parse(&whole.replace(", ", ",")).is_ok());
    for (from, to, text) in [
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1", "algorithm"),
        ("Credential=", "Cred=", "'Credential'"),
        ("SignedHeaders=host", "SignedHeaders=", "'SignedHeaders'"),
        ("Signature=ab", "", "'Signature'"),
        ("/bedrock", "", "5 slash-delimited"),
    ] {
        let Err(error) = Authorization::parse(&whole.replace(from, to)) else {
            panic!("{from} was missed")
        };
        assert_eq!(error.kind, Kind::IncompleteSignature);
        assert!(error.message.contains(text), "{}", error.message);
    }
    let mut undated = Signed::new();
    undated.headers.remove("x-amz-date");
    assert_eq!(undated.verify().unwrap_err().kind, Kind::IncompleteSignature);
}

//! Rules of HTTP/1.1 that the server library leaves to its users.
//!
//! A proxy in front may read a request that breaks them differently, as another request or as
//! two. So it is refused, and its connection closed.
//!
//! Sources: <https://www.rfc-editor.org/rfc/rfc9112#section-3.2>,
//! <https://www.rfc-editor.org/rfc/rfc9112#section-6.1>.

use axum::extract::{Extension, Request};
use axum::http::header::{CONNECTION, HOST, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::body;
use super::error::ApiError;
use crate::access::host::HostPort;
use crate::telemetry::AccessRecord;

/// Refuses requests that break a rule.
pub(super) async fn check_http(
    Extension(record): Extension<AccessRecord>,
    request: Request,
    next: Next,
) -> Response {
    let (head, body) = request.into_parts();
    match check(&head) {
        Ok(()) => next.run(Request::from_parts(head, body)).await,
        Err(error) => {
            body::discard(&head.headers, body).await;
            let mut response = error.noted(&record).into_response();
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

fn check(head: &Parts) -> Result<(), ApiError> {
    let mut codings = head.headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => {}
        (Some(coding), None) if is_chunked(coding.as_bytes()) => {}
        _ => return Err(ApiError::unsupported_transfer_encoding()),
    }
    let mut hosts = head.headers.get_all(HOST).iter();
    let invalid =
        |message| Err(ApiError::request(StatusCode::BAD_REQUEST, "invalid_host", message));
    match (hosts.next(), hosts.next()) {
        (None, _) if head.version == Version::HTTP_10 => Ok(()),
        (None, _) => invalid("the request has no `Host` header, which HTTP/1.1 requires"),
        (Some(_), Some(_)) => invalid("the request has more than one `Host` header; send one"),
        (Some(host), None) => match host.to_str().ok().and_then(HostPort::parse) {
            Some(_) => Ok(()),
            None => {
                invalid("the `Host` header is not a host name or address with an optional port")
            }
        },
    }
}

/// Whether it is the one transfer coding that is supported.
pub(super) fn is_chunked(coding: &[u8]) -> bool {
    coding.trim_ascii().eq_ignore_ascii_case(b"chunked")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(version: Version, headers: &[(&str, &[u8])]) -> Option<String> {
        let mut request = Request::builder().version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        check(&head).err().map(|error| {
            let code = error.code().unwrap_or_default();
            format!("{} {code}", error.status().as_u16())
        })
    }

    #[test]
    fn one_valid_host_is_required() {
        let host = |value: &'static [u8]| ("host", value);
        let invalid = Some("400 invalid_host".to_owned());
        assert_eq!(code(Version::HTTP_11, &[host(b"a.example:80")]), None);
        assert_eq!(code(Version::HTTP_11, &[host(b"[::1]:80")]), None);
        assert_eq!(code(Version::HTTP_11, &[]), invalid);
        assert_eq!(code(Version::HTTP_10, &[]), None);
        for version in [Version::HTTP_10, Version::HTTP_11] {
            assert_eq!(code(version, &[host(b"a"), host(b"a")]), invalid);
            for wrong in [&b""[..], b"a b", b"a/b", b"u@a", b"a:b", b"\xff", b"a, b"] {
                assert_eq!(code(version, &[host(wrong)]), invalid, "{wrong:?}");
            }
        }
    }

    #[test]
    fn chunked_is_the_only_transfer_coding() {
        let te = |values: &[&'static [u8]]| {
            let values = values.iter().map(|value| ("transfer-encoding", *value));
            let headers: Vec<_> = std::iter::once(("host", &b"a"[..])).chain(values).collect();
            code(Version::HTTP_11, &headers)
        };
        assert_eq!(te(&[b"chunked"]), None);
        assert_eq!(te(&[b"Chunked"]), None);
        for wrong in [
            &[&b"gzip, chunked"[..]][..],
            &[b"identity"],
            &[b"chunked, chunked"],
            &[b"chunked", b"chunked"],
            &[b"gzip", b"chunked"],
            &[b"xchunked"],
            &[b"chunked;a=b"],
            &[b""],
        ] {
            let expected = Some("501 unsupported_transfer_encoding".to_owned());
            assert_eq!(te(wrong), expected, "{wrong:?}");
        }
    }
}

//! Keeps web pages from using a gateway on the same machine by DNS rebinding.
//!
//! A page of `evil.example` may have its own name resolve to 127.0.0.1, after which the browser
//! takes the gateway for the page's own server and lets it read the answers. What such a page
//! cannot choose is the `Host` and `Origin` that the browser sends. So a gateway that listens on
//! loopback and shares its AWS identity with callers that it does not know answers them by
//! loopback names only.

use std::sync::Arc;

use axum::http::HeaderValue;
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;

use super::error::ApiError;
use crate::access::host::HostPort;

/// How much of a header is repeated in an error.
const MAX_REPEATED_CHARS: usize = 100;

/// Which hosts and origins are answered.
#[derive(Debug)]
pub struct LoopbackOnly {
    allowed_hosts: Vec<HostPort>,
    allowed_origins: Arc<[String]>,
}

impl LoopbackOnly {
    /// Answers loopback names, `allowed_hosts`, and pages of `allowed_origins`, in which `*` has
    /// no meaning.
    #[must_use]
    pub fn new(allowed_hosts: Vec<HostPort>, allowed_origins: Arc<[String]>) -> Self {
        Self { allowed_hosts, allowed_origins }
    }

    /// Refuses a request by another host name, or from a page of another origin.
    pub(super) fn check(&self, head: &Parts) -> Result<(), ApiError> {
        let host = match head.uri.authority() {
            Some(authority) => Some(authority.as_str()),
            None => head.headers.get(HOST).map(|value| value.to_str().unwrap_or_default()),
        };
        if !host.and_then(HostPort::parse).is_some_and(|host| self.allows(&host)) {
            return Err(not_allowed("host_not_allowed", "Host", host.unwrap_or_default()));
        }
        for origin in head.headers.get_all(ORIGIN) {
            if !self.allows_origin(origin) {
                let origin = String::from_utf8_lossy(origin.as_bytes());
                return Err(not_allowed("origin_not_allowed", "Origin", &origin));
            }
        }
        Ok(())
    }

    fn allows(&self, host: &HostPort) -> bool {
        host.host.is_loopback() || self.allowed_hosts.iter().any(|allowed| allowed.covers(host))
    }

    fn allows_origin(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        (origin != "*" && self.allowed_origins.iter().any(|allowed| allowed == origin))
            || HostPort::of_origin(origin).is_some_and(|host| self.allows(&host))
    }
}

fn not_allowed(code: &str, header: &str, value: &str) -> ApiError {
    let value: String = value.chars().take(MAX_REPEATED_CHARS).collect();
    let message = format!(
        "`{header}: {value}` is not allowed without a gateway key: this gateway listens on loopback and shares its AWS identity, so it answers to localhost, *.localhost, 127.0.0.0/8 and [::1] only. Use one of these, send a gateway key, or add the host to the setting `server.allowed_hosts`"
    );
    ApiError::forbidden(code, message)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn code(url: &str, headers: &[(&str, &str)]) -> Option<String> {
        let hosts = ["gateway.example", "other.example:8443"];
        let hosts = hosts.iter().map(|text| HostPort::parse(text).unwrap()).collect();
        let origins = ["https://app.example".to_owned(), "*".to_owned()];
        let only = LoopbackOnly::new(hosts, origins.into());
        let mut request = Request::get(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let error = only.check(&head).err()?;
        assert_eq!(error.status(), 403);
        error.code().map(str::to_owned)
    }

    #[test]
    fn the_host_must_be_a_loopback_name_or_an_allowed_one() {
        for (host, allowed) in [
            ("localhost:8787", true),
            ("127.0.0.1:8787", true),
            ("[::1]:8787", true),
            ("gateway.example:1234", true),
            ("other.example:8443", true),
            ("other.example", false),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("2130706433", false),
            ("user@localhost", false),
            ("", false),
        ] {
            let expected = (!allowed).then(|| "host_not_allowed".to_owned());
            assert_eq!(code("/v1", &[("host", host)]), expected, "{host}");
        }
        assert!(code("/v1", &[]).is_some(), "HTTP/1.0 without a host");
    }

    #[test]
    fn the_authority_of_the_url_takes_precedence() {
        assert_eq!(code("http://localhost/v1", &[("host", "evil.example")]), None);
        assert!(code("http://evil.example/v1", &[("host", "localhost")]).is_some());
        assert!(code("http://localhost@evil.example/v1", &[("host", "localhost")]).is_some());
    }

    #[test]
    fn the_origin_must_be_a_loopback_name_or_an_allowed_one() {
        for (origin, allowed) in [
            ("http://localhost:3000", true),
            ("http://a.localhost", true),
            ("https://[::1]", true),
            ("https://app.example", true),
            ("https://gateway.example:1", true),
            ("https://other.example:8443", true),
            ("https://other.example", false),
            ("https://app.example:8443", false),
            ("http://app.example", false),
            ("https://evil.example", false),
            ("http://localhost.evil.example", false),
            ("null", false),
            ("*", false),
        ] {
            let expected = (!allowed).then(|| "origin_not_allowed".to_owned());
            let headers = [("host", "localhost"), ("origin", origin)];
            assert_eq!(code("/v1", &headers), expected, "{origin}");
        }
        let two = [("host", "localhost"), ("origin", "http://localhost"), ("origin", "null")];
        assert!(code("/v1", &two).is_some());
    }

    #[test]
    fn the_error_names_value_and_setting_and_is_bounded() {
        let only = LoopbackOnly::new(Vec::new(), Arc::default());
        let long = format!("{}.example", "x".repeat(100_000));
        let (head, ()) = Request::get("/").header("host", &long).body(()).unwrap().into_parts();
        let message = only.check(&head).unwrap_err().into_body().error.message;
        assert!(message.starts_with("`Host: xxx") && message.contains("server.allowed_hosts"));
        assert!(message.len() < 600);
    }
}

//! Which URLs may be fetched.

use std::net::IpAddr;

use url::{Host, Url};

use super::error::MediaError;
use crate::aws::address::is_public;

/// A host that may be fetched from although it is not public, over http too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    /// As the parser of URLs writes it.
    host: String,
    /// `None`: the scheme's own.
    port: Option<u16>,
}

impl AllowedHost {
    /// Reads `host` or `host:port`.
    ///
    /// # Errors
    /// It is neither; the text says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "must be a host, or a host and its port, without scheme or path".to_owned();
        // A parser leaves out the port of its scheme, but not of both.
        let parsed = |scheme: &str| Url::parse(&format!("{scheme}://{text}")).ok();
        let (https, http) = parsed("https").zip(parsed("http")).ok_or_else(wrong)?;
        // Wildcards would be taken for names that nobody has.
        let is_plain = !text.contains(['/', '\\', '?', '#', '@', '*']) && !text.ends_with(':');
        let host = host_of(&https).filter(|_| is_plain).ok_or_else(wrong)?;
        Ok(Self { host, port: https.port().or(http.port()) })
    }

    fn is_of(&self, url: &Url) -> bool {
        let port_fits = match self.port {
            None => url.port().is_none(),
            Some(port) => url.port_or_known_default() == Some(port),
        };
        port_fits && host_of(url).is_some_and(|host| host == self.host)
    }
}

/// A host without the dot that a full name may end in.
fn host_of(url: &Url) -> Option<String> {
    url.host_str().map(|host| host.trim_end_matches('.').to_owned()).filter(|host| !host.is_empty())
}

/// How a URL may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// At public addresses; a name's are checked when it is resolved.
    Public,
    /// Wherever it is: the operator listed it.
    Listed,
}

/// Whether and how a URL may be fetched. Redirects lead to URLs as well.
pub(super) fn check(url: &Url, allowed: &[AllowedHost]) -> Result<Reach, MediaError> {
    let is_plain = url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || !is_plain {
        return Err(MediaError::NotAUrl);
    }
    let host = url.host().ok_or(MediaError::NotAUrl)?;
    if allowed.iter().any(|allowed| allowed.is_of(url)) {
        return Ok(Reach::Listed);
    }
    if url.scheme() != "https" {
        return Err(MediaError::NotHttps);
    }
    // The parser leaves out the scheme's own.
    if url.port().is_some() {
        return Err(MediaError::Port);
    }
    // It has also turned every spelling of an IPv4 address into one.
    let literal = match host {
        Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
        Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
        Host::Domain(_) => None,
    };
    match literal {
        Some(ip) if !is_public(ip) => Err(MediaError::NotPublic),
        Some(_) | None => Ok(Reach::Public),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(url: &str, allowed: &[&str]) -> Result<Reach, String> {
        let allowed: Vec<_> =
            allowed.iter().map(|text| AllowedHost::parse(text).unwrap()).collect();
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        check(&url, &allowed).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn public_https_urls_pass() {
        for url in [
            "https://example.com/a.png?signature=s#part",
            "https://example.com:443/",
            "https://bücher.example/",
            "https://8.8.8.8/",
            "https://[2606:4700:4700::1111]/",
        ] {
            assert_eq!(checked(url, &[]), Ok(Reach::Public), "{url}");
        }
    }

    #[test]
    fn addresses_that_are_not_public_pass_in_no_spelling() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "１２７.0.0.1",
            "127。0。0。1",
            "%31%32%37.0.0.1",
            "0",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "2852039166",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b:1::a9fe:a9fe]",
            "[2002:7f00:1::]",
            "[fd00:ec2::254]",
            "[fe80::1]",
        ] {
            let url = format!("https://{host}/latest/meta-data/");
            assert_eq!(checked(&url, &[]), Err("NotPublic".into()), "{url}");
        }
    }

    #[test]
    fn other_urls_are_refused() {
        for (url, error) in [
            ("http://example.com/", "NotHttps"),
            ("https://example.com:8443/", "Port"),
            ("https://example.com:80/", "Port"),
            ("https://user@example.com/", "NotAUrl"),
            ("https://:secret@example.com/", "NotAUrl"),
            ("ftp://example.com/", "NotAUrl"),
            ("file:///etc/passwd", "NotAUrl"),
            ("gopher://127.0.0.1/", "NotAUrl"),
        ] {
            assert_eq!(checked(url, &[]), Err(error.into()), "{url}");
        }
    }

    #[test]
    fn listed_hosts_pass_with_their_port() {
        let allowed = ["Files.Internal", "10.0.0.5:8080", "[::1]:9000", "web.internal:80", "s:443"];
        for url in [
            "https://files.internal/a",
            "http://files.internal/a",
            "https://files.internal./a",
            "http://10.0.0.5:8080/",
            "https://0xa.5:8080/",
            "http://[0:0::1]:9000/",
            "http://web.internal/",
            "https://s/",
        ] {
            assert_eq!(checked(url, &allowed), Ok(Reach::Listed), "{url}");
        }
        for (url, error) in [
            ("http://files.internal:8080/", "NotHttps"),
            ("https://files.internal:8080/", "Port"),
            ("https://10.0.0.5/", "NotPublic"),
            ("https://[::1]/", "NotPublic"),
            ("http://s/", "NotHttps"),
            ("https://u:p@files.internal/", "NotAUrl"),
        ] {
            assert_eq!(checked(url, &allowed), Err(error.into()), "{url}");
        }
        // With the other scheme's port, it is a public host like any other.
        assert_eq!(checked("https://web.internal/", &allowed), Ok(Reach::Public));
    }

    #[test]
    fn what_is_no_host_cannot_be_listed() {
        for text in
            ["", "https://a", "a/b", "a:", "a:port", "a:70000", "u@a", "a?b", "a#b", "*.a", "a b"]
        {
            assert!(AllowedHost::parse(text).is_err(), "{text}");
        }
    }
}

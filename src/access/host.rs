//! Hosts as requests name them: in `Host`, in the authority of a URL, and in `Origin`.
//!
//! Source: <https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2>. Numbers in other forms than
//! `127.0.0.1` are names here, as DNS may answer for them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name, in lower case and without the dot that may end it.
    Name(String),
    /// An address; IPv4 also where it is written as `::ffff:127.0.0.1`.
    Address(IpAddr),
}

/// A host and maybe a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// The host.
    pub host: Host,
    /// The port, unless it is left out or empty.
    pub port: Option<u16>,
}

impl HostPort {
    /// Reads `host`, `host:port`, `[::1]` or `[::1]:port`; `None` for anything else, such as a
    /// user name before the host.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']')?;
                let address: Ipv6Addr = address.parse().ok()?;
                let port = if port.is_empty() { port } else { port.strip_prefix(':')? };
                (Host::Address(IpAddr::V6(address).to_canonical()), port)
            }
            None => {
                let (host, port) = text.split_once(':').unwrap_or((text, ""));
                (Host::parse_name(host)?, port)
            }
        };
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = match port {
            "" => None,
            port if is_number => Some(port.parse().ok()?),
            _ => return None,
        };
        Some(Self { host, port })
    }

    /// Reads the host of an origin, such as `https://app.example:8443`, with the port that its
    /// scheme means. `null` has none.
    #[must_use]
    pub fn of_origin(origin: &str) -> Option<Self> {
        let (scheme, rest) = origin.split_once("://")?;
        let Self { host, port } = Self::parse(rest)?;
        let port = port.or(match scheme {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        });
        Some(Self { host, port })
    }

    /// Whether `other` is the same host, at the same port if one is named here.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.host == other.host && (self.port.is_none() || self.port == other.port)
    }
}

impl Host {
    fn parse_name(text: &str) -> Option<Self> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let is_legal = |c: u8| c.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(&c);
        if text.is_empty() || !text.bytes().all(is_legal) {
            return None;
        }
        Some(match text.parse::<Ipv4Addr>() {
            Ok(address) => Self::Address(address.into()),
            Err(_) => Self::Name(text.to_ascii_lowercase()),
        })
    }

    /// Whether it can only mean this machine: `localhost`, a name below it, or a loopback
    /// address. No DNS server answers for these.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            Self::Address(address) => address.is_loopback(),
        }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Name(name) => f.write_str(name)?,
            Host::Address(IpAddr::V4(address)) => write!(f, "{address}")?,
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]")?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_mean_this_machine() {
        for text in [
            "localhost",
            "LocalHost",
            "localhost.",
            "localhost:8787",
            "localhost:",
            "a.localhost",
            "a.b.LOCALHOST.:1",
            "127.0.0.1",
            "127.0.0.1:65535",
            "127.255.1.2",
            "127.0.0.1.",
            "[::1]",
            "[::1]:8787",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]:80",
        ] {
            let parsed = HostPort::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert!(parsed.host.is_loopback(), "{text}");
        }
    }

    #[test]
    fn hosts_that_may_mean_another_machine() {
        for text in [
            "evil.example",
            "localhost.evil.example",
            "localhost.evil.example.:8787",
            "notlocalhost",
            "localhost-evil",
            "xlocalhost.",
            "127.0.0.1.evil.example",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "127.1",
            "127.0.0.01",
            "0.0.0.0",
            "128.0.0.1",
            "10.0.0.1",
            "[::]",
            "[::2]",
            "[::ffff:10.0.0.1]",
            "[fe80::1]",
            "localhost%00.evil.example",
            "*",
        ] {
            let parsed = HostPort::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert!(!parsed.host.is_loopback(), "{text}");
        }
    }

    #[test]
    fn texts_that_are_no_host() {
        for text in [
            "",
            ".",
            ":80",
            "a b",
            "a/b",
            "user@localhost",
            "localhost@evil.example",
            "user:pass@localhost",
            "localhost:80:80",
            "localhost:http",
            "localhost:+80",
            "localhost:65536",
            "localhost,evil.example:1:2",
            "::1",
            "[::1",
            "::1]",
            "[::1]80",
            "[::1]:x",
            "[localhost]",
            "[127.0.0.1]",
            "[::1%25lo]",
            "b\u{fc}cher.example",
            "localhost\0",
            "localhost\\evil",
            "http://localhost",
        ] {
            assert_eq!(HostPort::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn origins_have_the_port_of_their_scheme() {
        let origin = |text: &str| HostPort::of_origin(text).map(|origin| origin.to_string());
        assert_eq!(origin("http://LocalHost").as_deref(), Some("localhost:80"));
        assert_eq!(origin("https://[::1]").as_deref(), Some("[::1]:443"));
        assert_eq!(origin("http://127.0.0.1:3000").as_deref(), Some("127.0.0.1:3000"));
        assert_eq!(origin("tauri://localhost").as_deref(), Some("localhost"));
        for none in ["null", "", "localhost", "file://", "http://localhost/", "http://a@localhost"]
        {
            assert_eq!(origin(none), None, "{none}");
        }
    }

    #[test]
    fn a_host_without_a_port_covers_every_port() {
        let covers = |this: &str, other: &str| {
            HostPort::parse(this).unwrap().covers(&HostPort::parse(other).unwrap())
        };
        assert!(covers("a.example", "A.example.:8787"));
        assert!(covers("a.example:8787", "a.example:8787"));
        assert!(!covers("a.example:8787", "a.example"));
        assert!(!covers("a.example", "b.a.example"));
    }
}

//! `x-portkey-custom-host`: another host than the region's own, such as a VPC
//! endpoint.
//!
//! The caller names the host and the gateway sends a signed request there, so
//! only two kinds pass: hosts that the operator listed, and AWS's own names for
//! VPC endpoints of Bedrock Runtime. Addresses of this machine, of private
//! networks and of metadata services pass in no spelling; names are checked once
//! more when they are resolved ([`may_connect`]).

use std::net::IpAddr;

use url::{Host, Url};

use super::address::{self, ALIBABA_METADATA, EC2_METADATA_V6};
use super::region::Region;

/// Why a host was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not a URL, or one with more than scheme, host, port and path.
    #[error("must be an https URL of a host, without user, query or fragment")]
    NotAHost,
    /// An address that no caller may reach through the gateway.
    #[error("loopback, private, link-local and metadata addresses are never allowed")]
    Forbidden,
    /// A host that is on no list.
    #[error(
        "this host and port are not on the list `upstream.custom_hosts` of the gateway's settings, and not an AWS VPC endpoint of Bedrock Runtime"
    )]
    NotListed,
}

/// Checks the host and returns its URL without a slash at the end.
///
/// `listed` are host names in lower case, `*.example.com` meaning any name below;
/// a port other than 443 must be listed with its host.
///
/// # Errors
/// See [`Error`].
pub fn check(text: &str, listed: &[String]) -> Result<String, Error> {
    let with_scheme =
        if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&with_scheme).map_err(|_| Error::NotAHost)?;
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !is_plain {
        return Err(Error::NotAHost);
    }
    let port = url.port_or_known_default().ok_or(Error::NotAHost)?;
    // The parser has turned every spelling of an IPv4 address (decimal, hex,
    // octal, short) into one.
    let (name, is_vpc_endpoint) = match url.host().ok_or(Error::NotAHost)? {
        Host::Ipv4(ip) => (check_address(ip.into())?, false),
        Host::Ipv6(ip) => (check_address(ip.into())?, false),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            if is_forbidden_name(name) {
                return Err(Error::Forbidden);
            }
            (name.to_owned(), port == HTTPS && is_vpc_endpoint(name))
        }
    };
    // Keys and prompts are not sent in the clear to where a caller points.
    if url.scheme() != "https" {
        return Err(Error::NotAHost);
    }
    if !is_vpc_endpoint && !listed.iter().any(|pattern| matches(pattern, &name, port)) {
        return Err(Error::NotListed);
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Whether a custom host's name may resolve to this address. Private networks
/// may be meant (VPC endpoints live there); this machine and its link never are.
#[must_use]
pub fn may_connect(ip: IpAddr) -> bool {
    address::reached_by(ip).all(|reached| match reached {
        IpAddr::V4(ip) => {
            !(ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_broadcast()
                || ip == ALIBABA_METADATA)
        }
        IpAddr::V6(ip) => {
            !(ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_unicast_link_local()
                || ip == EC2_METADATA_V6)
        }
    })
}

/// The address as text, if callers may name it at all.
fn check_address(ip: IpAddr) -> Result<String, Error> {
    if address::is_private(ip) || !may_connect(ip) {
        Err(Error::Forbidden)
    } else {
        Ok(ip.to_string())
    }
}

fn is_forbidden_name(name: &str) -> bool {
    const NAMES: [&str; 4] = ["localhost", "metadata", "instance-data", "metadata.google.internal"];
    NAMES.contains(&name) || name.ends_with(".localhost")
}

fn matches(pattern: &str, name: &str, port: u16) -> bool {
    let (pattern, listed_port) = match pattern.rsplit_once(':') {
        Some((host, digits)) => match digits.parse() {
            Ok(port) => (host, port),
            Err(_) => (pattern, HTTPS),
        },
        None => (pattern, HTTPS),
    };
    let name_fits = match pattern.strip_prefix("*.") {
        Some(parent) => {
            name.strip_suffix(parent).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        }
        None => pattern == name,
    };
    name_fits && listed_port == port
}

/// The port of https.
const HTTPS: u16 = 443;

/// `vpce-<id>[-<zone>].bedrock-runtime[-fips].<region>.vpce.amazonaws.com[.cn]`.
fn is_vpc_endpoint(name: &str) -> bool {
    let is_one = || {
        let host = name
            .strip_suffix(".vpce.amazonaws.com")
            .or_else(|| name.strip_suffix(".vpce.amazonaws.com.cn"))?;
        let mut labels = host.split('.');
        let (id, service, region) = (labels.next()?, labels.next()?, labels.next()?);
        let id_fits =
            id.strip_prefix("vpce-")?.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let service_fits = matches!(service, "bedrock-runtime" | "bedrock-runtime-fips");
        (id_fits && service_fits && labels.next().is_none())
            .then_some(region.parse::<Region>().ok()?)
    };
    is_one().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed() -> Vec<String> {
        [
            "bedrock.internal.example",
            "bedrock.internal.example:8443",
            "*.proxy.example",
            "127.0.0.1",
            "localhost",
            "203.0.113.7",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    #[test]
    fn listed_hosts_and_vpc_endpoints_pass() {
        let vpc_endpoint = "https://vpce-0abc123-xyz.bedrock-runtime.eu-west-1.vpce.amazonaws.com";
        for (text, url) in [
            ("https://bedrock.internal.example/", "https://bedrock.internal.example"),
            ("bedrock.internal.example:8443/aws", "https://bedrock.internal.example:8443/aws"),
            ("https://a.b.proxy.example:443", "https://a.b.proxy.example"),
            ("https://203.0.113.7", "https://203.0.113.7"),
            (vpc_endpoint, vpc_endpoint),
        ] {
            assert_eq!(check(text, &listed()).as_deref(), Ok(url));
        }
    }

    #[test]
    fn forbidden_addresses_pass_in_no_spelling_even_if_listed() {
        for text in [
            "http://127.0.0.1",
            "http://127.1",
            "http://2130706433",
            "http://0x7f.0.0.1",
            "http://0177.0.0.1",
            "http://[::1]",
            "http://[::ffff:127.0.0.1]",
            "http://[64:ff9b::7f00:1]",
            "http://[2002:7f00:1::]",
            "http://[::7f00:1]",
            "http://[64:ff9b:1::7f00:1]",
            "http://0.0.0.0",
            "http://10.1.2.3",
            "http://192.168.0.1",
            "http://172.16.0.1",
            "http://100.64.0.1",
            "http://169.254.169.254",
            "http://[fd00:ec2::254]",
            "http://[fe80::1]",
            "http://localhost",
            "http://LOCALHOST.",
            "http://a.localhost",
            "http://metadata.google.internal",
            "http://１２７.0.0.1",
        ] {
            assert_eq!(check(text, &listed()), Err(Error::Forbidden), "{text}");
        }
    }

    #[test]
    fn other_hosts_are_refused() {
        for text in [
            "https://evil.example",
            "https://proxy.example",
            "https://xproxy.example",
            "https://198.51.100.1",
            "https://vpce-0abc.bedrock-runtime.eu-west-1.vpce.amazonaws.com:8443",
            "https://bedrock.internal.example:22",
            "https://203.0.113.7:8443",
            "https://vpce-0abc.s3.eu-west-1.vpce.amazonaws.com",
            "https://vpce-0abc.bedrock-runtime.eu-west-1.vpce.amazonaws.com.evil.example",
        ] {
            assert_eq!(check(text, &listed()), Err(Error::NotListed), "{text}");
        }
        for text in [
            "",
            "ftp://bedrock.internal.example",
            "http://bedrock.internal.example",
            "http://vpce-0abc.bedrock-runtime.eu-west-1.vpce.amazonaws.com",
            "https://a:b@bedrock.internal.example",
            "https://bedrock.internal.example?x",
            "https://bedrock.internal.example#x",
            "http://",
        ] {
            assert_eq!(check(text, &listed()), Err(Error::NotAHost), "{text}");
        }
    }

    #[test]
    fn a_name_must_not_resolve_to_this_machine() {
        for (ip, may) in [
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("10.0.0.5", true),
            ("203.0.113.7", true),
        ] {
            assert_eq!(may_connect(ip.parse().unwrap()), may, "{ip}");
        }
    }
}

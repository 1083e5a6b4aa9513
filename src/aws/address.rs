//! What kind of place an IP address is, in whatever form it is written.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The instance metadata service over IPv6.
pub const EC2_METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
/// A metadata service outside the link-local range.
pub const ALIBABA_METADATA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

/// IPv4 that is not on the public internet.
///
/// Source: <https://www.iana.org/assignments/iana-ipv4-special-registry>.
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 16] = [
    // This network, and "this host".
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Shared by the customers of a carrier, and with some clouds' metadata.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Azure's platform, which answers every virtual machine there.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    // Link-local: most clouds' metadata.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    // Protocol assignments, and Oracle's metadata.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // Documentation.
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    // The relays of 6to4, which are no more.
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Benchmarks.
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Documentation.
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    // Reserved, and broadcast.
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// All IPv6 that is public lies within this.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What of [`GLOBAL_V6`] is not public.
///
/// Source: <https://www.iana.org/assignments/iana-ipv6-special-registry>.
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 3] = [
    // Protocol assignments: Teredo, ORCHID, benchmarks.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether an address is on the public internet: not on this machine, its link,
/// a private network or a cloud's inside, and not inside a form that leads there.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    reached_by(ip).all(|reached| match reached {
        IpAddr::V4(ip) => {
            !NOT_PUBLIC_V4.iter().any(|(network, length)| is_in_v4(ip, *network, *length))
        }
        IpAddr::V6(ip) => {
            is_in_v6(ip, GLOBAL_V6.0, GLOBAL_V6.1)
                && !NOT_PUBLIC_V6.iter().any(|(network, length)| is_in_v6(ip, *network, *length))
        }
    })
}

/// Whether an address belongs to a private network: RFC 1918, shared address
/// space (RFC 6598) or unique local IPv6.
#[must_use]
pub fn is_private(ip: IpAddr) -> bool {
    reached_by(ip).any(|reached| match reached {
        IpAddr::V4(ip) => ip.is_private() || is_in_v4(ip, Ipv4Addr::new(100, 64, 0, 0), 10),
        IpAddr::V6(ip) => ip.is_unique_local(),
    })
}

/// The addresses that a packet to this one may reach: itself, or the IPv4 address
/// inside the IPv6 forms that lead to one, which are mapped and compatible ones,
/// 6to4 (RFC 3056) and NAT64 (RFC 6052). A NAT64 of a network's own (RFC 8215) may
/// have the address at several places, and all of them count.
pub fn reached_by(ip: IpAddr) -> impl Iterator<Item = IpAddr> {
    let only = |ip: IpAddr| [Some(ip), None, None, None];
    let v4 = |a: u8, b: u8, c: u8, d: u8| Ipv4Addr::new(a, b, c, d);
    let reached = match ip {
        IpAddr::V4(_) => only(ip),
        IpAddr::V6(v6) => match v6.octets() {
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
            | [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]
            | [0x20, 0x02, a, b, c, d, ..] => only(v4(a, b, c, d).into()),
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] if (a, b) != (0, 0) => {
                only(v4(a, b, c, d).into())
            }
            [0, 0x64, 0xff, 0x9b, 0, 1, o6, o7, _, o9, o10, o11, o12, o13, o14, o15] => {
                let places = [
                    v4(o6, o7, o9, o10),
                    v4(o7, o9, o10, o11),
                    v4(o9, o10, o11, o12),
                    v4(o12, o13, o14, o15),
                ];
                // Zeros are padding: no address begins with them.
                let places = places.map(|ip| (ip.octets()[0] != 0).then_some(IpAddr::V4(ip)));
                if places == [None; 4] { only(Ipv4Addr::UNSPECIFIED.into()) } else { places }
            }
            _ => only(ip),
        },
    };
    reached.into_iter().flatten()
}

fn is_in_v4(ip: Ipv4Addr, network: Ipv4Addr, length: u32) -> bool {
    (u32::from(ip) ^ u32::from(network)).leading_zeros() >= length
}

fn is_in_v6(ip: Ipv6Addr, network: Ipv6Addr, length: u32) -> bool {
    (u128::from(ip) ^ u128::from(network)).leading_zeros() >= length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_are_public() {
        for ip in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "52.94.133.131",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2606:4700:4700::1111",
            "2a00:1450:4001:80b::200e",
            "3ffe::1",
            "3fff:1000::1",
            // Forms of a public IPv4 address.
            "::ffff:8.8.8.8",
            "::8.8.8.8",
            "64:ff9b::8.8.8.8",
            "64:ff9b:1::808:808",
            "64:ff9b:1:808:8:800::",
            "2002:808:808::1",
        ] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn others_are_not() {
        for ip in [
            "0.0.0.0",
            "0.1.2.3",
            "0.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "168.63.129.16",
            "169.254.0.0",
            "169.254.169.254",
            "169.254.170.2",
            "169.254.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::2",
            "::ffff",
            "100::1",
            "100:0:0:1::1",
            "1fff:ffff::",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff::1",
            "2001:db8::1",
            "3fff::1",
            "3fff:fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn no_form_hides_an_address() {
        for v4 in [
            Ipv4Addr::LOCALHOST,
            Ipv4Addr::new(10, 1, 2, 3),
            Ipv4Addr::new(169, 254, 169, 254),
            Ipv4Addr::new(192, 168, 1, 1),
            ALIBABA_METADATA,
        ] {
            let [a, b, c, d] = v4.octets();
            let text = |prefix: &str| format!("{prefix}{v4}");
            let segments = |high: u8, low: u8| u16::from_be_bytes([high, low]);
            let nat64 = |segments: [u16; 5]| {
                let [s3, s4, s5, s6, s7] = segments;
                Ipv6Addr::new(0x64, 0xff9b, 1, s3, s4, s5, s6, s7).to_string()
            };
            for form in [
                text("::ffff:"),
                text("::"),
                text("64:ff9b::"),
                format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1"),
                // RFC 6052, 2.2: prefixes of 48, 56, 64 and 96 bits.
                nat64([segments(a, b), segments(0, c), segments(d, 0), 0, 0]),
                nat64([segments(7, a), segments(0, b), segments(c, d), 0, 0]),
                nat64([segments(7, 7), segments(0, a), segments(b, c), segments(d, 0), 0]),
                nat64([0, 0, 0, segments(a, b), segments(c, d)]),
                // A public address beside it does not make it public.
                nat64([segments(a, b), segments(0, c), segments(d, 0), 0x808, 0x808]),
                nat64([0x808, 8, 0x800, segments(a, b), segments(c, d)]),
            ] {
                let ip: IpAddr = form.parse().unwrap();
                assert!(!is_public(ip), "{form} is {v4}");
            }
        }
        assert!(!is_public("64:ff9b:1::".parse().unwrap()));
    }

    #[test]
    fn private_networks_are_known_in_every_form() {
        for (ip, expected) in [
            ("10.0.0.1", true),
            ("100.64.0.1", true),
            ("::ffff:192.168.0.1", true),
            ("64:ff9b::ac10:1", true),
            ("fd00::1", true),
            ("127.0.0.1", false),
            ("203.0.113.7", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_private(ip.parse().unwrap()), expected, "{ip}");
        }
    }
}

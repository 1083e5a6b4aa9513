//! Where a service is reached.

use super::region::Region;

/// Which of a service's host names to use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EndpointOptions {
    /// Hosts whose cryptography is validated to FIPS 140.
    pub fips: bool,
    /// Hosts that answer over IPv4 and IPv6.
    pub dual_stack: bool,
}

/// The URL of Bedrock Runtime in a region, without a path.
///
/// Source: <https://docs.aws.amazon.com/general/latest/gr/bedrock.html>; the rule
/// set of AWS's SDKs, with which `tests/fixtures/endpoints.json` was made.
#[must_use]
pub fn bedrock_runtime(region: &Region, options: EndpointOptions) -> String {
    url("bedrock-runtime", region, options)
}

/// The URL of Bedrock's control plane in a region, without a path; source as of
/// [`bedrock_runtime`].
#[must_use]
pub fn bedrock(region: &Region, options: EndpointOptions) -> String {
    url("bedrock", region, options)
}

fn url(service: &str, region: &Region, options: EndpointOptions) -> String {
    let partition = region.partition();
    let fips = if options.fips { "-fips" } else { "" };
    let suffix =
        if options.dual_stack { partition.dual_stack_dns_suffix } else { partition.dns_suffix };
    format!("https://{service}{fips}.{region}.{suffix}")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Case {
        region: String,
        fips: bool,
        dual_stack: bool,
        url: String,
    }

    #[test]
    fn endpoints_are_those_of_the_rule_set() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../tests/fixtures/endpoints.json")).unwrap();
        for case in cases {
            let options = EndpointOptions { fips: case.fips, dual_stack: case.dual_stack };
            let region = case.region.parse().unwrap();
            assert_eq!(bedrock_runtime(&region, options), case.url);
            assert_eq!(bedrock(&region, options), case.url.replace("-runtime", ""));
        }
    }
}

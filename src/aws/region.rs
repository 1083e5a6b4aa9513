//! Regions and the partitions they belong to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of an AWS region, such as `us-east-1`.
///
/// It becomes part of a host name, so nothing else than the form of a region is
/// let through: that would be a way to send signed requests anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

/// Longer than any region there is, shorter than a DNS label may be.
const MAX_LENGTH: usize = 32;

/// The text is not the name of a region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the name of an AWS region, such as `us-east-1`")]
pub struct InvalidRegion;

impl Region {
    /// The region that AWS's own tools fall back to.
    #[must_use]
    pub fn us_east_1() -> Self {
        Self("us-east-1".to_owned())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that the region belongs to.
    #[must_use]
    pub fn partition(&self) -> &'static Partition {
        PARTITIONS
            .iter()
            .find(|(prefix, _)| self.0.starts_with(prefix))
            .map_or(&AWS, |(_, partition)| partition)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Region {
    type Error = InvalidRegion;

    fn try_from(text: String) -> Result<Self, InvalidRegion> {
        text.parse()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.0
    }
}

impl FromStr for Region {
    type Err = InvalidRegion;

    /// `<area>-<word>[-<word>...]-<number>`, in lower case.
    fn from_str(text: &str) -> Result<Self, InvalidRegion> {
        let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
        let is_region = || {
            let (words, number) = text.rsplit_once('-')?;
            let (area, rest) = words.split_once('-')?;
            let number_fits =
                (1..=2).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
            let words_fit =
                (2..=4).contains(&area.len()) && is_word(area) && rest.split('-').all(is_word);
            (number_fits && words_fit && text.len() <= MAX_LENGTH).then(|| Self(text.to_owned()))
        };
        is_region().ok_or(InvalidRegion)
    }
}

/// A separate instance of AWS with its own host names.
#[derive(Debug, PartialEq, Eq)]
pub struct Partition {
    /// As in ARNs: `aws`, `aws-cn`, ...
    pub id: &'static str,
    /// End of an ordinary host name.
    pub dns_suffix: &'static str,
    /// End of a host name that answers over IPv4 and IPv6.
    pub dual_stack_dns_suffix: &'static str,
}

const AWS: Partition =
    Partition { id: "aws", dns_suffix: "amazonaws.com", dual_stack_dns_suffix: "api.aws" };

/// Partitions by the start of their regions' names; source: `partitions.json` of
/// AWS's SDKs. A region of none of these belongs to `aws`.
const PARTITIONS: [(&str, Partition); 7] = [
    (
        "cn-",
        Partition {
            id: "aws-cn",
            dns_suffix: "amazonaws.com.cn",
            dual_stack_dns_suffix: "api.amazonwebservices.com.cn",
        },
    ),
    (
        "us-gov-",
        Partition {
            id: "aws-us-gov",
            dns_suffix: "amazonaws.com",
            dual_stack_dns_suffix: "api.aws",
        },
    ),
    (
        "eusc-",
        Partition {
            id: "aws-eusc",
            dns_suffix: "amazonaws.eu",
            dual_stack_dns_suffix: "api.amazonwebservices.eu",
        },
    ),
    (
        "us-iso-",
        Partition {
            id: "aws-iso",
            dns_suffix: "c2s.ic.gov",
            dual_stack_dns_suffix: "api.aws.ic.gov",
        },
    ),
    (
        "us-isob-",
        Partition {
            id: "aws-iso-b",
            dns_suffix: "sc2s.sgov.gov",
            dual_stack_dns_suffix: "api.aws.scloud",
        },
    ),
    (
        "eu-isoe-",
        Partition {
            id: "aws-iso-e",
            dns_suffix: "cloud.adc-e.uk",
            dual_stack_dns_suffix: "api.cloud-aws.adc-e.uk",
        },
    ),
    (
        "us-isof-",
        Partition {
            id: "aws-iso-f",
            dns_suffix: "csp.hci.ic.gov",
            dual_stack_dns_suffix: "api.aws.hci.ic.gov",
        },
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_of_every_partition_are_known() {
        for (region, partition) in [
            ("us-east-1", "aws"),
            ("ap-southeast-4", "aws"),
            ("mx-central-1", "aws"),
            ("us-gov-west-1", "aws-us-gov"),
            ("cn-northwest-1", "aws-cn"),
            ("eusc-de-east-1", "aws-eusc"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
        ] {
            assert_eq!(region.parse::<Region>().unwrap().partition().id, partition, "{region}");
        }
    }

    #[test]
    fn nothing_else_passes_for_a_region() {
        for text in [
            "",
            "us-east",
            "us-east-1.evil.example/",
            "us-east-1/",
            "us-east-1#",
            "US-EAST-1",
            "us east 1",
            "-east-1",
            "us--1",
            "us-east-100",
            "us-east-1\n",
            "evil.example/-x-1",
            "useast-one-two-three-four-five-six-1",
        ] {
            assert_eq!(text.parse::<Region>(), Err(InvalidRegion), "{text:?}");
        }
    }
}

//! The parts of an ARN that a request depends on.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.

use super::region::Region;

/// The region in an ARN of Bedrock's, such as
/// `arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/ab12`.
/// `None` if the text is no such ARN or the ARN belongs to no region.
#[must_use]
pub fn bedrock_region(text: &str) -> Option<Region> {
    let mut parts = text.splitn(6, ':');
    if parts.next()? != "arn" || !parts.next()?.starts_with("aws") || parts.next()? != "bedrock" {
        return None;
    }
    parts.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_read_from_arns_only() {
        let region = |text| bedrock_region(text).map(|region| region.to_string());
        assert_eq!(
            region("arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/ab12")
                .as_deref(),
            Some("eu-west-1")
        );
        assert_eq!(
            region("arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/amazon.nova-lite-v1:0")
                .as_deref(),
            Some("us-gov-west-1")
        );
        for none in [
            "anthropic.claude-v2:1",
            "arn:aws:s3:us-east-1::x",
            "arn:aws:bedrock:evil.example/:1:x",
            "arn:",
        ] {
            assert_eq!(region(none), None, "{none}");
        }
    }
}

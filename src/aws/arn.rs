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

/// Whether a text is the ARN of a prompt in Bedrock's prompt management, such as
/// `arn:aws:bedrock:us-east-1:111122223333:prompt/AB12CD34EF:1`.
#[must_use]
pub fn is_prompt(text: &str) -> bool {
    let mut parts = text.splitn(6, ':');
    parts.next() == Some("arn")
        && parts.nth(1) == Some("bedrock")
        && parts.nth(2).is_some_and(|resource| resource.starts_with("prompt/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_told_from_models() {
        assert!(is_prompt("arn:aws:bedrock:us-east-1:111122223333:prompt/AB12CD34EF:1"));
        for other in [
            "arn:aws:bedrock:us-east-1:111122223333:prompt-router/x",
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2",
            "prompt/AB12",
            "",
        ] {
            assert!(!is_prompt(other), "{other}");
        }
    }

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

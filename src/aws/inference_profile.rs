//! Inference profiles, whose ids do not tell which model stands behind them.
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetInferenceProfile.html>.

/// Length of the id of an application inference profile.
const ID_LENGTH: usize = 12;

/// Whether a model id means an application inference profile: by its ARN
/// (`arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/ab12cd34ef56`)
/// or by its bare id, which is twelve small letters and digits.
#[must_use]
pub fn is_application(model_id: &str) -> bool {
    let is_id = |text: &str| {
        text.len() == ID_LENGTH
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let mut parts = model_id.splitn(6, ':');
    match (parts.next(), parts.nth(1), parts.nth(2)) {
        (Some("arn"), Some("bedrock"), Some(resource)) => {
            resource.starts_with("application-inference-profile/")
        }
        _ => is_id(model_id),
    }
}

/// The model in the ARN of a foundation model,
/// `arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0`.
#[must_use]
pub fn foundation_model(arn: &str) -> Option<&str> {
    arn.split_once(":foundation-model/").map(|(_, model)| model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn application_profiles_are_told_from_models() {
        for id in [
            "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/ab12cd34ef56",
            "arn:aws-us-gov:bedrock:us-gov-west-1:111122223333:application-inference-profile/x",
            "ab12cd34ef56",
        ] {
            assert!(is_application(id), "{id}");
        }
        for id in [
            "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.amazon.nova-pro-v1:0",
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
            "arn:aws:bedrock:us-east-1:111122223333:provisioned-model/ab12cd34ef56",
            "amazon.nova-pro-v1:0",
            "ab12cd34ef5",
            "AB12CD34EF56",
            "",
        ] {
            assert!(!is_application(id), "{id}");
        }
        assert_eq!(
            foundation_model("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0"),
            Some("amazon.nova-pro-v1:0")
        );
        assert_eq!(foundation_model("arn:aws:s3:::x"), None);
    }
}

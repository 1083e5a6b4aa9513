//! The application inference profiles there are, and where profiles lead to.

/// Ids of application inference profiles, and the model behind each. Ids of AWS are
/// twelve small letters and digits too.
pub(super) const PROFILES: &[(&str, &str)] = &[
    ("claudesonnet", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("claudehaiku3", "anthropic.claude-3-haiku-20240307-v1:0"),
    ("claude37sonn", "anthropic.claude-3-7-sonnet-20250219-v1:0"),
    ("claudeopus45", "anthropic.claude-opus-4-5-20251101-v1:0"),
    ("novapro00000", "amazon.nova-pro-v1:0"),
    ("novalite0000", "amazon.nova-lite-v1:0"),
    ("titantext000", "amazon.titan-text-express-v1"),
    ("llama4maveri", "meta.llama4-maverick-17b-instruct-v1:0"),
    ("llama3370b00", "meta.llama3-3-70b-instruct-v1:0"),
    ("mistrallarge", "mistral.mistral-large-2407-v1:0"),
    ("deepseekr100", "deepseek.r1-v1:0"),
    ("gptoss120b00", "openai.gpt-oss-120b-1:0"),
    ("qwen332b0000", "qwen.qwen3-32b-v1:0"),
    ("coherecmdrp0", "cohere.command-r-plus-v1:0"),
    ("emulatorecho", "emulator.echo"),
    (THROTTLED_ONCE, "amazon.nova-lite-v1:0"),
];

/// A profile nobody may ask about.
pub(super) const DENIED: &str = "denied000000";
/// A profile whose question is throttled every time.
pub(super) const THROTTLED: &str = "throttled000";
/// A profile whose question is throttled the first time.
pub(super) const THROTTLED_ONCE: &str = "throttleonce";
/// A profile whose question breaks the service.
pub(super) const BROKEN: &str = "broken000000";

/// Groups of regions, by the word in front of a profile's id, and the regions that
/// the emulator lets them lead to.
const GROUPS: &[(&str, &[&str])] = &[
    ("us", &["us-east-1", "us-east-2", "us-west-2"]),
    ("eu", &["eu-central-1", "eu-north-1", "eu-west-1", "eu-west-3"]),
    ("apac", &["ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2"]),
    ("jp", &["ap-northeast-1", "ap-northeast-3"]),
    ("au", &["ap-southeast-2", "ap-southeast-4"]),
    ("us-gov", &["us-gov-east-1", "us-gov-west-1"]),
    ("global", &["us-east-1", "eu-west-1", "ap-northeast-1"]),
];

/// The model behind an application inference profile.
pub(super) fn model_of(id: &str) -> Option<&'static str> {
    PROFILES.iter().find(|(known, _)| *known == id).map(|(_, model)| *model)
}

/// The regions a group leads to.
pub(super) fn regions_of(group: &str) -> Option<&'static [&'static str]> {
    GROUPS.iter().find(|(known, _)| *known == group).map(|(_, regions)| *regions)
}

/// The group a region is in, for models that can be called in groups only.
pub(super) fn group_of(region: &str) -> Option<&'static str> {
    [("us-gov-", "us-gov"), ("us-", "us"), ("eu-", "eu"), ("ap-", "apac")]
        .into_iter()
        .find(|(start, _)| region.starts_with(start))
        .map(|(_, group)| group)
}

//! What the service model's patterns mean, for those that occur in a request.

pub(super) fn is_tool_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

pub(super) fn is_tool_use_id(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
}

pub(super) fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn is_s3_uri(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("s3://") else {
        return false;
    };
    let bucket = rest.split('/').next().unwrap_or_default();
    let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (3..=63).contains(&bucket.len())
        && end(bucket.chars().next())
        && end(bucket.chars().last())
        && bucket
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-'))
}

pub(super) fn is_guardrail(text: &str) -> bool {
    let is_word =
        |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let Some(arn) = text.strip_prefix("arn:aws") else {
        return is_word(text);
    };
    match arn.split(':').collect::<Vec<_>>().as_slice() {
        [partition, "bedrock", region, account, resource] => {
            (partition.is_empty() || partition.starts_with('-'))
                && (1..=20).contains(&region.len())
                && region
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
                && account.len() == 12
                && is_digits(account)
                && resource
                    .strip_prefix("guardrail/")
                    .is_some_and(|id| !id.is_empty() && is_word(id))
        }
        _ => false,
    }
}

pub(super) fn is_guardrail_version(text: &str) -> bool {
    text.is_empty() || text == "DRAFT" || (!text.starts_with('0') && is_digits(text))
}

/// The class in the pattern has a range from comma to full stop.
pub(super) fn is_metadata(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || c.is_whitespace() || ":_@$#=/+,-.".contains(c))
}

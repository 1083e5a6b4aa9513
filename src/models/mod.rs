//! What each family of models accepts: one table, and how a model id finds its row.
//!
//! `families.rs` is the table. Rules of translation read a [`ModelProfile`] and
//! never a model's name, so that a new family is a new row.

mod families;
mod profile;

pub use profile::{
    BesideResults, CachePoints, Effort, Efforts, FirstTurn, ImagesIn, ModelProfile, ReasoningForm,
    ReasoningReplay, Sampling, StructuredOutput, ToolChoices, ToolNames, ToolUseIds, Tools, TopK,
    Unasked, word_for,
};

use families::{FAMILIES, UNKNOWN};

/// The row of a model, from its id, inference profile, or ARN; with any region
/// prefix, or none. An id that says nothing about the model behind it (an
/// application inference profile, provisioned throughput) has the row of
/// unknown models, to which almost everything is passed on.
#[must_use]
pub fn profile(model_id: &str) -> &'static ModelProfile {
    find(model_id).unwrap_or(&UNKNOWN)
}

/// The row that a hint means: a model id, the beginning of one
/// (`anthropic.claude-sonnet-4-5`), also without the vendor (`claude-sonnet-4-5`),
/// or a vendor (`anthropic`); `unknown` for a model that is none of those it seems
/// to be. `None` if no row fits, so that a wrong hint can be told.
#[must_use]
pub fn hinted(hint: &str) -> Option<&'static ModelProfile> {
    let hint = hint.trim().to_ascii_lowercase();
    let vendor = || match hint.as_str() {
        "" => None,
        "unknown" => Some(&UNKNOWN),
        "anthropic" => find("anthropic.claude"),
        vendor => find(&format!("{vendor}.")),
    };
    find(&hint).or_else(vendor).or_else(|| {
        let without_vendor =
            |family: &ModelProfile| family.prefix.split_once('.').map(|(_, name)| name);
        let fits = |family: &&ModelProfile| {
            without_vendor(family).is_some_and(|name| !name.is_empty() && hint.starts_with(name))
        };
        FAMILIES.iter().filter(fits).max_by_key(|family| family.prefix.len())
    })
}

/// Every row, for documentation and tests.
#[must_use]
pub fn families() -> &'static [ModelProfile] {
    FAMILIES
}

fn find(model_id: &str) -> Option<&'static ModelProfile> {
    // The resource of an ARN may name the model in any part of its path:
    // `foundation-model/<id>`, `inference-profile/us.<id>`, `custom-model/<id>/<name>`.
    let resource = match model_id.strip_prefix("arn:") {
        Some(arn) => arn.splitn(5, ':').nth(4)?,
        None => model_id,
    };
    resource.split('/').find_map(row)
}

/// A model id without the prefix of a cross-region inference profile, such as `us.`:
/// what stands before the first dot, where a known family begins after it.
#[must_use]
pub fn without_region_prefix(id: &str) -> &str {
    match id.split_once('.') {
        Some((_, rest)) if longest(id).is_none() && longest(rest).is_some() => rest,
        _ => id,
    }
}

/// The row of a name with or without a region prefix. What the prefix is does not
/// matter: AWS adds new ones.
fn row(name: &str) -> Option<&'static ModelProfile> {
    longest(name).or_else(|| longest(name.split_once('.')?.1))
}

fn longest(name: &str) -> Option<&'static ModelProfile> {
    FAMILIES
        .iter()
        .filter(|family| name.starts_with(family.prefix))
        .max_by_key(|family| family.prefix.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_id_finds_the_same_row() {
        let id = "anthropic.claude-sonnet-4-5-20250929-v1:0";
        for prefix in
            ["", "us.", "eu.", "apac.", "jp.", "au.", "ca.", "us-gov.", "global.", "amer."]
        {
            assert_eq!(profile(&format!("{prefix}{id}")).prefix, "anthropic.claude-sonnet-4-5");
        }
        for arn in [
            format!("arn:aws:bedrock:us-east-1::foundation-model/{id}"),
            format!(
                "arn:aws-us-gov:bedrock:us-gov-west-1:111122223333:inference-profile/us-gov.{id}"
            ),
            format!("arn:aws:bedrock:us-east-1:111122223333:custom-model/{id}/ab12"),
        ] {
            assert_eq!(profile(&arn).prefix, "anthropic.claude-sonnet-4-5", "{arn}");
        }
    }

    #[test]
    fn an_opaque_id_is_unknown() {
        for id in [
            "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/ab12",
            "arn:aws:bedrock:us-east-1:111122223333:provisioned-model/ab12",
            "arn:aws:sagemaker:us-east-1:111122223333:endpoint/x",
            "somebody.new-model-v1:0",
            "arn:",
            "",
        ] {
            assert_eq!(profile(id).prefix, "", "{id}");
        }
    }

    #[test]
    fn a_hint_may_be_an_id_or_the_start_of_one() {
        let hint = |hint| hinted(hint).map(|profile| profile.prefix);
        assert_eq!(hint("anthropic.claude-sonnet-4-5"), Some("anthropic.claude-sonnet-4-5"));
        assert_eq!(hint("us.amazon.nova-2-lite-v1:0"), Some("amazon.nova-2"));
        assert_eq!(hint(" Anthropic.Claude "), Some("anthropic.claude"));
        assert_eq!(hint("meta"), Some("meta."));
        assert_eq!(hint("amazon.nova-lite-v1:0"), Some("amazon.nova"));
        assert_eq!(hint("anthropic"), Some("anthropic.claude"));
        assert_eq!(hint("claude-opus-4-6"), Some("anthropic.claude-opus-4-6"));
        assert_eq!(hint("nova-lite"), Some("amazon.nova"));
        assert_eq!(hint("unknown"), Some(""));
        assert_eq!(hint("clodd"), None);
        assert_eq!(hint(""), None);
    }

    #[test]
    fn rows_have_names_and_no_prefix_twice() {
        let mut prefixes: Vec<_> = families().iter().map(|family| family.prefix).collect();
        prefixes.sort_unstable();
        assert!(prefixes.windows(2).all(|pair| pair[0] != pair[1]), "{prefixes:?}");
        assert!(
            families().iter().all(|family| !family.name.is_empty() && !family.prefix.is_empty())
        );
    }
}

//! Members of a chat request that mean the same under different names.

use super::request::Request;
use crate::json::object::Object;
use crate::json::overlay::Vocabulary;

/// The names of the members of a chat request.
///
/// The synonyms list first spellings. Members of `additionalModelRequestFields` are listed
/// as the families of models spell them; snake and camel case are the same.
pub const VOCABULARY: Vocabulary = Vocabulary {
    members: Request::MEMBERS,
    synonyms: &[
        &[
            "max_completion_tokens",
            "max_tokens",
            "additionalModelRequestFields.max_completion_tokens",
            "additionalModelRequestFields.max_tokens",
            "additionalModelRequestFields.max_tokens_to_sample",
            "additionalModelRequestFields.max_token_count",
            "additionalModelRequestFields.max_new_tokens",
            "additionalModelRequestFields.max_gen_len",
            "additionalModelRequestFields.inferenceConfig.max_tokens",
            "additionalModelRequestFields.inferenceConfig.max_new_tokens",
        ],
        &[
            "temperature",
            "additionalModelRequestFields.temperature",
            "additionalModelRequestFields.inferenceConfig.temperature",
        ],
        &[
            "top_p",
            "additionalModelRequestFields.top_p",
            "additionalModelRequestFields.p",
            "additionalModelRequestFields.inferenceConfig.top_p",
        ],
        &[
            "top_k",
            "additionalModelRequestFields.top_k",
            "additionalModelRequestFields.k",
            "additionalModelRequestFields.inferenceConfig.top_k",
        ],
        &[
            "stop",
            "additionalModelRequestFields.stop",
            "additionalModelRequestFields.stop_sequences",
            "additionalModelRequestFields.inferenceConfig.stop_sequences",
        ],
        &[
            "thinking",
            "reasoning",
            "reasoning_effort",
            "outputConfig.effort",
            "additionalModelRequestFields.thinking",
            "additionalModelRequestFields.reasoning",
            "additionalModelRequestFields.reasoning_config",
            "additionalModelRequestFields.reasoning_effort",
            "additionalModelRequestFields.output_config.effort",
        ],
        &[
            "response_format",
            "outputConfig.textFormat",
            "additionalModelRequestFields.response_format",
            "additionalModelRequestFields.output_format",
            "additionalModelRequestFields.output_config.format",
        ],
        &["tools", "functions"],
        &["tool_choice", "function_call", "additionalModelRequestFields.tool_choice"],
        &[
            "parallel_tool_calls",
            "additionalModelRequestFields.parallel_tool_calls",
            "additionalModelRequestFields.tool_choice.disable_parallel_tool_use",
        ],
        &["metadata", "requestMetadata", "additionalModelRequestFields.metadata"],
        &["anthropic_beta", "additionalModelRequestFields.anthropic_beta"],
        &["seed", "additionalModelRequestFields.seed"],
        &["frequency_penalty", "additionalModelRequestFields.frequency_penalty"],
        &["presence_penalty", "additionalModelRequestFields.presence_penalty"],
    ],
    free_form: "additionalModelRequestFields",
};

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::json::counts::{Counts, Limits};
    use crate::json::object::Member;

    /// Every path of every member, each with all spellings of each step.
    fn paths(members: &'static [Member], above: &[Vec<String>], found: &mut Vec<Vec<Vec<String>>>) {
        for member in members {
            let names: Vec<String> = member.names.iter().map(|&name| name.to_owned()).collect();
            let path = [above, &[names]].concat();
            paths(member.inner, &path, found);
            found.push(path);
        }
    }

    /// Each way to write a path.
    fn spellings(path: &[Vec<String>]) -> Vec<Vec<String>> {
        path.iter().fold(vec![vec![]], |ways, names| {
            let longer = |way: &Vec<String>| {
                let way = way.clone();
                names.iter().map(move |name| [way.as_slice(), std::slice::from_ref(name)].concat())
            };
            ways.iter().flat_map(longer).collect()
        })
    }

    fn camel(name: &str) -> String {
        let mut words = name.split('_');
        let first = words.next().unwrap_or_default().to_owned();
        words.fold(first, |name, word| {
            let (head, tail) = word.split_at(1);
            name + &head.to_uppercase() + tail
        })
    }

    /// A step of a synonym in snake and camel case, and in the spellings of the table.
    fn ways_of_step(step: &str, members: &'static [Member]) -> Vec<String> {
        let member = members.iter().find(|member| member.names.contains(&step));
        let mut ways: Vec<String> = member
            .map(|member| member.names.iter().map(|&name| name.to_owned()).collect())
            .unwrap_or_default();
        ways.extend([step.to_owned(), camel(step)]);
        ways.sort();
        ways.dedup();
        ways
    }

    fn nested(path: &[String], value: &str) -> Value {
        path.iter().rev().fold(json!(value), |value, name| json!({ name: value }))
    }

    fn laid(body: &Value, over: &Value) -> String {
        let counts = Counts::new(Limits::NONE);
        let over: &Map<String, Value> = over.as_object().unwrap();
        let laid = VOCABULARY.overlay(body.to_string().as_bytes(), over, &counts).unwrap();
        String::from_utf8(laid).unwrap()
    }

    fn assert_ours_wins(theirs: &[String], ours: &[String]) {
        let laid = laid(&nested(theirs, "theirs"), &nested(ours, "ours"));
        assert!(laid.contains("ours") && !laid.contains("theirs"), "{theirs:?} {ours:?}: {laid}");
    }

    #[test]
    fn no_spelling_of_a_member_survives_another() {
        let mut found = Vec::new();
        paths(Request::MEMBERS, &[], &mut found);
        assert!(found.len() > 30, "{found:?}");
        for path in found {
            let ways = spellings(&path);
            for theirs in &ways {
                for ours in &ways {
                    assert_ours_wins(theirs, ours);
                }
            }
            // And none survives in the free-form member.
            let [name] = path.as_slice() else { continue };
            for holder in ["additionalModelRequestFields", "additional_model_request_fields"] {
                for theirs in name.iter().filter(|_| !name.contains(&holder.to_owned())) {
                    for ours in name {
                        let theirs = [holder.to_owned(), theirs.clone()];
                        assert_ours_wins(&theirs, std::slice::from_ref(ours));
                    }
                }
            }
        }
    }

    #[test]
    fn no_synonym_survives_another() {
        for group in VOCABULARY.synonyms {
            let ways = |path: &str| {
                let mut members = Request::MEMBERS;
                let mut steps = Vec::new();
                for step in path.split('.') {
                    steps.push(ways_of_step(step, members));
                    let member = members.iter().find(|member| member.names.contains(&step));
                    members = member.map_or(&[], |member| member.inner);
                }
                spellings(&steps)
            };
            for ours in group.iter().flat_map(|path| ways(path)) {
                for theirs in group.iter().flat_map(|path| ways(path)) {
                    assert_ours_wins(&theirs, &ours);
                }
            }
        }
    }

    #[test]
    fn synonyms_are_written_in_first_spellings() {
        for path in VOCABULARY.synonyms.iter().copied().flatten() {
            let mut members = Request::MEMBERS;
            for step in path.split('.') {
                let known = members.iter().find(|member| member.names.contains(&step));
                let known = known.or_else(|| {
                    // Members that only some families know are in no table.
                    let is_native = ["seed", "frequency_penalty", "presence_penalty"];
                    assert!(members.is_empty() || is_native.contains(&step), "{path}");
                    None
                });
                let Some(member) = known else { break };
                assert_eq!(member.names.first(), Some(&step), "{path}");
                members = member.inner;
            }
        }
    }
}

//! Guardrails: one that blocks, one that masks, and all others, which let pass.

use serde_json::{Map, Value, json};

use super::{Block, Reply};
use crate::emulator::body::{Body, part, text_member};
use crate::emulator::identity::DEMO_ACCOUNT_ID;

const BLOCKS: &str = "emulatorblock";
const MASKS: &str = "emulatormask";
const INTERVENED: &str = "guardrail_intervened";
const BLOCKED_TEXT: &str = "The guardrail of the emulator blocked this.";
/// As many digits in a row are taken for somebody's number.
const DIGITS_OF_A_NUMBER: usize = 4;

/// The name of the guardrail a request asks for, without the rest of its ARN.
pub(in crate::emulator) fn name(body: Body<'_>) -> Option<&str> {
    let identifier = text_member(part(body.0, "guardrailConfig")?, "guardrailIdentifier")?;
    let name = identifier.rsplit('/').next()?;
    (!name.is_empty()).then_some(name)
}

/// Does what the guardrail does, and tells it when it is to be traced.
pub(super) fn apply(reply: &mut Reply, body: Body<'_>) {
    let Some(name) = name(body) else {
        return;
    };
    let config = part(body.0, "guardrailConfig").unwrap_or(&Value::Null);
    let original = texts(reply);
    let trace = match name {
        BLOCKS => {
            reply.blocks = vec![Block::Text(BLOCKED_TEXT.to_owned())];
            INTERVENED.clone_into(&mut reply.stop_reason);
            // The model was not asked, and nothing is counted.
            (reply.usage.input, reply.usage.output, reply.usage.cache) = (0, 0, None);
            reply.additional = None;
            let topics = json!({"topicPolicy": {"topics": [
                {"action": "BLOCKED", "detected": true, "name": "Everything", "type": "DENY"}
            ]}});
            json!({
                "actionReason": "Guardrail blocked.",
                "inputAssessment": {name: assessment(config, name, topics)},
            })
        }
        _ => {
            let found = if name == MASKS { mask(reply) } else { Vec::new() };
            let (reason, entities) = if found.is_empty() {
                ("No action.", json!({}))
            } else {
                INTERVENED.clone_into(&mut reply.stop_reason);
                (
                    "No action.\nGuardrail masked.",
                    json!({"sensitiveInformationPolicy": {"piiEntities": found, "regexes": []}}),
                )
            };
            json!({
                "actionReason": reason,
                "inputAssessment": {name: assessment(config, name, json!({}))},
                "modelOutput": original,
                "outputAssessments": {name: [assessment(config, name, entities)]},
            })
        }
    };
    if matches!(text_member(config, "trace"), Some("enabled" | "enabled_full")) {
        reply.trace.insert("guardrail".to_owned(), trace);
    }
}

fn texts(reply: &Reply) -> Vec<String> {
    reply
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Text(text) | Block::Cited { text, .. } if !text.is_empty() => Some(text.clone()),
            _ => None,
        })
        .collect()
}

/// Replaces addresses and numbers, and says which.
fn mask(reply: &mut Reply) -> Vec<Value> {
    let mut found = Vec::new();
    for block in &mut reply.blocks {
        if let Block::Text(text) | Block::Cited { text, .. } = block {
            let masked: Vec<String> =
                text.split(' ').map(|word| masked_word(word, &mut found)).collect();
            *text = masked.join(" ");
        }
    }
    found
}

fn masked_word(word: &str, found: &mut Vec<Value>) -> String {
    let kind = if word.contains('@') {
        "EMAIL"
    } else if word.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() >= DIGITS_OF_A_NUMBER) {
        "PHONE"
    } else {
        return word.to_owned();
    };
    found.push(json!({"action": "ANONYMIZED", "detected": true, "match": word, "type": kind}));
    format!("{{{kind}}}")
}

/// What a guardrail has to say about one side, `policies` included.
fn assessment(config: &Value, name: &str, policies: Value) -> Value {
    let identifier = text_member(config, "guardrailIdentifier").unwrap_or_default();
    let arn = if identifier.starts_with("arn:") {
        identifier.to_owned()
    } else {
        format!("arn:aws:bedrock:us-east-1:{DEMO_ACCOUNT_ID}:guardrail/{name}")
    };
    let mut assessment = match policies {
        Value::Object(policies) => policies,
        _ => Map::new(),
    };
    assessment.insert(
        "appliedGuardrailDetails".to_owned(),
        json!({
            "guardrailArn": arn,
            "guardrailId": name,
            "guardrailOrigin": ["REQUEST"],
            "guardrailOwnership": "SELF",
            "guardrailVersion": text_member(config, "guardrailVersion").unwrap_or("DRAFT"),
        }),
    );
    assessment.insert(
        "invocationMetrics".to_owned(),
        json!({
            "guardrailCoverage": {"textCharacters": {"guarded": 0, "total": 0}},
            "guardrailProcessingLatency": 100,
            "usage": {
                "contentPolicyImageUnits": 0,
                "contentPolicyUnits": 1,
                "contextualGroundingPolicyUnits": 0,
                "sensitiveInformationPolicyFreeUnits": 0,
                "sensitiveInformationPolicyUnits": 1,
                "topicPolicyUnits": 1,
                "wordPolicyUnits": 1,
            },
        }),
    );
    Value::Object(assessment)
}

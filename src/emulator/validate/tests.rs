use serde_json::json;

use super::*;
use crate::emulator::shapes::CONVERSE;

fn refusal(body: &Value) -> ServiceError {
    check(body, &CONVERSE).expect_err("the body is refused")
}

/// A user turn of one block.
fn turn(block: Value) -> Value {
    json!({"messages": [{"role": "user", "content": [block]}]})
}

#[test]
fn well_shaped_bodies_pass() {
    for body in [
        json!({}),
        turn(json!({"text": ""})),
        turn(
            json!({"image": {"format": "png", "source": {"bytes": "AAAA"}, "name": "unknown members pass"}}),
        ),
        turn(
            json!({"video": {"format": "video/mp4", "source": {"s3Location": {"uri": "s3://bucket/key"}}}}),
        ),
        turn(json!({"cachePoint": {"type": "default", "ttl": "1h"}})),
        turn(json!({"text": "hi", "image": null})),
        json!({"top_k": 3, "inferenceConfig": {"maxTokens": 1, "temperature": 1, "topP": 0.5, "stopSequences": []}}),
        json!({"requestMetadata": {"key one": "a=b"}, "performanceConfig": {"latency": "optimized"}}),
    ] {
        assert_eq!(check(&body, &CONVERSE), Ok(()), "{body}");
    }
}

#[test]
fn constraints_are_told_in_the_services_words() {
    let document =
        |name: &str| json!({"document": {"format": "pdf", "name": name, "source": {"text": "x"}}});
    for (body, at, constraint) in [
        (
            json!({"messages": [{"role": "user", "content": [{"text": "a"}, document("")]}]}),
            "at 'messages.1.member.content.2.member.document.name'",
            "Member must have length greater than or equal to 1",
        ),
        (
            turn(document(&"n".repeat(201))),
            "document.name'",
            "Member must have length less than or equal to 200",
        ),
        (
            turn(json!({"image": {"format": "jpg", "source": {"bytes": "AAAA"}}})),
            "at 'messages.1.member.content.1.member.image.format'",
            "Member must satisfy enum value set: [png, jpeg, gif, webp]",
        ),
        (
            turn(json!({"toolUse": {"toolUseId": "a|b", "name": "n", "input": {}}})),
            "toolUse.toolUseId'",
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.:-]+",
        ),
        (
            json!({"toolConfig": {"tools": [{"toolSpec": {"name": "a.b", "inputSchema": {"json": {}}}}]}}),
            "at 'toolConfig.tools.1.member.toolSpec.name'",
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+",
        ),
        (
            json!({"toolConfig": {"tools": []}}),
            "at 'toolConfig.tools'",
            "Member must have length greater than or equal to 1",
        ),
        (
            json!({"inferenceConfig": {"temperature": 1.5}}),
            "Value '1.5' at 'inferenceConfig.temperature'",
            "Member must have value less than or equal to 1",
        ),
        (
            json!({"inferenceConfig": {"maxTokens": 0}}),
            "Value '0' at 'inferenceConfig.maxTokens'",
            "Member must have value greater than or equal to 1",
        ),
        (
            json!({"messages": [{"role": "user"}]}),
            "Value null at 'messages.1.member.content'",
            "Member must not be null",
        ),
        (
            json!({"messages": [{"role": "user", "content": null}]}),
            "Value null at 'messages.1.member.content'",
            "Member must not be null",
        ),
        (
            json!({"requestMetadata": {"k": "!"}}),
            "at 'requestMetadata.k'",
            "regular expression pattern",
        ),
        (
            turn(json!({"image": {"format": "png", "source": {"bytes": ""}}})),
            "image.source.bytes'",
            "length greater than or equal to 1",
        ),
    ] {
        let error = refusal(&body);
        assert_eq!(error.kind, Kind::Validation);
        assert!(
            error.message.starts_with("1 validation error detected: Value "),
            "{}",
            error.message
        );
        assert!(error.message.contains(at), "{}", error.message);
        assert!(error.message.contains(constraint), "{}", error.message);
    }
}

#[test]
fn several_violations_are_one_text() {
    let error = refusal(&json!({"inferenceConfig": {"temperature": 2, "topP": -1}}));
    assert_eq!(
        error.message,
        "2 validation errors detected: Value '2' at 'inferenceConfig.temperature' failed to satisfy constraint: Member must have value less than or equal to 1; \
         Value '-1' at 'inferenceConfig.topP' failed to satisfy constraint: Member must have value greater than or equal to 0"
    );
}

#[test]
fn unions_have_exactly_one_member() {
    let none = refusal(&turn(json!({"txt": "unknown"})));
    assert!(
        none.message.starts_with("The ContentBlock object at messages.0.content.0 must set one of"),
        "{}",
        none.message
    );
    let two = refusal(&turn(json!({"text": "a", "cachePoint": {"type": "default"}})));
    assert!(two.message.contains("must set only one of"), "{}", two.message);
}

#[test]
fn json_of_the_wrong_type_is_a_serialization_error() {
    for (body, text) in [
        (json!([]), "Unexpected value type in payload"),
        (json!({"messages": "hi"}), "Expected list or null"),
        (json!({"messages": [{"role": "user", "content": "hi"}]}), "Expected list or null"),
        (turn(json!({"text": 5})), "NUMBER_VALUE can not be converted to a String"),
        (turn(json!({"text": ["a"]})), "Start of list found where not expected"),
        (turn(json!("hi")), "Unexpected value type in payload"),
        (
            json!({"inferenceConfig": {"maxTokens": "10"}}),
            "STRING_VALUE can not be converted to an Integer",
        ),
        (
            json!({"inferenceConfig": {"temperature": true}}),
            "TRUE_VALUE can not be converted to a Float",
        ),
        (json!({"serviceTier": "flex"}), "Unexpected value type in payload"),
        (json!({"requestMetadata": []}), "Expected map or null"),
        (
            turn(json!({"image": {"format": "png", "source": {"bytes": "%"}}})),
            "Invalid base64 in a blob",
        ),
    ] {
        let error = refusal(&body);
        assert_eq!((error.kind, error.message.as_str()), (Kind::Serialization, text), "{body}");
    }
}

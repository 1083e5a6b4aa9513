//! Whatever a client sends, the room has an answer: no input makes it panic.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::body::Body;
use super::cache::Memory;
use super::mint::Mint;
use super::reply::Question;
use super::rules::{self, Mode, Subject};
use super::{families, reply, roles, shapes, stream, validate};

/// A request that uses most of the API.
fn rich() -> Value {
    json!({
        "system": [{"text": "be brief"}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
        "messages": [
            {"role": "user", "content": [
                {"text": "use get for Paris"},
                {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}},
                {"document": {"name": "D", "format": "pdf", "source": {"bytes": "AAAA"}}},
                {"document": {"name": "E", "source": {"text": "so. yes"}, "citations": {"enabled": true}}},
                {"cachePoint": {"type": "default"}}
            ]},
            {"role": "assistant", "content": [
                {"reasoningContent": {"reasoningText": {"text": "t"}}},
                {"toolUse": {"toolUseId": "1", "name": "get", "input": {"a": 1}}}
            ]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "1", "content": [{"json": {"b": 2}}], "status": "success"}},
                {"searchResult": {"source": "s", "title": "T", "content": [{"text": "f. g"}], "citations": {"enabled": true}}},
                {"text": "and now get, in two words of kim@example.com"}
            ]}
        ],
        "inferenceConfig": {"maxTokens": 9, "temperature": 1, "stopSequences": ["two"]},
        "toolConfig": {
            "tools": [{"systemTool": {"name": "nova_grounding"}}, {"toolSpec": {"name": "get", "inputSchema": {"json": {
                "type": "object", "properties": {"a": {"enum": [1]}}, "required": ["a"]
            }}}}],
            "toolChoice": {"auto": {}}
        },
        "additionalModelRequestFields": {"thinking": {"type": "adaptive"}},
        "additionalModelResponseFieldPaths": ["/stop_sequence"],
        "outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{}"}}}},
        "guardrailConfig": {"guardrailIdentifier": "emulatormask", "guardrailVersion": "1", "trace": "enabled"},
        "serviceTier": {"type": "flex"}
    })
}

/// Every place in a value, as JSON pointers.
fn places(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                places(member, format!("{path}/{name}"), found);
            }
        }
        Value::Array(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                places(entry, format!("{path}/{index}"), found);
            }
        }
        _ => {}
    }
    found.push(path);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(json!({"text": "\u{e9} two"})),
        Just(json!({"$ref": "#"})),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("text|json|type|input|required|items", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_request_is_answered_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any_value()), 0..4),
        model in prop_oneof![Just("anthropic.claude-sonnet-4-6"), Just("amazon.nova-lite-v1:0"), Just("emulator.echo"), Just("moonshot.kimi-k2-thinking"), Just("")],
    ) {
        let mut body = rich();
        for (place, value) in changes {
            let mut found = Vec::new();
            places(&body, String::new(), &mut found);
            if let Some(target) = body.pointer_mut(place.get::<String>(&found)) {
                *target = value;
            }
        }
        let family = families::of(model);
        let shaped = validate::check(&body, &shapes::CONVERSE).is_ok();
        let subject = Subject { body: Body(&body), family, mode: Mode::Stream, is_prompt: false };
        // Rules and replies are total even for bodies that have no shape at all.
        let _ = rules::check(subject);
        let cache = Memory::default().visit(Body(&body), model);
        let question = Question { body: Body(&body), family, mode: Mode::Stream, seed: "seed" };
        let mut reply = reply::compose(question, cache);
        let is_free = reply.stop_reason == "guardrail_intervened" || reply.blocks.is_empty();
        prop_assert!(!shaped || reply.usage.total() > 0 || is_free);
        stream::whole(&reply);
        stream::events(&reply);
        reply.stretch(3, Body(&body));
        reply.become_bare_call(question);
        stream::events(&reply);
    }

    #[test]
    fn any_model_id_is_read_or_refused(text in "(us\\.|arn:aws:bedrock:us-east-1:)?[a-z0-9:/.\u{e9}-]{0,40}") {
        let _ = super::model_id::ModelId::parse(&text);
        let _ = super::faults::of(&format!("emulator.{text}"));
    }

    #[test]
    fn any_authorization_is_read_or_refused(text in "(AWS4-HMAC-SHA256 )?(Credential=)?[a-zA-Z0-9=,;/ \u{e9}-]{0,60}") {
        let _ = super::sigv4::Authorization::parse(&text);
        let _ = super::clock::parse_amz_date(&text);
    }

    #[test]
    fn any_bytes_are_an_image_or_not(start in 0_usize..4, rest in prop::collection::vec(any::<u8>(), 0..40)) {
        let starts: [&[u8]; 4] = [b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBPVP8L", b"GIF8", b"\x89PNG\r\n\x1a\n"];
        let bytes = [starts[start], &rest].concat();
        let _ = reply::image_size(&bytes);
    }

    #[test]
    fn any_token_and_role_is_read_or_refused(
        text in "(emulator-(expires|throttle|slow)-)?[a-zA-Z0-9+/=.:\u{e9}-]{0,60}",
    ) {
        let _ = Mint::new().open(&text);
        let _ = roles::rule(&text);
    }
}

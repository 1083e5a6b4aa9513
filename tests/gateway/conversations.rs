//! Any conversation that OpenAI's form allows is answered, or refused by the
//! gateway itself with the place: Bedrock never has to refuse what could have
//! been foreseen. The emulator's rules stand for Bedrock's.

use bedrock_gateway::models;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use crate::support::{Answer, Stack};

/// How many conversations are tried: a few seconds of them. The generator's seed is
/// fixed, so that a failure is one for everybody; `PROPTEST_CASES` tries more.
const CASES: u32 = 600;

const PNG: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// At least one model of every row of the table.
const MODELS: &[&str] = &[
    "anthropic.claude-v2:1",
    "anthropic.claude-instant-v1",
    "anthropic.claude-3-haiku-20240307-v1:0",
    "anthropic.claude-3-5-haiku-20241022-v1:0",
    "anthropic.claude-3-5-sonnet-20240620-v1:0",
    "anthropic.claude-3-5-sonnet-20241022-v2:0",
    "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
    "us.anthropic.claude-sonnet-4-20250514-v1:0",
    "us.anthropic.claude-opus-4-20250514-v1:0",
    "us.anthropic.claude-opus-4-1-20250805-v1:0",
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "us.anthropic.claude-opus-4-5-20251101-v1:0",
    "global.anthropic.claude-sonnet-4-6",
    "us.anthropic.claude-opus-4-6-v1",
    "us.anthropic.claude-opus-4-7",
    "us.anthropic.claude-opus-4-8",
    "us.anthropic.claude-haiku-5-5",
    "us.anthropic.claude-sonnet-5",
    "us.anthropic.claude-sonnet-5-5",
    "us.anthropic.claude-opus-5",
    "us.anthropic.claude-opus-5-5",
    "us.anthropic.claude-fable-5-1",
    "amazon.nova-micro-v1:0",
    "amazon.nova-lite-v1:0",
    "us.amazon.nova-2-lite-v1:0",
    "us.amazon.nova-2-omni-v1:0",
    "amazon.titan-text-express-v1",
    "meta.llama2-13b-chat-v1",
    "meta.llama3-8b-instruct-v1:0",
    "meta.llama3-70b-instruct-v1:0",
    "us.meta.llama3-1-8b-instruct-v1:0",
    "us.meta.llama3-2-1b-instruct-v1:0",
    "us.meta.llama3-2-3b-instruct-v1:0",
    "us.meta.llama3-2-11b-instruct-v1:0",
    "us.meta.llama3-2-90b-instruct-v1:0",
    "us.meta.llama4-maverick-17b-instruct-v1:0",
    "mistral.mistral-7b-instruct-v0:2",
    "mistral.mixtral-8x7b-instruct-v0:1",
    "mistral.mistral-large-2402-v1:0",
    "mistral.mistral-small-2402-v1:0",
    "us.mistral.pixtral-large-2502-v1:0",
    "mistral.voxtral-mini-3b-2507",
    "mistral.devstral-2-123b",
    "mistral.mistral-large-3-675b-instruct",
    "cohere.command-r-v1:0",
    "cohere.command-text-v14",
    "cohere.command-light-text-v14",
    "ai21.jamba-1-5-mini-v1:0",
    "ai21.jamba-instruct-v1:0",
    "ai21.j2-ultra-v1",
    "us.deepseek.r1-v1:0",
    "deepseek.v3-v1:0",
    "openai.gpt-5.6-sol",
    "openai.gpt-oss-120b-1:0",
    "openai.gpt-oss-safeguard-120b",
    "xai.grok-4.6",
    "qwen.qwen3-32b-v1:0",
    "qwen.qwen3-vl-235b-a22b",
    "us.writer.palmyra-x5-v1:0",
    "moonshot.kimi-k2-thinking",
    "moonshotai.kimi-k2.5",
    "moonshotai.kimi-k3",
    "minimax.minimax-m2",
    "zai.glm-4.7-flash",
    "zai.glm-5.3",
    "google.gemma-3-27b-it",
    "nvidia.nemotron-nano-12b-v2",
    "emulator.echo",
];

/// Rows that no model of today has: generations that may still come, and the name
/// by which prompt routers go.
const WITHOUT_A_MODEL: &[&str] = &[
    "anthropic.claude:",
    "anthropic.claude-sonnet-4-7",
    "anthropic.claude-sonnet-4-8",
    "anthropic.claude-sonnet-4-9",
    "anthropic.claude-opus-4-9",
];

#[test]
fn every_family_has_a_model_here() {
    let reached: Vec<_> = MODELS.iter().map(|model| models::profile(model).prefix).collect();
    let is_known = |prefix: &&str| reached.contains(prefix) || WITHOUT_A_MODEL.contains(prefix);
    let missing: Vec<_> =
        models::families().iter().map(|family| family.prefix).filter(|p| !is_known(p)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![
        4 => "[a-zA-Z ,.?]{1,30}".prop_map(|text| format!("x{text}")),
        1 => select(&["", " ", "\n", ".", "{}", "ü 漢字 🎈", "null"]).prop_map(str::to_owned),
    ]
    .boxed()
}

fn mark(part: Value, mark: Option<Option<&str>>) -> Value {
    let mut part = part;
    match mark {
        None => {}
        Some(None) => part["cache_control"] = json!({"type": "ephemeral"}),
        Some(Some(ttl)) => part["cache_control"] = json!({"type": "ephemeral", "ttl": ttl}),
    }
    part
}

fn marks() -> BoxedStrategy<Option<Option<&'static str>>> {
    prop_oneof![
        8 => Just(None),
        1 => Just(Some(None)),
        1 => select(&["5m", "1h"]).prop_map(|ttl| Some(Some(ttl)))
    ]
    .boxed()
}

fn text_part() -> BoxedStrategy<Value> {
    (text(), marks())
        .prop_map(|(text, ttl)| mark(json!({"type": "text", "text": text}), ttl))
        .boxed()
}

fn file_part() -> BoxedStrategy<Value> {
    let names = select(&["a.pdf", "John's  resumé.pdf", "报告.pdf", "x.tar.gz.pdf", ".pdf", ""]);
    let pdf = names.prop_map(|name| json!({"type": "file", "file": {"filename": name, "file_data": "data:application/pdf;base64,JVBERi0xLjQK"}}));
    let note = Just(
        json!({"type": "file", "file": {"filename": "n.txt", "file_data": "data:text/plain;base64,aGVsbG8="}}),
    );
    let cited = Just(
        json!({"type": "document", "title": "D", "citations": {"enabled": true}, "source": {"type": "text", "media_type": "text/plain", "data": "The sky is blue."}}),
    );
    (prop_oneof![pdf, note, cited], marks()).prop_map(|(part, ttl)| mark(part, ttl)).boxed()
}

fn image_part() -> BoxedStrategy<Value> {
    (Just(json!({"type": "image_url", "image_url": {"url": PNG}})), marks())
        .prop_map(|(part, ttl)| mark(part, ttl))
        .boxed()
}

fn user() -> BoxedStrategy<Value> {
    let part = prop_oneof![
        6 => text_part(),
        2 => image_part(),
        2 => file_part(),
        1 => Just(json!({"type": "input_audio", "input_audio": {"data": "UklGRiQAAABXQVZF", "format": "wav"}})),
        1 => Just(json!({"type": "guarded_text", "text": "guarded"})),
    ];
    prop_oneof![
        3 => text().prop_map(|text| json!({"role": "user", "content": text})),
        2 => vec(part, 0..4).prop_map(|parts| json!({"role": "user", "content": parts})),
        1 => text().prop_map(|text| json!({"role": "user", "content": text, "name": "ann"})),
    ]
    .boxed()
}

fn system() -> BoxedStrategy<Value> {
    let role = select(&["system", "developer"]);
    (role, prop_oneof![text().prop_map(Value::from), vec(text_part(), 0..3).prop_map(Value::from)])
        .prop_map(|(role, content)| json!({"role": role, "content": content}))
        .boxed()
}

const TOOL_NAMES: &[&str] = &["get_weather", "get-time", "mcp.server/list files", "t1"];

fn assistant() -> BoxedStrategy<Vec<Value>> {
    let said = || option::of(text());
    let thinking =
        option::of(Just(json!([{"type": "thinking", "thinking": "Hm.", "signature": ""}])));
    let plain =
        (said(), thinking, option::of(Just("because"))).prop_map(|(text, blocks, reasoning)| {
            let mut message = json!({"role": "assistant", "content": text});
            if let Some(blocks) = blocks {
                message["content_blocks"] = blocks;
            }
            if let Some(reasoning) = reasoning {
                message["reasoning_content"] = json!(reasoning);
            }
            vec![message]
        });
    let arguments =
        select(&["{}", "", "null", "{\"city\":\"Rome\"}", "{\"broken", "[1]", "{\"\":1,\"a\":2}"]);
    let id = select(&[
        "call_1",
        "tooluse_abcdefghijklmnopqrstuv",
        "call_x|fc_0123456789012345678901234567890123456789012345678901234567890123456789",
        "functions.t1:0",
    ]);
    let call = (id, select(TOOL_NAMES), arguments);
    let result = prop_oneof![
        3 => text().prop_map(Value::from),
        1 => vec(prop_oneof![text_part(), image_part(), file_part()], 0..3).prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let calls = (said(), vec((call, result), 1..4), any::<bool>(), option::of(text())).prop_map(
        |(text, calls, twice, after)| {
            let mut calls_said = Vec::new();
            let mut results = Vec::new();
            for (i, ((id, name, arguments), content)) in calls.into_iter().enumerate() {
                // Ids differ within a turn.
                let id = if i == 0 { id.to_owned() } else { format!("{i}{id}") };
                calls_said.push(json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}));
                results.push(json!({"role": "tool", "tool_call_id": id, "content": content}));
            }
            if twice {
                results.push(results[0].clone());
            }
            let mut messages = vec![json!({"role": "assistant", "content": text, "tool_calls": calls_said})];
            messages.append(&mut results);
            messages.extend(after.map(|text| json!({"role": "user", "content": text})));
            messages
        },
    );
    prop_oneof![2 => plain, 3 => calls].boxed()
}

fn messages() -> BoxedStrategy<Vec<Value>> {
    let step = prop_oneof![
        1 => system().prop_map(|message| vec![message]),
        4 => user().prop_map(|message| vec![message]),
        4 => assistant(),
    ];
    vec(step, 1..6).prop_map(|steps| steps.concat()).boxed()
}

fn tools() -> BoxedStrategy<Value> {
    let parameters = select(&[
        "null",
        "{}",
        r#"{"type":"object","properties":{"city":{"type":"string"}}}"#,
        r#"{"anyOf":[{"type":"object"}]}"#,
        r#"{"type":["object","null"]}"#,
    ]);
    let tool = (parameters, option::of(any::<bool>()), select(&["", "Does it."]), marks());
    vec(tool, 0..TOOL_NAMES.len())
        .prop_map(|tools| {
            let tools = TOOL_NAMES.iter().zip(tools).map(|(name, (parameters, strict, description, ttl))| {
                let parameters: Value = serde_json::from_str(parameters).unwrap();
                let mut function = json!({"name": name, "description": description, "parameters": parameters});
                // What is strict says what else there may be.
                if strict == Some(true) {
                    function["strict"] = json!(true);
                    function["parameters"] = json!({"type": "object", "properties": {}, "additionalProperties": false});
                }
                mark(json!({"type": "function", "function": function}), ttl)
            });
            tools.collect::<Vec<_>>().into()
        })
        .boxed()
}

/// Fields beside the conversation, each there or not.
fn options() -> BoxedStrategy<Map<String, Value>> {
    let field = |name: &'static str, values: Vec<Value>| {
        option::weighted(0.25, select(values)).prop_map(move |value| Some((name, value?)))
    };
    let some = |values: &[Value]| values.to_vec();
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}, "l": {"type": "array", "maxItems": 3, "items": {"type": "string"}}}});
    let fields = vec![
        field("temperature", some(&[json!(0), json!(0.3), json!(1)])).boxed(),
        field("top_p", some(&[json!(0.9), json!(1)])).boxed(),
        field("top_k", some(&[json!(20)])).boxed(),
        field("max_tokens", some(&[json!(16), json!(1024), json!(1025), json!(5000)])).boxed(),
        field("max_completion_tokens", some(&[json!(2000)])).boxed(),
        field("stop", some(&[json!("END"), json!(["\n", "X"]), json!([])])).boxed(),
        field("tool_choice", some(&[json!("auto"), json!("none"), json!("required"), json!({"type": "function", "function": {"name": TOOL_NAMES[0]}})])).boxed(),
        field("parallel_tool_calls", some(&[json!(true), json!(false)])).boxed(),
        field("reasoning_effort", some(&[json!("none"), json!("minimal"), json!("low"), json!("medium"), json!("high"), json!("xhigh")])).boxed(),
        field("thinking", some(&[json!({"type": "enabled", "budget_tokens": 1024}), json!({"type": "enabled", "budget_tokens": 9000}), json!({"type": "adaptive"}), json!({"type": "disabled"})])).boxed(),
        field("response_format", some(&[json!({"type": "text"}), json!({"type": "json_object"}), json!({"type": "json_schema", "json_schema": {"name": "r", "strict": true, "schema": schema}})])).boxed(),
        field("service_tier", some(&[json!("auto"), json!("default"), json!("flex")])).boxed(),
        field("metadata", some(&[json!({"who": "Zoë <z>", "n": 1})])).boxed(),
        field("seed", some(&[json!(7)])).boxed(),
        field("user", some(&[json!("u")])).boxed(),
        field("additionalModelRequestFields", some(&[json!({"thinking": {"type": "enabled", "budget_tokens": 4000}})])).boxed(),
        field("guardrailConfig", some(&[json!({"guardrailIdentifier": "abc", "guardrailVersion": "1", "streamProcessingMode": "async"})])).boxed(),
        field("frequency_penalty", some(&[json!(0.5)])).boxed(),
    ];
    fields
        .prop_map(|fields| {
            fields.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect()
        })
        .boxed()
}

fn request() -> BoxedStrategy<Value> {
    (select(MODELS), messages(), option::of(tools()), options(), any::<bool>())
        .prop_map(|(model, messages, tools, options, stream)| {
            let mut body = options;
            // Where a model cannot think, the caller's own fields are the caller's to know.
            if matches!(models::profile(model).reasoning, models::ReasoningForm::None) {
                body.remove("additionalModelRequestFields");
            }
            body.insert("model".to_owned(), json!(model));
            body.insert("messages".to_owned(), json!(messages));
            body.extend(tools.map(|tools| ("tools".to_owned(), tools)));
            body.insert("stream".to_owned(), json!(stream));
            Value::Object(body)
        })
        .boxed()
}

/// What is wrong with an answer, if anything.
fn fault(answer: &Answer) -> Option<String> {
    let error = || answer.text.clone();
    match answer.status {
        200 if answer.header("content-type") == "text/event-stream" => {
            (!answer.is_done()).then(error)
        }
        200 => None,
        // Refused here: Bedrock has not seen it.
        400 if answer.header("x-amzn-requestid").is_empty() => {
            answer.error("param").as_str().is_none_or(str::is_empty).then(error)
        }
        // Whether a model lets the assistant have the last word is for the caller to
        // know: to take it away would lose what was said.
        400 if answer.text.contains("assistant message prefill") => None,
        _ => Some(error()),
    }
}

#[tokio::test]
async fn any_conversation_is_answered_or_refused_with_its_place() {
    let stack = Stack::start().await;
    let config = Config::default();
    let cases = from_environment("PROPTEST_CASES").unwrap_or(CASES.into());
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed()));
    let strategy = request();
    let (mut n_answered, mut n_refused) = (0_u64, 0_u64);
    let mut faults: Vec<String> = Vec::new();
    for _ in 0..cases {
        let mut tree = strategy.new_tree(&mut runner).unwrap();
        let answer = stack.ask(&tree.current()).await;
        let Some(mut said) = fault(&answer) else {
            n_answered += u64::from(answer.status == 200);
            n_refused += u64::from(answer.status == 400);
            continue;
        };
        // As small as it gets while Bedrock still says the same kind of thing.
        let status = answer.status;
        let mut smallest = tree.current();
        let mut steps = 0;
        let mut more = tree.simplify();
        while more && steps < MAX_STEPS {
            steps += 1;
            let answer = stack.ask(&tree.current()).await;
            match fault(&answer) {
                Some(smaller) if answer.status == status => {
                    (said, smallest) = (smaller, tree.current());
                    more = tree.simplify();
                }
                _ => more = tree.complicate(),
            }
        }
        faults.push(format!("{said}\n    to {smallest}"));
        if faults.len() >= MAX_FAULTS {
            break;
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // The test is worth something only if both happen.
    assert!(n_answered > cases / 3, "{n_answered} answered, {n_refused} refused");
}

/// How far a failing request is made smaller.
const MAX_STEPS: u32 = 300;
/// How many failing requests are shown.
const MAX_FAULTS: usize = 8;

/// `PROPTEST_RNG_SEED` chooses other conversations.
fn seed() -> [u8; 32] {
    let number = from_environment("PROPTEST_RNG_SEED").unwrap_or_default();
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    seed
}

#[expect(clippy::disallowed_methods, reason = "for the person who runs the tests")]
fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

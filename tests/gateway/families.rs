//! What each family of models is asked, by every effort and every kind of choice,
//! and that the emulator, which has its own table, takes it.

use serde_json::{Value, json};

use crate::support::{KEY_PAIR, Stack, chat};

/// How a family is asked to think: the additional fields for `none`, `minimal`,
/// `low`, `medium`, `high` and `xhigh`, for a budget of 2,000 tokens and for
/// `thinking` that is disabled; nothing is `null`.
type Thinking = [&'static str; 8];

const BUDGET: Thinking = [
    "null",
    r#"{"thinking": {"type": "enabled", "budget_tokens": 1024}}"#,
    r#"{"thinking": {"type": "enabled", "budget_tokens": 2048}}"#,
    r#"{"thinking": {"type": "enabled", "budget_tokens": 8192}}"#,
    r#"{"thinking": {"type": "enabled", "budget_tokens": 16384}}"#,
    r#"{"thinking": {"type": "enabled", "budget_tokens": 24576}}"#,
    r#"{"thinking": {"type": "enabled", "budget_tokens": 2000}}"#,
    r#"{"thinking": {"type": "disabled"}}"#,
];
const LOW: &str = r#"{"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}"#;
const MEDIUM: &str = r#"{"thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"}}"#;
const HIGH: &str = r#"{"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}"#;
const BUDGET_OR_ADAPTIVE: Thinking = [
    "null",
    LOW,
    LOW,
    MEDIUM,
    HIGH,
    r#"{"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}"#,
    BUDGET[6],
    BUDGET[7],
];
const ADAPTIVE: Thinking = [
    "null",
    LOW,
    LOW,
    MEDIUM,
    HIGH,
    r#"{"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh"}}"#,
    LOW,
    BUDGET[7],
];
const NOVA_LOW: &str = r#"{"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}"#;
const NOVA_HIGH: &str = r#"{"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}"#;
const NOVA_2: Thinking = [
    "null",
    NOVA_LOW,
    NOVA_LOW,
    r#"{"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}}"#,
    NOVA_HIGH,
    NOVA_HIGH,
    NOVA_LOW,
    "null",
];
const EFFORT_LOW: &str = r#"{"reasoning_effort": "low"}"#;
const EFFORT_MEDIUM: &str = r#"{"reasoning_effort": "medium"}"#;
const EFFORT_HIGH: &str = r#"{"reasoning_effort": "high"}"#;
const EFFORT_NONE: &str = r#"{"reasoning_effort": "none"}"#;
const GPT_OSS: Thinking =
    ["null", EFFORT_LOW, EFFORT_LOW, EFFORT_MEDIUM, EFFORT_HIGH, EFFORT_HIGH, EFFORT_LOW, "null"];
const ALL_OR_NOTHING: Thinking = [
    EFFORT_NONE,
    EFFORT_HIGH,
    EFFORT_HIGH,
    EFFORT_HIGH,
    EFFORT_HIGH,
    EFFORT_HIGH,
    EFFORT_HIGH,
    EFFORT_NONE,
];
const GLM_5_3: Thinking = [
    "null",
    EFFORT_LOW,
    EFFORT_LOW,
    EFFORT_MEDIUM,
    EFFORT_HIGH,
    r#"{"reasoning_effort": "xhigh"}"#,
    EFFORT_LOW,
    "null",
];
const NESTED_NONE: &str = r#"{"reasoning": {"effort": "none"}}"#;
const NESTED_LOW: &str = r#"{"reasoning": {"effort": "low"}}"#;
const GPT: Thinking = [
    NESTED_NONE,
    NESTED_LOW,
    NESTED_LOW,
    r#"{"reasoning": {"effort": "medium"}}"#,
    r#"{"reasoning": {"effort": "high"}}"#,
    r#"{"reasoning": {"effort": "xhigh"}}"#,
    NESTED_LOW,
    NESTED_NONE,
];
const GROK: Thinking = ["null", GPT[1], GPT[2], GPT[3], GPT[4], GPT[5], GPT[6], "null"];
const QWEN: Thinking = [
    r#"{"reasoning_config": "none"}"#,
    r#"{"reasoning_config": "low"}"#,
    r#"{"reasoning_config": "low"}"#,
    r#"{"reasoning_config": "high"}"#,
    r#"{"reasoning_config": "high"}"#,
    r#"{"reasoning_config": "high"}"#,
    r#"{"reasoning_config": "low"}"#,
    r#"{"reasoning_config": "none"}"#,
];
const DISABLED: &str = r#"{"thinking": {"type": "disabled"}}"#;
/// Thinks unless it is told not to.
const ADAPTIVE_UNASKED: Thinking = [
    DISABLED,
    ADAPTIVE[1],
    ADAPTIVE[2],
    ADAPTIVE[3],
    ADAPTIVE[4],
    ADAPTIVE[5],
    ADAPTIVE[6],
    DISABLED,
];
/// Thinks whatever it is told.
const ADAPTIVE_ALWAYS: Thinking =
    ["null", ADAPTIVE[1], ADAPTIVE[2], ADAPTIVE[3], ADAPTIVE[4], ADAPTIVE[5], ADAPTIVE[6], "null"];
/// What cannot be kept from thinking.
const ALWAYS_THINK: [&str; 9] = [
    "opus-5-5",
    "sonnet-5-5",
    "fable",
    "deepseek.r1",
    "gpt-oss",
    "grok",
    "kimi-k2-thinking",
    "minimax",
    "glm-5.3",
];
/// Nothing to choose: all but not to think is reported.
const NO_CHOICE: Thinking = ["null"; 8];
/// What is said in Anthropic's words is passed on.
const UNKNOWN: Thinking = [
    "null",
    "null",
    "null",
    "null",
    "null",
    "null",
    BUDGET[6],
    r#"{"thinking": {"type": "disabled"}}"#,
];

/// What `required`, and a named function among two, become.
#[derive(Clone, Copy)]
enum Choice {
    /// The family knows no tools.
    Refused,
    /// Both are left to the model and reported.
    Auto,
    /// `any`; a name is left to the model.
    Any,
    /// `any` and `tool`.
    Tool,
}

/// What holds an answer to a schema.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Schema {
    /// Nothing.
    Refused,
    /// A tool that takes it.
    ByTool,
    /// `outputConfig`.
    ByConfig,
}

use Choice::{Any, Auto, Tool};
use Schema::{ByConfig, ByTool};

const FAMILIES: &[(&str, Thinking, Choice, Schema)] = &[
    ("anthropic.claude-v2:1", NO_CHOICE, Choice::Refused, Schema::Refused),
    ("anthropic.claude-instant-v1", NO_CHOICE, Choice::Refused, Schema::Refused),
    ("anthropic.claude-3-haiku-20240307-v1:0", NO_CHOICE, Tool, ByTool),
    ("anthropic.claude-3-opus-20240229-v1:0", NO_CHOICE, Tool, ByTool),
    ("anthropic.claude-3-5-sonnet-20240620-v1:0", NO_CHOICE, Tool, ByTool),
    ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", NO_CHOICE, Tool, ByTool),
    ("us.anthropic.claude-3-5-haiku-20241022-v1:0", NO_CHOICE, Tool, ByTool),
    ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", BUDGET, Tool, ByTool),
    ("us.anthropic.claude-sonnet-4-20250514-v1:0", BUDGET, Tool, ByTool),
    ("us.anthropic.claude-opus-4-20250514-v1:0", BUDGET, Tool, ByTool),
    ("us.anthropic.claude-opus-4-1-20250805-v1:0", BUDGET, Tool, ByTool),
    ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", BUDGET, Tool, ByConfig),
    ("eu.anthropic.claude-haiku-4-5-20251001-v1:0", BUDGET, Tool, ByConfig),
    ("jp.anthropic.claude-opus-4-5-20251101-v1:0", BUDGET, Tool, ByConfig),
    ("au.anthropic.claude-sonnet-4-6", BUDGET_OR_ADAPTIVE, Tool, ByConfig),
    ("us.anthropic.claude-opus-4-6-v1", BUDGET_OR_ADAPTIVE, Tool, ByConfig),
    ("us.anthropic.claude-opus-4-7", ADAPTIVE, Tool, ByConfig),
    ("us.anthropic.claude-opus-4-8", ADAPTIVE, Tool, ByConfig),
    ("us.anthropic.claude-sonnet-5", ADAPTIVE_UNASKED, Tool, ByConfig),
    ("us.anthropic.claude-opus-5", ADAPTIVE_UNASKED, Tool, ByConfig),
    ("us.anthropic.claude-haiku-5-5", ADAPTIVE_UNASKED, Tool, ByConfig),
    ("us.anthropic.claude-opus-5-5", ADAPTIVE_ALWAYS, Auto, ByConfig),
    ("us.anthropic.claude-sonnet-5-5", ADAPTIVE_ALWAYS, Auto, ByConfig),
    ("us.anthropic.claude-fable-5-1", ADAPTIVE_ALWAYS, Auto, ByConfig),
    ("amazon.nova-micro-v1:0", NO_CHOICE, Tool, ByTool),
    ("amazon.nova-lite-v1:0", NO_CHOICE, Tool, ByTool),
    ("apac.amazon.nova-pro-v1:0", NO_CHOICE, Tool, ByTool),
    ("us.amazon.nova-premier-v1:0", NO_CHOICE, Tool, ByTool),
    ("us.amazon.nova-2-lite-v1:0", NOVA_2, Tool, ByTool),
    ("amazon.titan-text-express-v1", NO_CHOICE, Choice::Refused, Schema::Refused),
    ("meta.llama3-70b-instruct-v1:0", NO_CHOICE, Choice::Refused, Schema::Refused),
    ("us.meta.llama3-1-70b-instruct-v1:0", NO_CHOICE, Auto, Schema::Refused),
    ("us.meta.llama3-2-3b-instruct-v1:0", NO_CHOICE, Choice::Refused, Schema::Refused),
    ("us.meta.llama4-scout-17b-instruct-v1:0", NO_CHOICE, Auto, Schema::Refused),
    ("mistral.mistral-7b-instruct-v0:2", NO_CHOICE, Choice::Refused, Schema::Refused),
    ("mistral.mistral-large-2402-v1:0", NO_CHOICE, Any, Schema::Refused),
    ("mistral.mistral-large-3-675b-instruct", NO_CHOICE, Tool, ByConfig),
    ("cohere.command-r-plus-v1:0", NO_CHOICE, Auto, Schema::Refused),
    ("ai21.jamba-1-5-large-v1:0", NO_CHOICE, Auto, Schema::Refused),
    ("us.deepseek.r1-v1:0", NO_CHOICE, Choice::Refused, Schema::Refused),
    ("deepseek.v3-v1:0", ALL_OR_NOTHING, Any, ByConfig),
    ("openai.gpt-oss-120b-1:0", GPT_OSS, Tool, ByTool),
    ("openai.gpt-5.6-sol", GPT, Tool, ByConfig),
    ("xai.grok-4.6", GROK, Tool, ByTool),
    ("qwen.qwen3-32b-v1:0", QWEN, Tool, ByConfig),
    ("us.writer.palmyra-x5-v1:0", NO_CHOICE, Auto, Schema::Refused),
    ("moonshot.kimi-k2-thinking", NO_CHOICE, Tool, ByConfig),
    ("minimax.minimax-m2", NO_CHOICE, Tool, ByConfig),
    ("zai.glm-4.7", ALL_OR_NOTHING, Any, ByConfig),
    ("zai.glm-5.3", GLM_5_3, Tool, ByConfig),
    ("google.gemma-3-27b-it", NO_CHOICE, Tool, ByConfig),
    ("nvidia.nemotron-nano-12b-v2", NO_CHOICE, Tool, ByConfig),
    (
        "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/ab12cd34ef56",
        UNKNOWN,
        Tool,
        ByConfig,
    ),
];

/// Sends a body; what was sent on and what was reported, or where it was refused.
async fn sent(stack: &mut Stack, body: &Value) -> Result<(Value, String), Value> {
    let answer = stack.post(&KEY_PAIR, body).await;
    if answer.status == 400 && !answer.error("param").is_null() {
        return Err(answer.error("param"));
    }
    assert_eq!(answer.status, 200, "{}: {}", body["model"], answer.text);
    let observed = stack.next_observed().await;
    let sent = serde_json::from_slice(&observed.body).unwrap();
    Ok((sent, answer.header("x-portkey-ignored-params").to_owned()))
}

#[tokio::test]
async fn every_family_is_asked_to_think_in_its_own_way() {
    let mut stack = Stack::start().await;
    for &(model, thinking, ..) in FAMILIES {
        let efforts = ["none", "minimal", "low", "medium", "high", "xhigh"];
        let efforts = efforts.map(|effort| ("reasoning_effort", json!(effort)));
        let given =
            [json!({"type": "enabled", "budget_tokens": 2000}), json!({"type": "disabled"})]
                .map(|thinking| ("thinking", thinking));
        let wishes = efforts.into_iter().chain(given);
        for (i, ((field, wish), expected)) in wishes.zip(thinking).enumerate() {
            let mut body = chat(model, "hi");
            body["max_tokens"] = json!(32_000);
            body[field] = wish;
            let (sent, ignored) = sent(&mut stack, &body).await.unwrap();
            let expected: Value = serde_json::from_str(expected).unwrap();
            assert_eq!(sent["additionalModelRequestFields"], expected, "{body}");
            let is_always = ALWAYS_THINK.iter().any(|name| model.contains(name));
            let asks = is_always || i != 0 && i != 7;
            assert!(!expected.is_null() || ignored.contains(field) == asks, "{body}: {ignored}");
        }
    }
}

fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}})
}

#[tokio::test]
async fn every_family_is_told_which_tool_to_use_as_far_as_it_can_be() {
    let mut stack = Stack::start().await;
    for &(model, _, choice, _) in FAMILIES {
        let named = json!({"type": "function", "function": {"name": "b"}});
        let (of_required, of_named) = match choice {
            Choice::Refused | Auto => (Value::Null, Value::Null),
            Any => (json!({"any": {}}), Value::Null),
            Tool => (json!({"any": {}}), json!({"tool": {"name": "b"}})),
        };
        let auto = json!({"auto": {}});
        for (wish, expected) in
            [(json!("auto"), auto), (json!("required"), of_required), (named, of_named)]
        {
            let mut body = chat(model, "hi");
            body["tools"] = json!([tool("a"), tool("b")]);
            body["tool_choice"] = wish;
            match (choice, sent(&mut stack, &body).await) {
                (Choice::Refused, answer) => assert_eq!(answer, Err(json!("tools")), "{model}"),
                (_, Ok((sent, ignored))) => {
                    assert_eq!(sent["toolConfig"]["toolChoice"], expected, "{body}");
                    assert_eq!(ignored.contains("tool_choice"), expected.is_null(), "{body}");
                }
                (_, Err(param)) => panic!("{body}: {param}"),
            }
        }
    }
}

#[tokio::test]
async fn every_family_is_held_to_a_schema_if_it_can_be() {
    let mut stack = Stack::start().await;
    for &(model, _, _, schema) in FAMILIES {
        let mut body = chat(model, "hi");
        let form =
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
        body["response_format"] =
            json!({"type": "json_schema", "json_schema": {"name": "n", "schema": form}});
        let answer = stack.post(&KEY_PAIR, &body).await;
        if schema == Schema::Refused {
            assert_eq!((answer.status, answer.error("param")), (400, json!("response_format")));
            continue;
        }
        assert_eq!(answer.status, 200, "{model}: {}", answer.text);
        let observed = stack.next_observed().await;
        let sent: Value = serde_json::from_slice(&observed.body).unwrap();
        assert_eq!(sent.get("outputConfig").is_some(), schema == ByConfig, "{model}");
        assert_eq!(sent.get("toolConfig").is_some(), schema == ByTool, "{model}");
        // Either way the text is the JSON.
        let whole = answer.json();
        let text = whole["choices"][0]["message"]["content"].as_str().unwrap();
        assert!(serde_json::from_str::<Value>(text).unwrap()["a"].is_string(), "{model}: {text}");
        assert_eq!(whole["choices"][0]["finish_reason"], "stop");
        body["stream"] = json!(true);
        let streamed = stack.post(&KEY_PAIR, &body).await;
        assert_eq!(streamed.streamed_text(), text, "{model}");
        stack.next_observed().await;
    }
}

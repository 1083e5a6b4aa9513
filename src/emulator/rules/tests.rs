use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::emulator::errors::Kind;
use crate::emulator::{families, shapes, signature, validate};

const CLAUDE: &str = "anthropic.claude-3-7-sonnet-20250219-v1:0";
const CLAUDE_4_5: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const CLAUDE_4_8: &str = "anthropic.claude-opus-4-8";
const NOVA: &str = "amazon.nova-2-lite-v1:0";
const LLAMA: &str = "meta.llama4-maverick-17b-instruct-v1:0";
const GPT: &str = "openai.gpt-oss-120b-1:0";

fn outcome_of(model: &str, mode: Mode, body: &Value) -> Outcome {
    validate::check(body, &shapes::CONVERSE).expect("the body is well shaped");
    check(Subject { body: Body(body), family: families::of(model), mode, is_prompt: false })
}

fn refusal(model: &str, body: &Value) -> String {
    outcome_of(model, Mode::Whole, body).expect_err("the body is refused").message
}

#[track_caller]
fn passes(model: &str, body: &Value) {
    assert_eq!(outcome_of(model, Mode::Whole, body), Ok(()), "{model}: {body}");
}

fn user(blocks: Value) -> Value {
    json!({"role": "user", "content": blocks})
}

fn assistant(blocks: Value) -> Value {
    json!({"role": "assistant", "content": blocks})
}

fn talk(messages: Value) -> Value {
    json!({"messages": messages})
}

fn hello() -> Value {
    talk(json!([user(json!([{"text": "hello"}]))]))
}

/// `hello` with more members.
fn hello_and(more: Value) -> Value {
    let mut body = hello();
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn tools() -> Value {
    json!({"tools": [{"toolSpec": {"name": "get", "inputSchema": {"json": {"type": "object"}}}}]})
}

fn call(id: &str) -> Value {
    json!({"toolUse": {"toolUseId": id, "name": "get", "input": {}}})
}

fn result(id: &str) -> Value {
    json!({"toolResult": {"toolUseId": id, "content": [{"text": ""}]}})
}

fn with_tools(messages: Value) -> Value {
    json!({"messages": messages, "toolConfig": tools()})
}

#[test]
fn turns_say_something() {
    let empty = talk(json!([user(json!([{"text": "a"}])), assistant(json!([]))]));
    assert_eq!(
        refusal(NOVA, &empty),
        "The content field in the Message object at messages.1 is empty. Add a ContentBlock object to the content field and try again."
    );
    assert_eq!(
        refusal(CLAUDE, &talk(json!([user(json!([{"text": " \n"}]))]))),
        "The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to the text field, and try again."
    );
    passes(
        CLAUDE,
        &talk(json!([user(
            json!([{"text": "a"}, {"text": "\n"}, {"cachePoint": {"type": "default"}}])
        )])),
    );
    passes(NOVA, &talk(json!([user(json!([{"text": "a"}])), user(json!([{"text": "b"}]))])));
}

#[test]
fn families_differ_on_first_and_last_turns() {
    let led = talk(json!([assistant(json!([{"text": "hi"}])), user(json!([{"text": "a"}]))]));
    passes(CLAUDE_4_5, &led);
    assert!(refusal(NOVA, &led).starts_with("A conversation must start with a user message."));
    assert!(refusal(CLAUDE, &talk(json!([]))).starts_with("A conversation must start"));
    let prefilled = talk(json!([user(json!([{"text": "a"}])), assistant(json!([{"text": "b"}]))]));
    passes(NOVA, &prefilled);
    let trailing = talk(json!([user(json!([{"text": "a"}])), assistant(json!([{"text": "b "}]))]));
    assert!(refusal(CLAUDE, &trailing).ends_with("cannot end with trailing whitespace"));
    assert!(
        refusal(CLAUDE_4_8, &prefilled).ends_with("The conversation must end with a user message.")
    );
}

#[test]
fn users_have_no_thoughts_and_call_no_tools() {
    let thought = json!({"reasoningContent": {"reasoningText": {"text": "t"}}});
    assert!(
        refusal(NOVA, &talk(json!([user(json!([thought]))])))
            .starts_with("User messages cannot contain reasoning content.")
    );
    assert!(
        refusal(NOVA, &with_tools(json!([user(json!([call("a")]))])))
            .starts_with("User messages cannot contain tool uses.")
    );
}

#[test]
fn documents_have_plain_names_and_company() {
    let document =
        |name: &str| json!({"document": {"format": "txt", "name": name, "source": {"text": "x"}}});
    let turn = |name: &str| talk(json!([user(json!([{"text": "read"}, document(name)]))]));
    for name in ["report", "My report_2 (final) [1]", "a-b"] {
        passes(CLAUDE, &turn(name));
    }
    for name in ["resume.pdf", "John's", "a  b", "a\tb", "r\u{e9}sum\u{e9}", "a\u{3000}b"] {
        assert!(
            refusal(CLAUDE, &turn(name)).starts_with("The document file name can only contain"),
            "{name}"
        );
    }
    assert_eq!(
        refusal(CLAUDE, &talk(json!([user(json!([document("a")]))]))),
        "A text block must be included when using documents."
    );
    let twice = talk(json!([user(json!([{"text": "read"}, document("a"), document("a")]))]));
    assert!(
        refusal(CLAUDE, &twice).starts_with("Messages cannot contain duplicate document names.")
    );
}

#[test]
fn calls_are_answered_in_the_next_turn() {
    let ask = user(json!([{"text": "a"}]));
    let calls = assistant(json!([call("1"), call("2")]));
    passes(
        CLAUDE,
        &with_tools(json!([ask, calls, user(json!([result("1"), result("2"), {"text": "b"}]))])),
    );
    for (messages, text) in [
        (
            json!([ask, calls, user(json!([result("1")])), user(json!([result("2")]))]),
            "Expected toolResult blocks at messages.2.content for the following Ids: 2",
        ),
        (
            json!([ask, calls, user(json!([{"text": "b"}]))]),
            "Expected toolResult blocks at messages.2.content for the following Ids: 1, 2",
        ),
        (
            json!([ask, calls]),
            "Expected toolResult blocks at messages.2.content for the following Ids: 1, 2",
        ),
        (
            json!([ask, calls, user(json!([result("1"), result("2"), result("3")]))]),
            "The number of toolResult blocks at messages.2.content exceeds the number of toolUse blocks of previous turn.",
        ),
        (
            json!([ask, assistant(json!([call("1")])), user(json!([result("1"), result("1")]))]),
            "The toolResult blocks at messages.2.content contain duplicate Ids: 1",
        ),
        (
            json!([ask, assistant(json!([call("1"), call("1")]))]),
            "The toolUse blocks at messages.1.content contain duplicate Ids: 1",
        ),
    ] {
        assert_eq!(refusal(CLAUDE, &with_tools(messages)), text);
    }
}

#[test]
fn tool_blocks_need_tools_and_objects() {
    let history = json!([
        user(json!([{"text": "a"}])),
        assistant(json!([call("1")])),
        user(json!([result("1")]))
    ]);
    assert_eq!(
        refusal(CLAUDE, &talk(history)),
        "The toolConfig field must be defined when using toolUse and toolResult content blocks."
    );
    let mut bad_input = call("1");
    bad_input["toolUse"]["input"] = json!("{}");
    let turn = |call, result| {
        with_tools(json!([
            user(json!([{"text": "a"}])),
            assistant(json!([call])),
            user(json!([result]))
        ]))
    };
    assert_eq!(
        refusal(CLAUDE, &turn(bad_input, result("1"))),
        "The format of the value at messages.1.content.0.toolUse.input is invalid. Provide a json object for the field and try again."
    );
    let of = |content: Value, status: &str| json!({"toolResult": {"toolUseId": "1", "content": content, "status": status}});
    passes(NOVA, &turn(call("1"), of(json!([{"json": 5}]), "success")));
    passes(NOVA, &turn(call("1"), of(json!([]), "success")));
    assert!(
        refusal(NOVA, &turn(call("1"), of(json!([{"json": [1]}]), "success")))
            .contains("toolResult.content.0.json is invalid")
    );
    assert!(
        refusal(NOVA, &turn(call("1"), of(json!([]), "error")))
            .contains("cannot be empty when status value is error")
    );
}

#[test]
fn offered_tools_are_objects_with_names_of_their_own() {
    let offer = |specs: Value| hello_and(json!({"toolConfig": {"tools": specs}}));
    let spec = |name: &str, schema: Value| json!({"toolSpec": {"name": name, "inputSchema": {"json": schema}}});
    assert_eq!(
        refusal(CLAUDE, &offer(json!([spec("a", json!({"anyOf": []}))]))),
        "The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object."
    );
    let object = json!({"type": "object"});
    assert!(
        refusal(CLAUDE, &offer(json!([spec("a", object.clone()), spec("a", object.clone())])))
            .contains("must be unique")
    );
    let mut strict = spec("a", json!({"type": "object", "additionalProperties": false}));
    strict["toolSpec"]["strict"] = json!(true);
    passes(CLAUDE_4_5, &offer(json!([strict])));
    let mut open = spec("a", object);
    open["toolSpec"]["strict"] = json!(true);
    assert_eq!(
        refusal(CLAUDE_4_5, &offer(json!([open]))),
        "The model returned the following errors: tools.0.custom: For 'object' type, 'additionalProperties' must be explicitly set to false"
    );
    assert_eq!(
        refusal(CLAUDE, &offer(json!([strict]))),
        "The model returned the following errors: tools.0.custom.strict: Extra inputs are not permitted"
    );
}

#[test]
fn tool_choice_is_limited_by_family() {
    let choose = |choice: Value| {
        let mut config = tools();
        config["toolChoice"] = choice;
        hello_and(json!({"toolConfig": config}))
    };
    for model in [CLAUDE, NOVA] {
        passes(model, &choose(json!({"tool": {"name": "get"}})));
        passes(model, &choose(json!({"any": {}})));
    }
    assert_eq!(
        refusal(LLAMA, &choose(json!({"tool": {"name": "get"}}))),
        "This model doesn't support the toolConfig.toolChoice.tool field. Remove toolConfig.toolChoice.tool and try again."
    );
    assert!(
        refusal(CLAUDE, &choose(json!({"tool": {"name": "put"}}))).contains("Tool 'put' not found")
    );
    let mut both = choose(json!({"auto": {}}));
    both["additionalModelRequestFields"] =
        json!({"tool_choice": {"type": "auto", "disable_parallel_tool_use": true}});
    assert_eq!(
        refusal(CLAUDE, &both),
        "The additional field tool_choice/type conflicts with the existing field toolConfig.toolChoice.auto. Remove tool_choice/type and try again."
    );
    passes(LLAMA, &choose(json!({"auto": {}})));
    let streamed = outcome_of(LLAMA, Mode::Stream, &choose(json!({"auto": {}}))).unwrap_err();
    assert_eq!(streamed.message, "This model doesn't support tool use in streaming mode.");
    assert_eq!(
        refusal("amazon.titan-text-lite-v1", &choose(json!({"auto": {}}))),
        "This model doesn't support tool use."
    );
}

#[test]
fn media_are_limited_by_family() {
    let s3 = json!({"s3Location": {"uri": "s3://bucket/key"}});
    let bytes = json!({"bytes": "AAAA"});
    let block = |kind: &str, format: &str, source: &Value| {
        let mut medium = json!({"format": format, "source": source});
        if kind == "document" {
            medium["name"] = json!("d");
        }
        json!({kind: medium})
    };
    let said = |block: Value| talk(json!([user(json!([{"text": "see"}, block]))]));
    let answered = |block: Value| {
        let result = json!({"toolResult": {"toolUseId": "1", "content": [block]}});
        with_tools(json!([
            user(json!([{"text": "a"}])),
            assistant(json!([call("1")])),
            user(json!([result]))
        ]))
    };
    passes(NOVA, &said(block("video", "mp4", &s3)));
    passes(NOVA, &answered(block("image", "png", &s3)));
    passes(CLAUDE, &answered(block("image", "png", &bytes)));
    passes(CLAUDE, &answered(block("document", "pdf", &s3)));
    assert!(
        refusal(CLAUDE, &said(block("video", "mp4", &bytes)))
            .contains("doesn't support the video content block")
    );
    assert!(
        refusal(CLAUDE, &answered(block("image", "png", &s3)))
            .contains("doesn't support the s3Uri field")
    );
    assert_eq!(
        refusal(CLAUDE, &said(block("document", "pdf", &s3))),
        "The model returned the following errors: messages.0.content.1.document.source.type: Field required"
    );
    assert_eq!(
        refusal(GPT, &answered(block("image", "png", &bytes))),
        "This model doesn't support the image field for user messages. Remove image and try again."
    );
    assert!(
        refusal(NOVA, &answered(block("video", "mp4", &bytes)))
            .contains("#/messages/2/content/0: extraneous key [toolResult]")
    );
}

#[test]
fn claude_limits_the_size_of_images() {
    let png = |side: u32| {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(side.to_be_bytes());
        bytes.extend(1_u32.to_be_bytes());
        BASE64_STANDARD.encode(bytes)
    };
    let images = |base64: String, count: usize| {
        let image = json!({"image": {"format": "png", "source": {"bytes": base64}}});
        talk(json!([user(json!(vec![image; count]))]))
    };
    passes(CLAUDE, &images(png(8_000), 20));
    passes(NOVA, &images(png(9_000), 1));
    assert!(refusal(CLAUDE, &images(png(8_001), 1)).ends_with("max allowed size: 8000 pixels"));
    assert!(
        refusal(CLAUDE, &images(png(2_001), 21)).ends_with("for many-image requests: 2000 pixels")
    );
    let heavy = images("A".repeat(5 * 1024 * 1024 + 4), 1);
    assert!(
        refusal(CLAUDE, &heavy)
            .contains("image exceeds 5 MB maximum: 5242884 bytes > 5242880 bytes")
    );
}

#[test]
fn sampling_is_limited_by_family() {
    let sampled = |inference: Value| hello_and(json!({"inferenceConfig": inference}));
    let both = sampled(json!({"temperature": 0.5, "topP": 0.9}));
    passes(CLAUDE, &both);
    assert!(
        refusal(CLAUDE_4_5, &both).contains("`temperature` and `top_p` cannot both be specified")
    );
    assert_eq!(
        refusal(CLAUDE_4_8, &sampled(json!({"temperature": 1}))),
        "The model returned the following errors: `temperature` is deprecated for this model."
    );
    assert_eq!(
        refusal("xai.grok-4.6", &sampled(json!({"temperature": 1}))),
        "This model doesn't support the temperature field. Remove temperature and try again."
    );
    assert!(
        refusal("xai.grok-4.6", &sampled(json!({"stopSequences": ["a"]})))
            .contains("stopSequences field")
    );
    assert!(refusal(CLAUDE, &sampled(json!({"stopSequences": ["\n"]}))).contains("non-whitespace"));
    passes(NOVA, &sampled(json!({"stopSequences": ["\n"]})));
}

#[test]
fn additional_fields_must_belong_to_the_model() {
    let fields = |fields: Value| hello_and(json!({"additionalModelRequestFields": fields}));
    passes(CLAUDE, &fields(json!({"anything": 1})));
    assert_eq!(
        refusal(GPT, &fields(json!({"reasoningConfig": {"type": "enabled"}}))),
        r#"The model returned the following errors: {"error":{"code":"unknown_parameter","message":"Unknown parameter: 'reasoningConfig'.","param":"reasoningConfig","type":"invalid_request_error"}}"#
    );
    let mut high =
        fields(json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}));
    passes(NOVA, &high);
    high["inferenceConfig"] = json!({"maxTokens": 10});
    assert!(
        refusal(NOVA, &high)
            .contains("`maxTokens` must be unset when reasoningConfig type is 'enabled'")
    );
    let mut doubled = fields(json!({"max_tokens": 5}));
    doubled["inferenceConfig"] = json!({"maxTokens": 10});
    assert!(refusal(CLAUDE, &doubled).starts_with("The additional field max_tokens conflicts"));
    assert!(
        refusal(CLAUDE, &fields(json!({"tool_choice": {"disable_parallel_tool_use": true}})))
            .contains("tool_choice.type: Field required")
    );
    assert_eq!(
        refusal(CLAUDE, &hello_and(json!({"serviceTier": {"type": "reserved"}}))),
        "Reservation not found"
    );
}

#[test]
fn cache_points_are_limited() {
    let points = |ttls: &[Option<&str>]| {
        let mut blocks = vec![json!({"text": "a"})];
        for ttl in ttls {
            let mut point = json!({"type": "default"});
            if let Some(ttl) = ttl {
                point["ttl"] = json!(ttl);
            }
            blocks.push(json!({"cachePoint": point}));
        }
        talk(json!([user(json!(blocks))]))
    };
    passes(CLAUDE, &points(&[Some("1h"), Some("5m"), None, None]));
    assert!(
        refusal(CLAUDE, &points(&[None; 5]))
            .contains("A maximum of 4 blocks with cache_control may be provided. Found 5.")
    );
    assert!(
        refusal(CLAUDE, &points(&[None, Some("1h")])).contains("must not come after a ttl='5m'")
    );
    passes(NOVA, &points(&[None]));
    assert!(
        refusal(NOVA, &points(&[Some("1h")]))
            .contains("#/messages/0/content/1/cachePoint: extraneous key [ttl]")
    );
    let in_tools = hello_and(
        json!({"toolConfig": {"tools": [tools()["tools"][0], {"cachePoint": {"type": "default"}}]}}),
    );
    passes(CLAUDE, &in_tools);
    assert!(refusal(NOVA, &in_tools).contains("#/toolConfig/tools/1: extraneous key [cachePoint]"));
    let error = outcome_of(LLAMA, Mode::Whole, &points(&[None])).unwrap_err();
    assert_eq!(error.kind, Kind::AccessDenied);
}

#[test]
fn structured_output_is_strict() {
    let format = |schema: &str| {
        hello_and(
            json!({"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": schema}}}}}),
        )
    };
    passes(
        CLAUDE_4_5,
        &format(
            r#"{"type":"object","properties":{"a":{"type":"string","minLength":1}},"additionalProperties":false}"#,
        ),
    );
    assert!(
        refusal(GPT, &format(r#"{"type":"object"}"#))
            .contains("'additionalProperties' must be explicitly set to false")
    );
    let nested = r#"{"type":"object","additionalProperties":false,"properties":{"a":{"type":"array","maxItems":2}}}"#;
    assert_eq!(
        refusal(CLAUDE_4_5, &format(nested)),
        "The model returned the following errors: output_config.format.schema: For 'array' type, property 'maxItems' is not supported"
    );
    assert!(refusal(CLAUDE_4_5, &format("{")).contains("not valid JSON"));
}

#[test]
fn thinking_is_asked_for_within_limits() {
    let think = |thinking: Value, inference: Value| {
        hello_and(
            json!({"additionalModelRequestFields": {"thinking": thinking}, "inferenceConfig": inference}),
        )
    };
    let enabled = |budget: u32| json!({"type": "enabled", "budget_tokens": budget});
    passes(CLAUDE, &think(enabled(1024), json!({"maxTokens": 2048})));
    passes(CLAUDE, &think(enabled(10_000), json!({})));
    passes(CLAUDE_4_8, &think(json!({"type": "adaptive"}), json!({"maxTokens": 10})));
    passes(NOVA, &think(enabled(1), json!({})));
    for (model, body, text) in [
        (
            CLAUDE,
            think(enabled(1023), json!({})),
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
        ),
        (
            CLAUDE,
            think(enabled(2048), json!({"maxTokens": 2048})),
            "`max_tokens` must be greater than `thinking.budget_tokens`.",
        ),
        (
            CLAUDE,
            think(json!({"type": "enabled"}), json!({})),
            "thinking.enabled.budget_tokens: Field required",
        ),
        (
            CLAUDE,
            think(enabled(1024), json!({"temperature": 0.5})),
            "`temperature` may only be set to 1 when thinking is enabled.",
        ),
        (
            CLAUDE,
            think(enabled(1024), json!({"topP": 0.9})),
            "`top_p` must be greater than or equal to 0.95",
        ),
        (
            CLAUDE_4_8,
            think(enabled(1024), json!({})),
            "\"thinking.type.enabled\" is not supported for this model.",
        ),
        (
            CLAUDE_4_8,
            think(json!({"type": "adaptive", "budget_tokens": 1024}), json!({})),
            "thinking.adaptive.budget_tokens: Extra inputs",
        ),
    ] {
        let message = refusal(model, &body);
        assert!(message.contains(text), "{message}");
    }
    let adaptive = think(json!({"type": "adaptive"}), json!({}));
    assert!(
        refusal(CLAUDE_4_5, &adaptive)
            .ends_with("adaptive thinking is not supported on this model")
    );
    let mut forced = think(enabled(1024), json!({}));
    forced["toolConfig"] = tools();
    forced["toolConfig"]["toolChoice"] = json!({"any": {}});
    assert!(
        refusal(CLAUDE, &forced)
            .contains("Thinking may not be enabled when tool_choice forces tool use.")
    );
}

#[test]
fn thinking_comes_back_as_it_was() {
    let thought = |text: &str, signature: Option<String>| {
        let mut thought = json!({"text": text});
        if let Some(signature) = signature {
            thought["signature"] = json!(signature);
        }
        let block = json!({"reasoningContent": {"reasoningText": thought}});
        talk(json!([
            user(json!([{"text": "a"}])),
            assistant(json!([block, {"text": "b"}])),
            user(json!([{"text": "c"}]))
        ]))
    };
    let signed = Some(signature::sign("t"));
    passes(CLAUDE, &thought("t", signed.clone()));
    passes("emulator.echo", &thought("t", signed.clone()));
    for model in [CLAUDE, "emulator.echo", NOVA] {
        assert_eq!(
            refusal(model, &thought("other", signed.clone())),
            "The model returned the following errors: messages.1.content.0: Invalid `signature` in `thinking` block"
        );
    }
    for missing in [None, Some(String::new())] {
        assert!(
            refusal(CLAUDE, &thought("t", missing))
                .contains("messages.1.content.0.thinking.signature: Field required")
        );
    }
    assert!(
        refusal(CLAUDE, &thought("t", Some("short".to_owned()))).contains("Invalid `signature`")
    );
    passes(NOVA, &thought("t", None));
    assert!(
        refusal(NOVA, &thought("t", Some(String::new()))).contains("reasoningText.signature field")
    );
    passes(GPT, &thought("t", None));
    assert!(
        refusal(GPT, &thought("t", signed))
            .contains("doesn't support the reasoningContent.reasoningText.signature field")
    );
}

#[test]
fn a_tool_loop_keeps_its_thinking() {
    let thought = json!({"reasoningContent": {"reasoningText": {"text": "t", "signature": signature::sign("t")}}});
    let body = |blocks: Value| {
        let mut body = with_tools(json!([
            user(json!([{"text": "a"}])),
            assistant(blocks),
            user(json!([result("1")]))
        ]));
        body["additionalModelRequestFields"] =
            json!({"thinking": {"type": "enabled", "budget_tokens": 1024}});
        body
    };
    passes(CLAUDE, &body(json!([thought, call("1")])));
    assert!(
        refusal(CLAUDE, &body(json!([call("1")])))
            .contains("Expected `thinking` or `redacted_thinking`, but found `tool_use`")
    );
}

#[test]
fn mistral_is_particular_about_tool_ids() {
    let mistral = "mistral.mistral-large-3-675b-instruct";
    let loop_of = |id: &str| {
        with_tools(json!([
            user(json!([{"text": "a"}])),
            assistant(json!([call(id)])),
            user(json!([result(id)]))
        ]))
    };
    passes(mistral, &loop_of("tooluse_AAAAAAAAAAAAAAAAAAAAAA"));
    passes(mistral, &loop_of("abcDEF123"));
    passes(CLAUDE, &loop_of("call_1"));
    assert!(refusal(mistral, &loop_of("call_1")).contains("Tool call id was call_1 but must be"));
}

#[test]
fn some_families_have_no_system_prompt() {
    let instructed = hello_and(json!({"system": [{"text": "be brief"}]}));
    passes(NOVA, &instructed);
    assert_eq!(
        refusal("mistral.mistral-7b-instruct-v0:2", &instructed),
        "This model doesn't support system messages. Try again without a system message or use a model that supports system messages."
    );
    passes("mistral.mistral-7b-instruct-v0:2", &hello_and(json!({"system": []})));
}

#[test]
fn media_a_family_does_not_know_are_refused() {
    let said = |kind: &str, format: &str| {
        talk(json!([user(json!([
            {"text": "see"},
            {kind: {"format": format, "source": {"bytes": "AAAA"}}}
        ]))]))
    };
    passes("mistral.voxtral-mini-3b-2507", &said("audio", "wav"));
    passes("amazon.nova-pro-v1:0", &said("video", "mp4"));
    for (model, kind, format) in [
        (CLAUDE, "audio", "wav"),
        (NOVA, "audio", "wav"),
        ("amazon.nova-micro-v1:0", "image", "png"),
        ("deepseek.r1-v1:0", "image", "png"),
        (LLAMA, "video", "mp4"),
    ] {
        assert_eq!(
            refusal(model, &said(kind, format)),
            format!(
                "This model doesn't support the {kind} content block that you provided. Update the content block and try again."
            )
        );
    }
    let source = json!({"s3Location": {"uri": "s3://emulator-missing/a.png"}});
    let image = json!({"image": {"format": "png", "source": source}});
    assert_eq!(
        refusal(NOVA, &talk(json!([user(json!([image]))]))),
        "The model returned the following errors: Provided S3Location not found"
    );
}

#[test]
fn only_some_documents_are_cited() {
    let cited = |format: &str| {
        json!({"document": {
            "name": "d", "format": format, "source": {"bytes": "AAAA"}, "citations": {"enabled": true}
        }})
    };
    let said = |document: Value| talk(json!([user(json!([{"text": "read"}, document]))]));
    passes(CLAUDE_4_5, &said(cited("pdf")));
    assert_eq!(
        refusal(CLAUDE_4_5, &said(cited("docx"))),
        "Unsupported document format. Only txt and pdf formats are supported when citations are enabled"
    );
    assert_eq!(refusal(NOVA, &said(cited("pdf"))), "This model doesn't support citations.");
    let result = json!({"toolResult": {"toolUseId": "1", "content": [cited("pdf")]}});
    let answered = with_tools(json!([
        user(json!([{"text": "a"}])),
        assistant(json!([call("1")])),
        user(json!([result]))
    ]));
    assert_eq!(
        refusal(CLAUDE_4_5, &answered),
        "Citations are not supported in tool result documents."
    );
}

#[test]
fn a_cache_point_is_lost_behind_a_document_of_text() {
    let said = |format: &str| {
        talk(json!([user(json!([
            {"text": "read"},
            {"document": {"name": "d", "format": format, "source": {"bytes": "AAAA"}}},
            {"cachePoint": {"type": "default"}}
        ]))]))
    };
    passes(CLAUDE, &said("pdf"));
    assert_eq!(
        refusal(CLAUDE, &said("md")),
        "The model returned the following errors: messages.0.content.2.type: Field required"
    );
    passes(NOVA, &said("md"));
}

#[test]
fn structured_answers_and_tools_came_later() {
    let schema = r#"{"type":"object","additionalProperties":false}"#;
    let body = hello_and(
        json!({"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": schema}}}}}),
    );
    passes(CLAUDE_4_5, &body);
    assert_eq!(
        refusal(CLAUDE, &body),
        "The model returned the following errors: output_config.format: Extra inputs are not permitted"
    );
    assert!(refusal(LLAMA, &body).contains("the outputConfig.textFormat field"));
    passes(CLAUDE_4_5, &hello_and(json!({"outputConfig": {"effort": "low"}})));
}

#[test]
fn families_differ_on_the_company_of_results() {
    let mixed = with_tools(json!([
        user(json!([{"text": "a"}])),
        assistant(json!([call("abcdefgh1")])),
        user(json!([result("abcdefgh1")])),
        user(json!([{"text": "and now?"}]))
    ]));
    passes(CLAUDE, &mixed);
    for model in [LLAMA, "mistral.mistral-large-3-675b-instruct", "writer.palmyra-x5-v1:0"] {
        assert_eq!(
            refusal(model, &mixed),
            "messages.2.content: Conversation blocks and tool result blocks cannot be provided in the same turn."
        );
    }
    let mut told = result("1");
    told["toolResult"]["status"] = json!("success");
    let told = with_tools(json!([
        user(json!([{"text": "a"}])),
        assistant(json!([call("1")])),
        user(json!([told]))
    ]));
    passes(LLAMA, &told);
    assert!(refusal("writer.palmyra-x5-v1:0", &told).contains("the status field"));
}

#[test]
fn families_differ_on_thoughts_of_the_past() {
    let replayed = |reasoning: Value| {
        talk(json!([
            user(json!([{"text": "a"}])),
            assistant(json!([{"reasoningContent": reasoning}, {"text": "b"}])),
            user(json!([{"text": "c"}]))
        ]))
    };
    let text = replayed(json!({"reasoningText": {"text": "t"}}));
    let redacted = replayed(json!({"redactedContent": "AAAA"}));
    passes(NOVA, &text);
    passes("openai.gpt-5.6-sol", &redacted);
    passes(CLAUDE, &redacted);
    for model in [LLAMA, "amazon.nova-lite-v1:0", "us.deepseek.r1-v1:0"] {
        let name = model.trim_start_matches("us.");
        assert!(
            refusal(name, &text).starts_with("User messages cannot contain reasoning content.")
        );
    }
    assert!(refusal(GPT, &redacted).contains("the reasoningContent.redactedContent field"));
    let error = outcome_of("openai.gpt-5.6-sol", Mode::Whole, &text).unwrap_err();
    assert_eq!(error.kind, Kind::InternalServer);
}

#[test]
fn the_newest_claude_chooses_its_tools_itself() {
    let mut config = tools();
    config["toolChoice"] = json!({"any": {}});
    let body = hello_and(json!({"toolConfig": config}));
    passes("anthropic.claude-opus-5", &body);
    assert_eq!(
        refusal("anthropic.claude-opus-5-5", &body),
        r#"The model returned the following errors: tool_choice: type "tool" and "any" are not supported for this model."#
    );
}

#[test]
fn no_window_holds_everything() {
    let long = |letters: usize| talk(json!([user(json!([{"text": "a".repeat(letters)}]))]));
    passes(CLAUDE_4_5, &long(800_000));
    assert_eq!(
        refusal(CLAUDE_4_5, &long(1_600_001)),
        "The model returned the following errors: Input is too long for requested model."
    );
    assert_eq!(
        refusal("amazon.nova-micro-v1:0", &long(1_100_000)),
        "The model returned the following errors: Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update the input to try again."
    );
}

#[test]
fn a_prompt_brings_its_own_settings() {
    let check = |body: Value| {
        let subject = Subject {
            body: Body(&body),
            family: families::of(""),
            mode: Mode::Whole,
            is_prompt: true,
        };
        check(subject)
    };
    assert_eq!(check(json!({"promptVariables": {"name": {"text": "Kim"}}})), Ok(()));
    for field in ["inferenceConfig", "toolConfig", "additionalModelRequestFields"] {
        let error = check(json!({field: {}})).unwrap_err();
        assert!(error.message.starts_with(&format!("The {field} field can't be specified")));
    }
    passes(NOVA, &hello_and(json!({"promptVariables": {"name": {"text": "Kim"}}})));
}

#[test]
fn one_guardrail_does_not_exist() {
    let guarded = |name: &str| {
        hello_and(
            json!({"guardrailConfig": {"guardrailIdentifier": name, "guardrailVersion": "1"}}),
        )
    };
    passes(NOVA, &guarded("ab12cd34ef56"));
    passes(NOVA, &guarded("arn:aws:bedrock:us-east-1:111122223333:guardrail/ab12cd34ef56"));
    assert_eq!(
        refusal(NOVA, &guarded("emulatorinvalid")),
        "The provided guardrail identifier is invalid."
    );
    let shaped = |name: &str| validate::check(&guarded(name), &shapes::CONVERSE);
    for name in ["My-Guardrail", "arn:aws:bedrock:us-east-1:1:guardrail/ab"] {
        assert!(shaped(name).unwrap_err().message.contains("guardrailConfig.guardrailIdentifier"));
    }
}

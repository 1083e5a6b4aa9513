//! Sampling, cache points and structured output.

use super::*;

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
fn a_cache_point_is_lost_behind_a_document_of_text() {
    let said = |format: &str| {
        talk(json!([user(json!([
            {"text": "read"},
            {"document": {"name": "d", "format": format, "source": {"bytes": "AAAA"}}},
            {"cachePoint": {"type": "default"}}
        ]))]))
    };
    passes(CLAUDE, &said("pdf"));
    let mut cited = said("txt");
    cited["messages"][0]["content"][1]["document"]["citations"] = json!({"enabled": true});
    passes(CLAUDE, &cited);
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

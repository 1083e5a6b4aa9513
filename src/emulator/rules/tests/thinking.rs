//! Thinking, asked for and sent back.

use super::*;

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

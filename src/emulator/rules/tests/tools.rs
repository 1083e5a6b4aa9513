//! Tools, calls and results.

use super::*;

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
    let one = hello_and(json!({
        "toolConfig": tools(),
        "additionalModelRequestFields": {"tool_choice": {"type": "auto", "disable_parallel_tool_use": true}}
    }));
    passes(CLAUDE_4_5, &one);
    assert!(
        refusal("anthropic.claude-3-haiku-20240307-v1:0", &one)
            .contains("extraneous key [disable_parallel_tool_use]")
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

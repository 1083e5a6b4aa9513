//! Turns, system prompts and stored prompts.

use super::*;

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

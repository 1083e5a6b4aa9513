//! Tools that run at AWS: they are called and answered within one answer.

use serde_json::{Value, json};

use super::tools::{has_results, tool_use_id};
use super::{Block, Question};
use crate::emulator::body::{Body, text_member};

const GROUNDING: &str = "nova_grounding";
const CODE_INTERPRETER: &str = "nova_code_interpreter";
/// Ids of these calls are counted from here, away from those of client's tools.
const FIRST_INDEX: usize = 1_000;

/// The calls and their results; they come first in an answer.
pub(super) fn blocks(question: Question<'_>) -> Vec<Block> {
    let text = question.body.last_user_text();
    names(question.body)
        .into_iter()
        .enumerate()
        .flat_map(|(index, name)| {
            let id = tool_use_id(question.seed, FIRST_INDEX + index);
            let (input, answer) = match name {
                GROUNDING => (json!({"query": text}), json!({"text": "[HIDDEN]"})),
                CODE_INTERPRETER => (
                    json!({"snippet": "print(6 * 7)"}),
                    json!({"json": {"exitCode": 0, "isError": false, "stdErr": "", "stdOut": "42"}}),
                ),
                _ => (json!({}), json!({"text": "done"})),
            };
            let call = Block::ToolUse {
                id: id.clone(),
                name: name.to_owned(),
                input: input.to_string(),
                kind: Some("server_tool_use"),
            };
            let result =
                Block::ToolResult { id, kind: format!("{name}_result"), content: vec![answer] };
            [call, result]
        })
        .collect()
}

/// Where a text that rests on a search comes from.
pub(super) fn sources(body: Body<'_>) -> Vec<Block> {
    if !names(body).contains(&GROUNDING) {
        return Vec::new();
    }
    let web = |path: &str| -> Value {
        json!({"location": {"web": {"domain": "example.com", "url": format!("https://example.com/{path}")}}})
    };
    vec![
        Block::Cited { text: String::new(), citations: vec![web("one")] },
        Block::Cited { text: String::new(), citations: vec![web("two")] },
        Block::Text(" (according to the web).".to_owned()),
    ]
}

/// Nobody runs tools to say what a tool has said.
fn names(body: Body<'_>) -> Vec<&str> {
    if has_results(body) {
        return Vec::new();
    }
    body.tools().iter().filter_map(|tool| text_member(tool.get("systemTool")?, "name")).collect()
}

//! Read-only view of a Converse body that has passed its shape.
//!
//! Every accessor is total: what is missing reads as empty.

use serde_json::Value;

/// The body of a request.
#[derive(Clone, Copy)]
pub(super) struct Body<'a>(pub(super) &'a Value);

impl<'a> Body<'a> {
    /// The turns of the conversation.
    pub(super) fn messages(self) -> &'a [Value] {
        items(self.0, "messages")
    }

    /// The system blocks.
    pub(super) fn system(self) -> &'a [Value] {
        items(self.0, "system")
    }

    /// The entries of `toolConfig.tools`: tools and cache points.
    pub(super) fn tools(self) -> &'a [Value] {
        self.0.get("toolConfig").map_or(&[], |config| items(config, "tools"))
    }

    /// The offered tools' specifications.
    pub(super) fn tool_specs(self) -> impl Iterator<Item = &'a Value> {
        self.tools().iter().filter_map(|tool| tool.get("toolSpec"))
    }

    /// `auto`, `any` or `tool`, and what goes with it.
    pub(super) fn tool_choice(self) -> Option<(&'a str, &'a Value)> {
        let choice = self.0.get("toolConfig")?.get("toolChoice")?.as_object()?;
        choice
            .iter()
            .find(|(kind, value)| {
                !value.is_null() && ["auto", "any", "tool"].contains(&kind.as_str())
            })
            .map(|(kind, value)| (kind.as_str(), value))
    }

    /// A member of `inferenceConfig`.
    pub(super) fn inference(self, name: &str) -> Option<&'a Value> {
        self.0.get("inferenceConfig")?.get(name).filter(|value| !value.is_null())
    }

    /// A member of `additionalModelRequestFields`.
    pub(super) fn additional(self, name: &str) -> Option<&'a Value> {
        self.0.get("additionalModelRequestFields")?.get(name).filter(|value| !value.is_null())
    }

    /// The blocks of the user's turns after the last assistant turn.
    pub(super) fn last_user_blocks(self) -> Vec<&'a Value> {
        let messages = self.messages();
        let start = messages
            .iter()
            .rposition(|message| role(message) == "assistant")
            .map_or(0, |index| index + 1);
        messages
            .iter()
            .skip(start)
            .filter(|message| role(message) == "user")
            .flat_map(|message| items(message, "content"))
            .collect()
    }

    /// The text of the last user's turn, blocks joined by line ends.
    pub(super) fn last_user_text(self) -> String {
        let texts: Vec<&str> = self.last_user_blocks().into_iter().filter_map(text_of).collect();
        texts.join("\n")
    }
}

/// The role of a turn.
pub(super) fn role(message: &Value) -> &str {
    text_member(message, "role").unwrap_or_default()
}

/// The blocks of a turn.
pub(super) fn content(message: &Value) -> &[Value] {
    items(message, "content")
}

/// The list under `name`, or an empty one.
pub(super) fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The string under `name`.
pub(super) fn text_member<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// The member of a block, when it is set.
pub(super) fn part<'a>(block: &'a Value, name: &str) -> Option<&'a Value> {
    block.get(name).filter(|value| !value.is_null())
}

/// The words of a text or guarded text block.
fn text_of(block: &Value) -> Option<&str> {
    text_member(block, "text")
        .or_else(|| text_member(block.get("guardContent")?.get("text")?, "text"))
}

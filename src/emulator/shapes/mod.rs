//! The shape of a Converse request as data: members, types and constraints as
//! the service model states them. [`super::validate`] walks a body along it.
//!
//! Members that are not listed are ignored, as the service does.

mod content;
mod patterns;

use content::{CACHE_POINT, CONTENT_BLOCK, GUARD_CONTENT, OPTIONAL_TEXT, TEXT, TOOL_NAME};
use patterns::{is_guardrail, is_guardrail_version, is_metadata};

/// What a JSON value must look like.
#[derive(Debug)]
pub(super) enum Shape {
    /// An object whose listed members are looked at.
    Structure(&'static [Member]),
    /// An object of which exactly one listed member is set; the name is the one
    /// the service uses in its texts.
    Union(&'static str, &'static [Member]),
    List {
        item: &'static Shape,
        min: usize,
        max: usize,
    },
    Map {
        key: Text,
        value: &'static Shape,
        min: usize,
        max: usize,
    },
    Text(Text),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One of these words; the kind and a slash may stand before it, as in a
    /// media type: Bedrock was seen to take `video/mp4`.
    Format(&'static str, &'static [&'static str]),
    /// Base64 of at least one byte.
    Blob,
    Integer {
        min: i64,
    },
    Float {
        min: f64,
        max: f64,
    },
    Boolean,
    /// Any JSON.
    Document,
}

/// A member of a structure or union.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) shape: Shape,
}

/// Constraints on a string; lengths are in characters.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) pattern: Option<Pattern>,
}

/// A pattern as the service prints it, and what it means.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) text: &'static str,
    pub(super) matches: fn(&str) -> bool,
}

const fn required(name: &'static str, shape: Shape) -> Member {
    Member { name, required: true, shape }
}

const fn optional(name: &'static str, shape: Shape) -> Member {
    Member { name, required: false, shape }
}

const fn list(item: &'static Shape) -> Shape {
    Shape::List { item, min: 0, max: usize::MAX }
}

const fn text_between(min: usize, max: usize) -> Shape {
    Shape::Text(Text { min, max, pattern: None })
}

const fn text_like(min: usize, max: usize, text: &'static str, matches: fn(&str) -> bool) -> Shape {
    Shape::Text(Text { min, max, pattern: Some(Pattern { text, matches }) })
}

const MESSAGE: &Shape = &Shape::Structure(&[
    required("role", Shape::Choice(&["user", "assistant", "system"])),
    required("content", list(CONTENT_BLOCK)),
]);
const SYSTEM_BLOCK: &Shape = &Shape::Union(
    "SystemContentBlock",
    &[
        optional("text", text_between(1, usize::MAX)),
        optional("guardContent", GUARD_CONTENT),
        optional("cachePoint", CACHE_POINT),
    ],
);

const TOOL: &Shape = &Shape::Union(
    "Tool",
    &[
        optional(
            "toolSpec",
            Shape::Structure(&[
                required("name", TOOL_NAME),
                optional("description", text_between(1, usize::MAX)),
                required(
                    "inputSchema",
                    Shape::Union("ToolInputSchema", &[optional("json", Shape::Document)]),
                ),
                optional("strict", Shape::Boolean),
            ]),
        ),
        optional("systemTool", Shape::Structure(&[required("name", TOOL_NAME)])),
        optional("cachePoint", CACHE_POINT),
    ],
);
const TOOL_CONFIG: Shape = Shape::Structure(&[
    required("tools", Shape::List { item: TOOL, min: 1, max: usize::MAX }),
    optional(
        "toolChoice",
        Shape::Union(
            "ToolChoice",
            &[
                optional("auto", Shape::Structure(&[])),
                optional("any", Shape::Structure(&[])),
                optional("tool", Shape::Structure(&[required("name", TOOL_NAME)])),
            ],
        ),
    ),
]);

const INFERENCE: Shape = Shape::Structure(&[
    optional("maxTokens", Shape::Integer { min: 1 }),
    optional("temperature", Shape::Float { min: 0.0, max: 1.0 }),
    optional("topP", Shape::Float { min: 0.0, max: 1.0 }),
    optional(
        "stopSequences",
        Shape::List { item: &text_between(1, usize::MAX), min: 0, max: 2_500 },
    ),
]);
const GUARDRAIL: Shape = Shape::Structure(&[
    optional(
        "guardrailIdentifier",
        text_like(
            0,
            2_048,
            "(|([a-z0-9]+)|(arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+))",
            is_guardrail,
        ),
    ),
    optional(
        "guardrailVersion",
        text_like(0, 8, "(|([1-9][0-9]{0,7})|(DRAFT))", is_guardrail_version),
    ),
    optional("trace", Shape::Choice(&["enabled", "disabled", "enabled_full"])),
    optional("streamProcessingMode", Shape::Choice(&["sync", "async"])),
]);
const METADATA_PATTERN: &str = r"[a-zA-Z0-9\s:_@$#=/+,-.]{0,256}";
const OUTPUT: Shape = Shape::Structure(&[
    optional(
        "textFormat",
        Shape::Structure(&[
            required("type", Shape::Choice(&["json_schema"])),
            required(
                "structure",
                Shape::Union(
                    "OutputFormatStructure",
                    &[optional(
                        "jsonSchema",
                        Shape::Structure(&[
                            required("schema", TEXT),
                            optional("name", TEXT),
                            optional("description", TEXT),
                        ]),
                    )],
                ),
            ),
        ]),
    ),
    optional("effort", text_between(0, 16)),
]);

/// The body of Converse and ConverseStream.
pub(super) const CONVERSE: Shape = Shape::Structure(&[
    optional("messages", list(MESSAGE)),
    optional("system", list(SYSTEM_BLOCK)),
    optional("inferenceConfig", INFERENCE),
    optional("toolConfig", TOOL_CONFIG),
    optional("guardrailConfig", GUARDRAIL),
    optional("additionalModelRequestFields", Shape::Document),
    optional(
        "promptVariables",
        Shape::Map {
            key: Text { min: 0, max: usize::MAX, pattern: None },
            value: OPTIONAL_TEXT,
            min: 0,
            max: usize::MAX,
        },
    ),
    optional(
        "additionalModelResponseFieldPaths",
        Shape::List { item: &text_between(1, 256), min: 0, max: 10 },
    ),
    optional(
        "requestMetadata",
        Shape::Map {
            key: Text {
                min: 1,
                max: 256,
                pattern: Some(Pattern { text: METADATA_PATTERN, matches: is_metadata }),
            },
            value: &text_like(0, 256, METADATA_PATTERN, is_metadata),
            min: 1,
            max: 16,
        },
    ),
    optional(
        "performanceConfig",
        Shape::Structure(&[optional("latency", Shape::Choice(&["standard", "optimized"]))]),
    ),
    optional(
        "serviceTier",
        Shape::Structure(&[required(
            "type",
            Shape::Choice(&["priority", "default", "flex", "reserved"]),
        )]),
    ),
    optional("outputConfig", OUTPUT),
]);

//! The shape of a Converse request as data: members, types and constraints as
//! the service model states them. [`super::validate`] walks a body along it.
//!
//! Members that are not listed are ignored, as the service does.

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
    Member {
        name,
        required: true,
        shape,
    }
}

const fn optional(name: &'static str, shape: Shape) -> Member {
    Member {
        name,
        required: false,
        shape,
    }
}

const fn list(item: &'static Shape) -> Shape {
    Shape::List {
        item,
        min: 0,
        max: usize::MAX,
    }
}

const fn text_between(min: usize, max: usize) -> Shape {
    Shape::Text(Text {
        min,
        max,
        pattern: None,
    })
}

const fn text_like(min: usize, max: usize, text: &'static str, matches: fn(&str) -> bool) -> Shape {
    Shape::Text(Text {
        min,
        max,
        pattern: Some(Pattern { text, matches }),
    })
}

const TEXT: Shape = text_between(0, usize::MAX);
const TOOL_NAME: Shape = text_like(1, 64, "[a-zA-Z0-9_-]+", is_tool_name);
const TOOL_USE_ID: Shape = text_like(1, 64, "[a-zA-Z0-9_.:-]+", is_tool_use_id);

const S3_LOCATION: Shape = Shape::Structure(&[
    required(
        "uri",
        text_like(
            1,
            1_024,
            r"s3://[a-z0-9][\.\-a-z0-9]{1,61}[a-z0-9](/.*)?",
            is_s3_uri,
        ),
    ),
    optional("bucketOwner", text_like(12, 12, "[0-9]{12}", is_digits)),
]);
const MEDIA_SOURCE: &[Member] = &[
    optional("bytes", Shape::Blob),
    optional("s3Location", S3_LOCATION),
];
const CITATIONS: Shape = Shape::Structure(&[required("enabled", Shape::Boolean)]);
const REQUIRED_TEXT: &Shape = &Shape::Structure(&[required("text", TEXT)]);
const OPTIONAL_TEXT: &Shape = &Shape::Structure(&[optional("text", TEXT)]);

const IMAGE: Shape = Shape::Structure(&[
    required("format", Shape::Choice(&["png", "jpeg", "gif", "webp"])),
    required("source", Shape::Union("ImageSource", MEDIA_SOURCE)),
]);
const DOCUMENT: Shape = Shape::Structure(&[
    optional(
        "format",
        Shape::Choice(&[
            "pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md",
        ]),
    ),
    required("name", text_between(1, 200)),
    required(
        "source",
        Shape::Union(
            "DocumentSource",
            &[
                optional("bytes", Shape::Blob),
                optional("s3Location", S3_LOCATION),
                optional("text", TEXT),
                optional("content", list(OPTIONAL_TEXT)),
            ],
        ),
    ),
    optional("context", TEXT),
    optional("citations", CITATIONS),
]);
const VIDEO: Shape = Shape::Structure(&[
    required(
        "format",
        Shape::Choice(&[
            "mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp",
        ]),
    ),
    required("source", Shape::Union("VideoSource", MEDIA_SOURCE)),
]);
const AUDIO: Shape = Shape::Structure(&[
    required(
        "format",
        Shape::Choice(&[
            "mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a",
            "mpeg", "mpga", "pcm", "webm",
        ]),
    ),
    required("source", Shape::Union("AudioSource", MEDIA_SOURCE)),
]);
const SEARCH_RESULT: Shape = Shape::Structure(&[
    required("source", TEXT),
    required("title", TEXT),
    required("content", list(REQUIRED_TEXT)),
    optional("citations", CITATIONS),
]);

const TOOL_USE: Shape = Shape::Structure(&[
    required("toolUseId", TOOL_USE_ID),
    required("name", TOOL_NAME),
    required("input", Shape::Document),
    optional("type", TEXT),
]);
const TOOL_RESULT: Shape = Shape::Structure(&[
    required("toolUseId", TOOL_USE_ID),
    required(
        "content",
        list(&Shape::Union(
            "ToolResultContentBlock",
            &[
                optional("json", Shape::Document),
                optional("text", TEXT),
                optional("image", IMAGE),
                optional("document", DOCUMENT),
                optional("video", VIDEO),
                optional("searchResult", SEARCH_RESULT),
            ],
        )),
    ),
    optional("status", Shape::Choice(&["success", "error"])),
    optional("type", TEXT),
]);
const GUARD_CONTENT: Shape = Shape::Union(
    "GuardrailConverseContentBlock",
    &[
        optional(
            "text",
            Shape::Structure(&[
                required("text", TEXT),
                optional(
                    "qualifiers",
                    list(&Shape::Choice(&[
                        "grounding_source",
                        "query",
                        "guard_content",
                    ])),
                ),
            ]),
        ),
        optional(
            "image",
            Shape::Structure(&[
                required("format", Shape::Choice(&["png", "jpeg"])),
                required(
                    "source",
                    Shape::Union(
                        "GuardrailConverseImageSource",
                        &[optional("bytes", Shape::Blob)],
                    ),
                ),
            ]),
        ),
    ],
);
const CACHE_POINT: Shape = Shape::Structure(&[
    required("type", Shape::Choice(&["default"])),
    optional("ttl", Shape::Choice(&["5m", "1h"])),
]);
const REASONING: Shape = Shape::Union(
    "ReasoningContentBlock",
    &[
        optional(
            "reasoningText",
            Shape::Structure(&[required("text", TEXT), optional("signature", TEXT)]),
        ),
        optional("redactedContent", Shape::Blob),
    ],
);

const POSITION: Shape = Shape::Integer { min: 0 };
const CITED_DOCUMENT: Shape = Shape::Structure(&[
    optional("documentIndex", POSITION),
    optional("start", POSITION),
    optional("end", POSITION),
]);
const CITATION_LOCATION: Shape = Shape::Union(
    "CitationLocation",
    &[
        optional(
            "web",
            Shape::Structure(&[optional("url", TEXT), optional("domain", TEXT)]),
        ),
        optional("documentChar", CITED_DOCUMENT),
        optional("documentPage", CITED_DOCUMENT),
        optional("documentChunk", CITED_DOCUMENT),
        optional(
            "searchResultLocation",
            Shape::Structure(&[
                optional("searchResultIndex", POSITION),
                optional("start", POSITION),
                optional("end", POSITION),
            ]),
        ),
    ],
);
const CITATIONS_CONTENT: Shape = Shape::Structure(&[
    optional("content", list(OPTIONAL_TEXT)),
    optional(
        "citations",
        list(&Shape::Structure(&[
            optional("title", TEXT),
            optional("source", TEXT),
            optional("sourceContent", list(OPTIONAL_TEXT)),
            optional("location", CITATION_LOCATION),
        ])),
    ),
]);
const TOOL_REFERENCE: Shape = Shape::Structure(&[required(
    "tool",
    Shape::Structure(&[
        optional("type", text_between(1, 64)),
        optional("name", text_between(1, 128)),
        optional("serverName", text_between(1, 128)),
    ]),
)]);

const CONTENT_BLOCK: &Shape = &Shape::Union(
    "ContentBlock",
    &[
        optional("text", TEXT),
        optional("image", IMAGE),
        optional("document", DOCUMENT),
        optional("video", VIDEO),
        optional("audio", AUDIO),
        optional("toolUse", TOOL_USE),
        optional("toolResult", TOOL_RESULT),
        optional("guardContent", GUARD_CONTENT),
        optional("cachePoint", CACHE_POINT),
        optional("reasoningContent", REASONING),
        optional("citationsContent", CITATIONS_CONTENT),
        optional("searchResult", SEARCH_RESULT),
        optional("toolAddition", TOOL_REFERENCE),
        optional("toolRemoval", TOOL_REFERENCE),
    ],
);
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
        optional(
            "systemTool",
            Shape::Structure(&[required("name", TOOL_NAME)]),
        ),
        optional("cachePoint", CACHE_POINT),
    ],
);
const TOOL_CONFIG: Shape = Shape::Structure(&[
    required(
        "tools",
        Shape::List {
            item: TOOL,
            min: 1,
            max: usize::MAX,
        },
    ),
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
        Shape::List {
            item: &text_between(1, usize::MAX),
            min: 0,
            max: 2_500,
        },
    ),
]);
const GUARDRAIL: Shape = Shape::Structure(&[
    optional("guardrailIdentifier", text_between(0, 2_048)),
    optional(
        "guardrailVersion",
        text_like(0, 8, "(|([1-9][0-9]{0,7})|(DRAFT))", is_guardrail_version),
    ),
    optional(
        "trace",
        Shape::Choice(&["enabled", "disabled", "enabled_full"]),
    ),
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
            key: Text {
                min: 0,
                max: usize::MAX,
                pattern: None,
            },
            value: OPTIONAL_TEXT,
            min: 0,
            max: usize::MAX,
        },
    ),
    optional(
        "additionalModelResponseFieldPaths",
        Shape::List {
            item: &text_between(1, 256),
            min: 0,
            max: 10,
        },
    ),
    optional(
        "requestMetadata",
        Shape::Map {
            key: Text {
                min: 1,
                max: 256,
                pattern: Some(Pattern {
                    text: METADATA_PATTERN,
                    matches: is_metadata,
                }),
            },
            value: &text_like(0, 256, METADATA_PATTERN, is_metadata),
            min: 1,
            max: 16,
        },
    ),
    optional(
        "performanceConfig",
        Shape::Structure(&[optional(
            "latency",
            Shape::Choice(&["standard", "optimized"]),
        )]),
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

fn is_tool_name(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

fn is_tool_use_id(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_s3_uri(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("s3://") else {
        return false;
    };
    let bucket = rest.split('/').next().unwrap_or_default();
    let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (3..=63).contains(&bucket.len())
        && end(bucket.chars().next())
        && end(bucket.chars().last())
        && bucket
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-'))
}

fn is_guardrail_version(text: &str) -> bool {
    text.is_empty() || text == "DRAFT" || (!text.starts_with('0') && is_digits(text))
}

/// The class in the pattern has a range from comma to full stop.
fn is_metadata(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || c.is_whitespace() || ":_@$#=/+,-.".contains(c))
}

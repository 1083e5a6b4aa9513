//! Shapes of the parts of a turn: text, media, tools, reasoning, citations.

use super::patterns::{is_digits, is_s3_uri, is_tool_name, is_tool_use_id};
use super::{Member, Shape, list, optional, required, text_between, text_like};

pub(super) const TEXT: Shape = text_between(0, usize::MAX);
pub(super) const TOOL_NAME: Shape = text_like(1, 64, "[a-zA-Z0-9_-]+", is_tool_name);
pub(super) const TOOL_USE_ID: Shape = text_like(1, 64, "[a-zA-Z0-9_.:-]+", is_tool_use_id);

const S3_LOCATION: Shape = Shape::Structure(&[
    required(
        "uri",
        text_like(1, 1_024, r"s3://[a-z0-9][\.\-a-z0-9]{1,61}[a-z0-9](/.*)?", is_s3_uri),
    ),
    optional("bucketOwner", text_like(12, 12, "[0-9]{12}", is_digits)),
]);
const MEDIA_SOURCE: &[Member] =
    &[optional("bytes", Shape::Blob), optional("s3Location", S3_LOCATION)];
const CITATIONS: Shape = Shape::Structure(&[required("enabled", Shape::Boolean)]);
const REQUIRED_TEXT: &Shape = &Shape::Structure(&[required("text", TEXT)]);
pub(super) const OPTIONAL_TEXT: &Shape = &Shape::Structure(&[optional("text", TEXT)]);

const IMAGE: Shape = Shape::Structure(&[
    required("format", Shape::Choice(&["png", "jpeg", "gif", "webp"])),
    required("source", Shape::Union("ImageSource", MEDIA_SOURCE)),
]);
const DOCUMENT: Shape = Shape::Structure(&[
    optional(
        "format",
        Shape::Choice(&["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"]),
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
        Shape::Format(
            "video/",
            &["mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"],
        ),
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
pub(super) const GUARD_CONTENT: Shape = Shape::Union(
    "GuardrailConverseContentBlock",
    &[
        optional(
            "text",
            Shape::Structure(&[
                required("text", TEXT),
                optional(
                    "qualifiers",
                    list(&Shape::Choice(&["grounding_source", "query", "guard_content"])),
                ),
            ]),
        ),
        optional(
            "image",
            Shape::Structure(&[
                required("format", Shape::Choice(&["png", "jpeg"])),
                required(
                    "source",
                    Shape::Union("GuardrailConverseImageSource", &[optional("bytes", Shape::Blob)]),
                ),
            ]),
        ),
    ],
);
pub(super) const CACHE_POINT: Shape = Shape::Structure(&[
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
        optional("web", Shape::Structure(&[optional("url", TEXT), optional("domain", TEXT)])),
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

pub(super) const CONTENT_BLOCK: &Shape = &Shape::Union(
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

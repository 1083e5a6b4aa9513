//! The form of an answer.

use serde::Serialize;
use serde_json::value::RawValue;

/// The form of the answer.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputConfig<'a> {
    /// The form of its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_format: Option<OutputFormat<'a>>,
    /// How much effort to make, in the model's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<&'a str>,
}

/// The form of an answer's text.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum OutputFormat<'a> {
    /// Bedrock's own object, as the client wrote it.
    Raw(&'a RawValue),
    /// JSON that fits a schema.
    JsonSchema {
        /// Always `json_schema`.
        #[serde(rename = "type")]
        kind: &'static str,
        /// The schema.
        structure: OutputFormatStructure<'a>,
    },
}

/// What an answer's text must fit.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputFormatStructure<'a> {
    /// A JSON schema.
    pub json_schema: JsonSchemaDefinition<'a>,
}

/// A JSON schema with its name.
#[derive(Debug, Serialize)]
pub struct JsonSchemaDefinition<'a> {
    /// The schema, JSON in a string.
    pub schema: String,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// What it describes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
}

//! Wire types of Portkey's admin API, as its SDKs send and read them.
//!
//! Names are accepted in snake case and in camel case: the Python SDK sends what the
//! caller writes, the Node SDK makes snake case of it. Members that this gateway adds
//! say so.
//!
//! Source: <https://portkey.ai/docs/api-reference/admin-api/introduction>.

pub mod api_key;
pub mod audit_log;
pub mod virtual_key;

use serde::{Deserialize, Deserializer, Serialize};

/// A page of a list.
#[derive(Debug, Serialize)]
pub struct List<T> {
    /// `list`.
    pub object: &'static str,
    /// How many there are on all pages.
    pub total: usize,
    /// Those of this page.
    pub data: Vec<T>,
}

/// The answer to a deed that leaves nothing to be told.
#[derive(Debug, Serialize)]
pub struct Done {
    /// True.
    pub success: bool,
}

/// What a failed call of the admin API says beside OpenAI's error object.
#[derive(Debug, Serialize)]
pub struct Failure {
    /// What happened, for people.
    pub message: String,
    /// Portkey's code, such as `AB01`.
    #[serde(rename = "errorCode")]
    pub error_code: &'static str,
}

/// Which page of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// From 0.
    pub current_page: usize,
    /// At most [`Page::MAX_SIZE`].
    pub page_size: usize,
}

impl Page {
    /// The largest page: every entry may have to be opened.
    pub const MAX_SIZE: usize = 1000;
    /// The size of a page where none is asked for.
    pub const DEFAULT_SIZE: usize = 100;
}

/// A member that may be absent (`None`), null (`Some(None)`) or there.
pub(crate) fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

//! Virtual keys as running gateways hold them: their rows, and what they open once
//! it has been opened.

use std::fmt;
use std::sync::Arc;

use super::credentials::ProviderCredentials;
use super::envelope::{self, Place};
use super::error::Error;
use super::master_key::MasterKeys;
use super::once::Once;
use crate::store::VirtualKeyRow;

/// Where the sealed field of one lies.
pub(super) fn place(id: &str) -> Place<'_> {
    Place { table: "virtual_keys", id, field: "credentials" }
}
/// The longest name of a model that is looked for in a list; ARNs fit.
const MAX_NAME: usize = 2048;

/// A virtual key.
pub struct VirtualKey {
    row: VirtualKeyRow,
    models: Option<Vec<String>>,
    opened: Once<ProviderCredentials>,
}

/// Whether a virtual key or gateway key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It may.
    Active,
    /// Its time is over.
    Expired,
    /// It was switched off.
    Disabled,
    /// It was taken back.
    Revoked,
}

impl Status {
    /// The word for it, in Portkey's answers and in errors.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
        }
    }
}

impl fmt::Debug for VirtualKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualKey").field("slug", &self.row.slug).finish_non_exhaustive()
    }
}

impl VirtualKey {
    /// A key as a row tells it.
    #[must_use]
    pub fn from_row(row: VirtualKeyRow) -> Self {
        // The list is written by `rows`; one that cannot be read allows nothing.
        let models = row.models.as_deref();
        let models = models.map(|list| serde_json::from_str(list).unwrap_or_default());
        Self { row, models, opened: Once::default() }
    }

    /// Its row.
    #[must_use]
    pub fn row(&self) -> &VirtualKeyRow {
        &self.row
    }

    /// The models that may be called with it; `None` for any.
    #[must_use]
    pub fn models(&self) -> Option<&[String]> {
        self.models.as_deref()
    }

    /// Whether it may be used at `now`, in seconds since 1970.
    #[must_use]
    pub fn status(&self, now: i64) -> Status {
        match self.row.expires_at {
            _ if self.row.disabled => Status::Disabled,
            Some(end) if end <= now => Status::Expired,
            _ => Status::Active,
        }
    }

    /// Whether `name` is one of the models that may be called. Entries are names,
    /// in which `*` stands for any characters. A name that is longer than any model's
    /// is none of them, whatever the entries: callers choose names.
    #[must_use]
    pub fn allows_model<'a>(&self, names: impl IntoIterator<Item = &'a str> + Clone) -> bool {
        self.models.as_ref().is_none_or(|models| {
            models.iter().any(|pattern| {
                names.clone().into_iter().any(|name| {
                    name.len() <= MAX_NAME && matches(pattern.as_bytes(), name.as_bytes())
                })
            })
        })
    }

    /// What it opens; opened when first asked, by one of those that ask.
    pub(super) async fn open(
        &self,
        masters: &MasterKeys,
    ) -> Result<Arc<ProviderCredentials>, Error> {
        let open = async {
            let place = place(&self.row.id);
            let text = envelope::open(masters, place, &self.row.credentials).await?;
            let credentials = serde_json::from_slice(&text);
            credentials.map_err(|_| Error::Broken { place: place.to_string() })
        };
        self.opened.get(open).await
    }
}

/// Whether a pattern with `*` means a name. At worst, what follows a star is compared
/// at every place of the name: time is the product of both lengths, so both must be
/// bounded where callers choose them.
#[must_use]
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where to go on if what follows the last star does not fit.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(byte) = name.get(n) {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                retry = Some((p, n));
            }
            Some(expected) if expected == byte => {
                p += 1;
                n += 1;
            }
            _ => match retry {
                Some((after_star, from)) => {
                    p = after_star;
                    n = from + 1;
                    retry = Some((after_star, n));
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_characters() {
        for (pattern, name, expected) in [
            ("amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0", true),
            ("amazon.nova-pro-v1:0", "amazon.nova-pro-v1:01", false),
            ("amazon.*", "amazon.nova", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("*claude*4-5*", "us.anthropic.claude-sonnet-4-5-20250929", true),
            ("*claude*4-5", "us.anthropic.claude-sonnet-4-5-2025", false),
            ("a*b*c", "aXbXbc", true),
            ("a*b", "ab", true),
            ("a**b", "acb", true),
            ("a*b", "a", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}

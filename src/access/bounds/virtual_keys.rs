//! What a bounded caller may do with virtual keys: nothing that would lead around its
//! bounds.

use super::{Bounds, out_of_bounds};
use crate::access::Error;
use crate::store::VirtualKeyRow;
use crate::vault::VirtualKey;

impl Bounds<'_> {
    /// Whether the caller may create, change or delete virtual keys.
    ///
    /// # Errors
    /// A config that it may not replace binds it: the config may name a virtual key,
    /// which a change could point elsewhere.
    pub fn check_virtual_key_changes(&self) -> Result<(), Error> {
        if self.locked_config.is_none() {
            return Ok(());
        }
        let message = "a caller whose own key has a config that requests may not replace (`defaults.config_id`, with `defaults.allow_config_override` false) cannot create, change or delete virtual keys: the config may use them";
        Err(out_of_bounds("defaults.config_id", message))
    }

    /// Whether the caller may store credentials that use the gateway's own identity: with
    /// those, a virtual key of its list could become any other.
    #[must_use]
    pub fn may_store_gateway_identity(&self) -> bool {
        self.has_admin_write() && self.virtual_keys.is_none() && self.locked_config.is_none()
    }

    /// Whether changed credentials must be given in full. What is stored is not for a
    /// caller with a list of virtual keys to use elsewhere, such as for another role.
    #[must_use]
    pub fn must_replace_credentials(&self) -> bool {
        self.virtual_keys.is_some()
    }

    /// Holds a change of a virtual key against these: a caller with a list of virtual
    /// keys must not widen what those of its list allow.
    ///
    /// # Errors
    /// The member that would allow more.
    pub fn check_virtual_key(
        &self,
        before: &VirtualKey,
        after: &VirtualKeyRow,
    ) -> Result<(), Error> {
        if self.virtual_keys.is_none() {
            return Ok(());
        }
        let widened = VirtualKey::from_row(after.clone());
        let allows_more_models = before.models().is_some_and(|models| {
            widened.models().is_none_or(|new| new.iter().any(|model| !models.contains(model)))
        });
        let ends_later =
            before.row().expires_at.is_some_and(|end| after.expires_at.is_none_or(|new| new > end));
        let (param, message) = if allows_more_models {
            ("models", "`models` may only lose entries")
        } else if ends_later {
            ("expires_at", "`expires_at` may only become earlier")
        } else if before.row().disabled && !after.disabled {
            ("disabled", "`disabled` must stay true")
        } else {
            return Ok(());
        };
        let why = "the caller may use some virtual keys only, and cannot widen what they allow";
        Err(out_of_bounds(param, format!("{message}: {why}")))
    }
}

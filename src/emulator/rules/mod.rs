//! Rules a well-shaped request must still follow: of the API, and of the model.

use super::body::Body;
use super::errors::ServiceError;
use super::families::Family;

/// Which operation a request is for: some rules hold for streams only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Whole,
    Stream,
}

/// Checks every rule; the first that is broken answers.
pub(super) fn check(_body: Body<'_>, _family: &Family, _mode: Mode) -> Result<(), ServiceError> {
    Ok(())
}

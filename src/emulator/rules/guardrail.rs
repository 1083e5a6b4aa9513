//! A guardrail that does not exist.

use super::{Outcome, Subject};
use crate::emulator::errors::ServiceError;
use crate::emulator::reply::guardrail_name;

/// The one name nobody has a guardrail of.
const NOBODYS: &str = "emulatorinvalid";

pub(super) fn check(subject: Subject<'_>) -> Outcome {
    if guardrail_name(subject.body) == Some(NOBODYS) {
        return Err(ServiceError::validation("The provided guardrail identifier is invalid."));
    }
    Ok(())
}

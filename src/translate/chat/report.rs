//! What of a request could not be said in Converse's words.

use std::fmt;

use super::error::Error;

/// What happens to parameters that have no counterpart on Bedrock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UnsupportedParams {
    /// Those that would change what the answer means are refused; the others are
    /// ignored and reported.
    #[default]
    Auto,
    /// All are ignored and reported.
    Ignore,
    /// All are refused.
    Refuse,
}

/// Most places that are reported; one request may hold thousands.
const MAX_PLACES: usize = 32;

/// Collects what is passed over, so that it can be told to the caller.
#[derive(Debug, Default)]
pub(super) struct Report {
    policy: UnsupportedParams,
    places: Vec<String>,
}

impl Report {
    pub(super) fn new(policy: UnsupportedParams) -> Self {
        Self { policy, places: Vec::new() }
    }

    /// Passes something over without which the answer is still what was asked for.
    pub(super) fn ignore(&mut self, place: impl fmt::Display, why: &str) -> Result<(), Error> {
        match self.policy {
            UnsupportedParams::Auto | UnsupportedParams::Ignore => self.note(place),
            UnsupportedParams::Refuse => return Err(Error::at(place, why)),
        }
        Ok(())
    }

    /// Refuses something without which the answer would mean something else,
    /// unless the operator wants it passed over.
    pub(super) fn refuse(&mut self, place: impl fmt::Display, why: &str) -> Result<(), Error> {
        match self.policy {
            UnsupportedParams::Ignore => self.note(place),
            UnsupportedParams::Auto | UnsupportedParams::Refuse => {
                return Err(Error::at(place, why));
            }
        }
        Ok(())
    }

    fn note(&mut self, place: impl fmt::Display) {
        let place = place.to_string();
        if self.places.len() < MAX_PLACES && !self.places.contains(&place) {
            self.places.push(place);
        }
    }

    /// The places that were passed over, in the order in which they were met.
    pub(super) fn into_places(self) -> Vec<String> {
        self.places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(policy: UnsupportedParams) -> (bool, bool, Vec<String>) {
        let mut report = Report::new(policy);
        let ignored = report.ignore("seed", "no seeds").is_ok();
        let refused = report.refuse("n", "one answer").is_err();
        (ignored, refused, report.into_places())
    }

    #[test]
    fn the_policy_decides() {
        let places = |places: &[&str]| places.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(outcome(UnsupportedParams::Auto), (true, true, places(&["seed"])));
        assert_eq!(outcome(UnsupportedParams::Ignore), (true, false, places(&["seed", "n"])));
        assert_eq!(outcome(UnsupportedParams::Refuse), (false, true, places(&[])));
    }

    #[test]
    fn places_are_told_once_and_not_without_end() {
        let mut report = Report::default();
        for i in 0..100 {
            report.ignore(format_args!("messages[{}].name", i / 2), "").unwrap();
        }
        let places = report.into_places();
        assert_eq!(places.len(), MAX_PLACES);
        assert_eq!(places[1], "messages[1].name");
    }
}

//! Which calls of tools wait for their results.
//!
//! Converse wants every call answered in the very next turn, once. What a
//! client's history holds beyond that is put right where that loses nothing, and
//! refused with the place where it does.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::error::{Error, quoted};

/// The calls of one conversation.
#[derive(Debug, Default)]
pub(super) struct Calls<'a> {
    /// Of the assistant's last turn, in their order.
    open: Vec<Call<'a>>,
    /// Where each of them stands in `open`: a turn may have thousands.
    by_id: HashMap<String, usize>,
    /// Ids that were answered in earlier turns.
    closed: HashSet<String>,
}

#[derive(Debug)]
struct Call<'a> {
    id: String,
    name: &'a str,
    place: String,
    is_answered: bool,
}

/// What a result is to the calls before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The answer to the call of this id.
    To(String),
    /// An answer that was given already.
    Repeated,
}

impl<'a> Calls<'a> {
    /// Notes a call of the assistant.
    pub(super) fn open(
        &mut self,
        id: &str,
        name: &'a str,
        place: fmt::Arguments<'_>,
    ) -> Result<(), Error> {
        if self.by_id.insert(id.to_owned(), self.open.len()).is_some() {
            return Err(Error::at(
                place,
                format!("two calls of one turn have the id `{}`; ids must differ", quoted(id)),
            ));
        }
        let (id, place) = (id.to_owned(), place.to_string());
        self.open.push(Call { id, name, place, is_answered: false });
        Ok(())
    }

    /// Finds the call that a result belongs to.
    pub(super) fn answer(&mut self, id: &str, place: fmt::Arguments<'_>) -> Result<Answer, Error> {
        let open = self.by_id.get(id).and_then(|at| self.open.get_mut(*at));
        match open {
            Some(call) if call.is_answered => Ok(Answer::Repeated),
            Some(call) => {
                call.is_answered = true;
                Ok(Answer::To(id.to_owned()))
            }
            None if self.closed.contains(id) => Ok(Answer::Repeated),
            None => Err(Error::at(
                place,
                "no assistant message before this one has a call with this id",
            )),
        }
    }

    /// Finds the call that a result in the old form, which has no id, belongs to.
    pub(super) fn answer_by_name(
        &mut self,
        name: &str,
        place: fmt::Arguments<'_>,
    ) -> Result<Answer, Error> {
        let call = self.open.iter_mut().find(|call| call.name == name && !call.is_answered);
        match call {
            Some(call) => {
                call.is_answered = true;
                Ok(Answer::To(call.id.clone()))
            }
            None => Err(Error::at(
                place,
                "the assistant message before this one has no call of a function with this name",
            )),
        }
    }

    /// The turn of the results is over.
    pub(super) fn close(&mut self) -> Result<(), Error> {
        self.by_id.clear();
        for call in std::mem::take(&mut self.open) {
            if !call.is_answered {
                return Err(Error::at(
                    call.place,
                    "every tool call must be followed by a tool message with its result, before the assistant speaks again",
                ));
            }
            self.closed.insert(call.id);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(calls: &mut Calls<'_>, id: &str) -> Result<Answer, String> {
        calls.answer(id, format_args!("there")).map_err(|error| error.param)
    }

    #[test]
    fn every_call_is_answered_once() {
        let mut calls = Calls::default();
        calls.open("1", "a", format_args!("one")).unwrap();
        calls.open("2", "b", format_args!("two")).unwrap();
        assert_eq!(calls.open("1", "c", format_args!("again")).unwrap_err().param, "again");
        assert_eq!(answer(&mut calls, "2"), Ok(Answer::To("2".into())));
        assert_eq!(answer(&mut calls, "2"), Ok(Answer::Repeated));
        assert_eq!(answer(&mut calls, "3"), Err("there".into()));
        assert_eq!(calls.answer_by_name("a", format_args!("x")), Ok(Answer::To("1".into())));
        calls.close().unwrap();
        assert_eq!(answer(&mut calls, "1"), Ok(Answer::Repeated));
        calls.open("1", "a", format_args!("anew")).unwrap();
        assert_eq!(calls.close().unwrap_err().param, "anew");
    }
}

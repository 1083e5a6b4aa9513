//! Reads the fault a model id asks for; see the table in [`super`].

use std::time::Duration;

use super::errors::Kind;

/// Names of the emulator's own models begin with this.
const PREFIX: &str = "emulator.";
/// Longest wait a model id can ask for.
const MAX_DELAY: Duration = Duration::from_secs(600);
/// Largest output text a model id can ask for: it is held in memory, as text
/// and as events.
const MAX_HUGE_BYTES: usize = 1024 * 1024;
/// Most deltas a reply is stretched to, for a fault to come after them.
const MAX_DELTAS: usize = 10_000;

/// What is to go wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing: the ordinary reply.
    None,
    /// The first calls are throttled; `None`: all of them.
    Throttle(Option<u64>),
    /// An HTTP answer in place of a reply.
    Answer(Answer),
    /// The connection is reset on the first calls.
    ResetFirst(u64),
    SlowFirst(Duration),
    SlowEach(Duration),
    /// Something happens after this many deltas.
    After(usize, Break),
    /// After this many deltas nothing comes for a while; then the rest does.
    SilentAfter(usize, Duration),
    /// Pieces of this many bytes.
    Split(usize),
    Merged,
    Huge(usize),
    Stop(String),
    NoMetadata,
    ToolNoInput,
    Hang,
}

/// An answer that is not a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Error(Kind),
    /// 200 with the body of an operation the service does not know.
    UnknownOperation,
    /// 502 with a page of HTML, as a proxy in between would answer.
    Html,
    /// 503 without a body.
    Empty,
}

/// How a stream breaks off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    /// A modelled exception frame.
    Exception(Kind),
    /// A frame with `:message-type: error`.
    Error,
    /// The connection goes away within the body.
    Cut,
    /// The body ends as if it were complete.
    End,
    /// A frame with a wrong checksum.
    Corrupt,
}

/// A model id of the emulator's own cannot be read as a fault.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnknownFault;

/// The fault in a model's name. One that is none is refused: a typing error must
/// not look like a working model.
pub(super) fn of(name: &str) -> Result<Fault, UnknownFault> {
    let Some(word) = name.strip_prefix(PREFIX) else {
        return Ok(Fault::None);
    };
    match word {
        "echo" => return Ok(Fault::None),
        "throttle" => return Ok(Fault::Throttle(None)),
        "merged" => return Ok(Fault::Merged),
        "no-metadata" => return Ok(Fault::NoMetadata),
        "tool-no-input" => return Ok(Fault::ToolNoInput),
        "hang" => return Ok(Fault::Hang),
        _ => {}
    }
    if let Some(kind) = word.strip_prefix("error-") {
        return answer(kind).map(Fault::Answer).ok_or(UnknownFault);
    }
    if let Some(reason) = word.strip_prefix("stop-") {
        return if reason.is_empty() {
            Err(UnknownFault)
        } else {
            Ok(Fault::Stop(reason.to_owned()))
        };
    }
    if let Some(rest) = word.strip_prefix("exception-") {
        let (kind, count) = rest.split_once("-after-").ok_or(UnknownFault)?;
        let kind = exception(kind).ok_or(UnknownFault)?;
        return Ok(Fault::After(number(count, MAX_DELTAS)?, Break::Exception(kind)));
    }
    for (prefix, how) in [
        ("message-error-after-", Break::Error),
        ("cut-after-", Break::Cut),
        ("end-after-", Break::End),
        ("corrupt-after-", Break::Corrupt),
    ] {
        if let Some(count) = word.strip_prefix(prefix) {
            return Ok(Fault::After(number(count, MAX_DELTAS)?, how));
        }
    }
    if let Some(calls) = word.strip_prefix("throttle-") {
        return calls.parse().map(|calls| Fault::Throttle(Some(calls))).map_err(|_| UnknownFault);
    }
    if let Some(calls) = word.strip_prefix("reset-before-first-") {
        return calls.parse().map(Fault::ResetFirst).map_err(|_| UnknownFault);
    }
    if let Some(rest) = word.strip_prefix("silent-after-") {
        let (count, time) = rest.split_once('-').ok_or(UnknownFault)?;
        return Ok(Fault::SilentAfter(number(count, MAX_DELTAS)?, milliseconds(time)?));
    }
    if let Some(time) = word.strip_prefix("slow-first-") {
        return Ok(Fault::SlowFirst(milliseconds(time)?));
    }
    if let Some(time) = word.strip_prefix("slow-each-") {
        return Ok(Fault::SlowEach(milliseconds(time)?));
    }
    if let Some(size) = word.strip_prefix("split-") {
        return Ok(Fault::Split(number(size, usize::MAX)?.max(1)));
    }
    if let Some(size) = word.strip_prefix("huge-") {
        return Ok(Fault::Huge(number(size, MAX_HUGE_BYTES)?));
    }
    Err(UnknownFault)
}

fn answer(kind: &str) -> Option<Answer> {
    let kind = match kind {
        "validation" => Kind::Validation,
        "access-denied" => Kind::AccessDenied,
        "resource-not-found" => Kind::ResourceNotFound,
        "model-timeout" => Kind::ModelTimeout,
        "internal" => Kind::InternalServer,
        "unavailable" => Kind::ServiceUnavailable,
        "model-not-ready" => Kind::ModelNotReady,
        "model-error" => Kind::ModelError,
        "quota" => Kind::ServiceQuotaExceeded,
        "expired-token" => Kind::ExpiredToken,
        "throttling" => Kind::Throttling,
        "unknown-operation" => return Some(Answer::UnknownOperation),
        "html" => return Some(Answer::Html),
        "empty" => return Some(Answer::Empty),
        _ => return None,
    };
    Some(Answer::Error(kind))
}

fn exception(kind: &str) -> Option<Kind> {
    Some(match kind {
        "throttling" => Kind::Throttling,
        "internal-server" => Kind::InternalServer,
        "model-stream-error" => Kind::ModelStreamError,
        "validation" => Kind::Validation,
        "service-unavailable" => Kind::ServiceUnavailable,
        "model-timeout" => Kind::ModelTimeout,
        _ => return None,
    })
}

fn milliseconds(text: &str) -> Result<Duration, UnknownFault> {
    text.parse().map(|time| Duration::from_millis(time).min(MAX_DELAY)).map_err(|_| UnknownFault)
}

fn number(text: &str, most: usize) -> Result<usize, UnknownFault> {
    text.parse::<usize>().map(|number| number.min(most)).map_err(|_| UnknownFault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_names_ask_for_faults() {
        let ms = Duration::from_millis;
        for (name, fault) in [
            ("amazon.nova-lite-v1:0", Fault::None),
            ("emulator.echo", Fault::None),
            ("emulator.throttle", Fault::Throttle(None)),
            ("emulator.throttle-2", Fault::Throttle(Some(2))),
            ("emulator.error-html", Fault::Answer(Answer::Html)),
            ("emulator.error-quota", Fault::Answer(Answer::Error(Kind::ServiceQuotaExceeded))),
            ("emulator.slow-first-250", Fault::SlowFirst(ms(250))),
            ("emulator.reset-before-first-2", Fault::ResetFirst(2)),
            ("emulator.silent-after-3-500", Fault::SilentAfter(3, ms(500))),
            ("emulator.slow-each-999999999", Fault::SlowEach(MAX_DELAY)),
            (
                "emulator.exception-model-stream-error-after-3",
                Fault::After(3, Break::Exception(Kind::ModelStreamError)),
            ),
            ("emulator.message-error-after-0", Fault::After(0, Break::Error)),
            ("emulator.cut-after-99999999", Fault::After(MAX_DELTAS, Break::Cut)),
            ("emulator.end-after-1", Fault::After(1, Break::End)),
            ("emulator.corrupt-after-1", Fault::After(1, Break::Corrupt)),
            ("emulator.split-0", Fault::Split(1)),
            ("emulator.huge-999999999", Fault::Huge(MAX_HUGE_BYTES)),
            ("emulator.stop-some_future_word", Fault::Stop("some_future_word".to_owned())),
        ] {
            assert_eq!(of(name), Ok(fault), "{name}");
        }
    }

    #[test]
    fn mistyped_faults_are_refused() {
        for name in [
            "emulator.thorttle-3",
            "emulator.nonsense",
            "emulator.throttle-x",
            "emulator.error-",
            "emulator.error-teapot",
            "emulator.exception-throttling",
            "emulator.exception-quota-after-1",
            "emulator.cut-after-",
            "emulator.reset-before-first-",
            "emulator.silent-after-3",
            "emulator.silent-after-3-x",
            "emulator.split--1",
            "emulator.stop-",
        ] {
            assert_eq!(of(name), Err(UnknownFault), "{name}");
        }
    }
}

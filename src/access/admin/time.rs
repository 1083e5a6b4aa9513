//! Times as Portkey's admin API writes them: RFC 3339, or a date.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, Time};

use super::Invalid;

/// Seconds since 1970 as RFC 3339, in UTC.
#[must_use]
pub fn rfc3339(seconds: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok();
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}

/// A time or a date, in seconds since 1970.
///
/// # Errors
/// It is neither.
pub fn parse(param: &str, text: &str) -> Result<i64, Invalid> {
    let text = text.trim();
    let date = || {
        let date = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
        Some(date.with_time(Time::MIDNIGHT).assume_utc())
    };
    let time = OffsetDateTime::parse(text, &Rfc3339).ok().or_else(date);
    time.map(OffsetDateTime::unix_timestamp).ok_or_else(|| {
        Invalid::new(param, "must be a time such as 2027-01-31T12:00:00Z, or a date")
    })
}

/// When a key ends: not in the past.
pub(super) fn end(param: &str, text: Option<String>, now: i64) -> Result<Option<i64>, Invalid> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let end = parse(param, &text)?;
    if end <= now {
        return Err(Invalid::new(param, "is in the past"));
    }
    Ok(Some(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_dates_are_read() {
        for (text, seconds) in [
            ("1970-01-01T00:00:10Z", 10),
            ("1970-01-01T01:00:10.5+01:00", 10),
            ("1970-01-02", 86400),
            (" 1970-01-01T00:00:10Z ", 10),
        ] {
            assert_eq!(parse("t", text), Ok(seconds), "{text}");
        }
        for text in ["", "tomorrow", "1970-13-01", "10"] {
            assert!(parse("t", text).is_err(), "{text}");
        }
        assert_eq!(rfc3339(10), "1970-01-01T00:00:10Z");
        assert!(end("t", Some("1970-01-02".into()), 86400).is_err());
        assert_eq!(end("t", Some(" ".into()), 0), Ok(None));
    }
}

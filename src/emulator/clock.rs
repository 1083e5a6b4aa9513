//! The spellings of time: `20250131T235959Z` in signatures, `2025-01-31T23:59:59Z` in
//! answers, and seconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY_SECONDS: i64 = 86_400;

/// Reads `YYYYMMDDThhmmssZ`; anything else is `None`.
pub(super) fn parse_amz_date(text: &str) -> Option<SystemTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if date.len() != 8 || time.len() != 6 || !all_digits(date) || !all_digits(time) {
        return None;
    }
    let number = |part: Option<&str>| part?.parse::<i64>().ok();
    let year = number(date.get(0..4))?;
    let month = number(date.get(4..6))?;
    let day = number(date.get(6..8))?;
    let hour = number(time.get(0..2))?;
    let minute = number(time.get(2..4))?;
    let second = number(time.get(4..6))?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds =
        days_from_civil(year, month, day) * DAY_SECONDS + hour * 3_600 + minute * 60 + second;
    Some(UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).ok()?))
}

/// Writes `YYYYMMDDThhmmssZ`.
pub(super) fn format_amz_date(time: SystemTime) -> String {
    let [year, month, day, hour, minute, second] = parts(time);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// Writes `YYYY-MM-DDThh:mm:ssZ`, as answers tell the time.
pub(super) fn format_iso(time: SystemTime) -> String {
    let [year, month, day, hour, minute, second] = parts(time);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month, day, hour, minute and second.
fn parts(time: SystemTime) -> [i64; 6] {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX));
    let (year, month, day) = civil_from_days(seconds.div_euclid(DAY_SECONDS));
    let of_day = seconds.rem_euclid(DAY_SECONDS);
    [year, month, day, of_day / 3_600, of_day / 60 % 60, of_day % 60]
}

/// Days since 1970-01-01 of a Gregorian date; years are counted from March so
/// that the leap day is the last day of a year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written_alike() {
        for (text, seconds) in [
            ("19700101T000000Z", 0),
            ("20000229T120000Z", 951_825_600),
            ("20150830T123600Z", 1_440_938_160),
            ("20240229T235959Z", 1_709_251_199),
            ("21000301T000000Z", 4_107_542_400),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(parse_amz_date(text), Some(time), "{text}");
            assert_eq!(format_amz_date(time), text);
        }
        let time = UNIX_EPOCH + Duration::from_secs(1_709_251_199);
        assert_eq!(format_iso(time), "2024-02-29T23:59:59Z");
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            "20150830",
            "2015-08-30T12:36:00Z",
            "20151330T123600Z",
            "20150830T996000Z",
            "2015083\u{e9}T12360Z",
        ] {
            assert_eq!(parse_amz_date(text), None, "{text}");
        }
    }
}

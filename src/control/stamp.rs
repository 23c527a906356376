//! Wall-clock times as people and machines read them: RFC 3339 in UTC for machines, hours and minutes for people.
//! It knows no time zone, so it never claims a local time: what it writes for people says UTC.

use crate::model::Moment;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A second of the civil calendar: seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(u64);

/// What ties the program's own time line to the calendar.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Now, on the program's line.
    pub now: Moment,
    /// Now, on the calendar.
    pub wall: Stamp,
}

const DAY: u64 = 24 * 3600;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Stamp {
    /// The system clock's reading; 1970 when it stands before that.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// From seconds since 1970.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs)
    }

    /// Seconds since 1970.
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Time since `earlier`; zero when `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }

    /// The stamp `span` before this one, not before 1970.
    pub const fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.as_secs()))
    }

    /// For people: `14:05 UTC` on the day of `now`, `2 Aug 14:05 UTC` otherwise.
    pub fn text(self, now: Self) -> String {
        format!("{} UTC", self.short(now))
    }

    /// As [`Stamp::text`] without the zone, for a column whose title names it.
    pub fn short(self, now: Self) -> String {
        let (_, month, day) = civil(self.0 / DAY);
        let (hour, minute) = (self.0 % DAY / 3600, self.0 % 3600 / 60);
        if self.0 / DAY == now.0 / DAY {
            return format!("{hour:02}:{minute:02}");
        }
        let month = MONTHS.get(month as usize - 1).copied().unwrap_or("?");
        format!("{day} {month} {hour:02}:{minute:02}")
    }

    /// Reads `YYYY-MM-DDThh:mm:ssZ` (RFC 3339, UTC, whole seconds), as [`fmt::Display`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
        if bytes.len() != 20 || marks.iter().any(|&(at, mark)| bytes.get(at) != Some(&mark)) {
            return None;
        }
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if year < 1970 || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let days = days(year, month, day);
        (civil(days) == (year, month, day)).then(|| Self(days * DAY + hour * 3600 + minute * 60 + second))
    }
}

impl Clock {
    /// Where `moment` lies on the calendar.
    pub const fn stamp(&self, moment: Moment) -> Stamp {
        if moment.as_millis() >= self.now.as_millis() {
            Stamp(self.wall.0 + moment.since(self.now).as_secs())
        } else {
            self.wall.before(self.now.since(moment))
        }
    }
}

impl From<SystemTime> for Stamp {
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).map_or(0, |span| span.as_secs()))
    }
}

/// RFC 3339, UTC.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0 / DAY);
        let (hour, minute, second) = (self.0 % DAY / 3600, self.0 % 3600 / 60, self.0 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not an RFC 3339 time in UTC with whole seconds"))
    }
}

/// A span for people, in its two largest units: `45 s`, `7 min`, `2 h 10 min`, `3 d 4 h`.
pub fn span_words(span: Duration) -> String {
    let secs = span.as_secs();
    let two = |large: u64, unit: &str, small: u64, smaller: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {smaller}"),
    };
    match secs {
        0..60 => format!("{secs} s"),
        60..3600 => format!("{} min", secs / 60),
        3600..DAY => two(secs / 3600, "h", secs % 3600 / 60, "min"),
        _ => two(secs / DAY, "d", secs % DAY / 3600, "h"),
    }
}

/// Year, month and day of the day this many days after 1970-01-01, in the proleptic Gregorian calendar. Years
/// are counted from March, so that the leap day is the last of its year.
const fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year + (month <= 2) as u64, month, day)
}

/// The inverse of [`civil`].
const fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = year - (month <= 2) as u64;
    let from_march = (month + 9) % 12;
    let of_year = (153 * from_march + 2) / 5 + day.saturating_sub(1);
    let (era, of_era) = (year / 400, year % 400);
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants_are_written_and_read_back() {
        for (secs, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_785_679_500, "2026-08-02T14:05:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Stamp::from_secs(secs).to_string(), text);
            assert_eq!(Stamp::parse(text), Some(Stamp::from_secs(secs)));
        }
    }

    #[test]
    fn every_day_of_two_centuries_survives_the_round_trip() {
        for day in 0..73_000 {
            let (y, m, d) = civil(day);
            assert_eq!(days(y, m, d), day);
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "2026-08-02", "2026-02-30T00:00:00Z", "2026-08-02T24:00:00Z", "2026-08-02T14:05:00+02:00"] {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn people_read_the_day_only_when_it_is_another() {
        let at = Stamp::from_secs(1_785_679_500);
        assert_eq!(at.text(Stamp::from_secs(1_785_680_000)), "14:05 UTC");
        assert_eq!(at.text(Stamp::from_secs(1_785_780_000)), "2 Aug 14:05 UTC");
    }

    #[test]
    fn the_program_line_maps_onto_the_calendar_both_ways() {
        let clock = Clock { now: Moment::from_millis(60_000), wall: Stamp::from_secs(1000) };
        assert_eq!(clock.stamp(Moment::from_millis(0)), Stamp::from_secs(940));
        assert_eq!(clock.stamp(Moment::from_millis(90_000)), Stamp::from_secs(1030));
    }

    #[test]
    fn spans_are_told_in_two_units() {
        for (secs, words) in [(7, "7 s"), (421, "7 min"), (7800, "2 h 10 min"), (3600, "1 h"), (273_700, "3 d 4 h")] {
            assert_eq!(span_words(Duration::from_secs(secs)), words);
        }
    }
}

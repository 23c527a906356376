//! Spans of time and sizes as people write them: `1500ms`, `4s`, `10m`, `24h`, `7d`; `500B`, `60KB`, `3MB`.
//! A bare number is refused: nobody remembers whether it meant seconds.

use std::time::Duration;

/// What a span of time looks like.
pub(super) const DURATION: &str = "expected a number with a unit: \"1500ms\", \"4s\", \"10m\", \"24h\" or \"7d\"";
/// What a size looks like.
pub(super) const SIZE: &str = "expected a number with a unit: \"500B\", \"60KB\" or \"3MB\"";

/// Reads a span of time.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(millis).map(Duration::from_millis)
}

/// Reads a size in bytes; `K` and `M` are powers of 1000, `Ki` and `Mi` of 1024. A rate per hour may say so.
pub(super) fn size(text: &str) -> Option<u64> {
    let (number, unit) = split(text.strip_suffix("/h").unwrap_or(text))?;
    let bytes = match unit {
        "B" => 1,
        "K" | "KB" | "kB" => 1_000,
        "KiB" => 1 << 10,
        "M" | "MB" => 1_000_000,
        "MiB" => 1 << 20,
        "G" | "GB" => 1_000_000_000,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(bytes)
}

/// A span of time as this module reads it.
pub(super) fn show(span: Duration) -> String {
    let millis = span.as_millis();
    match [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")]
        .iter()
        .find(|(unit, _)| millis >= *unit && millis.is_multiple_of(*unit))
    {
        Some((unit, name)) => format!("{}{name}", millis / unit),
        None => format!("{millis}ms"),
    }
}

fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    Some((text.get(..digits)?.parse().ok()?, text.get(digits..)?.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_are_read_and_shown() {
        for (text, millis) in
            [("1500ms", 1500), ("4s", 4000), ("10m", 600_000), ("24h", 86_400_000), ("7 d", 604_800_000)]
        {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "4", "s", "-4s", "4 weeks", "4.5s", "99999999999999999999s", "18446744073709551615d"] {
            assert_eq!(duration(text), None, "{text}");
        }
        assert_eq!(show(Duration::from_millis(1500)), "1500ms");
        assert_eq!(show(Duration::from_secs(86_400)), "1d");
        assert_eq!(show(Duration::ZERO), "0ms");
    }

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in [("60KB/h", 60_000), ("3MB", 3_000_000), ("64 KiB", 65_536), ("0B", 0)] {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for text in ["", "60", "KB", "60kb", "60KB/d", "1e3B"] {
            assert_eq!(size(text), None, "{text}");
        }
    }
}

//! Spans of time as people type them.

use std::time::Duration;

/// Why a text is no span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a span of time; expected a number with s, m, h, d or w, as in 90s, 15m, 1h30m or 7d")]
pub(super) struct BadSpan;

/// Reads `90s`, `15m`, `1h30m`, `7d`, `2w`. Zero is no span.
pub(super) fn parse_span(text: &str) -> Result<Duration, BadSpan> {
    let (mut total, mut number) = (0_u64, None::<u64>);
    for letter in text.trim().chars() {
        if let Some(digit) = letter.to_digit(10) {
            let shifted = number.unwrap_or(0).checked_mul(10).and_then(|n| n.checked_add(digit.into()));
            number = Some(shifted.ok_or(BadSpan)?);
            continue;
        }
        let unit = match letter {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            'w' => 7 * 24 * 3600,
            _ => return Err(BadSpan),
        };
        let part = number.take().ok_or(BadSpan)?.checked_mul(unit).ok_or(BadSpan)?;
        total = total.checked_add(part).ok_or(BadSpan)?;
    }
    if number.is_some() || total == 0 { Err(BadSpan) } else { Ok(Duration::from_secs(total)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read() {
        for (text, secs) in [("90s", 90), ("15m", 900), ("1h30m", 5400), ("7d", 604_800), (" 2w ", 1_209_600)] {
            assert_eq!(parse_span(text), Ok(Duration::from_secs(secs)), "{text}");
        }
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in ["", "7", "h", "1x", "-1h", "0s", "1h30", "99999999999999999999d", "9999999999999999w", "١h"] {
            assert_eq!(parse_span(text), Err(BadSpan), "{text}");
        }
    }
}

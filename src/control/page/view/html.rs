//! Text into HTML (WHATWG HTML §13.3): what could be markup is escaped, names keep their own direction.

use crate::control::Stamp;

/// `text` as it may stand between tags and inside a quoted attribute.
pub(super) fn esc(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A name from elsewhere, which keeps its own direction in the middle of a sentence.
pub(super) fn name(text: &str) -> String {
    format!("<bdi>{}</bdi>", esc(text))
}

/// A time: in UTC as it stands, in the browser's own zone once the script has seen it.
pub(super) fn time(at: Stamp, now: Stamp) -> String {
    format!("<time datetime=\"{at}\">{}</time>", at.short(now))
}

/// A number of bytes in the unit that gives less than 1000.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    let (mut whole, mut rest, mut unit) = (count, 0, 0);
    while whole >= 1000 && unit + 1 < UNITS.len() {
        (whole, rest, unit) = (whole / 1000, whole % 1000 / 100, unit + 1);
    }
    let unit_name = UNITS.get(unit).copied().unwrap_or_default();
    if whole < 10 && unit > 0 { format!("{whole}.{rest} {unit_name}") } else { format!("{whole} {unit_name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_from_elsewhere_is_text() {
        assert_eq!(esc("<a href=\"x\" b='c'>&"), "&lt;a href=&quot;x&quot; b=&#39;c&#39;&gt;&amp;");
        assert_eq!(name("<b>"), "<bdi>&lt;b&gt;</bdi>");
    }

    #[test]
    fn bytes_are_told_in_a_fitting_unit() {
        for (count, words) in [(0, "0 B"), (999, "999 B"), (1_250, "1.2 KB"), (12_500, "12 KB"), (3_000_000, "3.0 MB")]
        {
            assert_eq!(bytes(count), words);
        }
    }
}

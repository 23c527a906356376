//! What `status` says of the lists of servers that somebody else keeps: a line for each, one more where something is wrong.

use super::out::{Out, Style};
use super::table::wrap;
use crate::control::Stamp;
use crate::control::report::SubscriptionLine;
use std::io;

/// Entries of a list that are named in a line.
const NAMED: usize = 3;

pub(super) fn render(lists: &[SubscriptionLine], now: Stamp, out: &mut Out) -> io::Result<()> {
    for list in lists {
        for line in wrap(&words(list, now), out.width()) {
            out.line(&line)?;
        }
        if let Some(trouble) = &list.trouble {
            let at = trouble.at.short(now);
            let said = format!("{}: not fetched at {at} ({}): {}", list.name, trouble.stage, trouble.words);
            for line in wrap(&said, out.width()) {
                out.line(&out.paint(Style::Doubt, &line))?;
            }
        }
        if let Some(said) = skipped(list) {
            for line in wrap(&said, out.width()) {
                out.line(&out.paint(Style::Dim, &line))?;
            }
        }
    }
    Ok(())
}

/// One list in one sentence.
fn words(list: &SubscriptionLine, now: Stamp) -> String {
    let mut words = match list.members.len() {
        0 => format!("list {}: no servers yet", list.name),
        1 => format!("list {}: 1 server", list.name),
        many => format!("list {}: {many} servers", list.name),
    };
    if !list.is_fetched {
        return format!("{words}, from a file");
    }
    if let Some(good) = list.last_good {
        words += &format!(", as of {}", good.short(now));
        words += &list.over.as_ref().map(|over| format!(" over {over}")).unwrap_or_default();
    }
    words += &list.next.map(|next| format!("; fetched next at {}", next.short(now))).unwrap_or_default();
    words + &usage(list, now).map(|usage| format!("; {usage}")).unwrap_or_default()
}

/// What the server says is used up.
fn usage(list: &SubscriptionLine, now: Stamp) -> Option<String> {
    let used = match (list.used_bytes, list.total_bytes) {
        (Some(used), Some(total)) => Some(format!("{} of {} used", bytes(used), bytes(total))),
        (Some(used), None) => Some(format!("{} used", bytes(used))),
        (None, Some(total)) => Some(format!("{} in all", bytes(total))),
        (None, None) => None,
    };
    let until = list.expires.map(|until| {
        let verb = if until.as_secs() < now.as_secs() { "ended" } else { "ends" };
        // It may be years away.
        format!("{verb} on {}", until.to_string().get(..10).unwrap_or_default())
    });
    let said: Vec<_> = [used, until].into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(", "))
}

fn skipped(list: &SubscriptionLine) -> Option<String> {
    let named: Vec<_> = list.skipped.iter().take(NAMED).map(|s| format!("{} ({})", s.name, s.reason)).collect();
    let rest = list.skipped.len().saturating_sub(NAMED);
    let more = if rest > 0 { format!("; and {rest} more (`byway status --json`)") } else { String::new() };
    (!named.is_empty()).then(|| format!("{}: {} skipped: {}{more}", list.name, list.skipped.len(), named.join("; ")))
}

/// In the unit that gives a number below 1000.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    let mut unit = 0;
    let mut whole = count;
    let mut rest = 0;
    while whole >= 1000 && unit + 1 < UNITS.len() {
        (whole, rest, unit) = (whole / 1000, whole % 1000 / 100, unit + 1);
    }
    let fraction = if whole < 10 && unit > 0 { format!(".{rest}") } else { String::new() };
    format!("{whole}{fraction} {}", UNITS.get(unit).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::report::SkippedLine;

    fn list() -> SubscriptionLine {
        let skipped = |n: u32| SkippedLine { name: format!("entry {n}"), reason: "VMess is not carried".into() };
        SubscriptionLine {
            name: "panel".into(),
            is_fetched: true,
            members: vec!["panel-tokyo".into(), "panel-oslo".into()],
            skipped: (1..=5).map(skipped).collect(),
            last_good: Some(Stamp::from_secs(1_700_000_000)),
            over: Some("home".into()),
            next: Some(Stamp::from_secs(1_700_060_000)),
            trouble: None,
            used_bytes: Some(1_234_567_890),
            total_bytes: Some(100_000_000_000),
            expires: Some(Stamp::from_secs(1_800_000_000)),
        }
    }

    #[test]
    fn a_list_is_told_in_a_sentence() {
        let now = Stamp::from_secs(1_700_003_600);
        let at = |secs| Stamp::from_secs(secs).short(now);
        let said = words(&list(), now);
        let expected = format!(
            "list panel: 2 servers, as of {} over home; fetched next at {}; 1.2 GB of 100 GB used, ends on 2027-01-15",
            at(1_700_000_000),
            at(1_700_060_000)
        );
        assert_eq!(said, expected);
        let file = SubscriptionLine { is_fetched: false, members: vec!["panel-1".into()], ..list() };
        assert_eq!(words(&file, now), "list panel: 1 server, from a file");
        assert!(skipped(&list()).unwrap().starts_with("panel: 5 skipped: entry 1 (VMess is not carried); entry 2"));
        assert!(skipped(&list()).unwrap().ends_with("; and 2 more (`byway status --json`)"));
    }

    #[test]
    fn bytes_have_a_unit() {
        for (count, said) in
            [(0, "0 B"), (999, "999 B"), (1_250, "1.2 KB"), (42_000_000, "42 MB"), (u64::MAX, "18446744 TB")]
        {
            assert_eq!(bytes(count), said);
        }
    }
}

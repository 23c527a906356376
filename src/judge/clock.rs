//! Control C11's other half: what time it is, when the system's clock is shown to be wrong. A date in clear text is a
//! hint that anybody on the line can forge. It is believed only where several neutral places, whose certificates are
//! valid at that very time, tell the same inside TLS: who wants to turn the time back needs the old keys of all of them.

/// So many places must tell it (they stand in as many networks, §1.3).
const WITNESSES: usize = 3;
/// They tell the same when they differ by no more than this, in seconds: a page may come from a cache.
const SAME: u64 = 3600;
/// A clock that is wrong by more than this, in seconds, makes certificates look forged.
pub const DAY: u64 = 24 * 3600;

/// The time, in seconds since 1970: `hint` is what was told in clear text, `told` what each neutral place, whose
/// certificate is valid then, told inside TLS; `None` for one whose certificate is not, or that told nothing.
pub fn proven(hint: u64, told: &[Option<u64>]) -> Option<u64> {
    let mut dates: Vec<u64> = told.iter().flatten().copied().collect();
    dates.sort_unstable();
    let middle = *dates.get(dates.len() / 2)?;
    let same = dates.iter().filter(|date| date.abs_diff(middle) <= SAME).count();
    // Most of those that were asked, not only of those that answered: a forger silences who contradicts him.
    let enough = same >= WITNESSES && same * 2 > told.len();
    (enough && middle.abs_diff(hint) <= DAY).then_some(middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_785_542_400;

    #[test]
    fn three_who_prove_themselves_tell_the_time_and_fewer_do_not() {
        let yes = Some(NOW + 5);
        assert_eq!(proven(NOW, &[yes, yes, Some(NOW + 9), None]), yes);
        assert_eq!(proven(NOW, &[yes, yes, yes, Some(NOW - 30 * DAY)]), yes, "one of four is wrong");
        for (what, hint, told) in [
            ("two", NOW, vec![yes, yes]),
            ("nobody", NOW, vec![None; 4]),
            ("a hint that nobody confirms", NOW - 800 * DAY, vec![None, None, None, None]),
            ("a hint that others contradict", NOW - 800 * DAY, vec![yes; 4]),
            ("three who disagree", NOW, vec![yes, Some(NOW - 5 * DAY), Some(NOW + 5 * DAY)]),
            ("a minority", NOW, vec![yes, yes, yes, None, None, None]),
        ] {
            assert_eq!(proven(hint, &told), None, "{what}");
        }
    }
}

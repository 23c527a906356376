//! T16: several TLS hellos under one name at almost the same time are punished by a silence of two minutes. The answer
//! to it is to send them one after the other, never to take another way. And since the fourth is what is punished, it
//! is better not sent: three at a time pass, and the next wait until the pause that tells one burst from another is over.

use crate::model::{Moment, Sign};
use std::collections::VecDeque;
use std::time::Duration;

/// Hellos within this long of one another are one burst (reported: 350–400 ms apart, counted for a minute).
pub const TOGETHER: Duration = Duration::from_secs(2);
/// The fourth of a burst is the one that is punished.
pub const PUNISHED: u32 = 4;
/// Hellos closer than this to one another are counted together (reported: 350–400 ms; the line may squeeze them a little).
pub const PAUSE: Duration = Duration::from_millis(450);
/// Where bursts are punished, at most this many hellos under a name are unanswered at a time …
pub const IN_FLIGHT: usize = 2;
/// … and this far apart.
pub const APART: Duration = Duration::from_millis(500);
/// Hellos remembered of a name.
const MOST: usize = 32;

/// The hellos lately sent under one name. One per name; small enough to be made and dropped freely.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hellos(VecDeque<Hello>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Hello {
    at: Moment,
    rank: u32,
    answered: bool,
}

impl Hellos {
    /// A hello goes out: its rank within its burst, from 1.
    pub fn sent(&mut self, at: Moment) -> u32 {
        let near = self.0.iter().filter(|hello| at.since(hello.at) <= TOGETHER).count();
        let rank = u32::try_from(near).unwrap_or(u32::MAX).saturating_add(1);
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(Hello { at, rank, answered: false });
        rank
    }

    /// The hello sent at `at` was answered.
    pub fn answered(&mut self, at: Moment) {
        if let Some(hello) = self.0.iter_mut().find(|hello| hello.at == at && !hello.answered) {
            hello.answered = true;
        }
    }

    /// What the silence after the hello sent at `at` is a sign of, when it otherwise would be one of `sign`: a burst's,
    /// if it was the fourth or a later one, and the first three of its burst were answered.
    pub fn sign(&self, at: Moment, sign: Sign) -> Sign {
        let silent = matches!(sign, Sign::HelloDropped | Sign::HelloMuted | Sign::Silence);
        let rank = self.0.iter().filter(|hello| hello.at == at).map(|hello| hello.rank).max().unwrap_or(0);
        let before = |hello: &&Hello| hello.at <= at && at.since(hello.at) <= TOGETHER && hello.rank < PUNISHED;
        let passed = self.0.iter().filter(before).filter(|hello| hello.answered).count();
        let burst = rank >= PUNISHED && u32::try_from(passed).is_ok_and(|passed| passed + 1 >= PUNISHED);
        if silent && burst { Sign::BurstFrozen } else { sign }
    }

    /// When the next hello may go out so that it is not the fourth of a burst, whether or not bursts are punished here.
    pub fn breaks_off_at(&self, now: Moment) -> Moment {
        let mut after = now;
        let together = |hello: &&Hello| {
            let before = std::mem::replace(&mut after, hello.at);
            before.since(hello.at) < PAUSE
        };
        let crowd = self.0.iter().rev().take_while(together).count();
        let last = self.0.back().map_or(now, |hello| hello.at);
        if crowd + 1 >= PUNISHED as usize { (last + PAUSE).max(now) } else { now }
    }

    /// When the next hello may go out where bursts are punished, with `in_flight` of them unanswered now; `None`: not
    /// before one of them is answered or given up.
    pub fn may_go_at(&self, now: Moment, in_flight: usize) -> Option<Moment> {
        let last = self.0.back().map(|hello| hello.at);
        (in_flight < IN_FLIGHT).then(|| last.map_or(now, |last| (last + APART).max(now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    #[test]
    fn the_fourth_of_a_burst_is_known() {
        let mut hellos = Hellos::default();
        for (millis, rank) in [(0, 1), (120, 2), (240, 3)] {
            assert_eq!(hellos.sent(at(millis)), rank);
            hellos.answered(at(millis));
        }
        assert_eq!(hellos.sent(at(360)), 4);
        for sign in [Sign::HelloDropped, Sign::HelloMuted, Sign::Silence] {
            assert_eq!(hellos.sign(at(360), sign), Sign::BurstFrozen);
        }
        assert_eq!(hellos.sign(at(360), Sign::ResetAfterHello), Sign::ResetAfterHello, "a reset is no freeze");
        assert_eq!(hellos.sign(at(240), Sign::HelloMuted), Sign::HelloMuted, "the third is not the fourth");
        assert_eq!(hellos.sent(at(5_000)), 1, "a burst ends");
    }

    #[test]
    fn a_name_that_never_answers_is_no_burst() {
        let mut hellos = Hellos::default();
        for n in 0..6 {
            hellos.sent(at(n * 100));
        }
        assert_eq!(hellos.sign(at(500), Sign::HelloDropped), Sign::HelloDropped);
    }

    #[test]
    fn the_fourth_of_a_burst_waits_for_the_pause() {
        // Hellos sent, the next one, and when it goes.
        for (sent, next, goes) in [
            (&[][..], 0, 0),
            (&[0, 5][..], 10, 10),
            (&[0, 5, 10][..], 15, 460),
            (&[0, 200, 390][..], 430, 840),
            (&[0, 5, 10][..], 460, 460),
            (&[0, 5, 10, 460][..], 465, 465),
            (&[0, 5, 10, 460, 465, 470][..], 475, 920),
            (&[0, 500, 1_000, 1_500][..], 1_990, 1_990),
        ] {
            let mut hellos = Hellos::default();
            sent.iter().for_each(|millis| _ = hellos.sent(at(*millis)));
            assert_eq!(hellos.breaks_off_at(at(next)), at(goes), "{sent:?} {next}");
        }
    }

    #[test]
    fn where_bursts_are_punished_they_queue() {
        let mut hellos = Hellos::default();
        assert_eq!(hellos.may_go_at(at(10), 0), Some(at(10)));
        hellos.sent(at(10));
        assert_eq!(hellos.may_go_at(at(20), 1), Some(at(510)));
        assert_eq!(hellos.may_go_at(at(900), 1), Some(at(900)));
        assert_eq!(hellos.may_go_at(at(900), 2), None);
    }
}

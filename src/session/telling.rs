//! What a race tells the board while it runs, and when all of it failed. Each way is told once: what is known better
//! later only sharpens it.

use super::autopsy;
use super::habits::Habits;
use super::race::Race;
use super::report;
use crate::model::{Sign, Twin};

impl Race<'_> {
    /// Tells the board a sign about one contestant.
    pub(super) fn tell(&self, index: usize, sign: Sign, twin: Twin) {
        let contestant = &self.contestants[index];
        report::sign(&self.told(contestant), sign, contestant.endpoint(), twin);
    }

    /// Tells the board how every way failed. Ways that failed beyond their own servers vouch for each other: then
    /// it is the service's fault, not theirs.
    pub(super) fn report_all_failed(&self) {
        let twin = autopsy::common_fate(&self.contestants);
        for contestant in self.contestants.iter().filter(|c| c.told.is_none()) {
            if let Some(failure) = contestant.failure() {
                report::failed(&self.told(contestant), failure, twin);
            }
        }
    }

    /// Tells the board that engaged ways are silent and nothing else can be tried; at a second look, only what the
    /// kernel knows better by now.
    pub(super) fn report_silence(&mut self) {
        let mut contestants = std::mem::take(&mut self.contestants);
        for contestant in contestants.iter_mut().filter(|c| c.engaged) {
            let Some((failure, sign)) = contestant.silence() else { continue };
            let told = self.told(contestant);
            match contestant.told {
                None => contestant.told = report::failed(&told, &failure, Twin::Unknown),
                Some(Sign::Silence) if sign != Sign::Silence => {
                    contestant.told = report::sharpened(&told, &failure, Twin::Unknown);
                }
                Some(_) => {}
            }
        }
        self.contestants = contestants;
    }

    /// Tells the board that the client went away: a sign only after a long silence (detection rules §3.7).
    /// Whether it was one.
    pub(super) fn report_client_left(&self) -> bool {
        let mut waited = false;
        for (index, contestant) in self.contestants.iter().enumerate() {
            if contestant.engaged && contestant.silent_for() >= self.settings().first_byte_timeout {
                // Its silence may have been told already: one connection is one witness.
                if contestant.told.is_none() {
                    self.tell(index, Sign::ClientGaveUp, Twin::Unknown);
                }
                waited = true;
            }
        }
        waited
    }

    /// A client left without a byte of an answer: an app that does so again and again shows something.
    pub(super) fn note_impatience(&self, habits: &Habits) {
        if let Some(first) = self.contestants.iter().find(|c| c.engaged) {
            habits.barren(&self.told(first), first.silent_for(), first.endpoint());
        }
    }
}

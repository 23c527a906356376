//! Whether the link is fit to learn from (detection rules §1.3, §3.1). While it is not online nothing is learned and
//! nothing fades. A failure that nobody vouched for waits ten seconds for the anchors, and is dropped if they fail
//! too. What overlaps a change of network or a sleep is void.

use super::LinkReport;
use super::dice::Dice;
use super::params::Params;
use crate::model::{Anchors, Evidence, Grade, Ground, LinkState, Moment, Route, Sign, Twin};
use std::collections::VecDeque;
use std::time::Duration;

/// The anchors vouch for failures within this long of them (§1.4, "ok-anchors"), if they were asked after the failure
/// began: a cable is pulled in a moment, and what was on its way then still arrives.
const VOUCHES: Duration = Duration::from_secs(10);
/// A failure this soon after a change of network is the change's.
const SETTLES: Duration = Duration::from_secs(5);
/// A jump of the clock beyond this was a sleep.
const SLEEP_MS: u64 = 5_000;
/// Controls once asked for are given this long before they are asked for again.
const ASKED: Duration = Duration::from_secs(10);
/// After a change of network or a sleep the controls are run again after these, while the line is not fit yet: an address
/// and a route come a moment later than the cable.
const HURRIED: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// What the controls said is good for so long (§1.3).
const FRESH: Duration = Duration::from_secs(30);
/// Where only domestic places answer, foreign ones are asked at most this often, whatever is asked for (§4.9).
const WHITELIST_REST: Duration = Duration::from_secs(300);
/// The most failures that wait.
const MOST_WAITING: usize = 256;

/// What is known of the link.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Link {
    pub(super) state: LinkState,
    pub(super) ground: Ground,
    /// Since when nothing is learned.
    pub(super) frozen_since: Option<Moment>,
    /// When the controls are to be run next.
    pub(super) controls_at: Option<Moment>,
    changed: Option<Moment>,
    /// Since when the line is fit again, after it was not.
    fit_since: Option<Moment>,
    void_before: Option<Moment>,
    vouched: Option<Moment>,
    /// The last time the anchors were asked and found well.
    well: Option<Moment>,
    asked: Option<Moment>,
    /// Which of [`HURRIED`] is next, soon after a change.
    hurried: usize,
    /// When the controls last told something.
    looked: Option<Moment>,
    waiting: VecDeque<(Moment, Evidence)>,
}

/// What becomes of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// It counts.
    Counts,
    /// It waits for the anchors.
    Waits,
    /// It counts for nothing.
    Void,
}

impl Link {
    pub(super) const fn new(first_controls: Moment) -> Self {
        Self {
            state: LinkState::Online,
            ground: Ground::NotAsked,
            frozen_since: None,
            controls_at: Some(first_controls),
            changed: None,
            fit_since: None,
            void_before: None,
            vouched: None,
            well: None,
            asked: None,
            hurried: HURRIED.len(),
            looked: None,
            waiting: VecDeque::new(),
        }
    }

    /// Whether anything can be learned.
    pub(super) fn is_online(&self) -> bool {
        self.state == LinkState::Online
    }

    /// What becomes of `evidence`.
    pub(super) fn rule(&self, evidence: &Evidence) -> Ruling {
        let overlaps = self.is_void(evidence.began);
        let settling = evidence.sign.is_bad() && self.changed.is_some_and(|t| evidence.at < t + SETTLES);
        // What began while the line was not fit, or lived through that, failed with the line.
        let scarred = evidence.sign.is_bad() && self.fit_since.is_some_and(|t| evidence.began < t);
        if overlaps || settling || scarred || !self.is_online() {
            return Ruling::Void;
        }
        // `pair` may prove what the sign alone does not; it needs the link just as much.
        if evidence.sign.is_good() || (!evidence.sign.is_bad() && evidence.pair.is_none()) {
            return Ruling::Counts;
        }
        match (evidence.anchors, evidence.twin) {
            (Anchors::Bad, _) => Ruling::Void,
            // Whatever swallows one hello swallows the last of several: only who was heard *after* the silence began
            // tells that the line was there, and not who was just before (T16).
            _ if evidence.sign == Sign::BurstFrozen => match self.vouches_after(evidence) {
                true => Ruling::Counts,
                false => Ruling::Waits,
            },
            (Anchors::Good, _) | (Anchors::Unknown, Twin::Answered) => Ruling::Counts,
            (Anchors::Unknown, Twin::Unknown | Twin::FailedToo) if self.vouches(evidence) => Ruling::Counts,
            (Anchors::Unknown, Twin::Unknown | Twin::FailedToo) => Ruling::Waits,
        }
    }

    /// Whether what began at `began` overlaps a change of network or a sleep.
    pub(super) fn is_void(&self, began: Moment) -> bool {
        self.void_before.is_some_and(|t| began < t)
    }

    /// Whether the anchors themselves were asked since the attempt began. What came through a tunnel, or of one service,
    /// does not tell a lossy line from a good one.
    pub(super) fn is_well_since(&self, began: Moment) -> bool {
        self.well.is_some_and(|asked| asked >= began)
    }

    /// Whether somebody who was asked since the attempt began has answered, and soon.
    fn vouches(&self, evidence: &Evidence) -> bool {
        self.vouched.is_some_and(|t| t >= evidence.since && evidence.at + VOUCHES >= t)
    }

    /// Whether somebody who was asked after the silence was seen has answered, and soon.
    fn vouches_after(&self, evidence: &Evidence) -> bool {
        self.vouched.is_some_and(|t| t >= evidence.at && evidence.at + VOUCHES >= t)
    }

    /// A hello of the burst, or the swallowed one itself, was answered after all: a line that was away for a moment.
    pub(super) fn absolve(&mut self, answer: &Evidence) {
        let late = |e: &Evidence| e.route == answer.route && answer.began <= e.at && answer.at > e.at;
        if matches!(answer.sign, Sign::Answer(_)) {
            self.waiting.retain(|(_, e)| !(e.sign == Sign::BurstFrozen && late(e)));
        }
    }

    /// Lets a fact wait.
    pub(super) fn hold(&mut self, evidence: Evidence, now: Moment) {
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back((now + VOUCHES, evidence));
    }

    /// Whether somebody may be playing the service on this route, as far as waiting facts tell; all of its `bare` routes
    /// go over one line.
    pub(super) fn fears(&self, route: &Route, bare: bool, params: &Params) -> bool {
        let same_line =
            |other: &Route| bare && other.service == route.service && params.bare.contains(&other.transport);
        let foreign = self.waiting.iter().map(|(_, e)| e).filter(|e| e.sign == Sign::ForeignKey);
        foreign.map(|e| &e.route).any(|other| other == route || same_line(other))
    }

    /// Notes a good fact; a strong one vouches for the link as the anchors do. Anything that came through a tunnel is
    /// strong: nobody on the line plays our own server. Over the bare line it must be proven, and of a listed
    /// service, for a domestic site says nothing of the world.
    pub(super) fn note_good(&mut self, evidence: &Evidence, bare: bool) {
        let proven = matches!(evidence.sign, Sign::Answer(Grade::A) | Sign::FlowProven | Sign::BodyProven);
        if !bare || (proven && !evidence.route.service.is_other()) {
            self.vouched = self.vouched.max(Some(evidence.began));
        }
    }

    /// The waiting facts that count by now.
    pub(super) fn release(&mut self) -> Vec<Evidence> {
        let mut counting = Vec::new();
        for (until, evidence) in std::mem::take(&mut self.waiting) {
            match self.rule(&evidence) {
                Ruling::Counts => counting.push(evidence),
                Ruling::Waits => self.waiting.push_back((until, evidence)),
                Ruling::Void => {}
            }
        }
        counting
    }

    /// Drops what has waited too long: without a control nothing is known (OONI's rule).
    pub(super) fn expire(&mut self, now: Moment) {
        self.waiting.retain(|(until, _)| *until > now);
    }

    /// When [`Self::expire`] has something to do.
    pub(super) fn expires_at(&self) -> Option<Moment> {
        self.waiting.iter().map(|(until, _)| *until).min()
    }

    /// Takes in what the controls said. True when the state changed.
    pub(super) fn report(&mut self, report: &LinkReport, now: Moment, dice: &mut Dice, params: &Params) -> bool {
        if self.changed.is_some_and(|t| report.began < t) {
            return false;
        }
        self.asked = None;
        self.looked = Some(now);
        let before = std::mem::replace(&mut self.state, report.state);
        self.ground = report.ground;
        let soon = HURRIED.get(self.hurried).filter(|_| may_be_settling(report));
        self.hurried = if soon.is_some() { self.hurried + 1 } else { HURRIED.len() };
        let usual = match report.state {
            LinkState::Online => dice.around(params.anchor_every, 0.5),
            LinkState::Offline => dice.around(Duration::from_secs(30), 0.3),
            LinkState::Captive => dice.around(Duration::from_secs(60), 0.3),
            // The second look that tells a whitelist from a bad line must be a minute later (T17).
            LinkState::LinkBad => dice.stretch(Duration::from_secs(60), 1.02, 1.3),
            // Foreign dials stand out most here (§4.9).
            LinkState::Whitelist => dice.stretch(Duration::from_secs(300), 1.0, 1.5),
        };
        let wait = soon.map_or(usual, |wait| dice.stretch(*wait, 0.8, 1.0));
        self.controls_at = Some(now + wait);
        if report.state == LinkState::Online {
            self.vouched = self.vouched.max(Some(report.began));
            if before != LinkState::Online {
                self.fit_since = Some(report.began);
            }
            self.well = self.well.max(Some(report.began));
        } else {
            self.waiting.clear();
            self.frozen_since = self.frozen_since.or(Some(now));
        }
        before != report.state
    }

    /// Asks for the controls now, unless they are being run.
    pub(super) fn ask(&mut self, now: Moment) {
        let rests = self.state == LinkState::Whitelist && self.looked.is_some_and(|t| now.since(t) < WHITELIST_REST);
        if !rests && self.asked.is_none_or(|t| now.since(t) >= ASKED) {
            self.asked = Some(now);
            self.controls_at = Some(now);
        }
    }

    /// A failure counts because another way reached the place, which does not tell a lossy line from a good one: the
    /// anchors are asked as well, unless that was done just now (§3.4: on failure evidence).
    pub(super) fn doubt(&mut self, evidence: &Evidence, now: Moment) {
        let known = evidence.anchors != Anchors::Unknown || self.looked.is_some_and(|t| now.since(t) <= FRESH);
        if evidence.sign.is_bad() && !known {
            self.ask(now);
        }
    }

    /// Whether somebody waits for the controls.
    pub(super) const fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// Another network, or the same one after a gap: everything under way is void, and the link is looked at.
    pub(super) fn changed(&mut self, now: Moment) {
        self.changed = Some(now);
        self.begin_anew(now);
    }

    /// The device slept. True when it was long enough to matter.
    pub(super) fn resumed(&mut self, millis: u64, now: Moment) -> bool {
        let slept = millis > SLEEP_MS;
        if slept {
            self.begin_anew(now);
        }
        slept
    }

    fn begin_anew(&mut self, now: Moment) {
        self.void_before = Some(now);
        self.waiting.clear();
        self.vouched = None;
        self.well = None;
        self.asked = None;
        self.looked = None;
        self.hurried = 0;
        self.ask(now);
    }
}

/// Whether a line that is not fit may be so because it is just coming up.
const fn may_be_settling(report: &LinkReport) -> bool {
    let lasting = matches!(report.ground, Ground::Clock | Ground::Interception | Ground::OnlyDomesticOnce);
    matches!(report.state, LinkState::Offline | LinkState::LinkBad) && !lasting
}

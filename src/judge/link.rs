//! Controls C0–C3 and C11: is the link fit to learn from? Portals, outages, whitelists and bad lines are told from a
//! block here, before anybody is blamed. Connects prove nothing: an anchor counts when it *answered*.

use crate::model::{Ground, LinkState, Moment};
use std::time::Duration;

/// A whitelist is believed when it was seen twice, this far apart (T17).
const TWICE: Duration = Duration::from_secs(60);
/// Beyond this many times the usual round trip a line is too slow to tell anything (§1.4).
const SLOW: u32 = 3;
/// Where answers usually come sooner than this they are taken to come after it: a busy machine delays its own by tens of
/// milliseconds, and no line is bad for that.
const QUICK: Duration = Duration::from_millis(100);

/// The round trip from which on a line is too slow to tell anything, where `usual` is the usual one.
pub fn too_slow(usual: Duration) -> Duration {
    usual.max(QUICK) * SLOW
}

/// What one plain-HTTP canary (C1) brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canary {
    /// Exactly what was expected.
    Exact,
    /// Something else: somebody answers in its place.
    Altered,
    /// Nothing.
    Nothing,
}

/// What one anchor (C2, C3) brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its own answer, after this round trip.
    Answered(Duration),
    /// An answer with somebody else's certificate.
    ForeignKey,
    /// Nothing.
    Nothing,
}

/// What the local clock looks like beside the anchors' (C11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// Within a day.
    Right,
    /// Further off.
    Wrong,
    /// No anchor told a date.
    #[default]
    Unknown,
}

/// One run of the controls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Controls {
    /// C0: there is no default route or no interface is up.
    pub unplugged: bool,
    /// C1.
    pub canaries: Vec<Canary>,
    /// C2: foreign, neutral.
    pub neutral: Vec<Anchor>,
    /// C3: domestic, always allowed.
    pub domestic: Vec<Anchor>,
    /// C10: neutral places answer small packets, and large ones vanish ([`super::mtu::is_hole`]).
    pub mtu_hole: bool,
    /// C11.
    pub clock: Clock,
    /// The middle one of the dates that were told, in seconds since 1970; most of them in clear text.
    pub date: Option<u64>,
    /// The share of segments that had to be sent again, when it was measured.
    pub loss: Option<f64>,
    /// The neutral anchors' usual round trip on this network, when it is known.
    pub usual_rtt: Option<Duration>,
}

/// The limits of §3.9.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The share of neutral anchors that must answer.
    pub min_ok: f64,
    /// The loss from which nothing is concluded.
    pub max_loss: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { min_ok: 0.75, max_loss: 0.10 }
    }
}

/// What a run of the controls means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The link's state.
    pub state: LinkState,
    /// Why.
    pub ground: Ground,
}

/// Remembers, from one run to the next, since when only domestic anchors answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doubt(Option<Moment>);

impl Doubt {
    /// What this run means, after the earlier ones.
    pub fn assess(&mut self, run: &Controls, limits: Limits, at: Moment) -> Finding {
        let ground = ground(run, limits);
        if ground != Ground::OnlyDomestic {
            self.0 = None;
            return Finding { state: state_of(ground), ground };
        }
        let since = *self.0.get_or_insert(at);
        let ground = if at.since(since) >= TWICE { Ground::OnlyDomestic } else { Ground::OnlyDomesticOnce };
        Finding { state: state_of(ground), ground }
    }
}

const fn state_of(ground: Ground) -> LinkState {
    match ground {
        Ground::AnchorsAnswer | Ground::NotAsked | Ground::ResolverSilent => LinkState::Online,
        Ground::Unplugged | Ground::NothingAnswers => LinkState::Offline,
        Ground::Portal => LinkState::Captive,
        Ground::OnlyDomestic => LinkState::Whitelist,
        Ground::OnlyDomesticOnce
        | Ground::Clock
        | Ground::Interception
        | Ground::PathMtu
        | Ground::Lossy
        | Ground::TooFew => LinkState::LinkBad,
    }
}

fn ground(run: &Controls, limits: Limits) -> Ground {
    let answered = |all: &[Anchor]| all.iter().filter(|a| matches!(a, Anchor::Answered(_))).count();
    let foreign = run.neutral.iter().filter(|a| **a == Anchor::ForeignKey).count();
    let (neutral, domestic) = (answered(&run.neutral), answered(&run.domestic));
    let seen = |canary| run.canaries.contains(&canary);
    let enough = !run.neutral.is_empty() && neutral as f64 >= limits.min_ok * run.neutral.len() as f64;
    if run.unplugged {
        Ground::Unplugged
    } else if run.clock == Clock::Wrong {
        Ground::Clock
    } else if seen(Canary::Altered) && !(enough && seen(Canary::Exact)) {
        // One vendor may have changed its page; not while another is as ever and the anchors answer.
        Ground::Portal
    } else if run.mtu_hole {
        Ground::PathMtu
    } else if enough {
        if is_poor(run, limits) { Ground::Lossy } else { Ground::AnchorsAnswer }
    } else if foreign > 0 && neutral == 0 {
        Ground::Interception
    } else if neutral > 0 {
        Ground::TooFew
    } else if domestic >= 2 {
        // Where they are as slow, nobody chooses whom to let through.
        if is_slow(trip(&run.domestic), run) { Ground::Lossy } else { Ground::OnlyDomestic }
    } else if run.neutral.is_empty() && (seen(Canary::Exact) || domestic > 0) {
        // Nobody configured anchors: what there is must do.
        Ground::AnchorsAnswer
    } else if domestic > 0 || seen(Canary::Exact) {
        Ground::TooFew
    } else {
        Ground::NothingAnswers
    }
}

impl Controls {
    /// The neutral anchors' middle round trip; of two the faster, for one packet sent again makes no line slow.
    pub fn trip(&self) -> Option<Duration> {
        trip(&self.neutral)
    }
}

fn trip(anchors: &[Anchor]) -> Option<Duration> {
    let answered = anchors.iter().filter_map(|anchor| match anchor {
        Anchor::Answered(rtt) => Some(*rtt),
        Anchor::ForeignKey | Anchor::Nothing => None,
    });
    let mut trips: Vec<Duration> = answered.collect();
    trips.sort();
    trips.get(trips.len().saturating_sub(1) / 2).copied()
}

fn is_slow(trip: Option<Duration>, run: &Controls) -> bool {
    trip.zip(run.usual_rtt).is_some_and(|(trip, usual)| trip >= too_slow(usual))
}

fn is_poor(run: &Controls, limits: Limits) -> bool {
    is_slow(run.trip(), run) || run.loss.is_some_and(|loss| loss >= limits.max_loss)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: Anchor = Anchor::Answered(Duration::from_millis(50));
    const NO: Anchor = Anchor::Nothing;

    fn run(canaries: &[Canary], neutral: [Anchor; 4], domestic: [Anchor; 3]) -> Controls {
        Controls {
            canaries: canaries.to_vec(),
            neutral: neutral.to_vec(),
            domestic: domestic.to_vec(),
            ..Controls::default()
        }
    }

    fn assess(run: &Controls) -> Finding {
        Doubt::default().assess(run, Limits::default(), Moment::from_millis(0))
    }

    #[test]
    fn the_states_of_a_link() {
        use Canary::{Altered, Exact, Nothing};
        use Ground::{AnchorsAnswer, Interception, NothingAnswers, OnlyDomesticOnce, Portal, TooFew};
        let key = Anchor::ForeignKey;
        for (what, run, ground) in [
            ("clean", run(&[Exact, Exact], [OK; 4], [OK; 3]), AnchorsAnswer),
            ("one anchor of four is dead", run(&[Exact], [OK, OK, OK, NO], [OK; 3]), AnchorsAnswer),
            ("two of four are dead", run(&[Exact], [OK, OK, NO, NO], [OK; 3]), TooFew),
            ("portal with TLS reset", run(&[Altered, Altered], [NO; 4], [NO; 3]), Portal),
            ("portal that lets TLS pass", run(&[Altered, Altered], [OK; 4], [OK; 3]), Portal),
            ("a vendor changed its page", run(&[Altered, Exact], [OK; 4], [OK; 3]), AnchorsAnswer),
            ("no upstream", run(&[Nothing, Nothing], [NO; 4], [NO; 3]), NothingAnswers),
            ("own CA on everything", run(&[Exact], [key; 4], [key; 3]), Interception),
            ("only domestic", run(&[Nothing], [NO; 4], [OK, OK, NO]), OnlyDomesticOnce),
            ("one domestic", run(&[Nothing], [NO; 4], [OK, NO, NO]), TooFew),
            ("no anchors configured", Controls { canaries: vec![Exact], ..Controls::default() }, AnchorsAnswer),
        ] {
            assert_eq!(assess(&run).ground, ground, "{what}");
        }
    }

    #[test]
    fn a_pulled_cable_a_wrong_clock_and_a_bad_line_blame_nobody() {
        let clean = run(&[Canary::Exact], [OK; 4], [OK; 3]);
        let unplugged = Controls { unplugged: true, ..clean.clone() };
        assert_eq!(assess(&unplugged).state, LinkState::Offline);
        let clock = Controls { clock: Clock::Wrong, ..clean.clone() };
        assert_eq!(assess(&clock), Finding { state: LinkState::LinkBad, ground: Ground::Clock });
        let hole = Controls { mtu_hole: true, ..clean.clone() };
        assert_eq!(assess(&hole), Finding { state: LinkState::LinkBad, ground: Ground::PathMtu });
        let lossy = Controls { loss: Some(0.2), ..clean.clone() };
        assert_eq!(assess(&lossy).state, LinkState::LinkBad);
        let usual_rtt = Some(Duration::from_millis(15));
        let busy = Controls { usual_rtt, ..clean.clone() };
        assert_eq!(assess(&busy).state, LinkState::Online, "a busy machine is no bad line");
        let late = Anchor::Answered(Duration::from_millis(300));
        let slow = Controls { neutral: vec![late; 4], domestic: vec![late; 3], ..busy };
        assert_eq!(assess(&slow).state, LinkState::LinkBad);
        let only_domestic = Controls { neutral: vec![NO; 4], ..slow };
        assert_eq!(assess(&only_domestic).ground, Ground::Lossy, "even what is near answers late");
    }

    #[test]
    fn a_whitelist_must_be_seen_twice_a_minute_apart() {
        let only_domestic = run(&[], [NO; 4], [OK; 3]);
        let clean = run(&[Canary::Exact], [OK; 4], [OK; 3]);
        let mut doubt = Doubt::default();
        let at = |secs: u64| Moment::from_millis(secs * 1000);
        assert_eq!(doubt.assess(&only_domestic, Limits::default(), at(0)).state, LinkState::LinkBad);
        assert_eq!(doubt.assess(&only_domestic, Limits::default(), at(59)).state, LinkState::LinkBad);
        assert_eq!(doubt.assess(&only_domestic, Limits::default(), at(60)).state, LinkState::Whitelist);
        assert_eq!(doubt.assess(&clean, Limits::default(), at(70)).state, LinkState::Online);
        assert_eq!(
            doubt.assess(&only_domestic, Limits::default(), at(80)).state,
            LinkState::LinkBad,
            "doubt began anew"
        );
    }
}

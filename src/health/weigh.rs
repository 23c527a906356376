//! How much one sign counts (the points table of detection rules §3.2). Refuses to know about time and states:
//! what was seen before comes in as [`Before`].

use super::score::Part;
use crate::model::{Evidence, Grade, L4, Sign, Technique, Twin};

/// A twin that answered makes a failure half as heavy again.
const TWIN: f64 = 1.5;
/// A discriminating pair, or a sign that leaves no harmless explanation.
const PROVEN: f64 = 6.0;

/// What the route's own past says that a sign's weight depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Before {
    /// A connect timed out at another endpoint since the trouble began.
    pub(super) other_timeout: bool,
    /// How often clients gave up within the last minute.
    pub(super) gave_up: u32,
    /// How many look-ups of only this name went unanswered since the trouble began.
    pub(super) dns_silences: u32,
    /// Another way of the same service answered within 60 s.
    pub(super) sibling: bool,
    /// Another address of the same route answered at about that time (C7).
    pub(super) stray: bool,
    /// It is known that this address alone is dead.
    pub(super) dead: bool,
}

/// What a sign counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Weight {
    /// To which part of the score.
    pub(super) part: Part,
    /// How much, twin included.
    pub(super) points: f64,
    /// Whether a twin made it heavier.
    pub(super) twin: bool,
    /// What it proves, when it does.
    pub(super) proves: Option<Technique>,
    /// What it points at.
    pub(super) technique: Technique,
    /// Whether it is a try at an endpoint; habits of clients are not.
    pub(super) tried: bool,
    /// Whether it is about one address of several.
    pub(super) stray: bool,
}

/// What a bad sign counts; `None` for nothing.
pub(super) fn weigh(evidence: &Evidence, before: Before) -> Option<Weight> {
    let explicit = evidence.twin == Twin::Answered;
    let technique = evidence.pair.or(evidence.sign.technique()).unwrap_or(Technique::Unidentified);
    let plain =
        |points| Weight { part: Part::Plain, points, twin: false, proves: None, technique, tried: true, stray: false };
    let proven = |how| Weight { proves: Some(how), technique: how, ..plain(PROVEN) };
    let weight = match (evidence.pair, evidence.sign) {
        (_, sign) if sign.is_good() => return None,
        (_, Sign::ConnectOnly | Sign::Slow { .. } | Sign::BurstFrozen | Sign::Left) => return None,
        // What becomes of packets says nothing of streams.
        (pair, sign) if evidence.route.l4 == L4::Tcp && is_of_packets(pair, sign) => return None,
        // It says what is not the trigger; a path that loses large packets looks the same.
        (Some(Technique::HelloSize), _) => plain(3.0),
        // Small answers do not forgive it either.
        (Some(Technique::Freeze), _) => Weight { part: Part::Freeze, ..proven(Technique::Freeze) },
        (Some(how), _) => proven(how),
        (None, Sign::ForeignKey) => proven(Technique::Mitm),
        (None, Sign::BlockPage) => proven(Technique::HttpBlock),
        // Somebody plays the server only if the server itself answers rightly elsewhere; else our probe is stale.
        (None, Sign::WrongAnswer) if explicit => return Some(proven(Technique::Mitm)),
        (None, Sign::WrongAnswer | Sign::DnsLie | Sign::DnsInjected) => return None,
        // Three of three, once: more of the same is no more.
        (None, Sign::DnsSilent) if before.dns_silences != 2 => return None,
        (None, Sign::DnsSilent) => return Some(Weight { tried: false, ..plain(1.0) }),
        (None, _) if before.dead => return None,
        (None, _) if before.stray => {
            return Some(Weight { twin: explicit || before.sibling, stray: true, ..plain(1.0) });
        }
        // One address alone may be dead, unless a twin has reached that very place.
        (None, Sign::ConnectTimeout) => plain(if before.other_timeout || explicit { 2.0 } else { 1.0 }),
        (None, Sign::Silence | Sign::UdpNoReply | Sign::QuicSilent) => plain(2.0),
        (None, Sign::Frozen { .. }) => Weight { part: Part::Freeze, ..plain(3.0) },
        (None, Sign::TransportDown) => Weight { part: Part::Near, ..plain(3.0) },
        (None, Sign::Throttled) => return Some(Weight { part: Part::Throttle, tried: false, ..plain(1.5) }),
        (None, Sign::ClientGaveUp) if before.gave_up >= 3 => return None,
        (None, Sign::ClientGaveUp) => return Some(Weight { tried: false, ..plain(1.0) }),
        (None, Sign::Reconnecting | Sign::HungUp) => return Some(Weight { tried: false, ..plain(2.0) }),
        (None, _) => plain(3.0),
    };
    let twin = explicit || before.sibling;
    Some(Weight { points: if twin { weight.points * TWIN } else { weight.points }, twin, ..weight })
}

/// Whether a sign, or what was proven of it, is about packets.
const fn is_of_packets(pair: Option<Technique>, sign: Sign) -> bool {
    use Technique::{CallsBlocked, QuicBlock, StunDpi, UdpBlocked};
    matches!(sign, Sign::UdpNoReply | Sign::QuicSilent)
        || matches!(pair, Some(QuicBlock | UdpBlocked | StunDpi | CallsBlocked))
}

/// What a twin that answers only afterwards adds to a failure already counted.
pub(super) fn late_twin(points: f64) -> f64 {
    points * (TWIN - 1.0)
}

/// How many points a good sign takes away.
pub(super) const fn relief(sign: Sign) -> f64 {
    match sign {
        Sign::Answer(Grade::A) => 3.0,
        Sign::Answer(Grade::B) => 2.0,
        Sign::FlowProven | Sign::BodyProven => 4.0,
        _ => 0.0,
    }
}

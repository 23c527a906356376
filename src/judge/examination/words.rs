//! The plain language of an examination: what is the matter, how it is known, what to do. No name, no address.

use super::{Reading, Said};
use crate::model::{Conclusion, Confidence, Facet, Ground, LinkState, Sign, Trial, Verdict};

pub(super) const NOTHING_TO_DO: &str = "there is nothing to do";
pub(super) const AGAIN_LATER: &str = "try again in some minutes";
pub(super) const TAKE_A_TUNNEL: &str = "byway takes a tunnel for it";
pub(super) const ADD_A_TUNNEL: &str = "add a tunnel, or look again from another network";
pub(super) const UPDATE_BYWAY: &str = "look for a newer byway";
pub(super) const NEVER_DIRECT: &str = "nothing of yours goes there directly; use a tunnel";
pub(super) const DNS_CARE: &str = "byway asks a secure resolver instead; give its address to other programs too";
pub(super) const QUIC_CARE: &str = "byway refuses QUIC to it, so that apps use TCP at once";
pub(super) const USE_HTTPS: &str = "open it with https://";

pub(super) const ANSWERED: &str = "the service itself answered over the direct way";
pub(super) const PACKETS_ANSWERED: &str = "its call servers answered over the direct way";
pub(super) const NOT_ASKED: &str = "it was not asked";
pub(super) const NOT_ASKED_DIRECTLY: &str = "it was not asked directly; through a tunnel it answers";
pub(super) const ONCE: &str = "it answered some of the times, too few to tell a rule from chance";
pub(super) const SOME_FAIL: &str = "of several like attempts to one address some were answered and some were not";
pub(super) const NO_TUNNEL: &str = "without a tunnel nothing tells a block from a fault of the service";
pub(super) const PAIR_WITHOUT_TWIN: &str =
    "at the same address a harmless attempt passes and the real one does not; without a tunnel it is not certain";
pub(super) const FAILS_EVERYWHERE: &str = "it fails through a tunnel in the same way";
pub(super) const STALE: &str = "it gives the same unexpected answer through a tunnel: the test may be out of date";
pub(super) const SIBLING_ANSWERS: &str = "one of its addresses does not answer, another does";
pub(super) const OTHER_FAMILY: &str = "it answers over the other version of IP only";
pub(super) const OTHER_KEY: &str =
    "another certificate or key answered here than through a tunnel, while other sites show their own";
pub(super) const OTHER_ANSWER: &str = "another answer came here than through a tunnel";
pub(super) const OTHER_NAME_PASSES: &str = "the same address answers at once when another name is shown";
pub(super) const NAME_ALONE: &str = "its name is stopped even on the way to a place that has nothing to do with it";
pub(super) const OTHER_BYTES_PASS: &str = "the same address answers other bytes, its own protocol it does not";
pub(super) const SMALL_PASSES: &str = "a small first message passes and a large one does not: it is not the name; it may be a filter or a fault of the path";
pub(super) const ALL_MUTED: &str = "whatever is sent arrives, and nothing comes back; through a tunnel it answers";
pub(super) const ALL_VANISHES: &str =
    "connections open, and whatever is sent then vanishes; through a tunnel it answers";
pub(super) const ALL_CUT: &str = "whatever name is shown, the connection is cut; through a tunnel it answers";
pub(super) const TUNNEL_REACHES_IT: &str = "a tunnel reaches the same address";
pub(super) const ONLY_HERE: &str = "through a tunnel it answers";
pub(super) const ONE_PACKET_PASSES: &str =
    "a request in one packet is answered, the same request in many small packets freezes the connection";
pub(super) const BODY_STOPS: &str = "its handshake works, and the transfer stops after some kilobytes, more than once";
pub(super) const FREEZES_EVERYWHERE: &str = "its transfers stop through a tunnel too";
pub(super) const FAR_SLOWER: &str = "a neutral site is more than ten times as fast over the same line";
pub(super) const STUB: &str = "in clear text a page answers that sends elsewhere";
pub(super) const TWO_ANSWERS: &str = "two answers to one question contradict each other: one of them is forged";
pub(super) const NAME_DENIED: &str = "the system's resolver denies a name that the secure one knows";
pub(super) const NAME_SILENT: &str = "the system's resolver is silent about this name, and answers for others";
pub(super) const QUIC_DIES: &str = "QUIC's first packets are not answered, other packets to the same place are";
pub(super) const OTHERS_CALLS_PASS: &str = "call set-up with a neutral server works over the same line";
pub(super) const ONLY_STUN_DIES: &str = "call set-up fails with neutral servers too, and other packets pass";
pub(super) const NO_PACKET_PASSES: &str = "no packet of any kind comes back: it may be the router here as well";
pub(super) const PACKETS_ONLY_THROUGH_TUNNEL: &str = "its call servers answer through a tunnel";
pub(super) const NO_NEUTRAL_UDP: &str = "no neutral place was asked over UDP";

/// A reading of one facet as a conclusion.
pub(super) fn spoken(facet: Facet, reading: &Reading) -> Conclusion {
    let what = match reading.verdict {
        Verdict::Works => "It works".to_owned(),
        Verdict::Blocked(how) => format!("Something on the way stops it: {}", how.sentence()),
        Verdict::Degraded(how) => format!("It works only in part: {}", how.sentence()),
        Verdict::Down => "The service itself does not answer".to_owned(),
        Verdict::Unclear => "Nothing can be said for certain".to_owned(),
    };
    let says = format!("{what}. This is known because {}. What to do: {}.", reading.because, reading.advice);
    let says = match reading.verdict {
        Verdict::Works | Verdict::Unclear => format!("{what}: {}. What to do: {}.", reading.because, reading.advice),
        Verdict::Blocked(_) | Verdict::Degraded(_) | Verdict::Down => says,
    };
    Conclusion { facet, verdict: reading.verdict, confidence: reading.confidence, says }
}

/// The line is not well: nothing is said about any service.
pub(super) fn no_verdict(facet: Facet, link: LinkState, ground: Ground) -> Conclusion {
    let says = format!(
        "Nothing can be said about the service, for the line is not well ({link}): {}. What to do: {}.",
        ground.sentence(),
        match link {
            LinkState::Whitelist => "use a tunnel whose server stands on a permitted address",
            LinkState::Captive => "log in with a browser, then look again",
            LinkState::Online | LinkState::Offline | LinkState::LinkBad => "mend the line first, then look again",
        }
    );
    Conclusion { facet, verdict: Verdict::Unclear, confidence: Confidence::Inconclusive, says }
}

/// What one test shows, in one sentence.
pub fn says(trial: Trial, said: &Said) -> String {
    let what = match trial {
        Trial::Link => "neutral sites over this line",
        Trial::Dns => "the system's resolver beside the secure one",
        Trial::LateAnswer => "the system's resolver asked raw, over UDP and TCP",
        Trial::Service => "the service's own protocol, directly",
        Trial::OtherEndpoint => "another address or port of the service, directly",
        Trial::OtherFamily => "the same by the other version of IP",
        Trial::NeutralName => "the same address under a neutral name",
        Trial::NeutralAddress => "the service's name at a neutral address",
        Trial::NeutralBytes => "the same address with other bytes",
        Trial::SmallHello => "the same with a small first message",
        Trial::Body => "a transfer of 64 KB",
        Trial::Packets => "one request in one packet, and in many",
        Trial::Goodput => "its speed beside a neutral site's and the tunnel's",
        Trial::Quic => "QUIC, and a version of it that nobody speaks",
        Trial::Calls => "call set-up with the service",
        Trial::NeutralStun => "call set-up with a neutral server",
        Trial::NeutralUdp => "other packets to a neutral server",
        Trial::PlainHttp => "its page in clear text",
        Trial::Tunnel => "the same through a tunnel",
    };
    match said {
        Said::Passed => format!("{what}: as it should be"),
        Said::Failed { sign, tries: 0 | 1 } => format!("{what}: {}", heard(*sign)),
        Said::Failed { sign, tries } => format!("{what}: {}, each of {tries} times", heard(*sign)),
        Said::Mixed { sign, failed, tries } => format!("{what}: {}, {failed} of {tries} times", heard(*sign)),
        Said::Skipped => format!("{what}: not tested"),
    }
}

/// What a failure looked like.
const fn heard(sign: Sign) -> &'static str {
    match sign {
        Sign::Answer(_) | Sign::FlowProven | Sign::BodyProven => "as it should be",
        Sign::ConnectOnly => "it connects, and nothing more is known",
        Sign::ConnectTimeout => "no answer to the connect",
        Sign::Refused => "the connect is refused",
        Sign::RefusedByIcmp => "the network says that there is no way",
        Sign::ResetAfterHello => "a reset after the first message",
        Sign::EofAfterHello => "an end after the first message, without a byte",
        Sign::HelloDropped => "the first message does not arrive",
        Sign::HelloMuted => "the first message arrives, no answer comes",
        Sign::Silence => "no answer",
        Sign::Frozen { .. } => "it stops after some kilobytes",
        Sign::Slow { .. } => "it is slow",
        Sign::Throttled => "far slower than the line",
        Sign::ForeignKey => "somebody else's certificate or key",
        Sign::BlockPage => "a page that is not the service's",
        Sign::DnsLie => "the system's resolver denies the name or gives an impossible address",
        Sign::DnsInjected => "two answers to one question that cannot both be true",
        Sign::DnsSilent => "the system's resolver is silent about it",
        Sign::ClientGaveUp => "the app gave up",
        Sign::Left => "the app leaves connections that have fallen silent",
        Sign::Reconnecting | Sign::HungUp => "the app connects again and again",
        Sign::UdpNoReply => "no packet comes back",
        Sign::QuicSilent => "QUIC gets no answer",
        Sign::BurstFrozen => "it freezes after several connections at once",
        Sign::WrongAnswer => "an answer that the protocol does not have",
        Sign::TransportDown => "the tunnel's own server does not answer",
    }
}

//! Facets that use streams: from the last test that succeeded back to what stopped the next one.

use super::{Case, Elsewhere, Reading, Said, words};
use crate::model::{Confidence, Sign, Technique, Trial, Verdict};
use Confidence::{Anomaly, Confirmed};

/// The shares of failures between which chance, and not a filter that always bites, is at work (T18).
const RANDOM: std::ops::RangeInclusive<u32> = 20..=80;
/// The fewest attempts that tell a share.
const ENOUGH: u32 = 5;

pub(super) fn read(case: &Case<'_>) -> Reading {
    match case.bare(Trial::Service) {
        Said::Skipped => match case.twin() {
            Elsewhere::Works => Reading::unclear(words::NOT_ASKED_DIRECTLY, words::NOTHING_TO_DO),
            Elsewhere::FailsToo | Elsewhere::Unknown => Reading::unclear(words::NOT_ASKED, words::AGAIN_LATER),
        },
        Said::Passed => reached(case),
        Said::Mixed { failed, tries, .. } => sometimes(failed, tries),
        Said::Failed { sign, .. } => failed(case, sign),
    }
}

/// The service's own answer came. What is left are the things that spoil it later, or beside it.
fn reached(case: &Case<'_>) -> Reading {
    let degraded = |how, confidence, because, advice| Reading::new(Verdict::Degraded(how), confidence, because, advice);
    if let Some(Sign::Frozen { .. }) = case.failed(Trial::Packets) {
        return degraded(Technique::Freeze, Confirmed, words::ONE_PACKET_PASSES, words::TAKE_A_TUNNEL);
    }
    match (case.bare(Trial::Body), case.said(Trial::Body, super::On::Tunnel)) {
        // Two of three fresh connections; a server that cuts everybody short does so through a tunnel too.
        (Said::Failed { sign: Sign::Frozen { .. }, .. }, Said::Failed { .. }) => {
            return Reading::unclear(words::FREEZES_EVERYWHERE, words::AGAIN_LATER);
        }
        (
            Said::Failed { sign: Sign::Frozen { .. }, tries }
            | Said::Mixed { sign: Sign::Frozen { .. }, failed: tries, .. },
            _,
        ) if tries >= 2 => {
            return degraded(Technique::Freeze, Anomaly, words::BODY_STOPS, words::TAKE_A_TUNNEL);
        }
        _ => {}
    }
    if case.failed(Trial::Goodput) == Some(Sign::Throttled) {
        return degraded(Technique::Throttled, Anomaly, words::FAR_SLOWER, words::TAKE_A_TUNNEL);
    }
    if case.failed(Trial::PlainHttp) == Some(Sign::BlockPage) {
        return degraded(Technique::HttpBlock, Confirmed, words::STUB, words::USE_HTTPS);
    }
    if case.failed(Trial::LateAnswer) == Some(Sign::DnsInjected) {
        return degraded(Technique::DnsTamper, Confirmed, words::TWO_ANSWERS, words::DNS_CARE);
    }
    match case.failed(Trial::Dns) {
        Some(Sign::DnsLie) => return degraded(Technique::DnsTamper, Anomaly, words::NAME_DENIED, words::DNS_CARE),
        Some(Sign::DnsSilent) => return degraded(Technique::DnsTamper, Anomaly, words::NAME_SILENT, words::DNS_CARE),
        _ => {}
    }
    if case.failed(Trial::Quic) == Some(Sign::QuicSilent) {
        return degraded(Technique::QuicBlock, Confirmed, words::QUIC_DIES, words::QUIC_CARE);
    }
    Reading::new(Verdict::Works, Confirmed, words::ANSWERED, words::NOTHING_TO_DO)
}

fn sometimes(failed: u32, tries: u32) -> Reading {
    let share = failed * 100 / tries.max(1);
    if tries >= ENOUGH && RANDOM.contains(&share) {
        return Reading::new(Verdict::Degraded(Technique::RandomDrop), Anomaly, words::SOME_FAIL, words::TAKE_A_TUNNEL);
    }
    Reading::unclear(words::ONCE, words::AGAIN_LATER)
}

/// No answer of the service's own. Who else fails, and what does not?
fn failed(case: &Case<'_>, sign: Sign) -> Reading {
    if sign == Sign::BlockPage {
        return Reading::blocked(Technique::HttpBlock, Confirmed, words::STUB);
    }
    // The name alone, at a place that has nothing to do with the service: whatever the service's state.
    let name_alone = case.failed(Trial::NeutralAddress).filter(|at_neutral| is_cut(*at_neutral));
    match case.twin() {
        Elsewhere::FailsToo if name_alone.is_none() => down(sign),
        Elsewhere::Unknown if name_alone.is_none() => alone(case, sign),
        Elsewhere::Works | Elsewhere::FailsToo | Elsewhere::Unknown => only_here(case, sign, name_alone.is_some()),
    }
}

fn down(sign: Sign) -> Reading {
    match sign {
        Sign::ForeignKey | Sign::WrongAnswer => Reading::unclear(words::STALE, words::UPDATE_BYWAY),
        _ => Reading::new(Verdict::Down, Anomaly, words::FAILS_EVERYWHERE, words::AGAIN_LATER),
    }
}

/// Without a tunnel: no control tells whether the service itself is well.
fn alone(case: &Case<'_>, sign: Sign) -> Reading {
    if case.passed(Trial::OtherEndpoint) && sign != Sign::ForeignKey {
        return one_endpoint();
    }
    match pair(case, sign) {
        Some(how) => Reading::blocked(how, Anomaly, words::PAIR_WITHOUT_TWIN),
        None => Reading::unclear(words::NO_TUNNEL, words::ADD_A_TUNNEL),
    }
}

const fn one_endpoint() -> Reading {
    Reading::new(Verdict::Works, Anomaly, words::SIBLING_ANSWERS, words::NOTHING_TO_DO)
}

/// It works on another way, or its name alone is cut: this line is at fault.
fn only_here(case: &Case<'_>, sign: Sign, name_alone: bool) -> Reading {
    match sign {
        Sign::ForeignKey => {
            return Reading::new(Verdict::Blocked(Technique::Mitm), Confirmed, words::OTHER_KEY, words::NEVER_DIRECT);
        }
        Sign::WrongAnswer => {
            return Reading::new(Verdict::Blocked(Technique::Mitm), Anomaly, words::OTHER_ANSWER, words::NEVER_DIRECT);
        }
        _ => {}
    }
    if case.passed(Trial::OtherEndpoint) && !name_alone {
        return one_endpoint();
    }
    let how = pair(case, sign);
    if case.passed(Trial::OtherFamily) {
        let how = how.or(sign.technique()).unwrap_or(Technique::Unidentified);
        return Reading::new(Verdict::Degraded(how), Anomaly, words::OTHER_FAMILY, words::NOTHING_TO_DO);
    }
    match how {
        Some(Technique::HelloSize) => Reading::blocked(Technique::HelloSize, Anomaly, words::SMALL_PASSES),
        Some(Technique::IpDrop) => Reading::blocked(Technique::IpDrop, Anomaly, words::ALL_VANISHES),
        Some(Technique::S2cDrop) => Reading::blocked(Technique::S2cDrop, Confirmed, words::ALL_MUTED),
        Some(Technique::TcpReject) => Reading::blocked(Technique::TcpReject, Anomaly, words::ALL_CUT),
        Some(Technique::ProtoBlock) => Reading::blocked(Technique::ProtoBlock, Confirmed, words::OTHER_BYTES_PASS),
        Some(how) if name_alone => Reading::blocked(how, Confirmed, words::NAME_ALONE),
        Some(how) => Reading::blocked(how, Confirmed, words::OTHER_NAME_PASSES),
        None => without_pair(case, sign),
    }
}

/// Nothing that differs in one thing only was comparable.
fn without_pair(case: &Case<'_>, sign: Sign) -> Reading {
    match sign {
        Sign::Frozen { .. } if matches!(case.failed(Trial::Packets), Some(Sign::Frozen { .. })) => {
            Reading::blocked(Technique::Freeze, Confirmed, words::ONE_PACKET_PASSES)
        }
        Sign::ConnectTimeout | Sign::Refused | Sign::RefusedByIcmp => {
            let how = sign.technique().unwrap_or(Technique::Unidentified);
            Reading::blocked(how, Anomaly, words::TUNNEL_REACHES_IT)
        }
        Sign::DnsSilent | Sign::DnsLie | Sign::DnsInjected => {
            Reading::new(Verdict::Blocked(Technique::DnsTamper), Anomaly, words::NAME_SILENT, words::DNS_CARE)
        }
        _ => {
            let how = sign.technique().unwrap_or(Technique::Unidentified);
            Reading::blocked(how, Anomaly, words::ONLY_HERE)
        }
    }
}

/// What a comparison proves: the real thing failed, and the like with one difference did not.
fn pair(case: &Case<'_>, sign: Sign) -> Option<Technique> {
    let by_name = match case.bare(Trial::NeutralName) {
        Said::Passed => true,
        _ => case.failed(Trial::NeutralAddress).is_some_and(is_cut),
    };
    let neutral_name = case.failed(Trial::NeutralName);
    let neutral_bytes = case.failed(Trial::NeutralBytes);
    match sign {
        // The same name in a smaller hello passes: it is not the name.
        Sign::HelloDropped | Sign::HelloMuted | Sign::Silence if case.passed(Trial::SmallHello) => {
            Some(Technique::HelloSize)
        }
        Sign::ResetAfterHello | Sign::EofAfterHello if by_name => Some(Technique::SniRst),
        Sign::HelloDropped if by_name => Some(Technique::SniDropHello),
        Sign::HelloMuted | Sign::Silence if by_name => Some(Technique::SniDropAnswer),
        Sign::HelloDropped | Sign::HelloMuted | Sign::Silence
            if case.passed(Trial::NeutralBytes) && case.bare(Trial::NeutralName) == Said::Skipped =>
        {
            Some(Technique::ProtoBlock)
        }
        Sign::ResetAfterHello | Sign::EofAfterHello if neutral_name.is_some_and(is_cut) => Some(Technique::TcpReject),
        Sign::HelloMuted if neutral_name.unwrap_or(sign) == sign && neutral_bytes == Some(sign) => {
            Some(Technique::S2cDrop)
        }
        Sign::HelloDropped if neutral_name.unwrap_or(sign) == sign && neutral_bytes == Some(sign) => {
            Some(Technique::IpDrop)
        }
        _ => None,
    }
}

/// Whether a hello was stopped, rather than its place being out of reach.
const fn is_cut(sign: Sign) -> bool {
    matches!(sign, Sign::ResetAfterHello | Sign::EofAfterHello | Sign::HelloDropped | Sign::HelloMuted | Sign::Silence)
}

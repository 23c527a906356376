//! T6, T7 and T8: what became of the first bytes. The kernel's own counters (Linux `TCP_INFO`) tell a hello that never
//! arrived from an answer that never came back (§1.2, measured).

use super::On;
use crate::model::{Cause, Failure, Sign, TcpFacts};

/// Hellos sent again before it is certain that they are dropped rather than lost: .3, .6 (and 1.2) s after the first.
const RESENT: u32 = 2;

/// What a first flight without an answer is a sign of.
pub(super) fn sign(cause: Cause, failure: &Failure, on: On) -> Sign {
    match cause {
        Cause::ConnectionReset | Cause::ConnectionRefused | Cause::RefusedByProxy => Sign::ResetAfterHello,
        Cause::EofError => Sign::EofAfterHello,
        Cause::GenericTimeoutError | Cause::StalledAfterBytes if on == On::Bare => {
            failure.tcp.as_ref().map_or(Sign::Silence, silence)
        }
        _ => Sign::Silence,
    }
}

/// Which silence it is, from the counters.
fn silence(facts: &TcpFacts) -> Sign {
    // Hellos of two segments are common (post-quantum shares): a box that reads packet by packet lets the first pass
    // and drops the one with the name, so what matters is that the whole never arrived.
    let never_whole = facts.bytes_received == 0 && facts.unacked >= 1 && facts.retransmits >= RESENT;
    let all_arrived = facts.bytes_acked > 1 && facts.unacked == 0 && facts.bytes_received == 0;
    match (never_whole, all_arrived) {
        (true, _) => Sign::HelloDropped,
        (_, true) => Sign::HelloMuted,
        _ => Sign::Silence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measured_classes_are_told_apart() {
        let facts = |bytes_acked, unacked, retransmits, bytes_received| TcpFacts {
            bytes_acked,
            unacked,
            retransmits,
            bytes_received,
            ..TcpFacts::default()
        };
        for (what, facts, sign) in [
            ("client data dropped", facts(1, 1, 5, 0), Sign::HelloDropped),
            ("a hello of two segments dropped", facts(1, 2, 3, 0), Sign::HelloDropped),
            ("server data dropped", facts(518, 0, 0, 0), Sign::HelloMuted),
            ("one loss, not yet certain", facts(1, 1, 1, 0), Sign::Silence),
            ("the second segment dropped", facts(1449, 1, 3, 0), Sign::HelloDropped),
            ("half of a hello, not yet certain", facts(1449, 1, 1, 0), Sign::Silence),
            ("half of a hello, and something came", facts(1449, 1, 3, 7), Sign::Silence),
            ("something came", facts(518, 0, 0, 90), Sign::Silence),
            ("no counters at all", facts(0, 0, 0, 0), Sign::Silence),
        ] {
            assert_eq!(silence(&facts), sign, "{what}");
        }
    }
}

//! T4 and T5: packets to an address vanish, or something refuses in its place. Also the like for packets (T14).
//! One dead endpoint looks the same; counting endpoints and twins is `health`'s work.

use crate::model::{Cause, Sign};

/// What a failed TCP handshake is a sign of.
pub(super) const fn sign(cause: Cause) -> Sign {
    match cause {
        Cause::GenericTimeoutError => Sign::ConnectTimeout,
        // An ICMP port-unreachable shows as a refusal too; errno does not tell them apart (§1.2).
        Cause::ConnectionRefused | Cause::ConnectionReset | Cause::RefusedByProxy => Sign::Refused,
        Cause::HostUnreachable | Cause::NetworkUnreachable => Sign::RefusedByIcmp,
        _ => Sign::Silence,
    }
}

/// What unanswered packets are a sign of.
pub(super) const fn packets(cause: Cause) -> Sign {
    match cause {
        Cause::ConnectionRefused | Cause::HostUnreachable | Cause::NetworkUnreachable => Sign::RefusedByIcmp,
        _ => Sign::UdpNoReply,
    }
}

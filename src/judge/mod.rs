//! What an observation means: all the knowledge of censorship, one file per technique family. Facts in,
//! signs and verdict-grade findings out; no clock, no socket.
//!
//! Techniques T1–T20 and controls C0–C11 are those of the detection rules. What a sign then *weighs* is `health`'s
//! question.

pub mod burst;
pub mod clock;
mod connect;
pub mod dns;
pub mod examination;
mod first_flight;
pub mod freeze;
pub mod http;
pub mod link;
pub mod mtu;
pub mod packets;
pub mod quic;
pub mod s2c;
pub mod throttle;
mod tls;
pub mod udp;

use crate::model::{Cause, Failure, Grade, Leg, Sign, Stage, Whose};

/// Which kind of way a failure was met on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// The person's own line to the destination itself: the kernel's facts describe that very path.
    Bare,
    /// A tunnel: the kernel's facts describe the connection to the tunnel's server.
    Tunnel,
}

/// What a failed attempt is a sign of; `None` when it is no evidence at all (a local fault, a race we lost).
///
/// Nothing unclassified is ever taken for success: what is not understood is [`Sign::Silence`] at most. A server that
/// said no by itself (an alert, an error of its protocol) was reached, and that is an answer of grade B.
pub fn sign_of(failure: &Failure, on: On) -> Option<Sign> {
    if failure.whose == Whose::Local || is_ours(failure.cause) {
        return None;
    }
    if failure.leg == Leg::Near && on == On::Tunnel {
        return Some(Sign::TransportDown);
    }
    match (failure.stage, failure.cause) {
        (_, Cause::AuthenticationFailed) => (on == On::Tunnel).then_some(Sign::TransportDown),
        (_, Cause::Blockpage) => Some(Sign::BlockPage),
        (_, Cause::SslUnknownAuthority | Cause::SslInvalidHostname | Cause::SslInvalidCertificate) => {
            tls::sign(failure.cause)
        }
        (_, Cause::InvalidAnswer) => Some(Sign::WrongAnswer),
        // The far end spoke, and said no.
        (Stage::FirstFlight | Stage::Handshake | Stage::App | Stage::Body, Cause::SslFailedHandshake) => {
            Some(Sign::Answer(Grade::B))
        }
        (Stage::Handshake | Stage::App | Stage::Body, _) if failure.whose == Whose::Peer => {
            Some(Sign::Answer(Grade::B))
        }
        (Stage::Resolve, cause) => dns::sign(cause, on),
        (Stage::Connect, cause) => Some(connect::sign(cause)),
        (Stage::FirstFlight, cause) => Some(first_flight::sign(cause, failure, on)),
        (Stage::Handshake | Stage::App | Stage::Body, cause) => freeze::sign(cause, failure, on),
        // A quiet connection that ends is a NAT's, a phone's or an app's doing far more often than a censor's.
        (Stage::Idle, _) => None,
        (Stage::Udp, cause) => Some(connect::packets(cause)),
    }
}

/// Cancelled by us, or asked of a way that cannot do it.
const fn is_ours(cause: Cause) -> bool {
    matches!(cause, Cause::Interrupted | Cause::LocalResource | Cause::NotSupported)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TcpFacts;

    fn failed(stage: Stage, cause: Cause) -> Failure {
        Failure::new(stage, cause, Whose::Network)
    }

    #[test]
    fn a_local_fault_is_never_evidence() {
        for cause in [Cause::LocalResource, Cause::ConnectionRefused, Cause::GenericTimeoutError] {
            let failure = Failure::new(Stage::Connect, cause, Whose::Local);
            assert_eq!(sign_of(&failure, On::Bare), None);
            assert_eq!(sign_of(&failure.near(), On::Tunnel), None);
        }
    }

    #[test]
    fn a_lost_race_is_never_evidence() {
        for stage in [Stage::Resolve, Stage::Connect, Stage::FirstFlight, Stage::Body, Stage::Udp] {
            assert_eq!(sign_of(&failed(stage, Cause::Interrupted), On::Bare), None);
            assert_eq!(sign_of(&failed(stage, Cause::Interrupted).near(), On::Tunnel), None);
            assert_eq!(sign_of(&failed(stage, Cause::NotSupported), On::Bare), None);
        }
    }

    #[test]
    fn our_own_server_is_told_apart_from_the_destination() {
        for stage in [Stage::Resolve, Stage::Connect, Stage::Handshake] {
            let failure = failed(stage, Cause::GenericTimeoutError).near();
            assert_eq!(sign_of(&failure, On::Tunnel), Some(Sign::TransportDown));
        }
        let refused = failed(Stage::Connect, Cause::ConnectionRefused);
        assert_eq!(sign_of(&refused, On::Tunnel), Some(Sign::Refused));
        let password = failed(Stage::Handshake, Cause::AuthenticationFailed);
        assert_eq!(sign_of(&password, On::Tunnel), Some(Sign::TransportDown));
    }

    #[test]
    fn a_server_that_says_no_was_reached() {
        let alert = failed(Stage::FirstFlight, Cause::SslFailedHandshake);
        assert_eq!(sign_of(&alert, On::Bare), Some(Sign::Answer(Grade::B)));
        let closed = Failure::new(Stage::App, Cause::EofError, Whose::Peer);
        assert_eq!(sign_of(&closed, On::Bare), Some(Sign::Answer(Grade::B)));
    }

    #[test]
    fn each_stage_has_its_signs() {
        use Cause::{ConnectionRefused, ConnectionReset, EofError, GenericTimeoutError, HostUnreachable};
        for (stage, cause, received, sign) in [
            (Stage::Connect, GenericTimeoutError, 0, Some(Sign::ConnectTimeout)),
            (Stage::Connect, ConnectionRefused, 0, Some(Sign::Refused)),
            (Stage::Connect, HostUnreachable, 0, Some(Sign::RefusedByIcmp)),
            (Stage::FirstFlight, ConnectionReset, 0, Some(Sign::ResetAfterHello)),
            (Stage::FirstFlight, EofError, 0, Some(Sign::EofAfterHello)),
            (Stage::FirstFlight, GenericTimeoutError, 0, Some(Sign::Silence)),
            (Stage::Handshake, Cause::SslUnknownAuthority, 900, Some(Sign::ForeignKey)),
            (Stage::Handshake, Cause::SslInvalidHostname, 900, Some(Sign::ForeignKey)),
            (Stage::Handshake, Cause::SslInvalidCertificate, 900, Some(Sign::WrongAnswer)),
            (Stage::App, Cause::InvalidAnswer, 90, Some(Sign::WrongAnswer)),
            (Stage::App, Cause::Blockpage, 90, Some(Sign::BlockPage)),
            (Stage::Body, Cause::StalledAfterBytes, 16_000, Some(Sign::Frozen { kilobytes: 15 })),
            (Stage::Body, Cause::StalledAfterBytes, 5_000_000, None),
            (Stage::Idle, ConnectionReset, 4_000, None),
            (Stage::Idle, GenericTimeoutError, 4_000, None),
            (Stage::Udp, Cause::UdpNoReply, 0, Some(Sign::UdpNoReply)),
            (Stage::Udp, HostUnreachable, 0, Some(Sign::RefusedByIcmp)),
        ] {
            let failure = Failure { received, ..failed(stage, cause) };
            assert_eq!(sign_of(&failure, On::Bare), sign, "{stage} {cause}");
        }
    }

    #[test]
    fn nothing_unclassified_is_ever_success() {
        for stage in [Stage::Resolve, Stage::Connect, Stage::FirstFlight, Stage::Handshake, Stage::App, Stage::Udp] {
            for on in [On::Bare, On::Tunnel] {
                let sign = sign_of(&failed(stage, Cause::UnknownFailure), on);
                assert!(sign.is_none_or(|s| !s.is_good() && s.technique().is_some()), "{stage}: {sign:?}");
            }
        }
    }

    #[test]
    fn facts_of_a_tunnels_own_connection_say_nothing_of_the_destination() {
        let dropped = TcpFacts { bytes_acked: 1, unacked: 1, retransmits: 5, ..TcpFacts::default() };
        let failure = Failure { tcp: Some(dropped), ..failed(Stage::FirstFlight, Cause::GenericTimeoutError) };
        assert_eq!(sign_of(&failure, On::Bare), Some(Sign::HelloDropped));
        assert_eq!(sign_of(&failure, On::Tunnel), Some(Sign::Silence));
    }
}

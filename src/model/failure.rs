//! What went wrong with one attempt, as facts. Names of causes are OONI's (data format df-007), so that
//! records can be compared with the field's. What a failure *means* is decided in `judge`.

use super::{EndpointTag, TransportId};
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// How far an attempt had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Turning the name into addresses.
    Resolve,
    /// The TCP handshake.
    Connect,
    /// The first bytes are out, no byte has come back.
    FirstFlight,
    /// Inside a cryptographic handshake, after the first answer.
    Handshake,
    /// The application's own answer.
    App,
    /// Within a body.
    Body,
    /// A quiet, established connection.
    Idle,
    /// Packets.
    Udp,
}

/// Whose fault a failure is, as far as the error itself tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Whose {
    /// This machine: descriptors, permissions, no route. Never evidence about a route.
    Local,
    /// Something between here and there.
    Network,
    /// The other end said so itself.
    Peer,
}

/// Which part of the way failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Leg {
    /// Reaching or logging in to the transport's own server.
    Near,
    /// From there (or, on a bare way, from here) to the destination.
    Far,
}

/// What the error was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The resolver says that the name does not exist.
    DnsNxdomainError,
    /// The resolver gave no address.
    DnsNoAnswer,
    /// The resolver gave an address that cannot be right.
    DnsBogonError,
    /// The resolver failed.
    DnsServfailError,
    /// Nothing came back in time.
    GenericTimeoutError,
    /// The port was refused.
    ConnectionRefused,
    /// A reset.
    ConnectionReset,
    /// An end of stream before any, or before the whole, answer.
    EofError,
    /// No way to the host (ICMP host unreachable or prohibited).
    HostUnreachable,
    /// No way to the network.
    NetworkUnreachable,
    /// The TLS handshake failed, with an alert for example.
    SslFailedHandshake,
    /// The server does not know the keys that the hello was hidden by (RFC 9849).
    EchRejected,
    /// The certificate is for other names.
    SslInvalidHostname,
    /// The certificate's root is not the expected one.
    SslUnknownAuthority,
    /// The certificate is expired, malformed or not yet valid.
    SslInvalidCertificate,
    /// The bytes stopped in the middle of an answer (byway's own name).
    StalledAfterBytes,
    /// No packet came back (byway's own name).
    UdpNoReply,
    /// An answer that the service's protocol does not have.
    InvalidAnswer,
    /// A page that is not the service's: a redirect to another domain, a stub.
    Blockpage,
    /// Our own server or proxy refused the credentials.
    AuthenticationFailed,
    /// Our own server or proxy refused to carry this.
    RefusedByProxy,
    /// Our own server's certificate has expired, or the clock of this machine is ahead.
    CertificateExpired,
    /// Our own server's certificate is not valid yet: the clock of this machine is behind.
    CertificateNotYetValid,
    /// The CDN's edge in front of our own server does not serve that host or path.
    HostRefused,
    /// The CDN's edge does not reach our own server.
    OriginDown,
    /// Descriptors, buffers or ports of this machine ran out, or permission is missing.
    LocalResource,
    /// Cancelled by us: shutdown, reload, a race lost.
    Interrupted,
    /// This way cannot do that: no packets, no IPv6.
    NotSupported,
    /// Anything else; never counted as success.
    UnknownFailure,
}

impl Cause {
    /// The name in records: OONI df-007 where there is one.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DnsNxdomainError => "dns_nxdomain_error",
            Self::DnsNoAnswer => "dns_no_answer",
            Self::DnsBogonError => "dns_bogon_error",
            Self::DnsServfailError => "dns_servfail_error",
            Self::GenericTimeoutError => "generic_timeout_error",
            Self::ConnectionRefused => "connection_refused",
            Self::ConnectionReset => "connection_reset",
            Self::EofError => "eof_error",
            Self::HostUnreachable => "host_unreachable",
            Self::NetworkUnreachable => "network_unreachable",
            Self::SslFailedHandshake => "ssl_failed_handshake",
            Self::EchRejected => "ech_rejected",
            Self::SslInvalidHostname => "ssl_invalid_hostname",
            Self::SslUnknownAuthority => "ssl_unknown_authority",
            Self::SslInvalidCertificate => "ssl_invalid_certificate",
            Self::StalledAfterBytes => "stalled_after_bytes",
            Self::UdpNoReply => "udp_no_reply",
            Self::InvalidAnswer => "invalid_answer",
            Self::Blockpage => "blockpage",
            Self::AuthenticationFailed => "authentication_failed",
            Self::RefusedByProxy => "refused_by_proxy",
            Self::CertificateExpired => "certificate_expired",
            Self::CertificateNotYetValid => "certificate_not_yet_valid",
            Self::HostRefused => "host_refused",
            Self::OriginDown => "origin_down",
            Self::LocalResource => "local_resource",
            Self::Interrupted => "interrupted",
            Self::NotSupported => "not_supported",
            Self::UnknownFailure => "unknown_failure",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::FirstFlight => "first flight",
            Self::Handshake => "handshake",
            Self::App => "application",
            Self::Body => "body",
            Self::Idle => "idle",
            Self::Udp => "udp",
        })
    }
}

/// What the kernel knows of a TCP connection (Linux `TCP_INFO`); tells a dropped hello from a muted answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TcpFacts {
    /// Bytes the other side has acknowledged; 1 right after the handshake (its SYN counts).
    pub bytes_acked: u64,
    /// Segments sent and not yet acknowledged.
    pub unacked: u32,
    /// Segments sent again, in the connection's whole life.
    pub retransmits: u32,
    /// Bytes received from the other side.
    pub bytes_received: u64,
    /// Smoothed round-trip time.
    pub rtt: Duration,
    /// Time since the last byte came in.
    pub last_data_received: Duration,
}

/// One failed attempt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{stage}: {cause}")]
pub struct Failure {
    /// How far it had come.
    pub stage: Stage,
    /// What happened.
    pub cause: Cause,
    /// Whose fault, as far as the error tells.
    pub whose: Whose,
    /// Which part of the way.
    pub leg: Leg,
    /// From the start of the attempt.
    pub elapsed: Duration,
    /// Bytes that had come back from the destination.
    pub received: u64,
    /// The kernel's view, where there is one. On a tunnel it describes the connection to the server.
    pub tcp: Option<TcpFacts>,
    /// Which endpoint, for counting distinct ones.
    pub endpoint: Option<EndpointTag>,
    /// The innermost transport at fault, when ways are nested.
    pub transport: Option<TransportId>,
}

impl Failure {
    /// A failure at `stage` because of `cause`, of the far leg, with nothing else known yet.
    pub const fn new(stage: Stage, cause: Cause, whose: Whose) -> Self {
        Self {
            stage,
            cause,
            whose,
            leg: Leg::Far,
            elapsed: Duration::ZERO,
            received: 0,
            tcp: None,
            endpoint: None,
            transport: None,
        }
    }

    /// The same failure, on the near leg (our own server).
    pub const fn near(mut self) -> Self {
        self.leg = Leg::Near;
        self
    }

    /// The same failure, after `elapsed`.
    pub const fn after(mut self, elapsed: Duration) -> Self {
        self.elapsed = elapsed;
        self
    }

    /// Sorts an I/O error met at `stage`. Local exhaustion is told apart, for it is never evidence
    /// (detection rules, control C0). An error that carries a failure ([`Failure::into_io`]) is that failure. An unknown
    /// error stays unknown.
    pub fn from_io(stage: Stage, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        if let Some(failure) = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()) {
            return failure.clone();
        }
        let (cause, whose) = match error.kind() {
            K::ConnectionRefused => (Cause::ConnectionRefused, Whose::Network),
            K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe => (Cause::ConnectionReset, Whose::Network),
            K::TimedOut => (Cause::GenericTimeoutError, Whose::Network),
            K::UnexpectedEof => (Cause::EofError, Whose::Network),
            K::HostUnreachable => (Cause::HostUnreachable, Whose::Network),
            K::NetworkUnreachable | K::NetworkDown => (Cause::NetworkUnreachable, Whose::Network),
            K::AddrInUse | K::AddrNotAvailable | K::PermissionDenied | K::OutOfMemory | K::QuotaExceeded => {
                (Cause::LocalResource, Whose::Local)
            }
            _ => match error.raw_os_error() {
                // EMFILE, ENFILE, ENOBUFS on Linux and macOS.
                Some(24 | 23 | 105 | 55) => (Cause::LocalResource, Whose::Local),
                _ => (Cause::UnknownFailure, Whose::Network),
            },
        };
        Self::new(stage, cause, whose)
    }

    /// As an I/O error that carries it: for a stream that learns only while it is read what is wrong with its way.
    pub fn into_io(self) -> std::io::Error {
        std::io::Error::new(std::io::ErrorKind::ConnectionAborted, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};

    #[test]
    fn local_exhaustion_is_never_the_networks_fault() {
        for raw in [24, 23, 105, 98, 99, 1, 13] {
            let failure = Failure::from_io(Stage::Connect, &Error::from_raw_os_error(raw));
            assert_eq!(failure.whose, Whose::Local, "errno {raw}");
        }
    }

    #[test]
    fn a_failure_passes_through_a_stream_unchanged() {
        let failure = Failure::new(Stage::Handshake, Cause::HostRefused, Whose::Peer).near();
        assert_eq!(Failure::from_io(Stage::Body, &failure.clone().into_io()), failure);
    }

    #[test]
    fn an_unknown_error_stays_unknown() {
        let failure = Failure::from_io(Stage::App, &Error::from(ErrorKind::InvalidData));
        assert_eq!(failure.cause, Cause::UnknownFailure);
        assert_eq!(failure.to_string(), "application: unknown_failure");
    }
}

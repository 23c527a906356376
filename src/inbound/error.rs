//! How a visit at a door can end before anybody is asked for anything. For counters and one debug line; no
//! variant holds what the client sent.

use super::Protocol;
use std::io;
use std::time::Duration;

/// What looked at the door and was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stranger {
    /// A TLS hello: somebody took the port for an HTTPS proxy or server.
    TlsHello,
    /// Bytes of none of the spoken protocols.
    Garbage,
}

/// Why a client got no [`super::Request`] through.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It did not finish its request in time.
    #[error("negotiation: the client sent no complete request within {} s; it may be gone", .0.as_secs())]
    TooSlow(Duration),
    /// It closed in the middle of the negotiation, or before it.
    #[error("negotiation: the client closed before its request was complete")]
    Gone,
    /// It speaks something else.
    #[error("negotiation: the client speaks none of SOCKS5, SOCKS4 and HTTP ({0:?}); check its proxy type")]
    Stranger(Stranger),
    /// It is not on a private network, and this door has no lock.
    #[error("negotiation: the client is not on a private network, and this door asks for no login")]
    Outsider,
    /// It speaks one of ours, wrongly.
    #[error("negotiation: the client broke the rules of {0:?}")]
    Malformed(Protocol),
    /// It gave no login, a wrong one, or no way to give one.
    #[error("negotiation: the client's login was refused; check the user and password it has for the proxy")]
    Login,
    /// It was caught on no way: it dialled the listener itself.
    #[error("negotiation: the client dialled the listener of caught connections itself")]
    MeansUs,
    /// It asked for a command that is not offered (SOCKS BIND).
    #[error("negotiation: the client asked for a command that is not offered")]
    Unsupported,
    /// The connection to it broke.
    #[error("negotiation: the connection to the client broke ({0})")]
    Broken(io::ErrorKind),
}

impl From<io::Error> for Error {
    /// What a failed read or write on the client's connection means.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::NotConnected => Self::Gone,
            kind => Self::Broken(kind),
        }
    }
}

//! What a SOCKS peer says, and how to answer it: versions 4 and 4a, 5 (RFC 1928), user and password (RFC 1929), and
//! the header of UDP datagrams, for both ends. Names go through [`Host::parse`](crate::model::Host::parse), so an
//! address written as a name is an address. Does not reassemble UDP fragments (RFC 1928 §7 allows that) and knows no
//! GSSAPI.

mod address;
mod udp;
mod v4;
mod v5;

#[cfg(test)]
mod tests;

pub use udp::{encode_udp_header, udp_header};
pub use v4::{Request4, reply4, request4};
pub use v5::{
    Login, Method, choice, encode_greeting, encode_login, encode_request, greeting, login, login_answer, parse_choice,
    parse_login_answer, parse_reply, reply, request,
};

use super::{Error, Protocol};
use crate::model::Destination;

/// `Ok(None)`: not enough bytes yet. Otherwise the value, and how many bytes it took.
pub type Parsed<T> = Result<Option<(T, usize)>, Error>;

/// The version a client speaks, told by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// Version 4 or 4a.
    V4,
    /// Version 5.
    V5,
}

/// The version that `first` begins; `None` when that is not SOCKS.
pub const fn version(first: u8) -> Option<Version> {
    match first {
        4 => Some(Version::V4),
        5 => Some(Version::V5),
        _ => None,
    }
}

/// What a client wants done (RFC 1928 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// A stream to the destination.
    Connect,
    /// A listening port. byway parses it, so that it can be refused by its name.
    Bind,
    /// A UDP association; version 5 only.
    UdpAssociate,
}

impl Command {
    const fn code(self) -> u8 {
        match self {
            Self::Connect => 1,
            Self::Bind => 2,
            Self::UdpAssociate => 3,
        }
    }

    const fn parse(code: u8) -> Result<Self, Error> {
        match code {
            1 => Ok(Self::Connect),
            2 => Ok(Self::Bind),
            3 => Ok(Self::UdpAssociate),
            other => Err(Error::UnknownCommand(other)),
        }
    }
}

/// A version 5 request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is wanted.
    pub command: Command,
    /// Where to. For [`Command::UdpAssociate`]: where the client will send from; mostly all zeros, port 0.
    pub to: Destination,
}

/// The answer to a version 5 request (RFC 1928 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// 0.
    Succeeded,
    /// 1: the server is at fault.
    GeneralFailure,
    /// 2: the rules forbid it.
    NotAllowed,
    /// 3.
    NetworkUnreachable,
    /// 4.
    HostUnreachable,
    /// 5.
    ConnectionRefused,
    /// 6.
    TtlExpired,
    /// 7.
    CommandNotSupported,
    /// 8.
    AddressTypeNotSupported,
    /// A code no standard knows.
    Other(u8),
}

impl Reply {
    /// The code on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::Succeeded => 0,
            Self::GeneralFailure => 1,
            Self::NotAllowed => 2,
            Self::NetworkUnreachable => 3,
            Self::HostUnreachable => 4,
            Self::ConnectionRefused => 5,
            Self::TtlExpired => 6,
            Self::CommandNotSupported => 7,
            Self::AddressTypeNotSupported => 8,
            Self::Other(code) => code,
        }
    }

    /// The answer with this code.
    pub const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Succeeded,
            1 => Self::GeneralFailure,
            2 => Self::NotAllowed,
            3 => Self::NetworkUnreachable,
            4 => Self::HostUnreachable,
            5 => Self::ConnectionRefused,
            6 => Self::TtlExpired,
            7 => Self::CommandNotSupported,
            8 => Self::AddressTypeNotSupported,
            other => Self::Other(other),
        }
    }

    /// The answer that a request deserves which could not be read.
    pub const fn to_error(error: &Error) -> Self {
        match error {
            Error::UnknownCommand(_) => Self::CommandNotSupported,
            Error::UnknownAddressType(_) => Self::AddressTypeNotSupported,
            _ => Self::GeneralFailure,
        }
    }
}

const fn malformed(what: &'static str) -> Error {
    Error::malformed(Protocol::Socks, what)
}

//! (being filled in)
#![allow(missing_docs)]
use super::Error;
use crate::model::{Destination, Secret};
use std::net::{SocketAddr, SocketAddrV4};

/// `None` = need more bytes; otherwise the value and how many bytes it took.
pub type Parsed<T> = Result<Option<(T, usize)>, Error>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    V4,
    V5,
}
/// By the first byte; `None` = not SOCKS.
pub fn version(_first: u8) -> Option<Version> {
    todo!()
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    Connect,
    Bind,
    UdpAssociate,
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub command: Command,
    pub to: Destination,
}
/// RFC 1928 §3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    NoAuth,
    Login,
    NoneAcceptable,
    Other(u8),
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub user: Vec<u8>,
    pub password: Secret<Vec<u8>>,
}
/// RFC 1928 §6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    Succeeded,
    GeneralFailure,
    NotAllowed,
    NetworkUnreachable,
    HostUnreachable,
    ConnectionRefused,
    TtlExpired,
    CommandNotSupported,
    AddressTypeNotSupported,
    Other(u8),
}
// --- server side, version 5
pub fn greeting(_bytes: &[u8]) -> Parsed<Vec<Method>> {
    todo!()
}
pub fn choice(_method: Method) -> [u8; 2] {
    todo!()
}
pub fn login(_bytes: &[u8]) -> Parsed<Login> {
    todo!()
}
pub fn login_answer(_accepted: bool) -> [u8; 2] {
    todo!()
}
pub fn request(_bytes: &[u8]) -> Parsed<Request> {
    todo!()
}
pub fn reply(_reply: Reply, _bound: SocketAddr) -> Vec<u8> {
    todo!()
}
// --- server side, version 4 and 4a
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request4 {
    pub command: Command,
    pub to: Destination,
    pub user: Vec<u8>,
    pub is_4a: bool,
}
pub fn request4(_bytes: &[u8]) -> Parsed<Request4> {
    todo!()
}
pub fn reply4(_granted: bool, _bound: SocketAddrV4) -> [u8; 8] {
    todo!()
}
// --- client side, version 5
pub fn encode_greeting(_methods: &[Method]) -> Vec<u8> {
    todo!()
}
pub fn parse_choice(_bytes: &[u8]) -> Parsed<Method> {
    todo!()
}
pub fn encode_login(_user: &[u8], _password: &[u8]) -> Result<Vec<u8>, Error> {
    todo!()
}
pub fn parse_login_answer(_bytes: &[u8]) -> Parsed<bool> {
    todo!()
}
pub fn encode_request(_command: Command, _to: &Destination) -> Vec<u8> {
    todo!()
}
pub fn parse_reply(_bytes: &[u8]) -> Parsed<(Reply, Destination)> {
    todo!()
}
// --- UDP header, both sides (RFC 1928 §7)
/// Destination and where the payload begins.
pub fn udp_header(_datagram: &[u8]) -> Result<(Destination, usize), Error> {
    todo!()
}
/// The header to put before a payload.
pub fn encode_udp_header(_to: &Destination) -> Vec<u8> {
    todo!()
}

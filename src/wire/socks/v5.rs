//! Version 5: greeting, login, request, reply (RFC 1928 §3–§6, RFC 1929), read and written.

use super::{Command, Parsed, Reply, Request, address, malformed};
use crate::model::{Destination, Secret};
use crate::wire::{Error, Protocol, cursor::Cursor};
use std::net::SocketAddr;

const VERSION: u8 = 5;
/// RFC 1929 has a version of its own.
const LOGIN_VERSION: u8 = 1;

/// How a client proves who it is (RFC 1928 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// 0: not at all.
    NoAuth,
    /// 2: user and password.
    Login,
    /// 0xFF, from a server: nothing you offer is enough.
    NoneAcceptable,
    /// Something else.
    Other(u8),
}

impl Method {
    /// The code on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::NoAuth => 0,
            Self::Login => 2,
            Self::NoneAcceptable => 0xFF,
            Self::Other(code) => code,
        }
    }

    /// The method with this code.
    pub const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::NoAuth,
            2 => Self::Login,
            0xFF => Self::NoneAcceptable,
            other => Self::Other(other),
        }
    }
}

/// What a client logs in with (RFC 1929 §2). Bytes, because no encoding is agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: Vec<u8>,
    /// The password.
    pub password: Secret<Vec<u8>>,
}

/// Server: the methods a client offers.
pub fn greeting(bytes: &[u8]) -> Parsed<Vec<Method>> {
    let mut cursor = Cursor::new(bytes);
    expect(&mut cursor, VERSION, "the greeting is not of version 5")?;
    let methods = cursor.u8().and_then(|count| cursor.take(usize::from(count)));
    Ok(methods.map(|codes| (codes.iter().map(|code| Method::from_code(*code)).collect(), cursor.at())))
}

/// Server: the method chosen.
pub const fn choice(method: Method) -> [u8; 2] {
    [VERSION, method.code()]
}

/// Server: user and password.
pub fn login(bytes: &[u8]) -> Parsed<Login> {
    let mut cursor = Cursor::new(bytes);
    expect(&mut cursor, LOGIN_VERSION, "the login is not of version 1")?;
    let user = text(&mut cursor);
    let Some((user, password)) = user.and_then(|user| Some((user, text(&mut cursor)?))) else { return Ok(None) };
    Ok(Some((Login { user: user.to_vec(), password: Secret::new(password.to_vec()) }, cursor.at())))
}

/// Server: whether the login is right. After a refusal the connection must be closed (RFC 1929 §2).
pub const fn login_answer(accepted: bool) -> [u8; 2] {
    [LOGIN_VERSION, if accepted { 0 } else { 1 }]
}

/// Server: what the client wants. A port 0 is refused, except for an association.
pub fn request(bytes: &[u8]) -> Parsed<Request> {
    let mut cursor = Cursor::new(bytes);
    expect(&mut cursor, VERSION, "the request is not of version 5")?;
    let Some(command) = cursor.u8() else { return Ok(None) };
    let command = Command::parse(command)?;
    // RFC 1928 §4 reserves this byte as zero; clients that set it are served all the same.
    if cursor.u8().is_none() {
        return Ok(None);
    }
    let Some(to) = address::read(&mut cursor)? else { return Ok(None) };
    if command == Command::Connect {
        address::with_port(&to)?;
    }
    Ok(Some((Request { command, to }, cursor.at())))
}

/// Server: the answer, with the address bound for the client.
pub fn reply(reply: Reply, bound: SocketAddr) -> Vec<u8> {
    let mut out = vec![VERSION, reply.code(), 0];
    // Only a name can be too long, and this is an address.
    let _ = address::write(&Destination::from(bound), &mut out);
    out
}

/// Client: the methods offered; at most 255 are sent.
pub fn encode_greeting(methods: &[Method]) -> Vec<u8> {
    let methods = &methods[..methods.len().min(255)];
    let mut out = vec![VERSION, methods.len() as u8];
    out.extend(methods.iter().map(|method| method.code()));
    out
}

/// Client: the method the server chose.
pub fn parse_choice(bytes: &[u8]) -> Parsed<Method> {
    let mut cursor = Cursor::new(bytes);
    expect(&mut cursor, VERSION, "the server does not speak version 5")?;
    Ok(cursor.u8().map(|code| (Method::from_code(code), cursor.at())))
}

/// Client: user and password, each of 1 to 255 bytes.
pub fn encode_login(user: &[u8], password: &[u8]) -> Result<Vec<u8>, Error> {
    let mut out = vec![LOGIN_VERSION];
    for (field, name) in [(user, "the user in bytes"), (password, "the password in bytes")] {
        out.push(u8::try_from(field.len()).map_err(|_| Error::too_large(Protocol::Socks, name, 255))?);
        out.extend_from_slice(field);
    }
    Ok(out)
}

/// Client: whether the login was accepted.
pub fn parse_login_answer(bytes: &[u8]) -> Parsed<bool> {
    let mut cursor = Cursor::new(bytes);
    // RFC 1929 §2 says 1; some servers answer with 5, and only the status counts.
    if cursor.u8().is_none() {
        return Ok(None);
    }
    Ok(cursor.u8().map(|status| (status == 0, cursor.at())))
}

/// Client: the request.
pub fn encode_request(command: Command, to: &Destination) -> Result<Vec<u8>, Error> {
    let mut out = vec![VERSION, command.code(), 0];
    address::write(to, &mut out)?;
    Ok(out)
}

/// Client: the server's answer, and the address it bound.
pub fn parse_reply(bytes: &[u8]) -> Parsed<(Reply, Destination)> {
    let mut cursor = Cursor::new(bytes);
    expect(&mut cursor, VERSION, "the reply is not of version 5")?;
    let Some([reply, _reserved]) = cursor.array() else { return Ok(None) };
    let Some(bound) = address::read(&mut cursor)? else { return Ok(None) };
    Ok(Some(((Reply::from_code(reply), bound), cursor.at())))
}

/// Refuses another first byte as soon as it is there.
fn expect(cursor: &mut Cursor<'_>, version: u8, what: &'static str) -> Result<(), Error> {
    match cursor.u8() {
        Some(found) if found != version => Err(malformed(what)),
        _ => Ok(()),
    }
}

/// A text with its length before it.
fn text<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = cursor.u8()?;
    cursor.take(usize::from(length))
}

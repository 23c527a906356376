//! A SOCKS5 server (RFC 1928) without login, CONNECT only: the kind of upstream a friend's computer offers.

use super::{carry, open};
use crate::lab::land::Land;
use crate::lab::tcp::Wire;
use crate::wire::socks::{Command, Method, Parsed, Reply, choice, greeting, reply, request};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What a reply names when nothing was bound.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// Serves one client of the server at `at`.
pub(in crate::lab) async fn socks(land: Arc<Land>, at: SocketAddr, mut client: Wire) {
    // A client that breaks the protocol, or goes away, is simply dropped.
    let _ended = converse(&land, at, &mut client).await;
}

async fn converse(land: &Arc<Land>, at: SocketAddr, client: &mut Wire) -> io::Result<()> {
    let mut read = Vec::new();
    let methods = parse(client, &mut read, greeting).await?;
    if !methods.contains(&Method::NoAuth) {
        return client.write_all(&choice(Method::NoneAcceptable)).await;
    }
    client.write_all(&choice(Method::NoAuth)).await?;
    let asked = parse(client, &mut read, request).await?;
    if asked.command != Command::Connect {
        return client.write_all(&reply(Reply::CommandNotSupported, NOWHERE)).await;
    }
    match open(land, at.ip(), &asked.to).await {
        Ok(origin) => {
            client.write_all(&reply(Reply::Succeeded, at)).await?;
            carry(client, origin).await
        }
        Err(why) => client.write_all(&reply(words(&why), NOWHERE)).await,
    }
}

fn words(why: &io::Error) -> Reply {
    match why.kind() {
        ErrorKind::ConnectionRefused => Reply::ConnectionRefused,
        ErrorKind::NetworkUnreachable => Reply::NetworkUnreachable,
        ErrorKind::NotFound | ErrorKind::HostUnreachable | ErrorKind::TimedOut => Reply::HostUnreachable,
        _ => Reply::GeneralFailure,
    }
}

/// Reads until `parser` has a whole message; what came after it stays in `read`.
async fn parse<T>(client: &mut Wire, read: &mut Vec<u8>, parser: fn(&[u8]) -> Parsed<T>) -> io::Result<T> {
    loop {
        if let Some((message, size)) = parser(read).map_err(|_| ErrorKind::InvalidData)? {
            read.drain(..size);
            return Ok(message);
        }
        if client.read_buf(read).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
}

//! Tunnel servers abroad. What they open for a client does not pass the client's line, so the censor sees only
//! the tunnel itself.

mod shadowsocks;
mod socks;
#[cfg(test)]
mod tests;

pub(super) use shadowsocks::Shadowsocks;
pub(super) use socks::socks;

use super::land::Land;
use super::tcp::Wire;
use crate::model::{Destination, Host};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

/// Finds the address of a destination, as a host at `from` does.
async fn find(land: &Land, from: IpAddr, to: &Destination) -> io::Result<SocketAddr> {
    let ip = match &to.host {
        Host::Ip(ip) => *ip,
        Host::Name(name) => *land.lookup(from, name).await?.first().ok_or(ErrorKind::NotFound)?,
    };
    Ok(SocketAddr::new(ip, to.port))
}

/// Opens a connection from a tunnel server to wherever a client asked.
async fn open(land: &Arc<Land>, from: IpAddr, to: &Destination) -> io::Result<Wire> {
    let at = find(land, from, to).await?;
    land.connect(from, at).await
}

/// Carries bytes both ways until both ends are done; a broken end breaks the other.
async fn carry(client: &mut (impl AsyncRead + AsyncWrite + Unpin), mut origin: Wire) -> io::Result<()> {
    tokio::io::copy_bidirectional(client, &mut origin).await.map(drop)
}

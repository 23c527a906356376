//! The servers that people want to reach, each speaking its service's own protocol as far as a client without
//! an account can tell, and some traffic after that.

mod bulk;
pub(super) mod names;
mod quic;
mod site;
mod stun;
mod telegram;
#[cfg(test)]
mod tests;
mod websocket;
mod whatsapp;

pub(super) use bulk::{Framing, framed_size, order};
pub(super) use quic::quic;
pub(super) use site::{Manners, site, speak_http};
pub(super) use stun::stun;
pub(super) use telegram::telegram;
pub(super) use websocket::Talk;
pub(super) use whatsapp::whatsapp;

use super::land::Land;
use super::tcp::Wire;
use std::net::SocketAddr;
use tokio::task::JoinSet;

/// Listens at once; the future serves every connection, and ends them all when it is dropped.
pub(super) fn accept<F>(
    land: &Land,
    at: SocketAddr,
    serve: impl Fn(Wire) -> F + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut incoming = land.listen(at);
    async move {
        let mut open = JoinSet::new();
        while let Some(wire) = incoming.recv().await {
            while open.try_join_next().is_some() {}
            open.spawn(serve(wire));
        }
    }
}

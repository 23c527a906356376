//! The servers that people want to reach, each speaking its service's own protocol as far as a client without
//! an account can tell, and some traffic after that.

mod bulk;
mod names;
mod site;
mod stun;
mod telegram;
#[cfg(test)]
mod tests;
mod whatsapp;

pub(super) use bulk::order;
pub(super) use site::{Manners, site, speak_http};
pub(super) use stun::stun;
pub(super) use telegram::telegram;
pub(super) use whatsapp::whatsapp;

use super::land::Land;
use super::tcp::Wire;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Serves every connection to `at` until the task is dropped; so end the connections with it.
pub(super) async fn accept<F>(land: Arc<Land>, at: SocketAddr, serve: impl Fn(Wire) -> F + Send)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut incoming = land.listen(at);
    let mut open = JoinSet::new();
    while let Some(wire) = incoming.recv().await {
        while open.try_join_next().is_some() {}
        open.spawn(serve(wire));
    }
}

//! Trojan as a client, over TLS or a WebSocket in it: streams, and packets to anywhere in one stream. That a stream
//! "opened" proves nothing: the server answers only with the destination's first bytes, and a stranger with a web page.

use super::build::BuildError;
use super::headed::{Headed, Preface};
use super::proof::Proof;
use super::pump::{self, Inbox, Outbox};
use super::reach::{Reach, Under};
use super::tunnels::TrojanServer;
use super::{PacketDialer, StreamDialer, Trouble};
use crate::model::{Cause, Destination, Failure, Host, Secret, Stage, Whose};
use crate::net::{Deadline, PacketIo, Packets, Stream};
use crate::wire::trojan::{self, Command};
use futures_util::future::BoxFuture;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::ReadBuf;
use tokio::task::JoinSet;

/// A server, and the key to it.
pub(super) struct Account {
    reach: Reach,
    key: Secret<String>,
    proof: Arc<Proof>,
}

impl Account {
    pub(super) fn new(settings: &TrojanServer, under: Under, trouble: Arc<Trouble>) -> Result<Self, BuildError> {
        if settings.password.expose().is_empty() {
            return Err(BuildError::NoPassword);
        }
        let reach = Reach::straight(&settings.server, &settings.tls, settings.websocket.as_ref(), under)?;
        Ok(Self { reach, key: trojan::key(settings.password.expose()), proof: Arc::new(Proof::new(trouble)) })
    }

    async fn open(&self, command: Command, to: &Destination, deadline: Deadline) -> Result<Stream, Failure> {
        let unsayable = |_| Failure::new(Stage::Handshake, Cause::NotSupported, Whose::Local).near();
        let header = trojan::encode_request(&self.key, command, to).map_err(unsayable)?;
        let carrier = self.reach.open(deadline).await?;
        let preface = Preface::Trojan { asked_page: false };
        Ok(Box::new(Headed::new(carrier, header, preface, to.clone(), Arc::clone(&self.proof))))
    }
}

/// Streams through a server.
pub(super) struct Streams(pub(super) Arc<Account>);

impl StreamDialer for Streams {
    fn dial<'a>(&'a self, to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>> {
        Box::pin(self.0.open(Command::Stream, to, deadline))
    }
}

/// Packets through a server.
pub(super) struct PacketStreams(pub(super) Arc<Account>);

impl PacketDialer for PacketStreams {
    fn associate(&self, deadline: Deadline) -> BoxFuture<'_, Result<Packets, Failure>> {
        Box::pin(async move {
            // Each packet names its destination, so the request names none.
            let nowhere = Destination::new(Host::Ip(Ipv4Addr::UNSPECIFIED.into()), 0);
            let stream = self.0.open(Command::Packets, &nowhere, deadline).await?;
            let (mailbox, inbox) = pump::boxes();
            let (outbox, waiting) = pump::outbox();
            let mut task = JoinSet::new();
            task.spawn(async move {
                let read = |bytes: &[u8]| {
                    let packet = trojan::packet(bytes)?;
                    Ok(packet.map(|((from, payload), taken)| ((from, payload.to_vec()), taken)))
                };
                if let Err(error) = pump::pump(stream, waiting, &mailbox, read).await {
                    // Whoever still listens learns why nothing more comes.
                    let _gone = mailbox.send(Err(error)).await;
                }
            });
            Ok(Box::new(TrojanPackets { outbox, inbox, _task: task }) as Packets)
        })
    }
}

struct TrojanPackets {
    outbox: Outbox,
    inbox: Inbox,
    /// Ends with the association.
    _task: JoinSet<()>,
}

impl PacketIo for TrojanPackets {
    fn poll_send(&self, _: &mut Context<'_>, packet: &[u8], to: &Destination) -> Poll<io::Result<()>> {
        let Ok(framed) = trojan::encode_packet(to, packet) else {
            return Poll::Ready(Err(io::ErrorKind::InvalidInput.into()));
        };
        if self.outbox.is_closed() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        // What does not fit is lost, as packets are.
        let _ = self.outbox.try_send(framed);
        Poll::Ready(Ok(()))
    }

    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        self.inbox.poll_recv(cx, buf)
    }
}

//! VLESS as a client, over TLS, a WebSocket or a fronted carrier: streams, and packets with one stream for each
//! destination (plain VLESS has no other). That a stream "opened" proves nothing: the server answers only with the
//! destination's first bytes.

use super::headed::{Headed, Preface};
use super::proof::Proof;
use super::pump::{self, Inbox, Mailbox};
use super::reach::Reach;
use super::{PacketDialer, StreamDialer, Trouble};
use crate::model::{Cause, Destination, Failure, Stage, Whose};
use crate::net::{Deadline, PacketIo, Packets, Stream};
use crate::wire::vless::{self, Command, UserId};
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::ReadBuf;
use tokio::task::JoinSet;

/// How long a destination's stream may take to open.
const OPENING: Duration = Duration::from_secs(10);
/// Destinations of one association at once: a call has a dozen candidates.
const MOST_PEERS: usize = 128;

/// A server, and who we are to it.
pub(super) struct Account {
    reach: Reach,
    user: UserId,
    proof: Arc<Proof>,
}

impl Account {
    pub(super) fn new(reach: Reach, user: UserId, trouble: Arc<Trouble>) -> Self {
        Self { reach, user, proof: Arc::new(Proof::new(trouble)) }
    }

    fn over(&self, carrier: Stream, command: Command, to: &Destination) -> Result<Stream, Failure> {
        let unsayable = |_| Failure::new(Stage::Handshake, Cause::NotSupported, Whose::Local).near();
        let header = vless::encode_request(&self.user, command, to).map_err(unsayable)?;
        let preface = Preface::Vless(Vec::new());
        Ok(Box::new(Headed::new(carrier, header, preface, to.clone(), Arc::clone(&self.proof))))
    }
}

/// Streams through a server.
pub(super) struct Streams(pub(super) Arc<Account>);

impl StreamDialer for Streams {
    fn dial<'a>(&'a self, to: &'a Destination, deadline: Deadline) -> BoxFuture<'a, Result<Stream, Failure>> {
        Box::pin(async move { self.0.over(self.0.reach.open(deadline).await?, Command::Stream, to) })
    }
}

/// Packets through a server.
pub(super) struct PacketStreams(pub(super) Arc<Account>);

impl PacketDialer for PacketStreams {
    fn associate(&self, deadline: Deadline) -> BoxFuture<'_, Result<Packets, Failure>> {
        Box::pin(async move {
            // For the first destination; a server that cannot be reached is known at once.
            let spare = self.0.reach.open(deadline).await?;
            let (mailbox, inbox) = pump::boxes();
            let peers = Peers { open: HashMap::new(), spare: Some(spare), tasks: JoinSet::new(), turn: 0 };
            Ok(Box::new(VlessPackets { account: Arc::clone(&self.0), mailbox, inbox, peers: Mutex::new(peers) })
                as Packets)
        })
    }
}

struct VlessPackets {
    account: Arc<Account>,
    mailbox: Mailbox,
    inbox: Inbox,
    peers: Mutex<Peers>,
}

struct Peers {
    open: HashMap<Destination, Peer>,
    spare: Option<Stream>,
    tasks: JoinSet<()>,
    turn: u64,
}

struct Peer {
    outbox: pump::Outbox,
    /// When it was last sent to, in packets of the association.
    used: u64,
}

impl Peers {
    /// The way out to `to`; a stream of its own is opened for a new destination.
    fn outbox(&mut self, to: &Destination, account: &Arc<Account>, mailbox: &Mailbox) -> &pump::Outbox {
        self.turn += 1;
        self.open.retain(|_, peer| !peer.outbox.is_closed());
        while self.tasks.try_join_next().is_some() {}
        if self.open.len() >= MOST_PEERS && !self.open.contains_key(to) {
            let oldest = self.open.iter().min_by_key(|(_, peer)| peer.used).map(|(to, _)| to.clone());
            oldest.map(|oldest| self.open.remove(&oldest));
        }
        let turn = self.turn;
        let peer = self.open.entry(to.clone()).or_insert_with(|| {
            let (outbox, waiting) = pump::outbox();
            let (account, mailbox, to, spare) = (Arc::clone(account), mailbox.clone(), to.clone(), self.spare.take());
            self.tasks.spawn(async move {
                let opened = async {
                    let carrier = match spare {
                        Some(carrier) => carrier,
                        None => account.reach.open(Deadline::after(OPENING)).await?,
                    };
                    account.over(carrier, Command::Packets, &to)
                };
                // A destination that cannot be opened is one that does not answer.
                let Ok(stream) = opened.await else { return };
                let read = |bytes: &[u8]| {
                    Ok(vless::packet(bytes).map(|(packet, taken)| ((to.clone(), packet.to_vec()), taken)))
                };
                let _ended = pump::pump(stream, waiting, &mailbox, read).await;
            });
            Peer { outbox, used: turn }
        });
        peer.used = turn;
        &peer.outbox
    }
}

impl PacketIo for VlessPackets {
    fn poll_send(&self, _: &mut Context<'_>, packet: &[u8], to: &Destination) -> Poll<io::Result<()>> {
        let Ok(framed) = vless::encode_packet(packet) else {
            return Poll::Ready(Err(io::ErrorKind::InvalidInput.into()));
        };
        let Ok(mut peers) = self.peers.lock() else { return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())) };
        // What does not fit is lost, as packets are.
        let _ = peers.outbox(to, &self.account, &self.mailbox).try_send(framed);
        Poll::Ready(Ok(()))
    }

    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        self.inbox.poll_recv(cx, buf)
    }
}

//! One UDP association: every new destination in it is classified and planned like a connection. A way that
//! swallows a destination's packets is left for the next one; ways are opened once and shared.

use super::Sessions;
use super::report::{self, Subject, Told};
use super::routing::Routing;
use super::settings::Start;
use crate::inbound::{Association, Refusal, Request};
use crate::model::{Destination, Failure, Host, Need, Sign, TransportId, Twin};
use crate::net::{Deadline, Packets};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::ReadBuf;
use tokio::time::Instant;
use tracing::debug;

/// Packets out without one back before a way is left. 5: a lost packet or two are ordinary.
const SILENT_PACKETS: u32 = 5;
/// … and the time they get. 3 s: call set-up repeats itself for longer than that.
const SILENT_FOR: Duration = Duration::from_secs(3);
/// A destination not spoken to for this long is forgotten (RFC 4787 §4.3: no less than two minutes).
const FORGET_AFTER: Duration = Duration::from_secs(120);
/// Destinations of one association at once.
const MAX_PEERS: usize = 512;
/// Packets kept while a way is being opened.
const HELD_PACKETS: usize = 16;
/// The largest UDP payload.
const MAX_PACKET: usize = 65_535;

/// One destination of the association.
struct Peer {
    subject: Subject,
    way: TransportId,
    next: VecDeque<TransportId>,
    swallowed_by: Vec<(TransportId, Start)>,
    start: Start,
    out: u32,
    back: u32,
    last: Instant,
}

/// A way of the association.
enum Link {
    Opening(Vec<(Vec<u8>, Destination)>),
    Open(Packets),
    Failed,
}

type Opening = FuturesUnordered<BoxFuture<'static, (TransportId, Result<Packets, Failure>)>>;

/// What happens next in an association.
enum Turn {
    FromClient(usize, Destination),
    FromWay(TransportId, usize, Destination),
    Opened(TransportId, Result<Packets, Failure>),
    Tick,
    Over,
}

impl Sessions {
    /// Serves one UDP association until its TCP connection ends.
    pub(super) async fn packets(&self, request: Request) {
        let routing = self.routing.load_full();
        if !routing.ways.iter().any(|way| way.packets && way.usable) {
            let words = String::from("no configured way carries UDP");
            let _ = request.refuse(Refusal::NotSupported, words).await;
            return;
        }
        let Ok(association) = request.accept_packets().await else { return };
        Relay::new(self, routing, association).run().await;
    }
}

struct Relay<'s> {
    sessions: &'s Sessions,
    routing: Arc<Routing>,
    client: Association,
    peers: HashMap<Destination, Peer>,
    links: HashMap<TransportId, Link>,
    opening: Opening,
    up: Vec<u8>,
    down: Vec<u8>,
}

impl<'s> Relay<'s> {
    fn new(sessions: &'s Sessions, routing: Arc<Routing>, client: Association) -> Self {
        Self {
            sessions,
            routing,
            client,
            peers: HashMap::new(),
            links: HashMap::new(),
            opening: FuturesUnordered::new(),
            up: vec![0; MAX_PACKET],
            down: vec![0; MAX_PACKET],
        }
    }

    async fn run(mut self) {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            match self.turn(&mut tick).await {
                Turn::FromClient(len, to) => self.outward(len, to).await,
                Turn::FromWay(way, len, from) => self.inward(&way, len, &from).await,
                Turn::Opened(way, outcome) => self.opened(way, outcome).await,
                Turn::Tick => self.leave_silent_ways(),
                Turn::Over => break,
            }
        }
        for peer in self.peers.values() {
            report_swallowed(self.sessions, &self.routing, peer, Twin::Unknown);
        }
    }

    async fn turn(&mut self, tick: &mut tokio::time::Interval) -> Turn {
        let Self { client, links, opening, up, down, .. } = self;
        tokio::select! {
            // All arms are cancel-safe: a packet is taken only in the poll that returns it.
            got = client.packets.recv(up) => match got {
                Ok((len, to)) => Turn::FromClient(len, to),
                Err(_) => Turn::Over,
            },
            (way, len, from) = receive(links, down) => Turn::FromWay(way, len, from),
            Some((way, outcome)) = opening.next(), if !opening.is_empty() => Turn::Opened(way, outcome),
            _ = tick.tick() => Turn::Tick,
        }
    }

    async fn outward(&mut self, len: usize, to: Destination) {
        if !self.peers.contains_key(&to) && !self.admit(&to) {
            return;
        }
        let Some(peer) = self.peers.get_mut(&to) else { return };
        peer.last = Instant::now();
        if peer.out == 0 {
            peer.start = Start { moment: self.sessions.board.now(), instant: Instant::now() };
        }
        peer.out += 1;
        let way = peer.way.clone();
        self.ensure_open(&way);
        let packet = &self.up[..len];
        match self.links.get_mut(&way) {
            Some(Link::Open(link)) => {
                let _ = link.send(packet, &to).await;
            }
            Some(Link::Opening(held)) if held.len() < HELD_PACKETS => held.push((packet.to_vec(), to)),
            Some(Link::Opening(_) | Link::Failed) | None => {}
        }
    }

    /// Plans a new destination. False when nothing may carry it: then its packets are dropped here.
    fn admit(&mut self, to: &Destination) -> bool {
        if self.peers.len() >= MAX_PEERS {
            let oldest = self.peers.iter().min_by_key(|(_, peer)| peer.last).map(|(to, _)| to.clone());
            oldest.and_then(|oldest| self.peers.remove(&oldest));
        }
        let subject = Subject::of(&self.routing, to, Need::Packets);
        let plan = self.routing.plan(&subject, Need::Packets, &self.sessions.board);
        let mut next: VecDeque<_> = plan.attempts.into_iter().map(|attempt| attempt.transport).collect();
        let Some(way) = next.pop_front() else {
            debug!(%subject, "no way carries its packets");
            return false;
        };
        self.sessions.board.used(subject.route(&way));
        let start = Start { moment: self.sessions.board.now(), instant: Instant::now() };
        let last = start.instant;
        let peer = Peer { subject, way, next, swallowed_by: Vec::new(), start, out: 0, back: 0, last };
        self.peers.insert(to.clone(), peer);
        true
    }

    fn ensure_open(&mut self, way: &TransportId) {
        if self.links.contains_key(way) {
            return;
        }
        let dialer = self.routing.transports.get(way).and_then(|transport| transport.packets.clone());
        let Some(dialer) = dialer else {
            self.links.insert(way.clone(), Link::Failed);
            return;
        };
        self.links.insert(way.clone(), Link::Opening(Vec::new()));
        let deadline = Deadline::after(self.routing.patience.connect_timeout);
        let id = way.clone();
        self.opening.push(Box::pin(async move {
            let outcome = dialer.associate(deadline).await;
            (id, outcome)
        }));
    }

    async fn opened(&mut self, way: TransportId, outcome: Result<Packets, Failure>) {
        match outcome {
            Ok(link) => {
                if let Some(Link::Opening(held)) = self.links.remove(&way) {
                    for (packet, to) in held {
                        let _ = link.send(&packet, &to).await;
                    }
                }
                self.links.insert(way, Link::Open(link));
            }
            Err(failure) => {
                debug!(%way, %failure, "no association");
                for peer in self.peers.values_mut().filter(|peer| peer.way == way) {
                    let route = peer.subject.route(&way);
                    let told = Told { board: &self.sessions.board, routing: &self.routing, route, start: peer.start };
                    report::failed(&told, &failure, Twin::Unknown);
                    move_on(peer);
                }
                self.links.insert(way, Link::Failed);
            }
        }
    }

    async fn inward(&mut self, way: &TransportId, len: usize, from: &Destination) {
        let peer = match self.peers.get_mut(from) {
            Some(peer) => Some(peer),
            // A name was asked for and an address answers: the quiet peer of that port and way is meant.
            None => self.peers.iter_mut().find_map(|(to, peer)| {
                let named = matches!(to.host, Host::Name(_)) && to.port == from.port;
                (named && peer.way == *way && peer.back == 0).then_some(peer)
            }),
        };
        if let Some(peer) = peer {
            peer.last = Instant::now();
            peer.back += 1;
            if peer.back == 1 {
                let route = peer.subject.route(way);
                let told = Told { board: &self.sessions.board, routing: &self.routing, route, start: peer.start };
                report::answered(&told, None, peer.start.instant.elapsed());
                report_swallowed(self.sessions, &self.routing, peer, Twin::Answered);
                peer.swallowed_by.clear();
            }
        }
        let _ = self.client.packets.send(&self.down[..len], from).await;
    }

    /// Once a second: destinations whose packets are swallowed go another way, quiet ones are forgotten.
    fn leave_silent_ways(&mut self) {
        let (sessions, routing) = (self.sessions, Arc::clone(&self.routing));
        self.peers.retain(|_, peer| {
            if peer.last.elapsed() > FORGET_AFTER {
                report_swallowed(sessions, &routing, peer, Twin::Unknown);
                return false;
            }
            if peer.back == 0 && peer.out >= SILENT_PACKETS && peer.start.instant.elapsed() >= SILENT_FOR {
                peer.swallowed_by.push((peer.way.clone(), peer.start));
                if !move_on(peer) {
                    report_swallowed(sessions, &routing, peer, Twin::Unknown);
                    peer.swallowed_by.clear();
                    peer.out = 0;
                }
            }
            true
        });
    }
}

/// The next packet from any open way. Cancel-safe.
async fn receive(links: &HashMap<TransportId, Link>, space: &mut [u8]) -> (TransportId, usize, Destination) {
    poll_fn(|cx| {
        for (way, link) in links {
            let Link::Open(link) = link else { continue };
            let mut buf = ReadBuf::new(&mut *space);
            if let Poll::Ready(Ok(from)) = link.poll_recv(cx, &mut buf) {
                return Poll::Ready((way.clone(), buf.filled().len(), from));
            }
        }
        Poll::Pending
    })
    .await
}

/// Sends a destination's further packets over its next way.
fn move_on(peer: &mut Peer) -> bool {
    let Some(way) = peer.next.pop_front() else { return false };
    peer.way = way;
    peer.out = 0;
    true
}

fn report_swallowed(sessions: &Sessions, routing: &Routing, peer: &Peer, twin: Twin) {
    for (way, start) in &peer.swallowed_by {
        let told = Told { board: &sessions.board, routing, route: peer.subject.route(way), start: *start };
        report::sign(&told, Sign::UdpNoReply, None, twin);
    }
}

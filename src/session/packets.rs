//! One UDP association: every new destination in it is classified and planned like a connection. A way that
//! swallows a destination's packets is left for the next one; ways are opened once and shared. An association is
//! refused when no way could carry packets for anything (RFC 1928 §6, reply 7). Within one there is no word for "no"
//! (§7 has none). A first packet of QUIC that no way may carry is refused in QUIC's own words, so that its app goes on
//! by TCP at once; a datagram that was caught on its way is refused on the network itself; where nothing else is under way in the association, other packets that no way may carry end it, for
//! an app that is told nothing waits; else they are dropped. The log says so once.

mod moving;

use self::moving::Rest;
use super::Sessions;
use super::peer::{Dropped, Peer};
use super::refusal;
use super::routing::Routing;
use crate::inbound::transparent::Named;
use crate::inbound::{self, Association, Refusal, Request};
use crate::model::{Destination, Facet, Failure, Host, L4, ServiceId, Snapshot, TransportId};
use crate::net::{Deadline, Kept, Packets};
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Context;
use std::time::Duration;
use tokio::time::Instant;
use tracing::{debug, info};

/// A destination not spoken to for this long is forgotten (RFC 4787 §4.3: no less than two minutes).
const FORGET_AFTER: Duration = Duration::from_secs(120);
/// What was dropped is planned anew after this long: a way may have come back.
const DROPPED_FOR: Duration = Duration::from_secs(5);
/// Destinations of one association at once.
const MAX_PEERS: usize = 512;
/// Packets kept while a way is being opened.
const HELD_PACKETS: usize = 16;

/// A way of the association.
enum Link {
    Opening(Vec<(Kept, Destination)>),
    Open(Packets),
    Failed,
}

type Opening = FuturesUnordered<BoxFuture<'static, (TransportId, Result<Packets, Failure>)>>;

impl Sessions {
    /// Opens one UDP association; what is left is to carry its packets until its TCP connection ends, or byway does.
    pub(super) async fn packets(self: &Arc<Self>, request: Request) -> Option<inbound::Rest> {
        let routing = self.routing.load_full();
        if !self.carries_packets(&routing) {
            self.counters.refused.fetch_add(1, Ordering::Relaxed);
            let words = String::from("no configured way carries UDP for any service");
            debug!(%words, "refused");
            let _ = request.refuse(Refusal::NotSupported, words).await;
            return None;
        }
        let association = request.accept_packets().await.ok()?;
        let sessions = Arc::clone(self);
        Some(inbound::Rest::new(async move {
            let _open = Open::new(&sessions.counters.associations);
            let carrying = Relay::new(&sessions, routing, association).run();
            sessions.over.run_until_cancelled(carrying).await;
            None
        }))
    }

    /// Whether any service's packets have a way.
    fn carries_packets(&self, routing: &Routing) -> bool {
        let planned = |id| routing.plan_for(id, Facet::Calls, L4::Udp, &self.board);
        routing.services.keys().any(|id| !planned(id).attempts.is_empty())
    }
}

/// One of those that are open, until it is dropped.
struct Open<'c>(&'c AtomicU64);

impl<'c> Open<'c> {
    fn new(count: &'c AtomicU64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Relay<'s> {
    sessions: &'s Sessions,
    routing: Arc<Routing>,
    client: Association,
    peers: HashMap<Destination, Peer>,
    /// Destinations whose packets are refused, since when and why.
    dropped: HashMap<Destination, (Instant, Dropped)>,
    /// What the log was told of.
    told: HashSet<(ServiceId, Facet)>,
    links: HashMap<TransportId, Link>,
    opening: Opening,
    /// What was believed when it was last looked at.
    believed: Arc<Snapshot>,
    /// What a way would not take yet.
    up: Rest,
    /// What the client's socket would not take yet.
    down: Rest,
}

impl<'s> Relay<'s> {
    fn new(sessions: &'s Sessions, routing: Arc<Routing>, client: Association) -> Self {
        Self {
            sessions,
            routing,
            client,
            peers: HashMap::new(),
            dropped: HashMap::new(),
            told: HashSet::new(),
            links: HashMap::new(),
            opening: FuturesUnordered::new(),
            believed: sessions.board.snapshot(),
            up: Rest::new(),
            down: Rest::new(),
        }
    }

    /// Where beliefs have changed, forgets the way of each destination whose service somebody plays there: it is planned
    /// anew, and what waits for it is not sent.
    fn leave_hostile(&mut self) {
        let now = self.sessions.board.snapshot();
        if Arc::ptr_eq(&now, &self.believed) {
            return;
        }
        let (links, routing) = (&mut self.links, &self.routing);
        self.peers.retain(|to, peer| {
            let shut = now.is_hostile(&peer.subject.route(&peer.way), routing.is_bare(&peer.way));
            if shut && let Some(Link::Opening(held)) = links.get_mut(&peer.way) {
                held.retain(|(_, other)| other != to);
            }
            !shut
        });
        self.believed = now;
    }

    /// Plans a new destination, or says why nothing may carry its packets.
    fn admit(&mut self, first: &[u8], to: &Destination) -> Result<(), Dropped> {
        if let Some((_, why)) = self.dropped.get(to) {
            return Err(*why);
        }
        let naming = self.client.naming.as_ref();
        let address = naming.and_then(|naming| Some((naming, SocketAddr::new(to.host.ip()?, to.port))));
        let named = address.map_or(Named::Nothing, |(naming, at)| naming.named(at, None));
        match Peer::admit(self.sessions, &self.routing, to, &named, first) {
            Ok(peer) => {
                make_room(&mut self.peers, |peer| peer.last);
                self.peers.insert(to.clone(), peer);
                Ok(())
            }
            Err((subject, why)) => {
                self.sessions.counters.refused.fetch_add(1, Ordering::Relaxed);
                if self.told.insert((subject.service.id.clone(), subject.facet)) {
                    info!(%subject, why = why.words(), "packets are refused");
                }
                make_room(&mut self.dropped, |(since, _)| *since);
                self.dropped.insert(to.clone(), (Instant::now(), why));
                Err(why)
            }
        }
    }

    /// Says no as far as that can be said. Breaks where the association is over, as it can carry nothing of what is wanted.
    fn refuse(&mut self, cx: &mut Context<'_>, packet: &[u8], to: &Destination, why: Dropped) -> ControlFlow<()> {
        if let Some(refusal) = refusal::of_quic(packet) {
            self.pass_to_client(cx, Kept::one(refusal).run(), to);
            return ControlFlow::Continue(());
        }
        if self.client.packets.refuse(packet, to) {
            return ControlFlow::Continue(());
        }
        if why == Dropped::NoWay && self.peers.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
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

    fn opened(&mut self, cx: &mut Context<'_>, way: TransportId, outcome: Result<Packets, Failure>) {
        self.leave_hostile();
        match outcome {
            Ok(link) => {
                if let Some(Link::Opening(held)) = self.links.remove(&way) {
                    for (kept, to) in held {
                        let mut run = kept.run();
                        if link.poll_send_run(cx, &mut run, &to).is_pending() {
                            self.up.push_back((to, run.keep()));
                        }
                    }
                }
                self.links.insert(way, Link::Open(link));
            }
            Err(failure) => {
                debug!(%way, %failure, "no association");
                for peer in self.peers.values_mut().filter(|peer| peer.way == way) {
                    peer.unopened(self.sessions, &self.routing, &failure);
                }
                self.links.insert(way, Link::Failed);
            }
        }
    }

    /// Notes that something came from there by a way.
    fn hears(&mut self, way: &TransportId, from: &Destination) {
        if let Some(peer) = self.peers.get_mut(from) {
            peer.hears(self.sessions, &self.routing, way);
            return;
        }
        // A name was asked for and an address answers: the quiet peer of that port and way is meant, and whoever goes on
        // by the address means the same.
        let named = self
            .peers
            .iter_mut()
            .find(|(to, peer)| matches!(to.host, Host::Name(_)) && to.port == from.port && peer.awaits(way));
        if let Some((_, peer)) = named {
            peer.hears(self.sessions, &self.routing, way);
            let same = peer.clone();
            make_room(&mut self.peers, |peer| peer.last);
            self.peers.insert(from.clone(), same);
        }
    }

    /// Once a second: destinations whose packets are swallowed go another way, quiet ones are forgotten.
    fn look(&mut self, cx: &mut Context<'_>) {
        self.dropped.retain(|_, (since, _)| since.elapsed() <= DROPPED_FOR);
        self.peers.retain(|_, peer| peer.last.elapsed() <= FORGET_AFTER);
        let looked = self.peers.iter_mut().map(|(to, peer)| (to.clone(), peer.look(self.sessions, &self.routing)));
        let moved: Vec<_> = looked.filter_map(|(to, unanswered)| Some((to, unanswered?))).collect();
        for (to, packet) in moved {
            self.send(cx, Kept::one(packet).run(), &to);
        }
    }
}

/// Forgets the oldest of too many.
fn make_room<T>(map: &mut HashMap<Destination, T>, age: impl Fn(&T) -> Instant) {
    if map.len() >= MAX_PEERS {
        let oldest = map.iter().min_by_key(|(_, entry)| age(entry)).map(|(to, _)| to.clone());
        oldest.and_then(|oldest| map.remove(&oldest));
    }
}

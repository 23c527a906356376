//! What a check-up asks the line and the ways (`byway doctor`): the controls, some names, both IP versions, packets, and
//! over each way one object of a neutral place. Nothing here is asked that byway or an app would not ask by itself; it
//! learns nothing about services, and what the answers mean is judged elsewhere.

use super::checks::Thorough;
use super::prober::Prober;
use super::round::{body_bytes, without_body};
use super::spec::{Kind, Spec};
use crate::judge::dns::{Heard, disagreement};
use crate::judge::link::Clock;
use crate::model::{Cause, Destination, Failure, Family, Ground, Leg, LinkState, Sign, Stage, TransportId};
use crate::net::Deadline;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Names that are looked up: one of a service each, a sweep would stand out in the resolver's log.
const NAMES: usize = 3;
/// Ways that are tested: each of them is a connection to somebody's server, and a list may have hundreds.
const WAYS: usize = 6;
/// Of an object this much is read: more than a freeze lets through (14 to 34 KB), as little as proves a body.
const BODY: u32 = 72 * 1024;

/// What the controls said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineFacts {
    /// The line's state.
    pub state: LinkState,
    /// Why.
    pub ground: Ground,
    /// What this machine's clock looks like beside other people's.
    pub clock: Clock,
    /// Whether there are captive-portal canaries to ask.
    pub asks_canaries: bool,
}

impl LineFacts {
    /// Whether nothing can be learned of a way over it.
    pub const fn is_silent(&self) -> bool {
        matches!(self.state, LinkState::Offline | LinkState::Captive)
    }
}

/// What the resolvers said of some names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NameFacts {
    /// How many names were looked up.
    pub asked: u32,
    /// How many the secure resolvers answered.
    pub secure: u32,
    /// The worst disagreement of the system's resolver with them.
    pub lie: Option<Sign>,
    /// Whether the system's resolver answers for an unrelated name.
    pub system_answers: bool,
}

/// What became of a connection by one version of IP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ByFamily {
    /// A neutral place took it.
    Works,
    /// This machine has no such addresses.
    Absent,
    /// It has, and nobody answers.
    Silent,
    /// No neutral place has an address of it, or none is known.
    #[default]
    Untried,
}

/// Both versions of IP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FamilyFacts {
    /// IPv4.
    pub v4: ByFamily,
    /// IPv6.
    pub v6: ByFamily,
}

/// What packets to neutral places did over the direct way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketFacts {
    /// Whether a STUN server answered; `None` when none is known.
    pub stun: Option<bool>,
    /// Whether packets that are not STUN were answered; `None` when nobody is known to ask.
    pub other: Option<bool>,
}

/// How far a way carried a neutral place's object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// The answer came, and so many bytes as are proof against a freeze, after this time to the first byte.
    Whole(Duration),
    /// The answer came; no large object is known to ask for.
    Answered(Duration),
    /// Its own server could not be reached, or did not let us in.
    NotIn(Cause),
    /// The way is up, and no answer came through it.
    NotThrough(Cause),
    /// It began and stopped after so many bytes.
    Stopped(Cause, u64),
    /// No neutral place is known.
    NothingToAsk,
}

impl Prober {
    /// Runs the controls (C0–C3, C10, C11), unless they were run just now.
    pub async fn look_at_line(&self) -> LineFacts {
        let checked = self.rounds.check(Thorough::Fully).await;
        LineFacts {
            state: checked.state,
            ground: checked.ground,
            clock: checked.clock,
            asks_canaries: !self.rounds.anchors.captive.is_empty(),
        }
    }

    /// Looks some services' names up by the secure resolvers and by the system's (T1–T3).
    pub async fn look_at_names(&self) -> NameFacts {
        let mut facts = NameFacts::default();
        let Some(resolver) = &self.rounds.resolver else { return facts };
        for name in self.names() {
            facts.asked += 1;
            let deadline = Deadline::after(self.rounds.settings().dns_timeout * 2);
            let Ok(secure) = resolver.resolve(&name, deadline).await else { continue };
            facts.secure += 1;
            let heard: Option<Heard> = self.rounds.ask_the_system(&name, &secure.addrs).await;
            facts.lie = facts.lie.or(heard.and_then(disagreement));
        }
        facts.system_answers = self.rounds.system_answers().await;
        facts
    }

    /// The first name of each of some services, as their apps look up anyway.
    fn names(&self) -> Vec<String> {
        let mut seen = Vec::new();
        let mut names = Vec::new();
        for spec in &self.rounds.specs {
            let name = spec.targets.iter().find_map(|target| target.host.name());
            if let Some(name) = name.filter(|_| !seen.contains(&&spec.service)) {
                seen.push(&spec.service);
                names.push(name.to_owned());
            }
        }
        let some = self.rounds.asker.sources.chance.some(&names, NAMES);
        some.into_iter().cloned().collect()
    }

    /// Connects to neutral places by IPv4 and by IPv6.
    pub async fn look_at_families(&self) -> FamilyFacts {
        let mut facts = FamilyFacts::default();
        let chance = &self.rounds.asker.sources.chance;
        for spec in chance.some(&self.rounds.anchors.neutral, 2) {
            let Some(target) = spec.targets.first() else { continue };
            let addresses = self.addresses(target).await;
            for (family, found) in [(Family::V4, &mut facts.v4), (Family::V6, &mut facts.v6)] {
                let of = |ip: &&IpAddr| ip.is_ipv4() == matches!(family, Family::V4);
                let address = addresses.iter().find(of).filter(|_| *found != ByFamily::Works);
                if let Some(ip) = address {
                    *found = self.connects(SocketAddr::new(*ip, target.port)).await;
                }
            }
        }
        facts
    }

    async fn addresses(&self, target: &Destination) -> Vec<IpAddr> {
        if let Some(ip) = target.host.ip() {
            return vec![ip];
        }
        let (Some(resolver), Some(name)) = (&self.rounds.resolver, target.host.name()) else { return Vec::new() };
        let deadline = Deadline::after(self.rounds.settings().dns_timeout * 2);
        resolver.resolve(name, deadline).await.map(|answer| answer.addrs).unwrap_or_default()
    }

    async fn connects(&self, to: SocketAddr) -> ByFamily {
        let asker = &self.rounds.asker;
        let _slot = asker.slot().await;
        let deadline = Deadline::after(asker.settings.connect_timeout);
        match deadline.run(self.rounds.network.connect(to)).await {
            Some(Ok(_)) => ByFamily::Works,
            Some(Err(error)) => match Failure::from_io(Stage::Connect, &error).cause {
                Cause::NetworkUnreachable | Cause::HostUnreachable => ByFamily::Absent,
                _ if error.kind() == std::io::ErrorKind::AddrNotAvailable => ByFamily::Absent,
                _ => ByFamily::Silent,
            },
            None => ByFamily::Silent,
        }
    }

    /// Sends packets to neutral places over the direct way (T14's neutral halves).
    pub async fn look_at_packets(&self) -> PacketFacts {
        let anchors = &self.rounds.anchors;
        let direct = self.rounds.ways.iter().find(|way| way.bare && way.packets.is_some());
        let Some(way) = direct.filter(|_| !anchors.stun.is_empty() || !anchors.time.is_empty()) else {
            return PacketFacts::default();
        };
        let said = self.rounds.send_to_neutral_places(way).await;
        PacketFacts {
            stun: (said.stun.sent > 0).then_some(said.stun.answered > 0),
            other: (said.other.sent > 0).then_some(said.other.answered > 0),
        }
    }

    /// The ways that a check-up tests, those first that people's connections would take first, and how many more there are.
    pub fn ways_to_look_at(&self) -> (Vec<TransportId>, usize) {
        let place = |id: &TransportId| {
            let orders = self.rounds.services.iter().filter_map(|s| s.order.iter().position(|way| way == id));
            orders.min().unwrap_or(usize::MAX)
        };
        let mut ways: Vec<_> = self.rounds.ways.iter().map(|way| way.id.clone()).collect();
        ways.sort_by_key(place);
        let more = ways.len().saturating_sub(WAYS);
        ways.truncate(WAYS);
        (ways, more)
    }

    /// Asks a neutral place for a large object over one way.
    pub async fn look_at_way(&self, id: &TransportId) -> Carried {
        let rounds = &self.rounds;
        let Some(way) = rounds.ways.iter().find(|way| way.id == *id) else { return Carried::NothingToAsk };
        let chance = &rounds.asker.sources.chance;
        let large = chance.some(&rounds.anchors.bulk, 1).into_iter().map(shortened);
        let small = chance.some(&rounds.anchors.neutral, 1).into_iter().map(without_body);
        let Some(spec) = large.chain(small).next() else { return Carried::NothingToAsk };
        let Some(target) = spec.targets.first() else { return Carried::NothingToAsk };
        match rounds.asker.ask(way, &spec, target).await.outcome {
            Ok((answer, _)) if answer.body_proven => Carried::Whole(answer.first_byte),
            Ok((answer, _)) => Carried::Answered(answer.first_byte),
            Err(failure) => failed(&failure, way.bare),
        }
    }
}

/// As much of a large object as proves a body.
fn shortened(spec: &Spec) -> Spec {
    let mut spec = spec.clone();
    let bytes = body_bytes(&spec).min(BODY);
    if let Kind::Https(https) = &mut spec.kind {
        https.body_bytes = bytes;
    }
    spec
}

/// How far it came: to the way's own server, through it, into the object.
fn failed(failure: &Failure, bare: bool) -> Carried {
    match failure.stage {
        Stage::Body => Carried::Stopped(failure.cause, failure.received),
        _ if failure.leg == Leg::Near && !bare => Carried::NotIn(failure.cause),
        _ => Carried::NotThrough(failure.cause),
    }
}

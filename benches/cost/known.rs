//! What a byway may be told to know: services with names and prefixes, ways with a history.

use byway::model::{
    Destination, DirectRule, Facet, FirstFlight, L4, Moment, Need, NetworkId, Phase, Plan, Route, Service, ServiceId,
    Snapshot, Standing, TransportId, Way,
};
use byway::policy::{self, Matcher, Question, Rule};
use std::net::Ipv4Addr;

/// The place of a service's n-th name, and of its n-th prefix.
fn name(service: usize, n: usize) -> String {
    format!("host{n}.area{}.service{service}.test", n % 7)
}

fn network(service: usize, n: usize) -> Ipv4Addr {
    // Spread over the addresses, no two alike.
    Ipv4Addr::from(((service * 65_537 + n * 257) as u32).wrapping_mul(2_654_435_769) & 0xffff_ff00)
}

/// Services that claim `each` names and prefixes together, half of them names.
fn rules(services: usize, each: usize) -> Vec<Rule> {
    let rule = |service: usize| Rule {
        service: ServiceId::from(&*format!("service{service}")),
        facet: Facet::Text,
        names: (0..each.div_ceil(2)).map(|n| name(service, n)).collect(),
        prefixes: (0..each / 2).map(|n| format!("{}/24", network(service, n)).parse().unwrap()).collect(),
        ports: Vec::new(),
    };
    (0..services).map(rule).collect()
}

/// What tells their places apart.
pub(crate) fn matcher(services: usize, each: usize) -> Matcher {
    Matcher::build(rules(services, each))
}

/// Some of their places, in no order: names under theirs, addresses within.
pub(crate) fn places(services: usize, each: usize) -> Vec<Destination> {
    let place = |n: usize| {
        let (service, which) = ((n * 7919) % services, (n * 104_729) % (each / 2).max(1));
        let host = if n.is_multiple_of(2) {
            format!("www.{}", name(service, which))
        } else {
            let [a, b, c, _] = network(service, which).octets();
            format!("{a}.{b}.{c}.77")
        };
        Destination::parse(&format!("{host}:443")).unwrap()
    };
    (0..4096).map(place).collect()
}

/// What a matcher of so many names and prefixes holds, by what the process grows with each further one.
pub(crate) fn megabytes(many: usize) -> f64 {
    const COPIES: usize = 8;
    let matcher = matcher(100, many / 100);
    // The first fill the holes that building it has left.
    let mut copies: Vec<Matcher> = (0..4).map(|_| matcher.clone()).collect();
    let before = resident();
    copies.extend((0..COPIES).map(|_| matcher.clone()));
    let grown = resident().saturating_sub(before);
    drop(copies);
    grown as f64 / COPIES as f64 / 1e6
}

/// Bytes of this process in memory; zero where that is not told.
fn resident() -> usize {
    let told = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    told.split_ascii_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

/// A service with ways, and what is believed of them.
pub(crate) struct World {
    service: Service,
    ways: Vec<Way>,
    snapshot: Snapshot,
}

impl World {
    /// So many ways; the first two are bare.
    pub(crate) fn of(ways: usize) -> Self {
        let id = |n: usize| TransportId::from(&*format!("way{n}"));
        let service = Service {
            id: ServiceId::from("telegram"),
            title: String::from("Telegram"),
            order: (0..ways).map(id).collect(),
            direct: DirectRule::UntilBlocked,
            first_flight: FirstFlight::Mtproto,
        };
        let mut snapshot = Snapshot { network: NetworkId(1), ..Snapshot::default() };
        for transport in service.order.iter().cloned() {
            let route = Route { service: service.id.clone(), facet: Facet::Text, transport, l4: L4::Tcp };
            snapshot.standings.insert(route, Standing { phase: Phase::Ok, ..Standing::unknown(Moment::default()) });
        }
        let ways = (0..ways).map(|n| Way { id: id(n), bare: n < 2, packets: true, usable: true }).collect();
        Self { service, ways, snapshot }
    }

    pub(crate) fn plan(&self) -> Plan {
        policy::plan(&Question {
            service: &self.service,
            facet: Facet::Text,
            need: Need::Stream,
            ways: &self.ways,
            snapshot: &self.snapshot,
            now: Moment::from_millis(1000),
            dice: 0.5,
        })
    }
}

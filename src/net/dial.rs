//! Which of several addresses answers first: Happy Eyeballs (RFC 8305). Connects, and when nothing answers says
//! the most telling of the failures. Knows no names and no tunnels.

use super::io::Stream;
use super::network::{Deadline, Network};
use crate::model::{Cause, EndpointTag, Failure, Family, Stage, Whose};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::time::Instant;

/// How long an address may keep silent before the next one is tried beside it (RFC 8305 §5).
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to the first of `addrs` that answers. Families alternate; a new attempt starts every 250 ms, and at
/// once when one fails. Losers are dropped. The failure carries the tag of its endpoint and the time since the start.
pub async fn connect_any(network: &dyn Network, addrs: &[SocketAddr], deadline: Deadline) -> Result<Stream, Failure> {
    match addrs {
        [only] => connect_one(network, *only, deadline).await,
        _ => connect_staggered(network, interleave(addrs), deadline).await,
    }
}

async fn connect_one(network: &dyn Network, to: SocketAddr, deadline: Deadline) -> Result<Stream, Failure> {
    let start = Instant::now();
    let failure = match deadline.run(network.connect(to)).await {
        Some(Ok(stream)) => return Ok(stream),
        Some(Err(error)) => Failure::from_io(Stage::Connect, &error),
        None => silent(),
    };
    Err(tagged(failure, to, start))
}

async fn connect_staggered(
    network: &dyn Network,
    addrs: Vec<SocketAddr>,
    deadline: Deadline,
) -> Result<Stream, Failure> {
    let start = Instant::now();
    let mut waiting = addrs.into_iter();
    let mut running = FuturesUnordered::new();
    let mut open: Vec<SocketAddr> = Vec::new();
    let mut worst: Option<Failure> = None;
    // When the next address is tried. A timer for "now" would be a millisecond late: they have no finer grain.
    let mut next = start;

    loop {
        if next <= Instant::now()
            && let Some(to) = waiting.next()
        {
            open.push(to);
            running.push(async move { (to, network.connect(to).await) });
            next = Instant::now() + STAGGER;
        }
        tokio::select! {
            // All arms are cancel-safe: the attempts stay in `running`.
            biased;
            Some((to, outcome)) = running.next() => match outcome {
                Ok(stream) => return Ok(stream),
                Err(error) => {
                    open.retain(|other| *other != to);
                    let failure = tagged(Failure::from_io(Stage::Connect, &error), to, start);
                    worst = Some(more_telling(worst, failure));
                    next = Instant::now();
                }
            },
            () = tokio::time::sleep_until(next), if waiting.len() > 0 => {}
            () = tokio::time::sleep_until(deadline.instant()), if !running.is_empty() || waiting.len() > 0 => {
                let silent = match open.first() {
                    Some(to) => tagged(silent(), *to, start),
                    None => silent().after(start.elapsed()),
                };
                return Err(more_telling(worst, silent));
            }
            else => return Err(worst.unwrap_or_else(|| Failure::new(Stage::Resolve, Cause::DnsNoAnswer, Whose::Network))),
        }
    }
}

fn silent() -> Failure {
    Failure::new(Stage::Connect, Cause::GenericTimeoutError, Whose::Network)
}

fn tagged(failure: Failure, to: SocketAddr, start: Instant) -> Failure {
    Failure { endpoint: Some(endpoint_tag(to)), ..failure.after(start.elapsed()) }
}

/// Of two failures the one that tells more of the path; the earlier one when they tell the same.
fn more_telling(known: Option<Failure>, new: Failure) -> Failure {
    const fn rank(cause: Cause) -> u8 {
        match cause {
            Cause::ConnectionRefused => 0,
            Cause::ConnectionReset => 1,
            Cause::HostUnreachable => 2,
            Cause::GenericTimeoutError => 3,
            Cause::NetworkUnreachable => 5,
            Cause::LocalResource => 6,
            _ => 4,
        }
    }
    match known {
        Some(known) if rank(known.cause) <= rank(new.cause) => known,
        _ => new,
    }
}

/// The addresses with families alternating, the family of the first address first (RFC 8305 §4); each once.
pub fn interleave(addrs: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut distinct: Vec<SocketAddr> = Vec::with_capacity(addrs.len());
    for addr in addrs {
        if !distinct.contains(addr) {
            distinct.push(*addr);
        }
    }
    let six_first = distinct.first().is_some_and(SocketAddr::is_ipv6);
    let (one, other): (Vec<_>, Vec<_>) = distinct.into_iter().partition(|addr| addr.is_ipv6() == six_first);
    let mut mixed = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    loop {
        let pair = (one.next(), other.next());
        if pair == (None, None) {
            return mixed;
        }
        mixed.extend(pair.0);
        mixed.extend(pair.1);
    }
}

/// A tag of an endpoint that is the same within one run of the program and tells nothing outside it.
pub fn endpoint_tag(endpoint: SocketAddr) -> EndpointTag {
    static SALT: OnceLock<RandomState> = OnceLock::new();
    let hash = SALT.get_or_init(RandomState::new).hash_one(endpoint);
    let family = if endpoint.is_ipv4() { Family::V4 } else { Family::V6 };
    EndpointTag::of((hash >> 32) as u32, family)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Datagrams;
    use futures_util::future::BoxFuture;
    use std::io;
    use std::net::IpAddr;
    use std::sync::Mutex;

    /// Answers each address in the way its last octet says: 1 opens, 2 refuses, 3 is silent, 4 lacks a route.
    #[derive(Default)]
    struct Scripted {
        asked: Mutex<Vec<(SocketAddr, Duration)>>,
        start: OnceLock<Instant>,
    }

    impl Network for Scripted {
        fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>> {
            let start = *self.start.get_or_init(Instant::now);
            self.asked.lock().unwrap().push((to, start.elapsed()));
            let last = match to.ip() {
                IpAddr::V4(ip) => ip.octets()[3],
                IpAddr::V6(ip) => ip.octets()[15],
            };
            Box::pin(async move {
                match last {
                    1 => Ok(Box::new(tokio::io::duplex(8).0) as Stream),
                    2 => Err(io::ErrorKind::ConnectionRefused.into()),
                    4 => Err(io::ErrorKind::NetworkUnreachable.into()),
                    _ => std::future::pending().await,
                }
            })
        }
        fn bind_udp(&self, _: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Datagrams>>> {
            Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
        }
        fn system_lookup<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
            Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
        }
    }

    fn addrs(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 443)).collect()
    }

    #[test]
    fn families_alternate_and_nothing_is_asked_twice() {
        let list = addrs(&["2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2", "192.0.2.1"]);
        let want = addrs(&["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"]);
        assert_eq!(interleave(&list), want);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_address_costs_a_quarter_second_and_a_refusal_nothing() {
        let network = Scripted::default();
        let list = addrs(&["192.0.2.3", "198.51.100.2", "203.0.113.1"]);
        let deadline = Deadline::after(Duration::from_secs(4));
        assert!(connect_any(&network, &list, deadline).await.is_ok());
        let asked: Vec<u128> = network.asked.lock().unwrap().iter().map(|(_, at)| at.as_millis()).collect();
        assert_eq!(asked, [0, 250, 250]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_version_of_ip_that_is_dropped_costs_a_quarter_second_however_many_addresses_it_has() {
        for dropped_first in [
            addrs(&["2001:db8::3", "2001:db8::13", "192.0.2.1", "192.0.2.2"]),
            addrs(&["192.0.2.3", "198.51.100.3", "203.0.113.3", "2001:db8::1"]),
        ] {
            let (network, start) = (Scripted::default(), Instant::now());
            let deadline = Deadline::after(Duration::from_secs(4));
            assert!(connect_any(&network, &dropped_first, deadline).await.is_ok());
            assert_eq!(start.elapsed(), STAGGER);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_most_telling_failure_is_reported_with_its_endpoint() {
        let network = Scripted::default();
        let list = addrs(&["2001:db8::4", "192.0.2.3", "198.51.100.2"]);
        let deadline = Deadline::after(Duration::from_secs(4));
        let failure = connect_any(&network, &list, deadline).await.err().unwrap();
        assert_eq!(failure.cause, Cause::ConnectionRefused);
        assert_eq!(failure.endpoint, Some(endpoint_tag(list[2])));

        let failure = connect_any(&network, &list[..2], Deadline::after(Duration::from_secs(4))).await.err().unwrap();
        assert_eq!(failure.cause, Cause::GenericTimeoutError);
        assert_eq!(failure.elapsed, Duration::from_secs(4));
        assert_eq!(failure.endpoint, Some(endpoint_tag(list[1])));

        let failure = connect_any(&network, &[], deadline).await.err().unwrap();
        assert_eq!((failure.stage, failure.cause), (Stage::Resolve, Cause::DnsNoAnswer));
    }
}

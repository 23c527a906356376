//! What byway spends on finding out, by its own book and by the line's.

use crate::home::{Home, mins};
use byway::lab::Crossing;
use byway::model::ServiceId;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;

const SERVICES: [&str; 6] = ["telegram", "whatsapp", "signal", "discord", "viber", "instagram"];

/// People use six services, and no connection of theirs tells byway anything: the dearest hours there are.
async fn use_six_services(home: &Home, hours: u32) {
    let ends = Instant::now() + mins(60) * hours;
    while Instant::now() < ends {
        for service in SERVICES {
            home.byway.board().used(home.route(service, "direct"));
        }
        tokio::time::sleep(mins(4)).await;
    }
}

/// Bytes on the line since `since`.
fn bytes_since(home: &Home, since: Instant) -> u64 {
    let sizes = home.country.crossings().into_iter().filter_map(|crossing| match crossing {
        Crossing::Connection { opened, bytes, .. } if opened >= since => Some(bytes),
        _ => None,
    });
    sizes.sum()
}

/// When connections to somewhere began and ended, in order.
fn connections(home: &Home, to: impl Fn(IpAddr) -> bool) -> Vec<(Instant, Instant)> {
    let now = Instant::now();
    let spans = home.country.crossings().into_iter().filter_map(|crossing| match crossing {
        Crossing::Connection { to: at, opened, closed, .. } if to(at.ip()) => Some((opened, closed.unwrap_or(now))),
        _ => None,
    });
    spans.collect()
}

#[tokio::test(start_paused = true)]
async fn six_services_in_use_cost_at_most_a_hundred_kilobytes_an_hour() {
    let home = Home::new("").await;
    use_six_services(&home, 1).await;
    for hour in 1..6 {
        let (began, before) = (Instant::now(), home.byway.board().spent());
        use_six_services(&home, 1).await;
        let after = home.byway.board().spent();
        let (told, seen) = (after.bytes - before.bytes, bytes_since(&home, began));
        assert!(after.probes > before.probes, "hour {hour}");
        assert!(told <= 100_000, "hour {hour}: {told} bytes by the book");
        assert!(seen <= 100_000, "hour {hour}: {seen} bytes on the line");
    }
    home.leaves_no_trace().await;
}

#[tokio::test(start_paused = true)]
async fn when_nobody_is_there_it_costs_at_most_thirty_kilobytes_an_hour() {
    let home = Home::new("").await;
    use_six_services(&home, 2).await;
    for hour in 0..6 {
        let (began, before) = (Instant::now(), home.byway.board().spent());
        tokio::time::sleep(mins(60)).await;
        let (told, seen) = (home.byway.board().spent().bytes - before.bytes, bytes_since(&home, began));
        // In the first half hour nobody knows yet that nobody is there.
        let most = if hour == 0 { 100_000 } else { 30_000 };
        assert!(told <= most && seen <= most, "hour {hour}: {told} bytes by the book, {seen} on the line");
    }
    home.leaves_no_trace().await;
}

#[tokio::test(start_paused = true)]
async fn probes_have_no_beat_and_two_at_most_are_under_way() {
    let home = Home::new("").await;
    use_six_services(&home, 6).await;
    let messengers: BTreeMap<ServiceId, Vec<IpAddr>> = ["telegram", "whatsapp", "signal"]
        .map(|service| (service.into(), home.country.addresses(service).iter().map(|net| net.addr()).collect()))
        .into();
    for (service, addresses) in &messengers {
        let began: Vec<Instant> = connections(&home, |ip| addresses.contains(&ip)).iter().map(|(at, _)| *at).collect();
        let mut between: Vec<Duration> = began.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(between.len() >= 10, "{service}: {} probes", between.len());
        between.sort();
        assert!(between.windows(2).all(|pair| pair[0] != pair[1]), "{service}: {between:?}");
    }
    // The anchors and the resolver are no probes of anybody.
    let neutral: Vec<IpAddr> = home
        .country
        .anchors()
        .into_iter()
        .chain(home.country.domestic())
        .map(|(ip, _)| ip)
        .chain([home.country.resolver().ip(), "198.51.100.200".parse().unwrap()])
        .collect();
    let spans = connections(&home, |ip| !neutral.contains(&ip));
    let most = spans.iter().map(|(at, _)| spans.iter().filter(|(begin, end)| begin <= at && at < end).count()).max();
    assert!(most <= Some(2), "{most:?} at a time");
    home.leaves_no_trace().await;
}

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

/// The connections since `since`: when they began, and their bytes.
fn bytes_since(home: &Home, since: Instant) -> impl Iterator<Item = (Instant, u64)> {
    home.country.crossings().into_iter().filter_map(move |crossing| match crossing {
        Crossing::Connection { opened, bytes, .. } if opened >= since => Some((opened, bytes)),
        _ => None,
    })
}

/// When connections to somewhere began.
fn connections(home: &Home, to: impl Fn(IpAddr) -> bool) -> Vec<Instant> {
    let began = home.country.crossings().into_iter().filter_map(|crossing| match crossing {
        Crossing::Connection { to: at, opened, .. } => to(at.ip()).then_some(opened),
        _ => None,
    });
    began.collect()
}

#[tokio::test(start_paused = true)]
async fn six_services_in_use_cost_at_most_a_hundred_kilobytes_an_hour() {
    const APPS: [&str; 6] = ["telegram", "whatsapp", "signal", "discord.com", "www.viber.com", "graph.instagram.com"];
    let home = Home::new("").await;
    for hour in 0..6 {
        let (began, before) = (Instant::now(), home.byway.board().spent());
        let mut used = Vec::new();
        while began.elapsed() < mins(60) {
            used.push(Instant::now());
            for app in APPS {
                assert!(home.opens(app).await, "{app}");
            }
            // What belongs to people began in the meantime.
            used.push(Instant::now());
            tokio::time::sleep(mins(4)).await;
        }
        let by_people = |at: Instant| used.chunks(2).any(|span| span[0] <= at && at <= span[1]);
        let after = home.byway.board().spent();
        let told = after.bytes - before.bytes;
        let seen: u64 = bytes_since(&home, began).filter(|(at, _)| !by_people(*at)).map(|(_, bytes)| bytes).sum();
        assert!(after.probes > before.probes && seen > 0, "hour {hour}");
        println!("hour {hour}: {told} bytes by the book, {seen} on the line");
        // The first hour too, in which every service of the catalogue is looked at once.
        assert!(told <= 100_000 && seen <= 100_000, "hour {hour}: {told} bytes by the book, {seen} on the line");
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
        let told = home.byway.board().spent().bytes - before.bytes;
        let seen: u64 = bytes_since(&home, began).map(|(_, bytes)| bytes).sum();
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
        let began = connections(&home, |ip| addresses.contains(&ip));
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
    let mut began: Vec<Instant> = connections(&home, |ip| !neutral.contains(&ip));
    began.sort();
    // A question takes two round trips at the least, and its connection lingers; three begun within that time would
    // be under way together.
    let closest = began.windows(3).map(|three| three[2] - three[0]).min();
    assert!(closest >= Some(Duration::from_millis(80)), "three within {closest:?}");
    home.leaves_no_trace().await;
}

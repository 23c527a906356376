//! The controls on a line that is well, on one that is not, and behind a portal.

use super::asker;
use super::kinds::{https, pinned, spec};
use super::origin::{Pki, Served, Site, way};
use crate::judge::link::{Anchor, Canary, Clock, Controls};
use crate::model::Destination;
use crate::net::{Datagrams, Network, Stream};
use crate::probe::controls::{run, run_lightly};
use crate::probe::spec::{Anchors, CaptiveCheck, Kind, Spec};
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// A machine whose resolver knows `hosts`, each a plain web site, and nothing else.
pub(crate) struct Machine(pub(crate) HashMap<String, Site>);

impl Machine {
    fn address(&self, name: &str) -> Option<IpAddr> {
        let mut names: Vec<&String> = self.0.keys().collect();
        names.sort();
        let place = u8::try_from(names.iter().position(|n| *n == name)?).ok()?;
        Some(IpAddr::from(Ipv4Addr::new(192, 0, 2, place)))
    }
}

impl Network for Machine {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>> {
        Box::pin(async move {
            let site = self.0.iter().find(|(name, _)| self.address(name) == Some(to.ip())).map(|(_, site)| site);
            let site = site.cloned().ok_or(io::Error::from(io::ErrorKind::ConnectionRefused))?;
            let (client, server) = tokio::io::duplex(64 * 1024);
            tokio::spawn(site.serve(server, false));
            Ok(Box::new(client) as Stream)
        })
    }

    fn bind_udp(&self, _: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Datagrams>>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }

    fn system_lookup<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move { self.address(name).map(|ip| vec![ip]).ok_or(io::ErrorKind::NotFound.into()) })
    }
}

/// Two canaries: one with an empty answer, one with a page.
pub(crate) fn canaries() -> Vec<CaptiveCheck> {
    let check = |host: &str, path: &str, status, body: Option<&str>| CaptiveCheck {
        target: Destination::parse(host).unwrap(),
        path: path.into(),
        status,
        body: body.map(str::to_owned),
    };
    vec![check("one.test:80", "/generate_204", 204, None), check("two.test:80", "/hotspot", 200, Some("Success"))]
}

pub(crate) fn clean() -> Machine {
    let one = Site { status: 204, ..Site::default() };
    let two = Site { status: 200, body: b"Success".to_vec(), ..Site::default() };
    Machine(HashMap::from([("one.test".to_owned(), one), ("two.test".to_owned(), two)]))
}

fn portal() -> Machine {
    let login = Site { status: 302, fields: vec![("location", "http://portal.test/")], ..Site::default() };
    Machine(HashMap::from([("one.test".to_owned(), login.clone()), ("two.test".to_owned(), login)]))
}

fn places(pki: &Pki, hosts: &[&str]) -> Vec<Spec> {
    let place = |host: &&str| Spec {
        targets: vec![Destination::parse(&format!("{host}:443")).unwrap()],
        ..spec(Kind::Https(https(pinned(pki))))
    };
    hosts.iter().map(place).collect()
}

/// The controls where `dead` refuse, on `machine`.
async fn readings(machine: &Machine, dead: &'static [&'static str]) -> Controls {
    let pki = Pki::new("anchors");
    let neutral = places(&pki, &["a.test", "b.test", "c.test", "d.test"]);
    let domestic = places(&pki, &["home.test", "yard.test"]);
    let anchors = Anchors { captive: canaries(), neutral, domestic, ..Anchors::default() };
    let (way, _) = way("direct", true, move |to: &Destination| {
        let name = to.host.name().unwrap().to_owned();
        let site = Site { status: 200, ..Site::default() };
        (!dead.contains(&name.as_str())).then(|| site.behind(pki.acceptor(&name, &["http/1.1"])))
    });
    run(&asker(), &anchors, Some(&way), machine).await
}

fn answered(said: &[Anchor]) -> usize {
    said.iter().filter(|said| matches!(said, Anchor::Answered(_))).count()
}

#[tokio::test]
async fn on_a_well_line_a_canary_and_two_anchors_are_enough() {
    let readings = readings(&clean(), &[]).await;
    assert_eq!(readings.canaries, [Canary::Exact]);
    assert_eq!((answered(&readings.neutral), readings.neutral.len()), (2, 2));
    assert!(readings.domestic.is_empty());
}

#[tokio::test]
async fn a_dead_anchor_is_outvoted_by_the_others() {
    let readings = readings(&clean(), &["a.test"]).await;
    let asked = readings.neutral.len();
    assert_eq!(answered(&readings.neutral), if asked == 4 { 3 } else { 2 });
}

#[tokio::test]
async fn when_no_foreign_place_answers_the_domestic_ones_are_asked() {
    let readings = readings(&clean(), &["a.test", "b.test", "c.test", "d.test"]).await;
    assert_eq!((answered(&readings.neutral), answered(&readings.domestic)), (0, 2));
}

#[tokio::test]
async fn behind_a_portal_nothing_else_is_asked() {
    let readings = readings(&portal(), &[]).await;
    assert_eq!(readings.canaries, [Canary::Altered; 2]);
    assert!(readings.neutral.is_empty());
}

#[tokio::test]
async fn one_vendors_altered_page_is_no_portal() {
    let mut machine = clean();
    machine.0.get_mut("one.test").unwrap().status = 451;
    assert!(readings(&machine, &[]).await.canaries.contains(&Canary::Exact));
}

#[tokio::test]
async fn without_a_default_route_no_packet_leaves() {
    let mut asker = asker();
    asker.sources.has_default_route = Arc::new(|| false);
    let anchors = Anchors { captive: canaries(), ..Anchors::default() };
    let machine = clean();
    assert!(run(&asker, &anchors, None, &machine).await.unplugged);
    assert!(machine.0.values().all(|site| site.asked.lock().unwrap().is_empty()));
}

#[tokio::test]
async fn somebody_who_answers_for_all_anchors_is_noticed() {
    let (theirs, ours) = (Pki::new("anchors"), Pki::new("virus scanner"));
    let anchors = Anchors { neutral: places(&theirs, &["a.test", "b.test"]), ..Anchors::default() };
    let (way, _) = way("direct", true, move |to: &Destination| {
        Some(Site::default().behind(ours.acceptor(to.host.name().unwrap(), &[])))
    });
    let readings = run(&asker(), &anchors, Some(&way), &clean()).await;
    assert_eq!(readings.neutral, [Anchor::ForeignKey, Anchor::ForeignKey]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_line_is_known_within_seconds() {
    let began = tokio::time::Instant::now();
    let pki = Pki::new("anchors");
    let anchors = Anchors {
        captive: canaries(),
        neutral: places(&pki, &["a.test", "b.test", "c.test", "d.test"]),
        domestic: places(&pki, &["home.test", "yard.test"]),
        ..Anchors::default()
    };
    let (way, _) = way("direct", true, |_: &_| Some(Served::mute(crate::model::TcpFacts::default())));
    let readings = run(&asker(), &anchors, Some(&way), &Machine(HashMap::new())).await;
    assert_eq!((readings.canaries.as_slice(), answered(&readings.neutral)), (&[Canary::Nothing][..], 0));
    assert!(began.elapsed().as_secs() <= 16, "{:?}", began.elapsed());
}

#[tokio::test]
async fn two_clean_canaries_are_enough_for_a_routine_look_and_a_doubt_is_not() {
    let anchors = Anchors { captive: canaries(), ..Anchors::default() };
    let readings = run_lightly(&asker(), &anchors, &clean()).await.unwrap();
    assert_eq!(readings.canaries, [Canary::Exact; 2]);
    let mut doubtful = clean();
    doubtful.0.remove("two.test");
    assert_eq!(run_lightly(&asker(), &anchors, &doubtful).await, None);
}

#[tokio::test]
async fn the_clock_is_compared_with_the_servers() {
    let mut asker = asker();
    asker.sources.unix_now = Arc::new(|| super::NOW + 63_072_000);
    let anchors = Anchors { captive: canaries()[..1].to_vec(), ..Anchors::default() };
    let readings = run(&asker, &anchors, Some(&way("direct", true, |_: &_| None).0), &clean()).await;
    assert_eq!(readings.clock, Clock::Wrong);
}

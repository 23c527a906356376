//! What the prober spends in hours of virtual time.

use super::origin::{Dialled, Pki, Site, way};
use super::rounds::{Build, dials, route, web_spec, with_neutral};
use crate::model::{Destination, Evidence, ServiceId, Sign, Source};
use crate::probe::spec::Spec;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What the prober spends in an hour on five services and one tunnel whose every question is answered, by the price
/// list: `(services, controls)`. While `in_use`, somebody's connection to each service tells every ten minutes.
async fn hourly_cost(in_use: bool, hours: u64) -> (u64, u64) {
    let pki = Arc::new(Pki::new("service"));
    let serve = |pki: Arc<Pki>| {
        move |to: &Destination| {
            let acceptor = pki.acceptor(to.host.name().unwrap(), &["h2"]);
            Some(Site { status: 200, ..Site::default() }.behind(acceptor))
        }
    };
    let (direct, bare) = way("direct", true, serve(Arc::clone(&pki)));
    let (home, tunnel) = way("home", false, serve(Arc::clone(&pki)));
    let services = ["svc", "whatsapp", "messenger", "discord", "signal"];
    let named = |id: &&str| Spec { service: ServiceId::from(*id), ..web_spec(&pki) };
    let build = with_neutral(&pki, Build::new(services.iter().map(named).collect(), vec![direct, home]));
    let canaries: Vec<Dialled> = build.machine.0.values().map(|site| Arc::clone(&site.asked)).collect();
    let world = build.start();
    let stop = CancellationToken::new();
    let running = tokio::spawn(world.prober.clone().run(stop.clone()));
    for _ in 0..hours * 6 {
        for id in services.iter().filter(|_| in_use) {
            let now = world.board.now();
            let told = Evidence::new(route(id, "direct"), Source::Traffic, Sign::FlowProven, now, now);
            world.board.report(told);
        }
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
    stop.cancel();
    running.await.unwrap();
    let neutral = bare.lock().unwrap().iter().filter(|to| to.starts_with("svc-neutral")).count();
    let probes = dials(&bare) - neutral + dials(&tunnel);
    let lookups: usize = canaries.iter().map(dials).sum();
    let per_hour = |bytes: usize| bytes as u64 / hours;
    (per_hour(probes * 7_000), per_hour(neutral * 7_000 + lookups * 750))
}

#[tokio::test(start_paused = true)]
async fn in_use_and_idle_the_prober_stays_within_its_budget() {
    let (services, controls) = hourly_cost(true, 12).await;
    assert!(services + controls <= 100_000, "in use: {services} + {controls} bytes an hour");
    let (services, controls) = hourly_cost(false, 12).await;
    assert!(services + controls <= 30_000, "idle: {services} + {controls} bytes an hour");
}

//! The lab's configuration is one that byway reads, and the lab serves every place that the catalogue's probes
//! ask, so that the product runs in it with nothing but roots and accounts changed.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by ending")]

use byway::config::{Origin, load};
use byway::lab::{Country, World, demo};
use byway::model::{Destination, Host, L4};
use byway::net::Network;
use byway::probe::Kind;
use byway::wire::quic::{Ids, unknown_version};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

fn settings(country: &Country, more: &str) -> byway::config::Settings {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in country.config_files() {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let origin = Origin::file(&folder.path().join("byway.toml"), Path::new("state"));
    load(&(country.config_toml() + more), &origin, &[]).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

async fn addresses(country: &Country, to: &Destination) -> Vec<SocketAddr> {
    let ips = match &to.host {
        Host::Ip(ip) => vec![*ip],
        Host::Name(name) => country.system_lookup(name).await.unwrap_or_else(|why| panic!("{}: {why}", to.authority())),
    };
    ips.into_iter().map(|ip| SocketAddr::new(ip, to.port)).collect()
}

#[tokio::test(start_paused = true)]
async fn the_configuration_is_read_without_a_fault_in_life_and_in_a_hurry() {
    let country = World::new().start().unwrap();
    for more in ["", demo::HURRY] {
        let settings = settings(&country, more);
        let ways: Vec<&str> = settings.transports.iter().map(|spec| spec.id.as_str()).collect();
        assert_eq!(ways, ["direct", "split", "tokyo", "oslo"]);
        assert_eq!(settings.anchors.neutral.len(), country.anchors().len());
        assert_eq!(settings.anchors.domestic.len(), country.domestic().len());
    }
}

#[tokio::test(start_paused = true)]
async fn every_place_that_a_probe_of_the_catalogue_asks_answers_in_the_lab() {
    let country = World::new().start().unwrap();
    let settings = settings(&country, "");
    let anchors = settings.anchors.neutral.iter().chain(&settings.anchors.domestic);
    let specs: Vec<_> = settings.services.iter().flat_map(|service| &service.probes).chain(anchors).collect();
    assert!(specs.len() > 20);
    for spec in specs {
        for target in &spec.targets {
            for at in addresses(&country, target).await {
                match spec.l4 {
                    L4::Tcp => drop(country.connect(at).await.unwrap_or_else(|why| panic!("{at}: {why}"))),
                    L4::Udp => {
                        let socket = country.bind_udp(at).await.unwrap();
                        let request = match spec.kind {
                            Kind::Quic(_) => unknown_version(Ids { to: [1; 8], from: [2; 8] }, &[3; 1200]),
                            _ => byway::wire::stun::binding_request([1; 12]).to_vec(),
                        };
                        socket.send_to(&request, at).await.unwrap();
                        let mut buf = [0; 1500];
                        let answer = tokio::time::timeout(Duration::from_secs(5), socket.recv_from(&mut buf)).await;
                        assert_eq!(answer.unwrap_or_else(|_| panic!("{at} is silent")).unwrap().1, at);
                    }
                }
            }
        }
    }
}

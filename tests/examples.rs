//! Every file of `config/examples/` is a configuration, and means what its name says.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its files has failed")]

use byway::config::{DEFAULT, Origin, Settings, TransportKind, load};
use byway::journal::History;
use byway::model::{DirectRule, TransportId};
use byway::net::{Network, OsNetwork, Resolver};
use byway::transport::{Spec, build};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files
}

fn example(name: &str) -> Settings {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples").join(name);
    let origin = Origin::file(&path, Path::new("/state"));
    let said = |faults: Vec<byway::config::Fault>| faults.iter().map(|fault| format!("{fault}\n")).collect::<String>();
    load(&fs::read_to_string(path).unwrap(), &origin, &[]).unwrap_or_else(|faults| panic!("{}", said(faults)))
}

fn order(settings: &Settings, service: &str) -> Vec<String> {
    let spec = settings.services.iter().find(|spec| spec.service.id.as_str() == service).unwrap();
    spec.service.order.iter().map(ToString::to_string).collect()
}

#[test]
fn each_example_loads_and_says_what_it_is_for() {
    let files = examples();
    assert!(files.len() >= 8, "only {} examples", files.len());
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let settings = example(&name);
        assert!(settings.transports.len() > 2 || settings.relay.is_some(), "{name} adds nothing");
        assert!(fs::read_to_string(&file).unwrap().starts_with("# "), "{name} does not say what it is for");
        for spec in &settings.services {
            assert!(!spec.service.order.is_empty(), "{name}: {} has no way", spec.service.id);
        }
    }
}

#[test]
fn every_way_of_every_example_can_be_built() {
    let network: Arc<dyn Network> = Arc::new(OsNetwork);
    for file in examples() {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let settings = example(&name);
        let resolver = Arc::new(Resolver::new(network.clone(), settings.resolver.settings()).unwrap());
        let specs: Vec<Spec> = settings.transports.iter().map(Spec::from).collect();
        for (id, built) in build(&specs, &network, &resolver) {
            let spec = settings.transports.iter().find(|spec| spec.id == id).unwrap();
            let built = built.unwrap_or_else(|why| panic!("{name}: {id}: {why}"));
            assert_eq!((built.kind, built.bare), (spec.kind.name(), spec.kind.is_bare()), "{name}: {id}");
        }
    }
}

#[test]
fn the_embedded_default_needs_no_server() {
    let settings = load(DEFAULT, &Origin::embedded(Path::new("/state")), &[]).unwrap();
    assert!(settings.transports.iter().all(|spec| spec.kind.is_bare()));
}

#[test]
fn a_service_that_is_never_direct_has_no_bare_way_in_its_order() {
    let settings = example("telegram-never-direct.toml");
    let telegram = settings.services.iter().find(|spec| spec.service.id.as_str() == "telegram").unwrap();
    assert_eq!(telegram.service.direct, DirectRule::Never);
    assert_eq!(order(&settings, "telegram"), ["tokyo", "berlin"]);
    assert_eq!(order(&settings, "whatsapp"), ["direct", "split", "tokyo", "berlin"]);
}

#[test]
fn the_far_hop_goes_through_the_near_one() {
    let settings = example("two-hops.toml");
    let far = settings.transports.iter().find(|spec| spec.id.as_str() == "far").unwrap();
    assert_eq!(far.via.as_ref().map(TransportId::as_str), Some("near"));
}

#[test]
fn the_upstreams_are_what_they_say() {
    let kinds = |name: &str| -> Vec<&'static str> {
        example(name).transports.iter().skip(2).map(|spec| spec.kind.name()).collect()
    };
    assert_eq!(kinds("socks-upstream.toml"), ["socks5", "socks5"]);
    assert_eq!(kinds("shadowsocks.toml"), ["shadowsocks", "shadowsocks"]);
    assert_eq!(kinds("fronted.toml"), ["fronted", "fronted", "vless", "trojan"]);
    assert_eq!(kinds("external.toml"), ["external", "external", "socks5", "shadowsocks"]);
    assert!(example("relay.toml").listens.is_empty());
    let http = example("http-upstream.toml");
    assert!(matches!(&http.transports[2].kind, TransportKind::Http { tls: true, login: Some(_), .. }));
}

#[test]
fn doors_to_the_network_have_a_lock() {
    for name in ["lan.toml", "router.toml"] {
        let settings = example(name);
        assert!(settings.listens.iter().any(|listen| !listen.addr.ip().is_loopback()), "{name}");
        assert!(settings.listens.iter().all(|listen| listen.login.is_some()), "{name}");
    }
    assert_eq!(example("router.toml").history.history, History::Disk("/var/lib/byway".into()));
}

#[test]
fn a_list_stands_for_its_members_where_its_name_is() {
    let settings = example("subscription.toml");
    let names: Vec<_> = settings.order.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["direct", "split", "friends-tokyo", "friends-oslo"]);
    let panel = settings.subscriptions.iter().find(|list| list.name == "panel").unwrap();
    assert!(panel.members.is_empty() && panel.fetching().is_some());
}

//! QUIC (T13): what servers say, and what a censor makes of it.

use super::*;
use crate::wire::quic::{Answer, Client, Ids, transport_parameters, unknown_version, version_answer};
use rustls::pki_types::ServerName;
use rustls::quic::{ClientConnection, Version};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore};

const IDS: Ids = Ids { to: [7; 8], from: [9; 8] };

fn initial(name: &str) -> (Client, Vec<u8>) {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.kx_groups = vec![rustls::crypto::aws_lc_rs::kx_group::X25519];
    let mut config = ClientConfig::builder_with_provider(provider.into())
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h3".to_vec()];
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut hello = Vec::new();
    let mut tls = ClientConnection::new(config.into(), Version::V1, name, transport_parameters(IDS)).unwrap();
    tls.write_hs(&mut hello);
    let mut client = Client::new(IDS, hello).unwrap();
    let packet = client.initial().unwrap();
    (client, packet)
}

async fn exchange(country: &Country, to: SocketAddr, packet: &[u8]) -> Option<Vec<u8>> {
    let socket = country.bind_udp(to).await.unwrap();
    socket.send_to(packet, to).await.unwrap();
    let mut buf = [0; 1500];
    let (size, _) = timeout(Duration::from_secs(3), socket.recv_from(&mut buf)).await.ok()?.unwrap();
    Some(buf[..size].to_vec())
}

/// Whether the server of a name answers a v1 Initial, and a version that nobody speaks.
async fn answers(country: &Country, name: &str) -> (bool, bool) {
    let to = SocketAddr::new(country.system_lookup(name).await.unwrap()[0], 443);
    let unknown = exchange(country, to, &unknown_version(IDS, &[0x3c; 1200])).await;
    let unknown = unknown.is_some_and(|answer| version_answer(IDS, &answer).unwrap().contains(&1));
    let (client, packet) = initial(name);
    let first = exchange(country, to, &packet).await;
    (first.is_some_and(|answer| matches!(client.answer(&answer).unwrap(), Answer::Initial(_))), unknown)
}

#[tokio::test(start_paused = true)]
async fn every_site_answers_an_initial_and_an_unknown_version() {
    let country = World::new().origin("mine.example").start().unwrap();
    for name in ["web.whatsapp.com", "chat.signal.org", "anchor-one.example", "news.domestic.example", "mine.example"] {
        assert_eq!(answers(&country, name).await, (true, true), "{name}");
    }
    let site = SocketAddr::new(country.anchors()[0].0, 443);
    let (_, packet) = initial("anchor-one.example");
    assert_eq!(exchange(&country, site, &packet[..1100]).await, None, "too short to be answered");
    country.take_down([site.ip().into()]);
    assert_eq!(exchange(&country, site, &packet).await, None);
}

#[tokio::test(start_paused = true)]
async fn version_1_can_be_dropped_and_another_passes() {
    let country = country();
    country.censor().block(Target::everything(), Action::DropQuic);
    for name in ["web.whatsapp.com", "anchor-one.example"] {
        assert_eq!(answers(&country, name).await, (false, true), "{name}");
    }
    assert!(ask_stun(&country, country.stun_servers()[0].0).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_name_in_an_initial_is_read_and_its_residue_spares_tcp() {
    let country = country();
    let rule = Rule::new(Target::name("whatsapp.com"), Action::DropQuic).residual(Duration::from_secs(420));
    country.censor().add(rule);
    assert_eq!(answers(&country, "mmg.whatsapp.net").await, (true, true), "another name of the same server");
    assert_eq!(answers(&country, "web.whatsapp.com").await, (false, true));
    assert_eq!(answers(&country, "mmg.whatsapp.net").await, (false, false), "all to the address and port");
    let site = SocketAddr::new(country.system_lookup("web.whatsapp.com").await.unwrap()[0], 443);
    assert!(connect(&country, site).await.0.unwrap().is_ok());
    tokio::time::advance(Duration::from_secs(421)).await;
    assert_eq!(answers(&country, "mmg.whatsapp.net").await, (true, true));
}

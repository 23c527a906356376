//! Blocks of UDP: calls and QUIC, and what becomes of them.

use crate::home::{BRISK, Home};
use crate::said::{blamed, facet, technique, verdicts, way};
use byway::wire::quic::{Answer, Client, Ids, transport_parameters};
use byway::wire::stun;
use rustls::pki_types::ServerName;
use rustls::quic::{ClientConnection, Version};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Signal's server for calls.
const CALLS: (&str, u16) = ("turn3.voip.signal.org", 3478);
const TRANSACTION: [u8; 12] = [7; 12];

/// Sets up a call; whether it is answered within `patience`.
fn call(home: &Home, patience: Duration) -> bool {
    let is_answer = |packet: &[u8]| stun::mapped_address(packet, &TRANSACTION).is_ok();
    home.packets(CALLS, &stun::binding_request(TRANSACTION), is_answer, patience)
}

/// Calls Signal, again and again, until byway names what stops calls on the direct way; every one is carried.
fn call_until(home: &Home, expected: &str) {
    let began = Instant::now();
    while technique(way(&home.status(), "signal", "calls", "direct")) != Some(expected) {
        assert!(call(home, Duration::from_secs(20)), "calls are carried on\n{}", home.said());
        assert!(began.elapsed() < Duration::from_secs(90), "{:#}\n{}", home.why("signal"), home.said());
        std::thread::sleep(Duration::from_millis(500));
    }
    assert!(home.provider.packets("tokyo") > 0);
    let status = home.status();
    assert_eq!(facet(&status, "signal", "calls")["way"], "tokyo");
    assert_eq!(facet(&status, "signal", "text")["verdict"]["is"], "works");
    home.open("signal").unwrap();
    assert_eq!(facet(&home.status(), "signal", "text")["way"], "direct");
}

/// A home where chats and calls of Signal go out directly.
fn calling() -> Option<Home> {
    let home = Home::new(BRISK)?;
    home.open("signal").unwrap();
    assert!(call(&home, Duration::from_secs(10)), "on a clean line a call is set up");
    assert_eq!(home.provider.packets("tokyo"), 0);
    Some(home)
}

#[test]
fn scenario_28_udp_off() {
    let Some(home) = calling() else { return };
    // All but names and the tunnels, whose packets look like nothing.
    let but = |set: &str| format!("ip daddr @{set} accept\nip saddr @{set} accept\n");
    home.provider.rules(&format!("{}{}udp dport 53 accept\nmeta l4proto udp drop", but("tokyo"), but("oslo")));
    call_until(&home, "udp_blocked");
}

#[test]
fn scenario_29_stun_dpi() {
    let Some(home) = calling() else { return };
    // The magic cookie (RFC 8489 §5), behind eight bytes of UDP and four of STUN.
    home.provider.rules("meta l4proto udp @th,96,32 0x2112a442 drop");
    call_until(&home, "stun_dpi");
}

/// A QUIC client's first datagram for a name, and the client that knows its answer.
fn initial(name: &str) -> (Client, Vec<u8>) {
    let ids = Ids { to: fastrand::u64(..).to_be_bytes(), from: [9; 8] };
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    // A hello of one packet.
    provider.kx_groups = vec![rustls::crypto::aws_lc_rs::kx_group::X25519];
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h3".to_vec()];
    let (name, mut hello) = (ServerName::try_from(name.to_owned()).unwrap(), Vec::new());
    let mut tls = ClientConnection::new(config.into(), Version::V1, name, transport_parameters(ids)).unwrap();
    tls.write_hs(&mut hello);
    let mut client = Client::new(ids, hello).unwrap();
    let packet = client.initial().unwrap();
    (client, packet)
}

#[test]
fn scenario_27_quic() {
    const WEB: &str = "web.whatsapp.com";
    let Some(home) = Home::new(BRISK) else { return };
    home.open(WEB).unwrap();
    let ask = |patience| {
        let (client, packet) = initial(WEB);
        let is_answer = |packet: &[u8]| matches!(client.answer(packet), Ok(Answer::Initial(_)));
        home.packets((WEB, 443), &packet, is_answer, patience)
    };
    assert!(ask(Duration::from_secs(10)), "on a clean line QUIC is answered");
    // The first packets of version 1 (RFC 9000 §17.2.2); another version passes.
    home.provider.rules("udp dport 443 @th,64,4 0xc @th,72,32 1 drop");
    let began = Instant::now();
    while !verdicts(&home.log()).contains(&String::from("whatsapp/web direct udp quic_block confirmed")) {
        let _carried = ask(Duration::from_secs(5));
        assert!(began.elapsed() < Duration::from_secs(90), "{:#}\n{}", home.why("whatsapp"), home.said());
    }
    home.open(WEB).unwrap();
    let status = home.status();
    let web = way(&status, "whatsapp", "web", "direct");
    assert_eq!(web["verdict"]["is"], "works", "over TCP it goes on: {:#}", blamed(&status).join("\n"));
    assert_eq!(facet(&status, "whatsapp", "web")["way"], "direct");
}

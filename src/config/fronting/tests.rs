use crate::config::{Origin, Settings, TransportKind, TransportSpec, load, to_toml};
use crate::model::Host;
use crate::net::tls::Trust;
use crate::transport::{Carrier, ServerTls};
use std::path::Path;

const USER: &str = "b831381d-6324-4d53-ad4f-8cda48b30811";

fn loaded(text: &str) -> Settings {
    load(text, &Origin::embedded(Path::new("/state")), &[]).unwrap_or_else(|faults| panic!("{text}\n{faults:#?}"))
}

fn way(text: &str) -> TransportSpec {
    loaded(text).transports.into_iter().nth(2).unwrap()
}

fn name(text: &str) -> Host {
    Host::parse(text).unwrap()
}

#[test]
fn a_fronted_way_shows_one_name_and_means_another() {
    let text = format!(
        "[transport.cdn.fronted]\nconnect = \"cdn.example:443\"\nsni = \"allowed.example\"\nhost = \"hidden.example\"\n\
         path = \"/ws\"\nuser = \"{USER}\"\nearly_data = 2048\n"
    );
    let TransportKind::Fronted { connect, tls, host, path, carrier, .. } = way(&text).kind else {
        panic!("not fronted")
    };
    assert_eq!(
        (connect.authority().as_str(), host.as_str(), path.as_str()),
        ("cdn.example:443", "hidden.example", "/ws")
    );
    assert_eq!((tls.shown, tls.checked), (Some(name("allowed.example")), name("allowed.example")));
    assert_eq!(carrier, Carrier::WebSocket { early_data: 2048 });
}

#[test]
fn without_a_name_in_the_hello_the_certificate_still_has_one() {
    let fronted = |connect: &str, more: &str| {
        let text = format!(
            "[transport.cdn.fronted]\nconnect = \"{connect}\"\nsni = \"none\"\nhost = \"h.example\"\npath = \"/\"\n\
             carrier = \"polling\"\nuser = \"{USER}\"\n{more}"
        );
        let TransportKind::Fronted { tls, carrier, .. } = way(&text).kind else { panic!("not fronted") };
        assert_eq!(carrier, Carrier::Polling);
        (tls.shown, tls.checked)
    };
    assert_eq!(fronted("cdn.example:443", ""), (None, name("cdn.example")));
    assert_eq!(fronted("192.0.2.1:443", "verify = \"cdn.example\""), (None, name("cdn.example")));
}

#[test]
fn the_websockets_host_is_the_certificates_name_unless_told_otherwise() {
    let vless = |websocket: &str| {
        let text = format!(
            "[transport.a.vless]\nserver = \"192.0.2.1:443\"\nuser = \"{USER}\"\nsni = \"a.example\"\nwebsocket = {websocket}\n"
        );
        let TransportKind::Vless { websocket, .. } = way(&text).kind else { panic!("not vless") };
        websocket.unwrap()
    };
    assert_eq!(vless("{ path = \"/ws\" }").host, "a.example");
    assert_eq!(vless("{ path = \"/ws\", host = \"b.example\" }").host, "b.example");
    assert_eq!(vless("{}").path, "/");
}

#[test]
fn only_a_hand_written_word_leaves_a_certificate_unchecked_and_it_is_shown() {
    let insecure = |more: &str| {
        let text = format!("[transport.a.trojan]\nlink = \"trojan://hunter2@a.example:443?allowInsecure=1\"\n{more}");
        load(&text, &Origin::embedded(Path::new("/state")), &[])
    };
    let said = insecure("").unwrap_err()[0].to_string();
    assert!(said.contains("asks not to check") && !said.contains("hunter2"), "{said}");
    let spec = insecure("allow_insecure = true\n").unwrap().transports.remove(2);
    assert!(spec.kind.warning().is_some_and(|warning| warning.contains("allow_insecure")));
    let TransportKind::Trojan { tls, .. } = &spec.kind else { panic!("not trojan") };
    assert!(matches!(ServerTls::from(tls).trust, Trust::Any));
    assert!(way("[transport.a.trojan]\nserver = \"a.example:443\"\npassword = \"x\"\n").kind.warning().is_none());
}

#[test]
fn what_was_read_is_written_and_read_back_as_the_same() {
    for text in [
        format!("[transport.a.vless]\nserver = \"a.example:443\"\nuser = \"{USER}\"\n"),
        format!("[transport.a.vless]\nserver = \"192.0.2.1:443\"\nuser = \"{USER}\"\nsni = \"a.example\"\nwebsocket = {{ path = \"/x\", early_data = 1024 }}\n"),
        "[transport.a.trojan]\nserver = \"[2001:db8::1]:443\"\npassword = \"p w\"\nsni = \"a.example\"\nallow_insecure = true\n".to_owned(),
        "[transport.a.trojan]\nserver = \"a.example:443\"\npassword = \"p\"\nech = \"offered\"\n".to_owned(),
        format!("[transport.a.fronted]\nconnect = \"192.0.2.1:443\"\nsni = \"none\"\nverify = \"c.example\"\nhost = \"h.example:8443\"\npath = \"/p?q\"\ncarrier = \"polling\"\nuser = \"{USER}\"\n"),
        format!("[transport.a.fronted]\nconnect = \"c.example:443\"\nverify = \"d.example\"\nhost = \"h.example\"\npath = \"/\"\nearly_data = 9\nuser = \"{USER}\"\n"),
    ] {
        let spec = way(&text);
        let written = to_toml(&spec);
        assert_eq!(way(&written), spec, "{written}");
    }
}

#[test]
fn a_relay_stands_beside_the_doors_or_alone() {
    let relay = format!("[listen.relay]\naddress = \"127.0.0.1:8080\"\npath = \"/4f0c2a91\"\nusers = [\"{USER}\"]\n");
    let settings = loaded(&relay);
    let found = settings.relay.unwrap();
    assert_eq!((found.addresses.len(), found.users.len(), found.allow_private), (1, 1, false));
    assert!(found.tls.is_none());
    assert_eq!(settings.listens.len(), 1, "the usual door stays");
    let alone = loaded(&format!("[listen]\nproxy = []\n{relay}"));
    assert!(alone.relay.is_some() && alone.listens.is_empty());
    let both = loaded(&format!("[listen]\nproxy = [\"127.0.0.1:5000\", \"[::1]:5000\"]\n{relay}"));
    assert_eq!(both.listens.len(), 2);
    assert!(!format!("{found:?}").contains("b831381d"), "a user is a secret");
}

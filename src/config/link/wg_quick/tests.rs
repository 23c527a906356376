use super::*;
use crate::config::{Insecure, Origin, TransportKind, import, load, to_toml};
use std::path::PathBuf;

const KEY: &str = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
const PEER: &str = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";

fn file(interface: &str, peer: &str) -> String {
    format!(
        "[Interface]\nPrivateKey = {KEY}\nAddress = 10.8.0.2/24, fd42::2/64\n{interface}\n\n[Peer]\n\
         PublicKey = {PEER}\nAllowedIPs = 0.0.0.0/0, ::/0\n{peer}\n"
    )
}

fn good(interface: &str, peer: &str) -> WgQuick {
    parse(&file(interface, peer)).unwrap()
}

fn bad(interface: &str, peer: &str) -> String {
    parse(&file(interface, peer)).unwrap_err().to_string()
}

#[test]
fn a_file_of_wg_quick_is_read() {
    let text = format!("PresharedKey={KEY}\nEndpoint = vpn.example.net:51820 # home\nPersistentKeepalive = 25");
    let found = good("DNS = 10.8.0.1, lan.example\nMTU = 1420\nPostUp = iptables -A FORWARD\nTable=off", &text);
    let server = &found.server;
    assert_eq!(server.server.authority(), "vpn.example.net:51820");
    assert_eq!(server.addresses, ["10.8.0.2", "fd42::2"].map(|ip| ip.parse::<IpAddr>().unwrap()));
    assert_eq!(server.dns, ["10.8.0.1".parse::<IpAddr>().unwrap()]);
    assert_eq!((server.mtu, server.keepalive, server.preshared_key.is_some()), (1420, Some(25), true));
    assert!(server.disguise.is_plain());
    assert_eq!(found.ignored, ["PostUp", "Table"]);
    assert!(!format!("{server:?}").contains("yAnz"), "a key is never printed");
    assert_eq!(good("", "Endpoint = [2001:db8::1]:51820").server.mtu, 1280);
}

#[test]
fn amneziawgs_keys_are_read() {
    let found = good(
        "Jc = 4\nJmin = 40\nJmax = 70\nS1 = 15\nS2 = 40\nS3 = 20\nS4 = 8\nH1 = 100-200\nh2 = 1000\nH3 = 2000-3000\n\
         H4 = 4000000000\nI1 = <b 0xc300><r 16><t>\nI2 =",
        "Endpoint = 192.0.2.1:1",
    );
    let disguise = found.server.disguise;
    assert_eq!((disguise.junk, disguise.junk_least, disguise.junk_most), (4, 40, 70));
    assert_eq!((disguise.prefixes, disguise.overhead()), ([15, 40, 20, 8], 8));
    assert_eq!(disguise.headers.map(|h| h.to_string()), ["100-200", "1000", "2000-3000", "4000000000"]);
    assert_eq!(disguise.signatures.len(), 1);
}

#[test]
fn what_is_wrong_is_told_by_line_and_key_and_never_by_value() {
    let at = "Endpoint = 192.0.2.1:1";
    for (said, expected) in [
        (bad("Adress = 10.0.0.1", at), "line 4, Adress: this key is not known"),
        (bad("MTU = 100", at), "line 4, MTU: it is not a number from 576 to 9000"),
        (bad("DNS", at), "line 4, it is not KEY = VALUE"),
        (
            bad("H1 = 9-3", at),
            "line 4, H1: it is not a number up to 4294967295, or two with a - between, the smaller first",
        ),
        (bad("H1 = 2", at), "Jc to H4: H1 to H4 must not overlap"),
        (bad("I1 = <zz 4>", at), "line 4, I1: it has a tag other than b, r, rd, rc, t and c"),
        (
            bad("HeaderProtectionKey = abc", at),
            "line 4, HeaderProtectionKey: this is AmneziaWG 3, which is not carried; ask for a file of edition 2",
        ),
        (bad("", "Endpoint = 192.0.2.1"), "line 9, Endpoint: it is not host:port"),
        (bad("", ""), "Endpoint: it is missing"),
        (bad("", "PresharedKey = hunter2"), "line 9, PresharedKey: it is not a key: 32 bytes in base64, 44 characters"),
        (bad(&format!("{KEY} = 5"), at), "line 4, ***: this key is not known"),
        (parse("PrivateKey = x").unwrap_err().to_string(), "line 1, it stands before [Interface]"),
        (parse("[Interface]\n[Pear]").unwrap_err().to_string(), "line 2, only [Interface] and [Peer] are known"),
        (parse("[Interface]").unwrap_err().to_string(), "PrivateKey: it is missing"),
    ] {
        assert_eq!(said, expected);
    }
}

#[test]
fn of_several_peers_the_one_that_carries_everything_is_taken() {
    let more =
        format!("Endpoint = 192.0.2.1:1\n[Peer]\nPublicKey = {KEY}\nAllowedIPs = 10.0.0.0/8\nEndpoint = 192.0.2.2:1");
    assert_eq!(good("", &more).server.server.authority(), "192.0.2.1:1");
    let both = more.replace("10.0.0.0/8", "::/0");
    assert_eq!(bad("", &both), "[Peer]: there must be one, or one that carries everything");
}

#[test]
fn an_imported_file_comes_back_from_its_toml() {
    let text = file(
        "Jc = 3\nJmin=1\nJmax = 9\nS4 = 4\nH1=7-9\nI1 = <r 4>\nDNS = 10.8.0.1",
        "Endpoint = a.example:9\nPersistentKeepalive = 5",
    );
    let imported = import(&text, &[], Insecure::Refused).pop().unwrap();
    let spec = imported.result.unwrap();
    assert_eq!(imported.name, "wireguard");
    let origin = Origin { name: "test".into(), folder: PathBuf::new(), state: PathBuf::from("/state") };
    let settings = load(&to_toml(&spec), &origin, &[]).unwrap();
    let back = settings.transports.into_iter().find(|way| way.id == spec.id).unwrap();
    let (TransportKind::WireGuard { peer: came, .. }, TransportKind::WireGuard { peer: went, .. }) =
        (back.kind, spec.kind)
    else {
        panic!("another kind");
    };
    assert_eq!(came, went);
    assert!(import("[Interface]\nPrivateKey = x", &[], Insecure::Refused).pop().unwrap().result.is_err());
}

#[test]
fn a_file_is_named_in_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("home.conf"), file("PreUp = x", "Endpoint = 192.0.2.1:1")).unwrap();
    let origin = Origin { name: "test".into(), folder: folder.path().into(), state: PathBuf::from("/state") };
    let text = "[transport.home.wireguard]\nfile = \"home.conf\"\ntcp = \"own\"\n";
    let settings = load(text, &origin, &[]).unwrap();
    let home = settings.transports.iter().find(|way| way.id.as_str() == "home").unwrap();
    let TransportKind::WireGuard { peer, ignored } = &home.kind else { panic!("another kind") };
    assert_eq!((peer.tcp, &ignored[..]), (TcpBy::Own, &["PreUp"][..]));
    let absent = load(&text.replace("home.conf", "gone.conf"), &origin, &[]).unwrap_err();
    assert!(absent[0].to_string().contains("it cannot be read"), "{}", absent[0]);
}

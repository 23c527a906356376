use super::super::super::import::{Imported, import, to_toml};
use crate::config::settings::{TransportKind, TransportSpec};
use crate::config::{Insecure, Origin, load};
use crate::wire::amnezia::Disguise;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use miniz_oxide::deflate::compress_to_vec_zlib;
use proptest::prelude::*;
use serde_json::{Value, json};

const KEY: &str = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
const PEER: &str = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
const USER: &str = "b831381d-6324-4d53-ad4f-8cda48b30811";

fn all(text: &str) -> Vec<Imported> {
    import(text, &[], Insecure::Refused)
}

/// Every entry in a line: its name, and its kind or why it was left out.
fn told(text: &str) -> Vec<String> {
    let entry = |entry: Imported| match entry.result {
        Ok(spec) => format!("{} = {}", entry.name, spec.kind.name()),
        Err(why) => format!("{}: {why}", entry.name),
    };
    all(text).into_iter().map(entry).collect()
}

fn one(text: &str) -> TransportKind {
    let mut all = all(text);
    assert_eq!(all.len(), 1);
    all.remove(0).result.unwrap().kind
}

fn reason(text: &str) -> String {
    let mut all = all(text);
    assert_eq!(all.len(), 1);
    all.remove(0).result.unwrap_err().reason
}

/// What was read is what a configuration with it says.
fn comes_back(spec: &TransportSpec) {
    let text = to_toml(spec);
    let settings = load(&text, &Origin::embedded(std::path::Path::new("/state")), &[]);
    let settings = settings.unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
    let mut spec = spec.clone();
    if let TransportKind::WireGuard { ignored, .. } = &mut spec.kind {
        ignored.clear();
    }
    assert_eq!(settings.transports.last(), Some(&spec), "{text}");
}

fn amnezia(document: &Value) -> String {
    let text = document.to_string();
    let mut bytes = u32::try_from(text.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(compress_to_vec_zlib(text.as_bytes(), 8));
    format!("vpn://{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

fn shared(container: &str, protocol: &str, file: &str) -> Value {
    let last = json!({"config": file, "client_priv_key": KEY}).to_string();
    json!({
        "containers": [
            {"container": "amnezia-openvpn", "openvpn": {"last_config": "{}"}},
            {"container": container, protocol: {"last_config": last, "port": "51820"}},
        ],
        "defaultContainer": container, "description": "My server", "dns1": "1.1.1.1", "dns2": "", "hostName": "203.0.113.7",
    })
}

fn wg_quick() -> String {
    format!(
        "[Interface]\nAddress = 10.8.1.2/32\nDNS = $PRIMARY_DNS, $SECONDARY_DNS\nPrivateKey = {KEY}\nJc = 4\nJmin = 10\n\
         Jmax = 50\nS1 = 100\nS2 = 50\nH1 = 1403\nH2 = 88\nH3 = 9301\nH4 = 77\n\n[Peer]\nPublicKey = {PEER}\n\
         PresharedKey = {PEER}\nAllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = 203.0.113.7:51820\nPersistentKeepalive = 25\n"
    )
}

#[test]
fn amnezias_key_holds_its_file() {
    let document = shared("amnezia-awg", "awg", &wg_quick());
    let raw = format!("vpn://{}", BASE64_STANDARD.encode(document.to_string()));
    for text in [amnezia(&document), raw, format!("// home\n{}\n", amnezia(&document)), document.to_string()] {
        let entry = all(&text).remove(0);
        assert_eq!(entry.name, "my-server");
        let spec = entry.result.unwrap();
        let TransportKind::WireGuard { peer, .. } = &spec.kind else { panic!("not wireguard") };
        assert_eq!((peer.disguise.junk, peer.disguise.prefixes), (4, [100, 50, 0, 0]));
        assert_eq!(peer.dns, ["1.1.1.1".parse::<std::net::IpAddr>().unwrap()]);
        comes_back(&spec);
    }
    let plain = wg_quick().lines().filter(|line| !line.starts_with(['J', 'S', 'H'])).collect::<Vec<_>>().join("\n");
    let TransportKind::WireGuard { peer, .. } = one(&amnezia(&shared("amnezia-wireguard", "wireguard", &plain))) else {
        panic!("not wireguard")
    };
    assert_eq!(peer.disguise, Disguise::default());
}

#[test]
fn amnezias_other_keys_are_told_for_what_they_are() {
    let container =
        |name: &str| json!({"containers": [{"container": name, "x": {}}], "userName": "root", "password": "hunter2"});
    for (document, word) in [
        (json!({"config_version": 2, "api_config": {"x": 1}, "auth_data": {"api_key": "hunter2"}}), "own service"),
        (container("amnezia-awg"), "administrator"),
        (container("amnezia-xray"), "REALITY"),
        (container("amnezia-openvpn"), "neither"),
        (shared("amnezia-awg", "awg", "[Interface]\nPrivateKey = hunter2"), "line 2, PrivateKey"),
        (json!([1]), "not what AmneziaVPN shares"),
    ] {
        let said = reason(&amnezia(&document));
        assert!(said.contains(word) && !said.contains("hunter2"), "{said}");
    }
    let cut = amnezia(&shared("amnezia-awg", "awg", &wg_quick()));
    assert!(reason(&cut[..cut.len() / 2]).contains("whole"));
    // A stream that swells: 64 MiB of zeros in some 60 kB.
    let bomb = BASE64_URL_SAFE_NO_PAD.encode([vec![0; 4], compress_to_vec_zlib(&vec![0; 64 << 20], 6)].concat());
    assert!(reason(&format!("vpn://{bomb}")).contains("whole"));
}

const CLASH: &str = "\u{feff}port: 7890
common: &tls {tls: true, client-fingerprint: chrome}
proxies:
  - {name: Токио 1, type: ss, server: a.example, port: '8388', cipher: aes-256-gcm, password: 0123, udp: true}
  - name: ss-plugin
    type: ss
    server: a.example
    port: 8388
    cipher: aes-256-gcm
    password: hunter2
    plugin: shadow-tls
  - {name: t, type: trojan, server: 2001:db8::1, port: 443, password: \"p: w\", sni: front.example, alpn: [h2]}
  - name: v
    <<: *tls
    type: vless
    server: a.example
    port: 443
    uuid: b831381d-6324-4d53-ad4f-8cda48b30811
    servername: front.example
    network: ws
    ws-opts:
      path: /ws?x=1
      headers: {Host: hidden.example}
      max-early-data: 2048
      early-data-header-name: Sec-WebSocket-Protocol
  - {name: r, type: vless, server: a.example, port: 443, uuid: x, tls: true, reality-opts: {public-key: x}}
  - {name: plain, type: vless, server: a.example, port: 443, uuid: x}
  - {name: open, type: trojan, server: a.example, port: 443, password: hunter2, skip-cert-verify: true}
  - {name: pinned, type: trojan, server: a.example, port: 443, password: hunter2, fingerprint: aabb}
  - {name: s, type: socks5, server: a.example, port: 1080, username: anna, password: hunter2}
  - {name: s2, type: socks5, server: a.example, port: 1080, tls: true}
  - {name: h, type: http, server: a.example, port: 443, tls: true, sni: b.example}
  - {name: h2, type: http, server: a.example, port: 443, tls: true, skip-cert-verify: yes}
  - {name: through, type: ss, server: a.example, port: 1, cipher: aes-256-gcm, password: hunter2, dialer-proxy: h}
  - {name: old, type: vmess, server: a.example, port: 443, uuid: x}
  - {name: quic, type: hysteria2, server: a.example, port: 443, password: hunter2}
  - {name: nowhere, type: trojan, server: a.example, port: 0, password: hunter2}
  - hunter2
rules:
  - MATCH,t
";

#[test]
fn a_clash_list_is_read_entry_by_entry() {
    let said = told(CLASH);
    let expected = [
        "токио-1 = shadowsocks",
        "ss-plugin: its settings: the plugin shadow-tls is not carried; ask for a key without a plugin",
        "t = trojan",
        "v = vless",
        "r: its settings: REALITY",
        "plain: its settings: security is not tls",
        "open: its settings: it asks not to check",
        "pinned: its settings: it pins the server's certificate",
        "s = socks5",
        "s2: its settings: SOCKS5 inside TLS",
        "h = http",
        "h2: its settings: it asks not to check the proxy's certificate",
        "through: its settings: it goes through another entry (dialer-proxy)",
        "old: its kind: VMess",
        "quic: its kind: Hysteria 2",
        "nowhere: the port: it is not a number",
        "entry 17: the document: it is no entry",
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.starts_with(expected) && !said.contains("hunter2"), "{said}");
    }
    let specs: Vec<_> = all(CLASH).into_iter().filter_map(|entry| entry.result.ok()).collect();
    specs.iter().for_each(comes_back);
    let TransportKind::Shadowsocks { password, .. } = &specs[0].kind else { panic!("not shadowsocks") };
    assert_eq!(password.expose(), "0123", "text stays as written");
    let TransportKind::Vless { tls, websocket: Some(websocket), .. } = &specs[2].kind else { panic!("not vless") };
    assert_eq!((tls.checked.name(), tls.insecure), (Some("front.example"), false));
    assert_eq!((websocket.host.as_str(), websocket.path.as_str()), ("hidden.example", "/ws?x=1"));
    assert_eq!(websocket.early_data, 2048);
    let open = import(CLASH, &[], Insecure::Allowed).remove(6).result.unwrap();
    assert!(open.kind.warning().is_some(), "a person said so");
    assert!(told("proxies: {a: b}")[0].contains("not a list"));
    assert!(told("proxies:\n- {a: [b\n")[0].contains("no YAML at line"));
}

#[test]
fn wireguard_is_read_from_a_clash_list() {
    let text = format!(
        "proxies:\n- name: wg\n  type: wireguard\n  ip: 10.8.0.2/32\n  ipv6: fd42::2\n  private-key: {KEY}\n  mtu: 1408\n  \
         dns: [1.1.1.1]\n  amnezia-wg-option: {{jc: 5, jmin: 500, jmax: 501, s1: 30, s2: 40, h1: 123456, h2: 67543, h3: 123123, \
         h4: 32345, i1: ''}}\n  PEERS"
    );
    let own = format!(
        "server: a.example\n  port: 51820\n  public-key: {PEER}\n  pre-shared-key: {PEER}\n  reserved: [0, 0, 0]"
    );
    let listed = format!(
        "peers:\n  - {{server: b.example, port: 1, public-key: {KEY}, allowed-ips: [10.0.0.0/8]}}\n  - {{server: 2001:db8::1, port: \
         51820, public-key: {PEER}, allowed-ips: ['0.0.0.0/0']}}"
    );
    for (peers, server) in [(&own, "a.example:51820"), (&listed, "[2001:db8::1]:51820")] {
        let spec = all(&text.replace("PEERS", peers)).remove(0).result.unwrap();
        let TransportKind::WireGuard { peer, .. } = &spec.kind else { panic!("not wireguard") };
        assert_eq!((peer.server.authority().as_str(), peer.mtu, peer.addresses.len()), (server, 1408, 2));
        assert_eq!((peer.disguise.junk, BASE64_STANDARD.encode(peer.public_key).as_str()), (5, PEER));
        comes_back(&spec);
    }
    for (change, word) in [
        (own.replace("[0, 0, 0]", "[1, 2, 3]"), "WARP"),
        (own.replace("51820", "x"), "Endpoint: it is not host:port"),
        (own.replace(PEER, "hunter2"), "PublicKey: it is not a key"),
        ("x: y".to_owned(), "PublicKey: it is missing"),
    ] {
        let said = reason(&text.replace("PEERS", &change));
        assert!(said.contains(word) && !said.contains("hunter2"), "{said}");
    }
}

fn sing_box() -> Value {
    let tls = json!({"enabled": true, "server_name": "front.example"});
    let ws = json!({"type": "ws", "path": "/ws", "headers": {"Host": ["hidden.example"]}, "max_early_data": 99999,
        "early_data_header_name": "sec-websocket-protocol"});
    let base = |kind: &str, more: Value| {
        let mut entry =
            json!({"type": kind, "tag": kind, "server": "a.example", "server_port": 443, "password": "hunter2"});
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry
    };
    let wireguard = json!({"type": "wireguard", "tag": "wg", "address": ["10.8.0.2/32"], "private_key": KEY, "mtu": 1408,
        "peers": [{"address": "a.example", "port": 51820, "public_key": PEER, "allowed_ips": ["0.0.0.0/0"],
            "persistent_keepalive_interval": 25}]});
    let older = json!({"type": "wireguard", "tag": "wg", "server": "a.example", "server_port": 51820, "private_key": KEY,
        "local_address": "10.8.0.2/32", "peer_public_key": PEER, "reserved": "AAAA"});
    json!({"outbounds": [
        {"type": "selector", "tag": "x", "outbounds": ["trojan"]}, {"type": "direct", "tag": "d"},
        base("shadowsocks", json!({"method": "aes-256-gcm"})),
        base("trojan", json!({"tls": {"enabled": true, "server_name": "b.example", "disable_sni": true}})),
        base("vless", json!({"uuid": USER, "tls": tls, "transport": ws})),
        base("socks", json!({"username": "anna", "version": "5"})),
        base("http", json!({"username": "anna", "tls": tls})),
        older,
        base("trojan", json!({"tls": {"enabled": true, "insecure": true}})),
        base("trojan", json!({})),
        base("http", json!({"tls": {"enabled": true, "insecure": true}})),
        base("trojan", json!({"tls": {"enabled": true, "ech": {"enabled": true}}})),
        base("trojan", json!({"tls": {"enabled": true, "certificate": ["x"]}})),
        base("vless", json!({"uuid": USER, "tls": {"enabled": true, "reality": {"enabled": true}}})),
        base("vless", json!({"uuid": USER, "tls": tls, "transport": {"type": "httpupgrade"}})),
        base("socks", json!({"version": "4a"})), base("trojan", json!({"detour": "x"})), base("tuic", json!({})),
        {"protocol": "vless", "tag": "xray"},
    ], "endpoints": [wireguard]})
}

#[test]
fn a_sing_box_configuration_is_read_entry_by_entry() {
    let text = serde_json::to_string_pretty(&sing_box()).unwrap();
    let said = told(&text);
    let expected = [
        "shadowsocks = shadowsocks",
        "trojan = trojan",
        "vless = vless",
        "socks = socks5",
        "http = http",
        "wg = wireguard",
        "trojan: its settings: it asks not to check",
        "trojan: its settings: security is not tls",
        "http: its settings: it asks not to check",
        "trojan: its settings: it hides the server's name",
        "trojan: its settings: it pins",
        "vless: its settings: REALITY",
        "vless: its settings: HTTPUpgrade",
        "socks: its kind: SOCKS4",
        "trojan: its settings: it goes through another entry (detour)",
        "tuic: its kind: TUIC",
        "xray: the document: it is Xray's own format",
        "wg-2 = wireguard",
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.starts_with(expected) && !said.contains("hunter2"), "{said}");
    }
    let specs: Vec<_> = all(&text).into_iter().filter_map(|entry| entry.result.ok()).collect();
    specs.iter().for_each(comes_back);
    let TransportKind::Trojan { tls, .. } = &specs[1].kind else { panic!("not trojan") };
    assert_eq!((&tls.shown, tls.checked.name()), (&None, Some("b.example")));
    let TransportKind::Vless { websocket: Some(websocket), .. } = &specs[2].kind else { panic!("not vless") };
    assert_eq!(
        (websocket.host.as_str(), websocket.early_data),
        ("hidden.example", crate::wire::websocket::MOST_EARLY_DATA)
    );
    assert!(reason("{\n  \"outbounds\": [,]}").contains("none at line 2"));
    assert!(reason(r#"{"log": {}}"#).contains("lists no servers"));
    assert!(all(r#"{"outbounds": []}"#).is_empty());
}

/// Every line of a text that could be a server, as the formats here list them.
fn listed() -> Vec<String> {
    let amnezia_text = shared("amnezia-awg", "awg", &wg_quick()).to_string();
    vec![CLASH.trim_start_matches('\u{feff}').to_owned(), sing_box().to_string(), amnezia_text]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[-\\[\\]{}:,&*#|>!%@'\"a-c0-9 \n]{0,60}") {
        let lossy = String::from_utf8_lossy(&bytes);
        let stream = compress_to_vec_zlib(&bytes, 1);
        let packed = [&[0; 4][..], &stream].concat();
        for text in [lossy.as_ref(), &text] {
            let _ = all(text);
            let _ = all(&format!("proxies:\n{text}"));
            let _ = all(&format!("proxies:\n- {{type: vless, tls: {text}"));
            let _ = all(&format!("{{{text}"));
            let _ = all(&format!("vpn://{text}"));
        }
        for bytes in [&bytes, &stream, &packed] {
            let _ = all(&format!("vpn://{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)));
        }
    }

    #[test]
    fn damaged_lists_never_tell_a_secret_and_what_is_still_read_comes_back(
        which in 0_usize..3, at in any::<prop::sample::Index>(), with in "[ -~\n]{0,6}", cut in 0_usize..12,
    ) {
        let mut text = listed().remove(which);
        let mut from = at.index(text.len());
        while !text.is_char_boundary(from) {
            from -= 1;
        }
        let mut to = (from + cut).min(text.len());
        while !text.is_char_boundary(to) {
            to -= 1;
        }
        text.replace_range(from..to, &with);
        for entry in all(&text) {
            match entry.result {
                Ok(spec) => comes_back(&spec),
                Err(why) => {
                    let said = why.to_string();
                    prop_assert!(!said.contains("hunter2") && !said.contains(KEY) && !said.contains(PEER), "{said}");
                }
            }
        }
    }
}

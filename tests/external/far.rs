//! Links that another program carries: what `byway import` writes for it, and a server at the far end.

use crate::peers::{Peer, command, find, find_sing_box, find_xray, free_port, start, texts, written};
use crate::traffic::{carries, chain, echoes_packets, echoes_packets_of_two};
use base64::prelude::{BASE64_STANDARD, Engine};
use byway::config::{Insecure, Outside, TransportKind, import_with};
use byway::transport::{Kind, Spec, Transport};
use serde_json::{Value, json};
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

const UUID: &str = "b831381d-6324-4d53-ad4f-8cda48b30811";

/// A link as `byway import` has it carried where only this program is.
fn by(name: &'static str, program: &Path, link: &str, insecure: Insecure) -> Kind {
    let at = program.to_path_buf();
    let find = move |asked: &str| (asked == name).then(|| at.clone());
    let outside = Outside { find: Box::new(find), folder: "/state/programs".into() };
    let spec = import_with(link, &[], insecure, &outside).remove(0).result.unwrap();
    let TransportKind::External { program, input } = &spec.kind else { panic!("not external") };
    assert_eq!(input.as_deref(), Some(Path::new("/state/programs/far.json")));
    assert!(!program.run.command.concat().contains(UUID), "no key is in an argument");
    assert!(!format!("{spec:?}").contains(UUID), "nor printed");
    Spec::from(&spec).kind
}

fn by_sing_box(program: &Path, link: &str) -> Transport {
    chain(vec![by("sing-box", program, link, Insecure::Allowed)])
}

/// What a sing-box server's `tls` says, with a certificate of its own making.
fn papers(files: &Path, name: &str, alpn: &[&str]) -> Value {
    let cert = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    json!({
        "enabled": true, "server_name": name, "alpn": alpn,
        "certificate_path": written(files, "chain.pem", &cert.cert.pem()),
        "key_path": written(files, "key.pem", &cert.signing_key.serialize_pem()),
    })
}

/// A sing-box that serves `inbound`. One that carries packets alone stands at a place of its own (`packets_at`), and a door
/// for streams beside it says when it is up.
async fn far_end(program: &Path, packets_at: Option<SocketAddr>, inbound: impl Fn(&Path) -> Value) -> Peer {
    let server = |door: SocketAddr, files: &Path| {
        let mut inbounds = vec![inbound(files)];
        inbounds[0]["listen"] = json!("127.0.0.1");
        inbounds[0]["listen_port"] = json!(packets_at.unwrap_or(door).port());
        if packets_at.is_some() {
            inbounds.push(json!({ "type": "socks", "listen": "127.0.0.1", "listen_port": door.port() }));
        }
        let config = json!({
            "log": { "disabled": true }, "inbounds": inbounds, "outbounds": [{ "type": "direct" }],
        });
        texts(&["run", "-c", &written(files, "server.json", &config.to_string())])
    };
    start(program, server).await
}

#[tokio::test]
async fn reality_by_sing_box_whose_configuration_is_in_no_argument() {
    let Some(program) = find_sing_box() else { return };
    let version = std::process::Command::new(&program).arg("version").output().unwrap().stdout;
    if !String::from_utf8_lossy(&version).contains("with_utls") {
        let _ = writeln!(
            std::io::stderr(),
            "reality skipped: this sing-box was built without uTLS; name another by BYWAY_SING_BOX"
        );
        return;
    }
    let (private, public) = key_pair(&program, &["generate", "reality-keypair"]).await;
    // REALITY borrows the handshake of a real server; sing-box itself is one, with a certificate of its own making.
    let borrowed = lender(&program).await;
    let peer = far_end(&program, None, |_| {
        json!({
            "type": "vless", "users": [{ "uuid": UUID, "flow": "xtls-rprx-vision" }],
            "tls": {
                "enabled": true, "server_name": "lender.example",
                "reality": {
                    "enabled": true, "private_key": private, "short_id": ["0123456789abcdef"],
                    "handshake": { "server": "127.0.0.1", "server_port": borrowed.at.port() },
                },
            },
        })
    })
    .await;
    let link = format!(
        "vless://{UUID}@{}?security=reality&pbk={public}&sid=0123456789abcdef&sni=lender.example&fp=chrome\
         &flow=xtls-rprx-vision&type=tcp#far",
        peer.at
    );
    let way = chain(vec![by("sing-box", &program, &link, Insecure::Refused)]);
    carries(&way).await;
    echoes_packets_of_two(&way).await;
}

/// Xray at both ends; XHTTP it carries alone.
#[tokio::test]
async fn reality_by_xray() {
    let (Some(program), Some(xray)) = (find_sing_box(), find_xray()) else { return };
    let (private, public) = key_pair(&xray, &["x25519"]).await;
    let borrowed = lender(&program).await;
    for (network, more, flow, said) in [
        ("tcp", json!({}), "xtls-rprx-vision", "type=tcp&flow=xtls-rprx-vision"),
        ("grpc", json!({ "grpcSettings": { "serviceName": "far" } }), "", "type=grpc&serviceName=far"),
        ("xhttp", json!({ "xhttpSettings": { "path": "/far" } }), "", "type=xhttp&path=/far"),
    ] {
        let server = |at: SocketAddr, files: &Path| {
            let mut stream = json!({
                "network": network, "security": "reality",
                "realitySettings": {
                    "dest": borrowed.at.to_string(), "serverNames": ["lender.example"],
                    "privateKey": private, "shortIds": ["0123456789abcdef"],
                },
            });
            stream.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let config = json!({
                "log": { "loglevel": "none" },
                "inbounds": [{
                    "listen": "127.0.0.1", "port": at.port(), "protocol": "vless",
                    "settings": { "clients": [{ "id": UUID, "flow": flow }], "decryption": "none" },
                    "streamSettings": stream,
                }],
                "outbounds": [{ "protocol": "freedom" }],
            });
            texts(&["run", "-c", &written(files, "server.json", &config.to_string())])
        };
        let peer = start(&xray, server).await;
        let link = format!(
            "vless://{UUID}@{}?security=reality&pbk={public}&sid=0123456789abcdef&sni=lender.example&fp=chrome&{said}#far",
            peer.at
        );
        let way = chain(vec![by("xray", &xray, &link, Insecure::Refused)]);
        carries(&way).await;
        echoes_packets_of_two(&way).await;
    }
}

/// A web server whose TLS handshake REALITY shows to strangers.
async fn lender(program: &Path) -> Peer {
    let inbound = |files: &Path| {
        let tls = papers(files, "lender.example", &["h2", "http/1.1"]);
        json!({ "type": "trojan", "users": [{ "password": "nobody" }], "tls": tls })
    };
    far_end(program, None, inbound).await
}

/// REALITY's private and public key, as a program makes them.
async fn key_pair(program: &Path, arguments: &[&str]) -> (String, String) {
    let mut asked = command(program, &texts(arguments));
    let said = asked.stdout(std::process::Stdio::piped()).output().await.unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let keys: Vec<&str> = said.lines().filter_map(|line| line.split_once(':')).map(|(_, key)| key.trim()).collect();
    (keys[0].to_owned(), keys[1].to_owned())
}

#[tokio::test]
async fn hysteria_2_by_sing_box() {
    let Some(program) = find_sing_box() else { return };
    let at = free_port().await;
    let inbound = |files: &Path| {
        json!({
            "type": "hysteria2", "users": [{ "password": UUID }],
            "obfs": { "type": "salamander", "password": "veil" }, "tls": papers(files, "far.example", &["h3"]),
        })
    };
    let _peer = far_end(&program, Some(at), inbound).await;
    let link = format!("hysteria2://{UUID}@{at}/?sni=far.example&insecure=1&obfs=salamander&obfs-password=veil#far");
    let way = by_sing_box(&program, &link);
    carries(&way).await;
    echoes_packets_of_two(&way).await;
}

#[tokio::test]
async fn tuic_by_sing_box() {
    let Some(program) = find_sing_box() else { return };
    let at = free_port().await;
    let inbound = |files: &Path| {
        json!({
            "type": "tuic", "users": [{ "uuid": UUID, "password": "sesame" }],
            "tls": papers(files, "far.example", &["h3"]),
        })
    };
    let _peer = far_end(&program, Some(at), inbound).await;
    for relay in ["native", "quic"] {
        let link = format!(
            "tuic://{UUID}:sesame@{at}?sni=far.example&alpn=h3&allow_insecure=1&congestion_control=bbr\
             &udp_relay_mode={relay}#far"
        );
        let way = by_sing_box(&program, &link);
        carries(&way).await;
        echoes_packets_of_two(&way).await;
    }
}

#[tokio::test]
async fn anytls_by_sing_box() {
    let Some(program) = find_sing_box() else { return };
    let inbound = |files: &Path| json!({ "type": "anytls", "users": [{ "password": UUID }], "tls": papers(files, "far.example", &[]) });
    let peer = far_end(&program, None, inbound).await;
    let way = by_sing_box(&program, &format!("anytls://{UUID}@{}/?sni=far.example&insecure=1#far", peer.at));
    carries(&way).await;
    echoes_packets_of_two(&way).await;
}

/// VLESS and Trojan in what byway does not put them in itself. Trojan in HTTPUpgrade is left out: sing-box's own server now
/// and then takes a request in two pieces for none ("bad request size").
#[tokio::test]
async fn grpc_and_http_upgrade_by_sing_box() {
    let Some(program) = find_sing_box() else { return };
    let grpc = (json!({ "type": "grpc", "service_name": "far" }), "type=grpc&serviceName=far");
    let upgrade = (json!({ "type": "httpupgrade", "path": "/far" }), "type=httpupgrade&path=/far");
    let (vless, trojan) = (("vless", json!({ "uuid": UUID })), ("trojan", json!({ "password": UUID })));
    for ((kind, user), (carriage, said)) in [(&vless, &grpc), (&vless, &upgrade), (&trojan, &grpc)] {
        let inbound = |files: &Path| {
            let tls = papers(files, "far.example", &[]);
            json!({ "type": kind, "users": [user], "tls": tls, "transport": carriage })
        };
        let peer = far_end(&program, None, inbound).await;
        let at = peer.at;
        let link = format!("{kind}://{UUID}@{at}?security=tls&sni=far.example&allowInsecure=1&{said}#far");
        let way = by_sing_box(&program, &link);
        carries(&way).await;
        echoes_packets_of_two(&way).await;
    }
}

/// A `vmess://` link as v2rayN writes it; `more` is what it says beside the server and the user.
fn vmess(at: SocketAddr, more: &Value) -> String {
    let mut link = json!({
        "v": "2", "ps": "far", "add": at.ip().to_string(), "port": at.port().to_string(), "id": UUID, "aid": "0",
        "scy": "auto", "net": "tcp", "type": "none", "tls": "",
    });
    for (key, value) in more.as_object().unwrap() {
        link[key] = value.clone();
    }
    format!("vmess://{}", BASE64_STANDARD.encode(link.to_string()))
}

#[tokio::test]
async fn vmess_by_sing_box_to_sing_box() {
    let Some(program) = find_sing_box() else { return };
    let bare = |_: &Path| json!({ "type": "vmess", "users": [{ "uuid": UUID }] });
    let peer = far_end(&program, None, bare).await;
    for cipher in ["auto", "aes-128-gcm", "chacha20-poly1305"] {
        let way = by_sing_box(&program, &vmess(peer.at, &json!({ "scy": cipher })));
        carries(&way).await;
        echoes_packets_of_two(&way).await;
    }

    let dressed = |files: &Path| {
        let tls = papers(files, "far.example", &["http/1.1"]);
        json!({ "type": "vmess", "users": [{ "uuid": UUID }], "tls": tls, "transport": { "type": "ws", "path": "/far" } })
    };
    let peer = far_end(&program, None, dressed).await;
    let more = json!({
        "net": "ws", "path": "/far", "host": "far.example", "tls": "tls", "sni": "far.example", "insecure": "1",
    });
    let way = by_sing_box(&program, &vmess(peer.at, &more));
    carries(&way).await;
    echoes_packets_of_two(&way).await;
}

#[tokio::test]
async fn vmess_by_xray_to_sing_box() {
    let (Some(program), Some(xray)) = (find_sing_box(), find_xray()) else { return };
    let bare = |_: &Path| json!({ "type": "vmess", "users": [{ "uuid": UUID }] });
    let peer = far_end(&program, None, bare).await;
    let way = chain(vec![by("xray", &xray, &vmess(peer.at, &json!({})), Insecure::Refused)]);
    carries(&way).await;
    echoes_packets_of_two(&way).await;
}

#[tokio::test]
async fn vmess_by_sing_box_to_v2ray() {
    let (Some(program), Some(v2ray)) = (find_sing_box(), find("v2ray", "v2ray")) else { return };
    let plain = (json!({ "network": "tcp" }), json!({}));
    let websocket =
        (json!({ "network": "ws", "wsSettings": { "path": "/far" } }), json!({ "net": "ws", "path": "/far" }));
    for (stream, more) in [plain, websocket] {
        let server = |at: SocketAddr, files: &Path| {
            let config = json!({
                "log": { "loglevel": "none" },
                "inbounds": [{
                    "listen": "127.0.0.1", "port": at.port(), "protocol": "vmess",
                    "settings": { "clients": [{ "id": UUID, "alterId": 0 }] }, "streamSettings": stream,
                }],
                "outbounds": [{ "protocol": "freedom" }],
            });
            texts(&["-config", &written(files, "server.json", &config.to_string())])
        };
        let peer = start(&v2ray, server).await;
        let way = by_sing_box(&program, &vmess(peer.at, &more));
        carries(&way).await;
        echoes_packets(&way).await;
    }
}

#[test]
fn an_imported_link_has_its_configuration_written_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let files = tempfile::tempdir().unwrap();
    let (config, links) = (files.path().join("config.toml"), files.path().join("links"));
    std::fs::write(&links, format!("hysteria2://{UUID}@far.example:443/?sni=far.example#far\n")).unwrap();
    let import = |more: &[&str]| {
        let mut byway = std::process::Command::new(env!("CARGO_BIN_EXE_byway"));
        // What begins with BYWAY_ is a setting.
        byway.env_remove("BYWAY_REQUIRE_PEERS");
        byway.args(["import", "--config"]).arg(&config).arg(&links).args(more);
        // Any program will do, for it is not run.
        byway.env("XDG_STATE_HOME", files.path()).env("BYWAY_SING_BOX", "/bin/sh");
        byway.output().unwrap()
    };
    let written = files.path().join("byway/programs/far.json");
    std::fs::write(&config, "").unwrap();
    assert!(import(&["--dry-run"]).status.success() && !written.exists());
    let said = import(&[]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert!(!String::from_utf8_lossy(&said.stdout).contains(UUID));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&written), mode(written.parent().unwrap())), (0o600, 0o700));
    assert!(std::fs::read_to_string(&written).unwrap().contains(UUID));
    let config = std::fs::read_to_string(&config).unwrap();
    assert!(config.contains("[transport.far.external]") && !config.contains(UUID), "{config}");
}

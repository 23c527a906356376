//! Two network namespaces on one wire: the client's machine and the server's, with a real WireGuard peer in the latter.
//! Made for one test, gone with it.

use crate::resident::{command_in, enter, finish};
use std::future::Future;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The wire's ends, and the tunnel's.
pub(crate) const SERVER: &str = "10.78.0.1";
pub(crate) const SERVER_SIX: &str = "fd78::1";
pub(crate) const INNER: &str = "10.9.0.1";
pub(crate) const INNER_SIX: &str = "fd09::1";
pub(crate) const OWN: &str = "10.9.0.2";
pub(crate) const OWN_SIX: &str = "fd09::2";
pub(crate) const PORT: u16 = 51_820;

/// What must be installed: the program, and its package.
const TOOLS: [(&str, &str); 3] = [("ip", "iproute2"), ("wg", "wireguard-tools"), ("wireguard-go", "wireguard-go")];

/// The most that a peer may take to come up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A private key and its public one, as `wg` writes them.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) private: String,
    pub(crate) public: String,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let private = wg(&["genkey"], "");
        let public = wg(&["pubkey"], &private);
        Self { private, public }
    }
}

/// A key both ends know.
pub(crate) fn preshared() -> String {
    wg(&["genpsk"], "")
}

fn wg(arguments: &[&str], input: &str) -> String {
    let mut command = Command::new("wg");
    command.args(arguments);
    finish(command, input).trim().to_owned()
}

/// The two namespaces, by name.
pub(crate) struct Ground {
    pub(crate) client: String,
    pub(crate) server: String,
    tag: String,
}

impl Ground {
    /// Makes them; `None`, and says so, where that cannot be.
    pub(crate) fn lay() -> Option<Self> {
        if let Some(missing) = missing() {
            let required = std::env::var("BYWAY_REQUIRE_PEERS").is_ok_and(|value| value == "1");
            assert!(!required, "{missing} is required");
            let test = std::thread::current().name().unwrap_or("test").to_string();
            let _told = writeln!(std::io::stderr(), "{test} skipped: there is no {missing}");
            return None;
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let tag = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let ground = Self { client: format!("byway-wg-{tag}-c"), server: format!("byway-wg-{tag}-s"), tag };
        let (client, server) = (&*ground.client, &*ground.server);
        run("ip", &["netns", "add", client]);
        run("ip", &["netns", "add", server]);
        run("ip", &["link", "add", "home0", "netns", client, "type", "veth", "peer", "name", "isp0", "netns", server]);
        let up = |link: &str, four: &str, six: &str| {
            format!(
                "addr add {four}/24 dev {link}\naddr add {six}/64 dev {link} nodad\nlink set {link} up\nlink set lo up\n"
            )
        };
        batch(client, &up("home0", "10.78.0.2", "fd78::2"));
        batch(server, &up("isp0", SERVER, SERVER_SIX));
        Some(ground)
    }

    /// Runs `ip` lines in the client's namespace.
    pub(crate) fn at_the_client(&self, lines: &str) {
        batch(&self.client, lines);
    }

    /// The same in the server's.
    pub(crate) fn at_the_server(&self, lines: &str) {
        batch(&self.server, lines);
    }

    /// Starts a peer of `program` that knows `peers`: public key, preshared key, inner addresses.
    /// `more` are lines of the control protocol for its own part (what AmneziaWG adds to WireGuard's).
    pub(crate) fn peer(&self, program: &Path, keys: &Keys, more: &str, peers: &[(&str, &str, &str)]) -> Peer {
        // The control socket's place is the interface's name, for all namespaces alike.
        let device = format!("bw{}", self.tag.replace('-', "x"));
        let child = command_in(&self.server, program.to_str().unwrap())
            .args(["-f", &device])
            .env("LOG_LEVEL", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let peer = Peer { child, device, namespace: self.server.clone() };
        peer.configure(&format!("[Interface]\nPrivateKey = {}\nListenPort = {PORT}\n", keys.private), peers);
        peer.control(program, more);
        let device = &peer.device;
        batch(
            &self.server,
            &format!(
                "addr add {INNER}/24 dev {device}\naddr add {INNER_SIX}/64 dev {device} nodad\n\
                 link set {device} mtu 1420 up\n"
            ),
        );
        peer
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        for name in [&self.client, &self.server] {
            let _gone = Command::new("ip").args(["netns", "del", name]).stderr(Stdio::null()).status();
        }
    }
}

/// A WireGuard server that ends with its test.
pub(crate) struct Peer {
    child: Child,
    device: String,
    namespace: String,
}

impl Peer {
    fn configure(&self, interface: &str, peers: &[(&str, &str, &str)]) {
        let mut text = interface.to_owned();
        for (public, preshared, addresses) in peers {
            text += &format!("[Peer]\nPublicKey = {public}\nAllowedIPs = {addresses}\n");
            if !preshared.is_empty() {
                text += &format!("PresharedKey = {preshared}\n");
            }
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let end = Instant::now() + PATIENCE;
        loop {
            let mut command = command_in(&self.namespace, "wg");
            command.args(["setconf", &self.device, file.path().to_str().unwrap()]).stderr(Stdio::null());
            if command.status().unwrap().success() {
                return;
            }
            assert!(Instant::now() < end, "the peer does not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Says more over the control socket, for which `wg` has no words.
    fn control(&self, program: &Path, lines: &str) {
        if lines.is_empty() {
            return;
        }
        let family = if program.to_string_lossy().contains("amnezia") { "amneziawg" } else { "wireguard" };
        let place = format!("/var/run/{family}/{}.sock", self.device);
        let mut socket = std::os::unix::net::UnixStream::connect(place).unwrap();
        socket.write_all(format!("set=1\n{lines}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        BufReader::new(socket).read_line(&mut answer).unwrap();
        assert_eq!(answer.trim(), "errno=0", "the peer does not take the parameters");
    }

    /// Stops or continues it as a process.
    pub(crate) fn signal(&self, signal: &str) {
        // `ip netns exec` becomes the program, so that the child is the peer itself.
        run("kill", &[signal, &self.child.id().to_string()]);
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Runs `work` inside a namespace, on a runtime of its own, to its end.
pub(crate) fn inside<T, F>(namespace: &str, work: impl FnOnce() -> F + Send) -> T
where
    T: Send,
    F: Future<Output = T>,
{
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            enter(namespace);
            // Its threads are born in the namespace.
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work())
        });
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn run(program: &str, arguments: &[&str]) {
    let mut command = Command::new(program);
    command.args(arguments);
    finish(command, "");
}

fn batch(namespace: &str, lines: &str) {
    let mut command = Command::new("ip");
    command.args(["-n", namespace, "-batch", "-"]);
    finish(command, lines);
}

/// Where a program is, if anywhere.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').map(|folder| Path::new(folder).join(program)).find(|file| file.is_file())
}

/// What is missing, in words for a person.
fn missing() -> Option<String> {
    let root = std::fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status.lines().any(|line| line.starts_with("Uid:") && line.split_ascii_whitespace().nth(2) == Some("0"))
    });
    if !root {
        return Some(String::from("root, for network namespaces,"));
    }
    if !Path::new("/dev/net/tun").exists() {
        return Some(String::from("/dev/net/tun"));
    }
    let absent = TOOLS.iter().find(|(tool, _)| on_path(tool).is_none());
    absent.map(|(tool, package)| format!("{tool} (apt-get install {package})"))
}

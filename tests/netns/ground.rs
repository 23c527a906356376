//! Three network namespaces in a row: the client's machine, the provider's box, the internet. Made for one test, gone
//! with it.

use crate::resident::{command_in, finish, inside};
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The client's address and, on the same wire, the provider's.
pub(crate) const CLIENT: &str = "10.77.0.2";
pub(crate) const GATEWAY: &str = "10.77.0.1";
/// The provider's other end, and where the internet begins.
const UPLINK: &str = "10.77.1.1";
const BACKBONE: &str = "10.77.1.2";

/// What must be installed: the program, and its package.
const TOOLS: [(&str, &str); 4] =
    [("ip", "iproute2"), ("nft", "nftables"), ("iptables-nft", "iptables"), ("dnsmasq", "dnsmasq-base")];

/// The most that anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again until `look` finds something.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The three namespaces, by name.
pub(crate) struct Ground {
    pub(crate) client: String,
    pub(crate) provider: String,
    pub(crate) internet: String,
}

impl Ground {
    /// Makes them; `None`, and says so, where that cannot be.
    pub(crate) fn lay() -> Option<Self> {
        if let Some(missing) = missing() {
            let required = std::env::var("BYWAY_REQUIRE_PEERS").is_ok_and(|value| value == "1");
            assert!(!required, "{missing} is required");
            skipped(&missing);
            return None;
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let tag = format!("byway-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let ground = Self {
            client: format!("{tag}-client"),
            provider: format!("{tag}-provider"),
            internet: format!("{tag}-internet"),
        };
        for name in [&ground.client, &ground.provider, &ground.internet] {
            run("ip", &["netns", "add", name]);
        }
        ground.wire();
        Some(ground)
    }

    fn wire(&self) {
        let (client, provider, internet) = (&*self.client, &*self.provider, &*self.internet);
        for (one, near, other, far) in [(client, "home0", provider, "cust0"), (provider, "up0", internet, "isp0")] {
            run("ip", &["link", "add", near, "netns", one, "type", "veth", "peer", "name", far, "netns", other]);
        }
        // Packets of a wire's size, one by one: a policer must see them as a box on a line does.
        let up = |link: &str| format!("link set {link} gso_max_segs 1 gro_max_size 1 up\nlink set lo up\n");
        batch(client, &format!("{}addr add {CLIENT}/24 dev home0\nroute add default via {GATEWAY}\n", up("home0")));
        batch(
            provider,
            &format!(
                "{}{}addr add {GATEWAY}/24 dev cust0\naddr add {UPLINK}/24 dev up0\nroute add default via {BACKBONE}\n",
                up("cust0"),
                up("up0")
            ),
        );
        batch(internet, &format!("{}addr add {BACKBONE}/24 dev isp0\nroute add default via {UPLINK}\n", up("isp0")));
        for name in [client, provider, internet] {
            set(name, "net/ipv4/conf/all/rp_filter", "0");
        }
        // The town's sockets are bound before the machine has their addresses.
        set(internet, "net/ipv4/ip_nonlocal_bind", "1");
        set(provider, "net/ipv4/ip_forward", "1");
        set(provider, "net/netfilter/nf_conntrack_acct", "1");
        set(provider, "net/ipv4/conf/all/send_redirects", "0");
        // A machine that is in use has spoken with its gateway, and so knows its hardware address.
        inside(client, || async {
            wait_for("the gateway", || match std::net::TcpStream::connect((GATEWAY, 1)) {
                Err(why) if why.kind() == ErrorKind::ConnectionRefused => Some(()),
                _ => None,
            });
        });
    }

    /// Runs `ip` lines in the client's namespace.
    pub(crate) fn at_the_client(&self, lines: &str) {
        batch(&self.client, lines);
    }

    /// The same in the provider's.
    pub(crate) fn at_the_provider(&self, lines: &str) {
        batch(&self.provider, lines);
    }

    /// The same in the internet's.
    pub(crate) fn in_the_internet(&self, lines: &str) {
        batch(&self.internet, lines);
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        for name in [&self.client, &self.provider, &self.internet] {
            let _gone = Command::new("ip").args(["netns", "del", name]).stderr(Stdio::null()).status();
        }
    }
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

/// Sets a switch of the kernel inside a namespace.
fn set(namespace: &str, switch: &str, value: &str) {
    let mut command = command_in(namespace, "tee");
    command.arg(format!("/proc/sys/{switch}"));
    finish(command, value);
}

/// What is missing, in words for a person.
fn missing() -> Option<String> {
    let root = std::fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status.lines().any(|line| line.starts_with("Uid:") && line.split_ascii_whitespace().nth(2) == Some("0"))
    });
    if !root {
        return Some(String::from("root, for network namespaces,"));
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let is_there = |tool: &str| path.split(':').any(|folder| Path::new(folder).join(tool).is_file());
    TOOLS.iter().find(|(tool, _)| !is_there(tool)).map(|(tool, package)| format!("{tool} (apt-get install {package})"))
}

/// Straight to stderr, for the macros' output is shown only when a test fails.
fn skipped(missing: &str) {
    let test = std::thread::current().name().unwrap_or("test").to_string();
    let _told = writeln!(std::io::stderr(), "{test} skipped: there is no {missing}");
}

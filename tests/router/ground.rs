//! Three network namespaces in a row: a LAN's client, its router, the WAN. Made for one test, gone with it.

use crate::resident::{command_in, finish};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The client, and the router as it sees it.
pub(crate) const CLIENT: &str = "192.168.77.2";
pub(crate) const CLIENT_SIX: &str = "2001:db8:77::2";
pub(crate) const GATEWAY: &str = "192.168.77.1";
const GATEWAY_SIX: &str = "2001:db8:77::1";
/// The router as the WAN sees it.
pub(crate) const ROUTER: &str = "203.0.113.1";
pub(crate) const ROUTER_SIX: &str = "2001:db8:a::1";
/// The WAN's nearest machine: resolvers.
pub(crate) const WAN: &str = "203.0.113.2";
const WAN_SIX: &str = "2001:db8:a::2";
/// A tunnel's server.
pub(crate) const TUNNEL: &str = "203.0.113.9";
/// A service's machines: by prefix, and one that only a name leads to.
pub(crate) const ORIGIN: &str = "198.51.100.10";
pub(crate) const ORIGIN_SIX: &str = "2001:db8:51::10";
pub(crate) const NAMED: &str = "192.0.2.20";
/// Somebody else's machine.
pub(crate) const PLAIN: &str = "192.0.2.10";
pub(crate) const PLAIN_SIX: &str = "2001:db8:99::10";

/// What must be installed: the program, and its package.
const TOOLS: [(&str, &str); 3] = [("ip", "iproute2"), ("nft", "nftables"), ("ss-server", "shadowsocks-libev")];

/// The most that anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// Asks again until `look` finds something.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The three namespaces, by name.
pub(crate) struct Ground {
    pub(crate) lan: String,
    pub(crate) router: String,
    pub(crate) wan: String,
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
        let tag = format!("byway-rt-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let ground = Self { lan: format!("{tag}-l"), router: format!("{tag}-r"), wan: format!("{tag}-w") };
        for name in [&ground.lan, &ground.router, &ground.wan] {
            finish(program("ip", &["netns", "add", name]), "");
        }
        ground.wire();
        Some(ground)
    }

    fn wire(&self) {
        for (one, near, other, far) in
            [(&self.lan, "eth0", &self.router, "lan0"), (&self.router, "wan0", &self.wan, "isp0")]
        {
            let pair = ["link", "add", near, "netns", one, "type", "veth", "peer", "name", far, "netns", other];
            finish(program("ip", &pair), "");
        }
        set(&self.router, "net/ipv4/ip_forward", "1");
        set(&self.router, "net/ipv6/conf/all/forwarding", "1");
        let on = |link: &str, four: &str, six: &str| {
            format!("addr add {four}/24 dev {link}\naddr add {six}/64 dev {link} nodad\nlink set {link} up\n")
        };
        batch(
            &self.router,
            &format!(
                "{}{}link set lo up\nroute add default via {WAN}\nroute add ::/0 via {WAN_SIX}\n",
                on("lan0", GATEWAY, GATEWAY_SIX),
                on("wan0", ROUTER, ROUTER_SIX)
            ),
        );
        batch(
            &self.lan,
            &format!(
                "{}link set lo up\nroute add default via {GATEWAY}\nroute add ::/0 via {GATEWAY_SIX}\n",
                on("eth0", CLIENT, CLIENT_SIX)
            ),
        );
        let own = [TUNNEL, ORIGIN, NAMED, PLAIN].map(|ip| format!("addr add {ip}/32 dev lo\n")).concat();
        let own_six = [ORIGIN_SIX, PLAIN_SIX].map(|ip| format!("addr add {ip}/128 dev lo nodad\n")).concat();
        batch(
            &self.wan,
            &format!(
                "{}link set lo up\n{own}{own_six}route add 192.168.77.0/24 via {ROUTER}\n\
             route add 2001:db8:77::/64 via {ROUTER_SIX}\n",
                on("isp0", WAN, WAN_SIX)
            ),
        );
    }

    /// Gives nft in a namespace something to read.
    pub(crate) fn nft(namespace: &str, script: &str) {
        let mut nft = command_in(namespace, "nft");
        nft.args(["-f", "-"]);
        finish(nft, script);
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        for name in [&self.lan, &self.router, &self.wan] {
            let _gone = Command::new("ip").args(["netns", "del", name]).stderr(Stdio::null()).status();
        }
    }
}

fn program(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

fn batch(namespace: &str, lines: &str) {
    finish(program("ip", &["-n", namespace, "-batch", "-"]), lines);
}

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

//! The provider: forwards, counts, resolves names, and does to its customer's packets what a test asks of it.

use crate::dpi::{CHAIN, Dpi, Then};
use crate::ground::{GATEWAY, Ground, wait_for};
use crate::resident::{command_in, finish, inside};
use byway::lab::Country;
use ipnet::IpNet;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::process::{Child, Stdio};

/// Sets that rules speak of, beside those of the messengers.
const TOKYO: &str = "203.0.113.130";
const OSLO: &str = "203.0.113.131";

/// The provider's box.
pub(crate) struct Provider {
    namespace: String,
    internet: String,
    /// Whom the customer asks for names.
    pub(crate) nameserver: String,
    folder: tempfile::TempDir,
    sets: String,
    names: Vec<(String, IpAddr)>,
    resolver: Option<Child>,
    dpi: Option<Dpi>,
}

impl Provider {
    /// A provider that forwards everything and tells the truth.
    pub(crate) fn open(ground: &Ground, country: &Country) -> Self {
        let names = country.names().into_iter();
        let names = names.flat_map(|(name, addresses)| addresses.into_iter().map(move |ip| (name.clone(), ip)));
        let mut provider = Self {
            namespace: ground.provider.clone(),
            internet: ground.internet.clone(),
            nameserver: GATEWAY.to_owned(),
            folder: tempfile::tempdir().unwrap(),
            sets: sets(country),
            names: names.filter(|(_, ip)| ip.is_ipv4()).collect(),
            resolver: None,
            dpi: None,
        };
        provider.count();
        provider.rules("");
        provider.resolve(|_| true, &[]);
        provider
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    fn nft(&self, script: &str) {
        let mut nft = command_in(&self.namespace, "nft");
        nft.args(["-f", "-"]);
        finish(nft, script);
    }

    /// Counts what the customer sends: connections begun, and packets, to each set.
    fn count(&self) {
        let mut table = format!("table inet counts {{\n{}", self.sets);
        let mut chain = String::new();
        for set in SETS {
            writeln!(table, "counter {set}_opened {{ }}\ncounter {set}_packets {{ }}\ncounter {set}_answers {{ }}")
                .unwrap();
            writeln!(chain, "ip daddr @{set} tcp flags & (syn | ack) == syn counter name {set}_opened").unwrap();
            writeln!(chain, "ip daddr @{set} counter name {set}_packets\nip saddr @{set} counter name {set}_answers")
                .unwrap();
        }
        writeln!(table, "chain line {{ type filter hook prerouting priority -300; {chain} }}\n}}").unwrap();
        self.nft(&table);
    }

    /// How many connections the customer has tried to open to a set's addresses.
    pub(crate) fn opened(&self, set: &str) -> u64 {
        self.counter(&format!("{set}_opened"), "packets")
    }

    /// How many packets the customer has sent there.
    pub(crate) fn packets(&self, set: &str) -> u64 {
        self.counter(&format!("{set}_packets"), "packets")
    }

    /// How many bytes have come back from there, as far as this box.
    pub(crate) fn answered(&self, set: &str) -> u64 {
        self.counter(&format!("{set}_answers"), "bytes")
    }

    fn counter(&self, name: &str, what: &str) -> u64 {
        let mut nft = command_in(&self.namespace, "nft");
        nft.args(["-j", "list", "counter", "inet", "counts", name]);
        let told: serde_json::Value = serde_json::from_str(&finish(nft, "")).unwrap();
        let all = told["nftables"].as_array().unwrap();
        all.iter().find_map(|item| item["counter"][what].as_u64()).unwrap()
    }

    /// What happens to forwarded packets from now on, as lines of nftables; nothing lifts every rule. Connections that
    /// are up meet the new rules at once.
    pub(crate) fn rules(&self, lines: &str) {
        let line = format!("chain line {{ type filter hook forward priority 10; policy accept;\n{lines}\n}}");
        self.nft(&format!(
            "table inet censor\ndelete table inet censor\ntable inet censor {{\n{}{CHAIN}{line}\n}}\n",
            self.sets
        ));
    }

    /// A table of its own, for hooks other than forwarding.
    pub(crate) fn table(&self, name: &str, lines: &str) {
        self.nft(&format!(
            "table inet {name}\ndelete table inet {name}\ntable inet {name} {{\n{}{lines}\n}}\n",
            self.sets
        ));
    }

    /// Lets the box look into packets for `words`.
    pub(crate) fn look_for(&mut self, words: &[&str], then: Then) {
        self.dpi = None;
        self.dpi = Some(Dpi::watch(&self.namespace, words, then));
    }

    /// How many packets the box found a word in.
    pub(crate) fn found(&self) -> u64 {
        self.dpi.as_ref().map_or(0, Dpi::seen)
    }

    /// Starts the resolver anew: it knows the names that `knows` lets pass, and `more` of dnsmasq's options.
    pub(crate) fn resolve(&mut self, knows: impl Fn(&str) -> bool, more: &[&str]) {
        self.serve_names(&self.namespace.clone(), GATEWAY, knows, more);
    }

    /// From now on the customer asks an honest resolver on the internet, at this address.
    pub(crate) fn resolve_abroad(&mut self, at: &str) {
        let mut address = command_in(&self.internet, "ip");
        address.args(["addr", "add", at, "dev", "lo"]);
        finish(address, "");
        self.serve_names(&self.internet.clone(), at, |_| true, &[]);
        self.nameserver = at.to_owned();
    }

    fn serve_names(&mut self, namespace: &str, at: &str, knows: impl Fn(&str) -> bool, more: &[&str]) {
        self.end_resolver();
        let hosts = self.folder.path().join("hosts");
        let known = self.names.iter().filter(|(name, _)| knows(name));
        std::fs::write(&hosts, known.map(|(name, ip)| format!("{ip} {name}\n")).collect::<String>()).unwrap();
        let mut dnsmasq = command_in(namespace, "dnsmasq");
        dnsmasq.args([
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--pid-file=",
            "--user=root",
            "--bind-interfaces",
        ]);
        dnsmasq.args(["--no-resolv", "--no-hosts", "--local=/#/", "--no-poll"]);
        dnsmasq.arg(format!("--listen-address={at}")).arg(format!("--addn-hosts={}", hosts.display())).args(more);
        dnsmasq.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.resolver = Some(dnsmasq.spawn().unwrap());
        inside(namespace, || async {
            wait_for("the resolver", || std::net::TcpStream::connect((at, 53)).ok());
        });
    }

    fn end_resolver(&mut self) {
        if let Some(mut resolver) = self.resolver.take() {
            let _ended = resolver.kill();
            let _status = resolver.wait();
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.end_resolver();
    }
}

const SETS: [&str; 7] = ["telegram", "whatsapp", "signal", "tokyo", "oslo", "domestic", "resolver"];

/// The sets of addresses that rules speak of.
fn sets(country: &Country) -> String {
    let mut text = String::new();
    for set in SETS {
        let nets: Vec<IpNet> = match set {
            "tokyo" => vec![IpNet::from(TOKYO.parse::<IpAddr>().unwrap())],
            "oslo" => vec![IpNet::from(OSLO.parse::<IpAddr>().unwrap())],
            "domestic" => vec![country.domestic_prefix()],
            "resolver" => vec![IpNet::from(country.resolver().ip())],
            service => country.addresses(service),
        };
        let nets = nets.into_iter().filter(|net| net.addr().is_ipv4()).map(|net| net.to_string());
        let nets = nets.collect::<Vec<_>>().join(", ");
        writeln!(text, "set {set} {{ type ipv4_addr; flags interval; elements = {{ {nets} }} }}").unwrap();
    }
    text
}

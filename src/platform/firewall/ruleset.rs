//! The rules as nft's own text. One text is one transaction: all of it holds, or nothing has changed.

use super::{Claims, Mode, Rules, TABLE};
use ipnet::IpNet;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

/// What no service has: this machine, its networks, multicast (RFC 6890). Said by number, for a service of the user's own
/// may well have an address that is only meant for documents.
const LOCAL_FOUR: &str = "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, \
                          224.0.0.0/4, 240.0.0.0/4";
const LOCAL_SIX: &str = "::/127, ::ffff:0:0/96, fc00::/7, fe80::/10, ff00::/8";

/// How long an address that a name had stays after its last use, and after its answer has run out: an app keeps an address
/// for longer than the answer allows, and what it sends must not pass byway by.
const AFTER: Duration = Duration::from_secs(3600);
/// Addresses of names that a set holds.
const MOST_LEARNED: u32 = 8192;

/// The versions of IP: what nft calls them, and the end of a set's name.
const FAMILIES: [(&str, &str, &str); 2] = [("ip", "4", "ipv4_addr"), ("ip6", "6", "ipv6_addr")];

/// The text that replaces the table, whatever was there, by the rules.
pub fn ruleset(rules: &Rules) -> String {
    // Adding it first makes the deletion succeed where there is none.
    format!("add table {TABLE}\ndelete table {TABLE}\n{}", table(rules, ""))
}

/// The text that makes a table which belongs to who sends it, and ends with it (nft(8), the flag `owner`). There must be
/// none yet: one that is owned cannot be touched without that flag, not even by its owner.
pub(super) fn owned(rules: &Rules) -> String {
    table(rules, "\tflags owner;\n")
}

fn table(rules: &Rules, flags: &str) -> String {
    let mut out = format!("table {TABLE} {{\n{flags}");
    set(&mut out, "local4", "type ipv4_addr; flags interval; auto-merge;", LOCAL_FOUR);
    set(&mut out, "local6", "type ipv6_addr; flags interval; auto-merge;", LOCAL_SIX);
    for claims in &rules.services {
        sets(&mut out, claims);
    }
    match rules.mode {
        Mode::Tproxy => tproxy(&mut out, rules),
        Mode::Redirect => redirect(&mut out, rules),
    }
    guard(&mut out, rules);
    out.push_str("}\n");
    out
}

fn set(out: &mut String, name: &str, kind: &str, elements: &str) {
    let elements = if elements.is_empty() { String::new() } else { format!(" elements = {{ {elements} }};") };
    let _ = writeln!(out, "\tset {name} {{ {kind}{elements} }}");
}

/// The sets of one service, for each version of IP.
fn sets(out: &mut String, claims: &Claims) {
    for (family, digit, kind) in FAMILIES {
        for (name, prefixes) in prefix_sets(claims) {
            let of_family: Vec<_> = prefixes.iter().filter(|net| is_of(net, family)).map(ToString::to_string).collect();
            let kind = format!("type {kind}; flags interval; auto-merge;");
            set(out, &format!("{name}{digit}"), &kind, &of_family.join(", "));
        }
        if !claims.names.is_empty() {
            let kind = format!("type {kind}; flags timeout,dynamic; size {MOST_LEARNED};");
            set(out, &names_set(&claims.name, digit), &kind, "");
        }
    }
}

/// The names of the sets of prefixes and what is in them.
fn prefix_sets(claims: &Claims) -> Vec<(String, &[IpNet])> {
    let wide = (!claims.prefixes.is_empty()).then(|| (claims.name.clone(), claims.prefixes.as_slice()));
    let narrow = claims.narrow.iter().enumerate();
    let narrow = narrow.map(|(index, (_, prefixes))| (format!("{}_p{index}_", claims.name), prefixes.as_slice()));
    wide.into_iter().chain(narrow).collect()
}

fn names_set(service: &str, digit: &str) -> String {
    format!("{service}_names{digit}")
}

fn is_of(net: &IpNet, family: &str) -> bool {
    matches!(net, IpNet::V4(_)) == (family == "ip")
}

fn interfaces(rules: &Rules) -> String {
    rules.lan.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// What makes a packet one of a service, one condition a line; `ip6` only where it is caught.
fn conditions(claims: &Claims, family: &str, digit: &str) -> Vec<(String, Option<String>)> {
    let mut all = Vec::new();
    if !claims.prefixes.is_empty() {
        all.push((format!("{family} daddr @{}{digit}", claims.name), None));
    }
    for (index, (ports, _)) in claims.narrow.iter().enumerate() {
        all.push((format!("{family} daddr @{}_p{index}_{digit} th dport {{ {} }}", claims.name, spans(ports)), None));
    }
    if !claims.names.is_empty() {
        let set = names_set(&claims.name, digit);
        all.push((format!("{family} daddr @{set}"), Some(format!("update @{set} {{ {family} daddr timeout 1h }}"))));
    }
    all
}

fn spans(ports: &[RangeInclusive<u16>]) -> String {
    let span = |ports: &RangeInclusive<u16>| match (ports.start(), ports.end()) {
        (from, to) if from == to => from.to_string(),
        (from, to) => format!("{from}-{to}"),
    };
    ports.iter().map(span).collect::<Vec<_>>().join(", ")
}

fn caught(rules: &Rules) -> &'static [(&'static str, &'static str, &'static str)] {
    if rules.ipv6 { &FAMILIES } else { &FAMILIES[..1] }
}

/// The chain that goes to `caught` with everything that a service has.
fn services(out: &mut String, rules: &Rules) {
    out.push_str("\tchain services {\n");
    for claims in &rules.services {
        for (family, digit, _) in caught(rules) {
            for (condition, refresh) in conditions(claims, family, digit) {
                let refresh = refresh.map_or_else(String::new, |refresh| format!("{refresh} "));
                let _ = writeln!(out, "\t\t{condition} {refresh}goto caught");
            }
        }
    }
    out.push_str("\t}\n");
}

/// The beginning of a chain that looks at what comes in: not from elsewhere than the LAN, not byway's own, not to here.
fn inward(out: &mut String, rules: &Rules, hook: &str) {
    let (lan, mark) = (interfaces(rules), rules.mark);
    let _ = writeln!(out, "\tchain inward {{\n\t\t{hook}; policy accept;");
    let _ = writeln!(out, "\t\tiifname != {{ {lan} }} return\n\t\tmeta mark {mark} return");
}

const NOT_LOCAL: &str = "\t\tip daddr @local4 return\n\t\tip6 daddr @local6 return\n\t\tfib daddr type local return\n";

fn tproxy(out: &mut String, rules: &Rules) {
    let (port, delivery) = (rules.port, rules.delivery());
    out.push_str("\tchain caught {\n");
    let _ = writeln!(
        out,
        "\t\tmeta nfproto ipv4 meta l4proto {{ tcp, udp }} tproxy ip to 127.0.0.1:{port} meta mark set {delivery} accept"
    );
    if rules.ipv6 {
        let _ = writeln!(
            out,
            "\t\tmeta nfproto ipv6 meta l4proto {{ tcp, udp }} tproxy ip6 to [::1]:{port} meta mark set {delivery} accept"
        );
    }
    out.push_str("\t}\n");
    services(out, rules);
    inward(out, rules, "type filter hook prerouting priority mangle + 10");
    // A connection that byway has stays byway's, though its address is forgotten.
    let _ = writeln!(out, "\t\tmeta l4proto tcp socket transparent 1 meta mark set {delivery} accept");
    out.push_str(NOT_LOCAL);
    out.push_str("\t\tmeta l4proto { tcp, udp } jump services\n\t}\n");
}

fn redirect(out: &mut String, rules: &Rules) {
    let port = rules.port;
    let _ = writeln!(out, "\tchain caught {{\n\t\tmeta l4proto tcp redirect to :{port}\n\t}}");
    services(out, rules);
    inward(out, rules, "type nat hook prerouting priority dstnat - 10");
    out.push_str(NOT_LOCAL);
    out.push_str("\t\tmeta l4proto tcp jump services\n\t}\n");
    // Nobody dials the port who was not brought to it.
    out.push_str("\tchain door {\n\t\ttype filter hook input priority filter - 10; policy accept;\n");
    let _ = writeln!(out, "\t\ttcp dport {port} ct status & dnat != dnat reject with tcp reset\n\t}}");
}

/// What of a service would pass byway by is refused at once, so that apps do what byway can carry: QUIC where UDP is not
/// caught, all other UDP of a service that may never go straight out, and IPv6 where it is not caught.
fn guard(out: &mut String, rules: &Rules) {
    if rules.mode == Mode::Tproxy && rules.ipv6 {
        return;
    }
    out.push_str("\tchain guard {\n\t\ttype filter hook forward priority filter - 10; policy accept;\n");
    let _ = writeln!(out, "\t\tiifname != {{ {} }} return", interfaces(rules));
    for claims in &rules.services {
        for (family, digit, _) in &FAMILIES {
            for (condition, _) in conditions(claims, family, digit) {
                let of_quic = !condition.contains("th dport");
                if *family == "ip6" && !rules.ipv6 {
                    let _ = writeln!(out, "\t\t{condition} meta l4proto tcp reject with tcp reset");
                    let _ = writeln!(out, "\t\t{condition} reject with icmpv6 admin-prohibited");
                } else if rules.mode == Mode::Redirect && claims.never_direct {
                    let _ = writeln!(out, "\t\t{condition} meta l4proto udp reject");
                } else if rules.mode == Mode::Redirect && of_quic {
                    let _ = writeln!(out, "\t\t{condition} udp dport 443 reject");
                }
            }
        }
    }
    out.push_str("\t}\n");
}

/// The text that puts addresses of one of a service's names into its sets, for as long as the answer holds and an hour more.
/// One line, which is one transaction, for each version of IP. What is there already is taken out and put in again, for
/// adding it alone changes its time on new kernels only.
pub fn learned(service: &str, addresses: &[IpAddr], ttl: Duration) -> Vec<String> {
    let seconds = (ttl + AFTER).as_secs();
    let line = |(family, digit, _): &(&str, &str, &str)| {
        let of_family = addresses.iter().filter(|ip| ip.is_ipv4() == (*family == "ip")).map(ToString::to_string);
        let plain: Vec<_> = of_family.collect();
        let timed: Vec<_> = plain.iter().map(|ip| format!("{ip} timeout {seconds}s")).collect();
        let (set, plain, timed) = (names_set(service, digit), plain.join(", "), timed.join(", "));
        let of_set = |verb: &str, elements: &str| format!("{verb} element {TABLE} {set} {{ {elements} }}");
        let anew = [of_set("add", &plain), of_set("delete", &plain), of_set("add", &timed)].join("; ");
        (!plain.is_empty()).then_some(anew)
    };
    FAMILIES.iter().filter_map(line).collect()
}

/// The lines that let dnsmasq (2.87 or newer, built with nftset) fill the sets of names.
pub fn dnsmasq(rules: &Rules) -> Vec<String> {
    let (family, table) = TABLE.split_once(' ').unwrap_or((TABLE, ""));
    let line = |claims: &Claims| {
        let names = claims.names.join("/");
        let set = |digit: &str| format!("{digit}#{family}#{table}#{}", names_set(&claims.name, digit));
        format!("nftset=/{names}/{},{}", set("4"), set("6"))
    };
    rules.services.iter().filter(|claims| !claims.names.is_empty()).map(line).collect()
}

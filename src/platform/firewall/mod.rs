//! The machine's firewall, as far as it brings the LAN's connections to byway: an nftables table of byway's own, `inet
//! byway`, and for TPROXY one routing rule with one route for each version of IP. Nothing of anybody else's is read or
//! changed. The rules catch only what comes in by the LAN's interfaces for addresses of listed services; what begins on this
//! machine, what goes to the LAN or to the machine itself, and everything else passes as if there were no byway.
//!
//! By `nft` and `ip`, the programs; there is no way to have both nftables and this system's own version of it otherwise.

mod holder;
mod routes;
mod ruleset;
mod standing;
#[cfg(test)]
mod tests;

pub use holder::{Holder, Unheld};
pub use ruleset::{dnsmasq, learned, ruleset};
pub use standing::{Standing, standing};

use ipnet::IpNet;
use std::io;
use std::ops::RangeInclusive;

/// How connections are brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// TCP by destination NAT; UDP is left alone, but for QUIC of listed services, which is refused.
    Redirect,
    /// TCP and UDP, nothing rewritten.
    Tproxy,
}

/// What the rules are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How.
    pub mode: Mode,
    /// The port that byway listens on for what is caught.
    pub port: u16,
    /// Whether IPv6 is caught; else listed services are refused there, so that apps take IPv4.
    pub ipv6: bool,
    /// The LAN's interfaces.
    pub lan: Vec<String>,
    /// The mark of byway's own packets. Packets that are to be delivered here have the next number.
    pub mark: u32,
    /// The routing table, and the preference of the rule that leads to it.
    pub table: u32,
    /// Whether dnsmasq fills the sets of names.
    pub dnsmasq: bool,
    /// The services.
    pub services: Vec<Claims>,
}

/// What is caught for one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// What its sets are called.
    pub name: String,
    /// Its names; everything below them is meant too.
    pub names: Vec<String>,
    /// Its prefixes on any port.
    pub prefixes: Vec<IpNet>,
    /// Its prefixes on some ports only.
    pub narrow: Vec<(Vec<RangeInclusive<u16>>, Vec<IpNet>)>,
    /// Whether nothing of it may leave but through byway.
    pub never_direct: bool,
}

impl Rules {
    /// The mark that brings a packet to this machine.
    pub const fn delivery(&self) -> u32 {
        self.mark + 1
    }
}

/// The table's family and name.
pub const TABLE: &str = "inet byway";

/// Why the firewall could not be set.
#[derive(Debug, thiserror::Error)]
pub enum FirewallError {
    /// A program is missing.
    #[error("there is no {program}: install {package}")]
    Missing {
        /// What is missing.
        program: &'static str,
        /// What it comes in.
        package: &'static str,
    },
    /// The system does not let us.
    #[error("no permission to change the firewall: run as root, or grant CAP_NET_ADMIN")]
    NotPermitted,
    /// A byway that is running holds the table; the kernel keeps it for that one alone.
    #[error("a byway that is running holds the table; it goes when that one stops")]
    Held,
    /// A program said no.
    #[error("{program} refused: {words}")]
    Refused {
        /// Which.
        program: &'static str,
        /// The first line of what it said.
        words: String,
    },
    /// A program could not be run.
    #[error("{program} cannot be run: {error}")]
    NotRun {
        /// Which.
        program: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// It took too long.
    #[error("{program} does not answer")]
    Silent {
        /// Which.
        program: &'static str,
    },
}

/// A name that nft takes for a set, made of a service's: letters, digits and lines below.
pub fn set_name(service: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = service.chars().map(plain).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("s{name}") }
}

/// Puts the rules in force until [`clear`], whoever lives or dies.
pub async fn apply(rules: &Rules) -> Result<(), FirewallError> {
    // Fails, and changes nothing, where a byway that runs owns the table: its routes are not to be touched either.
    holder::once(&format!("add table {TABLE}\n")).await?;
    routes::remove(rules).await;
    routes::add(rules).await?;
    holder::once(&ruleset(rules)).await
}

/// Takes everything away that [`apply`] made, if it is there.
pub async fn clear(rules: &Rules) -> Result<(), FirewallError> {
    // Adding it first makes the deletion succeed where there is none (nft(8), "destroy" is newer).
    holder::once(&format!("add table {TABLE}\ndelete table {TABLE}\n")).await?;
    // Without the table nothing has the mark that these look for.
    routes::remove(rules).await;
    Ok(())
}

/// The commands of `ip` that go with the rules.
pub fn routing(rules: &Rules) -> Vec<String> {
    routes::commands(rules).iter().map(|words| format!("ip {}", words.join(" "))).collect()
}

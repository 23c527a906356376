//! Who may ask for names: a resolver that answers everybody is soon a tool against others (RFC 5358).

use crate::net::{is_private, networks_of};
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long the LAN's networks are taken for what they were.
const FRESH: Duration = Duration::from_secs(10);

/// Whose questions are heard.
pub struct Sources {
    given: Option<Vec<IpNet>>,
    lan: Vec<String>,
    near: Mutex<Option<(Instant, Vec<IpNet>)>>,
}

impl Sources {
    /// Those of `given`; without it the private ranges and what the LAN's interfaces are on.
    pub fn new(given: Option<Vec<IpNet>>, lan: Vec<String>) -> Self {
        Self { given, lan, near: Mutex::default() }
    }

    /// Whether questions from there are heard.
    pub fn admits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match &self.given {
            Some(given) => given.iter().any(|net| net.contains(&address)),
            None => is_private(address) || self.is_near(address),
        }
    }

    /// Whether it is on the LAN, whose public addresses change with the provider's whim.
    fn is_near(&self, address: IpAddr) -> bool {
        if self.lan.is_empty() {
            return false;
        }
        let mut near = self.near.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (_, nets) = match near.take() {
            Some(known) if now < known.0 + FRESH => near.insert(known),
            _ => near.insert((now, networks_of(&self.lan))),
        };
        nets.iter().any(|net| net.contains(&address))
    }
}

//! Where a running byway can be reached, for the commands that set other programs and phones up.

use super::fetched::Unshown;
use crate::model::ServiceId;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The answer to `doors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doors {
    /// The process.
    pub pid: u32,
    /// Where programs come in by SOCKS and HTTP.
    pub proxies: Vec<SocketAddr>,
    /// Whether they are asked for a login.
    pub asks_login: bool,
    /// The login, when it was asked for.
    #[serde(default)]
    pub login: Option<(String, Unshown)>,
    /// The path of the proxy script at those doors.
    #[serde(default)]
    pub script: Option<Unshown>,
    /// Where phones come in by WhatsApp's own setting: for the chat.
    #[serde(default)]
    pub chat: Vec<SocketAddr>,
    /// The same for media.
    #[serde(default)]
    pub media: Vec<SocketAddr>,
    /// The services that must not go straight out; `other` among them when nothing may.
    #[serde(default)]
    pub never_direct: Vec<ServiceId>,
    /// Whether some way carries what calls need (UDP), beside the bare line.
    #[serde(default)]
    pub tunnel_for_calls: bool,
}

impl Doors {
    /// Where a program of this machine comes in: on loopback where that is listened on, else wherever this machine
    /// listens.
    pub fn near(&self) -> Option<SocketAddr> {
        let rank = |at: &&SocketAddr| match (at.ip().is_loopback(), at.ip().is_unspecified(), at.is_ipv4()) {
            (true, _, true) => 0,
            (_, true, true) => 1,
            (true, ..) => 2,
            (_, true, _) => 3,
            _ => 4,
        };
        let mut at = *self.proxies.iter().min_by_key(rank)?;
        if at.ip().is_unspecified() {
            at.set_ip(if at.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
        }
        Some(at)
    }

    /// Where the script is, for who reaches byway at `at`.
    pub fn script_at(&self, at: SocketAddr) -> Option<String> {
        Some(format!("http://{at}{}", self.script.as_ref()?.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(proxies: &[&str]) -> Option<String> {
        let proxies = proxies.iter().map(|at| at.parse().unwrap()).collect();
        let doors = Doors {
            pid: 1,
            proxies,
            asks_login: false,
            login: None,
            script: None,
            chat: Vec::new(),
            media: Vec::new(),
            never_direct: Vec::new(),
            tunnel_for_calls: false,
        };
        doors.near().map(|at| at.to_string())
    }

    #[test]
    fn programs_of_this_machine_come_in_on_loopback() {
        for (proxies, near) in [
            (&["192.168.1.2:4180", "127.0.0.1:4181"][..], Some("127.0.0.1:4181")),
            (&["[::1]:4180", "127.0.0.1:4181"], Some("127.0.0.1:4181")),
            (&["[::1]:4180"], Some("[::1]:4180")),
            (&["0.0.0.0:4180"], Some("127.0.0.1:4180")),
            (&["[::]:4180"], Some("[::1]:4180")),
            (&["192.168.1.2:4180"], Some("192.168.1.2:4180")),
            (&[], None),
        ] {
            assert_eq!(at(proxies).as_deref(), near, "{proxies:?}");
        }
    }
}

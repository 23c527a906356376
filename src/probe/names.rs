//! What the system's resolver says of a name whose addresses the secure ones know (T1–T3), and whether it answers at all.
//! What a disagreement means is judged elsewhere.

use super::round::Rounds;
use crate::judge::dns::Heard;
use crate::model::Host;
use crate::net::Deadline;
use crate::net::resolve::is_bogon;
use std::io::ErrorKind;
use std::net::IpAddr;

impl Rounds {
    /// What is different from what the secure resolvers said; `None` where it is the same.
    pub(super) async fn ask_the_system(&self, name: &str, secure: &[IpAddr]) -> Option<Heard> {
        let deadline = Deadline::after(self.asker.settings.dns_timeout);
        match deadline.run(self.network.system_lookup(name)).await {
            None => Some(Heard::Silence),
            Some(Err(error)) if error.kind() == ErrorKind::NotFound => Some(Heard::NoAddress),
            Some(Err(error)) if error.kind() == ErrorKind::TimedOut => Some(Heard::Silence),
            Some(Err(_)) => Some(Heard::Refused),
            Some(Ok(addrs)) if addrs.is_empty() => Some(Heard::NoAddress),
            Some(Ok(addrs)) if addrs.iter().any(|addr| secure.contains(addr)) => None,
            Some(Ok(addrs)) if addrs.iter().all(|addr| is_bogon(*addr)) => Some(Heard::Bogon),
            Some(Ok(_)) => Some(Heard::OtherAddresses),
        }
    }

    /// T3's control: an unrelated name on the same resolver.
    pub(super) async fn system_answers(&self) -> bool {
        let names = self.anchors.captive.iter().map(|check| &check.target.host);
        let Some(name) = names.filter_map(Host::name).next() else { return false };
        let deadline = Deadline::after(self.asker.settings.dns_timeout);
        matches!(deadline.run(self.network.system_lookup(name)).await, Some(Ok(addrs)) if !addrs.is_empty())
    }
}

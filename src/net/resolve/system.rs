//! What the system's own resolver says of a name, and whether it is there at all.

use super::{Deadline, Inner, NoAddress, SYSTEM};
use std::io::ErrorKind;
use std::net::IpAddr;

impl Inner {
    pub(super) async fn system(&self, name: &str) -> Result<Vec<IpAddr>, NoAddress> {
        let said = Deadline::after(SYSTEM).run(self.network.system_lookup(name)).await;
        if said.as_ref().is_some_and(|said| said.as_ref().map_or_else(|e| e.kind() == ErrorKind::NotFound, |_| true)) {
            self.is_alive();
        }
        match said {
            None => Err(NoAddress::Timeout),
            Some(Ok(addrs)) if addrs.is_empty() => Err(NoAddress::Empty),
            Some(Ok(addrs)) => Ok(addrs),
            Some(Err(error)) if error.kind() == ErrorKind::NotFound => Err(NoAddress::Nxdomain),
            Some(Err(_)) => Err(NoAddress::Failed),
        }
    }
}

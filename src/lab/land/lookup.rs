//! What the system's resolver gives an app that asks for a name as `getaddrinfo` does: the first answer over UDP.

use super::{Land, after, is_home};
use crate::lab::censor::{Lie, OnPath, Resolver};
use crate::lab::dns;
use crate::lab::line::Crossing;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::sleep;

/// The system's resolver, asked from home.
const LOOKUP: Duration = Duration::from_millis(8);
/// A silent resolver, as the C library asks it: twice 5 s.
const GIVES_UP: Duration = Duration::from_secs(10);

impl Land {
    /// Asks the resolver that the system at `from` uses.
    pub(in crate::lab) async fn lookup(&self, from: IpAddr, name: &str) -> io::Result<Vec<IpAddr>> {
        if let Ok(literal) = name.parse::<IpAddr>() {
            return Ok(vec![literal]);
        }
        if is_home(from) {
            self.line.note(Crossing::Question(name.to_ascii_lowercase()));
        }
        let said = if is_home(from) { self.said_at_home(name) } else { Resolver::Truth };
        match said {
            Resolver::NoNetwork => return Err(ErrorKind::NetworkUnreachable.into()),
            Resolver::Silent => return after(GIVES_UP, ErrorKind::TimedOut).await,
            _ => sleep(LOOKUP + self.congested(from)).await,
        }
        let addresses = match said {
            Resolver::Forged(address) => vec![address],
            Resolver::Truth => self.truth(name),
            _ => Vec::new(),
        };
        if addresses.is_empty() { Err(ErrorKind::NotFound.into()) } else { Ok(addresses) }
    }

    /// The system's resolver is asked over the same line.
    fn congested(&self, from: IpAddr) -> Duration {
        if is_home(from) { self.censor().delay(dns::SYSTEM[0]) } else { Duration::ZERO }
    }

    /// The box on the line is nearer than the resolver.
    fn said_at_home(&self, name: &str) -> Resolver {
        match self.censor().question(dns::SYSTEM[0], name) {
            OnPath::Passes => self.censor().resolver(name),
            OnPath::Swallowed => Resolver::Silent,
            OnPath::Raced(lie) | OnPath::Replaced(lie) => match lie {
                Lie::NoSuchName | Lie::Refused => Resolver::NoSuchName,
                Lie::Address(address) => Resolver::Forged(address),
            },
        }
    }
}

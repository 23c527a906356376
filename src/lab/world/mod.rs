//! Builds the country and starts it: distances, servers, keys, and the line with its censor.

mod clock;
mod configuration;
mod country;
mod places;
#[cfg(test)]
mod tests;
mod town;

pub use country::{Country, Outside};

use super::censor::{Censor, Rule};
use super::dns;
use super::intercept::Impostor;
use super::land::{Distances, Land};
use super::pki::{self, Authority, BadWorld};
use crate::wire::noise;
use clock::Clock;
use country::{Home, Keys};
use std::sync::Arc;
use std::time::Duration;
use town::Town;

/// From home to the operator's resolvers.
const OPERATOR: Duration = Duration::from_millis(8);
const SHADOWSOCKS_PORT: u16 = 8388;
const SOCKS_PORT: u16 = 1080;

/// What the country is going to be like.
#[derive(Clone, Debug)]
pub struct World {
    seed: u64,
    direct: Duration,
    tunnel: Duration,
    line: Option<u32>,
    sites: Vec<String>,
    rules: Vec<Rule>,
    clock: i64,
    dual_stack: bool,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// An uncensored country, 40 ms from everything and 120 ms through a tunnel.
    pub const fn new() -> Self {
        Self {
            seed: 1,
            direct: Duration::from_millis(40),
            tunnel: Duration::from_millis(120),
            line: None,
            sites: Vec::new(),
            rules: Vec::new(),
            clock: 0,
            dual_stack: false,
        }
    }

    /// What chance is drawn from.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The round-trip time from the client to every server.
    #[must_use]
    pub const fn rtt(mut self, rtt: Duration) -> Self {
        self.direct = rtt;
        self
    }

    /// The round-trip time from the client through a tunnel server to the destination.
    #[must_use]
    pub const fn tunnel_rtt(mut self, rtt: Duration) -> Self {
        self.tunnel = rtt;
        self
    }

    /// The width of the client's line, each way.
    #[must_use]
    pub const fn line(mut self, bytes_per_second: u32) -> Self {
        self.line = Some(bytes_per_second);
        self
    }

    /// The client's wall clock is off by so many seconds; before zero it is slow. Servers know the true time, and
    /// their certificates are valid for two months yet.
    #[must_use]
    pub const fn clock_skew(mut self, seconds: i64) -> Self {
        self.clock = seconds;
        self
    }

    /// Every server of a name has an IPv6 address besides.
    #[must_use]
    pub const fn dual_stack(mut self) -> Self {
        self.dual_stack = true;
        self
    }

    /// One web server more, with TLS and plain HTTP.
    #[must_use]
    pub fn origin(mut self, name: &str) -> Self {
        self.sites.push(name.to_owned());
        self
    }

    /// A rule in force from the start.
    #[must_use]
    pub fn censor(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Starts it inside the current tokio runtime. It ends when the last clone of the country is dropped.
    pub fn start(self) -> Result<Country, BadWorld> {
        let mut rng = fastrand::Rng::with_seed(self.seed);
        let abroad = self.tunnel / 6;
        let tunnels = [places::TOKYO, places::OSLO, places::FRIEND];
        let near = tunnels.map(|server| (server, self.tunnel.saturating_sub(abroad)));
        let near = near.into_iter().chain(dns::SYSTEM.map(|resolver| (resolver.ip(), OPERATOR)));
        let distances = Distances { direct: self.direct, near: near.collect(), abroad };
        let (censor, cafe) = (Censor::new(rng.u64(..), self.line), Censor::new(!self.seed, None));
        for rule in self.rules {
            censor.add(rule);
        }
        let mut random = || std::array::from_fn(|_| rng.u8(..));
        let impostor = Impostor::new(Authority::new("Filter CA")?, noise::Authority::new(&random()));
        let (now, issued, expires) = (clock::true_time(), pki::ISSUED.as_secs(), pki::EXPIRES.as_secs());
        let keys = Keys {
            web: Authority::new("Lab Web Root")?,
            signal: Authority::new("Lab Signal Root")?,
            noise: Arc::new(noise::Authority::new(&random()).valid(now.saturating_sub(issued), now + expires)),
        };
        let land = Arc::new(Land::new(distances, [censor.clone(), cafe.clone()], impostor));
        let mut town = Town::new(land.clone(), self.seed, self.dual_stack);
        town.chats(&keys.noise);
        town.web(&keys, &self.sites)?;
        town.udp()?;
        let accounts = town.tunnels()?;
        let home = Home { censor, cafe, clock: Clock::new(self.clock), dual_stack: self.dual_stack };
        Ok(Country::new(land, home, keys, accounts, town.tasks))
    }
}

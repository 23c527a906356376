//! Builds the country and starts it: distances, servers, keys, and the line with its censor.

mod clock;
mod configuration;
mod country;
mod places;
#[cfg(test)]
mod tests;

pub use country::{Country, Outside};

use super::censor::{Censor, Rule};
use super::dns;
use super::intercept::Impostor;
use super::land::{Distances, Land};
use super::ntp;
use super::origins::{self, Manners, Talk};
use super::pki::{self, Authority, BadWorld};
use super::servers::{self, Shadowsocks};
use crate::wire::noise;
use clock::Clock;
use country::{Home, Keys};
use rustls::ServerConfig;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// The two Shadowsocks accounts: one of each generation.
const ACCOUNTS: [(IpAddr, &str, &str); 2] = [
    (places::TOKYO, "2022-blake3-aes-128-gcm", "bGFiLWtleS1vZi10b2t5bw=="),
    (places::OSLO, "chacha20-ietf-poly1305", "a password of the lab"),
];
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
        let mut town = Town { land: land.clone(), tasks: JoinSet::new(), dual_stack: self.dual_stack };
        town.chats(&keys.noise, self.seed);
        town.web(&keys, &self.sites)?;
        town.udp()?;
        let accounts = town.tunnels()?;
        let home = Home { censor, cafe, clock: Clock::new(self.clock), dual_stack: self.dual_stack };
        Ok(Country::new(land, home, keys, accounts, town.tasks))
    }
}

/// The country under construction.
struct Town {
    land: Arc<Land>,
    tasks: JoinSet<()>,
    dual_stack: bool,
}

impl Town {
    fn chats(&mut self, noise: &Arc<noise::Authority>, seed: u64) {
        let centres: Vec<IpAddr> = places::TELEGRAM.into_iter().flat_map(|ip| self.stacks(ip)).collect();
        for ip in centres {
            for port in places::TELEGRAM_PORTS {
                let nonce = drawn(seed);
                let at = SocketAddr::new(ip, port);
                self.tasks.spawn(origins::accept(&self.land, at, move |wire| origins::telegram(wire, nonce())));
            }
        }
        for (ip, names) in places::WHATSAPP {
            self.name(names, ip);
            let doors = self.stacks(ip).into_iter().flat_map(|ip| places::WHATSAPP_PORTS.map(|port| (ip, port)));
            for at in doors.map(SocketAddr::from) {
                let (land, noise, keys) = (self.land.clone(), noise.clone(), drawn(seed));
                self.tasks.spawn(origins::accept(&self.land, at, move |wire| {
                    let (noise, random, needs_hint) = (noise.clone(), keys(), land.refuses_bare_hello());
                    async move { origins::whatsapp(wire, &noise, random, needs_hint).await }
                }));
            }
        }
    }

    fn web(&mut self, keys: &Keys, sites: &[String]) -> Result<(), BadWorld> {
        let plain = Manners::Plain;
        let whatsapp = Manners::Messenger(Talk::WhatsApp(keys.noise.clone()));
        self.site(&keys.web, places::TELEGRAM_WEB, &places::TELEGRAM_NAMES, &Manners::Messenger(Talk::Telegram))?;
        self.site(&keys.web, places::WHATSAPP_WEB, &places::WHATSAPP_NAMES, &whatsapp)?;
        self.site(&keys.web, places::DISCORD, &places::DISCORD_NAMES, &Manners::Messenger(Talk::Discord))?;
        for (ip, names) in places::SIGNAL {
            self.site(&keys.signal, ip, names, &Manners::Signal)?;
        }
        for (ip, names) in places::OTHERS {
            self.site(&keys.web, ip, names, &plain)?;
        }
        let push = self.site(&keys.web, places::PUSH, &places::PUSH_NAMES, &plain)?;
        self.serve_site(SocketAddr::new(places::PUSH, places::PUSH_PORT), Some(push), &plain);
        for (ip, name) in places::ANCHORS.into_iter().chain(places::DOMESTIC) {
            let names = if name.is_empty() { &[][..] } else { &[name] };
            self.site(&keys.web, ip, names, &plain)?;
        }
        self.site(&keys.web, places::CANARY, &places::CANARY_NAMES, &Manners::Canary)?;
        self.site(&keys.web, places::RESOLVER, &["resolver.example"], &Manners::Resolver(self.land.clone()))?;
        for (index, name) in sites.iter().enumerate() {
            let last = u8::try_from(index % 50).unwrap_or_default() + 60;
            self.site(&keys.web, places::v4(203, 0, 113, last), &[name], &plain)?;
        }
        Ok(())
    }

    /// A web server at `ip`: TLS on 443, plain on 80. Its TLS is given back for further ports.
    fn site(
        &mut self,
        by: &Authority,
        ip: IpAddr,
        names: &[&str],
        manners: &Manners,
    ) -> Result<Arc<ServerConfig>, BadWorld> {
        self.name(names, ip);
        let stacks = self.stacks(ip);
        let addresses = stacks.iter().map(ToString::to_string);
        let certified: Vec<String> = names.iter().map(ToString::to_string).chain(addresses).collect();
        let config = by.server(&certified)?;
        for ip in stacks {
            self.serve_site(SocketAddr::new(ip, 443), Some(config.clone()), manners);
            self.serve_site(SocketAddr::new(ip, 80), None, manners);
        }
        Ok(config)
    }

    fn serve_site(&mut self, at: SocketAddr, tls: Option<Arc<ServerConfig>>, manners: &Manners) {
        let manners = manners.clone();
        self.tasks
            .spawn(origins::accept(&self.land, at, move |wire| origins::site(wire, tls.clone(), manners.clone())));
    }

    fn udp(&mut self) -> Result<(), BadWorld> {
        for at in dns::SYSTEM.into_iter().chain(dns::PUBLIC) {
            let oracle = dns::Oracle::new(self.land.clone(), at);
            self.tasks.spawn(oracle.clone().packets(self.land.bind(at)?));
            self.tasks.spawn(origins::accept(&self.land, at, move |wire| oracle.clone().stream(wire)));
        }
        self.name(&places::SIGNAL_CALLS_NAMES, places::SIGNAL_CALLS);
        for (at, name) in places::STUN.into_iter().chain([places::MESSENGER_CALLS]) {
            self.name(&[name], at.ip());
            self.tasks.spawn(origins::stun(self.land.bind(at)?));
        }
        for at in [&places::WHATSAPP_RELAYS[..], &places::TELEGRAM_RELAYS, &places::SIGNAL_RELAYS].concat() {
            self.tasks.spawn(origins::stun(self.land.bind(at)?));
        }
        let (at, name) = places::TIME;
        self.name(&[name], at.ip());
        self.tasks.spawn(ntp::serve(self.land.bind(at)?));
        Ok(())
    }

    fn tunnels(&mut self) -> Result<Vec<Shadowsocks>, BadWorld> {
        let mut accounts = Vec::new();
        for (ip, method, password) in ACCOUNTS {
            let server = Shadowsocks::new(SocketAddr::new(ip, SHADOWSOCKS_PORT), method, password)?;
            self.tasks.spawn(server.clone().packets(self.land.clone(), self.land.bind(server.at())?));
            let (land, one) = (self.land.clone(), server.clone());
            self.tasks
                .spawn(origins::accept(&self.land, server.at(), move |wire| one.clone().stream(land.clone(), wire)));
            accounts.push(server);
        }
        let friend = SocketAddr::new(places::FRIEND, SOCKS_PORT);
        let land = self.land.clone();
        self.tasks.spawn(origins::accept(&self.land, friend, move |wire| servers::socks(land.clone(), friend, wire)));
        Ok(accounts)
    }

    fn name(&self, names: &[&str], ip: IpAddr) {
        for ip in self.stacks(ip) {
            names.iter().for_each(|name| self.land.name(name, ip));
        }
    }

    /// An address and, where there are two stacks, its twin.
    fn stacks(&self, ip: IpAddr) -> Vec<IpAddr> {
        std::iter::once(ip).chain(self.dual_stack.then(|| places::twin(ip)).flatten()).collect()
    }
}

/// Draws arrays of random bytes that are the same in every run.
fn drawn<const N: usize>(seed: u64) -> impl Fn() -> [u8; N] + Send + 'static {
    let rng = std::sync::Mutex::new(fastrand::Rng::with_seed(seed));
    move || {
        let mut rng = rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        std::array::from_fn(|_| rng.u8(..))
    }
}

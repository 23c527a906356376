//! The town under construction: every server that people want to reach, and those that they reach it through.

use super::country::Keys;
use super::places;
use super::{SHADOWSOCKS_PORT, SOCKS_PORT};
use crate::lab::land::Land;
use crate::lab::origins::{self, Manners, Talk};
use crate::lab::pki::{Authority, BadWorld};
use crate::lab::servers::{self, Shadowsocks};
use crate::lab::{dns, ntp};
use crate::wire::noise;
use rustls::ServerConfig;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::task::JoinSet;

/// The two Shadowsocks accounts: one of each generation.
const ACCOUNTS: [(IpAddr, &str, &str); 2] = [
    (places::TOKYO, "2022-blake3-aes-128-gcm", "bGFiLWtleS1vZi10b2t5bw=="),
    (places::OSLO, "chacha20-ietf-poly1305", "a password of the lab"),
];

/// The country under construction.
pub(super) struct Town {
    land: Arc<Land>,
    pub(super) tasks: JoinSet<()>,
    seed: u64,
    dual_stack: bool,
}

impl Town {
    pub(super) fn new(land: Arc<Land>, seed: u64, dual_stack: bool) -> Self {
        Self { land, tasks: JoinSet::new(), seed, dual_stack }
    }

    pub(super) fn chats(&mut self, noise: &Arc<noise::Authority>) {
        let centres: Vec<IpAddr> = places::TELEGRAM.into_iter().flat_map(|ip| self.stacks(ip)).collect();
        for ip in centres {
            for port in places::TELEGRAM_PORTS {
                let nonce = drawn(self.seed);
                let at = SocketAddr::new(ip, port);
                self.tasks.spawn(origins::accept(&self.land, at, move |wire| origins::telegram(wire, nonce())));
            }
        }
        for (ip, names) in places::WHATSAPP {
            self.name(names, ip);
            let doors = self.stacks(ip).into_iter().flat_map(|ip| places::WHATSAPP_PORTS.map(|port| (ip, port)));
            for at in doors.map(SocketAddr::from) {
                let (land, noise, keys) = (self.land.clone(), noise.clone(), drawn(self.seed));
                self.tasks.spawn(origins::accept(&self.land, at, move |wire| {
                    let (noise, random, needs_hint) = (noise.clone(), keys(), land.refuses_bare_hello());
                    async move { origins::whatsapp(wire, &noise, random, needs_hint).await }
                }));
            }
        }
    }

    pub(super) fn web(&mut self, keys: &Keys, sites: &[String]) -> Result<(), BadWorld> {
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
            let socket = self.land.bind(SocketAddr::new(ip, 443))?;
            self.tasks.spawn(origins::quic(socket, config.clone(), drawn(self.seed)));
        }
        Ok(config)
    }

    fn serve_site(&mut self, at: SocketAddr, tls: Option<Arc<ServerConfig>>, manners: &Manners) {
        let manners = manners.clone();
        self.tasks
            .spawn(origins::accept(&self.land, at, move |wire| origins::site(wire, tls.clone(), manners.clone())));
    }

    pub(super) fn udp(&mut self) -> Result<(), BadWorld> {
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

    pub(super) fn tunnels(&mut self) -> Result<Vec<Shadowsocks>, BadWorld> {
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

//! The running country as the client meets it: a [`Network`], and what a person who lives there would know
//! (roots, keys, accounts, anchors), so that byway can be configured for it.

use super::clock::Clock;
use super::places;
use crate::lab::censor::{Action, Censor, Direction, Rule, Target};
use crate::lab::dns;
use crate::lab::land::{Land, Place, home_like};
use crate::lab::line::Crossing;
use crate::lab::people::Door;
use crate::lab::pki::Authority;
use crate::lab::servers::{self, Shadowsocks};
use crate::lab::tcp::{self, Unwatched};
use crate::net::{BindError, DatagramListener, Datagrams, Network, Stream};
use crate::wire::{mtproto, noise};
use futures_util::future::BoxFuture;
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Who signs for whom.
pub(super) struct Keys {
    pub(super) web: Authority,
    pub(super) signal: Authority,
    pub(super) noise: Arc<noise::Authority>,
}

/// What the client has at home and with it.
pub(super) struct Home {
    pub(super) censor: Censor,
    pub(super) cafe: Censor,
    pub(super) clock: Clock,
    pub(super) dual_stack: bool,
}

/// A running country, seen from the client's home. Clones are the same country.
#[derive(Clone)]
pub struct Country {
    land: Arc<Land>,
    home: Arc<Home>,
    keys: Arc<Keys>,
    accounts: Arc<Vec<Shadowsocks>>,
    _tasks: Arc<JoinSet<()>>,
}

impl Country {
    pub(super) fn new(land: Arc<Land>, home: Home, keys: Keys, accounts: Vec<Shadowsocks>, tasks: JoinSet<()>) -> Self {
        Self { land, home: home.into(), keys: keys.into(), accounts: accounts.into(), _tasks: tasks.into() }
    }

    /// The censor on the client's line at home.
    pub fn censor(&self) -> &Censor {
        &self.home.censor
    }

    /// The censor on the line of a café; see [`Country::move_to`].
    pub fn cafe(&self) -> &Censor {
        &self.home.cafe
    }

    /// Takes the client to another network: what is up dies without a word, new connections pass that line.
    pub fn move_to(&self, place: Place) {
        self.land.move_to(place);
    }

    /// Lets the client sleep: its monotonic clock stands still (as Linux's does), the wall clock does not, and no NAT
    /// knows its connections any more. What is sent on one afterwards is answered by a reset.
    pub fn suspend(&self, span: Duration) {
        self.home.clock.slept(span);
        self.land.forget_connections();
    }

    /// Seconds since 1970 by the client's wall clock.
    pub fn unix_now(&self) -> u64 {
        self.home.clock.now()
    }

    /// Whether the client's system knows a way out: the cable is in.
    pub fn has_default_route(&self) -> bool {
        !self.land.censor().is_unplugged()
    }

    /// The same world without the client's line: where no censor is.
    pub fn outside(&self) -> Outside {
        Outside { land: self.land.clone() }
    }

    /// The root of the web's certificates, as PEM: to be trusted as the platform's store is.
    pub fn web_roots(&self) -> String {
        self.keys.web.pem()
    }

    /// The root of Signal's certificates, as PEM.
    pub fn signal_roots(&self) -> String {
        self.keys.signal.pem()
    }

    /// The root of WhatsApp's certificates.
    pub fn noise_root(&self) -> [u8; 32] {
        self.keys.noise.root()
    }

    /// The fingerprint that a Telegram data centre answers with.
    pub const fn telegram_key(&self) -> u64 {
        mtproto::PRODUCTION_KEY
    }

    /// The Shadowsocks accounts as links (SIP002): one of 2022, one before it.
    pub fn shadowsocks_links(&self) -> Vec<String> {
        self.accounts.iter().map(Shadowsocks::link).collect()
    }

    /// The SOCKS5 server abroad.
    pub const fn socks_server(&self) -> SocketAddr {
        SocketAddr::new(places::FRIEND, super::SOCKS_PORT)
    }

    /// The addresses of all tunnel servers.
    pub fn tunnel_servers(&self) -> Vec<IpNet> {
        [places::TOKYO, places::OSLO, places::FRIEND].map(IpNet::from).into()
    }

    /// Neutral web servers abroad as `(address, name)`; one has no name.
    pub fn anchors(&self) -> Vec<(IpAddr, &'static str)> {
        places::ANCHORS.into()
    }

    /// Web servers inside the country.
    pub fn domestic(&self) -> Vec<(IpAddr, &'static str)> {
        places::DOMESTIC.into()
    }

    /// The prefix of everything inside the country.
    pub fn domestic_prefix(&self) -> IpNet {
        IpNet::new_assert(places::v4(192, 0, 2, 128), 25)
    }

    /// A rule: handshakes abroad pass, payload abroad does not; what is inside the country works, the operator's
    /// resolvers too (T17).
    pub fn whitelist(&self) -> Rule {
        let abroad = Target::everything().except(self.domestic_prefix());
        Rule::new(abroad, Action::DropPayload(Direction::Both))
    }

    /// The resolver over HTTPS.
    pub const fn resolver(&self) -> SocketAddr {
        SocketAddr::new(places::RESOLVER, 443)
    }

    /// The operator's resolvers, by UDP and TCP on port 53: they say what the censor tells them to.
    pub fn system_resolvers(&self) -> Vec<SocketAddr> {
        dns::SYSTEM.into()
    }

    /// Public resolvers abroad, by UDP and TCP on port 53: they tell the truth.
    pub fn public_resolvers(&self) -> Vec<SocketAddr> {
        dns::PUBLIC.into()
    }

    /// The addresses of a messenger (`telegram`, `whatsapp`, `signal`); of another name none.
    pub fn addresses(&self, service: &str) -> Vec<IpNet> {
        let all: Vec<IpAddr> = match service {
            "telegram" => places::TELEGRAM.into_iter().chain([places::TELEGRAM_WEB]).collect(),
            "whatsapp" => places::WHATSAPP.iter().map(|(ip, _)| *ip).chain([places::WHATSAPP_WEB]).collect(),
            "signal" => places::SIGNAL.iter().map(|(ip, _)| *ip).collect(),
            _ => Vec::new(),
        };
        let twin = |ip: &IpAddr| if self.home.dual_stack { places::twin(*ip) } else { None };
        let twins: Vec<IpAddr> = all.iter().filter_map(twin).collect();
        all.into_iter().chain(twins).map(IpNet::from).collect()
    }

    /// Where a messenger relays calls (`telegram`, `whatsapp`, `signal`): every relay answers STUN Binding requests.
    pub fn call_relays(&self, service: &str) -> Vec<SocketAddr> {
        match service {
            "telegram" => places::TELEGRAM_RELAYS.into(),
            "whatsapp" => places::WHATSAPP_RELAYS.into(),
            "signal" => places::SIGNAL_RELAYS.into(),
            _ => Vec::new(),
        }
    }

    /// A censor's target: the relays of a messenger's calls, and nothing else of it.
    pub fn calls_target(&self, service: &str) -> Target {
        let relays = self.call_relays(service).into_iter();
        relays.fold(Target::everything(), |target, relay| target.or_prefix(relay.ip()))
    }

    /// STUN servers of no messenger, as `(address, name)`.
    pub fn stun_servers(&self) -> Vec<(SocketAddr, &'static str)> {
        places::STUN.into()
    }

    /// A time server (NTP): UDP that is neither DNS nor STUN.
    pub fn time_server(&self) -> SocketAddr {
        places::TIME.0
    }

    /// A censor's target: a messenger by its addresses.
    pub fn target(&self, service: &str) -> Target {
        self.addresses(service).into_iter().fold(Target::everything(), Target::or_prefix)
    }

    /// Where the country's servers accept connections, and where they take datagrams: for whoever opens the same
    /// town elsewhere and carries what comes in to [`Country::outside`].
    pub fn doors(&self) -> (Vec<SocketAddr>, Vec<SocketAddr>) {
        self.land.doors()
    }

    /// Every name there is, with its true addresses.
    pub fn names(&self) -> BTreeMap<String, Vec<IpAddr>> {
        self.land.zone()
    }

    /// A censor's target: a messenger by its IPv4 addresses only.
    pub fn target_v4(&self, service: &str) -> Target {
        let four = self.addresses(service).into_iter().filter(|net| net.addr().is_ipv4());
        four.fold(Target::everything(), Target::or_prefix)
    }

    /// WhatsApp's servers close on a hello without a routing hint, from everywhere, or take it again. People whose app
    /// has a hint (see `Person::with_routing_hint`) are served.
    pub fn refuse_bare_hello(&self, refuse: bool) {
        self.land.set_refuses_bare_hello(refuse);
    }

    /// Makes hosts refuse everybody, from everywhere: the destination itself is down.
    pub fn take_down(&self, hosts: impl IntoIterator<Item = IpNet>) {
        hosts.into_iter().for_each(|host| self.land.set_down(host, true));
    }

    /// Makes them serve again.
    pub fn bring_up(&self, hosts: impl IntoIterator<Item = IpNet>) {
        hosts.into_iter().for_each(|host| self.land.set_down(host, false));
    }

    /// Makes a host answer every SYN late by so much.
    pub fn slow_down(&self, host: IpAddr, late: Duration) {
        self.land.set_slow(host, late);
    }

    /// A SOCKS5 proxy at home that goes straight out and knows no other way: what people have without byway.
    pub fn plain_door(&self) -> Door {
        let land = self.land.clone();
        Arc::new(move || {
            let at = SocketAddr::new(home_like(places::FRIEND), 1080);
            let (near, far) = tcp::pair(at, at, Duration::ZERO, Box::new(Unwatched));
            tokio::spawn(servers::socks(land.clone(), at, far));
            Box::pin(std::future::ready(Ok(Box::new(near) as Stream)))
        })
    }

    /// The SOCKS5 server abroad as a door: every connection through it passes the client's line as a tunnel.
    pub fn friends_door(&self) -> Door {
        let country = self.clone();
        Arc::new(move || {
            let country = country.clone();
            Box::pin(async move { country.connect(country.socks_server()).await })
        })
    }

    /// Everything that has crossed the client's line since the country began.
    pub fn crossings(&self) -> Vec<Crossing> {
        self.land.line.crossings()
    }

    /// How many bytes meant for a service an impostor has read inside its own TLS or Noise. Must stay 0.
    pub fn read_by_impostor(&self) -> u64 {
        self.land.impostor.bytes_read()
    }
}

impl Network for Country {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>> {
        Box::pin(async move { Ok(Box::new(self.land.connect(home_like(to.ip()), to).await?) as Stream) })
    }

    fn bind_udp(&self, like: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Datagrams>>> {
        Box::pin(async move {
            let at = SocketAddr::new(home_like(like.ip()), 0);
            Ok(Box::new(self.land.bind(at)?) as Box<dyn Datagrams>)
        })
    }

    fn system_lookup<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(self.land.lookup(home_like(places::RESOLVER), name))
    }

    fn system_resolvers(&self) -> Vec<SocketAddr> {
        Self::system_resolvers(self)
    }
}

/// Datagrams of the person's own apps, within the one machine: they never cross the line.
impl DatagramListener for Country {
    fn bind(&self, address: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Datagrams>, BindError>> {
        let bound = self.land.bind(address).map_err(|error| BindError::new(address, error));
        Box::pin(std::future::ready(bound.map(|socket| Box::new(socket) as Box<dyn Datagrams>)))
    }
}

/// The same servers, met from abroad.
#[derive(Clone)]
pub struct Outside {
    land: Arc<Land>,
}

impl Network for Outside {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>> {
        Box::pin(async move { Ok(Box::new(self.land.connect(places::FRIEND, to).await?) as Stream) })
    }

    fn bind_udp(&self, _: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Datagrams>>> {
        Box::pin(async move {
            let at = SocketAddr::new(places::FRIEND, 0);
            Ok(Box::new(self.land.bind(at)?) as Box<dyn Datagrams>)
        })
    }

    fn system_lookup<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(self.land.lookup(places::FRIEND, name))
    }
}

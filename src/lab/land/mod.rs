//! The map: which addresses listen, how far they are from each other, which names they have. The client's line
//! is watched by the censor; what hosts abroad say to each other is not.

mod datagrams;
mod lookup;
mod ties;

use super::censor::{Censor, Syn, Watch};
use super::intercept;
use super::line::{Followed, Line};
use super::tcp::{self, Gate, Unwatched, Wire};
use super::udp::Mailbox;
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use ties::Ties;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

/// The client's addresses (documentation prefixes, RFC 5737 and 3849).
pub(super) const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10));
const HOME6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0xa, 0, 0, 0, 0, 10));

/// Seconds between the resends of a SYN (Linux `tcp_syn_retries` = 6), and from the last to giving up.
const SYN_WAITS: [u64; 7] = [1, 2, 4, 8, 16, 32, 64];

/// How far things are.
#[derive(Clone, Debug)]
pub(super) struct Distances {
    /// From home to everything not listed.
    pub(super) direct: Duration,
    /// From home to these.
    pub(super) near: BTreeMap<IpAddr, Duration>,
    /// Between hosts abroad.
    pub(super) abroad: Duration,
}

/// Where the client can be; each place has a line and a censor of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At home.
    Home,
    /// In a café.
    Cafe,
}

/// Everything there is.
pub(super) struct Land {
    distances: Distances,
    home: Censor,
    cafe: Censor,
    ties: Ties,
    places: Mutex<Places>,
    pub(super) impostor: intercept::Impostor,
    pub(super) line: Line,
}

#[derive(Default)]
struct Places {
    listeners: BTreeMap<SocketAddr, mpsc::UnboundedSender<Wire>>,
    hosts: BTreeSet<IpAddr>,
    zone: BTreeMap<String, Vec<IpAddr>>,
    down: Vec<IpNet>,
    slow: BTreeMap<IpAddr, Duration>,
    sockets: BTreeMap<SocketAddr, Mailbox>,
    refuses_bare_hello: bool,
    ports: u16,
}

impl Places {
    /// A port nobody has, as kernels give them to clients.
    fn free_port(&mut self) -> u16 {
        self.ports = self.ports % 20_000 + 1;
        40_000 + self.ports
    }

    fn is_down(&self, host: IpAddr) -> bool {
        self.down.iter().any(|net| net.contains(&host))
    }
}

/// Whether this is the client.
fn is_home(host: IpAddr) -> bool {
    host == HOME || host == HOME6
}

/// The client's address of the family of `like`.
pub(super) const fn home_like(like: IpAddr) -> IpAddr {
    if like.is_ipv4() { HOME } else { HOME6 }
}

impl Land {
    /// An empty land.
    pub(super) fn new(distances: Distances, [home, cafe]: [Censor; 2], impostor: intercept::Impostor) -> Self {
        let (places, line, ties) = (Mutex::default(), Line::default(), Ties::default());
        Self { distances, home, cafe, ties, places, impostor, line }
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The censor on the client's line, wherever that is now.
    pub(super) fn censor(&self) -> &Censor {
        match self.ties.place() {
            Place::Home => &self.home,
            Place::Cafe => &self.cafe,
        }
    }

    /// The client slept so long that no NAT remembers its connections.
    pub(super) fn forget_connections(&self) {
        self.ties.cut();
    }

    /// The client goes elsewhere.
    pub(super) fn move_to(&self, place: Place) {
        self.ties.move_to(place);
    }

    /// The round-trip time between two hosts.
    pub(super) fn rtt(&self, one: IpAddr, other: IpAddr) -> Duration {
        if one.is_loopback() && other.is_loopback() {
            return Duration::ZERO;
        }
        let from_home = |host| self.distances.near.get(&host).copied().unwrap_or(self.distances.direct);
        match (is_home(one), is_home(other)) {
            (true, true) => Duration::ZERO,
            (true, false) => from_home(other),
            (false, true) => from_home(one),
            (false, false) => self.distances.abroad,
        }
    }

    /// Listens; connections come out of the receiver.
    pub(super) fn listen(&self, at: SocketAddr) -> mpsc::UnboundedReceiver<Wire> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut places = self.lock();
        places.hosts.insert(at.ip());
        places.listeners.insert(at, sender);
        receiver
    }

    /// Everywhere that connections are accepted and datagrams are taken, in this order.
    pub(super) fn doors(&self) -> (Vec<SocketAddr>, Vec<SocketAddr>) {
        let places = self.lock();
        (places.listeners.keys().copied().collect(), places.sockets.keys().copied().collect())
    }

    /// Every name and its true addresses.
    pub(super) fn zone(&self) -> BTreeMap<String, Vec<IpAddr>> {
        self.lock().zone.clone()
    }

    /// Gives a name an address more.
    pub(super) fn name(&self, name: &str, address: IpAddr) {
        let mut places = self.lock();
        let addresses = places.zone.entry(name.to_ascii_lowercase()).or_default();
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }

    /// The true addresses of a name.
    pub(super) fn truth(&self, name: &str) -> Vec<IpAddr> {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        self.lock().zone.get(&name).cloned().unwrap_or_default()
    }

    /// Makes hosts refuse everywhere, or serve again.
    pub(super) fn set_down(&self, hosts: IpNet, down: bool) {
        let mut places = self.lock();
        places.down.retain(|net| *net != hosts);
        if down {
            places.down.push(hosts);
        }
    }

    /// Makes a host answer every SYN late by so much.
    pub(super) fn set_slow(&self, host: IpAddr, late: Duration) {
        self.lock().slow.insert(host, late);
    }

    /// Makes WhatsApp's servers refuse a hello without a routing hint, or take it again.
    pub(super) fn set_refuses_bare_hello(&self, refuses: bool) {
        self.lock().refuses_bare_hello = refuses;
    }

    /// Whether they refuse it.
    pub(super) fn refuses_bare_hello(&self) -> bool {
        self.lock().refuses_bare_hello
    }

    /// Opens a connection from `from`.
    pub(super) async fn connect(self: &Arc<Self>, from: IpAddr, to: SocketAddr) -> io::Result<Wire> {
        let congested = if is_home(from) { self.censor().delay(to) } else { Duration::ZERO };
        let rtt = self.rtt(from, to.ip()) + congested;
        let followed = is_home(from).then(|| self.line.follow(to));
        let footing = self.ties.footing();
        for wait in SYN_WAITS {
            let syn = match is_home(from) {
                // A SYN from the address of another network gets no answer.
                true if self.ties.footing() != footing => Syn::Vanishes,
                true => self.censor().syn(to, Instant::now()),
                false => Syn::Passes,
            };
            match syn {
                Syn::NoNetwork => return Err(ErrorKind::NetworkUnreachable.into()),
                Syn::Reset => return after(rtt / 4, ErrorKind::ConnectionRefused).await,
                Syn::Unreachable => return after(rtt / 4, ErrorKind::HostUnreachable).await,
                Syn::Passes if self.is_answered(from, to) => return self.shake_hands(from, to, rtt, followed).await,
                Syn::Passes | Syn::Vanishes => sleep(Duration::from_secs(wait)).await,
            }
        }
        Err(ErrorKind::TimedOut.into())
    }

    /// Whether anything answers a SYN at all.
    fn is_answered(&self, from: IpAddr, to: SocketAddr) -> bool {
        let redirected = || matches!(self.censor().intercept(to), Some((_, super::censor::Intercept::Redirect(_))));
        self.lock().hosts.contains(&to.ip()) || (is_home(from) && redirected())
    }

    async fn shake_hands(
        self: &Arc<Self>,
        from: IpAddr,
        to: SocketAddr,
        rtt: Duration,
        followed: Option<Followed>,
    ) -> io::Result<Wire> {
        let late = self.lock().slow.get(&to.ip()).copied().unwrap_or_default();
        sleep(rtt + late).await;
        let source = SocketAddr::new(from, self.lock().free_port());
        let Some(followed) = followed else {
            return self.hand_over(source, to, rtt, Box::new(Unwatched));
        };
        let watch = Box::new(followed.through(self.ties.tie(Watch::new(self.censor().clone(), to))));
        let Some((target, by)) = self.censor().intercept(to) else {
            return self.hand_over(source, to, rtt, watch);
        };
        let (near, far) = tcp::pair(source, to, rtt, watch);
        tokio::spawn(intercept::serve(self.clone(), far, to, target, by));
        Ok(near)
    }

    /// A connection to the origin that costs no time: for a box that sits on the line.
    pub(super) fn behind_the_box(&self, to: SocketAddr) -> io::Result<Wire> {
        self.hand_over(SocketAddr::new(HOME, 0), to, Duration::ZERO, Box::new(Unwatched))
    }

    fn hand_over(&self, from: SocketAddr, to: SocketAddr, rtt: Duration, gate: Box<dyn Gate>) -> io::Result<Wire> {
        let places = self.lock();
        let listener = places.listeners.get(&to).filter(|_| !places.is_down(to.ip()));
        let listener = listener.ok_or(ErrorKind::ConnectionRefused)?;
        let (near, far) = tcp::pair(from, to, rtt, gate);
        listener.send(far).map_err(|_| ErrorKind::ConnectionRefused)?;
        Ok(near)
    }
}

async fn after<T>(delay: Duration, why: ErrorKind) -> io::Result<T> {
    sleep(delay).await;
    Err(why.into())
}

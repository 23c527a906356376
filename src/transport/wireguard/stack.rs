//! TCP and UDP above the tunnel, in this process: smoltcp between the sockets and the queue of IP packets. Knows neither
//! the tunnel's cryptography nor tokio; whoever holds the lock moves it on.
//!
//! smoltcp does not read SACK blocks, so a large window of unacknowledged data is a risk, not a gain: 256 KiB are sent
//! ahead, 1 MiB is received ahead.

use gotatun::packet::Packet;
use smoltcp::iface::{Config, Interface, PollIngressSingleResult, PollResult, SocketHandle, SocketSet};
use smoltcp::phy::{Checksum, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::{tcp, udp};
use smoltcp::time::{Duration as Span, Instant as At};
use smoltcp::wire::{HardwareAddress, IpCidr, IpEndpoint, IpListenEndpoint};
use std::collections::{HashSet, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::time::Instant;

/// Sent ahead of its acknowledgement; reached a 50 Mbit/s line's rate, where 1 MiB overran the peer's socket.
const SEND_BUFFER: usize = 256 << 10;
/// Received ahead of its reader; 4 streams at 40 ms filled 37 MB/s.
const RECEIVE_BUFFER: usize = 1 << 20;
/// Packets and bytes of one UDP socket, either way.
const DATAGRAMS: usize = 256;
const DATAGRAM_BYTES: usize = 256 << 10;
/// Packets made in one turn, so that a burst does not overrun the socket below.
const MOST_PER_TURN: usize = 64;
/// How long data may be unacknowledged, or a connection unanswered.
pub(super) const SILENCE: Duration = Duration::from_secs(30);
/// How long a stream that nobody holds any more may take to end.
const FAREWELL: Duration = Duration::from_secs(15);
/// Where local ports begin (RFC 6335 §6), and how many there are.
const FIRST_PORT: u16 = 49_152;
const PORTS: u16 = u16::MAX - FIRST_PORT;

/// The sockets inside the tunnel and what is on its way to and from them.
pub(super) struct Stack {
    interface: Interface,
    sockets: SocketSet<'static>,
    queue: Queue,
    ports: HashSet<u16>,
    /// Streams that nobody holds: their handle, their port, and when they are cut off.
    leaving: Vec<(SocketHandle, u16, Instant)>,
    began: Instant,
    addresses: Vec<IpAddr>,
    held: usize,
}

/// What one turn left to be done.
pub(super) struct Turn {
    /// More packets wait than one turn may make.
    pub(super) unfinished: bool,
    /// When the next turn is due.
    pub(super) next: Option<Duration>,
}

impl Stack {
    pub(super) fn new(addresses: &[IpAddr], mtu: u16, seed: u64, now: Instant) -> Self {
        let mut queue = Queue { mtu: mtu.into(), arrived: VecDeque::new(), leaving: Vec::new() };
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let mut interface = Interface::new(config, &mut queue, At::ZERO);
        interface.update_ip_addrs(|own| {
            for address in addresses {
                let prefix = if address.is_ipv4() { 32 } else { 128 };
                // One address of each family is all that fits, and all that is used.
                let _ = own.push(IpCidr::new((*address).into(), prefix));
            }
        });
        for address in addresses {
            // Without a link layer the gateway is a formality.
            let _ = match address {
                IpAddr::V4(four) => interface.routes_mut().add_default_ipv4_route(*four),
                IpAddr::V6(six) => interface.routes_mut().add_default_ipv6_route(*six),
            };
        }
        Self {
            interface,
            sockets: SocketSet::new(Vec::new()),
            queue,
            ports: HashSet::new(),
            leaving: Vec::new(),
            began: now,
            addresses: addresses.to_vec(),
            held: 0,
        }
    }

    /// A packet from the tunnel.
    pub(super) fn arrived(&mut self, packet: Packet) {
        self.queue.arrived.push_back(packet);
    }

    /// Moves everything on and hands over the packets that leave.
    pub(super) fn turn(&mut self, now: Instant, leaving: &mut Vec<Packet>) -> Turn {
        let at = self.at(now);
        self.interface.poll_maintenance(at);
        let most = MOST_PER_TURN.max(self.queue.arrived.len());
        while !matches!(
            self.interface.poll_ingress_single(at, &mut self.queue, &mut self.sockets),
            PollIngressSingleResult::None
        ) {}
        // Answers to what arrived have gone before; they count.
        while self.queue.leaving.len() < most
            && self.interface.poll_egress(at, &mut self.queue, &mut self.sockets) != PollResult::None
        {}
        let unfinished = self.queue.leaving.len() >= most;
        leaving.append(&mut self.queue.leaving);
        self.reap(now);
        let next = self.interface.poll_delay(at, &self.sockets).map(Duration::from);
        Turn { unfinished, next }
    }

    /// Whether anybody uses the tunnel.
    pub(super) fn in_use(&self) -> bool {
        self.held > 0 || !self.leaving.is_empty()
    }

    /// The own address of the family of `to`.
    pub(super) fn own(&self, to: SocketAddr) -> io::Result<IpAddr> {
        let own = self.addresses.iter().find(|own| own.is_ipv4() == to.is_ipv4());
        own.copied().ok_or_else(|| io::ErrorKind::NetworkUnreachable.into())
    }

    /// Begins a connection; whether it comes about is the socket's to say. `chance` chooses the port.
    pub(super) fn connect(&mut self, to: SocketAddr, chance: u16) -> io::Result<(SocketHandle, u16)> {
        let own = self.own(to)?;
        let port = self.port(chance)?;
        let buffer = |size| tcp::SocketBuffer::new(vec![0; size]);
        let mut socket = tcp::Socket::new(buffer(RECEIVE_BUFFER), buffer(SEND_BUFFER));
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
        socket.set_congestion_control(tcp::CongestionControl::Cubic);
        socket.set_timeout(Some(span(SILENCE)));
        let local = SocketAddr::new(own, port);
        let begun = socket.connect(self.interface.context(), IpEndpoint::from(to), IpEndpoint::from(local));
        begun.map_err(|_| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
        self.ports.insert(port);
        self.held += 1;
        Ok((self.sockets.add(socket), port))
    }

    /// A UDP socket of the family of `like`.
    pub(super) fn bind(&mut self, like: SocketAddr, chance: u16) -> io::Result<(SocketHandle, SocketAddr)> {
        let own = self.own(like)?;
        let port = self.port(chance)?;
        let buffer = || udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; DATAGRAMS], vec![0; DATAGRAM_BYTES]);
        let mut socket = udp::Socket::new(buffer(), buffer());
        let local = IpListenEndpoint { addr: Some(own.into()), port };
        socket.bind(local).map_err(|_| io::Error::from(io::ErrorKind::AddrInUse))?;
        self.ports.insert(port);
        self.held += 1;
        Ok((self.sockets.add(socket), SocketAddr::new(own, port)))
    }

    pub(super) fn tcp(&mut self, handle: SocketHandle) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(handle)
    }

    pub(super) fn udp(&mut self, handle: SocketHandle) -> &mut udp::Socket<'static> {
        self.sockets.get_mut(handle)
    }

    /// Nobody holds this stream any more: it ends in order, or at once when what it received goes unread.
    pub(super) fn leave(&mut self, handle: SocketHandle, port: u16, at_once: bool, now: Instant) {
        self.held = self.held.saturating_sub(1);
        let socket = self.tcp(handle);
        if at_once || socket.recv_queue() > 0 {
            socket.abort();
        } else {
            socket.close();
        }
        socket.set_timeout(Some(span(FAREWELL)));
        self.leaving.push((handle, port, now + FAREWELL));
    }

    /// Nobody holds this UDP socket any more.
    pub(super) fn unbind(&mut self, handle: SocketHandle, port: u16) {
        self.held = self.held.saturating_sub(1);
        self.sockets.remove(handle);
        self.ports.remove(&port);
    }

    /// smoltcp's timeout counts from the last packet received, so that it would end a stream that is merely quiet; it is
    /// in force only while something is unacknowledged.
    pub(super) fn calm(&mut self) {
        for (_, socket) in self.sockets.iter_mut() {
            if let smoltcp::socket::Socket::Tcp(socket) = socket
                && matches!(socket.state(), tcp::State::Established | tcp::State::CloseWait)
                && socket.send_queue() == 0
            {
                socket.set_timeout(None);
            }
        }
    }

    /// Data was given to `handle`: from now on silence counts.
    pub(super) fn awaited(&mut self, handle: SocketHandle) {
        self.tcp(handle).set_timeout(Some(span(SILENCE)));
    }

    /// The tunnel is down: every socket ends, and those who wait on one are woken.
    pub(super) fn end(&mut self) {
        for (_, socket) in self.sockets.iter_mut() {
            match socket {
                smoltcp::socket::Socket::Tcp(socket) => socket.abort(),
                smoltcp::socket::Socket::Udp(socket) => socket.close(),
            }
        }
    }

    fn reap(&mut self, now: Instant) {
        let (sockets, ports) = (&mut self.sockets, &mut self.ports);
        self.leaving.retain(|(handle, port, until)| {
            let socket = sockets.get::<tcp::Socket<'_>>(*handle);
            // A socket that was aborted keeps its endpoints until its reset has left.
            let is_over = socket.state() == tcp::State::TimeWait
                || (socket.state() == tcp::State::Closed && socket.remote_endpoint().is_none());
            if is_over || now >= *until {
                sockets.remove(*handle);
                ports.remove(port);
            }
            !is_over && now < *until
        });
    }

    fn port(&self, chance: u16) -> io::Result<u16> {
        let from = chance % PORTS;
        let mut candidates = (0..PORTS).map(|step| FIRST_PORT + (from + step % PORTS) % PORTS);
        candidates.find(|port| !self.ports.contains(port)).ok_or_else(|| io::ErrorKind::AddrInUse.into())
    }

    fn at(&self, now: Instant) -> At {
        let micros = now.saturating_duration_since(self.began).as_micros();
        // Zero is what smoltcp takes for "never".
        At::from_micros(i64::try_from(micros).unwrap_or(i64::MAX - 1) + 1)
    }
}

fn span(span: Duration) -> Span {
    span.into()
}

/// The device that smoltcp sees: two queues.
struct Queue {
    mtu: usize,
    arrived: VecDeque<Packet>,
    leaving: Vec<Packet>,
}

impl Device for Queue {
    type RxToken<'a> = Arrived;
    type TxToken<'a> = Leaving<'a>;

    fn receive(&mut self, _: At) -> Option<(Arrived, Leaving<'_>)> {
        let packet = self.arrived.pop_front()?;
        Some((Arrived(packet), Leaving(&mut self.leaving)))
    }

    fn transmit(&mut self, _: At) -> Option<Leaving<'_>> {
        (self.leaving.len() < MOST_PER_TURN).then_some(Leaving(&mut self.leaving))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut able = DeviceCapabilities::default();
        able.medium = Medium::Ip;
        able.max_transmission_unit = self.mtu;
        // What came through the tunnel is authentic, so its checksums are not looked at.
        able.checksum.ipv4 = Checksum::Tx;
        able.checksum.tcp = Checksum::Tx;
        able.checksum.udp = Checksum::Tx;
        able
    }
}

struct Arrived(Packet);

impl RxToken for Arrived {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

struct Leaving<'a>(&'a mut Vec<Packet>);

impl TxToken for Leaving<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        // Room for the padding to a multiple of 16 that the tunnel adds.
        let mut bytes = bytes::BytesMut::with_capacity(length.next_multiple_of(16));
        bytes.resize(length, 0);
        let result = write(&mut bytes);
        self.0.push(Packet::from_bytes(bytes));
        result
    }
}

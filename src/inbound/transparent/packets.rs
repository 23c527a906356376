//! Datagrams that the firewall brings: those of one client's port are one association, whatever they mean, and each answer
//! goes out under the address that it came from. An association ends when nothing has passed for two minutes (RFC 4787
//! §4.3). An answer under an address of a private network is passed on only if the client spoke to that address: nobody
//! abroad plays the person's own printer.

use super::SharedNaming;
use crate::inbound::{Answer, Association, Protocol, Refusal, Request, Want};
use crate::model::Destination;
use crate::net::resolve::is_bogon;
use crate::net::transparent::{CaughtDatagrams, Unreachable, speaking_as};
use crate::net::{PacketIo, Stream};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

/// Associations at once.
const MOST: usize = 1024;
/// Datagrams that wait for an association to take them.
const WAITING: usize = 64;
/// Addresses that one association speaks as at once.
const VOICES: usize = 128;
/// How long an association lives in silence.
const SILENCE: Duration = Duration::from_secs(120);
/// The largest UDP payload.
const LARGEST: usize = 65_535;

type Datagram = (Vec<u8>, SocketAddr);

/// The associations of a socket for datagrams.
pub struct CaughtPackets {
    socket: CaughtDatagrams,
    naming: SharedNaming,
    refusals: Arc<Unreachable>,
}

impl CaughtPackets {
    /// Associations of what comes in by `socket`.
    pub fn new(socket: CaughtDatagrams, naming: SharedNaming) -> Self {
        Self { socket, naming, refusals: Arc::new(Unreachable::open()) }
    }

    /// Hands each datagram to its association, for ever; `submit` gets a request for each new one, and must not wait.
    pub async fn run(self, submit: impl Fn(Request)) {
        let mut clients: HashMap<SocketAddr, mpsc::Sender<Datagram>> = HashMap::new();
        let mut buf = vec![0; LARGEST];
        loop {
            let Ok((length, from, to)) = self.socket.recv(&mut buf).await else {
                // Out of memory, as a rule; the next one may fit.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let datagram = (buf[..length].to_vec(), to);
            let datagram = match clients.get(&from).map(|inbox| inbox.try_send(datagram.clone())) {
                // One that does not fit is lost, as on any line.
                Some(Ok(()) | Err(mpsc::error::TrySendError::Full(_))) => continue,
                Some(Err(mpsc::error::TrySendError::Closed(_))) | None => datagram,
            };
            if clients.len() >= MOST {
                clients.retain(|_, inbox| !inbox.is_closed());
            }
            if clients.len() >= MOST {
                continue;
            }
            let (inbox, outbox) = mpsc::channel(WAITING);
            let first = (datagram.0.len(), to);
            let _there_is_room = inbox.try_send(datagram);
            clients.insert(from, inbox);
            submit(self.request(from, first, outbox));
        }
    }

    fn request(&self, client: SocketAddr, first: (usize, SocketAddr), inbox: mpsc::Receiver<Datagram>) -> Request {
        let flow = Flow {
            client,
            refusals: Arc::clone(&self.refusals),
            state: Mutex::new(State {
                inbox,
                voices: HashMap::new(),
                spoken_to: HashSet::new(),
                silence: Box::pin(tokio::time::sleep(SILENCE)),
            }),
        };
        let answer = PacketsAnswer { flow, first, naming: Arc::clone(&self.naming) };
        Request::new(Want::Packets, client, Protocol::Transparent, Box::new(answer))
    }
}

/// Answers a client's first datagram.
struct PacketsAnswer {
    flow: Flow,
    first: (usize, SocketAddr),
    naming: SharedNaming,
}

impl Answer for PacketsAnswer {
    fn accept_stream(self: Box<Self>) -> BoxFuture<'static, io::Result<Stream>> {
        async { Err(io::ErrorKind::Unsupported.into()) }.boxed()
    }

    fn accept_packets(self: Box<Self>) -> BoxFuture<'static, io::Result<Association>> {
        async { Ok(Association { packets: Box::new(self.flow), naming: Some(self.naming) }) }.boxed()
    }

    fn refuse(self: Box<Self>, _: Refusal, _: String) -> BoxFuture<'static, io::Result<()>> {
        let (length, to) = self.first;
        self.flow.refusals.refuse(self.flow.client, to, length);
        async { Ok(()) }.boxed()
    }
}

/// One client's datagrams.
struct Flow {
    client: SocketAddr,
    refusals: Arc<Unreachable>,
    state: Mutex<State>,
}

struct State {
    inbox: mpsc::Receiver<Datagram>,
    /// A socket for each address that is spoken as, and when it last spoke.
    voices: HashMap<SocketAddr, (UdpSocket, Instant)>,
    spoken_to: HashSet<SocketAddr>,
    silence: Pin<Box<Sleep>>,
}

impl Flow {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn heard(&mut self) {
        self.silence.as_mut().reset(Instant::now() + SILENCE);
    }

    /// The socket that speaks as `whom`.
    fn voice(&mut self, whom: SocketAddr) -> io::Result<&UdpSocket> {
        if !self.voices.contains_key(&whom) {
            if self.voices.len() >= VOICES {
                let oldest = self.voices.iter().min_by_key(|(_, (_, last))| *last).map(|(at, _)| *at);
                oldest.and_then(|oldest| self.voices.remove(&oldest));
            }
            self.voices.insert(whom, (speaking_as(whom)?, Instant::now()));
        }
        let voice = self.voices.get_mut(&whom).ok_or(io::ErrorKind::NotFound)?;
        voice.1 = Instant::now();
        Ok(&voice.0)
    }
}

impl PacketIo for Flow {
    /// To the client, as coming from `from`.
    fn poll_send(&self, cx: &mut Context<'_>, packet: &[u8], from: &Destination) -> Poll<io::Result<()>> {
        let Some(ip) = from.host.ip() else { return Poll::Ready(Ok(())) };
        let from = SocketAddr::new(ip.to_canonical(), from.port);
        let mut state = self.state();
        if from.port() == 0
            || from.is_ipv4() != self.client.is_ipv4()
            || (is_bogon(from.ip()) && !state.spoken_to.contains(&from))
        {
            return Poll::Ready(Ok(()));
        }
        state.heard();
        state.voice(from)?.poll_send_to(cx, packet, self.client).map_ok(|_| ())
    }

    /// From the client, with whom it meant.
    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        let mut state = self.state();
        loop {
            match state.inbox.poll_recv(cx) {
                Poll::Ready(Some((payload, to))) if payload.len() <= buf.remaining() => {
                    buf.put_slice(&payload);
                    state.heard();
                    if state.spoken_to.len() < VOICES {
                        state.spoken_to.insert(to);
                    }
                    return Poll::Ready(Ok(to.into()));
                }
                Poll::Ready(Some(_)) => {}
                Poll::Ready(None) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Poll::Pending => break,
            }
        }
        state.silence.as_mut().poll(cx).map(|()| Err(io::ErrorKind::UnexpectedEof.into()))
    }

    fn refuse(&self, packet: &[u8], to: &Destination) -> bool {
        let meant = to.host.ip().map(|ip| SocketAddr::new(ip, to.port));
        meant.is_some_and(|meant| self.refusals.refuse(self.client, meant, packet.len()))
    }
}

//! The one task of a tunnel that is up: datagrams in, packets to the stack, packets from the stack, datagrams out, and
//! the timers. It ends when nobody has used the tunnel for a while, or the server has not answered for long.

use super::carrier::{Base, Carrier};
use super::core::{Came, Core, Now};
use super::facts::Facts;
use super::kernel::Kernel;
use super::outbox::Outbox;
use super::stack::{Stack, Turn};
use super::{TcpBy, WireGuardServer, lock};
use crate::model::{Cause, Failure, Stage, Whose};
use crate::net::{Batch, Deadline, Namespace};
use gotatun::packet::Packet;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// How often the timers are looked at (the core's own resolution).
const TICK: Duration = Duration::from_millis(250);
/// How long a tunnel that nobody uses stays up: a session's life (paper §6.1), after which it is as cheap to begin anew.
const IDLE: Duration = Duration::from_secs(180);
/// How long opening the carrier may take: the server's name, and the way below.
const OPENING: Duration = Duration::from_secs(15);
/// How long an address of several may leave the first handshake unanswered before the next is tried.
const STAGGER: Duration = Duration::from_secs(1);
/// Handshakes, after the first of a tunnel that comes up, that do not keep to the core's pace: it would let five seconds go by,
/// and who dials does not wait so long for a packet that was lost.
const HURRIED: u64 = 2;
/// How often doubt alone opens the socket anew (the core's own pace of handshakes, paper §6.1).
const PACE: Duration = Duration::from_secs(5);
/// Unanswered handshakes after which the socket is opened anew and the server's name looked up again.
const PATIENCE: u64 = 2;

/// What a tunnel that is up shares with those who use it.
pub(super) struct Shared {
    stack: Mutex<Stack>,
    kernel: OnceLock<Arc<Kernel>>,
    kick: Notify,
    moved: Notify,
    /// A connection got no byte through the tunnel.
    doubted: AtomicBool,
    phase: watch::Sender<Phase>,
    /// A session is wanted before there is anything to send.
    wanted: AtomicBool,
    /// The tunnel's owner is gone: end as soon as nobody uses it.
    pub(super) forsaken: AtomicBool,
    pub(super) facts: Arc<Facts>,
    pub(super) mtu: u16,
}

/// How far the tunnel is.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// No handshake has been answered yet.
    Coming,
    /// There is a session.
    Up,
    /// It has ended.
    Down(Failure),
}

impl Shared {
    pub(super) fn new(settings: &WireGuardServer, facts: Arc<Facts>) -> Self {
        let stack = Stack::new(&settings.addresses, settings.mtu, fastrand::u64(..), Instant::now());
        Self {
            stack: Mutex::new(stack),
            kernel: OnceLock::new(),
            kick: Notify::new(),
            moved: Notify::new(),
            doubted: AtomicBool::new(false),
            phase: watch::Sender::new(Phase::Coming),
            wanted: AtomicBool::new(false),
            forsaken: AtomicBool::new(false),
            facts,
            mtu: settings.mtu,
        }
    }

    /// Does something with the stack.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Stack) -> T) -> T {
        act(&mut lock(&self.stack))
    }

    /// The kernel, where it does TCP. Known once there is a session.
    pub(super) fn kernel(&self) -> Option<&Arc<Kernel>> {
        self.kernel.get()
    }

    fn in_use(&self) -> bool {
        self.with(|stack| stack.in_use()) || self.kernel().is_some_and(|kernel| kernel.in_use())
    }

    /// There is something to do.
    pub(super) fn kick(&self) {
        self.kick.notify_one();
    }

    /// Somebody wants a session: without one, a handshake begins now.
    pub(super) fn knock(&self) {
        if !matches!(*self.phase.borrow(), Phase::Up) {
            self.wanted.store(true, Ordering::Relaxed);
            self.kick();
        }
    }

    /// The device is on another network.
    pub(super) fn moved(&self) {
        self.moved.notify_one();
    }

    /// Nothing came through the tunnel: the session may be dead, as after a restart of the server.
    pub(super) fn doubt(&self) {
        self.doubted.store(true, Ordering::Relaxed);
    }

    /// Follows how far the tunnel is.
    pub(super) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    pub(super) fn is_down(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Down(_))
    }

    fn end(&self, failure: Failure) {
        self.facts.ended(&failure);
        self.phase.send_replace(Phase::Down(failure));
        self.with(Stack::end);
        self.kernel().into_iter().for_each(|kernel| kernel.end());
    }
}

/// Runs a tunnel until it ends.
pub(super) async fn run(settings: Arc<WireGuardServer>, base: Arc<Base>, shared: Arc<Shared>) {
    let failure = match base.open(&settings.server, 0, Deadline::after(OPENING)).await {
        Err(failure) => failure,
        Ok(carrier) => {
            choose(&settings, &shared).await;
            Engine::new(settings, base, Arc::clone(&shared), carrier).work().await
        }
    };
    shared.end(failure);
}

/// Chooses who does TCP: the kernel where it may, for it loses less under loss.
async fn choose(settings: &WireGuardServer, shared: &Shared) {
    let namespace = match settings.tcp {
        TcpBy::Own => None,
        TcpBy::Auto => Namespace::open(settings.addresses.clone(), settings.mtu).await.ok(),
    };
    match namespace {
        Some(namespace) => {
            let _ = shared.kernel.set(Arc::new(Kernel::new(namespace)));
            shared.facts.works_by("the kernel's TCP, in a network of its own");
        }
        None => shared.facts.works_by("TCP of its own (smoltcp)"),
    }
}

struct Engine {
    settings: Arc<WireGuardServer>,
    base: Arc<Base>,
    shared: Arc<Shared>,
    carrier: Carrier,
    core: Core,
    batch: Batch,
    outbox: Outbox,
    leaving: Vec<Packet>,
    began: Instant,
    unix: u32,
    tick_at: Instant,
    used_at: Instant,
    /// When the peer last proved itself.
    signed_at: Instant,
    openings: usize,
    opened_at: Instant,
    /// The socket said that there is no way to the server.
    stranded: bool,
    /// Handshakes begun when the peer last proved itself, or the carrier was last opened.
    tried: u64,
    /// Handshakes begun, and when the last of them was seen.
    shaken: (u64, Instant),
}

impl Engine {
    fn new(settings: Arc<WireGuardServer>, base: Arc<Base>, shared: Arc<Shared>, carrier: Carrier) -> Self {
        let now = Instant::now();
        Self {
            core: Core::new(&settings),
            settings,
            base,
            shared,
            carrier,
            batch: Batch::default(),
            outbox: Outbox::default(),
            leaving: Vec::new(),
            began: now,
            unix: 0,
            tick_at: now,
            used_at: now,
            signed_at: now,
            openings: 0,
            opened_at: now,
            stranded: false,
            tried: 0,
            shaken: (0, now),
        }
    }

    /// Works until there is a reason to end.
    async fn work(mut self) -> Failure {
        loop {
            let now = Instant::now();
            if now >= self.tick_at
                && let Err(failure) = self.tick(now).await
            {
                return failure;
            }
            if self.shared.wanted.swap(false, Ordering::Relaxed) {
                let at = self.now(now);
                self.core.begin(at, &mut self.outbox);
            }
            let turn = match self.shared.kernel.get() {
                Some(kernel) => Turn { unfinished: kernel.take(&mut self.leaving), next: None },
                None => self.shared.with(|stack| stack.turn(now, &mut self.leaving)),
            };
            let at = self.now(now);
            for packet in self.leaving.drain(..) {
                self.core.seal(packet, at, &mut self.outbox);
            }
            self.flush().await;
            if std::mem::take(&mut self.stranded) && now - self.opened_at >= TICK {
                self.reopen().await;
                continue;
            }
            let next = turn.next.map_or(self.tick_at, |next| self.tick_at.min(now + next));
            tokio::select! {
                // Every arm is cancel-safe: what was received is in the batch or still in the socket.
                biased;
                received = self.carrier.receive(&mut self.batch) => {
                    if received.is_ok() {
                        self.received();
                    }
                }
                () = self.shared.moved.notified() => self.reopen().await,
                () = self.shared.kick.notified() => {}
                () = sent_by(self.shared.kernel.get()) => {}
                () = std::future::ready(()), if turn.unfinished => tokio::task::yield_now().await,
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    /// Opens what was received and gives it to the stack.
    fn received(&mut self) {
        let now = Instant::now();
        let at = self.now(now);
        let facts = &self.shared.facts;
        let (core, outbox) = (&mut self.core, &mut self.outbox);
        let (mut packets, mut signed, mut answered) = (Vec::new(), false, false);
        for datagram in self.batch.datagrams() {
            match core.open(datagram, at, outbox) {
                Came::Packet(packet) => packets.push(packet),
                Came::Sign => signed = true,
                Came::Response => answered = true,
                Came::Stranger => facts.stranger(core.session_age()),
                Came::Noise => continue,
            }
            facts.received(datagram.len());
        }
        if !(signed || answered || !packets.is_empty()) {
            return;
        }
        self.signed_at = now;
        self.tried = outbox.initiations;
        facts.signed();
        if answered {
            facts.answered();
            self.shared.phase.send_replace(Phase::Up);
        }
        match self.shared.kernel.get() {
            Some(kernel) => kernel.give(&packets),
            None => self.shared.with(|stack| packets.into_iter().for_each(|packet| stack.arrived(packet))),
        }
    }

    async fn tick(&mut self, now: Instant) -> Result<(), Failure> {
        self.tick_at = now + TICK;
        self.unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as u32);
        let at = self.now(now);
        self.shared.with(Stack::calm);
        if self.shared.in_use() || self.shared.facts.take_dialled() {
            self.used_at = now;
        } else if now - self.used_at >= IDLE || self.shared.forsaken.load(Ordering::Relaxed) {
            return Err(Failure::new(Stage::Idle, Cause::Interrupted, Whose::Local).near());
        }
        if self.core.session_age().is_none() && matches!(*self.shared.phase.borrow(), Phase::Up) {
            self.shared.phase.send_replace(Phase::Coming);
        }
        if self.core.tick(at, &mut self.outbox).is_err() {
            return Err(unanswered());
        }
        let unanswered = self.outbox.initiations - self.tried;
        self.shared.facts.tried(unanswered);
        if self.shaken.0 != self.outbox.initiations {
            self.shaken = (self.outbox.initiations, now);
        }
        let coming = unanswered > 0 && matches!(*self.shared.phase.borrow(), Phase::Coming);
        let elsewhere = coming && now - self.opened_at >= STAGGER && self.openings < self.carrier.others();
        let given_up = unanswered >= PATIENCE && !self.outbox.is_empty();
        let doubted = now - self.opened_at >= PACE && self.shared.doubted.swap(false, Ordering::Relaxed);
        if elsewhere || given_up || doubted {
            self.outbox.clear();
            self.reopen().await;
        } else if coming && unanswered <= HURRIED && now - self.shaken.1 >= STAGGER * unanswered as u32 {
            self.core.shake(at, &mut self.outbox);
        }
        Ok(())
    }

    /// Another socket, the server's address looked up again, and a handshake: the way here may be another one now.
    async fn reopen(&mut self) {
        self.openings += 1;
        self.opened_at = Instant::now();
        let opening = self.base.open(&self.settings.server, self.openings, Deadline::after(OPENING));
        match opening.await {
            Ok(carrier) => self.carrier = carrier,
            Err(failure) => self.shared.facts.ended(&failure),
        }
        let at = self.now(Instant::now());
        self.core.shake(at, &mut self.outbox);
    }

    /// Sends what waits; what the socket does not take within a tick is dropped, as a network would.
    async fn flush(&mut self) {
        if self.outbox.is_empty() {
            return;
        }
        let (carrier, outbox, stranded) = (&self.carrier, &mut self.outbox, &mut self.stranded);
        let sending = async {
            while !outbox.is_empty() {
                if let Err(error) = poll_fn(|cx| carrier.poll_send(cx, outbox)).await {
                    tracing::trace!(%error, "a datagram was not sent");
                    *stranded |= matches!(
                        error.kind(),
                        ErrorKind::NetworkUnreachable
                            | ErrorKind::HostUnreachable
                            | ErrorKind::NetworkDown
                            | ErrorKind::AddrNotAvailable
                    );
                }
            }
        };
        if tokio::time::timeout(TICK, sending).await.is_err() {
            self.outbox.clear();
        }
    }

    fn now(&self, now: Instant) -> Now {
        Now { since: now - self.began, unix: self.unix }
    }
}

/// Waits until the kernel's sockets send something; for ever where it has none.
async fn sent_by(kernel: Option<&Arc<Kernel>>) {
    match kernel {
        Some(kernel) => kernel.readable().await,
        None => std::future::pending().await,
    }
}

/// The server did not answer the handshake. It says nothing to a key it does not know (paper §5.1), so that a wrong key,
/// a server that is gone and UDP that does not pass look alike from here.
pub(super) const fn unanswered() -> Failure {
    Failure::new(Stage::Handshake, Cause::UdpNoReply, Whose::Network).near()
}

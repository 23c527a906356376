//! A running byway, whatever world it runs in: this machine, or the lab's country.

use super::Tasks;
use super::counted::{Counted, hourly};
use super::generation::{Generation, World, routes};
use super::pulse::{Heart, Pulse};
use super::router::{self, Router};
use super::subscriptions::{Book, Reread, keep};
use crate::board::{Board, LinkReport};
use crate::config::Settings;
use crate::control::metrics::Meters;
use crate::inbound::relay::Relay;
use crate::inbound::whatsapp::Port;
use crate::inbound::{Door, Error, Gate, Login, Rest, Script, Served};
use crate::journal::{Journal, Notice};
use crate::model::{Ground, LinkState, NetworkId, Record, Secret};
use crate::net::tls::TlsError;
use crate::net::{BindError, DatagramListener, Listener, OsDatagrams, Stream};
use crate::platform;
use crate::probe::Prober;
use crate::session::Sessions;
use arc_swap::ArcSwap;
use futures_util::FutureExt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::Semaphore;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How long connections may take to end when byway stops.
const GRACE: Duration = Duration::from_secs(3);

/// A running byway.
pub struct Byway {
    pub(super) board: Board,
    pub(super) sessions: Arc<Sessions>,
    pub(super) journal: Journal,
    pub(super) gate: Gate,
    pub(super) began: Instant,
    pub(super) generation: ArcSwap<Generation>,
    pub(super) counted: Arc<Counted>,
    /// What a monitoring system reads.
    pub(super) meters: Meters,
    /// The lists that somebody else keeps.
    pub(super) subscribed: Book,
    /// Whose turn it is to examine a service.
    pub(super) examining: Arc<Semaphore>,
    pub(super) world: World,
    /// What belongs to a router.
    pub(super) router: Router,
    tasks: Tasks,
    prober: Mutex<CancellationToken>,
    doors: Mutex<Doors>,
    script: OnceLock<Script>,
}

/// The listeners that are open.
#[derive(Default)]
struct Doors {
    stop: CancellationToken,
    open: Vec<SocketAddr>,
    relays: Vec<SocketAddr>,
    phones: Vec<(Port, SocketAddr)>,
    pulse: Pulse,
}

impl Byway {
    /// Starts everything that `settings` asks for, but opens no door yet; see [`Byway::open_doors`]. Needs no
    /// network. Fails only when a certificate that the settings name cannot be used.
    pub fn start(settings: Settings, world: World, network: NetworkId) -> Result<(Arc<Self>, Vec<Notice>), TlsError> {
        let (board, keeper) = Board::new(settings.detect.clone(), routes(&settings), network);
        let (journal, notices) = Journal::open(&settings.history, SystemTime::now);
        let gate = Gate::new(&settings.inbound);
        let tasks = Tasks::default();
        let generation = Generation::build(settings, &world, &board, &tasks, None)?;
        let sessions = Sessions::new(Arc::clone(&generation.routing), board.clone());
        tasks.spawn("board", keeper.run(tasks.stop_word()));
        tasks.spawn("flows", Arc::clone(&sessions).watch(tasks.stop_word()));
        tasks.spawn("history", remember(board.announcements(), journal.clone(), tasks.stop_word()));
        let counted = Arc::new(Counted::new());
        let (counts, carried) = (Arc::clone(&counted), Arc::clone(&sessions));
        tasks.spawn_until_stop("counts", hourly(counts, carried, journal.clone()));
        let byway = Arc::new(Self {
            board,
            sessions,
            journal,
            gate,
            began: Instant::now(),
            generation: ArcSwap::from_pointee(generation),
            counted,
            meters: Meters::default(),
            subscribed: Book::default(),
            examining: Arc::new(Semaphore::new(1)),
            world,
            router: Router::default(),
            tasks,
            prober: Mutex::default(),
            doors: Mutex::default(),
            script: OnceLock::new(),
        });
        byway.tasks.spawn_until_stop("metrics", super::metrics::count(Arc::clone(&byway)));
        byway.start_prober();
        byway.board.announce(Record::Started);
        Ok((byway, notices))
    }

    /// Opens every door that the settings name, or none.
    pub fn open_doors(self: &Arc<Self>) -> Result<Vec<SocketAddr>, BindError> {
        let generation = self.generation.load_full();
        let listens = generation.settings.listens.clone();
        let handed = &self.world.handed;
        let listeners = listens.iter().map(|listen| handed.listen(listen.addr)).collect::<Result<Vec<_>, _>>()?;
        let relayed = generation.settings.relay.iter().flat_map(|relay| &relay.addresses);
        let relayed = relayed.map(|address| handed.listen(*address)).collect::<Result<Vec<_>, _>>()?;
        let phones = generation.settings.whatsapp.iter().flat_map(|door| {
            let chat = door.chat.iter().map(|address| (Port::Chat, *address));
            chat.chain(door.media.iter().map(|address| (Port::Media, *address)))
        });
        let phones =
            phones.map(|(port, address)| Ok((port, Listener::bind(address)?))).collect::<Result<Vec<_>, _>>()?;
        let stop = self.tasks.stop_word().child_token();
        let mut pulse = Pulse::default();
        let open: Vec<_> = listeners.iter().map(Listener::local_addr).collect();
        for (listener, listen) in listeners.into_iter().zip(listens) {
            let (byway, stop) = (Arc::clone(self), stop.clone());
            let heart = pulse.heart();
            self.tasks.spawn("door", async move { byway.receive(listener, listen.login, heart, stop).await });
        }
        let relays: Vec<_> = relayed.iter().map(Listener::local_addr).collect();
        if let Some(relay) = &generation.relay {
            let (relay, stop) = (relay.clone(), stop.clone());
            self.tasks.spawn("relay", async move { stop.run_until_cancelled(relay.tidy()).await.unwrap_or_default() });
        }
        for (listener, relay) in relayed.into_iter().zip(generation.relay.iter().cycle()) {
            let (byway, relay, stop) = (Arc::clone(self), relay.clone(), stop.clone());
            self.tasks.spawn("relay door", async move { byway.receive_for(listener, relay, stop).await });
        }
        let phones_at = phones.iter().map(|(port, listener)| (*port, listener.local_addr())).collect();
        for ((port, listener), door) in phones.into_iter().zip(generation.whatsapp.iter().cycle()) {
            let (byway, door, stop) = (Arc::clone(self), door.clone(), stop.clone());
            self.tasks.spawn("phone door", async move { byway.receive_phones(listener, port, door, stop).await });
        }
        let mut doors = lock(&self.doors);
        doors.stop.cancel();
        *doors = Doors { stop, open: open.clone(), relays, phones: phones_at, pulse };
        Ok(open)
    }

    /// Whether the keeper of the beliefs and every door answer, within `patience` each; the name of one that does not.
    pub(super) async fn answers(&self, patience: Duration) -> Result<(), &'static str> {
        let pulse = lock(&self.doors).pulse.clone();
        pulse.felt(patience).await.map_err(|_| "a door")?;
        let nobody = crate::model::ServiceId::from("");
        let asked = tokio::time::timeout(patience, self.board.story(&nobody)).await;
        asked.map(drop).map_err(|_| "the keeper of the beliefs")
    }

    /// What it believes.
    pub const fn board(&self) -> &Board {
        &self.board
    }

    /// The connections it carries.
    pub const fn sessions(&self) -> &Arc<Sessions> {
        &self.sessions
    }

    /// Its history.
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Where its settings want clients to come in.
    pub(super) fn asked_for(&self) -> Vec<SocketAddr> {
        let generation = self.generation.load();
        let relays = generation.settings.relay.iter().flat_map(|relay| relay.addresses.clone());
        generation.settings.listens.iter().map(|listen| listen.addr).chain(relays).collect()
    }

    /// Where clients can come in.
    pub fn open_at(&self) -> Vec<SocketAddr> {
        lock(&self.doors).open.clone()
    }

    /// Where clients of its relay can come in.
    pub fn relays_at(&self) -> Vec<SocketAddr> {
        lock(&self.doors).relays.clone()
    }

    /// Where phones can come in by WhatsApp's own proxy setting.
    pub fn phones_at(&self) -> Vec<(Port, SocketAddr)> {
        lock(&self.doors).phones.clone()
    }

    /// The path of the proxy script; `None` while none is handed out.
    pub(super) fn script_path(&self) -> Option<&Secret<String>> {
        self.script.get().map(Script::path)
    }

    /// Hands the proxy script out at every door from now on, to who asks for this path.
    pub fn hand_out_script(self: &Arc<Self>, path: Secret<String>) {
        // Once is enough: the text is made anew each time.
        let _ = self.script.set(super::phones::script(self, path));
    }

    async fn receive_for(self: Arc<Self>, listener: Listener, relay: Relay, stop: CancellationToken) {
        let next = async || {
            let room = relay.enter().await;
            let (stream, _) = listener.accept().await;
            (stream, room)
        };
        // Both waits are cancel-safe.
        while let Some((stream, room)) = stop.run_until_cancelled(next()).await {
            let relay = relay.clone();
            self.tasks.spawn_until_stop("relay visit", async move {
                relay.serve(stream).await;
                drop(room);
            });
        }
    }

    async fn receive(
        self: Arc<Self>,
        listener: Listener,
        login: Option<Login>,
        mut heart: Heart,
        stop: CancellationToken,
    ) {
        let next = async || {
            let pass = self.gate.enter().await;
            let (stream, peer) = listener.accept().await;
            (pass, stream, peer)
        };
        loop {
            let (pass, stream, peer) = tokio::select! {
                // All arms are cancel-safe.
                () = stop.cancelled() => return,
                () = heart.beat() => continue,
                client = next() => client,
            };
            let (byway, login, pass) = (Arc::clone(&self), login.clone(), pass.used());
            self.tasks.spawn_until_stop("visit", async move {
                let mut served = byway.hear(stream, peer, login, Arc::new(OsDatagrams)).await;
                let rest = served.as_mut().ok().and_then(|(_, rest)| rest.take());
                pass.ended(&served.map(|(served, _)| served));
                // What is left is small and may last for days: it becomes a task of its own, and this one ends.
                if let Some(rest) = rest {
                    byway.tasks.spawn("relay", async move {
                        rest.await;
                        drop(pass);
                    });
                }
            });
        }
    }

    /// Serves one client connection to its end.
    pub async fn visit(
        self: &Arc<Self>,
        stream: Stream,
        peer: SocketAddr,
        login: Option<Login>,
    ) -> Result<Served, Error> {
        self.visit_beside(stream, peer, login, Arc::new(OsDatagrams)).await
    }

    /// The same, for a client whose datagrams come in elsewhere than by the kernel.
    pub async fn visit_beside(
        self: &Arc<Self>,
        stream: Stream,
        peer: SocketAddr,
        login: Option<Login>,
        datagrams: Arc<dyn DatagramListener>,
    ) -> Result<Served, Error> {
        let (served, rest) = self.hear(stream, peer, login, datagrams).await?;
        if let Some(rest) = rest {
            rest.await;
        }
        Ok(served)
    }

    /// Serves one client connection until its requests are settled; what is left is to be run.
    async fn hear(
        self: &Arc<Self>,
        stream: Stream,
        peer: SocketAddr,
        login: Option<Login>,
        datagrams: Arc<dyn DatagramListener>,
    ) -> Result<(Served, Option<Rest>), Error> {
        let settings = self.generation.load().settings.inbound.clone();
        let door = Door { login, settings, datagrams, script: self.script.get().cloned() };
        let sessions = Arc::clone(&self.sessions);
        door.serve(stream, peer, move |request| Arc::clone(&sessions).run(request).boxed()).await
    }

    /// Puts other settings in force, wholly. Connections that are up keep what they began with; doors are opened
    /// anew only where they changed, and when one cannot be, nothing has changed.
    pub fn reload(self: &Arc<Self>, settings: Settings) -> Result<(), ReloadError> {
        let (params, routes) = (settings.detect.clone(), routes(&settings));
        let before = self.generation.load_full();
        if !router::same_doors(&before.settings, &settings) {
            return Err(ReloadError::Restart);
        }
        let doors_changed = !same_doors(&before.settings, &settings);
        let next = Generation::build(settings, &self.world, &self.board, &self.tasks, Some(&before))?;
        let routing = Arc::clone(&next.routing);
        self.generation.store(Arc::new(next));
        if doors_changed && let Err(error) = self.open_doors() {
            self.generation.store(before);
            return Err(error.into());
        }
        self.board.reconfigure(params, routes);
        self.sessions.reroute(routing);
        self.start_prober();
        self.board.announce(Record::Reloaded);
        self.subscribed.changed.notify_one();
        Ok(())
    }

    /// Keeps the lists of servers up to date from now on; `reread` puts a configuration in force whose lists have changed.
    pub(super) fn keep_lists(self: &Arc<Self>, reread: Reread) {
        self.tasks.spawn_until_stop("subscriptions", keep(Arc::clone(self), reread));
    }

    /// The device is on another network, or awake again.
    pub fn heed(&self, event: &platform::Event) {
        self.subscribed.changed.notify_one();
        match event {
            platform::Event::NetworkChanged(network) => {
                if !self.board.is_named_by(*network) {
                    self.generation.load().resolver.forget();
                    self.generation.load().moved();
                }
                self.board.network_changed(*network);
            }
            // The same network after a gap: what was under way is void, and the line is looked at.
            platform::Event::LinkUp => {
                self.generation.load().resolver.forget();
                self.generation.load().moved();
                self.board.network_changed(self.board.snapshot().network);
            }
            platform::Event::LinkDown => {
                let now = self.board.now();
                let (state, ground) = (LinkState::Offline, Ground::Unplugged);
                self.board.link(LinkReport { state, ground, began: now, at: now });
            }
            platform::Event::Resumed(slept) => {
                self.generation.load().moved();
                self.board.resumed(u64::try_from(slept.as_millis()).unwrap_or(u64::MAX));
            }
        }
    }

    /// Who asks.
    pub(super) fn prober(&self) -> Prober {
        self.generation.load().prober.clone()
    }

    /// The root tasks, for what belongs to one way of running only.
    pub(super) const fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    fn start_prober(&self) {
        let stop = self.tasks.stop_word().child_token();
        lock(&self.prober).cancel();
        *lock(&self.prober) = stop.clone();
        self.tasks.spawn("prober", self.prober().run(stop));
    }

    /// Stops: no new connections, a moment for what is up, the history written.
    pub async fn stop(&self) {
        lock(&self.doors).stop.cancel();
        if !self.tasks.stop(GRACE).await {
            warn!("some connections did not end in time and were cut off");
        }
        self.world.children.stop().await;
        self.close_the_books();
        self.journal.flush().await;
    }
}

/// Why a reload changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// A certificate cannot be used.
    #[error("{0}")]
    Tls(#[from] TlsError),
    /// A door cannot be opened.
    #[error("{0}")]
    Bind(#[from] BindError),
    /// The doors for the LAN are opened once.
    #[error("listen.transparent and listen.dns cannot be changed while byway runs: start it again")]
    Restart,
}

fn same_doors(one: &Settings, other: &Settings) -> bool {
    let doors = |settings: &Settings| settings.listens.iter().map(|l| (l.addr, l.login.clone())).collect::<Vec<_>>();
    doors(one) == doors(other) && one.relay == other.relay && one.whatsapp == other.whatsapp
}

/// Writes what is announced into the history and, where a person would notice it, into the log; until the word to stop
/// comes and nothing is left.
async fn remember(mut announced: Receiver<Record>, journal: Journal, stop: CancellationToken) {
    loop {
        let said = tokio::select! {
            // Both arms are cancel-safe. What was said before the word to stop is heard first.
            biased;
            said = announced.recv() => said,
            () = stop.cancelled() => return,
        };
        match said {
            Ok(record) => {
                log(&record);
                journal.append(record);
            }
            Err(RecvError::Lagged(missed)) => warn!(missed, "the history missed some records"),
            Err(RecvError::Closed) => return,
        }
    }
}

fn log(record: &Record) {
    let (what, why) = crate::control::report::record_words(record);
    match record {
        // The session logs a change of way itself, with its delay.
        Record::Way(_) | Record::Started => {}
        _ if why.is_empty() => info!("{what}"),
        _ => info!(because = %why, "{what}"),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

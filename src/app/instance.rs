//! A running byway, whatever world it runs in: this machine, or the lab's country.

use super::Tasks;
use super::counted::{Counted, hourly};
use super::doors::Doors;
use super::generation::{Generation, World, routes};
use super::router::{self, Router};
use super::subscriptions::{Book, Reread, keep};
use crate::board::{Board, LinkReport};
use crate::config::Settings;
use crate::control::metrics::Meters;
use crate::inbound::{Gate, Script};
use crate::journal::{Journal, Notice};
use crate::model::{Ground, LinkState, NetworkId, Record};
use crate::net::BindError;
use crate::net::tls::TlsError;
use crate::platform;
use crate::probe::Prober;
use crate::session::Sessions;
use arc_swap::ArcSwap;
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
    pub(super) tasks: Tasks,
    prober: Mutex<CancellationToken>,
    pub(super) doors: Mutex<Doors>,
    pub(super) script: OnceLock<Script>,
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
async fn remember(mut announced: Receiver<Arc<Record>>, journal: Journal, stop: CancellationToken) {
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
                journal.append(Arc::unwrap_or_clone(record));
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

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

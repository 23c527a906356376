//! The life of `byway run`, in order: read, start, open the doors, open the control place, say where it listens,
//! heed signals and changes, stop.

use super::operator::Desk;
use super::source::Source;
use super::{Byway, World, herald, log, phones, router, system_proxy};
use crate::cli::{Exit, Failed, Launch, Terminal};
use crate::config::{LogLevel, Settings, TransportKind};
use crate::control::{self, Operator, Page, Place};
use crate::inbound::whatsapp::Port;
use crate::model::NetworkId;
use crate::net::{self, BindError, Handed};
use crate::platform::{self, Events, Word, is_told, tell};
use notify::{RecursiveMode, Watcher};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tracing::{Level, debug, error, info, warn};

/// Editors write a file in several steps; the last one counts.
const SETTLED: Duration = Duration::from_millis(200);

/// Where the commands find a byway of these settings.
pub(super) fn place(launch: &Launch, settings: &Settings) -> Place {
    let named = settings.control.path.as_deref().map(Place::named);
    let usual = || Place::default_for(|name| std::env::var_os(name));
    launch.control.clone().or(named).unwrap_or_else(usual)
}

/// Runs until a signal says stop.
pub(super) async fn run(launch: &Launch, handed: Handed, terminal: &mut Terminal) -> Result<Exit, Failed> {
    let source = Source::of(launch);
    let settings = source.read().map_err(|faults| Failed::new(Exit::Config, faults.join("\n")))?;
    if let Some(mark) = router::own_mark(&settings) {
        net::mark_sockets(mark);
    }
    // Programs that come while the rest is built wait a moment instead of being refused.
    let early = handed.open_early(settings.listens.iter().map(|listen| listen.addr));
    log::start(level(settings.log, launch), true);
    let place = place(launch, &settings);
    system_proxy::recover(source.state()).await;
    early.map_err(|error| failed_bind(&error))?;
    let mut events = Events::watch(installation_key(source.state()));
    let (byway, notices) = start(settings, handed, events.network())?;
    for notice in notices {
        terminal.error(&notice.to_string());
    }
    for name in &byway.generation.load().settings.unheeded {
        terminal.note(&super::actions::unheeded(name));
    }
    for spec in &byway.generation.load().settings.transports {
        if let TransportKind::WireGuard { ignored, .. } = &spec.kind
            && !ignored.is_empty()
        {
            let keys = ignored.join(", ");
            info!(transport = %spec.id, "its file has {keys}, which are not heeded: byway changes nothing of this machine");
        }
    }
    for (id, why) in &byway.generation.load().broken {
        let args = [("way", id.as_str().into()), ("why", why.as_str().into())];
        terminal.error(&terminal.say("run-broken", &args));
    }
    if let Some(path) = phones::script_path(source.state()) {
        byway.hand_out_script(path);
    }
    let open = byway.open_doors().map_err(|error| failed_bind(&error))?;
    let for_lan = byway.open_router().await.map_err(|error| failed_bind(&error))?;
    let asked: Vec<_> = byway.asked_for();
    for address in byway.world.handed.unasked(&asked) {
        terminal.error(&terminal.say("run-handed-unserved", &[("address", address.to_string().into())]));
    }
    let desk: Arc<dyn Operator> =
        Arc::new(Desk { byway: Arc::clone(&byway), source: Some(source.clone()), place: Some(place.clone()) });
    let listener = control::Listener::bind(&place).await?;
    let page = Page::new(Arc::clone(&desk));
    if let Some(at) = byway.generation.load().settings.control.page {
        page.open(at)?;
    }
    if let Some(file) = &byway.generation.load().settings.control.metrics {
        let token = control::kept_token(file).map_err(|error| Failed::new(Exit::Failed, error.to_string()))?;
        page.admit_scraper(Some(token));
    }
    byway.tasks().spawn("status page", Arc::clone(&page).run(byway.tasks().stop_word()));
    byway.tasks().spawn("control", control::serve(listener, Arc::clone(&page), byway.tasks().stop_word()));
    // Last of all, when everybody is there who takes what the rules bring.
    let unheld = byway.hold_firewall().await;
    if let Err(error) = &unheld {
        byway.stop().await;
        return Err(router::failed(error));
    }
    greet(&byway, &source, &open, terminal);
    if let Some(at) = page.at() {
        terminal.note(&terminal.say("run-page", &[("address", at.to_string().into())]));
    }
    system_proxy::begin(&byway, source.state()).await;
    router::greet(&byway, &for_lan, unheld.ok().flatten(), terminal);
    let reader = Arc::clone(&desk);
    byway.keep_lists(Arc::new(move || {
        let desk = Arc::clone(&reader);
        Box::pin(async move { desk.reload().await.map(|done| done.changes).map_err(|refusal| refusal.to_string()) })
    }));
    let heeding = Arc::clone(&byway);
    byway.tasks().spawn_until_stop("network events", async move {
        loop {
            let event = events.next().await;
            heeding.heed(&event);
        }
    });
    if is_told() {
        byway.tasks().spawn_until_stop("watchdog", herald::alive(Arc::clone(&byway)));
        byway.tasks().spawn_until_stop("status line", herald::status(Arc::clone(&byway), Arc::clone(&desk)));
    }
    tell(&[Word::Ready]);
    let exit = until_stopped(&desk, &source).await;
    tell(&[Word::Stopping]);
    system_proxy::end(source.state()).await;
    byway.release_firewall().await;
    byway.stop().await;
    Ok(exit)
}

fn start(
    settings: Settings,
    handed: Handed,
    network: NetworkId,
) -> Result<(Arc<Byway>, Vec<crate::journal::Notice>), Failed> {
    let started = Byway::start(settings, World { handed, ..World::of_this_machine() }, network);
    started.map_err(|error| Failed::new(Exit::Config, error.to_string()))
}

fn failed_bind(error: &BindError) -> Failed {
    let exit = if matches!(error, BindError::NotPermitted { .. }) { Exit::Permission } else { Exit::Failed };
    let failed = Failed::new(exit, error.to_string());
    match error {
        BindError::InUse { address } => failed.worded("errors-port-in-use", [("address", address.to_string())]),
        BindError::NotPermitted { address } => {
            failed.worded("errors-port-not-permitted", [("address", address.to_string())])
        }
        BindError::NotOurs { address } => failed.worded("errors-address-not-ours", [("address", address.to_string())]),
        BindError::Other { .. } => failed,
    }
}

/// Says where it listens and what it will do, for the person at the terminal.
fn greet(byway: &Byway, source: &Source, open: &[SocketAddr], terminal: &mut Terminal) {
    let generation = byway.generation.load();
    let ways: Vec<_> = generation.settings.order.iter().map(ToString::to_string).collect();
    let services = generation.settings.services.iter().filter(|spec| !spec.service.id.is_other());
    let titles: Vec<_> = services.map(|spec| spec.service.title.clone()).collect();
    for address in open {
        terminal.note(&terminal.say("run-listens", &[("address", address.to_string().into())]));
    }
    for (port, address) in byway.phones_at() {
        let key = if port == Port::Chat { "run-whatsapp-chat" } else { "run-whatsapp-media" };
        terminal.note(&terminal.say(key, &[("address", address.to_string().into())]));
    }
    for address in byway.relays_at() {
        terminal.note(&terminal.say("run-relays", &[("address", address.to_string().into())]));
    }
    for spec in &generation.settings.transports {
        if let Some(warning) = spec.kind.warning() {
            let args = [("way", spec.id.as_str().into()), ("warning", warning.into())];
            terminal.error(&terminal.say("run-warning", &args));
        }
    }
    terminal.note(&terminal.say("run-configuration", &[("name", source.name().into())]));
    terminal.note(&terminal.say("run-ways", &[("ways", ways.join(", ").into())]));
    terminal.note(&terminal.say("run-services", &[("services", titles.join(", ").into())]));
    if generation.settings.transports.iter().all(|spec| spec.kind.is_bare())
        && generation.settings.subscriptions.is_empty()
    {
        terminal.note(&terminal.say("run-no-tunnel", &[]));
    }
    terminal.note(&terminal.say("run-ask", &[]));
}

/// Heeds signals and the configuration file until one says stop.
async fn until_stopped(desk: &Arc<dyn Operator>, source: &Source) -> Exit {
    let mut signals = Signals::new();
    let (told, mut changed) = mpsc::channel(1);
    let _watcher = source.place().and_then(|file| watch(file, told));
    loop {
        tokio::select! {
            // All arms are cancel-safe.
            signal = signals.next() => match signal {
                Signal::Stop => {
                    info!("stopping");
                    return Exit::Ok;
                }
                Signal::Reload => reload(desk, "a signal").await,
            },
            Some(()) = changed.recv() => {
                tokio::time::sleep(SETTLED).await;
                while changed.try_recv().is_ok() {}
                reload(desk, "the file changed").await;
            }
        }
    }
}

async fn reload(desk: &Arc<dyn Operator>, why: &str) {
    tell(&[Word::Reloading]);
    match desk.reload().await {
        Ok(done) if done.changes.is_empty() => info!(why, "configuration read again; nothing changed"),
        Ok(done) => info!(why, changes = %done.changes.join("; "), "configuration read again"),
        Err(refusal) => error!(why, "the configuration is not taken, the old one holds:\n{refusal}"),
    }
    // Also after a fault: it serves as before.
    tell(&[Word::Ready]);
}

/// Watches the folder of `file`, for editors put a new file in the old one's place.
fn watch(file: &Path, told: mpsc::Sender<()>) -> Option<notify::RecommendedWatcher> {
    let name = file.file_name()?.to_owned();
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let concerns = move |event: &notify::Event| {
        !event.kind.is_access() && event.paths.iter().any(|path| path.file_name() == Some(&name))
    };
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| concerns(&event)) {
            // A full channel already says the same.
            let _ = told.try_send(());
        }
    });
    let watched = watcher.and_then(|mut watcher| {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    // A folder that is not there is no fault: `byway reload` finds the file when there is one.
    watched.inspect_err(|error| debug!(%error, "changes of the configuration file are not noticed")).ok()
}

enum Signal {
    Stop,
    Reload,
}

#[cfg(unix)]
struct Signals {
    stop: Vec<tokio::signal::unix::Signal>,
    reload: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let stop = [SignalKind::interrupt(), SignalKind::terminate()].into_iter().filter_map(|kind| signal(kind).ok());
        Self { stop: stop.collect(), reload: signal(SignalKind::hangup()).ok() }
    }

    async fn next(&mut self) -> Signal {
        std::future::poll_fn(|cx| {
            if self.stop.iter_mut().any(|signal| signal.poll_recv(cx).is_ready()) {
                return std::task::Poll::Ready(Signal::Stop);
            }
            if self.reload.as_mut().is_some_and(|signal| signal.poll_recv(cx).is_ready()) {
                return std::task::Poll::Ready(Signal::Reload);
            }
            std::task::Poll::Pending
        })
        .await
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    const fn new() -> Self {
        Self
    }

    async fn next(&mut self) -> Signal {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Stop
    }
}

/// This installation's own random key for network ids: made at the first start and kept in the state folder, so that
/// "home" is the same hash tomorrow and means nothing elsewhere. Where it cannot be kept, it lasts as long as the process.
fn installation_key(state: &Path) -> [u8; 32] {
    let file = state.join("installation.key");
    if let Some(key) = std::fs::read(&file).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) {
        return key;
    }
    let mut key = [0; 32];
    if aws_lc_rs::rand::fill(&mut key).is_err() {
        return key;
    }
    let kept = platform::private_dir(state).and_then(|()| platform::write_private(&file, &key));
    if let Err(error) = kept {
        warn!(%error, "networks will not be recognised after a restart");
    }
    key
}

/// How much is said: `-v` and `-q` over the configuration.
fn level(configured: LogLevel, launch: &Launch) -> Level {
    let usual = match configured {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    };
    match (launch.verbose, launch.quiet) {
        (0, true) => usual.min(Level::WARN),
        (0, false) => usual,
        (1, _) => usual.max(Level::DEBUG),
        _ => Level::TRACE,
    }
}

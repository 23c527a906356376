//! A household with a history: byway in the lab's country, where Telegram's addresses have just been blocked and
//! Signal's calls too, and a day before that which is written into its history beforehand.

use byway::app::{Byway, live_with, settings_in};
use byway::control::Page;
use byway::journal::{History, Journal};
use byway::lab::demo::HURRY;
use byway::lab::people::{App, Door, Person};
use byway::lab::{Action, Country, World};
use byway::model::{
    Confidence, Facet, L4, NetworkId, Phase, Record, Route, SignCount, Technique, Transition, Verdict, WayChange,
};
use byway::net::Stream;
use futures_util::StreamExt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The most that anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The household.
pub(crate) struct Stage {
    pub(crate) country: Country,
    pub(crate) byway: Arc<Byway>,
    pub(crate) person: Person,
    pub(crate) page: Arc<Page>,
    _folder: tempfile::TempDir,
    _stop: DropGuard,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        fastrand::seed(7);
        let folder = tempfile::tempdir().unwrap();
        let country = World::new().start().unwrap();
        let mut settings = settings_in(&country, HURRY).unwrap();
        settings.history.history = History::Disk(folder.path().join("history"));
        write_the_past(&settings.history).await;
        let byway = live_with(&country, settings).unwrap();
        tokio::task::yield_now().await;
        let person = Person::new(&country, door(&byway), 5).unwrap();
        let page = Page::new(byway.operator());
        page.open(([127, 0, 0, 1], 0).into()).unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(Arc::clone(&page).run(stop.clone()));
        Self { country, byway, person, page, _folder: folder, _stop: stop.drop_guard() }
    }

    /// The same, and the blocks have fallen and been noticed.
    pub(crate) async fn with_blocks() -> Self {
        let stage = Self::set().await;
        for app in [App::Telegram, App::WhatsApp, App::Signal] {
            stage.person.open(&app).await.unwrap();
        }
        stage.block();
        stage.until_telegram_is(Phase::Blocked).await;
        for service in ["whatsapp", "signal"] {
            let steps = stage.byway.operator().probe(Some(&service.into()), None).await.unwrap();
            steps.for_each(|_| std::future::ready(())).await;
        }
        stage
    }

    pub(crate) fn block(&self) {
        self.country.censor().block(self.country.target("telegram"), Action::Drop);
        self.country.censor().block(self.country.calls_target("signal"), Action::Drop);
    }

    /// People go on using Telegram until its direct way is in this state.
    pub(crate) async fn until_telegram_is(&self, phase: Phase) {
        let wanted = async {
            loop {
                let _ = self.person.open(&App::Telegram).await;
                let snapshot = self.byway.board().snapshot();
                if snapshot
                    .standing(&route("telegram", Facet::Text, "direct"))
                    .is_some_and(|known| known.phase == phase)
                {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wanted).await.unwrap_or_else(|_| panic!("Telegram never became {phase}"));
    }

    /// A link that opens the page once.
    pub(crate) fn link(&self) -> String {
        self.page.link().unwrap().link.0
    }

    pub(crate) fn at(&self) -> SocketAddr {
        self.page.at().unwrap()
    }

    pub(crate) async fn stop(self) {
        self.byway.stop().await;
    }
}

fn door(byway: &Arc<Byway>) -> Door {
    let host = Arc::clone(byway);
    Arc::new(move || {
        let (near, far) = tokio::io::duplex(256 << 10);
        let (byway, peer) = (Arc::clone(&host), SocketAddr::from(([127, 0, 0, 1], 40_000)));
        tokio::spawn(async move { byway.visit(Box::new(far), peer, None).await });
        Box::pin(std::future::ready(Ok(Box::new(near) as Stream)))
    })
}

fn route(service: &str, facet: Facet, transport: &str) -> Route {
    let l4 = if facet == Facet::Calls { L4::Udp } else { L4::Tcp };
    Route { service: service.into(), facet, transport: transport.into(), l4 }
}

/// A day in which Telegram was blocked twice and Signal once, each carried on over a tunnel.
async fn write_the_past(settings: &byway::journal::Settings) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let clock = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&clock);
    let (journal, notices) =
        Journal::open(settings, move || SystemTime::UNIX_EPOCH + Duration::from_secs(told.load(Ordering::SeqCst)));
    assert!(notices.is_empty(), "{notices:?}");
    let at = |minutes_ago: u64, record: Record| {
        clock.store(now - minutes_ago * 60, Ordering::SeqCst);
        journal.append(record);
    };
    at(30 * 60, Record::Started);
    for service in ["telegram", "whatsapp", "signal"] {
        at(30 * 60 - 1, way(service, None, "direct", ""));
        at(30 * 60 - 1, media(service));
    }
    at(19 * 60 + 7, blocked("telegram", "direct", Technique::IpDrop));
    at(19 * 60 + 6, way("telegram", Some("direct"), "tokyo", "direct: blocked: packets to its addresses vanish"));
    at(13 * 60 + 30, works_again("telegram", "direct"));
    at(13 * 60 + 28, way("telegram", Some("tokyo"), "direct", "direct works again"));
    at(9 * 60 + 12, blocked("signal", "direct", Technique::SniRst));
    at(9 * 60 + 12, way("signal", Some("direct"), "split", "direct: blocked: connections are cut"));
    at(6 * 60 + 3, blocked("telegram", "direct", Technique::IpDrop));
    at(6 * 60 + 3, way("telegram", Some("direct"), "tokyo", "direct: blocked: packets to its addresses vanish"));
    at(5 * 60 + 40, blocked("telegram", "tokyo", Technique::Freeze));
    at(5 * 60 + 40, way("telegram", Some("tokyo"), "oslo", "tokyo: blocked: transfers freeze"));
    at(2 * 60 + 20, works_again("telegram", "direct"));
    at(2 * 60 + 18, way("telegram", Some("oslo"), "direct", "direct works again"));
    at(60 + 31, works_again("signal", "direct"));
    at(60 + 30, way("signal", Some("split"), "direct", "direct works again"));
    at(9, Record::Stopped);
    assert!(journal.flush().await);
}

fn way(service: &str, from: Option<&str>, to: &str, why: &str) -> Record {
    Record::Way(WayChange {
        service: service.into(),
        facet: Facet::Text,
        from: from.map(Into::into),
        to: Some(to.into()),
        why: why.into(),
        delay_ms: 412,
    })
}

fn media(service: &str) -> Record {
    Record::Way(WayChange {
        service: service.into(),
        facet: Facet::Media,
        from: None,
        to: Some("direct".into()),
        why: String::new(),
        delay_ms: 0,
    })
}

fn blocked(service: &str, transport: &str, how: Technique) -> Record {
    changed(service, transport, (Phase::Suspect, Phase::Blocked), Verdict::Blocked(how))
}

fn works_again(service: &str, transport: &str) -> Record {
    changed(service, transport, (Phase::Recovering, Phase::Ok), Verdict::Works)
}

fn changed(service: &str, transport: &str, (from, to): (Phase, Phase), verdict: Verdict) -> Record {
    Record::Transition(Transition {
        route: route(service, Facet::Text, transport),
        network: NetworkId(1),
        from,
        to,
        verdict,
        confidence: Confidence::Anomaly,
        score: 6.5,
        why: vec![SignCount { sign: "connect_timeout".into(), count: 4 }],
        endpoints: 2,
        took_ms: 5200,
        next_secs: Some(900),
    })
}

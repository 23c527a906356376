//! A household in the country: a byway, people who use their apps through it, and what it remembers of them.

use byway::app::{Byway, live_in};
use byway::journal::Filter;
use byway::lab::people::{App, Door, Person};
use byway::lab::{Country, World};
use byway::model::{Facet, L4, Phase, Record, Route, ServiceId, Standing, Transition, WayChange};
use byway::net::Stream;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What no memory may hold: names and addresses of the country, by parts that no other word has.
const TELLING: [&str; 14] = [
    "signal.org",
    "whatsapp.",
    "telegram.org",
    "discord.com",
    "discord.gg",
    ".example",
    "149.154.",
    "157.240.",
    "76.223.",
    "15.197.",
    "95.161.",
    "203.0.113",
    "198.51.100",
    "192.0.2.",
];

pub(crate) const MESSENGERS: [&str; 3] = ["telegram", "whatsapp", "signal"];

pub(crate) struct Home {
    pub(crate) country: Country,
    pub(crate) byway: Arc<Byway>,
    pub(crate) person: Person,
}

impl Home {
    /// A byway with its usual numbers; `more` goes to the end of its configuration.
    pub(crate) async fn new(more: &str) -> Self {
        Self::in_a(World::new(), more).await
    }

    /// The same, in another country.
    pub(crate) async fn in_a(world: World, more: &str) -> Self {
        // The same chance in every run.
        fastrand::seed(11);
        if let Some(filter) = std::env::var_os("BYWAY_TEST_LOG") {
            let level = if filter == "info" { tracing::Level::INFO } else { tracing::Level::DEBUG };
            let _already = tracing_subscriber::fmt().with_max_level(level).try_init();
        }
        let country = world.start().unwrap();
        let byway = live_in(&country, more).unwrap();
        tokio::task::yield_now().await;
        let person = Person::new(&country, door(&byway), 5).unwrap();
        Self { country, byway, person }
    }

    /// Opens an app; whether it worked.
    pub(crate) async fn opens(&self, service: &str) -> bool {
        self.person.open(&App::of(service)).await.is_ok()
    }

    /// People use all the messengers, one after another, for so long; how often they failed.
    pub(crate) async fn live(&self, span: Duration, every: Duration) -> usize {
        let ends = Instant::now() + span;
        let mut failures = 0;
        while Instant::now() < ends {
            for service in MESSENGERS {
                failures += usize::from(!self.opens(service).await);
            }
            sleep(every).await;
        }
        failures
    }

    /// The first way for a service's chats now.
    pub(crate) fn way(&self, service: &str) -> String {
        let routing = self.byway.sessions().routing();
        let plan = routing.plan_for(&ServiceId::from(service), Facet::Text, L4::Tcp, self.byway.board());
        plan.attempts.first().map_or_else(|| String::from("none"), |attempt| attempt.transport.to_string())
    }

    pub(crate) fn ways(&self) -> Vec<String> {
        MESSENGERS.iter().map(|service| self.way(service)).collect()
    }

    pub(crate) fn route(&self, service: &str, transport: &str) -> Route {
        Route { service: service.into(), facet: Facet::Text, transport: transport.into(), l4: L4::Tcp }
    }

    pub(crate) fn standing(&self, service: &str, transport: &str) -> Option<Standing> {
        self.byway.board().snapshot().standing(&self.route(service, transport)).cloned()
    }

    pub(crate) fn phase(&self, service: &str, transport: &str) -> Phase {
        self.standing(service, transport).map_or(Phase::Unknown, |standing| standing.phase)
    }

    /// Everything remembered.
    pub(crate) async fn records(&self) -> Vec<Record> {
        // What was announced last is being written.
        sleep(Duration::from_millis(1)).await;
        self.byway.journal().query(Filter::default()).await.into_iter().map(|entry| entry.record).collect()
    }

    /// Routes that were called blocked.
    pub(crate) async fn blocked(&self) -> Vec<Transition> {
        let blocked = self.records().await.into_iter().filter_map(|record| match record {
            Record::Transition(change) if change.to == Phase::Blocked => Some(change),
            _ => None,
        });
        blocked.collect()
    }

    /// Changes from one way to another.
    pub(crate) async fn moves(&self) -> Vec<WayChange> {
        let moves = self.records().await.into_iter().filter_map(|record| match record {
            Record::Way(change) if change.from.is_some() => Some(change),
            _ => None,
        });
        moves.collect()
    }

    /// Waits until `done`, at most so long; how long it took.
    pub(crate) async fn until(&self, most: Duration, done: impl Fn(&Self) -> bool) -> Option<Duration> {
        let began = Instant::now();
        while began.elapsed() <= most {
            if done(self) {
                return Some(began.elapsed());
            }
            sleep(Duration::from_millis(100)).await;
        }
        None
    }

    /// The end of every test: nothing that was remembered tells where anybody went.
    pub(crate) async fn leaves_no_trace(self) {
        let records = self.records().await;
        assert!(!records.is_empty());
        let text = format!("{}\n{records:?}", serde_json::to_string(&records).unwrap());
        for word in TELLING {
            assert!(!text.contains(word), "the history holds \"{word}\"");
        }
        self.byway.stop().await;
    }
}

/// A door by memory.
pub(crate) fn door(byway: &Arc<Byway>) -> Door {
    let byway = Arc::clone(byway);
    Arc::new(move || {
        let byway = Arc::clone(&byway);
        Box::pin(async move {
            let (near, far) = tokio::io::duplex(256 << 10);
            let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
            tokio::spawn(async move { byway.visit(Box::new(far), peer, None).await });
            Ok(Box::new(near) as Stream)
        })
    })
}

pub(crate) const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub(crate) const fn mins(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

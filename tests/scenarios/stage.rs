//! A household in the country: a byway with its usual numbers, people who live with their apps, and a watcher who
//! notes every change of what byway believes and does. Everything that differs from run to run is drawn from the seed.

use crate::log::Log;
use crate::people::{self, Diary, Life, Somebody};
use crate::report::say;
use crate::scene::Scene;
use crate::seen::{Belief, Seen, Watched};
use byway::app::{Byway, live_in};
use byway::journal::Filter;
use byway::lab::people::{Door, Person};
use byway::lab::{Action, Country, Rule, RuleId, Target, World};
use byway::model::{Destination, Facet, L4, Phase, Route, ServiceId, Snapshot, Standing};
use byway::net::Stream;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// Services whose addresses the country knows.
const MESSENGERS: [&str; 3] = ["telegram", "whatsapp", "signal"];
/// Services whose first ways are watched.
const WATCHED: [&str; 4] = ["telegram", "whatsapp", "signal", "discord"];
const FACETS: [Facet; 4] = [Facet::Text, Facet::Media, Facet::Calls, Facet::Web];

pub(crate) const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub(crate) const fn mins(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

/// One run under way.
pub(crate) struct Stage {
    pub(crate) scene: &'static Scene,
    /// Whom it is about.
    pub(crate) subject: &'static str,
    pub(crate) country: Country,
    pub(crate) byway: Arc<Byway>,
    pub(crate) rtt: Duration,
    /// What the scenario itself found wrong.
    pub(crate) fouls: Mutex<Vec<String>>,
    seed: u64,
    log: Log,
    rng: Mutex<fastrand::Rng>,
    diary: Diary,
    watched: Arc<Mutex<Watched>>,
    onset: Mutex<Option<(Instant, usize)>>,
    lives: Mutex<JoinSet<()>>,
}

impl Stage {
    pub(crate) fn set(scene: &'static Scene, seed: u64, log: Log) -> Self {
        // byway's own chance, in this thread.
        fastrand::seed(seed);
        let mut rng = fastrand::Rng::with_seed(seed ^ (u64::from(scene.number) << 32));
        let rtt = Duration::from_millis(rng.u64(20..=150));
        let tunnel = rtt + Duration::from_millis(rng.u64(40..=200));
        let subject = scene.subjects[rng.usize(..scene.subjects.len())];
        let world = World::new().seed(rng.u64(..)).rtt(rtt).tunnel_rtt(tunnel);
        let country = (scene.world)(world).start().unwrap();
        let byway = live_in(&country, scene.more).unwrap();
        Self {
            scene,
            subject,
            country,
            byway,
            rtt,
            fouls: Mutex::default(),
            seed,
            log,
            rng: Mutex::new(rng),
            diary: Diary::default(),
            watched: Arc::default(),
            onset: Mutex::default(),
            lives: Mutex::default(),
        }
    }

    /// A number from the seed, of seconds.
    pub(crate) fn draw(&self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.rng.lock().unwrap().u64(least * 1000..=most * 1000))
    }

    /// Lets the people of the scene begin to live, and the watcher to watch.
    pub(crate) fn begin(&self) {
        // A day of nothing need not be looked at so closely.
        let every = if self.scene.people.is_empty() { secs(20) } else { Duration::from_millis(250) };
        let watcher = watch(Arc::clone(&self.byway), Arc::clone(&self.watched), every);
        self.lives.lock().unwrap().spawn(watcher);
        for life in self.scene.people {
            if life.app != Some(self.subject) {
                self.live(life);
            }
        }
    }

    /// One more person.
    pub(crate) fn live(&self, life: &Life) {
        let app = life.app.unwrap_or(self.subject);
        let app = if app == "discord" { "discord.com" } else { app };
        let rng = self.rng.lock().unwrap().fork();
        let (person, door, diary) = (self.person(), self.door(), Arc::clone(&self.diary));
        let relays = self.relays();
        let who = Somebody { person, door, app, life: *life, rng, diary, relays };
        self.lives.lock().unwrap().spawn(people::live(who));
    }

    /// Where the subject's calls are relayed, as its app names the places.
    fn relays(&self) -> Vec<Destination> {
        let by_name = Destination::parse("turn3.voip.signal.org:3478").unwrap();
        match self.subject {
            "signal" => vec![by_name],
            service => self.country.call_relays(service).into_iter().map(Destination::from).collect(),
        }
    }

    /// A person at byway's door.
    pub(crate) fn person(&self) -> Person {
        let seed = self.rng.lock().unwrap().u64(..);
        let person = Person::new(&self.country, self.door(), seed).unwrap();
        if self.scene.number == 36 { person.with_routing_hint() } else { person }
    }

    /// byway's door.
    pub(crate) fn door(&self) -> Door {
        door(&self.byway, &self.country)
    }

    /// The trouble begins now.
    pub(crate) fn onset(&self) {
        self.onset.lock().unwrap().get_or_insert_with(|| (Instant::now(), self.log.text().len()));
    }

    /// Something is wrong with this run.
    pub(crate) fn foul(&self, what: impl Into<String>) {
        self.fouls.lock().unwrap().push(what.into());
    }

    /// The censor does this to the subject's addresses.
    pub(crate) fn on_addresses(&self, action: Action) -> RuleId {
        self.country.censor().block(self.addresses(), action)
    }

    /// The censor does this to all that has the subject's names.
    pub(crate) fn on_names(&self, action: Action) -> RuleId {
        self.country.censor().block(self.names(), action)
    }

    /// The censor does this to all that crosses the line.
    pub(crate) fn on_everything(&self, action: Action) -> RuleId {
        self.country.censor().add(Rule::new(Target::everything(), action))
    }

    /// The subject by its addresses.
    pub(crate) fn addresses(&self) -> Target {
        self.country.target(self.subject)
    }

    /// The subject by its names.
    pub(crate) fn names(&self) -> Target {
        match self.subject {
            "signal" => Target::name("signal.org"),
            "whatsapp" => Target::name("whatsapp.net").or_name("whatsapp.com"),
            "telegram" => Target::name("telegram.org").or_name("t.me"),
            "discord" => Target::name("discord.com").or_name("discord.gg").or_name("discordapp.com"),
            other => panic!("{other} has no names here"),
        }
    }

    /// The subject's direct route.
    pub(crate) fn route(&self) -> Route {
        self.route_of(self.subject)
    }

    /// The direct route of a service, for the facet in question.
    pub(crate) fn route_of(&self, service: &str) -> Route {
        let (service, facet) = (service.into(), self.scene.facet);
        Route { service, facet, transport: "direct".into(), l4: self.scene.l4 }
    }

    pub(crate) fn standing(&self) -> Option<Standing> {
        self.byway.board().snapshot().standing(&self.route()).cloned()
    }

    pub(crate) fn phase(&self) -> Phase {
        self.standing().map_or(Phase::Unknown, |standing| standing.phase)
    }

    /// The first way for the subject now.
    pub(crate) fn way(&self) -> String {
        first_way(&self.byway, self.subject, self.scene.facet)
    }

    /// Waits until `done`, at most so long; whether it came.
    pub(crate) async fn until(&self, most: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let began = Instant::now();
        while began.elapsed() <= most {
            if done(self) {
                return true;
            }
            sleep(Duration::from_millis(500)).await;
        }
        false
    }

    /// Where the subject lives.
    fn nets(&self) -> Vec<IpNet> {
        match self.subject {
            "discord" => vec![IpAddr::from([203, 0, 113, 50]).into()],
            service => self.country.addresses(service),
        }
    }

    /// Places that are asked about the line, or for names: no probes of anybody.
    fn neutral(&self) -> Vec<IpAddr> {
        let (abroad, domestic) = (self.country.anchors(), self.country.domestic());
        let asked = abroad.into_iter().chain(domestic).map(|(ip, _)| ip);
        asked.chain([self.country.resolver().ip(), IpAddr::from([198, 51, 100, 200])]).collect()
    }

    /// The end: what was seen of it all.
    pub(crate) async fn end(self) -> Seen {
        // What was announced last is being written.
        sleep(Duration::from_millis(250)).await;
        let history = self.byway.journal().query(Filter::default()).await;
        if std::env::var_os("BYWAY_TEST_LOG").is_some() {
            self.tell().await;
        }
        let (onset, logged) = self.onset.lock().unwrap().unwrap_or_else(|| (Instant::now(), 0));
        let seen = Seen {
            seed: self.seed,
            subject: self.subject,
            facet: self.scene.facet,
            route: self.route(),
            partial: self.standing().and_then(|standing| standing.partial),
            onset,
            logged,
            watched: std::mem::take(&mut *self.watched.lock().unwrap()),
            diary: self.diary.lock().unwrap().clone(),
            records: history.into_iter().map(|entry| entry.record).collect(),
            crossings: self.country.crossings(),
            addresses: self.nets(),
            places: MESSENGERS.map(|service| (service, self.country.addresses(service))).into(),
            neutral: self.neutral(),
            fouls: std::mem::take(&mut *self.fouls.lock().unwrap()),
            log: self.log.text(),
        };
        self.lives.lock().unwrap().abort_all();
        self.byway.stop().await;
        seen
    }
}

impl Stage {
    /// What happened, for who looks for a fault.
    async fn tell(&self) {
        let onset = self.onset.lock().unwrap().map_or_else(Instant::now, |(at, _)| at);
        let after =
            |at: Instant| at.duration_since(onset).as_secs_f64() - onset.saturating_duration_since(at).as_secs_f64();
        say(&format!("--- scenario {} seed {}: {}, rtt {:?}", self.scene.number, self.seed, self.subject, self.rtt));
        for entry in self.diary.lock().unwrap().iter() {
            say(&format!("{:9.1} {} {:?}", after(entry.wished), entry.app, entry.what));
        }
        for (route, beliefs) in &self.watched.lock().unwrap().beliefs {
            if beliefs.len() < 2 {
                continue;
            }
            for (at, belief) in beliefs {
                say(&format!("{:9.1} {route} {belief:?}", after(*at)));
            }
        }
        let offset = self.byway.board().now().as_millis() as f64 / 1000.0 - after(Instant::now());
        for story in self.byway.board().story(&self.subject.into()).await {
            for (evidence, score) in &story.evidence {
                say(&format!(
                    "{:9.1} {} {:?} {:?} endpoint {:?} twin {:?} anchors {:?} pair {:?} -> {score:.2}",
                    evidence.at.as_millis() as f64 / 1000.0 - offset,
                    story.route,
                    evidence.source,
                    evidence.sign,
                    evidence.endpoint,
                    evidence.twin,
                    evidence.anchors,
                    evidence.pair,
                ));
            }
            let next = story.next_probe.map(|at| at.as_millis() as f64 / 1000.0 - offset);
            say(&format!("          {} next probe {next:?}", story.route));
        }
    }
}

/// The first way for a service's facet.
pub(crate) fn first_way(byway: &Byway, service: &str, facet: Facet) -> String {
    let l4 = if facet == Facet::Calls { L4::Udp } else { L4::Tcp };
    let plan = byway.sessions().routing().plan_for(&ServiceId::from(service), facet, l4, byway.board());
    plan.attempts.first().map_or_else(|| String::from("none"), |attempt| attempt.transport.to_string())
}

/// Notes every change of what is believed and of the first ways, until it is dropped.
async fn watch(byway: Arc<Byway>, watched: Arc<Mutex<Watched>>, every: Duration) {
    let mut before: Option<Arc<Snapshot>> = None;
    loop {
        let snapshot = byway.board().snapshot();
        if before.as_ref().is_none_or(|before| !Arc::ptr_eq(before, &snapshot)) {
            let now = Instant::now();
            let mut watched = watched.lock().unwrap();
            watched.line(now, (snapshot.link, snapshot.ground));
            for (route, standing) in &snapshot.standings {
                watched.belief(now, route, Belief::of(standing));
            }
            for service in WATCHED {
                for facet in FACETS {
                    watched.way(now, service, facet, first_way(&byway, service, facet));
                }
            }
            before = Some(snapshot);
        }
        sleep(every).await;
    }
}

/// A door by memory, for streams and for datagrams.
fn door(byway: &Arc<Byway>, country: &Country) -> Door {
    let (byway, datagrams) = (Arc::clone(byway), Arc::new(country.clone()));
    Arc::new(move || {
        let (byway, datagrams) = (Arc::clone(&byway), datagrams.clone());
        Box::pin(async move {
            let (near, far) = tokio::io::duplex(256 << 10);
            let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
            tokio::spawn(async move { byway.visit_beside(Box::new(far), peer, None, datagrams).await });
            Ok(Box::new(near) as Stream)
        })
    })
}

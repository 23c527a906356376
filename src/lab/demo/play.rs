//! Plays the acts: sets the trouble, lets people use their apps, watches what the product says, ends the
//! trouble, waits for the way back.

use super::{Act, Expected, Product, Row, Trouble, Use};
use crate::lab::people::{Mishap, Person};
use crate::lab::{BadWorld, Country, RuleId};
use crate::model::{ServiceId, TransportId};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// Connections that meet a block while it falls; no more than a household opens, and never many at once.
const AT_ONSET: u32 = 3;
const STAGGER: Duration = Duration::from_millis(400);
/// People go on using the app this often.
const EVERY: Duration = Duration::from_millis(400);
/// How long the product may take to name a block, to come back, and to settle between acts.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a trouble lasts for which nobody is to blame.
const UNBLAMED_FOR: Duration = Duration::from_secs(3);
/// A picture: more than freezes let pass.
const PROOF: u32 = 100_000;
/// How often a dead connection is opened anew by an app before its user sees an error.
const AGAIN: u32 = 3;

/// What a spectator is told.
#[derive(Debug)]
pub enum Scene<'a> {
    /// An act begins, everything works still.
    Begins(&'a Act),
    /// The trouble falls.
    Falls(&'a Act),
    /// The trouble is over.
    Lifts(&'a Act),
    /// What became of it.
    Ends(&'a Act, &'a Row),
}

/// Plays all acts in `country` with people who use `product`.
pub async fn play(
    country: &Country,
    product: Arc<dyn Product>,
    acts: &[Act],
    mut watch: impl FnMut(Scene<'_>),
) -> Result<Vec<Row>, BadWorld> {
    let door = product.clone();
    let person = Person::new(country, Arc::new(move || door.connect()), 17)?;
    let homes = acts.iter().map(|act| act.service).filter_map(|id| Some((id, product.way(&ServiceId::from(id))?)));
    let stage = Stage { country, product: &*product, person, homes: homes.collect() };
    let mut rows = Vec::new();
    for act in acts {
        watch(Scene::Begins(act));
        let row = match act.expected {
            Expected::Unblamed => stage.unblamed(act, &mut watch).await,
            _ => stage.blocked(act, &mut watch).await,
        };
        watch(Scene::Ends(act, &row));
        rows.push(row);
    }
    Ok(rows)
}

/// What one use of an app came to: how long until it was answered, and how often it connected anew.
type Outcome = Result<(Duration, u32), Mishap>;

struct Stage<'a> {
    country: &'a Country,
    product: &'a dyn Product,
    person: Person,
    /// The way of each service while nothing is wrong.
    homes: HashMap<&'static str, TransportId>,
}

/// Counts outcomes into a row.
#[derive(Default)]
struct Count {
    failures: u32,
    reconnects: u32,
    slowest: Option<Duration>,
}

impl Count {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Ok((took, anew)) => {
                self.reconnects += anew;
                self.slowest = self.slowest.max(Some(took));
            }
            Err(_) => self.failures += 1,
        }
    }
}

impl Stage<'_> {
    /// An act in which everybody is to be carried on.
    async fn blocked(&self, act: &Act, watch: &mut impl FnMut(Scene<'_>)) -> Row {
        let service = ServiceId::from(act.service);
        let mut count = Count::default();
        // A name that has been asked for is remembered; a lie about it would go unheard.
        if !matches!(act.expected, Expected::Named(_)) {
            count.add(use_app(&self.person, act).await);
        }
        let first = self.homes.get(act.service).cloned();
        // What the act before left behind is over when the first way is the first again.
        self.meanwhile(act, &mut count, || self.product.way(&service) == first).await;
        count.slowest = None;

        watch(Scene::Falls(act));
        let trouble = self.begin(act);
        let mut open = JoinSet::new();
        for index in 0..AT_ONSET {
            let (person, act) = (self.person.clone(), *act);
            open.spawn(async move {
                sleep(STAGGER * index).await;
                use_app(&person, &act).await
            });
        }
        while let Some(done) = open.join_next().await {
            count.add(done.unwrap_or(Err(Mishap::Died)));
        }
        let carried_on = count.slowest;
        let expected = act.expected.technique();
        let seen = || self.product.techniques(&service).into_iter().find(|technique| Some(*technique) == expected);
        self.meanwhile(act, &mut count, || seen().is_some()).await;
        let called = seen().or_else(|| self.product.techniques(&service).first().copied());
        let way = self.product.way(&service);

        watch(Scene::Lifts(act));
        self.end(act, trouble);
        let returned = self.meanwhile(act, &mut count, || self.product.way(&service) == first).await;
        self.calm_down(act, &service, &mut count).await;
        let moved = matches!(act.expected, Expected::Named(_)) || way != first;
        Row {
            block: act.title,
            service: act.service,
            called,
            carried_on,
            visible_failures: count.failures,
            reconnects: count.reconnects,
            way,
            returned,
            as_expected: moved && called == expected && carried_on.is_some() && returned.is_some(),
        }
    }

    /// An act in which nobody can be carried on, and nobody is to be blamed.
    async fn unblamed(&self, act: &Act, watch: &mut impl FnMut(Scene<'_>)) -> Row {
        let service = ServiceId::from(act.service);
        let mut count = Count::default();
        count.add(use_app(&self.person, act).await);
        let first = self.homes.get(act.service).cloned();
        self.meanwhile(act, &mut count, || self.product.way(&service) == first).await;

        watch(Scene::Falls(act));
        let trouble = self.begin(act);
        let hurried = self.person.clone().patience(Duration::from_secs(1));
        let ends = Instant::now() + UNBLAMED_FOR;
        while Instant::now() < ends {
            // Nobody can be served now; that is not the product's failure.
            let _expected = use_app(&hurried, act).await;
            sleep(EVERY).await;
        }
        let called = self.product.techniques(&service).first().copied();

        watch(Scene::Lifts(act));
        self.end(act, trouble);
        let lifted = Instant::now();
        let mut answered = None;
        while answered.is_none() && lifted.elapsed() < PATIENCE {
            answered = use_app(&hurried, act).await.ok().map(|_| lifted.elapsed());
            if answered.is_none() {
                sleep(EVERY).await;
            }
        }
        let mut settled = Count::default();
        let returned = self.meanwhile(act, &mut settled, || self.product.way(&service) == first).await;
        let way: Option<TransportId> = self.product.way(&service);
        Row {
            block: act.title,
            service: act.service,
            called,
            carried_on: answered,
            visible_failures: count.failures + settled.failures,
            reconnects: count.reconnects + settled.reconnects,
            as_expected: called.is_none() && answered.is_some() && way == first,
            way,
            returned,
        }
    }

    /// People fetch things until nobody is blamed any more: transfers are what proves a way.
    async fn calm_down(&self, act: &Act, service: &ServiceId, count: &mut Count) {
        let ends = Instant::now() + PATIENCE;
        let is_blamed = || !self.product.techniques(service).is_empty();
        while !matches!(act.expected, Expected::Named(_)) && is_blamed() && Instant::now() < ends {
            count.add(self.person.fetch(&act.app(), PROOF, AGAIN).await);
            sleep(EVERY).await;
        }
    }

    /// People go on using the app until `done`; says how long that took, `None` when it took too long.
    async fn meanwhile(&self, act: &Act, count: &mut Count, done: impl Fn() -> bool) -> Option<Duration> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if done() {
                return Some(start.elapsed());
            }
            count.add(use_app(&self.person, act).await);
            sleep(EVERY).await;
        }
        None
    }

    fn begin(&self, act: &Act) -> Option<RuleId> {
        match act.trouble {
            Trouble::Rule(rule) => Some(self.country.censor().add(rule(self.country))),
            Trouble::Down => {
                self.country.take_down(self.country.addresses(act.service));
                None
            }
        }
    }

    fn end(&self, act: &Act, trouble: Option<RuleId>) {
        match trouble {
            Some(rule) => self.country.censor().lift(rule),
            None => self.country.bring_up(self.country.addresses(act.service)),
        }
    }
}

async fn use_app(person: &Person, act: &Act) -> Outcome {
    match act.using {
        Use::Open => person.open(&act.app()).await.map(|session| (session.first_byte(), 0)),
        Use::Fetch(size) => person.fetch(&act.app(), size, AGAIN).await,
    }
}

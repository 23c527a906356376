//! A censored evening with chance in it: people connect every few seconds, race a second way when the first fails, and
//! probes ask in between. What the network does is the scenario's; who is in front follows from what is believed.

use super::world::{A, Probed, World, route, secs};
use crate::health::dice::Dice;
use crate::health::{Event, Goodput, Params};
use crate::model::{Anchors, EndpointTag, Evidence, Family, LinkState, Moment, Phase, Sign, Technique, Twin};
use std::time::Duration;

/// One attempt, as the network sees it.
pub(super) struct Try {
    pub(super) direct: bool,
    pub(super) endpoint: u32,
    pub(super) family: Family,
    /// Since the trouble began.
    pub(super) after: Duration,
    /// A number in [0, 1) of its own.
    pub(super) luck: f64,
    /// When this endpoint was last punished.
    pub(super) punished: Option<Duration>,
}

/// What becomes of it.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    Works,
    Fails(Sign),
    /// It fails, and what follows at that endpoint is under a punishment.
    Triggers(Sign),
    /// It works, and this is noticed besides.
    Beside(Sign),
}

/// What a network does to an attempt.
pub(super) type Network = fn(&Try) -> Fate;

/// One scenario.
pub(super) struct Scenario {
    pub(super) number: u8,
    pub(super) name: &'static str,
    pub(super) network: Network,
    /// What the controls say.
    pub(super) link: LinkState,
    /// What a pair proves, where the prober may run one.
    pub(super) pair: Option<Technique>,
    pub(super) minutes: u64,
}

pub(super) struct Play {
    pub(super) world: World,
    pub(super) began: Moment,
    pub(super) dice: Dice,
    punished: [Option<Duration>; 4],
    sampled: usize,
}

impl Play {
    /// A working evening, and then the trouble.
    pub(super) fn of(scenario: &Scenario, seed: u64) -> Self {
        let mut world = World::seeded(seed, Params::default(), &["telegram", "signal"], &["direct", "tokyo"]);
        let mut dice = Dice::new(seed ^ 0x5eed);
        world.pass(secs(5));
        world.country(route("telegram", "tokyo"), A);
        for _ in 0..6 {
            world.traffic("direct", A);
            world.traffic("direct", Sign::FlowProven);
            // They have been at every address of it.
            for endpoint in 0..4 {
                let fact = world.fact(route("telegram", "direct"), A);
                world.tell(Evidence { endpoint: Some(tag(endpoint)), ..fact });
            }
            world.pass(dice.between(secs(10), secs(30)));
        }
        let began = world.now;
        let mut play = Self { world, began, dice, punished: [None; 4], sampled: 0 };
        play.world.link = Some(scenario.link);
        while play.after() < secs(scenario.minutes * 60) {
            play.connect(scenario);
            let wait = play.dice.between(secs(4), secs(12));
            play.arm(scenario);
            play.world.pass(wait);
            play.measure();
        }
        play
    }

    fn after(&self) -> Duration {
        self.world.now.since(self.began)
    }

    /// Whether the next connection tries direct first.
    pub(super) fn direct_first(&mut self) -> bool {
        let standing = self.world.direct();
        match standing.phase {
            Phase::Ok | Phase::Unknown | Phase::ServiceDown | Phase::ProbeStale => true,
            Phase::Recovering => self.dice.unit() < standing.canary,
            Phase::Suspect | Phase::Degraded | Phase::Blocked => false,
        }
    }

    fn fate(&mut self, scenario: &Scenario, direct: bool) -> (Fate, EndpointTag) {
        let endpoint = (self.dice.unit() * 4.0) as u32;
        self.fate_at(scenario, direct, endpoint)
    }

    fn fate_at(&mut self, scenario: &Scenario, direct: bool, endpoint: u32) -> (Fate, EndpointTag) {
        let family = family(endpoint);
        let (luck, after) = (self.dice.unit(), self.after());
        let punished = self.punished[endpoint as usize];
        let fate = (scenario.network)(&Try { direct, endpoint, family, after, luck, punished });
        if let Fate::Triggers(_) = fate {
            self.punished[endpoint as usize] = Some(after);
        }
        (fate, tag(endpoint))
    }

    /// A person's connection: direct first or not, the other way when it fails.
    fn connect(&mut self, scenario: &Scenario) {
        if self.direct_first() {
            let (fate, endpoint) = self.fate(scenario, true);
            if let Some(sign) = self.tell_good(fate, "direct", endpoint) {
                let (tunnel, _) = self.fate(scenario, false);
                let twin = twin_of(tunnel);
                self.tell(sign, "direct", endpoint, twin);
                self.finish("tokyo", tunnel, endpoint, if twin == Twin::Answered { Twin::Unknown } else { twin });
            }
        } else {
            let (tunnel, endpoint) = self.fate(scenario, false);
            self.finish("tokyo", tunnel, endpoint, Twin::Unknown);
        }
    }

    fn finish(&mut self, way: &str, fate: Fate, endpoint: EndpointTag, twin: Twin) {
        if let Some(sign) = self.tell_good(fate, way, endpoint) {
            self.tell(sign, way, endpoint, twin);
        }
    }

    /// Tells what works; gives back what fails.
    fn tell_good(&mut self, fate: Fate, way: &str, endpoint: EndpointTag) -> Option<Sign> {
        match fate {
            Fate::Fails(sign) | Fate::Triggers(sign) => return Some(sign),
            Fate::Works => {}
            Fate::Beside(sign) => self.tell(sign, way, endpoint, Twin::Unknown),
        }
        self.tell(Sign::Answer(crate::model::Grade::B), way, endpoint, Twin::Unknown);
        None
    }

    fn tell(&mut self, sign: Sign, way: &str, endpoint: EndpointTag, twin: Twin) {
        let fact = self.world.fact(route("telegram", way), sign);
        self.world.tell(Evidence { endpoint: Some(endpoint), twin, ..fact });
    }

    /// What the next probe of each way will bring.
    fn arm(&mut self, scenario: &Scenario) {
        let punished = self.punished;
        // Probes go round.
        let turn = self.world.probes_of(&route("telegram", "direct")).len() % 4;
        let (direct, endpoint) = self.fate_at(scenario, true, u32::try_from(turn).unwrap());
        let (tunnel, _) = self.fate(scenario, false);
        // It is only what would be.
        self.punished = punished;
        let probed = match direct {
            Fate::Works | Fate::Beside(_) => Probed::of(Sign::BodyProven),
            Fate::Fails(sign) | Fate::Triggers(sign) => {
                let twin = twin_of(tunnel);
                let pair = scenario.pair.filter(|_| twin == Twin::Answered);
                Probed { twin, pair, ..Probed::of(sign) }
            }
        };
        let probed = Probed { endpoint: Some(endpoint), ..probed };
        self.world.country.insert(route("telegram", "direct"), probed);
        let tunnel = match tunnel {
            Fate::Works | Fate::Beside(_) => Probed::of(A),
            Fate::Fails(sign) | Fate::Triggers(sign) => Probed { twin: Twin::FailedToo, ..Probed::of(sign) },
        };
        self.world.country.insert(route("telegram", "tokyo"), tunnel);
    }

    /// A neutral place is fast, when it is asked.
    fn measure(&mut self) {
        if self.world.samples_asked.len() > self.sampled {
            self.sampled = self.world.samples_asked.len();
            let (began, at) = (self.world.now, self.world.now + secs(1));
            self.world.pass(secs(1));
            self.world.event(Event::Goodput(Goodput { bytes_per_second: 1_500_000, tunnel: None, began, at }));
        }
    }

    /// A fact about anything, from a person's connection, with good anchors.
    pub(super) fn aside(&mut self, evidence: Evidence) {
        self.world.tell(Evidence { anchors: Anchors::Good, ..evidence });
    }
}

const fn family(endpoint: u32) -> Family {
    if endpoint < 2 { Family::V4 } else { Family::V6 }
}

const fn tag(endpoint: u32) -> EndpointTag {
    EndpointTag::of(endpoint, family(endpoint))
}

fn twin_of(tunnel: Fate) -> Twin {
    match tunnel {
        Fate::Works | Fate::Beside(_) => Twin::Answered,
        Fate::Fails(Sign::TransportDown) | Fate::Triggers(Sign::TransportDown) => Twin::Unknown,
        Fate::Fails(_) | Fate::Triggers(_) => Twin::FailedToo,
    }
}

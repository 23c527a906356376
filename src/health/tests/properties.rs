//! What must hold whatever happens, in whatever order.

use super::world::{route, secs};
use crate::health::{Effect, Event, LinkReport, Params, State, step};
use crate::model::{
    Anchors, EndpointTag, Evidence, Grade, Ground, LinkState, Moment, NetworkId, Phase, Record, Route, ServiceId, Sign,
    Source, Technique, Twin,
};
use proptest::prelude::*;
use std::collections::HashMap;
use std::time::Duration;

const SERVICES: [&str; 3] = ["telegram", "signal", "other"];
const WAYS: [&str; 3] = ["direct", "home", "tokyo"];

/// One thing that happens, some time after the one before.
#[derive(Clone, Debug)]
struct Happening {
    after: u64,
    event: Event,
}

fn any_route() -> impl Strategy<Value = Route> {
    (prop::sample::select(&SERVICES[..]), prop::sample::select(&WAYS[..])).prop_map(|(s, t)| route(s, t))
}

fn any_sign() -> impl Strategy<Value = Sign> {
    prop::sample::select(vec![
        Sign::Answer(Grade::A),
        Sign::Answer(Grade::B),
        Sign::FlowProven,
        Sign::BodyProven,
        Sign::ConnectOnly,
        Sign::ConnectTimeout,
        Sign::Refused,
        Sign::RefusedByIcmp,
        Sign::ResetAfterHello,
        Sign::EofAfterHello,
        Sign::HelloDropped,
        Sign::HelloMuted,
        Sign::Silence,
        Sign::Frozen { kilobytes: 16 },
        Sign::Throttled,
        Sign::ForeignKey,
        Sign::BlockPage,
        Sign::DnsLie,
        Sign::DnsInjected,
        Sign::DnsSilent,
        Sign::ClientGaveUp,
        Sign::Reconnecting,
        Sign::UdpNoReply,
        Sign::WrongAnswer,
        Sign::TransportDown,
    ])
}

/// A fact; its moments are made to fit when it is told: `began` milliseconds before it.
fn any_fact(signs: impl Strategy<Value = Sign>) -> impl Strategy<Value = Event> {
    let what = (any_route(), signs, prop::bool::ANY, 0u32..4);
    let beside = (
        prop::sample::select(vec![Twin::Unknown, Twin::Answered, Twin::FailedToo]),
        prop::sample::select(vec![Anchors::Unknown, Anchors::Good, Anchors::Bad]),
        prop::option::weighted(0.1, Just(Technique::SniRst)),
        0u64..20_000,
    );
    (what, beside).prop_map(|((route, sign, probe, end), (twin, anchors, pair, began))| {
        let source = if probe { Source::Probe } else { Source::Traffic };
        Event::Evidence(Evidence {
            endpoint: Some(EndpointTag(end)),
            twin,
            anchors,
            pair,
            ..Evidence::new(route, source, sign, Moment::from_millis(began), Moment::from_millis(0))
        })
    })
}

fn any_link() -> impl Strategy<Value = LinkState> {
    prop::sample::select(vec![
        LinkState::Online,
        LinkState::Online,
        LinkState::Offline,
        LinkState::Captive,
        LinkState::Whitelist,
        LinkState::LinkBad,
    ])
}

fn report(state: LinkState) -> Event {
    Event::Link(LinkReport { state, ground: Ground::NotAsked, began: Moment::default(), at: Moment::default() })
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => any_fact(any_sign()),
        2 => any_link().prop_map(report),
        3 => any_route().prop_map(Event::Used),
        3 => Just(Event::Due),
        2 => (any_route(), 100u32..8_000).prop_map(|(r, bytes)| Event::ProbeStarted(r, bytes)),
        1 => (0u32..3).prop_map(|id| Event::NetworkChanged(NetworkId(id))),
        1 => (0u64..100_000).prop_map(Event::Resumed),
        1 => Just(Event::Force(ServiceId::from("telegram"), None)),
    ]
}

fn happenings(event: impl Strategy<Value = Event>, most: usize) -> impl Strategy<Value = Vec<Happening>> {
    let after = prop_oneof![6 => 0u64..5_000, 3 => 0u64..120_000, 1 => 0u64..4_000_000];
    prop::collection::vec((after, event).prop_map(|(after, event)| Happening { after, event }), 1..most)
}

/// Steps a state through happenings, and shows each step to `look`.
struct Run {
    state: Option<State>,
    params: Params,
    now: Moment,
    wake: Option<Moment>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let routes = SERVICES.iter().flat_map(|s| WAYS.iter().map(move |t| route(s, t)));
        let now = Moment::from_millis(10_000_000);
        let state = State::new(routes, NetworkId(0), seed, now);
        Self { state: Some(state), params: Params::default(), now, wake: None }
    }

    fn state(&self) -> &State {
        self.state.as_ref().unwrap()
    }

    /// Lets the happening come to pass; wakes on the way there are kept. What each step brought goes to `look`.
    fn happen(&mut self, happening: &Happening, mut look: impl FnMut(&Self, &[Effect])) {
        let until = self.now + Duration::from_millis(happening.after);
        while let Some(wake) = self.wake.filter(|t| *t <= until) {
            self.wake = None;
            self.now = self.now.max(wake);
            self.step(Event::Due, &mut look);
        }
        self.now = until;
        let event = match happening.event.clone() {
            Event::Evidence(e) => {
                let began = self.now - Duration::from_millis(e.began.as_millis());
                Event::Evidence(Evidence { began, at: self.now, ..e })
            }
            Event::Link(report) => Event::Link(LinkReport { began: self.now, at: self.now, ..report }),
            other => other,
        };
        self.step(event, &mut look);
    }

    fn step(&mut self, event: Event, look: &mut impl FnMut(&Self, &[Effect])) {
        let (state, effects) = step(self.state.take().unwrap(), event, self.now, &self.params);
        self.state = Some(state);
        for effect in &effects {
            if let Effect::WakeAt(at) = effect {
                assert!(*at > self.now, "a wake in the past would spin");
                self.wake = Some(*at);
            }
        }
        look(self, &effects);
    }

    fn phases(&self) -> HashMap<Route, Phase> {
        let snapshot = self.state().snapshot(&self.params);
        snapshot.standings.iter().map(|(route, standing)| (route.clone(), standing.phase)).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_score_stays_within_its_bounds(seed: u64, day in happenings(any_event(), 120)) {
        let mut run = Run::new(seed);
        for happening in &day {
            run.happen(happening, |run, _| {
                for standing in run.state().snapshot(&run.params).standings.values() {
                    assert!((-5.0..=10.0).contains(&standing.score), "{standing:?}");
                    assert!((0.0..=1.0).contains(&standing.canary));
                }
            });
        }
    }

    #[test]
    fn nothing_changes_while_the_link_is_not_online(
        seed: u64,
        before in happenings(any_event(), 40),
        state in any_link().prop_filter("not online", |s| *s != LinkState::Online),
        after in happenings(
            prop_oneof![
                8 => any_fact(any_sign()),
                2 => any_route().prop_map(Event::Used),
                2 => Just(Event::Due),
                1 => (0u64..100_000).prop_map(Event::Resumed),
            ],
            80,
        ),
    ) {
        let mut run = Run::new(seed);
        before.iter().for_each(|happening| run.happen(happening, |_, _| {}));
        run.happen(&Happening { after: 0, event: report(state) }, |_, _| {});
        let phases = run.phases();
        for happening in &after {
            run.happen(happening, |run, effects| {
                assert_eq!(run.phases(), phases);
                assert!(!effects.iter().any(|e| matches!(e, Effect::ProbeAt(..))), "and nothing is probed");
            });
        }
    }

    #[test]
    fn a_connect_or_a_lying_resolver_never_blocks(
        seed: u64,
        day in happenings(
            prop_oneof![
                8 => any_fact(prop::sample::select(vec![Sign::ConnectOnly, Sign::DnsLie])),
                1 => Just(report(LinkState::Online)),
                1 => any_route().prop_map(Event::Used),
            ],
            120,
        ),
    ) {
        let mut run = Run::new(seed);
        let mut day = day;
        for happening in &mut day {
            if let Event::Evidence(evidence) = &mut happening.event {
                evidence.pair = None;
            }
            run.happen(happening, |run, _| {
                assert!(run.phases().values().all(|phase| *phase == Phase::Unknown));
            });
        }
    }

    #[test]
    fn no_more_than_the_budget_is_spent_in_any_hour(seed: u64, day in happenings(any_event(), 200), price in 100u32..8_192) {
        let mut run = Run::new(seed);
        let mut spent: Vec<(Moment, Route)> = Vec::new();
        for happening in &day {
            // Only probes that were asked for are begun.
            if matches!(happening.event, Event::ProbeStarted(..)) {
                continue;
            }
            let mut asked = Vec::new();
            run.happen(happening, |run, effects| {
                for effect in effects {
                    if let Effect::ProbeAt(route, at) = effect {
                        asked.push((*at, route.clone()));
                    }
                }
                assert!(asked.len() < 1000, "at {:?}", run.now);
            });
            for (at, route) in asked {
                run.step(Event::ProbeStarted(route.clone(), price), &mut |_, _| {});
                spent.push((at, route));
            }
        }
        let price = u64::from(price);
        let budget = &run.params.budget;
        for (from, route) in &spent {
            let hour: Vec<&Route> =
                spent.iter().filter(|(at, _)| at >= from && at.since(*from) < secs(3600)).map(|(_, r)| r).collect();
            let own = hour.iter().filter(|r| r.service == route.service).count() as u64;
            assert!(hour.len() as u64 * price <= budget.total);
            assert!(own * price <= budget.per_service);
        }
    }

    #[test]
    fn no_two_routes_of_a_service_are_probed_at_one_moment(seed: u64, day in happenings(any_event(), 160)) {
        let mut run = Run::new(seed);
        let mut last: HashMap<ServiceId, (Moment, Route)> = HashMap::new();
        for happening in &day {
            run.happen(happening, |_, effects| {
                for effect in effects {
                    let Effect::ProbeAt(route, at) = effect else { continue };
                    let before = last.insert(route.service.clone(), (*at, route.clone()));
                    assert!(before.is_none_or(|(t, _)| at.since(t) >= secs(2)), "{route}");
                    assert!(!route.service.is_other());
                }
            });
        }
    }

    #[test]
    fn good_and_bad_in_turn_do_not_flap(seed: u64, gap in 10u64..120, twin: bool) {
        let mut run = Run::new(seed);
        run.params.mode = crate::health::Mode::Passive;
        let direct = route("telegram", "direct");
        let mut turns = 0;
        let minutes = 60u64;
        for i in 0..(minutes * 60 / gap) {
            let sign = if i % 2 == 0 { Sign::Answer(Grade::A) } else { Sign::Refused };
            let evidence = Evidence {
                anchors: Anchors::Good,
                twin: if twin { Twin::Answered } else { Twin::Unknown },
                ..Evidence::new(direct.clone(), Source::Traffic, sign, Moment::default(), Moment::default())
            };
            run.happen(&Happening { after: gap * 1000, event: Event::Evidence(evidence) }, |_, effects| {
                for effect in effects {
                    if let Effect::Announce(Record::Transition(_)) = effect {
                        turns += 1;
                    }
                }
            });
        }
        // Blocked, an answer, a relapse: each costs a hold, so what moves connections is what counts here.
        let calm = run.phases()[&direct];
        assert!(turns <= 8 || matches!(calm, Phase::Blocked | Phase::Recovering), "{turns} turns, now {calm}");
    }

    #[test]
    fn the_order_of_a_failure_and_its_twin_does_not_matter(seed: u64, gap in 0u64..60_000) {
        let fact = |way: &str, sign| {
            let fact = Evidence::new(route("telegram", way), Source::Traffic, sign, Moment::default(), Moment::default());
            Event::Evidence(Evidence { anchors: Anchors::Good, ..fact })
        };
        let fail = fact("direct", Sign::ResetAfterHello);
        let answer = fact("tokyo", Sign::Answer(Grade::A));
        let score = |first: &Event, second: &Event| {
            let mut run = Run::new(seed);
            run.happen(&Happening { after: 0, event: first.clone() }, |_, _| {});
            run.happen(&Happening { after: gap, event: second.clone() }, |_, _| {});
            let end = Happening { after: 120_000 - gap, event: Event::Due };
            run.happen(&end, |_, _| {});
            run.state().snapshot(&run.params).standing(&route("telegram", "direct")).unwrap().score
        };
        let (after, before) = (score(&fail, &answer), score(&answer, &fail));
        // The failures lie `gap` apart in the two runs: they differ by that much fading, and no more.
        let fading = 4.5 * (1.0 - (-(gap as f64) / 600_000.0).exp2());
        prop_assert!((after - before).abs() <= fading + 0.01, "{after} {before}");
    }

    #[test]
    fn the_same_day_twice_is_the_same(seed: u64, day in happenings(any_event(), 60)) {
        let live = || {
            let mut run = Run::new(seed);
            let mut effects = Vec::new();
            day.iter().for_each(|happening| run.happen(happening, |_, some| effects.extend(some.to_vec())));
            (run.state.unwrap(), effects)
        };
        prop_assert_eq!(live(), live());
    }
}

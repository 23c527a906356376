use super::*;
use crate::model::{Confidence, Forced, NetworkId, ServiceId, Verdict};
use proptest::prelude::*;
use std::collections::HashMap;

const NOW: Moment = Moment::from_millis(1_000_000);

/// A world of ways (`direct` and `split` bare, the rest tunnels) that is asked for a plan.
#[derive(Debug)]
struct World {
    service: Service,
    ways: Vec<Way>,
    snapshot: Snapshot,
    need: Need,
    dice: f64,
}

fn world(order: &[&str]) -> World {
    let way = |id: &&str| Way {
        id: (*id).into(),
        bare: matches!(*id, "direct" | "split"),
        packets: *id != "http",
        usable: true,
    };
    World {
        service: Service {
            id: "telegram".into(),
            title: "Telegram".into(),
            order: order.iter().map(|id| (*id).into()).collect(),
            direct: DirectRule::UntilBlocked,
            first_flight: crate::model::FirstFlight::Mtproto,
        },
        ways: ["direct", "split", "home", "tokyo", "http"].iter().map(way).collect(),
        snapshot: Snapshot { network: NetworkId(1), ..Snapshot::default() },
        need: Need::Stream,
        dice: 0.5,
    }
}

fn standing(phase: Phase) -> Standing {
    let verdict = match phase {
        Phase::Blocked => Verdict::Blocked(Technique::SniRst),
        _ => Verdict::Unclear,
    };
    let score = match phase {
        Phase::Suspect | Phase::Degraded => 2.5,
        Phase::Blocked => 6.0,
        _ => 0.0,
    };
    Standing { phase, score, verdict, confidence: Confidence::Anomaly, ..Standing::unknown(NOW) }
}

impl World {
    fn rule(mut self, direct: DirectRule) -> Self {
        self.service.direct = direct;
        self
    }

    fn is(self, way: &str, phase: Phase) -> Self {
        self.stands(way, standing(phase))
    }

    fn stands(mut self, way: &str, standing: Standing) -> Self {
        for l4 in [L4::Tcp, L4::Udp] {
            let route = Route { service: self.service.id.clone(), facet: Facet::Text, transport: way.into(), l4 };
            self.snapshot.standings.insert(route, standing.clone());
        }
        self
    }

    fn forced(mut self, way: &str, until: Option<Moment>) -> Self {
        let forced = Forced { transport: way.into(), until };
        self.snapshot.forced.insert(self.service.id.clone(), forced);
        self
    }

    fn broken(mut self, way: &str) -> Self {
        self.ways.iter_mut().filter(|w| w.id.as_str() == way).for_each(|w| w.usable = false);
        self
    }

    fn packets(mut self) -> Self {
        self.need = Need::Packets;
        self
    }

    fn dice(mut self, dice: f64) -> Self {
        self.dice = dice;
        self
    }

    fn plan(&self) -> Plan {
        plan(&Question {
            service: &self.service,
            facet: Facet::Text,
            need: self.need,
            ways: &self.ways,
            snapshot: &self.snapshot,
            now: NOW,
            dice: self.dice,
        })
    }

    /// The attempts in one line, a canary with a `*`.
    fn tries(&self) -> String {
        let shown = |a: &Attempt| format!("{}{}", a.transport, if a.canary { "*" } else { "" });
        self.plan().attempts.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    fn why_not(&self, way: &str) -> Option<Reason> {
        self.plan().passed_over.into_iter().find(|(id, _)| id.as_str() == way).map(|(_, why)| why)
    }
}

const ORDER: &[&str] = &["direct", "split", "home", "tokyo"];

#[test]
fn while_nothing_is_wrong_the_users_order_holds() {
    assert_eq!(world(ORDER).tries(), "direct split home tokyo");
    assert_eq!(world(&["tokyo", "direct", "home"]).tries(), "tokyo direct home");
    for phase in [Phase::Unknown, Phase::Ok, Phase::ServiceDown, Phase::ProbeStale] {
        assert_eq!(world(ORDER).is("direct", phase).tries(), "direct split home tokyo", "{phase}");
    }
}

#[test]
fn a_doubted_way_goes_behind_those_nothing_speaks_against() {
    assert_eq!(world(ORDER).is("direct", Phase::Suspect).tries(), "split home tokyo direct");
    assert_eq!(world(ORDER).is("direct", Phase::Degraded).tries(), "split home tokyo direct");
    assert_eq!(world(ORDER).is("home", Phase::Suspect).tries(), "direct split tokyo home");
}

#[test]
fn when_every_tunnel_is_suspect_too_only_a_high_score_moves_direct() {
    let world = || world(&["direct", "home", "tokyo"]).is("home", Phase::Suspect).is("tokyo", Phase::Suspect);
    let scored = |score| Standing { score, ..standing(Phase::Suspect) };
    assert_eq!(world().stands("direct", scored(3.9)).tries(), "direct home tokyo");
    assert_eq!(world().stands("direct", scored(4.0)).tries(), "home tokyo direct");
}

#[test]
fn a_blocked_bare_way_is_not_dialled_while_there_is_a_tunnel() {
    let blocked = world(ORDER).is("direct", Phase::Blocked);
    assert_eq!(blocked.tries(), "split home tokyo");
    assert_eq!(blocked.why_not("direct"), Some(Reason::Blocked(Technique::SniRst)));
}

#[test]
fn all_tunnels_dead_does_not_open_the_blocked_bare_way() {
    let dead = world(&["direct", "home"]).is("direct", Phase::Blocked).is("home", Phase::Blocked);
    assert_eq!(dead.tries(), "home");
    let broken = world(&["direct", "home"]).is("direct", Phase::Blocked).broken("home");
    assert_eq!(broken.tries(), "");
}

#[test]
fn without_a_tunnel_a_blocked_bare_way_is_the_last_resort() {
    let bare = world(&["direct", "split"]).is("direct", Phase::Blocked);
    assert_eq!(bare.tries(), "split direct");
    assert_eq!(world(&["direct"]).is("direct", Phase::Blocked).tries(), "direct");
}

#[test]
fn a_blocked_tunnel_goes_last_and_is_tried() {
    assert_eq!(world(ORDER).is("home", Phase::Blocked).tries(), "direct split tokyo home");
    let worse = world(ORDER).is("home", Phase::Blocked).is("direct", Phase::Suspect);
    assert_eq!(worse.tries(), "split tokyo direct home");
}

#[test]
fn the_unlucky_dice_keep_a_recovering_way_back_and_the_lucky_lend_it_a_connection() {
    let recovering = || world(ORDER).stands("direct", Standing { canary: 0.1, ..standing(Phase::Recovering) });
    assert_eq!(recovering().dice(0.5).tries(), "split home tokyo direct");
    assert_eq!(recovering().dice(0.05).tries(), "direct* split home tokyo");
    let mut offline = recovering().dice(0.05);
    offline.snapshot.link = LinkState::Captive;
    assert_eq!(offline.tries(), "split home tokyo direct");
}

#[test]
fn a_canary_does_not_overtake_the_ways_the_user_prefers() {
    let home = world(&["home", "direct"]).stands("direct", Standing { canary: 1.0, ..standing(Phase::Recovering) });
    assert_eq!(home.dice(0.0).tries(), "home direct*");
}

#[test]
fn where_somebody_else_answers_nobodys_bytes_go() {
    let hostile = |phase| Standing { hostile: true, canary: 1.0, ..standing(phase) };
    for phase in [Phase::Ok, Phase::Blocked, Phase::Recovering, Phase::Unknown] {
        let only = world(&["direct"]).stands("direct", hostile(phase)).dice(0.0);
        assert_eq!(only.tries(), "", "{phase}");
        assert_eq!(only.why_not("direct"), Some(Reason::Hostile));
        assert_eq!(only.forced("direct", None).tries(), "");
    }
}

#[test]
fn never_means_never_and_always_means_always() {
    let never = world(ORDER).rule(DirectRule::Never).is("home", Phase::Blocked).is("tokyo", Phase::Blocked);
    assert_eq!(never.tries(), "home tokyo");
    assert_eq!(never.why_not("direct"), Some(Reason::DirectForbidden));
    assert_eq!(never.why_not("split"), Some(Reason::DirectForbidden));
    assert_eq!(world(&["direct"]).rule(DirectRule::Never).tries(), "");
    let always = world(ORDER).rule(DirectRule::Always).is("direct", Phase::Blocked).is("split", Phase::Blocked);
    assert_eq!(always.tries(), "direct split");
    assert_eq!(always.why_not("home"), Some(Reason::TunnelForbidden));
}

#[test]
fn a_forced_way_is_the_only_one_until_it_expires() {
    let forced = world(ORDER).is("tokyo", Phase::Blocked).forced("tokyo", None);
    assert_eq!(forced.tries(), "tokyo");
    assert_eq!(forced.why_not("direct"), Some(Reason::NotTheForcedWay));
    assert_eq!(world(ORDER).forced("home", Some(NOW + Duration::from_millis(1))).tries(), "home");
    assert_eq!(world(ORDER).forced("home", Some(NOW)).tries(), "direct split home tokyo");
    assert_eq!(world(&["direct"]).forced("tokyo", None).tries(), "tokyo");
}

#[test]
fn a_forced_way_that_is_not_allowed_or_not_able_is_refused_not_replaced() {
    let bare = world(ORDER).rule(DirectRule::Never).forced("direct", None);
    assert_eq!(bare.tries(), "");
    assert_eq!(bare.why_not("direct"), Some(Reason::DirectForbidden));
    assert_eq!(bare.why_not("home"), Some(Reason::NotTheForcedWay));
    assert_eq!(world(ORDER).rule(DirectRule::Always).forced("home", None).tries(), "");
    assert_eq!(world(ORDER).forced("home", None).broken("home").tries(), "");
    assert_eq!(world(ORDER).forced("http", None).packets().tries(), "");
    assert_eq!(world(ORDER).forced("gone", None).tries(), "");
}

#[test]
fn packets_go_only_where_packets_are_carried() {
    let call = world(&["direct", "http", "home"]).packets();
    assert_eq!(call.tries(), "direct home");
    assert_eq!(call.why_not("http"), Some(Reason::NoPackets));
    let mute = world(&["direct", "http"]).packets().is("direct", Phase::Blocked);
    assert_eq!(mute.tries(), "", "a call that cannot get through fails at once instead of ringing into silence");
}

#[test]
fn what_is_believed_of_streams_says_nothing_of_packets_or_other_facets() {
    let mut mixed = world(&["direct", "home"]).is("direct", Phase::Blocked);
    mixed.snapshot.standings.retain(|route, _| route.l4 == L4::Udp);
    assert_eq!(mixed.tries(), "direct home");
    assert_eq!(mixed.packets().tries(), "home");
}

#[test]
fn what_could_not_be_built_is_passed_over() {
    let broken = world(ORDER).broken("home");
    assert_eq!(broken.tries(), "direct split tokyo");
    assert_eq!(broken.why_not("home"), Some(Reason::Unusable));
    let unknown = world(&["direct", "gone"]);
    assert_eq!(unknown.why_not("gone"), Some(Reason::Unusable));
}

#[test]
fn latency_reorders_only_ways_demoted_alike_and_only_by_a_margin() {
    let timed = |phase, millis| Standing { first_byte: Some(Duration::from_millis(millis)), ..standing(phase) };
    let order = &["direct", "home", "tokyo"];
    let both =
        |phase, home, tokyo| world(order).stands("home", timed(phase, home)).stands("tokyo", timed(phase, tokyo));
    assert_eq!(both(Phase::Ok, 900, 50).tries(), "direct home tokyo");
    assert_eq!(both(Phase::Suspect, 900, 50).tries(), "direct tokyo home");
    assert_eq!(both(Phase::Suspect, 120, 90).tries(), "direct home tokyo");
    assert_eq!(both(Phase::Suspect, 400, 300).tries(), "direct home tokyo");
}

fn any_standing() -> impl Strategy<Value = Standing> {
    let phase = prop_oneof![
        Just(Phase::Unknown),
        Just(Phase::Ok),
        Just(Phase::Suspect),
        Just(Phase::Degraded),
        Just(Phase::Blocked),
        Just(Phase::Recovering),
        Just(Phase::ServiceDown),
        Just(Phase::ProbeStale),
    ];
    let latency = proptest::option::of(0_u64..2000);
    (phase, -5.0..10.0_f64, 0.0..=1.0_f64, any::<bool>(), latency).prop_map(|(phase, score, canary, hostile, ms)| {
        Standing { score, canary, hostile, rtt: ms.map(Duration::from_millis), ..standing(phase) }
    })
}

const NAMES: [&str; 6] = ["direct", "split", "home", "tokyo", "http", "gone"];

fn any_world() -> impl Strategy<Value = World> {
    let order = Just(NAMES.to_vec()).prop_shuffle().prop_flat_map(|all| (0..=all.len(), Just(all)));
    let rule = prop_oneof![Just(DirectRule::Always), Just(DirectRule::UntilBlocked), Just(DirectRule::Never)];
    let standings = proptest::collection::vec(proptest::option::of(any_standing()), 5);
    let forced = proptest::option::of((0_usize..6, proptest::option::of(0_u64..2_000_000)));
    let link = prop_oneof![Just(LinkState::Online), Just(LinkState::Offline), Just(LinkState::Whitelist)];
    let usable = proptest::collection::vec(any::<bool>(), 5);
    (order, rule, standings, forced, link, (usable, any::<bool>(), 0.0..1.0_f64)).prop_map(
        |((count, all), rule, standings, forced, link, (usable, packets, dice))| {
            let mut made = world(&all[..count]).rule(rule).dice(dice);
            for (way, standing) in NAMES.iter().zip(standings) {
                made = match standing {
                    Some(standing) => made.stands(way, standing),
                    None => made,
                };
            }
            if let Some((way, until)) = forced {
                made = made.forced(NAMES[way], until.map(Moment::from_millis));
            }
            made.ways.iter_mut().zip(usable).for_each(|(way, usable)| way.usable = usable);
            made.snapshot.link = link;
            if packets { made.packets() } else { made }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_is_believed_the_rules_hold(world in any_world()) {
        let plan = world.plan();
        let ways: HashMap<_, _> = world.ways.iter().map(|way| (&way.id, way)).collect();
        let forced = world.snapshot.forced.get(&ServiceId::from("telegram"))
            .filter(|forced| forced.until.is_none_or(|until| NOW < until));
        let l4 = if world.need == Need::Packets { L4::Udp } else { L4::Tcp };
        for attempt in &plan.attempts {
            let way = ways[&attempt.transport];
            let route = Route { service: "telegram".into(), facet: Facet::Text, transport: way.id.clone(), l4 };
            let standing = world.snapshot.standing(&route);
            prop_assert!(world.service.direct != DirectRule::Never || !way.bare, "bare on a never service");
            prop_assert!(world.service.direct != DirectRule::Always || way.bare, "a tunnel on an always service");
            prop_assert!(standing.is_none_or(|s| !s.hostile), "a hostile way");
            prop_assert!(way.usable && (way.packets || world.need == Need::Stream));
            prop_assert!(forced.is_none_or(|forced| forced.transport == way.id));
            prop_assert!(!attempt.canary || standing.is_some_and(|s| s.phase == Phase::Recovering));
        }
        let mut told: Vec<_> = plan.attempts.iter().map(|a| &a.transport).chain(plan.passed_over.iter().map(|p| &p.0)).collect();
        let mut expected: Vec<_> = world.service.order.iter().collect();
        if let Some(forced) = forced.filter(|f| ways.contains_key(&f.transport) && !world.service.order.contains(&f.transport)) {
            expected.push(&forced.transport);
        }
        told.sort();
        expected.sort();
        prop_assert_eq!(told, expected);
    }
}

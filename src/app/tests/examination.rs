//! The examination of a service in the lab's country: each technique gives its name, and nothing harmless gives one.

use crate::app::{Byway, live_in};
use crate::lab::{Action, Country, Crossing, Lie, Protocol, Rule, Target, World};
use crate::model::{Conclusion, Confidence, Examined, Facet, LinkState, Outcome, ServiceId, Technique, Trial, Verdict};
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;

/// What an examination told.
struct Told {
    steps: Vec<Examined>,
    took: Duration,
}

impl Told {
    fn of(&self, facet: Facet) -> &Conclusion {
        let Some(Examined::Concluded { facets, .. }) = self.steps.last() else { panic!("{:#?}", self.steps) };
        facets.iter().find(|conclusion| conclusion.facet == facet).unwrap()
    }

    fn link(&self) -> LinkState {
        let Some(Examined::Concluded { link, .. }) = self.steps.last() else { panic!("{:#?}", self.steps) };
        *link
    }

    fn outcome(&self, trial: Trial, facet: Facet) -> &Outcome {
        let fits =
            |step: &&Examined| matches!(step, Examined::Exhibit(e) if e.trial == trial && e.facet == Some(facet));
        match self.steps.iter().find(fits) {
            Some(Examined::Exhibit(exhibit)) => &exhibit.outcome,
            _ => panic!("{trial} of {facet}: {:#?}", self.steps),
        }
    }

    fn lines(&self) -> String {
        let mut lines = String::new();
        for step in &self.steps {
            match step {
                Examined::Exhibit(e) => lines += &format!("{:?} {} {:?} {}\n", e.facet, e.trial, e.outcome, e.took_ms),
                other => lines += &format!("{other:?}\n"),
            }
        }
        lines
    }
}

fn country(seed: u64, censor: &[Rule]) -> (Country, Arc<Byway>) {
    fastrand::seed(seed);
    let world = censor.iter().fold(World::new().seed(seed), |world, rule| world.censor(rule.clone()));
    let country = world.start().unwrap();
    let byway = live_in(&country, "").unwrap();
    (country, byway)
}

async fn examine(byway: &Byway, service: &str) -> Told {
    let began = tokio::time::Instant::now();
    let steps = byway.prober().examine(&ServiceId::from(service)).collect().await;
    Told { steps, took: began.elapsed() }
}

/// Examines a service under one rule, and wants this verdict of its chats.
async fn is_named(service: &str, rule: Rule, verdict: Verdict, confidence: Confidence) {
    for seed in 1..=3 {
        let (country, byway) = country(seed, std::slice::from_ref(&rule));
        let told = examine(&byway, service).await;
        let text = told.of(Facet::Text);
        assert_eq!((text.verdict, text.confidence), (verdict, confidence), "{service} {rule:?}\n{}", told.lines());
        assert!(told.took <= Duration::from_secs(185), "{:?}", told.took);
        let planned = told.steps.iter().find_map(|step| match step {
            Examined::Planned { tests, .. } => Some(*tests as usize),
            _ => None,
        });
        let made = told.steps.iter().filter(|step| matches!(step, Examined::Exhibit(_))).count();
        assert_eq!(planned, Some(made), "{}", told.lines());
        byway.stop().await;
        drop(country);
    }
}

fn signals_name(action: Action) -> Rule {
    Rule::new(Target::name("signal.org"), action)
}

const fn confirmed(how: Technique) -> (Verdict, Confidence) {
    (Verdict::Blocked(how), Confidence::Confirmed)
}

const fn anomaly(how: Technique) -> (Verdict, Confidence) {
    (Verdict::Blocked(how), Confidence::Anomaly)
}

macro_rules! named {
    ($($test:ident: $service:literal, $rule:expr => $expected:expr;)*) => {
        $(#[tokio::test(start_paused = true)]
        async fn $test() {
            let (verdict, confidence) = $expected;
            is_named($service, $rule, verdict, confidence).await;
        })*
    };
}

fn signals_addresses() -> Target {
    Target::prefix(std::net::IpAddr::from([76, 223, 66, 180])).or_prefix(std::net::IpAddr::from([15, 197, 251, 99]))
}

fn whatsapps_addresses() -> Target {
    [[157, 240, 253, 61], [157, 240, 22, 53], [31, 13, 64, 53]]
        .map(std::net::IpAddr::from)
        .into_iter()
        .fold(Target::everything(), Target::or_prefix)
}

named! {
    nothing_is_wrong: "signal", Rule::new(Target::name("nobody.example"), Action::ResetHello) =>
        (Verdict::Works, Confidence::Confirmed);
    a_reset_on_the_name: "signal", signals_name(Action::ResetHello) => confirmed(Technique::SniRst);
    an_end_on_the_name: "signal", signals_name(Action::EndHello) => confirmed(Technique::SniRst);
    a_dropped_hello: "signal", signals_name(Action::DropHello) => confirmed(Technique::SniDropHello);
    a_muted_answer: "signal", signals_name(Action::MuteAnswer) => confirmed(Technique::SniDropAnswer);
    a_reset_with_a_punishment: "signal", signals_name(Action::ResetHello).residual(Duration::from_secs(75)) =>
        confirmed(Technique::SniRst);
    a_dropped_hello_with_a_punishment: "signal", signals_name(Action::DropHello).residual(Duration::from_secs(420)) =>
        confirmed(Technique::SniDropHello);
    addresses_that_vanish: "signal", Rule::new(signals_addresses(), Action::Drop) => anomaly(Technique::IpDrop);
    addresses_that_refuse: "signal", Rule::new(signals_addresses(), Action::RejectSyn) => anomaly(Technique::TcpReject);
    addresses_that_are_out_of_reach: "telegram",
        Rule::new(Target::prefix("149.154.160.0/20".parse::<ipnet::IpNet>().unwrap())
            .or_prefix("95.161.64.0/20".parse::<ipnet::IpNet>().unwrap()), Action::Unreachable) => anomaly(Technique::TcpReject);
    a_server_that_is_muted: "signal", Rule::new(signals_addresses(), Action::MuteAnswer) => confirmed(Technique::S2cDrop);
    a_protocol_that_is_swallowed: "whatsapp", Rule::new(Target::protocol(Protocol::Noise), Action::DropHello) =>
        confirmed(Technique::ProtoBlock);
    a_protocol_that_is_muted: "whatsapp", Rule::new(Target::protocol(Protocol::Noise), Action::MuteAnswer) =>
        confirmed(Technique::ProtoBlock);
    a_muted_chat_server: "whatsapp", Rule::new(whatsapps_addresses(), Action::MuteAnswer) =>
        confirmed(Technique::S2cDrop);
    somebody_in_the_middle: "signal", signals_name(Action::Impersonate) => confirmed(Technique::Mitm);
}

/// Examines a service under rules, and wants this verdict of one facet.
async fn facet_is(service: &str, facet: Facet, rules: &[Rule], verdict: Verdict, confidence: Confidence) {
    for seed in 1..=3 {
        let (_country, byway) = country(seed, rules);
        let told = examine(&byway, service).await;
        let of_it = told.of(facet);
        assert_eq!((of_it.verdict, of_it.confidence), (verdict, confidence), "{service} {rules:?}\n{}", told.lines());
        assert!(told.took <= Duration::from_secs(185), "{:?}", told.took);
        byway.stop().await;
    }
}

fn telegrams_web() -> Target {
    Target::prefix(std::net::IpAddr::from([149, 154, 167, 99]))
}

#[tokio::test(start_paused = true)]
async fn tunnels_that_are_stopped_too_are_no_witness_that_a_service_is_down() {
    let rule = Rule::new(Target::protocol(Protocol::Random), Action::DropHello);
    let (_country, byway) = country(3, &[rule]);
    let told = examine(&byway, "telegram").await;
    assert_ne!(told.of(Facet::Text).verdict, Verdict::Down, "{}", told.lines());
    byway.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_curtain_after_some_kilobytes() {
    let rule = Rule::new(telegrams_web(), Action::FreezeBytes(16_000));
    facet_is("telegram", Facet::Web, &[rule], Verdict::Degraded(Technique::Freeze), Confidence::Anomaly).await;
}

#[tokio::test(start_paused = true)]
async fn a_curtain_after_some_packets() {
    let rule = Rule::new(telegrams_web(), Action::FreezePackets(25));
    facet_is("telegram", Facet::Web, &[rule], Verdict::Degraded(Technique::Freeze), Confidence::Confirmed).await;
}

#[tokio::test(start_paused = true)]
async fn packets_counted_on_a_raw_protocol() {
    let rule = Rule::new(whatsapps_addresses(), Action::FreezePackets(25));
    facet_is("whatsapp", Facet::Text, &[rule], Verdict::Degraded(Technique::Freeze), Confidence::Confirmed).await;
}

#[tokio::test(start_paused = true)]
async fn a_policer() {
    for bytes_per_second in [16_250, 8_000] {
        let rule = Rule::new(telegrams_web(), Action::Throttle { bytes_per_second });
        facet_is("telegram", Facet::Web, &[rule], Verdict::Degraded(Technique::Throttled), Confidence::Anomaly).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_in_clear_text_that_sends_elsewhere() {
    let rule = Rule::new(telegrams_web(), Action::BlockPage("http://warning.domestic.example/".to_owned()));
    facet_is("telegram", Facet::Web, &[rule], Verdict::Degraded(Technique::HttpBlock), Confidence::Confirmed).await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_the_resolver_denies() {
    let rule = Rule::new(Target::name("signal.org"), Action::NoSuchName);
    facet_is("signal", Facet::Text, &[rule], Verdict::Degraded(Technique::DnsTamper), Confidence::Anomaly).await;
    let rule = Rule::new(Target::name("signal.org"), Action::SilentResolver);
    facet_is("signal", Facet::Text, &[rule], Verdict::Degraded(Technique::DnsTamper), Confidence::Anomaly).await;
}

#[tokio::test(start_paused = true)]
async fn a_forged_answer_that_comes_before_the_true_one() {
    for lie in [Lie::NoSuchName, Lie::Address(std::net::IpAddr::from([8, 7, 198, 46]))] {
        let rule = Rule::new(Target::name("signal.org"), Action::InjectDns(lie));
        facet_is("signal", Facet::Text, &[rule], Verdict::Degraded(Technique::DnsTamper), Confidence::Confirmed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn calls_are_judged_apart() {
    let relay = Target::prefix(std::net::IpAddr::from([203, 0, 113, 41]));
    let blocked = Verdict::Blocked(Technique::CallsBlocked);
    facet_is("signal", Facet::Calls, &[Rule::new(relay, Action::DropUdp)], blocked, Confidence::Confirmed).await;
    let stun = Rule::new(Target::everything(), Action::DropStun);
    let blocked = Verdict::Blocked(Technique::StunDpi);
    facet_is("signal", Facet::Calls, &[stun], blocked, Confidence::Confirmed).await;
    let udp = Rule::new(Target::everything().except_port(53), Action::DropUdp);
    let blocked = Verdict::Blocked(Technique::UdpBlocked);
    facet_is("signal", Facet::Calls, std::slice::from_ref(&udp), blocked, Confidence::Anomaly).await;
    facet_is("signal", Facet::Text, &[udp], Verdict::Works, Confidence::Confirmed).await;
}

#[tokio::test(start_paused = true)]
async fn large_hellos_that_vanish_only_there_are_not_the_names_fault() {
    let rule = Rule::new(signals_addresses(), Action::DropLarger(1260));
    facet_is("signal", Facet::Text, &[rule], Verdict::Blocked(Technique::HelloSize), Confidence::Anomaly).await;
}

#[tokio::test(start_paused = true)]
async fn one_dead_address_is_no_block() {
    for dead in [[76, 223, 66, 180], [15, 197, 251, 99]] {
        let rule = Rule::new(Target::prefix(std::net::IpAddr::from(dead)), Action::Drop);
        facet_is("signal", Facet::Text, &[rule], Verdict::Works, Confidence::Confirmed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn on_a_whitelist_only_the_line_is_spoken_of() {
    let (country, byway) = country(6, &[]);
    let abroad = Target::everything().except(country.domestic_prefix());
    country.censor().block(abroad, Action::DropHello);
    examine(&byway, "signal").await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    let told = examine(&byway, "signal").await;
    assert_eq!(told.link(), LinkState::Whitelist, "{}", told.lines());
    assert_eq!(told.of(Facet::Text).verdict, Verdict::Unclear);
    byway.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_board_hears_of_it_with_the_pair() {
    let (_country, byway) = country(8, &[signals_name(Action::ResetHello)]);
    examine(&byway, "signal").await;
    tokio::task::yield_now().await;
    let story = byway.board.story(&ServiceId::from("signal")).await;
    let direct = story.iter().find(|s| s.route.transport.as_str() == "direct" && s.route.facet == Facet::Text).unwrap();
    assert!(direct.evidence.iter().any(|(fact, _)| fact.pair == Some(Technique::SniRst)), "{:?}", direct.evidence);
    assert!(story.iter().all(|s| s.route.transport.as_str() != "tokyo" || s.standing.score <= 0.0));
    byway.stop().await;
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_nobody_listens() {
    let (country, byway) = country(9, &[signals_name(Action::DropHello)]);
    let mut steps = byway.prober().examine(&ServiceId::from("signal"));
    for _ in 0..6 {
        steps.next().await.unwrap();
    }
    drop(steps);
    let to_it = || {
        let all = country.crossings();
        let its = country.addresses("signal");
        let is_its = |to: &std::net::SocketAddr| its.iter().any(|net| net.contains(&to.ip()));
        all.iter().filter(|c| matches!(c, Crossing::Connection { to, .. } if is_its(to))).count()
    };
    let before = to_it();
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(to_it(), before, "nothing more goes to the service");
    byway.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_must_not_go_out_bare_is_not_examined_bare() {
    let country = World::new().start().unwrap();
    let byway = live_in(&country, "[service.telegram]\ndirect = \"never\"").unwrap();
    let told = examine(&byway, "telegram").await;
    assert!(matches!(told.outcome(Trial::Service, Facet::Text), Outcome::Skipped(_)), "{}", told.lines());
    assert_eq!(told.outcome(Trial::Tunnel, Facet::Text), &Outcome::Passed);
    byway.stop().await;
}

#[tokio::test(start_paused = true)]
async fn of_a_service_that_nobody_knows_nothing_is_said() {
    let (_country, byway) = country(10, &[]);
    let told = examine(&byway, "nobody").await;
    assert!(matches!(told.steps.last(), Some(Examined::Concluded { facets, .. }) if facets.is_empty()));
    byway.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_down_is_nobodys_block() {
    let (country, byway) = country(4, &[]);
    country.take_down(country.addresses("signal"));
    let told = examine(&byway, "signal").await;
    assert_eq!(told.of(Facet::Text).verdict, Verdict::Down, "{}", told.lines());
    byway.stop().await;
}

#[tokio::test(start_paused = true)]
async fn on_a_line_that_is_not_well_nothing_is_said() {
    let page = String::from("http://portal.domestic.example/");
    for (action, link) in [
        (Action::LinkDown, LinkState::Offline),
        (Action::Drop, LinkState::Offline),
        (Action::Captive(page), LinkState::Captive),
        (Action::Impersonate, LinkState::LinkBad),
        (Action::DropLarger(1260), LinkState::LinkBad),
    ] {
        let (_country, byway) = country(5, &[Rule::new(Target::everything(), action.clone())]);
        let told = examine(&byway, "signal").await;
        assert_eq!(told.link(), link, "{action:?}\n{}", told.lines());
        assert_eq!(told.of(Facet::Text).verdict, Verdict::Unclear, "{action:?}");
        assert_eq!(told.outcome(Trial::Service, Facet::Text), &Outcome::Skipped("the line is not well".to_owned()));
        byway.stop().await;
    }
}

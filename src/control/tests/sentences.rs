//! What people read, for fixed beliefs.

use super::world::*;
use crate::board::RouteStory;
use crate::control::report::*;
use crate::control::{Entry, Stamp};
use crate::model::*;

fn text_sentence(snapshot: &Snapshot, facts: FacetFacts) -> String {
    let service = service("telegram", "Telegram");
    let facts = ServiceFacts { service: &service, facets: vec![facts] };
    why(Seen { clock: clock(), snapshot }, &facts, &stories()).facets[0].sentence.clone()
}

#[test]
fn a_block_is_told_with_its_evidence_its_controls_and_the_next_test() {
    let said = text_sentence(&snapshot(), telegram_text());
    assert_eq!(
        said,
        "Telegram: messages go through tokyo since 14:05 UTC. \
         The direct way: the first message vanishes on the way there (hello never acknowledged, 4 of 4 tries, \
         2 endpoints); neutral sites answered at the same time; the same message through tokyo was answered. \
         Confidence: anomaly (it fails again and again while the controls work). Next test in 7 min. \
         The way through split: the first message vanishes on the way there. \
         Confidence: anomaly (it fails again and again while the controls work)."
    );
}

#[test]
fn a_way_that_is_well_says_when_it_last_answered() {
    let said = text_sentence(&snapshot(), telegram_calls());
    assert_eq!(said, "Telegram: calls go out directly since 13:27 UTC. It last answered 2 min ago.");
}

#[test]
fn nothing_known_is_said_to_be_nothing_known() {
    let said = text_sentence(&Snapshot::default(), facet(Facet::Web, telegram_calls().plan));
    assert_eq!(said, "Telegram: web pages go out directly; nothing is known of that way yet.");
}

#[test]
fn no_way_left_gives_a_reason_for_each_way() {
    let passed_over = vec![
        (way("direct"), Reason::DirectForbidden),
        (way("split"), Reason::DirectForbidden),
        (way("tokyo"), Reason::Unusable),
    ];
    let said = text_sentence(&Snapshot::default(), facet(Facet::Text, Plan { attempts: vec![], passed_over }));
    assert_eq!(
        said,
        "Telegram: messages have no way left. \
         The direct way: this service must never go out without a tunnel. \
         The way through split: this service must never go out without a tunnel. \
         The way through tokyo: it could not be set up."
    );
}

#[test]
fn a_forced_way_is_told_as_the_operators_choice() {
    let mut snapshot = snapshot();
    let forced = Forced { transport: way("tokyo"), until: Some(at(90)) };
    snapshot.forced.insert(ServiceId::from("telegram"), forced);
    let said = text_sentence(&snapshot, telegram_text());
    assert_eq!(said, "Telegram: messages go through tokyo, chosen with `byway use` until 14:47 UTC.");
}

#[test]
fn a_way_that_comes_back_tells_the_share_that_tries_it() {
    let mut snapshot = snapshot();
    let direct = route("telegram", Facet::Text, "direct");
    let standing = Standing { phase: Phase::Recovering, canary: 0.1, ..well(at(55)) };
    snapshot.standings.insert(direct, standing);
    let attempts = [("direct", true), ("tokyo", false)];
    let attempts = attempts.map(|(name, canary)| Attempt { transport: way(name), canary }).to_vec();
    let facts = facet(Facet::Text, Plan { attempts, passed_over: vec![] });
    let said = text_sentence(&snapshot, facts);
    assert!(
        said.contains("messages go through tokyo since 14:06 UTC. The direct way: it answers again and is being tried with 10 % of new"),
        "{said}"
    );
}

#[test]
fn a_twin_is_named_only_when_that_way_was_seen_to_answer_then() {
    let service = service("telegram", "Telegram");
    let facts = ServiceFacts { service: &service, facets: vec![telegram_text()] };
    let mut stories = stories();
    stories[0].evidence[0].0.at = at(59);
    let snapshot = snapshot();
    let told = why(Seen { clock: clock(), snapshot: &snapshot }, &facts, &stories);
    assert!(told.facets[0].sentence.contains("the same message through another way was answered"));
}

#[test]
fn while_the_link_is_down_nothing_is_called_blocked() {
    let mut snapshot = snapshot();
    snapshot.link = LinkState::Captive;
    let service = service("telegram", "Telegram");
    let facts = [ServiceFacts { service: &service, facets: vec![telegram_text()] }];
    let told = status(Seen { clock: clock(), snapshot: &snapshot }, &facts, Running::default());
    assert_eq!(
        told.sentence,
        "Captive portal: a login page answers in everybody's place: open a browser and log in. \
         Nothing is blamed until somebody has."
    );
    assert_eq!(told.outline(), Outline::NoInternet);
    assert_eq!(told.services[0].facets[0].up, Up::Unsure);
}

#[test]
fn the_overall_sentence_tells_services_and_facets_apart() {
    let mut told = fixed_status();
    assert_eq!(told.sentence, "Telegram and WhatsApp work. Not known for sure yet: Signal.");
    assert_eq!(told.outline(), Outline::Well);
    let mut snapshot = snapshot();
    let udp = blocked(Technique::UdpBlocked, at(50));
    snapshot.standings.insert(route("telegram", Facet::Calls, "direct"), udp);
    let service = service("telegram", "Telegram");
    let calls = facet(Facet::Calls, Plan { attempts: attempts(&["direct"]), passed_over: vec![] });
    let facts = [ServiceFacts { service: &service, facets: vec![telegram_text(), calls] }];
    told = status(Seen { clock: clock(), snapshot: &snapshot }, &facts, Running::default());
    assert_eq!(told.sentence, "Telegram: messages work, calls do not work.");
    assert_eq!(told.outline(), Outline::Degraded);
    assert_eq!(told.services[0].facets[1].why, "direct: UDP, which calls need, gets no answer from it");
}

#[test]
fn the_outline_counts_only_what_is_known() {
    use Up::{No, Unsure, Yes};
    for (link, facets, outline) in [
        (LinkState::Online, vec![], Outline::Well),
        (LinkState::Online, vec![Unsure], Outline::Well),
        (LinkState::Online, vec![Yes, Unsure, No], Outline::Degraded),
        (LinkState::Online, vec![No, Unsure], Outline::AllDown),
        (LinkState::Offline, vec![Yes], Outline::NoInternet),
        (LinkState::Whitelist, vec![Yes, No], Outline::Degraded),
    ] {
        assert_eq!(Outline::of(link, facets.clone()), outline, "{link} {facets:?}");
    }
}

#[test]
fn evidence_lines_number_endpoints_and_never_name_them() {
    let told = fixed_why();
    let direct = &told.facets[0].routes[0];
    assert_eq!(direct.transport, way("direct"));
    let endpoints: Vec<_> = direct.evidence.iter().map(|line| line.endpoint).collect();
    assert_eq!(endpoints, [Some(1), Some(2), Some(3), Some(2), Some(2)]);
    let weights: Vec<_> = direct.evidence.iter().map(|line| line.weighs.as_str()).collect();
    assert_eq!(weights, ["good", "bad", "bad", "bad", "bad"]);
    assert_eq!(told.facets[0].plan.passed_over[0].reason, "blocked");
}

#[test]
fn every_record_has_words() {
    let lines: Vec<_> = fixed_past()
        .iter()
        .map(|entry| match record_words(&entry.record) {
            (what, why) if why.is_empty() => what,
            (what, why) => format!("{what} | {why}"),
        })
        .collect();
    assert_eq!(
        lines,
        [
            "byway started",
            "telegram: messages go out directly | The first of its order",
            "telegram: messages go through tokyo | The first message vanishes on the way there",
            "telegram/text via direct: suspect → blocked | The first message vanishes on the way there \
             (4 × hello never acknowledged); anomaly",
            "the network: online → offline | This machine has no way out: no cable, no Wi-Fi, or no route; nothing is blamed",
            "the network: offline → online | Neutral sites answer",
            "signal: told to go through tokyo | byway use",
        ]
    );
}

#[test]
fn the_time_on_each_way_is_summed_and_a_stop_counts_for_nobody() {
    let mut past = fixed_past();
    let until = clock().wall;
    let told = shares(&past, until);
    assert_eq!(told.len(), 1);
    let secs: Vec<_> = told[0].ways.iter().map(|share| (share.way.clone(), share.secs)).collect();
    assert_eq!(secs, [(Some(way("direct")), 46 * 60), (Some(way("tokyo")), 14 * 60)]);
    assert_eq!((told[0].blocks, told[0].techniques.as_slice()), (1, &[(Technique::SniDropHello, 1)][..]));

    past.push(Entry { at: Stamp::from_secs(until.as_secs() + 86_400), record: Record::Started });
    let told = shares(&past, Stamp::from_secs(until.as_secs() + 90_000));
    assert_eq!(told[0].ways[1], Share { way: Some(way("tokyo")), secs: 9 * 60 });
}

#[test]
fn quic_that_does_not_get_through_is_told_beside_the_streams_that_do() {
    let service = service("telegram", "Telegram");
    let quic = Route { l4: L4::Udp, ..route("telegram", Facet::Web, "direct") };
    let mut snapshot = snapshot();
    let standing = blocked(Technique::QuicBlock, at(50));
    snapshot.standings.insert(route("telegram", Facet::Web, "direct"), well(at(30)));
    snapshot.standings.insert(quic.clone(), standing.clone());
    let facts = ServiceFacts { service: &service, facets: vec![facet(Facet::Web, telegram_calls().plan)] };
    let stories = [RouteStory { route: quic, standing, evidence: Vec::new(), next_probe: None }];
    let seen = Seen { clock: clock(), snapshot: &snapshot };
    let told = why(seen, &facts, &stories);
    let refused = format!("QUIC is refused, so that apps use TCP: {}", Technique::QuicBlock.sentence());
    assert!(told.facets[0].sentence.starts_with("Telegram: web pages go out directly since"));
    assert!(told.facets[0].sentence.contains(&refused), "{}", told.facets[0].sentence);
    assert_eq!((told.facets[0].routes[0].l4, told.facets[0].routes[0].phase), (L4::Udp, Phase::Blocked));
    let told = status(seen, &[facts], Running::default());
    assert_eq!((told.services[0].facets[0].up, &told.services[0].facets[0].why), (Up::Yes, &refused));
}

#[test]
fn a_version_of_ip_that_does_not_answer_is_named() {
    let service = service("whatsapp", "WhatsApp");
    let mut snapshot = snapshot();
    let direct = route("whatsapp", Facet::Text, "direct");
    let standing = Standing { partial: Some(Partial::OnlyIpv6), ..well(at(5)) };
    snapshot.standings.insert(direct.clone(), standing.clone());
    let plan = Plan { attempts: attempts(&["direct", "tokyo"]), passed_over: vec![] };
    let facts = ServiceFacts { service: &service, facets: vec![facet(Facet::Text, plan)] };
    let stories = [RouteStory { route: direct, standing, evidence: Vec::new(), next_probe: None }];
    let seen = Seen { clock: clock(), snapshot: &snapshot };
    let words = "works over IPv6 only, its IPv4 addresses do not answer";
    let told = why(seen, &facts, &stories);
    assert!(told.facets[0].sentence.contains(&format!("The direct way: {words}.")), "{}", told.facets[0].sentence);
    assert_eq!(told.facets[0].routes[0].partial, Some(Partial::OnlyIpv6));
    let told = status(seen, &[facts], Running::default());
    assert_eq!(
        (told.services[0].facets[0].up, &told.services[0].facets[0].why),
        (Up::Yes, &format!("direct: {words}"))
    );
}

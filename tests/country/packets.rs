//! Packets that get no answer: what byway finds out by itself once somebody's own went unanswered.

use crate::home::{Home, mins, secs};
use byway::lab::{Action, Target};
use byway::model::{
    Anchors, Confidence, Evidence, Facet, L4, Phase, Route, Sign, Source, Standing, Technique, Verdict,
};
use tokio::time::sleep;

fn in_packets(service: &str, facet: Facet) -> Route {
    Route { service: service.into(), facet, transport: "direct".into(), l4: L4::Udp }
}

/// Somebody's packets went out, and none came back.
async fn goes_unanswered(home: &Home, route: &Route) {
    let board = home.byway.board();
    board.used(route.clone());
    let now = board.now();
    let fact = Evidence::new(route.clone(), Source::Traffic, Sign::UdpNoReply, now, now);
    board.report(Evidence { anchors: Anchors::Good, ..fact });
    sleep(secs(1)).await;
}

fn standing(home: &Home, route: &Route) -> Option<Standing> {
    home.byway.board().snapshot().standing(route).cloned()
}

#[tokio::test(start_paused = true)]
async fn quic_that_is_dropped_by_name_is_found_out_and_nothing_else_is_blamed() {
    let home = Home::new("").await;
    home.country.censor().block(Target::name("whatsapp.com"), Action::DropQuic);
    let route = in_packets("whatsapp", Facet::Web);
    assert!(home.opens("whatsapp").await);
    goes_unanswered(&home, &route).await;
    let blocked = |home: &Home| standing(home, &route).is_some_and(|standing| standing.phase == Phase::Blocked);
    assert!(home.until(mins(3), blocked).await.is_some(), "{:?}", standing(&home, &route));
    let found = standing(&home, &route).unwrap();
    assert_eq!((found.verdict, found.confidence), (Verdict::Blocked(Technique::QuicBlock), Confidence::Confirmed));
    let others: Vec<_> = home.blocked().await.into_iter().filter(|change| change.route != route).collect();
    assert!(others.is_empty(), "{others:?}");
    home.leaves_no_trace().await;
}

#[tokio::test(start_paused = true)]
async fn call_set_up_that_is_dropped_by_its_look_is_told_from_packets_that_are_all_dropped() {
    for (action, technique) in [(Action::DropStun, Technique::StunDpi), (Action::DropUdp, Technique::UdpBlocked)] {
        let home = Home::new("").await;
        home.country.censor().block(Target::everything().except_port(53), action);
        let route = in_packets("signal", Facet::Calls);
        assert!(home.opens("signal").await);
        goes_unanswered(&home, &route).await;
        let named = |home: &Home| standing(home, &route).is_some_and(|s| s.verdict == Verdict::Blocked(technique));
        assert!(home.until(mins(5), named).await.is_some(), "{technique}: {:?}", standing(&home, &route));
        assert_eq!(home.phase("signal", "direct"), Phase::Ok, "messages go on");
        home.leaves_no_trace().await;
    }
}

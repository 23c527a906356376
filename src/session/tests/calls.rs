//! UDP: packets have ways and beliefs of their own.

use super::rig::{Answered, Rig, Script, route};
use super::talk::Talk;
use super::{HERE, settle, talk};
use crate::inbound::Refusal;
use crate::model::{Anchors, Destination, DirectRule, Evidence, Facet, L4, Route, Sign, Source, Technique};
use crate::wire::quic::{Answer, CONNECTION_REFUSED, Client, Ids};
use std::time::Duration;

const RELAY: &str = "149.154.167.91:599";
const SITE: &str = "web.telegram.test:443";
const STUN: &[u8] = b"\x00\x01\x00\x00\x21\x12\xa4\x42binding";
const INITIAL: &[u8] = b"\xc3\x00\x00\x00\x01 a first packet";

fn to(authority: &str) -> Destination {
    Destination::parse(authority).unwrap()
}

fn udp(facet: Facet, way: &str) -> Route {
    Route { facet, l4: L4::Udp, ..route(way) }
}

/// Sends a packet every 400 ms for so long; the answers that came.
async fn calls(talk: &mut Talk, place: &str, packet: &[u8], span: Duration) -> usize {
    let mut answers = 0;
    for _ in 0..span.as_millis() / 400 {
        talk.says(packet, to(place));
        tokio::time::sleep(Duration::from_millis(400)).await;
        while talk.hears().is_some() {
            answers += 1;
        }
    }
    answers
}

async fn signs(rig: &Rig, of: &Route) -> Vec<Sign> {
    rig.told_of(of).await.into_iter().map(|e| e.sign).collect()
}

const WAYS: [(&str, Script); 2] = [("direct", Script::Says(HERE)), ("tokyo", Script::Says(HERE))];

#[tokio::test(start_paused = true)]
async fn a_swallowed_call_goes_over_to_another_way_and_messages_are_not_blamed() {
    let rig = Rig::with_packets(DirectRule::UntilBlocked, &WAYS, &[("direct", false), ("tokyo", true)]);
    let mut talk = rig.associate().await.unwrap();
    assert!(calls(&mut talk, RELAY, STUN, Duration::from_secs(8)).await >= 5);
    assert_eq!(signs(&rig, &udp(Facet::Calls, "direct")).await, [Sign::UdpNoReply]);
    assert!(signs(&rig, &udp(Facet::Calls, "tokyo")).await.iter().all(|sign| sign.is_good()));
    assert!(rig.told("direct").await.is_empty(), "TCP is another matter");
    let [carried] = &rig.sessions.carried()[..] else { panic!("one route answered") };
    assert_eq!((&carried.route, carried.answered, carried.saved), (&udp(Facet::Calls, "tokyo"), 1, 1));
    let mut again = rig.associate().await.unwrap();
    assert!(calls(&mut again, RELAY, STUN, Duration::from_secs(1)).await >= 1, "the next call goes there at once");
}

#[tokio::test(start_paused = true)]
async fn packets_that_come_together_go_on_and_come_back_in_their_order() {
    let rig = Rig::with_packets(DirectRule::UntilBlocked, &WAYS, &[("direct", true)]);
    let mut talk = rig.associate().await.unwrap();
    let places = [RELAY, "149.154.167.92:599", "192.0.2.9:9000"];
    talk.says(STUN, to(RELAY));
    settle().await;
    assert!(talk.hears().is_some(), "the way is open");
    // More than one train, in runs of all lengths.
    let packets: Vec<Vec<u8>> = (0..200_u8).map(|number| vec![number; 1 + usize::from(number) % 7]).collect();
    for (packet, number) in packets.iter().zip(0_usize..) {
        talk.says(packet, to(places[number / (1 + number % 5) % 3]));
    }
    settle().await;
    let back: Vec<_> = std::iter::from_fn(|| talk.hears()).collect();
    assert_eq!(back, packets);
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_sign_after_ten_packets_and_five_seconds_and_told_once() {
    let rig = Rig::with_packets(DirectRule::UntilBlocked, &WAYS, &[("direct", false)]);
    let mut talk = rig.associate().await.unwrap();
    assert_eq!(calls(&mut talk, RELAY, STUN, Duration::from_secs(4)).await, 0);
    assert!(signs(&rig, &udp(Facet::Calls, "direct")).await.is_empty());
    assert_eq!(calls(&mut talk, RELAY, STUN, Duration::from_secs(30)).await, 0);
    assert_eq!(signs(&rig, &udp(Facet::Calls, "direct")).await, [Sign::UdpNoReply]);
    assert_eq!(rig.sessions.carried()[0].lost, 1);
    let few = rig.associate().await.unwrap();
    few.says(STUN, to("149.154.167.92:599"));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(signs(&rig, &udp(Facet::Calls, "direct")).await.len(), 1, "a lone packet says nothing");
}

#[tokio::test(start_paused = true)]
async fn what_no_way_answers_is_no_ways_fault() {
    let rig = Rig::with_packets(DirectRule::UntilBlocked, &WAYS, &[("direct", false), ("tokyo", false)]);
    let mut talk = rig.associate().await.unwrap();
    assert_eq!(calls(&mut talk, RELAY, STUN, Duration::from_secs(20)).await, 0);
    let snapshot = rig.board.snapshot();
    for way in ["direct", "tokyo"] {
        let score = snapshot.standing(&udp(Facet::Calls, way)).map_or(0.0, |standing| standing.score);
        assert!(score <= 0.0, "{way}: {score}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_association_that_could_carry_nothing_is_refused_at_once() {
    let rig = Rig::with_packets(DirectRule::UntilBlocked, &WAYS, &[]);
    let Err(Answered::Refused(why, words)) = rig.associate().await else { panic!("accepted") };
    assert_eq!((why, words.is_empty()), (Refusal::NotSupported, false));
}

#[tokio::test(start_paused = true)]
async fn quic_that_is_swallowed_is_left_for_tcp() {
    let rig = Rig::with_packets(DirectRule::UntilBlocked, &WAYS[..1], &[("direct", false)]);
    assert_eq!(talk(&mut rig.enter("149.154.167.51:443").await).await, HERE);
    let mut talk = rig.associate().await.unwrap();
    assert_eq!(calls(&mut talk, SITE, INITIAL, Duration::from_secs(7)).await, 0);
    let quic = udp(Facet::Text, "direct");
    assert_eq!(signs(&rig, &quic).await, [Sign::QuicSilent], "QUIC, and not calls");
    assert!(rig.told_of(&udp(Facet::Calls, "direct")).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn quic_that_no_way_may_carry_is_refused_in_its_own_words() {
    let rig = Rig::with_packets(DirectRule::UntilBlocked, &WAYS[..1], &[("direct", true)]);
    let quic = udp(Facet::Text, "direct");
    let now = rig.board.now();
    let fact = Evidence::new(quic.clone(), Source::Probe, Sign::QuicSilent, now, now);
    rig.board.report(Evidence { pair: Some(Technique::QuicBlock), anchors: Anchors::Good, ..fact });
    settle().await;
    let mut talk = rig.associate().await.unwrap();
    for number in 1..3 {
        let ids = Ids { to: [number; 8], from: [9; 8] };
        let mut client = Client::new(ids, vec![1, 0, 0, 0]).unwrap();
        talk.says(&client.initial().unwrap(), to(SITE));
        settle().await;
        let refusal = talk.hears().expect("at once");
        assert_eq!(client.answer(&refusal), Ok(Answer::Closed(CONNECTION_REFUSED)));
    }
    assert!(calls(&mut talk, RELAY, STUN, Duration::from_secs(1)).await >= 1, "calls are another matter");
}

#[tokio::test(start_paused = true)]
async fn an_association_whose_calls_no_way_carries_ends_at_once() {
    let rig = Rig::with_packets(DirectRule::UntilBlocked, &WAYS, &[("direct", true)]);
    let now = rig.board.now();
    let fact = Evidence::new(udp(Facet::Calls, "direct"), Source::Probe, Sign::UdpNoReply, now, now);
    rig.board.report(Evidence { pair: Some(Technique::UdpBlocked), anchors: Anchors::Good, ..fact });
    settle().await;
    let mut talk = rig.associate().await.unwrap();
    talk.says(STUN, to("192.0.2.9:9000"));
    settle().await;
    assert!(talk.hears().is_some(), "other places may");
    talk.says(STUN, to(RELAY));
    settle().await;
    assert!(!talk.is_over(), "something else is under way");
    let talk = rig.associate().await.unwrap();
    talk.says(STUN, to(RELAY));
    settle().await;
    assert!(talk.is_over());
}

#[tokio::test(start_paused = true)]
async fn the_next_way_is_tried_with_the_last_packet_without_waiting_for_another() {
    let rig = Rig::with_packets(DirectRule::UntilBlocked, &WAYS, &[("direct", false), ("tokyo", true)]);
    let mut talk = rig.associate().await.unwrap();
    for _ in 0..4 {
        talk.says(STUN, to(RELAY));
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(talk.hears().as_deref(), Some(STUN));
}

#[tokio::test(start_paused = true)]
async fn quic_does_not_leave_beside_a_tunnel_without_packets() {
    let ways = [("direct", Script::Resets), ("tokyo", Script::Says(HERE))];
    let rig = Rig::with_packets(DirectRule::UntilBlocked, &ways, &[("direct", true)]);
    for _ in 0..2 {
        assert_eq!(talk(&mut rig.enter("149.154.167.51:443").await).await, HERE);
        settle().await;
    }
    let mut talk = rig.associate().await.unwrap();
    assert_eq!(calls(&mut talk, SITE, INITIAL, Duration::from_secs(3)).await, 0);
    assert!(calls(&mut talk, RELAY, STUN, Duration::from_secs(2)).await >= 1, "calls have no other way");
    assert!(calls(&mut talk, "192.0.2.9:443", INITIAL, Duration::from_secs(2)).await >= 1, "other places may");
}

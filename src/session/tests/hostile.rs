//! After somebody was proven to play a service on the bare line, no further byte of a person's goes there (detection
//! rules §5), whatever it was on its way in.

use super::rig::{Rig, Script, route};
use super::{DC, HERE, THERE, client_hello, hello, settle, talk};
use crate::model::{Anchors, Destination, DirectRule, Evidence, Facet, Forced, Route, Sign, Source};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const WAYS: [(&str, Script); 3] =
    [("direct", Script::Says(THERE)), ("split", Script::Says(THERE)), ("tokyo", Script::Says(HERE))];

/// Somebody else's key was shown on another facet of the service.
async fn proof(rig: &Rig) {
    let now = rig.board.now();
    let media = Route { facet: Facet::Media, ..route("direct") };
    let fact = Evidence::new(media, Source::Probe, Sign::ForeignKey, now, now);
    rig.board.report(Evidence { anchors: Anchors::Good, ..fact });
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_has_not_spoken_yet_is_moved() {
    let rig = Rig::new(DirectRule::UntilBlocked, &WAYS);
    let mut client = rig.enter(DC).await;
    assert_eq!(rig.dials("direct"), 1);
    proof(&rig).await;
    assert_eq!(talk(&mut client).await, HERE);
    assert!(rig.given("direct").is_empty() && rig.given("split").is_empty() && rig.dials("split") == 0);
}

#[tokio::test(start_paused = true)]
async fn a_first_flight_that_is_not_answered_is_carried_over_and_no_more_of_it_goes_there() {
    let rig = Rig::new(DirectRule::UntilBlocked, &WAYS);
    rig.script("direct", Script::Mutes);
    let mut client = rig.enter(DC).await;
    client.write_all(&hello()[..70]).await.unwrap();
    settle().await;
    proof(&rig).await;
    client.write_all(&hello()[70..]).await.unwrap();
    let mut space = [0; 64];
    let n = client.read(&mut space).await.unwrap();
    assert_eq!(&space[..n], HERE);
    assert_eq!(rig.given("direct"), &hello()[..70]);
    assert_eq!(rig.given("tokyo"), hello());
}

#[tokio::test(start_paused = true)]
async fn a_hello_that_names_the_service_does_not_go_there_though_the_address_said_nothing() {
    let rig = Rig::new(DirectRule::UntilBlocked, &WAYS);
    proof(&rig).await;
    let mut client = rig.enter("203.0.113.5:443").await;
    assert_eq!(rig.dials("direct"), 1);
    client.write_all(&client_hello("web.telegram.test")).await.unwrap();
    let mut space = [0; 64];
    let n = client.read(&mut space).await.unwrap();
    assert_eq!(&space[..n], HERE);
    assert!(rig.given("direct").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_connection_in_use_is_reset_and_comes_back_another_way() {
    let rig = Rig::new(DirectRule::UntilBlocked, &WAYS);
    let mut client = rig.enter(DC).await;
    assert_eq!(talk(&mut client).await, THERE);
    proof(&rig).await;
    let before = rig.given("direct");
    let _ = client.write_all(b"a secret").await;
    assert!(client.read(&mut [0; 8]).await.is_ok_and(|n| n == 0) || client.write_all(b"more").await.is_err());
    assert_eq!(rig.given("direct"), before);
    assert_eq!(talk(&mut rig.enter(DC).await).await, HERE);
}

#[tokio::test(start_paused = true)]
async fn without_another_way_nothing_goes_until_the_operator_says_so() {
    let rig = Rig::new(DirectRule::UntilBlocked, &WAYS[..2]);
    proof(&rig).await;
    assert!(matches!(rig.ask(DC).await, super::Answered::Refused(..)));
    assert_eq!(rig.dials("direct") + rig.dials("split"), 0);
    rig.board.force("telegram".into(), Some(Forced { transport: "direct".into(), until: None }));
    settle().await;
    assert_eq!(talk(&mut rig.enter(DC).await).await, THERE);
}

#[tokio::test(start_paused = true)]
async fn packets_turn_off_it_too() {
    let rig = Rig::with_packets(DirectRule::UntilBlocked, &WAYS, &[("direct", true), ("tokyo", false)]);
    let mut call = rig.associate().await.unwrap();
    let to = || Destination::parse("149.154.167.91:599").unwrap();
    let mut says = async |packet: &'static [u8]| {
        call.says(packet, to());
        tokio::time::sleep(Duration::from_millis(100)).await;
        call.hears()
    };
    assert!(says(b"ring").await.is_some());
    proof(&rig).await;
    assert!(says(b"a voice").await.is_none(), "it went to the tunnel, which is mute here");
}

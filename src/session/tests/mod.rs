//! What a person sees of one connection when its ways fail in every manner.

mod calls;
mod hostile;
mod rig;
mod talk;
mod turns;
mod watch;

use crate::inbound::Refusal;
use crate::model::{DirectRule, Phase, Record};
use rig::{Answered, Rig, Script, route};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

const DC: &str = "149.154.167.51:443";
/// What a server of the obfuscated protocol says is noise; any byte is an answer.
const HERE: &[u8] = b"from the far side";
const THERE: &[u8] = b"from direct";

/// Sixty-four bytes of an obfuscated start.
fn hello() -> Vec<u8> {
    (0..105_u8).map(|i| i.wrapping_mul(37) ^ 0x5a).collect()
}

async fn talk(client: &mut DuplexStream) -> Vec<u8> {
    client.write_all(&hello()).await.unwrap();
    let mut space = [0; 64];
    let n = client.read(&mut space).await.unwrap();
    space[..n].to_vec()
}

#[tokio::test(start_paused = true)]
async fn the_first_way_is_taken_while_it_works() {
    let rig = Rig::new(DirectRule::UntilBlocked, &[("direct", Script::Says(THERE)), ("tokyo", Script::Says(HERE))]);
    let mut client = rig.enter(DC).await;
    assert_eq!(talk(&mut client).await, THERE);
    assert_eq!(rig.dials("tokyo"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_carried_over_before_the_client_is_answered() {
    let rig = Rig::new(DirectRule::UntilBlocked, &[("direct", Script::Refuses), ("tokyo", Script::Says(HERE))]);
    let mut client = rig.enter(DC).await;
    assert_eq!(talk(&mut client).await, HERE);
}

#[tokio::test(start_paused = true)]
async fn a_reset_after_the_hello_is_replayed_on_the_next_way() {
    let rig = Rig::new(DirectRule::UntilBlocked, &[("direct", Script::Resets), ("tokyo", Script::Says(HERE))]);
    let mut client = rig.enter(DC).await;
    assert_eq!(talk(&mut client).await, HERE);
    assert_eq!(rig.given("tokyo"), hello(), "the very same bytes");
}

#[tokio::test(start_paused = true)]
async fn a_swallowed_syn_is_hedged_within_half_a_second() {
    let rig = Rig::new(DirectRule::UntilBlocked, &[("direct", Script::Hangs), ("tokyo", Script::Says(HERE))]);
    let began = Instant::now();
    let mut client = rig.enter(DC).await;
    assert_eq!(talk(&mut client).await, HERE);
    assert!(began.elapsed() <= Duration::from_millis(510), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_silent_first_flight_is_hedged_in_time() {
    let rig = Rig::new(DirectRule::UntilBlocked, &[("direct", Script::Mutes), ("tokyo", Script::Says(HERE))]);
    let mut client = rig.enter(DC).await;
    let began = Instant::now();
    assert_eq!(talk(&mut client).await, HERE);
    assert!(began.elapsed() <= Duration::from_millis(2500), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn after_the_first_event_the_next_connection_goes_the_other_way_at_once() {
    for script in [Script::Refuses, Script::Resets, Script::Hangs, Script::Mutes] {
        let name = format!("{script:?}");
        let rig = Rig::new(DirectRule::UntilBlocked, &[("direct", script), ("tokyo", Script::Says(HERE))]);
        assert_eq!(talk(&mut rig.enter(DC).await).await, HERE);
        settle().await;
        let began = Instant::now();
        assert_eq!(talk(&mut rig.enter(DC).await).await, HERE);
        assert!(began.elapsed() <= Duration::from_millis(5), "{name}: {:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_but_open_way_is_not_blamed_for_long() {
    let slow = Script::SaysAfter(Duration::from_millis(1200), THERE);
    let rig = Rig::new(DirectRule::UntilBlocked, &[("direct", slow), ("tokyo", Script::Says(HERE))]);
    assert_eq!(talk(&mut rig.enter(DC).await).await, HERE, "the hedge wins");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let snapshot = rig.board.snapshot();
    let standing = snapshot.standing(&route("direct")).unwrap();
    assert_ne!(standing.phase, Phase::Blocked);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_safe_to_say_twice_is_said_once() {
    let rig = Rig::new(DirectRule::UntilBlocked, &[("direct", Script::Resets), ("tokyo", Script::Says(HERE))]);
    let mut client = rig.enter("web.telegram.test:80").await;
    client.write_all(b"POST /send HTTP/1.1\r\nHost: web.telegram.test\r\nContent-Length: 2\r\n\r\nhi").await.unwrap();
    let mut space = Vec::new();
    let _ = client.read_to_end(&mut space).await;
    assert!(space.is_empty());
    assert!(rig.given("tokyo").is_empty(), "the request was repeated");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_speaks_first_is_heard() {
    let rig = Rig::new(DirectRule::UntilBlocked, &[("direct", Script::Greets(b"220 ready\r\n"))]);
    let mut client = rig.enter(DC).await;
    let mut space = [0; 11];
    client.read_exact(&mut space).await.unwrap();
    assert_eq!(&space, b"220 ready\r\n");
}

#[tokio::test(start_paused = true)]
async fn when_every_way_is_refused_the_client_is_told_so() {
    let rig = Rig::new(DirectRule::UntilBlocked, &[("direct", Script::Refuses), ("tokyo", Script::Refuses)]);
    let Answered::Refused(why, words) = rig.ask(DC).await else { panic!("accepted") };
    assert_eq!(why, Refusal::Refused);
    assert!(words.contains("direct: connect: connection_refused"), "{words}");
    assert!(!words.contains("149.154"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn never_direct_means_never() {
    let rig = Rig::new(DirectRule::Never, &[("direct", Script::Says(THERE)), ("tokyo", Script::Refuses)]);
    for _ in 0..5 {
        let Answered::Refused(..) = rig.ask(DC).await else { panic!("accepted") };
        settle().await;
    }
    assert_eq!(rig.dials("direct"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_large_first_flight_is_committed_to_one_way() {
    let rig = Rig::new(DirectRule::UntilBlocked, &[("direct", Script::Mutes), ("tokyo", Script::Says(HERE))]);
    let mut client = rig.enter(DC).await;
    client.write_all(&vec![0x5a; 200 << 10]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(rig.given("direct").len(), 200 << 10);
    assert!(rig.given("tokyo").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_half_close_reaches_the_far_side_and_its_answer_comes_back() {
    let rig = Rig::new(DirectRule::UntilBlocked, &[("direct", Script::Says(THERE))]);
    let mut client = rig.enter(DC).await;
    client.write_all(&hello()).await.unwrap();
    client.shutdown().await.unwrap();
    let mut space = Vec::new();
    client.read_to_end(&mut space).await.unwrap();
    assert_eq!(space, THERE);
    assert!(rig.seen["direct"].client_ended.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn a_name_in_the_hello_finds_the_service_for_the_next_way() {
    let rig = Rig::new(DirectRule::UntilBlocked, &[("direct", Script::Resets), ("tokyo", Script::Says(HERE))]);
    let mut client = rig.enter("192.0.2.7:443").await;
    client.write_all(&client_hello("web.telegram.test")).await.unwrap();
    let mut space = [0; 64];
    let n = client.read(&mut space).await.unwrap();
    assert_eq!(&space[..n], HERE);
}

#[tokio::test(start_paused = true)]
async fn a_block_page_is_not_shown_when_another_way_can_answer() {
    const PAGE: &[u8] = b"HTTP/1.1 302 Found\r\nLocation: http://warning.example/blocked\r\nContent-Length: 0\r\n\r\n";
    const REAL: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let rig = Rig::new(DirectRule::UntilBlocked, &[("direct", Script::Says(PAGE)), ("tokyo", Script::Says(REAL))]);
    let mut client = rig.enter("web.telegram.test:80").await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: web.telegram.test\r\n\r\n").await.unwrap();
    let mut space = [0; 256];
    let n = client.read(&mut space).await.unwrap();
    assert_eq!(&space[..n], REAL);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_way_is_announced_once_and_without_a_destination() {
    let rig = Rig::new(DirectRule::UntilBlocked, &[("direct", Script::Says(THERE)), ("tokyo", Script::Says(HERE))]);
    assert_eq!(talk(&mut rig.enter(DC).await).await, THERE);
    rig.script("direct", Script::Resets);
    for _ in 0..3 {
        assert_eq!(talk(&mut rig.enter(DC).await).await, HERE);
        settle().await;
    }
    let records = rig.records.lock().unwrap();
    let ways: Vec<_> = records.iter().filter_map(|r| if let Record::Way(w) = r { Some(w) } else { None }).collect();
    assert_eq!(ways.len(), 2, "{ways:?}");
    assert_eq!(ways[1].why, "direct: first flight: connection_reset");
    assert!(!serde_json::to_string(&*records).unwrap().contains("149.154"));
}

#[tokio::test(start_paused = true)]
async fn connections_are_counted_by_the_route_that_had_them_last() {
    let rig = Rig::new(DirectRule::UntilBlocked, &[("direct", Script::Says(THERE)), ("tokyo", Script::Says(HERE))]);
    assert_eq!(talk(&mut rig.enter(DC).await).await, THERE);
    rig.script("direct", Script::Resets);
    assert_eq!(talk(&mut rig.enter(DC).await).await, HERE);
    rig.script("direct", Script::Refuses);
    rig.script("tokyo", Script::Refuses);
    let Answered::Refused(..) = rig.ask(DC).await else { panic!("accepted") };
    settle().await;
    let fared: Vec<_> = rig.sessions.carried().into_iter().map(|c| (c.route, c.answered, c.saved, c.lost)).collect();
    let [(direct, 1, 0, first), (tokyo, 1, 1, second)] = &fared[..] else { panic!("{fared:?}") };
    assert_eq!((direct, tokyo, first + second), (&route("direct"), &route("tokyo"), 1));
    assert!(rig.sessions.carried().is_empty());
}

/// Lets the board work off its inbox.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

/// A minimal TLS 1.2 hello (RFC 5246 §7.4.1.2) with a server name (RFC 6066 §3).
fn client_hello(name: &str) -> Vec<u8> {
    let host = name.as_bytes();
    let short = |n: usize| u16::try_from(n).unwrap().to_be_bytes();
    let mut sni = vec![0, 0];
    sni.extend(short(host.len() + 5));
    sni.extend(short(host.len() + 3));
    sni.push(0);
    sni.extend(short(host.len()));
    sni.extend(host);
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.push(0);
    body.extend([0, 2, 0x13, 0x01, 1, 0]);
    body.extend(short(sni.len()));
    body.extend(sni);
    let mut record = vec![22, 3, 1];
    record.extend(short(body.len() + 4));
    record.extend([1, 0]);
    record.extend(short(body.len()));
    record.extend(body);
    record
}

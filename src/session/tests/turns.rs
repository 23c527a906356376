//! Several hellos at once under one name, and ways on trial.

use super::rig::{Answered, Rig, Script};
use super::{HERE, THERE, client_hello, hello, settle};
use crate::model::{Attempt, DirectRule, Plan, Sign, TcpFacts, TransportId};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

const WEB: &str = "web.telegram.test:443";
const REPLY: &[u8] = b"\x16\x03\x03\x00\x01a";

async fn greets(client: &mut DuplexStream) -> Option<Vec<u8>> {
    client.write_all(&client_hello("web.telegram.test")).await.unwrap();
    let mut space = [0; 64];
    match client.read(&mut space).await {
        Ok(n) if n > 0 => Some(space[..n].to_vec()),
        _ => None,
    }
}

fn trial() -> Plan {
    let attempt = |way: &str, canary| Attempt { transport: TransportId::from(way), canary };
    let attempts = vec![attempt("direct", true), attempt("split", true), attempt("tokyo", false)];
    Plan { attempts, passed_over: Vec::new() }
}

fn country(direct: Script) -> Rig {
    let ways = [("direct", direct), ("split", Script::Mutes), ("tokyo", Script::Says(HERE))];
    Rig::new(DirectRule::UntilBlocked, &ways)
}

/// When the answers of six clients that greet at once came, in milliseconds.
async fn six_at_once(to: &str, name: &str) -> Vec<u128> {
    let rig = Rig::new(DirectRule::Always, &[("direct", Script::Says(REPLY))]);
    let began = Instant::now();
    let mut clients = Vec::new();
    for _ in 0..6 {
        clients.push(rig.enter(to).await);
    }
    let answer = async |client: &mut DuplexStream| {
        client.write_all(&client_hello(name)).await.unwrap();
        assert!(client.read(&mut [0; 64]).await.unwrap() > 0);
        began.elapsed().as_millis()
    };
    let mut times = futures_util::future::join_all(clients.iter_mut().map(answer)).await;
    times.sort_unstable();
    times
}

#[tokio::test(start_paused = true)]
async fn of_six_hellos_at_once_to_a_service_three_wait_for_the_pause() {
    let times = six_at_once(WEB, "web.telegram.test").await;
    assert!(times[2] <= 10 && times[3] >= 400 && times[5] <= 500, "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn six_hellos_at_once_to_anybody_else_are_not_held_back() {
    let times = six_at_once("news.test:443", "news.test").await;
    assert!(times[5] <= 10, "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_punished_burst_hellos_take_turns() {
    let rig = Rig::new(DirectRule::Always, &[("direct", Script::Says(REPLY))]);
    let dropped = TcpFacts { bytes_acked: 1, unacked: 1, retransmits: 4, ..TcpFacts::default() };
    let mut open = Vec::new();
    for n in 0..4 {
        if n == 3 {
            rig.script("direct", Script::Mutes);
            *rig.seen["direct"].facts.lock().unwrap() = Some(dropped);
        }
        let mut client = rig.enter(WEB).await;
        client.write_all(&client_hello("web.telegram.test")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        open.push(client);
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    let told: Vec<_> = rig.told("direct").await.into_iter().map(|e| e.sign).filter(|sign| !sign.is_good()).collect();
    assert_eq!(told, [Sign::BurstFrozen]);
    drop(open);
    settle().await;
    rig.script("direct", Script::Says(REPLY));
    let began = Instant::now();
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(rig.enter(WEB).await);
    }
    let answers = futures_util::future::join_all(clients.iter_mut().map(greets)).await;
    assert!(answers.iter().all(Option::is_some));
    assert!(began.elapsed() >= Duration::from_millis(1_500), "{:?}", began.elapsed());
    assert!(began.elapsed() <= Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_way_on_trial_is_raced_with_a_sound_one_and_nobody_notices() {
    for script in [Script::Resets, Script::Mutes, Script::Hangs, Script::Refuses] {
        let name = format!("{script:?}");
        let rig = country(script);
        let began = Instant::now();
        let Ok(Answered::Accepted(mut client)) = rig.enter_by("149.154.167.51:443", trial()).await else { panic!() };
        client.write_all(&hello()).await.unwrap();
        let mut space = [0; 64];
        let n = client.read(&mut space).await.unwrap();
        assert_eq!(&space[..n], HERE, "{name}");
        assert!(began.elapsed() <= Duration::from_millis(20), "{name}: {:?}", began.elapsed());
        assert_eq!(rig.dials("split"), usize::from(name == "Refuses"), "{name}: one way on trial at a time");
        assert_eq!(rig.sessions.carried()[0].saved, 0, "{name}: it was no rescue");
    }
    let rig = country(Script::Says(THERE));
    let Ok(Answered::Accepted(mut client)) = rig.enter_by("149.154.167.51:443", trial()).await else { panic!() };
    client.write_all(&hello()).await.unwrap();
    let mut space = [0; 64];
    let n = client.read(&mut space).await.unwrap();
    assert_eq!(&space[..n], THERE, "and it may win");
}

#[tokio::test(start_paused = true)]
async fn what_must_not_be_said_twice_is_not_tried_on_a_way_on_trial() {
    let rig = country(Script::Says(THERE));
    let Ok(Answered::Accepted(mut client)) = rig.enter_by("web.telegram.test:80", trial()).await else { panic!() };
    for part in ["POST /send HTTP/1.1\r\nHost: web.telegram.test\r\n", "Content-Length: 2\r\n\r\nhi"] {
        client.write_all(part.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut space = [0; 64];
    let n = client.read(&mut space).await.unwrap();
    assert_eq!(&space[..n], HERE);
    assert!(rig.given("direct").is_empty(), "it was said twice");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_slow_to_speak_is_heard_out_on_a_way_on_trial() {
    let rig = country(Script::Mutes);
    let Ok(Answered::Accepted(mut client)) = rig.enter_by("149.154.167.51:443", trial()).await else { panic!() };
    tokio::time::sleep(Duration::from_secs(2)).await;
    client.write_all(&hello()[..20]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    client.write_all(&hello()[20..]).await.unwrap();
    let mut space = [0; 64];
    let n = client.read(&mut space).await.unwrap();
    assert_eq!(&space[..n], HERE);
}

#[tokio::test(start_paused = true)]
async fn the_line_sees_two_unanswered_hellos_of_a_connection_at_most() {
    let rig = Rig::new(
        DirectRule::UntilBlocked,
        &[
            ("direct", Script::Mutes),
            ("split", Script::Mutes),
            ("split-2", Script::Says(REPLY)),
            ("tokyo", Script::Hangs),
        ],
    );
    let waited = tokio::time::timeout(Duration::from_secs(60), greets(&mut rig.enter(WEB).await)).await;
    assert!(waited.is_err() && rig.given("split-2").is_empty());
    let rig = Rig::new(
        DirectRule::UntilBlocked,
        &[("direct", Script::Mutes), ("split", Script::Resets), ("split-2", Script::Says(REPLY))],
    );
    assert!(greets(&mut rig.enter(WEB).await).await.is_some(), "when one of the two is lost the third may go");
}

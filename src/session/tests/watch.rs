//! What the watch over relayed connections sees, and above all what it must not take for trouble.

use super::rig::{Answered, Rig, Script};
use super::{DC, client_hello, settle};
use crate::board::Due;
use crate::model::{DirectRule, Evidence, Sign, TcpFacts};
use crate::wire::{mtproto, noise};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

const WEB: &str = "web.telegram.test:443";

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A TLS record of application data (RFC 8446 §5.2).
fn record(size: usize) -> Vec<u8> {
    let length = u16::try_from(size).unwrap().to_be_bytes();
    [&[23, 3, 3][..], &length, &vec![0x5A; size]].concat()
}

fn mtproto_start() -> Vec<u8> {
    let random = std::array::from_fn(|at| (at as u8).wrapping_mul(91).wrapping_add(0x80));
    let start = mtproto::Start { random, nonce: [1; 16], dc: 2, msg_id: 4, padding_words: 7, padding: [3; 252] };
    mtproto::Client::hello(&start).1
}

/// Packets of an obfuscated server, of these sizes in words.
fn packets(start: &[u8], words: &[u8]) -> Vec<u8> {
    let mut server = mtproto::Server::new();
    let nonce = server.receive(start).unwrap().unwrap();
    // The first answer shows nothing of the later ones' content: all that matters is their lengths.
    let mut stream = server.res_pq(&nonce, &[7; 16], &[mtproto::PRODUCTION_KEY]);
    for count in words {
        stream.extend(server.res_pq(&nonce, &[*count; 16], &vec![u64::from(*count); usize::from(*count)]));
    }
    stream
}

/// Talks, and hears until the connection ends or `span` is over; how much came, and how long it took.
async fn hear(client: &mut DuplexStream, flight: &[u8], span: Duration) -> (usize, Option<Duration>) {
    client.write_all(flight).await.unwrap();
    let began = Instant::now();
    let mut heard = 0;
    let ended = tokio::time::timeout(span, async {
        let mut space = vec![0; 64 << 10];
        loop {
            match client.read(&mut space).await {
                Ok(0) | Err(_) => return began.elapsed(),
                Ok(n) => heard += n,
            }
        }
    })
    .await;
    (heard, ended.ok())
}

fn plays(timetable: impl IntoIterator<Item = (u64, Vec<u8>)>) -> Script {
    Script::Plays(timetable.into_iter().map(|(millis, words)| (Duration::from_millis(millis), words)).collect())
}

fn alone(script: Script) -> Rig {
    Rig::new(DirectRule::UntilBlocked, &[("direct", script)])
}

fn signs(evidence: &[Evidence]) -> Vec<Sign> {
    evidence.iter().map(|e| e.sign).collect()
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_the_middle_of_any_frame_is_a_freeze() {
    let tls = [record(16_000), record(4_000)].concat();
    let hello = noise::Client::hello([0x42; 32]).unwrap().1;
    let frame = |size: usize| [&(size as u32).to_be_bytes()[1..], &[0x1A], &vec![0x5A; size - 1]].concat();
    let start = mtproto_start();
    let body = [&b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"[..], &[b'x'; 20_000]].concat();
    let get = b"GET /a HTTP/1.1\r\nHost: web.telegram.test\r\n\r\n".to_vec();
    let clip = |bytes: Vec<u8>| bytes[..bytes.len() - 5].to_vec();
    for (what, to, flight, stream, within) in [
        ("TLS", WEB, client_hello("web.telegram.test"), clip(tls), 6),
        ("Noise", DC, hello, clip([frame(350), frame(9_000)].concat()), 6),
        ("MTProto", DC, start.clone(), clip(packets(&start, &[100; 20])), 6),
        ("HTTP", "web.telegram.test:80", get, body, 10),
    ] {
        let length = stream.len();
        let rig = alone(plays([(50, stream)]));
        let mut client = rig.enter(to).await;
        let (heard, ended) = hear(&mut client, &flight, secs(60)).await;
        assert_eq!(heard, length, "{what}");
        assert!(ended.is_some_and(|took| took <= secs(within)), "{what}: {ended:?}");
        let told = signs(&rig.told("direct").await);
        let kilobytes = u16::try_from(length / 1024).unwrap();
        assert!(told.contains(&Sign::Frozen { kilobytes }), "{what}: {told:?}");
        let [carried] = &rig.sessions.carried()[..] else { panic!("{what}: not one route") };
        assert_eq!((carried.answered, carried.lost), (1, 1), "{what}");
    }
}

/// A connection of one of many ordinary habits: what the server does, and what the client does after its first flight.
fn habit(which: usize, dice: &mut fastrand::Rng) -> (&'static str, Script, Vec<(u64, Vec<u8>)>) {
    // Handshakes are answered at once, whatever comes after.
    let first = || (40, record(2_000));
    let after = |rest: Vec<(u64, Vec<u8>)>| plays(std::iter::once(first()).chain(rest));
    let mut often = |count: usize, wait: std::ops::Range<u64>, size: std::ops::Range<usize>| -> Vec<(u64, Vec<u8>)> {
        (0..count).map(|_| (dice.u64(wait.clone()), record(dice.usize(size.clone())))).collect()
    };
    match which {
        0 => ("long poll", after(often(8, 60_000..180_000, 40..4_000)), often(8, 60_000..180_000, 40..900)),
        1 => ("idle chat", after(often(4, 1..200_000, 40..9_000)), often(3, 100_000..300_000, 40..200)),
        2 => ("server push", after(often(20, 29_000..31_000, 40..2_000)), Vec::new()),
        3 => ("slow server", after(often(250, 1_000..9_000, 300..700)), often(60, 900..9_000, 60..400)),
        4 => {
            let reply = record(dice.usize(30..90));
            let pings = (0..20).map(|_| (dice.u64(20_000..45_000), record(30))).collect();
            ("answered pings", Script::Echoes(Duration::from_millis(120), reply), pings)
        }
        5 => ("pings without answers", after(often(1, 1..50, 40..9_000)), often(20, 25_000..50_000, 30..60)),
        6 => (
            "voice",
            after((0..1_500).map(|_| (20, record(120))).collect()),
            (0..1_500).map(|_| (20, record(120))).collect(),
        ),
        7 => {
            let chunk = |n: usize| if n.is_multiple_of(20) { 5_000 } else { 8 };
            ("film in chunks", after((0..300).map(|n| (chunk(n), record(16_000))).collect()), Vec::new())
        }
        _ => ("telemetry", after(often(1, 1..50, 40..900)), often(2, 3_000..15_000, 200..1_400)),
    }
}

#[tokio::test(start_paused = true)]
async fn ordinary_habits_are_never_called_frozen_or_slow() {
    for seed in 0..20 {
        for which in 0..9 {
            let mut dice = fastrand::Rng::with_seed(seed * 100 + which as u64);
            let (what, script, says) = habit(which, &mut dice);
            let rig = alone(script);
            let client = rig.enter(WEB).await;
            let (mut ear, mut mouth) = tokio::io::split(client);
            mouth.write_all(&client_hello("web.telegram.test")).await.unwrap();
            let speaking = tokio::spawn(async move {
                for (wait, words) in says {
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    mouth.write_all(&words).await.unwrap();
                }
                mouth
            });
            let hearing = async {
                let mut space = vec![0; 64 << 10];
                while ear.read(&mut space).await.is_ok_and(|n| n > 0) {}
            };
            let slow = async { while rig.board.due().await != Due::Goodput {} };
            tokio::select! {
                () = hearing => panic!("{what} (seed {seed}): it was cut"),
                () = slow => panic!("{what} (seed {seed}): it was called slow"),
                () = tokio::time::sleep(secs(900)) => {}
            }
            let told = signs(&rig.told("direct").await);
            assert!(told.iter().all(|sign| sign.is_good()), "{what} (seed {seed}): {told:?}");
            drop(speaking);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_pauses_is_not_a_freeze() {
    let rig = alone(plays([(50, record(16_000)), (50, record(16_000).repeat(40)), (50, record(16_000))]));
    let mut client = rig.enter(WEB).await;
    client.write_all(&client_hello("web.telegram.test")).await.unwrap();
    tokio::time::sleep(secs(60)).await;
    assert!(signs(&rig.told("direct").await).iter().all(|sign| sign.is_good()));
    let mut heard = 0;
    let mut space = vec![0; 64 << 10];
    while heard < 42 * 16_005 {
        heard += client.read(&mut space).await.unwrap();
    }
}

/// A transfer of records at so many bytes a second, in segments.
fn throttled(rate: usize, span: u64) -> Script {
    let whole = record(16_000).repeat(2).repeat(rate * usize::try_from(span).unwrap() / 32_000 + 1);
    let portions = whole[..rate * usize::try_from(span).unwrap()].chunks(1_400);
    let wait = 1_400_000 / rate;
    plays(portions.map(|portion| (wait as u64, portion.to_vec())).collect::<Vec<_>>())
}

#[tokio::test(start_paused = true)]
async fn a_throttled_transfer_is_told_within_a_minute() {
    for rate in [2_000, 16_000, 40_000] {
        let rig = alone(throttled(rate, 100));
        let mut client = rig.enter(WEB).await;
        let slow = async { while rig.board.due().await != Due::Goodput {} };
        let hello = client_hello("web.telegram.test");
        let hearing = hear(&mut client, &hello, secs(100));
        let took = Instant::now();
        tokio::select! {
            () = slow => assert!(took.elapsed() <= secs(20), "{rate}: {:?}", took.elapsed()),
            _ = hearing => panic!("{rate}: nothing was told"),
        }
    }
}

fn facts(bytes_acked: u64, unacked: u32, retransmits: u32) -> TcpFacts {
    TcpFacts { bytes_acked, unacked, retransmits, rtt: Duration::from_millis(40), ..TcpFacts::default() }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_nobody_acknowledges_is_a_freeze_and_one_that_arrives_is_none() {
    for stuck in [true, false] {
        let rig = alone(plays([(50, record(3_000))]));
        let mut client = rig.enter(WEB).await;
        client.write_all(&client_hello("web.telegram.test")).await.unwrap();
        let _ = client.read(&mut [0; 9_000]).await.unwrap();
        client.write_all(&record(16_000)).await.unwrap();
        let seen = std::sync::Arc::clone(&rig.seen["direct"]);
        let kernel = tokio::spawn(async move {
            for n in 0..60 {
                let now = if stuck { facts(15_000, 2, n / 2) } else { facts(17_000 + u64::from(n), 0, 0) };
                *seen.facts.lock().unwrap() = Some(now);
                tokio::time::sleep(secs(1)).await;
            }
        });
        let (_, ended) = hear(&mut client, &[], secs(50)).await;
        let told = signs(&rig.told("direct").await);
        assert_eq!(ended.is_some(), stuck, "{told:?}");
        assert_eq!(told.contains(&Sign::Frozen { kilobytes: 14 }), stuck, "{told:?}");
        kernel.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_silence_is_named_when_the_kernel_knows_it_and_counted_once() {
    let rig = Rig::new(
        DirectRule::UntilBlocked,
        &[("direct", Script::Mutes), ("tokyo", Script::Says(b"\x16\x03\x03\x00\x01a"))],
    );
    *rig.seen["direct"].facts.lock().unwrap() = Some(facts(1, 1, 1));
    let mut client = rig.enter(WEB).await;
    client.write_all(&client_hello("web.telegram.test")).await.unwrap();
    let _ = client.read(&mut [0; 9]).await.unwrap();
    assert_eq!(signs(&rig.told("direct").await), [Sign::Silence]);
    let before = rig.board.snapshot().standing(&super::route("direct")).unwrap().score;
    *rig.seen["direct"].facts.lock().unwrap() = Some(facts(1, 1, 3));
    tokio::time::sleep(secs(4)).await;
    let told = rig.told("direct").await;
    assert_eq!(signs(&told), [Sign::Silence, Sign::HelloDropped]);
    assert!(told[1].sharpens);
    let after = rig.board.snapshot().standing(&super::route("direct")).unwrap().score;
    assert!(after <= before, "{before} {after}");
    tokio::time::sleep(secs(20)).await;
    assert_eq!(rig.told("direct").await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_silence_with_nothing_else_to_try_is_told_once_and_named_later() {
    let rig = alone(Script::Mutes);
    let mut client = rig.enter(WEB).await;
    client.write_all(&client_hello("web.telegram.test")).await.unwrap();
    tokio::time::sleep(secs(6)).await;
    *rig.seen["direct"].facts.lock().unwrap() = Some(facts(518, 0, 0));
    tokio::time::sleep(secs(6)).await;
    drop(client);
    settle().await;
    assert_eq!(signs(&rig.told("direct").await), [Sign::Silence, Sign::HelloMuted]);
    assert_eq!(rig.sessions.carried()[0].lost, 1);
}

#[tokio::test(start_paused = true)]
async fn an_app_that_comes_back_again_and_again_is_noticed_and_a_cancelled_one_is_not() {
    for (waits, often) in [(4, true), (2, false)] {
        let rig = alone(Script::Mutes);
        for _ in 0..4 {
            let Answered::Accepted(mut client) = rig.ask(WEB).await else { panic!("refused") };
            client.write_all(&client_hello("web.telegram.test")).await.unwrap();
            tokio::time::sleep(secs(waits)).await;
            drop(client);
            settle().await;
        }
        let told = signs(&rig.told("direct").await);
        assert_eq!(told.contains(&Sign::Reconnecting), often, "{told:?}");
        assert!(often || told.is_empty(), "{told:?}");
    }
}

//! Each rule against its row of the table of what a client really sees (`docs/detection.md` §1.2).

use super::*;
use crate::lab::tcp::{Wire, pair};
use crate::model::TcpFacts;
use crate::net::Io;
use std::io::ErrorKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

const NAME: &str = "chat.signal.org";

/// A ClientHello of exactly 517 bytes (RFC 8446 §4.1.2, padded by RFC 7685) for a name.
fn hello(name: &str) -> Vec<u8> {
    let sized = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    let names = sized(&[&[0][..], &sized(name.as_bytes())].concat());
    let mut extensions = [&[0, 0][..], &sized(&names)].concat();
    let fixed = 5 + 4 + 2 + 32 + 1 + 4 + 2 + 2;
    let padding = vec![0; 517 - fixed - extensions.len() - 4];
    extensions.extend([&[0, 21][..], &sized(&padding)].concat());
    let mut body = vec![3, 3];
    body.extend([9; 32]);
    body.extend([0, 0, 2, 0x13, 1, 1, 0]);
    body.extend(sized(&extensions));
    let size = u32::try_from(body.len()).unwrap().to_be_bytes();
    let message = [&[1][..], &size[1..], &body].concat();
    let record = [&[22, 3, 1][..], &sized(&message)].concat();
    assert_eq!(record.len(), 517);
    record
}

struct Line {
    censor: Censor,
    near: Wire,
    far: Wire,
}

fn line(rule: Rule) -> Line {
    let censor = Censor::new(11, None);
    censor.add(rule);
    let (near, far) = dial(&censor, "203.0.113.9:443");
    Line { censor, near, far }
}

fn dial(censor: &Censor, to: &str) -> (Wire, Wire) {
    let to = to.parse().unwrap();
    let rtt = Duration::from_millis(40);
    pair("192.0.2.10:40001".parse().unwrap(), to, rtt, Box::new(Watch::new(censor.clone(), to)))
}

/// What came back within 8 s of the hello, and what the kernel knows then. The origin sends `answer` once it has
/// the hello.
async fn after_hello(rule: Rule, hello: &[u8], answer: usize) -> (Result<usize, ErrorKind>, TcpFacts) {
    let Line { mut near, mut far, .. } = line(rule);
    let origin = tokio::spawn(async move {
        let mut buf = vec![0; 4096];
        if far.read(&mut buf).await.is_ok_and(|size| size > 0) {
            far.write_all(&vec![3; answer]).await.unwrap();
        }
        far.read(&mut buf).await
    });
    near.write_all(hello).await.unwrap();
    let mut got = 0;
    let mut buf = vec![0; 65_536];
    let end = tokio::time::Instant::now() + Duration::from_secs(8);
    let seen = loop {
        match tokio::time::timeout_at(end, near.read(&mut buf)).await {
            Err(_) => break Ok(got),
            Ok(Ok(0)) => break Err(ErrorKind::UnexpectedEof),
            Ok(Ok(size)) => got += size,
            Ok(Err(why)) => break Err(why.kind()),
        }
    };
    let facts = near.tcp_facts().unwrap();
    drop(near);
    origin.abort();
    (seen, facts)
}

fn by_name(action: Action) -> Rule {
    Rule::new(Target::name("signal.org"), action)
}

fn row(facts: TcpFacts) -> (u64, u32, u32, u64) {
    (facts.bytes_acked, facts.unacked, facts.retransmits, facts.bytes_received)
}

#[tokio::test(start_paused = true)]
async fn clean() {
    let (seen, facts) = after_hello(by_name(Action::RejectSyn), &hello(NAME), 5000).await;
    assert_eq!((seen, row(facts)), (Ok(5000), (518, 0, 0, 5000)));
}

#[tokio::test(start_paused = true)]
async fn hello_dropped_is_never_acknowledged_and_sent_five_times_more() {
    let (seen, facts) = after_hello(by_name(Action::DropHello), &hello(NAME), 5000).await;
    assert_eq!((seen, row(facts)), (Ok(0), (1, 1, 5, 0)));
}

#[tokio::test(start_paused = true)]
async fn hello_muted_is_acknowledged_and_nothing_comes_back() {
    let (seen, facts) = after_hello(by_name(Action::MuteAnswer), &hello(NAME), 5000).await;
    assert_eq!((seen, row(facts)), (Ok(0), (518, 0, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn reset_after_hello() {
    let (seen, facts) = after_hello(by_name(Action::ResetHello), &hello(NAME), 5000).await;
    assert_eq!((seen, row(facts)), (Err(ErrorKind::ConnectionReset), (1, 1, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn end_of_stream_after_hello() {
    let (seen, facts) = after_hello(by_name(Action::EndHello), &hello(NAME), 5000).await;
    assert_eq!((seen, facts.bytes_received), (Err(ErrorKind::UnexpectedEof), 0));
}

#[tokio::test(start_paused = true)]
async fn freeze_after_16_000_bytes_of_answer() {
    let (seen, facts) = after_hello(by_name(Action::FreezeBytes(16_000)), &hello(NAME), 80_000).await;
    // Ten full packets; the table's own run had a short first one.
    assert_eq!((seen, row(facts)), (Ok(14_480), (518, 0, 0, 14_480)));
    assert!(facts.last_data_received > Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn freeze_after_25_packets_both_ways() {
    let (seen, facts) = after_hello(by_name(Action::FreezePackets(25)), &hello(NAME), 80_000).await;
    let Ok(got) = seen else { panic!("{seen:?}") };
    assert!((15_000..22_000).contains(&got), "{got}");
    assert_eq!((facts.unacked, facts.retransmits), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn another_name_is_left_alone() {
    for action in [Action::DropHello, Action::MuteAnswer, Action::ResetHello, Action::EndHello] {
        let (seen, _) = after_hello(by_name(action.clone()), &hello("signal.org.example"), 5000).await;
        assert_eq!(seen, Ok(5000), "{action:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_prefix_needs_no_name() {
    let prefix: ipnet::IpNet = "203.0.113.0/24".parse().unwrap();
    let (seen, facts) = after_hello(Rule::new(Target::prefix(prefix), Action::DropHello), &[0xa5; 105], 99).await;
    assert_eq!((seen, row(facts)), (Ok(0), (1, 1, 5, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_protocol_is_known_by_its_first_bytes() {
    let mut rng = fastrand::Rng::with_seed(1);
    let random: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(200).collect();
    let noise = [&b"WA\x06\x03\0\0\x24\x12\x22\x0a\x20"[..], &random[..32]].concat();
    for (protocol, first) in [(Protocol::Random, &random), (Protocol::Noise, &noise), (Protocol::Tls, &hello(NAME))] {
        let rule = Rule::new(Target::protocol(protocol), Action::MuteAnswer);
        assert_eq!(after_hello(rule.clone(), first, 50).await.0, Ok(0), "{protocol:?}");
        let plain = b"EHLO mail.example and more of a plain greeting\r\n";
        assert_eq!(after_hello(rule, plain, 50).await.0, Ok(50), "{protocol:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn splitting_passes_a_box_that_does_not_reassemble() {
    for (reassembles, expected) in [(true, 0), (false, 1)] {
        let Line { censor, mut near, mut far } = line(by_name(Action::DropHello));
        censor.reassemble(reassembles);
        let hello = hello(NAME);
        for piece in [&hello[..3], &hello[3..]] {
            near.write_all(piece).await.unwrap();
        }
        let mut whole = vec![0; hello.len()];
        let arrived = timeout(Duration::from_secs(5), far.read_exact(&mut whole)).await;
        assert_eq!(usize::from(arrived.is_ok()), expected, "reassembles: {reassembles}");
    }
}

#[tokio::test(start_paused = true)]
async fn connections_from_before_a_hello_rule_live_on_and_a_drop_rule_ends_them() {
    let censor = Censor::new(1, None);
    let (mut near, mut far) = dial(&censor, "203.0.113.9:443");
    near.write_all(&hello(NAME)).await.unwrap();
    far.read_exact(&mut [0; 517]).await.unwrap();
    censor.add(by_name(Action::DropHello));
    far.write_all(b"still here").await.unwrap();
    near.read_exact(&mut [0; 10]).await.unwrap();
    censor.block(Target::everything(), Action::Drop);
    far.write_all(b"not now").await.unwrap();
    assert!(timeout(Duration::from_secs(60), near.read(&mut [0; 9])).await.is_err());
    censor.lift_all();
    near.read_exact(&mut [0; 7]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_residual_block_outlasts_the_hit_and_then_ends() {
    let rule = by_name(Action::ResetHello).residual(Duration::from_secs(75));
    let Line { censor, mut near, .. } = line(rule);
    let (to, now) = ("203.0.113.9:443".parse().unwrap(), tokio::time::Instant::now);
    assert_eq!(censor.syn(to, now()), Syn::Passes);
    near.write_all(&hello(NAME)).await.unwrap();
    assert_eq!(censor.syn(to, now()), Syn::Vanishes);
    tokio::time::advance(Duration::from_secs(76)).await;
    assert_eq!(censor.syn(to, now()), Syn::Passes);
}

#[tokio::test(start_paused = true)]
async fn a_policer_lets_a_burst_pass_and_then_trickles() {
    let rate = Action::Throttle { bytes_per_second: 650 };
    let Line { mut near, mut far, .. } = line(Rule::new(Target::everything(), rate));
    far.write_all(&vec![1; 100_000]).await.unwrap();
    let mut got = 0;
    let mut buf = vec![0; 65_536];
    let start = tokio::time::Instant::now();
    while let Ok(Ok(size)) = tokio::time::timeout_at(start + Duration::from_secs(28), near.read(&mut buf)).await {
        got += size;
        if start.elapsed() < Duration::from_secs(1) {
            assert!(got < 4500, "{got}");
        }
    }
    assert!((17_000..23_000).contains(&got), "{got} bytes in 28 s");
}

#[tokio::test(start_paused = true)]
async fn chance_picks_the_share_it_is_told_and_the_same_one_each_time() {
    let run = || {
        let censor = Censor::new(5, None);
        censor.block(Target::everything(), Action::Lose { percent: 60, direction: Direction::Up });
        let to = "203.0.113.9:443".parse().unwrap();
        (0..200).map(|_| censor.syn(to, tokio::time::Instant::now()) == Syn::Passes).collect::<Vec<_>>()
    };
    let passed = run();
    assert_eq!(passed, run());
    assert!((55..105).contains(&passed.iter().filter(|pass| **pass).count()));
}

#[tokio::test(start_paused = true)]
async fn a_hole_in_path_mtu_swallows_full_segments_only() {
    let rule = Rule::new(Target::everything(), Action::DropLarger(1200));
    assert_eq!(after_hello(rule.clone(), &hello(NAME), 1000).await.0, Ok(1000));
    let (seen, facts) = after_hello(rule, &hello(NAME), 5000).await;
    assert_eq!((seen, row(facts)), (Ok(0), (518, 0, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn the_fourth_hello_at_once_freezes_the_name_for_two_minutes() {
    let censor = Censor::new(1, None);
    let police =
        Action::PoliceBurst { hellos: 4, within: Duration::from_millis(400), freeze: Duration::from_secs(120) };
    censor.block(Target::protocol(Protocol::Tls), police);
    let greet = async |name: &str| {
        let (mut near, mut far) = dial(&censor, "203.0.113.9:443");
        near.write_all(&hello(name)).await.unwrap();
        timeout(Duration::from_millis(90), far.read_exact(&mut [0; 517])).await.is_ok()
    };
    for (name, passes) in [(NAME, true), (NAME, true), (NAME, true), (NAME, false), ("other.example", true)] {
        assert_eq!(greet(name).await, passes, "{name}");
    }
    tokio::time::advance(Duration::from_secs(119)).await;
    assert!(!greet(NAME).await);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(greet(NAME).await);
}

#[tokio::test(start_paused = true)]
async fn a_flaky_block_hits_its_share_of_flows() {
    let censor = Censor::new(2, None);
    censor.add(by_name(Action::ResetHello).chance(26));
    let mut hits = 0;
    for _ in 0..200 {
        let (mut near, _far) = dial(&censor, "203.0.113.9:443");
        near.write_all(&hello(NAME)).await.unwrap();
        hits += usize::from(timeout(Duration::from_secs(1), near.read(&mut [0])).await.is_ok());
    }
    assert!((35..70).contains(&hits), "{hits}");
}

#[tokio::test(start_paused = true)]
async fn a_whitelist_answers_syns_abroad_and_drops_what_follows() {
    let censor = Censor::new(1, None);
    let domestic: ipnet::IpNet = "192.0.2.128/25".parse().unwrap();
    censor.block(Target::everything().except(domestic), Action::DropHello);
    for (to, passes) in [("203.0.113.9:443", false), ("192.0.2.130:443", true)] {
        assert_eq!(censor.syn(to.parse().unwrap(), Instant::now()), Syn::Passes);
        let (mut near, mut far) = dial(&censor, to);
        near.write_all(&hello(NAME)).await.unwrap();
        let arrived = timeout(Duration::from_secs(5), far.read_exact(&mut [0; 517])).await.is_ok();
        assert_eq!(arrived, passes, "{to}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_mute_server_acknowledges_everything_and_says_nothing() {
    let rule = Rule::new(Target::everything(), Action::DropPayload(Direction::Down));
    let (seen, facts) = after_hello(rule, &[0xa5; 105], 5000).await;
    assert_eq!((seen, row(facts)), (Ok(0), (106, 0, 0, 0)));
    let censor = Censor::new(1, None);
    let (mut near, mut far) = dial(&censor, "203.0.113.9:443");
    near.write_all(b"question").await.unwrap();
    far.read_exact(&mut [0; 8]).await.unwrap();
    censor.block(Target::everything(), Action::DropPayload(Direction::Down));
    assert_eq!(censor.syn("203.0.113.9:443".parse().unwrap(), Instant::now()), Syn::Passes);
    far.write_all(b"answer").await.unwrap();
    assert!(timeout(Duration::from_secs(60), near.read(&mut [0; 9])).await.is_err(), "of running connections too");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_comes_into_force_late_stops_new_connections_only() {
    let censor = Censor::new(1, None);
    let after = Duration::from_secs(600);
    censor.block(Target::protocol(Protocol::Tls), Action::DropLater { after });
    let (to, sibling) = ("203.0.113.9:443", "203.0.113.9:80");
    let (mut near, mut far) = dial(&censor, to);
    near.write_all(&hello(NAME)).await.unwrap();
    far.read_exact(&mut [0; 517]).await.unwrap();
    tokio::time::advance(after - Duration::from_secs(1)).await;
    assert_eq!(censor.syn(to.parse().unwrap(), Instant::now()), Syn::Passes);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(censor.syn(to.parse().unwrap(), Instant::now()), Syn::Vanishes);
    assert_eq!(censor.syn(sibling.parse().unwrap(), Instant::now()), Syn::Passes);
    far.write_all(b"still here").await.unwrap();
    near.read_exact(&mut [0; 10]).await.unwrap();
    censor.lift_all();
    assert_eq!(censor.syn(to.parse().unwrap(), Instant::now()), Syn::Passes);
}

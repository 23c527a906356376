use super::*;
use std::io::ErrorKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

const RTT: Duration = Duration::from_millis(40);

fn ends() -> (Wire, Wire) {
    gated(Box::new(Unwatched))
}

fn gated(gate: Box<dyn Gate>) -> (Wire, Wire) {
    pair("192.0.2.10:40001".parse().unwrap(), "198.51.100.1:443".parse().unwrap(), RTT, gate)
}

/// Loses everything from one side for a while.
struct Hole {
    from: Side,
    until: Instant,
}

impl Gate for Hole {
    fn burst(&mut self, from: Side, _: &[u8], now: Instant) -> Passage {
        if from == self.from && now < self.until { Passage::Lost } else { Passage::Through }
    }
    fn reset(&mut self, _: Side) -> bool {
        true
    }
    fn leaves(&mut self, _: Side, _: usize, now: Instant) -> Instant {
        now
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_take_half_a_round_trip_and_are_acknowledged_after_a_whole_one() {
    let (mut near, mut far) = ends();
    let start = Instant::now();
    near.write_all(&[7; 517]).await.unwrap();
    let mut got = [0; 517];
    far.read_exact(&mut got).await.unwrap();
    assert_eq!(start.elapsed(), RTT / 2);
    let facts = near.tcp_facts().unwrap();
    assert_eq!((facts.bytes_acked, facts.unacked), (1, 1));
    tokio::time::sleep(RTT / 2).await;
    let facts = near.tcp_facts().unwrap();
    assert_eq!((facts.bytes_acked, facts.unacked, facts.retransmits, facts.rtt), (518, 0, 0, RTT));
    assert_eq!(far.tcp_facts().unwrap().bytes_received, 517);
    assert_eq!(far.tcp_facts().unwrap().last_data_received, RTT / 2);
}

#[tokio::test(start_paused = true)]
async fn the_far_end_cannot_speak_before_the_handshake_is_over() {
    let (mut near, mut far) = ends();
    let start = Instant::now();
    far.write_all(b"220 ready").await.unwrap();
    let mut got = [0; 9];
    near.read_exact(&mut got).await.unwrap();
    assert_eq!(start.elapsed(), RTT);
}

#[tokio::test(start_paused = true)]
async fn each_direction_ends_on_its_own() {
    let (mut near, mut far) = ends();
    near.write_all(b"question").await.unwrap();
    near.shutdown().await.unwrap();
    let mut asked = String::new();
    far.read_to_string(&mut asked).await.unwrap();
    assert_eq!(asked, "question");
    assert_eq!(near.write_all(b"more").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    far.write_all(b"answer").await.unwrap();
    drop(far);
    let mut answered = String::new();
    near.read_to_string(&mut answered).await.unwrap();
    assert_eq!(answered, "answer");
}

#[tokio::test(start_paused = true)]
async fn an_aborted_end_resets_the_other() {
    let (mut near, mut far) = ends();
    near.abort_on_drop();
    drop(near);
    assert_eq!(far.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(far.write(&[0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test(start_paused = true)]
async fn an_end_closed_with_unread_bytes_resets_the_other_as_kernels_do() {
    let (near, mut far) = ends();
    far.write_all(b"unread").await.unwrap();
    tokio::time::sleep(RTT * 2).await;
    drop(near);
    assert_eq!(far.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test(start_paused = true)]
async fn bytes_to_a_closed_end_come_back_as_a_reset() {
    let (near, mut far) = ends();
    drop(near);
    tokio::time::sleep(RTT).await;
    assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
    far.write_all(b"too late").await.unwrap();
    tokio::time::sleep(RTT).await;
    assert_eq!(far.write(b"again").await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test(start_paused = true)]
async fn a_writer_waits_for_a_reader() {
    let (mut near, mut far) = ends();
    let block = vec![1; 4 << 20];
    let wrote = timeout(Duration::from_secs(5), near.write_all(&block)).await;
    assert!(wrote.is_err(), "nobody read, so the window must have closed");
    drop(near);
    let mut read = Vec::new();
    far.read_to_end(&mut read).await.unwrap();
    assert_eq!(read.len(), 1 << 20);
}

#[tokio::test(start_paused = true)]
async fn a_whole_transfer_gets_through_the_window() {
    let (mut near, mut far) = ends();
    let sent = tokio::spawn(async move {
        near.write_all(&vec![1; 5 << 20]).await.unwrap();
        near.shutdown().await.unwrap();
        near
    });
    let mut read = Vec::new();
    far.read_to_end(&mut read).await.unwrap();
    assert_eq!(read.len(), 5 << 20);
    tokio::time::sleep(RTT).await;
    assert_eq!(sent.await.unwrap().tcp_facts().unwrap().bytes_acked, 1 + (5 << 20));
}

#[tokio::test(start_paused = true)]
async fn lost_bytes_are_sent_again_on_the_kernels_schedule() {
    let until = Instant::now() + Duration::from_secs(3600);
    let (mut near, _far) = gated(Box::new(Hole { from: Side::Near, until }));
    near.write_all(&[7; 517]).await.unwrap();
    for (after_ms, resent) in [(199, 0), (2, 1), (400, 2), (800, 3), (1600, 4), (4999, 5)] {
        tokio::time::sleep(Duration::from_millis(after_ms)).await;
        let facts = near.tcp_facts().unwrap();
        assert_eq!((facts.bytes_acked, facts.unacked, facts.retransmits), (1, 1, resent), "after {after_ms} ms more");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_lost_arrives_in_order_when_the_hole_closes() {
    let until = Instant::now() + Duration::from_secs(1);
    let (mut near, mut far) = gated(Box::new(Hole { from: Side::Near, until }));
    let start = Instant::now();
    near.write_all(b"first ").await.unwrap();
    near.write_all(b"second").await.unwrap();
    drop(near);
    let mut read = String::new();
    far.read_to_string(&mut read).await.unwrap();
    assert_eq!(read, "first second");
    // The third resend is the first after the hole: .2 + .4 + .8.
    assert_eq!(start.elapsed(), Duration::from_millis(1400) + RTT / 2);
}

#[tokio::test(start_paused = true)]
async fn the_kernel_gives_up_after_a_quarter_of_an_hour() {
    let until = Instant::now() + Duration::from_secs(36_000);
    let (mut near, _far) = gated(Box::new(Hole { from: Side::Near, until }));
    let start = Instant::now();
    near.write_all(b"hello").await.unwrap();
    assert_eq!(near.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::TimedOut);
    assert!((850..1000).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

/// A line that is slow until a moment, and then is not.
struct Slow {
    until: Instant,
}

impl Gate for Slow {
    fn burst(&mut self, _: Side, _: &[u8], _: Instant) -> Passage {
        Passage::Through
    }
    fn reset(&mut self, _: Side) -> bool {
        true
    }
    fn leaves(&mut self, _: Side, _: usize, now: Instant) -> Instant {
        if now < self.until { self.until + Duration::from_secs(1) } else { now }
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_stay_in_order_when_the_line_becomes_faster() {
    let (mut near, mut far) = gated(Box::new(Slow { until: Instant::now() + RTT }));
    near.write_all(b"first ").await.unwrap();
    tokio::time::sleep(RTT * 2).await;
    near.write_all(b"second").await.unwrap();
    near.shutdown().await.unwrap();
    let mut read = String::new();
    far.read_to_string(&mut read).await.unwrap();
    assert_eq!(read, "first second");
}

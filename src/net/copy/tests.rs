//! A relay under back-pressure, half-close, breakage and cancellation, in memory.

use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_util::sync::CancellationToken;

struct Rig {
    client: DuplexStream,
    server: DuplexStream,
    relay: tokio::task::JoinHandle<(Ended, u64, u64)>,
    stop: CancellationToken,
}

fn rig(size: usize) -> Rig {
    let (client, near) = duplex(size);
    let (far, server) = duplex(size);
    let stop = CancellationToken::new();
    let token = stop.clone();
    let relay = tokio::spawn(async move {
        let (mut near, mut far): (Stream, Stream) = (Box::new(near), Box::new(far));
        let meter = FlowMeter::new();
        let ended = copy_both(&mut near, &mut far, &meter, token.cancelled()).await;
        (ended, meter.up(), meter.down())
    });
    Rig { client, server, relay, stop }
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 % 251) as u8).collect()
}

#[tokio::test]
async fn bytes_arrive_whole_through_a_narrow_pipe_in_both_directions() {
    let Rig { client, server, relay, .. } = rig(1000);
    let sent = pattern(1 << 20);
    let (mut client_in, mut client_out) = tokio::io::split(client);
    let (mut server_in, mut server_out) = tokio::io::split(server);
    let up = async {
        client_out.write_all(&sent).await.unwrap();
        client_out.shutdown().await.unwrap();
    };
    let down = async {
        server_out.write_all(&sent).await.unwrap();
        server_out.shutdown().await.unwrap();
    };
    let (mut at_server, mut at_client) = (Vec::new(), Vec::new());
    let read_up = server_in.read_to_end(&mut at_server);
    let read_down = client_in.read_to_end(&mut at_client);
    let (_, _, a, b) = tokio::join!(up, down, read_up, read_down);
    assert_eq!((a.unwrap(), b.unwrap()), (sent.len(), sent.len()));
    assert!(at_server == sent && at_client == sent);
    let (ended, up, down) = relay.await.unwrap();
    assert_eq!(ended.outcome, Ok(()));
    assert_eq!((up, down), (1 << 20, 1 << 20));
}

#[tokio::test]
async fn when_the_client_stops_sending_the_answer_still_comes() {
    let Rig { mut client, mut server, relay, .. } = rig(4096);
    client.write_all(b"question").await.unwrap();
    client.shutdown().await.unwrap();
    let mut asked = Vec::new();
    server.read_to_end(&mut asked).await.unwrap();
    assert_eq!(asked, b"question");
    server.write_all(b"answer").await.unwrap();
    drop(server);
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"answer");
    let (ended, ..) = relay.await.unwrap();
    assert_eq!(ended, Ended { first: Some(Side::Client), outcome: Ok(()) });
}

#[tokio::test]
async fn what_breaks_is_told_with_its_side() {
    let Rig { mut client, server, relay, .. } = rig(4096);
    drop(server);
    client.write_all(b"into the void").await.unwrap();
    let (ended, ..) = relay.await.unwrap();
    let (side, failure) = ended.outcome.unwrap_err();
    assert_eq!((side, failure.cause), (Side::Server, Cause::ConnectionReset));
    assert_eq!(failure.stage, Stage::FirstFlight);
}

#[tokio::test]
async fn cancelling_ends_it_at_once() {
    let Rig { client, server, relay, stop } = rig(4096);
    stop.cancel();
    let (ended, ..) = relay.await.unwrap();
    assert_eq!(ended.outcome.unwrap_err().1.cause, Cause::Interrupted);
    assert_eq!(ended.first, None);
    drop((client, server));
}

#[tokio::test(start_paused = true)]
async fn the_meter_tells_how_long_each_side_has_been_quiet() {
    let meter = FlowMeter::new();
    tokio::time::advance(Duration::from_secs(3)).await;
    meter.add_down(10);
    tokio::time::advance(Duration::from_secs(8)).await;
    meter.add_up(5);
    assert_eq!((meter.since_down(), meter.since_up()), (Duration::from_secs(8), Duration::ZERO));
    assert_eq!((meter.down(), meter.up()), (10, 5));
}

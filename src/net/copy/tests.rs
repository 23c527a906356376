//! A relay under back-pressure, half-close, breakage and cancellation, in memory.

use super::*;
use crate::net::{Io, Pipe};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Context;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
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

#[tokio::test]
async fn between_two_sockets_bytes_arrive_whole_at_any_pace() {
    let (app, ends, origin) = sockets().await;
    assert!(transfer(app, ends, origin).await);
    let (app, [client, server], origin) = sockets().await;
    assert!(transfer(origin, [server, client], app).await);
}

#[test]
fn a_buffer_lent_within_a_loan_is_another_one() {
    with_lent(|outer| {
        outer[0] = 1;
        with_lent(|inner| {
            inner[0] = 2;
            assert_eq!((outer.len(), inner.len()), (LENT, LENT));
        });
        assert_eq!(outer[0], 1);
    });
}

/// Two sockets with a relay's end each, and the two beyond it.
async fn sockets() -> (tokio::net::TcpStream, [Stream; 2], tokio::net::TcpStream) {
    use crate::net::OsStream;
    use tokio::net::{TcpListener, TcpStream};
    let pair = || async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (near, listener.accept().await.unwrap().0)
    };
    let ((app, near), (far, origin)) = (pair().await, pair().await);
    (app, [near, far].map(|tcp| Box::new(OsStream::new(tcp).unwrap()) as Stream), origin)
}

/// A stream over a socket that says it can be moved from and to, and then cannot: as where a sandbox forbids it.
struct Forbidden {
    inner: Stream,
    pull: bool,
    push: bool,
    refused: Arc<AtomicUsize>,
}

impl Io for Forbidden {
    fn below(&self) -> Option<&dyn Io> {
        Some(&self.inner)
    }
    fn poll_pull(&mut self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        if self.pull {
            return self.inner.poll_pull(cx, pipe);
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Err(io::ErrorKind::PermissionDenied.into()))
    }
    fn poll_push(&mut self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        if self.push {
            return self.inner.poll_push(cx, pipe);
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Err(io::ErrorKind::InvalidInput.into()))
    }
}

impl AsyncRead for Forbidden {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Forbidden {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Sends much through a relay, and reads it slowly at first; whether all of it came.
async fn transfer(mut app: tokio::net::TcpStream, ends: [Stream; 2], mut origin: tokio::net::TcpStream) -> bool {
    let relay = tokio::spawn(async move {
        let [mut client, mut server] = ends;
        copy_both(&mut client, &mut server, &FlowMeter::new(), std::future::pending()).await
    });
    let sent = pattern(8 << 20);
    let send = async {
        app.write_all(&sent).await.unwrap();
        app.shutdown().await.unwrap();
    };
    let receive = async {
        let mut got = vec![0; 1 << 16];
        for piece in got.chunks_mut(1 << 10) {
            origin.read_exact(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        origin.read_to_end(&mut got).await.unwrap();
        got
    };
    let ((), got) = tokio::join!(send, receive);
    origin.shutdown().await.unwrap();
    let ended = relay.await.unwrap();
    assert_eq!(ended, Ended { first: Some(Side::Client), outcome: Ok(()) });
    got == sent
}

#[tokio::test]
async fn where_the_kernel_moves_nothing_all_is_copied() {
    for (pull, push) in [(true, false), (false, true)] {
        let (app, ends, origin) = sockets().await;
        let refused = Arc::new(AtomicUsize::new(0));
        let ends = ends.map(|inner| Box::new(Forbidden { inner, pull, push, refused: Arc::clone(&refused) }) as Stream);
        assert!(transfer(app, ends, origin).await, "pull {pull}, push {push}");
        assert_eq!(refused.load(Ordering::Relaxed), usize::from(cfg!(target_os = "linux")), "it was tried, once");
    }
}

#[tokio::test]
async fn a_reset_in_the_middle_of_a_transfer_is_told_with_its_side() {
    let (mut app, ends, mut origin) = sockets().await;
    let relay = tokio::spawn(async move {
        let [mut client, mut server] = ends;
        copy_both(&mut client, &mut server, &FlowMeter::new(), std::future::pending()).await
    });
    let send = tokio::spawn(async move {
        let sent = pattern(1 << 20);
        while app.write_all(&sent).await.is_ok() {}
    });
    let mut some = vec![0; 4 << 20];
    origin.read_exact(&mut some).await.unwrap();
    socket2::SockRef::from(&origin).set_linger(Some(Duration::ZERO)).unwrap();
    drop(origin);
    let (side, failure) = relay.await.unwrap().outcome.unwrap_err();
    assert_eq!((side, failure.cause), (Side::Server, Cause::ConnectionReset));
    send.await.unwrap();
}

/// Always has more, and takes all.
struct Endless(Arc<AtomicUsize>);

impl Io for Endless {}
impl AsyncRead for Endless {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let room = buf.initialize_unfilled().len();
        self.0.fetch_add(room, Ordering::Relaxed);
        buf.advance(room);
        Poll::Ready(Ok(()))
    }
}
impl AsyncWrite for Endless {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn one_that_always_has_more_lets_the_others_have_their_turns() {
    const TRIPS: usize = 20;
    let carried = Arc::new(AtomicUsize::new(0));
    let (client, server) = (Endless(Arc::clone(&carried)), Endless(Arc::clone(&carried)));
    let endless = tokio::spawn(async move {
        let (mut client, mut server): (Stream, Stream) = (Box::new(client), Box::new(server));
        copy_both(&mut client, &mut server, &FlowMeter::new(), std::future::pending()).await
    });
    let (mut app, ends, mut origin) = sockets().await;
    let relay = tokio::spawn(async move {
        let [mut client, mut server] = ends;
        copy_both(&mut client, &mut server, &FlowMeter::new(), std::future::pending()).await
    });
    let before = carried.load(Ordering::Relaxed);
    for _ in 0..TRIPS {
        app.write_all(b"x").await.unwrap();
        origin.read_exact(&mut [0]).await.unwrap();
        origin.write_all(b"y").await.unwrap();
        app.read_exact(&mut [0]).await.unwrap();
    }
    let meanwhile = carried.load(Ordering::Relaxed) - before;
    // Four waits a trip, for each of which it has a few turns of half a megabyte both ways.
    let megabytes = meanwhile >> 20;
    assert!(megabytes < TRIPS * 4 * 4, "{megabytes} MB");
    endless.abort();
    relay.abort();
}

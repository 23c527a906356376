//! Whose bytes are looked at, and from when on they are not.

use super::*;
use crate::inbound::Protocol;
use crate::model::{Facet, FirstFlight, L4, Moment, Route};
use crate::net::{FlowMeter, OsStream, copy_both};
use crate::session::settings::Start;
use crate::wire::first_flight::kind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

const HELLO: &[u8] = b"\x16\x03\x01";

fn flow(service: &str, bare: bool) -> Arc<Flow> {
    let route = Route { service: service.into(), facet: Facet::Text, transport: "direct".into(), l4: L4::Tcp };
    let start = Start { moment: Moment::default(), instant: Instant::now() };
    let birth = Birth { route, start, endpoint: None, rtt: None, bare, protocol: Protocol::Socks5 };
    Arc::new(Flow::new(birth, true))
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

/// A tap on a socket, and the server at its other end.
async fn tap(flow: Arc<Flow>, first: &[u8]) -> (Tap, TcpStream) {
    let (near, server) = pair().await;
    let follow = Follow::after(&kind(HELLO, FirstFlight::Sniff), HELLO);
    let mut tap = Tap { inner: Box::new(OsStream::new(near).unwrap()), follow, ended: false, flow };
    tap.follow.feed(first);
    tap.flow.meter.add_down(first.len());
    (tap, server)
}

#[tokio::test]
async fn what_a_service_says_is_looked_at_for_as_long_as_it_can_be_told() {
    let record = [&b"\x16\x03\x03\x40\x00"[..], &[0; 1000]].concat();
    for (what, service, bare, first, more, unseen) in [
        ("a service's transfer", "signal", true, &record[..], 1 << 30, false),
        ("a service that does not speak TLS after all", "signal", true, b"220 ready\r\n", 0, true),
        ("anybody else at first", "other", true, &record, 0, false),
        ("anybody else's bulk", "other", true, &record, 1 << 20, true),
        ("anybody else's in a tunnel, which may die", "other", false, &record, 1 << 30, false),
    ] {
        let (tap, _server) = tap(flow(service, bare), first).await;
        tap.flow.meter.add_down(more);
        assert_eq!(tap.can_pull(), unseen, "{what}");
    }
}

#[tokio::test]
async fn bytes_that_pass_unseen_leave_no_debt_behind() {
    let (tap, mut server) = tap(flow("other", true), b"\x17\x03\x03\x40\x00").await;
    let flow = Arc::clone(&tap.flow);
    flow.hears(tap.follow.debt());
    flow.meter.add_down(2 << 20);
    let (mut app, near) = pair().await;
    let relay = tokio::spawn(async move {
        let (mut client, mut server): (Stream, Stream) = (Box::new(OsStream::new(near).unwrap()), Box::new(tap));
        copy_both(&mut client, &mut server, &FlowMeter::new(), std::future::pending()).await
    });
    let sent = vec![0x17; 6 << 20];
    let send = async {
        server.write_all(&sent).await.unwrap();
        // A little at the end is copied again, and must not be taken for the beginning of a record.
        for _ in 0..3 {
            server.write_all(b"\x17\x03\x03\x40\x00").await.unwrap();
        }
    };
    let mut got = vec![0; sent.len() + 15];
    let (read, ()) = tokio::join!(app.read_exact(&mut got), send);
    read.unwrap();
    assert!(got[..sent.len()] == sent);
    assert_eq!(flow.facts().owed, crate::judge::freeze::Owed::Nothing);
    drop((app, server));
    relay.await.unwrap();
}

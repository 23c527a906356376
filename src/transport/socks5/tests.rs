//! Our SOCKS5 client against scripted proxies: what each says, and what that is called.

use super::*;
use crate::model::{Leg, Secret};
use crate::net::{PacketIo, Packets};
use crate::transport::{PacketDialer, dialer};
use std::io;
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::sync::mpsc;

fn settings(login: Option<(&str, &str)>) -> Socks5Server {
    let login = login.map(|(user, password)| Login { user: user.into(), password: Secret::new(password.into()) });
    Socks5Server { server: Destination::parse("proxy.example:1080").unwrap(), login }
}

/// A proxy that expects `script[n].0` and answers `script[n].1`, then hands its end over.
fn scripted(
    script: Vec<(&'static [u8], &'static [u8])>,
) -> (Arc<dyn StreamDialer>, mpsc::UnboundedReceiver<DuplexStream>) {
    let (give, take) = mpsc::unbounded_channel();
    let dial = dialer(move |_, _| {
        let (near, mut far) = duplex(4096);
        let (script, give) = (script.clone(), give.clone());
        tokio::spawn(async move {
            for (asked, answer) in script {
                let mut got = vec![0; asked.len()];
                far.read_exact(&mut got).await.unwrap();
                assert_eq!(got, asked);
                far.write_all(answer).await.unwrap();
            }
            give.send(far).ok();
        });
        Box::pin(async { Ok(Box::new(near) as Stream) })
    });
    (Arc::new(dial), take)
}

const GREETING: &[u8] = &[5, 1, 0];
const ASK_NAME: &[u8] = b"\x05\x01\x00\x03\x06a.test\x01\xbb";

async fn dial(login: Option<(&str, &str)>, script: Vec<(&'static [u8], &'static [u8])>) -> Result<Stream, Failure> {
    let (inner, mut far) = scripted(script);
    let streams = Socks5Streams::new(&settings(login), inner).unwrap();
    let to = Destination::parse("a.test:443").unwrap();
    let outcome = streams.dial(&to, Deadline::after(Duration::from_secs(4))).await;
    drop(far.try_recv());
    outcome
}

#[tokio::test(start_paused = true)]
async fn a_name_goes_to_the_proxy_unresolved_and_the_login_with_it() {
    assert!(dial(None, vec![(GREETING, &[5, 0]), (ASK_NAME, &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])]).await.is_ok());
    let script: Vec<(&[u8], &[u8])> =
        vec![(&[5, 2, 0, 2], &[5, 2]), (b"\x01\x02me\x03key", &[1, 0]), (ASK_NAME, &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])];
    assert!(dial(Some(("me", "key")), script).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_the_proxy_says_is_kept_apart_from_what_it_is() {
    let said = |reply: &'static [u8]| dial(None, vec![(GREETING, &[5, 0]), (ASK_NAME, reply)]);
    for (reply, cause, leg) in [
        (&[5, 1, 0, 1, 0, 0, 0, 0, 0, 0][..], Cause::RefusedByProxy, Leg::Far),
        (&[5, 2, 0, 1, 0, 0, 0, 0, 0, 0], Cause::RefusedByProxy, Leg::Near),
        (&[5, 3, 0, 1, 0, 0, 0, 0, 0, 0], Cause::NetworkUnreachable, Leg::Far),
        (&[5, 4, 0, 1, 0, 0, 0, 0, 0, 0], Cause::HostUnreachable, Leg::Far),
        (&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0], Cause::ConnectionRefused, Leg::Far),
        (&[5, 7, 0, 1, 0, 0, 0, 0, 0, 0], Cause::NotSupported, Leg::Near),
        (b"HTTP/1.1 400", Cause::InvalidAnswer, Leg::Near),
    ] {
        let failure = said(reply).await.err().unwrap();
        assert_eq!((failure.cause, failure.leg), (cause, leg), "{reply:?}");
    }
    let refused = dial(None, vec![(GREETING, &[5, 0xFF])]).await.err().unwrap();
    assert_eq!((refused.cause, refused.leg), (Cause::AuthenticationFailed, Leg::Near));
    let script: Vec<(&[u8], &[u8])> = vec![(&[5, 2, 0, 2], &[5, 2]), (b"\x01\x02me\x03key", &[1, 1])];
    let refused = dial(Some(("me", "key")), script).await.err().unwrap();
    assert_eq!((refused.cause, refused.leg), (Cause::AuthenticationFailed, Leg::Near));
}

#[tokio::test(start_paused = true)]
async fn a_silent_proxy_costs_the_deadline_and_no_more() {
    let inner = dialer(|_, _| {
        let (near, far) = duplex(64);
        tokio::spawn(async move {
            let _open = far;
            std::future::pending::<()>().await;
        });
        Box::pin(async { Ok(Box::new(near) as Stream) })
    });
    let streams = Socks5Streams::new(&settings(None), Arc::new(inner)).unwrap();
    let to = Destination::parse("a.test:443").unwrap();
    let failure = streams.dial(&to, Deadline::after(Duration::from_secs(4))).await.err().unwrap();
    assert_eq!((failure.cause, failure.leg), (Cause::GenericTimeoutError, Leg::Near));
    assert_eq!(failure.elapsed, Duration::from_secs(4));
}

#[test]
fn a_login_that_the_protocol_cannot_carry_is_refused() {
    for (user, password) in [("", "x"), ("x", ""), (&*"u".repeat(256), "x")] {
        let inner = dialer(|_, _| Box::pin(async { Err(silent()) }));
        let built = Socks5Streams::new(&settings(Some((user, password))), Arc::new(inner));
        assert!(matches!(built.err().unwrap(), BuildError::Login));
    }
}

type Sent = (Destination, Vec<u8>);

/// Echoes every packet back as if from the place in `from`.
#[derive(Clone, Default)]
struct Mirror {
    sent: Arc<Mutex<Vec<Sent>>>,
    forged_first: bool,
}

impl PacketDialer for Mirror {
    fn associate(&self, _: Deadline) -> BoxFuture<'_, Result<Packets, Failure>> {
        Box::pin(async { Ok(Box::new(self.clone()) as Packets) })
    }
}

impl PacketIo for Mirror {
    fn poll_send(&self, _: &mut Context<'_>, packet: &[u8], to: &Destination) -> Poll<io::Result<()>> {
        let mut sent = self.sent.lock().unwrap();
        if self.forged_first {
            sent.push((Destination::parse("198.51.100.66:666").unwrap(), packet.to_vec()));
        }
        sent.push((to.clone(), packet.to_vec()));
        Poll::Ready(Ok(()))
    }
    fn poll_recv(&self, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        let mut sent = self.sent.lock().unwrap();
        if sent.is_empty() {
            return Poll::Pending;
        }
        let (from, packet) = sent.remove(0);
        buf.put_slice(&packet);
        Poll::Ready(Ok(from))
    }
}

const ASK_UDP: &[u8] = &[5, 3, 0, 1, 0, 0, 0, 0, 0, 0];

async fn associated(
    server: &str,
    reply: &'static [u8],
    mirror: Mirror,
) -> (Packets, mpsc::UnboundedReceiver<DuplexStream>) {
    let (inner, far) = scripted(vec![(GREETING, &[5, 0]), (ASK_UDP, reply)]);
    let settings = Socks5Server { server: Destination::parse(server).unwrap(), login: None };
    let streams = Socks5Streams::new(&settings, inner).unwrap();
    let packets = Socks5Packets::new(&streams, Arc::new(mirror), false);
    (packets.associate(Deadline::after(Duration::from_secs(4))).await.unwrap(), far)
}

#[tokio::test(start_paused = true)]
async fn packets_go_to_the_relay_and_a_relay_at_any_address_is_at_the_proxy() {
    for (reply, relay) in [
        (&[5, 0, 0, 1, 192, 0, 2, 9, 0x13, 0x88][..], "192.0.2.9:5000"),
        (&[5, 0, 0, 1, 0, 0, 0, 0, 0x13, 0x88], "203.0.113.5:5000"),
    ] {
        let mirror = Mirror { forged_first: true, ..Mirror::default() };
        let (packets, _open) = associated("203.0.113.5:1080", reply, mirror.clone()).await;
        let to = Destination::parse("stun.example:3478").unwrap();
        packets.send(b"ping", &to).await.unwrap();
        assert_eq!(mirror.sent.lock().unwrap()[1].0.authority(), relay);
        let mut buf = [0; 64];
        let (length, from) = packets.recv(&mut buf).await.unwrap();
        assert_eq!((&buf[..length], from), (&b"ping"[..], to), "and the forged one is dropped");
    }
}

#[tokio::test(start_paused = true)]
async fn the_association_ends_with_its_control_connection() {
    let reply = &[5, 0, 0, 1, 0, 0, 0, 0, 0x13, 0x88];
    let (packets, mut far) = associated("203.0.113.5:1080", reply, Mirror::default()).await;
    let control = far.recv().await.unwrap();
    let mut buf = [0; 64];
    let waited = tokio::time::timeout(Duration::from_secs(1), packets.recv(&mut buf)).await;
    assert!(waited.is_err(), "nothing to receive while it is open");
    drop(control);
    assert_eq!(packets.recv(&mut buf).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}

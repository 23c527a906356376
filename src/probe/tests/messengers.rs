//! The messengers' own protocols: over a bare stream, inside a WebSocket, in packets.

use super::asker;
use super::kinds::{failure, https, pinned, spec};
use super::origin::{Pki, Served, way};
use crate::model::{Cause, Destination, Grade, L4, Stage};
use crate::net::{PacketIo, Packets};
use crate::probe::ask::Asked;
use crate::probe::spec::{Kind, Spec, Talk};
use crate::wire::{mtproto, noise, stun};
use futures_util::{SinkExt, StreamExt};
use std::io;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio_tungstenite::tungstenite::Message;

const KEY: u64 = 0x00c0_ffee;

fn telegram(key: u64) -> Kind {
    Kind::Telegram { dc: 2, fingerprints: Arc::new([key]) }
}

/// A data centre that answers with `KEY`; `twist` spoils the nonce it answers to.
fn data_centre(twist: u8) -> Served {
    Served::by(move |mut pipe| async move {
        let mut server = mtproto::Server::new();
        let mut buf = [0; 1024];
        loop {
            let Ok(count @ 1..) = pipe.read(&mut buf).await else { return };
            if let Some(mut nonce) = server.receive(&buf[..count]).unwrap() {
                nonce[0] ^= twist;
                pipe.write_all(&server.res_pq(&nonce, &[9; 16], &[1, KEY])).await.unwrap();
            }
        }
    })
}

/// A chat server under `authority`, that answers in two pieces.
fn chat(authority: Arc<noise::Authority>) -> Served {
    Served::by(move |mut pipe| async move {
        let mut hello = vec![0; 43];
        pipe.read_exact(&mut hello).await.unwrap();
        let answer = noise::serve(&hello, &authority, &[5; 64]).unwrap().unwrap();
        let (one, two) = answer.split_at(100);
        pipe.write_all(one).await.unwrap();
        tokio::task::yield_now().await;
        pipe.write_all(two).await.unwrap();
        let _ = pipe.read(&mut [0; 64]).await;
    })
}

async fn ask(kind: Kind, serve: impl Fn(&Destination) -> Option<Served> + Send + Sync + 'static) -> Asked {
    let (way, _) = way("direct", true, serve);
    let spec = spec(kind);
    asker().ask(&way, &spec, &spec.targets[0]).await
}

#[tokio::test]
async fn a_data_centre_with_a_known_key_is_grade_a_and_with_another_grade_b() {
    for (key, grade) in [(KEY, Grade::A), (77, Grade::B)] {
        let (answer, _) = ask(telegram(key), |_: &_| Some(data_centre(0))).await.outcome.unwrap();
        assert_eq!(answer.grade, grade);
    }
}

#[tokio::test]
async fn an_answer_to_another_nonce_is_no_answer() {
    let failure = failure(ask(telegram(KEY), |_: &_| Some(data_centre(1))).await);
    assert_eq!((failure.stage, failure.cause), (Stage::App, Cause::InvalidAnswer));
}

#[tokio::test]
async fn a_chat_server_is_told_from_one_under_another_root() {
    let (real, forged) = (Arc::new(noise::Authority::new(&[1; 64])), Arc::new(noise::Authority::new(&[2; 64])));
    let root = real.root();
    let (answer, _) = ask(Kind::Noise { root }, move |_: &_| Some(chat(real.clone()))).await.outcome.unwrap();
    assert_eq!(answer.grade, Grade::A);
    let failure = failure(ask(Kind::Noise { root }, move |_: &_| Some(chat(forged.clone()))).await);
    assert_eq!((failure.stage, failure.cause), (Stage::App, Cause::SslUnknownAuthority));
}

#[tokio::test]
async fn the_same_questions_are_put_inside_a_websocket() {
    let pki = Pki::new("service");
    let authority = Arc::new(noise::Authority::new(&[1; 64]));
    let talks = [Talk::Noise { root: authority.root() }, Talk::Telegram { dc: 2, fingerprints: Arc::new([KEY]) }];
    for talk in talks {
        let (acceptor, authority) = (pki.acceptor("svc.test", &["http/1.1"]), Arc::clone(&authority));
        let is_noise = matches!(talk, Talk::Noise { .. });
        let serve = move |_: &_| {
            let (acceptor, authority) = (acceptor.clone(), Arc::clone(&authority));
            Some(Served::by(move |pipe| async move {
                let tls = acceptor.accept(pipe).await.unwrap();
                let mut socket = tokio_tungstenite::accept_async(tls).await.unwrap();
                let hello = socket.next().await.unwrap().unwrap().into_data();
                let answer = if is_noise {
                    noise::serve(&hello, &authority, &[5; 64]).unwrap().unwrap()
                } else {
                    let mut server = mtproto::Server::new();
                    let nonce = server.receive(&hello).unwrap().unwrap();
                    server.res_pq(&nonce, &[9; 16], &[KEY])
                };
                socket.send(Message::binary(answer)).await.unwrap();
                while let Some(Ok(_)) = socket.next().await {}
            }))
        };
        let https = https(pinned(&pki));
        let origin = Some("https://svc.test".to_owned());
        let kind = Kind::WebSocket { https, subprotocol: None, origin, talk };
        assert_eq!(ask(kind, serve).await.outcome.unwrap().0.grade, Grade::A);
    }
}

/// Packets to a STUN server that hears only from its `deaf`th request on.
struct Pipe {
    deaf: usize,
    sent: Mutex<Vec<Vec<u8>>>,
}

impl PacketIo for Pipe {
    fn poll_send(&self, _: &mut Context<'_>, packet: &[u8], _: &Destination) -> Poll<io::Result<()>> {
        self.sent.lock().unwrap().push(packet.to_vec());
        Poll::Ready(Ok(()))
    }

    fn poll_recv(&self, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        let mut sent = self.sent.lock().unwrap();
        if sent.len() <= self.deaf {
            return Poll::Pending;
        }
        let request = sent.pop().unwrap();
        let transaction = stun::parse_request(&request).unwrap();
        buf.put_slice(&stun::binding_answer(transaction, "203.0.113.5:4000".parse().unwrap()));
        Poll::Ready(Ok(Destination::parse("svc.test:3478").unwrap()))
    }
}

async fn ask_stun(deaf: usize) -> Asked {
    let (mut way, _) = way("direct", true, |_: &_| None);
    way.packets = Some(Arc::new(Associate(deaf)));
    let spec = Spec { l4: L4::Udp, ..spec(Kind::Stun) };
    asker().ask(&way, &spec, &spec.targets[0]).await
}

struct Associate(usize);

impl crate::transport::PacketDialer for Associate {
    fn associate(
        &self,
        _: crate::net::Deadline,
    ) -> futures_util::future::BoxFuture<'_, Result<Packets, crate::model::Failure>> {
        let pipe = Pipe { deaf: self.0, sent: Mutex::default() };
        Box::pin(async move { Ok(Box::new(pipe) as Packets) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_packet_is_sent_again_and_silence_is_told_after_five_seconds() {
    let asked = ask_stun(1).await;
    assert_eq!(asked.took, Duration::from_millis(500));
    assert_eq!(asked.outcome.unwrap().0.grade, Grade::A);
    let asked = ask_stun(9).await;
    assert_eq!(asked.took, Duration::from_secs(5));
    let failure = failure(asked);
    assert_eq!((failure.stage, failure.cause), (Stage::Udp, Cause::UdpNoReply));
}

#[tokio::test]
async fn a_way_without_packets_says_so() {
    let (way, _) = way("home", false, |_: &_| None);
    let spec = Spec { l4: L4::Udp, ..spec(Kind::Stun) };
    assert_eq!(failure(asker().ask(&way, &spec, &spec.targets[0]).await).cause, Cause::NotSupported);
}

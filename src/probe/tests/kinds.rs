//! Each kind of probe over TLS and HTTP, and each way of being stopped.

use super::asker;
use super::origin::{Pki, Served, Site, way};
use crate::model::{Cause, Destination, Facet, Failure, Grade, L4, ServiceId, Stage, TcpFacts, Whose};
use crate::probe::ask::Asked;
use crate::probe::spec::{Https, Kind, Method, Roots, Spec, Talk};
use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

pub(super) fn spec(kind: Kind) -> Spec {
    let targets = vec![Destination::parse("svc.test:443").unwrap()];
    Spec { service: ServiceId::from("svc"), facet: Facet::Text, l4: L4::Tcp, targets, kind }
}

pub(super) fn https(roots: Roots) -> Https {
    Https {
        name: None,
        alpn: vec!["h2".into(), "http/1.1".into()],
        roots,
        method: Method::Get,
        path: "/v1".into(),
        proof_header: None,
        body_bytes: 0,
    }
}

pub(super) fn pinned(pki: &Pki) -> Roots {
    Roots::Pinned(vec![pki.root.clone()].into())
}

async fn ask(kind: Kind, serve: impl Fn(&Destination) -> Option<Served> + Send + Sync + 'static) -> Asked {
    let (way, _) = way("direct", true, serve);
    let spec = spec(kind);
    asker().ask(&way, &spec, &spec.targets[0]).await
}

pub(super) fn failure(asked: Asked) -> Failure {
    asked.outcome.err().unwrap()
}

#[tokio::test]
async fn a_web_answer_behind_the_right_chain_is_grade_a_in_either_http() {
    let pki = Pki::new("service");
    for (alpn, line) in [("h2", "HTTP/2.0 GET /v1 svc.test"), ("http/1.1", "HTTP/1.1 GET /v1 svc.test")] {
        let site = Site { status: 404, fields: vec![("date", "Sat, 01 Aug 2026 00:00:00 GMT")], ..Site::default() };
        let (lines, acceptor) = (Arc::clone(&site.asked), pki.acceptor("svc.test", &[alpn]));
        let serve = move |_: &_| Some(site.clone().behind(acceptor.clone()));
        let (answer, date) = ask(Kind::Https(https(pinned(&pki))), serve).await.outcome.unwrap();
        assert_eq!((answer.grade, answer.body_proven, date), (Grade::A, false, Some(super::NOW)));
        assert_eq!(*lines.lock().unwrap(), [line]);
    }
}

#[tokio::test]
async fn without_the_header_that_only_the_service_sends_the_answer_is_grade_b() {
    let pki = Pki::new("service");
    let mut question = https(pinned(&pki));
    question.proof_header = Some("x-proof".into());
    for (fields, grade) in [(vec![], Grade::B), (vec![("x-proof", "1")], Grade::A)] {
        let site = Site { status: 200, fields, ..Site::default() };
        let acceptor = pki.acceptor("svc.test", &["h2"]);
        let serve = move |_: &_| Some(site.clone().behind(acceptor.clone()));
        let (answer, _) = ask(Kind::Https(question.clone()), serve).await.outcome.unwrap();
        assert_eq!(answer.grade, grade);
    }
}

#[tokio::test]
async fn only_64_kilobytes_of_one_body_prove_it() {
    let pki = Pki::new("service");
    let question = Https { body_bytes: 65_536, ..https(pinned(&pki)) };
    for (length, proven) in [(65_536, true), (65_535, false), (0, false)] {
        let site = Site { status: 200, body: vec![b'x'; length], ..Site::default() };
        let acceptor = pki.acceptor("svc.test", &["h2"]);
        let serve = move |_: &_| Some(site.clone().behind(acceptor.clone()));
        let (answer, _) = ask(Kind::Https(question.clone()), serve).await.outcome.unwrap();
        assert_eq!(answer.body_proven, proven, "{length}");
    }
}

#[tokio::test]
async fn somebody_elses_certificate_is_told_apart_from_everything_else() {
    let (service, stranger) = (Pki::new("service"), Pki::new("stranger"));
    let acceptor = stranger.acceptor("svc.test", &[]);
    let site = Site { status: 200, ..Site::default() };
    let serve = move |_: &_| Some(site.clone().behind(acceptor.clone()));
    let failure = failure(ask(Kind::Https(https(pinned(&service))), serve).await);
    assert_eq!((failure.stage, failure.cause), (Stage::Handshake, Cause::SslUnknownAuthority));
    assert!(failure.received > 0);
}

#[tokio::test]
async fn a_handshake_alone_is_grade_b() {
    let pki = Pki::new("service");
    let acceptor = pki.acceptor("svc.test", &["apns-security-v3"]);
    let serve = move |_: &_| Some(Site::default().behind(acceptor.clone()));
    let question = Https { alpn: vec!["apns-security-v3".into()], ..https(Roots::Any) };
    let (answer, _) = ask(Kind::Tls(question), serve).await.outcome.unwrap();
    assert_eq!(answer.grade, Grade::B);
}

#[tokio::test]
async fn a_connect_is_not_a_success_and_an_end_after_the_hello_is_named() {
    let pki = Pki::new("service");
    let failure = failure(ask(Kind::Https(https(pinned(&pki))), |_: &_| Some(Served::eof())).await);
    assert_eq!((failure.stage, failure.cause, failure.received), (Stage::FirstFlight, Cause::EofError, 0));
    assert!(failure.endpoint.is_some());
}

#[tokio::test]
async fn a_refusal_is_a_failure_of_the_connect() {
    let failure = failure(ask(Kind::Https(https(Roots::Any)), |_: &_| None).await);
    assert_eq!(
        (failure.stage, failure.cause, failure.whose),
        (Stage::Connect, Cause::ConnectionRefused, Whose::Network)
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_hello_is_given_up_after_five_seconds_with_the_kernels_facts() {
    let facts = TcpFacts { bytes_acked: 1, unacked: 1, retransmits: 4, ..TcpFacts::default() };
    let asked = ask(Kind::Https(https(Roots::Any)), move |_: &_| Some(Served::mute(facts))).await;
    assert_eq!(asked.took, Duration::from_secs(5));
    let failure = failure(asked);
    assert_eq!((failure.stage, failure.cause), (Stage::FirstFlight, Cause::GenericTimeoutError));
    assert_eq!(failure.tcp, Some(facts));
}

#[tokio::test(start_paused = true)]
async fn a_long_line_is_given_six_round_trips() {
    let facts = TcpFacts { rtt: Duration::from_millis(1500), ..TcpFacts::default() };
    let asked = ask(Kind::Https(https(Roots::Any)), move |_: &_| Some(Served::mute(facts))).await;
    assert_eq!(asked.took, Duration::from_secs(9));
}

#[tokio::test(start_paused = true)]
async fn bytes_that_stop_are_a_stall_with_their_count() {
    // The first five bytes of a TLS record that never goes on.
    let begun = vec![0x16, 3, 3, 0x10, 0];
    let asked = ask(Kind::Https(https(Roots::Any)), move |_: &_| Some(Served::saying(begun.clone()))).await;
    assert_eq!(asked.took, Duration::from_secs(8));
    let failure = failure(asked);
    assert_eq!((failure.stage, failure.cause, failure.received), (Stage::Handshake, Cause::StalledAfterBytes, 5));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_freezes_is_a_failure_of_the_body() {
    let pki = Pki::new("service");
    let acceptor = pki.acceptor("svc.test", &["http/1.1"]);
    let serve = move |_: &_| {
        let acceptor = acceptor.clone();
        Some(Served::by(move |pipe| async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut tls = acceptor.accept(pipe).await.unwrap();
            let _ = tls.read(&mut [0; 4096]).await;
            tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n").await.unwrap();
            tls.write_all(&[b'x'; 16_000]).await.unwrap();
            tls.flush().await.unwrap();
            std::future::pending::<()>().await;
        }))
    };
    let question = Https { body_bytes: 65_536, ..https(pinned(&pki)) };
    let failure = failure(ask(Kind::Https(question), serve).await);
    assert_eq!((failure.stage, failure.cause), (Stage::Body, Cause::StalledAfterBytes));
    assert!((16_000..20_000).contains(&failure.received), "{}", failure.received);
}

#[tokio::test]
async fn discords_gateway_is_heard_out() {
    let pki = Pki::new("service");
    for (says, grade) in [(r#"{"op":10,"d":{"heartbeat_interval":41250}}"#, Some(Grade::A)), (r#"{"op":1}"#, None)] {
        let acceptor = pki.acceptor("svc.test", &["h2", "http/1.1"]);
        let serve = move |_: &_| {
            let acceptor = acceptor.clone();
            Some(Served::by(move |pipe| async move {
                let tls = acceptor.accept(pipe).await.unwrap();
                let mut socket = tokio_tungstenite::accept_async(tls).await.unwrap();
                socket.send(Message::text(says)).await.unwrap();
                while let Some(Ok(_)) = socket.next().await {}
            }))
        };
        let https = https(pinned(&pki));
        let kind = Kind::WebSocket { https, subprotocol: None, origin: None, talk: Talk::DiscordHello };
        let asked = ask(kind, serve).await;
        match grade {
            Some(grade) => assert_eq!(asked.outcome.unwrap().0.grade, grade),
            None => assert_eq!(failure(asked).cause, Cause::InvalidAnswer),
        }
    }
}

#[tokio::test]
async fn a_refused_upgrade_is_a_server_that_spoke() {
    let pki = Pki::new("service");
    let acceptor = pki.acceptor("svc.test", &["http/1.1"]);
    let site = Site { status: 403, ..Site::default() };
    let serve = move |_: &_| Some(site.clone().behind(acceptor.clone()));
    let https = https(pinned(&pki));
    let kind = Kind::WebSocket { https, subprotocol: None, origin: None, talk: Talk::DiscordHello };
    assert_eq!(ask(kind, serve).await.outcome.unwrap().0.grade, Grade::B);
}

#[tokio::test(start_paused = true)]
async fn an_answered_connection_is_kept_a_moment_and_closed_in_order() {
    let pki = Pki::new("service");
    let (ended, seen) = tokio::sync::oneshot::channel();
    let ended = Arc::new(std::sync::Mutex::new(Some(ended)));
    let (way, _) = way("direct", true, move |_: &_| {
        let (acceptor, ended) = (pki.acceptor("svc.test", &[]), ended.lock().unwrap().take());
        Some(Served::by(move |pipe| async move {
            use tokio::io::AsyncReadExt;
            let mut tls = acceptor.accept(pipe).await.unwrap();
            // An end without close_notify would be an error here.
            let rest = tls.read_to_end(&mut Vec::new()).await;
            let _ = ended.map(|ended| ended.send(rest.is_ok()));
        }))
    });
    let (asker, spec) = (asker(), spec(Kind::Tls(https(Roots::Any))));
    let asked = asker.ask(&way, &spec, &spec.targets[0]).await;
    assert!(asked.outcome.is_ok());
    let answered = tokio::time::Instant::now();
    assert!(seen.await.unwrap());
    assert!((1..=5).contains(&answered.elapsed().as_secs()), "{:?}", answered.elapsed());
}

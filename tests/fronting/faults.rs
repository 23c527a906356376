//! Each fault of a tunnel has its own name.

use crate::papers::{Dates, Papers};
use crate::peers::{Dress, edge, trojan, v2ray};
use crate::traffic::{dial, echo, soon, way, web_site};
use crate::tunnels::{NAME, papers, tls, trojan_at, vless, websocket};
use byway::model::{Cause, Failure, Leg, Stage};
use byway::transport::{Kind, Transport, VlessServer};
use byway::wire::vless::UserId;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn named(failure: &Failure) -> (Cause, Leg) {
    (failure.cause, failure.leg)
}

/// What is learnt of a way by speaking: from the dial, or from the first answer.
async fn spoken(way: &Transport, to: SocketAddr, words: &[u8]) -> Option<Failure> {
    let mut stream = match dial(way, to).await {
        Ok(stream) => stream,
        Err(failure) => return Some(failure),
    };
    let answer = async {
        stream.write_all(words).await?;
        stream.flush().await?;
        stream.read(&mut [0; 64]).await
    };
    match soon().run(answer).await.expect("in time") {
        Ok(0) => None,
        Ok(_) => panic!("an answer"),
        Err(error) => Some(Failure::from_io(Stage::FirstFlight, &error)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_will_not_do_says_why() {
    let other = papers();
    for (names, dates, believed, cause) in [
        ([NAME], Dates::Past, true, Cause::CertificateExpired),
        ([NAME], Dates::Future, true, Cause::CertificateNotYetValid),
        (["other.example"], Dates::Now, true, Cause::SslInvalidHostname),
        ([NAME], Dates::Now, false, Cause::SslUnknownAuthority),
    ] {
        let papers = Papers::new(&names, dates);
        let dress = Dress { papers: Some(&papers), path: None, early_data: 0 };
        let Some(peer) = v2ray(dress).await else { return };
        let trusted = if believed { &papers } else { &other };
        let failure = dial(&way(vless(peer.at, trusted, None)), echo().await).await.err().unwrap();
        assert_eq!(named(&failure), (cause, Leg::Near));
        assert_eq!(failure.transport, Some("tunnel".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_vless_does_not_know_is_told_from_a_dead_destination() {
    let papers = papers();
    let dress = Dress { papers: Some(&papers), path: None, early_data: 0 };
    let Some(peer) = v2ray(dress).await else { return };
    let user = UserId::parse("somebody else").unwrap();
    let stranger = way(Kind::Vless(VlessServer { server: peer.at.into(), user, tls: tls(&papers), websocket: None }));
    // One end without a word may be the destination's own doing.
    assert_eq!(spoken(&stranger, echo().await, b"hello").await, None);
    let failure = spoken(&stranger, echo().await, b"hello").await.unwrap();
    assert_eq!(named(&failure), (Cause::AuthenticationFailed, Leg::Near));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_trojan_password_is_told_by_the_web_site_in_its_place() {
    let papers = papers();
    let Some(peer) = trojan(&papers, web_site().await).await else { return };
    let stranger = way(trojan_at(peer.at, &papers, "close sesame", None));
    let failure = spoken(&stranger, echo().await, &[0x16, 3, 1, 0, 0]).await.unwrap();
    assert_eq!(named(&failure), (Cause::AuthenticationFailed, Leg::Near));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_refuses_is_told_from_one_that_reaches_nobody() {
    let papers = papers();
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    let Some(peer) = edge(&papers, nobody, false).await else { return };
    // An unknown host gets 421 of this edge.
    let failure = dial(&way(vless(peer.at, &papers, websocket("/ws", 0))), echo().await).await.err().unwrap();
    assert_eq!(named(&failure), (Cause::HostRefused, Leg::Near));
    let mut hidden = websocket("/ws", 0);
    if let Some(spec) = &mut hidden {
        spec.host = "hidden.example".into();
    }
    let failure = dial(&way(vless(peer.at, &papers, hidden)), echo().await).await.err().unwrap();
    assert_eq!(named(&failure), (Cause::OriginDown, Leg::Near));
    // With early data the same is learnt a step later.
    let failure = spoken(&way(vless(peer.at, &papers, websocket("/ws", 1024))), echo().await, b"hello").await.unwrap();
    assert_eq!(named(&failure), (Cause::HostRefused, Leg::Near));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_that() {
    let papers = papers();
    let dress = Dress { papers: Some(&papers), path: None, early_data: 0 };
    let Some(mut peer) = v2ray(dress).await else { return };
    let way = way(vless(peer.at, &papers, None));
    assert!(dial(&way, echo().await).await.is_ok());
    peer.stop().await;
    let failure = dial(&way, echo().await).await.err().unwrap();
    assert_eq!(named(&failure), (Cause::ConnectionRefused, Leg::Near));
}

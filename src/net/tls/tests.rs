//! Handshakes against an in-process server with certificates made for the test.

use super::*;
use crate::model::Private;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

struct Ca {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    der: Vec<u8>,
}

fn ca(name: &str) -> Ca {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let key = rcgen::KeyPair::generate().unwrap();
    let der = params.self_signed(&key).unwrap().der().to_vec();
    Ca { issuer: rcgen::Issuer::new(params, key), der }
}

/// A TLS server on an in-memory pipe: echoes once.
fn server(ca: &Ca, names: &[&str], expired: bool) -> Stream {
    let mut params = rcgen::CertificateParams::new(names.iter().map(|n| n.to_string()).collect::<Vec<_>>()).unwrap();
    if expired {
        params.not_after = rcgen::date_time_ymd(2001, 1, 1);
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
    }
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &ca.issuer).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let (client, server) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        if let Ok(mut tls) = acceptor.accept(server).await {
            let name = tls.get_ref().1.server_name().unwrap_or("none").to_string();
            tls.write_all(name.as_bytes()).await.unwrap();
            tls.shutdown().await.unwrap();
        }
    });
    Box::new(client)
}

fn host(name: &str) -> Host {
    Host::parse(name).unwrap()
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(5))
}

async fn attempt(trust: Trust, stream: Stream, names: Names) -> Result<TlsStream, TlsFailure> {
    TlsClient::new(&trust, &["h2"]).unwrap().connect(stream, &names, soon()).await
}

#[tokio::test]
async fn the_name_shown_and_the_name_checked_are_two_choices() {
    let ca = ca("Test Root");
    let only = Trust::Only(vec![ca.der.clone()].into());
    let names = Names { shown: Some(host("front.test")), checked: host("hidden.test") };
    let mut tls = attempt(only.clone(), server(&ca, &["hidden.test"], false), names).await.unwrap();
    assert_eq!(tls.alpn(), Some(&b"h2"[..]));
    let mut seen = String::new();
    tls.read_to_string(&mut seen).await.unwrap();
    assert_eq!(seen, "front.test");

    let nameless = Names { shown: None, checked: host("hidden.test") };
    let mut tls = attempt(only, server(&ca, &["hidden.test"], false), nameless).await.unwrap();
    let mut seen = String::new();
    tls.read_to_string(&mut seen).await.unwrap();
    assert_eq!(seen, "none");
}

#[tokio::test]
async fn each_wrong_certificate_has_its_own_name_and_the_issuer_is_told() {
    let (good, bad) = (ca("Test Root"), ca("Ministry of Truth"));
    let only = Trust::Only(vec![good.der.clone()].into());
    for (stream, cause, issuer) in [
        (server(&bad, &["a.test"], false), Cause::SslUnknownAuthority, "Ministry of Truth"),
        (server(&good, &["b.test"], false), Cause::SslInvalidHostname, "Test Root"),
        (server(&good, &["a.test"], true), Cause::SslInvalidCertificate, "Test Root"),
    ] {
        let error = attempt(only.clone(), stream, Names::same(host("a.test"))).await.err().unwrap();
        assert_eq!((error.failure.cause, error.failure.stage), (cause, Stage::Handshake));
        assert!(error.issuer.as_deref().unwrap().contains(issuer), "{:?}", error.issuer);
        assert!(error.failure.received > 0);
    }
    let any = attempt(Trust::Any, server(&bad, &["b.test"], true), Names::same(host("a.test"))).await;
    assert_eq!(any.ok().unwrap().certificates().len(), 1);
}

#[tokio::test]
async fn the_platforms_store_does_not_know_our_root() {
    let ca = ca("Test Root");
    let names = Names::same(host("a.test"));
    let error = attempt(Trust::Platform, server(&ca, &["a.test"], false), names.clone()).await.err().unwrap();
    assert_eq!(error.failure.cause, Cause::SslUnknownAuthority);
    let besides = Trust::PlatformAnd(vec![ca.der.clone()].into());
    assert!(attempt(besides, server(&ca, &["a.test"], false), names).await.is_ok());
}

#[tokio::test]
async fn an_alert_means_that_the_peer_spoke() {
    let (client, mut peer) = tokio::io::duplex(4096);
    tokio::spawn(async move {
        peer.read_u8().await.unwrap();
        // TLS record: alert, version 1.2, length 2, fatal, unrecognized_name (RFC 8446 §6).
        peer.write_all(&[21, 3, 3, 0, 2, 2, 112]).await.unwrap();
        peer.read_to_end(&mut Vec::new()).await
    });
    let error = attempt(Trust::Any, Box::new(client), Names::same(host("a.test"))).await.err().unwrap();
    assert_eq!((error.failure.cause, error.failure.whose), (Cause::SslFailedHandshake, Whose::Peer));
    assert!(error.alert.is_some());
}

#[tokio::test(start_paused = true)]
async fn silence_and_an_early_end_are_of_the_first_flight() {
    let (client, _silent) = tokio::io::duplex(4096);
    let error = attempt(Trust::Any, Box::new(client), Names::same(host("a.test"))).await.err().unwrap();
    assert_eq!((error.failure.stage, error.failure.cause), (Stage::FirstFlight, Cause::GenericTimeoutError));
    assert_eq!(error.failure.elapsed, Duration::from_secs(5));

    let (client, peer) = tokio::io::duplex(4096);
    drop(peer);
    let error = attempt(Trust::Any, Box::new(client), Names::same(host("a.test"))).await.err().unwrap();
    assert_eq!(error.failure.stage, Stage::FirstFlight);
    assert!(matches!(error.failure.cause, Cause::EofError | Cause::ConnectionReset), "{:?}", Private(error));
}

#[test]
fn a_root_that_is_no_certificate_is_counted() {
    let ca = ca("Test Root");
    let error = TlsClient::new(&Trust::Only(vec![ca.der, vec![1, 2, 3]].into()), &[]).err().unwrap();
    assert!(matches!(error, TlsError::BadRoot { number: 2, .. }));
    assert!(matches!(TlsClient::new(&Trust::Only(Arc::new([])), &[]).err().unwrap(), TlsError::NoRoots));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_muted_answer_shows_in_the_kernels_facts() {
    use crate::net::{Network, OsNetwork, endpoint_tag};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let stream = OsNetwork.connect(at).await.unwrap();
    let (_mute, _) = listener.accept().await.unwrap();
    let client = TlsClient::new(&Trust::Any, &[]).unwrap();
    let names = Names::same(host("a.test"));
    let error = client.connect(stream, &names, Deadline::after(Duration::from_millis(300))).await.err().unwrap();
    let facts = error.failure.tcp.unwrap();
    // The hello was acknowledged (class b), nothing came back.
    assert!(facts.bytes_acked > 200 && facts.unacked == 0 && facts.bytes_received == 0, "{facts:?}");
    assert_eq!((error.failure.stage, error.failure.endpoint), (Stage::FirstFlight, Some(endpoint_tag(at))));
}

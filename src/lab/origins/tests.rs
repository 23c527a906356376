use crate::lab::{Country, World};
use crate::net::{Network, Stream};
use crate::wire::{mtproto, noise};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message as Frame;

fn country() -> Country {
    World::new().start().unwrap()
}

async fn connect(country: &Country, to: &str) -> Stream {
    country.connect(to.parse().unwrap()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_data_centre_answers_a_padded_question_with_its_nonce_and_key() {
    let country = country();
    for (padding_words, ip) in [(0, "149.154.167.51"), (63, "149.154.175.50"), (7, "[2001:67c:4e8:f002::a]")] {
        let mut stream = connect(&country, &format!("{ip}:443")).await;
        let start = mtproto::Start {
            random: std::array::from_fn(|i| i as u8 * 3 + 1),
            nonce: [5; 16],
            dc: 2,
            msg_id: 1 << 34,
            padding_words,
            padding: [8; 252],
        };
        let (mut client, hello) = mtproto::Client::hello(&start);
        stream.write_all(&hello).await.unwrap();
        let mut buf = [0; 512];
        let size = stream.read(&mut buf).await.unwrap();
        let Ok(Some(mtproto::Answer::ResPq { fingerprints, .. })) = client.answer(&buf[..size]) else {
            panic!("no resPQ from {ip}");
        };
        assert_eq!(fingerprints, [country.telegram_key()]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_data_centre_cuts_off_what_it_does_not_understand() {
    let country = country();
    let mut stream = connect(&country, "149.154.167.51:443").await;
    stream.write_all(&[0; 400]).await.unwrap();
    assert!(stream.read(&mut [0; 9]).await.map_or(true, |size| size == 0));
}

#[tokio::test(start_paused = true)]
async fn a_chat_server_proves_itself_to_the_labs_root_and_to_no_other() {
    let country = country();
    for (root, expected) in [(country.noise_root(), true), (noise::PINNED_ROOT, false)] {
        let mut stream = connect(&country, "157.240.253.61:5222").await;
        let (mut client, hello) = noise::Client::hello([7; 32]).unwrap();
        stream.write_all(&hello).await.unwrap();
        let mut buf = [0; 1024];
        let answer = loop {
            let size = stream.read(&mut buf).await.unwrap();
            assert!(size > 0);
            match client.answer(&buf[..size], &root, country.unix_now()) {
                Ok(None) => {}
                other => break other,
            }
        };
        assert_eq!(matches!(answer, Ok(Some(crate::model::Grade::A))), expected);
    }
}

async fn h2(country: &Country, roots: &str, at: &str, name: &str, request: Request<Full<Bytes>>) -> Response<Bytes> {
    let mut store = rustls::RootCertStore::empty();
    store.add(CertificateDer::from_pem_slice(roots.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = connect(country, at).await;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.unwrap();
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    Response::from_parts(head, body.collect().await.unwrap().to_bytes())
}

#[tokio::test(start_paused = true)]
async fn the_resolver_over_https_tells_the_truth_by_address() {
    let country = country();
    for (name, kind, expected) in [
        ("chat.signal.org.", RecordType::A, 2),
        ("chat.signal.org.", RecordType::AAAA, 0),
        ("no.such.name.example.", RecordType::A, 0),
    ] {
        let mut question = Message::new(0, MessageType::Query, OpCode::Query);
        question.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
        let request = Request::post("https://198.51.100.53/dns-query")
            .header("content-type", "application/dns-message")
            .body(Full::from(question.to_vec().unwrap()))
            .unwrap();
        let answer = h2(&country, &country.web_roots(), "198.51.100.53:443", "198.51.100.53", request).await;
        assert_eq!(answer.headers()["content-type"], "application/dns-message");
        let message = Message::from_vec(answer.body()).unwrap();
        let addresses: Vec<_> = message.answers.iter().filter(|r| matches!(r.data, RData::A(_))).collect();
        assert_eq!(addresses.len(), expected, "{name} {kind}");
        let missing = message.metadata.response_code == ResponseCode::NXDomain;
        assert_eq!(missing, name.starts_with("no."));
    }
}

#[tokio::test(start_paused = true)]
async fn signal_speaks_h2_under_its_own_root_with_its_header() {
    let country = country();
    let request = Request::get("https://chat.signal.org/").body(Full::default()).unwrap();
    let answer = h2(&country, &country.signal_roots(), "76.223.66.180:443", "chat.signal.org", request).await;
    let stamp = answer.headers()["x-signal-timestamp"].to_str().unwrap().parse::<u64>().unwrap();
    assert!(stamp > 1_700_000_000_000);
    assert!(answer.headers().contains_key("date"));
}

/// Opens a WebSocket to `at` as a browser does.
async fn browse(country: &Country, at: &str, url: &str) -> tokio_tungstenite::WebSocketStream<TlsStream<Stream>> {
    let mut store = rustls::RootCertStore::empty();
    store.add(CertificateDer::from_pem_slice(country.web_roots().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    let host = url.split('/').nth(2).unwrap().to_owned();
    let name = ServerName::try_from(host).unwrap();
    let tls = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, connect(country, at).await).await;
    tokio_tungstenite::client_async(url, tls.unwrap()).await.unwrap().0
}

#[tokio::test(start_paused = true)]
async fn messengers_in_a_browser_speak_inside_a_websocket() {
    let country = country();
    let mut discord = browse(&country, "203.0.113.50:443", "wss://gateway.discord.gg/?v=10&encoding=json").await;
    let hello = discord.next().await.unwrap().unwrap().into_text().unwrap();
    assert!(hello.contains(r#""op":10"#) && hello.contains("heartbeat_interval"), "{hello}");

    let mut telegram = browse(&country, "149.154.167.99:443", "wss://venus.web.telegram.org/apiws").await;
    let start = mtproto::Start {
        random: std::array::from_fn(|i| i as u8 * 3 + 1),
        nonce: [5; 16],
        dc: 2,
        msg_id: 1 << 34,
        padding_words: 3,
        padding: [8; 252],
    };
    let (mut client, hello) = mtproto::Client::hello(&start);
    telegram.send(Frame::binary(hello)).await.unwrap();
    let answer = telegram.next().await.unwrap().unwrap().into_data();
    assert!(matches!(client.answer(&answer), Ok(Some(mtproto::Answer::ResPq { .. }))));

    let mut whatsapp = browse(&country, "157.240.253.60:443", "wss://web.whatsapp.com/ws/chat").await;
    let (mut client, hello) = noise::Client::hello([7; 32]).unwrap();
    whatsapp.send(Frame::binary(hello)).await.unwrap();
    let answer = whatsapp.next().await.unwrap().unwrap().into_data();
    let grade = client.answer(&answer, &country.noise_root(), country.unix_now());
    assert!(matches!(grade, Ok(Some(crate::model::Grade::A))));
}

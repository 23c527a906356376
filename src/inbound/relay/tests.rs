//! What the relay's door says to users and to strangers, over a stream in memory.

use super::*;
use crate::wire::polling::{ID, SEQ};
use crate::wire::vless::{encode_answer, encode_request};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

const PATH: &str = "/4f0c2a91";
const USER: &str = "b831381d-6324-4d53-ad4f-8cda48b30811";

fn user(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

fn settings(max_sessions: usize) -> Settings {
    Settings {
        addresses: Vec::new(),
        path: PATH.into(),
        users: vec![user("b831381d-6324-4d53-ad4f-8cda48b30812"), user(USER)],
        tls: None,
        decoy: Decoy::default(),
        max_sessions,
        allow_private: false,
    }
}

/// A relay whose arrivals are answered and echoed.
fn relay(max_sessions: usize) -> Relay {
    let submit: Submit = Arc::new(|arrival: Arrival| {
        Box::pin(async move {
            let mut arrival = arrival;
            arrival.stream.write_all(&encode_answer()).await.unwrap();
            arrival.stream.write_all(arrival.to.authority().as_bytes()).await.unwrap();
            let (mut from, mut to) = tokio::io::split(arrival.stream);
            let _ = tokio::io::copy(&mut from, &mut to).await;
            let _ = to.shutdown().await;
        })
    });
    let spawn: Spawn = Arc::new(|work| drop(tokio::spawn(work)));
    Relay::new(&settings(max_sessions), submit, spawn).unwrap()
}

fn visit(relay: &Relay) -> DuplexStream {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let relay = relay.clone();
    tokio::spawn(async move { relay.serve(Box::new(far)).await });
    near
}

/// Status and body of one request; the date is left out.
async fn ask(relay: &Relay, head: &str, body: &[u8]) -> (String, String) {
    let mut stream = visit(relay);
    let length = body.len();
    let head = format!("{head}\r\nHost: hidden.test\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let head: Vec<&str> = head.lines().filter(|line| !line.to_lowercase().starts_with("date:")).collect();
    (head.join("\n"), body.to_owned())
}

fn opening(of: &str) -> Vec<u8> {
    let to = Destination::parse("a.test:443").unwrap();
    encode_request(&user(of), Command::Stream, &to).unwrap()
}

fn post(path: &str, session: &str, seq: &str) -> String {
    format!("POST {path} HTTP/1.1\r\n{ID}: {session}\r\n{SEQ}: {seq}")
}

const SESSION: &str = "AAAAAAAAAAAAAAAAAAAAAA";

#[tokio::test]
async fn a_stranger_sees_the_same_site_on_every_path() {
    let relay = relay(8);
    let (head, body) = ask(&relay, "GET / HTTP/1.1", b"").await;
    assert!(head.starts_with("HTTP/1.1 200") && body.contains("It works"), "{head}");
    let nothing = ask(&relay, "GET /nothing HTTP/1.1", b"").await;
    assert!(nothing.0.starts_with("HTTP/1.1 404"));
    assert_eq!(ask(&relay, &format!("GET {PATH} HTTP/1.1"), b"").await, nothing);
    let upgrade = "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 12\r\nSec-WebSocket-Key: x";
    assert_eq!(ask(&relay, &format!("GET {PATH} HTTP/1.1\r\n{upgrade}"), b"").await, nothing);

    let nothing = ask(&relay, "POST /nothing HTTP/1.1", b"x").await;
    assert_eq!(ask(&relay, &format!("POST {PATH} HTTP/1.1"), b"x").await, nothing);
    for (seq, body) in [
        ("up-0", opening("b831381d-6324-4d53-ad4f-8cda48b30899")),
        ("up-0", opening(USER)[..20].to_vec()),
        ("up-0", b"GET / HTTP/1.1".to_vec()),
        ("up-9", opening(USER)),
        ("down-0", Vec::new()),
        ("sideways", opening(USER)),
    ] {
        assert_eq!(ask(&relay, &post(PATH, SESSION, seq), &body).await, nothing, "{seq}");
    }
    assert_eq!(ask(&relay, &post("/elsewhere", SESSION, "up-0"), &opening(USER)).await, nothing);
}

#[tokio::test]
async fn a_user_is_carried_in_posts_and_a_lost_answer_is_asked_for_again() {
    let relay = relay(8);
    let first = [&opening(USER)[..], b"hello"].concat();
    for _ in 0..2 {
        let (head, body) = ask(&relay, &post(PATH, SESSION, "up-0"), &first).await;
        assert!(head.starts_with("HTTP/1.1 200") && body.is_empty(), "{head}");
    }
    let want = "\0\0a.test:443hello";
    let mut all = String::new();
    while all.len() < want.len() {
        let asked = format!("down-{}", all.len());
        let once = ask(&relay, &post(PATH, SESSION, &asked), b"").await;
        assert!(once.0.contains(&format!("{SEQ}: {asked}")), "{}", once.0);
        let again = ask(&relay, &post(PATH, SESSION, &asked), b"").await;
        assert!(again.1.starts_with(&once.1), "nothing is lost with an answer");
        all.push_str(&again.1);
    }
    assert_eq!(all, want);
    let end = format!("{}\r\nX-Session-End: 1", post(PATH, SESSION, &format!("up-{}", first.len())));
    assert!(ask(&relay, &end, b"").await.0.starts_with("HTTP/1.1 200"));
    let (head, body) = ask(&relay, &post(PATH, SESSION, &format!("down-{}", want.len())), b"").await;
    assert!(head.contains("x-session-end: 1") && body.is_empty(), "{head}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_nobody_asks_for_is_forgotten() {
    let relay = relay(8);
    let first = opening(USER);
    assert!(ask(&relay, &post(PATH, SESSION, "up-0"), &first).await.0.starts_with("HTTP/1.1 200"));
    let tidying = relay.clone();
    tokio::spawn(async move { tidying.tidy().await });
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert!(ask(&relay, &post(PATH, SESSION, "down-0"), b"").await.0.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn there_is_room_for_so_many_streams_and_no_more() {
    let relay = relay(1);
    let first = opening(USER);
    assert!(ask(&relay, &post(PATH, SESSION, "up-0"), &first).await.0.starts_with("HTTP/1.1 200"));
    let other = "BBBBBBBBBBBBBBBBBBBBBA";
    assert!(ask(&relay, &post(PATH, other, "up-0"), &first).await.0.starts_with("HTTP/1.1 503"));
}

#[tokio::test(start_paused = true)]
async fn a_stranger_in_a_websocket_hears_nothing() {
    let relay = relay(8);
    let mut stream = visit(&relay);
    let head = format!(
        "GET {PATH} HTTP/1.1\r\nHost: hidden.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 1024];
    let length = stream.read(&mut answer).await.unwrap();
    let text = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(text.starts_with("HTTP/1.1 101") && text.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{text}");
    let mut socket = Messages::client(Box::new(stream), Vec::new());
    socket.write_all(&opening("b831381d-6324-4d53-ad4f-8cda48b30899")).await.unwrap();
    let start = tokio::time::Instant::now();
    assert_eq!(socket.read(&mut [0; 16]).await.unwrap(), 0);
    assert_eq!(start.elapsed(), NEGOTIATION);
}

//! HTTP CONNECT and absolute-form forwarding, with a hand-written origin behind the door.

use super::*;
use crate::net::Stream;

/// Reads one message head off a stream, to its empty line.
pub(super) async fn head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.expect("the head is cut"));
    }
    String::from_utf8(bytes).unwrap()
}

pub(super) async fn exactly(stream: &mut (impl tokio::io::AsyncRead + Unpin), expected: &[u8]) {
    let mut bytes = vec![0; expected.len()];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(expected));
}

impl Scene {
    /// What the client is told first: the head of the answer.
    pub(super) async fn hears_head(&mut self) -> String {
        head(&mut self.client).await
    }

    /// The next request is one for `to`; a yes to it gives the origin's end.
    pub(super) async fn origin(&mut self, to: &str) -> Stream {
        let request = self.request().await;
        assert_eq!((&request.want, request.protocol), (&stream_to(to), Protocol::HttpForward));
        request.accept().await.unwrap()
    }
}

pub(super) const CONNECT: &[u8] = b"CONNECT Web.Telegram.org:443 HTTP/1.1\r\nHost: web.telegram.org:443\r\n\r\n";

#[tokio::test]
async fn a_connect_is_answered_once_a_way_is_up_and_early_bytes_are_kept() {
    for slowly in [false, true] {
        let mut scene = Scene::at(door());
        let all = [CONNECT, b"\x16\x03\x01 a first flight"].concat();
        if slowly {
            scene.says_slowly(all).await;
        } else {
            scene.says(all).await;
        }
        let request = scene.request().await;
        assert_eq!((&request.want, request.protocol), (&stream_to("web.telegram.org:443"), Protocol::HttpConnect));
        assert!(scene.client.read(&mut [0; 1]).now_or_never().is_none(), "an answer before there is a way");
        let mut stream = request.accept().await.unwrap();
        assert_eq!(scene.hears_head().await, "HTTP/1.1 200 Connection established\r\n\r\n");
        exactly(&mut stream, b"\x16\x03\x01 a first flight").await;
        scene.says(b"up").await;
        exactly(&mut stream, b"up").await;
        stream.write_all(b"down").await.unwrap();
        scene.hears(b"down").await;
        drop(stream);
        assert_eq!(scene.hears_out().await, b"");
        assert_eq!(scene.verdict().await.unwrap(), Served { protocol: Protocol::HttpConnect, requests: 1 });
    }
}

#[tokio::test]
async fn a_connect_of_http_1_0_and_of_an_address_works_too() {
    for (target, to) in [("192.0.2.1:443", "192.0.2.1:443"), ("[2001:db8::1]:5222", "[2001:db8::1]:5222")] {
        let mut scene = Scene::at(door());
        scene.says(format!("CONNECT {target} HTTP/1.0\r\n\r\n")).await;
        let request = scene.request().await;
        assert_eq!(request.want, stream_to(to));
        let mut stream = request.accept().await.unwrap();
        assert!(scene.hears_head().await.starts_with("HTTP/1.0 200 "));
        scene.says(b"up").await;
        exactly(&mut stream, b"up").await;
    }
}

#[tokio::test]
async fn each_refusal_has_its_status_and_says_why() {
    for (why, status) in REFUSALS.into_iter().zip([502, 504, 502, 502, 502, 502, 502, 503]) {
        for (asked, closes) in [(CONNECT, true), (&b"GET http://example.org/ HTTP/1.1\r\nHost: x\r\n\r\n"[..], false)] {
            for words in ["the line is down", ""] {
                let mut scene = Scene::at(door());
                scene.says(asked).await;
                scene.request().await.refuse(why, words.to_owned()).await.unwrap();
                let head = scene.hears_head().await;
                assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{why:?}: {head}");
                assert!(head.contains("Content-Type: text/plain"), "{head}");
                assert_eq!(head.contains("Connection: close"), closes, "{head}");
                scene.client.shutdown().await.unwrap();
                let body = String::from_utf8(scene.hears_out().await).unwrap();
                assert!(body.len() > 10 && body.starts_with(words) && !head.to_lowercase().contains("byway"), "{body}");
            }
        }
    }
}

#[tokio::test]
async fn bytes_sent_ahead_of_a_refused_connect_are_no_request() {
    let mut scene = Scene::at(door());
    scene.says([CONNECT, b"GET http://smuggled.example/ HTTP/1.1\r\nHost: x\r\n\r\n"].concat()).await;
    scene.request().await.refuse(Refusal::Refused, String::new()).await.unwrap();
    assert!(scene.hears_head().await.starts_with("HTTP/1.1 502"));
    scene.hears_out().await;
    assert!(scene.asked.recv().await.is_none());
}

#[tokio::test]
async fn an_unanswered_request_is_not_left_hanging() {
    for asked in [CONNECT, b"GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n"] {
        let mut scene = Scene::at(door());
        scene.says(asked).await;
        drop(scene.request().await);
        assert!(scene.hears_head().await.starts_with("HTTP/1.1 503"));
    }
}

#[tokio::test]
async fn who_takes_the_proxy_for_a_server_learns_nothing() {
    for door in [door(), locked_door()] {
        for asked in [
            "GET / HTTP/1.1\r\nHost: 127.0.0.1:4180\r\n\r\n",
            "GET /proxy.pac HTTP/1.1\r\nHost: 127.0.0.1:4180\r\nOrigin: https://page.example\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1:4180\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
        ] {
            let mut scene = Scene::at(door.clone());
            scene.says(asked).await;
            assert_eq!(
                String::from_utf8(scene.hears_out().await).unwrap(),
                "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                "{asked}"
            );
            assert!(matches!(scene.verdict().await, Err(Error::Malformed(_))));
        }
    }
}

#[tokio::test]
async fn what_is_not_http_gets_nowhere() {
    for asked in [
        "hello there\r\n\r\n",
        "GET http://a.example/ HTTP/2.0\r\n\r\n",
        "GET http://a.example/ HTTP/1.1\r\nbad header\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET https://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "CONNECT a.example HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ] {
        let mut scene = Scene::at(door());
        scene.says(asked).await;
        let heard = String::from_utf8(scene.hears_out().await).unwrap();
        assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 4"), "{asked}: {heard}");
        assert!(scene.asked.recv().await.is_none());
        let verdict = scene.verdict().await;
        assert!(matches!(verdict, Err(Error::Malformed(_))), "{asked}: {verdict:?}");
    }
}

#[tokio::test]
async fn a_connect_with_a_body_is_refused() {
    let mut scene = Scene::at(door());
    scene.says("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nabc").await;
    assert!(scene.hears_head().await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn a_login_is_asked_for_and_the_right_one_opens() {
    let mut scene = Scene::at(locked_door());
    scene.says(CONNECT).await;
    assert_eq!(
        scene.hears_head().await,
        "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Proxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 18\r\n\r\n"
    );
    scene.hears(b"a login is needed\n").await;
    // anna:secret
    scene.says("CONNECT a.example:443 HTTP/1.1\r\nProxy-Authorization: basic YW5uYTpzZWNyZXQ=\r\n\r\n").await;
    assert_eq!(scene.request().await.want, stream_to("a.example:443"));
}

#[tokio::test]
async fn a_wrong_login_gets_three_tries() {
    let mut scene = Scene::at(locked_door());
    for credentials in ["Basic YW5uYTp3cm9uZw==", "Bearer YW5uYTpzZWNyZXQ=", "Basic !"] {
        let last = credentials.ends_with('!');
        scene
            .says(format!("GET http://a.example/ HTTP/1.1\r\nHost: a\r\nProxy-Authorization: {credentials}\r\n\r\n"))
            .await;
        let head = scene.hears_head().await;
        assert!(head.starts_with("HTTP/1.1 407 ") && head.contains("Connection: close") == last, "{head}");
        scene.hears(b"a login is needed\n").await;
    }
    assert_eq!(scene.hears_out().await, b"");
    assert!(scene.asked.recv().await.is_none());
    assert!(matches!(scene.verdict().await, Err(Error::Login)));
}

#[tokio::test]
async fn a_client_that_leaves_while_it_waits_lets_the_request_know() {
    for asked in [CONNECT, b"GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n"] {
        let mut scene = Scene::at(door());
        scene.says(asked).await;
        let request = scene.request().await;
        drop(scene.client);
        assert!(scene.serving.await.unwrap().is_ok());
        assert_eq!(request.accept().await.err().map(|e| e.kind()), Some(io::ErrorKind::ConnectionAborted));
    }
}

#[tokio::test(start_paused = true)]
async fn a_kept_connection_that_stays_silent_is_closed_in_the_end() {
    let mut scene = Scene::at(door());
    scene.says("GET http://one.example/ HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut one = scene.origin("one.example:80").await;
    head(&mut one).await;
    one.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    scene.hears_head().await;
    let began = tokio::time::Instant::now();
    scene.hears_out().await;
    assert_eq!(began.elapsed().as_secs(), 60);
    assert!(scene.serving.await.unwrap().is_ok());
}

#[tokio::test]
async fn an_endless_head_is_not_held() {
    let mut scene = Scene::at(door());
    scene.says("GET http://one.example/ HTTP/1.1\r\n").await;
    let long = format!("X-Long: {}\r\n", "a".repeat(8000));
    for _ in 0..32 {
        if scene.client.write_all(long.as_bytes()).await.is_err() {
            break;
        }
    }
    assert!(scene.hears_out().await.starts_with(b"HTTP/1.1 431 "));
    assert!(matches!(scene.verdict().await, Err(Error::Malformed(_))));
}

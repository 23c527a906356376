//! HTTP CONNECT and absolute-form forwarding, with a hand-written origin behind the door.

use super::*;
use crate::net::Stream;

/// Reads one message head off a stream, to its empty line.
async fn head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.expect("the head is cut"));
    }
    String::from_utf8(bytes).unwrap()
}

/// The same without the date, which is the only field that changes.
fn undated(head: &str) -> String {
    head.split_inclusive("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("date:")).collect()
}

async fn exactly(stream: &mut (impl tokio::io::AsyncRead + Unpin), expected: &[u8]) {
    let mut bytes = vec![0; expected.len()];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(expected));
}

impl Scene {
    /// What the client is told first: the head of the answer.
    async fn hears_head(&mut self) -> String {
        undated(&head(&mut self.client).await)
    }

    /// The next request is one for `to`; a yes to it gives the origin's end.
    async fn origin(&mut self, to: &str) -> Stream {
        let request = self.request().await;
        assert_eq!((&request.want, request.protocol), (&stream_to(to), Protocol::HttpForward));
        request.accept().await.unwrap()
    }
}

const CONNECT: &[u8] = b"CONNECT Web.Telegram.org:443 HTTP/1.1\r\nHost: web.telegram.org:443\r\n\r\n";

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
async fn a_forwarded_request_is_in_origin_form_with_the_right_host_and_no_hop_by_hop_field() {
    let mut scene = Scene::at(door());
    scene
        .says(
            "GET http://user:pw@Example.org:8080/a%20b?c=d HTTP/1.1\r\nHost: forged.example\r\nX-Kept: 1\r\n\
             Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic YTpi\r\nConnection: keep-alive, X-Secret\r\n\
             X-Secret: 2\r\nTE: trailers\r\nUpgrade: websocket\r\nKeep-Alive: 5\r\nAccept: */*\r\n\r\n",
        )
        .await;
    let mut origin = scene.origin("example.org:8080").await;
    assert_eq!(
        head(&mut origin).await,
        "GET /a%20b?c=d HTTP/1.1\r\nHost: Example.org:8080\r\nX-Kept: 1\r\nAccept: */*\r\n\r\n"
    );
    origin
        .write_all(
            b"HTTP/1.1 404 Nowhere\r\nServer: origin\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 3\r\n\
              Keep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\
              Content-Length: 5\r\n\r\nempty",
        )
        .await
        .unwrap();
    assert_eq!(
        scene.hears_head().await,
        "HTTP/1.1 404 Nowhere\r\nServer: origin\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 5\r\n\r\n"
    );
    scene.hears(b"empty").await;
}

#[tokio::test]
async fn one_connection_serves_several_hosts_and_reuses_what_it_has() {
    let mut scene = Scene::at(door());
    let ask = |host: &str, path: &str| format!("GET http://{host}{path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let answer = |text: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len());
    scene.says(ask("one.example", "/1")).await;
    let mut one = scene.origin("one.example:80").await;
    assert!(head(&mut one).await.starts_with("GET /1 "));
    one.write_all(answer("first").as_bytes()).await.unwrap();
    scene.hears_head().await;
    scene.hears(b"first").await;

    scene.says(ask("two.example", "/2")).await;
    let mut two = scene.origin("two.example:80").await;
    assert!(head(&mut two).await.starts_with("GET /2 "));
    two.write_all(answer("second").as_bytes()).await.unwrap();
    scene.hears_head().await;
    scene.hears(b"second").await;

    scene.says(ask("one.example", "/3")).await;
    assert!(head(&mut one).await.starts_with("GET /3 HTTP/1.1\r\nHost: one.example\r\n"));
    one.write_all(answer("third").as_bytes()).await.unwrap();
    scene.hears_head().await;
    scene.hears(b"third").await;

    // The origin closes its idle connection; the next request opens another.
    drop(one);
    scene.says(ask("one.example", "/4")).await;
    let mut one = scene.origin("one.example:80").await;
    assert!(head(&mut one).await.starts_with("GET /4 "));
    one.write_all(answer("fourth").as_bytes()).await.unwrap();
    scene.hears_head().await;
    scene.hears(b"fourth").await;
    assert_eq!(scene.verdict().await.unwrap(), Served { protocol: Protocol::HttpForward, requests: 3 });
}

#[tokio::test]
async fn kept_connections_end_with_the_client() {
    let mut scene = Scene::at(door());
    scene.says("GET http://one.example/ HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut one = scene.origin("one.example:80").await;
    head(&mut one).await;
    one.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    scene.hears_head().await;
    drop(scene.client);
    assert_eq!(one.read(&mut [0; 1]).await.unwrap(), 0);
    assert!(scene.serving.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_connect_may_follow_on_a_kept_connection() {
    let mut scene = Scene::at(door());
    scene.says("GET http://one.example/ HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut one = scene.origin("one.example:80").await;
    head(&mut one).await;
    one.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    scene.hears_head().await;
    scene.says(CONNECT).await;
    let mut stream = scene.request().await.accept().await.unwrap();
    scene.hears_head().await;
    scene.says(b"up").await;
    exactly(&mut stream, b"up").await;
}

#[tokio::test]
async fn bodies_pass_with_a_length_and_in_chunks() {
    let mut scene = Scene::at(door());
    scene.says("POST http://up.example/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody").await;
    let mut origin = scene.origin("up.example:80").await;
    assert!(head(&mut origin).await.contains("Content-Length: 4\r\n"));
    exactly(&mut origin, b"body").await;
    origin.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n").await.unwrap();
    assert!(scene.hears_head().await.to_lowercase().contains("transfer-encoding: chunked\r\n"));
    scene.hears(b"3\r\nabc\r\n").await;
    origin.write_all(b"2\r\nde\r\n0\r\n\r\n").await.unwrap();
    scene.hears(b"2\r\nde\r\n0\r\n\r\n").await;

    scene.says("PUT http://up.example/2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n").await;
    assert!(head(&mut origin).await.to_lowercase().contains("transfer-encoding: chunked\r\n"));
    exactly(&mut origin, b"4\r\nwiki\r\n").await;
    scene.says("0\r\n\r\n").await;
    exactly(&mut origin, b"0\r\n\r\n").await;
    origin.write_all(b"HTTP/1.1 200 OK\r\n\r\nuntil the end").await.unwrap();
    drop(origin);
    assert!(scene.hears_head().await.starts_with("HTTP/1.1 200"));
    scene.hears(b"D\r\nuntil the end\r\n0\r\n\r\n").await;
}

#[tokio::test]
async fn both_kinds_of_length_at_once_do_not_reach_the_origin() {
    let mut scene = Scene::at(door());
    scene
        .says("POST http://up.example/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        .await;
    if let Some(request) = scene.asked.recv().await {
        let mut origin = request.accept().await.unwrap();
        let head = head(&mut origin).await.to_lowercase();
        assert!(head.contains("transfer-encoding: chunked") && !head.contains("content-length"), "{head}");
    }
}

#[tokio::test]
async fn an_answer_to_head_has_a_length_and_no_body() {
    let mut scene = Scene::at(door());
    scene.says("HEAD http://one.example/ HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut origin = scene.origin("one.example:80").await;
    assert!(head(&mut origin).await.starts_with("HEAD / "));
    origin.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await.unwrap();
    assert_eq!(scene.hears_head().await, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    scene.says("GET http://one.example/ HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(head(&mut origin).await.starts_with("GET / "));
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_gets_it() {
    let mut scene = Scene::at(door());
    scene
        .says("POST http://up.example/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        .await;
    let mut origin = scene.origin("up.example:80").await;
    head(&mut origin).await;
    assert_eq!(scene.hears_head().await, "HTTP/1.1 100 Continue\r\n\r\n");
    scene.says("body").await;
    exactly(&mut origin, b"body").await;
    origin.write_all(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    assert!(scene.hears_head().await.starts_with("HTTP/1.1 201"));
}

#[tokio::test]
async fn an_origin_that_answers_nothing_or_nonsense_is_a_bad_gateway() {
    for answer in [
        &b""[..],
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    ] {
        let mut scene = Scene::at(door());
        scene.says("GET http://one.example/ HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let mut origin = scene.origin("one.example:80").await;
        head(&mut origin).await;
        origin.write_all(answer).await.unwrap();
        drop(origin);
        let head = scene.hears_head().await;
        assert!(head.starts_with("HTTP/1.1 502 "), "{answer:?}: {head}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_made_whole() {
    let mut scene = Scene::at(door());
    scene.says("GET http://one.example/ HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut origin = scene.origin("one.example:80").await;
    head(&mut origin).await;
    origin.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n").await.unwrap();
    scene.hears_head().await;
    scene.hears(b"3\r\nabc\r\n").await;
    drop(origin);
    assert_eq!(scene.hears_out().await, b"", "an end mark was made up");
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
                undated(&String::from_utf8(scene.hears_out().await).unwrap()),
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

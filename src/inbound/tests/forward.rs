//! Requests in absolute form, carried on to their origins.

use super::http::{CONNECT, exactly, head};
use super::*;

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
    let mut origin = scene.origin("up.example:80").await;
    let head = head(&mut origin).await.to_lowercase();
    assert!(head.contains("transfer-encoding: chunked") && !head.contains("content-length"), "{head}");
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
async fn a_large_body_passes_whole_in_both_directions_at_once() {
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let mut scene = Scene::at(door());
    scene.says(format!("POST http://up.example/ HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len())).await;
    let mut origin = scene.origin("up.example:80").await;
    let echoing = async {
        head(&mut origin).await;
        origin
            .write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes())
            .await
            .unwrap();
        let mut left = body.len();
        let mut piece = vec![0; 5000];
        while left > 0 {
            let length = origin.read(&mut piece).await.unwrap();
            assert!(length > 0, "the body is cut");
            origin.write_all(&piece[..length]).await.unwrap();
            left -= length;
        }
    };
    let (mut reading, mut writing) = tokio::io::split(scene.client);
    let client = async {
        let answer = async {
            head(&mut reading).await;
            let mut came = vec![0; body.len()];
            reading.read_exact(&mut came).await.unwrap();
            came
        };
        let (came, sent) = tokio::join!(answer, writing.write_all(&body));
        sent.unwrap();
        came
    };
    let (came, ()) = tokio::join!(client, echoing);
    assert!(came == body, "not the same bytes");
}

#[tokio::test]
async fn requests_sent_at_once_are_answered_in_turn() {
    let mut scene = Scene::at(door());
    scene
        .says("GET http://a.example/1 HTTP/1.1\r\nHost: a\r\n\r\nGET http://b.example/2 HTTP/1.1\r\nHost: b\r\n\r\n")
        .await;
    for (host, path) in [("a.example:80", "/1"), ("b.example:80", "/2")] {
        let mut origin = scene.origin(host).await;
        assert!(head(&mut origin).await.starts_with(&format!("GET {path} ")));
        origin.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        assert_eq!(scene.hears_head().await, "HTTP/1.1 204 No Content\r\n\r\n");
    }
}

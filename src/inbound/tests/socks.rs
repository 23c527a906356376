//! SOCKS 5, 4 and 4a, byte by byte.

use super::*;

const NO_AUTH: &[u8] = b"\x05\x01\x00";
const GRANTED: &[u8] = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";

/// Requests of every kind, and where they go.
const REQUESTS: [(&[u8], &str); 6] = [
    (b"\x05\x01\x00\x01\x95\x9a\xa7\x33\x01\xbb", "149.154.167.51:443"),
    (b"\x05\x01\x00\x03\x10Web.Telegram.org\x01\xbb", "web.telegram.org:443"),
    (b"\x05\x01\x00\x04\x20\x01\x06\x7c\x04\xe8\xf0\x02\0\0\0\0\0\0\0\x0a\x14\x66", "[2001:67c:4e8:f002::a]:5222"),
    (b"\x05\x01\x00\x03\x0e149.154.167.51\x00\x50", "149.154.167.51:80"),
    (b"\x05\x01\x00\x03\x0b2001:db8::1\x00\x50", "[2001:db8::1]:80"),
    (b"\x05\x01\x00\x03\x0dg.whatsapp.n.\x00\x50", "g.whatsapp.n:80"),
];

#[tokio::test]
async fn a_connect_becomes_a_request_and_its_reply_waits_for_the_answer() {
    for (asked, to) in REQUESTS {
        let mut scene = Scene::at(door());
        scene.says(NO_AUTH).await;
        scene.hears(b"\x05\x00").await;
        scene.says(asked).await;
        let request = scene.request().await;
        assert_eq!(request.want, stream_to(to));
        assert_eq!((request.protocol, request.peer), (Protocol::Socks5, PEER.parse().unwrap()));
        assert!(scene.client.read(&mut [0; 1]).now_or_never().is_none(), "a reply before the answer");
        let mut stream = request.accept().await.unwrap();
        scene.hears(GRANTED).await;
        stream.write_all(b"from afar").await.unwrap();
        scene.hears(b"from afar").await;
        scene.says(b"from near").await;
        let mut heard = [0; 9];
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"from near");
        assert_eq!(scene.verdict().await.unwrap(), Served { protocol: Protocol::Socks5, requests: 1 });
    }
}

#[tokio::test]
async fn everything_sent_ahead_reaches_the_stream() {
    for slowly in [false, true] {
        let mut scene = Scene::at(door());
        let all = [NO_AUTH, REQUESTS[1].0, b"a first flight"].concat();
        if slowly {
            scene.says_slowly(all).await;
        } else {
            scene.says(all).await;
        }
        let mut stream = scene.request().await.accept().await.unwrap();
        scene.hears([b"\x05\x00", GRANTED].concat()).await;
        scene.says(b", and more").await;
        let mut heard = [0; 24];
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"a first flight, and more");
    }
}

#[tokio::test]
async fn the_right_login_opens_the_door_byte_by_byte() {
    let mut scene = Scene::at(locked_door());
    scene.says_slowly(b"\x05\x02\x00\x02").await;
    scene.hears(b"\x05\x02").await;
    scene.says_slowly(b"\x01\x04anna\x06secret").await;
    scene.hears(b"\x01\x00").await;
    scene.says_slowly(REQUESTS[0].0).await;
    assert_eq!(scene.request().await.want, stream_to(REQUESTS[0].1));
}

#[tokio::test]
async fn a_wrong_login_or_none_is_refused() {
    for (said, heard) in [
        (&b"\x05\x01\x02\x01\x04anna\x05wrong"[..], &b"\x05\x02\x01\x01"[..]),
        (b"\x05\x01\x02\x01\x04anna\x00", b"\x05\x02\x01\x01"),
        (b"\x05\x01\x02\x01\x04bert\x06secret", b"\x05\x02\x01\x01"),
        (b"\x05\x01\x00", b"\x05\xff"),
        (b"\x05\x00", b"\x05\xff"),
        (b"\x05\x01\x01", b"\x05\xff"),
        (b"\x04\x01\x01\xbb\x01\x02\x03\x04anna\x00", b"\x00\x5b\x00\x00\x00\x00\x00\x00"),
    ] {
        let mut scene = Scene::at(locked_door());
        scene.says(said).await;
        scene.client.shutdown().await.unwrap();
        assert_eq!(scene.hears_out().await, heard, "{said:02x?}");
        assert!(scene.asked.recv().await.is_none());
        assert!(matches!(scene.verdict().await, Err(Error::Login)), "{said:02x?}");
    }
}

#[tokio::test]
async fn an_open_door_needs_no_login_but_a_way_to_say_so() {
    let mut scene = Scene::at(door());
    scene.says(b"\x05\x01\x02").await;
    scene.client.shutdown().await.unwrap();
    assert_eq!(scene.hears_out().await, b"\x05\xff");
}

#[tokio::test]
async fn what_cannot_be_served_is_told_by_its_code() {
    for (request, code) in [
        (&b"\x05\x02\x00\x01\x01\x02\x03\x04\x00\x50"[..], 7), // BIND
        (b"\x05\x09\x00\x01\x01\x02\x03\x04\x00\x50", 7),      // no such command
        (b"\x05\x01\x00\x02\x01\x02\x03\x04\x00\x50", 8),      // no such address type
        (b"\x05\x01\x00\x01\x01\x02\x03\x04\x00\x00", 1),      // port 0
        (b"\x05\x01\x00\x03\x03a b\x00\x50", 1),               // no name
        (b"\x04\x01\x00\x50\x01\x02\x03\x04\x00", 1),          // another version now
    ] {
        let mut scene = Scene::at(door());
        scene.says([NO_AUTH, request].concat()).await;
        scene.client.shutdown().await.unwrap();
        let mut reply = [b"\x05\x00", GRANTED].concat();
        reply[3] = code;
        assert_eq!(scene.hears_out().await, reply, "{request:02x?}");
        assert!(matches!(scene.verdict().await, Err(Error::Unsupported | Error::Malformed(_))), "{request:02x?}");
    }
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    for (why, code) in REFUSALS.into_iter().zip([2, 4, 5, 4, 3, 4, 7, 1]) {
        let mut scene = Scene::at(door());
        scene.says([NO_AUTH, REQUESTS[0].0, b"early"].concat()).await;
        let request = scene.request().await;
        scene.client.shutdown().await.unwrap();
        request.refuse(why, String::from("words")).await.unwrap();
        let mut reply = [b"\x05\x00", GRANTED].concat();
        reply[3] = code;
        assert_eq!(scene.hears_out().await, reply, "{why:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_client_that_stays_is_left_after_a_moment() {
    let mut scene = Scene::at(door());
    scene.says([NO_AUTH, REQUESTS[0].0].concat()).await;
    scene.request().await.refuse(Refusal::Refused, String::new()).await.unwrap();
    assert_eq!(scene.hears_out().await.len(), 12);
}

#[tokio::test]
async fn a_stream_request_cannot_be_answered_with_an_association() {
    let mut scene = Scene::at(door());
    scene.says([NO_AUTH, REQUESTS[0].0].concat()).await;
    let request = scene.request().await;
    scene.client.shutdown().await.unwrap();
    assert_eq!(request.accept_packets().await.err().map(|e| e.kind()), Some(io::ErrorKind::Unsupported));
    assert_eq!(scene.hears_out().await[3], 7);
}

#[tokio::test]
async fn version_4_and_4a_are_heard_and_answered() {
    for (asked, to) in [
        (&b"\x04\x01\x01\xbb\x95\x9a\xa7\x33somebody\x00"[..], "149.154.167.51:443"),
        (b"\x04\x01\x00\x50\x95\x9a\xa7\x33\x00", "149.154.167.51:80"),
        (b"\x04\x01\x01\xbb\x00\x00\x00\x01\x00web.telegram.org\x00", "web.telegram.org:443"),
        (b"\x04\x01\x01\xbb\x00\x00\x00\xffme\x00149.154.167.51\x00", "149.154.167.51:443"),
    ] {
        let mut scene = Scene::at(door());
        scene.says_slowly([asked, b"early"].concat()).await;
        let request = scene.request().await;
        assert_eq!((&request.want, request.protocol), (&stream_to(to), Protocol::Socks4));
        let mut stream = request.accept().await.unwrap();
        scene.hears(b"\x00\x5a\x00\x00\x00\x00\x00\x00").await;
        let mut heard = [0; 5];
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"early");
    }
}

#[tokio::test]
async fn version_4_has_one_word_for_every_refusal() {
    for why in REFUSALS {
        let mut scene = Scene::at(door());
        scene.says(b"\x04\x01\x01\xbb\x95\x9a\xa7\x33\x00").await;
        let request = scene.request().await;
        scene.client.shutdown().await.unwrap();
        request.refuse(why, String::new()).await.unwrap();
        assert_eq!(scene.hears_out().await, b"\x00\x5b\x00\x00\x00\x00\x00\x00");
    }
    let mut scene = Scene::at(door());
    scene.says(b"\x04\x02\x01\xbb\x95\x9a\xa7\x33\x00").await;
    scene.client.shutdown().await.unwrap();
    assert_eq!(scene.hears_out().await, b"\x00\x5b\x00\x00\x00\x00\x00\x00");
    assert!(matches!(scene.verdict().await, Err(Error::Unsupported)));
}

#[tokio::test]
async fn an_endless_negotiation_is_not_held() {
    for start in [&b"\x04\x01\x01\xbb\x01\x02\x03\x04"[..], b"\x04\x01\x01\xbb\x00\x00\x00\x01\x00"] {
        let mut scene = Scene::at(door());
        scene.says(start).await;
        scene.says(vec![b'a'; 16 * 1024]).await;
        scene.client.shutdown().await.unwrap();
        let verdict = scene.serving.await.unwrap();
        assert!(matches!(verdict, Err(Error::Malformed(Protocol::Socks4))), "{verdict:?}");
    }
}

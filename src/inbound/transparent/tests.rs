use super::*;
use crate::wire::tls::tests::hello;
use std::sync::Mutex;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

/// Knows one address by itself, and gave another one out for a name.
struct Book;

impl Naming for Book {
    fn is_plain(&self, to: SocketAddr) -> bool {
        to == plain()
    }

    fn named(&self, _: SocketAddr, shown: Option<&Host>) -> Named {
        shown.map_or(Named::Nothing, |host| Named::Shown(host.clone()))
    }
}

fn plain() -> SocketAddr {
    "198.51.100.1:443".parse().unwrap()
}

fn other() -> SocketAddr {
    "203.0.113.1:443".parse().unwrap()
}

/// What came of a visit: the request, how long it took to be made, and the client's end.
async fn visit(to: Option<SocketAddr>, says: &[&[u8]]) -> (Option<Request>, Duration, tokio::io::DuplexStream) {
    let (mut client, ours) = tokio::io::duplex(1 << 16);
    for piece in says {
        client.write_all(piece).await.unwrap();
    }
    let heard = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&heard);
    let submit = move |request| {
        *keep.lock().unwrap() = Some(request);
        async { None }.boxed()
    };
    let began = Instant::now();
    let _served = serve(Box::new(ours), "192.0.2.9:50000".parse().unwrap(), to, &Book, submit).await;
    let request = heard.lock().unwrap().take();
    (request, began.elapsed(), client)
}

fn is_shown(request: &Request, name: &str) -> bool {
    matches!(&request.named, Named::Shown(Host::Name(shown)) if **shown == *name)
}

#[tokio::test(start_paused = true)]
async fn the_name_in_the_first_words_is_told_and_the_words_stay() {
    let first = hello(Some("Web.Telegram.org"), &["h2"]);
    for says in [vec![&first[..]], vec![&first[..5], &first[5..60], &first[60..]]] {
        let (request, took, _client) = visit(Some(other()), &says).await;
        let request = request.unwrap();
        assert!(is_shown(&request, "web.telegram.org"));
        assert_eq!(took, Duration::ZERO);
        assert_eq!(request.want, Want::Stream(other().into()), "the destination is kept");
        let mut stream = request.accept().await.unwrap();
        let mut heard = vec![0; first.len()];
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, first);
    }
    let (request, _, _client) = visit(Some(other()), &[b"GET / HTTP/1.1\r\nHost: t.me\r\n\r\n"]).await;
    assert!(is_shown(&request.unwrap(), "t.me"));
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_or_nothing_that_tells_is_carried_by_address() {
    for (says, waits) in [
        (&[][..], LISTENS),
        (&[&b"\x16\x03\x01"[..]], LISTENS),
        (&[b"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n"], Duration::ZERO),
        (&[b"SSH-2.0-OpenSSH_9.9\r\n"], Duration::ZERO),
    ] {
        let (request, took, _client) = visit(Some(other()), says).await;
        let request = request.unwrap();
        assert!(request.named == Named::Nothing, "{says:?}");
        assert_eq!(took, waits, "{says:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_tells_by_itself_is_not_kept_waiting() {
    let (request, took, _client) = visit(Some(plain()), &[]).await;
    assert_eq!((request.unwrap().want, took), (Want::Stream(plain().into()), Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn who_means_the_listener_itself_is_sent_away() {
    let (request, _, mut client) = visit(None, &[]).await;
    assert!(request.is_none());
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0, "it is over");
}

#[test]
fn a_redirecting_door_is_open_everywhere_and_a_transparent_one_on_loopback() {
    let at = |capture, ipv6| {
        let addresses = Settings { capture, port: 4183, ipv6 }.addresses();
        addresses.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(at(Capture::Redirect, true), ["0.0.0.0:4183", "[::]:4183"]);
    assert_eq!(at(Capture::Tproxy, true), ["127.0.0.1:4183", "[::1]:4183"]);
    assert_eq!(at(Capture::Tproxy, false), ["127.0.0.1:4183"]);
}

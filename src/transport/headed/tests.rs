use super::*;
use crate::model::{Cause, Failure, Stage};
use crate::transport::Trouble;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

const HEADER: &[u8] = b"<header>";

fn stream(preface: Preface, to: &str, proof: &Arc<Proof>) -> (Headed, DuplexStream) {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let to = Destination::parse(to).unwrap();
    (Headed::new(Box::new(near), HEADER.to_vec(), preface, to, Arc::clone(proof)), far)
}

fn proof() -> (Arc<Proof>, Arc<Trouble>) {
    let trouble = Arc::<Trouble>::default();
    (Arc::new(Proof::new(Arc::clone(&trouble))), trouble)
}

const fn vless() -> Preface {
    Preface::Vless(Vec::new())
}

const fn trojan() -> Preface {
    Preface::Trojan { asked_page: false }
}

#[tokio::test]
async fn the_header_goes_out_with_the_first_bytes_and_once() {
    let (mut near, mut far) = stream(vless(), "a.test:1", &proof().0);
    near.write_all(b"one").await.unwrap();
    let mut came = [0; 64];
    let length = far.read(&mut came).await.unwrap();
    assert_eq!(&came[..length], b"<header>one");
    near.write_all(b"two").await.unwrap();
    near.shutdown().await.unwrap();
    let mut rest = Vec::new();
    far.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"two");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_waits_has_its_header_sent_alone() {
    let (mut near, mut far) = stream(vless(), "a.test:1", &proof().0);
    let start = Instant::now();
    let server = tokio::spawn(async move {
        let mut came = [0; 64];
        let length = far.read(&mut came).await.unwrap();
        assert_eq!(&came[..length], HEADER);
        far.write_all(&[&[0, 0], &b"220 ready"[..]].concat()).await.unwrap();
    });
    let mut banner = String::new();
    near.read_to_string(&mut banner).await.unwrap();
    assert_eq!((&banner[..], start.elapsed()), ("220 ready", QUIET));
    server.await.unwrap();
}

#[tokio::test]
async fn an_answer_in_any_portions_is_taken_off() {
    let (proof, _) = proof();
    for portions in [&[&b"\0"[..], b"\x02ab", b"cd"][..], &[b"\0\x02a", b"bcd"], &[b"\0\x02abcd"]] {
        let (mut near, mut far) = stream(vless(), "a.test:1", &proof);
        near.write_all(b"x").await.unwrap();
        let portions: Vec<Vec<u8>> = portions.iter().map(|portion| portion.to_vec()).collect();
        tokio::spawn(async move {
            for portion in portions {
                far.write_all(&portion).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        let (mut all, mut one) = (Vec::new(), [0; 1]);
        while near.read(&mut one).await.unwrap() == 1 {
            all.push(one[0]);
        }
        assert_eq!(all, b"cd");
    }
}

/// What a read says once the server has said `answer` and ended.
async fn said(preface: Preface, first: &[u8], answer: &[u8], proof: &Arc<Proof>, to: &str) -> Result<Vec<u8>, Failure> {
    let (mut near, mut far) = stream(preface, to, proof);
    near.write_all(first).await.unwrap();
    far.write_all(answer).await.unwrap();
    drop(far);
    let mut all = Vec::new();
    let read = near.read_to_end(&mut all).await;
    read.map(|_| all).map_err(|error| Failure::from_io(Stage::FirstFlight, &error))
}

#[tokio::test]
async fn a_web_page_in_place_of_a_tunnel_is_a_wrong_password() {
    const PAGE: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    let (proof, trouble) = proof();
    let failure = said(trojan(), b"\x16\x03\x01", PAGE, &proof, "a.test:1").await.unwrap_err();
    assert_eq!(failure.cause, Cause::AuthenticationFailed);
    assert_eq!(trouble.cause(), Some(Cause::AuthenticationFailed));
    // Who asked for a page may have been given it.
    assert_eq!(said(trojan(), b"GET / HTTP/1.1\r\n\r\n", PAGE, &proof, "a.test:1").await.unwrap(), PAGE);
    assert_eq!(trouble.cause(), None);
    let failure = said(vless(), b"\x16", PAGE, &proof, "a.test:1").await.unwrap_err();
    assert_eq!(failure.cause, Cause::AuthenticationFailed);
}

#[tokio::test]
async fn ends_without_a_byte_are_a_wrong_key_only_where_no_answer_ever_came() {
    let (proof, _) = proof();
    assert_eq!(said(vless(), b"x", b"", &proof, "a.test:1").await.unwrap(), b"");
    let failure = said(vless(), b"x", b"", &proof, "b.test:1").await.unwrap_err();
    assert_eq!(failure.cause, Cause::AuthenticationFailed);
    assert_eq!(said(vless(), b"x", b"\0\0", &proof, "b.test:1").await.unwrap(), b"");
    assert_eq!(said(vless(), b"x", b"", &proof, "c.test:1").await.unwrap(), b"");
}

//! Documents from an in-process server.

use super::*;
use crate::net::tls::Trust;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A server of `panel.test` that reads one request and answers these bytes, then hangs up or keeps quiet.
struct Panel {
    tls: TlsClient,
    config: Arc<rustls::ServerConfig>,
}

impl Panel {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["panel.test".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key);
        let trust = Trust::Only(vec![made.cert.der().to_vec()].into());
        Self { tls: TlsClient::new(&trust, &["http/1.1"]).unwrap(), config: Arc::new(config.unwrap()) }
    }

    /// The outcome, and the request as the server saw it.
    async fn ask(&self, wanted: Wanted<'_>, answer: &[u8], hangs_up: bool) -> (Result<Fetched, FetchError>, String) {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (acceptor, answer) = (tokio_rustls::TlsAcceptor::from(self.config.clone()), answer.to_vec());
        let server = tokio::spawn(async move {
            let mut heard = Vec::new();
            let Ok(mut tls) = acceptor.accept(theirs).await else { return heard };
            let mut buffer = [0; 4096];
            while !heard.ends_with(b"\r\n\r\n") {
                let count = tls.read(&mut buffer).await.unwrap();
                heard.extend_from_slice(&buffer[..count]);
            }
            if tls.write_all(&answer).await.is_ok() && hangs_up {
                let _ = tls.shutdown().await;
            } else {
                let _ = tls.read_to_end(&mut Vec::new()).await;
            }
            heard
        });
        let found = fetch(Box::new(ours), &self.tls, wanted, Deadline::after(Duration::from_secs(30))).await;
        (found, String::from_utf8(server.await.unwrap()).unwrap())
    }
}

fn wanted(address: &HttpsAddress) -> Wanted<'_> {
    Wanted { address, user_agent: "curl/8.5.0", headers: &[], known: None, most: 1000 }
}

fn address() -> HttpsAddress {
    HttpsAddress::parse("https://panel.test/sub/TOKEN?x=1#name").unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_request_says_no_more_than_it_must_and_a_body_comes_back() {
    let address = address();
    let answer = b"HTTP/1.1 200 OK\r\nETag: \"7\"\r\nContent-Length: 5\r\nX-A: b\r\n\r\nss://";
    let (found, request) = Panel::new().ask(wanted(&address), answer, false).await;
    let Ok(Fetched::Document(found)) = found else { panic!("{found:?}") };
    assert_eq!((found.body.expose().as_slice(), found.headers.get("x-a")), (&b"ss://"[..], Some("b")));
    assert_eq!(found.mark, Mark { tag: Some("\"7\"".into()), modified: None });
    let lines: Vec<_> = request.trim_end().split("\r\n").collect();
    let said = ["GET /sub/TOKEN?x=1 HTTP/1.1", "host: panel.test", "user-agent: curl/8.5.0", "accept: */*"];
    assert_eq!(lines, said);
}

#[tokio::test(start_paused = true)]
async fn a_chunked_body_and_one_that_ends_with_the_connection_are_whole() {
    let (panel, address) = (Panel::new(), address());
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nss\r\n3\r\n://\r\n0\r\n\r\n";
    for (answer, hangs_up) in [(&chunked[..], false), (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nss://", true)] {
        let (found, _) = panel.ask(wanted(&address), answer, hangs_up).await;
        let Ok(Fetched::Document(found)) = found else { panic!("{found:?}") };
        assert_eq!(found.body.expose(), b"ss://");
    }
}

#[tokio::test(start_paused = true)]
async fn marks_logins_and_headers_are_sent_and_an_unchanged_document_does_not_come() {
    let address = HttpsAddress::parse("https://u:p@panel.test:8443/").unwrap();
    let mark = Mark { tag: Some("\"7\"".into()), modified: Some("Mon, 01 Jan 2024 00:00:00 GMT".into()) };
    let headers = [("x-hwid".to_owned(), Secret::new("1234".to_owned()))];
    let wanted = Wanted { headers: &headers, known: Some(&mark), ..wanted(&address) };
    let (found, request) = Panel::new().ask(wanted, b"HTTP/1.1 304 Not Modified\r\n\r\n", false).await;
    assert!(matches!(found, Ok(Fetched::Unchanged(_))), "{found:?}");
    let said = ["host: panel.test:8443", "authorization: Basic dTpw", "x-hwid: 1234", "if-none-match: \"7\""];
    for line in said.iter().chain(&["if-modified-since: Mon, 01 Jan 2024 00:00:00 GMT"]) {
        assert!(request.contains(line), "{line} in {request}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_document_has_a_name_of_its_own() {
    let (panel, address) = (Panel::new(), address());
    let large = format!("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n{}", "x".repeat(2000));
    let endless = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n{}\r\n", "x".repeat(2000));
    for (answer, hangs_up, why) in [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(), false, "the server answers 404"),
        (large.into_bytes(), false, "the document is larger than 1000 bytes"),
        (endless.into_bytes(), false, "the document is larger than 1000 bytes"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx".to_vec(),
            false,
            "the document is compressed, which was not asked for",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nss".to_vec(), true, "body: eof_error"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nss".to_vec(), false, "application: generic_timeout_error"),
        (b"SSH-2.0-nothing\r\n".to_vec(), false, "application: invalid_answer"),
        (Vec::new(), true, "application: eof_error"),
    ] {
        let (found, _) = panel.ask(wanted(&address), &answer, hangs_up).await;
        assert_eq!(found.err().map(|error| error.to_string()).as_deref(), Some(why));
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_told_and_not_followed_and_a_wrong_certificate_is_never_taken() {
    let (panel, there) = (Panel::new(), address());
    let answer = b"HTTP/1.1 302 Found\r\nLocation: http://panel.test/x\r\nContent-Length: 0\r\n\r\n";
    let (found, _) = panel.ask(wanted(&there), answer, false).await;
    let Ok(Fetched::Elsewhere(location)) = found else { panic!("{found:?}") };
    assert_eq!(location.expose(), "http://panel.test/x");

    let other = HttpsAddress::parse("https://other.test/").unwrap();
    let (found, request) = panel.ask(wanted(&other), b"HTTP/1.1 200 OK\r\n\r\n", false).await;
    let Err(FetchError::Tls(error)) = found else { panic!("{found:?}") };
    assert_eq!((error.failure.cause, request.as_str()), (Cause::SslInvalidHostname, ""));
}

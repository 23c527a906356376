//! CONNECT against scripted proxies.

use super::*;
use crate::model::Leg;
use crate::transport::dialer;
use std::time::Duration;
use tokio::io::duplex;

fn settings(login: Option<Login>, tls: Option<TlsSpec>) -> HttpServer {
    HttpServer { server: Destination::parse("proxy.example:3128").unwrap(), tls, login }
}

fn login(user: &str) -> Option<Login> {
    Some(Login { user: user.into(), password: Secret::new("open sesame".into()) })
}

/// Dials `to` through a proxy that answers `answer` to any request; returns what it was asked.
async fn dial(settings: HttpServer, to: &str, answer: &'static [u8]) -> (Result<Stream, Failure>, String) {
    let (tell, asked) = tokio::sync::oneshot::channel();
    let tell = std::sync::Mutex::new(Some(tell));
    let inner = dialer(move |_, _| {
        let (near, mut far) = duplex(4096);
        let tell = tell.lock().unwrap().take().unwrap();
        tokio::spawn(async move {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(far.read_u8().await.unwrap());
            }
            tell.send(String::from_utf8(request).unwrap()).unwrap();
            far.write_all(answer).await.unwrap();
            far.read_to_end(&mut Vec::new()).await
        });
        Box::pin(async { Ok(Box::new(near) as Stream) })
    });
    let proxy = HttpProxy::new(&settings, Arc::new(inner)).unwrap();
    let outcome = proxy.dial(&Destination::parse(to).unwrap(), Deadline::after(Duration::from_secs(4))).await;
    (outcome, asked.await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn the_request_names_the_destination_and_carries_the_credentials() {
    let (outcome, asked) = dial(settings(login("me"), None), "a.test:443", b"HTTP/1.1 200 OK\r\n\r\n").await;
    assert!(outcome.is_ok());
    let want =
        "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nProxy-Authorization: Basic bWU6b3BlbiBzZXNhbWU=\r\n\r\n";
    assert_eq!(asked, want);
    let (outcome, asked) = dial(settings(None, None), "[2001:db8::1]:5222", b"HTTP/1.0 200\r\n\r\n").await;
    assert!(outcome.is_ok());
    assert!(asked.starts_with("CONNECT [2001:db8::1]:5222 HTTP/1.1\r\n") && !asked.contains("Authorization"));
}

#[tokio::test(start_paused = true)]
async fn bytes_right_behind_the_answer_are_the_destinations() {
    let answer = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nVia: x\r\n\r\nSSH-2.0-x";
    let (outcome, _) = dial(settings(None, None), "a.test:22", answer).await;
    let mut stream = outcome.unwrap();
    let mut banner = [0; 9];
    stream.read_exact(&mut banner[..3]).await.unwrap();
    stream.read_exact(&mut banner[3..]).await.unwrap();
    assert_eq!(&banner, b"SSH-2.0-x");
}

#[tokio::test(start_paused = true)]
async fn each_refusal_has_its_leg() {
    for (answer, cause, leg) in [
        (&b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"[..], Cause::AuthenticationFailed, Leg::Near),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!", Cause::RefusedByProxy, Leg::Near),
        (b"HTTP/1.1 405 Method Not Allowed\r\n\r\n", Cause::NotSupported, Leg::Near),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", Cause::RefusedByProxy, Leg::Far),
        (b"HTTP/1.1 504 Gateway Timeout\r\n\r\n", Cause::GenericTimeoutError, Leg::Far),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Cause::InvalidAnswer, Leg::Near),
        (b"HTTP/1.1 302 Found\r\nLocation: http://stub/\r\n\r\n", Cause::RefusedByProxy, Leg::Near),
    ] {
        let (outcome, _) = dial(settings(None, None), "a.test:443", answer).await;
        let failure = outcome.err().unwrap();
        assert_eq!((failure.cause, failure.leg, failure.whose), (cause, leg, Whose::Peer));
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_hangs_up_or_never_ends_its_head_is_a_failure() {
    let (outcome, _) = dial(settings(None, None), "a.test:443", b"HTTP/1.1 200 OK\r\n").await;
    let failure = outcome.err().unwrap();
    assert_eq!((failure.cause, failure.leg), (Cause::GenericTimeoutError, Leg::Near));
    let endless: &'static [u8] = Box::leak([b"HTTP/1.1 200 OK\r\nX: ".as_slice(), &[b'a'; 20_000]].concat().into());
    let (outcome, _) = dial(settings(None, None), "a.test:443", endless).await;
    assert_eq!(outcome.err().unwrap().cause, Cause::InvalidAnswer);
}

#[tokio::test(start_paused = true)]
async fn over_tls_the_proxy_must_hold_the_name_it_is_called_by() {
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["proxy.example".into()]).unwrap().self_signed(&key).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key.serialize_der().try_into().unwrap())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let inner: Arc<dyn StreamDialer> = Arc::new(dialer(move |_, _| {
        let (near, far) = duplex(1 << 16);
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let mut tls = acceptor.accept(far).await?;
            tls.read_buf(&mut Vec::with_capacity(4096)).await?;
            tls.write_all(b"HTTP/1.1 200 OK\r\n\r\nhello").await?;
            tls.flush().await?;
            tls.read_buf(&mut Vec::with_capacity(16)).await
        });
        Box::pin(async { Ok(Box::new(near) as Stream) })
    }));
    let trust = Trust::Only(vec![leaf.der().to_vec()].into());
    let to = Destination::parse("a.test:443").unwrap();
    let named = |name: Option<&str>| {
        let spec = TlsSpec { name: name.map(|name| Host::parse(name).unwrap()), trust: trust.clone() };
        HttpProxy::new(&settings(login("me"), Some(spec)), inner.clone()).unwrap()
    };
    let deadline = Deadline::after(Duration::from_secs(4));
    let mut stream = named(None).dial(&to, deadline).await.unwrap();
    let mut greeting = [0; 5];
    stream.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"hello");
    let failure = named(Some("other.example")).dial(&to, deadline).await.err().unwrap();
    assert_eq!((failure.cause, failure.leg), (Cause::SslInvalidHostname, Leg::Near));
}

#[test]
fn a_user_with_a_colon_is_refused() {
    let inner = dialer(|_, _| Box::pin(async { Err(silent()) }));
    let built = HttpProxy::new(&settings(login("a:b"), None), Arc::new(inner));
    assert!(matches!(built.err().unwrap(), BuildError::ColonInUser));
}

//! The resolver against a real DoH server (hyper over rustls) on an in-memory wire, and a system that lies.

use super::*;
use crate::model::Host;
use crate::net::Datagrams;
use crate::net::io::Stream;
use crate::net::tls::Trust;
use bytes::Bytes;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{RData, Record, RecordType};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

const NAME: &str = "web.telegram.org";

/// A country with a DoH server at 192.0.2.53, a silent one at 192.0.2.99, and a system resolver of one opinion.
struct Country {
    acceptor: tokio_rustls::TlsAcceptor,
    root: Vec<u8>,
    system: fn() -> io::Result<Vec<IpAddr>>,
    secure: fn(&str, RecordType) -> Result<Vec<IpAddr>, ResponseCode>,
    /// Connections are cut after this many requests.
    requests_per_connection: usize,
    connections: AtomicUsize,
    questions: Arc<AtomicUsize>,
    system_asked: AtomicUsize,
}

fn country(alpn: &[u8]) -> Country {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["dns.test".into()]).unwrap().self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.serialize_der().try_into().unwrap())
        .unwrap();
    config.alpn_protocols = vec![alpn.to_vec()];
    Country {
        acceptor: tokio_rustls::TlsAcceptor::from(Arc::new(config)),
        root: certificate.der().to_vec(),
        system: || Ok(ips(&["149.154.167.99"])),
        secure: |_, kind| {
            Ok(ips(if kind == RecordType::A { &["149.154.167.99", "149.154.167.98"] } else { &["2001:67c:4e8::a"] }))
        },
        requests_per_connection: usize::MAX,
        connections: AtomicUsize::new(0),
        questions: Arc::default(),
        system_asked: AtomicUsize::new(0),
    }
}

fn ips(list: &[&str]) -> Vec<IpAddr> {
    list.iter().map(|text| text.parse().unwrap()).collect()
}

impl Network for Country {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>> {
        Box::pin(async move {
            match to.ip().to_string().as_str() {
                "192.0.2.53" => {}
                "192.0.2.99" => return std::future::pending().await,
                _ => return Err(io::ErrorKind::ConnectionRefused.into()),
            }
            self.connections.fetch_add(1, Ordering::SeqCst);
            let (client, server) = tokio::io::duplex(64 * 1024);
            let (acceptor, secure, questions) = (self.acceptor.clone(), self.secure, self.questions.clone());
            let limit = self.requests_per_connection;
            tokio::spawn(async move {
                let Ok(tls) = acceptor.accept(server).await else { return };
                let two = tls.get_ref().1.alpn_protocol() == Some(b"h2");
                let left = Arc::new(AtomicUsize::new(limit));
                let cut = Arc::new(tokio::sync::Notify::new());
                let cut_now = cut.clone();
                let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                    questions.fetch_add(1, Ordering::SeqCst);
                    let over = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_err();
                    let cut_now = cut_now.clone();
                    async move {
                        if over {
                            cut_now.notify_one();
                            std::future::pending::<()>().await;
                        }
                        answer(request, secure).await
                    }
                });
                let io = TokioIo::new(tls);
                tokio::select! {
                    () = cut.notified() => {}
                    () = async {
                        let _ = if two {
                            hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await
                        } else {
                            hyper::server::conn::http1::Builder::new().serve_connection(io, service).await
                        };
                    } => {}
                }
            });
            Ok(Box::new(client) as Stream)
        })
    }
    fn bind_udp(&self, _: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Datagrams>>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }
    fn system_lookup<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.system_asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { (self.system)() })
    }
}

async fn answer(
    request: Request<Incoming>,
    secure: fn(&str, RecordType) -> Result<Vec<IpAddr>, ResponseCode>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_eq!(request.uri().path(), "/dns-query");
    let body = request.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body.len() % 128, 0, "queries are padded");
    let asked = Message::from_vec(&body).unwrap();
    let question = asked.queries[0].clone();
    let mut reply = asked.clone().into_response();
    match secure(&question.name().to_ascii(), question.query_type()) {
        Err(code) => reply.metadata.response_code = code,
        Ok(addrs) => {
            for addr in addrs {
                let data = match addr {
                    IpAddr::V4(four) => RData::A(A(four)),
                    IpAddr::V6(six) => RData::AAAA(AAAA(six)),
                };
                reply.add_answer(Record::from_rdata(question.name().clone(), 300, data));
            }
        }
    }
    let body = Full::new(Bytes::from(reply.to_vec().unwrap()));
    Ok(Response::builder().header("content-type", "application/dns-message").body(body).unwrap())
}

struct Rig {
    country: Arc<Country>,
    resolver: Resolver,
    findings: Arc<Mutex<Vec<Finding>>>,
}

fn rig(country: Country, servers: &[&str], change: impl FnOnce(&mut Settings)) -> Rig {
    let findings: Arc<Mutex<Vec<Finding>>> = Arc::default();
    let told = findings.clone();
    let mut settings = Settings {
        servers: servers
            .iter()
            .map(|address| SecureServer {
                address: address.parse().unwrap(),
                name: Host::parse("dns.test").unwrap(),
                shown: None,
                path: "/dns-query".into(),
                trust: Trust::Only(vec![country.root.clone()].into()),
            })
            .collect(),
        listed: Arc::new(|name| name == NAME),
        observer: Arc::new(move |name, finding| {
            assert_eq!(name, NAME);
            told.lock().unwrap().push(finding);
        }),
        ..Settings::system_only()
    };
    change(&mut settings);
    let country = Arc::new(country);
    let resolver = Resolver::new(country.clone(), settings).unwrap();
    Rig { country, resolver, findings }
}

const SECURE: &str = "192.0.2.53:443";
const BLOCKED: &str = "192.0.2.54:443";
const SILENT: &str = "192.0.2.99:443";

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

#[tokio::test(start_paused = true)]
async fn a_listed_name_is_answered_by_the_secure_resolver_and_the_lie_is_told() {
    let lying = Country { system: || Ok(ips(&["10.10.34.35"])), ..country(b"h2") };
    let rig = rig(lying, &[SECURE], |_| ());
    let answer = rig.resolver.resolve(NAME, soon()).await.unwrap();
    assert_eq!(answer.addrs, ips(&["2001:67c:4e8::a", "149.154.167.99", "149.154.167.98"]));
    assert_eq!(
        *rig.findings.lock().unwrap(),
        [Finding { system: SystemSaid::Bogon, secure: SecureSaid::Answered, raw: None }]
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_system_delays_nothing_and_is_told_later() {
    struct Slow(Arc<Country>);
    impl Network for Slow {
        fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>> {
            self.0.connect(to)
        }
        fn bind_udp(&self, like: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Datagrams>>> {
            self.0.bind_udp(like)
        }
        fn system_lookup<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
            Box::pin(std::future::pending())
        }
    }
    let rig = rig(country(b"h2"), &[SECURE], |_| ());
    let settings = rig.resolver.inner.settings.clone();
    let resolver = Resolver::new(Arc::new(Slow(rig.country.clone())), settings).unwrap();
    let start = Instant::now();
    let answer = resolver.resolve(NAME, soon()).await.unwrap();
    assert_eq!((answer.finding, start.elapsed() < SYSTEM), (None, true));
    tokio::time::sleep(SYSTEM * 2).await;
    let timeout = Finding { system: SystemSaid::Timeout, secure: SecureSaid::Answered, raw: None };
    assert_eq!(*rig.findings.lock().unwrap(), [timeout]);
}

#[tokio::test(start_paused = true)]
async fn the_system_alone_is_never_believed_about_a_listed_name() {
    let blocked = rig(country(b"h2"), &[BLOCKED], |_| ());
    let failure = blocked.resolver.resolve(NAME, soon()).await.unwrap_err();
    assert_eq!((failure.stage, failure.cause), (Stage::Resolve, Cause::ConnectionRefused));

    let nobody = rig(country(b"h2"), &[], |_| ());
    let failure = nobody.resolver.resolve(NAME, soon()).await.unwrap_err();
    assert_eq!((failure.stage, failure.whose), (Stage::Resolve, Whose::Local));

    let allowed = rig(country(b"h2"), &[BLOCKED], |settings| settings.system_alone = true);
    assert_eq!(allowed.resolver.resolve(NAME, soon()).await.unwrap().addrs, ips(&["149.154.167.99"]));

    // Not against the word of a secure resolver, and not for an address that cannot be.
    let nx = Country { secure: |_, _| Err(ResponseCode::NXDomain), ..country(b"h2") };
    let spoken = rig(nx, &[SECURE], |settings| settings.system_alone = true);
    assert_eq!(spoken.resolver.resolve(NAME, soon()).await.unwrap_err().cause, Cause::DnsNxdomainError);
    let lying = Country { system: || Ok(ips(&["10.10.34.35"])), ..country(b"h2") };
    let lying = rig(lying, &[BLOCKED], |settings| settings.system_alone = true);
    assert_eq!(lying.resolver.resolve(NAME, soon()).await.unwrap_err().cause, Cause::DnsBogonError);
}

#[tokio::test(start_paused = true)]
async fn any_other_name_is_the_systems_and_no_secure_resolver_hears_of_it() {
    let rig1 = rig(country(b"h2"), &[SECURE], |_| ());
    let answer = rig1.resolver.resolve("printer.lan", soon()).await.unwrap();
    assert_eq!(answer.addrs, ips(&["149.154.167.99"]));
    assert_eq!(rig1.country.connections.load(Ordering::SeqCst), 0);

    let no = Country { system: || Err(io::ErrorKind::NotFound.into()), ..country(b"h2") };
    let rig2 = rig(no, &[SECURE], |_| ());
    let failure = rig2.resolver.resolve("printer.lan", soon()).await.unwrap_err();
    assert_eq!(failure.cause, Cause::DnsNxdomainError);
    assert_eq!(rig2.country.connections.load(Ordering::SeqCst), 0);

    let broken = Country { system: || Err(io::ErrorKind::ConnectionReset.into()), ..country(b"h2") };
    let rig3 = rig(broken, &[SECURE], |_| ());
    assert_eq!(rig3.resolver.resolve("example.org", soon()).await.unwrap().addrs.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn one_connection_serves_many_names_and_many_askers_share_one_question() {
    for alpn in [&b"h2"[..], b"http/1.1"] {
        let rig = rig(country(alpn), &[SECURE], |settings| settings.listed = Arc::new(|_| true));
        let same = (0..50).map(|_| rig.resolver.resolve(NAME, soon()));
        for outcome in futures_util::future::join_all(same).await {
            assert!(outcome.is_ok());
        }
        assert_eq!(rig.country.questions.load(Ordering::SeqCst), 2, "one A, one AAAA");
        rig.findings.lock().unwrap().clear();
        let second = rig.resolver.inner.ask_secure("g.whatsapp.net").await.unwrap();
        assert_eq!(second.addrs.len(), 3);
        assert_eq!(rig.country.connections.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_connection_is_replaced_without_the_asker_noticing() {
    for alpn in [&b"h2"[..], b"http/1.1"] {
        let cutting = Country { requests_per_connection: 2, ..country(alpn) };
        let rig = rig(cutting, &[SECURE], |_| ());
        for name in ["a.test", "b.test", "c.test"] {
            assert_eq!(rig.resolver.inner.ask_secure(name).await.unwrap().addrs.len(), 3, "{name}");
        }
        assert!(rig.country.connections.load(Ordering::SeqCst) >= 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_blocked_or_silent_resolver_gives_way_to_the_next() {
    for first in [BLOCKED, SILENT] {
        let rig = rig(country(b"h2"), &[first, SECURE], |_| ());
        let start = Instant::now();
        assert_eq!(rig.resolver.resolve(NAME, soon()).await.unwrap().addrs.len(), 3);
        assert!(start.elapsed() < Duration::from_secs(1), "{first}: {:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_no_is_believed_and_a_private_address_is_not() {
    let nx = Country { secure: |_, _| Err(ResponseCode::NXDomain), ..country(b"h2") };
    let nx = rig(nx, &[SECURE, SILENT], |_| ());
    assert_eq!(nx.resolver.resolve(NAME, soon()).await.unwrap_err().cause, Cause::DnsNxdomainError);

    let bogon = || Country { secure: |_, _| Ok(ips(&["192.168.1.1"])), ..country(b"h2") };
    let strict = rig(bogon(), &[SECURE], |_| ());
    assert_eq!(strict.resolver.resolve(NAME, soon()).await.unwrap_err().cause, Cause::DnsBogonError);
    let lenient = rig(bogon(), &[SECURE], |settings| settings.allow_private = true);
    assert!(lenient.resolver.resolve(NAME, soon()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_tunnels_server_is_found_even_when_the_secure_resolvers_are_blocked() {
    for (servers, want) in [(&[SECURE][..], 3), (&[BLOCKED], 1), (&[SILENT], 1), (&[], 1)] {
        let rig = rig(country(b"h2"), servers, |_| ());
        let start = Instant::now();
        let addrs = rig.resolver.resolve_server("tokyo.example", soon()).await.unwrap();
        assert_eq!(addrs.len(), want, "{servers:?}");
        assert!(start.elapsed() <= HEAD_START + Duration::from_millis(10));
    }
    let nowhere = Country { system: || Err(io::ErrorKind::NotFound.into()), ..country(b"h2") };
    let failure = rig(nowhere, &[], |_| ()).resolver.resolve_server("tokyo.example", soon()).await.unwrap_err();
    assert_eq!((failure.cause, failure.leg), (Cause::DnsNxdomainError, crate::model::Leg::Near));
}

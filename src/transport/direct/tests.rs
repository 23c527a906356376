//! Straight out over loopback, with names that only this test's system knows.

use super::*;
use crate::net::resolve::Settings;
use crate::net::{Datagrams, OsNetwork, bind_datagrams};
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The system's network, where `*.test` is this machine.
struct Loopback;

impl Network for Loopback {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>> {
        OsNetwork.connect(to)
    }
    fn bind_udp(&self, like: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Datagrams>>> {
        OsNetwork.bind_udp(like)
    }
    fn system_lookup<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let known = name.ends_with(".test");
        Box::pin(
            async move { if known { Ok(vec![[127, 0, 0, 1].into()]) } else { Err(io::ErrorKind::NotFound.into()) } },
        )
    }
}

fn direct(lookup: Lookup) -> Direct {
    let network: Arc<dyn Network> = Arc::new(Loopback);
    let resolver = Resolver::new(network.clone(), Settings::system_only()).unwrap();
    Direct::new(network, Arc::new(resolver), lookup)
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(5))
}

#[tokio::test]
async fn a_name_and_an_address_lead_to_the_same_place() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for (host, lookup) in
        [("127.0.0.1", Lookup::Destination), ("echo.test", Lookup::Destination), ("tokyo.test", Lookup::Server)]
    {
        let to = Destination::parse(&format!("{host}:{port}")).unwrap();
        let mut stream = direct(lookup).dial(&to, soon()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        stream.write_all(b"hi").await.unwrap();
        server.read_exact(&mut [0; 2]).await.unwrap();
        assert!(stream.tcp_facts().is_some() == cfg!(target_os = "linux") && stream.as_tcp().is_some());
    }
}

#[tokio::test]
async fn a_name_that_is_none_and_a_closed_port_are_told_apart() {
    let closed = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let failure = direct(Lookup::Destination).dial(&closed.into(), soon()).await.err().unwrap();
    assert_eq!((failure.stage, failure.cause), (Stage::Connect, Cause::ConnectionRefused));
    assert!(failure.endpoint.is_some());
    let nowhere = Destination::parse("nowhere.invalid:443").unwrap();
    let failure = direct(Lookup::Destination).dial(&nowhere, soon()).await.err().unwrap();
    assert_eq!((failure.stage, failure.cause), (Stage::Resolve, Cause::DnsNxdomainError));
}

#[tokio::test]
async fn packets_to_a_name_wait_for_its_address_and_answers_come_from_it() {
    let echo = bind_datagrams("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let at = echo.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buf = [0; 64];
        while let Ok((length, from)) = echo.recv_from(&mut buf).await {
            echo.send_to(&buf[..length], from).await.unwrap();
        }
    });
    let packets = direct(Lookup::Destination).associate(soon()).await.unwrap();
    let by_name = Destination::parse(&format!("echo.test:{}", at.port())).unwrap();
    let mut buf = [0; 64];
    for (to, text) in [(&by_name, b"one"), (&by_name, b"two"), (&at.into(), b"six")] {
        packets.send(text, to).await.unwrap();
        let (length, from) = packets.recv(&mut buf).await.unwrap();
        assert_eq!((&buf[..length], from), (&text[..], at.into()));
    }
    // A name that does not resolve loses its packets, and nothing else.
    packets.send(b"lost", &Destination::parse("nowhere.invalid:1").unwrap()).await.unwrap();
    packets.send(b"end", &by_name).await.unwrap();
    assert_eq!(packets.recv(&mut buf).await.unwrap().0, 3);
}

//! A connection whose two ends are there at once: the client's question lies ready, and so does the server's answer as soon
//! as it was asked. What is left is what byway itself does.

use byway::board::Board;
use byway::health::Params;
use byway::inbound::{Answer, Association, Protocol, Refusal, Request, Want};
use byway::model::{
    Destination, DirectRule, Facet, FirstFlight, L4, NetworkId, Route, Service, ServiceId, TransportId, Way,
};
use byway::net::{Deadline, FlowMeter, Io, Stream, copy_both};
use byway::policy::{Matcher, Rule};
use byway::session::{Routing, Sessions, Settings};
use byway::transport::{StreamDialer, Transport, dialer};
use futures_util::future::BoxFuture;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::runtime::{Builder, Runtime};

const DC: &str = "149.154.167.51:443";

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// An end that says one thing, at once or when it was asked, and is done.
struct End {
    says: Option<Vec<u8>>,
    waits: bool,
}

impl End {
    fn client() -> Stream {
        // Sixty-four bytes and more of an obfuscated start.
        let flight = (0..105_u8).map(|i| i.wrapping_mul(37) ^ 0x5a).collect();
        Box::new(Self { says: Some(flight), waits: false })
    }

    fn server() -> Stream {
        Box::new(Self { says: Some(vec![7; 105]), waits: true })
    }
}

impl Io for End {}

impl AsyncRead for End {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.waits {
            return Poll::Pending;
        }
        if let Some(words) = self.says.take() {
            buf.put_slice(&words);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for End {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.waits = false;
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn streams() -> Arc<dyn StreamDialer> {
    Arc::new(dialer(|_, _| Box::pin(async { Ok(End::server()) })))
}

/// A client that takes any answer.
struct Asks;

impl Answer for Asks {
    fn accept_stream(self: Box<Self>) -> BoxFuture<'static, io::Result<Stream>> {
        Box::pin(async { Ok(End::client()) })
    }
    fn accept_packets(self: Box<Self>) -> BoxFuture<'static, io::Result<Association>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }
    fn refuse(self: Box<Self>, _: Refusal, _: String) -> BoxFuture<'static, io::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// Dial, answer, relay.
pub(crate) async fn plain() {
    let to = Destination::parse(DC).unwrap();
    let mut server = streams().dial(&to, Deadline::after(Duration::from_secs(4))).await.unwrap();
    let asks: Box<dyn Answer> = Box::new(Asks);
    let mut client = asks.accept_stream().await.unwrap();
    let meter = FlowMeter::new();
    let end = copy_both(&mut client, &mut server, &meter, std::future::pending()).await;
    assert_eq!((meter.up(), meter.down(), end.outcome), (105, 105, Ok(())));
    let _ = client.flush().await;
    tokio::task::yield_now().await;
}

/// One request, to the end of its relay.
pub(crate) async fn held(sessions: &Arc<Sessions>) {
    let want = Want::Stream(Destination::parse(DC).unwrap());
    let request = Request::new(want, SocketAddr::from(([127, 0, 0, 1], 40_000)), Protocol::Socks5, Box::new(Asks));
    let rest = Arc::clone(sessions).run(request).await.unwrap();
    rest.to_end().await;
    // Who was told takes it in now.
    tokio::task::yield_now().await;
}

/// Sessions with one listed service over two ways, and a keeper who knows so many routes of others beside.
pub(crate) fn sessions(others: usize) -> Arc<Sessions> {
    let ids = ["direct", "tokyo"].map(TransportId::from);
    let service = |id: &str, first_flight| Service {
        id: ServiceId::from(id),
        title: String::from(id),
        order: ids.to_vec(),
        direct: DirectRule::UntilBlocked,
        first_flight,
    };
    let services = [service("telegram", FirstFlight::Mtproto), service("other", FirstFlight::Sniff)];
    let transport = |id: &TransportId| Transport {
        id: id.clone(),
        kind: "at hand",
        bare: id.as_str() == "direct",
        streams: streams(),
        packets: None,
        trouble: Arc::default(),
        life: None,
    };
    let route = |id: &TransportId| Route {
        service: ServiceId::from("telegram"),
        facet: Facet::Text,
        transport: id.clone(),
        l4: L4::Tcp,
    };
    let other = |n: usize| Route { service: ServiceId::from(format!("s{n}").as_str()), ..route(&ids[0]) };
    let routes = ids.iter().map(route).chain((0..others).map(other)).collect();
    let (board, keeper) = Board::new(Params::default(), routes, NetworkId(1));
    tokio::spawn(keeper.run(Default::default()));
    let way = |id: &TransportId| Way { id: id.clone(), bare: id.as_str() == "direct", packets: false, usable: true };
    let routing = Routing {
        matcher: Arc::new(Matcher::build(vec![Rule {
            service: ServiceId::from("telegram"),
            facet: Facet::Text,
            names: vec![String::from("telegram.test")],
            prefixes: vec!["149.154.160.0/20".parse().unwrap()],
            ports: Vec::new(),
        }])),
        services: services.into_iter().map(|service| (service.id.clone(), Arc::new(service))).collect(),
        ways: ids.iter().map(way).collect(),
        transports: ids.iter().map(|id| (id.clone(), transport(id))).collect(),
        patience: Settings::default(),
    };
    Sessions::new(Arc::new(routing), board)
}

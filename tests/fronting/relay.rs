//! byway at both ends: its relay behind the edge, or with a certificate of its own, reached by each carrier.

use crate::papers::{Dates, Papers};
use crate::peers::{UUID, edge};
use crate::traffic::{
    carries, carries_16_mebibytes, dial, echo, echoes_packets, hears_a_server_that_speaks_first, keeps_half_close,
    soon, way,
};
use byway::inbound::relay::{self, Certificate, Decoy, Relay};
use byway::model::{Cause, Failure, Host, Secret, Stage};
use byway::net::resolve::Settings;
use byway::net::{Listener, Network, OsNetwork, Resolver};
use byway::session::Exit;
use byway::transport::{Carrier, FrontedServer, Kind, ServerTls};
use byway::wire::vless::UserId;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const ALLOWED: &str = "allowed.example";
const PATH: &str = "/4f0c2a91";
const WEBSOCKET: Carrier = Carrier::WebSocket { early_data: 0 };
const EARLY: Carrier = Carrier::WebSocket { early_data: 2048 };

fn papers() -> Papers {
    Papers::new(&[ALLOWED], Dates::Now)
}

/// Starts a relay on a free port.
fn start(tls: Option<&Papers>, allow_private: bool) -> SocketAddr {
    let settings = relay::Settings {
        addresses: Vec::new(),
        path: PATH.into(),
        users: vec![UserId::parse(UUID).unwrap()],
        tls: tls.map(Papers::pem).map(|(chain, key)| Certificate { chain, key: Secret::new(key) }),
        decoy: Decoy::default(),
        max_sessions: 64,
        allow_private,
    };
    let network: Arc<dyn Network> = Arc::new(OsNetwork);
    let resolver = Arc::new(Resolver::new(network.clone(), Settings::system_only()).unwrap());
    let exit = Exit::new(network, resolver, allow_private);
    let submit: relay::Submit = Arc::new(move |arrival| {
        let exit = exit.clone();
        Box::pin(async move { exit.carry(arrival).await })
    });
    let spawn: relay::Spawn = Arc::new(|work| drop(tokio::spawn(work)));
    let relay = Relay::new(&settings, submit, spawn).unwrap();
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let at = listener.local_addr();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await;
            let relay = relay.clone();
            tokio::spawn(async move { relay.serve(stream).await });
        }
    });
    at
}

fn fronted(at: SocketAddr, papers: &Papers, carrier: Carrier, user: &str) -> Kind {
    Kind::Fronted(FrontedServer {
        connect: at.into(),
        tls: ServerTls::same(Host::parse(ALLOWED).unwrap(), papers.trust()),
        host: "hidden.example".into(),
        path: PATH.into(),
        carrier,
        user: UserId::parse(user).unwrap(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_through_the_edge() {
    let papers = papers();
    let Some(cdn) = edge(&papers, start(None, true), true).await else { return };
    for carrier in [WEBSOCKET, EARLY] {
        let way = way(fronted(cdn.at, &papers, carrier, UUID));
        carries_16_mebibytes(&way).await;
        hears_a_server_that_speaks_first(&way).await;
        echoes_packets(&way).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_through_the_edge() {
    let papers = papers();
    // Over one HTTP/2 connection, and over several of HTTP/1.1.
    for http2 in [true, false] {
        let Some(cdn) = edge(&papers, start(None, true), http2).await else { return };
        let way = way(fronted(cdn.at, &papers, Carrier::Polling, UUID));
        carries_16_mebibytes(&way).await;
        hears_a_server_that_speaks_first(&way).await;
        keeps_half_close(&way).await;
        echoes_packets(&way).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_with_a_certificate_of_its_own() {
    let papers = papers();
    let at = start(Some(&papers), true);
    for carrier in [WEBSOCKET, EARLY, Carrier::Polling] {
        let way = way(fronted(at, &papers, carrier, UUID));
        carries(&way, 4 << 20).await;
        hears_a_server_that_speaks_first(&way).await;
        echoes_packets(&way).await;
    }
}

/// What comes back, once something was said.
async fn answer(kind: Kind, to: SocketAddr) -> Result<usize, Failure> {
    let mut stream = dial(&way(kind), to).await?;
    let answer = async {
        stream.write_all(b"hello").await?;
        stream.flush().await?;
        stream.read(&mut [0; 64]).await
    };
    soon().run(answer).await.expect("in time").map_err(|error| Failure::from_io(Stage::FirstFlight, &error))
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reaches_the_relays_own_machine_unless_allowed() {
    let papers = papers();
    let at = start(Some(&papers), false);
    for carrier in [WEBSOCKET, Carrier::Polling] {
        // Twice, to two places: the end without a byte is not taken for a wrong key.
        let way = way(fronted(at, &papers, carrier, UUID));
        for _ in 0..2 {
            let mut stream = dial(&way, echo().await).await.unwrap();
            stream.write_all(b"hello").await.unwrap();
            stream.flush().await.unwrap();
            assert_eq!(soon().run(stream.read(&mut [0; 16])).await.expect("in time").unwrap(), 0);
        }
        assert_eq!(way.trouble.cause(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_in_posts_is_told_what_any_unknown_path_is_told() {
    let papers = papers();
    let at = start(Some(&papers), true);
    let stranger = fronted(at, &papers, Carrier::Polling, "b831381d-6324-4d53-ad4f-8cda48b30899");
    assert_eq!(answer(stranger, echo().await).await.unwrap_err().cause, Cause::HostRefused);
}

//! Behind a CDN's edge: nginx, which knows its hosts by `Host`, shown another name.

use crate::papers::{Dates, Papers};
use crate::peers::{Dress, UUID, edge, v2ray};
use crate::traffic::{carries_16_mebibytes, dial, echo, echoes_packets, hears_a_server_that_speaks_first, way};
use byway::model::{Cause, Host};
use byway::transport::{Carrier, Ech, FrontedServer, Kind, ServerTls};
use byway::wire::vless::UserId;
use std::net::SocketAddr;

const ALLOWED: &str = "allowed.example";
const HIDDEN: &str = "hidden.example";

fn name(text: &str) -> Host {
    Host::parse(text).unwrap()
}

/// The edge's certificate holds the name that may be shown, and no other.
fn papers() -> Papers {
    Papers::new(&[ALLOWED], Dates::Now)
}

fn fronted(at: SocketAddr, shown: Option<&str>, papers: &Papers, carrier: Carrier) -> Kind {
    Kind::Fronted(FrontedServer {
        connect: at.into(),
        tls: ServerTls { shown: shown.map(name), checked: name(ALLOWED), trust: papers.trust(), ech: Ech::Never },
        host: HIDDEN.into(),
        path: "/ws".into(),
        carrier,
        user: UserId::parse(UUID).unwrap(),
    })
}

const WEBSOCKET: Carrier = Carrier::WebSocket { early_data: 0 };

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_v2ray_behind_a_cdn_is_reached_by_another_name_or_by_none() {
    let papers = papers();
    let Some(server) = v2ray(Dress { papers: None, path: Some("/ws"), early_data: 0 }).await else { return };
    let Some(cdn) = edge(&papers, server.at, true).await else { return };
    for shown in [Some(ALLOWED), None] {
        let way = way(fronted(cdn.at, shown, &papers, WEBSOCKET));
        carries_16_mebibytes(&way).await;
        hears_a_server_that_speaks_first(&way).await;
        echoes_packets(&way).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_is_checked_against_the_name_that_is_shown() {
    let papers = papers();
    let Some(cdn) = edge(&papers, echo().await, true).await else { return };
    let mut kind = fronted(cdn.at, Some(HIDDEN), &papers, WEBSOCKET);
    if let Kind::Fronted(settings) = &mut kind {
        settings.tls.checked = name(HIDDEN);
    }
    let failure = dial(&way(kind), echo().await).await.err().unwrap();
    assert_eq!(failure.cause, Cause::SslInvalidHostname);
}

//! VLESS and Trojan without anything in front of them.

use crate::papers::{Dates, Papers};
use crate::peers::{Dress, PASSWORD, UUID, sing_box_trojan, sing_box_vless, trojan, v2ray};
use crate::traffic::{
    carries_16_mebibytes, echoes_packets, hears_a_server_that_speaks_first, keeps_half_close, way, web_site,
};
use byway::model::{Host, Secret};
use byway::transport::{Kind, ServerTls, TrojanServer, VlessServer, WebSocketSpec};
use byway::wire::vless::UserId;
use std::net::SocketAddr;

pub(crate) const NAME: &str = "tunnel.example";

pub(crate) fn papers() -> Papers {
    Papers::new(&[NAME], Dates::Now)
}

pub(crate) fn tls(papers: &Papers) -> ServerTls {
    ServerTls::same(Host::parse(NAME).unwrap(), papers.trust())
}

pub(crate) fn websocket(path: &str, early_data: usize) -> Option<WebSocketSpec> {
    Some(WebSocketSpec { host: NAME.into(), path: path.into(), early_data })
}

pub(crate) fn vless(at: SocketAddr, papers: &Papers, websocket: Option<WebSocketSpec>) -> Kind {
    let user = UserId::parse(UUID).unwrap();
    Kind::Vless(VlessServer { server: at.into(), user, tls: tls(papers), websocket })
}

pub(crate) fn trojan_at(at: SocketAddr, papers: &Papers, password: &str, websocket: Option<WebSocketSpec>) -> Kind {
    let password = Secret::new(password.to_owned());
    Kind::Trojan(TrojanServer { server: at.into(), password, tls: tls(papers), websocket })
}

#[tokio::test(flavor = "multi_thread")]
async fn vless_over_tls_with_v2ray() {
    let papers = papers();
    let dress = Dress { papers: Some(&papers), path: None, early_data: 0 };
    let Some(peer) = v2ray(dress).await else { return };
    let way = way(vless(peer.at, &papers, None));
    carries_16_mebibytes(&way).await;
    keeps_half_close(&way).await;
    hears_a_server_that_speaks_first(&way).await;
    echoes_packets(&way).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vless_over_a_websocket_and_tls_with_v2ray() {
    let papers = papers();
    let dress = Dress { papers: Some(&papers), path: Some("/ws"), early_data: 0 };
    let Some(peer) = v2ray(dress).await else { return };
    let way = way(vless(peer.at, &papers, websocket("/ws", 0)));
    carries_16_mebibytes(&way).await;
    hears_a_server_that_speaks_first(&way).await;
    echoes_packets(&way).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vless_with_sing_box() {
    let papers = papers();
    let bare = Dress { papers: Some(&papers), path: None, early_data: 0 };
    let Some(peer) = sing_box_vless(bare).await else { return };
    let straight = way(vless(peer.at, &papers, None));
    carries_16_mebibytes(&straight).await;
    hears_a_server_that_speaks_first(&straight).await;
    echoes_packets(&straight).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn early_data_with_sing_box() {
    let papers = papers();
    let dress = Dress { papers: Some(&papers), path: Some("/ws"), early_data: 2048 };
    let Some(peer) = sing_box_vless(dress).await else { return };
    let early = way(vless(peer.at, &papers, websocket("/ws", 2048)));
    carries_16_mebibytes(&early).await;
    hears_a_server_that_speaks_first(&early).await;
    echoes_packets(&early).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trojan_with_the_reference_server() {
    let papers = papers();
    let Some(peer) = trojan(&papers, web_site().await).await else { return };
    let way = way(trojan_at(peer.at, &papers, PASSWORD, None));
    carries_16_mebibytes(&way).await;
    hears_a_server_that_speaks_first(&way).await;
    echoes_packets(&way).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trojan_with_sing_box() {
    let papers = papers();
    for path in [None, Some("/t")] {
        let dress = Dress { papers: Some(&papers), path, early_data: 0 };
        let Some(peer) = sing_box_trojan(dress).await else { return };
        let websocket = path.and_then(|path| websocket(path, 0));
        let way = way(trojan_at(peer.at, &papers, PASSWORD, websocket));
        carries_16_mebibytes(&way).await;
        hears_a_server_that_speaks_first(&way).await;
        echoes_packets(&way).await;
    }
}

//! Programs that lead to one server: pluggable transports and Shadowsocks plugins.

use crate::peers::{command, find, free_port, microsocks, start, texts};
use crate::traffic::{carries, chain, until};
use byway::model::Secret;
use byway::transport::{ExternalProgram, Kind, Offers, PluggableServer, Plugin, Run, ShadowsocksServer, Socks5Server};
use std::net::SocketAddr;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

/// An obfs4 server in front of `behind`, and what its clients must be told.
async fn obfs4(behind: SocketAddr) -> Option<(Child, SocketAddr, Vec<(String, Secret<String>)>, tempfile::TempDir)> {
    let program = find("obfs4proxy", "obfs4proxy")?;
    let state = tempfile::tempdir().unwrap();
    let at = free_port().await;
    let mut server = command(&program, &[]);
    server
        .env("TOR_PT_MANAGED_TRANSPORT_VER", "1")
        .env("TOR_PT_STATE_LOCATION", state.path())
        .env("TOR_PT_SERVER_TRANSPORTS", "obfs4")
        .env("TOR_PT_SERVER_BINDADDR", format!("obfs4-{at}"))
        .env("TOR_PT_ORPORT", behind.to_string())
        .stdout(Stdio::piped());
    let mut child = server.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while lines.next_line().await.unwrap().expect("it starts") != "SMETHODS DONE" {}
    let line = std::fs::read_to_string(state.path().join("obfs4_bridgeline.txt")).unwrap();
    let words = line.split_whitespace().filter_map(|word| word.split_once('='));
    let told = words.map(|(key, value)| (key.to_owned(), Secret::new(value.to_owned()))).collect();
    Some((child, at, told, state))
}

fn pluggable(server: SocketAddr, arguments: Vec<(String, Secret<String>)>, state: &std::path::Path) -> Kind {
    let server = PluggableServer { transport: "obfs4".into(), server: server.into(), arguments, state: state.into() };
    let run = Run::command(texts(&["obfs4proxy"]));
    Kind::External(Box::new(ExternalProgram { run, offers: Offers::Pluggable(server) }))
}

#[tokio::test]
async fn a_proxy_behind_an_obfs4_server() {
    let Some(proxy) = microsocks().await else { return };
    let Some((_server, at, told, _files)) = obfs4(proxy.at).await else { return };
    assert!(told.iter().any(|(key, _)| key == "cert"));
    let state = tempfile::tempdir().unwrap();
    // What the proxy is called by the way above is not dialled: the bridge leads there.
    let behind =
        || Kind::Socks5(Socks5Server { server: "127.0.0.1:9".parse::<SocketAddr>().unwrap().into(), login: None });
    carries(&chain(vec![pluggable(at, told.clone(), state.path()), behind()])).await;

    // What it must be told is not there: the program says so at once.
    let way = chain(vec![pluggable(at, Vec::new(), state.path()), behind()]);
    let failure = crate::traffic::dial(&way, free_port().await).await.err().unwrap();
    assert_eq!(failure.leg, byway::model::Leg::Near, "{failure:?}");
}

fn shadowsocks(server: SocketAddr, program: &str, options: &str) -> Kind {
    Kind::Shadowsocks(ShadowsocksServer {
        server: server.into(),
        method: "aes-256-gcm".into(),
        password: Secret::new("correct horse".into()),
        prefix: Vec::new(),
        plugin: Some(Plugin { program: program.into(), options: Secret::new(options.into()) }),
    })
}

#[tokio::test]
async fn shadowsocks_through_simple_obfs() {
    let (Some(server), Some(_), Some(_)) =
        (find("ss-server", "shadowsocks-libev"), find("obfs-server", "simple-obfs"), find("obfs-local", "simple-obfs"))
    else {
        return;
    };
    for mode in ["http", "tls"] {
        let run = |at: SocketAddr, _: &std::path::Path| {
            let (port, options) = (at.port().to_string(), format!("obfs={mode}"));
            texts(&[
                "-s",
                "127.0.0.1",
                "-p",
                &port,
                "-k",
                "correct horse",
                "-m",
                "aes-256-gcm",
                "--plugin",
                "obfs-server",
                "--plugin-opts",
                &options,
            ])
        };
        let peer = start(&server, run).await;
        let way = chain(vec![shadowsocks(peer.at, "obfs-local", &format!("obfs={mode};obfs-host=www.example"))]);
        assert!(way.packets.is_none(), "a plugin carries streams alone");
        carries(&way).await;
    }
}

#[tokio::test]
async fn a_plugin_that_is_not_installed_is_named() {
    let way = chain(vec![shadowsocks(free_port().await, "no-such-plugin", "")]);
    assert!(crate::traffic::dial(&way, free_port().await).await.is_err());
    let life = way.life.clone().unwrap();
    until(|| life.trouble().is_some()).await;
    assert!(life.trouble().unwrap().contains("\"no-such-plugin\" is not found"));
}

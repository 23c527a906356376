//! A client at the door that says anything: the visit ends by itself, and a request that came of it can be answered.
#![no_main]

use byway::inbound::{Door, Refusal, Request, Rest, Settings};
use byway::net::OsDatagrams;
use libfuzzer_sys::fuzz_target;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Far beyond the negotiation and a last word together.
const PATIENCE: Duration = Duration::from_secs(120);

fuzz_target!(|bytes: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (client, near) = tokio::io::duplex(64 * 1024);
        let (mut answers, mut words) = tokio::io::split(client);
        let datagrams = Arc::new(OsDatagrams);
        let door = Door { login: None, settings: Settings::default(), datagrams, script: None };
        let peer = SocketAddr::from(([127, 0, 0, 1], 50_000));
        let refuse = |request: Request| -> futures_util::future::BoxFuture<'static, Option<Rest>> {
            Box::pin(async move {
                drop(request.refuse(Refusal::NoWayLeft, String::new()).await);
                None
            })
        };
        let visit = tokio::time::timeout(PATIENCE, door.serve(Box::new(near), peer, refuse));
        let talk = async {
            // A door that has closed already has heard enough.
            let _ = words.write_all(bytes).await;
            let _ = words.shutdown().await;
        };
        let listen = async {
            let mut heard = Vec::new();
            let _ = answers.read_to_end(&mut heard).await;
        };
        let (ended, (), ()) = tokio::join!(visit, talk, listen);
        assert!(ended.is_ok(), "the visit never ended");
    });
});

//! Encrypted ClientHello (RFC 9849) with a real server: what the line reads of a hello, and what a wrong key does.

use crate::papers::{Dates, Papers};
use crate::peers::{ech_keys, sing_box_vless_hidden};
use crate::traffic::{carries, dial, echo, way};
use crate::tunnels::{NAME, tls, vless};
use byway::model::{Cause, Leg};
use byway::transport::{Ech, Kind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The name that the line may read.
const PUBLIC: &str = "public.example";

/// A place on the line in front of `server`, and all that it reads of what clients say.
async fn overheard(server: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = heard.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let ear = ear.clone();
            tokio::spawn(async move {
                let Ok(server) = TcpStream::connect(server).await else { return };
                let ((mut from, mut back), (mut answer, mut to)) = (client.into_split(), server.into_split());
                let down = tokio::spawn(async move { tokio::io::copy(&mut answer, &mut back).await });
                let mut buf = vec![0; 1 << 16];
                while let Ok(n @ 1..) = from.read(&mut buf).await {
                    ear.lock().unwrap().extend_from_slice(&buf[..n]);
                    if to.write_all(&buf[..n]).await.is_err() {
                        break;
                    }
                }
                let _ended = to.shutdown().await;
                let _ended = down.await;
            });
        }
    });
    (at, heard)
}

fn shows(heard: &Mutex<Vec<u8>>, name: &str) -> bool {
    heard.lock().unwrap().windows(name.len()).any(|window| window == name.as_bytes())
}

fn hiding(at: SocketAddr, papers: &Papers, keys: Vec<u8>) -> Kind {
    let Kind::Vless(mut server) = vless(at, papers, None) else { unreachable!() };
    server.tls = byway::transport::ServerTls { ech: Ech::Keys(keys), ..tls(papers) };
    Kind::Vless(server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_name_is_never_on_the_line() {
    let papers = Papers::new(&[NAME], Dates::Now);
    let Some((configs, keys)) = ech_keys(PUBLIC) else { return };
    let Some(peer) = sing_box_vless_hidden(&papers, &keys).await else { return };
    let (at, heard) = overheard(peer.at).await;
    carries(&way(hiding(at, &papers, configs)), 1 << 20).await;
    assert!(shows(&heard, PUBLIC) && !shows(&heard, NAME));
    // The same server by a hello that hides nothing.
    let (at, heard) = overheard(peer.at).await;
    carries(&way(vless(at, &papers, None)), 1 << 10).await;
    assert!(shows(&heard, NAME) && !shows(&heard, PUBLIC));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_keys_that_the_server_does_not_have_there_is_no_connection_and_no_name() {
    let papers = Papers::new(&[NAME], Dates::Now);
    let (Some((_, keys)), Some((others, _))) = (ech_keys(PUBLIC), ech_keys(PUBLIC)) else { return };
    let Some(peer) = sing_box_vless_hidden(&papers, &keys).await else { return };
    let (at, heard) = overheard(peer.at).await;
    let failure = dial(&way(hiding(at, &papers, others)), echo().await).await.err().unwrap();
    assert_eq!((failure.cause, failure.leg), (Cause::EchRejected, Leg::Near));
    assert!(shows(&heard, PUBLIC) && !shows(&heard, NAME));
}

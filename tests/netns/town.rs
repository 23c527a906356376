//! The lab's town in the internet's namespace: each of its addresses is on that machine, real sockets listen there, and
//! what comes in is carried to the lab's own servers, byte for byte.

use crate::ground::Ground;
use crate::resident::{Resident, command_in, finish};
use byway::lab::{Country, World};
use byway::net::{Datagrams, Network};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// A country without distances: the kernel has its own.
pub(crate) fn world() -> World {
    World::new().rtt(Duration::ZERO).tunnel_rtt(Duration::ZERO)
}

/// The town while it is open.
pub(crate) struct Town {
    pub(crate) country: Country,
    namespace: String,
    _people: Resident,
}

impl Town {
    /// Opens every door of a country at its own address.
    pub(crate) fn open(ground: &Ground) -> Self {
        let (out, country) = mpsc::channel();
        let people = Resident::of(&ground.internet, move |ready| async move {
            let country = world().start().unwrap();
            let (streams, packets) = country.doors();
            for at in streams.into_iter().filter(SocketAddr::is_ipv4) {
                tokio::spawn(accept(country.clone(), TcpListener::bind(at).await.unwrap(), at));
            }
            for at in packets.into_iter().filter(SocketAddr::is_ipv4) {
                tokio::spawn(exchange(country.clone(), UdpSocket::bind(at).await.unwrap(), at));
            }
            out.send(country).unwrap();
            ready.send(()).unwrap();
            std::future::pending::<()>().await;
        });
        let country: Country = country.recv().unwrap();
        ground.in_the_internet(&addresses(&country).map(|ip| format!("addr add {ip}/32 dev lo\n")).collect::<String>());
        Self { country, namespace: ground.internet.clone(), _people: people }
    }
}

impl Town {
    /// A service itself goes down: its machines refuse everybody, wherever they come from.
    pub(crate) fn take_down(&self, service: &str) {
        let hosts = self.country.addresses(service);
        let v4 = hosts.iter().filter(|host| host.addr().is_ipv4()).map(|host| host.addr().to_string());
        let v4 = v4.collect::<Vec<_>>().join(", ");
        self.nft(&format!(
            "table inet down {{\nchain in {{ type filter hook input priority 0;\n\
             ip daddr {{ {v4} }} meta l4proto tcp reject with tcp reset\n}}\n}}\n"
        ));
        self.country.take_down(hosts);
    }

    /// It serves again.
    pub(crate) fn bring_up(&self, service: &str) {
        self.nft("delete table inet down\n");
        self.country.bring_up(self.country.addresses(service));
    }

    fn nft(&self, script: &str) {
        let mut nft = command_in(&self.namespace, "nft");
        nft.args(["-f", "-"]);
        finish(nft, script);
    }
}

/// Each address of the country once.
fn addresses(country: &Country) -> impl Iterator<Item = IpAddr> {
    let (streams, packets) = country.doors();
    let all: std::collections::BTreeSet<IpAddr> = streams.into_iter().chain(packets).map(|at| at.ip()).collect();
    all.into_iter().filter(IpAddr::is_ipv4)
}

/// Carries every connection that comes to `listener` to the lab's server at `at`.
pub(crate) async fn accept(country: Country, listener: TcpListener, at: SocketAddr) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(carry(country.clone(), client, at));
    }
}

async fn carry(country: Country, mut client: TcpStream, at: SocketAddr) -> io::Result<()> {
    let carried = async {
        client.set_nodelay(true)?;
        let mut server = country.outside().connect(at).await?;
        tokio::io::copy_bidirectional(&mut client, &mut server).await
    };
    if carried.await.is_err() {
        // What breaks behind breaks before: with a reset.
        client.set_zero_linger()?;
    }
    Ok(())
}

/// The same for datagrams: each client has a socket of its own in the lab.
async fn exchange(country: Country, socket: UdpSocket, at: SocketAddr) {
    let socket = Arc::new(socket);
    let mut clients: HashMap<SocketAddr, Arc<dyn Datagrams>> = HashMap::new();
    let mut buf = [0; 2048];
    while let Ok((size, client)) = socket.recv_from(&mut buf).await {
        let inner = match clients.get(&client) {
            Some(inner) => inner.clone(),
            None => {
                let Ok(inner) = country.outside().bind_udp(at).await else { continue };
                let inner: Arc<dyn Datagrams> = Arc::from(inner);
                tokio::spawn(answers(inner.clone(), socket.clone(), client));
                clients.insert(client, inner.clone());
                inner
            }
        };
        let _sent = inner.send_to(&buf[..size], at).await;
    }
}

async fn answers(inner: Arc<dyn Datagrams>, socket: Arc<UdpSocket>, client: SocketAddr) {
    let mut buf = [0; 2048];
    while let Ok((size, _)) = inner.recv_from(&mut buf).await {
        let _sent = socket.send_to(&buf[..size], client).await;
    }
}

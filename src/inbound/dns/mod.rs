//! Names for the LAN (RFC 1035 §4.2, UDP and TCP). A listed name is answered from the secure resolvers alone, with the life
//! that they gave it; when they fail, with SERVFAIL: its question never reaches the ordinary resolver. Any other question
//! goes to that one as it came, and its answer back as it came. Whoever is not of the LAN hears nothing. What a listed name
//! was answered with is told before the answer goes out, so that the firewall knows the address before the first packet.

mod message;
mod sources;
#[cfg(test)]
mod tests;
mod upstream;

pub use sources::Sources;

use crate::net::{Datagrams, Deadline, Network, Resolver, Stream};
use futures_util::future::BoxFuture;
use message::{Asked, Found, Question};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;
use upstream::Over;

/// Where names are asked for, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    /// Who may ask; `None` for the private ranges and the LAN's own networks.
    pub allow: Option<Vec<ipnet::IpNet>>,
    /// Who is asked about all other names; the system's resolvers when empty.
    pub upstream: Vec<SocketAddr>,
}

/// Is told what a listed name was answered with, and for how long that holds.
pub type Told = Arc<dyn Fn(String, Vec<IpAddr>, Duration) -> BoxFuture<'static, ()> + Send + Sync>;

/// How long an answer to a client may take: apps ask again after five seconds.
const PATIENCE: Duration = Duration::from_millis(4500);
/// How long a client may be silent on its connection (RFC 7766 §6.2.3).
const IDLE: Duration = Duration::from_secs(10);
/// Questions at once.
const MOST: usize = 512;
/// How long a socket that fails is left alone.
const PAUSE: Duration = Duration::from_millis(100);
/// The largest question by UDP.
const LARGEST: usize = 4096;

/// What the door is made of.
pub struct Setup {
    /// Who knows listed names now.
    pub resolver: Arc<dyn Fn() -> Arc<Resolver> + Send + Sync>,
    /// What everything else is asked over.
    pub network: Arc<dyn Network>,
    /// Who is asked about all other names now: a provider's resolvers may come after the start, and change with it.
    pub upstream: Arc<dyn Fn() -> Vec<SocketAddr> + Send + Sync>,
    /// Who may ask.
    pub sources: Sources,
    /// Whether listed names have IPv6 addresses here: not where the firewall does not catch it.
    pub ipv6: bool,
    /// Hears what listed names are answered with.
    pub told: Told,
}

/// The door. Clones are the same door.
#[derive(Clone)]
pub struct Names(Arc<Inner>);

struct Inner {
    setup: Setup,
    room: Arc<Semaphore>,
}

impl Names {
    /// A door of this setup.
    pub fn new(setup: Setup) -> Self {
        Self(Arc::new(Inner { setup, room: Arc::new(Semaphore::new(MOST)) }))
    }

    /// Answers what comes by `socket`, each question by `spawn`; for ever.
    pub async fn packets(&self, socket: Box<dyn Datagrams>, spawn: impl Fn(BoxFuture<'static, ()>)) {
        let socket: Arc<dyn Datagrams> = Arc::from(socket);
        let mut buf = [0; LARGEST];
        loop {
            let (length, client) = match socket.recv_from(&mut buf).await {
                Ok(came) => came,
                // An earlier client's port is closed, where the system says so.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => continue,
                Err(_) => {
                    // Memory is short for a moment, or the network is: asking again at once would not help.
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            if !self.0.setup.sources.admits(client.ip()) {
                continue;
            }
            let Ok(room) = Arc::clone(&self.0.room).try_acquire_owned() else { continue };
            let (names, socket, question) = (self.clone(), Arc::clone(&socket), buf[..length].to_vec());
            spawn(Box::pin(async move {
                if let Some(answer) = names.answer(&question, Over::Udp).await {
                    // Who has gone asks no more.
                    let _sent = socket.send_to(&answer, client).await;
                }
                drop(room);
            }));
        }
    }

    /// Answers a client's connection, question by question, to its end.
    pub async fn stream(&self, mut stream: Stream, client: IpAddr) -> io::Result<()> {
        if !self.0.setup.sources.admits(client) {
            stream.abort_on_drop();
            return Ok(());
        }
        let Ok(_room) = self.0.room.try_acquire() else { return Ok(()) };
        loop {
            let read = async {
                let length = stream.read_u16().await?;
                let mut question = vec![0; length.into()];
                stream.read_exact(&mut question).await?;
                Ok::<_, io::Error>(question)
            };
            let Some(question) = Deadline::after(IDLE).run(read).await else { return Ok(()) };
            let Some(answer) = self.answer(&question?, Over::Tcp).await else { return Ok(()) };
            let length = u16::try_from(answer.len()).map_err(|_| io::ErrorKind::InvalidData)?;
            stream.write_all(&[&length.to_be_bytes()[..], &answer].concat()).await?;
            stream.flush().await?;
        }
    }

    /// The answer to one message; `None` for what is no question at all.
    async fn answer(&self, message: &[u8], over: Over) -> Option<Vec<u8>> {
        let question = match message::read(message) {
            Asked::Question(question) => question,
            Asked::Refused(refusal) => return Some(refusal),
            Asked::Nothing => return None,
        };
        let Setup { resolver, network, upstream, .. } = &self.0.setup;
        let (resolver, deadline) = (resolver(), Deadline::after(PATIENCE));
        if resolver.is_listed(&question.name) {
            return self.listed(&resolver, &question, over, deadline).await;
        }
        let passed = upstream::ask(&**network, &upstream(), message, over, deadline).await;
        passed.or_else(|| question.failed())
    }

    async fn listed(
        &self,
        resolver: &Resolver,
        question: &Question,
        over: Over,
        deadline: Deadline,
    ) -> Option<Vec<u8>> {
        let Setup { ipv6, told, .. } = &self.0.setup;
        let Some(six) = question.wants_six().filter(|six| *ipv6 || !six) else {
            // Any other record could lead by another way: an HTTPS record to QUIC, or to a key that hides the name.
            return question.answer(&Found::default(), over.room(question));
        };
        match resolver.resolve_unseen(&question.name, deadline).await {
            Ok((answer, ttl)) => {
                let caught: Vec<_> = answer.addrs.into_iter().filter(|ip| *ipv6 || ip.is_ipv4()).collect();
                told(question.name.clone(), caught.clone(), ttl).await;
                let addrs = caught.into_iter().filter(|ip| ip.is_ipv6() == six).collect();
                question.answer(&Found { addrs, ttl }, over.room(question))
            }
            Err(failure) => question.without(&failure),
        }
    }
}

//! The resolvers of a network that has none but these (a tunnel's, a device's), asked as the C library asks: over UDP,
//! again when nothing comes, over TCP when the answer was too long (RFC 1035 §4.2, RFC 7766).

use super::message::{self, Family, Records};
use crate::model::Cause;
use crate::net::{Deadline, Network};
use futures_util::future::join;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long one datagram may go unanswered.
const PATIENCE: Duration = Duration::from_millis(1200);
/// How often a server is asked.
const TRIES: usize = 2;
/// The most that is read of a datagram (RFC 6891 §6.2.5 allows more than the 512 bytes of old).
const LARGEST: usize = 4096;
/// Where the TC bit is (RFC 1035 §4.1.1).
const FLAGS: usize = 2;
const TRUNCATED: u8 = 0x02;

/// The addresses of `name` by the first of `servers` that answers, IPv6 first. `NotFound` when there are none.
pub async fn ask_plain(
    network: &dyn Network,
    servers: &[SocketAddr],
    name: &str,
    deadline: Deadline,
) -> io::Result<Vec<IpAddr>> {
    if servers.is_empty() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let search = async {
        let mut last = io::ErrorKind::TimedOut.into();
        for server in servers {
            let ask = |family| by_udp(network, *server, name, family);
            let (six, four) = join(ask(Family::Six), ask(Family::Four)).await;
            match (six, four) {
                (Ok(six), Ok(four)) if six.is_empty() && four.is_empty() => {
                    return Err(io::ErrorKind::NotFound.into());
                }
                (Ok(six), Ok(four)) => return Ok([six, four].concat()),
                (Ok(found), Err(_)) | (Err(_), Ok(found)) if !found.is_empty() => return Ok(found),
                (Err(error), _) | (_, Err(error)) => last = error,
            }
        }
        Err(last)
    };
    deadline.run(search).await.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
}

async fn by_udp(network: &dyn Network, server: SocketAddr, name: &str, family: Family) -> io::Result<Vec<IpAddr>> {
    let id = fastrand::u16(..);
    let question = message::plain_query_for(name, id, family).map_err(|_| io::ErrorKind::NotFound)?;
    let socket = network.bind_udp(server).await?;
    let mut buf = [0; LARGEST];
    for _ in 0..TRIES {
        socket.send_to(&question, server).await?;
        let listen = async {
            loop {
                let (length, from) = socket.recv_from(&mut buf).await?;
                let answer = buf.get(..length).unwrap_or_default();
                if from == server && message::is_reply_for(answer, id, name, family) {
                    return Ok::<_, io::Error>(length);
                }
            }
        };
        let Ok(heard) = tokio::time::timeout(PATIENCE, listen).await else { continue };
        let answer = &buf[..heard?];
        if answer.get(FLAGS).is_some_and(|flags| flags & TRUNCATED != 0) {
            return by_tcp(network, server, &question, |answer| message::is_reply_for(answer, id, name, family)).await;
        }
        return read(answer);
    }
    Err(io::ErrorKind::TimedOut.into())
}

/// Over TCP, each message behind its length.
async fn by_tcp(
    network: &dyn Network,
    server: SocketAddr,
    question: &[u8],
    is_reply: impl Fn(&[u8]) -> bool,
) -> io::Result<Vec<IpAddr>> {
    let mut stream = network.connect(server).await?;
    let length = u16::try_from(question.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_all(&[&length.to_be_bytes()[..], question].concat()).await?;
    stream.flush().await?;
    let mut answer = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut answer).await?;
    if is_reply(&answer) { read(&answer) } else { Err(io::ErrorKind::InvalidData.into()) }
}

fn read(answer: &[u8]) -> io::Result<Vec<IpAddr>> {
    match message::answer(answer) {
        Ok(Records { addrs, .. }) => Ok(addrs),
        Err(failure) if failure.cause == Cause::DnsNxdomainError => Ok(Vec::new()),
        Err(_) => Err(io::ErrorKind::InvalidData.into()),
    }
}

//! Resolvers that are asked raw (RFC 1035 §4.2: UDP, and TCP with a length before each message), and the answers that
//! a box on the line forges. The operator's say what the censor tells them to; the public ones tell the truth.

use super::censor::{Lie, Resolver};
use super::land::Land;
use super::origins::names;
use super::tcp::Wire;
use crate::net::Datagrams;
use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Where resolvers listen.
pub(super) const PORT: u16 = 53;

/// The operator's resolvers, which the system uses; inside the country.
pub(super) const SYSTEM: [SocketAddr; 2] = [at(192, 0, 2, 153), at(192, 0, 2, 154)];
/// Public resolvers abroad; the second is the host of the resolver over HTTPS.
pub(super) const PUBLIC: [SocketAddr; 2] = [at(8, 8, 8, 8), at(198, 51, 100, 53)];

const fn at(a: u8, b: u8, c: u8, d: u8) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), PORT)
}

/// The name that a question asks for, lower-case and without the last dot.
pub(super) fn question(packet: &[u8]) -> Option<String> {
    let message = Message::from_vec(packet).ok()?;
    if message.metadata.message_type != MessageType::Query {
        return None;
    }
    let name = message.queries.first()?.name().to_ascii().to_ascii_lowercase();
    Some(name.strip_suffix('.').map(str::to_owned).unwrap_or(name))
}

/// A forged answer to a question.
pub(super) fn lie(question: &[u8], lie: Lie) -> Option<Vec<u8>> {
    match lie {
        Lie::NoSuchName => names::answer(question, |_| Vec::new()),
        Lie::Address(address) => names::answer(question, |_| vec![address]),
        Lie::Refused => {
            let asked = Message::from_vec(question).ok()?;
            let mut message = Message::new(asked.metadata.id, MessageType::Response, OpCode::Query);
            message.metadata.recursion_desired = asked.metadata.recursion_desired;
            message.metadata.response_code = ResponseCode::Refused;
            message.add_query(asked.queries.first()?.clone());
            message.to_vec().ok()
        }
    }
}

/// A resolver.
#[derive(Clone)]
pub(super) struct Oracle {
    land: Arc<Land>,
    /// Whether it says what the censor wants.
    obeys: bool,
}

impl Oracle {
    /// The one that listens at `at`.
    pub(super) fn new(land: Arc<Land>, at: SocketAddr) -> Self {
        Self { land, obeys: SYSTEM.contains(&at) }
    }

    /// The answer to a question; `None` is silence.
    fn answer(&self, asked: &[u8]) -> Option<Vec<u8>> {
        let told = if self.obeys { self.land.censor().resolver(&question(asked)?) } else { Resolver::Truth };
        match told {
            Resolver::Truth => names::answer(asked, |name| self.land.truth(name)),
            Resolver::NoSuchName => lie(asked, Lie::NoSuchName),
            Resolver::Forged(address) => lie(asked, Lie::Address(address)),
            Resolver::Silent | Resolver::NoNetwork => None,
        }
    }

    /// Answers datagrams until the task is dropped.
    pub(super) async fn packets(self, socket: impl Datagrams + 'static) {
        let socket: &dyn Datagrams = &socket;
        let mut buf = [0; 1500];
        while let Ok((size, from)) = socket.recv_from(&mut buf).await {
            if let Some(answer) = self.answer(&buf[..size])
                && socket.send_to(&answer, from).await.is_err()
            {
                return;
            }
        }
    }

    /// Answers what comes over one connection, until the client has gone or says something else.
    pub(super) async fn stream(self, mut wire: Wire) {
        // How a client leaves is its own business.
        let _left = self.converse(&mut wire).await;
    }

    async fn converse(&self, wire: &mut Wire) -> io::Result<()> {
        loop {
            let length = wire.read_u16().await?;
            let mut asked = vec![0; length.into()];
            wire.read_exact(&mut asked).await?;
            let Some(answer) = self.answer(&asked) else { continue };
            let length = u16::try_from(answer.len()).unwrap_or(u16::MAX);
            wire.write_all(&[&length.to_be_bytes()[..], &answer].concat()).await?;
        }
    }
}

#[cfg(test)]
mod tests;

//! What a resolver says when it is asked raw (RFC 1035 §4.2): one question over UDP, with an ear open for a second,
//! different answer to it; and the same over TCP. `getaddrinfo` shows only the first answer, which is the forger's.

use super::is_bogon;
use super::message;
use crate::model::Cause;
use crate::net::{Deadline, Network};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

/// The most that is read of a datagram: RFC 1035 §4.2.1 allows 512 bytes without EDNS.
const LARGEST: usize = 1500;

/// What one answer amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Addresses(Vec<IpAddr>),
    /// No such name, or no address.
    NoAddress,
    /// It cannot or will not answer.
    Failed,
}

impl Word {
    /// The answer in `bytes` to this very question; `None` when it is none.
    fn read(bytes: &[u8], id: u16, name: &str) -> Option<Self> {
        if !message::is_reply(bytes, id, name) {
            return None;
        }
        Some(match message::answer(bytes) {
            Ok(found) if found.addrs.is_empty() => Self::NoAddress,
            Ok(found) => Self::Addresses(found.addrs),
            Err(failure) if failure.cause == Cause::DnsNxdomainError => Self::NoAddress,
            Err(_) => Self::Failed,
        })
    }

    /// Whether two answers to one question cannot both be the resolver's.
    fn contradicts(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Addresses(these), Self::Addresses(those)) => these.iter().all(|address| !those.contains(address)),
            (these, those) => these != those,
        }
    }

    /// Whether this is a lie, if `other` is what the same resolver says to the same question put in another way.
    /// Addresses that merely differ are no lie: content networks give another one each time.
    pub(super) fn is_unmasked_by(&self, other: &Self) -> bool {
        let Self::Addresses(those) = other else { return false };
        let all_false = |list: &[IpAddr]| list.iter().all(|address| is_bogon(*address));
        !all_false(those)
            && match self {
                Self::Addresses(these) => all_false(these),
                Self::NoAddress | Self::Failed => true,
            }
    }
}

/// The answers over UDP that contradict each other, in the order they came: none when nothing came within `patience`.
/// After the first one it is listened for `late`.
pub(super) async fn by_udp(
    network: &dyn Network,
    resolver: SocketAddr,
    name: &str,
    patience: Duration,
    late: Duration,
) -> Vec<Word> {
    let id = fastrand::u16(..);
    let mut words: Vec<Word> = Vec::new();
    let Ok(question) = message::plain_query(name, id) else { return words };
    let Ok(socket) = network.bind_udp(resolver).await else { return words };
    if socket.send_to(&question, resolver).await.is_err() {
        return words;
    }
    let (mut until, mut buf) = (Instant::now() + patience, [0; LARGEST]);
    while let Ok(Ok((length, from))) = tokio::time::timeout_at(until, socket.recv_from(&mut buf)).await {
        let word = Word::read(buf.get(..length).unwrap_or_default(), id, name).filter(|_| from == resolver);
        let Some(word) = word else { continue };
        if words.is_empty() {
            until = Instant::now() + late;
        }
        if words.iter().all(|known| known.contradicts(&word)) {
            words.push(word);
        }
    }
    words
}

/// The answer over TCP, each message behind its length.
pub(super) async fn by_tcp(
    network: &dyn Network,
    resolver: SocketAddr,
    name: &str,
    deadline: Deadline,
) -> Option<Word> {
    let id = fastrand::u16(..);
    let question = message::plain_query(name, id).ok()?;
    let exchange = async {
        let mut stream = network.connect(resolver).await.ok()?;
        let length = u16::try_from(question.len()).ok()?;
        stream.write_all(&[&length.to_be_bytes()[..], &question].concat()).await.ok()?;
        stream.flush().await.ok()?;
        let mut answer = vec![0; stream.read_u16().await.ok()?.into()];
        stream.read_exact(&mut answer).await.ok()?;
        Word::read(&answer, id, name)
    };
    deadline.run(exchange).await.flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_merely_differ_contradict_in_one_answer_only() {
        let of = |list: &[&str]| Word::Addresses(list.iter().map(|ip| ip.parse().unwrap()).collect());
        let (one, other, bogon) = (of(&["157.240.1.1", "157.240.1.2"]), of(&["31.13.64.1"]), of(&["10.10.34.36"]));
        for (these, those, contradicts, unmasked) in [
            (&one, &of(&["157.240.1.2"]), false, false),
            (&one, &other, true, false),
            (&bogon, &one, true, true),
            (&Word::NoAddress, &one, true, true),
            (&Word::Failed, &one, true, true),
            (&one, &Word::NoAddress, true, false),
            (&Word::NoAddress, &Word::NoAddress, false, false),
            (&Word::NoAddress, &bogon, true, false),
        ] {
            assert_eq!(these.contradicts(those), contradicts, "{these:?} {those:?}");
            assert_eq!(these.is_unmasked_by(those), unmasked, "{these:?} {those:?}");
        }
    }
}

//! The ordinary resolver, asked on a client's behalf: the message goes out as it came but for its number, which is a fresh
//! one from a fresh port (RFC 5452 §9.2), and the answer comes back as it is.

use super::message::Question;
use crate::net::{Deadline, Network};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long one server may be silent before the next is asked.
const TURN: Duration = Duration::from_millis(1500);
/// The most that is read of a datagram.
const LARGEST: usize = 4096;
/// A header's length (RFC 1035 §4.1.1), after which the question stands.
const HEADER: usize = 12;

/// How a question came, and goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Udp,
    Tcp,
}

impl Over {
    /// How long an answer may be.
    pub(super) fn room(self, question: &Question) -> usize {
        match self {
            Self::Udp => question.most_by_udp().into(),
            Self::Tcp => u16::MAX.into(),
        }
    }
}

/// The answer of the first of `servers` that gives one.
pub(super) async fn ask(
    network: &dyn Network,
    servers: &[SocketAddr],
    message: &[u8],
    over: Over,
    deadline: Deadline,
) -> Option<Vec<u8>> {
    let id = fastrand::u16(..).to_be_bytes();
    let ours = [&id[..], message.get(2..)?].concat();
    for server in servers {
        let turn = async {
            match over {
                Over::Udp => by_udp(network, *server, &ours).await,
                Over::Tcp => by_tcp(network, *server, &ours).await,
            }
        };
        if let Some(Ok(mut answer)) = deadline.at_most(TURN).run(turn).await {
            answer.get_mut(..2)?.copy_from_slice(message.get(..2)?);
            return Some(answer);
        }
    }
    None
}

async fn by_udp(network: &dyn Network, server: SocketAddr, ours: &[u8]) -> io::Result<Vec<u8>> {
    let socket = network.bind_udp(server).await?;
    socket.send_to(ours, server).await?;
    let mut buf = vec![0; LARGEST];
    loop {
        let (length, from) = socket.recv_from(&mut buf).await?;
        if from == server && is_answer(&buf[..length], ours) {
            buf.truncate(length);
            return Ok(buf);
        }
    }
}

async fn by_tcp(network: &dyn Network, server: SocketAddr, ours: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = network.connect(server).await?;
    let length = u16::try_from(ours.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_all(&[&length.to_be_bytes()[..], ours].concat()).await?;
    stream.flush().await?;
    let mut answer = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut answer).await?;
    if is_answer(&answer, ours) { Ok(answer) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// Whether these bytes answer that question: its number, the mark of an answer, and the question itself, whose letters a
/// server repeats as they were asked. An answer that is an error may leave the question out.
fn is_answer(answer: &[u8], question: &[u8]) -> bool {
    let same =
        |range: std::ops::Range<usize>| answer.get(range.clone()).is_some_and(|a| Some(a) == question.get(range));
    let repeats = || {
        let name_ends = question.get(HEADER..).and_then(|rest| rest.iter().position(|byte| *byte == 0));
        name_ends.is_some_and(|end| same(HEADER..HEADER + end + 5))
    };
    let is_error = answer.get(3).is_some_and(|flags| flags & 0x0F != 0) && answer.get(4..6) == Some(&[0, 0]);
    same(0..2) && answer.get(2).is_some_and(|flags| flags & 0x80 != 0) && (is_error || repeats())
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &[u8] = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04shop\x04test\x00\x00\x01\x00\x01";

    #[test]
    fn only_an_answer_to_the_question_is_one() {
        let answer = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = QUESTION.to_vec();
            bytes[2] |= 0x80;
            change(&mut bytes);
            is_answer(&bytes, QUESTION)
        };
        assert!(answer(&|_| {}));
        assert!(answer(&|bytes| bytes.extend(b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01")));
        assert!(!answer(&|bytes| bytes[0] ^= 1), "another number");
        assert!(!answer(&|bytes| bytes[2] &= 0x7F), "a question");
        assert!(!answer(&|bytes| bytes[14] ^= 1), "another name");
        assert!(!answer(&|bytes| bytes[24] = 28), "another kind");
        assert!(!answer(&|bytes| bytes.truncate(20)));
        let bare = |code: u8| {
            let mut bytes = QUESTION[..HEADER].to_vec();
            (bytes[2], bytes[3], bytes[5]) = (0x81, 0x80 | code, 0);
            is_answer(&bytes, QUESTION)
        };
        assert!(bare(5), "refused without the question");
        assert!(!bare(0), "nothing without the question");
    }
}

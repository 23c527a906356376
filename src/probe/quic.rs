//! Does QUIC pass? A v1 Initial with the service's name in its hello, from a fresh source port (RFC 9000 §17.2.2): the
//! server's own Initial, a Retry, or a list of other versions is an answer of grade B. And the neutral half of the pair
//! (T13): a version that nobody speaks, to the same address and port.

use super::ask::{Answer, Asker};
use super::packets::{self, Call, Reply};
use super::spec::Https;
use super::tls;
use crate::model::{Cause, Destination, Failure, Grade, Stage, Whose};
use crate::net::tls::quic_hello;
use crate::transport::Transport;
use crate::wire::quic::{self, Client, Ids};
use std::time::Duration;

/// RFC 9002 §6.2.2: the first repetition after a second, then after twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// A datagram of 1200 bytes is dear; two repetitions cover a stray loss.
const MOST_SENT: u32 = 3;

/// Asks `target` over `way`, showing the name of `https`, from a port of its own.
pub(super) async fn ask(
    asker: &Asker,
    way: &Transport,
    https: &Https,
    target: &Destination,
) -> Result<Answer, Failure> {
    let unaskable = || Failure::new(Stage::Udp, Cause::LocalResource, Whose::Local);
    let ids = ids(asker)?;
    let name = tls::host(https, target).map_err(|_| unaskable())?;
    let alpn: Vec<&str> = https.alpn.iter().map(String::as_str).collect();
    let hello = quic_hello(&name, &alpn, quic::transport_parameters(ids)).map_err(|_| unaskable())?;
    let client = Client::new(ids, hello).map_err(|_| unaskable())?;
    packets::ask(asker, way, target, client).await
}

/// Whether somebody at `target` answers a version that nobody speaks: then UDP reaches it, and what answers knows QUIC.
pub(super) async fn negotiates(asker: &Asker, way: &Transport, target: &Destination) -> Result<Answer, Failure> {
    let unknown = Unknown { ids: ids(asker)?, random: asker.sources.chance.bytes()? };
    packets::ask(asker, way, target, unknown).await
}

fn ids(asker: &Asker) -> Result<Ids, Failure> {
    Ok(Ids { to: asker.sources.chance.bytes()?, from: asker.sources.chance.bytes()? })
}

impl Call for Client {
    const FIRST_WAIT: Duration = FIRST_WAIT;
    const MOST_SENT: u32 = MOST_SENT;

    fn datagram(&mut self) -> Result<Vec<u8>, Failure> {
        self.initial().map_err(|_| Failure::new(Stage::Udp, Cause::LocalResource, Whose::Local))
    }

    fn hear(&mut self, came: &[u8]) -> Option<Reply> {
        match self.answer(came).ok()? {
            quic::Answer::Initial(server) => Some(Reply { grade: Grade::B, farewell: self.close(&server).ok() }),
            quic::Answer::Retry | quic::Answer::Closed(_) | quic::Answer::Versions(_) => Some(Grade::B.into()),
        }
    }
}

/// A packet of a version that nobody speaks; the same each time, as only its answer counts.
struct Unknown {
    ids: Ids,
    random: [u8; quic::SHORTEST_DATAGRAM],
}

impl Call for Unknown {
    const FIRST_WAIT: Duration = FIRST_WAIT;
    const MOST_SENT: u32 = MOST_SENT;

    fn datagram(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(quic::unknown_version(self.ids, &self.random))
    }

    fn hear(&mut self, came: &[u8]) -> Option<Reply> {
        quic::version_answer(self.ids, came).ok().map(|_| Grade::B.into())
    }
}

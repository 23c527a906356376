//! A question of a few bytes and its answer, without the pipe: the same MTProto or Noise exchange goes over a bare
//! stream and inside a WebSocket.

use super::ask::Spoken;
use super::tap::Tap;
use crate::model::{Cause, Failure, Grade, Stage, Whose};
use crate::net::Stream;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What ends a conversation without an answer; how far it was, the tap knows.
#[derive(Debug)]
pub(super) enum Fault {
    /// The stream failed.
    Io(io::Error),
    /// What came is not what should have come.
    Found(Cause, Whose),
    /// A layer above the stream gave up; whether the stream did, the tap has seen.
    Layer,
    /// The failure is complete: a layer below took its own facts.
    Failed(Failure),
}

impl Fault {
    /// An answer that the protocol does not have.
    pub(super) const INVALID: Self = Self::Found(Cause::InvalidAnswer, Whose::Peer);

    /// The failure it amounts to, with what the tap saw.
    pub(super) fn seen_by(self, tap: &Tap) -> Failure {
        let stage = tap.stage();
        match self {
            Self::Io(error) => Failure::from_io(stage, &error),
            Self::Found(cause, whose) => Failure::new(stage, cause, whose),
            Self::Layer => match tap.ended() {
                Some(kind) => Failure::from_io(stage, &kind.into()),
                None => Failure::new(stage, Cause::InvalidAnswer, Whose::Peer),
            },
            Self::Failed(failure) => failure,
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<crate::wire::Error> for Fault {
    fn from(error: crate::wire::Error) -> Self {
        use crate::wire::Error as E;
        match error {
            E::ForeignKey(_) => Self::Found(Cause::SslUnknownAuthority, Whose::Network),
            E::OutOfDate(_) => Self::Found(Cause::SslInvalidCertificate, Whose::Network),
            E::Cipher(_) => Self::Found(Cause::LocalResource, Whose::Local),
            _ => Self::INVALID,
        }
    }
}

/// Reads the answer as it comes: `None` while more is needed.
pub(super) type Listen = Box<dyn FnMut(&[u8]) -> Result<Option<Grade>, Fault> + Send>;

/// A question that is ready to be put.
pub(super) struct Exchange {
    /// What is said.
    pub(super) hello: Vec<u8>,
    /// What must come back.
    pub(super) listen: Listen,
}

impl Exchange {
    /// Puts the question over a stream.
    pub(super) async fn over_stream(mut self, mut stream: Stream, tap: &Tap) -> Result<Spoken, Fault> {
        stream.write_all(&self.hello).await?;
        stream.flush().await?;
        tap.at(Stage::App);
        let mut buf = [0; 2048];
        loop {
            let count = stream.read(&mut buf).await?;
            let came = buf.get(..count).filter(|came| !came.is_empty());
            let came = came.ok_or(io::Error::from(io::ErrorKind::UnexpectedEof))?;
            if let Some(grade) = (self.listen)(came)? {
                return Ok(Spoken::new(grade, Box::pin(close(stream))));
            }
        }
    }
}

/// Ends our side, and waits for the other's end.
pub(super) async fn close(mut stream: Stream) {
    if stream.shutdown().await.is_ok() {
        let mut rest = [0; 512];
        while matches!(stream.read(&mut rest).await, Ok(1..)) {}
    }
}

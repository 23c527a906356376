//! The asking side: finds a running byway, asks, and reads what comes.

use super::codec;
use super::lines::{Line, Lines};
use super::listener::{TokenFile, Wire};
use super::protocol::{self, Ask, Tell};
use super::server::Shown;
use super::{ControlError, Place};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// For the connection to stand. 5 s: it never leaves the machine.
const CONNECT: Duration = Duration::from_secs(5);
/// For an answer, or a sign of life in a stream. 45 s: longer than the server takes at most.
const ANSWER: Duration = Duration::from_secs(45);

/// A connection to a running byway.
pub struct Client {
    place: Place,
    lines: Lines<ReadHalf<Wire>>,
    write: WriteHalf<Wire>,
}

/// The items of a streamed answer.
pub struct Answers {
    client: Client,
}

impl Client {
    /// Connects to the first of `places` at which a byway is running.
    pub async fn find(places: &[Place]) -> Result<Self, ControlError> {
        let mut first = None;
        for place in places {
            match Self::connect(place).await {
                Err(error @ ControlError::NotRunning { .. }) => first = first.or(Some(error)),
                other => return other,
            }
        }
        let nowhere = Place::Socket("control.sock".into());
        Err(first.unwrap_or(ControlError::NotRunning { place: nowhere }))
    }

    /// Connects to the byway at `place`.
    pub async fn connect(place: &Place) -> Result<Self, ControlError> {
        let slow = |_| Err(ControlError::TookTooLong { place: place.clone(), secs: CONNECT.as_secs() });
        let (wire, token) = match place {
            Place::Socket(path) => (timeout(CONNECT, socket(place, path)).await.unwrap_or_else(slow)?, None),
            Place::Token(path) => {
                let text = std::fs::read(path).map_err(|error| absent(place, error))?;
                let known: TokenFile =
                    serde_json::from_slice(&text).map_err(|_| ControlError::BadToken { place: place.clone() })?;
                if !known.addr.ip().is_loopback() {
                    return Err(ControlError::BadToken { place: place.clone() });
                }
                (timeout(CONNECT, loopback(place, known.addr)).await.unwrap_or_else(slow)?, Some(known.token))
            }
        };
        let (read, write) = tokio::io::split(wire);
        let mut client = Self { place: place.clone(), lines: Lines::new(read, protocol::MAX_TELL), write };
        if let Some(token) = token {
            client.send(&Shown { token }).await?;
        }
        Ok(client)
    }

    /// Asks for one answer. A no is [`ControlError::Refused`].
    pub async fn ask(&mut self, ask: &Ask) -> Result<Tell, ControlError> {
        self.send(ask).await?;
        self.hear().await?.ok_or_else(|| self.gone())
    }

    /// Asks for a stream of answers.
    pub async fn stream(mut self, ask: &Ask) -> Result<Answers, ControlError> {
        self.send(ask).await?;
        Ok(Answers { client: self })
    }

    /// The error for an answer that does not fit the question.
    fn strange(&self, why: &'static str) -> ControlError {
        ControlError::Protocol { place: self.place.clone(), why }
    }

    fn gone(&self) -> ControlError {
        ControlError::Gone { place: self.place.clone() }
    }

    async fn send<T: serde::Serialize>(&mut self, body: &T) -> Result<(), ControlError> {
        let place = self.place.clone();
        let failed = |error| ControlError::io("question", &place, error);
        let line = codec::encode(body).map_err(|error| failed(error.into()))?;
        match self.write.write_all(&line).await {
            Ok(()) => self.write.flush().await.map_err(failed),
            // It has hung up, perhaps with a last word that is still to be read.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    async fn hear(&mut self) -> Result<Option<Tell>, ControlError> {
        let place = &self.place;
        let line = loop {
            match timeout(ANSWER, self.lines.next()).await {
                Err(_) => return Err(ControlError::TookTooLong { place: place.clone(), secs: ANSWER.as_secs() }),
                Ok(Err(error)) => return Err(ControlError::io("answer", place, error)),
                Ok(Ok(Line::End)) => return Ok(None),
                Ok(Ok(Line::TooLong)) => return Err(self.strange("its answer is too long")),
                Ok(Ok(Line::Whole(line))) => break line,
                Ok(Ok(Line::Empty)) => {}
            }
        };
        match codec::decode(&line) {
            Some(Tell::Error(refusal)) => Err(ControlError::Refused(refusal)),
            Some(tell) => Ok(Some(tell)),
            None => Err(self.strange("its answer is of another form")),
        }
    }
}

impl Answers {
    /// The next item; `None` after the last. A stream that breaks off before its end is an error.
    ///
    /// Cancel-safe.
    pub async fn next(&mut self) -> Result<Option<Tell>, ControlError> {
        match self.client.hear().await? {
            Some(Tell::End) => Ok(None),
            Some(tell) => Ok(Some(tell)),
            None => Err(self.client.gone()),
        }
    }
}

#[cfg(unix)]
async fn socket(place: &Place, path: &std::path::Path) -> Result<Wire, ControlError> {
    let stream = tokio::net::UnixStream::connect(path).await.map_err(|error| absent(place, error))?;
    Ok(Box::new(stream))
}

#[cfg(not(unix))]
#[expect(clippy::unused_async, reason = "the same shape as on systems that have unix sockets")]
async fn socket(place: &Place, _path: &std::path::Path) -> Result<Wire, ControlError> {
    Err(ControlError::NoUnixSockets { place: place.clone() })
}

async fn loopback(place: &Place, addr: SocketAddr) -> Result<Wire, ControlError> {
    let stream = TcpStream::connect(addr).await.map_err(|error| absent(place, error))?;
    Ok(Box::new(stream))
}

/// Nobody there is not an I/O error.
fn absent(place: &Place, error: io::Error) -> ControlError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ControlError::NotRunning { place: place.clone() },
        _ => ControlError::io("connection", place, error),
    }
}

//! Packets inside a stream: a task writes what waits to go out and hands on what comes in. Queues are short, and what
//! does not fit is lost, as packets are.

use crate::model::Destination;
use crate::net::Stream;
use crate::wire::Error;
use std::io;
use std::sync::Mutex;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Packets that may wait, each way.
const WAITING: usize = 256;
/// The most that is read before a packet is whole.
const LARGEST: usize = 70 * 1024;
/// Silence both ways that ends a stream of packets (RFC 4787 §4.3 wants two minutes at least).
const IDLE: Duration = Duration::from_secs(150);

/// Framed packets on their way out.
pub(super) type Outbox = mpsc::Sender<Vec<u8>>;
type Came = Result<(Destination, Vec<u8>), io::Error>;
/// Where packets that came in are put.
pub(super) type Mailbox = mpsc::Sender<Came>;

/// Packets that came in.
pub(super) struct Inbox(Mutex<mpsc::Receiver<Came>>);

pub(super) fn outbox() -> (Outbox, mpsc::Receiver<Vec<u8>>) {
    mpsc::channel(WAITING)
}

pub(super) fn boxes() -> (Mailbox, Inbox) {
    let (mailbox, inbox) = mpsc::channel(WAITING);
    (mailbox, Inbox(Mutex::new(inbox)))
}

impl Inbox {
    pub(super) fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        let Ok(mut inbox) = self.0.lock() else { return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())) };
        match ready!(inbox.poll_recv(cx)) {
            None => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            Some(Err(error)) => Poll::Ready(Err(error)),
            Some(Ok((from, packet))) => {
                // As with any datagram, what does not fit is cut off.
                buf.put_slice(&packet[..packet.len().min(buf.remaining())]);
                Poll::Ready(Ok(from))
            }
        }
    }
}

/// Carries packets until the stream ends, nobody sends any more, or nothing has moved for a while. `read` takes the
/// next packet off the front of what came.
pub(super) async fn pump(
    stream: Stream,
    mut waiting: mpsc::Receiver<Vec<u8>>,
    mailbox: &Mailbox,
    read: impl Fn(&[u8]) -> Result<Option<((Destination, Vec<u8>), usize)>, Error>,
) -> io::Result<()> {
    let (mut from, mut to) = tokio::io::split(stream);
    let mut came = Vec::with_capacity(4096);
    let mut moved = Instant::now();
    loop {
        while let Some((packet, taken)) = read(&came).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))? {
            came.drain(..taken);
            let _full = mailbox.try_send(Ok(packet));
        }
        if came.len() > LARGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        tokio::select! {
            // Receiving and reading are cancel-safe; a packet that is taken is written whole below.
            packet = waiting.recv() => match packet {
                None => return Ok(()),
                Some(packet) => {
                    to.write_all(&packet).await?;
                    while let Ok(next) = waiting.try_recv() {
                        to.write_all(&next).await?;
                    }
                    to.flush().await?;
                }
            },
            length = from.read_buf(&mut came) => if length? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            },
            () = sleep_until(moved + IDLE) => return Ok(()),
        }
        moved = Instant::now();
    }
}

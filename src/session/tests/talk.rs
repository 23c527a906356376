//! Packets in a rig: a client's end of an association, and where a way's packets come out.

use crate::model::{Destination, Failure};
use crate::net::{Deadline, PacketIo, Packets};
use crate::transport::PacketDialer;
use futures_util::future::BoxFuture;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tokio::io::ReadBuf;
use tokio::sync::mpsc;

/// Packets by memory. Every third one finds no room at first.
#[derive(Debug)]
pub(super) struct Pipe {
    sends: AtomicUsize,
    incoming: Mutex<mpsc::UnboundedReceiver<(Vec<u8>, Destination)>>,
    outgoing: mpsc::UnboundedSender<(Vec<u8>, Destination)>,
}

impl Pipe {
    pub(super) fn pair() -> (Self, Self) {
        let ((near, far_in), (far, near_in)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let end = |incoming, outgoing| Self { sends: AtomicUsize::new(0), incoming: Mutex::new(incoming), outgoing };
        (end(near_in, near), end(far_in, far))
    }
}

impl PacketIo for Pipe {
    fn poll_send(&self, cx: &mut Context<'_>, packet: &[u8], to: &Destination) -> Poll<io::Result<()>> {
        if self.sends.fetch_add(1, Ordering::SeqCst) % 3 == 2 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let _ = self.outgoing.send((packet.to_vec(), to.clone()));
        Poll::Ready(Ok(()))
    }
    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Destination>> {
        match self.incoming.lock().unwrap().poll_recv(cx) {
            Poll::Ready(Some((packet, from))) => {
                buf.put_slice(&packet);
                Poll::Ready(Ok(from))
            }
            Poll::Ready(None) => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// A client's end of an association.
#[derive(Debug)]
pub(super) struct Talk(pub(super) Pipe);

impl Talk {
    pub(super) fn says(&self, packet: &[u8], to: Destination) {
        let _ = self.0.outgoing.send((packet.to_vec(), to));
    }
    /// Whether byway has ended the association.
    pub(super) fn is_over(&self) -> bool {
        self.0.outgoing.is_closed()
    }
    pub(super) fn hears(&mut self) -> Option<Vec<u8>> {
        self.0.incoming.lock().unwrap().try_recv().ok().map(|(packet, _)| packet)
    }
}

/// Where packets of a way come out.
pub(super) struct Far {
    pub(super) answers: bool,
}

impl PacketDialer for Far {
    fn associate(&self, _: Deadline) -> BoxFuture<'_, Result<Packets, Failure>> {
        let (ours, theirs) = Pipe::pair();
        let answers = self.answers;
        tokio::spawn(async move {
            let mut space = [0; 2048];
            let theirs: Packets = Box::new(theirs);
            while let Ok((n, from)) = theirs.recv(&mut space).await {
                if answers {
                    let _ = theirs.send(&space[..n], &from).await;
                }
            }
        });
        Box::pin(async move { Ok(Box::new(ours) as Packets) })
    }
}
